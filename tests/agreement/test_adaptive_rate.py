"""The adaptive rate answers and remembers like its twin, for several pools that share one model, and refuses the same start."""

from collections import Counter
from random import Random

import pytest

from ringfence.chain.adaptive_rate import AdaptiveRateContract
from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.model.adaptive_rate import FINER, MAX_RATE_AT_TARGET, MIN_RATE_AT_TARGET, AdaptiveRate
from ringfence.model.terms import MAX_UINT256, WAD
from tests.agreement.planted import outcome_of
from tests.agreement.worlds import spread

# A chain's senders stand for pools: the model knows them by address alone.
POOLS = tuple("0x" + pair * 20 for pair in ("a1", "b2", "c3"))
STRANGER = "0x" + "e5" * 20
CALLS = 20_000
MODELS = 25


@pytest.fixture(scope="module")
def chain() -> EmbeddedChain:
    """A chain for all of this file."""
    return EmbeddedChain()


def draw_amounts(rng: Random) -> tuple[int, int]:
    """Debt and supply (asset base units): at the target and beside it, at none and at full use, of this world and of none."""
    supply = rng.choice((0, 1, spread(rng, 1, 2**128), spread(rng, 1, 2**128), spread(rng, 1, MAX_UINT256), MAX_UINT256))
    at_target = supply * 9 // 10
    beside = at_target + rng.choice((-1, 0, 1))
    share = supply * rng.randint(0, 10**6) // 10**6
    debt = rng.choice((0, 1, beside, supply - 1, supply, supply + 1, share, share, share, spread(rng, 1, MAX_UINT256)))
    return min(MAX_UINT256, max(0, debt)), supply


def draw_elapsed(rng: Random) -> int:
    """Seconds: mostly a block to a month, sometimes none, or more than there will ever be."""
    # 2^250 times the error of full use is 0 in a word: a time that is not cut would be none.
    never = rng.choice((2**90 - 1, 2**90, 2**250, MAX_UINT256))
    return rng.choice((12, 12, rng.randint(1, 7_200), rng.randint(1, 30 * 86_400), 0, 1, spread(rng, 1, 2**100), never))


def draw_start(rng: Random) -> int:
    """A legal rate at target (WAD per second)."""
    return rng.choice((MIN_RATE_AT_TARGET, MAX_RATE_AT_TARGET, rng.randint(MIN_RATE_AT_TARGET, MAX_RATE_AT_TARGET)))


def kind_of(model: AdaptiveRate, pool: str, before: int | None) -> str:
    """What an update did to the rate at target."""
    now = model.remembered[pool]
    if before is None:
        return "first"
    if now == before:
        return "stayed"
    if now in (MIN_RATE_AT_TARGET * FINER, MAX_RATE_AT_TARGET * FINER):
        return "came to a bound"
    return "rose" if now > before else "fell"


def test_three_pools_share_a_model_and_each_has_its_own_rate(chain: EmbeddedChain) -> None:
    """Twenty thousand calls: what is answered, and what is remembered of every pool after it; a view changes nothing, nothing fails."""
    rng = Random("adaptive")
    done: Counter[str] = Counter()
    for _ in range(MODELS):
        start = draw_start(rng)
        model, contract = AdaptiveRate(start), AdaptiveRateContract.deploy(chain, start)
        for _ in range(CALLS // MODELS):
            pool = rng.choice(POOLS)
            debt, supply = draw_amounts(rng)
            elapsed = draw_elapsed(rng)
            if rng.random() < 0.4:
                case = start, pool, debt, supply, elapsed
                assert contract.rate(pool, debt, supply, elapsed) == model.rate(pool, debt, supply, elapsed), case
                done["view"] += 1
                continue
            before = model.remembered.get(pool)
            expected = model.update(pool, debt, supply, elapsed)
            assert contract.transact(pool, "update", debt, supply, elapsed) == expected, (start, pool, before, debt, supply, elapsed)
            done[kind_of(model, pool, before)] += 1
            done["at full use"] += debt >= supply and debt > 0
            for each in POOLS:
                assert contract.rate_at_target(each) == model.rate_at_target(each)
                assert contract.remembered(each) == model.remembered.get(each, 0)
        assert contract.rate_at_target(STRANGER) == model.rate_at_target(STRANGER) == start
    assert sum(done[kind] for kind in ("view", "first", "stayed", "came to a bound", "rose", "fell")) == CALLS
    assert done["first"] == MODELS * len(POOLS)
    assert min(done[kind] for kind in ("stayed", "came to a bound", "rose", "fell", "at full use")) > 500, done


def test_small_moves_over_blocks_are_the_same_on_both_sides(chain: EmbeddedChain) -> None:
    """Near the target a block moves the rate by less than a unit of WAD per second; the fraction is remembered by both."""
    rng = Random("blocks")
    model, contract = AdaptiveRate(MIN_RATE_AT_TARGET), AdaptiveRateContract.deploy(chain, MIN_RATE_AT_TARGET)
    supply, pool = 10**24, POOLS[0]
    fine = 0
    for _ in range(2_000):
        debt = supply * 9 // 10 + rng.randint(0, supply // 10**4)
        before = model.remembered.get(pool, 0)
        assert contract.transact(pool, "update", debt, supply, 12) == model.update(pool, debt, supply, 12)
        assert contract.remembered(pool) == model.remembered[pool]
        fine += 0 < model.remembered[pool] - before < FINER
    assert fine > 1_000


@pytest.mark.parametrize(
    "start", [0, MIN_RATE_AT_TARGET - 1, MIN_RATE_AT_TARGET, MAX_RATE_AT_TARGET, MAX_RATE_AT_TARGET + 1, WAD, MAX_UINT256]
)
def test_a_start_is_accepted_or_refused_by_both(chain: EmbeddedChain, start: int) -> None:
    """At the bound accepted, beyond it refused with one text."""
    on_contract, on_model = outcome_of(AdaptiveRateContract.deploy, chain, start), outcome_of(AdaptiveRate, start)
    if MIN_RATE_AT_TARGET <= start <= MAX_RATE_AT_TARGET:
        assert on_contract[1].initial_rate_at_target == on_model[1].initial_rate_at_target == start
    else:
        assert on_contract == on_model
        assert on_contract[1].startswith("rate: at target ")


def test_a_pool_is_who_calls_not_who_sent_the_transaction(chain: EmbeddedChain) -> None:
    """Two contracts called by one sender have a rate each, and the sender has none."""
    contract, model = AdaptiveRateContract.deploy(chain, MIN_RATE_AT_TARGET), AdaptiveRate(MIN_RATE_AT_TARGET)
    forwarders = [Contract.create(chain, load("mocks/reenter_mock"), STRANGER) for _ in range(2)]
    for place, elapsed in ((0, 1), (1, 1), (0, 86_400), (1, 3_600), (0, 60)):
        pool = forwarders[place]
        calldata = contract.calldata("update", 10**20, 10**20, elapsed)
        answer = chain.transact(STRANGER, pool.address, pool.calldata("forward", contract.address, calldata))
        assert int.from_bytes(answer[:32], "big") == model.update(pool.address, 10**20, 10**20, elapsed)
    assert [contract.remembered(pool.address) for pool in forwarders] == [model.remembered[pool.address] for pool in forwarders]
    assert contract.remembered(forwarders[0].address) > contract.remembered(forwarders[1].address) > MIN_RATE_AT_TARGET * FINER
    assert contract.remembered(STRANGER) == 0
