"""What a buyer asks."""

from ringfence.decisions.buyer import Buyer

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
