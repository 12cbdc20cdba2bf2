"""Two runs side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from ringfence.report.parts import Section


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a page says of another run beside its own."""

    sections: tuple[Section, ...]
    lines: Sequence[str] = ()
