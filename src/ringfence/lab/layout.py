"""How the fast engine keeps pools, feeds and what becomes of them: rows of named figures that compiled code reads in place.

Amounts are whole tokens, fractions 1 = 100 %, times seconds; steps are counted from the start of a path.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ringfence.lab.outcome import NAMES

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

FIXED, KINKED, ADAPTIVE = 0, 1, 2
RISKIEST, SAFEST, LARGEST, RANDOM = 0, 1, 2, 3
UNTOUCHED, REDUCED, TOUCHED, CLOSED = 0, 1, 2, 3
"""What sales have made of a cohort: nothing; fewer of the same; something else; nothing that is left."""
NEVER = -1
ORDERS = {"riskiest-first": RISKIEST, "safest-first": SAFEST, "largest-first": LARGEST, "random": RANDOM}

_FLOATS = (
    # terms
    "liq_ltv target_ltv incentive_base incentive_rise incentive_slope incentive_max penalty reserve_factor reserve_target "
    "creator_fee premium min_debt solvent_window sale_timeout asset_unit "
    # rate model, WAD per second
    "rate_base rate_kink rate_below rate_above "
    # cover
    "cover_most cover_share "
    # the pool at the start
    "price supply reserve debt collateral "
    # market
    "depth_a depth_b depth_kept depth_negligible cascade "
    # liquidators and lenders
    "gas min_profit min_incentive capital run_share run_at low_cash"
).split()
_WHOLE = "rate_kind order latency first last feed_first feed_last collateral_from has_clock has_fund".split()
POOL = np.dtype([(name, np.float64) for name in _FLOATS] + [(name, np.int64) for name in _WHOLE])
"""One pool: its terms, its book's place among the cohorts (`first` until before `last`), its feeds, its market and its people."""

FEED = np.dtype(
    [(name, np.float64) for name in ("heartbeat", "deviation", "fixed", "max_age", "shown", "shown_at")] + [("delay", np.int64)]
)
"""One feed; `fixed` is a multiple of the start price or NaN, `delay` steps; `shown` is what it last published, and `shown_at` when."""

FUND_NAMES = ("assets", "drawn", "exhausted", "premium")
FUND = np.dtype([(name, np.float64) for name in FUND_NAMES])
"""The backstop of a path: what it holds, paid, whether it could not pay all (1), what premium it got."""

_MONEY = (
    "index supply supply_shares reserve debt premium_owed rate_at_target drawn used runner_shares high worst_touched beyond virtual_least "
    "returned"
).split()
_CURSORS = "untouched crossed touched waiting changed deepest is_running low_steps failed_steps ok_count".split()
FIGURES = slice(len(_MONEY), len(_MONEY) + len(NAMES))
"""Where `outcome.NAMES` stand in a row of STATE, of which every field takes eight bytes."""
STATE = np.dtype([(name, np.float64) for name in (*_MONEY, *NAMES)] + [(name, np.int64) for name in _CURSORS])
"""One pool on its way: its money, what `outcome.NAMES` will say of the path, and where its cohorts stand.

`index` is the debt a debt share stands for, 1 at the start; `untouched` the first cohort no sale has changed, `crossed` the first that is
healthy; `touched` counts those that sales have changed, `worst_touched` is their highest debt per collateral, `waiting` how many of
them are unhealthy.
"""


class Cohorts(NamedTuple):
    """Positions by risk, of all pools one after the other; those of one pool are sorted, riskiest first, and end with empty slots.

    One row a cohort: debt per collateral, collateral, debt (whole tokens), number of positions, first place in the book.
    """

    ratio: Floats
    collateral: Floats
    debt: Floats
    number: Floats
    place: Floats


COHORT = np.dtype(
    [(name, np.float64) for name in ("risk", "collateral", "shares", "number")]
    + [(name, np.int64) for name in ("status", "since", "clock", "left")]
    + [(name, np.float64) for name in ("ratio", "start_collateral", "start_debt", "start_number", "place", "key")]
    + [(name, np.int64) for name in ("touched", "changed", "candidate")]
)
"""One cohort as it is now, and as it was at the start.

`risk` is the debt per collateral by which cohorts are sorted and never changes; `ratio` is that of a touched one now. `since` is the step
since which it is unhealthy, `clock` where its clock began, `left` the step at which it was healthy again. `touched`, `changed` and
`candidate` are lists of cohorts that have nothing to do with the row they lie in: the pool's first row holds their first entry, and so on.
All of it is one array because each array that is handed to a compiled function costs it about 6 nanoseconds, and a row nothing.
"""

PAST = np.dtype([("visible", np.float64), ("threshold", np.float64), ("ok_before", np.int64), ("ok_step", np.int64)])
"""One step of a pool that is over: the price others saw, the threshold of health, at how many steps before it somebody could set clocks.
`ok_step` is not of this step: it lists, in order, at which steps somebody could."""


class Work(NamedTuple):
    """What the engine writes while it runs: the cohorts as they are now, and what it has seen of the path."""

    rows: Any  # rows of COHORT
    past: Any  # [pool, step], rows of PAST
    multiples: Floats  # [pool, step]
    present: Any  # [step], whether liquidators come
    markets: Floats  # [pool], the market's price at the step


class World(NamedTuple):
    """Everything a path needs that is the same for all paths."""

    pools: Any  # rows of POOL
    start: Any  # rows of STATE
    base: Cohorts
    feeds: Any  # rows of FEED
    frozen: Any  # [feed, step], whether it publishes nothing
    bias: Floats  # [feed, step], what it multiplies with
    kinds: Whole  # [pool], the price model, and next its parameters and its series
    values: Floats  # [pool, parameter]
    series: Floats
    series_at: Whole  # [pool + 1]
    correlation: float
    outage_starts: Floats  # [window] seconds
    outage_ends: Floats
    outages_per_year: float
    outage_length: float
    fund_assets: float
    steps: int
    step: int
    marks: Whole  # [3], the steps that end a day, a week and thirty days; 0 beyond the horizon
