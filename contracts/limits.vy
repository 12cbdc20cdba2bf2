# pragma version 0.4.3
"""
@title The terms of a pool, and the bounds each must keep
@license MIT
@notice Checked once, at creation; nothing changes a pool's terms afterwards. Twin of src/ringfence/model/limits.py.
"""

WAD: constant(uint256) = 10**18
MAX_CAP: constant(uint256) = 2**127 - 1
MAX_BORROW_CAP: constant(uint256) = (2**127 - 1) // 10**6
MAX_INCENTIVE: constant(uint256) = 10**36 - 1
MAX_SLOPE: constant(uint256) = 1000 * 10**18
MAX_PENALTY: constant(uint256) = 2 * 10**17
MAX_CREATOR_FEE: constant(uint256) = 25 * 10**16


# WAD: LTVs, incentives, penalty, factors, fees. WAD per second: incentive_rise. Asset base units: caps, min_debt. Seconds: the last three.
struct Terms:
    asset: address
    collateral: address
    oracle: address
    rate_model: address
    backstop: address
    fee_recipient: address
    max_ltv: uint256
    liq_ltv: uint256
    target_ltv: uint256
    incentive_base: uint256
    incentive_rise: uint256
    incentive_slope: uint256
    incentive_max: uint256
    penalty: uint256
    reserve_factor: uint256
    reserve_target: uint256
    creator_fee: uint256
    premium: uint256
    supply_cap: uint256
    borrow_cap: uint256
    min_debt: uint256
    solvent_window: uint256
    sale_timeout: uint256
    lockup: uint256


@internal
@pure
def _check(terms: Terms):
    # Single ranges come first, so that a refusal names its term and no product below can overflow.
    assert terms.asset != terms.collateral, "terms: asset is collateral"
    assert terms.max_ltv > 0, "terms: max_ltv is zero"
    assert terms.liq_ltv < WAD, "terms: liq_ltv"
    assert terms.max_ltv < terms.liq_ltv, "terms: max_ltv"
    assert terms.target_ltv <= terms.max_ltv, "terms: target_ltv"
    assert terms.incentive_max <= MAX_INCENTIVE, "terms: incentive_max"
    assert terms.incentive_base <= terms.incentive_max, "terms: incentive_base"
    assert terms.incentive_rise <= terms.incentive_max, "terms: incentive_rise"
    assert terms.incentive_slope <= MAX_SLOPE, "terms: incentive_slope"
    assert terms.penalty <= MAX_PENALTY, "terms: penalty"
    assert terms.reserve_factor <= WAD, "terms: reserve_factor"
    assert terms.reserve_target <= WAD, "terms: reserve_target"
    assert terms.creator_fee <= MAX_CREATOR_FEE, "terms: creator_fee"
    assert terms.premium <= WAD, "terms: premium"
    assert terms.supply_cap <= MAX_CAP, "terms: supply_cap"
    assert terms.borrow_cap <= MAX_BORROW_CAP, "terms: borrow_cap"
    assert terms.min_debt < 2**128, "terms: min_debt"
    assert terms.sale_timeout < 2**64, "terms: sale_timeout"
    assert terms.solvent_window == 0 or terms.solvent_window < terms.sale_timeout, "terms: solvent_window"
    assert terms.lockup < 2**64, "terms: lockup"
    # What several terms together must keep.
    assert terms.incentive_base + terms.incentive_rise + terms.incentive_slope > 0, "terms: no incentive"
    assert terms.liq_ltv * (WAD + terms.incentive_max) < WAD * WAD, "terms: incentive over margin"
    assert terms.target_ltv * 1001 <= terms.liq_ltv * 1000, "terms: target near liq_ltv"
    assert terms.incentive_rise == 0 or terms.incentive_rise * terms.sale_timeout >= terms.incentive_max - terms.incentive_base, "terms: rise too slow"
    assert terms.reserve_factor + terms.premium + terms.creator_fee <= WAD, "terms: shares of interest"
    assert terms.premium == 0 or terms.backstop != empty(address), "terms: backstop"
    assert terms.creator_fee == 0 or terms.fee_recipient != empty(address), "terms: fee_recipient"
