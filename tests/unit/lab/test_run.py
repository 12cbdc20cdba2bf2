"""Runs on threads end when they are told to: by a signal, by their listener, by what breaks in them."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ringfence.inputs.scenario import PriceModel, Scenario
from ringfence.lab import run as runs
from ringfence.lab.layout import World
from ringfence.lab.run import run
from ringfence.lab.world import world_from_arrays
from tests.unit.lab.test_replay_rules import UNIT, make_pool

ROOT = Path(__file__).resolve().parents[3]
INTERRUPTS = 60
PATHS = 300_000
"""More than are done before the latest interrupt; in so many chunks that whoever waits for one is often busy with their list."""


def small_world() -> World:
    """One loan and a day."""
    return world_from_arrays(
        np.array([2.0]), np.array([1.0]), make_pool(10 * UNIT), Scenario("plain", PriceModel("gbm", volatility=0.5)), 1.0, 24
    )


def interrupted_again_and_again() -> None:
    """The child: real signals at random times of runs, each of which must end by it, with all its threads."""
    world, rng, ended = small_world(), random.Random(1), 0
    run(world, seed=1, paths=4, threads=2)
    for _ in range(INTERRUPTS):
        pause = rng.uniform(0.005, 0.03)
        alarm = threading.Thread(target=lambda pause=pause: (time.sleep(pause), os.kill(os.getpid(), signal.SIGINT)))
        try:
            alarm.start()
            run(world, seed=1, paths=PATHS, threads=2)
        except KeyboardInterrupt:
            ended += 1
        alarm.join()
        deadline = time.monotonic() + 10
        while any(thread.name.startswith("paths") for thread in threading.enumerate()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    sys.stdout.write(f"{ended}\n")


def test_a_signal_ends_a_run_wherever_it_comes() -> None:
    """No interrupt of a run is lost, and none leaves it waiting for ever."""
    lines = "from tests.unit.lab.test_run import interrupted_again_and_again as main; main()"
    done = subprocess.run(
        [sys.executable, "-c", lines],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.split() == [str(INTERRUPTS)], done.stderr


def test_a_listener_ends_a_run() -> None:
    """What `progress` raises comes out, and before all is done."""
    told: list[int] = []

    def listen(done: int, paths: int) -> None:
        told.append(done)
        if done >= paths // 10:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        run(small_world(), seed=1, paths=PATHS, threads=2, progress=listen)
    assert 0 < told[-1] < PATHS


def test_what_breaks_in_a_thread_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no memory for a thread's own rows, say, the run fails; it neither waits nor returns rows of nothing."""

    def full(_: World) -> Any:
        raise MemoryError

    monkeypatch.setattr(runs, "work_for", full)
    with pytest.raises(MemoryError):
        run(small_world(), seed=1, paths=1000, threads=2)
