"""Accounts with keys, and what they sign: EIP-712 hashes worked out here from the standards' texts, not asked of the contract."""

from functools import cache
from typing import TYPE_CHECKING

from ringfence.chain.keccak import keccak256
from ringfence.model.permits import Signature
from ringfence.model.terms import ZERO_ADDRESS

if TYPE_CHECKING:
    from eth_keys.datatypes import PrivateKey

DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
TYPES = {
    "Permit": "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)",
    "OperatorPermit": "OperatorPermit(address owner,address operator,bool approved,uint256 nonce,uint256 deadline)",
}
_keys: "dict[str, PrivateKey]" = {}


@cache
def account(number: int) -> str:
    """The address of a key."""
    from eth_keys import keys

    key = keys.PrivateKey((0xAC00_0000 + number).to_bytes(32, "big"))
    address = key.public_key.to_address()
    _keys[address] = key
    return address


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def domain(contract: str, name: str, chain_id: int) -> bytes:
    """The domain's hash, EIP-712: name, version 1, chain, contract."""
    fields = (keccak256(DOMAIN.encode()), keccak256(name.encode()), keccak256(b"1"), _word(chain_id), _word(int(contract, 16)))
    return keccak256(b"".join(fields))


def vrs(signature: Signature, name: str, chain_id: int) -> tuple[int, bytes, bytes]:
    """The signature as the contract takes it; of the zero account, one that recovers to nobody."""
    if signature.signer == ZERO_ADDRESS:
        return 27, bytes(32), bytes(32)
    message = signature.message
    numbers = (int(message.owner, 16), int(message.other, 16), message.granted, message.nonce, message.deadline)
    hashed = keccak256(keccak256(TYPES[message.kind].encode()) + b"".join(map(_word, numbers)))
    signed = _keys[signature.signer].sign_msg_hash(keccak256(b"\x19\x01" + domain(message.contract, name, chain_id) + hashed))
    return signed.v + 27, _word(signed.r), _word(signed.s)
