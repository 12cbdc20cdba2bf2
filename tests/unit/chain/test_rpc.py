"""A node's answers are checked before they are used: whatever it sends, the caller gets a value of the right kind or one of our errors."""

import http.server
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ringfence.chain import rpc
from ringfence.chain.errors import ChainError, NodeError, NodeRefused, Reverted
from ringfence.chain.rpc import BlockView, Node

HASH, OTHER_HASH, ADDRESS = "0x" + "aB" * 32, "0x" + "01" * 32, "0x" + "Cd" * 20
BLOCK = {"number": "0x10", "hash": HASH, "timestamp": "0x20", "baseFeePerGas": "0x30"}
RECEIPT = {
    "transactionHash": HASH,
    "status": "0x1",
    "blockNumber": "0x10",
    "blockHash": OTHER_HASH,
    "gasUsed": "0x5208",
    "contractAddress": ADDRESS,
}


@dataclass
class Server:
    """Answers every request with the same status and bytes; counts them."""

    port: int = 0
    status: int = 200
    content: bytes = b""
    asked: int = 0
    last: Any = None
    authorization: str | None = None

    def answer(self, result: Any) -> None:
        """Answer with this result from now on."""
        self.content = json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()

    def fail(self, **error: Any) -> None:
        """Answer with this error from now on."""
        self.content = json.dumps({"jsonrpc": "2.0", "id": 1, "error": error}).encode()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on this machine that is whatever a test makes of it."""
    monkeypatch.setattr(rpc, "PAUSE", 0.001)
    here = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            here.asked += 1
            here.last = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            here.authorization = self.headers["Authorization"]
            if here.status == 0:
                self.close_connection = True
                return
            self.send_response(here.status)
            self.send_header("Content-Length", str(len(here.content)))
            self.end_headers()
            self.wfile.write(here.content)

        def log_message(self, *_: Any) -> None:
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.port = listening.server_address[1]
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield here
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture
def node(server: Server) -> Node:
    """The node that the server plays."""
    return Node(f"http://127.0.0.1:{server.port}", timeout=5)


def test_numbers_blocks_and_receipts_come_as_values(server: Server, node: Node) -> None:
    """Hexadecimal quantities as integers, hashes and addresses in lower case."""
    server.answer("0x7a69")
    assert node.chain_id() == 31337
    assert server.last["method"] == "eth_chainId"
    server.answer(BLOCK)
    assert node.block(16) == rpc.Block(16, HASH.lower(), 32, 48)
    assert server.last["params"] == ["0x10", False]
    server.answer(RECEIPT)
    assert node.receipt(HASH) == rpc.Receipt(HASH.lower(), True, 16, OTHER_HASH, 21_000, ADDRESS.lower())
    server.answer(None)
    assert node.receipt(HASH) is None
    assert not node.knows(HASH)


@pytest.mark.parametrize("answer", [None, 5, "5", "0x", "0xg", "-0x1", "0x" + "1" * 65, True, [], {}, "0x8000000000000000", "0x1\n"])
def test_what_is_no_number_is_refused(server: Server, node: Node, answer: Any) -> None:
    """A chain's number is hexadecimal and under 2^63."""
    server.answer(answer)
    with pytest.raises(NodeError, match=r"answers .* where a number to eth_chainId is due"):
        node.chain_id()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"transactionHash": OTHER_HASH}, "the receipt of another transaction"),
        ({"status": "0x2"}, "a receipt's status"),
        ({"status": None}, "a receipt's status"),
        ({"gasUsed": "0x" + "f" * 20}, "the gas used"),
        ({"blockHash": "0x12"}, "a block's hash"),
        ({"contractAddress": "0x12"}, "the address of a contract"),
    ],
)
def test_a_receipt_that_cannot_be_is_refused(server: Server, node: Node, change: dict[str, Any], said: str) -> None:
    """Every field of it, and that it is the one asked for."""
    server.answer(RECEIPT | change)
    with pytest.raises(NodeError, match=said):
        node.receipt(HASH)


@pytest.mark.parametrize(
    "ask",
    [
        lambda node: node.block(),
        lambda node: node.genesis(),
        lambda node: node.receipt(HASH),
        lambda node: node.code(ADDRESS),
        lambda node: node.call(ADDRESS, b""),
        lambda node: node.send(b"\x02"),
        lambda node: node.balance(ADDRESS),
    ],
)
@pytest.mark.parametrize("answer", [5, "0x0g", "text", [1], {"a": 1}, "0x" + "00" * 1_100_000])
def test_no_answer_of_the_wrong_kind_gets_through(server: Server, node: Node, ask: Callable[[Node], Any], answer: Any) -> None:
    """Whatever is asked."""
    server.answer(answer)
    with pytest.raises(NodeError):
        ask(node)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"null", b"[]", b"{}", b'{"id": 1}', b'{"id": 2, "result": "0x1"}', b'"\xff"', b"[" * 900],
)
def test_what_is_no_json_rpc_is_said(server: Server, node: Node, content: bytes) -> None:
    """A web page, an empty answer, another question's answer, deep nesting."""
    server.content = content
    with pytest.raises(NodeError, match="is a node there"):
        node.chain_id()


def test_an_answer_without_end_is_cut_off(server: Server, node: Node) -> None:
    """Not read to its end, not held in memory."""
    server.content = b" " * (rpc.MAX_ANSWER + 10)
    with pytest.raises(NodeError, match="more than 4,194,304 bytes"):
        node.chain_id()


def test_nested_answers_end_no_process(server: Server, node: Node) -> None:
    """However deep Python may recurse by then: a package of the wallet's raises that limit beyond what a stack bears."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        for opening in (b"[", b'{"a":'):
            server.content = opening * 700_000
            with pytest.raises(NodeError, match="more than 1,000 lists and objects"):
                node.chain_id()
    finally:
        sys.setrecursionlimit(limit)


def test_questions_are_asked_again_and_transactions_are_not(server: Server, node: Node) -> None:
    """Three times, while a busy node or a cut line does not answer; what is sent is sent once."""
    for server.status in (503, 429, 0):
        server.asked = 0
        with pytest.raises(NodeError):
            node.chain_id()
        assert server.asked == 3
        with pytest.raises(NodeError):
            node.send(b"\x02")
        assert server.asked == 4
    server.status, server.asked = 404, 0
    with pytest.raises(NodeError, match="HTTP 404"):
        node.chain_id()
    assert server.asked == 1


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        ({"code": 3, "message": "execution reverted: pool: no debt", "data": "0x"}, Reverted, ""),
        ({"code": -32000, "message": "execution reverted: pool: no debt"}, Reverted, "pool: no debt"),
        ({"code": -32000, "message": "nonce too low"}, NodeRefused, "nonce too low"),
        ({"code": -32000, "message": "a\x1b[2Jb\n" + "x" * 900}, NodeRefused, "a\\x1b[2Jb"),
        ({}, NodeRefused, "an error without a text"),
    ],
)
def test_errors_are_told_apart(server: Server, node: Node, error: dict[str, Any], kind: type[ChainError], text: str) -> None:
    """What a contract refuses, with its text, and what the node refuses; nothing that a terminal would obey, and not without end."""
    server.fail(**error)
    with pytest.raises(kind) as failure:
        node.call(ADDRESS, b"")
    assert type(failure.value) is kind
    assert str(failure.value).startswith(text)
    assert len(str(failure.value)) < 300
    assert str(failure.value).isprintable()


def test_a_contracts_text_is_read_from_the_data(server: Server, node: Node) -> None:
    """Error(string), as most nodes pass it on."""
    text = b"pool: amount is zero"
    data = "0x08c379a0" + (32).to_bytes(32, "big").hex() + len(text).to_bytes(32, "big").hex() + text.hex().ljust(64, "0")
    for error in ({"code": 3, "message": "reverted", "data": data}, {"code": -32015, "message": "VM: revert", "data": {"data": data}}):
        server.fail(**error)
        with pytest.raises(Reverted, match="^pool: amount is zero$"):
            node.call(ADDRESS, b"")


@pytest.mark.parametrize(
    "url", ["", "node", "ftp://node", "http://", "http://node:99999", "http://no de", "file:///etc/passwd", "http://[::1"]
)
def test_what_is_no_address_of_a_node_is_refused(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(NodeError, match="is not an address of a node"):
        Node(url)


def test_keys_in_an_address_are_used_and_never_shown(server: Server) -> None:
    """A user and a password go where HTTP wants them; neither they nor the path stand in what is shown."""
    node = Node(f"http://user:p%40ss@127.0.0.1:{server.port}/v3/secret?key=secret")
    server.answer("0x1")
    assert node.chain_id() == 1
    assert server.authorization == "Basic dXNlcjpwQHNz"
    assert node.name == f"127.0.0.1:{server.port}"


def test_a_view_is_of_one_block_and_moves_nothing(server: Server, node: Node) -> None:
    """Every question names the block; another time, a transaction and a deployment are refused."""
    view = BlockView(node, rpc.Block(16, HASH, 32, 48))
    server.answer("0x1234")
    assert view.call(ADDRESS, b"\x01", at=32) == view.code(ADDRESS) == b"\x12\x34"
    assert server.last["params"] == [ADDRESS, "0x10"]
    assert view.storage(ADDRESS, 3) == 0x1234
    assert server.last["params"] == [ADDRESS, "0x3", "0x10"]
    asked = server.asked
    for refused in (
        lambda: view.call(ADDRESS, b"", at=33),
        lambda: view.transact(ADDRESS, ADDRESS, b""),
        lambda: view.deploy(ADDRESS, b""),
        lambda: view.advance_to(40),
    ):
        with pytest.raises(ChainError):
            refused()
    assert server.asked == asked
