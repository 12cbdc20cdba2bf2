# pragma version 0.4.3
"""
@title A rate that never changes
@license MIT
@notice WAD per second. Twin of src/ringfence/model/fixed_rate.py.
"""

from interfaces import IRateModel

implements: IRateModel

fixed: public(immutable(uint256))


@deploy
def __init__(rate_: uint256):
    fixed = rate_


@external
@view
def rate(pool: address, debt_assets: uint256, supply_assets: uint256, elapsed: uint256) -> uint256:
    return fixed


@external
def update(debt_assets: uint256, supply_assets: uint256, elapsed: uint256) -> uint256:
    return fixed
