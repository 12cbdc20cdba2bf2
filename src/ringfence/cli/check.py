"""`ringfence check`: whether a contract would take a terms file, how near each term is to its bound, and what the terms mean."""

from typing import TYPE_CHECKING

import click

from ringfence.cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    from ringfence.inputs.check import CheckResult


@click.command("check")
@click.argument("terms", metavar="TERMS.toml")
@click.option("--json", "as_json", is_flag=True, help="Print the result on standard output and nothing else.")
def command(terms: str, as_json: bool) -> int:
    """Hold a terms file against every bound of a contract, and say what the terms mean.

    Shows the headroom of each bound; exits with 1 if any is broken, and then tells all of them.
    """
    from ringfence.inputs.check import check_pool
    from ringfence.inputs.pool_file import read_pool_file

    pool = read_pool_file(terms)
    for notice in pool.notices:
        click.echo(f"notice: {notice}", err=True)
    result = check_pool(pool)
    if as_json:
        click.echo(result.to_json(), nl=False)
    _show(result, err=as_json)
    return DONE if result.holds else FAILED


def _show(result: "CheckResult", *, err: bool) -> None:
    from rich.console import Console

    from ringfence.cli.check_text import CheckText

    CheckText(Console(stderr=err, highlight=False, emoji=False), result).show()
