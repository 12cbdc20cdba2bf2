# pragma version 0.4.3
"""
@title A rate that rises with utilisation, faster above the kink
@license MIT
@notice WAD per second; slopes per unit of utilisation. Twin of src/ringfence/model/kinked_rate.py.
"""

from interfaces import IRateModel

implements: IRateModel

WAD: constant(uint256) = 10**18

base: public(immutable(uint256))
kink: public(immutable(uint256))
slope_below: public(immutable(uint256))
slope_above: public(immutable(uint256))


@deploy
def __init__(base_: uint256, kink_: uint256, slope_below_: uint256, slope_above_: uint256):
    assert kink_ <= WAD, "rate: kink over 100 %"
    # Then no sum or product below can overflow; an overflow would count as a rate of 0.
    assert base_ < 2**128 and slope_below_ < 2**128 and slope_above_ < 2**128, "rate: over 128 bits"
    base = base_
    kink = kink_
    slope_below = slope_below_
    slope_above = slope_above_


@external
@view
def rate(pool: address, debt_assets: uint256, supply_assets: uint256, elapsed: uint256) -> uint256:
    return self._rate(debt_assets, supply_assets)


@external
def update(debt_assets: uint256, supply_assets: uint256, elapsed: uint256) -> uint256:
    return self._rate(debt_assets, supply_assets)


@internal
@view
def _rate(debt_assets: uint256, supply_assets: uint256) -> uint256:
    used: uint256 = self._utilisation(debt_assets, supply_assets)
    below: uint256 = min(used, kink)
    return base + slope_below * below // WAD + slope_above * (used - below) // WAD


@internal
@pure
def _utilisation(debt_assets: uint256, supply_assets: uint256) -> uint256:
    if debt_assets == 0:
        return 0
    if debt_assets >= supply_assets:
        return WAD
    return debt_assets * WAD // supply_assets
