"""e to the power of x, in integers; twin of contracts/exponential.vy.

Never more than the true value, and less by under one part in 2^89, all of it downwards. In units of 2^-96: `x` loses 1 when it is scaled,
up to 46 steps of ln 2 are each too large by 1, each of 24 terms loses up to 2, and what the series leaves out is under 1: 96 together.
"""

from .rounding import div_down
from .terms import WAD

# Unit of the answer, and of everything on the way to it.
ONE = 2**96
# ln 2 in units of ONE, rounded up, so that what is left after taking it off is never too much.
LN_2 = 54916777467707473351141471129
# Beyond it every answer is the same, so that no x of the contract can overflow; e^32 is 2^46.2.
MAX_X = 32 * WAD
# What the series leaves out after so many terms is under ONE / 2^97 where x is at most ln 2.
TERMS = 24


def exp_down(x: int) -> int:
    """Return e^x in units of 2^96, rounded down; x of 0 and more in WAD, of which at most 32 are counted. Never reverts."""
    # With x = doublings * ln 2 + rest, e^x = 2^doublings * e^rest.
    scaled = div_down(min(x, MAX_X) * ONE, WAD)
    doublings = div_down(scaled, LN_2)
    rest = scaled - doublings * LN_2
    # 1 + rest + rest^2 / 2 + rest^3 / 6 + ...
    term = total = ONE
    for place in range(1, TERMS + 1):
        term = div_down(term * rest, ONE * place)
        # Of a small rest, that of a block, the first few terms are all.
        if term == 0:
            break
        total += term
    return total << doublings
