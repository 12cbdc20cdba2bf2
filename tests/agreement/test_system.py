"""A whole system and its models are one: several pools, one backstop, one factory, and what happens in one pool stays in it."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ringfence.model import liquidation, permits
from ringfence.model.adaptive_rate import AdaptiveRate
from ringfence.model.backstop import Backstop
from ringfence.model.factory import PoolFactory
from ringfence.model.guarded_oracle import GuardedOracle
from ringfence.model.pool import Pool
from ringfence.model.rounding import mul_div_down
from ringfence.model.shares import Totals
from ringfence.model.terms import WAD, Terms
from tests.agreement import system
from tests.agreement.system_moves import BROKEN
from tests.agreement.system_twins import System
from tests.agreement.system_worlds import draw_system
from tests.agreement.test_pool import state_changing_functions
from tests.agreement.twins import LENDERS, Difference

ROOT = Path(__file__).resolve().parents[2]
# Four seeds, 13,000 operations each: half a minute on one core.
SHARDS = range(1, 5)
SHARD_LENGTH = 13_000
NIGHTLY_LENGTH = int(os.environ.get("SYSTEM_OPERATIONS", "208_000"))
NIGHTLY_SEED = int(os.environ.get("SYSTEM_SEED", "2000"))
# What a shard must have seen at least so often, or it has not proven much; it sees two to three times as much.
LEAST: dict[str, int] = {
    "acted elsewhere in a callback": 8,
    "borne by reserve": 150,
    "borne by backstop": 60,
    "borne by lenders": 100,
    "borne by premium": 1,
    "borrowed while another pool's oracle is in trouble": 120,
    "draw: exhausted": 30,
    "draw: full": 40,
    "draw: partial": 20,
    "draw: refused": 15,
    "draw: taken back": 8,
    "left after a draw": 15,
    "left by notice, nothing drawn": 2,
    "lock-up passed": 150,
    "new risk stopped: feeds apart": 120,
    "new risk stopped: no price": 20,
    "premium: paid": 60,
    "signature a second time: refused": 20,
    "signature in another pool: refused": 20,
    "signature where it was signed for: ok": 20,
    "whole states compared": 130,
    "done: backstop.deposit": 150,
    "done: backstop.mint": 50,
    "done: backstop.request_redeem": 80,
    "done: backstop.transfer": 10,
    "done: backstop.transfer_from": 3,
    "done: backstop.approve": 10,
    "text: backstop: amount is worth nothing": 50,
    "text: backstop: cooldown has not passed": 5,
    "text: backstop: more than is under notice": 1,
    "text: backstop: no notice was given, or it has expired": 30,
    "text: backstop: over 128 bits": 10,
    "text: backstop: pool is not covered": 20,
    "text: backstop: sealed": 5,
    "text: backstop: shares are under notice": 3,
    "text: factory: these terms have a pool": 8,
    "text: oracle: no valid price": 20,
    "text: permit: not signed by the owner": 50,
    "text: permit: too late": 5,
    "text: pool: caller is no operator": 60,
    "text: pool: shares are locked": 30,
}
LEAST_OF_EACH_FUNCTION = 40
LEAST_OF_EACH_POOL = {"deposit": 100, "borrow": 100, "liquidate": 80, "liquidate_many": 30, "withdraw": 50, "pay_premium": 20}


def expected_counts() -> dict[str, int]:
    """Everything that a shard must see: kinds of events, each function of a pool, each bound of the terms, each pool in use."""
    expected = dict(LEAST)
    expected |= {f"done: {name}": LEAST_OF_EACH_FUNCTION for name in state_changing_functions()}
    expected |= {f"text: {text}": 1 for text in (*BROKEN, "terms: asset is collateral")}
    return expected | {f"pool {number}: {name}": least for number in range(3) for name, least in LEAST_OF_EACH_POOL.items()}


def _assert_seen(counts: Counter[str], times: int = 1) -> None:
    missing = {kind: (counts[kind], least * times) for kind, least in expected_counts().items() if counts[kind] < least * times}
    assert not missing, f"seen too rarely (count, least): {missing}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", SHARDS)
def test_whatever_is_done_in_a_system_both_sides_agree(seed: int) -> None:
    """No difference, and nothing moved in any other pool, in 13,000 operations; every layer, refusal and bound named above among them."""
    counts = system.run(SHARD_LENGTH, seed)
    assert counts["operations"] >= SHARD_LENGTH
    _assert_seen(counts)


@pytest.mark.nightly
def test_whatever_is_done_in_a_system_both_sides_agree_for_long() -> None:
    """No difference in over 200,000 operations; $SYSTEM_OPERATIONS and $SYSTEM_SEED say how many, and where they begin."""
    counts = system.run(NIGHTLY_LENGTH, NIGHTLY_SEED)
    assert counts["operations"] >= NIGHTLY_LENGTH
    _assert_seen(counts, NIGHTLY_LENGTH // SHARD_LENGTH)


# What the driver finds


def _left_without_its_draws(self: Backstop, pool: str) -> int:
    # Forgets what the pool drew already.
    return min(self._max_assets.get(pool, 0), mul_div_down(self._held(), self._max_share_wad.get(pool, 0), WAD))


def _left_of_all_draws(self: Backstop, pool: str) -> int:
    # Counts what every pool drew against each of them: one fire spreads.
    drawn = sum(self._drawn.values())
    by_share = mul_div_down(self._held() + drawn, self._max_share_wad.get(pool, 0), WAD)
    return max(0, min(self._max_assets.get(pool, 0), by_share) - drawn)


def _draw_kept(self: Pool) -> None:
    # A refused sale that does not take its draw back.
    self._before_cover = None


def _premium_first(before: Totals, unpaid: int) -> tuple[Totals, int, int]:
    # The premium owed bears a loss before lenders do.
    from_premium = min(unpaid, before.premium_owed)
    from_lenders = min(unpaid - from_premium, before.supply_assets)
    totals = before._replace(supply_assets=before.supply_assets - from_lenders, premium_owed=before.premium_owed - from_premium)
    return totals, from_lenders, from_premium


def _locked_a_second_longer(self: Pool, owner: str, now: int) -> bool:
    return self._terms.lockup > 0 and now <= self._unlocks_at.get(owner, 0)


def _signed_for_any_pool(message: permits.Message, signature: permits.Signature, now: int) -> None:
    _checked(message, signature._replace(message=signature.message._replace(contract=message.contract)), now)


_checked = permits.check


def _one_rate_for_all(self: AdaptiveRate, caller: str, debt_assets: int, supply_assets: int, elapsed: int) -> int:
    # Remembers for every pool what one pool's update came to.
    rate, end = self._answer(caller, debt_assets, supply_assets, elapsed)
    self.remembered[caller] = end
    for pool in self.remembered:
        self.remembered[pool] = end
    return rate


def _never_apart(self: GuardedOracle, low: int, high: int) -> bool:
    return False


def _open_a_second_early(self: Backstop, owner: str, now: int) -> int:
    amount, opens_at = self._notice(owner, now)
    return amount if now >= opens_at - 1 else 0


def _made_again(self: PoolFactory, terms: Terms, name: str, symbol: str) -> str:
    # Finds no pool of these terms, whatever it made before.
    self._pool_of.pop(terms, None)
    return _create_pool(self, terms, name, symbol)


_create_pool = PoolFactory.create_pool


# One fault each: where, what, and what stands there instead.
FAULTS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "a pool's own draws do not lower its cover": (Backstop, "cover_left", _left_without_its_draws),
    "another pool's draws lower its cover": (Backstop, "cover_left", _left_of_all_draws),
    "a refused sale keeps its draw": (Pool, "_take_back_cover", _draw_kept),
    "premium bears before lenders": (liquidation, "bear", _premium_first),
    "shares locked a second too long": (Pool, "_is_locked", _locked_a_second_longer),
    "a signature for one pool opens another": (permits, "check", _signed_for_any_pool),
    "pools of one rate model share its memory": (AdaptiveRate, "update", _one_rate_for_all),
    "feeds apart let everybody borrow": (GuardedOracle, "_is_apart", _never_apart),
    "a notice opens a second early": (Backstop, "_open_shares", _open_a_second_early),
    "a factory that forgets": (PoolFactory, "create_pool", _made_again),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_between_the_contracts_is_found(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Within 8,000 operations, naming the seed and the episode that show it again."""
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises(Difference, match=r"seed 1, episode \d+, operation \d+: "):
        system.run(8_000, 1)


def _new_system() -> System:
    rng = Random("a system of our own")
    made = System(draw_system(rng), rng)
    made.seats[0].act("deposit", LENDERS[0], 10**6, LENDERS[0])
    return made


@pytest.mark.parametrize("place", ["storage", "asset", "collateral", "remembered rate"])
def test_what_moves_in_another_pool_is_found(place: str) -> None:
    """One unit more in a word of the second pool, its token balances or its remembered rate: found at the next act in the first."""
    made = _new_system()
    other = made.seats[1]
    scalars = len(other.storage.scalars)
    at = {"storage": scalars - 1, "asset": -3, "collateral": -2, "remembered rate": -1}[place]
    address, slot = other.places[at]
    made.chain._evm.insert_account_storage(address, slot, made.chain.storage(address, slot) + 1)
    with pytest.raises(Difference, match=r"pool 0: deposit.*: (isolation: pool 1 has moved|token 0x)"):
        made.seats[0].act("deposit", LENDERS[0], 10**6, LENDERS[0])


def test_a_word_that_no_model_knows_is_found() -> None:
    """A slot of the backstop, a token, a pool or the rate model that nobody reads by name is found in the whole state."""
    for number in range(4):
        made = _new_system()
        made.check_all(Random(0))
        contract = (made.fund.contract, made.tokens[2], made.seats[2].contract, made.rates[0])[number]
        made.chain._evm.insert_account_storage(contract.address, 2**200, 1)
        with pytest.raises(Difference, match=r"storage of .* as a whole"):
            made.check_all(Random(0))


def test_the_command_says_what_it_did_and_does_the_same_again() -> None:
    """Exit code 0 and one line with the count; the same seed is the same run."""
    first, second = (_command("--operations", "300", "--seed", "9", "--counts") for _ in range(2))
    assert (first.returncode, first.stderr) == (0, "")
    assert "no difference in 3" in first.stdout
    assert "(1 systems)" in first.stdout
    assert first.stdout.splitlines()[:-1] == second.stdout.splitlines()[:-1]


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    command = [sys.executable, "-m", "tests.agreement.system", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
