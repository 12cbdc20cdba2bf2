# pragma version 0.4.3
"""
@title A rate model that anybody can set, and make fail
@license MIT
@notice Modes: 0 answers the rate; 1 reverts; 2 answers 31 bytes; 3 answers the rate and 32 bytes more. `rate` and `update` answer alike.
"""

MODE_REVERT: constant(uint256) = 1
MODE_SHORT: constant(uint256) = 2
MODE_LONG: constant(uint256) = 3

mode: public(uint256)
answer: public(uint256)


@external
def set(mode: uint256, answer: uint256):
    self.mode = mode
    self.answer = answer


@external
@view
@raw_return
def rate(pool: address, debt_assets: uint256, supply_assets: uint256, elapsed: uint256) -> Bytes[64]:
    return self._answer()


@external
@raw_return
def update(debt_assets: uint256, supply_assets: uint256, elapsed: uint256) -> Bytes[64]:
    return self._answer()


@internal
@view
def _answer() -> Bytes[64]:
    assert self.mode != MODE_REVERT, "rate mock: fails"
    if self.mode == MODE_SHORT:
        return slice(abi_encode(self.answer), 0, 31)
    if self.mode == MODE_LONG:
        return abi_encode(self.answer, self.answer)
    return abi_encode(self.answer)
