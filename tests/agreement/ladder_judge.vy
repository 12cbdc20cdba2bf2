# pragma version 0.4.3
"""
@title The rule by which a position is unhealthy, asked about many at once
@license MIT
@notice Calls the pool's own module; never deployed outside tests. Units as in the modules.
"""

import liquidation
import shares

MAX_UINT128: constant(uint256) = 2**128 - 1
MOST: constant(uint256) = 1024


@external
@pure
def unhealthy(
    liq_ltv: uint256, debt_assets: uint256, debt_shares: uint256, high: uint256, positions: DynArray[uint256, MOST]
) -> DynArray[uint256, 4]:
    # A position is collateral << 128 | debt_shares; of the answer's bits, 256 a word and the lowest first, one is set for each unhealthy one.
    totals: shares.Totals = empty(shares.Totals)
    totals.debt_assets = debt_assets
    totals.debt_shares = debt_shares
    answer: DynArray[uint256, 4] = []
    bits: uint256 = 0
    place: uint256 = 0
    for packed: uint256 in positions:
        position: liquidation.Position = empty(liquidation.Position)
        position.collateral = packed >> 128
        position.debt_shares = packed & MAX_UINT128
        if not liquidation._is_healthy(liq_ltv, totals, position, high):
            bits |= 1 << (place % 256)
        place += 1
        if place % 256 == 0 or place == len(positions):
            answer.append(bits)
            bits = 0
    return answer
