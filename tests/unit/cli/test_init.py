"""`ringfence init`: files to start from that work as they are, and nothing overwritten or half-written."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import IO

import pytest

from ringfence.cli.init import STARTER, place
from ringfence.cli.main import run
from ringfence.inputs.errors import InputError
from ringfence.inputs.pool_file import BACKSTOP_KEYS, POOL_KEYS, RATE_KEYS, UNITS

NAMES = sorted(STARTER)
SOURCE = files("ringfence.inputs").joinpath("starter")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def figures(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, str]:
    """What a replay of the files in this folder says of the pool."""
    assert run(["replay", "--book", "book.csv", "--terms", "terms.toml", "--prices", "prices.csv", "--json", *more]) == 0
    shown: dict[str, str] = json.loads(capsys.readouterr().out)["pool"]
    return shown


def test_the_commands_that_it_names_next_work(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line of its advice, typed as it stands."""
    assert run(["init", "a pool"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80
    assert sorted(path.name for path in (here / "a pool").iterdir()) == NAMES
    advice = out.replace("\\\n", "").split("Next:\n")[1]
    commands = [shlex.split(line) for line in advice.splitlines() if line.startswith("  ")]
    assert [command[:2] for command in commands] == [
        ["cd", "a pool"],
        ["ringfence", "check"],
        ["ringfence", "replay"],
        ["ringfence", "replay"],
        ["ringfence", "recommend"],
    ]
    monkeypatch.chdir(commands[0][1])
    for command in commands[1:]:
        assert run(command[1:]) == 0
    assert sorted(path.name for path in Path().iterdir()) == sorted([*NAMES, "recommended", "result"])


def test_the_start_is_instructive(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Loans are sold and the reserve bears the loss; with buyers who wait, as the advice says, lenders lose too. No notice distracts."""
    assert run(["init", "."]) == 0
    capsys.readouterr()
    pool = figures(capsys)
    assert int(pool["sales"]) > int(pool["positions_sold"]) > 5
    assert 0 < int(pool["loss"]) == int(pool["loss_from_reserve"]) < 1_500 * 10**6
    assert pool["solvent"] is True
    waiting = figures(capsys, "--min-incentive", "0.02")
    assert int(waiting["loss_from_lenders"]) > 0
    assert run(["replay", "--book", "book.csv", "--terms", "terms.toml", "--prices", "prices.csv", "--json"]) == 0
    assert "notice" not in capsys.readouterr().err


def test_every_key_is_explained() -> None:
    """On a line of its own or in the list of those that a simulation does not need; with its default."""
    text = SOURCE.joinpath("terms.toml").read_text(encoding="utf-8")
    keys = [*POOL_KEYS, *UNITS, *BACKSTOP_KEYS, *(key for keys in RATE_KEYS.values() for key in keys), "model"]
    grouped = {"backstop", "asset", "collateral", "oracle", "rate_model", "per_year", "rate_at_target_per_year", "model"}
    for key in keys:
        lines = [line for line in text.splitlines() if line.startswith((f"{key} = ", f"# {key} = ", f"# {key} ", f"# {key}: "))]
        if key in grouped:
            assert key in text
        else:
            assert len([line for line in lines if "; default " in line or "; required" in line or "; default: " in line]) == 1, key
    assert max(map(len, text.splitlines())) <= 80


def test_the_scenario_leaves_nothing_to_defaults(here: Path) -> None:
    """So that a result of the start files can be a verdict."""
    from ringfence.inputs.scenario_file import read_scenario

    run(["init", "."])
    scenario = read_scenario("scenario.toml")
    assert (scenario.defaults, scenario.notices) == ((), ())
    text = SOURCE.joinpath("scenario.toml").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if " = " in line and "#" not in line] == []  # each is explained where it stands
    assert max(map(len, text.splitlines())) <= 80


def test_a_default_that_is_shown_changes_nothing(here: Path) -> None:
    """The lines that are commented out, uncommented: but for the caps, which show an example, the pool is the same."""
    from ringfence.inputs.pool_file import read_pool_file

    run(["init", "."])
    given = read_pool_file("terms.toml")
    text = Path("terms.toml").read_text(encoding="utf-8")
    left_out = [
        line
        for line in text.splitlines()
        if line.startswith("# ") and ' = "' in line and "_cap" not in line and "# [" not in text.split(line)[0]
    ]
    assert [line.split()[1] for line in left_out] == ["incentive_slope", "creator_fee", "premium"]
    for line in left_out:
        text = text.replace(line, line[2:])
    Path("terms.toml").write_text(text, encoding="utf-8")
    shown = read_pool_file("terms.toml")
    assert (shown.terms, shown.rate, shown.supply, shown.reserve) == (given.terms, given.rate, given.supply, given.reserve)


def test_the_help_counts_what_is_there() -> None:
    """Loans and rows, as the list of files says."""
    for name in ("book.csv", "prices.csv"):
        rows = len(SOURCE.joinpath(name).read_text(encoding="utf-8").splitlines()) - 1
        assert STARTER[name].startswith(f"{rows} ")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_nothing_is_overwritten(here: Path, capsys: pytest.CaptureFixture[str], name: str, kind: str) -> None:
    """One of the four in the way, whatever it is: exit code 2, one line that names it, the rest not written either."""
    path = here / "pool" / name
    path.parent.mkdir()
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    assert run(["init", "pool"]) == 2
    assert capsys.readouterr() == ("", f"ringfence: pool: already holds {name}; name a new folder; nothing is overwritten\n")
    assert [each.name for each in path.parent.iterdir()] == [name]
    assert kind != "file" or path.read_text() == "mine"


def test_a_folder_with_other_files_is_added_to(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They stay as they are; a link to a folder is that folder."""
    (here / "notes.txt").write_text("mine")
    (here / "link").symlink_to(here)
    assert run(["init", "link"]) == 0
    assert sorted(path.name for path in here.iterdir()) == sorted([*NAMES, "link", "notes.txt"])
    assert (here / "notes.txt").read_text() == "mine"
    assert "cd " not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("", "DIR: is empty; name a folder"),
        ("file", "file: is not a folder; name a new folder"),
        ("file/pool", "file/pool: '{here}/file' is no folder to write in; name a folder elsewhere"),
        ("nowhere", "nowhere: is not a folder; name a new folder"),
        ("x" * 300, "{folder_cut}... (300 characters): cannot be written: file name too long; name a folder that can be written"),
    ],
    ids=["empty", "a file", "under a file", "a dangling link", "too long"],
)
def test_what_is_no_folder_is_refused(here: Path, capsys: pytest.CaptureFixture[str], folder: str, expected: str) -> None:
    """Exit code 2, one line, nothing written."""
    (here / "file").touch()
    (here / "nowhere").symlink_to("not there")
    assert run(["init", folder]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"ringfence: {expected.format(here=here, folder_cut='x' * 200)}\n")
    assert sorted(path.name for path in here.iterdir()) == ["file", "nowhere"]


@pytest.mark.parametrize("folder", ["deep/new", "there"])
def test_a_disk_that_takes_no_more_leaves_nothing(here: Path, folder: str) -> None:
    """No file, no folder that was not there, no scrap; one line."""
    (here / "there").mkdir()
    program = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); from ringfence.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-B", "-c", program, "init", folder], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"ringfence: {folder}: cannot be written: file too large; name a folder that can be written\n"
    assert [str(path.relative_to(here)) for path in here.rglob("*")] == ["there"]


class Interrupted:
    """A file whose second content is cut by Ctrl-C after two bytes."""

    def __init__(self, path: Path, mode: str, open_file: Callable[[Path, str], IO[bytes]] = open) -> None:  # type: ignore[assignment]
        self._file = open_file(path, mode)

    def __enter__(self) -> "Interrupted":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, content: bytes) -> None:
        """Writes the start, and no more of what is half."""
        self._file.write(content[:2])
        if content == b"half":
            raise KeyboardInterrupt


@pytest.mark.parametrize("folder", ["deep/new", "there"])
def test_ctrl_c_in_the_middle_leaves_nothing(here: Path, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first file and in the midst of the second."""
    (here / "there").mkdir()
    monkeypatch.setattr("builtins.open", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        place(folder, {"terms.toml": b"whole", "book.csv": b"half"})
    monkeypatch.undo()
    monkeypatch.chdir(here)
    assert [path.name for path in here.rglob("*")] == ["there"]


def test_a_file_that_appears_meanwhile_is_kept(here: Path) -> None:
    """Somebody else wrote it between the look and the writing: theirs stays, ours goes."""

    class Appearing(dict[str, bytes]):
        def items(self):  # type: ignore[no-untyped-def, override]
            (here / "book.csv").write_text("theirs")
            return super().items()

    with pytest.raises(InputError, match="cannot be written: file exists"):
        place(".", Appearing({"terms.toml": b"a", "book.csv": b"b"}))
    assert {path.name: path.read_text() for path in here.iterdir()} == {"book.csv": "theirs"}
