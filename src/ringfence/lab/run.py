"""Runs the fast engine over many paths: in chunks, on threads, with the same figures however they are spread.

A path's random numbers depend on seed and path alone, and each path writes its own rows, so neither threads nor order can show.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread

import numpy as np

from ringfence.lab.layout import COHORT, FIGURES, FUND, FUND_NAMES, NEVER, PAST, STATE, Floats, Work, World
from ringfence.lab.outcome import NAMES, WAIT_STEPS

MAX_CHUNK = 256
POLL_SECONDS = 0.2
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all paths left: `fields` [path, pool, outcome.NAMES], `waits` [path, pool, outcome.WAIT_STEPS] (asset a class) and `fund`
    [path, fields of `layout.FUND`]."""

    fields: Floats
    waits: Floats
    fund: Floats

    def field(self, name: str, pool: int = 0) -> Floats:
        """One figure of one pool over all paths."""
        return self.fields[:, pool, NAMES.index(name)]


def empty_outcome(paths: int, pools: int) -> Outcome:
    """Room for the rows of so many paths."""
    return Outcome(
        np.empty((paths, pools, len(NAMES))), np.empty((paths, pools, len(WAIT_STEPS))), np.zeros((paths, len(FUND_NAMES)))
    )  # fmt: skip


def work_for(world: World) -> Work:
    """What one thread needs to run paths of this world."""
    base, pools, times = world.base, world.pools.size, world.steps + 1
    rows = np.zeros(base.ratio.size, COHORT)
    rows["risk"] = rows["ratio"] = base.ratio
    rows["collateral"] = rows["start_collateral"] = base.collateral
    rows["shares"] = rows["start_debt"] = base.debt
    rows["number"] = rows["start_number"] = base.number
    rows["place"] = base.place
    rows["since"] = rows["left"] = NEVER
    return Work(
        rows=rows,
        past=np.zeros((pools, times), PAST),
        multiples=np.ones((pools, times)),
        present=np.ones(times, np.bool_),
        markets=np.zeros(pools),
    )


def memory_needed(world: World, paths: int, threads: int) -> int:
    """Bytes that a run holds at its peak: the rows of all paths, and what each thread works in."""
    rows = paths * world.pools.size * 8 * (len(NAMES) + len(WAIT_STEPS)) + paths * FUND.itemsize
    one = world.base.ratio.size * COHORT.itemsize + world.pools.size * (world.steps + 1) * (PAST.itemsize + 8)
    base = sum(part.nbytes for part in world.base)
    return int(rows + threads * one + base + world.frozen.nbytes + world.bias.nbytes + world.series.nbytes)


def available_threads(asked: int | None) -> int:
    """The threads asked for, or one for each processor this process may use."""
    if asked:
        return asked
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_chunk(world: World, seed: int, first: int, count: int) -> Outcome:
    """The paths from `first` on, `count` of them; the same rows whoever else runs the others."""
    rows = empty_outcome(count, world.pools.size)
    _Runner(world).fill(seed, first, rows)
    return rows


def run(world: World, *, seed: int, paths: int, threads: int | None = None, progress: Progress | None = None) -> Outcome:
    """All paths on threads; `progress` is called with the paths done and their number, and may raise to stop the run."""
    workers = available_threads(threads)
    rows = empty_outcome(paths, world.pools.size)
    size = max(1, min(MAX_CHUNK, -(-paths // (workers * 8))))
    # Queues whose waits a signal may break off anywhere: executors keep their futures locked then, and never end.
    waiting: SimpleQueue[int] = SimpleQueue()
    finished: SimpleQueue[int | BaseException] = SimpleQueue()
    for first in range(0, paths, size):
        waiting.put(first)
    is_over = Event()

    def work() -> None:
        try:
            runner = _Runner(world)
            while not is_over.is_set():
                first = waiting.get_nowait()
                until = min(first + size, paths)
                runner.fill(seed, first, Outcome(rows.fields[first:until], rows.waits[first:until], rows.fund[first:until]))
                finished.put(until - first)
        except Empty:
            return
        except BaseException as broken:
            finished.put(broken)

    team = [Thread(target=work, name=f"paths-{place}") for place in range(min(workers, waiting.qsize()))]
    done = 0
    try:
        for thread in team:
            thread.start()
        while done < paths:
            done += _next(finished)
            if progress is not None:
                progress(done, paths)
    finally:
        is_over.set()
        for thread in team:
            # One that a signal broke off while it was started cannot be waited for; it finds that all is over, and ends.
            if thread.ident is not None:
                thread.join()
    return rows


def _next(finished: "SimpleQueue[int | BaseException]") -> int:
    """How many paths the next chunk had, 0 if none is done in a while; raises what broke it."""
    try:
        chunk = finished.get(timeout=POLL_SECONDS)
    except Empty:
        return 0
    if isinstance(chunk, BaseException):
        raise chunk
    return chunk


class _Runner:
    """One thread's own copy of all that a path writes to."""

    def __init__(self, world: World) -> None:
        self._world, self._work = world, work_for(world)
        self._state, self._feeds = np.zeros(world.pools.size, STATE), world.feeds.copy()
        self._figures = self._state.view(np.float64).reshape(world.pools.size, -1)[:, FIGURES]

    def fill(self, seed: int, first: int, rows: Outcome) -> None:
        """Plays as many paths as there are rows, from `first` on."""
        from ringfence.lab.kernel import run_paths

        run_paths(
            self._world, seed, first, len(rows.fields), self._work, self._state, self._figures, self._feeds,
            rows.fields, rows.waits, rows.fund.view(FUND)[:, 0],
        )  # fmt: skip
