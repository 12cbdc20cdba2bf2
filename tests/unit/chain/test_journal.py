"""A journal keeps whole lines and loses none; one process at a time; what is no journal is refused and left as it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.chain.journal import Journal
from ringfence.inputs.errors import InputError

SRC = Path(__file__).resolve().parents[3] / "src"


def test_records_are_there_again(tmp_path: Path) -> None:
    """In order, found by kind and fields."""
    path = str(tmp_path / "journal")
    with Journal(path) as journal:
        for number in range(3):
            journal.write(kind="sent", nonce=number)
        journal.write(kind="mined", nonce=1)
    with Journal(path) as journal:
        assert [record["nonce"] for record in journal.records] == [0, 1, 2, 1]
        assert journal.of("sent", nonce=1) == [{"kind": "sent", "nonce": 1}]
        assert journal.of("mined", nonce=2) == []
        journal.write(kind="done")
    assert [json.loads(line)["kind"] for line in Path(path).read_text().splitlines()] == ["sent", "sent", "sent", "mined", "done"]
    assert os.stat(path).st_mode & 0o777 == 0o600


@pytest.mark.parametrize("cut", range(1, 25))
def test_a_line_is_there_whole_or_not_at_all(tmp_path: Path, cut: int) -> None:
    """However many bytes of it reached the disk; what follows is written behind the last whole line."""
    path = tmp_path / "journal"
    first, second = json.dumps({"kind": "plan"}) + "\n", json.dumps({"kind": "sent", "nonce": 1}) + "\n"
    path.write_text(first + second[:cut])
    with Journal(str(path)) as journal:
        assert journal.records == [{"kind": "plan"}]
        journal.write(kind="sent", nonce=2)
    assert path.read_text() == first + json.dumps({"kind": "sent", "nonce": 2}) + "\n"


def test_a_line_is_on_the_disk_before_the_process_can_go_on(tmp_path: Path) -> None:
    """A process that ends at once after writing, without closing anything, has written it."""
    path = tmp_path / "journal"
    code = f"import os; from ringfence.chain.journal import Journal; j = Journal({str(path)!r}); j.write(kind='sent'); os._exit(9)"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(SRC)}, check=False)
    assert done.returncode == 9
    assert json.loads(path.read_text()) == {"kind": "sent"}


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """The second is refused, and may go on when the first has let go."""
    path = str(tmp_path / "journal")
    with Journal(path), pytest.raises(InputError, match="another process has this journal open"):
        Journal(path)
    Journal(path).close()


@pytest.mark.parametrize("content", ["text\n", "[]\n", '{"kind": 1}\n5\n', "PK\x03\x04", '{"a"\n{"b": 1}\n'])
def test_other_files_are_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    """Somebody's file is not cut because it was named by mistake."""
    path = tmp_path / "file"
    path.write_text(content)
    with pytest.raises(InputError, match="journal"):
        Journal(str(path))
    assert path.read_text() == content


def test_where_nothing_can_be_written_is_one_line(tmp_path: Path) -> None:
    """A folder, or a folder that is not there."""
    for path in (tmp_path, tmp_path / "none" / "journal"):
        with pytest.raises(InputError, match="the journal cannot be written"):
            Journal(str(path))
