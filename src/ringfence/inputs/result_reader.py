"""Reads a folder of results back: of a stress run, a recommendation, a replay or a curve, each from the `result.json` that says what it is.

Whatever a file holds is checked before it is believed: a field that is missing, damaged or not a finite number is refused with its place,
and so is a schema of another program or of a later version of this one.
"""

import re
from collections.abc import Iterable
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from ringfence.inputs.curve_result import CURVE_COLUMNS, CURVE_SCHEMA, Concentration, CurvePool
from ringfence.inputs.errors import InputError, quoted
from ringfence.inputs.json_node import EXACT, Node, read_json
from ringfence.inputs.result_records import (
    Answer,
    Around,
    CurveRecord,
    Distribution,
    History,
    Origin,
    PoolRecord,
    RecommendRecord,
    Record,
    ReplayRecord,
    Row,
    ShippedScenario,
    StressRecord,
    Tried,
)
from ringfence.inputs.results import REPLAY_SCHEMA, RESULT_FILE, PoolFigures
from ringfence.inputs.stress_result import STRESS_SCHEMA, ClaimCheck, Metric
from ringfence.inputs.verdict import MAX_ES99, MAX_PROBABILITY
from ringfence.model.terms import Terms

RECOMMEND_SCHEMA = "ringfence.recommend/1"
STRESS_FOLDER = "stress"
SCHEMA = re.compile(r"ringfence\.([a-z]{1,20})/([0-9]{1,6})", re.ASCII)
KNOWN = (STRESS_SCHEMA, RECOMMEND_SCHEMA, REPLAY_SCHEMA, CURVE_SCHEMA)
NO_REPORT = "there are reports of ringfence stress, recommend, replay and curve"
MAX_LEVELS = 10_001
MOST_DECIMALS = 255
"""As many as a terms file may say that a token has."""
SPOKEN_OF = {
    "prices": ("volatility", "jumps_per_year", "block", "returns", "row_seconds"),
    "oracle": ("max_age",),
    "market": ("a", "b", "recovery", "cascade"),
    "liquidators": ("gas", "min_profit", "latency"),
    "lenders": ("run_share", "run_at_fall", "low_cash"),
}
"""Numbers of a scenario that a report puts into words."""
WALL = ("fall", "price", "liquidatable_debt", "added_debt", "insolvent_loss")
SHOCK = ("fall", "price", "liquidatable_debt", "loss", "loss_without_depth")
NEEDED = (
    *("loss_mean", "loss_var95", "loss_var99", "loss_es975", "loss_es99", "lender_loss_mean", "lender_loss_es99", "prob_significant_loss"),
    *("prob_significant_lender_loss", "borne_by_reserve", "borne_by_lenders", "liquidations_mean", "reserve_ruin", "lender_net_yield"),
)
"""Metrics that every stress run has."""
WORDS = {"collateral_decimals", "asset_decimals"} | {
    field.name for field in fields(Terms) if field.name not in ("asset", "collateral", "oracle", "rate_model", "backstop", "fee_recipient")
}
"""Terms that are whole numbers."""
SIZE = ("reserve", "part_of_supply", "ruin", "low", "high")


def read_result(folder: Path) -> Record:
    """The result in a folder; raises InputError, in one line, for a folder without one and for one that cannot be believed."""
    if not folder.is_dir():
        raise InputError(folder, "is no folder" if folder.exists() else "no such folder", remedy="give what --out named")
    if not (folder / RESULT_FILE).is_file():
        raise InputError(folder, f"holds no {RESULT_FILE}", remedy="give what --out of stress, recommend, replay or curve named")
    root = read_json(folder / RESULT_FILE)
    kind = _kind(root)
    if kind == STRESS_SCHEMA:
        return _stress(root)
    if kind == REPLAY_SCHEMA:
        return _replay(root)
    if kind == CURVE_SCHEMA:
        return _curve(root)
    return _recommend(root, _stress_beside(folder / STRESS_FOLDER))


def _kind(root: Node) -> str:
    """The schema, if it is one that can be read."""
    schema = root["schema"].text(80)
    if schema in KNOWN:
        return schema
    match = SCHEMA.fullmatch(schema)
    if match is None:
        root["schema"].refuse(f"is {quoted(schema)}, which is none of Ringfence's")
    of_kind = [known for known in KNOWN if known.startswith(f"ringfence.{match[1]}/")]
    if not of_kind:
        raise InputError(root.file, f"is a result of another kind, {quoted(schema)}", remedy=NO_REPORT)
    raise InputError(root.file, f"has schema {quoted(schema)}, newer than {quoted(of_kind[0])}", remedy="use the version that wrote it")


def _stress_beside(folder: Path) -> StressRecord | None:
    if not (folder / RESULT_FILE).is_file():
        return None
    found = read_result(folder)
    if not isinstance(found, StressRecord):
        raise InputError(folder, "is no stress run", remedy="make the recommendation anew")
    return found


def _origin(root: Node) -> Origin:
    options = root["options"].plain()
    if not isinstance(options, dict):
        root["options"].refuse("is no object")
    return Origin(root["inputs"].texts_by_name(), root["versions"].texts_by_name(), options)


def _stress(root: Node) -> StressRecord:
    options = root["options"]
    metrics = _metrics(root["metrics"])
    pools = tuple(_pool(node) for node in root["pools"].entries(1_000))
    if not pools:
        root["pools"].refuse("is empty")
    for name in NEEDED:
        if name not in metrics:
            root["metrics"].refuse(f"has no '{name}'")
    paths = options["paths"].count()
    if paths == 0:
        options["paths"].refuse("is 0")
    return StressRecord(
        origin=_origin(root),
        metrics=metrics,
        pools=pools,
        paths=paths,
        horizon=options["horizon"].count(),
        seed=options["seed"].count(),
        significant=options["significant"].between(0.0, 1.0),
        bounds=_bounds(options),
        scenario=_scenario(root["scenario"]),
        claims=_claims(root["claims"]),
        defaults=root["defaults"].texts(),
        notices=root["notices"].texts(),
        distribution=_distribution(root["distribution"]) if "distribution" in root else None,
        around=_around(root["around"]) if "around" in root and root["around"].value is not None else None,
        scenarios=tuple(_shipped(node) for node in root.optional("scenarios")),
        replays=tuple(_history(node) for node in root.optional("replays")),
    )


def _scenario(node: Node) -> dict[str, Any]:
    """The scenario, with the fields there that a report speaks of."""
    node["name"].text()
    for name in ("description", "fails", "holds"):
        node[name].text()
    for table, names in SPOKEN_OF.items():
        for name in names:
            node[table][name].number()
    for name in ("kind",):
        node["prices"][name].text()
    node["liquidators"]["order"].text()
    node["market"]["per_book"].flag()
    node["step"].count()
    for feed in node["oracle"]["feeds"].entries(100):
        for name in ("heartbeat", "deviation", "delay"):
            feed[name].number()
    found: dict[str, Any] = node.plain()
    return found


def _terms(node: Node) -> dict[str, str]:
    """A terms file in base units: whole numbers where they must be, texts elsewhere."""
    for name in WORDS:
        value = node[name].digits()
        if name.endswith("_decimals") and value > MOST_DECIMALS:
            node[name].refuse(f"is {value:.3g}, more than {MOST_DECIMALS}" if value < EXACT else "is no number of decimals")
    return {"name": ""} | node.texts_by_name()


def _metrics(node: Node) -> dict[str, Metric]:
    return {name: _metric(entry) for name, entry in node.items()}


def _metric(node: Node) -> Metric:
    low, high = _ordered(node)
    return Metric(node["value"].number(), low, high, node["unit"].text(80), node["definition"].text() if "definition" in node else "")


def _ordered(node: Node) -> tuple[float, float]:
    """The ends of an interval, in their order."""
    low, high = node["low"].number(), node["high"].number()
    if low > high:
        node.refuse(f"has an interval from {low:g} down to {high:g}")
    return low, high


def _bounds(options: Node) -> dict[str, float]:
    """The stated bounds by metric; none if there are none."""
    return {name: node.between(0.0, 1e300) for name, node in options["bounds"].items()} if "bounds" in options else {}


def _claims(node: Node) -> tuple[ClaimCheck, ...]:
    return tuple(ClaimCheck(entry["kind"].text(80), entry["claim"].text(300), entry["held"].flag()) for entry in node.entries())


def _pool(node: Node) -> PoolRecord:
    amounts = {name: node[name].between(0.0, 1e300) for name in ("supply", "debt", "reserve", "collateral", "start_price")}
    return PoolRecord(
        name=node["name"].text(200),
        positions=node["positions"].count(),
        terms=_terms(node["terms"]),
        shocks=_rows(node, "shocks", SHOCK),
        wall=_rows(node, "wall", WALL),
        reserve_sizing=_rows(node, "reserve_sizing", SIZE),
        metrics=_metrics(node["metrics"]),
        **amounts,
    )


def _rows(node: Node, name: str, fields: tuple[str, ...]) -> tuple[Row, ...]:
    return tuple({field: entry[field].number() for field in fields} for entry in node.optional(name))


def _numbers(node: Node, most: int = 1_000) -> tuple[float, ...]:
    return tuple(entry.number() for entry in node.entries(most))


def _rising(node: Node, most: int = 1_000) -> tuple[float, ...]:
    found = _numbers(node, most)
    if any(after < before for before, after in pairwise(found)):
        node.refuse("does not rise")
    return found


def _distribution(node: Node) -> Distribution:
    found = Distribution(*(_rising(node[name], MAX_LEVELS) for name in ("levels", "loss", "lender_loss")))
    if not len(found.levels) == len(found.loss) == len(found.lender_loss) >= 2:
        node.refuse("has lists of different lengths, or of fewer than 2")
    if found.levels[0] < 0.0 or found.levels[-1] > 1000.0:
        node.refuse("has levels out of 0 to 1000")
    return found


def _around(node: Node) -> Around:
    ltvs, depths = _rising(_as_numbers(node["liq_ltv"])), _rising(node["depth"])
    grids = [_grid(node[name], len(ltvs), len(depths)) for name in ("lender_loss_es99", "loss_es99", "legal")]
    cells = [tuple(tuple(_figure(cell) for cell in row) for row in grid) for grid in grids[:2]]
    legal = tuple(tuple(cell.flag() for cell in row) for row in grids[2])
    own = tuple(place.count() for place in node["own"].entries(2))
    if not (len(own) == 2 and own[0] < len(ltvs) and own[1] < len(depths)):
        node["own"].refuse("is no cell of the table")
    return Around(node["paths"].count(), ltvs, depths, cells[0], cells[1], legal, (own[0], own[1]))


def _as_numbers(node: Node) -> Node:
    """A list of decimals, that may be spelt as texts, as numbers."""
    return Node(node.file, node.place, [_decimal(entry) for entry in node.entries()])


def _decimal(node: Node) -> float:
    if not isinstance(node.value, str):
        return node.number()
    try:
        return Node(node.file, node.place, float(node.text(80))).number()
    except ValueError:
        node.refuse("is no decimal")


def _grid(node: Node, rows: int, columns: int) -> list[list[Node]]:
    found = [row.entries() for row in node.entries()]
    if len(found) != rows or any(len(row) != columns for row in found):
        node.refuse(f"is no table of {rows} rows and {columns} columns")
    return found


def _figure(node: Node) -> Row:
    """A figure with its interval; a cell that was not run is empty."""
    if node.value is None:
        return {}
    low, high = _ordered(node)
    return {"value": node["value"].number(), "low": low, "high": high}


def _shipped(node: Node) -> ShippedScenario:
    return ShippedScenario(
        name=node["name"].text(80),
        title=node["title"].text(300),
        horizon=node["horizon"].count(),
        paths=node["paths"].count(),
        metrics=_metrics(node["metrics"]),
        claims=_claims(node["claims"]),
        defaults=node["defaults"].texts(),
    )


def _history(node: Node) -> History:
    return History(
        file=node["file"].text(200),
        sha256=node["sha256"].text(80),
        column=node["column"].text(80),
        first=node["from"].count(),
        last=node["to"].count(),
        rows=node["rows"].count(),
        worst_fall=node["worst_fall"].number(),
        final_move=node["final_move"].number(),
        lender_loss=node["lender_loss"].number(),
        solvent=node["solvent"].flag(),
        sales=node["sales"].count(),
        pool=node["pool"].plain(),
    )


def _recommend(root: Node, stress: StressRecord | None) -> RecommendRecord:
    bounds = _bounds(root["options"])
    if not bounds:
        root["options"].refuse("states no bounds, which a recommendation has")
    figures = {
        MAX_ES99: "loss_es99",
        MAX_PROBABILITY: "prob_significant_loss",
        "loss_es99": "pool_loss_es99",
        "lender_loss_mean": "loss_mean",
    }
    metrics = {name: _metric(root[stored]) for name, stored in figures.items()}
    found = RecommendRecord(
        origin=_origin(root),
        name=root["name"].text(200),
        terms=root["terms"].texts_by_name(),
        metrics=metrics,
        bounds=bounds,
        binding=root["binding"].texts(),
        answers=tuple(_answer(node) for node in root["answers"].entries(100)),
        evaluations=root["evaluations"].count(),
        defaults=root["defaults"].texts(),
        notices=root["notices"].texts(),
        stress=stress,
    )
    if stress is not None and stress.metrics[MAX_ES99].value != metrics[MAX_ES99].value:
        raise InputError(root.file, f"its loss_es99 is not that of {STRESS_FOLDER}/{RESULT_FILE}", remedy="make the recommendation anew")
    return found


def _answer(node: Node) -> Answer:
    further = node["next"]
    is_there = further.value is not None
    return Answer(
        **{name: node[name].text(300) for name in ("term", "goal", "unit", "binding", "sentence")},
        **{name: _spelt(node[name]) for name in ("value", "low", "high", "before")},
        next_value=_spelt(further["value"]) if is_there else "",
        next_loss=_figure(further["loss_es99"]) if is_there else {},
        cost=further["cost"].text(500) if is_there else "",
        tried=tuple(
            Tried(_decimal(entry["value"]), _figure(entry["loss_es99"]), _figure(entry["prob_significant_loss"]))
            for entry in node["tried"].entries()
        ),
    )


def _spelt(node: Node) -> str:
    """A decimal as a terms file spells it; empty if there is none."""
    if node.value is None:
        return ""
    return node.text(80) if isinstance(node.value, str) else f"{node.number():.12g}"


def _replay(root: Node) -> ReplayRecord:
    names = [field.name for field in fields(PoolFigures)]
    return ReplayRecord(_origin(root), _terms(root["terms"]), _whole_numbers(root["pool"], names), root["pool"]["solvent"].flag())


def _curve(root: Node) -> CurveRecord:
    rows = tuple(_whole_numbers(node, CURVE_COLUMNS) for node in root["curve"].entries(100_000))
    if not rows:
        root["curve"].refuse("is empty")
    pool = _whole_numbers(root["pool"], [field.name for field in fields(CurvePool)])
    concentration = _whole_numbers(root["concentration"], [field.name for field in fields(Concentration)])
    return CurveRecord(_origin(root), _terms(root["terms"]), pool, concentration, rows)


def _whole_numbers(node: Node, names: Iterable[str]) -> dict[str, int]:
    """These fields, each a count or a text of digits."""
    return {name: node[name].digits() if isinstance(node[name].value, str) else node[name].count() for name in names}
