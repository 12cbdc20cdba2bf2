"""A file that an option names: there whole or not at all, and one clear line when it cannot be."""

import os
import stat
from pathlib import Path

import pytest

from ringfence.cli.out_file import check_out_file, write_out_file
from ringfence.inputs.errors import InputError

LONG = "x" * 300
"""Longer than the name of a file may be."""


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    """Nothing else stays in its folder, and its mode is that of any new file."""
    target = tmp_path / "result.json"
    for text in ("one\n", "two\n"):
        check_out_file(str(target), "--json")
        write_out_file(str(target), text, "--json")
        assert target.read_text() == text
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain", "result.json"]


def test_what_a_link_points_to_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    """As a shell's redirection would."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_out_file(str(link), "new", "--json")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_device_is_written_to_and_not_replaced() -> None:
    """/dev/null is still a device afterwards."""
    write_out_file("/dev/null", "text", "--json")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_dash_is_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is added to the text."""
    check_out_file("-", "--json")
    write_out_file("-", "text\n", "--json")
    assert capsys.readouterr().out == "text\n"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "--json: is empty"),
        (".", "is a folder"),
        ("missing/result.json", "its folder does not exist"),
        ("file/result.json", "its folder does not exist"),
        ("nul\0byte", "cannot be written: embedded null byte"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str) -> None:
    """One line with the path, the option and what to do."""
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(InputError, match=reason) as refusal:
        check_out_file(name, "--json")
    assert "\n" not in str(refusal.value)
    assert "--json" in str(refusal.value)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused_before_the_work(tmp_path: Path) -> None:
    """As far as the system tells."""
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="its folder cannot be written"):
        check_out_file(str(tmp_path / "result.json"), "--json")


@pytest.mark.parametrize(("path", "reason"), [("/dev/full", "no space left on device"), (LONG, "file name too long")])
def test_what_fails_while_writing_is_one_line_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, reason: str) -> None:
    """And leaves nothing behind."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"cannot be written: {reason}"):
        write_out_file(path, "text", "--json")
    assert list(tmp_path.iterdir()) == []
