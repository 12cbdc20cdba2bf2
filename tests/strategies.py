"""Hypothesis strategies for the values of a pool: legal terms, worlds, positions in totals, prices beside their thresholds.

The drawing itself is plain code over a `random.Random` (tests/agreement/worlds.py), so that seeded drivers draw alike;
hypothesis chooses the seeds, and makes a failing sequence of rules short.
"""

from random import Random

from hypothesis import strategies as st

from tests.agreement.worlds import FAMILIES, World, draw_terms, draw_world


def randoms() -> st.SearchStrategy[Random]:
    """A random source whose seed hypothesis chooses: numbers drawn one by one by hypothesis lean to 0 so much that little succeeds."""
    return st.integers(0, 2**64 - 1).map(Random)


def worlds() -> st.SearchStrategy[World]:
    """A pool's terms and surroundings, extremes included."""
    return randoms().map(draw_world)


def term_numbers(unit: int = 10**18) -> st.SearchStrategy[dict[str, int]]:
    """The numeric terms of a pool, legal together; `unit` is an ordinary amount of the asset (base units)."""
    return st.builds(draw_terms, randoms(), st.sampled_from(FAMILIES), st.just(unit))
