"""The results that the tests of reports share: made once, however many processes run the tests."""

import os
import time
from pathlib import Path

import pytest

PATIENCE = 300
"""Seconds that a process waits for the one that makes them; the first run of an installation compiles the engine."""


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one result of each of `result_folders.KINDS`; only read."""
    for name in ("numba", "polars", "matplotlib", "jinja2"):
        pytest.importorskip(name, reason="reports need the lab extra")
    from tests.unit.report.result_folders import make_all

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "results"
    made = folder / "made"
    try:
        folder.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + PATIENCE
        while not made.exists():
            assert time.monotonic() < deadline, "another process has not made the results"
            time.sleep(0.1)
        return folder
    make_all(folder)
    made.touch()
    return folder
