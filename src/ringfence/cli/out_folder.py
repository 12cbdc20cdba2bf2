"""The folder that --out names: written beside its place and renamed at the end, so that it is there whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ringfence.inputs.errors import InputError, quoted
from ringfence.inputs.results import is_result_folder

OPTION = "--out"


def check_out(folder: Path) -> None:
    """A result may go there: the folder is absent, empty, or holds a former result and nothing else; else InputError."""
    try:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise InputError(folder, "is not a folder", column=OPTION, remedy="name a new folder")
        above = next(parent for parent in folder.absolute().parents if parent.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            raise InputError(folder, f"{quoted(str(above))} is no folder to write in", column=OPTION, remedy="name a folder elsewhere")
        if folder.exists() and any(folder.iterdir()) and not is_result_folder(folder):
            raise InputError(
                folder, "holds other files", column=OPTION, remedy="name a new folder, an empty one, or one with a former result only"
            )
    except OSError as err:
        raise _refused(folder, err) from err


def write_out(folder: Path, write: Callable[[Path], None]) -> None:
    """Lets `write` fill a new folder and puts it in place of `folder`; whatever goes wrong, `folder` is as before.

    Raises InputError where the system refuses, a full disk among others.
    """
    check_out(folder)
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            write(fresh)
            fresh.chmod(0o777 & ~_umask())
            _replace(folder, fresh)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as err:
        raise _refused(folder, err) from err


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


def _refused(folder: Path, err: OSError) -> InputError:
    reason = (err.strerror or type(err).__name__).lower()
    return InputError(folder, f"cannot be written: {reason}", column=OPTION, remedy="name a folder that can be written")
