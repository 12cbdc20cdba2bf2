"""The shorter pages of a replay and of a curve, whose figures are exact and have no intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

from ringfence.inputs.figure_text import number
from ringfence.inputs.result_records import CurveRecord, PoolRecord, ReplayRecord
from ringfence.inputs.verdict import BROKEN, NONE
from ringfence.report import charts
from ringfence.report.model_card import part_of, whole
from ringfence.report.parts import Key, Section, Table
from ringfence.report.words import WAD

REPLAYED = (
    ("debt_before", "debt at the start"),
    ("interest", "interest"),
    ("debt_retired", "debt that sales retired"),
    ("debt_after", "debt at the end"),
    ("paid", "paid by buyers"),
    ("penalty", "of it, penalty to the reserve"),
    ("loss", "loss"),
    ("loss_from_reserve", "borne by the reserve"),
    ("loss_from_backstop", "borne by the backstop"),
    ("loss_from_lenders", "borne by lenders"),
    ("loss_from_premium", "borne by premium owed"),
    ("unrealised_loss", "still open at the end"),
    ("reserve_before", "reserve at the start"),
    ("reserve_after", "reserve at the end"),
)
COUNTS = (
    ("sales", "sales"),
    ("positions_sold", "positions sold"),
    ("unhealthy_at_end", "unhealthy at the end"),
    ("insolvent_at_end", "insolvent at the end"),
)


@dataclass(frozen=True, slots=True)
class ExactPage:
    """What such a page says, before its sources."""

    kind: str
    title: str
    verdict_kind: str
    verdict: str
    lines: Sequence[str]
    reason: str
    weakest: str
    keys: Sequence[Key]
    sections: Sequence[Section]


def of_replay(record: ReplayRecord) -> ExactPage:
    """Came through or not, who bore what, and every figure; never a good verdict, for a replay's market takes everything."""
    pool, terms = record.pool, record.terms
    amounts = {name: number(whole(pool[name], terms)) for name, _ in REPLAYED}
    lenders = (
        f"Lenders bear {amounts['loss_from_lenders']} asset, the reserve {amounts['loss_from_reserve']}, the backstop "
        f"{amounts['loss_from_backstop']}."
    )
    is_whole = record.solvent
    told = (
        "No lender lost, and no debt is left without its collateral" if is_whole else "Lenders lost, or debt is left without its collateral"
    )
    most = record.origin.options.get("max_paid_per_row")
    depth = (
        "buyers take everything that is for sale at once, whatever the market's depth"
        if most is None
        else "buyers' money is limited in each row"
    )
    rows = [(label, amounts[name]) for name, label in REPLAYED]
    counts = [(label, f"{number(pool[name])}") for name, label in COUNTS]
    keys = (
        Key("Loss", amounts["loss"], "", "asset"),
        Key("Borne by lenders", amounts["loss_from_lenders"], "", "asset"),
        Key("Still open", amounts["unrealised_loss"], "", "asset"),
        Key("Sales", f"{number(pool['sales'])}", "", "sales"),
        Key("Debt retired", amounts["debt_retired"], "", "asset"),
        Key("Reserve at the end", amounts["reserve_after"], "", "asset"),
    )
    return ExactPage(
        kind="Replay through prices that have been",
        title=terms["name"] or "Replay",
        verdict_kind=NONE if is_whole else BROKEN,
        verdict="No verdict: came through this history, with no market depth in it" if is_whole else "Did not come through this history",
        lines=(told + ". One history is no bound on another.",),
        reason=f"{lenders} {number(pool['sales'])} sales retired {amounts['debt_retired']} of {amounts['debt_before']} asset of debt.",
        weakest=f"No market depth: {depth}, {amounts['paid']} asset in all.",
        keys=keys,
        sections=(
            Section("amounts", "Amounts", tables=(Table("Whole asset tokens", ("figure", "asset"), rows),), is_narrow=True),
            Section("counts", "Counts", tables=(Table("Sales and positions", ("figure", "number"), counts),), is_narrow=True),
        ),
    )


def of_curve(record: CurveRecord) -> ExactPage:
    """Where the debt lies, and what would be lost if it were sold only there."""
    terms = record.terms
    pool = _as_pool(record)
    most = max(pool.wall, key=lambda row: row["added_debt"])
    first = next((row for row in pool.wall if row["insolvent_loss"] > pool.reserve), None)
    beyond = f"beyond a fall of {100 * first['fall']:.0f} % it exceeds the reserve" if first else "at no fall it exceeds the reserve"
    rows = [
        (
            f"{100 * row['shock'] / WAD:.4g} %",
            *(f"{number(row[name])}" for name in ("positions", "insolvent")),
            *(number(whole(row[name], terms)) for name in ("debt", "wall", "loss")),
        )
        for row in record.rows[:500]
    ]
    head = (
        "fall",
        "positions liquidatable",
        "insolvent",
        "debt liquidatable, asset",
        "of it, new in this row",
        "loss if sold there, asset",
    )
    keys = (
        Key("Debt", number(pool.debt), "", "asset"),
        Key("Supply", number(pool.supply), "", "asset"),
        Key("Reserve", number(pool.reserve), "", "asset"),
        Key("Largest position", part_of(record.concentration["largest"]), "", "of debt"),
        Key("Ten largest", part_of(record.concentration["top_10"]), "", "of debt"),
        Key("Positions", f"{number(record.concentration['positions'])}", "", "with debt"),
    )
    chart = charts.wall(pool, "wall")
    lead = f"Most debt, {number(most['added_debt'])} asset, becomes liquidatable at a fall of {100 * most['fall']:.0f} %; {beyond}."
    return ExactPage(
        kind="Curve: a book against falling prices",
        title=terms["name"] or "Curve",
        verdict_kind=NONE,
        verdict="No verdict: a curve has no chance in it",
        lines=("It says what would be lost at a price, not how likely that price is.",),
        reason=lead,
        weakest="Everything is taken to be sold at one price at once, with no market depth, and nobody to have come before.",
        keys=keys,
        sections=(Section("wall", "The wall", (lead,), (chart,), (Table("Rows of the curve", head, rows),)),),
    )


def _as_pool(record: CurveRecord) -> PoolRecord:
    """The curve's rows as the wall of a pool, in whole tokens."""
    terms = record.terms
    scale = 10.0 ** (36 + int(terms["asset_decimals"]) - int(terms["collateral_decimals"]))
    wall = tuple(
        {
            "fall": row["shock"] / WAD,
            "price": row["price"] / scale,
            "liquidatable_debt": whole(row["debt"], terms),
            "added_debt": whole(row["wall"], terms),
            "insolvent_loss": whole(row["loss"], terms),
        }
        for row in record.rows
    )
    amounts = {name: whole(record.pool[name], terms) for name in ("supply", "debt", "reserve")}
    collateral = whole(record.pool["collateral"], terms, "collateral_decimals")
    return PoolRecord(terms["name"], amounts["supply"], amounts["debt"], amounts["reserve"], collateral, 0.0, 0, terms, (), wall, (), {})
