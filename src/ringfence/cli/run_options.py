"""Options that commands running paths share: how they are read, and what is said beside a run."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from ringfence.cli.signals import heed
from ringfence.inputs.errors import InputError, NotExact, printable
from ringfence.model.terms import WAD

if TYPE_CHECKING:
    from rich.console import Console

    from ringfence.inputs.book import Book
    from ringfence.inputs.pool_file import PoolFile

WAD_DIGITS = 18
NEEDED = ("numba", "polars", "pyarrow")


def check_installed(command: str) -> None:
    """What runs paths is there; else InputError with how it is installed."""
    from importlib.util import find_spec

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        remedy = "make lab, or pip install '.[lab]', where Ringfence was cloned"
        raise InputError(command, f"needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed", remedy=remedy)


def read_pair(book: str, terms: str) -> "tuple[Book, PoolFile]":
    """A book and the terms file it goes with."""
    from ringfence.inputs.book import read_book
    from ringfence.inputs.pool_file import read_pool_file

    pool = read_pool_file(terms)
    return read_book(book, pool.collateral_decimals, pool.asset_decimals), pool


def bounds_of(max_es99_bps: str | None, max_prob: str | None) -> dict[str, float]:
    """The bounds that two options state, by the metrics that they bound; raises InputError for what is no number of 0 or more."""
    from ringfence.inputs.verdict import MAX_ES99, MAX_PROBABILITY

    stated = {}
    if max_es99_bps is not None:
        stated[MAX_ES99] = _number("--max-es99-bps", max_es99_bps, "give basis points of supply, 50 for half a percent")
    if max_prob is not None:
        stated[MAX_PROBABILITY] = part_of("--max-prob", max_prob)
    return stated


def _number(option: str, text: str, remedy: str) -> float:
    from ringfence.inputs.decimals import exact_scaled

    try:
        return exact_scaled(text, WAD_DIGITS, 10**12 * WAD) / WAD
    except NotExact as err:
        raise InputError(option, str(err), remedy=remedy) from err


def part_of(option: str, text: str) -> float:
    """A part of 0 to 1; raises InputError for anything else."""
    from ringfence.inputs.decimals import exact_scaled

    try:
        return exact_scaled(text, WAD_DIGITS, WAD + 1) / WAD
    except NotExact as err:
        raise InputError(option, str(err), remedy="give a decimal of 0 to 1") from err


def seconds_of(option: str, text: str) -> int:
    """A time in seconds; raises InputError for what is none."""
    from ringfence.inputs.toml_file import DURATION_REMEDY, seconds_in

    found = seconds_in(text)
    if found is None:
        raise InputError(option, f"'{printable(text)}' is not a time", remedy=DURATION_REMEDY)
    return found


def tell_compiler() -> None:
    """Says so if the engine is yet to be compiled."""
    from ringfence.lab.jitted import CACHE

    if not any(CACHE.rglob("*.nbi")):  # the folder itself is there as soon as the functions are read
        click.echo("notice: the engine is compiled first, once for this installation: about 20 seconds", err=True)


def say(console: "Console", line: str, style: str = "") -> None:
    """A sentence on as many lines as it takes, those after the first set in."""
    indent = line[: len(line) - len(line.lstrip())]
    for part in wrap(line, console.width, subsequent_indent=indent + "  ", break_on_hyphens=False):
        console.out(part, style=style or None, highlight=False)


@contextmanager
def watched(what: str, total: float | None) -> Iterator[Callable[..., None]]:
    """A bar on standard error while a person watches, changed by what it is told; for a log only a look whether a signal has come."""
    if not sys.stderr.isatty():
        yield lambda **_: heed()
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)

        def tell(**changed: Any) -> None:
            heed()
            bar.update(task, **changed)

        yield tell
