"""The probe contract, compiled once a run, on a chain of its own for each test."""

from pathlib import Path

import pytest

from ringfence.chain.artifacts import Artifact, read
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from tests.unit.chain.roles import LENDER, START

NAME = "a probe whose name takes forty characters"[:40]


@pytest.fixture(scope="session")
def probe_artifact() -> Artifact:
    vyper = pytest.importorskip("vyper", reason="the compiler is a development dependency")
    output = vyper.compile_code(
        Path(__file__).with_name("probe.vy").read_text(),
        output_formats=["abi", "bytecode", "bytecode_runtime", "layout"],
        settings=vyper.compiler.settings.Settings(evm_version="cancun"),
    )
    document = {
        "abi": output["abi"],
        "bytecode": {"object": output["bytecode"]},
        "deployedBytecode": {"object": output["bytecode_runtime"]},
        "storageLayout": output["layout"],
    }
    return read("probe", document)


@pytest.fixture
def chain() -> EmbeddedChain:
    return EmbeddedChain(timestamp=START)


@pytest.fixture
def probe(chain: EmbeddedChain, probe_artifact: Artifact) -> Contract:
    return Contract.create(chain, probe_artifact, LENDER, NAME, 7)
