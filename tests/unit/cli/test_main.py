"""The command line itself: exit codes, one line for what goes wrong, a quick start."""

import os
import subprocess
import sys
import time

import click
import pytest

from ringfence.cli import commands, main
from ringfence.inputs.errors import InputError
from ringfence.lab.tally import ConservationError

START = [sys.executable, "-c", "from ringfence.cli.main import main; main()"]


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Standard error, which holds one line; standard output is empty."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.endswith("\n")
    return err[:-1]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """A command `fail` that raises what the test puts into the list."""
    import types

    raised: list[BaseException] = []

    @click.command("fail")
    def command() -> int:
        raise raised[0]

    module = types.ModuleType("ringfence.cli.fail")
    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(commands.COMMANDS, "fail", (module.__name__, "Fails."))
    monkeypatch.delenv(main.DEBUG, raising=False)
    return raised


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("book.csv", "is empty", row=1), 2, "ringfence: book.csv: row 1: is empty"),
        (KeyboardInterrupt(), 130, "ringfence: interrupted; nothing was written"),
        (ConservationError("debt: 1 is not 2, off by -1"), 1, "ringfence: internal error: ConservationError: debt: 1 is not 2, off by -1;"),
        (
            ZeroDivisionError("a\nb"),
            1,
            r"ringfence: internal error: ZeroDivisionError: a\nb; please report it, RINGFENCE_DEBUG=1 shows where",
        ),
        (MemoryError(), 1, "ringfence: internal error: MemoryError"),
        (RecursionError("deep"), 1, "ringfence: internal error: RecursionError: deep"),
    ],
)
def test_whatever_fails_is_one_line_and_its_exit_code(
    failing: list[BaseException], capsys: pytest.CaptureFixture[str], error: BaseException, code: int, line: str
) -> None:
    """Never a traceback."""
    failing.append(error)
    assert main.run(["fail"]) == code
    assert one_line(capsys).startswith(line)


def test_a_debugger_may_ask_for_the_traceback(failing: list[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    """RINGFENCE_DEBUG=1 lets an internal error through, and nothing else."""
    monkeypatch.setenv(main.DEBUG, "1")
    failing.append(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        main.run(["fail"])
    failing[0] = InputError("book.csv", "is empty")
    assert main.run(["fail"]) == 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["unknown"], "ringfence: No such command 'unknown'. See 'ringfence --help'."),
        (["--unknown"], "ringfence: No such option '--unknown'. See 'ringfence --help'."),
        (["replay"], "ringfence: Missing option '--book'. See 'ringfence replay --help'."),
        (["replay", "--book"], "ringfence: Option '--book' requires an argument. See 'ringfence"),
        (["replay", "extra", "--book", "b", "--terms", "t", "--prices", "p"], "ringfence: Got unexpected extra argument"),
        (["replay", "--column", "open"], "ringfence: Invalid value for '--column': 'open' is not one of"),
    ],
)
def test_a_wrong_command_is_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], line: str) -> None:
    """Exit code 2, one line that says where the help is."""
    assert main.run(arguments) == 2
    assert one_line(capsys).startswith(line)


def test_every_command_that_is_named_exists() -> None:
    """Its module holds a click command of that name, and a line of help that says something."""
    context = click.Context(commands.ringfence)
    for name in commands.COMMANDS:
        command = commands.ringfence.get_command(context, name)
        assert isinstance(command, click.Command)
        assert command.name == name
        assert commands.COMMANDS[name][1].endswith(".")


def test_help_and_version_are_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0; without arguments help goes to standard error with 2."""
    assert main.run(["--help"]) == 0
    out, err = capsys.readouterr()
    assert all(name in out for name in commands.COMMANDS)
    assert err == ""
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("ringfence ")
    assert main.run([]) == 2


def test_help_starts_at_once_and_imports_nothing_heavy() -> None:
    """Under 0.3 s, the best of five; no numbers, tables, chain or model are loaded for it."""
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([*START, "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.3
    script = "import sys; from ringfence.cli.main import run; run(['--help']); print(*sys.modules, sep=chr(10), file=sys.stderr)"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stderr.split()
    heavy = {"rich", "numpy", "pyrevm", "eth_abi", "polars", "pyarrow", "ringfence.model.pool", "ringfence.lab.replay", "ringfence.chain"}
    assert "ringfence.cli.main" in loaded
    assert heavy.isdisjoint(loaded)


def test_a_reader_that_leaves_early_is_no_fault() -> None:
    """Standard output closed under a running command: no traceback, no noise."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run([*START, "--help"], stdout=closed, stderr=subprocess.PIPE, check=False)
    assert done.stderr == b""
    assert done.returncode == 1
