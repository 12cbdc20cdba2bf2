# pragma version 0.4.3
"""
@title An oracle that anybody can set, and make fail
@license MIT
@notice Modes: 0 answers (low, high); 1 reverts; 2 answers 32 bytes; 3 answers (low, high) and 32 bytes more.
"""

MODE_ANSWER: constant(uint256) = 0
MODE_REVERT: constant(uint256) = 1
MODE_SHORT: constant(uint256) = 2
MODE_LONG: constant(uint256) = 3

mode: public(uint256)
low: public(uint256)
high: public(uint256)


@external
def set(mode: uint256, low: uint256, high: uint256):
    self.mode = mode
    self.low = low
    self.high = high


@external
def set_price(price: uint256):
    self.low = price
    self.high = price


@external
@view
@raw_return
def prices() -> Bytes[96]:
    assert self.mode != MODE_REVERT, "oracle mock: fails"
    if self.mode == MODE_SHORT:
        return abi_encode(self.low)
    if self.mode == MODE_LONG:
        return abi_encode(self.low, self.high, self.high)
    return abi_encode(self.low, self.high)
