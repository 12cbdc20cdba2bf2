"""JSON that somebody else may have written, asked for value by value: whatever is not as asked is refused with its place in the file.

Texts come out printable and cut, numbers finite, so that nothing in a hostile file reaches a page, a terminal or a comparison as it is.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ringfence.inputs.errors import InputError, printable, quoted

MAX_BYTES = 256 << 20
MOST_TEXT = 2_000
EXACT = 2**53
"""Counts beyond it are not counts: a float no longer tells them apart."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a JSON file and its place there, `pools[0].shocks` for example."""

    file: str
    place: str
    value: Any

    def refuse(self, reason: str) -> NoReturn:
        """Raises InputError with the file and the place."""
        raise InputError(self.file, f"{printable(self.place, 120) or 'the file'} {reason}", remedy="make the result anew")

    def __contains__(self, name: str) -> bool:
        return name in self._object()

    def __getitem__(self, name: str) -> "Node":
        """A field that must be there."""
        found = self._object()
        if name not in found:
            self.refuse(f"has no '{name}'")
        return self._below(f".{name}" if self.place else name, found[name])

    def items(self, most: int = 10_000) -> Iterator[tuple[str, "Node"]]:
        """All fields of an object, names printable."""
        found = self._object()
        if len(found) > most:
            self.refuse(f"has {len(found):,} fields, more than {most:,}")
        for name, value in found.items():
            yield printable(name, 200), self._below(f".{name}" if self.place else name, value)

    def entries(self, most: int = 10_000) -> "list[Node]":
        """The entries of a list."""
        if not isinstance(self.value, list):
            self.refuse("is no list")
        if len(self.value) > most:
            self.refuse(f"has {len(self.value):,} entries, more than {most:,}")
        return [self._below(f"[{place}]", value) for place, value in enumerate(self.value)]

    def optional(self, name: str) -> "list[Node]":
        """The entries of a list that may be absent."""
        return self[name].entries() if name in self else []

    def text(self, most: int = MOST_TEXT) -> str:
        """A text on one line."""
        if not isinstance(self.value, str):
            self.refuse("is no text")
        return printable(self.value, most)

    def number(self) -> float:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.refuse("is no number")
        found = float(self.value) if abs(self.value) < 1e300 else math.inf
        if not math.isfinite(found):
            self.refuse("is no finite number")
        return found

    def between(self, least: float, most: float) -> float:
        """A number in a range, its ends included."""
        found = self.number()
        if not least <= found <= most:
            self.refuse(f"is {found:g}, not within {least:g} to {most:g}")
        return found

    def count(self) -> int:
        """A whole number of 0 or more."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not 0 <= self.value < EXACT:
            self.refuse("is no count")
        return self.value

    def digits(self) -> int:
        """A whole number of 0 or more that is spelt as a text of digits."""
        found = self.value
        if not (isinstance(found, str) and found.isascii() and found.isdecimal() and len(found) <= 100):
            self.refuse("is no text of digits")
        return int(found)

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self.refuse("is neither true nor false")
        return self.value

    def texts(self, most: int = 1_000) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(entry.text() for entry in self.entries(most))

    def texts_by_name(self) -> dict[str, str]:
        """An object whose values are texts."""
        return {name: node.text() for name, node in self.items()}

    def plain(self, depth: int = 8) -> Any:
        """The value as it is, texts printable and numbers finite, for what is shown and not reckoned with."""
        if depth == 0:
            self.refuse("is nested too deeply")
        if isinstance(self.value, dict):
            return {name: node.plain(depth - 1) for name, node in self.items()}
        if isinstance(self.value, list):
            return [node.plain(depth - 1) for node in self.entries()]
        if isinstance(self.value, str):
            return self.text()
        if self.value is None or isinstance(self.value, bool):
            return self.value
        self.number()
        return self.value

    def _object(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            self.refuse("is no object")
        return self.value

    def _below(self, step: str, value: Any) -> "Node":
        return Node(self.file, self.place + step, value)


def read_json(path: Path) -> Node:
    """The content of a JSON file; raises InputError for what cannot be read, is no JSON, or has a field twice."""
    file = str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(file, f"has more than {MAX_BYTES >> 20} MiB", remedy="give the folder of a result")
        return Node(
            file, "", json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=_without_doubles, parse_constant=_no_constant)
        )
    except OSError as err:
        raise InputError(file, (err.strerror or type(err).__name__).lower(), remedy="give the folder of a result") from err
    except (ValueError, RecursionError) as err:
        reason = "is nested too deeply" if isinstance(err, RecursionError) else f"is no JSON: {printable(str(err), 120)}"
        raise InputError(file, reason, remedy="make the result anew") from err


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A field that comes twice would be read differently by different readers."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{quoted(next(name for name in names if names.count(name) > 1))} stands there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
