"""The whole state of the machine as plain values: read from what the machine prints of itself, and written into a new machine.

pyrevm lists accounts but not their storage; its debug text has both, and is parsed here. The form is that of the pinned version; a text of
another form raises ChainError rather than losing a slot.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ringfence.chain.errors import ChainError
from ringfence.chain.keccak import keccak256

if TYPE_CHECKING:
    from pyrevm import EVM, AccountInfo

_ACCOUNT = re.compile(r"(0x[0-9a-f]{40}): Account \{ info: AccountInfo \{ balance: (\d+), nonce: (\d+), .*?storage: \{(.*?)\}, status: ")
_SLOT = re.compile(r"(\d+): StorageSlot \{ previous_or_original_value: \d+, present_value: (\d+) \}(?:, )?")
_PADDING = 33
_END_OF_STATE = "}, transient_storage: {"


@dataclass(frozen=True, slots=True)
class Account:
    """One account: its balance in wei, its code, and every storage slot that is not zero."""

    nonce: int = 0
    balance: int = 0
    code: bytes = b""
    storage: Mapping[int, int] = field(default_factory=dict)


class Creation(NamedTuple):
    """The account whose transaction created a contract, and that transaction's nonce: together they are the contract's address."""

    creator: str
    nonce: int


def accounts_of(machine: "EVM") -> dict[str, Account]:
    """Every account that is not empty, by its lower-case address."""
    text = machine.journal_str
    end = text.find(_END_OF_STATE)
    if end < 0:
        raise ChainError("state: the machine's text has no end of state; is this another pyrevm?")
    state = text[:end]
    touched = _ACCOUNT.findall(state)
    if len(touched) != state.count(": Account { "):
        raise ChainError("state: the machine's text has accounts of an unknown form; is this another pyrevm?")
    found = {
        address: Account(int(nonce), int(balance), code_of(machine, address), _slots_of(slots))
        for address, balance, nonce, slots in touched
    }
    return {address: account for address, account in found.items() if account != Account()}


def code_of(machine: "EVM", address: str) -> bytes:
    """Runtime code as contracts see it: pyrevm shows code that has run with 33 zero bytes behind it, the hash tells which it is."""
    code = machine.get_code(address) or b""
    if not code:
        return code
    expected = machine.basic(address).code_hash
    for candidate in (code[:-_PADDING], code):
        if keccak256(candidate) == expected:
            return candidate
    raise ChainError(f"state: the code of {address} does not have its hash; is this another pyrevm?")


def account_info(nonce: int, balance: int, code: bytes = b"") -> "AccountInfo":
    """An account as pyrevm wants it."""
    from pyrevm import AccountInfo

    return AccountInfo(balance=balance, nonce=nonce, code=code or None)  # type: ignore[call-arg]  # pyrevm's stub leaves balance out


def fill(machine: "EVM", accounts: Mapping[str, Account], creations: Mapping[str, Creation]) -> None:
    """Write the accounts into a new machine; `creations` says how contracts got their addresses, as far as that is known.

    Code that is only written is analysed again at every call (half as long again for a pool), code that is created once and for all.
    """
    for address, creation in creations.items():
        if address in accounts and accounts[address].nonce == 1:
            _create(machine, address, accounts[address].code, creation)
    for address, account in accounts.items():
        # Asking for code also makes the machine know the account, so that all that follows goes where `accounts_of` finds it.
        if machine.get_code(address):
            machine.set_balance(address, account.balance)
        else:
            machine.insert_account_info(address, account_info(account.nonce, account.balance, account.code))
        for slot, value in account.storage.items():
            machine.insert_account_storage(address, slot, value)


def _create(machine: "EVM", address: str, code: bytes, creation: Creation) -> None:
    size = len(code).to_bytes(2, "big").hex()
    # Copies the runtime code that stands behind these 12 bytes into memory and returns it.
    initcode = bytes.fromhex(f"61{size}600c5f3961{size}5ff3") + code
    machine.insert_account_info(creation.creator, account_info(creation.nonce, 0))
    created = machine.deploy(creation.creator, initcode)
    if created.lower() != address:
        raise ChainError(f"state: {address} was created again as {created}")


def _slots_of(text: str) -> dict[int, int]:
    slots = {int(slot): int(value) for slot, value in _SLOT.findall(text)}
    if len(slots) != text.count("StorageSlot"):
        raise ChainError("state: the machine's text has slots of an unknown form; is this another pyrevm?")
    return {slot: value for slot, value in slots.items() if value}
