# pragma version 0.4.3
"""
@title A buyer whose callback makes one more call, to try the pool's lock
@license MIT
@notice `buy` liquidates with data; the callback then makes the call it was set to make and remembers how it ended.
    `forward` makes any call in this contract's name and passes on what it answers, a refusal included.
"""

from ethereum.ercs import IERC20

interface IPool:
    def liquidate(
        borrower: address, max_payment: uint256, min_collateral: uint256, receiver: address, data: Bytes[1024]
    ) -> (uint256, uint256): nonpayable

target: public(address)
calldata_: Bytes[1024]
is_called: public(bool)
is_let_in: public(bool)


@external
def set(target: address, calldata_: Bytes[1024]):
    self.target = target
    self.calldata_ = calldata_
    self.is_called = False
    self.is_let_in = False


@external
def approve(token: address, spender: address):
    extcall IERC20(token).approve(spender, max_value(uint256))


@external
def buy(pool: address, borrower: address, max_payment: uint256) -> (uint256, uint256):
    return extcall IPool(pool).liquidate(borrower, max_payment, 0, self, b"go")


@external
@raw_return
def forward(to: address, calldata_: Bytes[2048]) -> Bytes[64]:
    return raw_call(to, calldata_, max_outsize=64)


@external
def on_liquidation(payment: uint256, data: Bytes[1024]):
    self.is_called = True
    self.is_let_in = raw_call(self.target, self.calldata_, revert_on_failure=False)
