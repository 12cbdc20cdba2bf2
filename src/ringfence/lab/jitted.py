"""Where plain functions become compiled ones: the only file that knows numba, and the decisions as the kernel calls them.

With NUMBA_DISABLE_JIT=1 in the environment everything runs as plain Python, slowly, on the same lines.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numba import config as numba_config
from numba import njit

from ringfence.decisions import buyer, depth

Function = TypeVar("Function", bound=Callable[..., Any])

config: Any = numba_config  # a module whose names numba sets while it is imported, so that no type checker sees them

word: Callable[[int], int] = int if config.DISABLE_JIT else cast(Callable[[int], int], np.uint64)
"""A number as an unsigned word of 64 bits: mixed with signed ones, compiled words would become floats. Plain Python masks instead."""


def sources_hash(package: Path) -> str:
    """A hash of every file of compiled functions: numba looks only at the file of the function it compiles, not at those it calls."""
    texts = (path.read_bytes() for folder in ("decisions", "lab") for path in sorted((package / folder).glob("*.py")))
    return hashlib.sha256(b"\0".join(text for text in texts if b"_plain" in text or b"lab.jitted" in text)).hexdigest()[:12]


HERE = Path(__file__).resolve().parent
CACHE = HERE / "__pycache__" / f"compiled-{sources_hash(HERE.parent)}"
"""Where compiled functions are kept, unless NUMBA_CACHE_DIR says otherwise or this cannot be written."""


def jit(function: Function) -> Function:
    """The function compiled at its first call, kept on disk for the next process until a source changes; it gives up the interpreter's
    lock. Sums are not reordered, so results are the same on every run and every number of threads."""
    before = config.CACHE_DIR
    if not before:
        config.CACHE_DIR = str(CACHE)
    try:
        return cast(Function, njit(cache=True, nogil=True, error_model="numpy")(function))
    finally:
        config.CACHE_DIR = before


recovered = jit(depth.recovered_plain)
proceeds = jit(depth.proceeds_plain)
marginal = jit(depth.marginal_plain)
most_sold = jit(depth.most_sold_plain)
size = jit(buyer.size_plain)
profit = jit(buyer.profit_plain)
is_worth = jit(buyer.is_worth_plain)
