"""The comparison with one lender side: the isolated pool itself for a single book, and what sharing does for two."""

from dataclasses import replace

import pytest

from ringfence.chain.demo import DemoChain
from ringfence.decisions.buyer import Buyer
from ringfence.inputs.pool_file import FixedRateTerms
from ringfence.inputs.samples import CALM, FALLING, FUND, insured, read_sample
from ringfence.lab.shared_side import shared_side

ASKS = Buyer(least=10**16, slope=50_000, most=5 * 10**16)


@pytest.mark.parametrize("name", [FALLING, CALM])
def test_with_a_single_book_it_is_the_contract_to_the_unit(name: str) -> None:
    """The same sample on the embedded chain ends with the same totals, crash and all: so the comparison differs by sharing alone."""
    sample = read_sample(name)
    world = DemoChain((sample,), ASKS)
    world.play(lambda _: None)
    side = shared_side([sample], ASKS)
    assert side.totals._replace(interest_dust=0) == world.markets[0].totals()
    # Shares are redeemed rounded down, and interest leaves a share of it to the virtual ones: less than a unit here.
    assert 0 <= side.totals.supply_assets - side.left[sample.name] <= 1


def test_with_a_backstop_it_is_the_contract_too() -> None:
    """Up to the premium, which is paid out at the end there and still owed here."""
    sample = insured(read_sample(FALLING))
    world = DemoChain((sample,), ASKS)
    world.play(lambda _: None)
    side, paid = shared_side([sample], ASKS), world.markets[0].premium_paid
    assert side.totals._replace(interest_dust=0, premium_owed=0) == world.markets[0].totals()
    assert side.totals.premium_owed == paid > 0
    assert sum(step.borne_by.backstop for step in world.markets[0].steps) == FUND.limit


def test_with_two_books_the_calm_lenders_bear_the_others_loss() -> None:
    """They earn when alone and lose when shared; the falling pool's lenders lose less, and all is paid out to somebody."""
    falling, calm = read_sample(FALLING), read_sample(CALM)
    alone = {sample.name: shared_side([sample], ASKS).left[sample.name] for sample in (falling, calm)}
    shared = shared_side([calm, falling], ASKS)
    assert alone[calm.name] > shared.brought[calm.name] > shared.left[calm.name]
    assert alone[falling.name] < shared.left[falling.name] < shared.brought[falling.name]
    assert 0 <= shared.totals.supply_assets - sum(shared.left.values()) <= 2


def test_pools_of_different_terms_are_not_compared() -> None:
    """One supply has one rule and one rate."""
    falling, calm = read_sample(FALLING), read_sample(CALM)
    looser = replace(calm, pool=replace(calm.pool, terms=replace(calm.pool.terms, liq_ltv=86 * 10**16)))
    dearer = replace(calm, pool=replace(calm.pool, rate=FixedRateTerms(1)))
    for other in (looser, dearer):
        with pytest.raises(ValueError, match="terms and rate must be the same"):
            shared_side([falling, other], ASKS)
