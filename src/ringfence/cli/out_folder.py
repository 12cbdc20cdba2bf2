"""The folder that --out names: written beside its place and renamed at the end, so that it is there whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ringfence.cli.signals import heed, held, keep
from ringfence.inputs.errors import InputError, printable
from ringfence.inputs.results import is_result_folder

OPTION = "--out"


def check_out(folder: Path, option: str | None = OPTION, reads: Iterable[str] = ()) -> None:
    """A result may go there: the folder is absent, empty, or holds a former result and nothing else, and none of the files that are read;
    else InputError."""
    try:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise InputError(folder, "is not a folder", column=option, remedy="name a new folder")
        above = next(parent for parent in folder.absolute().parents if parent.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            raise InputError(
                folder, f"'{printable(str(above), 200)}' is no folder to write in", column=option, remedy="name a folder elsewhere"
            )
        if folder.exists() and any(folder.iterdir()) and not is_result_folder(folder):
            raise InputError(
                folder, "holds other files", column=option, remedy="name a new folder, an empty one, or one with a former result only"
            )
        if folder.exists() and folder.samefile("."):
            raise InputError(folder, "is the folder you are in, which a result would replace", column=option, remedy="name another")
        for file in reads:
            if folder.exists() and Path(file).exists() and folder.resolve() in Path(file).resolve().parents:
                reason = f"holds {printable(file, 200)}, which is read and would be replaced"
                raise InputError(folder, reason, column=option, remedy="name another folder")
    except (OSError, ValueError) as err:
        raise _refused(folder, option, err) from err


def write_out(folder: Path, write: Callable[[Path], None], option: str | None = OPTION) -> None:
    """Lets `write` fill a new folder and puts it in place of `folder`; whatever goes wrong, `folder` is as before.

    Raises InputError where the system refuses, a full disk among others. A signal waits: before the folder is in its place it undoes all,
    later it undoes nothing.
    """
    check_out(folder, option)
    path = folder.absolute()
    try:
        with held(), _folders_above(path):
            fresh = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
            try:
                write(fresh)
                fresh.chmod(0o777 & ~_umask())
                heed()
                _replace(path, fresh)
                keep(printable(os.fspath(folder), 200))
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
    except OSError as err:
        raise _refused(folder, option, err) from err


@contextmanager
def _folders_above(path: Path) -> Iterator[None]:
    """Makes the folders above that are missing, and takes them back if the work in them fails."""
    missing = [parent for parent in path.parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for parent in missing:
            with suppress(OSError):  # somebody else uses it, or it was never made
                parent.rmdir()
        raise


def _replace(folder: Path, fresh: Path) -> None:
    """Renames the fresh folder into place; a former result steps aside first and comes back if that fails."""
    if not folder.exists():
        fresh.rename(folder)
        return
    former = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        folder.rename(former)
        fresh.rename(folder)
    except BaseException:
        if not folder.exists():
            former.rename(folder)
        raise
    finally:
        shutil.rmtree(former, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _refused(folder: Path, option: str | None, err: OSError | ValueError) -> InputError:
    reason = (err.strerror or type(err).__name__).lower() if isinstance(err, OSError) else str(err)
    return InputError(folder, f"cannot be written: {reason}", column=option, remedy="name a folder that can be written")
