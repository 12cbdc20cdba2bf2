"""Words and floats of amounts: nothing is lost in words, and little in floats."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from ringfence.ladder.amounts import amount, floats, integers, prefix_sums, row, words

EDGES = [0, 1, 2**32, 2**53 + 1, 2**63, 2**64 - 1, 2**64, 2**117 - 1, 2**127 - 1, 2**128 - 1]


def drawn(count: int) -> list[int]:
    """Amounts of every size."""
    rng = Random(1)
    return EDGES + [rng.getrandbits(rng.randint(1, 128)) for _ in range(count)]


def test_words_hold_every_amount() -> None:
    """One by one and all together, from Python integers and from arrays."""
    given = drawn(1_000)
    packed = words(given, 2**128)
    assert integers(packed) == given == [amount(each) for each in packed]
    assert [tuple(each) for each in packed.tolist()] == [row(each) for each in given]
    assert integers(words(np.array([3, 2**40]), 2**128)) == [3, 2**40]
    assert integers(words([np.int64(7)], 2**128)) == [7]
    assert integers(words([], 2**128)) == []


@pytest.mark.parametrize("given", [[-1], [0, 2**127], [5, -(2**70)]])
def test_what_does_not_fit_is_refused(given: list[int]) -> None:
    with pytest.raises(ValueError, match="each must be 0 or more"):
        words(given, 2**127)
    with pytest.raises(TypeError):
        words([1.5], 2**127)  # type: ignore[list-item]


def test_floats_are_as_near_as_the_proof_says() -> None:
    """Within (1 + u)^2 of the amount, u = 2^-53."""
    given = drawn(20_000)
    u = Fraction(1, 2**53)
    off = [abs(Fraction(near) - exact) / exact for near, exact in zip(floats(words(given, 2**128)).tolist(), given, strict=True) if exact]
    assert max(off) < (1 + u) ** 2 - 1
    assert max(off) > u / 2


def test_prefix_sums_are_within_their_bound_however_many() -> None:
    """Sums of exact quarters: no error adds up."""
    given = drawn(20_000)
    total, worst = 0, Fraction(0)
    sums = prefix_sums(words(given, 2**128)).tolist()
    assert sums[0] == 0.0
    for near, each in zip(sums[1:], given, strict=True):
        total += each
        worst = max(worst, abs(Fraction(near) - total) / max(1, total))
    assert worst < Fraction(1, 2**50)
