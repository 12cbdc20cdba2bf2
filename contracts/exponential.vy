# pragma version 0.4.3
"""
@title e to the power of x, in integers
@license MIT
@notice Never more than the true value, and less by under one part in 2^89. Twin of src/ringfence/model/exponential.py.
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
    # 1 + rest + rest^2 / 2 + rest^3 / 6 + ...; a term is at most ONE and the sum twice that, so nothing here overflows.
    term: uint256 = ONE
    total: uint256 = ONE
    for place: uint256 in range(1, TERMS + 1):
        term = unsafe_div(unsafe_mul(term, rest), unsafe_mul(ONE, place))
        # Of a small rest, that of a block, the first few terms are all.
        if term == 0:
            break
        total = unsafe_add(total, term)
    return total << doublings
