"""Runs the exact engine over many paths, in the rows of the fast one: for books and terms where no rounding shall stand between."""

from collections.abc import Callable, Sequence

import numpy as np

from ringfence.inputs.scenario import Scenario
from ringfence.lab.micro import micro
from ringfence.lab.micro_pool import StressPool
from ringfence.lab.outcome import FIELD, NAMES
from ringfence.lab.run import Outcome

Told = Callable[[int, float], None]


def run_exact(
    pools: Sequence[StressPool],
    scenarios: Sequence[Scenario],
    prices: Sequence[float],
    *,
    seed: int,
    paths: int,
    steps: int,
    told: Told | None = None,
) -> Outcome:
    """All paths, one after the other; `told` gets the paths done and the seconds that all will take, and may raise to stop the run."""
    played = micro(pools, scenarios, prices, seed, paths, steps, told=told)
    fields = np.array([[[one.figures[name] for name in NAMES] for one in path] for path in played])
    waits = np.array([[one.waits for one in path] for path in played], dtype=np.float64)
    return Outcome(fields, waits, _fund(pools, fields))


def _fund(pools: Sequence[StressPool], fields: "np.ndarray") -> "np.ndarray":
    """What the backstop of each path has at the end, has paid, could not pay (1), and got."""
    covered = [place for place, pool in enumerate(pools) if pool.file.fund is not None]
    brought = sum(pool.file.fund.assets / 10**pool.file.asset_decimals for pool in pools if pool.file.fund)
    theirs = fields[:, covered, :]
    drawn = theirs[:, :, FIELD["loss_from_backstop"]].sum(axis=1)
    premium = theirs[:, :, FIELD["premium_paid"]].sum(axis=1)
    unpaid = theirs[:, :, FIELD["loss_from_lenders"]] + theirs[:, :, FIELD["loss_from_premium"]]
    exhausted = (unpaid > 0.0).any(axis=1) if covered else np.zeros(len(fields), dtype=bool)
    return np.column_stack((brought - drawn + premium, drawn, exhausted, premium))
