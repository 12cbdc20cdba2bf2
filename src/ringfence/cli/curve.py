"""`ringfence curve`: reads a book and its terms, holds them against falling prices, shows, writes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ringfence.cli.exit_codes import DONE
from ringfence.cli.signals import heed
from ringfence.inputs.errors import InputError, NotExact, printable

if TYPE_CHECKING:
    from ringfence.inputs.curve_result import CurveResult
    from ringfence.inputs.pool_file import PoolFile

WORD = 2**256


@click.command("curve")
@click.option("--book", required=True, metavar="FILE", help="Accounts, collateral and debt in whole tokens: CSV, CSV.gz or Parquet.")
@click.option("--terms", required=True, metavar="FILE", help="The pool: TOML with [pool], [terms] and [rate].")
@click.option("--price", required=True, metavar="DECIMAL", help="The price to begin at: whole asset tokens for one whole collateral.")
@click.option("--shock-step", metavar="DECIMAL", help="From one fall of the price to the next, 0.01 for 1 %; default 0.05.")
@click.option("--out", metavar="DIR", help="Folder for result.json and curve.csv; new, empty, or holding a former result.")
@click.option("--json", "as_json", is_flag=True, help="Print result.json on standard output and nothing else.")
def command(book: str, terms: str, price: str, shock_step: str | None, out: str | None, as_json: bool) -> int:
    """Show which debt becomes liquidatable at a price and at falls below it, and what would be lost: exact, position by position."""
    from ringfence.cli.out_folder import check_out, write_out
    from ringfence.inputs.book import read_book
    from ringfence.inputs.curve_result import write_curve
    from ringfence.inputs.pool_file import read_pool_file
    from ringfence.ladder.survey import DEFAULT_STEP, survey

    if out is not None:
        check_out(Path(out), reads=(book, terms))
    pool = read_pool_file(terms)
    first = _price(price, pool)
    step = DEFAULT_STEP if shock_step is None else _step(shock_step)
    loans = read_book(book, pool.collateral_decimals, pool.asset_decimals)
    heed()
    for notice in (*pool.notices, *loans.notices):
        click.echo(f"notice: {notice}", err=True)
    result = survey(loans, pool, first, shock_step=step, progress=lambda *_: heed())
    for notice in result.notices:
        click.echo(f"notice: {notice}", err=True)
    if out is not None:
        write_out(Path(out), lambda folder: write_curve(result, folder))
    heed()
    if as_json:
        click.echo(result.to_json(), nl=False)
    _show(result, pool, out, err=as_json)
    return DONE


def _price(text: str, pool: "PoolFile") -> int:
    """The price in base units, times 1e36."""
    from ringfence.inputs.decimals import floor_scaled

    try:
        price, _ = floor_scaled(text, 36 + pool.asset_decimals - pool.collateral_decimals, WORD)
    except NotExact as err:
        raise InputError("--price", str(err), remedy="give the price of a whole collateral token in whole asset tokens") from err
    if price == 0:
        raise InputError(
            "--price", "is not above 0 in base units", remedy="give the price of a whole collateral token in whole asset tokens"
        )
    return price


def _step(text: str) -> int:
    from ringfence.inputs.decimals import exact_scaled

    try:
        return exact_scaled(text, 18, WORD)
    except NotExact as err:
        raise InputError("--shock-step", str(err), remedy="give a decimal, 0.05 for 5 %") from err


def _show(result: "CurveResult", pool: "PoolFile", out: str | None, *, err: bool) -> None:
    """The curve as a table, and what it comes to."""
    from rich.console import Console
    from rich.markup import escape

    from ringfence.cli.curve_table import curve_table, heading, remarks
    from ringfence.cli.show import show_table

    console = Console(stderr=err, highlight=False)
    console.print(f"[bold]{escape(printable(pool.name, 200))}[/bold]: {heading(result, pool)}", soft_wrap=True)
    show_table(console, curve_table(result, pool.asset_decimals, pool.collateral_decimals))
    for remark in remarks(result, pool.asset_decimals):
        console.print(remark, soft_wrap=True)
    if out is not None:
        console.print(f"written to {escape(printable(out, 200))}", soft_wrap=True)
