from itertools import pairwise

import pytest

from ringfence.chain.artifacts import Artifact
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import FAUCET, MAX_SNAPSHOTS, EmbeddedChain
from ringfence.chain.errors import MAX_MESSAGE, MAX_OUTPUT, Refused, Reverted, SnapshotError, failure_of
from ringfence.model.errors import Revert
from tests.unit.chain.roles import BORROWER, LENDER, LIQUIDATOR, START

# Blocks and time


def test_blocks(chain: EmbeddedChain, probe: Contract) -> None:
    """A contract sees the block that the chain says; advancing begins the next one."""
    assert probe.call("clock") == (1, START, 31337)
    chain.advance_to(START + 12)
    assert (chain.number, chain.timestamp) == (2, START + 12)
    assert probe.call("clock") == (2, START + 12, 31337)


def test_time_never_goes_back(chain: EmbeddedChain) -> None:
    """A block at the same or an earlier time is refused."""
    for timestamp in (START, START - 1):
        with pytest.raises(ValueError, match="is not after"):
            chain.advance_to(timestamp)
    assert (chain.number, chain.timestamp) == (1, START)


def test_call_at_another_time(chain: EmbeddedChain, probe: Contract) -> None:
    """A call can be asked as at another time, which moves nothing, also when it fails."""
    assert probe.call("clock", at=START + 99) == (1, START + 99, 31337)
    with pytest.raises(Reverted):
        probe.call("fail_bare", at=START + 99)
    assert chain.timestamp == START
    assert probe.call("clock") == (1, START, 31337)


# Transactions and calls


def test_call_keeps_nothing(chain: EmbeddedChain, probe: Contract) -> None:
    """A call returns what a transaction would, and leaves storage, logs, nonces and the journal as they were."""
    probe.transact(LENDER, "mint", LENDER, 5)
    before, logs, journal = chain.state(), chain.logs, chain._evm.journal_len
    data = probe.calldata("transfer", BORROWER, 5)
    for _ in range(3):
        assert chain.call(probe.address, data, sender=LENDER) == (1).to_bytes(32, "big")
    assert (chain.state(), chain.logs, chain._evm.journal_len) == (before, logs, journal)
    assert probe.call("balance_of", LENDER) == 5


def test_transient_storage_ends_with_the_transaction(chain: EmbeddedChain, probe: Contract) -> None:
    """What a contract keeps in transient storage is gone in the next transaction, whether the one before succeeded or failed."""
    assert [probe.transact(LENDER, "count") for _ in range(3)] == [1, 1, 1]
    assert probe.call("count") == 1
    with pytest.raises(Reverted):
        probe.transact(LENDER, "fail_bare")
    assert probe.call("count") == 1
    assert probe.transact(LENDER, "count") == 1


def test_nonces_count_transactions(chain: EmbeddedChain, probe: Contract) -> None:
    """A sender's nonce counts transactions, reverted ones too, however the sender is written; calls are none."""
    assert chain.nonce(LENDER) == 1
    probe.transact(LENDER.upper().replace("0X", "0x"), "mint", LENDER, 1)
    with pytest.raises(Reverted):
        probe.transact(LENDER, "fail_bare")
    probe.call("total")
    assert (chain.nonce(LENDER), chain.nonce(BORROWER)) == (3, 0)


def test_addresses_of_new_contracts(chain: EmbeddedChain) -> None:
    """A contract gets the address that a real chain gives for its sender and that sender's nonce: four published ones."""
    sender = "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"
    published = [
        "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d",
        "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8",
        "0xf778b86fa74e846c4f0a1fbd1335fe81c00a0c91",
        "0xfffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c",
    ]
    stop = bytes.fromhex("600160005360016000f3")  # initcode of a contract that does nothing
    assert [chain.deploy(sender, stop) for _ in range(2)] == published[:2]
    # A plain transaction takes a nonce, and with it an address.
    chain.transact(sender, BORROWER, b"")
    assert chain.deploy(sender, stop) == published[3]


def test_ether(chain: EmbeddedChain, probe: Contract) -> None:
    """Value arrives with a transaction; a sender without it is refused, and that is no transaction."""
    with pytest.raises(Refused, match="LackOfFund"):
        chain.transact(LENDER, probe.address, probe.calldata("take"), 10)
    assert chain.nonce(LENDER) == 1
    chain.fund(LENDER, 25)
    assert int.from_bytes(chain.transact(LENDER, probe.address, probe.calldata("take"), 10), "big") == 10
    assert (chain.balance(LENDER), chain.balance(probe.address)) == (15, 10)


def test_contract_as_sender_is_refused(chain: EmbeddedChain, probe: Contract) -> None:
    """A contract does not send transactions, and is not made to."""
    with pytest.raises(Refused, match="RejectCallerWithCode"):
        chain.transact(probe.address, LENDER, b"")


# Failures


def test_reason_of_a_refusal(chain: EmbeddedChain, probe: Contract) -> None:
    """The contract's text is the whole of the exception's, and the exception is one the model raises too."""
    with pytest.raises(Reverted) as caught:
        probe.transact(LENDER, "transfer", BORROWER, 1)
    assert isinstance(caught.value, Revert)
    assert str(caught.value) == caught.value.reason == "probe: balance too low"
    assert not caught.value.is_halt
    assert chain.logs == []


@pytest.mark.parametrize(
    ("name", "halt"),
    [("fail_bare", ""), ("fail_invalid", "InvalidFEOpcode"), ("burn_gas", "OutOfGas(Basic)")],
)
def test_failures_without_a_text(probe: Contract, name: str, halt: str) -> None:
    """A bare revert has no text; where the machine stopped by itself, `halt` says why."""
    with pytest.raises(Reverted) as caught:
        probe.transact(LENDER, name)
    assert (str(caught.value), caught.value.halt, caught.value.is_halt) == ("", halt, bool(halt))


def test_failure_in_a_constructor(chain: EmbeddedChain, probe_artifact: Artifact) -> None:
    """A constructor's text is raised like any other, and no contract stands there."""
    with pytest.raises(Reverted, match=r"^probe: unlucky total$"):
        Contract.create(chain, probe_artifact, LENDER, "name", 13)
    assert [address for address, account in chain.state().items() if account.code] == []


def test_failed_transaction_changes_nothing(chain: EmbeddedChain, probe: Contract) -> None:
    """After a failure only the sender's nonce is another."""
    probe.transact(LENDER, "mint", LENDER, 5)
    before = chain.state()
    with pytest.raises(Reverted):
        probe.transact(LENDER, "ask_other", BORROWER)
    after = chain.state()
    assert after.pop(LENDER).nonce == before.pop(LENDER).nonce + 1
    assert after == before


def test_long_failures_are_cut(chain: EmbeddedChain, probe: Contract) -> None:
    """However much a contract returns on failing, the exception stays short."""
    with pytest.raises(Reverted) as caught:
        probe.transact(LENDER, "fail_raw", b"\xff" * 30_000)
    assert caught.value.output == b"\xff" * MAX_OUTPUT
    assert str(caught.value) == ""
    # What the machine says of a failure of another kind may be anything; once it was all of its state.
    assert len(str(failure_of("JournaledState { state: " + "0" * 10**6))) == MAX_MESSAGE


def test_malformed_reasons(probe: Contract) -> None:
    """Data that only begins like a text gives as much text as there is."""
    selector = bytes.fromhex("08c379a0")
    for tail, reason in ((b"", ""), (bytes(32), ""), (bytes(31) + b"\x20" + b"\xff" * 32 + b"abc", "abc")):
        with pytest.raises(Reverted) as caught:
            probe.transact(LENDER, "fail_raw", selector + tail)
        assert str(caught.value) == reason


# Snapshots


def test_revert_takes_everything_back(chain: EmbeddedChain, probe: Contract) -> None:
    """Back at a snapshot, state, block, nonces and code are as they were then."""
    probe.transact(LENDER, "mint", LENDER, 5)
    before, number, timestamp = chain.state(), chain.number, chain.timestamp
    snapshot = chain.snapshot()
    probe.transact(LENDER, "transfer", BORROWER, 5)
    chain.fund(LIQUIDATOR, 7)
    chain.advance_to(START + 60)
    other = Contract.create(chain, probe.artifact, LIQUIDATOR, "other", 1)
    probe.transact(LENDER, "mint", LENDER, 5)
    assert len(chain.logs) == 1
    chain.revert(snapshot)
    assert (chain.state(), chain.number, chain.timestamp) == (before, number, timestamp)
    assert (chain.nonce(LIQUIDATOR), chain.code(other.address), chain.logs) == (0, b"", [])
    assert probe.call("clock") == (1, START, 31337)


def test_snapshots_nest(chain: EmbeddedChain, probe: Contract) -> None:
    """Going back to an outer snapshot drops the inner ones, and the machine still works at its ground level."""
    snapshots = []
    for amount in (1, 2, 4):
        snapshots.append(chain.snapshot())
        probe.transact(LENDER, "mint", LENDER, amount)
    chain.revert(snapshots[1])
    assert probe.call("balance_of", LENDER) == 1
    for gone in snapshots[1:]:
        with pytest.raises(SnapshotError, match="is not outstanding"):
            chain.revert(gone)
    chain.revert(snapshots[0])
    assert probe.call("balance_of", LENDER) == 0
    assert chain._evm.journal_depth == 0
    probe.transact(LENDER, "mint", LENDER, 8)
    assert probe.call("balance_of", LENDER) == 8


def test_discard_keeps(chain: EmbeddedChain, probe: Contract) -> None:
    """A discarded snapshot keeps what happened since; an outer one still goes back over it."""
    outer = chain.snapshot()
    inner = chain.snapshot()
    probe.transact(LENDER, "mint", LENDER, 5)
    chain.discard(inner)
    assert probe.call("balance_of", LENDER) == 5
    probe.transact(LENDER, "mint", LENDER, 5)
    chain.revert(outer)
    assert probe.call("balance_of", LENDER) == 0
    chain.discard(chain.snapshot())
    assert chain._evm.journal_depth == 0
    probe.transact(LENDER, "mint", LENDER, 1)


def test_old_snapshots_are_not_mistaken(chain: EmbeddedChain) -> None:
    """A snapshot that is gone stays gone, also when as many are outstanding again."""
    first = chain.snapshot()
    chain.revert(first)
    chain.snapshot()
    with pytest.raises(SnapshotError):
        chain.revert(first)


def test_as_many_snapshots_as_there_is_room_for(chain: EmbeddedChain, probe: Contract) -> None:
    """At the last snapshot that is allowed contracts still work; one more is refused."""
    for _ in range(MAX_SNAPSHOTS):
        chain.snapshot()
    probe.transact(LENDER, "ask_other", Contract.create(chain, probe.artifact, LENDER, "other", 1).address)
    with pytest.raises(SnapshotError, match="512"):
        chain.snapshot()
    chain.revert(1)
    assert chain._evm.journal_depth == 0


# The whole state


def test_state_is_whole(chain: EmbeddedChain, probe: Contract) -> None:
    """The state has every account and every slot that is not zero, with the values that single reads give."""
    probe.transact(LENDER, "mint", BORROWER, 5)
    probe.transact(LENDER, "approve", BORROWER, 0)
    chain.fund(LIQUIDATOR, 7)
    state = chain.state()
    assert set(state) == {LENDER, LIQUIDATOR, FAUCET, probe.address}
    assert (state[LENDER].nonce, state[LIQUIDATOR].balance) == (3, 7)
    account = state[probe.address]
    assert account.code == chain.code(probe.address) == probe.artifact.deployed_bytecode
    # Three words of name, the total, one balance; the allowance is zero.
    assert len(account.storage) == 5
    assert account.storage == {slot: chain.storage(probe.address, slot) for slot in account.storage}


def test_compacting_changes_nothing(chain: EmbeddedChain, probe: Contract) -> None:
    """A compacted chain has the same state, goes on the same way, and has forgotten its journal; twice as well as once."""
    twin = chain.copy()
    mirror = Contract(twin, probe.address, probe.artifact)
    for amount in range(1, 40):
        for contract in (probe, mirror):
            contract.transact(LENDER, "mint", LENDER, amount)
            contract.transact(LENDER, "approve", BORROWER, amount % 2)
        if amount % 13 == 0:
            chain.compact()
            assert chain._evm.journal_len < 20
    assert chain.state() == twin.state()
    assert chain.nonce(LENDER) == twin.nonce(LENDER) == 79
    assert probe.call("allowances", LENDER, BORROWER) == 1
    # A slot set to zero after a compaction is zero after the next.
    probe.transact(LENDER, "approve", BORROWER, 0)
    chain.compact()
    assert probe.call("allowances", LENDER, BORROWER) == 0
    assert len(chain.state()[probe.address].storage) == 5


def test_compacting_keeps_code_as_it_was(chain: EmbeddedChain, probe: Contract) -> None:
    """After compacting, code has its length and hash, and is analysed once, not at every call (the machine shows padding where it is)."""
    chain.compact()
    assert chain.code(probe.address) == probe.artifact.deployed_bytecode
    assert len(chain._evm.get_code(probe.address) or b"") == len(probe.artifact.deployed_bytecode) + 33
    other = Contract.create(chain, probe.artifact, LENDER, "other", 1)
    probe.transact(LENDER, "ask_other", other.address)
    assert other.call("total") == 6


def test_compacting_contracts_made_by_contracts(chain: EmbeddedChain, probe: Contract) -> None:
    """What a contract has created lives on through compactions, untouched between them, and so does ether in contracts."""
    child = Contract(chain, probe.transact(LENDER, "create_another"), probe.artifact)
    child.transact(LENDER, "mint", BORROWER, 5)
    chain.fund(LENDER, 9)
    chain.transact(LENDER, child.address, child.calldata("take"), 4)
    plain = Contract.create(chain, probe.artifact, LENDER, "plain", 1)
    chain.transact(LENDER, plain.address, plain.calldata("take"), 3)
    before = chain.state()
    assert before[probe.address].nonce == 2
    for _ in range(3):
        chain.compact()
        assert chain.state() == before
    child.transact(LENDER, "mint", BORROWER, 1)
    assert child.call("balance_of", BORROWER) == 6
    assert probe.transact(LENDER, "create_another") not in before


def test_compacting_by_itself(probe_artifact: Artifact) -> None:
    """After so many transactions the journal is dropped; not while a snapshot could go back over it."""
    chain = EmbeddedChain(timestamp=START, compact_after=10)
    probe = Contract.create(chain, probe_artifact, LENDER, "probe", 0)
    longest = 0
    for _ in range(100):
        probe.transact(LENDER, "mint", LENDER, 1)
        longest = max(longest, chain._evm.journal_len)
    assert longest < 40
    snapshot = chain.snapshot()
    for _ in range(100):
        probe.transact(LENDER, "mint", LENDER, 1)
    with pytest.raises(SnapshotError, match="cannot go back"):
        chain.compact()
    chain.revert(snapshot)
    assert (probe.call("total"), probe.call("balance_of", LENDER)) == (100, 100)


def test_a_chain_of_many_accounts_is_compacted_less_often(probe_artifact: Artifact) -> None:
    """Compacting takes time with the number of accounts, so as many transactions lie between two as there are accounts."""
    chain = EmbeddedChain(timestamp=START, compact_after=10)
    probe = Contract.create(chain, probe_artifact, LENDER, "probe", 0)
    lengths = [0]
    for number in range(500):
        probe.transact(f"0x{number + 2**80:040x}", "mint", LENDER, 1)
        lengths.append(chain._evm.journal_len)
    drops = [number for number, (before, after) in enumerate(pairwise(lengths)) if after < before]
    assert [later // earlier for earlier, later in pairwise(drops)] == [2] * (len(drops) - 1)
    assert 4 <= len(drops) <= 6
    assert probe.call("balance_of", LENDER) == 500


def test_copies_are_independent(chain: EmbeddedChain, probe: Contract) -> None:
    """What happens on a copy does not happen on the original, nor the other way round."""
    probe.transact(LENDER, "mint", LENDER, 5)
    chain.advance_to(START + 5)
    copy = chain.copy()
    assert (copy.state(), copy.number, copy.timestamp) == (chain.state(), 2, START + 5)
    mirror = Contract(copy, probe.address, probe.artifact)
    mirror.transact(LENDER, "mint", LENDER, 10)
    probe.transact(LENDER, "mint", LENDER, 100)
    assert (probe.call("total"), mirror.call("total")) == (112, 22)
    first, second = (Contract.create(one, probe.artifact, LENDER, "new", 0).address for one in (chain, copy))
    assert first == second
