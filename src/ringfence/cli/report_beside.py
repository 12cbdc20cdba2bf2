"""The page beside a result that a command has just put in place."""

from pathlib import Path

import click


def report_beside(folder: Path) -> None:
    """Writes `report.html` and `report.md` into a folder whose result is there; a notice where what draws them is not installed.

    The result is complete before: whatever goes wrong here takes nothing of it back.
    """
    from ringfence.report.write import missing

    if names := missing():
        lacking = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} not installed"
        click.echo(f"notice: no report is written, for {lacking}; make lab brings it", err=True)
        return
    from ringfence.cli.out_file import write_out_file
    from ringfence.report.run import read_run
    from ringfence.report.write import files_of

    for name, text in files_of(read_run(folder)).items():
        write_out_file(str(folder / name), text, "--out")
