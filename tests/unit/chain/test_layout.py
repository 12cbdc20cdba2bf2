from typing import Any

import pytest

from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.keccak import keccak256
from ringfence.chain.layout import Slot, StorageMap, entry_slot, slots_of
from tests.unit.chain.conftest import NAME
from tests.unit.chain.roles import BORROWER, LENDER, LIQUIDATOR

ACCOUNTS = [LENDER, BORROWER, LIQUIDATOR]


def test_slot_before_key(chain: EmbeddedChain, probe: Contract) -> None:
    """The entry of a mapping is at the hash of slot and key, slot first; nested, the entry takes the slot's place. The getters agree."""
    probe.transact(LENDER, "mint", BORROWER, 5)
    probe.transact(LENDER, "approve", BORROWER, 6)
    balances, allowances = probe.artifact.layout["balance_of"].slot, probe.artifact.layout["allowances"].slot
    lender, borrower = (bytes(12) + bytes.fromhex(who[2:]) for who in (LENDER, BORROWER))
    slot = keccak256(balances.to_bytes(32, "big") + borrower)
    assert chain.storage(probe.address, int.from_bytes(slot, "big")) == probe.call("balance_of", BORROWER) == 5
    slot = keccak256(keccak256(allowances.to_bytes(32, "big") + lender) + borrower)
    assert chain.storage(probe.address, int.from_bytes(slot, "big")) == probe.call("allowances", LENDER, BORROWER) == 6
    assert entry_slot(allowances, LENDER, BORROWER) == int.from_bytes(slot, "big")


def test_all_values_by_name(chain: EmbeddedChain, probe: Contract) -> None:
    """Every variable is there, texts as their words, mappings for every account and every pair, zeros too."""
    probe.transact(LENDER, "mint", BORROWER, 5)
    probe.transact(LENDER, "approve", BORROWER, 6)
    values = StorageMap(probe.artifact.layout, ACCOUNTS).read(chain, probe.address)
    text = NAME.encode()
    assert values == {
        "name": (40, int.from_bytes(text[:32], "big"), int.from_bytes(text[32:].ljust(32, b"\0"), "big")),
        "total": 12,
        "balance_of": {LENDER: 0, BORROWER: 5, LIQUIDATOR: 0},
        "allowances": {(one, other): 6 if (one, other) == (LENDER, BORROWER) else 0 for one in ACCOUNTS for other in ACCOUNTS},
    }


def test_map_sees_every_slot(chain: EmbeddedChain, probe: Contract) -> None:
    """For all accounts involved, the map looks at every slot the contract has written; without one of them it misses that one's."""
    probe.transact(LENDER, "mint", BORROWER, 5)
    probe.transact(LENDER, "approve", LIQUIDATOR, 6)
    written = set(chain.state()[probe.address].storage)
    assert written <= StorageMap(probe.artifact.layout, ACCOUNTS).slots
    assert len(written - StorageMap(probe.artifact.layout, [LENDER, LIQUIDATOR]).slots) == 1


def test_names_of_modules() -> None:
    """Variables of an imported module are called by the module's name and theirs; transient ones have no slot."""
    document: dict[str, Any] = {
        "storage_layout": {
            "erc20": {"balances": {"slot": 0, "type": "HashMap[address, uint256]", "n_slots": 1}},
            "total": {"slot": 1, "type": "uint256", "n_slots": 1},
        },
        "transient_storage_layout": {"$.nonreentrant_key": {"slot": 0, "type": "nonreentrant lock", "n_slots": 1}},
    }
    assert slots_of(document) == {"erc20.balances": Slot(0, "HashMap[address, uint256]", 1), "total": Slot(1, "uint256", 1)}
    assert slots_of(document["storage_layout"]) == slots_of(document)
    assert slots_of({"code_layout": {"price": {"offset": 0, "type": "uint256", "length": 32}}}) == {}


def test_keys_that_are_no_addresses() -> None:
    """A mapping by anything but addresses is refused rather than read as a scalar."""
    for kind in ("HashMap[uint256, uint256]", "HashMap[address, HashMap[bytes32, bool]]"):
        with pytest.raises(ValueError, match="are not all addresses"):
            StorageMap({"variable": Slot(0, kind, 1)}, ACCOUNTS)
