# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title A small ERC-20: balances, allowances, no hooks, no owner
@license MIT
@notice Twin of src/ringfence/model/erc20.py. An allowance of 2^256 - 1 never falls.
"""

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

event Approval:
    owner: indexed(address)
    spender: indexed(address)
    amount: uint256

balance_of: HashMap[address, uint256]
allowances: HashMap[address, HashMap[address, uint256]]
total_supply: uint256


@external
@view
def balanceOf(owner: address) -> uint256:
    return self.balance_of[owner]


@external
@view
def allowance(owner: address, spender: address) -> uint256:
    return self.allowances[owner][spender]


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._move(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    self._spend(owner, msg.sender, amount)
    self._move(owner, receiver, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    self._approve(msg.sender, spender, amount)
    return True


@internal
def _approve(owner: address, spender: address, amount: uint256):
    self.allowances[owner][spender] = amount
    log Approval(owner=owner, spender=spender, amount=amount)


@internal
def _spend(owner: address, spender: address, amount: uint256):
    allowed: uint256 = self.allowances[owner][spender]
    if allowed < max_value(uint256):
        assert allowed >= amount, "erc20: allowance too low"
        self.allowances[owner][spender] = unsafe_sub(allowed, amount)


@internal
def _move(sender: address, receiver: address, amount: uint256):
    assert receiver != empty(address), "erc20: receiver is zero"
    balance: uint256 = self.balance_of[sender]
    assert balance >= amount, "erc20: balance too low"
    self.balance_of[sender] = unsafe_sub(balance, amount)
    # The sum of balances is the total supply, which fits.
    self.balance_of[receiver] = unsafe_add(self.balance_of[receiver], amount)
    log Transfer(sender=sender, receiver=receiver, amount=amount)


@internal
def _mint(receiver: address, amount: uint256):
    self.total_supply += amount
    self.balance_of[receiver] = unsafe_add(self.balance_of[receiver], amount)
    log Transfer(sender=empty(address), receiver=receiver, amount=amount)


@internal
def _burn(owner: address, amount: uint256):
    balance: uint256 = self.balance_of[owner]
    assert balance >= amount, "erc20: balance too low"
    self.balance_of[owner] = unsafe_sub(balance, amount)
    self.total_supply = unsafe_sub(self.total_supply, amount)
    log Transfer(sender=owner, receiver=empty(address), amount=amount)
