"""Runs the paths of a world on the workers of a Dask cluster, with the figures that threads give, bit for bit.

A path's figures depend on the world, the seed and the path's number alone, so it does not matter which worker has it, when, or how often.
What could matter, the sources of the engine and the libraries below it, is compared before anything runs.
"""

import asyncio
import platform
from importlib import import_module
from typing import Any

from ringfence.inputs.errors import InputError, quoted
from ringfence.lab.layout import World
from ringfence.lab.run import Outcome, Progress, empty_outcome, run_chunk

CHUNK = 256
"""Paths a worker takes at a time; it cannot be seen in any figure."""
TIMEOUT = 10.0
"""Seconds to wait for the scheduler to answer, and for a first worker."""
EXTRA = "ringfence[lab,cluster]"
OPTION = "--scheduler"


def run_on_cluster(
    world: World, *, seed: int, paths: int, scheduler: str, progress: Progress | None = None, timeout: float = TIMEOUT
) -> Outcome:
    """All paths on the workers of a scheduler such as tcp://10.0.0.5:8786; `progress` as in `lab.run.run`.

    Raises InputError when the extra is not installed, when the scheduler does not answer or has no workers within `timeout` seconds, when a
    worker has other versions than this process, and when workers are lost for good.
    """
    distributed = _distributed()
    client = _connected(distributed, scheduler, timeout)
    lost = (distributed.KilledWorker, distributed.comm.CommClosedError, distributed.client.FutureCancelledError)
    try:
        _compare_versions(client, scheduler, timeout)
        return _gathered(distributed, client, world, seed, paths, progress)
    except lost as err:
        remedy = "look at their logs; a worker may lack memory for this book"
        raise InputError(OPTION, f"{quoted(scheduler)} lost workers ({type(err).__name__})", remedy=remedy) from err
    finally:
        client.close()


def versions() -> dict[str, str]:
    """What figures may depend on, in this process: sources and libraries, and whose mathematics the machine has."""
    import numba
    import numpy as np

    from ringfence.lab.jitted import CACHE

    return {
        "ringfence": CACHE.name.removeprefix("compiled-"),
        "numba": numba.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
        "C library": " ".join(platform.libc_ver()),
    }


def _distributed() -> Any:
    """The package, which ships too few types to be checked against."""
    try:
        return import_module("distributed")
    except ImportError as err:
        remedy = f"pip install '{EXTRA}', here and on the workers"
        raise InputError(OPTION, "a cluster needs dask and distributed", remedy=remedy) from err


def _connected(distributed: Any, scheduler: str, timeout: float) -> Any:
    async def knock() -> None:
        comm = await distributed.comm.connect(scheduler, timeout=timeout)
        await comm.close()

    remedy = "start one with `dask scheduler` and give the address that it prints, such as tcp://10.0.0.5:8786"
    try:
        # A client that finds nobody does not end in silence, so we look first.
        asyncio.run(knock())
        return distributed.Client(scheduler, timeout=timeout, set_as_default=False)
    except ValueError as err:
        raise InputError(OPTION, f"{quoted(scheduler)} is no address of a scheduler", remedy=remedy) from err
    except OSError as err:
        raise InputError(OPTION, f"no scheduler answers at {quoted(scheduler)} within {timeout:g} s", remedy=remedy) from err


def _compare_versions(client: Any, scheduler: str, timeout: float) -> None:
    """Every worker computes with what this process would compute with."""
    try:
        client.wait_for_workers(1, timeout=timeout)
        answers = client.run(versions)
    except TimeoutError as err:
        remedy = f"start some with `dask worker {scheduler}`"
        raise InputError(OPTION, f"{quoted(scheduler)} has no workers within {timeout:g} s", remedy=remedy) from err
    except ImportError as err:
        remedy = f"pip install '{EXTRA}' there"
        raise InputError(OPTION, f"a worker of {quoted(scheduler)} lacks {err.name}", remedy=remedy) from err
    here = versions()
    for worker, there in answers.items():
        different = [f"{name} {there.get(name)} (here {version})" for name, version in here.items() if there.get(name) != version]
        if different:
            reason = f"worker {worker} has {', '.join(different)}, so that figures could differ"
            raise InputError(OPTION, reason, remedy="install the same versions everywhere")


def _gathered(distributed: Any, client: Any, world: World, seed: int, paths: int, progress: Progress | None) -> Outcome:
    """Every chunk's rows in their place, in whatever order they come."""
    rows = empty_outcome(paths, world.pools.size)
    (shared,) = client.scatter([world], broadcast=True, hash=False)  # in a list, for a tuple would be taken apart
    places = {}
    for first in range(0, paths, CHUNK):
        future = client.submit(run_chunk, shared, seed, first, min(CHUNK, paths - first), pure=False)
        places[future] = first
    done = 0
    for future in distributed.as_completed(list(places), loop=client.loop):
        first, part = places.pop(future), future.result()
        until = first + len(part.fields)
        rows.fields[first:until], rows.waits[first:until], rows.fund[first:until] = part.fields, part.waits, part.fund
        done += until - first
        if progress is not None:
            progress(done, paths)
    return rows
