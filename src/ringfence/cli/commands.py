"""The commands of the command line: named here, imported only when one is run, so that `ringfence --help` starts at once."""

import importlib
from typing import Any

import click

from ringfence.cli.exit_codes import BAD_INPUT
from ringfence.cli.stops import Interrupted, Misuse

COMMANDS = {
    "check": ("ringfence.cli.check", "Hold a terms file against every bound, and say what the terms mean."),
    "curve": ("ringfence.cli.curve", "Which debt becomes liquidatable at which price, and what would be lost."),
    "demo": ("ringfence.cli.demo", "Three pools, one crash: sales on the embedded chain, printed as they happen."),
    "deploy": ("ringfence.cli.deploy", "Put a pool on a chain: says what it would do, does it with --yes."),
    "init": ("ringfence.cli.init", "Put commented terms, a book, prices and a scenario into a folder, to start from."),
    "pool": ("ringfence.cli.pool", "Look at a deployed pool, lend to it, borrow from it."),
    "recommend": ("ringfence.cli.recommend", "Find the terms that a pool can bear under a bound on lenders' losses."),
    "report": ("ringfence.cli.report", "Draw a result as one page, and say whether it keeps its bounds."),
    "replay": ("ringfence.cli.replay", "Sell a real book through a history of prices, exactly."),
    "stress": ("ringfence.cli.stress", "Run a pool through thousands of futures, and say what is lost and why."),
}
"""Name: (module that holds it as `command`, its line in the help)."""


class Commands(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command if isinstance(command, click.Command) else None

    def make_context(self, *args: Any, **given: Any) -> click.Context:
        try:
            return super().make_context(*args, **given)
        except KeyboardInterrupt as err:
            raise Interrupted from err

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as err:
            raise Interrupted from err

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, asked: _show_version(ctx, asked),
    help="Show the version and exit.",
)
def ringfence() -> None:
    """Isolated lending pools: liquidation rules that are exact, tested on real books and real crashes.

    Exit codes: 0 done, 1 a check or verdict failed, 2 bad input, 3 no answer exists.
    """


def _show_version(context: click.Context, asked: bool) -> None:
    if asked:
        from ringfence.inputs.results import our_version

        click.echo(f"ringfence {our_version()}")
        context.exit()


def invoke(arguments: list[str] | None) -> object:
    """Runs the command that the arguments name and returns what it returns; raises Misuse for arguments that name none, Interrupted on
    Ctrl-C, and whatever the command raises."""
    try:
        return ringfence.main(arguments, prog_name="ringfence", standalone_mode=False)
    except click.Abort as err:
        raise Interrupted from err
    except click.exceptions.NoArgsIsHelpError as err:
        err.show()
        return BAD_INPUT
    except click.ClickException as err:
        raise Misuse(_usage(err)) from err


def _usage(err: click.ClickException) -> str:
    """What is wrong with the command, and where its help is, on one line."""
    context = err.ctx if isinstance(err, click.UsageError) else None
    path = context.command_path if context else "ringfence"
    return f"{' '.join(err.format_message().split())} See '{path} --help'."
