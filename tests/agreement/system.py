"""Random acts on a whole system, contracts and models at once, compared after every one.

    python -m tests.agreement.system --operations 50000 --seed 1 [--episode N] [--trace] [--counts]

Run from the repository with src on PYTHONPATH (or the package installed). Exit code 0: no difference; 1: a difference, one line says
where; then `--seed S --episode N --trace` shows how it came about.
"""

import sys
from collections import Counter
from random import Random

from tests.agreement import system_moves
from tests.agreement.driver import command_line, located
from tests.agreement.system_twins import System
from tests.agreement.system_worlds import draw_system

EPISODE = 400
CHECK_ALL_EVERY = 100


def run_episode(seed: int, episode: int, length: int, counts: Counter[str], *, trace: bool = False) -> None:
    """One world from its creation on, at least `length` acts long. Raises Difference, naming seed, episode and act."""
    rng = Random(f"{seed}/{episode}")
    start = counts["operations"]
    try:
        system = System(draw_system(rng), rng, counts=counts, trace=trace)
        next_check = start + CHECK_ALL_EVERY
        while counts["operations"] < start + length:
            system_moves.step(system, rng)
            if counts["operations"] >= next_check:
                system.check_all(rng)
                next_check += CHECK_ALL_EVERY
        system.check_all(rng)
    except Exception as failure:
        raise located(failure, seed, episode, counts["operations"] - start + 1) from failure
    counts["episodes"] += 1


def run(count: int, seed: int) -> Counter[str]:
    """At least `count` operations in episodes of 400; return what happened how often. Raises Difference."""
    counts: Counter[str] = Counter()
    while counts["operations"] < count:
        run_episode(seed, counts["episodes"], min(EPISODE, count - counts["operations"]), counts)
    return counts


if __name__ == "__main__":
    sys.exit(command_line(__doc__, run, run_episode, EPISODE, "system", has_artifacts=False))
