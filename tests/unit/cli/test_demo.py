"""`ringfence demo` as a person runs it: the recorded output, the result file, a terminal, a log, and what goes wrong."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ringfence.chain import demo, demo_books
from ringfence.cli.demo_text import cut, percent, shares_of_whole, short_percent
from ringfence.cli.main import run
from ringfence.inputs.demo_result import Isolation
from ringfence.model.shares import Totals, cash

START = [sys.executable, "-c", "from ringfence.cli.main import main; main()", "demo"]
RECORDED = Path(__file__).resolve().parents[3] / "examples" / "demo"
PLAIN = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS", "TERM")}
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*3[0-9]")


def demo_process(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A run in a process of its own, its output read whole."""
    return subprocess.run([*START, *arguments], cwd=folder, env=PLAIN, capture_output=True, text=True, check=False)


def in_terminal(**environment: str) -> str:
    """What a run writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        START, env=PLAIN | {"TERM": "xterm-256color", "COLUMNS": "80"} | environment, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other side of the terminal is closed
                break
            if not piece:
                break
            written += piece
        os.close(ours)
    assert process.returncode == 0
    return written.decode().replace("\r\n", "\n")


def test_the_text_is_the_recorded_one() -> None:
    """To the letter: amounts, order and all; in 80 columns, without a trailing blank."""
    finished = demo_process()
    assert finished.returncode == 0
    assert finished.stderr == ""
    assert finished.stdout == (RECORDED / "output.txt").read_text(encoding="utf-8")
    lines = finished.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line != line.rstrip()] == []
    assert "\x1b" not in finished.stdout


def test_the_result_file_is_the_recorded_one(tmp_path: Path) -> None:
    """The text goes to standard error then, and standard output stays empty."""
    finished = demo_process("--json", str(tmp_path / "result.json"))
    assert finished.returncode == 0
    assert finished.stdout == ""
    text = (RECORDED / "output.txt").read_text(encoding="utf-8")
    assert finished.stderr == f"{text}\nResult written to {tmp_path / 'result.json'}\n"
    assert (tmp_path / "result.json").read_bytes() == (RECORDED / "result.json").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_without_a_file_the_result_is_all_there_is_on_standard_output() -> None:
    """For a pipe into another program."""
    for arguments in (("--json",), ("--json", "-")):
        finished = demo_process(*arguments)
        assert finished.returncode == 0
        assert finished.stdout == (RECORDED / "result.json").read_text(encoding="utf-8")
        assert finished.stderr == (RECORDED / "output.txt").read_text(encoding="utf-8")


def test_a_terminal_gets_the_same_text_with_colours() -> None:
    """Losses are seen at a glance; NO_COLOR is obeyed."""
    recorded = (RECORDED / "output.txt").read_text(encoding="utf-8")
    coloured, plain = in_terminal(), in_terminal(NO_COLOR="1")
    assert ESCAPE.sub("", coloured) == ESCAPE.sub("", plain) == recorded
    assert COLOUR.search(coloured)
    assert not COLOUR.search(plain)


def test_an_old_terminal_gets_signs_it_knows() -> None:
    """Without Unicode the bars are of number signs, and nothing fails."""
    finished = subprocess.run(START, env=PLAIN | {"PYTHONIOENCODING": "ascii"}, capture_output=True, check=False)
    assert finished.returncode == 0
    assert finished.stdout.decode("ascii").replace("#", "█") == (RECORDED / "output.txt").read_text(encoding="utf-8")


def test_the_demo_takes_a_few_seconds() -> None:
    """Ten at most, on any machine that is not in trouble."""
    started = time.monotonic()
    demo_process()
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("", "--json: is empty; name a file"),
        (".", ".: column --json: is a folder; name a file in it"),
        ("missing/result.json", "missing/result.json: column --json: its folder does not exist; make the folder first or name another"),
    ],
)
def test_a_file_that_cannot_be_is_refused_before_anything_runs(tmp_path: Path, file: str, reason: str) -> None:
    """Exit code 2, one line, nothing written."""
    finished = demo_process(f"--json={file}", folder=tmp_path)
    assert (finished.returncode, finished.stdout, finished.stderr) == (2, "", f"ringfence: {reason}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_more_leaves_the_former_result(tmp_path: Path) -> None:
    """Found when the file is written: exit code 2, one line after the text, and no half of a file."""
    former = tmp_path / "result.json"
    former.write_text("former")
    program = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); from ringfence.cli.main import main; main()"
    finished = subprocess.run(
        [sys.executable, "-B", "-c", program, "demo", "--json", str(former)], env=PLAIN, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 2
    assert finished.stderr.splitlines()[-1].startswith(f"ringfence: {former}: column --json: cannot be written: file too large; ")
    assert former.read_text() == "former"
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_ctrl_c_ends_it_with_one_line(tmp_path: Path) -> None:
    """In the middle of the crash: exit code 130, no traceback, no file."""
    command = [*START, "--json", str(tmp_path / "result.json")]
    with subprocess.Popen(command, env=PLAIN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None and process.stdout is not None
        shown = ""
        while not shown.startswith("12:08"):
            shown = process.stderr.readline()
            assert shown
        process.send_signal(signal.SIGINT)
        rest, out = process.stderr.read(), process.stdout.read()
    assert process.returncode == 130
    assert rest.endswith("ringfence: interrupted; nothing was written\n")
    assert "Traceback" not in rest
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_reader_who_leaves_is_no_failure_to_report() -> None:
    """`ringfence demo | head -1` prints nothing on standard error."""
    with subprocess.Popen(START, env=PLAIN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""


def test_a_touched_pool_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, in the file as on the screen."""
    monkeypatch.setattr(demo, "compare", lambda *_: Isolation(calm_pool_unchanged=False, slots_compared=108, slots_different=3))
    assert run(["demo", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["isolation"] == {"calm_pool_unchanged": False, "slots_compared": 108, "slots_different": 3}
    assert "108 storage slots and token balances compared: 3 differ." in err


def test_an_amount_that_does_not_balance_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and both sides of the sum are shown."""

    def one_too_much(totals: Totals) -> int:
        return cash(totals) + 1

    monkeypatch.setattr(demo_books, "cash", one_too_much)
    assert run(["demo"]) == 1
    out, _ = capsys.readouterr()
    assert "33 sums of payments, loans, losses and tokens hold but for 3, in base units." in out
    lines = re.findall(r"^  (.*): asset tokens held = cash: (\d+) is not (\d+)$", out, re.MULTILINE)
    assert [(name, int(right) - int(left)) for name, left, right in lines] == [("GOLD/USDC", 1), ("ETH/USDC", 1), ("BTC/USDC", 1)]


def test_amounts_are_cut_and_never_rounded_up() -> None:
    """What is shown is never more than what is there."""
    assert cut(1_999_999, 6) == "1.99"
    assert cut(1_999_999, 6, 0) == "1"
    assert cut(1_234_567_890_000, 6, 0) == "1,234,567"
    assert cut(-1_500_000, 6) == "-1.50"
    assert cut(5, 0, 2) == "5.00"
    assert percent(2, 3) == "66.66 %"
    assert percent(0, 0) == "-"
    assert short_percent(25 * 10**14 + 20) == "0.25 %"
    assert short_percent(85 * 10**16) == "85 %"
    assert short_percent(10**18) == "100 %"


def test_the_parts_of_a_whole_make_100_percent() -> None:
    """Cut they would make 99.99 %; the hundredth goes to the part that lost most by the cut. A part of nothing has no share."""
    assert shares_of_whole([1, 1, 1]) == ["33.34 %", "33.33 %", "33.33 %"]
    assert shares_of_whole([9_089_500, 278_100, 632_400]) == ["90.90 %", "2.78 %", "6.32 %"]
    assert shares_of_whole([99_999_999, 1, 0]) == ["100.00 %", "0.00 %", "0.00 %"]
    assert shares_of_whole([5, 0, 0]) == ["100.00 %", "0.00 %", "0.00 %"]
    assert shares_of_whole([0, 0, 0]) == ["-", "-", "-"]
