# pragma version 0.4.3
"""
@title e to the power of x, in integers
@license MIT
@notice Never more than the true value, and less by under one part in 2^90. Twin of src/ringfence/model/exponential.py.
"""

WAD: constant(uint256) = 10**18
# Unit of the answer, and of everything on the way to it.
ONE: constant(uint256) = 2**96
# ln 2 in units of ONE, rounded up, so that what is left after taking it off is never too much.
LN_2: constant(uint256) = 54916777467707473351141471129
# Beyond it every answer is the same, so that no x can overflow; e^32 is 2^46.2.
MAX_X: constant(uint256) = 32 * WAD
# What the series leaves out after so many terms is under ONE / 2^97 where x is at most ln 2.
TERMS: constant(uint256) = 24


@internal
@pure
def _exp_down(x: uint256) -> uint256:
    # x in WAD, at most 32 of it are counted; the answer in units of 2^96. With x = doublings * ln 2 + rest, e^x = 2^doublings * e^rest.
    scaled: uint256 = min(x, MAX_X) * ONE // WAD
    doublings: uint256 = scaled // LN_2
    rest: uint256 = scaled - doublings * LN_2
    # 1 + rest/1 * (1 + rest/2 * (1 + ...)), from the inside; the sum is at most 2 * ONE, so nothing here overflows.
    total: uint256 = ONE
    for place: uint256 in range(TERMS):
        total = unsafe_add(ONE, unsafe_div(unsafe_mul(rest, total), unsafe_mul(ONE, unsafe_sub(TERMS, place))))
    return total << doublings
