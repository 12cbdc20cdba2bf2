"""A real node for each test, tokens and an oracle on it, an account with a keystore, and a line to the node that can be cut."""

import http.client
import http.server
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.contract import initcode
from ringfence.cli.main import run

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "correct horse"
TERMS = """
[pool]
collateral_decimals = 18
asset_decimals = 6
supply = "1000"
name = "Ether lent"

[terms]
asset = "{asset}"
collateral = "{collateral}"
oracle = "{oracle}"
max_ltv = "0.80"
liq_ltv = "0.85"
incentive_base = "0.05"
sale_timeout = 3600

[rate]
model = "kinked"
base_per_year = "0.01"
kink = "0.9"
slope_below_per_year = "0.05"
slope_above_per_year = "1"
"""


@dataclass
class Anvil:
    """A node of our own: any account sends by impersonation; what the commands send is signed."""

    port: int
    process: subprocess.Popen[str]
    sender: str = "0x" + "de" * 20

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rpc(self, method: str, *parameters: Any) -> Any:
        answer = json.loads(post(self.port, {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}))
        assert "error" not in answer, answer
        return answer["result"]

    def create(self, name: str, *arguments: Any) -> str:
        code = "0x" + initcode(load(name), arguments).hex()
        return str(self._transact(None, code)["contractAddress"])

    def do(self, name: str, to: str, function: str, *arguments: Any, sender: str = "") -> None:
        data = load(name).interface.functions[function, len(arguments)].encode(arguments)
        self._transact(to, "0x" + data.hex(), sender)

    def read(self, name: str, to: str, function: str, *arguments: Any) -> Any:
        codec = load(name).interface.functions[function, len(arguments)]
        output = self.rpc("eth_call", {"to": to, "data": "0x" + codec.encode(arguments).hex()}, "latest")
        return codec.decode(bytes.fromhex(output[2:]))

    def nonce(self, account: str) -> int:
        return int(self.rpc("eth_getTransactionCount", account, "latest"), 16)

    def _transact(self, to: str | None, data: str, sender: str = "") -> dict[str, Any]:
        call = {"from": sender or self.sender, "data": data, "gas": hex(15_000_000)} | ({"to": to} if to else {})
        sent = self.rpc("eth_sendTransaction", call)
        while (receipt := self.rpc("eth_getTransactionReceipt", sent)) is None:
            time.sleep(0.01)
        assert receipt["status"] == "0x1"
        return dict(receipt)


def post(port: int, body: Any) -> bytes:
    """A request to a server on this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/", json.dumps(body), {"Content-Type": "application/json"})
    content = connection.getresponse().read()
    connection.close()
    return content


@pytest.fixture(scope="session")
def anvil_path() -> str:
    """Path of the pinned node; who asks for it skips, with the reason, where it cannot be had."""
    found = subprocess.run([ROOT / "scripts" / "fetch_anvil"], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(found.stderr.strip())
    return found.stdout.strip()


@pytest.fixture
def anvil(anvil_path: str) -> Iterator[Anvil]:
    """A node at a port that the system chose, ended with the test."""
    command = [anvil_path, "--host", "127.0.0.1", "--port", "0", "--hardfork", "cancun"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        line = next(line for line in process.stdout if line.startswith("Listening on "))
        reader = threading.Thread(target=process.stdout.read, daemon=True)
        reader.start()
        node = Anvil(int(line.rsplit(":", 1)[1]), process)
        node.rpc("anvil_autoImpersonateAccount", True)
        node.rpc("anvil_setBalance", node.sender, hex(10**20))
        yield node
    finally:
        process.terminate()
        process.wait(timeout=10)
    reader.join(timeout=5)
    process.stdout.close()


@dataclass
class Desk:
    """What a person has: a folder with terms, a keystore and a password file, and the command line."""

    anvil: Anvil
    folder: Path
    account: str
    asset: str
    collateral: str
    oracle: str
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""
    url: str = ""
    signing: tuple[str, ...] = field(default_factory=tuple)

    def run(self, *arguments: str, url: str = "") -> int:
        """A command at the node; what it printed is kept in `out` and `err`."""
        code = run([*arguments, "--rpc", url or self.url])
        self.out, self.err = self.capsys.readouterr()
        return code

    def deploy(self, *arguments: str, url: str = "") -> int:
        """`ringfence deploy` of the folder's terms by the account."""
        return self.run("deploy", "--terms", "terms.toml", *self.signing, *arguments, url=url)

    def pool(self, name: str, address: str, amount: str, *arguments: str) -> int:
        """`ringfence pool NAME` by the account."""
        return self.run("pool", name, address, amount, *self.signing, *arguments)

    def deployed(self) -> str:
        """A pool of the folder's terms; its address."""
        assert self.deploy("--yes", "--json") == 0, self.err
        return str(json.loads(self.out)["pool"])


@pytest.fixture
def desk(anvil: Anvil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Tokens of 6 and 18 decimals, an oracle at 2,000, and an account with 10 ether."""
    limit = sys.getrecursionlimit()
    accounts = pytest.importorskip("eth_account", reason="signing needs eth-account")
    sys.setrecursionlimit(limit)  # as the keystore does it
    monkeypatch.chdir(tmp_path)
    account = accounts.Account.from_key("0x" + "11" * 32)
    Path("keystore.json").write_text(json.dumps(accounts.Account.encrypt(account.key, PASSWORD, kdf="pbkdf2", iterations=1000)))
    Path("password").write_text(PASSWORD + "\n")
    address = account.address.lower()
    anvil.rpc("anvil_setBalance", address, hex(10**19))
    asset, collateral = anvil.create("mocks/erc20_mock", 6), anvil.create("mocks/erc20_mock", 18)
    oracle = anvil.create("mocks/oracle_mock")
    anvil.do("mocks/oracle_mock", oracle, "set_price", 2_000 * 10**6 * 10**36 // 10**18)
    Path("terms.toml").write_text(TERMS.format(asset=asset, collateral=collateral, oracle=oracle))
    signing = ("--keystore", "keystore.json", "--password-file", "password")
    return Desk(anvil, tmp_path, address, asset, collateral, oracle, capsys, url=anvil.url, signing=signing)


Alter = Callable[[str, list[Any], Callable[[], bytes]], bytes | None]


@dataclass
class Line:
    """A line to the node that hands every request to `alter`, which answers, asks the node, or cuts the line by answering None."""

    port: int
    alter: Alter

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def line(anvil: Anvil) -> Iterator[Line]:
    """A line that changes nothing until it is told to."""
    here = Line(0, lambda _method, _parameters, ask: ask())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = here.alter(body["method"], body["params"], lambda: post(anvil.port, body))
            if answer is None:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield here
    server.shutdown()
    thread.join()
    server.server_close()
