"""A rate that looks for the price of money by itself; twin of contracts/AdaptiveRate.vy.

The published adaptive curve: a curve through the rate at target utilisation, which moves by e^(speed * error * time). With u the
utilisation and 90 % its target, the error is (u - 90 %) / 10 % above the target and (u - 90 %) / 90 % below it.
"""

from .errors import Revert
from .exponential import ONE, exp_down
from .rounding import div_down, mul_div_down
from .terms import WAD, YEAR_SECONDS

# What is remembered is finer than WAD per second: a slow rate, moved a little every block, would else lose its moves to rounding.
FINER = 10**18

TARGET = 9 * 10**17
# The rate at full use is the rate at target times this; unused it is the rate at target divided by it.
STEEPNESS = 4
# At full use, or at none, the rate at target moves by e^50 in a year; computed in halves, see _answer.
HALF_SPEED = 25
MIN_RATE_AT_TARGET = div_down(10**15, YEAR_SECONDS)
MAX_RATE_AT_TARGET = div_down(2 * 10**18, YEAR_SECONDS)
# Any longer, and the least error would have moved the rate from one bound to the other: ln 2000 is 7.6, and 2^90 seconds make 1e9.
MAX_ELAPSED = 2**90


class AdaptiveRate:
    """Answers a rate in WAD per second, which rises while more than 90 % are lent out and falls while less are.

    `remembered` is by pool: its rate at target at its last update, in WAD per second * 1e18. Raises Revert where the initial rate at
    target (WAD per second) is not between 0.1 % and 200 % a year; nothing else is ever refused.
    """

    __slots__ = ("initial_rate_at_target", "remembered")

    def __init__(self, rate_at_target: int) -> None:
        if rate_at_target < MIN_RATE_AT_TARGET:
            raise Revert("rate: at target under 0.1 % a year")
        if rate_at_target > MAX_RATE_AT_TARGET:
            raise Revert("rate: at target over 200 % a year")
        self.initial_rate_at_target = rate_at_target
        self.remembered: dict[str, int] = {}

    def rate(self, pool: str, debt_assets: int, supply_assets: int, elapsed: int) -> int:
        """Return the rate (WAD per second) on average over the seconds elapsed since the pool's last update."""
        return self._answer(pool, debt_assets, supply_assets, elapsed)[0]

    def update(self, caller: str, debt_assets: int, supply_assets: int, elapsed: int) -> int:
        """Return the same for the calling pool, and remember where its rate at target has come to."""
        rate, end = self._answer(caller, debt_assets, supply_assets, elapsed)
        self.remembered[caller] = end
        return rate

    def rate_at_target(self, pool: str) -> int:
        """Return the pool's rate at target (WAD per second) as of its last update."""
        remembered = self.remembered.get(pool, 0)
        return self.initial_rate_at_target if remembered == 0 else div_down(remembered, FINER)

    def _answer(self, pool: str, debt_assets: int, supply_assets: int, elapsed: int) -> tuple[int, int]:
        error, is_above = _error(_utilisation(debt_assets, supply_assets))
        start = self.remembered.get(pool, 0)
        if start == 0:
            # Nobody was asked before, so there is nothing to move.
            start = self.initial_rate_at_target * FINER
            return _curve(start, error, is_above), start
        # Half the way at a time: the middle is wanted too.
        factor = exp_down(div_down(HALF_SPEED * error * min(elapsed, MAX_ELAPSED), YEAR_SECONDS))
        middle = _moved(start, factor, is_above)
        end = _moved(middle, factor, is_above)
        return _curve(div_down(start + 2 * middle + end, 4), error, is_above), end


def _utilisation(debt_assets: int, supply_assets: int) -> int:
    if debt_assets == 0:
        return 0
    if debt_assets >= supply_assets:
        return WAD
    return mul_div_down(debt_assets, WAD, supply_assets)


def _error(used: int) -> tuple[int, bool]:
    # (distance from the target as part of what there is on that side, WAD; whether above)
    if used > TARGET:
        return div_down((used - TARGET) * WAD, WAD - TARGET), True
    return div_down((TARGET - used) * WAD, TARGET), False


def _moved(start: int, factor: int, is_above: bool) -> int:
    # A rate of 0 is never reached, so a remembered 0 says that there is none.
    if is_above:
        return min(MAX_RATE_AT_TARGET * FINER, div_down(start * factor, ONE))
    return max(MIN_RATE_AT_TARGET * FINER, div_down(start * ONE, factor))


def _curve(at_target: int, error: int, is_above: bool) -> int:
    # 1 + (STEEPNESS - 1) * error above, 1 - (1 - 1 / STEEPNESS) * error below, times the rate at target; down to WAD per second.
    if is_above:
        return div_down(at_target * (WAD + (STEEPNESS - 1) * error), WAD * FINER)
    return div_down(at_target * (STEEPNESS * WAD - (STEEPNESS - 1) * error), STEEPNESS * WAD * FINER)
