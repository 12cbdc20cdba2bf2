"""e to the power of x, in integers; twin of contracts/exponential.vy.

Never more than the true value, and less by under one part in 2^90: `x` loses up to 2^-96 when it is scaled, up to 46 steps of ln 2 are
each too large by up to 2^-96, the series leaves out 2^-97 and the rounding of its terms 2^-95, all of them downwards.
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
    # 1 + rest/1 * (1 + rest/2 * (1 + ...)), from the inside.
    total = ONE
    for place in range(TERMS):
        total = ONE + div_down(rest * total, ONE * (TERMS - place))
    return total << doublings
