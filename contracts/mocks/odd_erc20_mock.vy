# pragma version 0.4.3
"""
@title A token that misbehaves in one way at a time, for tests
@license MIT
@notice Modes: 0 plain; 1 keeps 1 % of every transfer; 2 answers nothing; 3 answers false without moving; 4 reverts; 5 takes 1 % more from the sender.
"""

MODE_FEE: constant(uint256) = 1
MODE_SILENT: constant(uint256) = 2
MODE_FALSE: constant(uint256) = 3
MODE_REVERT: constant(uint256) = 4
MODE_SURCHARGE: constant(uint256) = 5

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
decimals: public(immutable(uint8))
mode: public(uint256)


@deploy
def __init__(decimals_: uint8):
    decimals = decimals_


@external
def set(mode: uint256):
    self.mode = mode


@external
def mint(receiver: address, amount: uint256):
    self.balanceOf[receiver] += amount


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True


@external
@raw_return
def transfer(receiver: address, amount: uint256) -> Bytes[32]:
    return self._move(msg.sender, receiver, amount)


@external
@raw_return
def transferFrom(owner: address, receiver: address, amount: uint256) -> Bytes[32]:
    self.allowance[owner][msg.sender] -= amount
    return self._move(owner, receiver, amount)


@internal
def _move(sender: address, receiver: address, amount: uint256) -> Bytes[32]:
    assert self.mode != MODE_REVERT, "odd erc20 mock: fails"
    if self.mode == MODE_FALSE:
        return abi_encode(False)
    taken: uint256 = amount
    arrived: uint256 = amount
    if self.mode == MODE_FEE:
        arrived -= amount // 100
    if self.mode == MODE_SURCHARGE:
        taken += amount // 100
    self.balanceOf[sender] -= taken
    self.balanceOf[receiver] += arrived
    if self.mode == MODE_SILENT:
        return b""
    return abi_encode(True)
