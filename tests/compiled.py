"""Contracts that lie beside the tests, compiled when they are asked for."""

from functools import cache
from pathlib import Path

import pytest

from ringfence.chain.artifacts import Artifact, read

CONTRACTS = Path(__file__).resolve().parent.parent / "contracts"


@cache
def compiled(source: Path) -> Artifact:
    """The contract in this file, under its name without the suffix; it may import the modules of contracts/. Skips the test without the
    compiler."""
    vyper = pytest.importorskip("vyper", reason="the compiler is a development dependency")
    from vyper.compiler.input_bundle import FilesystemInputBundle

    output = vyper.compile_code(
        source.read_text(),
        output_formats=["abi", "bytecode", "bytecode_runtime", "layout"],
        settings=vyper.compiler.settings.Settings(evm_version="cancun"),
        input_bundle=FilesystemInputBundle([CONTRACTS]),
    )
    document = {
        "abi": output["abi"],
        "bytecode": {"object": output["bytecode"]},
        "deployedBytecode": {"object": output["bytecode_runtime"]},
        "storageLayout": output["layout"],
    }
    return read(source.stem, document)
