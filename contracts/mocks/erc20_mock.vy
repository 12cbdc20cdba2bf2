# pragma version 0.4.3
"""
@title A plain token that anybody can mint, for tests and the demo
@license MIT
"""

import erc20

initializes: erc20
exports: (erc20.balanceOf, erc20.allowance, erc20.transfer, erc20.transferFrom, erc20.approve)

decimals: public(immutable(uint8))


@deploy
def __init__(decimals_: uint8):
    decimals = decimals_


@external
def mint(receiver: address, amount: uint256):
    erc20._mint(receiver, amount)


@external
@view
def totalSupply() -> uint256:
    return erc20.total_supply
