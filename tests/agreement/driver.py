"""Random operations on the shipped contract and on the model at once, compared after every one.

    python -m tests.agreement.driver --operations 100000 --seed 1 [--artifacts DIR] [--episode N] [--trace] [--counts]

Run from the repository with src on PYTHONPATH (or the package installed). `--artifacts DIR` takes Pool.json (and what else lies there) from
another folder, PYTHONPATH another copy of the model. Exit code 0: no difference; 1: a difference, one line says where; then
`--seed S --episode N --trace` shows how it came about.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.agreement import operations
from tests.agreement.twins import Difference, Twins
from tests.agreement.worlds import draw_world

EPISODE = 200
CHECK_ALL_EVERY = 50


def run_episode(seed: int, episode: int, length: int, counts: Counter[str], *, artifacts: Path | None = None, trace: bool = False) -> None:
    """One world from its creation on, `length` operations long. Raises Difference, naming seed, episode and operation."""
    rng = Random(f"{seed}/{episode}")
    number = 0
    try:
        twins = Twins(draw_world(rng, episode), artifacts=artifacts, counts=counts, trace=trace)
        for number in range(1, length + 1):
            operations.step(twins, rng)
            if number % CHECK_ALL_EVERY == 0 or number == length:
                twins.check_all(rng)
    except Exception as failure:
        raise located(failure, seed, episode, number) from failure
    counts["operations"] += length
    counts["episodes"] += 1


def located(failure: Exception, seed: int, episode: int, number: int) -> Difference:
    """The failure, whatever it was, with the place where it can be seen again."""
    reason = str(failure) if isinstance(failure, Difference) else f"{type(failure).__name__}: {failure}"
    return Difference(f"seed {seed}, episode {episode}, operation {number}: {reason}")


def run(count: int, seed: int, *, artifacts: Path | None = None) -> Counter[str]:
    """At least `count` operations in episodes of 200; return what happened how often. Raises Difference."""
    counts: Counter[str] = Counter()
    episode = 0
    while counts["operations"] < count:
        run_episode(seed, episode, min(EPISODE, max(1, count - counts["operations"])), counts, artifacts=artifacts)
        episode += 1
    return counts


def command_line(
    description: str, run: Callable[..., Counter[str]], run_episode: Callable[..., None], length: int, world: str, *, has_artifacts: bool
) -> int:
    """The command line of a driver whose episodes are so long; returns the exit code. `world` is what an episode begins with."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--operations", type=int, default=10_000, help="how many, in all (default 10,000)")
    parser.add_argument("--seed", type=int, default=1, help="where to begin (default 1)")
    if has_artifacts:
        parser.add_argument("--artifacts", type=Path, help="folder with Pool.json to run instead of the shipped one")
    parser.add_argument("--episode", type=int, help="run this episode only")
    parser.add_argument("--trace", action="store_true", help="print every act")
    parser.add_argument("--counts", action="store_true", help="print what happened how often")
    given = parser.parse_args()
    other = {"artifacts": given.artifacts} if has_artifacts else {}
    started = time.perf_counter()
    counts: Counter[str] = Counter()
    try:
        if given.episode is None:
            counts = run(given.operations, given.seed, **other)
        else:
            run_episode(given.seed, given.episode, length, counts, trace=given.trace, **other)
    except Difference as difference:
        say(f"difference: {difference}")
        return 1
    rate = counts["operations"] / (time.perf_counter() - started)
    if given.counts:
        say("\n".join(f"{count:9,d}  {kind}" for kind, count in sorted(counts.items())))
    say(f"no difference in {counts['operations']:,} operations ({counts['episodes']:,} {world}s), {rate:,.0f} a second")
    return 0


def say(text: str) -> None:
    """Print to the person who runs this."""
    print(text)  # noqa: T201


if __name__ == "__main__":
    sys.exit(command_line(__doc__, run, run_episode, EPISODE, "world", has_artifacts=True))
