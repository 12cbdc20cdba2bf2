"""Sends transactions of one account, one after the other, each written down before it is sent and never sent under two nonces.

A nonce is used once on a chain. A step keeps the nonce that it was first signed with, through every later run: so whatever was sent before,
by a run that ended or on a line that failed, at most one of its transactions can happen.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ringfence.chain.errors import NodeError, NodeRefused, NotSent, Reverted, Unfinished
from ringfence.chain.journal import Journal
from ringfence.chain.keystore import Signer, Transaction
from ringfence.chain.rpc import Node, Receipt
from ringfence.inputs.bounds import shown_decimal
from ringfence.inputs.errors import printable

GWEI = 10**9
MAX_GAS = 1 << 24
"""A transaction over it is refused by today's chains (EIP-7825); no step of ours comes near."""
DEFAULT_TIP = GWEI
FIRST_PAUSE = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction to be: what it does in words, and the address of the contract that it creates, if it does."""

    what: str
    to: str | None
    data: bytes
    creates: str | None = None

    @property
    def digest(self) -> str:
        """Says whether two steps are the same transaction, fees and nonce aside."""
        return sha256(f"{self.to or ''}:".encode() + self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Fees:
    """Wei per gas: the most that is paid in all, and of it what the builder of the block gets."""

    max_fee: int
    tip: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """For how long (seconds) a receipt is asked for, the longest pause between two questions, and how many blocks must hold it."""

    timeout: float = 600.0
    pause: float = 2.0
    confirmations: int = 1

    def pauses(self) -> Iterator[None]:
        """A turn for each question, first soon and then ever later, until the time is over."""
        until, pause = time.monotonic() + self.timeout, FIRST_PAUSE
        while (left := until - time.monotonic()) > 0:
            yield
            time.sleep(min(pause, left))
            pause = min(2 * pause, self.pause)


def current_fees(node: Node, ceiling: int) -> Fees:
    """Twice the base fee and a tip, never over the ceiling (wei per gas); raises NotSent when the base fee leaves no room."""
    try:
        tip = node.tip()
    except NodeRefused:
        tip = DEFAULT_TIP
    base_fee = node.block().base_fee
    if base_fee >= ceiling:
        raise NotSent(f"the base fee is {gwei(base_fee)} gwei, and --max-fee-gwei allows {shown_decimal(ceiling, 9)}")
    max_fee = min(ceiling, 2 * base_fee + tip)
    return Fees(max_fee, min(tip, max_fee - base_fee))


def gas_limit(estimate: int) -> int:
    """What is sent along for so much gas: a fifth more, for a state that moves meanwhile."""
    return estimate * 6 // 5


def gwei(wei: int) -> str:
    """Wei per gas in gwei, to a thousandth."""
    return f"{wei / GWEI:,.3f}".rstrip("0").rstrip(".")


def sent_of(steps: Sequence[Step], nonce: int, journal: Journal) -> str:
    """What the journal knows of steps from this nonce on, in a sentence: which were sent, and which of them are in a block."""
    words = []
    for i, step in enumerate(steps):
        if journal.of("mined", nonce=nonce + i):
            words.append(f"{step.what}: done")
        elif journal.of("sent", nonce=nonce + i):
            words.append(f"{step.what}: sent, its end not seen")
        else:
            words.append(f"{step.what}: not sent")
    is_sent = any(journal.of("sent", nonce=nonce + i) for i in range(len(steps)))
    return f"{'; '.join(words)} ({printable(journal.path, 200)})" if is_sent else "nothing was sent"


class Sender:
    """Runs steps for one account; `say` hears in a sentence what happens."""

    def __init__(
        self, node: Node, signer: Signer, journal: Journal, chain_id: int, ceiling: int, waiting: Waiting, say: Callable[[str], None]
    ) -> None:
        self._node, self._signer, self._journal = node, signer, journal
        self._chain_id, self._ceiling, self._waiting, self._say = chain_id, ceiling, waiting, say

    def run(self, step: Step, nonce: int) -> Receipt:
        """Have the step happen under this nonce, or find that it has; raises NotSent, Unfinished, or Reverted if it failed on the chain."""
        sent = self._journal.of("sent", nonce=nonce)
        if any(each.get("digest") != step.digest for each in sent):
            raise NotSent(f"the journal has another transaction under nonce {nonce}")
        hashes = [str(each["hash"]) for each in sent]
        receipt = self._found(hashes)
        if receipt is None:
            # Asked for again afterwards: it may have come into a block between the two questions.
            used = self._node.nonce(self._signer.address)
            receipt = self._found(hashes)
            if receipt is None:
                self._check_nonce(nonce, used)
                self._send(step, nonce, sent)
                receipt = self._wait([str(each["hash"]) for each in self._journal.of("sent", nonce=nonce)], step)
        self._check(step, nonce, self._confirmed(receipt, step))
        return receipt

    def _found(self, hashes: list[str]) -> Receipt | None:
        found = [receipt for each in hashes if (receipt := self._node.receipt(each)) is not None]
        return found[0] if found else None

    def _check_nonce(self, nonce: int, used: int) -> None:
        if used > nonce:
            raise NotSent(f"nonce {nonce} of {self._signer.address} was used by a transaction that is not in the journal")
        if used < nonce:
            raise NotSent(f"the node counts {used} transactions of {self._signer.address}, and {nonce} have happened; is it behind?")

    def _send(self, step: Step, nonce: int, sent: list[dict[str, Any]]) -> None:
        fees = current_fees(self._node, self._ceiling)
        if sent and fees.max_fee < 2 * int(sent[-1]["max_fee"]):
            last = sent[-1]
            raw, transaction_hash = bytes.fromhex(last["raw"]), str(last["hash"])
            self._say(f"{step.what}: sent before under nonce {nonce}, sent again unchanged")
        else:
            if sent:
                # Nodes take a second transaction of a nonce only for an eighth more, of the tip too.
                fees = Fees(fees.max_fee, min(fees.max_fee, max(fees.tip, int(sent[-1]["tip"]) * 9 // 8 + 1)))
            gas = self._gas(step)
            signed = self._signer.sign(Transaction(self._chain_id, nonce, step.to, step.data, gas, fees.max_fee, fees.tip))
            raw, transaction_hash = signed.raw, signed.hash
            # Before the network hears of it: a run that ends here leaves what it may have sent.
            self._journal.write(
                kind="sent",
                what=step.what,
                nonce=nonce,
                digest=step.digest,
                hash=transaction_hash,
                max_fee=fees.max_fee,
                tip=fees.tip,
                gas=gas,
                raw=raw.hex(),
            )
            self._say(f"{step.what}: {transaction_hash}\n  nonce {nonce}, at most {gas:,} gas at {gwei(fees.max_fee)} gwei")
        self._pass_on(raw, transaction_hash)

    def _gas(self, step: Step) -> int:
        """What the step takes now and a fifth more; the node runs it for that, so a refusal is seen before anything is paid."""
        estimate = self._node.estimate_gas(self._signer.address, step.to, step.data)
        if estimate > MAX_GAS:
            raise NotSent(f"{step.what}: the node asks for {estimate:,} gas, which no transaction may use")
        return min(MAX_GAS, gas_limit(estimate))

    def _pass_on(self, raw: bytes, transaction_hash: str) -> None:
        try:
            answered = self._node.send(raw)
        except NodeRefused as err:
            if self._node.receipt(transaction_hash) is None and not self._node.knows(transaction_hash):
                raise NotSent(f"the node refuses the transaction: {err}") from err
        except NodeError as err:
            # The line failed after, perhaps, the transaction had passed it. The receipt will tell.
            self._say(f"the node {err}; whether it has the transaction is not known, waiting for its receipt")
        else:
            if answered != transaction_hash:
                raise Unfinished(f"the node answers with another hash, {answered}, than the transaction has, {transaction_hash}")

    def _wait(self, hashes: list[str], step: Step) -> Receipt:
        for _ in self._waiting.pauses():
            if receipt := self._found(hashes):
                return receipt
        raise Unfinished(f"{step.what}: {hashes[-1]} is in no block after {self._waiting.timeout:g} s")

    def _confirmed(self, receipt: Receipt, step: Step) -> Receipt:
        """The receipt as soon as enough blocks stand on it; it may be another by then."""
        for _ in self._waiting.pauses():
            if self._node.block().number >= receipt.block + self._waiting.confirmations - 1:
                break
        else:
            raise Unfinished(f"{step.what}: block {receipt.block} has fewer than {self._waiting.confirmations} confirmations")
        again = self._node.receipt(receipt.hash)
        if again is None or self._node.block(again.block).hash != again.block_hash:
            raise Unfinished(f"{step.what}: its block {receipt.block} is gone from the chain again")
        return again

    def _check(self, step: Step, nonce: int, receipt: Receipt) -> None:
        if not self._journal.of("mined", nonce=nonce):
            self._journal.write(
                kind="mined", nonce=nonce, hash=receipt.hash, succeeded=receipt.succeeded, block=receipt.block, gas_used=receipt.gas_used
            )
        if not receipt.succeeded:
            raise Reverted(f"{step.what}: {receipt.hash} failed in block {receipt.block}, {receipt.gas_used:,} gas were paid")
        if step.to is None and receipt.created != step.creates:
            raise Unfinished(f"{step.what}: the node says it created {receipt.created}, which must be {step.creates}")
        self._say(f"{step.what}: done in block {receipt.block}, {receipt.gas_used:,} gas")
