"""Amounts of up to 128 bits in NumPy: each is two words of 64 bits, the lower first; what is computed of many at once is a float."""

from collections.abc import Iterable
from operator import index
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
"""Amounts, one a row: the lower and the upper 64 bits."""
Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]
"""Places in the book, or on the ladder."""
Flags: TypeAlias = NDArray[np.bool_]

WORD_BITS = 64
WORD_MASK = (1 << WORD_BITS) - 1
QUARTER_BITS = np.uint64(32)
QUARTER_MASK = np.uint64(2**32 - 1)


def words(amounts: Iterable[int], limit: int) -> Words:
    """The amounts as words; raises ValueError for one below 0 or of `limit` (at most 2^128) or more, TypeError for what is no integer."""
    given = list(map(index, amounts.tolist() if isinstance(amounts, np.ndarray) else amounts))
    if given and not (min(given) >= 0 and max(given) < limit):
        raise ValueError(f"amounts from {min(given)} to {max(given)}: each must be 0 or more and less than {limit}")
    packed = b"".join([each.to_bytes(16, "little") for each in given])
    return np.frombuffer(packed, dtype="<u8").reshape(-1, 2).astype(np.uint64, copy=True)


def amount(row: Words) -> int:
    """One amount as an integer."""
    low, high = row.tolist()
    return int(high << WORD_BITS | low)


def integers(amounts: Words) -> list[int]:
    """All amounts as integers."""
    return [high << WORD_BITS | low for low, high in amounts.tolist()]


def row(amount: int) -> tuple[int, int]:
    """One amount as its two words."""
    return amount & WORD_MASK, amount >> WORD_BITS


def floats(amounts: Words) -> Floats:
    """The amounts as floats, each within 2^-51 of its value: two words and their sum are rounded, by 2^-53 each."""
    nearest: Floats = amounts[:, 1].astype(np.float64)
    nearest *= 2.0**WORD_BITS
    nearest += amounts[:, 0]
    return nearest


def prefix_sums(amounts: Words) -> Floats:
    """The sums of the first 0, 1, 2, ... amounts, as floats within 2^-50 of their values.

    Quarters of 32 bits are summed exactly: fewer than 2^32 of them fit a word. Only then four exact sums become floats and are added.
    """
    sums = np.zeros(len(amounts) + 1)
    for word in (1, 0):
        for shift, mask in ((QUARTER_BITS, QUARTER_MASK), (np.uint64(0), QUARTER_MASK)):
            quarter = np.cumsum(amounts[:, word] >> shift & mask, dtype=np.uint64)
            sums[1:] *= 2.0**32
            sums[1:] += quarter
    return sums
