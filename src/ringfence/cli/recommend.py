"""`ringfence recommend`: searches the terms that keep a bound, shows them, writes them with all that they rest on."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ringfence.cli.exit_codes import DONE, NO_ANSWER
from ringfence.cli.run_options import bounds_of, check_installed, part_of, read_pair, say, seconds_of, tell_compiler, watched
from ringfence.cli.signals import heed, held
from ringfence.inputs.errors import InputError, NoAnswer, printable
from ringfence.inputs.prices import PRICE_COLUMNS
from ringfence.inputs.varied_terms import VARIED

if TYPE_CHECKING:
    from ringfence.inputs.recommend_result import RecommendResult


@click.command("recommend")
@click.option("--book", "books", required=True, multiple=True, metavar="FILE", help="Accounts, collateral and debt.")
@click.option("--terms", "terms", required=True, multiple=True, metavar="FILE", help="The pool as it is, or is meant to be: TOML.")
@click.option("--scenario", required=True, metavar="FILE|NAME", help="How prices, oracle, market and people behave: TOML or a name.")
@click.option("--max-es99-bps", metavar="BP", help="Lenders' mean loss in the worst 1 % of futures, at most; bp of supply.")
@click.option("--max-prob", metavar="DECIMAL", help="The probability that lenders lose significantly, at most; 0 to 1.")
@click.option("--sure", is_flag=True, help="The whole 95 % interval must keep a bound, not only the figure itself.")
@click.option("--vary", required=True, metavar="TERM,...", help=f"What is searched, the most important first: {', '.join(VARIED)}.")
@click.option("--grid", "grids", multiple=True, metavar="TERM=...", help="Values: 0.8:0.9:0.01, or 0.8,0.85; liq_ltv=morpho. Repeatable.")
@click.option("--paths", type=int, default=10_000, show_default=True, metavar="N", help="How many futures.")
@click.option("--horizon", default="30d", show_default=True, metavar="TIME", help="How long each is: 12h, 30d, or seconds.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="The same seed, the same answer.")
@click.option("--out", required=True, metavar="DIR", help="Folder for the result; new, empty, or holding a former one.")
@click.option("--price", metavar="DECIMAL", help="Start price: whole asset tokens a whole collateral token.")
@click.option("--significant-loss", metavar="DECIMAL", default="0.01", show_default=True, help="Part of supply above which a loss counts.")
@click.option("--around/--no-around", default=True, show_default=True, help="Also look at what lies around the answer, for the report.")
@click.option("--history", "histories", multiple=True, metavar="FILE", help="Replay the book through these prices at the answer.")
@click.option("--column", type=click.Choice(PRICE_COLUMNS), help="Which prices of a history; default price, else close.")
@click.option("--threads", type=click.IntRange(1, 4096), metavar="N", help="Default: one for each processor; figures are the same.")
@click.option("--json", "as_json", is_flag=True, help="Print result.json on standard output and nothing else.")
def command(
    books: tuple[str, ...],
    terms: tuple[str, ...],
    scenario: str,
    max_es99_bps: str | None,
    max_prob: str | None,
    sure: bool,
    vary: str,
    grids: tuple[str, ...],
    paths: int,
    horizon: str,
    seed: int,
    out: str,
    price: str | None,
    significant_loss: str,
    around: bool,
    histories: tuple[str, ...],
    column: str | None,
    threads: int | None,
    as_json: bool,
) -> int:
    """Find the terms that a pool can bear: for each in turn the furthest value at which what lenders lose stays within the bound.

    Exit code 3 if no terms of the grids keep it.
    """
    from ringfence.cli.out_folder import check_out, write_out
    from ringfence.cli.report_beside import report_beside
    from ringfence.inputs.prices import read_prices
    from ringfence.inputs.recommend_result import write_recommend
    from ringfence.inputs.scenario_file import read_scenario
    from ringfence.inputs.start_price import start_price
    from ringfence.inputs.verdict import MAX_ES99, MAX_PROBABILITY

    check_out(Path(out), reads=(*books, *terms, scenario, *histories))
    if len(books) != 1 or len(terms) != 1:
        raise InputError("--book", f"{len(books)} books and {len(terms)} terms files", remedy="one pool is looked at: give one of each")
    stated, seconds, limit = (
        bounds_of(max_es99_bps, max_prob),
        seconds_of("--horizon", horizon),
        part_of("--significant-loss", significant_loss),
    )
    given = _grids(grids)
    check_installed("recommend")
    world = read_scenario(scenario)
    book, pool = read_pair(books[0], terms[0])
    start = start_price(price, world, book, pool)
    past = [read_prices(file, pool.collateral_decimals, pool.asset_decimals, column) for file in histories]
    heed()
    for notice in (*pool.notices, *book.notices, *(line for read in past for line in read.notices)):
        click.echo(f"notice: {notice}", err=True)

    from ringfence.lab.recommend import recommend

    tell_compiler()
    try:
        # As in a stress run a signal is recorded, and raised where the progress is told.
        with held(), watched("terms", 1.0) as tell:
            result = recommend(
                book,
                pool,
                world,
                vary=vary,
                max_es99_bps=stated.get(MAX_ES99),
                max_prob=stated.get(MAX_PROBABILITY),
                sure=sure,
                start_price=start,
                paths=paths,
                horizon=seconds,
                seed=seed,
                grids=given,
                significant=limit,
                threads=threads,
                around=around,
                histories=past,
                progress=lambda text, part: tell(description=text, completed=part),
            )
    except NoAnswer as err:
        heed()
        click.echo(f"ringfence: no answer: {err}", err=True)
        return NO_ANSWER
    for notice in result.notices:
        click.echo(f"notice: {notice}", err=True)
    write_out(Path(out), lambda folder: write_recommend(result, folder))
    report_beside(Path(out))
    heed()
    if as_json:
        click.echo(result.to_json(), nl=False)
    _show(result, out, err=as_json)
    return DONE


def _grids(texts: Sequence[str]) -> dict[str, str]:
    """The grid of each term, as it was given."""
    from ringfence.inputs.grids import OPTION, REMEDY

    found: dict[str, str] = {}
    for text in texts:
        name, sign, values = (part.strip() for part in text.partition("="))
        if not sign:
            raise InputError(OPTION, f"'{printable(text)}' names no term", remedy=f"write TERM=...: {REMEDY}")
        if name in found:
            raise InputError(OPTION, f"{printable(name)} has two grids", remedy="give each term one")
        found[name] = values
    return found


def _show(result: "RecommendResult", out: str, *, err: bool) -> None:
    """The answers, what binds, what one step further costs, and how far all of it can be trusted."""
    from rich.console import Console
    from rich.markup import escape

    from ringfence.cli.recommend_table import answers_table, figures, heading, last_word
    from ringfence.cli.show import show_table

    console = Console(stderr=err, highlight=False)
    for line in heading(result):
        say(console, line)
    console.print()
    show_table(console, answers_table(result))
    console.print()
    show_table(console, figures(result))
    console.print()
    for answer in result.answers:
        if answer.next is not None:
            say(console, answer.next.cost)
    for line, style in last_word(result):
        say(console, line, style)
    console.print(f"written to {escape(printable(out, 200))}", soft_wrap=True)
