"""`ringfence report` as a person or a CI runs it: the page and its Markdown beside the result, and an exit code that can gate."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.cli.main import run
from tests.unit.cli.test_stress import BOOK, SCENARIO, TERMS

for needed in ("numba", "polars", "matplotlib", "jinja2"):
    pytest.importorskip(needed, reason="reports need the lab extra")

SIZE = ["--paths", "300", "--horizon", "10d"]
"""Enough for lenders to lose in some."""
START = [sys.executable, "-c", "from ringfence.cli.main import main; main()"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a small pool was stressed into `out`."""
    folder = tmp_path_factory.mktemp("made")
    for name, content in (("book.csv", BOOK), ("terms.toml", TERMS), ("scenario.toml", SCENARIO)):
        (folder / name).write_text(content)
    command = ["stress", "--book", "book.csv", "--terms", "terms.toml", "--scenario", "scenario.toml", *SIZE, "--out", "out"]
    subprocess.run([*START, *command], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, to be in."""
    monkeypatch.chdir(made)
    return made


def test_a_stress_run_has_its_report_beside_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same bytes as the command makes of the result later."""
    html, markdown = ((folder / "out" / name).read_bytes() for name in ("report.html", "report.md"))
    assert run(["report", "out"]) == 0
    assert (folder / "out" / "report.html").read_bytes() == html
    assert (folder / "out" / "report.md").read_bytes() == markdown
    shown = capsys.readouterr()
    assert shown.out.startswith("ETH/USDC: No verdict: no bound was stated\n")
    assert "weakest assumption: " in shown.out
    assert shown.out.endswith("written to out/report.html\n")
    assert shown.err == ""


def test_a_broken_bound_ends_with_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And one that is kept with zero; the last bound that is stated counts."""
    value = json.loads((folder / "out" / "result.json").read_text())["metrics"]["lender_loss_es99"]["value"]
    assert value > 1
    assert run(["report", "out", "--max-es99-bps", f"{value / 2:.6f}"]) == 1
    assert "Breaks the bound" in capsys.readouterr().out
    assert "Breaks the bound" in (folder / "out" / "report.html").read_text()
    assert run(["report", "out", "--max-es99-bps", f"{value * 2:.6f}"]) == 0
    assert "Keeps the bound, but not surely" in capsys.readouterr().out
    assert run(["report", "out", "--max-prob", "0"]) == 1
    assert run(["report", "out", "--max-prob", "1"]) == 0
    assert run(["report", "out"]) == 0


def test_markdown_and_json_are_alone_on_standard_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For a pull request, and for a program."""
    assert run(["report", "out", "--markdown", "--compare", "out"]) == 0
    shown = capsys.readouterr()
    assert shown.out == (folder / "out" / "report.md").read_text()
    assert shown.out.startswith("## ETH/USDC: ? No verdict")
    assert "### What changed" in shown.out
    assert shown.err == ""
    assert run(["report", "out", "--json", "--max-es99-bps", "1"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "ringfence.report/1"
    assert told["verdict"] == "broken"
    assert [bound["metric"] for bound in told["bounds"]] == ["lender_loss_es99"]
    assert told["bounds"][0]["held"] is False
    assert "differences" not in told
    assert run(["report", "out", "--json", "--compare", "out"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {change["difference"]["value"] for change in told["differences"]} == {0.0}
    assert run(["report", "out"]) == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["none"], "none: no such folder"),
        (["."], "holds no result.json"),
        (["book.csv"], "book.csv: is no folder"),
        (["out", "--compare", "none"], "none: no such folder"),
        (["out", "--max-es99-bps", "-1"], "--max-es99-bps"),
        (["out", "--max-es99-bps", "nan"], "--max-es99-bps"),
        (["out", "--max-prob", "1.5"], "--max-prob"),
        (["out", "--markdown", "--json"], "--markdown: and --json both want standard output"),
    ],
)
def test_bad_input_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str) -> None:
    """Exit code 2."""
    assert run(["report", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert reason in shown.err


def test_a_damaged_result_is_one_line(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is written beside it."""
    (tmp_path / "result.json").write_text((made / "out" / "result.json").read_text().replace('"defaults"', '"faults"'))
    assert run(["report", str(tmp_path)]) == 2
    assert "has no 'defaults'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_line(made: Path, tmp_path: Path) -> None:
    """As the system says it."""
    (tmp_path / "result.json").write_text((made / "out" / "result.json").read_text())
    tmp_path.chmod(0o500)
    assert run(["report", str(tmp_path)]) == 2
    tmp_path.chmod(0o700)


def test_a_later_run_may_take_the_place_of_one_with_a_report(folder: Path) -> None:
    """The page and its Markdown are a result's own."""
    command = ["stress", "--book", "book.csv", "--terms", "terms.toml", "--scenario", "scenario.toml", "--paths", "20", "--horizon", "24h"]
    assert run([*command, "--out", "again"]) == 0
    assert run([*command, "--out", "again"]) == 0


def test_without_its_libraries_a_run_is_made_all_the_same(folder: Path) -> None:
    """With a notice; the report alone says what it lacks, and exits with 2."""
    hide = "import sys; sys.modules['matplotlib'] = None; from ringfence.cli.main import main; main()"
    command = ["stress", "--book", "book.csv", "--terms", "terms.toml", "--scenario", "scenario.toml", "--paths", "20", "--horizon", "24h"]
    done = subprocess.run([sys.executable, "-c", hide, *command, "--out", "bare"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "notice: no report is written, for matplotlib is not installed; make lab brings it" in done.stderr
    assert sorted(path.name for path in (folder / "bare").iterdir()) == ["paths.parquet", "result.json"]
    done = subprocess.run([sys.executable, "-c", hide, "report", "bare"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "needs matplotlib, which is not installed" in done.stderr


@pytest.mark.parametrize("fault", ["ringfence.report.page.page", "ringfence.cli.out_file.write_out_file"])
def test_a_run_whose_report_fails_is_not_lost(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """The result is there, a notice has the reason, the exit code is the run's own, and the report can be tried again."""
    command = ["stress", "--book", "book.csv", "--terms", "terms.toml", "--scenario", "scenario.toml", "--paths", "20", "--horizon", "24h"]
    name = f"lost-{fault.rpartition('.')[2]}"

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("planted\nfault")

    with monkeypatch.context() as planted:
        planted.setattr(fault, fail)
        assert run([*command, "--out", name]) == 0
    shown = capsys.readouterr()
    assert "report could not be drawn: RuntimeError: planted" in shown.err
    assert f"written to {name}" in shown.out
    assert sorted(path.name for path in (folder / name).iterdir()) == ["paths.parquet", "result.json"]
    assert run(["report", name]) == 0
    assert sorted(path.name for path in (folder / name).iterdir()) == ["paths.parquet", "report.html", "report.md", "result.json"]
