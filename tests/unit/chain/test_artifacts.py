import json
import subprocess
import sys

import pytest

from ringfence.chain.artifacts import load, names, read
from ringfence.chain.errors import ArtifactError

SHIPPED = {"Pool", "SinglePrice", "FixedRate", "KinkedRate", "mocks/erc20_mock", "mocks/oracle_mock", "mocks/rate_mock", "mocks/feed_mock"}
GOOD = {"abi": [], "bytecode": {"object": "0x5f5ff3"}, "deployedBytecode": {"object": "0x"}, "storageLayout": {}}


def test_everything_that_is_needed_ships() -> None:
    """Pool, oracle, rates and mocks lie in the package, and every artifact there loads with code in it."""
    assert set(names()) >= SHIPPED
    for name in names():
        artifact = load(name)
        assert artifact.name == name
        assert artifact.deployed_bytecode in artifact.bytecode
        assert artifact.interface.functions


def test_machine_is_loaded_late() -> None:
    """Importing the whole package loads neither the machine nor eth-abi; a command that asks for no chain does not wait for one."""
    program = "import sys, ringfence.chain.pool, ringfence.chain.embedded; print({'pyrevm', 'eth_abi'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "set()"


def test_loaded_once() -> None:
    """An artifact is parsed once; its interface too."""
    assert load("Pool") is load("Pool")
    assert load("Pool").interface is load("Pool").interface


def test_pool_has_the_selectors_of_its_standards() -> None:
    """The pool's selectors are those of ERC-20 and ERC-4626, and the liquidation's is the one its signature gives."""
    functions = load("Pool").interface.functions
    selectors = {("transfer", 2): "a9059cbb", ("balanceOf", 1): "70a08231", ("deposit", 2): "6e553f65", ("redeem", 3): "ba087652"}
    assert {key: functions[key].selector.hex() for key in selectors} == selectors
    assert functions["liquidate", 5].signature == "liquidate(address,uint256,uint256,address,bytes)"
    assert functions["liquidate_many", 5].signature == "liquidate_many(address[],uint256,uint256,address,bytes)"


def test_pool_storage_by_name() -> None:
    """The pool's layout names what the design says it stores."""
    layout = load("Pool").layout
    assert {"packed_supply", "packed_reserve", "unhealthy_since"} <= set(layout)
    assert layout["unhealthy_since"].address_keys == 1


def test_missing_artifact() -> None:
    """A name that is not there is an error that says what is."""
    with pytest.raises(ArtifactError, match=r"'Puddle' is not in the package; there are: .*Pool"):
        load("Puddle")


@pytest.mark.parametrize("key", sorted(GOOD))
def test_malformed_artifact(key: str) -> None:
    """A document without one of the pinned keys is refused, and the key is named."""
    assert read("good", GOOD).bytecode == bytes.fromhex("5f5ff3")
    with pytest.raises(ArtifactError, match=f"'bad': KeyError: '{key}'"):
        read("bad", {name: value for name, value in GOOD.items() if name != key})


def test_bytecode_that_is_no_code() -> None:
    """Bytecode with a placeholder in it, as unlinked libraries leave, is refused."""
    with pytest.raises(ArtifactError, match="ValueError"):
        read("bad", json.loads(json.dumps(GOOD).replace("5f5ff3", "__$lib$__")))
