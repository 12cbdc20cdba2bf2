"""Storage by the names in the source: where the compiler put each variable, and all of a contract's values at once.

Vyper's entry for a key of a mapping is at keccak256(slot of the mapping, then the key), a word each; a mapping inside a mapping repeats
that with the entry as its slot. (Solidity has the key first.)
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

from ringfence.chain.abi import address_word
from ringfence.chain.keccak import keccak256

# Vyper leaves a part out when there is nothing in it.
_PARTS = {"storage_layout", "transient_storage_layout", "code_layout"}
_ADDRESS_KEY = re.compile(r"HashMap\[address, (.*)\]")

# Values of one variable: a number for a scalar (several words: a tuple), else by account, or by pairs of accounts.
Values = int | tuple[int, ...] | dict[str, int] | dict[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a variable begins, its Vyper type, and how many words it takes (1 for a mapping, whose entries lie elsewhere)."""

    slot: int
    type: str
    words: int

    @property
    def address_keys(self) -> int:
        """Number of addresses that name one entry: 0 for a scalar, 2 for a mapping in a mapping. Raises ValueError for other keys."""
        depth, kind = 0, self.type
        while match := _ADDRESS_KEY.fullmatch(kind):
            depth, kind = depth + 1, match[1]
        if kind.startswith("HashMap["):
            raise ValueError(f"the keys of {self.type} are not all addresses")
        return depth


class Storage(Protocol):
    """What can read a slot: a chain."""

    def storage(self, address: str, slot: int) -> int: ...


class StorageMap:
    """All values of a contract for a fixed set of accounts; the slots are worked out once, a reading costs a fifth of a microsecond a slot.

    Mappings must have addresses as keys and one word as value.
    """

    def __init__(self, layout: Mapping[str, Slot], accounts: Iterable[str]) -> None:
        self._scalars: list[tuple[str, list[int]]] = []
        self._entries: list[tuple[str, list[tuple[Any, int]]]] = []
        known = tuple(accounts)
        for name, entry in layout.items():
            if depth := entry.address_keys:
                keys = list(product(known, repeat=depth))
                self._entries.append((name, [(key if depth > 1 else key[0], entry_slot(entry.slot, *key)) for key in keys]))
            else:
                self._scalars.append((name, list(range(entry.slot, entry.slot + entry.words))))

    @property
    def slots(self) -> set[int]:
        """Every slot that `read` looks at."""
        return {slot for _, slots in self._scalars for slot in slots} | {slot for _, entries in self._entries for _, slot in entries}

    def read(self, chain: Storage, address: str) -> dict[str, Values]:
        """The contract's values by variable (an imported module's are called `module.variable`), entries that are 0 included."""
        storage = chain.storage
        values: dict[str, Values] = {}
        for name, slots in self._scalars:
            words = [storage(address, slot) for slot in slots]
            values[name] = words[0] if len(words) == 1 else tuple(words)
        for name, entries in self._entries:
            values[name] = {key: storage(address, slot) for key, slot in entries}
        return values


def entry_slot(slot: int, *keys: str) -> int:
    """Slot of the entry of a mapping from addresses, nested as deep as there are keys."""
    for key in keys:
        slot = int.from_bytes(keccak256(slot.to_bytes(32, "big") + address_word(key)), "big")
    return slot


def slots_of(document: Mapping[str, Any]) -> dict[str, Slot]:
    """Variables of a layout as Vyper writes it, whole or its storage alone; those of imported modules under `module.variable`."""
    is_whole = not _PARTS.isdisjoint(document)
    return dict(_flatten(document.get("storage_layout", {}) if is_whole else document, ()))


def _flatten(level: Mapping[str, Any], path: Sequence[str]) -> Iterable[tuple[str, Slot]]:
    for name, entry in level.items():
        if "slot" in entry:
            yield ".".join([*path, name]), Slot(entry["slot"], entry["type"], entry["n_slots"])
        else:
            yield from _flatten(entry, [*path, name])
