"""What a replay promises beyond the order of sales: set-up to the unit, balance, patience, refusal before anything runs."""

from dataclasses import fields, replace
from decimal import Decimal

import pytest

from ringfence.inputs.book import Book
from ringfence.inputs.errors import InputError
from ringfence.inputs.events import LossParts
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, FixedRateTerms, PoolFile
from ringfence.inputs.prices import Prices
from ringfence.inputs.tables import Source
from ringfence.lab.model_engine import ModelEngine
from ringfence.lab.replay import replay
from ringfence.lab.tally import ConservationError
from ringfence.model.liquidation import Sale
from ringfence.model.terms import WAD, ZERO_ADDRESS, Terms

UNIT = 10**18
START = 1_600_000_000
WHALE = 360_380_000 * UNIT


def make_pool(supply: int, reserve: int = 0, rate: int = 0, **given: int | str) -> PoolFile:
    """A pool of 18 and 18 decimals; 5 % incentive, no penalty, unless a test changes it."""
    plain = {field.name: ZERO_ADDRESS if field.type is str else 0 for field in fields(Terms)}
    plain |= {"max_ltv": 80 * WAD // 100, "liq_ltv": 86 * WAD // 100, "incentive_base": WAD // 20, "incentive_max": WAD // 20}
    plain |= {"supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}
    return PoolFile(Terms(**(plain | given)), FixedRateTerms(rate), 18, 18, supply, reserve)  # type: ignore[arg-type]


def make_book(*positions: tuple[int, int]) -> Book:
    """Accounts a, b, c... with whole tokens of collateral and debt."""
    names = tuple("abcdefghij"[: len(positions)])
    return Book(names, tuple(held * UNIT for held, _ in positions), tuple(debt * UNIT for _, debt in positions))


def make_prices(*prices: str, step: int = 60) -> Prices:
    """Rows `step` seconds apart."""
    return Prices(tuple(range(START, START + step * len(prices), step)), tuple(int(Decimal(price) * 10**36) for price in prices))


@pytest.mark.parametrize(("percent", "fall", "money", "loss"), [(93, 80, "20904419.67", 0), (94, 80, "20904419.67", 284_401)])
def test_one_whale_in_a_slow_fall(percent: int, fall: int, money: str, loss: int) -> None:
    """The published scenario: the highest liquidation LTV without insolvency on a grid of 1 % is 0.93."""
    assert one_whale(percent, fall, money) == loss


@pytest.mark.parametrize(("percent", "fall", "money", "loss"), [(79, 140, "5000000", 0), (80, 140, "5000000", 1_680_962)])
def test_one_whale_in_a_long_fall_with_little_money(percent: int, fall: int, money: str, loss: int) -> None:
    """0.79 holds, 0.80 leaves a loss of $1,680,962."""
    assert one_whale(percent, fall, money) == loss


def one_whale(percent: int, fall: int, money: str) -> int:
    """The loss in whole dollars: a loan at exactly liq_ltv, half a percent down a minute, Morpho's incentive for that LTV."""
    liq_ltv = percent * WAD // 100
    incentive = WAD * WAD // (WAD - 3 * (WAD - liq_ltv) // 10) - WAD
    debt = WHALE * liq_ltv // WAD
    pool = make_pool(debt * 3 // 2, max_ltv=liq_ltv * 99 // 100, liq_ltv=liq_ltv, incentive_base=incentive, incentive_max=incentive)
    prices = Prices(tuple(range(START, START + 60 * fall, 60)), tuple((1000 - 5 * step) * 10**33 for step in range(1, fall + 1)))
    result = replay(Book(("whale",), (WHALE,), (debt,)), pool, prices, max_paid_per_row=int(Decimal(money) * UNIT)).pool
    assert result.sales > 10
    assert result.unrealised_loss == result.unhealthy_at_end == 0
    assert result.solvent == (result.loss == 0)
    return result.loss // UNIT


def test_the_first_row_sells_what_is_unhealthy_from_the_start() -> None:
    """Set up at the highest price there is, the book is judged at the first row as at any other."""
    result = replay(make_book((1, 1700), (1, 1800)), make_pool(10_000 * UNIT), make_prices("2000", "1900")).pool
    assert (result.sales, result.positions_sold, result.positions_sold_at_start) == (2, 2, 1)


def test_before_is_after_set_up() -> None:
    """Supply, reserve and debt as the files say, to the unit, before any interest; the share price starts at a millionth of a unit."""
    book = Book(("a", "b"), (7, 10**18), (1, 999_999_999_999_999_999))
    result = replay(book, make_pool(10**18, reserve=5), make_prices("2")).pool
    assert (result.supply_before, result.reserve_before, result.debt_before) == (10**18, 5, 10**18)
    assert result.share_price_before == 10**30


def test_lenders_without_supply_and_accounts_without_debt_are_taken() -> None:
    """Nothing lent, nothing owed, nothing sold."""
    result = replay(make_book((1, 0), (2, 0)), make_pool(0), make_prices("1", "0.000001")).pool
    assert (result.supply_after, result.debt_after, result.sales, result.solvent) == (0, 0, 0, True)


def test_interest_runs_from_the_first_timestamp_by_rows() -> None:
    """A rate of 1e9 WAD a second on 1,000 for an hour in two rows: 1000 * 3600e-9, plus the interest on the first half's."""
    result = replay(make_book((1000, 1000)), make_pool(1000 * UNIT, rate=10**9), make_prices("2", "2", "2", step=1800)).pool
    half = 1800 * 10**9
    growth = half + half**2 // (2 * WAD) + half**3 // (6 * WAD**2)
    first = 1000 * growth
    assert result.interest == pytest.approx(first + first + first * growth // WAD, abs=2)
    assert result.debt_after == 1000 * UNIT + result.interest


def test_money_is_renewed_each_row_and_not_carried_over() -> None:
    """Three rows of 200 against collateral worth 1,000: 600 paid and the rest still unhealthy, though the first row sold nothing."""
    result = replay(make_book((1, 1800)), make_pool(2000 * UNIT), make_prices("3000", "1000", "1000", "1000"), max_paid_per_row=200 * UNIT)
    assert [sale.payment for sale in result.sales] == [200 * UNIT] * 3
    assert result.pool.unhealthy_at_end == 1


def test_no_money_buys_nothing() -> None:
    """A row whose money is 0 is spent before it begins."""
    result = replay(make_book((1, 1800)), make_pool(2000 * UNIT), make_prices("2000"), max_paid_per_row=0).pool
    assert (result.sales, result.unhealthy_at_end, result.insolvent_at_end, result.unrealised_loss) == (0, 1, 0, 0)


def test_what_is_not_sold_is_told() -> None:
    """Unhealthy, insolvent, and by how much, at the last row."""
    result = replay(make_book((1, 1800), (1, 1000)), make_pool(3000 * UNIT), make_prices("1100"), max_paid_per_row=0).pool
    assert (result.unhealthy_at_end, result.insolvent_at_end, result.unrealised_loss) == (2, 1, 700 * UNIT)
    assert not result.solvent


def test_patient_buyers_take_a_dutch_sale_in_the_first_row_that_reaches_their_incentive() -> None:
    """0.25 % a minute from 0.5 %: 3 % is reached ten minutes after the flag, in the eleventh row, and not before."""
    terms = {"incentive_base": 5 * WAD // 1000, "incentive_rise": -(-25 * WAD // 10_000 // 60), "incentive_max": 6 * WAD // 100}
    pool = make_pool(2000 * UNIT, sale_timeout=3600, **terms)
    prices = make_prices("3000", *["2050"] * 20)
    sales = replay(make_book((1, 1800)), pool, prices, min_incentive=3 * WAD // 100).sales
    assert [sale.timestamp for sale in sales] == [START + 60 + 600]
    assert 3 * WAD // 100 <= sales[0].incentive < 3 * WAD // 100 + 10**6
    hasty = replay(make_book((1, 1800)), pool, prices).sales
    assert [(sale.timestamp, sale.incentive) for sale in hasty] == [(START + 60, 5 * WAD // 1000)]


def test_a_clock_that_runs_out_starts_again_and_one_of_the_healthy_is_stopped() -> None:
    """With more patience than the sale offers nobody buys; after a recovery the wait starts anew."""
    rise = {"incentive_base": 0, "incentive_rise": WAD // 100 // 60, "incentive_max": 5 * WAD // 100}
    pool = make_pool(2000 * UNIT, sale_timeout=301, **rise)
    prices = make_prices(*["2050"] * 4, "3000", *["2050"] * 5)
    sales = replay(make_book((1, 1800)), pool, prices, min_incentive=4 * WAD // 100 - 10**6).sales
    assert [sale.timestamp for sale in sales] == [START + 60 * 9], "four minutes after the second flag, in the fifth row"
    assert replay(make_book((1, 1800)), pool, make_prices(*["2050"] * 40), min_incentive=6 * WAD // 100).sales == ()


class Lying(ModelEngine):
    """An engine that gets one amount of one sale wrong."""

    def __init__(self, **wrong: int) -> None:
        super().__init__()
        self.wrong = wrong

    def sell(self, place: int, max_payment: int) -> tuple[Sale, LossParts] | None:
        sold = super().sell(place, max_payment)
        if sold is None:
            return None
        sale, parts = sold
        changes = {name: getattr(sale, name) + by for name, by in self.wrong.items() if name != "from_reserve"}
        return sale._replace(**changes), (parts[0] + self.wrong.get("from_reserve", 0), *parts[1:])

    def advance(self, now: int, price: int) -> int:
        return super().advance(now, price) + self.wrong.get("interest", 0)


@pytest.mark.parametrize("wrong", ["payment", "debt_retired", "penalty", "debt_shares", "collateral", "loss", "from_reserve"])
def test_a_unit_that_goes_missing_is_an_error(wrong: str) -> None:
    """Whatever amount an engine reports wrongly by one unit, the run says so instead of showing it."""
    book, pool, prices = make_book((2, 1700), (1, 1500), (1, 900)), make_pool(9000 * UNIT), make_prices("1000")
    with pytest.raises(ConservationError, match="is not"):
        replay(book, pool, prices, engine=Lying(**{wrong: 1}))
    replay(book, pool, prices, engine=Lying())


def test_interest_that_is_not_in_the_debt_is_an_error() -> None:
    """The whole run balances too."""
    with pytest.raises(ConservationError, match="debt before"):
        replay(make_book((1, 100)), make_pool(100 * UNIT), make_prices("1000"), engine=_MoreInterest())


class _MoreInterest(ModelEngine):
    def advance(self, now: int, price: int) -> int:
        return super().advance(now, price) + 1


def test_bad_input_is_refused_before_the_pool_is_opened() -> None:
    """Terms, book and prices each by the line of the reader's errors."""
    pool, book, prices = make_pool(1000 * UNIT), make_book((1, 1000)), make_prices("1000")
    for bad, reason in (
        ((book, make_pool(1000 * UNIT, penalty=WAD), prices), "penalty must be at most 0.2"),
        ((book, make_pool(999 * UNIT), prices), "is under the debt in"),
        ((make_book((0, 1)), pool, prices), "collateral is 0 while there is debt"),
        ((book, pool, Prices((), ())), "needs as many times as prices"),
        ((book, make_pool(1000 * UNIT, reserve=2**128), prices), "the pool cannot be opened: 'pool: over 128 bits'"),
        ((make_book((1, 2 * 10**12)), make_pool(2 * 10**12 * UNIT, max_ltv=1), prices), "the pool refuses the loan: 'pool: over max_ltv'"),
    ):
        with pytest.raises(InputError, match=reason):
            replay(*bad)


def test_the_result_tells_what_it_was_made_from() -> None:
    """Digests by file name, or by path where names are alike; versions; options; every term in base units."""
    book = replace(make_book((1, 1000)), source=Source("one/data.csv", "aa"))
    prices = replace(make_prices("1000"), source=Source("two/data.csv", "bb"))
    pool = replace(make_pool(1000 * UNIT), source=Source("three/terms.toml", "cc"))
    result = replay(book, pool, prices, max_paid_per_row=7, min_incentive=3).to_dict()
    assert result["inputs"] == {"one/data.csv": "aa", "terms.toml": "cc", "two/data.csv": "bb"}
    assert result["options"] == {"engine": "model", "column": "price", "max_paid_per_row": "7", "min_incentive": "3"}
    assert set(result["versions"]) == {"ringfence", "python"}
    assert {field.name for field in fields(Terms)} < set(result["terms"])
    assert (result["terms"]["liq_ltv"], result["terms"]["rate_rate"]) == (str(86 * WAD // 100), "0")


def test_progress_is_told_from_the_first_row_to_the_last() -> None:
    """Rows done and rows in all, rising to the end."""
    told: list[tuple[int, int]] = []
    replay(make_book((1, 1)), make_pool(UNIT), make_prices(*["1000"] * 3000), progress=lambda done, rows: told.append((done, rows)))
    assert told[0] == (0, 3000)
    assert told[-1] == (3000, 3000)
    assert told == sorted(set(told))
