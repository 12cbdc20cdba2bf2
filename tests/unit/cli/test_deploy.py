"""`ringfence deploy` and `ringfence pool` without a node: bad files and options are one line, and nothing heavy is loaded to say so."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.cli.main import run

ADDRESS = "0x" + "ab" * 20
TERMS = """
[pool]
collateral_decimals = 18
asset_decimals = 6
supply = "1"

[terms]
asset = "0x{asset}"
collateral = "0x{collateral}"
oracle = "0x{oracle}"
max_ltv = "0.80"
liq_ltv = "0.85"
incentive_base = "0.05"
"""
NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Good terms and a keystore that looks like one."""
    monkeypatch.chdir(tmp_path)
    Path("terms.toml").write_text(TERMS.format(asset="11" * 20, collateral="22" * 20, oracle="33" * 20))
    keystore = {"version": 3, "address": "44" * 20, "crypto": {"kdfparams": {}}}
    Path("keystore.json").write_text(json.dumps(keystore))
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of a command that is refused as bad input; nothing on standard output."""
    assert run(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "Missing option '--rpc'"),
        (("--rpc", NOBODY), "Missing option '--terms'"),
        (("--rpc", NOBODY, "--terms", "terms.toml"), "Missing option '--keystore'"),
        (("--rpc", NOBODY, "--terms", "none.toml", "--keystore", "keystore.json"), "none.toml"),
        (("--rpc", NOBODY, "--terms", "terms.toml", "--keystore", "none.json"), "none.json: column --keystore: no such file"),
        (("--rpc", NOBODY, "--terms", "terms.toml", "--keystore", "terms.toml"), "is not a keystore (JSON, version 3)"),
        (("--rpc", "node", "--terms", "terms.toml", "--keystore", "keystore.json"), "--rpc: is not an address of a node"),
        (("--rpc", NOBODY, "--terms", "terms.toml", "--keystore", "keystore.json"), "--rpc: 127.0.0.1:1 cannot be reached"),
        (("--rpc", NOBODY, "--terms", "terms.toml", "--keystore", "keystore.json", "--max-fee-gwei", "0"), "--max-fee-gwei: is 0"),
        (("--rpc", NOBODY, "--terms", "terms.toml", "--keystore", "keystore.json", "--yes", "--dry-run"), "give one of them"),
    ],
)
def test_bad_input_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str], given: tuple[str, ...], said: str) -> None:
    """Exit code 2, the option or file, the reason; no file is left."""
    assert said in refusal(capsys, "deploy", *given)
    assert sorted(path.name for path in folder.iterdir()) == ["keystore.json", "terms.toml"]


@pytest.mark.parametrize("name", ["deposit", "withdraw", "borrow", "repay", "supply-collateral", "withdraw-collateral"])
def test_a_pool_command_needs_a_pool_and_an_amount(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """And an address that is one, before anybody is asked."""
    given = ("--rpc", NOBODY, "--keystore", "keystore.json")
    assert "Missing argument 'ADDRESS'" in refusal(capsys, "pool", name, *given)
    assert "Missing argument 'AMOUNT'" in refusal(capsys, "pool", name, ADDRESS, *given)
    assert "ADDRESS: is not an address" in refusal(capsys, "pool", name, "0x12", "1", *given)
    assert "cannot be reached" in refusal(capsys, "pool", name, ADDRESS, "1", *given)


def test_a_wrong_checksum_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In an option and in the terms; with the letters as they must be both go on to the node."""
    good = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    bad = good.replace("aAeb", "aaeb")
    given = ("deploy", "--rpc", NOBODY, "--terms", "terms.toml", "--keystore", "keystore.json", "--factory")
    assert "--factory: has a wrong checksum (EIP-55)" in refusal(capsys, *given, bad)
    assert "cannot be reached" in refusal(capsys, *given, good)
    text = Path("terms.toml").read_text()
    for address, said in ((bad, "terms.toml: row 9, column [terms] collateral: '" + bad + "' has a wrong checksum"), (good, "cannot be")):
        Path("terms.toml").write_text(text.replace("0x" + "22" * 20, address))
        assert said in refusal(capsys, *given, good)


def test_show_needs_no_account(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only a pool and a node."""
    assert "cannot be reached" in refusal(capsys, "pool", "show", ADDRESS, "--rpc", NOBODY)
    assert "--account: is not an address" in refusal(capsys, "pool", "show", ADDRESS, "--rpc", NOBODY, "--account", "me")


def test_no_password_is_ever_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    """It would stand in the list of processes and in the shell's history."""
    for command in (("deploy",), ("pool", "deposit")):
        assert run([*command, "--help"]) == 0
        options = capsys.readouterr().out
        assert "--password-file FILE" in options
        assert "--password " not in options
        assert run([*command, "--password", "word"]) == 2
        capsys.readouterr()


def test_a_look_loads_nothing_that_signs(folder: Path) -> None:
    """The library that opens keys is imported when one is opened."""
    code = (
        "import sys; from ringfence.cli.main import run;"
        f"run(['deploy', '--rpc', '{NOBODY}', '--terms', 'terms.toml', '--keystore', 'keystore.json', '--dry-run']);"
        "print([name for name in ('eth_account', 'numpy', 'rich') if name in sys.modules])"
    )
    given = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3] / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=given)
    assert done.stdout == "[]\n"
