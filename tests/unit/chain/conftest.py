"""The probe contract, compiled once a run, on a chain of its own for each test."""

from pathlib import Path

import pytest

from ringfence.chain.artifacts import Artifact
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from tests.compiled import compiled
from tests.unit.chain.roles import LENDER, START

NAME = "a probe whose name takes forty characters"[:40]


@pytest.fixture(scope="session")
def probe_artifact() -> Artifact:
    return compiled(Path(__file__).with_name("probe.vy"))


@pytest.fixture
def chain() -> EmbeddedChain:
    return EmbeddedChain(timestamp=START)


@pytest.fixture
def probe(chain: EmbeddedChain, probe_artifact: Artifact) -> Contract:
    return Contract.create(chain, probe_artifact, LENDER, NAME, 7)
