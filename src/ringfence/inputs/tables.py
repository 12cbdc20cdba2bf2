"""Tables from files: CSV, CSV.gz and Parquet as rows of text, read once, in order, in bounded memory. Which format it is, the content says.

A table never guesses: what is not a plain table is refused with the row, and a hostile file costs time and memory in proportion to its
first fault.
"""

import csv
import hashlib
import io
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

from ringfence.inputs.errors import InputError, printable, quoted

MAX_LINE_BYTES = 1 << 20
MAX_BLANK_LINES = 1000
GZIP_MAGIC = b"\x1f\x8b"
GZIP_WINDOW = 16 + zlib.MAX_WBITS
"""For zlib: the largest window, between the header and the checksum of gzip."""
PARQUET_MAGIC = b"PAR1"
UNREADABLE = (OSError, EOFError, zlib.error)


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read: its path as given, and the SHA-256 of its bytes."""

    path: str
    sha256: str


class Table(Protocol):
    """A table being read: the names of its columns, then its rows, once."""

    @property
    def columns(self) -> Sequence[str]:
        """The names in the header."""
        ...

    def rows(self, chosen: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
        """Row numbers as an editor shows them (the header is row 1; in Parquet the first row is 1), and the chosen fields as text."""
        ...

    def source(self) -> Source:
        """What was read; call it after the last row."""
        ...


@contextmanager
def open_table(path: str | os.PathLike[str]) -> Iterator[Table]:
    """Opens a table; raises InputError for what is no readable table, while rows are read too."""
    name = os.fspath(path)
    with open_file(name) as raw:
        hashing = _Hashing(raw)
        start = _guarded(name, hashing.peek, 4)
        if start.startswith(PARQUET_MAGIC):
            from ringfence.inputs.parquet import ParquetTable

            yield ParquetTable(name)
        elif name.endswith(".parquet"):
            raise InputError(name, "is not a Parquet file", remedy="its first bytes are not PAR1; was it cut short or named wrongly?")
        else:
            yield CsvTable(name, hashing, compressed=start.startswith(GZIP_MAGIC))


def require_columns(table: Table, file: str, needed: Sequence[str], remedy: str) -> None:
    """Every needed column is there, once."""
    for column in needed:
        count = list(table.columns).count(column)
        if count == 0:
            shown = printable(", ".join(table.columns), 120)
            raise InputError(file, f"column {column} is missing", remedy=f"{remedy}; found: {shown}")
        if count > 1:
            raise InputError(file, f"column {column} is there {count} times", row=1, remedy="keep one")


def ignored_columns(table: Table, used: Sequence[str]) -> list[str]:
    """The columns that are not read, in their order."""
    return [column for column in table.columns if column not in used]


@contextmanager
def open_file(name: str) -> Iterator[io.BufferedReader]:
    """An existing file opened for reading; raises InputError with a remedy where the system refuses."""
    try:
        raw = open(name, "rb")  # noqa: SIM115  closed by the caller's with
    except (OSError, ValueError) as err:
        raise InputError(name, _why(err), remedy="give the path of a readable file") from err
    with raw:
        yield raw


def _why(err: Exception) -> str:
    if isinstance(err, OSError):
        return (err.strerror or type(err).__name__).lower()
    return printable(str(err))


def _guarded(name: str, read: Callable[[int], bytes], size: int) -> bytes:
    try:
        return read(size)
    except OSError as err:
        raise InputError(name, _why(err), remedy="give the path of a readable file") from err


class _Hashing(io.RawIOBase):
    """A raw stream that hashes what passes through, so that a file is read once and the digest is of what was read."""

    def __init__(self, raw: io.BufferedReader) -> None:
        self._raw, self._digest, self._peeked = raw, hashlib.sha256(), b""

    def peek(self, size: int) -> bytes:
        self._peeked = self._raw.read(size)
        return self._peeked

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview[int]") -> int:  # type: ignore[override]  # the buffers that BufferedReader passes
        if self._peeked:
            data, self._peeked = self._peeked[: len(buffer)], self._peeked[len(buffer) :]
        else:
            data = self._raw.read1(len(buffer))
        buffer[: len(data)] = data
        self._digest.update(data)
        return len(data)

    def drained(self) -> str:
        """The digest of the whole file, what lies behind the last byte used included."""
        while self.readinto(bytearray(1 << 16)):
            pass
        return self._digest.hexdigest()


class _Unpacked(io.RawIOBase):
    """What a gzipped stream holds, member after member.

    A GzipFile holds the same, but says in Python whether it is closed. Readers ask that at every line and the interpreter once more when it
    forgets the file, and both drop an interruption that comes in there. Nothing of this class runs but to read.
    """

    def __init__(self, packed: "io.BufferedReader[_Hashing]") -> None:
        self._packed, self._unpacker, self._waiting = packed, zlib.decompressobj(GZIP_WINDOW), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview[int]") -> int:  # type: ignore[override]  # the buffers that BufferedReader passes
        data = b""
        while not data and not self._at_end():
            if not (self._waiting or self._fetch()):
                raise EOFError("Compressed file ended before the end-of-stream marker was reached")
            data = self._unpacker.decompress(self._waiting, len(buffer))
            self._waiting = self._unpacker.unconsumed_tail or self._unpacker.unused_data
        buffer[: len(data)] = data
        return len(data)

    def _at_end(self) -> bool:
        """Whether the last member is over; one that follows is begun, zeros in between are skipped as gzip does."""
        if not self._unpacker.eof:
            return False
        while not (rest := self._waiting.lstrip(b"\0")):
            if not self._fetch():
                return True
        if not GZIP_MAGIC.startswith(rest[:2]):
            raise OSError(f"Not a gzipped file ({rest[:2]!r})")
        self._unpacker, self._waiting = zlib.decompressobj(GZIP_WINDOW), rest
        return False

    def _fetch(self) -> bytes:
        self._waiting = self._packed.read1(1 << 16)
        return self._waiting


class CsvTable:
    """Comma-separated UTF-8 text with one header line, plain or gzipped; a byte-order mark and blank lines are skipped."""

    def __init__(self, file: str, stream: _Hashing, *, compressed: bool) -> None:
        self._file, self._stream = file, stream
        plain = io.BufferedReader(stream, 1 << 16)
        self._bytes = io.BufferedReader(_Unpacked(plain), 1 << 16) if compressed else plain
        self._line = 0
        csv.field_size_limit(131_072)
        self._reader = csv.reader(self._lines(), strict=True)
        # One generator to its end: to close one that is left in the middle is Python code in a finaliser, where an interruption is lost.
        self._left = self._records()
        header = next(self._left, None)
        if header is None:
            raise InputError(file, "is empty", remedy="the first line names the columns")
        self.columns = [column.strip() for column in header]

    def rows(self, chosen: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
        pick = itemgetter(*[self.columns.index(column) for column in chosen])
        width = len(self.columns)
        for fields in self._left:
            if len(fields) != width:
                raise InputError(
                    self._file,
                    f"{len(fields)} fields under {width} columns",
                    row=self._line,
                    remedy="separate with commas and quote text that holds one",
                )
            yield self._line, pick(fields)

    def source(self) -> Source:
        return Source(self._file, self._stream.drained())

    def _records(self) -> Iterator[list[str]]:
        """The records that are not blank."""
        blank = 0
        try:
            for fields in self._reader:
                if fields:
                    blank = 0
                    yield fields
                elif (blank := blank + 1) == MAX_BLANK_LINES:
                    raise InputError(self._file, f"{MAX_BLANK_LINES:,} blank lines in a row", row=self._line, remedy="remove them")
        except csv.Error as err:
            raise InputError(self._file, f"not CSV: {printable(str(err))}", row=self._line, remedy="is a quote not closed?") from err

    def _lines(self) -> Iterator[str]:
        while line := self._read_line():
            self._line += 1
            if len(line) > MAX_LINE_BYTES:
                raise InputError(
                    self._file, f"the line is longer than {MAX_LINE_BYTES:,} bytes", row=self._line, remedy="is this a CSV file?"
                )
            if b"\0" in line:
                raise InputError(self._file, "holds a NUL byte", row=self._line, remedy="give plain CSV text in UTF-8, not a binary file")
            yield self._decoded(line)

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode("utf-8-sig" if self._line == 1 else "utf-8")
        except UnicodeDecodeError as err:
            raise InputError(
                self._file, f"byte {quoted(hex(line[err.start]))} is not UTF-8", row=self._line, remedy="save the file as UTF-8 text"
            ) from err

    def _read_line(self) -> bytes:
        try:
            return self._bytes.readline(MAX_LINE_BYTES + 1)
        except UNREADABLE as err:
            raise InputError(
                self._file, f"cannot be read on: {printable(str(err), 120)}", row=self._line + 1, remedy="is the file whole?"
            ) from err
