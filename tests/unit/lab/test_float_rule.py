"""What bench/floats.py compares is the rule: by hand where it can be, on the shipped samples where no recorded data is needed."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ringfence.inputs.samples import CALM, FALLING, read_sample
from ringfence.model import liquidation
from ringfence.model.liquidation import Position
from ringfence.model.shares import Totals
from ringfence.model.terms import PRICE_SCALE, WAD

pytest.importorskip("numba", reason="the benches need the lab extra")

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """bench/floats.py, imported as a script finds its neighbours."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    import floats

    return floats


def sample_case(bench: ModuleType, name: str, target: int = 0) -> Any:
    """A shipped book and its prices under the bench's terms."""
    from float_cases import Case, pool_of

    sample = read_sample(name)
    supply = 2 * sum(sample.book.debt)
    pool = pool_of(supply, sample.pool.collateral_decimals, sample.pool.asset_decimals, target)
    return Case(name, sample.book, pool, sample.prices)


@pytest.mark.parametrize(
    ("target", "price", "expected"),
    [
        # All of 2,000, 1 % penalty on it, and 5 % more of collateral than is paid.
        (0.0, 2300.0, (2020.0, 20.0, 0.0, 2020 * 1.05 / 2300, 0.0)),
        # (2000 - 0.8 * 2300) / (1 - 0.8 * 1.05 * 1.01) leaves a debt of 80 % of what is left.
        (0.8, 2300.0, (160 / 0.1516 * 1.01, 160 / 0.1516 * 0.01, 2000 - 160 / 0.1516, 160 / 0.1516 * 1.01 * 1.05 / 2300, 0.0)),
        # Worth 1,900: all of it for 1,900 / 1.05, and the rest is lost.
        (0.0, 1900.0, (1900 / 1.05, 0.0, 0.0, 1.0, 2000 - 1900 / 1.05)),
        # Worth 2,110: 2,100 pay for debt and incentive, so a penalty of 10 / 2,100 is what is left for it.
        (0.0, 2110.0, (2110 / 1.05, 2000 * 10 / 2100, 0.0, 1.0, 0.0)),
    ],
    ids=["all", "to a target", "with a loss", "with a part of the penalty"],
)
def test_the_rule_in_floats_gives_what_one_can_work_out(
    bench: ModuleType, target: float, price: float, expected: tuple[float, ...]
) -> None:
    """One collateral that owes 2,000, sold at 86 % with an incentive of 5 % and a penalty of 1 %; and so does the exact rule."""
    terms = bench.float_rule.FloatTerms(0.86, 0.05, 0.01, target)
    found = bench.float_rule.sale(terms, 1.0, 2000.0, price)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)
    from float_cases import pool_of

    totals = Totals(0, 0, 2000 * WAD, 2000 * WAD * 10**6, 0, 0, 0, 0)
    exact = liquidation.sale(
        pool_of(0, 18, 18, int(100 * target)).terms, totals, Position(WAD, totals.debt_shares), int(price) * PRICE_SCALE, 0, 2**256 - 1
    )
    paid, penalty, left, sold, lost = expected
    wanted = (paid, penalty, 2000 - left - lost, sold, lost)
    assert [exact.payment, exact.penalty, exact.debt_retired, exact.collateral, exact.loss] == pytest.approx(
        [each * 1e18 for each in wanted], rel=1e-12, abs=100
    )


def test_a_critical_price_is_the_last_unhealthy_one(bench: ModuleType) -> None:
    """1 ETH owes 2,000 USDC: 86 % of 2,325.581395 rounds down to 1,999.999999, of one unit more to 2,000.000000."""
    totals, position = Totals(0, 0, 2 * 10**9, 2 * 10**15, 0, 0, 0, 0), Position(WAD, 2 * 10**15)
    found = bench.last_unhealthy(lambda price: liquidation.is_healthy(86 * WAD // 100, totals, position, price))
    assert found == 2_325_581_396 * PRICE_SCALE // WAD - 1
    assert bench.last_unhealthy(lambda price: price > 29, 10) == 20
    assert bench.last_unhealthy(lambda _: True) == 0


@pytest.mark.parametrize("name", [FALLING, CALM])
def test_floats_are_wrong_only_where_it_is_close(bench: ModuleType, name: str) -> None:
    """Nowhere at a sample's prices, and at critical prices, where the exact rule has two loans in three unhealthy by construction; in an
    asset of 6 decimals it is the roundings that they lack."""
    case = sample_case(bench, name)
    hours = bench.at_hours(case)
    assert hours["decisions"] == len(case.book) * len(case.prices)
    assert (hours["missed"], hours["refused"]) == (0, 0)
    if name == FALLING:
        assert hours["unhealthy"] > 1_000
    close = bench.at_critical_prices(case, None)
    assert close["decisions"] == 3 * len(case.book)
    assert close["missed"] + close["refused"] > len(case.book)
    assert close["by_rounding"] > 0.9 * (close["missed"] + close["refused"])
    # Two units of rounding in a debt of hundreds of tokens, of a million units each.
    assert 0 < bench.widths([case])["most"] < 2 / min(case.book.debt)


@pytest.mark.parametrize("target", [0, 80])
def test_the_exact_books_balance_and_the_transactions_of_floats_do_not_all_go_through(bench: ModuleType, target: int) -> None:
    """The sample that crashes: payments within a few units, collateral asked for as figured often refused, a margin enough."""
    differences = bench.Differences()
    books = bench.through_hours(sample_case(bench, FALLING, target), differences)
    assert books["exact_imbalance"] == 0
    assert books["sales"] == differences.sales > 50
    assert differences.losing > 10
    assert 0 < differences.payment_sum <= 3 * differences.sales
    assert differences.refused_for_collateral > differences.sales // 4
    assert differences.refused_with_margin == 0


def test_real_loans_come_out_as_recorded(bench: ModuleType, recorded_data: Path) -> None:
    """Decisions and sales of all 757, which no machine moves."""
    from float_cases import real_cases

    recorded = json.loads((ROOT / "bench" / "results" / "floats.json").read_text(encoding="utf-8"))
    found = bench.compared(real_cases(recorded_data, 6))
    for part in ("loans", "loans_under_a_token", "at_hours", "at_critical_prices", "widths", "sales"):
        assert found[part] == recorded["6 decimals"][part], part
