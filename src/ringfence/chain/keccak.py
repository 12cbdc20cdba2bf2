"""Keccak-256 by the machine itself: a 13-byte program whose only work is the opcode, so that no hashing library is needed."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyrevm import EVM

CALLER = "0x" + "00" * 19 + "fe"
HASHER = "0x" + "00" * 19 + "ff"
# Copies the calldata to memory, hashes it there, returns the hash.
PROGRAM = bytes.fromhex("365f5f37365f205f5260205ff3")


def keccak256(data: bytes) -> bytes:
    """Hash of the data as contracts see it: Keccak-256, 32 bytes."""
    machine = _machine()
    checkpoint = machine.snapshot()
    try:
        return machine.message_call(CALLER, HASHER, data)
    finally:
        # Undone, so that the machine's journal does not grow with every hash.
        machine.revert(checkpoint)


def selector(signature: str) -> bytes:
    """First four bytes of a function's hash, the signature as in `transfer(address,uint256)`."""
    return keccak256(signature.encode())[:4]


@cache
def _machine() -> "EVM":
    from pyrevm import EVM, AccountInfo

    machine = EVM(spec_id="CANCUN")
    machine.insert_account_info(HASHER, AccountInfo(code=PROGRAM))
    return machine
