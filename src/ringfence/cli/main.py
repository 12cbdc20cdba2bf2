"""The command line: finds a command, runs it, and turns what it raises into one line and an exit code.

Commands are named in `COMMANDS` and imported only when one is run, so that `ringfence --help` starts at once.
"""

import importlib
import os
import sys

import click

from ringfence.cli.exit_codes import BAD_INPUT, FAILED, INTERRUPTED
from ringfence.inputs.errors import InputError, printable

COMMANDS = {
    "check": ("ringfence.cli.check", "Hold a terms file against every bound, and say what the terms mean."),
    "demo": ("ringfence.cli.demo", "Two pools, one crash: sales on the embedded chain, printed as they happen."),
    "init": ("ringfence.cli.init", "Put commented terms, a book and prices into a folder, to start from."),
    "replay": ("ringfence.cli.replay", "Sell a real book through a history of prices, exactly."),
}
"""Name: (module that holds it as `command`, its line in the help)."""
DEBUG = "RINGFENCE_DEBUG"


class Interrupted(Exception):
    """Ctrl-C while a command ran; click would answer with a line of its own."""


class Commands(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command if isinstance(command, click.Command) else None

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


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits; one line on standard error says what went wrong, RINGFENCE_DEBUG=1 shows where."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    try:
        code = ringfence.main(arguments, prog_name="ringfence", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (Interrupted, KeyboardInterrupt, click.Abort):
        return _fail("interrupted; nothing was written", INTERRUPTED)
    except InputError as err:
        return _fail(str(err), BAD_INPUT)
    except click.exceptions.NoArgsIsHelpError as err:
        err.show()
        return BAD_INPUT
    except click.ClickException as err:
        return _fail(_usage(err), BAD_INPUT)
    except BrokenPipeError:
        # Whoever read the output has left: there is nobody to tell.
        _drop_output()
        return FAILED
    except OSError as err:
        _drop_output()
        return _fail(f"the system refuses: {printable(str(err), 200)}", BAD_INPUT)
    except Exception as err:
        if os.environ.get(DEBUG):
            raise
        return _fail(f"internal error: {type(err).__name__}: {printable(str(err), 300)}; please report it, {DEBUG}=1 shows where", FAILED)


def _drop_output() -> None:
    """Nothing more goes to standard output, not even what is still held back for it: the interpreter would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage(err: click.ClickException) -> str:
    """What is wrong with the command, and where its help is, on one line."""
    context = err.ctx if isinstance(err, click.UsageError) else None
    path = context.command_path if context else "ringfence"
    return f"{' '.join(err.format_message().split())} See '{path} --help'."


def _fail(message: str, code: int) -> int:
    print(f"ringfence: {message}", file=sys.stderr)
    return code
