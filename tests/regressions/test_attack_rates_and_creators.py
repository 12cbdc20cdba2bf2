"""What a rate model or a pool's creator can do to those in the pool, at the worst that the bounds allow."""

import pytest

from ringfence.chain.adaptive_rate import AdaptiveRateContract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.chain.pool import deploy_pool
from ringfence.model.interest import MAX_RATE
from ringfence.model.terms import MAX_UINT256, WAD
from tests.regressions.attacked import ACCOMPLICE, ATTACKER, BORROWER, DAY, ETH, HOUR, LENDER, START, USD, VICTIM, Attacked
from tests.stateful.hostile import place

YEAR = 31_536_000
# Answers 2^256 - 1 to `update`, whose calldata has 100 bytes, and 0 to `rate`.
TWO_FACED = bytes.fromhex("36606414" + "5f03" + "5f5260205ff3")


def test_the_highest_rate_takes_three_days_from_max_ltv_to_a_sale() -> None:
    """A model that jumps to the cap, 800 % a year, sells nobody at once: ln(86 / 80) / 8 of a year is 3.3 days, in which to repay."""
    scene = Attacked(rate=MAX_UINT256)
    scene.lend(10_000)
    scene.loan(1, 1_600)
    for hour in range(1, 81):
        scene.wait(HOUR)
        assert scene.pool.is_healthy(BORROWER, scene.now) is (hour < 80), hour


def test_the_highest_rate_costs_a_borrower_two_percent_a_day() -> None:
    """The most that a hostile model can take in a day: 1,600 * (e^(8 / 365) - 1) = 35.46, for lenders and those the terms name."""
    scene = Attacked(rate=MAX_UINT256)
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.wait(DAY)
    assert scene.pool.debt_of(BORROWER, scene.now) - 1_600 * USD == pytest.approx(35.455 * USD, abs=0.01 * USD)


def test_a_model_with_two_faces_makes_previews_wrong_for_as_long_as_nobody_accrues() -> None:
    """The known limit: views ask `rate`, acts ask `update`. One that tells views 0 and acts the cap hides an hour's interest."""
    chain = EmbeddedChain(timestamp=START)
    scene = Attacked(chain=chain, rate_model=place(chain, TWO_FACED))
    scene.lend(10_000)
    scene.loan(5, 8_000)
    scene.wait(HOUR)
    promised = scene.pool.preview_deposit(1_000 * USD, scene.now)
    assert promised == 1_000 * USD * 10**6
    minted = scene.pool.deposit(VICTIM, 1_000 * USD, VICTIM, scene.now)
    # 80 % lent at 800 % a year: a share is dearer by 0.073 %, and the depositor has its worth all the same.
    assert (promised - minted) / promised == pytest.approx(0.8 * 8 * HOUR / YEAR, rel=0.01)
    assert 1_000 * USD - 1 <= scene.pool.convert_to_assets(minted, scene.now) <= 1_000 * USD
    # Accrued in this second, both faces say the same.
    assert scene.pool.preview_deposit(USD, scene.now) == scene.pool.deposit(VICTIM, USD, VICTIM, scene.now)


@pytest.mark.parametrize("act", ["deposit", "borrow"])
def test_a_moment_of_lending_moves_no_adaptive_rate(act: str) -> None:
    """A million in and out, or borrowed and repaid, within a second: interest is counted before each act, and no time passes between."""
    found = []
    for is_attacked in (False, True):
        chain = EmbeddedChain(timestamp=START)
        model = AdaptiveRateContract.deploy(chain, 1_268_391_679)
        scene = Attacked(chain=chain, rate_model=model.address)
        scene.lend(10**6)
        scene.loan(500, 750_000)
        scene.wait(DAY)
        if is_attacked and act == "deposit":
            held = scene.pool.deposit(ATTACKER, 10**6 * USD, ATTACKER, scene.now)
            scene.pool.redeem(ATTACKER, held, ATTACKER, ATTACKER, scene.now)
        elif is_attacked:
            scene.pool.supply_collateral(ATTACKER, 200 * ETH, ATTACKER, scene.now)
            scene.pool.borrow(ATTACKER, 250_000 * USD, ATTACKER, ATTACKER, scene.now)
            scene.pool.repay(ATTACKER, MAX_UINT256, ATTACKER, scene.now)
        else:
            scene.pool.accrue(ATTACKER, scene.now)
        scene.wait(DAY)
        scene.pool.accrue(LENDER, scene.now)
        found.append(model.call("rate_at_target", scene.pool.address))
    # A unit of rounding in the books may show in the last digits of a rate.
    assert found[1] == pytest.approx(found[0], rel=1e-9)
    assert found[0] != 1_268_391_679


def test_what_another_pool_does_moves_no_adaptive_rate() -> None:
    """What a shared model remembers belongs to who calls: a stranger's `update` and another pool's leave it."""
    chain = EmbeddedChain(timestamp=START)
    model = AdaptiveRateContract.deploy(chain, 1_268_391_679)
    scene = Attacked(chain=chain, rate_model=model.address)
    other = Attacked(chain=chain, asset=scene.asset, collateral=scene.collateral, rate_model=model.address)
    for pool in (scene, other):
        pool.lend(1_000)
        pool.loan(1, 950)
    for _ in range(2):
        scene.wait(DAY)
        for pool in (scene, other):
            pool.pool.accrue(LENDER, scene.now)
    before = model.call("rate_at_target", scene.pool.address)
    other.wait(DAY)
    other.pool.accrue(ATTACKER, other.now)
    model.transact(ATTACKER, "update", 10**30, 10**30, 10**9)
    assert model.call("rate_at_target", scene.pool.address) == before
    assert model.call("rate_at_target", other.pool.address) > before > 1_268_391_679


def test_terms_that_take_all_interest_take_no_principal() -> None:
    """A quarter to the creator, half to a premium, a quarter to the reserve: lenders earn nothing and lose nothing but a rounding."""
    scene = Attacked(
        rate=WAD // 10 // YEAR,
        creator_fee=WAD // 4,
        premium=WAD // 2,
        reserve_factor=WAD // 4,
        reserve_target=WAD,
        fee_recipient=ATTACKER,
        backstop=ACCOMPLICE,
    )
    scene.lend(10_000)
    scene.loan(5, 8_000)
    for _ in range(12):
        scene.wait(YEAR // 12)
        scene.pool.pay_premium(ACCOMPLICE, scene.now)
    interest = scene.pool.debt_of(BORROWER, scene.now) - 8_000 * USD
    assert interest == pytest.approx(841.37 * USD, abs=0.1 * USD)
    kept = scene.pool.convert_to_assets(scene.pool.balance_of(LENDER), scene.now)
    # Each part is rounded down, and what that leaves is the lenders': up to three units each time.
    assert 10_000 * USD <= kept <= 10_000 * USD + 36
    # The creator's quarter is in shares, which then earn nothing either.
    fee = scene.pool.convert_to_assets(scene.pool.balance_of(ATTACKER), scene.now)
    assert fee == pytest.approx(interest / 4, abs=24)


@pytest.mark.parametrize(
    ("term", "value", "reason"),
    [
        ("creator_fee", WAD // 4 + 1, "terms: creator_fee"),
        ("premium", WAD * 3 // 4, "terms: shares of interest"),
        ("penalty", WAD // 5 + 1, "terms: penalty"),
        ("incentive_max", WAD, "terms: incentive over margin"),
        ("liq_ltv", WAD, "terms: liq_ltv"),
    ],
)
def test_greedier_terms_have_no_pool(term: str, value: int, reason: str) -> None:
    """Nobody creates a pool that takes principal by its fees, or sells a position for more than its margin, however it is asked."""
    scene = Attacked(creator_fee=WAD // 4, reserve_factor=WAD // 4, fee_recipient=ATTACKER, backstop=ACCOMPLICE)
    with pytest.raises(Reverted, match=reason):
        Attacked(**{"creator_fee": WAD // 4, "reserve_factor": WAD // 4, "fee_recipient": ATTACKER, "backstop": ACCOMPLICE, term: value})
    assert deploy_pool(scene.chain, scene.terms).terms() == scene.pool.terms()


def test_the_cap_on_rates_is_what_it_says() -> None:
    """800 % a year in whole 1e-18 a second."""
    assert 8 * WAD - YEAR < MAX_RATE * YEAR <= 8 * WAD
