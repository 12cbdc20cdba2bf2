"""The start of the command line: runs it, and turns what it raises into one line and an exit code.

Nothing is imported before `run` can answer for it, so that Ctrl-C is one line at any time.
"""

import io
import os
import sys

from ringfence.cli import signals
from ringfence.cli.exit_codes import BAD_INPUT, FAILED, INTERRUPTED
from ringfence.cli.stops import Interrupted, Misuse
from ringfence.inputs.errors import InputError, printable

DEBUG = "RINGFENCE_DEBUG"


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits; one line on standard error says what went wrong, RINGFENCE_DEBUG=1 shows where."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A sign that the terminal does not know is shown by its number, as on standard error; results are plain ASCII anyway.
        sys.stdout.reconfigure(errors="backslashreplace")
    signals.catch()  # for good: when the command is over, a signal that comes late changes nothing of its answer
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    with signals.caught():
        try:
            code, message = _outcome(arguments)
            signals.hold()
        except KeyboardInterrupt:
            signals.hold()
            code, message = INTERRUPTED, signals.said(INTERRUPTED - 128)
        # Whatever a command that was asked to stop has made of it: an interruption that was dropped, or turned into another error.
        code, message = signals.outcome() or (code, message)
        if message:
            print(f"ringfence: {message}", file=sys.stderr)
    return code


def _outcome(arguments: list[str] | None) -> tuple[int, str]:
    """The exit code, and the line that says what went wrong if anything did; KeyboardInterrupt is let through."""
    try:
        from ringfence.cli.commands import invoke

        code = invoke(arguments)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0, ""
    except Interrupted as err:
        raise KeyboardInterrupt from err
    except (InputError, Misuse) as err:
        return BAD_INPUT, str(err)
    except BrokenPipeError:
        # Whoever read the output has left: there is nobody to tell.
        _drop_output()
        return FAILED, ""
    except OSError as err:
        _drop_output()
        return BAD_INPUT, f"the system refuses: {printable(str(err), 200)}"
    except Exception as err:
        if os.environ.get(DEBUG):
            raise
        return FAILED, f"internal error: {type(err).__name__}: {printable(str(err), 300)}; please report it, {DEBUG}=1 shows where"


def _drop_output() -> None:
    """Nothing more goes to standard output, not even what is still held back for it: the interpreter would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
