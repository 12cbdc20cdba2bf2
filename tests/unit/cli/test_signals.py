"""Ctrl-C and SIGTERM: whenever they come, the command ends by them and leaves nothing; a result in place stays, and that is told."""

import gc
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ringfence.cli import main
from tests.unit.cli.small_replay import FILES, REPLAY

MOMENTS = 300

DROPPED = {
    "finaliser": "class Trap:\n    def __del__(self): signal.raise_signal(number)\n",
    "closed": "class Trap(io.RawIOBase):\n    closed = property(lambda self: signal.raise_signal(number))\n",
    "generator": (
        "def Trap():\n    next(trap())\ndef trap():\n    try: yield\n    finally: signal.raise_signal(number)\n"
    ),
}  # fmt: skip
"""Three ways of C code to drop what a handler raises; each sends the signal when it is forgotten."""

PLACES = {
    "the book ends": ("ringfence.inputs.tables", "CsvTable.source"),
    "the pool is opened": ("ringfence.lab.model_engine", "ModelEngine.open"),
    "a price moves": ("ringfence.lab.model_engine", "ModelEngine.advance"),
    "the figures are made": ("ringfence.lab.replay", "_Run.figures"),
    "the result is written": ("ringfence.inputs.results", "ReplayResult.to_json"),
}

PROGRAM = """
import gc, importlib, io, signal, sys
number, (module, name) = signal.Signals[sys.argv.pop(1)], sys.argv.pop(1).split(":")
{trap}
*owner, method = name.split(".")
holder = getattr(importlib.import_module(module), owner[0])
plain = getattr(holder, method)
def trapped(*given, **named):
    Trap()
    return plain(*given, **named)
setattr(holder, method, trapped)
from ringfence.cli.main import main
main()
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good book, terms and prices, to be in."""
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        Path(name).write_text(content)
    return tmp_path


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("way", "number"), [("finaliser", "SIGINT"), ("closed", "SIGINT"), ("generator", "SIGINT"), ("finaliser", "SIGTERM")]
)
def test_a_signal_whose_exception_is_dropped_still_ends_the_command(here: Path, place: str, way: str, number: str) -> None:
    """With its exit code and one line, and nothing is left behind."""
    program = PROGRAM.format(trap=DROPPED[way])
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, number, ":".join(PLACES[place]), *REPLAY], capture_output=True, text=True, check=False
    )
    code, word = (130, "interrupted") if number == "SIGINT" else (143, "terminated")
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"ringfence: {word}; nothing was written\n")
    assert sorted(os.listdir(here)) == sorted(FILES)


# The interpreter closes a file that was opened and not yet named.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("former", [False, True])
def test_a_signal_at_any_moment_is_answered(here: Path, former: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """At whichever call or return of a function: exit code 130; the result is whole and told so, or there is none and the former stands."""
    assert main.run(REPLAY) == 0
    whole = {path.name: path.read_bytes() for path in (here / "out").iterdir()}
    _, last = replayed(10**9)
    rng = random.Random(1)
    early, late = rng.sample(range(1, last // 8), MOMENTS), rng.sample(range(last // 8, last + 1), MOMENTS // 3)
    seen: Counter[str] = Counter()
    gc.disable()  # or a run would also run the ends of former ones that were interrupted
    try:
        for moment in early + late:
            for path in (here / "out").glob("*"):
                path.unlink()
            if former:
                (here / "out" / "result.json").write_text('{"schema": "ringfence.replay/1"}')
            elif (here / "out").exists():
                (here / "out").rmdir()
            capsys.readouterr()
            code, _ = replayed(moment)
            line = capsys.readouterr().err.splitlines()[-1:]
            left = {path.name: path.read_bytes() for path in (here / "out").glob("*")}
            (here / "out").mkdir(exist_ok=True)
            assert sorted(os.listdir(here)) == sorted([*FILES, "out"])
            if code == 0:  # the command was over
                assert left == whole
                seen["over"] += 1
            elif left == whole:
                assert (code, line) == (130, ["ringfence: interrupted; out is complete"])
                seen["complete"] += 1
            else:
                assert (code, line) == (130, ["ringfence: interrupted; nothing was written"])
                assert list(left) == (["result.json"] if former else [])
                seen["nothing"] += 1
    finally:
        gc.enable()
    assert seen["nothing"] > MOMENTS // 2
    assert seen["complete"] > MOMENTS // 6


def replayed(moment: int) -> tuple[int, int]:
    """The exit code of a replay with a SIGINT at this event of the profiler, counted from the start of the command, and the events seen."""
    seen = 0

    def called(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == moment:
            signal.raise_signal(signal.SIGINT)

    def outcome(arguments: list[str] | None) -> tuple[int, str]:
        sys.setprofile(called)
        return plain(arguments)

    plain = main._outcome
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "_outcome", outcome)
        try:
            return main.run(REPLAY), seen
        finally:
            sys.setprofile(None)
