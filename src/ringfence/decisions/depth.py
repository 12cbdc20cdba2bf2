"""What a market pays for collateral sold into it, and how much of it can be sold before it pays too little.

Selling Q into a rested market of price p brings p * F(Q), F(Q) = Q / (1 + a * Q^b), with 0 < b <= 1; b = 1 is the constant product market
with a reserve of 1 / a. The last unit brings p * g(Q), g = F' = (1 + a (1 - b) Q^b) / (1 + a Q^b)^2, which falls from 1 towards 0. What was
sold before and is not forgotten, `used`, is where the next sale begins.

Each function stands alone, scalars in and out, so that it can be compiled as it is. Amounts are whole collateral tokens. A power
of 1 is left out, because it takes as long as all the rest and changes nothing.
"""

import math


def recovered_plain(used: float, kept: float, negligible: float) -> float:
    """What still weighs on the market a step later: the part `kept`, or nothing once it is under `negligible`."""
    left = used * kept
    return left if left > negligible else 0.0


def proceeds_plain(amount: float, used: float, price: float, a: float, b: float) -> float:
    """What selling `amount` brings (whole asset tokens) after `used`: price * (F(used + amount) - F(used))."""
    if a == 0.0:
        return price * amount
    total = used + amount
    before = used / (1.0 + a * (used if b == 1.0 else math.pow(used, b))) if used > 0.0 else 0.0
    return price * (total / (1.0 + a * (total if b == 1.0 else math.pow(total, b))) - before)


def marginal_plain(used: float, a: float, b: float) -> float:
    """The part of the price that the next unit brings: g(used)."""
    if a == 0.0 or used == 0.0:
        return 1.0
    weight = a * (used if b == 1.0 else math.pow(used, b))
    return (1.0 + (1.0 - b) * weight) / ((1.0 + weight) * (1.0 + weight))


def most_sold_plain(part: float, a: float, b: float) -> float:
    """How much can be sold in all until a unit brings less than `part` of the price: Q with g(Q) = part, infinite without a bound.

    With y = a Q^b, g = part is part * y^2 + (2 part - (1 - b)) y - (1 - part) = 0, whose one positive root is taken in the form that does
    not cancel.
    """
    if part >= 1.0:
        return 0.0
    if a == 0.0 or part <= 0.0:
        return math.inf
    half = part - 0.5 * (1.0 - b)
    root = math.sqrt(half * half + part * (1.0 - part))
    weight = (1.0 - part) / (half + root) if half > 0.0 else (root - half) / part
    return weight / a if b == 1.0 else math.pow(weight / a, 1.0 / b)
