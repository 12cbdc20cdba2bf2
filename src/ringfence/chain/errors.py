"""What the chain raises.

Exception tree:

    ChainError              anything the chain cannot or will not do
    ├── Reverted            a call the contract refused, or the machine stopped; also a model `Revert`, so one `except` serves both engines
    ├── Refused             a transaction that is not valid at all (a contract as its sender, value that the sender does not have)
    ├── SnapshotError       a snapshot that is gone, or one too many
    ├── NodeError           a node that cannot be reached, or answers what no node should
    │   └── NodeRefused     a node that answers with an error of its own
    ├── NotSent             a transaction that is not sent, and nothing of it is on its way
    ├── Unfinished          a transaction that was sent, and of which nobody knows yet how it ends
    └── ArtifactError       a compiled contract that is not in the package, or not in the pinned format
"""

import re

from ringfence.model.errors import Revert

ERROR_SELECTOR = bytes.fromhex("08c379a0")  # Error(string)
MAX_MESSAGE = 200
MAX_OUTPUT = 4096
_REVERT = re.compile(r"Revert \{ gas_used: \d+, output: 0x([0-9a-f]*)")
_HALT = re.compile(r"Halt \{ reason: (.*), gas_used: \d+ \}")


class ChainError(Exception):
    """Root of everything the chain raises."""


class Refused(ChainError):
    """A transaction that never ran: no block would include it."""


class SnapshotError(ChainError):
    """A snapshot that is not outstanding, or more of them than the machine's call depth has room for."""


class NodeError(ChainError):
    """A node that cannot be reached, or whose answer is none."""


class NodeRefused(NodeError):
    """An error that the node itself answers with; str() is its text on one line."""


class NotSent(ChainError):
    """A transaction that was not sent; str() is the reason."""


class Unfinished(ChainError):
    """A transaction on its way whose end is not known; its journal has it."""


class ArtifactError(ChainError):
    """A compiled contract that is missing or malformed."""


class Reverted(ChainError, Revert):
    """A call that changed nothing. `str()` is the contract's text, "" where it gave none.

    `halt` names the machine's reason if it stopped by itself, else ""; `output` is the returned data, cut to 4,096 bytes, for errors that
    are not text.
    """

    def __init__(self, reason: str, *, halt: str = "", output: bytes = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.halt = halt
        self.output = output

    @property
    def is_halt(self) -> bool:
        """True if the machine stopped (out of gas, invalid opcode) rather than the contract reverting."""
        return bool(self.halt)


def failure_of(text: str) -> ChainError:
    """The exception for what the machine said about a failed call; its text can carry a whole state, so only a known part of it is kept."""
    if match := _REVERT.match(text):
        output = bytes.fromhex(match[1][: 2 * MAX_OUTPUT])
        return Reverted(reason_of(output), output=output)
    if match := _HALT.match(text[: 2 * MAX_MESSAGE]):
        return Reverted("", halt=match[1])
    return Refused(text[:MAX_MESSAGE])


def reason_of(output: bytes) -> str:
    """The text of `Error(string)` data, "" for any other data."""
    if output[:4] != ERROR_SELECTOR:
        return ""
    length = int.from_bytes(output[36:68], "big")
    return output[68 : 68 + length].decode("utf-8", "replace")
