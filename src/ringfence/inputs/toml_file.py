"""A TOML file taken apart key by key: every value within its bounds or refused with its row, and no key left unread.

Fractions and amounts are decimals in quotes or whole numbers, never TOML floats, so that a file says what it means; times are texts such as
"90s", "10m", "1h30m", "30d", or whole seconds.
"""

import hashlib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ringfence.inputs.decimals import NUMBER
from ringfence.inputs.errors import InputError, printable, quoted
from ringfence.inputs.tables import Source, open_file

MAX_FILE_BYTES = 1 << 18
MAX_NAME_CHARACTERS = 64
MAX_KEYS_TOLD = 12
"""A table of more keys is not told in one line."""
SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
MAX_SECONDS = 100 * 365 * 86_400
DURATION = re.compile(r"([0-9]{1,12})|(?=.)(?:([0-9]{1,12})d)?(?:([0-9]{1,12})h)?(?:([0-9]{1,12})m)?(?:([0-9]{1,12})s)?", re.ASCII)
DURATION_REMEDY = 'write a time such as "90s", "10m", "1h" or "30d", or whole seconds'
HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]\]?\s*(?:#.*)?$", re.ASCII)


class FloatLiteral(str):
    """A number with a point as TOML spells it, kept as text so that its refusal can quote it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a number may be: from `least` to `most`, the ends included unless `above` or `below` excludes them."""

    least: float
    most: float
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        return (self.least < value if self.above else self.least <= value) and (value < self.most if self.below else value <= self.most)

    @property
    def said(self) -> str:
        """In words, as a remedy says it."""
        least = f"above {self.least:g}" if self.above else f"of {self.least:g} or more"
        return f"{least} and {'below' if self.below else 'at most'} {self.most:g}"


FRACTION = Bounds(0, 1)


def read_toml(file: str, text: str, example: str) -> "Table":
    """The file's tables; raises InputError for what is not TOML. `example` is how a value is written there, for remedies."""
    return Table(file, text, parsed(file, text, f"write each key as {example}", "the file is a page of tables and keys"))


def parsed(file: str, text: str, remedy: str, when_deep: str) -> dict[str, Any]:
    """What the text says as TOML; raises InputError with one remedy for what is not TOML, with another for what is nested too deeply."""
    try:
        return tomllib.loads(text, parse_float=FloatLiteral)
    except RecursionError as err:
        raise InputError(file, "is nested too deeply", remedy=when_deep) from err
    except ValueError as err:
        place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", str(err))
        row, column = (int(place[1]), place[2]) if place and place[1] else (None, None)
        reason = str(err)[: place.start()] if place else str(err)
        raise InputError(file, f"not TOML: {printable(reason, 120)}", row=row, column=column, remedy=remedy) from err


def read_text(path: str | os.PathLike[str], when_large: str = "it is to be a page of TOML") -> tuple[str, Source]:
    """A page of UTF-8 text and where it came from; raises InputError for what cannot be read, is no such text, or is too large, with what
    to do about that."""
    file = os.fspath(path)
    with open_file(file) as raw:
        try:
            content = raw.read(MAX_FILE_BYTES + 1)
        except OSError as err:
            raise InputError(file, (err.strerror or "cannot be read").lower(), remedy="give the path of a readable file") from err
    return decoded(file, content, when_large), Source(file, hashlib.sha256(content).hexdigest())


def decoded(file: str, content: bytes, when_large: str = "it is to be a page of TOML") -> str:
    """The content as text; raises InputError as `read_text`."""
    if len(content) > MAX_FILE_BYTES:
        raise InputError(file, f"is larger than {MAX_FILE_BYTES:,} bytes", remedy=when_large)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        row = content.count(b"\n", 0, err.start) + 1
        raise InputError(
            file, f"byte {quoted(hex(content[err.start]))} is not UTF-8", row=row, remedy="save the file as UTF-8 text"
        ) from err


class Table:
    """A table of a TOML file, read key by key; each method raises InputError, with the row, for a value that is not what it asks for.

    `path` is the table's name in the file, `place` which of several of that name it is, counted from 0.
    """

    def __init__(self, file: str, text: str, values: Mapping[str, Any], path: str = "", place: int = 0) -> None:
        self.file, self._text, self.values, self._path, self._place = file, text, values, path, place

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def known(self, keys: Iterable[str], elsewhere: Mapping[str, str] | None = None) -> None:
        """No other key is there; `elsewhere` says of a key where it does belong."""
        known = tuple(keys)
        unknown = [key for key in self.values if key not in known]
        if not unknown:
            return
        first = unknown[0]
        if elsewhere and first in elsewhere:
            self.refuse(first, f"is no key here: {elsewhere[first]}", f"known are {', '.join(known)}")
        self.refuse(first, f"unknown {self._noun}: {printable(', '.join(unknown), 120)}", said_instead(first, known))

    @property
    def _noun(self) -> str:
        return "key" if self._path else "table"

    def table(self, key: str) -> "Table":
        """A table within, empty if it is not there."""
        value = self.values.get(key, {})
        name = f"{self._path}.{key}" if self._path else key
        if not isinstance(value, dict):
            self.refuse(key, f"[{name}] is not a table", f"write [{name}] on a line of its own")
        return Table(self.file, self._text, value, name)

    def tables(self, key: str, most: int) -> tuple["Table", ...]:
        """The tables of an array within, none if it is not there."""
        value = self.values.get(key, [])
        name = f"{self._path}.{key}"
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.refuse(key, f"[[{name}]] is not a list of tables", f"write [[{name}]] on a line of its own")
        if len(value) > most:
            self.refuse(key, f"{len(value):,} of them are too many", f"write at most {most:,}")
        return tuple(Table(self.file, self._text, each, name, place) for place, each in enumerate(value))

    def number(self, key: str, bounds: Bounds, default: float | None = None) -> float:
        """A decimal as a float; without a default the key must be there."""
        if key not in self.values:
            return self._default(key, default, f"write a decimal {bounds.said}")
        return self.number_of(key, self.values[key], bounds)

    def number_of(self, key: str, value: Any, bounds: Bounds, what: str = "") -> float:
        """A value found at or within a key as a number; `what` says which one."""
        digits = self.digits(key, value, what)
        found = float_of(digits)
        if found is None or found not in bounds:
            problem = "is not a decimal number" if found is None else "is out of range"
            self.refuse(key, f"{what}{quoted(digits)} {problem}", f"write a decimal {bounds.said}")
        return found

    def digits(self, key: str, value: Any, what: str = "") -> str:
        """What a number's text is; a TOML float is refused."""
        if isinstance(value, FloatLiteral):
            example = f'"{printable(value)}"' if what else f'{key} = "{printable(value)}"'
            self.refuse(key, f"{what}{printable(value)} is a float, which is not exact", f"write it as a string: {example}")
        if isinstance(value, bool) or not isinstance(value, int | str):
            self.refuse(key, f"{what}{shown(value)} is not a number", 'write a decimal in quotes, such as "0.05"')
        return value if isinstance(value, str) else spelled(value)

    def whole(self, key: str, least: int, most: int, default: int | None = None) -> int:
        """A whole number; without a default the key must be there."""
        if key not in self.values:
            return int(self._default(key, default, f"write a whole number of {least:,} to {most:,}"))
        value = self.values[key]
        text = self.digits(key, value)
        if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) or not least <= int(text) <= most:
            self.refuse(key, f"{quoted(text)} is not a whole number of {least:,} to {most:,}", "write one")
        return int(text)

    def seconds(self, key: str, least: int = 0, most: int = MAX_SECONDS, default: int | None = None) -> int:
        """A time in seconds; without a default the key must be there."""
        if key not in self.values:
            return int(self._default(key, default, DURATION_REMEDY))
        return self.seconds_of(key, self.values[key], least, most)

    def seconds_of(self, key: str, value: Any, least: int = 0, most: int = MAX_SECONDS, what: str = "") -> int:
        """A value found at or within a key as a time in seconds; `what` says which one."""
        text = "" if isinstance(value, bool) or not isinstance(value, int | str) else spelled(value) if isinstance(value, int) else value
        found = seconds_in(text)
        if found is None:
            self.refuse(key, f"{what}{shown(value)} is not a time", DURATION_REMEDY)
        if not least <= found <= most:
            self.refuse(key, f"{what}{quoted(text)} is out of range", f"write a time of {told(least)} to {told(most)}")
        return found

    def windows(self, key: str, most: int) -> tuple[tuple[int, int], ...]:
        """Pairs of times, each later than the one before and none empty, as seconds; none if the key is not there."""
        found: list[tuple[int, int]] = []
        for number, pair in enumerate(self.entries(key, most), start=1):
            what = f"window {number:,}: "
            if not isinstance(pair, list) or len(pair) != 2:
                self.refuse(key, f"{what}{shown(pair)} is not a pair of times", 'write [["2h", "8h"]]: from, and until before')
            start, end = (self.seconds_of(key, each, what=what) for each in pair)
            if start >= end:
                self.refuse(key, f"{what}ends where it begins or before", "write the earlier time first")
            if found and start < found[-1][1]:
                self.refuse(key, f"{what}begins before the one before it ends", "sort the windows and join those that overlap")
            found.append((start, end))
        return tuple(found)

    def entries(self, key: str, most: int) -> list[Any]:
        """A list, empty if the key is not there."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.refuse(key, f"{shown(value)} is not a list", "write it in square brackets")
        if len(value) > most:
            self.refuse(key, f"holds {len(value):,} entries, which are too many", f"write at most {most:,}")
        return value

    def text(self, key: str, most: int, default: str | None = None) -> str:
        """A printable text of some length, its blanks and line ends joined; without a default the key must be there."""
        value = self.values.get(key, default)
        if value is None:
            self.refuse(key, "is missing", "write a text in quotes")
        joined = " ".join(value.split()) if isinstance(value, str) and not isinstance(value, FloatLiteral) else ""
        if key in self.values and not (joined and joined.isprintable() and len(joined) <= most):
            self.refuse(key, f"{shown(value)} is no text", f"write a printable text of 1 to {most:,} characters in quotes")
        return joined

    def choice(self, key: str, known: Sequence[str], default: str | None = None) -> str:
        """One of some words; without a default the key must be there."""
        value = self.values.get(key, default)
        if value is None:
            self.refuse(key, "is missing", f"take one of {', '.join(known)}")
        if not isinstance(value, str) or value not in known:
            self.refuse(key, f"{shown(value)} is unknown", said_instead(value if isinstance(value, str) else "", known))
        return value

    def flag(self, key: str) -> bool:
        """True or false, false if the key is not there."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.refuse(key, f"{shown(value)} is neither true nor false", "write true or false without quotes")
        return value

    def refuse(self, key: str, reason: str, remedy: str) -> NoReturn:
        """Refuses what a key holds."""
        column = f"[{self._path}] {key}" if self._path else key
        raise InputError(self.file, reason, row=self._row(key), column=column, remedy=remedy)

    def _default(self, key: str, default: float | None, remedy: str) -> float:
        if default is None:
            self.refuse(key, "is missing", remedy)
        return default

    def _row(self, key: str) -> int | None:
        """The line where the key stands, if it is written plainly; tomllib does not tell."""
        current, count, name = "", -1, f"{self._path}.{key}" if self._path else key
        for row, line in enumerate(self._text.split("\n"), start=1):
            if header := HEADER.match(line):
                current = header[2]
                count += current == self._path
                if current == name or (not self._path and current.startswith(f"{key}.")):
                    return row
            elif current == self._path and count in (self._place, -1) and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
                return row
        return None


def float_of(text: str) -> float | None:
    """A decimal with or without sign and exponent as a float, infinite if it is too large for one; None for anything else."""
    bare = text.strip(" ")
    match = NUMBER.fullmatch(bare)
    if match is None or not (match[2] or match[3]):
        return None
    return float(bare) + 0.0  # a zero has no sign


def seconds_in(text: str) -> int | None:
    """A time such as 90s, 1h30m or 3600 as seconds; None for anything else."""
    match = DURATION.fullmatch(text)
    if match is None:
        return None
    return sum(int(count or 0) * size for count, size in zip(match.groups(), (1, *SECONDS.values()), strict=True))


def said_instead(key: str, known: Sequence[str]) -> str:
    """What an unknown word was probably to be, and what else there is, as far as a line can tell."""
    from difflib import get_close_matches  # only where something is refused

    found = get_close_matches(key[:MAX_NAME_CHARACTERS].lower(), known, n=1)
    said = [f"did you mean {found[0]}?"] if found else []
    if len(known) <= MAX_KEYS_TOLD or not found:
        said.append(f"known are {', '.join(known)}")
    return " ".join(said)


def spelled(value: int) -> str:
    """The integer as text; one that is too long for Python to spell in decimal is far beyond every limit, and so is its stand-in."""
    return str(value) if abs(value) < 10**100 else ("-" if value < 0 else "") + "1e100"


def shown(value: Any) -> str:
    """A value of any kind as a message quotes it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return quoted(value)
        case int():
            return quoted(spelled(value))
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return quoted(str(value))


def told(seconds: int) -> str:
    """A time as a file writes it, in its largest whole unit."""
    for unit, size in SECONDS.items():
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return "0s"
