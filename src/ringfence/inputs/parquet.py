"""Parquet as rows of text, through pyarrow of the `lab` extra.

Floats become the shortest decimal that names them, as a CSV writer would have put it.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ringfence.inputs.errors import InputError, printable

if TYPE_CHECKING:
    from ringfence.inputs.tables import Source

MAX_ROWS = 50_000_000
MAX_TEXT_BYTES = 131_072
BATCH_ROWS = 16_384


class ParquetTable:
    """A Parquet file, read batch by batch; columns of text, integers, decimals and floats are taken, others refused."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._arrow = _arrow(file)
        with _Readable(file):
            self._content = self._arrow.parquet.ParquetFile(file)
            self._schema = self._content.schema_arrow
        self.columns = [printable(name) for name in self._schema.names]
        rows = self._content.metadata.num_rows
        if rows > MAX_ROWS:
            raise InputError(file, f"has {rows:,} rows, more than {MAX_ROWS:,}", remedy="split it")

    def rows(self, chosen: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
        """Row numbers from 1, and the chosen fields as text."""
        shows = [self._show(column) for column in chosen]
        batches = self._content.iter_batches(BATCH_ROWS, columns=list(chosen), use_threads=False)
        row = 0
        while (batch := self._next(batches)) is not None:
            columns = [self._texts(batch, column, show, row) for column, show in zip(chosen, shows, strict=True)]
            for fields in zip(*columns, strict=True):
                row += 1
                yield row, fields

    def source(self) -> "Source":
        """The file's digest."""
        from ringfence.inputs.tables import Source

        with open(self._file, "rb") as raw:
            return Source(self._file, hashlib.file_digest(raw, "sha256").hexdigest())

    def _next(self, batches: Iterator[Any]) -> Any:
        with _Readable(self._file):
            return next(batches, None)

    def _show(self, column: str) -> Callable[[Any], str]:
        """How a value of this column is spelled."""
        types = self._arrow.types
        kind = self._schema.field(column).type
        if types.is_dictionary(kind):
            kind = kind.value_type
        if types.is_float32(kind) or types.is_float16(kind):
            return _shortest_of("float32" if types.is_float32(kind) else "float16")
        if types.is_floating(kind):
            return repr
        if types.is_integer(kind) or types.is_decimal(kind) or types.is_null(kind) or self._is_text(kind):
            return str
        raise InputError(self._file, f"is of type {printable(str(kind))}", column=column, remedy="store text, integers, decimals or floats")

    def _texts(self, batch: Any, column: str, show: Callable[[Any], str], row: int) -> list[str]:
        values = batch.column(column)
        with _Readable(self._file):
            if self._arrow.types.is_dictionary(values.type):
                values = values.dictionary_decode()
            if self._is_text(values.type):
                self._refuse_long(values, column, row)
            return ["" if value is None else show(value) for value in values.to_pylist()]

    def _refuse_long(self, values: Any, column: str, row: int) -> None:
        """A text that many rows share is stored once and would be spelled out for each."""
        lengths = self._arrow.compute.binary_length(values)
        longest = self._arrow.compute.max(lengths).as_py() or 0
        if longest > MAX_TEXT_BYTES:
            row += 1 + self._arrow.compute.index(lengths, longest).as_py()
            raise InputError(self._file, f"a text of {longest:,} bytes", row=row, column=column, remedy=f"at most {MAX_TEXT_BYTES:,}")

    def _is_text(self, kind: Any) -> bool:
        types = self._arrow.types
        return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


class _Readable:
    """Turns what pyarrow raises on a damaged file into a refusal: its own errors, OSError, and the ValueErrors of its conversions."""

    def __init__(self, file: str) -> None:
        self._file = file

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, err: BaseException | None, trace: object) -> None:
        if isinstance(err, Exception) and not isinstance(err, InputError):
            reason = (str(err).splitlines() or [type(err).__name__])[0]
            raise InputError(self._file, f"is not a readable Parquet file: {printable(reason, 120)}", remedy="is the file whole?") from err


def _arrow(file: str) -> Any:
    """pyarrow, loaded only when a Parquet file is read; it ships no types."""
    try:
        for name in ("compute", "parquet", "types"):
            import_module(f"pyarrow.{name}")
        return import_module("pyarrow")
    except ImportError as err:
        raise InputError(
            file, "is a Parquet file and pyarrow is not installed", remedy="pip install '.[lab]' where Ringfence was cloned, or give CSV"
        ) from err


def _shortest_of(width: str) -> Callable[[Any], str]:
    """A narrow float has a shorter name than the 64-bit float of the same value."""
    import numpy

    narrow = getattr(numpy, width)
    return lambda value: str(narrow(value))
