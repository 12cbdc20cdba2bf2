"""Interest is the same in contracts/interest.vy and model/interest.py: growth, dust, reserve, fee shares and the event, for any totals."""

from collections import Counter
from random import Random

import pytest

from ringfence.model import interest, shares
from ringfence.model.interest import MAX_DEBT, MAX_RATE, MAX_RATE_TIME
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256, VIRTUAL_SHARES, WAD, Terms
from tests.agreement.planted import BUYER, CREATOR, NOW, PlantedPool, Surroundings, outcome_of
from tests.agreement.test_limits import PLAIN
from tests.agreement.worlds import set_shares_of_interest, spread

POOLS = 60
CASES_OF_A_POOL = 50


@pytest.fixture(scope="module")
def surroundings() -> Surroundings:
    """Tokens, rate model and chain that all pools of this file share."""
    return Surroundings()


def test_an_accrual_is_the_same_on_both_sides(surroundings: Surroundings) -> None:
    """State before, accrual and event, storage after: 3,000 totals with rates, times and reserves beside every bound."""
    counts: Counter[str] = Counter()
    for number in range(POOLS):
        rng = Random(f"interest {number}")
        numbers = dict(PLAIN)
        set_shares_of_interest(rng, numbers)
        pool = surroundings.pool(numbers)
        for _ in range(CASES_OF_A_POOL):
            _check(pool, rng, counts)
    kinds = (
        "interest",
        "dust only",
        "cut to 128 bits",
        "reserve fills",
        "reserve flows back",
        "reserve full",
        "fee shares",
        "no fee, wiped out",
    )
    assert not {kind: counts[kind] for kind in (*kinds, "no rate", "rate cut", "rate and time cut") if counts[kind] < 50}, counts


def _check(pool: PlantedPool, rng: Random, counts: Counter[str]) -> None:
    rate, elapsed = _draw_rate_and_time(rng)
    before = _draw_totals(rng, pool.terms, elapsed)
    mode = rng.choice((0, 0, 0, 0, 0, 1, 2, 3))
    if rng.random() < 0.2:
        before = _beside_wiped_out(rng, before, pool.terms, 0 if mode in (1, 2) else rate)
    pool.surroundings.rate_model.transact(BUYER, "set", mode, rate)
    pool.plant(before)
    # The creator's shares of the case before.
    balance = pool.storage.slot("erc20.balance_of", CREATOR)
    pool.surroundings.chain._evm.insert_account_storage(pool.contract.address, balance, 0)
    pool.model._shares.balances = {}

    counted = 0 if mode in (1, 2) else rate
    after, accrual = interest.accrue(before, pool.terms, counted, NOW)
    assert pool.ask("state") == ("ok", tuple(after[:7])), (before, counted)
    assert outcome_of(pool.contract.transact, BUYER, "accrue") == ("ok", None), (before, counted)
    figures = (*accrual, after.supply_assets, after.debt_assets, after.reserve_assets, after.interest_dust)
    minted = [("Transfer", "0x" + "00" * 20, CREATOR, accrual.fee_shares)] if accrual.fee_shares else []
    assert pool.contract.events == [*minted, ("Accrue", *figures)], (before, counted)
    pool.model._totals = after
    pool.model._shares.total_supply = after.supply_shares
    pool.model._shares.balances = {CREATOR: accrual.fee_shares}
    assert pool.difference() == "", (before, counted)
    _count(counts, pool.terms, before, after, accrual, counted, elapsed)


def _draw_rate_and_time(rng: Random) -> tuple[int, int]:
    rate = rng.choice((0, 1, spread(rng, 1, MAX_RATE), spread(rng, 1, MAX_RATE), MAX_RATE - 1, MAX_RATE, MAX_RATE + 1, MAX_UINT256))
    edge = MAX_RATE_TIME // max(1, min(rate, MAX_RATE))
    elapsed = rng.choice((1, 12, spread(rng, 1, 10**6), spread(rng, 1, 10**9), edge - 1, edge, edge + 1, NOW))
    return rate, max(1, min(NOW, elapsed))


def _draw_totals(rng: Random, terms: Terms, elapsed: int) -> Totals:
    debt_assets = rng.choice(
        (0, 1, spread(rng, 1, 10**12), spread(rng, 1, MAX_DEBT), spread(rng, 1, 10**27), MAX_DEBT, MAX_DEBT - rng.randint(1, 10**6))
    )
    supply_assets = debt_assets + rng.choice((0, spread(rng, 1, 2**128), debt_assets))
    dear = spread(rng, 1, 1 + supply_assets)
    wiped_out = (supply_assets + 1) * shares.WIPED_OUT - VIRTUAL_SHARES
    supply_shares = rng.choice((supply_assets * 10**6, dear, wiped_out, wiped_out + 1, wiped_out * 5 // 4, 0))
    target = debt_assets * terms.reserve_target // WAD
    reserve_assets = max(0, rng.choice((0, target, target + rng.choice((-1, 1)), target * 2, target * 9 // 10, spread(rng, 1, 2**128))))
    dust = rng.choice((0, rng.randint(0, WAD - 1), WAD - 1))
    return Totals(supply_assets, min(2**192, supply_shares), debt_assets, 2**100, reserve_assets, 0, NOW - elapsed, dust)


def _beside_wiped_out(rng: Random, before: Totals, terms: Terms, rate: int) -> Totals:
    # As many shares as just leave, or just do not leave, what is worth something once the creator is paid.
    after, accrual = interest.accrue(before, terms, rate, NOW)
    kept = after.supply_assets - accrual.interest * terms.creator_fee // WAD
    edge = (rng.choice((kept, after.supply_assets)) + 1) * shares.WIPED_OUT - VIRTUAL_SHARES
    return before._replace(supply_shares=edge + rng.choice((-1, 0, 1)))


def _count(counts: Counter[str], terms: Terms, before: Totals, after: Totals, accrual: interest.Accrual, rate: int, elapsed: int) -> None:
    counts["interest"] += accrual.interest > 0
    counts["dust only"] += accrual.interest == 0 and after.interest_dust > before.interest_dust
    counts["cut to 128 bits"] += after.debt_assets == MAX_DEBT and before.debt_assets < MAX_DEBT
    counts["reserve fills"] += accrual.to_reserve > 0
    counts["reserve flows back"] += after.reserve_assets < before.reserve_assets
    counts["reserve full"] += 0 < after.reserve_assets == after.debt_assets * terms.reserve_target // WAD
    counts["fee shares"] += accrual.fee_shares > 0
    counts["no fee, wiped out"] += accrual.interest > 100 and terms.creator_fee > 0 and accrual.fee_shares == 0
    counts["no rate"] += rate == 0
    counts["rate cut"] += rate > MAX_RATE
    counts["rate and time cut"] += min(rate, MAX_RATE) * elapsed > MAX_RATE_TIME
