"""The page of scenarios: every key and every shipped scenario stands on it, and its example is read."""

import re
from pathlib import Path

from ringfence.inputs.price_model import KEYS, MODELS
from ringfence.inputs.scenario_file import (
    FEED_KEYS,
    LENDERS_KEYS,
    LIQUIDATORS_KEYS,
    MARKET_KEYS,
    NAMES,
    ORACLE_KEYS,
    ORDERS,
    SCENARIO_KEYS,
    read_scenario,
)
from tests.unit.inputs.scenario_files import fill
from tests.unit.pages import ROOT, blocks, column, sections

PAGE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")


def test_every_key_is_explained() -> None:
    """In the table of its own section, and none that is not there."""
    parts = sections(PAGE, 2)
    assert column(parts["`[scenario]`"], "key") == list(SCENARIO_KEYS)
    assert column(parts["`[oracle]` and `[[oracle.feed]]`"], "key") == [*ORACLE_KEYS, *FEED_KEYS]
    assert sorted(column(parts["`[market]`"], "key")) == sorted(MARKET_KEYS)
    assert column(parts["`[liquidators]`"], "key") == list(LIQUIDATORS_KEYS)
    assert column(parts["`[lenders]`"], "key") == list(LENDERS_KEYS)
    assert sorted(column(parts["`[prices]`"], "key")) == sorted({"model"} | {key for keys in KEYS.values() for key in keys})
    assert all(f"`{order}`" in parts["`[liquidators]`"] for order in ORDERS)


def test_every_model_is_there_with_its_keys() -> None:
    """In the table of models."""
    table = sections(PAGE, 2)["`[prices]`"]
    assert tuple(column(table, "model")) == MODELS
    for model in MODELS:
        row = re.search(rf"^\| `{model}` \|.*\| (.*) \|$", table, re.MULTILINE)
        assert row is not None
        assert tuple(re.findall(r"`(\w+)`", row[1])) == KEYS[model]


def test_the_example_is_read_and_leaves_nothing_out(tmp_path: Path) -> None:
    """With a history and quotes beside it."""
    fill(tmp_path)
    (tmp_path / "eth.csv.gz").write_bytes((tmp_path / "long.csv").read_bytes())
    (tmp_path / "example.toml").write_text(blocks(PAGE, "toml")[0], encoding="utf-8")
    found = read_scenario(tmp_path / "example.toml")
    assert (found.defaults, found.prices.block, len(found.market.quotes)) == ((), 48, 9)


def test_every_shipped_scenario_has_its_table() -> None:
    """What it is, where its figures come from, what fails, what holds."""
    shipped = sections(sections(PAGE, 2)["The scenarios that ship"], 3)
    assert tuple(shipped) == NAMES
    for text in shipped.values():
        assert re.findall(r"^\| (what|figures|fails|holds) \| ", text, re.MULTILINE) == ["what", "figures", "fails", "holds"]
