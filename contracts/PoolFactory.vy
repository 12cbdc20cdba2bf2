# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Where pools are made and found; anybody may make one
@license MIT
@notice No owner and no powers: the factory holds nothing and cannot touch a pool. Pools lie at addresses that follow from their terms and
    name, so that no reorganisation can put another pool where one was seen. Twin of src/ringfence/model/factory.py.
"""

from interfaces import IPoolFactory

import limits

implements: IPoolFactory

event PoolCreated:
    id: indexed(bytes32)
    pool: indexed(address)
    asset: indexed(address)
    collateral: address
    terms: limits.Terms

# EIP-5202: what is no code, a blueprint, of version 0 without data.
BLUEPRINT_PREFIX: constant(Bytes[3]) = x"FE7100"

blueprint: public(immutable(address))

pool_of: public(HashMap[bytes32, address])
# By asset and collateral, in the order of creation.
pool_count: public(HashMap[address, HashMap[address, uint256]])
pools: HashMap[address, HashMap[address, HashMap[uint256, address]]]


@deploy
def __init__(blueprint_: address):
    # A pool's code stands behind the prefix of a blueprint.
    assert blueprint_.codesize > len(BLUEPRINT_PREFIX), "factory: not a blueprint"
    assert slice(blueprint_.code, 0, 3) == BLUEPRINT_PREFIX, "factory: not a blueprint"
    blueprint = blueprint_


@external
def create_pool(terms: limits.Terms, name: String[64], symbol: String[16]) -> address:
    id: bytes32 = self._id(terms)
    # The same terms have one pool. Who comes first chooses its name, and nothing else.
    assert self.pool_of[id] == empty(address), "factory: these terms have a pool"
    # Its constructor checks the bounds, and its refusal is ours. It can only read elsewhere, and nothing here while this runs.
    pool: address = create_from_blueprint(blueprint, terms, name, symbol, salt=id)
    self.pool_of[id] = pool
    count: uint256 = self.pool_count[terms.asset][terms.collateral]
    self.pools[terms.asset][terms.collateral][count] = pool
    self.pool_count[terms.asset][terms.collateral] = count + 1
    log PoolCreated(id=id, pool=pool, asset=terms.asset, collateral=terms.collateral, terms=terms)
    return pool


@external
@view
def pool_at(asset: address, collateral: address, i: uint256) -> address:
    assert i < self.pool_count[asset][collateral], "factory: no such pool"
    return self.pools[asset][collateral][i]


@external
@pure
def id_of(terms: limits.Terms) -> bytes32:
    return self._id(terms)


@internal
@pure
def _id(terms: limits.Terms) -> bytes32:
    return keccak256(abi_encode(terms))
