"""Contracts with a fault in them, compiled as the shipped ones are."""

import json
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

from ringfence.chain.artifacts import FOLDER, read
from tests.stateful.faults import Fault
from tests.stateful.market import Build

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"


def plant(fault: Fault) -> Build:
    """Compile the fault's contract with its change; raises ValueError unless the old text occurs exactly once."""
    source = (CONTRACTS / fault.file).read_text()
    for old, new in fault.changes:
        if source.count(old) != 1:
            raise ValueError(f"{fault.name}: the old text occurs {source.count(old)} times in {fault.file}")
        source = source.replace(old, new)
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(shutil.copytree(CONTRACTS, Path(folder) / "contracts"))
        (copied / fault.file).write_text(source)
        return {fault.contract: read(fault.contract, compiled(copied, fault.contract))}


def compiled(contracts: Path, name: str) -> dict[str, object]:
    """An artifact's document, with the settings that the shipped artifact of this name states (`-O gas` where it states none)."""
    from vyper.compiler import outputs_from_compiler_data
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.compiler.phases import CompilerData
    from vyper.compiler.settings import OptimizationLevel, Settings, anchor_settings

    shipped = json.loads(files("ringfence.chain").joinpath(FOLDER, f"{name}.json").read_text())
    stated = shipped.get("settings", {"experimental_codegen": False, "optimize": "gas"})
    settings = Settings(
        evm_version="cancun",
        optimize=OptimizationLevel.from_string(stated["optimize"]),
        experimental_codegen=stated["experimental_codegen"],
    )
    bundle = FilesystemInputBundle([contracts])
    data = CompilerData(bundle.load_file(f"{name}.vy"), bundle, settings=settings, no_bytecode_metadata=True)
    with anchor_settings(data.settings):
        out = outputs_from_compiler_data(data, ("abi", "bytecode", "bytecode_runtime", "layout"))
    return {
        "abi": out["abi"],
        "bytecode": {"object": out["bytecode"]},
        "deployedBytecode": {"object": out["bytecode_runtime"]},
        "storageLayout": out["layout"],
    }
