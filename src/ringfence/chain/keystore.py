"""Keys of an account: a keystore file (the JSON, version 3, that wallets write), unlocked by a password, and what it signs.

eth-account opens the file and signs; it is imported when that is asked for, never to look at a plan.
"""

import json
import os
import re
import sys
from dataclasses import dataclass
from typing import Any

from ringfence.inputs.checksum import checksummed
from ringfence.inputs.errors import InputError

OPTION = "--keystore"
MAX_FILE_BYTES = 1 << 16
MAX_WORK = 1 << 21
"""scrypt's n times r; wallets write 2^18 * 8. A file that asks for more would take the machine, not protect the key."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction of EIP-1559 that moves no ether; `to` is None where it creates. Fees in wei per gas."""

    chain_id: int
    nonce: int
    to: str | None
    data: bytes
    gas: int
    max_fee: int
    tip: int


@dataclass(frozen=True, slots=True)
class Signed:
    """What is sent, and the hash by which it will be found."""

    raw: bytes
    hash: str


class Signer:
    """An account whose key is open."""

    __slots__ = ("_account", "address")

    def __init__(self, account: Any) -> None:
        self._account = account
        self.address: str = account.address.lower()

    def sign(self, transaction: Transaction) -> Signed:
        """Sign a transaction."""
        fields = {
            "type": 2,
            "chainId": transaction.chain_id,
            "nonce": transaction.nonce,
            "gas": transaction.gas,
            "maxFeePerGas": transaction.max_fee,
            "maxPriorityFeePerGas": transaction.tip,
            "value": 0,
            "data": transaction.data,
        }
        if transaction.to is not None:
            fields["to"] = checksummed(transaction.to)
        signed = self._account.sign_transaction(fields)
        return Signed(bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex())


@dataclass(frozen=True, slots=True)
class Keystore:
    """A keystore file and the account that it says it holds."""

    path: str
    address: str
    content: dict[str, Any]

    def unlock(self, password: str) -> Signer:
        """Open the key; raises InputError for a wrong password and for a file that holds another account's key."""
        accounts = _accounts()
        try:
            account = accounts.from_key(accounts.decrypt(self.content, password))
        except ValueError as err:
            if "MAC mismatch" in str(err):
                raise InputError(self.path, "the password does not open it") from err
            raise InputError(self.path, "is not a keystore that can be opened", column=OPTION) from err
        except (KeyError, TypeError, NotImplementedError) as err:
            raise InputError(self.path, f"is not a keystore that can be opened: {type(err).__name__}", column=OPTION) from err
        signer = Signer(account)
        if signer.address != self.address:
            raise InputError(self.path, f"says it is {self.address}, but holds the key of {signer.address}")
        return signer


def _accounts() -> Any:
    """The library, imported. One of its packages lets Python recurse a hundred thousand deep, which no stack bears: a node's nested answer
    would then end the process instead of raising RecursionError."""
    limit = sys.getrecursionlimit()
    try:
        from eth_account import Account
    except ImportError as err:
        raise InputError(OPTION, "signing needs the package eth-account", remedy="in the clone: pip install '.[wallet]'") from err
    finally:
        sys.setrecursionlimit(limit)
    return Account


def read_keystore(path: str) -> Keystore:
    """Look at a keystore file without opening its key; raises InputError."""
    content = _json(path)
    crypto = content.get("crypto") if isinstance(content, dict) else None
    if not isinstance(crypto, dict) or content.get("version") != 3:
        raise InputError(path, "is not a keystore (JSON, version 3)", column=OPTION, remedy="name the file that a wallet exported")
    parameters = crypto.get("kdfparams")
    if not isinstance(parameters, dict) or not _is_bearable(parameters):
        raise InputError(path, "asks for more work to open it than any wallet does", column=OPTION, remedy="export the key again")
    address = str(content.get("address", "")).removeprefix("0x")
    if not re.fullmatch(r"[0-9a-fA-F]{40}", address, re.ASCII):
        raise InputError(path, "does not say which account it holds", column=OPTION, remedy="export the key again, with its address")
    return Keystore(path, "0x" + address.lower(), content)


def _is_bearable(parameters: dict[str, Any]) -> bool:
    numbers = [parameters.get(name, 1) for name in ("n", "r", "p", "c")]
    if not all(type(number) is int and number > 0 for number in numbers):
        return False
    n, r, p, c = numbers
    return bool(n * r * p <= MAX_WORK and c <= 10 * MAX_WORK)


def _json(path: str) -> Any:
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as err:
        reason = (err.strerror or "cannot be read").lower()
        raise InputError(os.fspath(path) or OPTION, reason, column=OPTION, remedy="name a keystore file") from err
    try:
        if len(content) > MAX_FILE_BYTES:
            raise ValueError("too long")
        return json.loads(content)
    except (ValueError, RecursionError) as err:
        raise InputError(path, "is not a keystore (JSON, version 3)", column=OPTION, remedy="name the file that a wallet exported") from err
