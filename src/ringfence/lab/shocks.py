"""What a pool loses if the price falls once, by so much, and stays there: with the market's depth and without it.

No random number is in it: one path for each fall, prompt liquidators and an oracle that shows the fall at once, so that what is left is the
book, the terms and the market.
"""

from collections.abc import Sequence

import numpy as np

from ringfence.inputs.scenario import PriceModel
from ringfence.inputs.stress_result import Shock
from ringfence.lab.cohorts import Positions
from ringfence.lab.layout import World
from ringfence.lab.paths import path_table
from ringfence.lab.run import run_chunk

FALLS = tuple(percent / 100 for percent in range(5, 95, 5))
"""Parts of the start price."""


def shocks(world: World, books: Sequence[Positions], falls: Sequence[float] = FALLS) -> tuple[tuple[Shock, ...], ...]:
    """The row of each fall, for each pool; `world` must have a perfect oracle and liquidators without latency or outage.

    The fall comes with the first step and hits all pools; the loss is what is booked and open at the end (asset tokens).
    """
    deep = _without_depth(world)
    rows: list[list[Shock]] = [[] for _ in range(world.pools.size)]
    for fall in falls:
        thin, free = (_fields(_fallen(each, fall)) for each in (world, deep))
        for place, (row, book) in enumerate(zip(rows, books, strict=True)):
            pool = world.pools[place]
            price = float(pool["price"]) * (1.0 if pool["collateral_from"] >= 0 else 1.0 - fall)
            unhealthy = book.debt > book.collateral * price * pool["liq_ltv"]
            row.append(Shock(fall, price, float(book.debt[unhealthy].sum()), thin[place], free[place]))
    return tuple(map(tuple, rows))


def _fallen(world: World, fall: float) -> World:
    """The same world on the one path that falls at once; what is a claim on another pool falls only as that pool loses."""
    tables = [
        path_table(PriceModel("profile", points=((world.step, 1.0 - own),)), world.step, world.steps)
        for own in (0.0 if pool["collateral_from"] >= 0 else fall for pool in world.pools)
    ]
    return world._replace(
        kinds=np.array([table.kind for table in tables]),
        values=np.stack([table.values for table in tables]),
        series=np.concatenate([table.series for table in tables]),
        series_at=np.cumsum([0, *(table.series.size for table in tables)]),
    )


def _without_depth(world: World) -> World:
    pools = world.pools.copy()
    pools["depth_a"] = 0.0
    return world._replace(pools=pools)


def _fields(world: World) -> list[float]:
    """The loss of each pool on the world's one path."""
    outcome = run_chunk(world, 0, 0, 1)
    return [float(outcome.field("loss", place)[0]) for place in range(world.pools.size)]
