# pragma version 0.4.3
# A token whose issuer may block accounts and take from them, as issuers of dollars and stocks can.

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
is_blocked: public(HashMap[address, bool])
decimals: public(immutable(uint8))


@deploy
def __init__(decimals_: uint8):
    decimals = decimals_


@external
def block_account(owner: address, is_blocked: bool):
    self.is_blocked[owner] = is_blocked


@external
def seize(owner: address, amount: uint256):
    self.balanceOf[owner] -= amount


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
    assert not self.is_blocked[sender] and not self.is_blocked[receiver], "issuer token: blocked"
    self.balanceOf[sender] -= amount
    self.balanceOf[receiver] += amount
