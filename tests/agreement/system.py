"""Random acts on a whole system, contracts and models at once, compared after every one.

    python -m tests.agreement.system --operations 50000 --seed 1 [--episode N] [--trace] [--counts]

Run from the repository with src on PYTHONPATH (or the package installed). Exit code 0: no difference; 1: a difference, one line says
where; then `--seed S --episode N --trace` shows how it came about.
"""

import argparse
import sys
import time
from collections import Counter
from random import Random

from tests.agreement import system_moves
from tests.agreement.driver import say
from tests.agreement.system_twins import System
from tests.agreement.system_worlds import draw_system
from tests.agreement.twins import Difference

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
        reason = str(failure) if isinstance(failure, Difference) else f"{type(failure).__name__}: {failure}"
        raise Difference(f"seed {seed}, episode {episode}, operation {counts['operations'] - start + 1}: {reason}") from failure
    counts["episodes"] += 1


def run(count: int, seed: int) -> Counter[str]:
    """At least `count` operations in episodes of 400; return what happened how often. Raises Difference."""
    counts: Counter[str] = Counter()
    while counts["operations"] < count:
        run_episode(seed, counts["episodes"], min(EPISODE, count - counts["operations"]), counts)
    return counts


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--operations", type=int, default=10_000, help="how many, in all (default 10,000)")
    parser.add_argument("--seed", type=int, default=1, help="where to begin (default 1)")
    parser.add_argument("--episode", type=int, help="run this episode only")
    parser.add_argument("--trace", action="store_true", help="print every act")
    parser.add_argument("--counts", action="store_true", help="print what happened how often")
    given = parser.parse_args()
    started = time.perf_counter()
    counts: Counter[str] = Counter()
    try:
        if given.episode is None:
            counts = run(given.operations, given.seed)
        else:
            run_episode(given.seed, given.episode, EPISODE, counts, trace=given.trace)
    except Difference as difference:
        say(f"difference: {difference}")
        return 1
    rate = counts["operations"] / (time.perf_counter() - started)
    if given.counts:
        say("\n".join(f"{count:9,d}  {kind}" for kind, count in sorted(counts.items())))
    say(f"no difference in {counts['operations']:,} operations ({counts['episodes']:,} systems), {rate:,.0f} a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
