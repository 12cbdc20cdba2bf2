import pytest

from ringfence.chain.artifacts import Artifact
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import ChainError, Reverted
from ringfence.chain.keccak import keccak256
from tests.unit.chain.conftest import NAME
from tests.unit.chain.roles import BORROWER, LENDER, LIQUIDATOR, NOBODY


def test_constructor_arguments(probe: Contract) -> None:
    """A contract begins with what its constructor was given."""
    assert (probe.call("name"), probe.call("total")) == (NAME, 7)


def test_every_kind_of_value_there_and_back(probe: Contract) -> None:
    """A contract that returns its arguments returns what it was given: structs, bytes, arrays, texts, signed numbers."""
    pair = (LENDER, 2**256 - 1)
    assert probe.transact(LENDER, "echo", pair, b"bytes", [LENDER, BORROWER], "text") == (pair, b"bytes", [LENDER, BORROWER], "text")
    assert probe.call("echo", pair, b"", []) == (pair, b"", [], "none")
    assert probe.call("pairs", [pair, (BORROWER, 0)], (1, 2, 3), -5, b"abcd") == ([pair, (BORROWER, 0)], (1, 2, 3), -5, b"abcd")
    assert list(probe.call("texts", ["one", "", "three"])) == ["one", "", "three"]


def test_transaction_returns_and_logs(probe: Contract) -> None:
    """A transaction's return value and events are those of the contract; an unsuccessful one has no events."""
    assert probe.transact(LENDER, "mint", LENDER, 9) is None
    assert probe.events == [("Transfer", NOBODY, LENDER, 9)]
    assert probe.transact(LENDER, "transfer", BORROWER, 4) is True
    assert probe.events == [("Transfer", LENDER, BORROWER, 4)]
    with pytest.raises(Reverted):
        probe.transact(LENDER, "transfer", BORROWER, 6)
    assert probe.events == []


def test_events_survive_views(probe: Contract) -> None:
    """Asking a contract does not change what the last transaction logged."""
    probe.transact(LENDER, "mint", LENDER, 9)
    probe.call("total")
    assert probe.events == [("Transfer", NOBODY, LENDER, 9)]


def test_events_of_each_contract(chain: EmbeddedChain, probe: Contract) -> None:
    """One transaction's events are told apart by the contract that logged them, same event or not."""
    other = Contract.create(chain, probe.artifact, LENDER, "other", 0)
    probe.transact(LENDER, "ask_other", other.address)
    assert probe.events == [("Transfer", other.address, probe.address, 5)]
    assert other.events == [("Transfer", NOBODY, probe.address, 5)]
    assert [log.address for log in chain.logs] == [other.address, probe.address]


def test_events_with_texts(probe: Contract) -> None:
    """An event's values come in the order of the ABI, whichever are indexed; an indexed text is its hash."""
    probe.transact(LENDER, "log_mixed", LIQUIDATOR, 3, "some text", True, b"\x00\x01")
    first, second = probe.events
    assert first == ("Transfer", LIQUIDATOR, LIQUIDATOR, 1)
    assert second[:5] == ("Mixed", LIQUIDATOR, 3, "some text", True)
    assert second[5:] == (keccak256(b"note"), b"\x00\x01")


def test_unknown_functions(probe: Contract) -> None:
    """A function that is not there, or not with so many arguments, is named in the error."""
    with pytest.raises(ChainError, match="probe: no function 'burn' with 1 arguments"):
        probe.call("burn", 5)
    with pytest.raises(ChainError, match="no function 'mint' with 1 arguments"):
        probe.transact(LENDER, "mint", 5)


def test_no_contract_there(chain: EmbeddedChain, probe_artifact: Artifact) -> None:
    """A view of an account without code is an error, not a zero."""
    with pytest.raises(ChainError, match="0 bytes returned"):
        Contract(chain, BORROWER, probe_artifact).call("total")
