"""The [prices] of a scenario file: one of eight models, each with its own keys, those with a history read into log returns."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from ringfence.inputs.beside import Beside
from ringfence.inputs.errors import InputError
from ringfence.inputs.prices import PRICE_COLUMNS, Prices, read_prices
from ringfence.inputs.scenario import PriceModel
from ringfence.inputs.toml_file import Bounds, Table, told

TAILS = ("threshold_low", "shape_low", "scale_low", "threshold_high", "shape_high", "scale_high")
KEYS = {
    "history": ("file", "column", "from_first"),
    "bootstrap": ("file", "column", "block"),
    "profile": ("points", "volatility"),
    "gbm": ("volatility", "drift", "jumps_per_year", "jump_mean", "jump_deviation"),
    "ou": ("half_life", "volatility"),
    "garch": ("fit", "column", "omega", "alpha", "beta", "mean", "degrees", "row"),
    "tail": ("file", "fit", "column", "block", "tail_part", *TAILS),
    "depeg": ("half_life", "volatility", "jumps_per_year", "depeg_level"),
}
"""The models and their keys, in the words of docs/scenarios.md."""
MODELS = tuple(KEYS)
OF_ANY = {key: [model for model, keys in KEYS.items() if key in keys] for keys in KEYS.values() for key in keys}
FITTED = {"garch": ("omega", "alpha", "beta", "mean", "degrees", "row"), "tail": ("file", *TAILS)}
"""What says nothing beside `fit`."""
VOLATILITY = Bounds(0, 10)
JUMPS_PER_YEAR = Bounds(0, 1_000)
MULTIPLE = Bounds(0, 1e6, above=True)
MOST_POINTS = 10_000
FEWEST_TO_FIT = 500
"""Returns; what a fit needs besides, it says itself."""
MAX_RETURN = 5.0
"""Of one row, as a log: a price that moves by a factor of 148 at once is a mistake."""
SCALE_DECIMALS = 18
"""Only the proportion of two prices counts here, so any tokens do."""


def read_price_model(table: Table, files: Beside, step: int) -> PriceModel:
    """The model, with its history read from beside the scenario; `files` remembers it.

    Raises InputError for an unknown model, a key of another one, a value out of range, rows that do not fit the step (seconds), and a
    history that is too short or does not move.
    """
    kind = table.choice("model", MODELS)
    elsewhere = {key: f"it belongs to {' and '.join(of)}" for key, of in OF_ANY.items() if kind not in of}
    table.known(("model", *KEYS[kind]), elsewhere)
    match kind:
        case "history":
            returns, row = _history(table, "file", files, step)
            return PriceModel(kind, returns=returns, row_seconds=row, from_first=table.flag("from_first"))
        case "bootstrap":
            returns, row = _history(table, "file", files, step)
            return PriceModel(kind, returns=returns, row_seconds=row, block=_block(table, returns))
        case "profile":
            return PriceModel(kind, points=_points(table), volatility=table.number("volatility", VOLATILITY, 0.0))
        case "gbm":
            return _gbm(table)
        case "garch":
            return _garch(table, files, step)
        case "tail":
            return _tail(table, files, step)
        case _:
            return _pegged(table, kind)


def _history(table: Table, key: str, files: Beside, step: int) -> tuple[tuple[float, ...], int]:
    """The log returns of a history, and how many seconds apart its rows are."""
    path = files.path(table, key)
    column = table.choice("column", PRICE_COLUMNS) if "column" in table else None
    prices = read_prices(path, SCALE_DECIMALS, SCALE_DECIMALS, column)
    if len(prices) < 2:
        raise InputError(path, "has one row, which is no move", remedy="give a history of two rows or more")
    row = _row_seconds(path, prices, files)
    _fits_step(table, key, row, step)
    returns = tuple(math.log(after / before) for before, after in pairwise(prices.prices))
    largest = max(range(len(returns)), key=lambda place: abs(returns[place]))
    if abs(returns[largest]) > MAX_RETURN:
        when = prices.timestamps[largest + 1]
        raise InputError(path, f"the price moves by a factor of {math.exp(abs(returns[largest])):.3g} at {when}", remedy="mend the row")
    if prices.source:
        files.sources.append(prices.source)
    files.notices.extend(prices.notices)
    return returns, row


def _row_seconds(path: str, prices: Prices, files: Beside) -> int:
    """The time from one row to the next, which is the same but for gaps; a gap counts as one move."""
    apart = Counter(after - before for before, after in pairwise(prices.timestamps))
    usual = min(apart, key=lambda seconds: (-apart[seconds], seconds))
    shorter = sum(count for seconds, count in apart.items() if seconds < usual)
    gaps = sum(count for seconds, count in apart.items() if seconds > usual)
    if shorter or gaps * 10 > len(prices):
        raise InputError(
            path, f"{shorter + gaps:,} rows do not follow the one before by {told(usual)}", remedy="give rows at even times, few left out"
        )
    if gaps:
        files.notice(path, f"{gaps:,} {'gaps' if gaps > 1 else 'gap'} longer than {told(usual)} taken as one move each")
    return usual


def _fits_step(table: Table, key: str, row: int, step: int) -> None:
    if row % step and step % row:
        table.refuse(
            key, f"has a row every {told(row)}, which does not fit a step of {told(step)}", "take a step that divides it or is a multiple"
        )


def _block(table: Table, returns: Sequence[float]) -> int:
    return table.whole("block", 1, len(returns), default=min(24, len(returns)))


def _points(table: Table) -> tuple[tuple[int, float], ...]:
    """The profile, from a start of (0, 1)."""
    found: list[tuple[int, float]] = [(0, 1.0)]
    if "points" not in table:
        table.refuse("points", "is missing", 'write [["6h", "0.8"], ["12h", "0.7"]]: times, and multiples of the start price')
    for number, pair in enumerate(table.entries("points", MOST_POINTS), start=1):
        what = f"point {number:,}: "
        if not isinstance(pair, list) or len(pair) != 2:
            table.refuse("points", f"{what}is not a pair", 'write ["6h", "0.8"]: a time, and a multiple of the start price')
        second = table.seconds_of("points", pair[0], what=what)
        multiple = table.number_of("points", pair[1], MULTIPLE, what)
        if second == 0 and number == 1:
            if multiple != 1:
                table.refuse("points", f"{what}is not 1 at the start", "multiples are of the start price; leave this point out")
            continue
        if second <= found[-1][0]:
            table.refuse("points", f"{what}is not later than the one before", "sort the points by time")
        found.append((second, multiple))
    if len(found) < 2:
        table.refuse("points", "holds no point behind the start", "write at least one")
    return tuple(found)


def _gbm(table: Table) -> PriceModel:
    if "jumps_per_year" not in table:
        for key in ("jump_mean", "jump_deviation"):
            if key in table:
                table.refuse(key, "says nothing without jumps_per_year", "write how often the price jumps")
    return PriceModel(
        "gbm",
        volatility=table.number("volatility", VOLATILITY),
        drift=table.number("drift", Bounds(-10, 10), 0.0),
        jumps_per_year=table.number("jumps_per_year", JUMPS_PER_YEAR, 0.0),
        jump_mean=table.number("jump_mean", Bounds(-3, 3), 0.0),
        jump_deviation=table.number("jump_deviation", Bounds(0, 3), 0.0),
    )


def _pegged(table: Table, kind: str) -> PriceModel:
    half_life, volatility = table.seconds("half_life", 1), table.number("volatility", VOLATILITY)
    if kind == "ou":
        return PriceModel(kind, half_life=half_life, volatility=volatility)
    return PriceModel(
        kind,
        half_life=half_life,
        volatility=volatility,
        jumps_per_year=table.number("jumps_per_year", JUMPS_PER_YEAR),
        depeg_level=table.number("depeg_level", Bounds(0, 100, above=True)),
    )


def _garch(table: Table, files: Beside, step: int) -> PriceModel:
    if "fit" in table:
        returns, row = _to_fit(table, "garch", files, step)
        return PriceModel("garch", returns=returns, row_seconds=row, to_fit="garch")
    if "column" in table:
        table.refuse("column", "says nothing without fit", 'name the history: fit = "prices.csv"')
    row = table.seconds("row", 1, default=3_600)
    _fits_step(table, "row", row, step)
    alpha, beta = (table.number(key, Bounds(0, 1, below=True)) for key in ("alpha", "beta"))
    if alpha + beta >= 1:
        table.refuse("beta", "is 1 or more together with alpha, so that volatility has no mean", "lower one of them")
    return PriceModel(
        "garch",
        row_seconds=row,
        omega=table.number("omega", Bounds(0, 1, above=True)),
        alpha=alpha,
        beta=beta,
        mean=table.number("mean", Bounds(-0.1, 0.1), 0.0),
        degrees=table.number("degrees", Bounds(2, 1_000, above=True)),
    )


def _tail(table: Table, files: Beside, step: int) -> PriceModel:
    if "fit" in table:
        returns, row = _to_fit(table, "tail", files, step)
        part = table.number("tail_part", Bounds(0.001, 0.25), 0.05)
        return PriceModel("tail", returns=returns, row_seconds=row, block=_block(table, returns), to_fit="tail", tail_part=part)
    if "tail_part" in table:
        table.refuse("tail_part", "says nothing without fit", 'name the history by fit = "prices.csv", or leave it out')
    returns, row = _history(table, "file", files, step)
    shape, scale = Bounds(-1, 1, above=True, below=True), Bounds(0, 1, above=True)
    return PriceModel(
        "tail",
        returns=returns,
        row_seconds=row,
        block=_block(table, returns),
        threshold_low=table.number("threshold_low", Bounds(-1, 0, below=True)),
        shape_low=table.number("shape_low", shape),
        scale_low=table.number("scale_low", scale),
        threshold_high=table.number("threshold_high", Bounds(0, 1, above=True)),
        shape_high=table.number("shape_high", shape),
        scale_high=table.number("scale_high", scale),
    )


def _to_fit(table: Table, kind: str, files: Beside, step: int) -> tuple[tuple[float, ...], int]:
    """The returns to which a model is to be fitted, beside which no parameter is given."""
    for key in FITTED[kind]:
        if key in table:
            table.refuse(key, "says nothing beside fit, which finds it", "leave it out, or leave out fit")
    returns, row = _history(table, "fit", files, step)
    if len(returns) < FEWEST_TO_FIT:
        table.refuse("fit", f"has {len(returns):,} returns, too few to fit", f"give a history of {FEWEST_TO_FIT:,} or more")
    return returns, row
