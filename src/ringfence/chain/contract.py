"""A contract on a chain, called by function name with Python values."""

from collections.abc import Sequence
from typing import Any, Protocol, Self

from ringfence.chain.abi import Function, Interface, encode_sequence
from ringfence.chain.artifacts import Artifact
from ringfence.chain.errors import ChainError


class RawLog(Protocol):
    """An event as it lies on the chain; the address is lower-case."""

    @property
    def address(self) -> str: ...
    @property
    def topics(self) -> list[bytes]: ...
    @property
    def data(self) -> bytes: ...


class Chain(Protocol):
    """What a contract needs of a chain; `ringfence.chain.embedded.EmbeddedChain` has it. Failures are raised as Reverted."""

    @property
    def timestamp(self) -> int: ...
    @property
    def logs(self) -> Sequence[RawLog]: ...
    def advance_to(self, timestamp: int) -> None: ...
    def transact(self, sender: str, to: str, data: bytes) -> bytes: ...
    def deploy(self, sender: str, code: bytes) -> str: ...
    def call(self, to: str, data: bytes, *, at: int | None = None) -> bytes: ...
    def storage(self, address: str, slot: int) -> int: ...


class Contract:
    """One deployed contract. Addresses come out in lower case, also in events, so that they compare equal as strings."""

    __slots__ = ("address", "artifact", "chain", "interface")

    def __init__(self, chain: Chain, address: str, artifact: Artifact) -> None:
        self.chain = chain
        self.address = address.lower()
        self.artifact = artifact
        self.interface: Interface = artifact.interface

    @classmethod
    def create(cls, chain: Chain, artifact: Artifact, sender: str, *arguments: Any) -> Self:
        """Deploy the artifact with these constructor arguments; raises Reverted with the constructor's text."""
        return cls(chain, chain.deploy(sender, initcode(artifact, arguments)), artifact)

    def transact(self, caller: str, name: str, *arguments: Any) -> Any:
        """Run a function in a transaction of its own; returns what it returned (None, a value or a tuple). Raises Reverted."""
        function = self._function(name, len(arguments))
        return function.decode(self.chain.transact(caller, self.address, function.encode(arguments)))

    def transact_at(self, now: int, caller: str, name: str, *arguments: Any) -> Any:
        """The same at a time (seconds): in the current block if it is the block's, else in a new one."""
        if now != self.chain.timestamp:
            self.chain.advance_to(now)
        return self.transact(caller, name, *arguments)

    def call(self, name: str, *arguments: Any, at: int | None = None) -> Any:
        """Ask a function now, or as at the time `at`, and keep nothing. Raises Reverted."""
        function = self._function(name, len(arguments))
        return function.decode(self.chain.call(self.address, function.encode(arguments), at=at))

    def calldata(self, name: str, *arguments: Any) -> bytes:
        """What a transaction would carry to call this function."""
        return self._function(name, len(arguments)).encode(arguments)

    @property
    def events(self) -> list[tuple[Any, ...]]:
        """This contract's events of the last transaction, `(name, *values in ABI order)`; what its ABI does not know is left out."""
        known = self.interface.events
        mine = [log for log in self.chain.logs if log.address == self.address and log.topics]
        return [known[log.topics[0]].decode(log.topics, log.data) for log in mine if log.topics[0] in known]

    def _function(self, name: str, count: int) -> Function:
        try:
            return self.interface.functions[name, count]
        except KeyError:
            raise ChainError(f"{self.artifact.name}: no function {name!r} with {count} arguments") from None


def initcode(artifact: Artifact, arguments: Sequence[Any]) -> bytes:
    """Bytecode with the constructor's arguments behind it; raises ValueError when their number is wrong."""
    return artifact.bytecode + encode_sequence(artifact.interface.constructor, arguments)
