"""A pool's life as a stateful machine, and the same from seeds, which is ten times as fast; a law watches every transaction of both."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.stateful.choice import Choice, Drawn, Seeded
from tests.stateful.market import Build, Grounds, Law, Market
from tests.stateful.moves import BAG, Moves, make_moves
from tests.stateful.setting import DECIMALS, FAMILIES, Setting, draw_setting

EXAMPLES, STEPS = 50, 40  # of the machine, times effort
LIVES, MOVES = 200, 60  # from seeds, times effort
# The short version of every test, and the long one of the night.
EFFORTS = [pytest.param(1, id="short"), pytest.param(20, marks=pytest.mark.nightly, id="long")]

# What a watch must at least have seen and done, times effort, so that its law was tried on every kind of pool by everything a pool can do.
LIVELY = {
    **{f"{family} incentive": 40 for family in FAMILIES},
    **{f"{token} of {decimals} decimals": 50 for token in ("asset", "collateral") for decimals in DECIMALS},
    **{f"with {term}": 60 for term in ("target_ltv", "min_debt", "penalty", "reserve_factor", "creator_fee", "solvent_window")},
    "with premium": 40,
    "with lockup": 60,
    **{f"without {term}": 40 for term in ("target_ltv", "min_debt", "penalty", "reserve_factor", "creator_fee")},
    "deposit": 400,
    "mint": 100,
    "withdraw": 200,
    "redeem": 200,
    "borrow": 1_000,
    "repay": 250,
    "withdraw_collateral": 60,
    "liquidate": 400,
    "liquidate_many": 200,
    "flag": 150,
    "unflag": 100,
    "sale full": 400,
    "sale partial": 250,
    "sale with a loss": 400,
    "sale without a loss": 250,
    "loss on the reserve": 150,
    "loss on lenders": 250,
    "loss on the backstop": 50,
    "loss on the premium": 3,
    "pay_premium": 40,
    "redeem refused: pool: shares are locked": 5,
    "withdraw refused: pool: shares are locked": 5,
}


class PoolMachine(RuleBasedStateMachine):
    """One pool; each step one move, whose choices are drawn as it goes because they depend on the pool's state."""

    def __init__(self, found: Callable[[Choice], Market]) -> None:
        super().__init__()
        self.found = found

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        choice = Drawn(data.draw)
        self.moves = Moves(self.found(choice), choice)
        self.moves.begin()

    @rule(data=st.data(), move=st.sampled_from(BAG))
    def move(self, data: st.DataObject, move: Callable[[Moves], None]) -> None:
        self.moves.choice = Drawn(data.draw)
        move(self.moves)


def watch(
    law: Law,
    build: Build,
    effort: int,
    *,
    draw: Callable[[Choice], Setting] = draw_setting,
    grounds: Callable[[Setting], Grounds] | None = None,
) -> Counter[str]:
    """Live many lives under a law, which raises LawBroken from within; return how often each thing was done and judged."""
    tally: Counter[str] = Counter()

    def found(choice: Choice) -> Market:
        setting = draw(choice)
        return Market(setting, build, grounds(setting) if grounds else None, laws=[law], tally=tally)

    # Always the same examples; what fails is made small only when somebody asks for it, because that can take minutes.
    phases = (Phase.generate, Phase.shrink) if settings.get_current_profile_name() == "shrink" else (Phase.generate,)
    chosen = settings(
        max_examples=EXAMPLES * effort,
        stateful_step_count=STEPS,
        phases=phases,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: PoolMachine(found), settings=chosen)
    for seed in range(LIVES * effort):
        choice = Seeded(seed)
        try:
            make_moves(found(choice), choice, MOVES)
        except AssertionError as failure:
            failure.add_note(f"in the life of seed {seed}")
            raise
    return tally + law.seen


def too_few(counts: Counter[str], effort: int, least: dict[str, int]) -> dict[str, int]:
    """What was done or judged less often than it must be for the test to mean anything."""
    return {name: counts[name] for name, count in least.items() if counts[name] < count * effort}
