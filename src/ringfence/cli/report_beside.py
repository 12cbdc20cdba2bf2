"""The page beside a result that a command has just put in place."""

from pathlib import Path

import click

from ringfence.cli.signals import heed
from ringfence.inputs.errors import printable


def report_beside(folder: Path) -> None:
    """Writes `report.html` and `report.md` into a folder whose result is there; a notice where that cannot be done.

    The result is complete before, and may have taken an hour: whatever goes wrong here takes nothing of it back.
    """
    from ringfence.report.write import missing

    if names := missing():
        lacking = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} not installed"
        click.echo(f"notice: no report is written, for {lacking}; make lab brings it", err=True)
        return
    try:
        _write(folder)
    except Exception as err:
        heed()  # what a signal was turned into is no reason
        reason = f"{type(err).__name__}: {printable(str(err), 300)}"
        click.echo(f"notice: the result is complete, but its report could not be drawn: {reason}; ringfence report tries again", err=True)


def _write(folder: Path) -> None:
    from ringfence.cli.out_file import write_out_file
    from ringfence.report.run import read_run
    from ringfence.report.write import files_of

    for name, text in files_of(read_run(folder)).items():
        write_out_file(str(folder / name), text, "--out")
