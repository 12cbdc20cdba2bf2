"""A replay through the contracts is the replay on the model: every figure and every sale, to the unit.

$REPLAY_CASES says how many random cases the nightly run takes, $REPLAY_SEED where it begins.
"""

import os
from collections import Counter
from dataclasses import fields
from importlib.resources import as_file, files
from pathlib import Path
from random import Random

import pytest

from ringfence.chain.embedded import COMPACT_AFTER
from ringfence.chain.engine import ChainEngine
from ringfence.cli.main import run
from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, FixedRateTerms, KinkedRateTerms, PoolFile
from ringfence.inputs.prices import Prices
from ringfence.inputs.results import ReplayResult, write_replay
from ringfence.lab.model_engine import ModelEngine
from ringfence.lab.replay import Engine, replay
from ringfence.model.terms import WAD, ZERO_ADDRESS, Terms
from tests.agreement.replay_cases import CRASHES, FAMILY_TERMS, MARKETS, Case, CountingEngine, random_case, real_case

CASES = 1_000
NIGHTLY_CASES = int(os.environ.get("REPLAY_CASES", "20_000"))
NIGHTLY_SEED = int(os.environ.get("REPLAY_SEED", "100_000"))
# What a thousand random cases must have seen, or they have not proven much; they see about twice as much.
LEAST = {
    "sale": 1_800,
    "sale whole": 1_000,
    "sale in part": 750,
    "sale in part at a loss": 450,
    "sale of all collateral at a loss": 750,
    "sale while the clock runs": 1_200,
    "sale with penalty": 350,
    "sale refused": 50,
    "quote refused": 35,
    "buyer waits": 350,
    "flagged": 3_000,
    "unflagged": 390,
    "loss borne by the reserve": 550,
    "loss borne by lenders": 850,
    "loss borne by both": 200,
    "run with sales": 340,
    "run with interest": 320,
    "run with surplus": 10,
    "run that ends with the unhealthy": 140,
    "run that ends with the insolvent": 95,
}
# Loans under the 2,500 that the window family asks for at least, of 242, 234, 181, 65 and 20 whose collateral is whole.
UNDER_LEAST_DEBT = {"WETH": 74, "wstETH": 44, "WBTC": 17, "sfrxETH": 7, "tBTC": 1}
# What each family must show in every market and crash.
SHOWN = {
    "fixed": ("sale whole", "sale with penalty"),
    "dutch": ("flagged", "unflagged", "sale while the clock runs"),
    "slope": ("sale whole", "sale with penalty"),
    "window": ("sale in part", "sale in part at a loss", "sale while the clock runs", "loss borne by the reserve"),
}


def both(case: Case, engine: Engine | None = None) -> tuple[ReplayResult, ReplayResult]:
    """The same replay on the model and on the contracts."""
    limits = {"max_paid_per_row": case.max_paid, "min_incentive": case.min_incentive}
    return replay(case.book, case.pool, case.prices, **limits), replay(
        case.book, case.pool, case.prices, engine=engine or ChainEngine(), **limits
    )


def assert_same(model: ReplayResult, chain: ReplayResult) -> None:
    """Sales and figures are equal, and all that the result says but the engine's name."""
    for number, (one, other) in enumerate(zip(model.sales, chain.sales, strict=False)):
        assert one == other, f"sale {number}"
    assert len(model.sales) == len(chain.sales)
    assert model.pool == chain.pool
    assert chain.options["engine"] == "chain"
    assert model.to_dict() == {**chain.to_dict(), "options": {**chain.options, "engine": "model"}}


@pytest.mark.parametrize("family", FAMILY_TERMS)
@pytest.mark.parametrize("crash", CRASHES)
@pytest.mark.parametrize("market", MARKETS)
def test_real_books_in_real_crashes(recorded_data: Path, tmp_path: Path, market: str, crash: str, family: str) -> None:
    """Five markets, two crashes, four families of terms: the files that are written are the same, byte by byte."""
    case, left_out = real_case(recorded_data, tmp_path, market, crash, family)
    assert left_out == (UNDER_LEAST_DEBT[market] if family == "window" else 0)
    engine = CountingEngine(case.min_incentive)
    results = both(case, engine)
    assert_same(*results)
    assert_seen(engine.counts, dict.fromkeys(("sale", *SHOWN[family]), 1))
    model, chain = (tmp_path / name for name in ("model", "chain"))
    for folder, result in zip((model, chain), results, strict=True):
        folder.mkdir()
        write_replay(result, folder)
    assert same_files(model, chain)


def same_files(model: Path, chain: Path) -> bool:
    """Whether two results are the same bytes, the engine's name aside."""
    return (model / "sales.csv").read_bytes() == (chain / "sales.csv").read_bytes() and (model / "result.json").read_text() == (
        chain / "result.json"
    ).read_text().replace('"engine": "chain"', '"engine": "model"')


def test_random_cases() -> None:
    """A thousand pools of all families and sizes, under prices calm and violent; everything that can happen did happen."""
    assert_seen(counts_of(range(CASES)), LEAST)


@pytest.mark.nightly
def test_many_random_cases() -> None:
    """The same with many more."""
    counts = counts_of(range(NIGHTLY_SEED, NIGHTLY_SEED + NIGHTLY_CASES))
    assert_seen(counts, {name: least * NIGHTLY_CASES // CASES for name, least in LEAST.items()})


def counts_of(seeds: range) -> Counter[str]:
    """Replays these cases on both engines and counts what happened."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        case = random_case(seed)
        engine = CountingEngine(case.min_incentive)
        model, chain = both(case, engine)
        try:
            assert_same(model, chain)
        except AssertionError as err:
            raise AssertionError(f"random_case({seed})") from err
        assert engine.counts["sale"] == model.pool.sales
        counts += engine.counts + told(model)
    return counts


def told(result: ReplayResult) -> Counter[str]:
    """What a result tells of a run."""
    names = {
        "run with sales": result.pool.sales,
        "run with interest": result.pool.interest,
        "run with surplus": result.pool.surplus,
        "run that ends with the unhealthy": result.pool.unhealthy_at_end,
        "run that ends with the insolvent": result.pool.insolvent_at_end,
    }
    return Counter(name for name, number in names.items() if number > 0)


def assert_seen(counts: Counter[str], least: dict[str, int]) -> None:
    """Everything happened often enough."""
    rare = {name: counts[name] for name, number in least.items() if counts[name] < number}
    assert not rare, f"seen too rarely: {rare}"


# Patience

BASE, RISE, WANTED = WAD // 200, 25 * WAD // 10_000 // 60, 3 * WAD // 100


@pytest.mark.parametrize("engine", [ModelEngine, ChainEngine])
def test_patient_buyers_take_a_dutch_sale_in_the_first_row_that_reaches_their_incentive(engine: type[Engine]) -> None:
    """Rows of any distance, three loans that fall one after the other: each is sold in the first row in which base + rise * time since
    its flag is 3 %, at just that incentive."""
    rng = Random(3)
    times = [1_700_000_000]
    for _ in range(60):
        times.append(times[-1] + rng.randint(20, 200))
    # Debts of 1,700, 1,500 and 1,300 at 86 % are unhealthy under prices of 1,977, 1,745 and 1,512: from rows 5, 20 and 35 on.
    quotes = [2_000 if row < 5 else 1_950 if row < 20 else 1_740 if row < 35 else 1_510 for row in range(len(times))]
    book = Book(("a", "b", "c"), (10**18,) * 3, tuple(debt * 10**18 for debt in (1_700, 1_500, 1_300)))
    pool = pool_of(incentive_base=BASE, incentive_rise=RISE, incentive_max=6 * WAD // 100, sale_timeout=3_600)
    prices = Prices(tuple(times), tuple(quote * 10**36 for quote in quotes))
    expected = []
    for account, flagged in zip(book.accounts, (5, 20, 35), strict=True):
        offers = {row: BASE + RISE * (times[row] - times[flagged]) for row in range(flagged, len(times))}
        first = min(row for row, offer in offers.items() if offer >= WANTED)
        assert first > flagged + 1
        expected.append((times[first], account, offers[first]))
    sales = replay(book, pool, prices, engine=engine(), min_incentive=WANTED).sales
    assert [(sale.timestamp, sale.account, sale.incentive) for sale in sales] == expected


@pytest.mark.parametrize("crash", CRASHES)
def test_patient_buyers_of_real_loans_come_four_hours_after_the_flag(recorded_data: Path, tmp_path: Path, crash: str) -> None:
    """With hourly rows, .5 % and .79 % more an hour, 3 % are first reached in the fourth row after the flag; every sale is such a one."""
    case, _ = real_case(recorded_data, tmp_path, "WETH", crash, "dutch")
    terms = case.pool.terms
    assert {later - earlier for earlier, later in zip(case.prices.timestamps, case.prices.timestamps[1:], strict=False)} == {3_600}
    sales = replay(case.book, case.pool, case.prices, engine=ChainEngine(), min_incentive=case.min_incentive).sales
    assert len(sales) > 30
    assert {sale.incentive for sale in sales} == {terms.incentive_base + terms.incentive_rise * 4 * 3_600}


def pool_of(**given: int) -> PoolFile:
    """A pool of 18 decimals with these terms over plain ones."""
    plain: dict[str, int | str] = {field.name: ZERO_ADDRESS if field.type is str else 0 for field in fields(Terms)}
    plain |= {"max_ltv": 80 * WAD // 100, "liq_ltv": 86 * WAD // 100, "supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}
    return PoolFile(Terms(**(plain | given)), FixedRateTerms(0), 18, 18, 10_000 * 10**18)  # type: ignore[arg-type]


# Length, and the command line


def test_a_history_longer_than_the_journal() -> None:
    """The chain drops its journal on the way and goes on as before: sales, clocks and interest to the last row."""
    rng = Random(1)
    rows = COMPACT_AFTER * 6 // 5
    quotes = [(2_000 - 900 * row // rows + rng.randint(-1, 1)) * 10**36 for row in range(rows)]
    count = 40
    book = Book(tuple(map(str, range(count))), (10**18,) * count, tuple((1_700 - 20 * place) * 10**18 for place in range(count)))
    terms = pool_of(
        incentive_base=BASE, incentive_max=6 * WAD // 100, incentive_rise=RISE, sale_timeout=3_600, reserve_factor=WAD // 10
    ).terms
    pool = PoolFile(terms, KinkedRateTerms(10**8, 9 * WAD // 10, 10**8, 10**10), 18, 18, sum(book.debt) * 11 // 10, 10**18)
    prices = Prices(tuple(range(10**9, 10**9 + 60 * rows, 60)), tuple(quotes))
    engine = ChainEngine()
    model, chain = both(Case(book, pool, prices, 10**20, 2 * WAD // 100), engine)
    assert_same(model, chain)
    assert engine._chain._since_compact < COMPACT_AFTER < rows
    late = 10**9 + 60 * COMPACT_AFTER
    assert sum(sale.timestamp < late for sale in chain.sales) > 50
    assert sum(sale.timestamp > late for sale in chain.sales) > 10


def test_the_command_line_writes_the_same_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--engine chain` on the shipped sample, with money and patience: the same bytes but for the engine's name, which is shown."""
    with as_file(files("ringfence.inputs").joinpath("samples", "eth_usdc")) as sample:
        given = [part for name in ("book.csv", "terms.toml", "prices.csv") for part in (f"--{name.split('.')[0]}", str(sample / name))]
        for engine in ("model", "chain"):
            options = ["--engine", engine, "--max-paid-per-row", "300000", "--min-incentive", "0.02", "--out", str(tmp_path / engine)]
            assert run(["replay", *given, *options]) == 0
            assert f"engine {engine}" in capsys.readouterr().out
    assert same_files(tmp_path / "model", tmp_path / "chain")
    assert len((tmp_path / "chain" / "sales.csv").read_text().splitlines()) > 5
