"""The terms of a pool and the constants of its rules; twin of the struct `Terms` in contracts/limits.vy.

Units: WAD = 1e18 = 100 %; rates are WAD per second; amounts are base units of the asset; times are seconds.
"""

from dataclasses import dataclass

WAD = 10**18
PRICE_SCALE = 10**36
VIRTUAL_SHARES = 10**6
VIRTUAL_ASSETS = 1
YEAR_SECONDS = 31_536_000
ZERO_ADDRESS = "0x0000000000000000000000000000000000000000"
MAX_UINT256 = 2**256 - 1
MAX_UINT128 = 2**128 - 1


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything that is fixed when a pool is created, in the order of the contract's struct.

    Addresses are 0x strings. LTVs, `incentive_base`, `incentive_max`, `penalty`, `reserve_factor`, `reserve_target`, `creator_fee` and
    `premium` are WAD; `incentive_rise` is WAD per second; `incentive_slope` is WAD of incentive per WAD of missing health; caps and
    `min_debt` are asset base units; `solvent_window`, `sale_timeout` and `lockup` are seconds.
    Bounds are checked by `limits.check`, not here.
    """

    asset: str
    collateral: str
    oracle: str
    rate_model: str
    backstop: str
    fee_recipient: str
    max_ltv: int
    liq_ltv: int
    target_ltv: int
    incentive_base: int
    incentive_rise: int
    incentive_slope: int
    incentive_max: int
    penalty: int
    reserve_factor: int
    reserve_target: int
    creator_fee: int
    premium: int
    supply_cap: int
    borrow_cap: int
    min_debt: int
    solvent_window: int
    sale_timeout: int
    lockup: int
