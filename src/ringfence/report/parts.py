"""What a page is made of: sections with a sentence, drawings with their tables, and notes. No section knows how it is laid out."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a head; the first column names its row, those in `words` are read from the left as it is."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing (SVG text), its title, what stands under it, and the table of its figures."""

    name: str
    title: str
    svg: str
    caption: str
    table: Table


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: what it says in sentences, what it shows, and, where the run does not hold it, how to get it."""

    name: str
    title: str
    lead: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    """Below the drawings, as `first` stands above them."""
    notes: Sequence[str] = ()
    missing: str = ""
    beside: Table | None = None
    """A table that stands beside the only drawing."""
    folded: Sequence[Table] = ()
    """Tables that are shown on demand."""
    first: Table | None = None
    is_narrow: bool = False
    """Whether it takes half the width though it has tables."""


@dataclass(frozen=True, slots=True)
class Key:
    """A figure of the row that is read first."""

    label: str
    value: str
    interval: str
    unit: str
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A list of assumptions or sources: a term, and what it says."""

    title: str
    entries: Sequence[tuple[str, str]] = field(default_factory=tuple)
