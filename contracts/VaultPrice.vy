# pragma version 0.4.3
"""
@title Shares of an ERC-4626 vault as collateral: what the vault says they are worth, times the price of its asset
@license MIT
@notice The vault is believed between two bounds, and only as much growth a day as was agreed at creation; a fall counts at once.
    Outside the bounds there is no price. Nobody has powers here. Twin of src/ringfence/model/vault_price.py.
"""

from interfaces import IOracle
from interfaces import IVault

import rounding

implements: IOracle

WAD: constant(uint256) = 10**18
DAY: constant(uint256) = 86_400
MAX_UINT128: constant(uint256) = 2**128 - 1
MAX_UINT64: constant(uint256) = 2**64 - 1

vault: public(immutable(IVault))
base: public(immutable(IOracle))
# Shares (base units) the vault is asked about: a whole share and more, so that what it rounds off is nothing.
unit: public(immutable(uint256))
max_growth_per_day: public(immutable(uint256))
# Rates are assets of the vault (base units) for `unit` shares.
min_rate: public(immutable(uint256))
max_rate: public(immutable(uint256))

packed_anchor: uint256  # rate * 2^64 + time: where growth is counted from


@deploy
def __init__(vault_: IVault, base_: IOracle, unit_: uint256, max_growth_per_day_: uint256, min_rate_: uint256, max_rate_: uint256):
    assert unit_ > 0 and unit_ <= MAX_UINT128, "vault price: unit out of range"
    assert max_growth_per_day_ <= WAD, "vault price: growth over 100 % a day"
    assert min_rate_ > 0, "vault price: min_rate is zero"
    assert min_rate_ <= max_rate_, "vault price: min_rate over max_rate"
    # Then no product in _counted can overflow.
    assert max_rate_ <= MAX_UINT128, "vault price: max_rate over 128 bits"
    vault = vault_
    base = base_
    unit = unit_
    max_growth_per_day = max_growth_per_day_
    min_rate = min_rate_
    max_rate = max_rate_
    # What the vault says on the first day is believed, within the bounds: whoever deploys looks at it.
    rate: uint256 = staticcall vault_.convertToAssets(unit_)
    assert rate >= min_rate_ and rate <= max_rate_, "vault price: rate out of bounds"
    self.packed_anchor = rate << 64 | block.timestamp


@external
@view
def prices() -> (uint256, uint256):
    counted: uint256 = self._counted(self._rate())
    low: uint256 = 0
    high: uint256 = 0
    low, high = staticcall base.prices()
    # Both down: less collateral value for the borrower. What exceeds 256 bits reverts.
    return rounding._mul_div_down(low, counted, unit), rounding._mul_div_down(high, counted, unit)


@external
def checkpoint():
    # Growth counts anew from what is believed now, so that room that was not used does not pile up for a leap. Anybody may; nobody must.
    rate: uint256 = self._counted(self._rate())
    # A fall moves nothing: a vault pushed down for a moment would else be held down for as long as growth takes to come back.
    if rate >= self.packed_anchor >> 64:
        self.packed_anchor = rate << 64 | block.timestamp


@external
@view
def anchor() -> (uint256, uint256):
    # -> (rate, seconds): what growth is counted from, and since when
    return self.packed_anchor >> 64, self.packed_anchor & MAX_UINT64


@external
@view
def rate() -> (uint256, uint256):
    # -> (what the vault says, what of it counts)
    now: uint256 = self._rate()
    return now, self._counted(now)


@internal
@view
def _rate() -> uint256:
    # Whatever the vault does instead of answering is a revert here: no price. A pool asks for prices with limited gas and survives that.
    rate: uint256 = staticcall vault.convertToAssets(unit)
    assert rate >= min_rate and rate <= max_rate, "vault price: rate out of bounds"
    return rate


@internal
@view
def _counted(rate: uint256) -> uint256:
    # 128 bits, times 60 for the growth and 64 for the time, stay inside a word.
    anchor: uint256 = self.packed_anchor >> 64
    elapsed: uint256 = block.timestamp - (self.packed_anchor & MAX_UINT64)
    return min(rate, anchor + anchor * (max_growth_per_day * elapsed) // (WAD * DAY))
