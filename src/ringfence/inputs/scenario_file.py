"""A scenario file: TOML with [prices], [oracle], [market], [liquidators], [lenders], [scenario] and [claims], read into a `Scenario`.

Every key stands in docs/scenarios.md. Histories and quotes are read here; what is to be fitted to them is fitted by `lab/fitted.py`.
"""

import hashlib
import os
from collections.abc import Iterable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from ringfence.inputs.beside import Beside
from ringfence.inputs.claims import read_claims
from ringfence.inputs.decimals import floor_scaled
from ringfence.inputs.errors import InputError, NotExact, printable, quoted
from ringfence.inputs.market_quotes import read_quotes
from ringfence.inputs.price_model import read_price_model
from ringfence.inputs.scenario import (
    NEVER_BEATS,
    NEVER_MOVES,
    Feed,
    Lenders,
    Liquidators,
    Market,
    Oracle,
    PriceModel,
    Scenario,
    Window,
)
from ringfence.inputs.tables import Source
from ringfence.inputs.toml_file import FRACTION, Bounds, Table, decoded, read_text, read_toml, said_instead

NAMES = ("black-thursday", "frozen-feed", "hard-coded-price", "depeg", "keeper-outage", "cascade", "lender-run")
"""The scenarios that ship."""
TABLES = ("scenario", "prices", "oracle", "market", "liquidators", "lenders", "claims")
SCENARIO_KEYS = ("name", "description", "step", "start", "correlation", "fails", "holds")
ORACLE_KEYS = ("max_age", "feed")
FEED_KEYS = ("heartbeat", "deviation", "delay", "frozen", "fixed", "bias", "biased")
MARKET_KEYS = ("a", "b", "measure", "quotes", "sell", "buy", "recovery", "cascade")
LIQUIDATORS_KEYS = (
    "gas", "min_profit", "min_incentive", "capital", "latency", "outages", "outages_per_year", "outage_length", "order",
)  # fmt: skip
LENDERS_KEYS = ("run_share", "run_at_fall", "low_cash")
ORDERS = ("riskiest-first", "safest-first", "largest-first", "random")
MOST_FEEDS = 2
MOST_WINDOWS = 1_000
MAX_STEP = 86_400
PRICE_DIGITS = 36
PRICE_LIMIT = 2**256
AMOUNT = Bounds(0, 1e30)
DECISIVE = {
    "oracle": ("feed",),
    "market": ("a", "recovery", "cascade"),
    "liquidators": ("gas", "capital", "latency"),
    "lenders": ("run_share",),
}
"""The keys whose default is the best case: a table without one of them counts as left to defaults."""
DEFAULT_PRICES = PriceModel("gbm", volatility=0.8)
"""Without [prices]: no drift, 80 % a year, about what ether did."""


def read_scenario(path_or_name: str | os.PathLike[str]) -> Scenario:
    """Reads a scenario from a file, or the shipped one of this name (`NAMES`).

    Files that it names are looked for beside it. Raises InputError, in one line with file, row and remedy, for what is not TOML, an unknown
    or missing key, a float, a value out of range, keys that exclude each other, and a history or quotes that cannot be used.
    """
    given = os.fspath(path_or_name)
    if given in NAMES:
        content = _shipped().joinpath(f"{given}.toml").read_bytes()
        return _scenario(decoded(given, content), Source(given, hashlib.sha256(content).hexdigest()), "")
    if not os.path.exists(given):
        remedy = f"give the path of a file, or the name of a shipped scenario: {said_instead(given, NAMES)}"
        raise InputError(given, "no such file or directory", remedy=remedy)
    text, source = read_text(given)
    return _scenario(text, source, os.path.dirname(given))


def _shipped() -> Traversable:
    """The folder of the shipped scenarios: within the package where it is installed, among the examples where it runs from its sources."""
    packaged = resources.files("ringfence.inputs").joinpath("scenarios")
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "examples" / "scenarios"


def _scenario(text: str, source: Source, folder: str) -> Scenario:
    root = read_toml(source.path, text, 'name = "0.05"')
    root.known(TABLES)
    table = root.table("scenario")
    table.known(SCENARIO_KEYS)
    step = table.seconds("step", 1, MAX_STEP, default=3_600)
    files = Beside(folder)
    prices = read_price_model(root.table("prices"), files, step) if "prices" in root else DEFAULT_PRICES
    defaults = dict(_left(root))
    return Scenario(
        name=table.text("name", 64, default="") or printable(Path(source.path).stem, 64),
        prices=prices,
        oracle=_oracle(root.table("oracle")),
        market=_market(root.table("market"), files),
        liquidators=_liquidators(root.table("liquidators")),
        lenders=_lenders(root.table("lenders")),
        step=step,
        start=_start(table),
        correlation=table.number("correlation", FRACTION, 1.0),
        description=table.text("description", 1_000, default=""),
        fails=table.text("fails", 500, default=""),
        holds=table.text("holds", 500, default=""),
        defaults=tuple(defaults),
        source=source,
        notices=(*files.notices, *_defaults_notice(source.path, defaults.values())),
        claims=read_claims(root.table("claims")),
        sources=tuple(files.sources),
    )


def _left(root: Table) -> Iterable[tuple[str, str]]:
    """Each table that was left to defaults, with what it lacks."""
    if "prices" not in root:
        yield "prices", "[prices]"
    for name, keys in DECISIVE.items():
        table = root.table(name)
        given = {key for key, value in table.values.items() if value != []} | ({"a"} if "quotes" in table else set())
        lacking = [key for key in keys if key not in given]
        if name == "oracle" and not lacking and any(not _is_told(feed) for feed in table.tables("feed", MOST_FEEDS)):
            lacking = ["heartbeat, deviation or fixed of a feed"]
        if not table.values or lacking:
            yield name, f"[{name}]{' ' + ', '.join(lacking) if table.values else ''}"


def _is_told(feed: Table) -> bool:
    """Whether the file says when the feed publishes."""
    return any(key in feed for key in ("heartbeat", "deviation", "fixed"))


def _defaults_notice(file: str, lacking: Iterable[str]) -> tuple[str, ...]:
    told = "; ".join(lacking)
    return (f"{printable(file, 200)}: left to defaults, which are the best case: {told}",) if told else ()


def _start(table: Table) -> str | None:
    """The start price as the file spells it."""
    if "start" not in table:
        return None
    text = table.digits("start", table.values["start"])
    try:
        units, _ = floor_scaled(text, PRICE_DIGITS, PRICE_LIMIT)
    except NotExact as err:
        table.refuse("start", str(err), "write the price of a whole collateral token in whole asset tokens")
    if units == 0:
        table.refuse("start", f"{quoted(text)} is not above 0", "write the price of a whole collateral token in whole asset tokens")
    return text.strip()


def _oracle(table: Table) -> Oracle:
    table.known(ORACLE_KEYS)
    feeds = tuple(_feed(feed) for feed in table.tables("feed", MOST_FEEDS))
    return Oracle(feeds or (Feed(),), table.seconds("max_age", default=0))


def _feed(table: Table) -> Feed:
    table.known(FEED_KEYS)
    if "fixed" in table:
        others = [key for key in table.values if key != "fixed"]
        if others:
            table.refuse(others[0], "says nothing of a feed that is fixed", "leave it out, or leave out fixed")
        return Feed(fixed=table.number("fixed", Bounds(0, 1_000, above=True)))
    heartbeat = table.seconds("heartbeat", default=NEVER_BEATS if "deviation" in table else 0)
    if heartbeat == 0 and "deviation" in table:
        table.refuse("deviation", "says nothing of a feed that publishes at every step", "leave it out, or write a heartbeat above 0")
    deviation = table.number("deviation", Bounds(0, 10, above=True), NEVER_MOVES if heartbeat else 0.0)
    biased = _windows(table, "biased")
    if ("bias" in table) != bool(biased):
        given, lacking = ("bias", "biased") if "bias" in table else ("biased", "bias")
        table.refuse(given, f"says nothing without {lacking}", 'write both: bias = "0.02" and biased = [["2h", "8h"]]')
    return Feed(
        heartbeat=heartbeat,
        deviation=deviation,
        delay=table.seconds("delay", default=0),
        frozen=_windows(table, "frozen"),
        bias=table.number("bias", Bounds(-1, 10, above=True), 0.0),
        biased=biased,
    )


def _windows(table: Table, key: str) -> tuple[Window, ...]:
    return tuple(Window(start, end) for start, end in table.windows(key, MOST_WINDOWS))


def _market(table: Table, files: Beside) -> Market:
    table.known(MARKET_KEYS)
    recovery, cascade = table.seconds("recovery", default=0), table.number("cascade", FRACTION, 0.0)
    if "quotes" in table:
        for key in ("a", "b", "measure"):
            if key in table:
                table.refuse(key, "says nothing beside quotes, to which it is fitted", "leave it out, or leave out quotes")
        quotes = read_quotes(table, files)
        return Market(recovery=recovery, cascade=cascade, quotes=quotes)
    for key in ("sell", "buy"):
        if key in table:
            table.refuse(key, "says nothing without quotes", "name the file: quotes = \"quotes.csv\"")  # fmt: skip
    for key in ("b", "measure"):
        if key in table and "a" not in table:
            table.refuse(key, "says nothing without a", "write a, or leave it out for a market of infinite depth")
    return Market(
        a=table.number("a", AMOUNT, 0.0),
        b=table.number("b", Bounds(0, 1, above=True), 1.0),
        recovery=recovery,
        cascade=cascade,
        per_book=table.choice("measure", ("tokens", "book"), "tokens") == "book",
    )


def _liquidators(table: Table) -> Liquidators:
    table.known(LIQUIDATORS_KEYS)
    for given, lacking in (("outages_per_year", "outage_length"), ("outage_length", "outages_per_year")):
        if given in table and lacking not in table:
            table.refuse(given, f"says nothing without {lacking}", 'write both: outages_per_year = 4 and outage_length = "6h"')
    return Liquidators(
        gas=table.number("gas", AMOUNT, 0.0),
        min_profit=table.number("min_profit", AMOUNT, 0.0),
        min_incentive=table.number("min_incentive", FRACTION, 0.0),
        capital=None if table.values.get("capital", "unlimited") == "unlimited" else table.number("capital", AMOUNT),
        latency=table.seconds("latency", default=0),
        outages=_windows(table, "outages"),
        outages_per_year=table.number("outages_per_year", Bounds(0, 10_000), 0.0),
        outage_length=table.seconds("outage_length", default=0),
        order=table.choice("order", ORDERS, ORDERS[0]),
    )


def _lenders(table: Table) -> Lenders:
    table.known(LENDERS_KEYS)
    share = table.number("run_share", FRACTION, 0.0)
    if share > 0 and "run_at_fall" not in table:
        table.refuse("run_at_fall", "is missing while run_share is above 0", 'write the fall that makes them run: run_at_fall = "0.1"')
    return Lenders(share, table.number("run_at_fall", FRACTION, 0.0), table.number("low_cash", FRACTION, 0.05))
