"""Texts in Markdown that show as they are, whatever a file has called things."""

import re

MARKUP = re.compile(r"([\\`*{}\[\]<>#|~@&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
"""An underscore within a word is no markup, and names of metrics stay readable."""


def plain(text: str) -> str:
    """Text without markup; the narrow spaces within numbers stay, so that no line ends there."""
    return MARKUP.sub(r"\\\1", text)


def row(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(plain(cell) for cell in cells)} |"
