"""The shipped pool and the model are one: whatever is done, in whatever world, both answer, refuse, log and store the same."""

import os
import re
from collections import Counter
from pathlib import Path
from random import Random
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from ringfence.chain.artifacts import load
from tests.agreement import driver, operations
from tests.agreement.twins import Twins
from tests.agreement.worlds import World
from tests.strategies import randoms, worlds

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
# Four seeds, 26,000 operations each, in the minute that CI has for this.
SHARDS = range(1, 5)
SHARD_LENGTH = 26_000
NIGHTLY_LENGTH = int(os.environ.get("AGREEMENT_OPERATIONS", "1_000_000"))
NIGHTLY_SEED = int(os.environ.get("AGREEMENT_SEED", "1000"))
# What a shard must have seen at least so often, or it has not proven much; it sees about three times as much.
LEAST: dict[str, int] = {
    "accrual: cut to 128 bits": 1,
    "accrual: dust only": 500,
    "accrual: fee shares": 200,
    "accrual: interest": 500,
    "accrual: reserve fills": 150,
    "accrual: reserve flows back": 150,
    "clock: restarted": 30,
    "clock: started": 250,
    "clock: stopped": 250,
    "loss: backstop alone": 8,
    "loss: backstop used up": 10,
    "loss: both": 80,
    "loss: lenders": 80,
    "loss: premium": 1,
    "loss: reserve": 150,
    "many: nothing sold": 100,
    "many: part of a budget": 40,
    "many: several sold": 10,
    "many: some skipped": 50,
    "premium: paid": 10,
    "sale: after timeout": 40,
    "sale: after window": 8,
    "sale: at timeout": 5,
    "sale: cut by payment": 250,
    "sale: full": 300,
    "sale: in window": 80,
    "sale: in window, clock running": 6,
    "sale: incentive at its cap": 250,
    "sale: incentive raised by health": 150,
    "sale: incentive raised by time": 20,
    "sale: insolvent": 250,
    "sale: insolvent in part": 80,
    "sale: partial": 200,
    "sale: penalty": 100,
    "sale: penalty cut": 50,
    "sale: solvent but not covered": 60,
    "sale: to target": 20,
    "sale: whole by min_debt": 6,
    "sale: with loss": 250,
    "sale: worthless collateral": 15,
    "sale: zero collateral": 10,
}
LEAST_OF_EACH_FUNCTION = 100


@pytest.mark.slow
@pytest.mark.parametrize("seed", SHARDS)
def test_whatever_is_done_both_sides_agree(seed: int) -> None:
    """No difference in 26,000 operations, every kind of event among them, and every refusal that the contract knows."""
    counts = driver.run(SHARD_LENGTH, seed)
    assert counts["operations"] >= SHARD_LENGTH
    _assert_seen(counts, LEAST)


@pytest.mark.nightly
def test_whatever_is_done_both_sides_agree_for_a_million_operations() -> None:
    """No difference in the long run; $AGREEMENT_OPERATIONS and $AGREEMENT_SEED say how long, and where it begins."""
    counts = driver.run(NIGHTLY_LENGTH, NIGHTLY_SEED)
    share = NIGHTLY_LENGTH // SHARD_LENGTH
    _assert_seen(counts, {kind: least * share for kind, least in LEAST.items()})


def _assert_seen(counts: Counter[str], least: dict[str, int]) -> None:
    expected = dict(least)
    expected |= {f"done: {name}": LEAST_OF_EACH_FUNCTION for name in state_changing_functions()}
    expected |= {f"refused: {name}": 1 for name in state_changing_functions() if name not in NEVER_REFUSED}
    expected |= {f"text: {text}": 1 for text in refusal_texts()}
    missing = {kind: (counts[kind], wanted) for kind, wanted in expected.items() if counts[kind] < wanted}
    assert not missing, f"seen too rarely (count, least): {missing}"


# Nothing that can be asked of these is wrong.
NEVER_REFUSED = ("accrue", "approve", "pay_premium", "set_operator")


def state_changing_functions() -> list[str]:
    """Names of every function of the pool that is no view, by its ABI: a new one without an operation fails the test above."""
    return [entry["name"] for entry in load("Pool").abi if entry["type"] == "function" and entry["stateMutability"] == "nonpayable"]


# The contract of a pool and the modules it is made of.
POOL = ("Pool", "erc20", "interest", "limits", "liquidation", "permits", "rounding", "shares")
# The first takes an incentive of 1e17 times the debt (test_liquidation.py), the second a call with little gas (test_pool_with_backstop.py).
ELSEWHERE = {"liquidation: too much is paid", "pool: too little gas"}


def refusal_texts() -> set[str]:
    """Every text that a pool can refuse with once it exists, found in the sources: a new one without an operation fails the test above."""
    sources = [(CONTRACTS / f"{name}.vy").read_text() for name in POOL]
    texts = {text for source in sources for text in re.findall(r'"([a-z0-9]+: [^"]+)"', source)}
    return {text for text in texts - ELSEWHERE if not text.startswith(("terms: ", "rate: "))}


def test_refusal_texts_are_found_in_the_sources() -> None:
    """The search of the sources finds the texts of every module (or the test above would ask for nothing)."""
    modules = {text.split(":")[0] for text in refusal_texts()}
    assert modules == {"erc20", "liquidation", "oracle", "permit", "pool", "transfer"}


class Agreement(RuleBasedStateMachine):
    """The same operations in hypothesis' hands: it looks for short sequences, and with HYPOTHESIS_PROFILE=shrink makes a failure short."""

    counts: ClassVar[Counter[str]] = Counter()

    @initialize(world=worlds(), random=randoms())
    def create(self, world: World, random: Random) -> None:
        self.twins = Twins(world, counts=self.counts)
        for operation in (operations.deposit, operations.supply_collateral, operations.supply_collateral, operations.borrow):
            operation(self.twins, random)

    @rule(random=randoms())
    def pass_time(self, random: Random) -> None:
        operations.pass_time(self.twins, random)

    @rule(random=randoms())
    def move_prices(self, random: Random) -> None:
        operations.move_prices(self.twins, random)

    @rule(random=randoms())
    def change_surroundings(self, random: Random) -> None:
        operations.pick(random, operations.SURROUNDINGS)(self.twins, random)

    @rule(random=randoms())
    def lend(self, random: Random) -> None:
        operations.pick(random, operations.LENDING)(self.twins, random)

    @rule(random=randoms())
    def supply_collateral(self, random: Random) -> None:
        operations.supply_collateral(self.twins, random)

    @rule(random=randoms())
    def borrow(self, random: Random) -> None:
        operations.borrow(self.twins, random)

    @rule(random=randoms())
    def act(self, random: Random) -> None:
        operations.pick(random, operations.CALM)(self.twins, random)

    @rule(random=randoms())
    def sell(self, random: Random) -> None:
        operations.sell(self.twins, random)

    def teardown(self) -> None:
        if hasattr(self, "twins"):
            self.twins.check_all(Random(0))


@pytest.mark.slow
def test_hypothesis_finds_no_difference() -> None:
    """No difference in 120 sequences of fifty rules, sales with and without loss among them."""
    _let_hypothesis_try(120)


@pytest.mark.nightly
def test_hypothesis_finds_no_difference_for_long() -> None:
    """No difference in 3,000 sequences of fifty rules."""
    _let_hypothesis_try(3_000)


def _let_hypothesis_try(sequences: int) -> None:
    Agreement.counts.clear()
    run_state_machine_as_test(Agreement, settings=settings(max_examples=sequences, stateful_step_count=50))
    counts = Agreement.counts
    least = {"done: borrow": 100, "done: deposit": 100, "done: liquidate": 25, "sale: with loss": 15, "sale: partial": 5}
    assert not {kind: (counts[kind], wanted) for kind, wanted in least.items() if counts[kind] < wanted * sequences // 120}
