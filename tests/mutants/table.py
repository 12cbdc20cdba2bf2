"""The table of planted faults: what each changes and what that breaks; read from every TOML file beside this one.

A row with a `file` changes the contracts alone or the model alone, one with `change`s both in the same way: what agreement cannot see.
Files that scripts/mutants knows no tests of their own for are the pool's. A row with a `test` must be found by that one.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
KINDS = ("rounding", "comparison", "order", "missing step", "constant", "argument")
FIELDS = {"name", "kind", "breaks", "equivalent", "file", "function", "old", "new", "change", "test"}


class StaleTableError(Exception):
    """A change does not fit the sources: its text is not there, or there more than once."""


@dataclass(frozen=True, slots=True)
class Change:
    """One text for another in one function of a file, or anywhere in the file if no function is named."""

    file: str
    function: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Change the file under a root; raises StaleTableError unless the old text is there exactly once."""
        path = root / self.file
        if not path.is_file():
            raise StaleTableError(f"{self.file}: there is no such file")
        source = path.read_text()
        start, end = function_span(source, self.function) if self.function else (0, len(source))
        where = f"{self.file}{f', {self.function}' if self.function else ''}"
        found = source.count(self.old, start, end)
        if found != 1:
            raise StaleTableError(f"{where}: found {found} times instead of once: {self.old!r}")
        at = source.index(self.old, start, end)
        path.write_text(source[:at] + self.new + source[at + len(self.old) :])


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted fault; `equivalent` is the proof that nobody can see it, empty for a fault that must be found; `table` names its file.

    `test` is what pytest is told where one test must find it: a file, and -k with the tests in it; empty: whoever does.
    """

    name: str
    side: str
    kind: str
    breaks: str
    equivalent: str
    changes: tuple[Change, ...]
    table: str = ""
    test: str = ""

    def apply(self, root: Path) -> None:
        """Plant the fault in the copy of the sources under a root."""
        for change in self.changes:
            change.apply(root)


def function_span(source: str, name: str) -> tuple[int, int]:
    """First and last offset of a function in Vyper or Python, from its `def` to the next one, decorator or class of its depth."""
    starts = list(re.finditer(rf"^( *)def {re.escape(name)}\(", source, re.MULTILINE))
    if len(starts) != 1:
        raise StaleTableError(f"{len(starts)} functions are named {name}")
    depth = len(starts[0][1])
    ends = re.compile(rf"^ {{0,{depth}}}(?:def |class |@|# )", re.MULTILINE)
    following = ends.search(source, starts[0].end())
    return starts[0].start(), following.start() if following else len(source)


def read(folder: Path = FOLDER) -> list[Mutant]:
    """Every mutant, file by file in the order of their names; raises ValueError for a row that is not well-formed."""
    rows = [(path.stem, row) for path in sorted(folder.glob("*.toml")) for row in tomllib.loads(path.read_text())["mutant"]]
    return [_mutant(table, row) for table, row in rows]


def _mutant(table: str, row: dict[str, Any]) -> Mutant:
    if unknown := row.keys() - FIELDS:
        raise ValueError(f"{table}.toml: {row.get('name')}: no such field: {', '.join(sorted(unknown))}")
    changes = tuple(Change(change["file"], change.get("function", ""), change["old"], change["new"]) for change in row.get("change", [row]))
    side = "twins" if "change" in row else "contract" if row["file"].startswith("contracts/") else "model"
    return Mutant(row["name"], side, row["kind"], row["breaks"], row.get("equivalent", ""), changes, table, row.get("test", ""))
