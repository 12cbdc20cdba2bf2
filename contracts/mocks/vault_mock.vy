# pragma version 0.4.3
"""
@title A vault over a token that counts what it holds, for tests: donations raise its rate, and it has no virtual shares
@license MIT
@notice Modes: 0 honest; 1 reverts; 2 answers 31 bytes; 3 burns all gas; 4 answers the rate it was set to for a whole unit of 10^18 shares.
    `deposit` and `redeem` work in every mode.
"""

from ethereum.ercs import IERC20

import erc20

initializes: erc20
exports: (erc20.balanceOf, erc20.allowance, erc20.transfer, erc20.transferFrom, erc20.approve)

MODE_REVERT: constant(uint256) = 1
MODE_SHORT: constant(uint256) = 2
MODE_BURN: constant(uint256) = 3
MODE_SET: constant(uint256) = 4
WHOLE: constant(uint256) = 10**18

asset: public(immutable(IERC20))
decimals: public(immutable(uint8))
mode: public(uint256)
answer: public(uint256)


@deploy
def __init__(asset_: IERC20, decimals_: uint8):
    asset = asset_
    decimals = decimals_


@external
def set(mode: uint256, answer: uint256):
    self.mode = mode
    self.answer = answer


@external
@view
def totalSupply() -> uint256:
    return erc20.total_supply


@external
def deposit(assets: uint256, receiver: address) -> uint256:
    held: uint256 = staticcall asset.balanceOf(self)
    minted: uint256 = assets
    if erc20.total_supply > 0:
        minted = assets * erc20.total_supply // held
    erc20._mint(receiver, minted)
    assert extcall asset.transferFrom(msg.sender, self, assets)
    return minted


@external
def redeem(amount: uint256, receiver: address, owner: address) -> uint256:
    assert msg.sender == owner, "vault mock: not the owner"
    assets: uint256 = self._assets(amount)
    erc20._burn(owner, amount)
    assert extcall asset.transfer(receiver, assets)
    return assets


@external
@view
@raw_return
def convertToAssets(shares: uint256) -> Bytes[32]:
    assert self.mode != MODE_REVERT, "vault mock: fails"
    if self.mode == MODE_BURN:
        # An instruction that does not exist takes all gas with it.
        raise UNREACHABLE
    if self.mode == MODE_SHORT:
        return slice(abi_encode(self.answer), 0, 31)
    if self.mode == MODE_SET:
        return abi_encode(shares * self.answer // WHOLE)
    return abi_encode(self._assets(shares))


@internal
@view
def _assets(shares: uint256) -> uint256:
    if erc20.total_supply == 0:
        return shares
    return shares * staticcall asset.balanceOf(self) // erc20.total_supply
