"""`ringfence replay`: reads the files, runs, shows, writes."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ringfence.cli.exit_codes import DONE
from ringfence.cli.signals import heed
from ringfence.inputs.errors import InputError, NotExact, printable

if TYPE_CHECKING:
    from ringfence.inputs.pool_file import PoolFile
    from ringfence.inputs.results import ReplayResult
    from ringfence.lab.replay import Engine

WORD = 2**256
SHORT_RUN = 20_000
"""Accounts and rows up to which a run is over before a bar could be read."""
Progress = Callable[[int, int], None]


@click.command("replay")
@click.option("--book", required=True, metavar="FILE", help="Accounts, collateral and debt in whole tokens: CSV, CSV.gz or Parquet.")
@click.option("--terms", required=True, metavar="FILE", help="The pool: TOML with [pool], [terms] and [rate].")
@click.option("--prices", required=True, metavar="FILE", help="Timestamps and prices, or candles: CSV, CSV.gz or Parquet.")
@click.option("--out", metavar="DIR", help="Folder for result.json and sales.csv; new, empty, or holding a former result.")
@click.option("--engine", type=click.Choice(["model", "chain"]), default="model", show_default=True, help="Exact model, or the contracts.")
@click.option("--max-paid-per-row", metavar="AMOUNT", help="Money of all buyers together in each row, in whole asset tokens.")
@click.option("--min-incentive", metavar="DECIMAL", help="Buyers flag the unhealthy and wait for this incentive, 0.03 for 3 %.")
@click.option("--column", type=click.Choice(["price", "close", "low", "high"]), help="Which prices; default price, else close.")
@click.option("--json", "as_json", is_flag=True, help="Print result.json on standard output and nothing else.")
def command(
    book: str,
    terms: str,
    prices: str,
    out: str | None,
    engine: str,
    max_paid_per_row: str | None,
    min_incentive: str | None,
    column: str | None,
    as_json: bool,
) -> int:
    """Sell a real book through a history of prices, exactly: worst positions first, row by row, and prove that the money balances."""
    from ringfence.cli.out_folder import check_out, write_out
    from ringfence.inputs.book import read_book
    from ringfence.inputs.pool_file import read_pool_file
    from ringfence.inputs.prices import read_prices
    from ringfence.inputs.results import write_replay
    from ringfence.lab.replay import replay

    if out is not None:
        check_out(Path(out), reads=(book, terms, prices))
    pool_engine = _engine(engine)
    pool = read_pool_file(terms)
    money = _money(max_paid_per_row, pool)
    least = None if min_incentive is None else _ratio("--min-incentive", min_incentive)
    loans = read_book(book, pool.collateral_decimals, pool.asset_decimals)
    history = read_prices(prices, pool.collateral_decimals, pool.asset_decimals, column)
    heed()
    for notice in (*pool.notices, *loans.notices, *history.notices):
        click.echo(f"notice: {notice}", err=True)
    with _progress(len(loans), len(history)) as progress:
        result = replay(loans, pool, history, engine=pool_engine, max_paid_per_row=money, min_incentive=least, progress=progress)
    for notice in result.notices:
        click.echo(f"notice: {notice}", err=True)
    if out is not None:
        write_out(Path(out), lambda folder: write_replay(result, folder))
    heed()
    if as_json:
        click.echo(result.to_json(), nl=False)
    _show(result, pool, len(loans), len(history), out, err=as_json)
    return DONE


def _engine(name: str) -> "Engine":
    if name == "chain":
        from ringfence.chain.engine import ChainEngine

        return ChainEngine()
    from ringfence.lab.model_engine import ModelEngine

    return ModelEngine()


def _money(text: str | None, pool: "PoolFile") -> int | None:
    """The money of a row in asset base units, cut to the token's decimals with a notice."""
    from ringfence.inputs.decimals import floor_scaled
    from ringfence.inputs.notices import cut_notice

    if text is None:
        return None
    try:
        amount, cut = floor_scaled(text, pool.asset_decimals, WORD)
    except NotExact as err:
        raise InputError("--max-paid-per-row", str(err), remedy="give whole asset tokens, a decimal of 0 or more") from err
    for notice in cut_notice("--max-paid-per-row", int(cut), "down"):
        click.echo(f"notice: {notice}", err=True)
    return amount


def _ratio(option: str, text: str) -> int:
    from ringfence.inputs.decimals import exact_scaled

    try:
        return exact_scaled(text, 18, WORD)
    except NotExact as err:
        raise InputError(option, str(err), remedy="give a decimal, 0.03 for 3 %") from err


@contextmanager
def _progress(accounts: int, rows: int) -> Iterator[Progress]:
    """A bar on standard error while a person watches; for a log or a short run only a look whether a signal has come."""
    if accounts + rows < SHORT_RUN or not sys.stderr.isatty():
        yield lambda *_: heed()
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("rows", total=rows)

        def show(done: int, _: int) -> None:
            heed()
            bar.update(task, completed=done)

        yield show


def _show(result: "ReplayResult", pool: "PoolFile", accounts: int, rows: int, out: str | None, *, err: bool) -> None:
    """The figures a person asks for first, in whole tokens."""
    from rich.console import Console

    from ringfence.cli.replay_table import counted, replay_table, verdict
    from ringfence.cli.show import show_table

    console = Console(stderr=err, highlight=False)
    options = result.options
    console.print(
        f"[bold]{_plain(pool.name)}[/bold]: {counted(accounts, 'account')}, {counted(rows, 'row')} of {options['column']}, "
        f"engine {options['engine']}"
    )
    show_table(console, replay_table(result, pool.asset_decimals, pool.collateral_decimals))
    console.print(verdict(result.pool, pool.asset_decimals), soft_wrap=True)
    if out is not None:
        console.print(f"written to {_plain(out)}", soft_wrap=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(printable(text, 200))
