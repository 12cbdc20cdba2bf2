"""The compiled contracts that ship with the package, loaded when asked for and then kept."""

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from ringfence.chain.abi import Interface
from ringfence.chain.errors import ArtifactError
from ringfence.chain.layout import Slot, slots_of

FOLDER = "artifacts"


@dataclass(frozen=True)
class Artifact:
    """One compiled contract: the ABI as the compiler wrote it, creating code, runtime code without immutables, and storage by variable.

    `immutables` is the number of bytes that a deployed contract has behind its runtime code.
    """

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    deployed_bytecode: bytes
    layout: dict[str, Slot]
    immutables: int = 0

    @cached_property
    def interface(self) -> Interface:
        """Functions and events, with their selectors and topics."""
        return Interface(self.abi)


@cache
def load(name: str) -> Artifact:
    """The shipped artifact of this name (`Pool`, `mocks/erc20_mock`); raises ArtifactError if there is none, or if it is malformed."""
    source = _folder().joinpath(*f"{name}.json".split("/"))
    if not source.is_file():
        raise ArtifactError(f"artifact {name!r} is not in the package; there are: {', '.join(names()) or 'none'}")
    try:
        return read(name, json.loads(source.read_text()))
    except ValueError as failure:
        raise ArtifactError(f"artifact {name!r}: {failure}") from failure


def read(name: str, document: dict[str, Any]) -> Artifact:
    """An artifact from its JSON document; raises ArtifactError naming the key that is missing or malformed."""
    try:
        return Artifact(
            name=name,
            abi=document["abi"],
            bytecode=_bytes_of(document["bytecode"]["object"]),
            deployed_bytecode=_bytes_of(document["deployedBytecode"]["object"]),
            layout=slots_of(document["storageLayout"]),
            immutables=_length(document["storageLayout"].get("code_layout", {})),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as failure:
        raise ArtifactError(f"artifact {name!r}: {type(failure).__name__}: {failure}") from failure


def names() -> list[str]:
    """Names of all shipped artifacts."""
    return sorted(_names_in(_folder(), ""))


def _names_in(folder: Traversable, prefix: str) -> list[str]:
    found: list[str] = []
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir():
            found += _names_in(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".json"):
            found.append(prefix + entry.name.removesuffix(".json"))
    return found


def _length(layout: dict[str, Any]) -> int:
    """Bytes of all immutables; those of an imported module are nested under its name."""
    return sum(entry["length"] if "length" in entry else _length(entry) for entry in layout.values())


def _folder() -> Traversable:
    return files("ringfence.chain").joinpath(FOLDER)


def _bytes_of(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
