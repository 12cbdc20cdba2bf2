"""Contracts that lie beside the tests, compiled when they are asked for."""

from functools import cache
from pathlib import Path

import pytest

from ringfence.chain.artifacts import Artifact, read


@cache
def compiled(source: Path) -> Artifact:
    """The contract in this file, under its name without the suffix; skips the test without the compiler."""
    vyper = pytest.importorskip("vyper", reason="the compiler is a development dependency")
    output = vyper.compile_code(
        source.read_text(),
        output_formats=["abi", "bytecode", "bytecode_runtime", "layout"],
        settings=vyper.compiler.settings.Settings(evm_version="cancun"),
    )
    document = {
        "abi": output["abi"],
        "bytecode": {"object": output["bytecode"]},
        "deployedBytecode": {"object": output["bytecode_runtime"]},
        "storageLayout": output["layout"],
    }
    return read(source.stem, document)
