# pragma version 0.4.3
"""
@title A rate that looks for the price of money by itself: it rises while more than 90 % are lent out, and falls while less are
@license MIT
@notice The published adaptive curve: a curve through the rate at target utilisation, which moves by e^(speed * error * time). What is
    remembered belongs to the pool that calls. Calls nobody, and no input makes it fail. Twin of src/ringfence/model/adaptive_rate.py.
"""

from interfaces import IRateModel

import exponential
import rounding

implements: IRateModel

WAD: constant(uint256) = 10**18
YEAR_SECONDS: constant(uint256) = 31_536_000
ONE: constant(uint256) = 2**96  # the unit of exponential.vy
# What is remembered is finer than WAD per second: a slow rate, moved a little every block, would else lose its moves to rounding.
FINER: constant(uint256) = 10**18

TARGET: constant(uint256) = 9 * 10**17
# The rate at full use is the rate at target times this; unused it is the rate at target divided by it.
STEEPNESS: constant(uint256) = 4
# At full use, or at none, the rate at target moves by e^50 in a year; computed in halves, see _answer.
HALF_SPEED: constant(uint256) = 25
MIN_RATE_AT_TARGET: constant(uint256) = 10**15 // YEAR_SECONDS  # 0.1 % a year
MAX_RATE_AT_TARGET: constant(uint256) = 2 * 10**18 // YEAR_SECONDS  # 200 % a year
# Any longer, and the least error would have moved the rate from one bound to the other: ln 2000 is 7.6, and 2^90 seconds make 1e9.
MAX_ELAPSED: constant(uint256) = 2**90

initial_rate_at_target: public(immutable(uint256))

remembered: HashMap[address, uint256]  # rate at target by pool, WAD per second * FINER; 0 before its first update


@deploy
def __init__(rate_at_target: uint256):
    assert rate_at_target >= MIN_RATE_AT_TARGET, "rate: at target under 0.1 % a year"
    assert rate_at_target <= MAX_RATE_AT_TARGET, "rate: at target over 200 % a year"
    initial_rate_at_target = rate_at_target


@external
@view
def rate(pool: address, debt_assets: uint256, supply_assets: uint256, elapsed: uint256) -> uint256:
    return self._answer(pool, debt_assets, supply_assets, elapsed)[0]


@external
def update(debt_assets: uint256, supply_assets: uint256, elapsed: uint256) -> uint256:
    rate: uint256 = 0
    end: uint256 = 0
    rate, end = self._answer(msg.sender, debt_assets, supply_assets, elapsed)
    self.remembered[msg.sender] = end
    return rate


@external
@view
def rate_at_target(pool: address) -> uint256:
    # WAD per second, as of the pool's last update.
    remembered: uint256 = self.remembered[pool]
    return initial_rate_at_target if remembered == 0 else remembered // FINER


@internal
@view
def _answer(pool: address, debt_assets: uint256, supply_assets: uint256, elapsed: uint256) -> (uint256, uint256):
    # -> (rate on average over the time elapsed, WAD per second; rate at target at its end, FINER)
    error: uint256 = 0
    is_above: bool = False
    error, is_above = self._error(self._utilisation(debt_assets, supply_assets))
    start: uint256 = self.remembered[pool]
    if start == 0:
        # Nobody was asked before, so there is nothing to move.
        start = initial_rate_at_target * FINER
        return self._curve(start, error, is_above), start
    # Half the way at a time: the middle is wanted too. 25 * 2^60 * 2^90 keeps the product inside.
    factor: uint256 = exponential._exp_down(unsafe_mul(HALF_SPEED * error, min(elapsed, MAX_ELAPSED)) // YEAR_SECONDS)
    middle: uint256 = self._moved(start, factor, is_above)
    end: uint256 = self._moved(middle, factor, is_above)
    return self._curve((start + 2 * middle + end) // 4, error, is_above), end


@internal
@pure
def _utilisation(debt_assets: uint256, supply_assets: uint256) -> uint256:
    if debt_assets == 0:
        return 0
    if debt_assets >= supply_assets:
        return WAD
    return rounding._mul_div_down(debt_assets, WAD, supply_assets)


@internal
@pure
def _error(used: uint256) -> (uint256, bool):
    # -> (distance from the target as part of what there is on that side, WAD; whether above)
    if used > TARGET:
        return (used - TARGET) * WAD // (WAD - TARGET), True
    return (TARGET - used) * WAD // TARGET, False


@internal
@pure
def _moved(start: uint256, factor: uint256, is_above: bool) -> uint256:
    # A rate and a factor are under 2^97 and 2^143; a rate of 0 is never reached, so a remembered 0 says that there is none.
    if is_above:
        return min(MAX_RATE_AT_TARGET * FINER, start * factor // ONE)
    return max(MIN_RATE_AT_TARGET * FINER, start * ONE // factor)


@internal
@pure
def _curve(at_target: uint256, error: uint256, is_above: bool) -> uint256:
    # 1 + (STEEPNESS - 1) * error above, 1 - (1 - 1 / STEEPNESS) * error below, times the rate at target; down to WAD per second.
    if is_above:
        return at_target * (WAD + (STEEPNESS - 1) * error) // (WAD * FINER)
    return at_target * (STEEPNESS * WAD - (STEEPNESS - 1) * error) // (STEEPNESS * WAD * FINER)
