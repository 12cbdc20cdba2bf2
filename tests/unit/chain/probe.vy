# pragma version 0.4.3
# A contract with one of everything the chain package has to get right; compiled by the tests, ships with nothing.

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

event Mixed:
    who: address
    key: indexed(uint256)
    text: String[64]
    flag: bool
    note: indexed(String[8])
    data: Bytes[64]

struct Pair:
    holder: address
    amount: uint256

name: public(String[40])
total: public(uint256)
balance_of: public(HashMap[address, uint256])
allowances: public(HashMap[address, HashMap[address, uint256]])
counter: transient(uint256)


@deploy
def __init__(name_: String[40], total_: uint256):
    assert total_ != 13, "probe: unlucky total"
    self.name = name_
    self.total = total_


@external
def mint(to: address, amount: uint256):
    self.total += amount
    self.balance_of[to] += amount
    log Transfer(sender=empty(address), receiver=to, amount=amount)


@external
def transfer(to: address, amount: uint256) -> bool:
    assert self.balance_of[msg.sender] >= amount, "probe: balance too low"
    self.balance_of[msg.sender] -= amount
    self.balance_of[to] += amount
    log Transfer(sender=msg.sender, receiver=to, amount=amount)
    return True


@external
def approve(spender: address, amount: uint256):
    self.allowances[msg.sender][spender] = amount


@external
def fail_bare():
    assert self.total == max_value(uint256)


@external
def fail_raw(data: Bytes[32768]):
    raw_revert(data)


@external
def fail_invalid():
    assert self.total == max_value(uint256), UNREACHABLE


@external
def burn_gas():
    for i: uint256 in range(max_value(uint256)):
        self.total = i


@external
def count() -> uint256:
    self.counter += 1
    return self.counter


@external
def create_another() -> address:
    return create_copy_of(self)


@external
@view
def clock() -> (uint256, uint256, uint256):
    return block.number, block.timestamp, chain.id


@external
@payable
def take() -> uint256:
    return self.balance


@external
def echo(pair: Pair, data: Bytes[64], holders: DynArray[address, 8], text: String[64] = "none") -> (Pair, Bytes[64], DynArray[address, 8], String[64]):
    return pair, data, holders, text


@external
@pure
def pairs(pairs_: DynArray[Pair, 4], three: uint256[3], signed: int128, key: bytes4) -> (DynArray[Pair, 4], uint256[3], int128, bytes4):
    return pairs_, three, signed, key


@external
@pure
def texts(items: DynArray[String[40], 4]) -> DynArray[String[40], 4]:
    return items


@external
def log_mixed(who: address, key: uint256, text: String[64], flag: bool, data: Bytes[64]):
    log Transfer(sender=who, receiver=who, amount=1)
    log Mixed(who=who, key=key, text=text, flag=flag, note="note", data=data)


@external
def ask_other(other: address):
    # The other contract's events and ours lie in one list of logs.
    extcall Probe(other).mint(self, 5)
    log Transfer(sender=other, receiver=self, amount=5)


interface Probe:
    def mint(to: address, amount: uint256): nonpayable
