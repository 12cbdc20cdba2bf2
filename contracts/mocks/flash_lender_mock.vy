# pragma version 0.4.3
"""
@title A flash lender (ERC-3156) with a fee that anybody can set, and with ways to cheat
@license MIT
@notice Lends out of its own balance. Modes: 0 honest; 1 never calls back; 2 calls back twice; 3 calls back without lending; 4 calls back for one
    unit more; 5 names another initiator; 6 calls back for another token; 7 takes nothing back; 8 takes one unit more than it may;
    9 answers false.
"""

from ethereum.ercs import IERC20

from interfaces import IFlashLender

implements: IFlashLender

interface IBorrower:
    def onFlashLoan(initiator: address, token: address, amount: uint256, fee: uint256, data: Bytes[1024]) -> bytes32: nonpayable

MODE_NO_CALL: constant(uint256) = 1
MODE_TWICE: constant(uint256) = 2
MODE_NOT_LENT: constant(uint256) = 3
MODE_OTHER_AMOUNT: constant(uint256) = 4
MODE_OTHER_INITIATOR: constant(uint256) = 5
MODE_OTHER_TOKEN: constant(uint256) = 6
MODE_TAKES_NOTHING: constant(uint256) = 7
MODE_TAKES_MORE: constant(uint256) = 8
MODE_FALSE: constant(uint256) = 9
LENT: constant(bytes32) = keccak256("ERC3156FlashBorrower.onFlashLoan")

mode: public(uint256)
fee: public(uint256)
other_token: public(address)


@external
def set(mode: uint256, fee: uint256, other_token: address):
    self.mode = mode
    self.fee = fee
    self.other_token = other_token


@external
def take(token: address, owner: address, amount: uint256):
    extcall IERC20(token).transferFrom(owner, self, amount, default_return_value=True)


@external
def flashLoan(receiver: address, token: address, amount: uint256, data: Bytes[1024]) -> bool:
    if self.mode == MODE_NO_CALL:
        return True
    if self.mode != MODE_NOT_LENT:
        extcall IERC20(token).transfer(receiver, amount, default_return_value=True)
    initiator: address = self if self.mode == MODE_OTHER_INITIATOR else msg.sender
    named: address = self.other_token if self.mode == MODE_OTHER_TOKEN else token
    asked: uint256 = amount + 1 if self.mode == MODE_OTHER_AMOUNT else amount
    answer: bytes32 = extcall IBorrower(receiver).onFlashLoan(initiator, named, asked, self.fee, data)
    assert answer == LENT, "flash lender mock: refused"
    if self.mode == MODE_TWICE:
        answer = extcall IBorrower(receiver).onFlashLoan(initiator, named, asked, self.fee, data)
    if self.mode != MODE_TAKES_NOTHING:
        taken: uint256 = amount + self.fee
        if self.mode == MODE_TAKES_MORE:
            taken += 1
        extcall IERC20(token).transferFrom(receiver, self, taken, default_return_value=True)
    return self.mode != MODE_FALSE
