"""A pytest plugin: every embedded chain runs the probed builds, and what their probes saw is written to a file at the end.

`pytest -p tests.coverage.plugin` with RINGFENCE_COVERAGE naming the folder that scripts/vyper_coverage made; hits are added to those there.
"""

import functools
import json
import os
import weakref
from pathlib import Path
from typing import Any

import pyrevm
import pytest

from ringfence.chain import artifacts
from ringfence.chain.embedded import EmbeddedChain
from tests.coverage.probes import FIRST

FOLDER = Path(os.environ["RINGFENCE_COVERAGE"]).resolve()
COUNT = int((FOLDER / "count").read_text())
HITS: set[int] = set()
_machines: list[tuple[weakref.ref[EmbeddedChain], Any]] = []
_make = EmbeddedChain._machine


def _machine(chain: EmbeddedChain, accounts: Any) -> Any:
    machine = _make(chain, accounts)
    _machines.append((weakref.ref(chain), machine))
    return machine


def harvest() -> None:
    """Read which probes each machine has loaded, in calls that were undone too; forget machines that no chain uses any more."""
    kept = []
    for owner, machine in _machines:
        for address in machine.db_accounts:
            probe = int(address, 16) - FIRST
            if 0 <= probe < COUNT:
                HITS.add(probe)
        chain = owner()
        if chain is not None and chain._evm is machine:
            kept.append((owner, machine))
    _machines[:] = kept


def pytest_configure() -> None:
    # Builds without optimisation and with probes are longer than a chain allows.
    pyrevm.CfgEnv = functools.partial(pyrevm.CfgEnv, limit_contract_code_size=2**20)  # type: ignore[misc,assignment]
    artifacts._folder = lambda: FOLDER / "artifacts"
    artifacts.load.cache_clear()
    EmbeddedChain._machine = _machine  # type: ignore[method-assign]


def pytest_runtest_teardown() -> None:
    if len(_machines) > 20:
        harvest()


def pytest_sessionfinish(session: pytest.Session) -> None:
    harvest()
    file = FOLDER / "hits.json"
    before = json.loads(file.read_text()) if file.exists() else []
    file.write_text(json.dumps(sorted({*before, *HITS})))
