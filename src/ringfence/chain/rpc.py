"""A node, spoken to in JSON-RPC over HTTP. It may be slow, wrong or hostile: every answer has a limit and is checked before it is used.

Addresses, hashes: lower-case 0x strings. Balances, fees: wei. Only questions are asked again when the line fails, never a transaction.
"""

import http.client
import json
import re
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from ringfence.chain.errors import ChainError, NodeError, NodeRefused, Reverted, reason_of
from ringfence.inputs.errors import printable

TIMEOUT = 20.0  # seconds, for one answer
ATTEMPTS = 3
PAUSE = 0.25  # seconds before the second attempt, twice that before the third
MAX_ANSWER = 4 << 20  # bytes
MAX_PARTS = 1000  # lists and objects; nested as deep as that they cannot exhaust the stack, whatever Python's own limit is
MAX_CODE = 1 << 16  # bytes
MAX_OUTPUT = 1 << 20  # bytes
BUSY = {408, 429, 500, 502, 503, 504}
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}", re.ASCII)
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*", re.ASCII)
_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Block:
    """A block as far as we ask: `base_fee` in wei per gas, `timestamp` in seconds."""

    number: int
    hash: str
    timestamp: int
    base_fee: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a transaction ended, and in which block."""

    hash: str
    succeeded: bool
    block: int
    block_hash: str
    gas_used: int
    created: str | None


class Node:
    """One node. Raises NodeError for what is no answer, NodeRefused for its errors, Reverted for what a contract refuses."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        try:
            parts = urlsplit(url)
            self._port = parts.port
        except ValueError as err:
            raise NodeError("is not an address of a node; write http://HOST:PORT or https://HOST/PATH") from err
        if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[^\x21-\x7e]", url):
            raise NodeError("is not an address of a node; write http://HOST:PORT or https://HOST/PATH")
        self._is_secure, self._host, self._timeout = parts.scheme == "https", parts.hostname, timeout
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "ringfence"}
        if parts.username is not None:
            word = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {b64encode(word.encode()).decode()}"
        # Paths and passwords are often keys: only this much of the address is ever shown.
        self.name = parts.hostname + (f":{self._port}" if self._port else "")

    # Questions

    def chain_id(self) -> int:
        """The number that signatures for this chain carry."""
        return self._quantity("eth_chainId", bits=63)

    def block(self, which: int | str = "latest") -> Block:
        """A block by its number, or `latest`."""
        answer = self._object("eth_getBlockByNumber", _block(which), False)
        return Block(
            number=_number(answer.get("number"), "a block's number", 63),
            hash=_matching(_HASH, answer.get("hash"), "a block's hash"),
            timestamp=_number(answer.get("timestamp"), "a block's time", 63),
            base_fee=_number(answer.get("baseFeePerGas"), "a base fee (is this a chain without EIP-1559?)", 100),
        )

    def genesis(self) -> str:
        """The hash of the first block: two chains may have one number, but not one beginning."""
        return _matching(_HASH, self._object("eth_getBlockByNumber", "0x0", False).get("hash"), "a block's hash")

    def balance(self, address: str) -> int:
        """Balance in wei."""
        return self._quantity("eth_getBalance", address, "latest", bits=128)

    def nonce(self, address: str, which: str = "latest") -> int:
        """Transactions of an account that are in blocks, or with `pending` also those on their way."""
        return self._quantity("eth_getTransactionCount", address, which, bits=63)

    def code(self, address: str, which: int | str = "latest") -> bytes:
        """Code at an address, empty if there is none."""
        return _bytes(self._ask("eth_getCode", address, _block(which)), "code", MAX_CODE)

    def call(self, to: str, data: bytes, *, sender: str | None = None, which: int | str = "latest") -> bytes:
        """What a call would return; nothing is kept."""
        call = {"to": to, "data": "0x" + data.hex()} | ({"from": sender} if sender else {})
        return _bytes(self._ask("eth_call", call, _block(which)), "the answer of a contract", MAX_OUTPUT)

    def storage(self, address: str, slot: int, which: int | str = "latest") -> int:
        """One storage slot as it stands."""
        return _number(self._ask("eth_getStorageAt", address, hex(slot), _block(which)), "a storage slot", 256)

    def estimate_gas(self, sender: str, to: str | None, data: bytes) -> int:
        """Gas that a transaction would take now."""
        call = {"from": sender, "data": "0x" + data.hex()} | ({"to": to} if to else {})
        return self._quantity("eth_estimateGas", call, bits=40)

    def tip(self) -> int:
        """What the node proposes to give a block's builder, wei per gas."""
        return self._quantity("eth_maxPriorityFeePerGas", bits=100)

    def receipt(self, transaction: str) -> Receipt | None:
        """How a transaction ended, None as long as it is in no block."""
        answer = self._ask("eth_getTransactionReceipt", transaction)
        if answer is None:
            return None
        if not isinstance(answer, dict):
            raise NodeError("answers a receipt that is none")
        found = _matching(_HASH, answer.get("transactionHash"), "a transaction's hash")
        if found != transaction.lower():
            raise NodeError(f"answers with the receipt of another transaction, {found}")
        created = answer.get("contractAddress")
        return Receipt(
            hash=found,
            succeeded=_number(answer.get("status"), "a receipt's status", 1) == 1,
            block=_number(answer.get("blockNumber"), "a receipt's block", 63),
            block_hash=_matching(_HASH, answer.get("blockHash"), "a block's hash"),
            gas_used=_number(answer.get("gasUsed"), "the gas used", 40),
            created=None if created is None else _matching(_ADDRESS, created, "the address of a contract"),
        )

    def knows(self, transaction: str) -> bool:
        """Whether the node has a transaction, in a block or on its way."""
        return self._ask("eth_getTransactionByHash", transaction) is not None

    # A transaction

    def send(self, raw: bytes) -> str:
        """Pass a signed transaction on, once; its hash as the node says it."""
        return _matching(_HASH, self._request("eth_sendRawTransaction", ["0x" + raw.hex()]), "a transaction's hash")

    # Inside

    def _quantity(self, method: str, *parameters: Any, bits: int) -> int:
        return _number(self._ask(method, *parameters), f"a number to {method}", bits)

    def _object(self, method: str, *parameters: Any) -> dict[str, Any]:
        answer = self._ask(method, *parameters)
        if not isinstance(answer, dict):
            raise NodeError(f"has no answer to {method}({', '.join(str(each) for each in parameters)})")
        return answer

    def _ask(self, method: str, *parameters: Any) -> Any:
        for attempt in range(1, ATTEMPTS):
            try:
                return self._request(method, list(parameters))
            except _Unreachable:
                time.sleep(PAUSE * attempt)
        return self._request(method, list(parameters))

    def _request(self, method: str, parameters: list[Any]) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        status, content = self._post(body)
        if status in BUSY and not content.lstrip().startswith(b"{"):
            raise _Unreachable(f"answers with HTTP {status}")
        if content.count(b"[") + content.count(b"{") > MAX_PARTS:
            raise NodeError(f"answers with more than {MAX_PARTS:,} lists and objects in one")
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError) as err:
            raise NodeError(f"answers with HTTP {status} and no JSON; is a node there?") from err
        if not isinstance(answer, dict) or answer.get("id") not in (1, None) or not ("result" in answer or "error" in answer):
            raise NodeError("answers with JSON that is no JSON-RPC; is a node there?")
        if (error := answer.get("error")) is not None:
            raise failure_of(error)
        return answer.get("result")

    def _post(self, body: bytes) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout)
        try:
            connection.request("POST", self._path, body, self._headers)
            answer = connection.getresponse()
            content = answer.read(MAX_ANSWER + 1)
        except TimeoutError as err:
            raise _Unreachable(f"does not answer within {self._timeout:g} s") from err
        except (OSError, http.client.HTTPException) as err:
            reason = (getattr(err, "strerror", None) or str(err) or type(err).__name__).lower()
            raise _Unreachable(f"cannot be reached: {printable(reason, 120)}") from err
        finally:
            connection.close()
        if len(content) > MAX_ANSWER:
            raise NodeError(f"answers with more than {MAX_ANSWER:,} bytes")
        return answer.status, content


class _Unreachable(NodeError):
    """The line failed, or the node is busy: the question may be asked again."""


class BlockView:
    """A chain as it stood at one block, read through a node: whatever is asked together is answered together. Nothing can be sent."""

    def __init__(self, node: Node, block: Block) -> None:
        self.node, self.block = node, block
        self.logs: list[Any] = []

    @property
    def timestamp(self) -> int:
        """Time of the block, in seconds."""
        return self.block.timestamp

    def call(self, to: str, data: bytes, *, at: int | None = None) -> bytes:
        """What a contract answers; `at` can only be the block's own time."""
        if at not in (None, self.block.timestamp):
            raise ChainError(f"block {self.block.number} is at {self.block.timestamp}, not at {at}")
        return self.node.call(to, data, which=self.block.number)

    def code(self, address: str) -> bytes:
        """Code at an address."""
        return self.node.code(address, self.block.number)

    def storage(self, address: str, slot: int) -> int:
        """One storage slot as it stood."""
        return self.node.storage(address, slot, self.block.number)

    def advance_to(self, timestamp: int) -> None:
        """Refused."""
        raise ChainError(f"nobody moves a real chain to {timestamp}")

    def transact(self, sender: str, to: str, data: bytes) -> bytes:  # noqa: ARG002  the protocol's arguments
        """Refused."""
        raise ChainError("a node takes signed transactions only")

    def deploy(self, sender: str, code: bytes) -> str:  # noqa: ARG002  the protocol's arguments
        """Refused."""
        raise ChainError("a node takes signed transactions only")


def failure_of(error: Any) -> ChainError:
    """The exception for an error that a node answers with: Reverted if a contract refused, with its text."""
    if not isinstance(error, dict):
        return NodeRefused(printable(str(error), 200))
    message = printable(str(error.get("message", "an error without a text")), 200)
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("data")
    if isinstance(data, str) and _DATA.fullmatch(data) and ("revert" in message.lower() or error.get("code") == 3):
        output = bytes.fromhex(data[2 : 2 + 2 * 4096])
        return Reverted(printable(reason_of(output), 200), output=output)
    if error.get("code") == 3 or "execution reverted" in message.lower():
        return Reverted(re.sub(r"(?i)^.*execution reverted:?\s*", "", message))
    return NodeRefused(message)


def _block(which: int | str) -> str:
    return hex(which) if isinstance(which, int) else which


def _number(value: Any, what: str, bits: int) -> int:
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value) or int(value, 16) >= 1 << bits:
        raise NodeError(f"answers {printable(repr(value))} where {what} is due")
    return int(value, 16)


def _matching(pattern: re.Pattern[str], value: Any, what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise NodeError(f"answers {printable(repr(value))} where {what} is due")
    return value.lower()


def _bytes(value: Any, what: str, most: int) -> bytes:
    if not isinstance(value, str) or len(value) > 2 + 2 * most or not _DATA.fullmatch(value):
        raise NodeError(f"answers {printable(repr(value))} where {what} is due")
    return bytes.fromhex(value[2:])
