"""Ctrl-C and SIGTERM: recorded before they are raised, so that none is lost.

What a signal's handler raises is dropped without a word where C code calls Python and takes no answer: in finalisers, callbacks, closing
generators. So the record decides, not the exception: it is looked at before anything is written, and before success is returned.
A process has one set of handlers, so this is a module's state and no object's.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
ENDS_BY_DEFAULT = (signal.default_int_handler, signal.SIG_DFL)

_asked: list[int] = []
_holds: list[None] = []
_kept: list[str] = []


def catch() -> dict[int, Any]:
    """Takes over the signals that would end the process, not those it is told to ignore, and returns their former handlers."""
    former = {number: signal.getsignal(number) for number in WORDS}
    taken: dict[int, Any] = {number: handler for number, handler in former.items() if handler in ENDS_BY_DEFAULT}
    for number in taken:
        signal.signal(number, _record)
    return taken


@contextmanager
def caught() -> Iterator[None]:
    """As `catch`, for a while; nothing is recorded at its start, and at its end all is as it was."""
    for record in (_asked, _holds, _kept):
        record.clear()
    former = catch()
    report, sys.unraisablehook = sys.unraisablehook, _without_interruptions
    try:
        yield
    finally:
        sys.unraisablehook = report
        for number, handler in former.items():
            signal.signal(number, handler)


def heed() -> None:
    """Raises KeyboardInterrupt if a signal has come, whatever became of the one that its handler raised."""
    if _asked:
        raise KeyboardInterrupt


@contextmanager
def held() -> Iterator[None]:
    """A signal that comes in here is recorded and raised at the end, so that what is begun is finished or taken back."""
    _holds.append(None)
    try:
        heed()
        yield
    finally:
        _holds.pop()
    heed()


def hold() -> None:
    """From now on signals are recorded only: the command is over."""
    _holds.append(None)


def keep(path: str) -> None:
    """Notes that a result is in place, which no signal takes back."""
    _kept.append(path)


def outcome() -> tuple[int, str] | None:
    """The exit code and the line of the first signal that came; None if none has."""
    if not _asked:
        return None
    return 128 + _asked[0], said(_asked[0])


def said(number: int) -> str:
    """The line for a command that this signal has stopped."""
    return f"{WORDS[signal.Signals(number)]}; {', '.join(_kept) + ' is complete' if _kept else 'nothing was written'}"


def _record(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  the signature of a handler
    _asked.append(number)
    if not _holds:
        raise KeyboardInterrupt


def _without_interruptions(lost: Any) -> None:
    """Of an exception that is dropped the interpreter tells on standard error; of an interruption we tell ourselves."""
    if lost.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(lost)
