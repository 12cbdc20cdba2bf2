"""What a buyer asks."""

import math

from ringfence.decisions.buyer import Buyer, is_worth_plain, profit_plain, size_plain

BUYER = Buyer(least=10**16, slope=50_000, most=5 * 10**16)


def test_a_buyer_asks_more_for_more() -> None:
    """1 %, and 0.5 % (5e15) for each 100,000 units of 6 decimals (1e11): 50,000 WAD a base unit."""
    assert BUYER.wanted(0) == 10**16
    assert BUYER.wanted(100_000 * 10**6) == 15 * 10**15
    assert BUYER.wanted(200_000 * 10**6) == 2 * 10**16


def test_a_buyer_never_asks_more_than_its_most() -> None:
    """5 % is reached at 800,000 and kept."""
    assert BUYER.wanted(800_000 * 10**6) == 5 * 10**16
    assert BUYER.wanted(800_000 * 10**6 - 1) == 5 * 10**16 - 50_000
    assert BUYER.wanted(10**40) == 5 * 10**16


def test_no_more_is_bought_than_market_and_money_take() -> None:
    """The least of the three; what is almost all or almost nothing is that, and no room is nothing."""
    assert (size_plain(10.0, 7.0, math.inf), size_plain(10.0, 8.0, 6.0), size_plain(10.0, math.inf, 12.0)) == (7.0, 6.0, 10.0)
    assert size_plain(10.0, 10.0 - 1e-12, 20.0) == 10.0 > size_plain(10.0, 10.0 - 1e-9, 20.0)
    assert size_plain(10.0, 1e-12, 20.0) == size_plain(10.0, -3.0, 20.0) == 0.0 < size_plain(10.0, 1e-9, 20.0)


def test_gas_is_a_cost_and_enough_is_enough() -> None:
    """Of 10 for 7 and gas of 2, 1 is left; a least profit or incentive that is just met is met."""
    assert profit_plain(10.0, 7.0, 2.0) == 1.0
    assert is_worth_plain(1.0, 1.0, 0.05, 0.05)
    assert not is_worth_plain(0.99, 1.0, 0.05, 0.05)
    assert not is_worth_plain(1.0, 1.0, 0.049, 0.05)
