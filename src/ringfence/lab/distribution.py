"""The whole distribution of a run's losses, and how far each size of reserve would have gone: for charts, and for whoever asks of another
level than the metrics do."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ringfence.inputs.stress_result import ReserveSize
from ringfence.lab.columns import NOTHING_LOST, PoolStart, columns_of
from ringfence.lab.layout import Floats
from ringfence.lab.run import Outcome

LEVELS = range(1001)
"""Thousandths."""
SIZES = 24
Z = 1.959963984540054
"""Of a normal, 97.5 %."""
BP = 10_000.0


def distribution(outcome: Outcome, starts: Sequence[PoolStart]) -> Mapping[str, Any]:
    """The quantile of loss and lenders' loss at each level (bp of supply, all pools together): the least value that so many thousandths of
    the paths do not exceed."""
    supply = sum(start.supply for start in starts)
    scale = BP / supply if supply > 0.0 else 0.0
    pools = [columns_of(outcome.fields[:, place], start) for place, start in enumerate(starts)]
    shown = {name: quantiles(np.sum([pool[name] for pool in pools], axis=0) * scale) for name in ("loss", "lender_loss")}
    return {"levels": list(LEVELS), **shown}


def quantiles(values: Floats) -> list[float]:
    """The value at each level, by the definition of `intervals.Quantile`; the least of all at level 0."""
    paths = len(values)
    ranks = [max(0, paths - 1 - paths * (1000 - level) // 1000) for level in LEVELS]
    found: list[float] = np.sort(values)[ranks].tolist()
    return found


def reserve_sizing(fields: Floats, start: PoolStart) -> tuple[ReserveSize, ...]:
    """For each size of the reserve, from none to the largest that any path needs, how often it would not have been enough; with the pool's
    own size among them. Sizes stand closer where they are small, as most paths need little."""
    needed = needs(fields, start)
    most = float(needed.max())
    sizes = sorted({most * (place / SIZES) ** 2 for place in range(SIZES + 1)} | {start.reserve})
    counts = np.searchsorted(np.sort(needed), np.array(sizes) + NOTHING_LOST * start.supply, side="right").tolist()
    paths, parts = len(needed), [size / start.supply if start.supply > 0.0 else 0.0 for size in sizes]
    return tuple(
        ReserveSize(size, part, (paths - held) / paths, *interval_of_part(paths - held, paths))
        for size, part, held in zip(sizes, parts, counts, strict=True)
    )


def needs(fields: Floats, start: PoolStart) -> Floats:
    """The reserve at the start that each path needs (asset): `reserve_needed`, which looks at the ends of steps; where the pool's
    own was short within a step, it and all that went past it, and where it was enough no more than it."""
    of = columns_of(fields, start)
    past = of["loss_from_backstop"] + of["loss_from_lenders"] + of["loss_from_premium"] + of["open_to_lenders"]
    needed = of["reserve_needed"]
    short = np.maximum(needed, start.reserve + past)
    found: Floats = np.where(of["reserve_ruined"] > 0.0, short, np.minimum(needed, start.reserve))
    return found


def interval_of_part(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a probability that was seen `count` times of so many (Wilson 1927): unlike resampling, it does not end at 0
    where nothing was seen."""
    part, square = count / of, Z * Z / of
    middle = part + square / 2.0
    spread = Z * math.sqrt(part * (1.0 - part) / of + square / (4.0 * of))
    low = 0.0 if count == 0 else (middle - spread) / (1.0 + square)
    high = 1.0 if count == of else (middle + spread) / (1.0 + square)
    return low, high
