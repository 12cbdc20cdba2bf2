"""What others offer a buyer, for terms that are to be like theirs."""

WAD = 10**18
MOST = 15 * WAD // 100


def morpho_incentive(liq_ltv: int) -> int:
    """Morpho Blue's incentive for a liquidation LTV (both WAD, the LTV at most 1): min(1.15, 1 / (1 - 0.3 (1 - liq_ltv))) - 1.

    Both divisions are rounded down, as integers of 18 digits do it; 0 at an LTV of 1, 15 % from 0.5652 down. Source: the formula for the
    liquidation incentive factor in Morpho Blue's documentation.
    """
    factor = WAD * WAD // (WAD - 3 * (WAD - liq_ltv) // 10)
    return min(MOST, factor - WAD)
