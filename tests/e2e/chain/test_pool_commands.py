"""`ringfence pool` on a real node: what is shown is what the contracts hold, what is sent is what was said."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.model.terms import MAX_UINT256
from tests.e2e.chain.conftest import ROOT, Desk, Line
from tests.unit.pages import column, sections

USDC, ETHER = 10**6, 10**18


@pytest.fixture
def pool(desk: Desk) -> str:
    """A pool, and an account with 1,000 of the asset and 10 of the collateral."""
    address = desk.deployed()
    desk.anvil.do("mocks/erc20_mock", desk.asset, "mint", desk.account, 1_000 * USDC)
    desk.anvil.do("mocks/erc20_mock", desk.collateral, "mint", desk.account, 10 * ETHER)
    return address


def balance(desk: Desk, token: str, owner: str) -> int:
    """Tokens of an owner, in base units."""
    return int(desk.anvil.read("mocks/erc20_mock", token, "balanceOf", owner))


def shown(desk: Desk, pool: str) -> dict[str, Any]:
    """What `show --json` prints of the pool and the account."""
    assert desk.run("pool", "show", pool, "--account", desk.account, "--json") == 0, desk.err
    found: dict[str, Any] = json.loads(desk.out)
    return found


def test_a_whole_life(desk: Desk, pool: str) -> None:
    """Lend 1,000, supply 1, borrow 500, pay 200 back, then all, take everything out: token balances tell, to the unit."""
    assert desk.pool("deposit", pool, "1000", "--yes") == 0, desk.err
    assert balance(desk, desk.asset, pool) == 1_000 * USDC
    assert desk.pool("supply-collateral", pool, "1", "--yes") == 0, desk.err
    assert balance(desk, desk.collateral, pool) == ETHER
    assert desk.pool("borrow", pool, "500.000001", "--yes") == 0, desk.err
    assert balance(desk, desk.asset, desk.account) == 500 * USDC + 1
    assert desk.pool("repay", pool, "200", "--yes") == 0, desk.err
    assert balance(desk, desk.asset, desk.account) == 300 * USDC + 1

    found = shown(desk, pool)
    debt = int(found["account"]["debt"])
    assert 300 * USDC < debt < 301 * USDC
    # 1 of collateral at 2,000, of which 85 % may be owed.
    assert int(found["account"]["health"]) == 1_700 * USDC * 10**18 // debt

    desk.anvil.do("mocks/erc20_mock", desk.asset, "mint", desk.account, USDC)
    assert desk.pool("repay", pool, "all", "--yes") == 0, desk.err
    assert desk.anvil.read("Pool", pool, "position", desk.account)[1] == 0
    assert desk.pool("withdraw-collateral", pool, "all", "--yes") == 0, desk.err
    assert balance(desk, desk.collateral, desk.account) == 10 * ETHER
    assert desk.pool("withdraw", pool, "all", "--yes") == 0, desk.err
    assert desk.anvil.read("Pool", pool, "balanceOf", desk.account) == 0
    # What is not there is one unit at most: the virtual share's part of the interest.
    assert 1_001 * USDC - 1 <= balance(desk, desk.asset, desk.account) <= 1_001 * USDC


def test_show_is_what_the_contract_says(desk: Desk, pool: str) -> None:
    """State, terms, prices, rate; the table says the same; a failing oracle is said, and nothing else suffers."""
    assert desk.pool("deposit", pool, "1000", "--yes") == 0
    found = shown(desk, pool)
    assert found["schema"] == "ringfence.pool/1"
    assert (found["name"], found["asset"]["decimals"], found["collateral"]["decimals"]) == ("Ether lent", 6, 18)
    assert found["state"]["supply_assets"] == found["cash"] == str(1_000 * USDC)
    assert found["terms"]["liq_ltv"] == str(85 * 10**16)
    assert found["prices"] == {"low": str(2_000 * USDC * 10**18), "high": str(2_000 * USDC * 10**18)}
    assert found["rate"] == str(10**16 // 31_536_000)
    assert found["account"]["withdrawable_assets"] == str(1_000 * USDC)
    desk.anvil.do("mocks/oracle_mock", desk.oracle, "set", 1, 0, 0)
    assert desk.run("pool", "show", pool) == 0
    assert "the oracle gives none now" in desk.out
    assert "1,000.000000" in desk.out
    assert desk.err == ""
    assert shown(desk, pool)["prices"] is None
    assert desk.pool("withdraw", pool, "400", "--yes") == 0, "no oracle holds a lender"


def test_without_a_word_nothing_is_sent(desk: Desk, pool: str) -> None:
    """Every act shows its steps: exit code 2 without --yes, 0 with --dry-run, nothing sent."""
    assert desk.pool("deposit", pool, "600", "--yes") == 0
    assert desk.pool("supply-collateral", pool, "1", "--yes") == 0
    assert desk.pool("borrow", pool, "1", "--yes") == 0
    before = desk.anvil.nonce(desk.account)
    acts = {"deposit": "10", "withdraw": "all", "borrow": "5", "repay": "all", "supply-collateral": "0.5", "withdraw-collateral": "0.5"}
    for name, amount in acts.items():
        assert desk.pool(name, pool, amount) == 2, desk.err
        assert "nothing was sent; --yes sends" in desk.err
        assert desk.pool(name, pool, amount, "--dry-run") == 0
        assert "1. " in desk.err
    assert desk.anvil.nonce(desk.account) == before


def test_approvals_are_exact(desk: Desk, pool: str) -> None:
    """Approved is what is taken, nothing stays; an old permission that is too small is taken back first; one that is enough is used."""
    assert desk.pool("deposit", pool, "100", "--yes") == 0
    allowance = lambda: desk.anvil.read("mocks/erc20_mock", desk.asset, "allowance", desk.account, pool)  # noqa: E731
    assert allowance() == 0
    desk.anvil.do("mocks/erc20_mock", desk.asset, "approve", pool, 7, sender=desk.account)
    assert desk.pool("deposit", pool, "100", "--dry-run") == 0
    assert "approve 0 tokens to the pool" in desk.err
    assert f"the token is {desk.asset}; the pool may take exactly what is approved" in desk.err
    assert max(len(line) for line in desk.err.splitlines()) <= 120
    assert desk.pool("deposit", pool, "100", "--yes") == 0
    assert allowance() == 0
    desk.anvil.do("mocks/erc20_mock", desk.asset, "approve", pool, MAX_UINT256, sender=desk.account)
    assert desk.pool("deposit", pool, "100", "--dry-run") == 0
    assert "approve" not in desk.err


@pytest.mark.parametrize(
    ("name", "amount", "code", "said"),
    [
        ("deposit", "1000.000001", 1, "has 1000 tokens, 1000.000001 tokens are needed"),
        ("deposit", "1.0000001", 2, "AMOUNT: '1.0000001' has more than 6 digits after the point"),
        ("deposit", "-1", 2, "is negative"),
        ("deposit", "0", 2, "AMOUNT: is 0"),
        ("deposit", "all", 2, "is not a decimal number"),
        ("withdraw", "1", 1, "has lent nothing to this pool"),
        ("repay", "all", 1, "owes this pool nothing"),
        ("borrow", "1", 1, "the contract refuses: pool: not enough cash"),
        ("withdraw-collateral", "1", 1, "has no collateral in this pool"),
    ],
)
def test_what_cannot_be_is_one_line(desk: Desk, pool: str, name: str, amount: str, code: int, said: str) -> None:
    """The same with and without --yes; nothing is sent."""
    before = desk.anvil.nonce(desk.account)
    for word in ("--dry-run", "--yes"):
        assert _run(desk, name, pool, amount, word) == code
        assert said in desk.err
    assert desk.anvil.nonce(desk.account) == before


def _run(desk: Desk, name: str, pool: str, amount: str, word: str) -> int:
    from ringfence.cli.main import run

    code = run(["pool", name, *desk.signing, word, "--rpc", desk.url, "--", pool, amount])
    desk.out, desk.err = desk.capsys.readouterr()
    return code


def test_the_contracts_own_words_are_told(desk: Desk, pool: str) -> None:
    """Borrowing beyond max_ltv, taking out needed collateral: the text of the contract's refusal."""
    assert desk.pool("deposit", pool, "1000", "--yes") == 0
    assert desk.pool("supply-collateral", pool, "0.1", "--yes") == 0
    assert desk.pool("borrow", pool, "160.000001") == 1
    assert desk.err == "ringfence: the contract refuses: pool: over max_ltv\n"
    assert desk.pool("borrow", pool, "160", "--yes") == 0
    assert desk.pool("withdraw-collateral", pool, "all") == 1
    assert "ringfence: the contract refuses: pool: " in desk.err
    assert desk.pool("withdraw", pool, "841") == 1
    assert "840 tokens can be withdrawn now, of" in desk.err


def test_what_is_no_pool_is_refused(desk: Desk, pool: str) -> None:
    """No code, another contract's code, a pool of other code by one byte: never a transaction."""
    for address, said in (
        ("0x" + "55" * 20, "has no code on this chain"),
        (desk.asset, "is not a Ringfence pool of this version"),
    ):
        assert desk.run("pool", "show", address) == 2
        assert said in desk.err
        assert desk.pool("deposit", address, "1", "--yes") == 2
    code = desk.anvil.rpc("eth_getCode", pool, "latest")
    desk.anvil.rpc("anvil_setCode", pool, code[:2000] + ("00" if code[2000:2002] != "00" else "01") + code[2002:])
    assert desk.run("pool", "show", pool) == 2
    assert "is not a Ringfence pool of this version" in desk.err
    assert desk.run("pool", "show", "pool") == 2
    assert "ADDRESS: is not an address" in desk.err


def test_a_line_that_fails_never_pays_twice(desk: Desk, pool: str, line: Line) -> None:
    """The node has the deposit and its answer is lost: the next run finds it, says so and stops; the one after is a new deposit."""
    cut = False

    def alter(method: str, _parameters: list[Any], ask: Callable[[], bytes]) -> bytes | None:
        nonlocal cut
        answer = ask()
        cut = cut or (method == "eth_sendRawTransaction" and sends[-1])
        if method == "eth_sendRawTransaction":
            sends.append(True)
        return None if cut else answer

    sends = [False]
    line.alter = alter
    command = ("pool", "deposit", pool, "300", *desk.signing, "--yes")
    assert desk.run(*command, url=line.url) == 2
    assert balance(desk, desk.asset, pool) == 300 * USDC
    assert desk.run(*command) == 1
    assert "since an earlier run ended: deposit (0x" in desk.err
    assert balance(desk, desk.asset, pool) == 300 * USDC
    assert desk.run(*command) == 0, desk.err
    assert balance(desk, desk.asset, pool) == 600 * USDC


def test_a_transaction_on_its_way_is_waited_for(desk: Desk, pool: str) -> None:
    """While one of the account's transactions is in no block, nobody knows its next nonce: nothing is sent."""
    desk.anvil.rpc("evm_setAutomine", False)
    command = ("deposit", pool, "300", "--yes", "--timeout", "1")
    assert desk.pool(*command) == 1
    assert "is in no block after 1 s" in desk.err
    assert desk.pool(*command) == 1
    assert "1 transactions of" in desk.err
    assert "are on their way" in desk.err
    desk.anvil.rpc("evm_mine")
    assert desk.pool(*command) == 1
    assert "since an earlier run ended: approve 300 tokens to the pool" in desk.err
    desk.anvil.rpc("evm_setAutomine", True)
    assert desk.pool(*command) == 0, desk.err
    assert balance(desk, desk.asset, pool) == 300 * USDC


def test_the_journal_of_another_account_is_refused(desk: Desk, pool: str) -> None:
    """A deployment's journal, say."""
    assert desk.pool("deposit", pool, "1", "--yes", "--journal", "terms.toml.journal.jsonl") == 2
    assert "is the journal of another account or chain" in desk.err
    assert not list(Path().glob("ringfence-*.jsonl"))


def test_a_lock_up_is_told_before_and_after(desk: Desk) -> None:
    """The plan of a deposit names it; until it ends a withdrawal says when it does, as `show` says, and afterwards it goes."""
    Path("terms.toml").write_text(Path("terms.toml").read_text().replace("[rate]", "lockup = 604800\n[rate]"))
    pool = desk.deployed()
    desk.anvil.do("mocks/erc20_mock", desk.asset, "mint", desk.account, 100 * USDC)
    assert desk.pool("deposit", pool, "100", "--yes") == 0, desk.err
    assert "lends 100 tokens for 100 lender shares" in desk.err
    assert "locked for 7 days from then on, with everything lent before" in desk.err
    until = int(desk.anvil.read("Pool", pool, "locked_until", desk.account))
    shown_until = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(until))
    for amount in ("all", "50"):
        assert desk.pool("withdraw", pool, amount, "--yes") == 1
        assert f"100 tokens lent by {desk.account} are locked until {shown_until}, 7 days after its last deposit" in desk.err
    assert shown(desk, pool)["account"]["locked_until"] == str(until)
    assert shown_until in desk.err
    desk.anvil.rpc("evm_setNextBlockTimestamp", until)
    desk.anvil.rpc("evm_mine")
    assert desk.pool("withdraw", pool, "all", "--yes") == 0, desk.err
    assert balance(desk, desk.asset, desk.account) == 100 * USDC


def test_a_run_that_is_stopped_says_what_it_has_sent(desk: Desk, pool: str) -> None:
    """Asked to end while the approval waits for a block: the deposit was not sent, and nobody is told that all is complete."""
    desk.anvil.rpc("evm_setAutomine", False)
    given = ["pool", "deposit", pool, "300", *desk.signing, "--yes", "--rpc", desk.url]
    code = "from ringfence.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *given], stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}
    )
    deadline = time.monotonic() + 30
    while int(desk.anvil.rpc("eth_getTransactionCount", desk.account, "pending"), 16) != 5:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.terminate()
    _, err = process.communicate(timeout=20)
    assert process.returncode == 143
    assert re.search(
        r"ringfence: terminated; approve 300 tokens to the pool: sent, its end not seen; deposit: not sent [(].*[)]$", err.strip()
    )


def test_what_the_account_has_is_told_when_it_is_done(desk: Desk, pool: str) -> None:
    """The last line of an act that was sent."""
    assert desk.pool("deposit", pool, "300", "--yes") == 0
    last = f"{desk.account} now has 300 tokens lent, 0 tokens of collateral and a debt of 0 tokens."
    assert desk.err.splitlines()[-1] == last


def test_the_cover_of_a_backstop_is_shown(desk: Desk) -> None:
    """What the fund answers: nothing yet, then the cover that was set and what is there of it; a table without broken lines."""
    fund = desk.anvil.create("Backstop", desk.asset, "Fund", "F", 10 * 86_400)
    terms = Path("terms.toml")
    terms.write_text(terms.read_text().replace("[rate]", f'backstop = "{fund}"\nlockup = 604800\n[rate]'))
    pool = desk.deployed()
    nothing = {"max_assets": "0", "max_share": "0", "drawn": "0", "left": "0", "is_sealed": False}
    assert shown(desk, pool)["cover"] == nothing
    desk.anvil.do("Backstop", fund, "set_cover", pool, 500 * USDC, 4 * 10**17)
    desk.anvil.do("Backstop", fund, "seal")
    desk.anvil.do("mocks/erc20_mock", desk.asset, "mint", desk.anvil.sender, 1_000 * USDC)
    desk.anvil.do("mocks/erc20_mock", desk.asset, "approve", fund, 1_000 * USDC)
    desk.anvil.do("Backstop", fund, "deposit", 1_000 * USDC, desk.anvil.sender)
    found = shown(desk, pool)
    assert found["cover"] == nothing | {
        "max_assets": str(500 * USDC), "max_share": str(4 * 10**17), "left": str(400 * USDC), "is_sealed": True,
    }  # fmt: skip
    assert desk.run("pool", "show", pool) == 0
    rows = [re.split(r"  +", line.strip()) for line in desk.out.splitlines()]
    expected = {
        "left": "400.000000", "max share": "40 % of the fund", "sealed": "yes", "id": found["pool_id"], "supply_cap": "none",
        "fee_recipient": "none", "lockup": "7 days", "liq_ltv": "85 %", "rate": "1 % a year",
    }  # fmt: skip
    for row in expected.items():
        assert list(row) in rows
    assert [line for line in desk.out.splitlines() if line != line.rstrip()] == []


def test_the_fields_of_a_pool_are_documented(desk: Desk) -> None:
    """In the order in which they are written."""
    fund = desk.anvil.create("Backstop", desk.asset, "Fund", "F", 10 * 86_400)
    Path("terms.toml").write_text(Path("terms.toml").read_text().replace("[rate]", f'backstop = "{fund}"\n[rate]'))
    found = shown(desk, desk.deployed())
    page = sections((ROOT / "docs" / "results.md").read_text(), 2)["The result of a look at a pool"]
    assert column(page.partition("\n### ")[0], "field") == list(found)
    for name, part in sections(page, 3).items():
        assert column(part, "field") == list(found[name])
    assert set(sections(page, 3)) == {"asset", "state", "prices", "cover", "account"}
