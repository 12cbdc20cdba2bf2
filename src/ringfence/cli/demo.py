"""`ringfence demo`: plays the samples that ship, shows what happens as it happens, writes the result file."""

from typing import TYPE_CHECKING

import click

from ringfence.cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    from ringfence.decisions.buyer import Buyer

OPTION = "--json"


@click.command("demo")
@click.option(OPTION, "file", is_flag=False, flag_value="-", metavar="[FILE]", help="Write the result to FILE, or to standard output.")
def command(file: str | None) -> int:
    """Three pools on an embedded chain, one of them through a crash: who pays, in which order, and the proof that another never noticed.

    Everything runs in this process on the contracts that ship, with synthetic books: no node, no compiler, no network. Exits with 1 if an
    amount does not balance or the calm pool was touched.
    """
    from rich.console import Console

    from ringfence.chain.demo import run_demo
    from ringfence.cli.demo_text import DemoText
    from ringfence.cli.out_file import check_out_file, write_out_file
    from ringfence.inputs.samples import CALM, DOUBTFUL, FALLING, insured, read_sample
    from ringfence.lab.shared_side import shared_side

    if file is not None:
        check_out_file(file, OPTION)
    falling, calm, doubtful = (insured(read_sample(name)) for name in (FALLING, CALM, DOUBTFUL))
    buyer = _buyer()
    text = DemoText(Console(stderr=file is not None, highlight=False, emoji=False), (falling, doubtful, calm), buyer)
    text.opening()
    result = run_demo(falling, calm, doubtful, buyer, text.step)
    text.ending(result, shared_side([calm, falling], buyer))
    if file is not None:
        write_out_file(file, result.to_json(), OPTION)
        text.written(file)
    return DONE if result.holds else FAILED


def _buyer() -> "Buyer":
    """Asks 1 %, and 0.5 % more for each 100,000 USDC of payment, 5 % at most."""
    from ringfence.decisions.buyer import Buyer

    return Buyer(least=10**16, slope=5 * 10**15 // 10**11, most=5 * 10**16)
