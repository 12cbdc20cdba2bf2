"""Scenario files: every key read as its page says, the files they name too, and what was left out told."""

import math
import shutil
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

from ringfence.inputs.price_model import KEYS, MODELS, TAILS
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
from ringfence.inputs.scenario_file import (
    DEFAULT_PRICES,
    FEED_KEYS,
    LENDERS_KEYS,
    LIQUIDATORS_KEYS,
    MARKET_KEYS,
    NAMES,
    ORACLE_KEYS,
    SCENARIO_KEYS,
    read_scenario,
)
from tests.unit.inputs.scenario_files import CLOSES, MODEL_FILES, PRICES, WHOLE, fill, read

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "examples" / "scenarios"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with histories and quotes."""
    return fill(tmp_path)


def test_every_key_is_read(tmp_path: Path) -> None:
    """Times as seconds, decimals as floats, texts with their blanks joined."""
    found = read(tmp_path, WHOLE)
    assert (found.name, found.description, found.step, found.start) == ("everything", "A scenario that sets every key", 1_800, "2300.50")
    assert (found.correlation, found.fails, found.holds) == (0.4, "What fails.", "What holds.")
    assert found.prices == PriceModel(
        "gbm", volatility=0.8, drift=-0.1, jumps_per_year=12.0, jump_mean=-0.05, jump_deviation=0.01
    )  # fmt: skip
    first = Feed(3_600, 0.005, 90, (Window(7_200, 28_800), Window(86_400, 90_000)), None, -0.02, (Window(0, 600),))
    assert found.oracle == Oracle((first, Feed(fixed=0.99)), 7_200)
    assert found.market == Market(0.001, 0.7, 5_400, 1.0, per_book=True)
    assert found.liquidators == Liquidators(12.5, 3.0, 0.01, 1e6, 60, (Window(7_200, 10_800),), 4.0, 21_600, "random")
    assert found.lenders == Lenders(0.5, 0.1, 0.02)
    assert [claim.text for claim in found.claims] == ["loss_mean > 0", "loss_from_other_pools = 0", "loss_mean <= loss_es99"]
    assert [claim.kind for claim in found.claims] == ["fails", "holds", "holds"]
    assert (found.defaults, found.notices, found.sources) == ((), (), ())
    assert found.file == str(tmp_path / "scenario.toml")


def test_the_test_sets_every_key() -> None:
    """So that none goes untested: each stands in the file above, those of quotes and of other models in files of their own."""
    known = {*SCENARIO_KEYS, *ORACLE_KEYS, *FEED_KEYS, *MARKET_KEYS, *LIQUIDATORS_KEYS, *LENDERS_KEYS} - {"quotes", "sell", "buy"}
    assert [key for key in known if f"{key} = " not in WHOLE and f"oracle.{key}]" not in WHOLE] == []
    fitted = {"fit", "tail_part"}
    written = {(model, key) for model, keys in KEYS.items() for key in keys if f"{key} = " in MODEL_FILES[model]}
    assert {(model, key) for model, keys in KEYS.items() for key in keys} - written <= {
        *((model, key) for model in ("garch", "tail") for key in (*fitted, "column")),
    }


def test_nothing_is_the_best_case_and_counts_as_default(tmp_path: Path) -> None:
    """An empty file is read; what it leaves out is told, and a table that says only half as well."""
    found = read(tmp_path, "")
    assert found.defaults == ("prices", "oracle", "market", "liquidators", "lenders")
    assert (found.prices, found.oracle, found.market) == (DEFAULT_PRICES, Oracle(), Market())
    assert (found.liquidators, found.lenders, found.name, found.step) == (Liquidators(), Lenders(), "scenario", 3_600)
    assert found.notices == (
        f"{tmp_path}/scenario.toml: left to defaults, which are the best case: [prices]; [oracle]; [market]; [liquidators]; [lenders]",
    )
    half = PRICES + '[oracle]\nmax_age = "1h"\n[market]\na = "0.1"\n[liquidators]\ngas = 3\nlatency = 0\n[lenders]\nrun_share = 0\n'
    found = read(tmp_path, half)
    assert found.defaults == ("oracle", "market", "liquidators")
    assert "best case: [oracle] feed; [market] recovery, cascade; [liquidators] capital" in found.notices[0]
    untold = PRICES + '[oracle]\n[[oracle.feed]]\nheartbeat = "1h"\n[[oracle.feed]]\ndelay = "1h"\n'
    assert "oracle" in read(tmp_path, untold).defaults
    assert "oracle" not in read(tmp_path, untold.replace("delay", "heartbeat")).defaults
    assert "oracle" in read(tmp_path, "[oracle]\nfeed = []\n").defaults


def test_unlimited_capital_and_a_perfect_feed_can_be_decisions(tmp_path: Path) -> None:
    """What is written is not left to a default, even where it says the same."""
    found = read(
        tmp_path,
        PRICES + '[[oracle.feed]]\nheartbeat = 0\n[liquidators]\ngas = 0\ncapital = "unlimited"\nlatency = "0s"\n'
        "[market]\na = 0\nrecovery = 0\ncascade = 0\n[lenders]\nrun_share = 0\n",
    )
    assert found.defaults == ()
    assert (found.oracle, found.market, found.liquidators, found.lenders) == (Oracle(), Market(), Liquidators(), Lenders())


def test_a_feed_publishes_by_what_is_written_alone(tmp_path: Path) -> None:
    """A heartbeat alone is not woken by moves, a deviation alone not by time."""
    for text, heartbeat, deviation in (
        ('heartbeat = "1h"', 3_600, NEVER_MOVES),
        ('deviation = "0.01"', NEVER_BEATS, 0.01),
        ('delay = "1h"', 0, 0.0),
    ):
        feed = read(tmp_path, f"{PRICES}[[oracle.feed]]\n{text}\n").oracle.feeds[0]
        assert (feed.heartbeat, feed.deviation) == (heartbeat, deviation)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_read(folder: Path, model: str) -> None:
    """Each key of each into the field of its name, a history into the log returns of its column."""
    found = read(folder, f'[prices]\nmodel = "{model}"\n{MODEL_FILES[model]}').prices
    assert found.kind == model
    expected = {
        "history": {"from_first": True, "row_seconds": 3_600},
        "bootstrap": {"block": 5},
        "profile": {"points": ((0, 1.0), (21_600, 0.8), (43_200, 0.7)), "volatility": 0.3},
        "gbm": {"volatility": 0.8, "drift": 0.05, "jumps_per_year": 4.0, "jump_mean": -0.2, "jump_deviation": 0.1},
        "ou": {"half_life": 21_600, "volatility": 0.05},
        "garch": {"omega": 1e-6, "alpha": 0.1, "beta": 0.85, "mean": -0.0001, "degrees": 4.5, "row_seconds": 7_200},
        "tail": dict(zip(TAILS, (-0.02, 0.2, 0.01, 0.02, -0.1, 0.012), strict=True)),
        "depeg": {"half_life": 21_600, "volatility": 0.05, "jumps_per_year": 1.0, "depeg_level": 0.5},
    }[model]
    assert {name: getattr(found, name) for name in expected} == expected
    assert (found.to_fit, bool(found.returns)) == ("", model in ("history", "bootstrap", "tail"))
    if found.returns:
        assert found.returns == pytest.approx([math.log(after / before) for before, after in pairwise(CLOSES)], rel=1e-14)


def test_a_history_to_fit_comes_with_its_returns(folder: Path) -> None:
    """What is to be fitted is said, with the returns; the files are remembered with their hashes."""
    garch = read(folder, '[prices]\nmodel = "garch"\nfit = "long.csv"\n')
    assert (garch.prices.to_fit, len(garch.prices.returns), garch.prices.row_seconds) == ("garch", 599, 3_600)
    tail = read(folder, '[prices]\nmodel = "tail"\nfit = "long.csv"\nblock = 12\ntail_part = "0.1"\n').prices
    assert (tail.to_fit, tail.tail_part, tail.block, len(tail.returns)) == ("tail", 0.1, 12, 599)
    assert [Path(source.path).name for source in garch.sources] == ["long.csv"]
    assert len(garch.sources[0].sha256) == 64


def test_gaps_are_told_and_taken_as_one_move(folder: Path) -> None:
    """An exchange that stood still for hours opens where it opens."""
    lines = (folder / "long.csv").read_text().splitlines()
    (folder / "gaps.csv").write_text("\n".join(lines[:100] + lines[105:]) + "\n", encoding="utf-8")
    found = read(folder, '[prices]\nmodel = "bootstrap"\nfile = "gaps.csv"\n')
    assert (len(found.prices.returns), found.prices.row_seconds, found.prices.block) == (594, 3_600, 24)
    assert f"{folder}/gaps.csv: 1 gap longer than 1h taken as one move each" in found.notices


def test_quotes_of_one_pair_and_of_many(folder: Path) -> None:
    """The same quotes in both formats are the same; other pairs are not even looked at."""
    one = read(folder, PRICES + '[market]\nquotes = "quotes.csv"\nrecovery = "1h"\n').market
    many = read(folder, PRICES + '[market]\nquotes = "pairs.csv"\nsell = "WETH"\nbuy = "USDC"\nrecovery = "1h"\n').market
    assert one == many
    assert [amount for amount, _ in one.quotes] == [1, 2, 5, 10, 20, 50, 100, 200, 500]
    assert one.quotes[-1] == (500.0, pytest.approx(1 - 1 / 1.5))
    assert (one.a, one.recovery) == (0.0, 3_600)
    assert "market" in read(folder, PRICES + '[market]\nquotes = "quotes.csv"\nrecovery = "1h"\n').defaults


@pytest.mark.parametrize(("text", "seconds"), [('"90s"', 90), ('"10m"', 600), ('"1d2h3m4s"', 93_784), ("0", 0), ('"60"', 60), ("7", 7)])
def test_a_time_is_written_in_units_or_seconds(tmp_path: Path, text: str, seconds: int) -> None:
    """The largest unit first."""
    assert read(tmp_path, f"{PRICES}[oracle]\nmax_age = {text}\n").oracle.max_age == seconds


# The scenarios that ship


def test_the_names_are_the_files() -> None:
    """Each name has its file, each file its name."""
    assert sorted(NAMES) == sorted(path.stem for path in SHIPPED.glob("*"))


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_is_whole(name: str, tmp_path: Path) -> None:
    """It leaves nothing to defaults, needs no other file, says what fails and what holds in words and in claims, and is the same by name
    and by path from anywhere."""
    found = read_scenario(name)
    assert (found.name, found.defaults, found.notices, found.sources, found.start) == (name, (), (), (), None)
    assert found.description and found.fails.endswith(".") and found.holds.endswith(".")
    assert {claim.kind for claim in found.claims} == {"fails", "holds"}
    assert found.source is not None and found.source.path == name
    copy = tmp_path / "copy.toml"
    shutil.copy(SHIPPED / f"{name}.toml", copy)
    by_path = read_scenario(copy)
    assert by_path.source is not None and by_path.source.sha256 == found.source.sha256
    left = {"source"}
    assert all(getattr(by_path, field.name) == getattr(found, field.name) for field in fields(Scenario) if field.name not in left)


def test_black_thursday_is_the_fall_that_it_tells() -> None:
    """From 194.6 to 86 USD within 27 hours and back to about 130; an oracle an hour late; nobody there at the low."""
    found = read_scenario("black-thursday")
    low = min(found.prices.points, key=lambda point: point[1])
    assert 194.6 * low[1] == pytest.approx(86, abs=0.1)
    assert low[0] <= 27 * 3_600
    assert 194.6 * found.prices.points[-1][1] == pytest.approx(134, abs=0.2)
    assert (found.oracle.feeds[0].delay, found.oracle.feeds[0].heartbeat) == (3_600, 3_600)
    assert any(window.start <= low[0] < window.end for window in found.liquidators.outages)
