"""Consent by signature: what an account would otherwise have to send itself; twin of contracts/permits.vy.

The contract recovers the signer of an EIP-712 hash. Here a signature is the pair of what it proves, who signed and what exactly: a good
one of another message is the signature of that message.
"""

from typing import NamedTuple

from .errors import Revert
from .terms import ZERO_ADDRESS


class Message(NamedTuple):
    """What an owner signs: for which contract, its type, who is granted what, the owner's nonce, until when (seconds)."""

    contract: str
    kind: str
    owner: str
    other: str
    granted: int
    nonce: int
    deadline: int


class Signature(NamedTuple):
    """Who signed, and what."""

    signer: str
    message: Message


def check(message: Message, signature: Signature, now: int) -> None:
    """Raise Revert unless the owner signed this message and its deadline (seconds) has not passed."""
    if now > message.deadline:
        raise Revert("permit: too late")
    # What no key has signed recovers to the zero address.
    if signature.signer == ZERO_ADDRESS or signature != (message.owner, message):
        raise Revert("permit: not signed by the owner")
