"""`ringfence stress` as a person runs it: files in, files out, figures with intervals, and nothing half-written."""

import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.cli.main import run
from ringfence.inputs.scenario_file import NAMES

pytest.importorskip("numba", reason="stress needs the lab extra")

START = [sys.executable, "-c", "from ringfence.cli.main import main; main()"]
BOOK = "account,collateral,debt\nalice,1,1600\nbob,1,900\ncarol,2,2900\n"
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
fails = "Something is lost."
holds = "Not everything is lost."
[claims]
fails = "loss_mean > 0"
holds = ["loss_mean < 10000", "loss_es99 < loss_mean"]
[prices]
model = "gbm"
volatility = "1.5"
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
SMALL = ["--paths", "60", "--horizon", "48h"]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a book of three loans, their terms and a scenario, to be in."""
    monkeypatch.chdir(tmp_path)
    for name, content in (("book.csv", BOOK), ("terms.toml", TERMS), ("scenario.toml", SCENARIO)):
        (tmp_path / name).write_text(content)
    return tmp_path


def stress(*more: str, scenario: str = "scenario.toml") -> list[str]:
    """The command on the folder's files."""
    return ["stress", "--book", "book.csv", "--terms", "terms.toml", "--scenario", scenario, *more]


def test_who_waits_for_the_compiler_is_told(files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The empty folder, which numba makes at once, is not yet an engine; compiled functions in it are."""
    folder = files / "compiled"
    (folder / "lab").mkdir(parents=True)
    monkeypatch.setattr("ringfence.lab.jitted.CACHE", folder)
    found = []
    for _ in range(2):
        assert run(stress(*SMALL, "--no-causes")) == 0
        found.append("notice: the engine is compiled first" in capsys.readouterr().err)
        (folder / "lab" / "kernel.nbi").touch()
    assert found == [True, False]


def unwrapped(text: str) -> str:
    """In one line."""
    return " ".join(text.split())


def printed(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    """The result of a run as --json prints it."""
    assert run([*more, "--json"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_result_and_paths_are_written_and_shown(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The folder holds the two files, the table says the same, and what the scenario claims is held against the figures."""
    polars = pytest.importorskip("polars")
    assert run(stress(*SMALL, "--seed", "7", "--out", "new/out")) == 0
    out, err = capsys.readouterr()
    assert err == "notice: ES 99 % of 60 paths rests on the worst path, and its interval knows no worse; take 1,000 paths or more\n"
    assert sorted(path.name for path in (files / "new" / "out").iterdir()) == ["paths.parquet", "report.html", "report.md", "result.json"]
    written = json.loads((files / "new" / "out" / "result.json").read_text())
    assert written["schema"] == "ringfence.stress/1"
    assert written["inputs"] == {
        name: hashlib.sha256((files / name).read_bytes()).hexdigest() for name in ("book.csv", "terms.toml", "scenario.toml")
    }
    assert (written["options"]["paths"], written["options"]["horizon"], written["options"]["seed"]) == (60, 172_800, 7)
    assert set(written["metrics"]["loss_es99"]) == {"value", "low", "high", "unit", "definition"}
    paths = polars.read_parquet(files / "new" / "out" / "paths.parquet")
    assert paths["path"].to_list() == list(range(60))
    assert paths["loss"].mean() == pytest.approx(written["metrics"]["loss_mean_asset"]["value"])
    assert "ETH/USDC: scenario, 60 paths of 2 days, seed 7" in out
    assert "what fails: Something is lost." in out
    verdict = {claim["claim"]: claim["held"] for claim in written["claims"]}
    assert verdict == {
        "loss_mean > 0": written["metrics"]["loss_mean"]["value"] > 0,
        "loss_mean < 10000": True,
        "loss_es99 < loss_mean": False,
    }
    assert "not borne out by this run: loss_mean < 10000 yes; loss_es99 < loss_mean no" in unwrapped(out)
    assert "in the worst 1 % of these futures lenders lose" in out
    assert "over 1 % of supply" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    assert [line for line in out.splitlines() if line != line.rstrip()] == []


def test_what_stands_at_the_end_is_not_said_twice(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mark within the run is shown; one at its end is the figure above."""
    for horizon, marks in (("1d", []), ("7d", ["after 1 day"]), ("8d", ["after 1 day", "after 7 days"])):
        assert run(stress("--paths", "5", "--horizon", horizon, "--no-causes")) == 0
        assert re.findall(r"^ES 99 % (after \w+ days?)", capsys.readouterr().out, re.MULTILINE) == marks


def test_json_is_alone_on_standard_output(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The tables move to standard error; without --out nothing is written."""
    assert run(stress(*SMALL, "--json")) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["schema"] == "ringfence.stress/1"
    assert "loss, whoever bears it" in err
    assert {path.name for path in files.iterdir()} == {"book.csv", "terms.toml", "scenario.toml"}


def test_threads_cannot_be_seen_in_any_figure(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One, two or seven: the same bytes; another seed, other figures."""
    results = []
    for threads in ("1", "2", "7"):
        assert run(stress(*SMALL, "--json", "--threads", threads)) == 0
        results.append(capsys.readouterr().out)
    assert results[0] == results[1] == results[2]
    assert run(stress(*SMALL, "--json", "--seed", "2")) == 0
    assert capsys.readouterr().out != results[0]


def test_the_loss_is_told_by_cause_in_full(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The three causes and the rest are the mean loss; who bears it, too; without causes none is told."""
    metrics = printed(capsys, *stress("--paths", "300", "--horizon", "10d"))["metrics"]
    mean = metrics["loss_mean"]["value"]
    assert mean > 0
    causes = ("loss_from_oracle_gap", "loss_from_depth", "loss_from_latency", "loss_remainder")
    assert sum(metrics[name]["value"] for name in causes) == pytest.approx(mean, rel=1e-12)
    assert metrics["loss_from_depth"]["value"] != 0
    borne = sum(metrics[f"borne_by_{who}"]["value"] for who in ("reserve", "backstop", "lenders", "premium", "nobody_yet"))
    assert borne == pytest.approx(mean, rel=1e-12)
    without = printed(capsys, *stress("--paths", "300", "--horizon", "10d", "--no-causes"))["metrics"]
    assert without["loss_mean"] == metrics["loss_mean"]
    assert not set(causes) & without.keys()


def test_revenue_by_party_adds_up_in_a_real_run(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To interest, penalties and incentives, and next to nothing that rounding leaves; what buyers get goes to them, gas or the market."""
    (files / "terms.toml").write_text(TERMS + 'reserve_factor = "0.1"\nreserve_target = "0.5"\n[rate]\nmodel = "fixed"\nper_year = "0.2"\n')
    found = {name: metric["value"] for name, metric in printed(capsys, *stress(*SMALL))["metrics"].items()}
    parties = sum(found[f"revenue_{name}"] for name in ("lenders", "creator", "reserve", "backstop", "buyers"))
    sources = found["interest_mean"] + found["penalty_mean"] + found["revenue_buyers"]
    assert sources > 1
    assert parties == pytest.approx(sources, rel=1e-11)
    assert found["buyer_profit"] + found["buyer_gas"] + found["buyer_to_market"] == pytest.approx(found["revenue_buyers"], rel=1e-11)


def test_several_pools_share_a_market_and_a_backstop(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each pool has metrics of its own, the backstop its own too; nobody loses for another; a row a path and pool."""
    polars = pytest.importorskip("polars")
    fund = f'backstop = "0x{"b5" * 20}"\npremium = "0.1"\n[backstop]\nassets = 300\n'
    (files / "covered.toml").write_text(TERMS.replace("ETH/USDC", "covered") + fund)
    both = ["stress", "--scenario", "scenario.toml", "--book", "book.csv", "--terms", "terms.toml"]
    both += ["--book", "book.csv", "--terms", "covered.toml", "--correlation", "0.5", "--paths", "200", "--horizon", "10d"]
    assert run([*both, "--out", "out", "--json"]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert [pool["name"] for pool in result["pools"]] == ["ETH/USDC", "covered"]
    assert result["scenario"]["correlation"] == 0.5
    assert all(pool["metrics"]["loss_from_other_pools"]["value"] == 0 for pool in result["pools"])
    assert result["metrics"]["shared_margin_spread"]["value"] > 0
    assert 0 < result["metrics"]["backstop_draw_mean"]["value"] <= 300
    assert {"backstop_exhausted", "backstop_breakeven_a_year"} <= result["metrics"].keys()
    assert "the same books in one cross-margin pool" in err
    paths = polars.read_parquet(files / "out" / "paths.parquet")
    assert paths["pool"].to_list() == [0, 1] * 200
    lost = paths.group_by("pool").agg(polars.col("loss").mean()).sort("pool")["loss"].to_list()
    assert sum(lost) == pytest.approx(result["metrics"]["loss_mean_asset"]["value"])
    assert lost[0] != lost[1]


def test_a_pool_lends_against_shares_of_another(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They begin at 1 and lose only what that pool loses; without the option they would move as the market of the scenario does."""
    (files / "upper.toml").write_text(
        TERMS.replace("ETH/USDC", "shares/USDC").replace("collateral_decimals = 18", "collateral_decimals = 12")
    )
    (files / "upper.csv").write_text("account,collateral,debt\ndave,1000,790\n")
    both = ["stress", "--scenario", "scenario.toml", "--book", "book.csv", "--terms", "terms.toml", "--book", "upper.csv"]
    both += ["--terms", "upper.toml", "--paths", "100", "--horizon", "10d"]
    joined = printed(capsys, *both, "--collateral-from", "2=1")["pools"]
    apart = printed(capsys, *both, "--price", "2000", "--price", "1")["pools"]
    assert joined[1]["start_price"] == 1
    assert 0 <= joined[1]["metrics"]["loss_mean"]["value"] < apart[1]["metrics"]["loss_mean"]["value"]
    assert joined[0]["metrics"]["loss_mean"] == apart[0]["metrics"]["loss_mean"]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_runs_by_its_name(files: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """And says what fails and what holds."""
    assert run(stress("--paths", "20", "--horizon", "5d", "--price", "2000", scenario=name)) == 0
    out = unwrapped(capsys.readouterr().out)
    assert f"ETH/USDC: {name}, 20 paths of 5 days" in out
    assert re.search(r"what fails: .+ (not )?borne out by this run: .+ what holds: ", out)
    assert re.search(r"what holds: .+ (not )?borne out by this run: .*loss_from_other_pools = 0 yes", out)
    assert ("mean in a year" in out) == ("lenders' net yield" in out) == (name == "depeg")  # the others are one crash, drawn by hand


def test_defaults_bar_a_verdict(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was left to defaults is named in the last line and in the result; so is a start price that nobody gave."""
    (files / "scenario.toml").write_text('[prices]\nmodel = "gbm"\nvolatility = "0.5"\n')
    assert run(stress(*SMALL)) == 0
    out, err = capsys.readouterr()
    told = (
        "no verdict: left to defaults, which are the best case: oracle, market, liquidators, lenders, start price; --price gives the start"
    )
    assert told in unwrapped(out)
    assert "notice: scenario.toml: left to defaults" in err
    assert "notice: start price 2000 inferred" in err
    assert "these futures lenders lose" not in out


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--paths", "0"], "paths: 0 is out of range; give 1 or more"),
        (["--paths", "2000000000"], "paths: 2,000,000,000 paths of 720 steps need about "),
        (["--seed", "-1"], "seed: -1 is out of range"),
        (["--horizon", "30x"], "--horizon: '30x' is not a time; write a time such as"),
        (["--horizon", "90m"], "horizon: 5,400 seconds are 1.5 steps; give a multiple of the scenario's step of 3,600 seconds"),
        (["--horizon", "0"], "horizon: 0 seconds are 0 steps"),
        (["--definition", "moody"], "definition: 'moody' is unknown; known are chaos, crvusdrisk, gauntlet"),
        (["--correlation", "1.5"], "--correlation: '1.5' "),
        (["--significant-loss", "1%"], "--significant-loss: '1%' is not a decimal number; give a decimal of 0 to 1"),
        (["--price", "0"], "--price: '0' is not above 0"),
        (["--price", "1", "--price", "2"], "--price: 2 prices for 1 pools; give one for each pool, or none"),
        (["--book", "book.csv"], "--book: 2 books and 1 terms files; give each book its terms"),
        (["--scenario", "black-friday"], "black-friday: no such file or directory"),
        (["--terms", "other.toml", "--book", "book.csv"], "other.toml: lends another asset than terms.toml"),
        (["--out", "book.csv"], "book.csv: column --out: is not a folder"),
        (["--collateral-from", "1=1"], "--collateral-from: '1=1' is no pair of these pools; 2=1 says that the collateral of the second"),
        (["--collateral-from", "2"], "--collateral-from: '2' is no pair of these pools"),
        (["--scheduler", "nowhere"], "--scheduler: 'nowhere' is no address of a scheduler"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(files: Path, capsys: pytest.CaptureFixture[str], more: list[str], expected: str) -> None:
    """Exit code 2; what, why, what to do. What does not fit into memory is refused before it starts, with what it would need."""
    (files / "other.toml").write_text(TERMS.replace("asset_decimals = 6", "asset_decimals = 8"))
    before = {path.name for path in files.iterdir()}
    began = time.monotonic()
    assert run([*stress("--out", "out"), *more]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"ringfence: {expected}")
    assert err.count("\n") == 1
    assert {path.name for path in files.iterdir()} == before
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("scenario.toml", '"loss_mean > 0"', '"loss_men > 0"', "scenario.toml: column [claims] fails: 'loss_men' is no metric"),
        ("scenario.toml", "volatility", "volatilty", "scenario.toml: row 10, column [prices] volatilty: unknown key"),
        ("terms.toml", '"0.86"', '"0.79"', "terms.toml: column [terms]: max_ltv must be below liq_ltv"),
        ("book.csv", "1600", "16000", "terms.toml: column [pool] supply: supply of 8000 (8000000000 base units) is under the debt"),
    ],
)
def test_bad_files_are_refused(files: Path, capsys: pytest.CaptureFixture[str], name: str, old: str, new: str, expected: str) -> None:
    """As everywhere, in one line, before anything is run."""
    (files / name).write_text((files / name).read_text().replace(old, new))
    assert run(stress("--out", "out")) == 2
    assert capsys.readouterr().err.startswith(f"ringfence: {expected}")
    assert not (files / "out").exists()


def test_what_is_not_installed_is_told(files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra: one line with the remedy, no traceback."""
    from importlib import util

    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *more: None if name == "numba" else real(name, *more))
    assert run(stress()) == 2
    assert (
        capsys.readouterr().err
        == "ringfence: stress: needs numba, which is not installed; make lab, or pip install '.[lab]', where Ringfence was cloned\n"
    )


@pytest.mark.parametrize(("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")])
def test_killed_in_the_middle_it_leaves_nothing(files: Path, number: signal.Signals, code: int, word: str) -> None:
    """While paths are run: the exit code, one line, and the folder as it was, the former result too."""
    assert run(stress(*SMALL, "--out", "out")) == 0
    former = (files / "out" / "result.json").read_bytes()
    endless = stress("--paths", "2000000", "--horizon", "60d", "--threads", "2", "--no-causes", "--out", "out")
    process = subprocess.Popen([*START, *endless], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(4)
    assert process.poll() is None, process.communicate()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (code, "", f"ringfence: {word}; nothing was written\n")
    assert (files / "out" / "result.json").read_bytes() == former
    assert sorted(path.name for path in files.iterdir()) == ["book.csv", "out", "scenario.toml", "terms.toml"]


def test_help_is_quick_and_loads_nothing_heavy(files: Path) -> None:
    """Of this command as of all: numpy and numba come when a run begins."""
    program = (
        "import sys; from ringfence.cli.main import run; code = run(['stress', '--help']);"
        "print([name for name in ('numpy', 'numba', 'polars', 'rich', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]"
