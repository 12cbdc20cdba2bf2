"""What the inputs raise, and how the offending value is quoted.

Exception tree:

    InputError        a file or an option that is refused; str() is one line: where, why, and what to do
    NoAnswer          nothing was refused, and yet what was asked for does not exist; str() is one line: why not
    ValueError
      NotExact        a text that is not the number asked for; its reader turns it into an InputError that says where it stood
"""

import os

QUOTED_CHARACTERS = 60


class InputError(Exception):
    """Refused input: one line that names the file (or option), the row and the column where there are any, the reason and what to do."""

    def __init__(
        self, file: str | os.PathLike[str], reason: str, *, row: int | None = None, column: str | None = None, remedy: str = ""
    ) -> None:
        self.file, self.reason, self.row, self.column, self.remedy = os.fspath(file), reason, row, column, remedy
        where = [printable(self.file, 200)]
        if row is not None:
            where.append(f"row {row}")
        if column is not None:
            where.append(f"column {printable(column)}")
        place = where[0] if len(where) == 1 else f"{where[0]}: {', '.join(where[1:])}"
        super().__init__(f"{place}: {reason}{'; ' + remedy if remedy else ''}")


class NoAnswer(Exception):
    """There is no answer to what was asked: one line that says what stands against it."""


class NotExact(ValueError):
    """A text that cannot be taken as the exact number that was asked for; str() is the reason."""


def printable(text: str, most: int = QUOTED_CHARACTERS) -> str:
    """The text on one line: what a terminal would obey or not show is escaped, and what is too long is cut with its length told."""
    cut = text if len(text) <= most else text[:most]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode("ascii") for c in cut)
    return shown if cut is text else f"{shown}... ({len(text):,} characters)"


def quoted(text: str) -> str:
    """The offending value as a message shows it."""
    return f"'{printable(text)}'"
