"""The result folder appears whole or not at all."""

from pathlib import Path

import pytest

from ringfence.cli.main import run
from ringfence.cli.out_folder import write_out
from ringfence.inputs.errors import InputError
from ringfence.inputs.results import RESULT_FILE

FORMER = '{"schema": "ringfence.replay/1"}'


def former(folder: Path) -> Path:
    """A folder with a former result."""
    folder.mkdir()
    (folder / RESULT_FILE).write_text(FORMER)
    return folder


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, OSError])
@pytest.mark.parametrize("is_there", [True, False])
def test_whatever_stops_the_writing_the_folder_is_as_before(tmp_path: Path, error: type[BaseException], is_there: bool) -> None:
    """A former result stands, an absent folder stays absent, the temporary folder is gone."""
    out = former(tmp_path / "out") if is_there else tmp_path / "out"

    def write(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise error

    with pytest.raises(InputError if error is OSError else error):
        write_out(out, write)
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if is_there else [])
    assert not is_there or (out / RESULT_FILE).read_text() == FORMER


def test_a_rename_that_fails_brings_the_former_result_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The former result steps aside for a moment only."""
    out = former(tmp_path / "out")
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if target == out and (path / "fresh").exists():
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(InputError, match="cannot be written: permission denied"):
        write_out(out, lambda folder: (folder / "fresh").touch())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (out / RESULT_FILE).read_text() == FORMER


def test_the_folder_has_the_permissions_of_any_new_folder(tmp_path: Path) -> None:
    """Not those of a private temporary one, or nobody else could read a shared result."""
    (tmp_path / "plain").mkdir()
    write_out(tmp_path / "out", lambda folder: (folder / RESULT_FILE).touch())
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_relative_name_is_taken_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a person types it."""
    monkeypatch.chdir(tmp_path)
    write_out(Path("deep/out"), lambda folder: (folder / RESULT_FILE).touch())
    assert (tmp_path / "deep" / "out" / RESULT_FILE).exists()


@pytest.mark.parametrize("command", ["curve --price 2000", "replay --prices prices.csv", "stress --price 2000 --scenario cascade"])
def test_a_result_never_replaces_what_it_is_made_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """A recommendation's folder holds terms and a book, which docs invite to run again: not into that same folder."""
    monkeypatch.chdir(tmp_path)
    assert run(["init", "pool"]) == 0
    folder = Path("pool")
    for name in ("prices.csv", "scenario.toml"):
        (folder / name).rename(name)
    (folder / RESULT_FILE).write_text('{"schema": "ringfence.recommend/1"}')
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    capsys.readouterr()
    name, *more = command.split()
    assert run([name, "--book", "pool/book.csv", "--terms", "pool/terms.toml", *more, "--out", "./pool"]) == 2
    told = capsys.readouterr().err
    assert told == "ringfence: pool: column --out: holds pool/book.csv, which is read and would be replaced; name another folder\n"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
