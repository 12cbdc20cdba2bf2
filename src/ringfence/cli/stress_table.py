"""A stress run as tables for people: figures with their intervals and units, what explains the loss, and what the scenario claims."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ringfence.cli.replay_table import counted
from ringfence.inputs.errors import printable
from ringfence.inputs.stress_result import Metric, StressResult
from ringfence.inputs.times import duration

BLOCKS: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    (
        "loss, whoever bears it",
        (
            ("mean", "loss_mean"),
            ("VaR 95 %", "loss_var95"),
            ("VaR 99 %", "loss_var99"),
            ("ES 97.5 %", "loss_es975"),
            ("ES 99 %", "loss_es99"),
            ("  in tokens", "loss_es99_asset"),
            ("ES 99 % after 1 day", "loss_es99_1d"),
            ("ES 99 % after 7 days", "loss_es99_7d"),
            ("a significant loss", "prob_significant_loss"),
            ("mean in a year", "expected_loss_per_year"),
        ),
    ),
    (
        "who bears it",
        (
            ("the reserve", "borne_by_reserve"),
            ("the backstop", "borne_by_backstop"),
            ("lenders", "borne_by_lenders"),
            ("premium owed", "borne_by_premium"),
            ("nobody yet", "borne_by_nobody_yet"),
            ("lenders, open too", "lender_loss_mean"),
            ("lenders, ES 99 %", "lender_loss_es99"),
            ("reserve not enough", "reserve_ruin"),
            ("reserve needed, 99 %", "reserve_needed_p99"),
        ),
    ),
    (
        "what explains it",
        (
            ("the oracle's gap", "loss_from_oracle_gap"),
            ("the market's depth", "loss_from_depth"),
            ("latency and outages", "loss_from_latency"),
            ("the rest", "loss_remainder"),
            ("cascades add", "amplification_by_cascades"),
            ("a run costs stayers", "stayers_loss_from_run"),
        ),
    ),
    (
        "sales",
        (
            ("debt sold, mean", "liquidations_mean"),
            ("debt sold, VaR 95 %", "liquidations_var95"),
            ("number, mean", "sales_mean"),
            ("wait, 95 % of debt", "time_to_liquidate_p95"),
        ),
    ),
    (
        "who earns",
        (
            ("lenders", "revenue_lenders"),
            ("creator", "revenue_creator"),
            ("reserve", "revenue_reserve"),
            ("backstop", "revenue_backstop"),
            ("buyers", "revenue_buyers"),
            ("  of it kept", "buyer_profit"),
            ("lenders' net yield", "lender_net_yield"),
            ("time of low cash", "withdrawability"),
        ),
    ),
    (
        "backstop",
        (
            ("draw, mean", "backstop_draw_mean"),
            ("draw, ES 99 %", "backstop_draw_es99"),
            ("not enough", "backstop_exhausted"),
            ("premium, mean", "backstop_premium_mean"),
            ("break-even premium", "backstop_breakeven_premium"),
            ("break-even on cover", "backstop_breakeven_a_year"),
        ),
    ),
    (
        "the same books in one cross-margin pool",
        (
            ("loss, mean", "shared_margin_loss_mean"),
            ("loss, ES 99 %", "shared_margin_loss_es99"),
            ("borne for others there", "shared_margin_spread"),
            ("borne for others here", "loss_from_other_pools"),
            ("pools hurt there", "shared_margin_pools_hurt"),
            ("pools hurt here", "isolated_pools_hurt"),
        ),
    ),
)
OPTIONAL = frozenset({"borne_by_backstop", "borne_by_premium", "revenue_creator", "revenue_backstop", "stayers_loss_from_run"})
"""Shown only when there is any."""
DRAWN = frozenset({"expected_loss_per_year", "lender_net_yield"})
"""By the year, which says nothing where the scenario is one crash that somebody drew."""
PERCENT = frozenset({"probability", "part of time", "part a year", "part of interest", "part of debt"})
MARKS = {"loss_es99_1d": 86_400, "loss_es99_7d": 604_800}
"""Seconds; at the end of a run that long they would say the same again."""
START_PRICE = "start price"
OF_POOL = ("loss_mean", "loss_es99", "lender_loss_es99", "reserve_ruin", "shared_margin_spread")


def heading(result: StressResult) -> Iterator[str]:
    """What was run through what."""
    names = ", ".join(printable(pool.name, 60) for pool in result.pools)
    options = result.options
    yield (
        f"{names}: {printable(str(result.scenario['name']), 60)}, {counted(options['paths'], 'path')} of {duration(options['horizon'])}, "
        f"seed {options['seed']}"
    )
    if result.scenario["description"]:
        yield printable(str(result.scenario["description"]), 1000)
    for pool in result.pools:
        yield (
            f"{printable(pool.name, 60)}: supply {amount(pool.supply)}, debt {amount(pool.debt)} of {counted(pool.positions, 'position')}, "
            f"reserve {amount(pool.reserve)}, start price {pool.start_price:.6g}"
        )


def blocks(result: StressResult) -> Iterator[tuple[str, Table]]:
    """Titles and tables, those that have anything to show."""
    chosen = [(title, [row for row in rows if _is_shown(result, row[1])]) for title, rows in BLOCKS]
    listed = {name for _, rows in BLOCKS for _, name in rows}
    peers = [(name.replace("_", " "), name) for name in result.metrics if name.split("_")[0] in result.options["definitions"]]
    chosen.append(("as others define it", [row for row in peers if row[1] not in listed]))
    for title, rows in chosen:
        if not rows or (title.startswith("the same books") and len(result.pools) == 1):
            continue
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        table.add_column("figure", min_width=21)
        for name in ("value", "from", "to"):
            table.add_column(name, justify="right", min_width=9)
        table.add_column("unit", no_wrap=True)
        for label, name in rows:
            metric = result.metrics[name]
            shown = (shown_figure(value, metric) for value in (metric.value, metric.low, metric.high))
            table.add_row(_label(result, label, name), *shown, shown_unit(metric))
        yield title, table


def pools_table(result: StressResult) -> Table:
    """Each pool alone."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    units = [shown_unit(result.pools[0].metrics[name]) for name in OF_POOL]
    table.add_column("pool", no_wrap=True)
    for title, unit in zip(("loss, mean", "ES 99 %", "lenders' ES 99 %", "reserve short", "for others there"), units, strict=True):
        table.add_column(f"{title}\n{unit.split(' ')[0]}", justify="right")
    for pool in result.pools:
        shown = [pool.metrics[name] for name in OF_POOL]
        table.add_row(escape(printable(pool.name, 20)), *(shown_figure(metric.value, metric) for metric in shown))
    return table


def claim_lines(result: StressResult) -> Iterator[tuple[str, str]]:
    """What the scenario says fails and holds, with whether this run bears it out; each line with its style."""
    for kind in ("fails", "holds"):
        sentence = str(result.scenario[kind])
        checks = [claim for claim in result.claims if claim.kind == kind]
        if sentence:
            yield f"what {kind}: {printable(sentence, 500)}", ""
        if checks:
            is_held = all(claim.held for claim in checks)
            told = "; ".join(f"{claim.claim} {'yes' if claim.held else 'no'}" for claim in checks)
            yield f"  {'' if is_held else 'not '}borne out by this run: {told}", "green" if is_held else "red"


def last_word(result: StressResult) -> tuple[str, str]:
    """How far the figures can be trusted, and the one that lenders ask for; with its style."""
    worst = result.metrics["lender_loss_es99"]
    if result.defaults:
        hint = "; --price gives the start price" if result.defaults[-1] == START_PRICE else ""
        return f"no verdict: left to defaults, which are the best case: {', '.join(result.defaults)}{hint}", "yellow"
    return (
        f"in the worst 1 % of these futures lenders lose {shown_figure(worst.value, worst)} {worst.unit} on average "
        f"({shown_figure(worst.low, worst)} to {shown_figure(worst.high, worst)}); a scenario is an assumption, not a forecast"
    ), ""


def amount(value: float) -> str:
    """Whole tokens with grouped digits, hundredths where they are few."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.2f}"


def _is_shown(result: StressResult, name: str) -> bool:
    metric = result.metrics.get(name)
    is_said_above = MARKS.get(name) == result.options["horizon"]
    if metric is None or is_said_above or (name in DRAWN and result.scenario["prices"]["kind"] == "profile"):
        return False
    return name not in OPTIONAL or any((metric.value, metric.low, metric.high))


def _label(result: StressResult, label: str, name: str) -> str:
    return f"over {100 * result.options['significant']:g} % of supply" if name == "prob_significant_loss" else label


def shown_figure(value: float, metric: Metric) -> str:
    """A figure in the unit of `shown_unit`."""
    if metric.unit in PERCENT:
        return f"{100 * value:,.2f}"
    return amount(value + 0.0)


def shown_unit(metric: Metric) -> str:
    """What a figure is counted in as tables show it: parts in hundredths."""
    if metric.unit in PERCENT:
        return {"probability": "% of paths", "part a year": "% a year"}.get(metric.unit, metric.unit.replace("part", "%", 1))
    return metric.unit
