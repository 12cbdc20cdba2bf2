"""`ringfence replay` as a person runs it: files in, files out, and nothing half-written."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.cli.main import run
from ringfence.inputs.book import read_book
from ringfence.inputs.pool_file import read_pool_file
from ringfence.inputs.prices import read_prices
from ringfence.lab.replay import replay

START = [sys.executable, "-c", "from ringfence.cli.main import main; main()"]
TERMS = """[pool]
collateral_decimals = 18
asset_decimals = 6
supply = "3000"
reserve = "1"
name = "ETH/USDC"
[terms]
liq_ltv = "0.86"
max_ltv = "0.80"
incentive_base = "0.05"
penalty = "0.01"
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a book of two loans, one of which falls, its terms and four candles."""
    (tmp_path / "book.csv").write_text("account,collateral,debt\nalice,1,1600\nbob,1,900\n")
    (tmp_path / "terms.toml").write_text(TERMS)
    (tmp_path / "prices.csv").write_text("timestamp,low,close\n0,1990,2000\n60,1700,1900\n120,1790,1800\n180,1400,1500\n")
    return tmp_path


def arguments(folder: Path, *more: str) -> list[str]:
    """The command on the folder's files."""
    return [
        "replay",
        *(part for name in ("book.csv", "terms.toml", "prices.csv") for part in (f"--{name.split('.')[0]}", str(folder / name))),
        *more,
    ]


def test_result_and_sales_are_written_and_shown(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The folder holds the two files; the table says the same in whole tokens."""
    assert run(arguments(files, "--out", str(files / "new" / "out"))) == 0
    out, err = capsys.readouterr()
    assert err == ""
    written = json.loads((files / "new" / "out" / "result.json").read_text())
    assert written["schema"] == "ringfence.replay/1"
    assert written["inputs"] == {
        name: hashlib.sha256((files / name).read_bytes()).hexdigest() for name in ("book.csv", "terms.toml", "prices.csv")
    }
    assert (written["pool"]["debt_before"], written["pool"]["sales"]) == ("2500000000", 1)
    assert len((files / "new" / "out" / "sales.csv").read_text().splitlines()) == 2
    assert [path.name for path in (files / "new").iterdir()] == ["out"]
    assert "ETH/USDC: 2 accounts, 4 rows of close, engine model" in out
    assert "2,500.000000" in out
    assert "solvent: no lender lost" in out
    assert max(len(line.rstrip()) for line in out.splitlines() if "written to" not in line) <= 80


def test_json_is_alone_on_standard_output(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table moves to standard error; without --out nothing is written."""
    assert run(arguments(files, "--json")) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["pool"]["solvent"] is True
    assert "debt at the start" in err
    assert {path.name for path in files.iterdir()} == {"book.csv", "terms.toml", "prices.csv"}


def test_the_low_of_candles_can_be_asked_for(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another column, another history: the loan is sold a row earlier."""
    run(arguments(files, "--out", str(files / "close")))
    run(arguments(files, "--out", str(files / "low"), "--column", "low"))
    capsys.readouterr()
    sales = {name: (files / name / "sales.csv").read_text().splitlines()[1].split(",")[0] for name in ("close", "low")}
    assert sales == {"close": "120", "low": "60"}


def test_money_and_patience_are_whole_tokens_and_decimals(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is cut from the money is said; the options stand in the result in base units and WAD."""
    assert run(arguments(files, "--json", "--max-paid-per-row", "100.0000009", "--min-incentive", "5e-2")) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert result["options"] == {"engine": "model", "column": "close", "max_paid_per_row": "100000000", "min_incentive": str(5 * 10**16)}
    assert (result["pool"]["paid"], result["pool"]["sales"]) == ("200000000", 2)
    assert err.startswith("notice: --max-paid-per-row: 1 amount with digits beyond the token's decimals cut (down)\n")


def test_a_price_upside_down_and_a_buyer_who_never_buys_are_noticed(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A notice each, at more than half of the loans and above incentive_max; none at half of them and at incentive_max itself."""
    assert run(arguments(files, "--min-incentive", "0.05")) == 0
    assert capsys.readouterr().err == ""
    (files / "prices.csv").write_text("timestamp,price\n0,1599\n")
    assert run(arguments(files)) == 0
    assert capsys.readouterr().err == ""
    (files / "prices.csv").write_text("timestamp,price\n0,0.0005\n")
    assert run(arguments(files, "--min-incentive", "0.051")) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"notice: {files}/prices.csv: 2 of 2 loans are under water at the first price; is it the price of collateral in asset?",
        "notice: --min-incentive: 0.051 is over incentive_max (0.05), so nothing will ever be sold",
    ]


def test_python_tells_the_same_notices(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a field of the result, which its files do not hold."""
    (files / "prices.csv").write_text("timestamp,price\n0,0.0005\n")
    assert run(arguments(files, "--min-incentive", "0.051")) == 0
    pool = read_pool_file(files / "terms.toml")
    loans = read_book(files / "book.csv", pool.collateral_decimals, pool.asset_decimals)
    result = replay(loans, pool, read_prices(files / "prices.csv", 18, 6), min_incentive=51 * 10**15)
    assert [f"notice: {notice}" for notice in result.notices] == capsys.readouterr().err.splitlines()
    assert len(result.notices) == 2
    assert "notices" not in result.to_dict()


def test_no_line_of_a_log_ends_with_a_blank(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither of a replay nor of a check."""
    for command in (arguments(files), ["check", str(files / "terms.toml")]):
        assert run(command) == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) > 20
        assert [line for line in lines if line != line.rstrip()] == []


def test_the_verdict_has_a_unit_and_tells_who_waits(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At 1,600 alice's 1 ETH just pays her debt: she waits, and all is still solvent; at 1,500 she owes 100 more than it is worth."""
    (files / "prices.csv").write_text("timestamp,price\n0,1600\n")
    assert run(arguments(files, "--max-paid-per-row", "0")) == 0
    out = capsys.readouterr().out
    assert "ETH/USDC: 2 accounts, 1 row of price, engine model\n" in out
    assert out.endswith("\nsolvent: no lender lost, no debt is left without its collateral; 1 position waits unsold\n")
    (files / "prices.csv").write_text("timestamp,price\n0,1500\n")
    assert run(arguments(files, "--max-paid-per-row", "0")) == 0
    out = capsys.readouterr().out
    assert out.endswith("\nnot solvent: 1 position owes 100.000000 asset more than it is worth; 1 position waits unsold\n")


def test_what_buyers_took_for_nothing_is_told(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a window alice, under water at 1,500, is offered nothing at once: her 1 ETH goes for 1,500, and the table says so; without one
    it goes at 5 %."""
    (files / "prices.csv").write_text("timestamp,price\n0,1500\n")
    assert run(arguments(files)) == 0
    assert "< 0.1 %" not in capsys.readouterr().out
    window = "[terms]\nsolvent_window = 600\nsale_timeout = 3600\n"
    (files / "terms.toml").write_text((files / "terms.toml").read_text().replace("[terms]\n", window))
    assert run(arguments(files)) == 0
    assert re.search(r"^  incentive < 0.1 % +1   1,500.000000 asset paid$", capsys.readouterr().out, re.MULTILINE)


def test_notices_are_on_standard_error(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each: further columns, cut digits."""
    (files / "book.csv").write_text("account,collateral,debt,note\nalice,1,900.0000001,x\n")
    assert run(arguments(files, "--json")) == 0
    notices = [line for line in capsys.readouterr().err.splitlines() if line.startswith("notice: ")]
    assert [line.split(": ", 2)[2] for line in notices] == [
        "1 further column ignored: note",
        "1 amount with digits beyond the token's decimals cut (collateral down, debt up)",
    ]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("book.csv", "", "book.csv: is empty"),
        ("book.csv", "account,collateral,debt\na,1,-1\n", "book.csv: row 2, column debt: '-1' is negative"),
        (
            "book.csv",
            "account,collateral,debt\na,1,3001\n",
            "terms.toml: column [pool] supply: supply of 3000 (3000000000 base units) is under",
        ),
        ("book.csv", "account,collateral,debt\na,1,1\nb,0,1\n", "book.csv: row 3, column collateral: account 'b': collateral is 0"),
        ("terms.toml", TERMS.replace('"0.86"', "0.86"), "terms.toml: row 8, column [terms] liq_ltv: 0.86 is a float"),
        (
            "terms.toml",
            TERMS.replace('"0.86"', '"0.79"'),
            "terms.toml: column [terms]: max_ltv must be below liq_ltv (max_ltv = 0.8, liq_ltv = 0.79)",
        ),
        ("prices.csv", "timestamp,close\n0,1\n0,1\n", "prices.csv: row 3, column timestamp: '0' repeats"),
        ("prices.csv", "timestamp,close\n0,nan\n", "prices.csv: row 2, column close: 'nan' is not finite"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    files: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, expected: str
) -> None:
    """Exit code 2; the file, the place, the reason, the remedy."""
    (files / name).write_text(content)
    assert run(arguments(files, "--out", str(files / "out"))) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"ringfence: {files}/{expected}")
    assert err.count("\n") == 1
    assert not (files / "out").exists()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--max-paid-per-row", "-1"], "--max-paid-per-row: '-1' is negative; give whole asset tokens"),
        (["--max-paid-per-row", "nan"], "--max-paid-per-row: 'nan' is not finite"),
        (["--max-paid-per-row", "1e99"], "--max-paid-per-row: '1e99' does not fit"),
        (["--min-incentive", "3%"], "--min-incentive: '3%' is not a decimal number; give a decimal, 0.03 for 3 %"),
        (["--min-incentive", "0.0000000000000000001"], "--min-incentive: '0.0000000000000000001' has more than 18 digits"),
        (["--column", "high"], "column high is missing"),
    ],
)
def test_bad_options_are_refused_as_files_are(files: Path, capsys: pytest.CaptureFixture[str], more: list[str], expected: str) -> None:
    """Exit code 2 and one line."""
    assert run(arguments(files, *more)) == 2
    err = capsys.readouterr().err
    assert expected in err
    assert err.count("\n") == 1


def test_a_former_result_is_replaced_and_nothing_else_is(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new, an empty or a result's folder; any other is refused before the run and stays as it was."""
    out = files / "out"
    out.mkdir()
    assert run(arguments(files, "--out", str(out), "--column", "low")) == 0
    assert run(arguments(files, "--out", str(out))) == 0
    assert json.loads((out / "result.json").read_text())["options"]["column"] == "close"
    assert sorted(path.name for path in files.iterdir()) == ["book.csv", "out", "prices.csv", "terms.toml"]
    capsys.readouterr()
    (out / "notes.txt").write_text("mine")
    for folder, reason in (
        (out, "holds other files"),
        (files / "book.csv", "is not a folder"),
        (files / "book.csv" / "x", "is no folder to write in"),
    ):
        assert run(arguments(files, "--out", str(folder))) == 2
        assert reason in capsys.readouterr().err
    assert (out / "notes.txt").read_text() == "mine"


def test_a_link_is_not_followed_to_be_replaced(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--out that is a link to a folder is refused."""
    (files / "target").mkdir()
    (files / "link").symlink_to(files / "target")
    assert run(arguments(files, "--out", str(files / "link"))) == 2
    assert "is not a folder" in capsys.readouterr().err


def test_a_full_disk_leaves_the_former_result(files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's refusal in the middle of writing is bad input, one line; the former result stands, no scrap is left."""
    out = files / "out"
    assert run(arguments(files, "--out", str(out), "--column", "low")) == 0
    capsys.readouterr()
    former = (out / "result.json").read_bytes()
    write = Path.write_text

    def full(path: Path, *given: object, **named: object) -> int:
        if path.name == "result.json":
            raise OSError(28, "No space left on device")
        return write(path, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    assert run(arguments(files, "--out", str(out))) == 2
    assert (
        capsys.readouterr().err
        == f"ringfence: {out}: column --out: cannot be written: no space left on device; name a folder that can be written\n"
    )
    assert (out / "result.json").read_bytes() == former
    assert sorted(path.name for path in files.iterdir()) == ["book.csv", "out", "prices.csv", "terms.toml"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_standard_output_is_told(files: Path) -> None:
    """A result that cannot be printed is not exit code 0."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*START, *arguments(files, "--json")], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == b"ringfence: the system refuses: [Errno 28] No space left on device"
    assert b"Exception" not in done.stderr


def test_a_terminal_that_knows_few_signs_gets_what_it_can_show(files: Path) -> None:
    """A name with other letters is shown by their numbers; the result on standard output is JSON all the same."""
    (files / "terms.toml").write_text(TERMS.replace("ETH/USDC", "ÉTH/☂"), encoding="utf-8")
    for command in (arguments(files, "--json"), ["check", str(files / "terms.toml"), "--json"]):
        for more, stream in ((command, "stderr"), (command[:-1], "stdout")):
            done = subprocess.run([*START, *more], env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, check=False)
            assert done.returncode == 0
            assert b"\\xc9TH/\\u2602" in getattr(done, stream)
            if stream == "stderr":
                assert json.loads(done.stdout)["schema"].startswith("ringfence.")
