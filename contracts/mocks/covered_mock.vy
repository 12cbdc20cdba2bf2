# pragma version 0.4.3
"""
@title A caller that stands for a pool before a backstop, for tests
@license MIT
@notice Draws as a pool does: a call that may fail, with a bound on its gas; what counts is what arrived, at most what was asked.
"""

from ethereum.ercs import IERC20

COVER_GAS: constant(uint256) = 400_000

is_answered: public(bool)


# -> assets that arrived, at most what was asked
@external
def draw(backstop: address, token: address, amount: uint256) -> uint256:
    before: uint256 = staticcall IERC20(token).balanceOf(self)
    self.is_answered = raw_call(
        backstop, abi_encode(amount, method_id=method_id("cover(uint256)")), gas=COVER_GAS, revert_on_failure=False
    )
    after: uint256 = staticcall IERC20(token).balanceOf(self)
    return min(after - before, amount) if after > before else 0


# What a pool's pay_premium does to a backstop.
@external
def pay(token: address, receiver: address, amount: uint256):
    assert extcall IERC20(token).transfer(receiver, amount, default_return_value=True), "transfer: token refused"


@external
@raw_return
def forward(to: address, calldata_: Bytes[2048]) -> Bytes[64]:
    return raw_call(to, calldata_, max_outsize=64)
