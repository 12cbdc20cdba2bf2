# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Consent by signature: what an account would otherwise have to send itself (EIP-712, as ERC-2612 uses it)
@license MIT
@notice Each account has one nonce for all it signs, so that each signature is good once, here, on this chain. Twin of
    src/ringfence/model/permits.py.
"""

DOMAIN_TYPE: constant(bytes32) = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
VERSION: constant(bytes32) = keccak256("1")

nonces: HashMap[address, uint256]


@internal
@view
def _domain(name: String[64]) -> bytes32:
    # Worked out each time: a chain that splits has two ids.
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256(name), VERSION, chain.id, self))


@internal
def _use(
    domain: bytes32,
    type_hash: bytes32,
    owner: address,
    other: address,
    granted: uint256,
    deadline: uint256,
    v: uint8,
    r: bytes32,
    s: bytes32,
):
    # Every message signed here has these fields in this order: owner, other account, what is granted, nonce, deadline.
    assert block.timestamp <= deadline, "permit: too late"
    message: bytes32 = keccak256(abi_encode(type_hash, owner, other, granted, self.nonces[owner], deadline))
    signer: address = ecrecover(keccak256(concat(b"\x19\x01", domain, message)), v, r, s)
    # What no key has signed recovers to the zero address.
    assert signer != empty(address) and signer == owner, "permit: not signed by the owner"
    self.nonces[owner] += 1
