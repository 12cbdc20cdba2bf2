"""Which positions a price leaves in doubt: where floats cannot tell, integers must.

With A = debt_assets + 1, S = debt_shares_total + 1e6 and a position's collateral c and debt shares s, the contract counts

    D = ceil(s A / S)    V = min(floor(c price / 1e36), 2^160 - 1)    L = floor(V liq_ltv / 1e18)    unhealthy <=> D > L

Let r = s / c (infinite if c = 0) be the position's place on the ladder and t = price liq_ltv S / (A 1e54) the threshold of them all.

1. r > t => unhealthy. Multiplied by c A / S it says s A / S > c price liq_ltv / 1e54. D is at least the left side, rounded up as it is, and
   L at most the right one, rounded down twice and capped.
2. unhealthy and V below its cap => r (1 + g / s) > t, with g = 2 S / A the shares of two units of debt. For L <= D - 1 < s A / S, while
   V > c price / 1e36 - 1 and L > V liq_ltv / 1e18 - 1 give L > c price liq_ltv / 1e54 - liq_ltv / 1e18 - 1. So
   c t < s + (1 + liq_ltv / 1e18) S / A, and liq_ltv <= 1e18.
3. V at its cap is 2^160 - 1, and then L is the most that any collateral bears. A position is unhealthy there only if its D is above that
   most, which is if s A / S is; those that are so are in doubt whatever their r.

In doubt is a band of one side: t / (1 + g / s) < r <= t, which is as wide as two units are in the position's debt, and about 1e-12 of the
price for a debt of 1e12 units. Prices, interest and losses move t and g; the order never changes, and no position holds anything of them.

Floats. Amounts as floats are within (1 + u)^2, u = 2^-53, so r is within (1 + u)^2 / (1 - u)^2 (1 + u) < 1 + 6 u; t, a quotient of Python
integers, is the float nearest to it; no exponent comes near its end (2^-310 < t < 2^270). A few more roundings of u each follow where
bounds are made of them. SLACK = 32 u is more than all of these together, and is added on the side of doubt.
"""

from typing import NamedTuple

from ringfence.model.liquidation import MAX_VALUE, limit_down
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256, VIRTUAL_ASSETS, VIRTUAL_SHARES, WAD

SLACK = 2.0**-48
DOUBT_UNITS = 2
"""Units of debt by which roundings can make a position unhealthy before its ratio says so."""
WAD_CUBED = WAD**3


class Band(NamedTuple):
    """One price's bounds for r (debt shares per collateral base unit), and what else may put in doubt (debt shares)."""

    certain: float
    """Positions with more are unhealthy."""
    threshold: float
    """Positions with no more than this need more debt than two units' rounding gives them."""
    doubt: float
    """g: what rounding may add to a position's debt shares."""
    capped: float
    """Positions with as many debt shares may owe more than any collateral bears."""


def band(price: int, liq_ltv: int, totals: Totals) -> Band:
    """The band of a price (times 1e36) in these totals for a liquidation LTV (WAD, 1e18 itself allowed).

    Raises ValueError for a price that no pool is told.
    """
    if not 0 < price <= MAX_UINT256:
        raise ValueError(f"a price of {price}: it must be above 0 and below 2^256")
    debt_assets, debt_shares = totals.debt_assets + VIRTUAL_ASSETS, totals.debt_shares + VIRTUAL_SHARES
    threshold = price * liq_ltv * debt_shares / (debt_assets * WAD_CUBED)
    most = limit_down(MAX_VALUE, liq_ltv)
    return Band(
        certain=threshold * (1 + SLACK),
        threshold=threshold * (1 - SLACK),
        doubt=DOUBT_UNITS * debt_shares / debt_assets * (1 + SLACK),
        capped=most * debt_shares / debt_assets * (1 - SLACK),
    )
