"""`ringfence init`: the files to start from, put where nothing is overwritten."""

import os
import shlex
from importlib.resources import files
from pathlib import Path

import click

from ringfence.cli.exit_codes import DONE
from ringfence.cli.signals import heed, held, keep
from ringfence.inputs.errors import InputError, printable

STARTER = {
    "terms.toml": "the pool and its terms, every key explained",
    "book.csv": "12 loans: account, collateral, debt",
    "prices.csv": "42 rows: timestamp, price; a crash among them",
    "scenario.toml": "a world to stress the pool in, every key explained",
}
"""Each file that ships as a start, and what it is."""


@click.command("init")
@click.argument("folder", metavar="DIR")
def command(folder: str) -> int:
    """Put a commented terms.toml, a book.csv, a prices.csv and a commented scenario.toml into DIR, to start from.

    Nothing is overwritten: a DIR that holds one of the four is refused.
    """
    source = files("ringfence.inputs").joinpath("starter")
    place(folder, {name: source.joinpath(name).read_bytes() for name in STARTER})
    _show(folder)
    return DONE


def place(folder: str, contents: dict[str, bytes]) -> None:
    """Puts the files into the folder, all of them or none; raises InputError where one is there already, or the system refuses."""
    from ringfence.cli.out_folder import write_out

    if not folder:
        raise InputError("DIR", "is empty", remedy="name a folder")
    target = Path(folder)
    if os.path.lexists(target):
        with held():
            _add(target, contents)
            keep(printable(folder, 200))
    else:
        write_out(target, lambda fresh: _write(fresh, contents, []), option=None)


def _add(folder: Path, contents: dict[str, bytes]) -> None:
    """Into a folder that is there; what was written is taken back if not all can be."""
    if not folder.is_dir():
        raise InputError(folder, "is not a folder", remedy="name a new folder")
    there = [name for name in contents if os.path.lexists(folder / name)]
    if there:
        raise InputError(folder, f"already holds {', '.join(there)}", remedy="name a new folder; nothing is overwritten")
    written: list[Path] = []
    try:
        _write(folder, contents, written)
        heed()
    except BaseException as err:
        for path in written:
            path.unlink(missing_ok=True)
        if isinstance(err, OSError):
            reason = (err.strerror or type(err).__name__).lower()
            raise InputError(folder, f"cannot be written: {reason}", remedy="name a folder that can be written") from err
        raise


def _write(folder: Path, contents: dict[str, bytes], written: list[Path]) -> None:
    for name, content in contents.items():
        with open(folder / name, "xb") as file:
            written.append(folder / name)
            file.write(content)


def _show(folder: str) -> None:
    """What was written, and what to type next."""
    shown = printable(folder, 200)
    click.echo(f"Written into {shown}:")
    for name, meaning in STARTER.items():
        click.echo(f"  {name:<15}{meaning}")
    click.echo("\nNext:")
    if Path(folder).resolve() != Path.cwd():
        click.echo(f"  cd {printable(shlex.quote(folder), 200)}")
    replay = "ringfence replay --book book.csv --terms terms.toml --prices prices.csv"
    click.echo("  ringfence check terms.toml")
    click.echo(f"  {replay}")
    click.echo("\nThen see what changes when buyers wait for an incentive of 2 %, and keep it:")
    click.echo(f"  {replay} \\\n      --min-incentive 0.02 --out result")
    click.echo("\nAnd ask how high the liquidation LTV may be, by thousands of futures (it needs\nthe `lab` extra):")
    click.echo("  ringfence recommend --book book.csv --terms terms.toml \\")
    click.echo("      --scenario scenario.toml --price 2000 --max-es99-bps 50 \\")
    click.echo("      --vary liq_ltv,reserve --paths 500 --no-around --out recommended")
