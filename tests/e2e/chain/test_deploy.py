"""`ringfence deploy` on a real node: looks before it acts, acts once, and comes through every interruption."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.factory import blueprint_code, terms_id
from ringfence.model.terms import Terms
from tests.e2e.chain.conftest import PASSWORD, ROOT, Desk, Line
from tests.unit.pages import blocks, column, sections

JOURNAL = Path("terms.toml.journal.jsonl")


def records() -> list[dict[str, Any]]:
    """The lines of the journal."""
    return [json.loads(line) for line in JOURNAL.read_text().splitlines()]


def change(old: str, new: str) -> None:
    """Another text in the terms file."""
    path = Path("terms.toml")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_without_a_word_nothing_is_sent(desk: Desk) -> None:
    """The plan is shown with every address and check; exit code 2 without --yes, 0 with --dry-run; no journal, no transaction."""
    assert desk.deploy() == 2
    assert "nothing was sent; --yes sends" in desk.err
    assert desk.deploy("--dry-run", "--json") == 0
    plan = json.loads(desk.out)
    assert plan["schema"] == "ringfence.deploy/1"
    assert not plan["is_sent"]
    assert [step["nonce"] for step in plan["steps"]] == [0, 1, 2, 3]
    assert all(check["holds"] for check in plan["checks"])
    assert "oracle: " + desk.oracle + " answers 2000 to 2000 asset for one collateral" in desk.err
    assert not JOURNAL.exists()
    assert desk.anvil.nonce(desk.account) == 0


def test_what_is_there_is_what_was_planned(desk: Desk) -> None:
    """The addresses of the plan, to the last; terms, id, code; gas within a twentieth of what was said, never more."""
    desk.deploy("--dry-run", "--json")
    plan = json.loads(desk.out)
    assert desk.deploy("--yes", "--json") == 0, desk.err
    done = json.loads(desk.out)
    same = ("pool", "factory", "blueprint", "rate_model", "pool_id", "terms", "sender", "chain_id")
    assert [done[name] for name in same] == [plan[name] for name in same]
    terms = Terms(*desk.anvil.read("Pool", done["pool"], "terms"))
    assert {name: str(getattr(terms, name)) for name in terms.__slots__} == done["terms"]
    assert desk.anvil.read("PoolFactory", done["factory"], "pool_of", terms_id(terms)) == done["pool"]
    assert bytes.fromhex(desk.anvil.rpc("eth_getCode", done["blueprint"], "latest")[2:]) == blueprint_code(load("Pool"))
    assert desk.anvil.read("KinkedRate", done["rate_model"], "kink") == 9 * 10**17
    for step, said in zip(done["steps"], plan["steps"], strict=True):
        receipt = desk.anvil.rpc("eth_getTransactionReceipt", step["transaction"])
        assert int(receipt["gasUsed"], 16) == step["gas"]
        assert 0.8 * said["gas"] < step["gas"] < 1.05 * said["gas"], step["what"]
    kinds = [record["kind"] for record in records()]
    assert kinds == ["plan", *["sent", "mined"] * 4, "done"]
    assert oct(JOURNAL.stat().st_mode & 0o777) == "0o600"
    assert PASSWORD not in JOURNAL.read_text()


def test_the_same_command_again_deploys_nothing(desk: Desk) -> None:
    """With or without --yes: the journal has it all; another deployment needs another journal."""
    pool = desk.deployed()
    assert desk.deploy("--yes") == 0
    assert f"The pool is at {pool}." in desk.err
    assert desk.anvil.nonce(desk.account) == 4
    for word in ((), ("--dry-run",)):
        assert desk.deploy(*word, "--json") == 0
        assert "is done" in desk.err
        assert f"The pool is at {pool}." in desk.err
        done = json.loads(desk.out)
        assert (done["is_sent"], done["pool"]) == (True, pool)
        assert [step["transaction"] for step in done["steps"]] == [record["hash"] for record in records() if record["kind"] == "mined"]
    change("Ether lent", "Another name")
    for word in ((), ("--dry-run",), ("--yes",)):
        assert desk.deploy(*word) == 2
        told = "ringfence: terms.toml.journal.jsonl: is the journal of another deployment; name another with --journal\n"
        assert desk.err == told, "and nothing that is not so before it"
    assert desk.anvil.nonce(desk.account) == 4


def test_a_second_pool_is_made_in_the_same_factory(desk: Desk) -> None:
    """--factory: rate model and pool only; the same terms, rate model included, are refused before anything is sent."""
    desk.deployed()
    plan = records()[0]
    factory = plan["factory"]
    given = ("--factory", factory, "--journal", "second.jsonl", "--yes", "--json")
    change("0.85", "0.86")
    assert desk.deploy(*given) == 0, desk.err
    assert f"NOTE    pair: this factory has a pool of these two tokens already, the last at {plan['pool']}" in desk.err
    second = json.loads(desk.out)
    assert [check["what"] for check in second["checks"] if check["is_odd"]] == ["pair"], "checks that were made are in the result"
    assert len(second["steps"]) == 2
    assert desk.anvil.read("PoolFactory", factory, "pool_count", desk.asset, desk.collateral) == 2
    change("[terms]\n", f'[terms]\nrate_model = "{second["rate_model"]}"\n')
    change(Path("terms.toml").read_text().partition("[rate]")[2], "\n")
    assert desk.deploy("--factory", factory, "--journal", "third.jsonl", "--yes") == 1
    assert f"has the pool of these terms already: {second['pool']}" in desk.err
    assert desk.anvil.nonce(desk.account) == 6


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('max_ltv = "0.80"', 'max_ltv = "0.85"', "max_ltv must be below liq_ltv"),
        ("asset_decimals = 6", "asset_decimals = 8", "has 6 decimals, the file says 8"),
        ("{oracle}", "0x" + "77" * 20, "has no code on this chain"),
        ("{oracle}", "{asset}", "oracle: {asset} refuses"),
        ("{collateral}", "{oracle}", "collateral: {oracle} refuses"),
    ],
)
def test_what_speaks_against_it_stops_it(desk: Desk, old: str, new: str, said: str) -> None:
    """Exit code 1, the reason, nothing sent, whether one looks or means it."""
    names = {"asset": desk.asset, "collateral": desk.collateral, "oracle": desk.oracle}
    change(old.format(**names), new.format(**names))
    for word in ("--dry-run", "--yes"):
        assert desk.deploy(word) == 1
        assert said.format(**names) in desk.err
    assert desk.anvil.nonce(desk.account) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--chain-id", "1"), 2, "the node is on chain 31337, not on 1"),
        (("--max-fee-gwei", "0.001"), 1, "and --max-fee-gwei allows 0.001"),
        (("--max-fee-gwei", "x"), 2, "--max-fee-gwei"),
        (("--factory", "0x12"), 2, "--factory: is not an address"),
        (("--factory", "0x" + "99" * 20), 1, "has no code on this chain"),
        (("--symbol", "x" * 17), 2, "--symbol"),
        (("--dry-run",), 2, "give one of them"),
    ],
)
def test_bad_options_are_one_line(desk: Desk, arguments: tuple[str, ...], code: int, said: str) -> None:
    """Nothing is sent."""
    assert desk.deploy("--yes", *arguments) == code
    assert said in desk.err
    assert desk.anvil.nonce(desk.account) == 0


def test_a_wrong_password_and_no_ether(desk: Desk) -> None:
    """Told before anything is written or sent."""
    Path("password").write_text("wrong")
    assert desk.deploy("--yes") == 2
    assert desk.err.splitlines()[-1] == "ringfence: keystore.json: the password does not open it"
    assert "1. put the pool's blueprint on the chain" in desk.err, "the plan is there to be read first"
    Path("password").write_text(PASSWORD)
    desk.anvil.rpc("anvil_setBalance", desk.account, hex(10**15))
    assert desk.deploy("--yes") == 1
    assert "BROKEN  ether: 0.001 are there" in desk.err
    assert desk.anvil.nonce(desk.account) == 0


def test_nobody_there(desk: Desk) -> None:
    """A port where nobody listens; a server that is no node."""
    assert desk.deploy("--yes", url="http://127.0.0.1:1") == 2
    assert desk.err == "ringfence: --rpc: 127.0.0.1:1 cannot be reached: connection refused\n"


def start(desk: Desk) -> subprocess.Popen[str]:
    """The command as a process of its own, meant."""
    code = "from ringfence.cli.main import main; main()"
    given = ["deploy", "--terms", "terms.toml", *desk.signing, "--yes", "--rpc", desk.url]
    given_to_it = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(
        [sys.executable, "-c", code, *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=given_to_it
    )


def until(what: Callable[[], bool]) -> None:
    """Waits until it is so."""
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_killed_while_it_waits_is_gone_on_with(desk: Desk, how: signal.Signals) -> None:
    """Blocks stop, the process ends, blocks come again: the same command finds what happened meanwhile, and no nonce is used twice."""
    desk.anvil.rpc("evm_setAutomine", False)
    process = start(desk)
    until(lambda: JOURNAL.exists() and any(record["kind"] == "sent" for record in records()))
    until(lambda: int(desk.anvil.rpc("eth_getTransactionCount", desk.account, "pending"), 16) == 1)
    process.send_signal(how)
    _, err = process.communicate(timeout=20)
    assert process.returncode == {signal.SIGKILL: -how, signal.SIGINT: 130, signal.SIGTERM: 143}[how], err
    if how != signal.SIGKILL:
        word = "interrupted" if how == signal.SIGINT else "terminated"
        assert err.splitlines()[-1] == (
            f"ringfence: {word}; put the pool's blueprint on the chain: sent, its end not seen; create the factory: not sent; "
            "create the rate model, KinkedRate: not sent; create the pool: not sent (terms.toml.journal.jsonl)"
        )
    desk.anvil.rpc("evm_mine")
    desk.anvil.rpc("evm_setAutomine", True)
    assert desk.deploy("--dry-run") == 0
    assert "has begun" in desk.err
    assert desk.deploy("--yes", "--json") == 0, desk.err
    assert "Going on" in desk.err
    assert desk.anvil.nonce(desk.account) == 4
    assert len([record for record in records() if record["kind"] == "sent"]) == 4


@pytest.mark.parametrize("before", [True, False], ids=["before the node has it", "after the node has it"])
@pytest.mark.parametrize("step", range(4))
def test_a_line_that_fails_at_any_transaction_costs_nothing(desk: Desk, line: Line, step: int, before: bool) -> None:
    """Cut before or after the transaction passes, then dead: one line, and the next run ends what was begun with the same four nonces."""
    seen = 0

    def cut(method: str, _parameters: list[Any], ask: Callable[[], bytes]) -> bytes | None:
        nonlocal seen
        if seen > step:
            return None
        if method != "eth_sendRawTransaction" or (seen := seen + 1) <= step:
            return ask()
        if not before:
            ask()
        return None

    line.alter = cut
    assert desk.deploy("--yes", url=line.url) == 2
    assert desk.err.splitlines()[-1].startswith("ringfence: --rpc: 127.0.0.1:")
    assert desk.deploy("--yes") == 0, desk.err
    assert desk.anvil.nonce(desk.account) == 4
    assert len({record["hash"] for record in records() if record["kind"] == "sent"}) == 4


def test_fees_that_have_risen_are_paid_under_the_same_nonce(desk: Desk) -> None:
    """What was offered is too little now: signed again with today's fees, and only one of the two can happen."""
    desk.anvil.rpc("evm_setAutomine", False)
    assert desk.deploy("--yes", "--timeout", "1") == 1
    assert "is in no block after 1 s" in desk.err
    desk.anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(20 * 10**9))
    desk.anvil.rpc("evm_mine")
    assert desk.anvil.nonce(desk.account) == 0
    assert desk.deploy("--yes", "--max-fee-gwei", "10") == 1
    assert "and --max-fee-gwei allows 10" in desk.err
    desk.anvil.rpc("evm_setAutomine", True)
    assert desk.deploy("--yes") == 0, desk.err
    sent = [record for record in records() if record["kind"] == "sent"]
    assert [record["nonce"] for record in sent] == [0, 0, 1, 2, 3]
    assert sent[1]["max_fee"] > 2 * sent[0]["max_fee"]
    assert records()[3]["hash"] == sent[1]["hash"], "the second of the two happened"
    assert desk.anvil.nonce(desk.account) == 4


def test_a_last_line_that_was_not_finished_counts_for_nothing(desk: Desk) -> None:
    """The process ended while it wrote: what the line would have announced was not begun."""
    desk.deployed()
    whole = JOURNAL.read_text().splitlines(keepends=True)
    JOURNAL.write_text("".join(whole[:-1]) + whole[-1][:10])
    assert desk.deploy("--yes") == 0, desk.err
    assert records()[-1]["kind"] == "done"
    assert desk.anvil.nonce(desk.account) == 4


def test_a_nonce_that_something_else_used_stops_it(desk: Desk) -> None:
    """The account sent another transaction in between: its addresses are not those of the plan any more."""
    desk.deployed()
    lines = JOURNAL.read_text().splitlines(keepends=True)
    JOURNAL.write_text("".join(lines[:7]).replace(records()[5]["hash"], "0x" + "12" * 32))
    assert desk.deploy("--yes") == 1
    assert "nonce 2 of" in desk.err
    assert "was used by a transaction that is not in the journal" in desk.err


def test_another_chain_is_not_gone_on_with(desk: Desk) -> None:
    """Same number, another beginning: the journal knows its chain by the first block."""
    desk.deployed()
    JOURNAL.write_text(JOURNAL.read_text().replace(records()[0]["genesis"], "0x" + "ab" * 32))
    assert desk.deploy("--yes") == 1
    assert "the journal is of genesis" in desk.err


def test_two_runs_at_once_exclude_each_other(desk: Desk) -> None:
    """The journal is locked while it is written."""
    desk.anvil.rpc("evm_setAutomine", False)
    process = start(desk)
    until(lambda: JOURNAL.exists() and any(record["kind"] == "sent" for record in records()))
    try:
        assert desk.deploy("--yes") == 2
        assert "another process has this journal open" in desk.err
    finally:
        process.kill()
        process.communicate()


LIES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "another chain's number": ("eth_chainId", lambda _: "0x2"),
    "a receipt that failed": ("eth_getTransactionReceipt", lambda it: it and it | {"status": "0x0"}),
    "another transaction's receipt": ("eth_getTransactionReceipt", lambda it: it and it | {"transactionHash": "0x" + "00" * 32}),
    "another address": ("eth_getTransactionReceipt", lambda it: it and it | {"contractAddress": "0x" + "77" * 20}),
    "gas without end": ("eth_estimateGas", lambda _: hex(10**9)),
    "another hash": ("eth_sendRawTransaction", lambda _: "0x" + "33" * 32),
    "a block that is no block": ("eth_getBlockByNumber", lambda it: it | {"baseFeePerGas": "much"}),
    "a base fee beyond reason": ("eth_getBlockByNumber", lambda it: it | {"baseFeePerGas": hex(10**15)}),
    "code that is endless": ("eth_getCode", lambda _: "0x" + "00" * 200_000),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_node_that_lies_gets_one_transaction_at_most(desk: Desk, line: Line, lie: str) -> None:
    """One line, no success; an honest node later finds the deployment whole or lets it be gone on with."""
    method, told = LIES[lie]

    def lying(asked: str, _parameters: list[Any], ask: Callable[[], bytes]) -> bytes:
        answer = json.loads(ask())
        if asked == method and "result" in answer:
            answer["result"] = told(answer["result"])
        return json.dumps(answer).encode()

    line.alter = lying
    code = desk.deploy("--yes", "--timeout", "5", url=line.url)
    assert code in (1, 2), desk.err
    assert "internal error" not in desk.err
    assert "The pool is at" not in desk.err
    assert desk.anvil.nonce(desk.account) <= 1


def test_the_plan_shows_what_is_fixed_for_ever_and_one_cost(desk: Desk) -> None:
    """Every term that is something, in its unit; the ether that is looked for is the ether that is told, and it is enough."""
    recipient = "0x" + "fe" * 20
    change("[rate]", f'fee_recipient = "{recipient}"\ncreator_fee = "0.05"\nlockup = 604800\nmin_debt = "10"\nborrow_cap = 0\n[rate]')
    assert desk.deploy("--dry-run", "--json") == 0, desk.err
    for line in (
        f"fee_recipient = {recipient}",
        "creator_fee = 5 %",
        "lockup = 7 days",
        "liq_ltv = 85 %",
        "min_debt = 10 asset",
        "borrow_cap = 0 asset",
    ):
        assert f"  {line}\n" in desk.err
    assert "supply_cap" not in desk.err
    needed = re.search(r"at most ([0-9.]+) are needed", desk.err)
    told = re.search(r"About ([0-9,]+) gas, limits of [0-9,]+; at .* gwei at most ([0-9.]+) ether[.]", desk.err)
    assert needed and told
    assert needed[1] == told[2]
    assert desk.deploy("--yes", "--json") == 0
    spent = 10**19 - int(desk.anvil.rpc("eth_getBalance", desk.account, "latest"), 16)
    assert spent <= float(told[2]) * 10**18


@pytest.mark.parametrize(
    ("price", "shown"),
    [(1, "0.000000000000000000000001"), (2_000 * 10**36, "2000000000000000"), (1_234_567 * 10**21, "1234.56")],
)
def test_a_price_is_shown_to_six_digits_and_odd_ones_are_marked(desk: Desk, price: int, shown: str) -> None:
    """A price of 1 is 1e-36 base units for one, 1e-24 assets of 6 decimals for one collateral of 18."""
    desk.anvil.do("mocks/oracle_mock", desk.oracle, "set_price", price)
    assert desk.deploy("--dry-run", "--json") == 0
    assert f"answers {shown} to {shown} asset for one collateral" in desk.err
    assert ("NOTE    oracle" in desk.err) == ("hardly what it is worth" in desk.err) == (shown != "1234.56")


def test_a_backstop_is_asked_whether_it_pays(desk: Desk) -> None:
    """No fund, a fund of another asset, one sealed without the pool: refused; open or covering: told as what it is."""

    def fund(asset: str) -> str:
        return desk.anvil.create("Backstop", asset, "Fund", "F", 10 * 86_400)

    def told(backstop: str, code: int) -> tuple[str, str]:
        Path("terms.toml").write_text(plain.replace("[rate]", f'backstop = "{backstop}"\n[rate]'))
        assert desk.deploy("--dry-run", "--json") == code
        (check,) = (check for check in json.loads(desk.out)["checks"] if check["what"] == "backstop")
        assert check["holds"] == (code == 0)
        return check["found"], json.loads(desk.out)["pool"]

    plain = Path("terms.toml").read_text()
    assert "refuses" in told(desk.asset, 1)[0]
    assert "is not the pool's asset" in told(fund(desk.collateral), 1)[0]
    sealed = fund(desk.asset)
    desk.anvil.do("Backstop", sealed, "seal")
    assert "is sealed and does not cover this pool" in told(sealed, 1)[0]
    good = fund(desk.asset)
    said, pool = told(good, 0)
    assert f"does not cover {pool} yet" in said
    desk.anvil.do("Backstop", good, "set_cover", pool, 500 * 10**6, 10**18)
    assert told(good, 0)[0].endswith(
        "covers this pool up to 500 asset, 0 of it now; it is not sealed, so its creator can still take that back"
    )
    desk.anvil.do("Backstop", good, "seal")
    assert told(good, 0)[0].endswith("covers this pool up to 500 asset, 0 of it now")


def test_the_page_leads_from_nothing_to_a_pool(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """What docs/deploy.md runs on a node of one's own gives the three addresses, and with them a pool is deployed."""
    (program,) = blocks((ROOT / "docs" / "deploy.md").read_text(), "python")
    assert program.count("http://127.0.0.1:8545") == 1
    exec(compile(program.replace("http://127.0.0.1:8545", desk.url), "deploy.md", "exec"), {})  # noqa: S102  the page's own lines
    said = capsys.readouterr().out
    assert said.startswith("[terms]\nasset = ")
    terms = Path("terms.toml").read_text()
    for name in ("asset", "collateral", "oracle"):
        terms = re.sub(rf"(?m)^{name} = .*\n", "", terms)
    Path("terms.toml").write_text(terms.replace("[terms]\n", said))
    assert desk.deploy("--yes", "--json") == 0, desk.err
    assert desk.asset not in desk.out
    assert "answers 2000 to 2000 asset" in desk.err


def test_the_fields_of_a_deployment_are_documented(desk: Desk) -> None:
    """In the order in which they are written; planned and done are alike."""
    page = sections((ROOT / "docs" / "results.md").read_text(), 2)["The result of a deployment"]
    for word in ("--dry-run", "--yes"):
        assert desk.deploy(word, "--json") == 0
        found = json.loads(desk.out)
        assert column(page.partition("\n### ")[0], "field") == list(found)
        parts = sections(page, 3)
        for name in ("checks", "steps"):
            assert column(parts[name], "field") == list(found[name][0])
