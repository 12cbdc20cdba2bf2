"""The sections of a page of a stress run, in their order: each says in a sentence what its drawing shows, or how to get what is missing."""

from collections.abc import Iterator, Sequence

from ringfence.inputs.figure_text import exact, figure, interval, number, shown_unit
from ringfence.inputs.result_records import PoolRecord, StressRecord
from ringfence.inputs.stress_result import Metric
from ringfence.inputs.times import duration
from ringfence.inputs.verdict import MAX_ES99, MAX_PROBABILITY
from ringfence.report import charts, grid_charts
from ringfence.report.judgement import moves
from ringfence.report.parts import Chart, Section, Table
from ringfence.report.run import Run
from ringfence.report.words import day, told_bounded

BP = "bp of supply"
MOST_POOLS = 4
"""Walls and shocks are drawn of so many pools; the rest stands in result.json."""
CAUSES = (
    ("loss_from_oracle_gap", "oracle's gap"),
    ("loss_from_depth", "market depth"),
    ("loss_from_latency", "latency, outages"),
    ("loss_remainder", "the rest"),
)
BEARERS = (
    ("borne_by_reserve", "the reserve"),
    ("borne_by_backstop", "the backstop"),
    ("borne_by_lenders", "lenders"),
    ("borne_by_premium", "premium owed"),
    ("borne_by_nobody_yet", "nobody yet (still open)"),
)
EARNERS = (
    ("revenue_lenders", "lenders"),
    ("revenue_reserve", "reserve"),
    ("revenue_creator", "creator"),
    ("revenue_backstop", "backstop"),
    ("revenue_buyers", "buyers"),
)


def sections(run: Run) -> Iterator[Section]:
    """All that a page says of the stress run behind the answer."""
    stress = run.stress
    if stress is None:
        yield Section(
            "missing", "Figures", missing="The stress run beside the recommendation is missing: make it anew with ringfence recommend."
        )
        return
    yield _distribution(run, stress)
    yield _waterfall(stress)
    yield from (_wall(pool, place, len(stress.pools)) for place, pool in enumerate(stress.pools[:MOST_POOLS]))
    yield from (_shocks(pool, place, len(stress.pools)) for place, pool in enumerate(stress.pools[:MOST_POOLS]))
    yield _heatmap(run, stress)
    yield _causes(stress)
    yield from (_sizing(pool, place, len(stress.pools)) for place, pool in enumerate(stress.pools[:MOST_POOLS]))
    yield _earnings(stress)
    yield _isolation(stress)
    yield _scenarios(run, stress)
    yield _replays(stress)
    yield _sensitivity(run)


def _distribution(run: Run, stress: StressRecord) -> Section:
    names = (
        ("loss_mean", "mean"),
        ("loss_var95", "VaR 95 %"),
        ("loss_var99", "VaR 99 %"),
        ("loss_es975", "ES 97.5 %"),
        ("loss_es99", "ES 99 %"),
        ("lender_loss_mean", "lenders, mean"),
        ("lender_loss_es99", "lenders, ES 99 %"),
    )
    rows = [
        (label, number(stress.metrics[name].value), interval(stress.metrics[name].low, stress.metrics[name].high)) for name, label in names
    ]
    table = Table(f"Losses over {duration(stress.horizon)}, bp of supply", ("figure", "value", "95 % interval"), rows)
    lead = [
        f"The pool loses {_told(stress.metrics['loss_mean'])} on average over {duration(stress.horizon)}, and "
        f"{_told(stress.metrics['loss_es99'])} in the worst 1 % of futures; its lenders lose {_told(stress.metrics[MAX_ES99])} in theirs."
    ]
    if stress.distribution is None:
        return Section(
            "distribution",
            "Loss distribution",
            lead,
            tables=(table,),
            missing="The curve needs a newer result: run ringfence stress again.",
        )
    return Section(
        "distribution",
        "Loss distribution",
        lead,
        (charts.exceedance(stress.distribution, stress.metrics, run.led, stress.significant),),
        beside=table,
    )


def _waterfall(stress: StressRecord) -> Section:
    parts = [(label, stress.metrics[name]) for name, label in BEARERS if name in stress.metrics]
    shown = [(label, metric) for label, metric in parts if metric.high > 0.0]
    if not shown:
        return Section("waterfall", "Who bears the loss", ("Nothing was lost, so nobody bears anything.",))
    first, metric = max(shown, key=lambda one: one[1].value)
    whole = stress.metrics["loss_mean"].value
    lead = (
        f"Reserve, then backstop, then lenders, then premium owed: of {number(whole)} {BP} lost on average, most falls on {first}, "
        f"{_told(metric)}."
    )
    chart = charts.stack(
        "waterfall", "Who bears the mean loss", shown, "mean loss, bp of supply", f"The parts add up to {number(whole)} {BP}."
    )
    ruin = f"The reserve does not suffice in {_told(stress.metrics['reserve_ruin'])}."
    return Section("waterfall", "Who bears the loss", (lead, ruin), (chart,))


def _wall(pool: PoolRecord, place: int, count: int) -> Section:
    title = "The wall" + _of(pool, count)
    if not any(row["added_debt"] > 0.0 for row in pool.wall):
        why = "No debt becomes liquidatable at any fall." if pool.wall else ""
        return Section(
            f"wall-{place}", title, (why,) if why else (), missing="" if why else "Needs a newer result: run ringfence stress again."
        )
    most = max(pool.wall, key=lambda row: row["added_debt"])
    start = pool.wall[0]["liquidatable_debt"]
    lead = (
        f"The most debt, {number(most['added_debt'])} asset ({_percent(most['added_debt'], pool.debt)} of all), becomes liquidatable as "
        f"the price passes a fall of {100 * most['fall']:.0f} %. {number(start)} asset is liquidatable at the start."
    )
    return Section(f"wall-{place}", title, (lead,), (charts.wall(pool, f"wall-{place}"),))


def _shocks(pool: PoolRecord, place: int, count: int) -> Section:
    title = "Loss against a single fall" + _of(pool, count)
    if not pool.shocks:
        return Section(f"shocks-{place}", title, missing="The result has no shocks: run ringfence stress again.")
    half = min(pool.shocks, key=lambda row: abs(row["fall"] - 0.5))
    lead = (
        f"A fall of {100 * half['fall']:.0f} % in one step costs {number(half['loss'])} asset, {_percent(half['loss'], pool.supply)} of "
        f"supply; {number(half['loss_without_depth'])} if buyers took everything at its price."
    )
    return Section(f"shocks-{place}", title, (lead,), (charts.shocks(pool, f"shocks-{place}"),))


def _heatmap(run: Run, stress: StressRecord) -> Section:
    title = "Liquidation LTV and market depth"
    near = stress.around
    if near is None:
        why = "Only runs of one pool have it." if len(stress.pools) > 1 else "Run ringfence stress --around to see it."
        return Section("heatmap", title, missing=why)
    keeps = [
        (ltv, depth)
        for ltv, row in zip(near.liq_ltv, near.lender_loss_es99, strict=True)
        for depth, cell in zip(near.depth, row, strict=True)
        if run.bound is not None and cell and cell["value"] <= run.bound.most and depth == near.depth[near.own[1]]
    ]
    lead = "How lenders' ES 99 % changes if the liquidation LTV is another, or the market deeper or shallower than the scenario says."
    if run.bound is not None:
        most = max((ltv for ltv, _ in keeps), default=None)
        lead += (
            f" At the scenario's depth the bound is kept up to {100 * most:.4g} %."
            if most
            else " At the scenario's depth no LTV shown keeps the bound."
        )
    elif run.by_probability:
        lead += " Of the probability that is bounded nothing was measured here: no line is drawn."
    return Section("heatmap", title, (lead,), (grid_charts.heatmap(near, run.bound),))


def _causes(stress: StressRecord) -> Section:
    title = "What causes the loss"
    found = [(label, stress.metrics[name]) for name, label in CAUSES if name in stress.metrics]
    if len(found) < len(CAUSES):
        return Section("causes", title, missing="The causes were not asked for: run ringfence stress with --causes.")
    shown = [
        *found,
        *((("cascades add", stress.metrics["amplification_by_cascades"]),) if "amplification_by_cascades" in stress.metrics else ()),
    ]
    label, largest = max(found, key=lambda one: one[1].value)
    lead = (
        f"The same futures once more without each cause: {label} explains most, {_told(largest)} of the "
        f"{number(stress.metrics['loss_mean'].value)} lost on average."
    )
    caption = "The first four add up to the mean loss; cascades are within them. Below 0, hatched: without that cause more would be lost."
    told = "; ".join(f"{label} {number(metric.value)}" for label, metric in shown)
    chart = charts.bars("causes", title, shown, "mean loss, bp of supply", caption, told)
    return Section("causes", title, (lead,), (chart,))


def _sizing(pool: PoolRecord, place: int, count: int) -> Section:
    title = "Reserve sizing" + _of(pool, count)
    rows = pool.reserve_sizing
    if not rows:
        return Section(f"sizing-{place}", title, missing="Needs a newer result: run ringfence stress again.")
    if not any(row["reserve"] > 0.0 for row in rows):
        return Section(f"sizing-{place}", title, ("No future needs any reserve.",))
    enough = next((row for row in rows if row["ruin"] <= 0.01), rows[-1])
    lead = (
        f"A reserve of {number(enough['reserve'])} asset ({number(100 * enough['part_of_supply'])} % of supply) would suffice in all but "
        f"{figure(enough['ruin'], enough['low'], enough['high'], 'probability')}; the pool starts with {number(pool.reserve)}."
    )
    return Section(f"sizing-{place}", title, (lead,), (charts.sizing(pool, f"sizing-{place}"),))


def _earnings(stress: StressRecord) -> Section:
    shown = [(label, stress.metrics[name]) for name, label in EARNERS if name in stress.metrics and stress.metrics[name].high > 0.0]
    kind = stress.scenario["prices"]["kind"]
    net = stress.metrics["lender_net_yield"]
    yield_ = f"Lenders earn {_told(net)} after losses." if kind != "profile" else "One drawn crash says nothing of a yearly yield."
    lead = [yield_]
    if "withdrawability" in stress.metrics:
        low = 100 * stress.scenario["lenders"]["low_cash"]
        lead.append(f"Withdrawability: cash is below {number(low)} % of supply in {_told(stress.metrics['withdrawability'])}.")
    if not shown:
        return Section("earnings", "Who earns, and can lenders leave", lead)
    told = "; ".join(f"{label} {number(metric.value)} asset" for label, metric in shown)
    caption = "Interest, penalties and incentives by who gets them, before losses; buyers pay market impact and gas out of theirs."
    chart = charts.bars("earnings", "Revenue by party", shown, "mean over the horizon, asset", caption, told)
    return Section("earnings", "Who earns, and can lenders leave", lead, (chart,))


def _scenarios(run: Run, stress: StressRecord) -> Section:
    title = "Scenarios: what failed and what held"
    own = [(claim.kind, claim.claim, "yes" if claim.held else "no") for claim in stress.claims]
    tables = []
    if own:
        tables.append(Table(f"What the scenario {stress.scenario['name']} claims", ("kind", "claim", "borne out"), own, frozenset({1, 2})))
    if not stress.scenarios:
        return Section("scenarios", title, tables=tables, missing="The shipped scenarios were not played: run ringfence stress --around.")
    rows = []
    for found in stress.scenarios:
        for kind in dict.fromkeys(claim.kind for claim in found.claims):
            claims = [claim for claim in found.claims if claim.kind == kind]
            told = "; ".join(f"{claim.claim}: {'yes' if claim.held else 'no'}" for claim in claims)
            rows.append((found.name, kind, told, "yes" if all(claim.held for claim in claims) else "not all"))
    tables.insert(
        0, Table("What each scenario claims of this pool", ("scenario", "kind", "claims", "borne out"), rows, frozenset({1, 2, 3}))
    )
    drawn = _in_each(run, stress)
    return Section("scenarios", title, drawn[0], drawn[1], tables)


def _in_each(run: Run, stress: StressRecord) -> tuple[Sequence[str], Sequence[Chart]]:
    """What is bounded, in each world that ships; nothing where they do not hold it."""
    of = MAX_PROBABILITY if run.by_probability else MAX_ES99
    entries = [(found.name, found.metrics[of]) for found in stress.scenarios if of in found.metrics]
    first = stress.scenarios[0]
    lead = [f"The same book and terms in each world that ships, {number(first.paths)} futures of {duration(first.horizon)}."]
    if not entries:
        return lead, ()
    worst, metric = max(entries, key=lambda one: one[1].value)
    lead[0] += f" Worst is {worst}: {told_bounded(of, metric.value, metric.low, metric.high)}."
    caption = f"{duration(first.horizon)} and {number(first.paths)} futures each: worlds drawn to hurt, not forecasts."
    bound = run.led
    if bound is not None:
        broken = [name for name, metric in entries if not metric.value <= bound.most]
        most = f"{exact(bound.most, bound.unit)} {shown_unit(bound.unit)}"
        lead.append(f"The bound of {most} is broken in {len(broken)} of {len(entries)}: {', '.join(broken) or 'none'}.")
        longer = f", over {duration(stress.horizon)}" if stress.horizon != first.horizon else ""
        caption += f" The dotted line is the bound, stated for the run{longer}."
    told = "; ".join(f"{name} {number(metric.value, metric.unit)}" for name, metric in entries)
    title, axis = "Lenders' ES 99 % in each", "lenders' ES 99 %, bp of supply"
    if run.by_probability:
        title, axis = "Significant losses of lenders in each", "futures in which lenders lose significantly"
    return lead, (charts.bars("scenarios", title, entries, axis, caption, told, bound=bound.most if bound else None),)


def _replays(stress: StressRecord) -> Section:
    title = "Historical replays"
    if not stress.replays:
        return Section("replays", title, missing="No history was replayed: run ringfence stress --history FILE.")
    rows = [
        (
            one.file,
            f"{day(one.first)} to {day(one.last)}",
            f"{number(100 * one.worst_fall)} %",
            f"{number(one.sales)}",
            f"{number(one.lender_loss)} {BP}",
            "yes" if one.solvent else "no",
        )
        for one in stress.replays
    ]
    hurt = [one for one in stress.replays if not one.solvent]
    lead = (
        f"The book through prices that have been, scaled to begin at the start price: solvent in {len(stress.replays) - len(hurt)} of "
        f"{len(stress.replays)}. Exact to the last unit, but buyers take everything at once: no market depth."
    )
    head = ("prices", "from, to", "worst fall", "sales", "lenders lose", "solvent")
    return Section("replays", title, (lead,), tables=(Table("Replays", head, rows, frozenset({1, 5})),))


def _isolation(stress: StressRecord) -> Section:
    title = "Isolation against shared margin"
    if len(stress.pools) == 1:
        return Section(
            "isolation",
            title,
            ("One pool alone: it shares nothing, and no other pool's failure reaches it, nor does its own reach another.",),
        )
    names = ("shared_margin_spread", "loss_from_other_pools")
    if any(name not in stress.metrics for name in names):
        return Section("isolation", title, missing="The counterfactual needs --causes.")
    there, here = (stress.metrics[name] for name in names)
    lead = (
        f"In one cross-margin pool with the same books lenders would bear {_told(there)} for others; here, {_told(here)}"
        f"{', which is 0 by construction' if 'by construction' in here.definition else ''}."
    )
    entries = [("there, for others", there), ("here, for others", here)]
    told = f"there {number(there.value)}, here {number(here.value)}"
    chart = charts.bars("isolation", "Borne for other pools", entries, "mean, bp of supply", "The same books, prices and sales.", told)
    rows = [
        (
            pool.name,
            *(number(pool.metrics[name].value) if name in pool.metrics else "" for name in ("loss_mean", MAX_ES99, "shared_margin_spread")),
        )
        for pool in stress.pools
    ]
    head = ("pool", "mean loss, bp", "lenders' ES 99 %, bp", "borne for others in one pool, bp")
    return Section("isolation", title, (lead,), (chart,), (Table("Pool by pool", head, rows),))


def _sensitivity(run: Run) -> Section:
    found = moves(run)
    rows = [(move.assumption, move.changed, move.figure, "yes" if move.decides else "no") for move in found]
    table = Table(
        "What the run measured of its own assumptions", ("assumption", "changed", "then", "decides the verdict"), rows, frozenset({1, 2, 3})
    )
    lead = "What is not in this list was not measured: how true the scenario is, no run of it can say."
    return Section("sensitivity", "How far the figure moves", (lead,), tables=(table,) if rows else ())


def all_figures(run: Run) -> Table:
    """Every metric with its definition."""
    rows = [
        (name, number(m.value, m.unit), interval(m.low, m.high, m.unit), shown_unit(m.unit), m.definition)
        for name, m in run.metrics.items()
    ]
    return Table("Every metric of the run", ("metric", "value", "95 % interval", "unit", "definition"), rows, frozenset({3, 4}))


def _of(pool: PoolRecord, count: int) -> str:
    return f": {pool.name[:40]}" if count > 1 else ""


def _told(metric: Metric) -> str:
    return figure(metric.value, metric.low, metric.high, metric.unit)


def _percent(amount: float, whole: float) -> str:
    return f"{number(100 * amount / whole)} %" if whole > 0.0 else "all"
