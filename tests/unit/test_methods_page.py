"""The page of methods leaves out no model, no key of a scenario that moves a figure, and no metric."""

import re
from fnmatch import fnmatch

from ringfence.inputs.price_model import MODELS
from ringfence.inputs.scenario_file import FEED_KEYS, LENDERS_KEYS, LIQUIDATORS_KEYS, MARKET_KEYS, ORDERS
from tests.unit.pages import ROOT, column, links, sections, spans

TEXT = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
PARTS = sections(TEXT, 2)
# Keys that say where a figure comes from or how it is counted, not what it does: docs/scenarios.md has them.
WHERE_FROM = {"measure", "quotes", "sell", "buy", "frozen", "biased", "low_cash"}


def test_the_contents_are_the_sections() -> None:
    """Each once, in their order."""
    listed = [link[1:] for link in links(TEXT.partition("## One step")[0]) if link.startswith("#")]
    assert listed == [re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-") for name in PARTS]


def test_every_price_model_is_there() -> None:
    """One row each below the heading, with a source or a dash, and its limits."""
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|(.*)\|(.*)\|$", PARTS["Prices"], re.MULTILINE)
    assert {name for name, *_ in rows} == {"model", *MODELS}
    assert all(cell.strip() for _, *cells in rows for cell in cells)


def test_every_key_that_moves_a_figure_is_there() -> None:
    """Of oracle, market, liquidators and lenders, each in its section, as code or in the block of formulas."""
    named = {"Oracle": FEED_KEYS, "Market": MARKET_KEYS, "Liquidators": LIQUIDATORS_KEYS, "Lenders and backstop": LENDERS_KEYS}
    lost = [
        key
        for name, keys in named.items()
        for key in keys
        if key not in WHERE_FROM and key != "order" and not re.search(rf"\b{key}\b", PARTS[name])
    ]
    assert lost == []
    assert set(ORDERS) <= set(spans(PARTS["The order of sales"]))


def test_every_metric_is_there() -> None:
    """Each metric of the page of results, by its name or its family's, and no family of nothing."""
    metrics = column((ROOT / "docs" / "results.md").read_text(encoding="utf-8"), "metric")
    first = [row.split("|")[1] for row in PARTS["Metrics"].splitlines() if row.startswith("| `")]
    families = [name for cell in first for name in re.findall(r"`([^`]+)`", cell)]
    assert len(metrics) > 80
    assert [metric for metric in metrics if not any(fnmatch(metric, family) for family in families)] == []
    assert [family for family in families if not any(fnmatch(metric, family) for metric in metrics)] == []
