# pragma version 0.4.3
"""
@title A swap adapter with a price that anybody can set, and with ways to cheat
@license MIT
@notice Sells out of its own balance. Modes: 0 honest; 1 delivers one unit less than `min_out` and says it delivered all; 2 keeps the tokens and
    delivers nothing; 3 makes one more call first, whose outcome it remembers, then is honest; 4 answers nothing; 5 tries to take more of the
    token it was given; 6 sends what it buys to itself.
"""

from ethereum.ercs import IERC20

from interfaces import ISwapAdapter

implements: ISwapAdapter

PRICE_SCALE: constant(uint256) = 10**36
MODE_SHORT: constant(uint256) = 1
MODE_KEEP: constant(uint256) = 2
MODE_CALL: constant(uint256) = 3
MODE_SILENT: constant(uint256) = 4
MODE_GRAB: constant(uint256) = 5
MODE_DIVERT: constant(uint256) = 6

mode: public(uint256)
prices: public(HashMap[address, uint256])
target: public(address)
calldata_: Bytes[4096]
is_called: public(bool)
is_let_in: public(bool)
answer: public(Bytes[256])


# Base units of the other token per base unit of this one, times 1e36.
@external
def set_price(token_in: address, price: uint256):
    self.prices[token_in] = price


@external
def set_mode(mode: uint256):
    self.mode = mode


@external
def set_call(target: address, calldata_: Bytes[4096]):
    self.mode = MODE_CALL
    self.target = target
    self.calldata_ = calldata_
    self.is_called = False
    self.is_let_in = False


@external
def swap(token_in: address, token_out: address, amount_in: uint256, min_out: uint256, receiver: address, data: Bytes[1024]) -> uint256:
    amount_out: uint256 = amount_in * self.prices[token_in] // PRICE_SCALE
    delivered: uint256 = amount_out
    to: address = receiver
    if self.mode == MODE_SHORT:
        delivered = min_out - 1
    elif self.mode == MODE_KEEP:
        return amount_out
    elif self.mode == MODE_CALL:
        self.is_called = True
        self.is_let_in, self.answer = raw_call(self.target, self.calldata_, max_outsize=256, revert_on_failure=False)
    elif self.mode == MODE_SILENT:
        raw_revert(b"")
    elif self.mode == MODE_GRAB:
        extcall IERC20(token_in).transferFrom(receiver, self, 1, default_return_value=True)
    elif self.mode == MODE_DIVERT:
        to = self
    extcall IERC20(token_out).transfer(to, delivered, default_return_value=True)
    return amount_out
