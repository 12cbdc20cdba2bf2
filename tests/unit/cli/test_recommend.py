"""`ringfence recommend` as a person runs it: exit codes, files that can be used as they are, and nothing half-written."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.cli.main import run
from ringfence.inputs.book import read_book
from ringfence.inputs.pool_file import read_pool_file

pytest.importorskip("numba", reason="stress needs the lab extra")

START = [sys.executable, "-c", "from ringfence.cli.main import main; main()"]
BOOK = 'account,collateral,debt,note\nalice,1,1600,x\n"bob, the second",1,900,y\ncarol,2,2900,z\n'
TERMS = """[pool]
collateral_decimals = 18
asset_decimals = 6
supply = "8000"
reserve = "10"
name = "ETH/USDC"
[terms]
liq_ltv = "0.86"
max_ltv = "0.80"
incentive_base = "0.05"
penalty = "0.01"
"""
SCENARIO = """[scenario]
start = "2000"
[prices]
model = "gbm"
volatility = "1.5"
jumps_per_year = 60
jump_mean = "-0.1"
jump_deviation = "0.05"
[oracle]
[[oracle.feed]]
deviation = "0.02"
heartbeat = "4h"
[market]
a = "0.05"
recovery = "6h"
cascade = "0.2"
[liquidators]
gas = 1
capital = "unlimited"
latency = "1h"
[lenders]
run_share = 0
"""
SMALL = ["--paths", "60", "--horizon", "48h", "--no-around"]
GRIDS = ["--grid", "liq_ltv=0.82:0.94:0.04", "--grid", "reserve=0:200:20"]
FILES = ["book.csv", "report.html", "report.md", "result.json", "stress", "terms.toml"]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a book of three loans, their terms and a scenario, to be in."""
    monkeypatch.chdir(tmp_path)
    for name, content in (("book.csv", BOOK), ("terms.toml", TERMS), ("world.toml", SCENARIO)):
        (tmp_path / name).write_text(content)
    return tmp_path


def recommend(*more: str, out: str = "out", vary: str = "liq_ltv,reserve") -> list[str]:
    """The command on the folder's files."""
    files = ["--book", "book.csv", "--terms", "terms.toml", "--scenario", "world.toml"]
    return ["recommend", *files, "--vary", vary, "--out", out, *more]


def told(text: str) -> str:
    """In one line."""
    return " ".join(text.split())


def test_an_answer_is_written_and_shown(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All files; the table says what the result says; exit code 0."""
    assert run(recommend(*SMALL, *GRIDS, "--max-es99-bps", "200")) == 0
    out, err = capsys.readouterr()
    assert sorted(path.name for path in (files / "out").iterdir()) == FILES
    assert sorted(path.name for path in (files / "out" / "stress").iterdir()) == ["paths.parquet", "result.json"]
    result = json.loads((files / "out" / "result.json").read_text())
    assert result["schema"] == "ringfence.recommend/1"
    assert result["inputs"] == {
        name: hashlib.sha256((files / name).read_bytes()).hexdigest() for name in ("book.csv", "terms.toml", "world.toml")
    }
    for answer in result["answers"]:
        assert f"{answer['term']} {answer['value']}" in told(out)
        assert answer["next"] is None or answer["next"]["cost"] in told(out)
    assert "bound kept" in out
    assert "written to out" in out
    assert "notice: book.csv: 1 further column ignored: note" in err
    assert "ES 99 % of 60 paths rests on the worst path" in err
    assert (files / "out" / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_a_sure_answer_says_so(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the table, in its last line where it may be called kept, in the terms file, in the report and in the result."""
    many = ["--paths", "1000", "--horizon", "120h", "--no-around", *GRIDS, "--max-es99-bps", "600"]
    assert run(recommend(*many, "--sure")) == 0
    out, _ = capsys.readouterr()
    result = result_of(files / "out")
    assert result["options"]["sure"] is True
    assert result["loss_es99"]["high"] <= 600
    assert "the upper end of ES 99 %" in told(out)
    assert "each bound is kept by the whole 95 % interval, as was asked for" in told(out)
    assert "at most 600, by the whole interval, over " in (files / "out" / "terms.toml").read_text()
    assert "Keeps the bound" in (files / "out" / "report.html").read_text()
    assert "with the whole interval" in told((files / "out" / "report.html").read_text())
    assert run(recommend(*many)) == 0
    out, _ = capsys.readouterr()
    assert "as was asked for" not in told(out)
    assert "sure" not in result_of(files / "out")["options"]
    assert "not surely" in (files / "out" / "report.html").read_text()


def test_the_files_give_the_figures_of_the_run_beside_them(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`ringfence stress` on DIR/book.csv and DIR/terms.toml, as the comment in the terms says: the same result but for what only a
    recommendation states, and the same paths; also with loans that grew."""
    polars = pytest.importorskip("polars")
    grown = ["--grid", "supply_cap=8000,8800,9600.5", "--max-es99-bps", "700", "--seed", "7", "--significant-loss", "0.02"]
    assert run(recommend(*SMALL, *grown, vary="supply_cap,liq_ltv,reserve", out="all")) == 0
    capsys.readouterr()
    result = json.loads((files / "all" / "result.json").read_text())
    beside = json.loads((files / "all" / "stress" / "result.json").read_text())
    assert result["terms"]["supply_cap"] != "8000"
    line = next(line for line in (files / "all" / "terms.toml").read_text().splitlines() if "--price" in line)
    assert "--price 2000 " in line
    os.chdir(files / "all")
    again = ["stress", "--book", "book.csv", "--terms", "terms.toml", "--scenario", "../world.toml", "--price", "2000", "--seed", "7"]
    assert (
        run([*again, "--paths", "60", "--horizon", "172800", "--significant-loss", "0.02", "--max-es99-bps", "700", "--out", "../again"])
        == 0
    )
    anew = json.loads((files / "again" / "result.json").read_text())
    assert anew == beside
    assert polars.read_parquet(files / "again" / "paths.parquet").equals(polars.read_parquet(files / "all" / "stress" / "paths.parquet"))
    assert result["loss_es99"] == anew["metrics"]["lender_loss_es99"]
    assert result["prob_significant_loss"] == anew["metrics"]["prob_significant_lender_loss"]


def test_the_terms_file_holds_the_answers_and_the_book_the_same_accounts(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are read as any such files; comments say what was recommended."""
    assert run(recommend(*SMALL, *GRIDS, "--max-es99-bps", "200")) == 0
    answers = {answer["term"]: answer for answer in json.loads((files / "out" / "result.json").read_text())["answers"]}
    pool = read_pool_file(files / "out" / "terms.toml")
    assert pool.terms.liq_ltv == round(float(answers["liq_ltv"]["value"]) * 100) * 10**16
    assert pool.reserve == int(answers["reserve"]["value"]) * 10**6
    text = (files / "out" / "terms.toml").read_text()
    for answer in answers.values():
        assert f"# recommended, the {answer['goal']}: {answer['low']} to {answer['high']}; was {answer['before']}" in text
    book = read_book(files / "out" / "book.csv", 18, 6)
    assert (book.accounts, book.debt[0], book.notices) == (("alice", "bob, the second", "carol"), 1600 * 10**6, ())
    assert run(["check", "out/terms.toml"]) == 0


def test_where_there_is_no_answer_nothing_is_written(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3, and one line with the reason."""
    assert run(recommend(*SMALL, "--grid", "liq_ltv=0.82,0.9", "--grid", "reserve=0,5", "--max-es99-bps", "0")) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("ringfence: no answer: nearest comes liq_ltv 0.82, reserve 5, where lenders' ES 99 % would be ")
    assert "over the bound of 0.00 bp of supply" in err
    assert sorted(path.name for path in files.iterdir()) == ["book.csv", "terms.toml", "world.toml"]
    assert run(recommend(*SMALL, "--grid", "liq_ltv=0.96,0.97", "--max-es99-bps", "0", vary="liq_ltv", out="new/deep")) == 3
    assert "liq_ltv * (1 + incentive_max) must be below 1" in capsys.readouterr().err
    assert not (files / "new").exists()


def test_json_is_the_result_and_nothing_else(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output; the table goes to standard error."""
    assert run(recommend(*SMALL, *GRIDS, "--max-prob", "0.5", "--json")) == 0
    out, err = capsys.readouterr()
    assert out == (files / "out" / "result.json").read_text()
    assert "what binds" in err
    assert json.loads(out)["options"]["bounds"] == {"prob_significant_lender_loss": 0.5}


def test_a_former_result_is_replaced_and_a_later_one_is_the_same(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same seed, the same text; of all files."""
    first: dict[str, bytes] = {}
    for _ in range(2):
        assert run(recommend(*SMALL, *GRIDS, "--max-es99-bps", "200", "--threads", str(len(first) % 2 + 1))) == 0
        made = {str(path.relative_to(files)): path.read_bytes() for path in (files / "out").rglob("*") if path.is_file()}
        assert made == (first or made)
        first = made


def test_what_lies_around_and_a_history_go_into_the_run_beside(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By default it holds both, for the report."""
    (files / "prices.csv").write_text("timestamp,price\n0,1000\n3600,700\n7200,900\n")
    given = ["--paths", "20", "--horizon", "48h", *GRIDS, "--max-es99-bps", "300", "--history", "prices.csv"]
    assert run(recommend(*given)) == 0
    stress = json.loads((files / "out" / "stress" / "result.json").read_text())
    assert stress["around"]["liq_ltv"]
    assert len(stress["scenarios"]) == 7
    assert [run["file"] for run in stress["replays"]] == ["prices.csv"]


REFUSED: dict[str, tuple[list[str], str]] = {
    "no bound": (recommend(), "states no bound"),
    "bound": (recommend("--max-es99-bps", "many"), "--max-es99-bps: 'many' is not a decimal number"),
    "negative": (recommend("--max-es99-bps", "-1"), "'-1' is negative"),
    "nan": (recommend("--max-es99-bps", "nan"), "'nan' is not finite"),
    "probability": (recommend("--max-prob", "1.5"), "--max-prob: "),
    "unknown": (recommend("--max-es99-bps", "50", vary="lltv"), "--vary: 'lltv' is no term that can be varied"),
    "twice": (recommend("--max-es99-bps", "50", vary="reserve,reserve"), "reserve is named twice"),
    "two books": (recommend("--max-es99-bps", "50", "--book", "book.csv"), "2 books and 1 terms files; one pool is looked at"),
    "grid": (recommend("--max-es99-bps", "50", "--grid", "liq_ltv"), "'liq_ltv' names no term; write TERM=..."),
    "two grids": (recommend("--max-es99-bps", "50", "--grid", "liq_ltv=0.8", "--grid", "liq_ltv=0.9"), "liq_ltv has two grids"),
    "empty grid": (recommend("--max-es99-bps", "50", "--grid", "liq_ltv="), "liq_ltv: is empty"),
    "backstop": (recommend("--max-es99-bps", "50", vary="backstop_max_assets"), "backstop_max_assets: terms.toml has no [backstop]"),
    "premium": (recommend("--max-es99-bps", "50", vary="premium"), "premium: terms.toml names no backstop"),
    "cap": (recommend("--max-es99-bps", "50", "--grid", "supply_cap=0", vary="supply_cap"), "under a cap of 0 nothing is lent"),
    "time": (recommend("--max-es99-bps", "50", "--horizon", "soon"), "--horizon: 'soon' is not a time"),
    "folder": (recommend("--max-es99-bps", "50", out="full"), "holds other files"),
    "inside": (recommend("--max-es99-bps", "50", "--scenario", "former/terms.toml", out="former"), "former/terms.toml, which is read"),
    "scenario": (recommend("--max-es99-bps", "50", "--scenario", "storm"), "storm: no such file or directory"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_before_anything_runs(
    files: Path, capsys: pytest.CaptureFixture[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, one line."""
    monkeypatch.setattr("ringfence.lab.stress_plan.run", None)
    (files / "full").mkdir()
    (files / "full" / "mine.txt").touch()
    (files / "former").mkdir()
    (files / "former" / "terms.toml").write_text(SCENARIO)
    (files / "former" / "result.json").write_text('{"schema": "ringfence.recommend/1"}')
    arguments, words = REFUSED[name]
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.splitlines()[-1].startswith("ringfence: ")
    assert not (files / "out").exists()
    assert (files / "full" / "mine.txt").exists()


def test_files_of_a_pool_are_no_former_result(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder with a replay's result and one's own terms is not replaced."""
    (files / "mine").mkdir()
    (files / "mine" / "result.json").write_text('{"schema": "ringfence.replay/1"}')
    (files / "mine" / "terms.toml").write_text(TERMS)
    assert run(recommend("--max-es99-bps", "50", out="mine")) == 2
    assert "holds other files" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing(files: Path, number: signal.Signals) -> None:
    """While it searches: one line, the exit code shells know, no folder and no temporary one."""
    command = [*START, *recommend("--paths", "20000", "--horizon", "30d", "--max-es99-bps", "50")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    time.sleep(4)
    assert process.poll() is None
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert err.splitlines()[-1] == f"ringfence: {'interrupted' if number == signal.SIGINT else 'terminated'}; nothing was written"
    assert out == ""
    assert sorted(path.name for path in files.iterdir()) == ["book.csv", "terms.toml", "world.toml"]


def test_help_names_every_term_that_can_be_varied(capsys: pytest.CaptureFixture[str]) -> None:
    from ringfence.inputs.varied_terms import VARIED

    assert run(["recommend", "--help"]) == 0
    text = told(capsys.readouterr().out)
    assert [name for name in VARIED if name not in text] == []
    assert "Exit code 3" in text


def result_of(folder: Path) -> dict[str, Any]:
    """What a folder holds."""
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return found


def test_a_shipped_scenario_and_the_ltvs_of_a_venue(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By their names; an LTV between two of the grid is not among the answers, and a step is from one to the next."""
    command = recommend("--max-es99-bps", "3000", "--grid", "liq_ltv=morpho", "--price", "2000", *SMALL, vary="liq_ltv")
    command[command.index("world.toml")] = "depeg"
    assert run(command) == 0
    (answer,) = result_of(files / "out")["answers"]
    assert answer["value"] in ("0.385", "0.625", "0.77", "0.86", "0.915", "0.945")
    assert result_of(files / "out")["options"]["grids"] == {"liq_ltv": "morpho"}
