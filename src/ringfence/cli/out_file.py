"""A result file that an option names: written beside its place and renamed at the end, so that it is there whole or not at all."""

import os
from pathlib import Path

from ringfence.cli.signals import heed, held, keep
from ringfence.inputs.errors import InputError, printable

STANDARD_OUTPUT = "-"


def check_out_file(path: str, option: str) -> None:
    """A file may be written there, as far as can be seen before the work is done; else InputError."""
    if path == STANDARD_OUTPUT:
        return
    if not path:
        raise InputError(option, "is empty", remedy="name a file")
    try:
        if os.path.isdir(path):
            raise InputError(path, "is a folder", column=option, remedy="name a file in it")
        if not _is_stream(path):
            _check_folder(path, option)
    except (OSError, ValueError) as err:
        raise _refused(path, option, err) from err


def write_out_file(path: str, text: str, option: str) -> None:
    """Put the text there, or on standard output for "-"; whatever goes wrong, a former file is as before. Raises InputError where the
    system refuses, a full disk among others."""
    heed()
    if path == STANDARD_OUTPUT:
        print(text, end="", flush=True)
        return
    check_out_file(path, option)
    try:
        if _is_stream(path):
            Path(path).write_text(text, encoding="utf-8")
        else:
            with held():
                _replace(Path(os.path.realpath(path)), text)
                keep(printable(path, 200))
    except (OSError, ValueError) as err:
        raise _refused(path, option, err) from err


def _is_stream(path: str) -> bool:
    """A device or a pipe: no file can take its place, and nothing in it could stay half-written."""
    return os.path.exists(path) and not os.path.isfile(path)


def _check_folder(path: str, option: str) -> None:
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise InputError(path, "its folder does not exist", column=option, remedy="make the folder first or name another")
    if not os.access(folder, os.W_OK):
        raise InputError(path, "its folder cannot be written", column=option, remedy="name a file in a folder that can be written")


def _replace(target: Path, text: str) -> None:
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with open(fresh, "x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        heed()
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def _refused(path: str, option: str, err: Exception) -> InputError:
    reason = (err.strerror or type(err).__name__).lower() if isinstance(err, OSError) else str(err)
    return InputError(path, f"cannot be written: {reason}", column=option, remedy="name a file that can be written")
