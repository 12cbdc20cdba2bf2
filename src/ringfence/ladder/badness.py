"""The one number that orders positions: r = debt_shares / collateral, compared exactly."""

COLLATERAL_BITS = 128
NO_COLLATERAL = 1 << 512


def badness(collateral: int, debt_shares: int) -> int:
    """An integer that orders positions exactly as debt_shares / collateral does (collateral base units below 2^128), debt without
    collateral above all.

    It is floor(r * 2^256). Two different fractions with denominators below 2^128 lie more than 2^-256 apart, so scaled they lie more than
    1 apart and their floors differ, in the same order; equal fractions have equal floors. So comparing it is comparing by cross
    multiplication.
    """
    if collateral == 0:
        return NO_COLLATERAL if debt_shares else 0
    return (debt_shares << 2 * COLLATERAL_BITS) // collateral
