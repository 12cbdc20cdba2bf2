# pragma version 0.4.3
"""
@title A backstop that misbehaves in one way at a time, for tests of the pools that trust it with nothing
@license MIT
@notice Modes: 0 pays what is asked, as far as it holds it; 1 reverts; 2 burns all gas; 3 pays half and says all; 4 pays twice and says all;
    5 makes the call it was set to make, then pays; 6 pays and answers 31 bytes; 7 says all and pays nothing; 8 takes from its caller what it was
    allowed to take.
"""

from ethereum.ercs import IERC20

MODE_REVERT: constant(uint256) = 1
MODE_BURN: constant(uint256) = 2
MODE_HALF: constant(uint256) = 3
MODE_TWICE: constant(uint256) = 4
MODE_REENTER: constant(uint256) = 5
MODE_SHORT: constant(uint256) = 6
MODE_LIE: constant(uint256) = 7
MODE_TAKE: constant(uint256) = 8

mode: public(uint256)
token: public(IERC20)
target: public(address)
calldata_: Bytes[1024]
is_called: public(bool)
is_let_in: public(bool)


@external
def set(mode: uint256, token: address):
    self.mode = mode
    self.token = IERC20(token)
    self.is_called = False
    self.is_let_in = False


@external
def set_call(target: address, calldata_: Bytes[1024]):
    self.target = target
    self.calldata_ = calldata_


@external
@raw_return
def cover(amount: uint256) -> Bytes[32]:
    assert self.mode != MODE_REVERT, "backstop mock: fails"
    self.is_called = True
    if self.mode == MODE_BURN:
        raise UNREACHABLE
    if self.mode == MODE_REENTER:
        self.is_let_in = raw_call(self.target, self.calldata_, revert_on_failure=False)
    if self.mode == MODE_TAKE:
        extcall self.token.transferFrom(msg.sender, self, amount)
    elif self.mode != MODE_LIE:
        extcall self.token.transfer(msg.sender, min(self._due(amount), staticcall self.token.balanceOf(self)))
    if self.mode == MODE_SHORT:
        return slice(abi_encode(amount), 0, 31)
    return abi_encode(amount)


@internal
@view
def _due(amount: uint256) -> uint256:
    if self.mode == MODE_HALF:
        return amount // 2
    if self.mode == MODE_TWICE:
        return amount * 2
    return amount
