"""`ringfence stress` held to bounds, and asked for more: histories, the scenarios that ship, other terms and depths."""

import json
import re
from pathlib import Path

import pytest

from ringfence.cli.main import run
from ringfence.inputs.scenario_file import NAMES
from tests.unit.cli.test_stress import SCENARIO, SMALL, files, printed, stress, unwrapped

pytest.importorskip("numba", reason="stress needs the lab extra")

__all__ = ["files"]
WILD = SCENARIO.replace('volatility = "1.5"', 'volatility = "5"')
PRICES = "timestamp,close\n100,100\n3700,55\n7300,60\n"


@pytest.mark.parametrize("engine", ["fast", "exact"])
def test_a_bound_that_is_broken_ends_with_one(files: Path, capsys: pytest.CaptureFixture[str], engine: str) -> None:
    """And the result is written all the same, the bound in it; one that is kept ends with 0."""
    (files / "scenario.toml").write_text(WILD)
    asked = stress("--paths", "20", "--horizon", "48h", "--no-causes", "--engine", engine)
    value = printed(capsys, *asked)["metrics"]["lender_loss_es99"]["value"]
    assert value > 0
    below, above = f"{value - 1e-5:.6f}", f"{value + 1e-5:.6f}"
    assert run([*asked, "--max-es99-bps", below, "--out", "broken"]) == 1
    assert "bound broken: lenders' ES 99 %" in capsys.readouterr().out
    assert json.loads((files / "broken" / "result.json").read_text())["options"]["bounds"] == {"lender_loss_es99": float(below)}
    assert run([*asked, "--max-es99-bps", above, "--max-prob", "1"]) == 0
    out = unwrapped(capsys.readouterr().out)
    assert "bound kept, but the worst 1 % of 20 futures are too few for a sure interval: lenders' ES 99 %" in out
    assert "bound kept: a significant loss of lenders" in out


def test_a_probability_that_is_too_high_ends_with_one(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Above the whole interval it is kept, within it with a doubt."""
    asked = stress("--paths", "300", "--horizon", "10d", "--no-causes", "--significant-loss", "0.001")
    metric = printed(capsys, *asked)["metrics"]["prob_significant_lender_loss"]
    assert 0 < metric["low"] < metric["value"] < metric["high"] < 1
    middle = (metric["value"] + metric["high"]) / 2
    for bound, code, said in ((metric["low"], 1, "broken"), (middle, 0, "kept, but the interval reaches beyond it"), (1, 0, "kept")):
        assert run([*asked, "--max-prob", f"{bound:.9f}"]) == code
        assert f"bound {said}: a significant loss of lenders" in unwrapped(capsys.readouterr().out)


def test_with_defaults_a_kept_bound_is_no_verdict(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is kept in the best case; broken there, it is broken."""
    (files / "scenario.toml").write_text(re.sub(r"\[market\].*?(?=\[liquid)", "", WILD, flags=re.DOTALL))
    assert run(stress(*SMALL, "--max-es99-bps", "10000")) == 0
    out = unwrapped(capsys.readouterr().out)
    assert "bound kept in the best case, which is no verdict: lenders' ES 99 %" in out
    assert "no verdict: left to defaults, which are the best case: market" in out
    assert run(stress(*SMALL, "--max-es99-bps", "0")) == 1


@pytest.mark.parametrize(("option", "value"), [("--max-es99-bps", "-1"), ("--max-es99-bps", "many"), ("--max-prob", "1.5")])
def test_a_bound_that_is_none_is_bad_input(files: Path, capsys: pytest.CaptureFixture[str], option: str, value: str) -> None:
    assert run(stress(*SMALL, option, value)) == 2
    assert option in capsys.readouterr().err


def test_everything_that_can_be_asked_is_shown(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tables of histories, scenarios and neighbours within 80 columns, with the figures of the result."""
    (files / "past.csv").write_text(PRICES)
    (files / "other.csv").write_text(PRICES.replace("55", "90"))
    more = ("--around", "--history", "past.csv", "--history", "other.csv", "--column", "close", "--out", "out")
    assert run(stress(*SMALL, *more)) == 0
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= 80
    assert [line for line in out.splitlines() if line != line.rstrip()] == []
    result = json.loads((files / "out" / "result.json").read_text())
    assert list(result)[-3:] == ["replays", "scenarios", "around"]
    past = re.search(r"^past\.csv +3 +-45\.0 +-40\.0 +(\d+) +([\d,.]+)$", out, re.MULTILINE)
    assert past is not None
    (first, _) = result["replays"]
    assert (int(past[1]), past[2]) == (first["sales"], f"{first['lender_loss']:,.2f}")
    assert first["lender_loss"] > 0
    for name, shown in zip(NAMES, result["scenarios"], strict=True):
        row = re.search(rf"^{name} +(.*?)   (\d) of (\d) hold$", out, re.MULTILINE)
        assert row is not None
        assert (int(row[2]), int(row[3])) == (sum(claim["held"] for claim in shown["claims"]), len(shown["claims"]))
        assert row[1].split()[0] == f"{shown['metrics']['loss_mean']['value']:,.2f}"
    row, column = result["around"]["own"]
    value = result["around"]["lender_loss_es99"][row][column]["value"]
    assert re.search(rf"^0\.86 .* as it is: {value:,.2f} ", out, re.MULTILINE)
    assert re.search(r"^0\.96( +not legal){5}$", out, re.MULTILINE)


def test_a_history_that_cannot_be_read_is_bad_input(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Told in a line, before anything runs; and so is one for several pools."""
    (files / "past.csv").write_text("timestamp,price\n100,nothing\n")
    assert run(stress(*SMALL, "--history", "past.csv")) == 2
    assert "past.csv: row 2, column price" in capsys.readouterr().err
    (files / "past.csv").write_text(PRICES)
    both = ["--book", "book.csv", "--terms", "terms.toml"]
    assert run(["stress", *both, *both, "--scenario", "scenario.toml", *SMALL, "--history", "past.csv"]) == 2
    assert "is for one pool, and there are 2" in capsys.readouterr().err
