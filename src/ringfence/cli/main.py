"""The start of the command line: runs it, and turns what it raises into one line and an exit code.

Nothing is imported before `run` can answer for it, so that Ctrl-C is one line at any time.
"""

import io
import os
import sys

from ringfence.cli.exit_codes import BAD_INPUT, FAILED, INTERRUPTED
from ringfence.cli.stops import Interrupted, Misuse
from ringfence.inputs.errors import InputError, printable

DEBUG = "RINGFENCE_DEBUG"


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits; one line on standard error says what went wrong, RINGFENCE_DEBUG=1 shows where."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A sign that the terminal does not know is shown by its number, as on standard error; results are plain ASCII anyway.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    try:
        from ringfence.cli.commands import invoke

        code = invoke(arguments)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (Interrupted, KeyboardInterrupt):
        return _fail("interrupted; nothing was written", INTERRUPTED)
    except (InputError, Misuse) as err:
        return _fail(str(err), BAD_INPUT)
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


def _fail(message: str, code: int) -> int:
    print(f"ringfence: {message}", file=sys.stderr)
    return code
