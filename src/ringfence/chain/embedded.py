"""A chain inside this process: pyrevm with blocks, time, senders, nonces, snapshots and a state that can be read whole.

pyrevm never ends a transaction, so this does: transient storage is cleared before each, a call leaves nothing behind, and the journal,
which otherwise grows by 1 to 6 kB a transaction for ever, is dropped by `compact`. What cannot be had from pyrevm is gas as a real chain
counts it (slots stay warm).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ringfence.chain.errors import Reverted, SnapshotError, failure_of
from ringfence.chain.state import Account, Creation, account_info, accounts_of, code_of, fill

if TYPE_CHECKING:
    from pyrevm import EVM, JournalCheckpoint
    from pyrevm import Log as MachineLog

CHAIN_ID = 31337
SPEC = "CANCUN"
GAS_LIMIT = 10**8  # gas of one transaction: room for 256 sales, while a loop without end stops within half a second
# An outstanding snapshot takes one of the 1,024 levels of calls; contracts keep the rest.
MAX_SNAPSHOTS = 512
# Up to 150 MB of journal, and twice that for a moment while it is dropped; dropping it costs some 10 microseconds a transaction.
COMPACT_AFTER = 25_000
ZERO_ADDRESS = "0x" + "00" * 20
FAUCET = "0x" + "00" * 18 + "fa00"
FAUCET_BALANCE = 10**30  # wei


class Log(NamedTuple):
    """One event as the machine wrote it; the address is lower-case."""

    address: str
    topics: list[bytes]
    data: bytes


@dataclass(frozen=True, slots=True)
class _Snapshot:
    identity: int
    checkpoint: "JournalCheckpoint"
    number: int
    timestamp: int
    nonces: dict[str, int]


class EmbeddedChain:
    """An EVM (Cancun) with one transaction a call, free of gas price. Addresses are 0x strings; those that come out are lower-case.

    `timestamp` (seconds) and `number` are those of the block in which the next transaction runs; `logs` are those of the last transaction.
    """

    def __init__(self, *, timestamp: int = 1, number: int = 1, compact_after: int = COMPACT_AFTER) -> None:
        self._number = number
        self._timestamp = timestamp
        self._nonces: dict[str, int] = {}
        self._creations: dict[str, Creation] = {}
        self._snapshots: list[_Snapshot] = []
        self._snapshots_taken = 0
        self._compact_after = compact_after
        self._compact_at = compact_after
        self._since_compact = 0
        self._logs: list[MachineLog] = []
        self._evm = self._machine({FAUCET: Account(balance=FAUCET_BALANCE)})

    # Blocks and time

    @property
    def timestamp(self) -> int:
        """Time of the current block, in seconds."""
        return self._timestamp

    @property
    def number(self) -> int:
        """Number of the current block."""
        return self._number

    def advance_to(self, timestamp: int) -> None:
        """Begin the next block at this time (seconds); raises ValueError unless it is later than the current block's."""
        if timestamp <= self._timestamp:
            raise ValueError(f"timestamp {timestamp} is not after the current block's, {self._timestamp}")
        self._timestamp = timestamp
        self._number += 1
        self._set_block(timestamp)

    # Transactions and calls

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> bytes:
        """Run a transaction and keep what it did; returns what the contract returned.

        Raises Reverted if it failed (it counts in the sender's nonce all the same, and changes nothing else), Refused if it could not run.
        """
        self._begin()
        try:
            output = self._evm.message_call(sender, to, data, value)
        except RuntimeError as failure:
            raise self._failed(sender, str(failure)) from None
        self._succeeded(sender)
        return output

    def deploy(self, sender: str, code: bytes, value: int = 0) -> str:
        """Create a contract from initcode with its arguments; returns the address a real chain would give it. Raises as `transact`."""
        self._begin()
        self._tell_nonce(sender)
        try:
            address = self._evm.deploy(sender, code, value)
        except RuntimeError as failure:
            raise self._failed(sender, str(failure)) from None
        address = address.lower()
        self._creations[address] = Creation(sender, self.nonce(sender))
        self._succeeded(sender)
        return address

    def call(self, to: str, data: bytes, *, sender: str = ZERO_ADDRESS, at: int | None = None) -> bytes:
        """What a transaction would return now, or at the time `at`; nothing is kept, `logs` included. Raises as `transact`."""
        evm = self._evm
        is_elsewhen = at is not None and at != self._timestamp
        if is_elsewhen and at is not None:
            self._set_block(at)
        evm.reset_transient_storage()
        checkpoint = evm.snapshot()
        try:
            return evm.message_call(sender, to, data)
        except RuntimeError as failure:
            raise failure_of(str(failure)) from None
        finally:
            evm.revert(checkpoint)
            if is_elsewhen:
                self._set_block(self._timestamp)

    @property
    def logs(self) -> list[Log]:
        """Events of the last transaction, of all contracts, in their order; none if it failed."""
        return [Log(log.address.lower(), *log.data) for log in self._logs]

    # Accounts

    def nonce(self, address: str) -> int:
        """Number of transactions this sender has made, reverted ones included."""
        return self._nonces.get(address.lower(), 0)

    def balance(self, address: str) -> int:
        """Balance in wei."""
        return self._evm.get_balance(address)

    def fund(self, address: str, amount: int) -> None:
        """Give an account wei out of a faucet of 1e30; undone by `revert` like any transaction."""
        self.transact(FAUCET, address, b"", amount)

    def code(self, address: str) -> bytes:
        """Runtime code; empty if there is none."""
        return code_of(self._evm, address)

    def storage(self, address: str, slot: int) -> int:
        """One storage slot as it stands."""
        return self._evm.storage(address, slot)

    def state(self) -> dict[str, Account]:
        """Every account that is not empty, whole, by lower-case address. Takes time with the length of the journal; not for loops."""
        accounts = accounts_of(self._evm)
        for address, nonce in self._nonces.items():
            account = accounts.get(address, Account())
            accounts[address] = Account(nonce, account.balance, account.code, account.storage)
        return accounts

    # Going back, and forgetting the way

    def snapshot(self) -> int:
        """Remember this moment: state, block and nonces. Snapshots nest; raises SnapshotError over 512 outstanding ones."""
        if len(self._snapshots) >= MAX_SNAPSHOTS:
            raise SnapshotError(f"{MAX_SNAPSHOTS} snapshots are outstanding; revert or discard one first")
        self._snapshots_taken += 1
        self._snapshots.append(
            _Snapshot(self._snapshots_taken, self._evm.snapshot(), self._number, self._timestamp, dict(self._nonces)),
        )
        return self._snapshots_taken

    def revert(self, snapshot: int) -> None:
        """Go back to a snapshot; it and all later ones are gone. Raises SnapshotError if it is not outstanding."""
        # From the newest to the oldest: pyrevm lowers its call depth by one a revert, however many snapshots that skips.
        for taken in self._pop_back_to(snapshot):
            self._evm.revert(taken.checkpoint)
            self._number, self._timestamp, self._nonces = taken.number, taken.timestamp, taken.nonces
        self._logs = []
        self._set_block(self._timestamp)

    def discard(self, snapshot: int) -> None:
        """Keep what happened since a snapshot; it and all later ones are gone. Raises SnapshotError if it is not outstanding."""
        for _ in self._pop_back_to(snapshot):
            # Only ever in a pair with a snapshot: without one pyrevm's call depth falls under zero, and every later call fails.
            self._evm.commit()

    def compact(self) -> None:
        """Drop the journal: a new machine is filled with the present state. Raises SnapshotError while snapshots are outstanding.

        Done by itself every `compact_after` transactions, if no snapshot is outstanding then.
        """
        if self._snapshots:
            raise SnapshotError(f"{len(self._snapshots)} snapshots are outstanding; a compacted chain cannot go back")
        accounts = self.state()
        self._evm = self._machine(accounts)
        self._since_compact = 0
        # Not before as many transactions as there are accounts, so that filling a large state takes time in proportion to it.
        self._compact_at = max(self._compact_after, len(accounts))

    def copy(self) -> "EmbeddedChain":
        """An independent chain in the same state and block, without snapshots or logs: start once, go on many times."""
        twin = EmbeddedChain(timestamp=self._timestamp, number=self._number, compact_after=self._compact_after)
        twin._nonces = dict(self._nonces)
        twin._creations = dict(self._creations)
        twin._evm = twin._machine(self.state())
        return twin

    # Inside

    def _machine(self, accounts: Mapping[str, Account]) -> "EVM":
        from pyrevm import EVM, BlockEnv, CfgEnv, Env

        block = BlockEnv(number=self._number, timestamp=self._timestamp)
        machine = EVM(env=Env(cfg=CfgEnv(chain_id=CHAIN_ID), block=block), gas_limit=GAS_LIMIT, spec_id=SPEC)
        fill(machine, accounts, self._creations)
        return machine

    def _set_block(self, timestamp: int) -> None:
        from pyrevm import BlockEnv

        self._evm.set_block_env(BlockEnv(number=self._number, timestamp=timestamp))

    def _begin(self) -> None:
        if self._since_compact >= self._compact_at and not self._snapshots:
            self.compact()
        self._since_compact += 1
        self._logs = []
        self._evm.reset_transient_storage()

    def _count(self, sender: str) -> None:
        sender = sender.lower()
        self._nonces[sender] = self._nonces.get(sender, 0) + 1

    def _succeeded(self, sender: str) -> None:
        self._count(sender)
        result = self._evm.result
        if result is not None:
            self._logs = result.logs

    def _failed(self, sender: str, text: str) -> Exception:
        failure = failure_of(text)
        if isinstance(failure, Reverted):
            self._count(sender)
        return failure

    def _tell_nonce(self, sender: str) -> None:
        # pyrevm counts creations only; told the true count, it gives the address that a real chain would.
        self._evm.insert_account_info(sender, account_info(self.nonce(sender), self._evm.get_balance(sender)))

    def _pop_back_to(self, snapshot: int) -> list[_Snapshot]:
        index = next((i for i, taken in enumerate(self._snapshots) if taken.identity == snapshot), None)
        if index is None:
            raise SnapshotError(f"snapshot {snapshot} is not outstanding; {len(self._snapshots)} are")
        popped = self._snapshots[index:]
        del self._snapshots[index:]
        return popped[::-1]
