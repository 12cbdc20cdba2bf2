"""Exact multiplication and division, rounded in the direction the name says; twin of contracts/rounding.vy.

All arguments are unsigned integers; a result of more than 256 bits is refused as the contract refuses it. This is the only file of the
model that divides, so that no rounding direction goes unnamed.
"""

from .errors import Revert
from .terms import MAX_UINT256


def div_down(x: int, divisor: int) -> int:
    """Return x / divisor rounded down; the divisor is not 0."""
    return x // divisor


def div_up(x: int, divisor: int) -> int:
    """Return x / divisor rounded up; the divisor is not 0."""
    return (x + divisor - 1) // divisor


def div_mod(x: int, divisor: int) -> tuple[int, int]:
    """Return x / divisor rounded down and what that leaves; the divisor is not 0."""
    return x // divisor, x % divisor


def mul_div_down(x: int, y: int, divisor: int) -> int:
    """Return x * y / divisor rounded down; raises Revert when the quotient exceeds 256 bits."""
    quotient = x * y // divisor
    if quotient > MAX_UINT256:
        raise Revert("")
    return quotient


def mul_div_up(x: int, y: int, divisor: int) -> int:
    """Return x * y / divisor rounded up; raises Revert when the quotient exceeds 256 bits."""
    quotient = (x * y + divisor - 1) // divisor
    if quotient > MAX_UINT256:
        raise Revert("")
    return quotient


def mul_div_down_capped(x: int, y: int, divisor: int, cap: int) -> int:
    """Return x * y / divisor rounded down, or the cap if that is less; never reverts."""
    quotient = x * y // divisor
    if quotient > cap:
        return cap
    return quotient
