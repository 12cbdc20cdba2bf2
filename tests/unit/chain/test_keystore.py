"""Keystore files: the right password opens them, anything else is one line; what is signed is what was asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ringfence.chain.keystore import Keystore, Transaction, read_keystore
from ringfence.inputs.errors import InputError

SRC = Path(__file__).resolve().parents[3] / "src"
LIMIT = sys.getrecursionlimit()
eth_account = pytest.importorskip("eth_account", reason="signing needs eth-account")
sys.setrecursionlimit(LIMIT)  # as the keystore does it, for the tests that follow

# The example of the format's specification: PBKDF2, password "testpassword".
SPECIFIED = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
        "kdf": "pbkdf2",
        "kdfparams": {
            "c": 262144,
            "dklen": 32,
            "prf": "hmac-sha256",
            "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
        },
        "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
    },
    "address": "008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b",
    "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version": 3,
}


def written(folder: Path, **changes: Any) -> str:
    """The specified keystore with other values, as a file."""
    path = folder / "keystore.json"
    path.write_text(json.dumps(SPECIFIED | changes))
    return str(path)


def test_the_specified_file_opens_with_its_password(tmp_path: Path) -> None:
    """And with no other; its account is known without it."""
    keystore = read_keystore(written(tmp_path))
    assert keystore.address == "0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b"
    assert keystore.unlock("testpassword").address == keystore.address
    for wrong in ("", "testpassword ", "Testpassword"):
        with pytest.raises(InputError, match="the password does not open it"):
            keystore.unlock(wrong)


def test_a_file_that_lies_about_its_account_is_refused(tmp_path: Path) -> None:
    """Else ether would be looked for, and addresses computed, for another."""
    keystore = read_keystore(written(tmp_path, address="11" * 20))
    with pytest.raises(InputError, match="says it is 0x1111.*but holds the key of 0x008aeeda"):
        keystore.unlock("testpassword")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 4}, "is not a keystore"),
        ({"crypto": None}, "is not a keystore"),
        ({"address": ""}, "does not say which account"),
        ({"address": "0x12"}, "does not say which account"),
        ({"crypto": {"kdfparams": {"n": 1 << 30, "r": 8, "p": 1}}}, "asks for more work"),
        ({"crypto": {"kdfparams": {"n": "many"}}}, "asks for more work"),
        ({"crypto": {"kdfparams": {"c": 10**12}}}, "asks for more work"),
    ],
)
def test_what_is_no_keystore_is_one_line(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    """Nor one that would take the machine to open."""
    with pytest.raises(InputError, match=said):
        read_keystore(written(tmp_path, **changes))


@pytest.mark.parametrize("content", ["", "[]", "{", '"x"', "[" * 9_000, "x" * 70_000])
def test_other_files_are_one_line(tmp_path: Path, content: str) -> None:
    """Not JSON, other JSON, too long."""
    path = tmp_path / "file"
    path.write_text(content)
    with pytest.raises(InputError, match="is not a keystore"):
        read_keystore(str(path))
    for missing in (str(tmp_path / "none"), str(tmp_path)):
        with pytest.raises(InputError):
            read_keystore(missing)


def test_a_keystore_with_broken_parts_does_not_open(tmp_path: Path) -> None:
    """Parts that only opening it shows."""
    for name in ("cipher", "ciphertext", "mac", "kdf", "cipherparams"):
        crypto = {key: value for key, value in SPECIFIED["crypto"].items() if key != name}  # type: ignore[attr-defined]
        with pytest.raises(InputError):
            Keystore("file", "0x" + "11" * 20, SPECIFIED | {"crypto": crypto}).unlock("testpassword")


def test_what_is_signed_is_what_was_asked_for() -> None:
    """The account, chain, nonce, fees, receiver and data that the network will read; creations have no receiver."""
    account = eth_account.Account.from_key("0x" + "11" * 32)
    keystore = Keystore("file", account.address.lower(), eth_account.Account.encrypt(account.key, "word", kdf="pbkdf2", iterations=1))
    signer = keystore.unlock("word")
    for to in ("0x" + "ab" * 20, None):
        signed = signer.sign(Transaction(31337, 7, to, b"\x01\x02", 21_000, 100, 3))
        assert eth_account.Account.recover_transaction(signed.raw).lower() == signer.address
        read = eth_account.typed_transactions.TypedTransaction.from_bytes(eth_account.account.HexBytes(signed.raw)).as_dict()
        assert (read["chainId"], read["nonce"], read["gas"], read["maxFeePerGas"], read["maxPriorityFeePerGas"]) == (
            31337,
            7,
            21_000,
            100,
            3,
        )
        assert (bytes(read["to"]).hex(), read["value"], bytes(read["data"])) == ("ab" * 20 if to else "", 0, b"\x01\x02")


def test_opening_a_key_leaves_pythons_limits_alone() -> None:
    """A process that has signed recurses no deeper than before."""
    show = "print(sys.getrecursionlimit())"
    code = f"import sys; from ringfence.chain.keystore import _accounts; {show}; _accounts(); {show}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(SRC)}
    )
    before, after = done.stdout.split()
    assert before == after
