# pragma version 0.4.3
# A token that makes one call of anybody's choice whenever it moves, and remembers whether it was let in.

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
target: address
data: Bytes[512]
calls: public(uint256)
let_in: public(uint256)


@external
@view
def decimals() -> uint8:
    return 6


@external
def set(target: address, data: Bytes[512]):
    self.target = target
    self.data = data
    self.calls = 0
    self.let_in = 0


@external
def mint(receiver: address, amount: uint256):
    self.balanceOf[receiver] += amount


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._move(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    self.allowance[owner][msg.sender] -= amount
    self._move(owner, receiver, amount)
    return True


@internal
def _move(sender: address, receiver: address, amount: uint256):
    self.balanceOf[sender] -= amount
    self.balanceOf[receiver] += amount
    if self.target != empty(address):
        self.calls += 1
        if raw_call(self.target, self.data, revert_on_failure=False):
            self.let_in += 1
