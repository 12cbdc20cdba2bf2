"""`ringfence stress`: reads pools and a scenario, runs many futures, shows, writes."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ringfence.cli.exit_codes import DONE, FAILED
from ringfence.cli.run_options import bounds_of, check_installed, part_of, read_pair, say, seconds_of, tell_compiler, watched
from ringfence.cli.signals import heed, held
from ringfence.inputs.errors import InputError, printable
from ringfence.inputs.prices import PRICE_COLUMNS
from ringfence.lab.stress import ENGINES, FAST

if TYPE_CHECKING:
    from ringfence.inputs.book import Book
    from ringfence.inputs.pool_file import PoolFile
    from ringfence.inputs.scenario import Scenario
    from ringfence.inputs.start_price import StartPrice
    from ringfence.inputs.stress_result import StressResult


@click.command("stress")
@click.option("--book", "books", required=True, multiple=True, metavar="FILE", help="Accounts, collateral and debt; once for each pool.")
@click.option("--terms", "terms", required=True, multiple=True, metavar="FILE", help="The pool: TOML; once for each book, in their order.")
@click.option("--scenario", required=True, metavar="FILE|NAME", help="How prices, oracle, market and people behave: TOML or a name.")
@click.option("--paths", type=int, default=10_000, show_default=True, metavar="N", help="How many futures.")
@click.option("--horizon", default="30d", show_default=True, metavar="TIME", help="How long each is: 12h, 30d, or seconds.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="The same seed, the same figures.")
@click.option("--out", metavar="DIR", help="Folder for result.json and paths.parquet; new, empty, or holding a former result.")
@click.option("--price", "prices", multiple=True, metavar="DECIMAL", help="Start price in whole tokens, once for each pool.")
@click.option("--correlation", metavar="DECIMAL", help="Between the moves of several pools' prices, 0 to 1; default as the scenario says.")
@click.option("--collateral-from", "links", multiple=True, metavar="2=1", help="Pool 2 lends against lender shares of pool 1.")
@click.option("--significant-loss", metavar="DECIMAL", default="0.01", show_default=True, help="Part of supply above which a loss counts.")
@click.option("--max-es99-bps", metavar="BP", help="Exit code 1 if lenders lose more on average in the worst 1 % of futures.")
@click.option("--max-prob", metavar="DECIMAL", help="Exit code 1 if a significant loss of lenders is likelier; 0 to 1.")
@click.option("--definition", "definitions", multiple=True, metavar="NAME", help="Add metrics as a peer defines them: gauntlet, chaos, ...")
@click.option("--causes/--no-causes", default=True, show_default=True, help="Run the same paths without each cause of loss, too.")
@click.option("--around", is_flag=True, help="Other liquidation LTVs and depths, and every scenario that ships, too: one pool.")
@click.option("--history", "histories", multiple=True, metavar="FILE", help="Replay the book through these prices, too; repeatable.")
@click.option("--column", type=click.Choice(PRICE_COLUMNS), help="Which prices of a history; default price, else close.")
@click.option("--threads", type=click.IntRange(1, 4096), metavar="N", help="Default: one for each processor; figures are the same.")
@click.option("--scheduler", metavar="tcp://...", help="Run on a Dask cluster instead; figures are the same.")
@click.option("--engine", type=click.Choice(ENGINES), default=FAST, show_default=True, help="Exact: loan by loan in integers, slowly.")
@click.option("--json", "as_json", is_flag=True, help="Print result.json on standard output and nothing else.")
def command(
    books: tuple[str, ...],
    terms: tuple[str, ...],
    scenario: str,
    paths: int,
    horizon: str,
    seed: int,
    out: str | None,
    prices: tuple[str, ...],
    correlation: str | None,
    links: tuple[str, ...],
    significant_loss: str,
    max_es99_bps: str | None,
    max_prob: str | None,
    definitions: tuple[str, ...],
    causes: bool,
    around: bool,
    histories: tuple[str, ...],
    column: str | None,
    threads: int | None,
    scheduler: str | None,
    engine: str,
    as_json: bool,
) -> int:
    """Run a pool, or several under one factor and one backstop, through thousands of futures: what is lost, how surely, and to what."""
    from ringfence.cli.out_folder import check_out, write_out
    from ringfence.cli.report_beside import report_beside
    from ringfence.inputs.prices import read_prices
    from ringfence.inputs.scenario_file import read_scenario
    from ringfence.inputs.stress_result import write_stress

    if out is not None:
        check_out(Path(out), reads=(*books, *terms, scenario, *histories))
    _check_pairs(books, terms, prices)
    below = _below(links, len(books))
    seconds, limit = seconds_of("--horizon", horizon), part_of("--significant-loss", significant_loss)
    stated = bounds_of(max_es99_bps, max_prob)
    check_installed("stress")
    world = _with_correlation(read_scenario(scenario), correlation)
    pools = [read_pair(book, file) for book, file in zip(books, terms, strict=True)]
    starts = _starts(pools, prices, world, below)
    past = [read_prices(file, pools[0][1].collateral_decimals, pools[0][1].asset_decimals, column) for file in histories]
    heed()
    for notice in (notice for read in (*(part for book, pool in pools for part in (pool, book)), *past) for notice in read.notices):
        click.echo(f"notice: {notice}", err=True)

    from ringfence.lab.stress import stress

    tell_compiler()
    # A signal must not raise within the locks of a thread pool: it is recorded, and raised where the progress is told. A cluster may fall
    # silent, and then nothing is told.
    with held() if scheduler is None else nullcontext(), watched("paths", None) as tell:
        result = stress(
            pools,
            world,
            start_prices=starts,
            paths=paths,
            horizon=seconds,
            seed=seed,
            threads=threads,
            scheduler=scheduler,
            engine=engine,
            notify=lambda line: click.echo(f"notice: {line}", err=True),
            progress=lambda done, total: tell(completed=done, total=total),
            causes=causes,
            collateral_from=below if links else None,
            definitions=definitions,
            significant=limit,
            bounds=stated,
            around=around,
            histories=past,
        )
    for notice in result.notices:
        click.echo(f"notice: {notice}", err=True)
    if out is not None:
        write_out(Path(out), lambda folder: write_stress(result, folder))
        report_beside(Path(out))
    heed()
    if as_json:
        click.echo(result.to_json(), nl=False)
    _show(result, out, err=as_json)
    return FAILED if result.verdict().is_broken else DONE


def _check_pairs(books: Sequence[str], terms: Sequence[str], prices: Sequence[str]) -> None:
    if len(books) != len(terms):
        raise InputError("--book", f"{len(books)} books and {len(terms)} terms files", remedy="give each book its terms, in the same order")
    if prices and len(prices) != len(books):
        raise InputError("--price", f"{len(prices)} prices for {len(books)} pools", remedy="give one for each pool, or none")


def _below(links: Sequence[str], count: int) -> list[int]:
    """For each pool the place of the one whose lender shares are its collateral, -1 for none."""
    below = [-1] * count
    for link in links:
        above, sign, source = link.partition("=")
        if not (sign and above.isdecimal() and source.isdecimal() and 1 <= int(source) < int(above) <= count):
            remedy = "2=1 says that the collateral of the second pool is lender shares of the first, which comes before it"
            raise InputError("--collateral-from", f"'{printable(link)}' is no pair of these pools", remedy=remedy)
        below[int(above) - 1] = int(source) - 1
    return below


def _starts(
    pools: "Sequence[tuple[Book, PoolFile]]", prices: Sequence[str], scenario: "Scenario", below: Sequence[int]
) -> "list[StartPrice]":
    """The price of each pool's collateral; a share of a pool begins at what it is a claim on."""
    from ringfence.inputs.start_price import start_price

    given: list[str | None] = list(prices) or ["1" if source >= 0 else None for source in below]
    return [start_price(price, scenario, book, pool) for price, (book, pool) in zip(given, pools, strict=True)]


def _with_correlation(scenario: "Scenario", text: str | None) -> "Scenario":
    from dataclasses import replace

    return scenario if text is None else replace(scenario, correlation=part_of("--correlation", text))


def _show(result: "StressResult", out: str | None, *, err: bool) -> None:
    """The figures a person asks for first, what explains them, and how far they can be trusted."""
    from rich.console import Console
    from rich.markup import escape

    from ringfence.cli.show import show_table
    from ringfence.cli.stress_more import bound_lines, more_blocks
    from ringfence.cli.stress_table import blocks, claim_lines, heading, last_word, pools_table

    console = Console(stderr=err, highlight=False)
    for line in heading(result):
        say(console, line)
    for title, table in blocks(result):
        console.print(f"\n[bold]{title}[/bold]")
        show_table(console, table)
    if len(result.pools) > 1:
        console.print("\n[bold]pool by pool[/bold]")
        show_table(console, pools_table(result))
    for title, table in more_blocks(result):
        console.print(f"\n[bold]{title}[/bold]")
        show_table(console, table)
    console.print()
    for line, style in (*claim_lines(result), *bound_lines(result), last_word(result)):
        say(console, line, style)
    if out is not None:
        console.print(f"written to {escape(printable(out, 200))}", soft_wrap=True)
