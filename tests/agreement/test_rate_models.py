"""The shipped rate models and the single-feed oracle answer like their twins, and refuse the same parameters."""

from random import Random

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.model.fixed_rate import FixedRate
from ringfence.model.kinked_rate import KinkedRate
from ringfence.model.single_price import SinglePrice
from ringfence.model.terms import MAX_UINT256, WAD
from tests.agreement.mocks import FeedMock
from tests.agreement.planted import BUYER, DEPLOYER, outcome_of
from tests.agreement.worlds import spread


@pytest.fixture(scope="module")
def chain() -> EmbeddedChain:
    """A chain for all of this file."""
    return EmbeddedChain()


def create(chain: EmbeddedChain, name: str, *arguments: object) -> Contract:
    """Deploy a shipped contract."""
    return Contract.create(chain, load(name), DEPLOYER, *arguments)


def test_a_fixed_rate_is_what_it_was_made_with(chain: EmbeddedChain) -> None:
    """Any rate, whatever the pool's state; `rate` and `update` alike."""
    rng = Random("fixed")
    for rate in (0, 1, MAX_UINT256, *(spread(rng, 1, MAX_UINT256) for _ in range(20))):
        model, contract = FixedRate(rate), create(chain, "FixedRate", rate)
        debt, supply, elapsed = rng.getrandbits(128), rng.getrandbits(128), rng.getrandbits(40)
        assert contract.call("rate", BUYER, debt, supply, elapsed) == model.rate(BUYER, debt, supply, elapsed) == rate
        assert contract.transact(BUYER, "update", debt, supply, elapsed) == model.update(BUYER, debt, supply, elapsed) == rate


def draw_parameters(rng: Random) -> tuple[int, int, int, int]:
    """base, kink, slope_below, slope_above: legal, sizes from nothing to the bound."""
    base, below, above = (rng.choice((0, 1, spread(rng, 1, 2**128 - 1), spread(rng, 1, 10**12), 2**128 - 1)) for _ in range(3))
    return base, rng.choice((0, 1, WAD * 9 // 10, WAD - 1, WAD, rng.randint(0, WAD))), below, above


def test_a_kinked_rate_is_the_same_on_both_sides(chain: EmbeddedChain) -> None:
    """Any legal parameters, any debt and supply, beside the kink and beside full use; `rate` and `update` alike."""
    rng = Random("kinked")
    below_kink = above_kink = full = 0
    for _ in range(150):
        parameters = draw_parameters(rng)
        model, contract = KinkedRate(*parameters), create(chain, "KinkedRate", *parameters)
        for _ in range(20):
            supply = rng.choice((0, 1, spread(rng, 1, 2**128), spread(rng, 1, MAX_UINT256)))
            at_kink = supply * parameters[1] // WAD
            debt = rng.choice(
                (0, 1, at_kink, at_kink + 1, max(0, at_kink - 1), max(0, supply - 1), supply, supply + 1, rng.randint(0, supply))
            )
            debt = min(debt, 2**128 - 1)
            expected = model.rate(BUYER, debt, supply, 1)
            assert contract.call("rate", BUYER, debt, supply, 1) == expected, (parameters, debt, supply)
            assert contract.transact(BUYER, "update", debt, supply, 1) == model.update(BUYER, debt, supply, 1) == expected
            below_kink += 0 < debt <= at_kink
            above_kink += at_kink < debt < supply
            full += debt >= supply > 0
    assert min(below_kink, above_kink, full) > 200


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ((0, WAD, 0, 0), ""),
        ((0, WAD + 1, 0, 0), "rate: kink over 100 %"),
        ((2**128 - 1, 0, 2**128 - 1, 2**128 - 1), ""),
        ((2**128, 0, 0, 0), "rate: over 128 bits"),
        ((0, 0, 2**128, 0), "rate: over 128 bits"),
        ((0, 0, 0, 2**128), "rate: over 128 bits"),
    ],
)
def test_a_kinked_rate_is_refused_beyond_its_bounds(chain: EmbeddedChain, parameters: tuple[int, int, int, int], text: str) -> None:
    """The kink is at most full use, every parameter less than 2^128: accepted at the bound, refused beyond with one text."""
    on_contract, on_model = outcome_of(create, chain, "KinkedRate", *parameters), outcome_of(KinkedRate, *parameters)
    assert (on_contract[0], on_model[0]) == ((("refused",) * 2) if text else (("ok",) * 2))
    if text:
        assert on_contract == on_model == ("refused", text)


def test_a_single_price_is_its_feed_on_both_sides(chain: EmbeddedChain) -> None:
    """Low and high are the feed's price, whatever it is."""
    feed, twin = create(chain, "mocks/feed_mock"), FeedMock()
    oracle, model = create(chain, "SinglePrice", feed.address), SinglePrice(twin)
    for price in (0, 1, 10**36, MAX_UINT256):
        feed.transact(DEPLOYER, "set_price", price)
        twin.answer = price
        assert oracle.call("prices") == model.prices() == (price, price)
