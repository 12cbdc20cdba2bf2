"""The ladder itself: one pool's positions with debt, sorted worst first, and the cut that a price makes.

Nothing here knows a price, an interest or a loss; those come with each question as a band. Keys are floats of r within 6 u; ranks are
sorted exactly all the same, in integers where floats are too near to tell. The key at a rank is then perhaps a neighbour's, and still
within 6 u of the r of its own position: the n-th largest of numbers that are each off by a factor at most is off by that factor at most.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from ringfence.ladder.amounts import Flags, Floats, Places, Words, amount, floats, prefix_sums
from ringfence.ladder.badness import badness
from ringfence.ladder.band import SLACK, Band

SIZE_BITS = 16
"""Positions are grouped by the bits of their debt shares: the band of a group is as wide as its smallest debt makes it."""
FEW = 4
"""So many doubtful positions are rechecked at once; of more, floats first leave out those whose own band is narrower than their group's."""


class SizeGroup(NamedTuple):
    """Positions of about one size: the fewest debt shares that one of them has, their ranks, and their keys as in `Rungs.falling`."""

    least: float
    ranks: Places
    falling: Floats


class Rungs:
    """Positions sorted worst first; immutable. `places` are their places in the book, `falling` their keys times -1, so that they rise."""

    def __init__(self, collateral: Words, debt_shares: Words) -> None:
        owing = np.flatnonzero(debt_shares[:, 0] | debt_shares[:, 1])
        self._collateral, self._debt_shares = collateral.take(owing, axis=0), debt_shares.take(owing, axis=0)
        owed = floats(self._debt_shares)
        with np.errstate(divide="ignore"):
            keys = -(owed / floats(self._collateral))
        order = _sorted(keys)
        self.falling: Floats = keys[order]
        order = self._exactly(order)
        self._collateral, self._debt_shares = self._collateral.take(order, axis=0), self._debt_shares.take(order, axis=0)
        self.places: Places = owing[order]
        self.places.flags.writeable = False
        self._owed = owed[order]
        self._most = float(self._owed.max(initial=0.0)) * (1 + SLACK)

    def __len__(self) -> int:
        return len(self.places)

    def certain(self, band: Band) -> int:
        """How many ranks, from the first, are unhealthy for certain."""
        return int(self.falling.searchsorted(-band.certain))

    def doubtful(self, band: Band) -> Places:
        """The ranks behind those that must be judged in integers, in their order."""
        found = [ranks for group in self.groups if len(ranks := self._doubtful_of(group, band))]
        if self._most >= band.capped:
            certain = self.certain(band)
            found.append(certain + np.flatnonzero(self._owed[certain:] >= band.capped))
        return np.unique(np.concatenate(found)) if found else NONE

    def _doubtful_of(self, group: SizeGroup, band: Band) -> Places:
        start, end = window(group, band)
        ranks = group.ranks[start:end]
        if len(ranks) > FEW:
            ranks = ranks[-group.falling[start:end] * (1 + band.doubt / self._owed[ranks]) > band.threshold]
        return ranks

    def is_in_doubt(self, bands: list[Band]) -> Flags:
        """For each of many bands, whether it may leave anybody in doubt."""
        certain, threshold, doubt, capped = (np.array(column) for column in zip(*bands, strict=True))
        doubted: Flags = self._most >= capped
        for group in self.groups:
            start = group.falling.searchsorted(-certain)
            doubted |= group.falling.searchsorted(-threshold / (1 + doubt / group.least)) > start
        return doubted

    def amounts(self, rank: int) -> tuple[int, int]:
        """Collateral (base units) and debt shares of the position at a rank."""
        return amount(self._collateral[rank]), amount(self._debt_shares[rank])

    @cached_property
    def groups(self) -> tuple[SizeGroup, ...]:
        """The groups that have anybody in them."""
        bits = np.frexp(self._owed)[1] - 1
        kinds = bits // SIZE_BITS
        members = (np.flatnonzero(kinds == kind) for kind in np.flatnonzero(np.bincount(kinds)))
        return tuple(SizeGroup(float(self._owed[ranks].min()), ranks, self.falling[ranks]) for ranks in members)

    @cached_property
    def collateral_of_first(self) -> Floats:
        """The collateral of the first 0, 1, 2, ... ranks (base units, within 2^-50)."""
        return prefix_sums(self._collateral)

    @cached_property
    def debt_shares_of_first(self) -> Floats:
        """The debt shares of the first 0, 1, 2, ... ranks (within 2^-50)."""
        return prefix_sums(self._debt_shares)

    def _exactly(self, order: Places) -> Places:
        """The order with every run of keys too near to each other sorted in integers; equal positions stand in book order already."""
        rising = self.falling
        near = rising[1:] <= rising[:-1] * (1 - SLACK)
        if not near.any():
            return order
        held, owed = self._collateral.take(order, axis=0), self._debt_shares.take(order, axis=0)
        alike = (held[1:] == held[:-1]).all(axis=1) & (owed[1:] == owed[:-1]).all(axis=1)
        alike |= np.isneginf(rising[1:]) & np.isneginf(rising[:-1])
        exact = order.copy()
        for start, end in _runs(near, near & ~alike):
            exact[start:end] = sorted(
                order[start:end].tolist(),
                key=lambda index: (-badness(amount(self._collateral[index]), amount(self._debt_shares[index])), index),
            )
        return exact


NONE: Places = np.empty(0, dtype=np.int64)


def _sorted(keys: Floats) -> Places:
    """The order of rising keys, equal ones as they stand; sorting without regard to those is many times as fast, and mostly enough."""
    order = np.argsort(keys)
    rising = keys[order]
    return np.argsort(keys, kind="stable") if (rising[1:] == rising[:-1]).any() else order


def window(group: SizeGroup, band: Band) -> tuple[int, int]:
    """From where to where in its group the positions in doubt stand: not above what is certain, above what no rounding lifts over it."""
    start = group.falling.searchsorted(-band.certain)
    end = group.falling.searchsorted(-band.threshold / (1 + band.doubt / group.least))
    return int(start), int(end)


def _runs(near: Flags, unlike: Flags) -> list[tuple[int, int]]:
    """The runs of ranks joined by `near` neighbours in which somebody is `unlike` the next: first and one past the last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], near, [False])).astype(np.int8)))
    unlike_before = np.concatenate(([0], np.cumsum(unlike)))
    return [
        (start, end + 1)
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        if unlike_before[end] > unlike_before[start]
    ]
