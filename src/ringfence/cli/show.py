"""Printing to a console what it would pad with blanks at the ends of lines, which no log should hold."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def show_table(console: "Console", table: "Table") -> None:
    """The table without blanks at the ends of its lines."""
    with console.capture() as shown:
        console.print(table)
    console.out("\n".join(line.rstrip() for line in shown.get().splitlines()), highlight=False)
