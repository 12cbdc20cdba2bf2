"""Calldata, return values and events, by the ABI of a contract. Words are packed by hand, because every call passes here.

Addresses are lower-case 0x strings on the way out, and 0x strings of any case on the way in. `uint` and `int` are Python integers, `bytes`
and `bytesN` are bytes; structs, fixed arrays and several return values are tuples, other arrays lists. Dynamic values inside dynamic values
go through eth-abi, which takes ten times as long and a quarter of a second to import.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ringfence.chain.errors import ChainError
from ringfence.chain.keccak import keccak256, selector

WORD = 32
_WORD_TYPE = re.compile(r"(u?int\d+|bool|address|bytes\d+)")
_ARRAY_TYPE = re.compile(r"(.+)\[(\d*)\]")


@dataclass(frozen=True, slots=True)
class Codec:
    """How one value is written and read. `size` is its length in bytes in the head, where a dynamic value has only an offset."""

    size: int
    is_dynamic: bool
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes, int], Any]


@dataclass(frozen=True, slots=True)
class Function:
    """One function of a contract; `arguments` and `returns` in the order of the ABI."""

    name: str
    signature: str
    selector: bytes
    arguments: tuple[Codec, ...]
    returns: tuple[Codec, ...]
    is_static: bool
    least_output: int

    def encode(self, values: Sequence[Any]) -> bytes:
        """Calldata for these arguments; raises ValueError when their number is wrong, OverflowError when a number does not fit a word."""
        if self.is_static:
            return self.selector + b"".join([codec.encode(value) for codec, value in zip(self.arguments, values, strict=True)])
        return self.selector + encode_sequence(self.arguments, values)

    def decode(self, output: bytes) -> Any:
        """What the function returned: None, one value, or a tuple of several; raises ChainError for too few bytes (no code there)."""
        returns = self.returns
        if not returns:
            return None
        if len(output) < self.least_output:
            raise ChainError(f"{self.signature}: {len(output)} bytes returned, at least {self.least_output} are needed")
        if len(returns) == 1 and not returns[0].is_dynamic:
            return returns[0].decode(output, 0)
        values = decode_sequence(returns, output, 0)
        return values[0] if len(returns) == 1 else values


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a contract; `fields` read from the topics followed by the data, as one buffer, at `offsets`."""

    name: str
    topic: bytes
    fields: tuple[Codec, ...]
    offsets: tuple[int, ...]
    data_start: int

    def decode(self, topics: Sequence[bytes], data: bytes) -> tuple[Any, ...]:
        """`(name, *values)` in the order of the ABI, indexed or not."""
        buffer = b"".join(topics) + data
        return self.name, *[self._field(codec, buffer, offset) for codec, offset in zip(self.fields, self.offsets, strict=True)]

    def _field(self, codec: Codec, buffer: bytes, offset: int) -> Any:
        if codec.is_dynamic:
            return codec.decode(buffer, self.data_start + _read_uint(buffer, offset))
        return codec.decode(buffer, offset)


class Interface:
    """All functions and events of an ABI, found by name and number of arguments, and by topic."""

    __slots__ = ("constructor", "events", "functions")

    def __init__(self, entries: Iterable[dict[str, Any]]) -> None:
        self.functions: dict[tuple[str, int], Function] = {}
        self.events: dict[bytes, Event] = {}
        self.constructor: tuple[Codec, ...] = ()
        for entry in entries:
            kind = entry.get("type")
            if kind == "function":
                function = function_of(entry)
                self.functions[function.name, len(function.arguments)] = function
            elif kind == "event" and not entry.get("anonymous"):
                event = event_of(entry)
                self.events[event.topic] = event
            elif kind == "constructor":
                self.constructor = tuple(codec_of(item) for item in entry["inputs"])


def function_of(entry: dict[str, Any]) -> Function:
    """The function that an ABI entry describes."""
    arguments = tuple(codec_of(item) for item in entry["inputs"])
    returns = tuple(codec_of(item) for item in entry["outputs"])
    signature = signature_of(entry)
    return Function(
        name=entry["name"],
        signature=signature,
        selector=selector(signature),
        arguments=arguments,
        returns=returns,
        is_static=not any(codec.is_dynamic for codec in arguments),
        least_output=sum(codec.size for codec in returns),
    )


def event_of(entry: dict[str, Any]) -> Event:
    """The event that an ABI entry describes; an indexed value that is not a word is only there as its hash, 32 bytes."""
    inputs = entry["inputs"]
    data_start = WORD * (1 + sum(item["indexed"] for item in inputs))
    fields: list[Codec] = []
    offsets: list[int] = []
    next_topic, next_data = WORD, data_start
    for item in inputs:
        codec = codec_of(item)
        if item["indexed"]:
            fields.append(codec if _WORD_TYPE.fullmatch(item["type"]) else word_codec("bytes32"))
            offsets.append(next_topic)
            next_topic += WORD
        else:
            fields.append(codec)
            offsets.append(next_data)
            next_data += codec.size
    return Event(entry["name"], keccak256(signature_of(entry).encode()), tuple(fields), tuple(offsets), data_start)


def signature_of(entry: dict[str, Any]) -> str:
    """Name and types as they are hashed: `borrow(uint256,address,address)`."""
    return f"{entry['name']}({','.join(type_of(item) for item in entry['inputs'])})"


def type_of(item: dict[str, Any]) -> str:
    """Canonical type of an ABI parameter, structs written out as `(address,uint256)`."""
    name: str = item["type"]
    if not name.startswith("tuple"):
        return name
    return f"({','.join(type_of(part) for part in item['components'])}){name.removeprefix('tuple')}"


def codec_of(item: dict[str, Any]) -> Codec:
    """The codec of an ABI parameter."""
    name: str = item["type"]
    if array := _ARRAY_TYPE.fullmatch(name):
        inner = codec_of({**item, "type": array[1]})
        if not inner.is_dynamic:
            return struct_codec((inner,) * int(array[2])) if array[2] else array_codec(inner)
    if name == "tuple":
        parts = tuple(codec_of(part) for part in item["components"])
        if not any(part.is_dynamic for part in parts):
            return struct_codec(parts)
    if _WORD_TYPE.fullmatch(name):
        return word_codec(name)
    if name in ("bytes", "string"):
        return BYTES if name == "bytes" else STRING
    return library_codec(type_of(item))


def encode_sequence(codecs: Sequence[Codec], values: Sequence[Any]) -> bytes:
    """Heads, then the dynamic values they point to."""
    start = sum(codec.size for codec in codecs)
    heads: list[bytes] = []
    tails: list[bytes] = []
    for codec, value in zip(codecs, values, strict=True):
        encoded = codec.encode(value)
        if codec.is_dynamic:
            heads.append(start.to_bytes(WORD, "big"))
            tails.append(encoded)
            start += len(encoded)
        else:
            heads.append(encoded)
    return b"".join(heads + tails)


def decode_sequence(codecs: Sequence[Codec], data: bytes, start: int) -> tuple[Any, ...]:
    """The values whose heads begin at `start`; the offsets of dynamic ones count from there."""
    values = []
    head = start
    for codec in codecs:
        at = start + _read_uint(data, head) if codec.is_dynamic else head
        values.append(codec.decode(data, at))
        head += codec.size
    return tuple(values)


@lru_cache(maxsize=65536)
def address_word(address: str) -> bytes:
    """An address as a word; raises ValueError when it is not 20 bytes of hexadecimal."""
    raw = bytes.fromhex(address.removeprefix("0x"))
    if len(raw) != 20:
        raise ValueError(f"not an address: {address[:80]!r}")
    return bytes(12) + raw


def word_codec(name: str) -> Codec:
    """The codec of a type that fills one word."""
    return _WORDS.get(name) or (_INT if name.startswith("int") else _UINT if name.startswith("uint") else _fixed_bytes(int(name[5:])))


def array_codec(item: Codec) -> Codec:
    """The codec of an array of any length, its items not dynamic."""

    def encode(values: Sequence[Any]) -> bytes:
        return _write_uint(len(values)) + b"".join([item.encode(value) for value in values])

    def decode(data: bytes, at: int) -> list[Any]:
        start = at + WORD
        return [item.decode(data, position) for position in range(start, start + item.size * _read_uint(data, at), item.size)]

    return Codec(WORD, True, encode, decode)


def struct_codec(parts: tuple[Codec, ...]) -> Codec:
    """The codec of a struct without dynamic members, given and returned as a tuple."""

    def encode(values: Sequence[Any]) -> bytes:
        return encode_sequence(parts, values)

    def decode(data: bytes, at: int) -> tuple[Any, ...]:
        return decode_sequence(parts, data, at)

    return Codec(sum(part.size for part in parts), False, encode, decode)


def library_codec(name: str) -> Codec:
    """What is dynamic within something dynamic, by eth-abi."""

    def encode(value: Any) -> bytes:
        from eth_abi.abi import encode as library_encode

        return library_encode([name], [value])[WORD:]

    def decode(data: bytes, at: int) -> Any:
        from eth_abi.abi import decode as library_decode

        return library_decode([name], _write_uint(WORD) + data[at:])[0]

    return Codec(WORD, True, encode, decode)


def _write_uint(value: int) -> bytes:
    return value.to_bytes(WORD, "big")


def _read_uint(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + WORD], "big")


def _write_int(value: int) -> bytes:
    return value.to_bytes(WORD, "big", signed=True)


def _read_int(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + WORD], "big", signed=True)


def _read_bool(data: bytes, at: int) -> bool:
    return data[at + WORD - 1] != 0


def _read_address(data: bytes, at: int) -> str:
    return "0x" + data[at + 12 : at + WORD].hex()


def _write_bytes(value: bytes) -> bytes:
    return _write_uint(len(value)) + value + bytes(-len(value) % WORD)


def _read_bytes(data: bytes, at: int) -> bytes:
    return data[at + WORD : at + WORD + _read_uint(data, at)]


def _write_string(value: str) -> bytes:
    return _write_bytes(value.encode())


def _read_string(data: bytes, at: int) -> str:
    return _read_bytes(data, at).decode("utf-8", "replace")


def _fixed_bytes(length: int) -> Codec:
    def encode(value: bytes) -> bytes:
        if len(value) > length:
            raise ValueError(f"bytes{length}: {len(value)} bytes given")
        return value + bytes(WORD - len(value))

    def decode(data: bytes, at: int) -> bytes:
        return data[at : at + length]

    return Codec(WORD, False, encode, decode)


_UINT = Codec(WORD, False, _write_uint, _read_uint)
_INT = Codec(WORD, False, _write_int, _read_int)
_WORDS = {"bool": Codec(WORD, False, _write_uint, _read_bool), "address": Codec(WORD, False, address_word, _read_address)}
BYTES = Codec(WORD, True, _write_bytes, _read_bytes)
STRING = Codec(WORD, True, _write_string, _read_string)
