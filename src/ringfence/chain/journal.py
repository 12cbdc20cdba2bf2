"""What was decided and sent, written down before it is done: one JSON object a line, on the disk before the network hears of it.

A process may end at any moment. What follows a line has then perhaps not happened; what is in no line has certainly not.
"""

import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ringfence.inputs.errors import InputError

MAX_BYTES = 1 << 26
REMEDY = "look at the file; name another with --journal only if nothing of it is on its way"


class Journal:
    """An open journal, locked against a second process. `records` are all lines, those of earlier runs first."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.records: list[dict[str, Any]] = []
        is_new = not os.path.exists(path)
        try:
            # Readable by its owner alone: it shows what an account does next.
            self._file: IO[bytes] = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        except OSError as err:
            raise InputError(path, f"the journal cannot be written: {(err.strerror or str(err)).lower()}") from err
        try:
            _lock(self._file, path)
            self._read()
            if is_new:
                _sync_folder(Path(path))
        except BaseException:
            self._file.close()
            raise

    def write(self, **record: Any) -> None:
        """Add a line; it is on the disk when this returns."""
        self._file.write(json.dumps(record).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.records.append(record)

    def of(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Records of a kind whose fields have these values, in the order written."""
        wanted = {"kind": kind, **fields}.items()
        return [record for record in self.records if wanted <= record.items()]

    def close(self) -> None:
        """Let go of the file and its lock."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _read(self) -> None:
        content = self._file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise InputError(self.path, f"is longer than {MAX_BYTES:,} bytes, and no journal", remedy=REMEDY)
        whole = content.rfind(b"\n") + 1
        for row, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as err:
                raise InputError(self.path, "is not a line of a journal", row=row, remedy=REMEDY) from err
            if not isinstance(record, dict):
                raise InputError(self.path, "is not a line of a journal", row=row, remedy=REMEDY)
            self.records.append(record)
        if whole < len(content) and not content[whole:].startswith(b"{"):
            raise InputError(self.path, "is not a journal", remedy=REMEDY)
        # A last line without an end was being written when the process ended: what it announces was never begun.
        self._file.truncate(whole)
        self._file.seek(whole)


def _lock(file: IO[bytes], path: str) -> None:
    try:
        import fcntl
    except ImportError:  # not on this system: two processes are then kept apart by their nonces alone
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as err:
        raise InputError(path, "another process has this journal open", remedy="wait for it to end") from err


def _sync_folder(path: Path) -> None:
    """A new file is only there after a crash if its folder's entry is."""
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
