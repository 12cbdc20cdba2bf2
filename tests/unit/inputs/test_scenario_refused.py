"""Scenario files that are wrong: whatever it is, one line says where, why and what to do; never another error."""

import math
import random
from collections import Counter
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

from ringfence.inputs.errors import InputError
from ringfence.inputs.price_model import KEYS, MODELS
from ringfence.inputs.scenario import (
    Scenario,
)
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
from tests.unit.inputs.scenario_files import MODEL_FILES, PRICES, WHOLE, fill, read, refusal

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "examples" / "scenarios"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with histories and quotes."""
    return fill(tmp_path)


BAD_TABLES = [
    ("scenario", 'nme = "x"', "row 2, column [scenario] nme: unknown key: nme; did you mean name? known are name, description"),
    ("scenario", 'name = ""', "row 2, column [scenario] name: '' is no text"),
    ("scenario", "name = 5", "'5' is no text; write a printable text of 1 to 64 characters in quotes"),
    ("scenario", f'name = "{"x" * 65}"', "is no text"),
    ("scenario", 'name = "a\\u202eb"', "is no text"),
    ("scenario", 'step = "0s"', "'0s' is out of range; write a time of 1s to 1d"),
    ("scenario", 'step = "25h"', "'25h' is out of range"),
    ("scenario", "step = 0.5", "'0.5' is not a time; write a time such as"),
    ("scenario", "step = 10:00:00", "'10:00:00' is not a time"),
    ("scenario", 'step = "1h30"', "'1h30' is not a time"),
    ("scenario", 'step = "30m1h"', "'30m1h' is not a time"),
    ("scenario", 'step = ""', "'' is not a time"),
    ("scenario", 'step = "-1h"', "'-1h' is not a time"),
    ("scenario", 'step = "١h"', "is not a time"),
    ("scenario", "step = true", "true is not a time"),
    (
        "scenario",
        "start = 2300.5",
        'row 2, column [scenario] start: 2300.5 is a float, which is not exact; write it as a string: start = "2300.5"',
    ),
    ("scenario", "start = 0", "'0' is not above 0"),
    ("scenario", 'start = "1e-40"', "'1e-40' is not above 0"),
    ("scenario", 'start = "-1"', "'-1' is negative"),
    ("scenario", 'start = "1e999999999"', "does not fit: too large"),
    ("scenario", 'start = "nan"', "'nan' is not finite"),
    ("scenario", "start = []", "a list is not a number"),
    ("scenario", 'correlation = "1.1"', "'1.1' is out of range; write a decimal of 0 or more and at most 1"),
    ("scenario", 'correlation = "-0.1"', "is out of range"),
    ("scenario", 'correlation = "nan"', "'nan' is not a decimal number"),
    ("scenario", 'correlation = "1_0"', "is not a decimal number"),
    ("scenario", f"correlation = {'9' * 400}", "'1e100' is out of range"),
    ("scenario", "fails = false", "false is no text"),
    ("prices", "", "column [prices] model: is missing; take one of history, bootstrap, profile"),
    ("prices", 'model = "gmb"', "row 2, column [prices] model: 'gmb' is unknown; did you mean gbm?"),
    ("prices", "model = 3", "'3' is unknown; known are history"),
    ("prices", "model = 1.0", "'1.0' is unknown"),
    ("prices", 'model = "gbm"', "column [prices] volatility: is missing; write a decimal of 0 or more and at most 10"),
    (
        "prices",
        'model = "gbm"\nvolatility = 0.8',
        "row 3, column [prices] volatility: 0.8 is a float, which is not exact; write it as a string",
    ),
    ("prices", 'model = "gbm"\nvolatility = 11', "'11' is out of range"),
    ("prices", 'model = "gbm"\nvolatility = "-1"', "is out of range"),
    (
        "prices",
        'model = "gbm"\nhalf_life = "1h"',
        "row 3, column [prices] half_life: is no key here: it belongs to ou and depeg; known are model, vol",
    ),
    ("prices", 'model = "gbm"\nvolatilty = 1', "unknown key: volatilty; did you mean volatility?"),
    ("prices", 'model = "gbm"\nvolatility = 1\njump_mean = "0.1"', "row 4, column [prices] jump_mean: says nothing without jumps_per_year"),
    ("prices", 'model = "gbm"\nvolatility = 1\njumps_per_year = 1001', "is out of range"),
    ("prices", 'model = "gbm"\nvolatility = 1\njumps_per_year = 1\njump_mean = "3.1"', "is out of range"),
    ("prices", 'model = "gbm"\nvolatility = 1\njumps_per_year = 1\njump_deviation = "-0.1"', "is out of range"),
    ("prices", 'model = "gbm"\nvolatility = 1\ndrift = "-11"', "is out of range"),
    ("prices", 'model = "ou"\nvolatility = 1', "column [prices] half_life: is missing"),
    ("prices", 'model = "ou"\nvolatility = 1\nhalf_life = 0', "'0' is out of range; write a time of 1s to 36500d"),
    (
        "prices",
        'model = "depeg"\nvolatility = 1\nhalf_life = 1\njumps_per_year = 1\ndepeg_level = 0',
        "write a decimal above 0 and at most 100",
    ),
    ("prices", 'model = "depeg"\nvolatility = 1\nhalf_life = 1\njumps_per_year = 1', "depeg_level: is missing"),
    ("prices", 'model = "garch"\nomega = "1e-6"\nalpha = "0.5"\nbeta = "0.5"\ndegrees = 5', "beta: is 1 or more together with alpha"),
    (
        "prices",
        'model = "garch"\nomega = 0\nalpha = "0.1"\nbeta = "0.5"\ndegrees = 5',
        "omega: '0' is out of range; write a decimal above 0",
    ),
    ("prices", 'model = "garch"\nomega = "1e-6"\nalpha = "0.1"\nbeta = "0.5"\ndegrees = 2', "'2' is out of range; write a decimal above 2"),
    ("prices", 'model = "garch"\nomega = "1e-6"\nalpha = "-0.1"\nbeta = "0.5"\ndegrees = 5', "alpha: '-0.1' is out of range"),
    ("prices", 'model = "garch"\nalpha = "0.1"\nbeta = "0.5"\ndegrees = 5', "omega: is missing"),
    (
        "prices",
        'model = "garch"\nfit = "long.csv"\nomega = "1e-6"',
        "row 4, column [prices] omega: says nothing beside fit, which finds it",
    ),
    ("prices", 'model = "garch"\nfit = "prices.csv"', "fit: has 10 returns, too few to fit; give a history of 500 or more"),
    ("prices", 'model = "garch"\ncolumn = "price"', "column: says nothing without fit"),
    ("prices", 'model = "garch"\nrow = "90m"', "row: has a row every 90m, which does not fit a step of 1h; take a step that divides it"),
    ("prices", 'model = "tail"\nfile = "long.csv"', "threshold_low: is missing"),
    ("prices", 'model = "tail"\nfit = "long.csv"\nshape_low = "0.1"', "shape_low: says nothing beside fit"),
    ("prices", 'model = "tail"\nfit = "long.csv"\ntail_part = "0.3"', "tail_part: '0.3' is out of range"),
    ("prices", 'model = "tail"\nfile = "long.csv"\ntail_part = "0.1"', "tail_part: says nothing without fit"),
    (
        "prices",
        'model = "tail"\nfile = "long.csv"\nthreshold_low = 0',
        "threshold_low: '0' is out of range; write a decimal of -1 or more and below 0",
    ),
    (
        "prices",
        MODEL_FILES["tail"].replace('"0.2"', "1").join(('model = "tail"\n', "")),
        "shape_low: '1' is out of range; write a decimal above -1 and below 1",
    ),
    ("prices", 'model = "profile"', "points: is missing"),
    ("prices", 'model = "profile"\npoints = []', "points: holds no point behind the start"),
    ("prices", 'model = "profile"\npoints = [[0, 1]]', "points: holds no point behind the start"),
    ("prices", 'model = "profile"\npoints = [[0, "0.9"], ["1h", 1]]', "point 1: is not 1 at the start"),
    (
        "prices",
        'model = "profile"\npoints = [["1h", 1], ["1h", 2]]',
        "row 3, column [prices] points: point 2: is not later than the one before",
    ),
    ("prices", 'model = "profile"\npoints = [["2h", 1], ["1h", 2]]', "point 2: is not later"),
    ("prices", 'model = "profile"\npoints = [["1h", 0]]', "point 1: '0' is out of range; write a decimal above 0"),
    ("prices", 'model = "profile"\npoints = [["1h", 0.5]]', 'point 1: 0.5 is a float, which is not exact; write it as a string: "0.5"'),
    ("prices", 'model = "profile"\npoints = [["1h"]]', "point 1: is not a pair"),
    ("prices", 'model = "profile"\npoints = ["1h"]', "point 1: is not a pair"),
    ("prices", 'model = "profile"\npoints = "1h"', "'1h' is not a list"),
    ("prices", 'model = "profile"\npoints = [["one", 1]]', "point 1: 'one' is not a time"),
    ("prices", f'model = "profile"\npoints = [{"[1, 1]," * 10_001}]', "holds 10,001 entries, which are too many; write at most 10,000"),
    ("prices", 'model = "history"', "file: is missing; write a text in quotes"),
    (
        "prices",
        'model = "history"\nfile = "none.csv"',
        "file: 'none.csv' is not a file; give a path as seen from the folder of the scenario",
    ),
    ("prices", 'model = "history"\nfile = "."', "'.' is not a file"),
    ("prices", 'model = "history"\nfile = ""', "'' is no text"),
    ("prices", 'model = "history"\nfile = "prices.csv"\ncolumn = "opn"', "'opn' is unknown; known are price, close, low, high"),
    ("prices", 'model = "history"\nfile = "prices.csv"\ncolumn = "price"', "DIR/prices.csv: column price is missing"),
    ("prices", 'model = "history"\nfile = "prices.csv"\nfrom_first = 1', "'1' is neither true nor false"),
    ("prices", 'model = "bootstrap"\nfile = "prices.csv"\nblock = 0', "'0' is not a whole number of 1 to 10"),
    ("prices", 'model = "bootstrap"\nfile = "prices.csv"\nblock = 11', "'11' is not a whole number of 1 to 10"),
    ("prices", 'model = "bootstrap"\nfile = "prices.csv"\nblock = "1.5"', "'1.5' is not a whole number"),
    ("prices", 'model = "bootstrap"\nfile = "scenario.toml"', ": column timestamp is missing; prices have"),
    ("oracle", 'max_ag = "1h"', "unknown key: max_ag; did you mean max_age? known are max_age, feed"),
    ("oracle", 'max_age = "101000d"', "'101000d' is out of range"),
    ("oracle", 'feed = "x"', "[[oracle.feed]] is not a list of tables"),
    ("oracle", "feed = [1]", "[[oracle.feed]] is not a list of tables"),
    ("oracle", "feed = [{}, {}, {}]", "3 of them are too many; write at most 2"),
    (
        "oracle",
        '[[oracle.feed]]\nheartbeat = "1h"\n[[oracle.feed]]\nheartbeet = "1h"',
        "row 5, column [oracle.feed] heartbeet: unknown key: heartbeet; did you mean",
    ),
    ("oracle", '[[oracle.feed]]\nheartbeat = "x"', "row 3, column [oracle.feed] heartbeat: 'x' is not a time"),
    ("oracle", "[[oracle.feed]]\ndeviation = 0", "deviation: '0' is out of range; write a decimal above 0 and at most 10"),
    ("oracle", '[[oracle.feed]]\nheartbeat = 0\ndeviation = "0.1"', "deviation: says nothing of a feed that publishes at every step"),
    ("oracle", '[[oracle.feed]]\nfixed = 1\ndelay = "1h"', "row 4, column [oracle.feed] delay: says nothing of a feed that is fixed"),
    ("oracle", "[[oracle.feed]]\nfixed = 0", "fixed: '0' is out of range; write a decimal above 0"),
    ("oracle", '[[oracle.feed]]\nbias = "0.1"', "bias: says nothing without biased"),
    ("oracle", '[[oracle.feed]]\nbiased = [["1h", "2h"]]', "biased: says nothing without bias"),
    ("oracle", '[[oracle.feed]]\nbias = "-1"\nbiased = [["1h", "2h"]]', "bias: '-1' is out of range; write a decimal above -1"),
    ("oracle", '[[oracle.feed]]\nfrozen = ["1h", "2h"]', "window 1: '1h' is not a pair of times"),
    ("oracle", '[[oracle.feed]]\nfrozen = [["1h"]]', "window 1: a list is not a pair of times"),
    ("oracle", '[[oracle.feed]]\nfrozen = [["2h", "2h"]]', "window 1: ends where it begins or before"),
    ("oracle", '[[oracle.feed]]\nfrozen = [["2h", "4h"], ["3h", "5h"]]', "window 2: begins before the one before it ends"),
    ("oracle", '[[oracle.feed]]\nfrozen = [["2h", "x"]]', "window 1: 'x' is not a time"),
    ("market", 'a = "-1"', "'-1' is out of range; write a decimal of 0 or more and at most 1e+30"),
    ("market", 'a = "inf"', "'inf' is not a decimal number"),
    ("market", 'a = "1e400"', "'1e400' is out of range"),
    ("market", "a = 1\nb = 0", "b: '0' is out of range; write a decimal above 0 and at most 1"),
    ("market", 'a = 1\nb = "1.01"', "'1.01' is out of range"),
    ("market", 'b = "0.5"', "b: says nothing without a"),
    ("market", 'measure = "book"', "measure: says nothing without a"),
    ("market", 'a = 1\nmeasure = "coins"', "'coins' is unknown; known are tokens, book"),
    ("market", 'cascade = "1.5"', "'1.5' is out of range"),
    ("market", 'quotes = "quotes.csv"\na = 1', "a: says nothing beside quotes, to which it is fitted"),
    ("market", 'sell = "WETH"', "sell: says nothing without quotes"),
    ("market", 'quotes = "pairs.csv"', "quotes: the file holds quotes of many pairs; name one: sell"),
    ("market", 'quotes = "pairs.csv"\nsell = "WETH"', "buy: is missing"),
    ("market", 'quotes = "pairs.csv"\nsell = "WETH"\nbuy = "DAI"', "holds no quotes of 'WETH/DAI'; it holds USDC/WETH, WETH/USDC"),
    (
        "market",
        'quotes = "pairs.csv"\nsell = "USDC"\nbuy = "WETH"',
        "DIR/pairs.csv: row 3, column sell_amount: 'oh' is not a decimal number",
    ),
    ("market", 'quotes = "quotes.csv"\nsell = "WETH"\nbuy = "DAI"', "DIR/quotes.csv: column sell_amount is missing"),
    (
        "market",
        'quotes = "prices.csv"',
        "DIR/prices.csv: column amount is missing; quotes have the columns amount, price_impact; found: timestamp",
    ),
    ("liquidators", "gas = -1", "'-1' is out of range"),
    ("liquidators", 'capital = "none"', "'none' is not a decimal number"),
    ("liquidators", "capital = false", "false is not a number"),
    ("liquidators", 'min_incentive = "1.1"', "is out of range"),
    ("liquidators", "outages_per_year = 4", "outages_per_year: says nothing without outage_length"),
    ("liquidators", 'outage_length = "4h"', "outage_length: says nothing without outages_per_year"),
    ("liquidators", 'order = "riskiest"', "'riskiest' is unknown; did you mean riskiest-first? known are riskiest-first, safest-first"),
    ("lenders", 'run_share = "0.5"', "run_at_fall: is missing while run_share is above 0"),
    ("lenders", 'run_share = "1.5"', "is out of range"),
    ("claims", 'fail = "loss_mean > 0"', "unknown key: fail; did you mean fails?"),
    ("claims", 'fails = "loss_mean is bad"', "'loss_mean is bad' is no comparison; write \"metric > number\""),
    ("claims", 'fails = "loss_mean > > 0"', "is no comparison"),
    ("claims", 'fails = "loss_mean > 1e999"', "'1e999' is neither a number nor a metric"),
    ("claims", 'fails = "loss_mean > Infinity"', "'Infinity' is neither a number nor a metric"),
    ("claims", "fails = [1]", "'1' is no comparison"),
    ("claims", "fails = 1", "'1' is not a list"),
    ("claims", "fails = [" + '"a > 0",' * 21 + "]", "holds 21 entries, which are too many"),
]


@pytest.mark.parametrize(("table", "content", "expected"), BAD_TABLES)
def test_a_bad_value_is_refused_with_key_reason_and_remedy(folder: Path, table: str, content: str, expected: str) -> None:
    """One line says where, why and what to do."""
    assert expected in refusal(folder, f"[{table}]\n{content}\n")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a", ": not TOML: Expected '=' after a key"),
        ("[scenario]\nname = 'a'\nname = 'b'\n", ": row 3, column 11: not TOML: Cannot overwrite a value"),
        ("[price]\n", ": row 1, column price: unknown table: price; did you mean prices? known are scenario, prices, oracle"),
        ("[[prices]]\n", ": row 1, column prices: [prices] is not a table; write [prices] on a line of its own"),
        ("prices = 1\n", ": row 1, column prices: [prices] is not a table"),
        ('model = "gbm"\n', ": row 1, column model: unknown table: model"),
        ("[oracle.feeds]\n", ": row 1, column [oracle] feeds: unknown key: feeds; did you mean feed?"),
        ("a = " + "[" * 100_000, ": is nested too deeply"),
        (f"a = {'9' * 5_000}", ": not TOML: Exceeds the limit"),
        ("#" * 300_000, ": is larger than 262,144 bytes"),
        (b"[scenario]\nname = '\xff'\n", ": row 2: byte '0xff' is not UTF-8"),
        (b"\0", "not TOML"),
    ],
)
def test_what_is_no_scenario_file_is_refused(tmp_path: Path, content: str | bytes, expected: str) -> None:
    """Whatever else it may be."""
    assert expected in refusal(tmp_path, content)


def test_a_row_that_does_not_fit_the_step_is_refused(folder: Path) -> None:
    """Neither divides the other: hours and 45 minutes; half hours and two hours fit."""
    history = '[prices]\nmodel = "bootstrap"\nfile = "prices.csv"\n'
    assert "has a row every 1h, which does not fit a step of 45m" in refusal(folder, f'{history}[scenario]\nstep = "45m"\n')
    for step in ("30m", "2h", "1h"):
        assert read(folder, f'{history}[scenario]\nstep = "{step}"\n').prices.row_seconds == 3_600


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["0,1"], "has one row, which is no move"),
        (["0,1", "3600,200"], "the price moves by a factor of 200 at 3600; mend the row"),
        (["0,1", "3600,0"], "row 3, column price: '0' is not above 0"),
        (["0,1", "3600,1", "7200,1", "7300,1"], "1 rows do not follow the one before by 1h; give rows at even times"),
        (["0,1", "3600,1", "7200,1", "17300,1"], "1 rows do not follow the one before by 1h"),
        (["3600,1", "0,1"], "'0' is earlier than the row before (3600)"),
    ],
)
def test_a_history_that_cannot_be_used_is_refused(tmp_path: Path, rows: list[str], expected: str) -> None:
    """By the file that holds it."""
    (tmp_path / "h.csv").write_text("timestamp,price\n" + "\n".join(rows) + "\n", encoding="utf-8")
    line = refusal(tmp_path, '[prices]\nmodel = "history"\nfile = "h.csv"\n')
    assert line.startswith("DIR/h.csv: ") and expected in line


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["1,0.1"] * 7, "holds 7 quotes, too few to fit; give 8 or more"),
        (["1,1"], "row 2, column price_impact: '1' is out of range; give a decimal of 0 or more and below 1"),
        (["1,-0.1"], "column price_impact: '-0.1' is out of range"),
        (["0,0.1"], "column amount: '0' is out of range; give a decimal above 0"),
        (["nan,0.1"], "column amount: 'nan' is not a decimal number"),
    ],
)
def test_quotes_that_cannot_be_used_are_refused(tmp_path: Path, rows: list[str], expected: str) -> None:
    """By the file that holds them."""
    (tmp_path / "q.csv").write_text("amount,price_impact\n" + "\n".join(rows) + "\n", encoding="utf-8")
    line = refusal(tmp_path, PRICES + '[market]\nquotes = "q.csv"\n')
    assert line.startswith("DIR/q.csv: ") and expected in line


def test_a_missing_file_is_told_with_the_shipped_names() -> None:
    """Whether a path or a name was meant."""
    with pytest.raises(InputError) as caught:
        read_scenario("black-tuesday")
    assert str(caught.value) == (
        "black-tuesday: no such file or directory; give the path of a file, or the name of a shipped scenario: did you mean "
        f"black-thursday? known are {', '.join(NAMES)}"
    )
    with pytest.raises(InputError, match="is a directory"):
        read_scenario(ROOT)


VALUES = [
    '"0"', "0", "-1", '"-1"', '"1"', "1", '"1.5"', "1.5", '"1e-30"', '"1e30"', '"1e999999999"', "nan", "inf", '"nan"', '""', '" "',
    "true", "[]", "{}", "[[]]", '[["1h", "2h"]]', '[["2h", "1h"]]', '[["1h", "0.5"]]', '"1h"', '"1d1h"', '"9999999999d"',
    "12:00:00", "2020-01-01", "[1, 2]", '"book"', '"unlimited"', '"prices.csv"', '"long.csv"', '"pairs.csv"', '"quotes.csv"', '"."',
    '"\\u0000"', '"é"', "9" * 400, '"0.05"', '"0.9"', '"history"', '"garch"', '"tail"', '"random"', '"loss_mean > 0"', '["a < b"]',
]  # fmt: skip
ALL_KEYS = sorted(
    {*SCENARIO_KEYS, *ORACLE_KEYS, *FEED_KEYS, *MARKET_KEYS, *LIQUIDATORS_KEYS, *LENDERS_KEYS, "model", "fails"}
    | {key for keys in KEYS.values() for key in keys}
)  # fmt: skip
POISON = [
    b'"',
    b"\n",
    b"nan",
    b"-",
    b"1e999999999",
    b"\0",
    b"[[[[",
    b"'''",
    b",",
    b"\xef\xbb\xbf",
    b"9" * 200,
    b"\xff\xfe",
    b"\r",
    b"[",
    b"=",
]
FILES = 2_000


def rewritten(text: str, rng: random.Random) -> bytes:
    """The file with some values replaced, keys renamed, moved, doubled, dropped or added."""
    lines = text.splitlines()
    for _ in range(rng.choice([0, 1, 1, 1, 2, 4])):
        place = rng.randrange(len(lines))
        key, _, value = lines[place].partition(" = ")
        match rng.randrange(10):
            case 0:
                del lines[place]
            case 1:
                lines.insert(rng.randrange(len(lines)), lines[place])
            case 2:
                lines[place] = f"{rng.choice(ALL_KEYS)} = {value}"
            case 3:
                lines.insert(place, f"{rng.choice(ALL_KEYS)} = {rng.choice(VALUES)}")
            case _ if value:
                lines[place] = f"{key} = {rng.choice(VALUES)}"
        if not lines:
            break
    return "\n".join(lines).encode()


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Up to ten changes: bits turned, bytes lost, poison put in."""
    changed = bytearray(data)
    for _ in range(rng.choice([0, 1, 1, 2, 5, 10])):
        place = rng.randrange(len(changed))
        match rng.randrange(3):
            case 0:
                changed[place] ^= 1 << rng.randrange(8)
            case 1:
                del changed[place : place + rng.randrange(1, 6)]
            case _:
                changed[place:place] = rng.choice(POISON)
    return bytes(changed)


def require_sound(found: Scenario) -> None:
    """Every figure is finite and within what the lab can take."""
    prices, market, people, lenders = found.prices, found.market, found.liquidators, found.lenders
    assert prices.kind in MODELS and people.order in ORDERS
    for value in (prices, market, people, lenders, *found.oracle.feeds):
        numbers = [getattr(value, field.name) for field in fields(value) if isinstance(getattr(value, field.name), int | float)]
        assert all(math.isfinite(number) for number in numbers)
    assert 0 < market.b <= 1 and market.a >= 0 and 0 <= market.cascade <= 1 and market.recovery >= 0
    assert prices.alpha + prices.beta < 1 and prices.degrees > 2 and 0 <= prices.volatility <= 10 and prices.half_life > 0
    assert all(0 < after[0] - before[0] for before, after in pairwise(prices.points)) and prices.points[:1] in ((), ((0, 1.0),))
    assert 1 <= found.step <= 86_400 and 0 <= found.correlation <= 1 and 1 <= len(found.oracle.feeds) <= 2
    for windows in (people.outages, *(feed.frozen for feed in found.oracle.feeds), *(feed.biased for feed in found.oracle.feeds)):
        assert all(window.start < window.end for window in windows)
        assert all(before.end <= after.start for before, after in pairwise(windows))
    if prices.kind in ("history", "bootstrap", "tail") or prices.to_fit:
        assert prices.returns and 1 <= prices.block <= max(24, len(prices.returns))
        assert prices.row_seconds % found.step == 0 or found.step % prices.row_seconds == 0


@pytest.mark.parametrize("how", ["keys", "bytes"])
def test_a_damaged_scenario_is_sound_or_refused_in_one_line(how: str, folder: Path) -> None:
    """Thousands of them: of both outcomes there are many, and no other error."""
    rng, outcomes = random.Random(how), Counter[str]()
    tail = f'[prices]\nmodel = "tail"\n{MODEL_FILES["tail"]}'
    body = WHOLE.partition("[prices]")[0]
    rest = "[oracle]" + WHOLE.partition("[oracle]")[2]
    depth, quotes = 'a = "0.001"\nb = "0.7"\nmeasure = "book"', 'quotes = "pairs.csv"\nsell = "WETH"\nbuy = "USDC"'
    texts = [WHOLE, body + tail + rest.replace(depth, quotes)]
    texts += [(SHIPPED / f"{name}.toml").read_text(encoding="utf-8") for name in NAMES]
    path = folder / "damaged.toml"
    for _ in range(FILES):
        text = rng.choice(texts)
        path.write_bytes(rewritten(text, rng) if how == "keys" else damaged(text.encode(), rng))
        try:
            found = read_scenario(path)
        except InputError as err:
            line = str(err)
            assert line.isprintable() and len(line) < 1_500, line
            outcomes["refused"] += 1
        else:
            require_sound(found)
            outcomes["read"] += 1
    assert outcomes["read"] > FILES // 6, outcomes
    assert outcomes["refused"] > FILES // 4, outcomes
