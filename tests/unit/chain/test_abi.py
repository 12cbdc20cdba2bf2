from typing import Any

import eth_abi.abi as eth_abi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.chain.abi import Interface, codec_of, decode_sequence, encode_sequence, event_of, function_of, type_of
from ringfence.chain.errors import ChainError
from tests.unit.chain.roles import BORROWER, LENDER

ADDRESS = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
UINT = st.one_of(st.integers(0, 2**256 - 1), st.sampled_from([0, 1, 2**255, 2**256 - 1]))
PAIR = {"name": "pair", "type": "tuple", "components": [{"name": "a", "type": "address"}, {"name": "b", "type": "uint256"}]}

# Parameter of an ABI -> values for it, in the form in which both we and eth-abi return them.
VALUES: list[tuple[dict[str, Any], st.SearchStrategy[Any]]] = [
    ({"type": "address"}, ADDRESS),
    ({"type": "uint256"}, UINT),
    ({"type": "uint8"}, st.integers(0, 255)),
    ({"type": "int128"}, st.integers(-(2**127), 2**127 - 1)),
    ({"type": "bool"}, st.booleans()),
    ({"type": "bytes4"}, st.binary(min_size=4, max_size=4)),
    ({"type": "bytes32"}, st.binary(min_size=32, max_size=32)),
    ({"type": "bytes"}, st.binary(max_size=100)),
    ({"type": "string"}, st.text(max_size=40)),
    ({"type": "address[]"}, st.lists(ADDRESS, max_size=5)),
    ({"type": "uint256[3]"}, st.tuples(UINT, UINT, UINT)),
    (PAIR, st.tuples(ADDRESS, UINT)),
    ({**PAIR, "type": "tuple[]"}, st.lists(st.tuples(ADDRESS, UINT), max_size=3)),
    ({"type": "string[]"}, st.lists(st.text(max_size=40), max_size=3)),
    ({"type": "uint256[2][]"}, st.lists(st.tuples(UINT, UINT), max_size=3)),
    ({"type": "tuple", "components": [{"type": "uint256"}, {"type": "bytes"}]}, st.tuples(UINT, st.binary(max_size=40))),
]


def as_lists(value: Any) -> Any:
    """Sequences as lists all the way down: eth-abi returns tuples where we return lists."""
    return [as_lists(item) for item in value] if isinstance(value, list | tuple) else value


@given(st.lists(st.sampled_from(VALUES).flatmap(lambda kind: st.tuples(st.just(kind[0]), kind[1])), max_size=6))
def test_packing_is_that_of_the_library(arguments: list[tuple[dict[str, Any], Any]]) -> None:
    """Every sequence of values is packed byte for byte as eth-abi packs it, and reads back as it was."""
    items, values = [item for item, _ in arguments], [value for _, value in arguments]
    codecs = [codec_of(item) for item in items]
    packed = encode_sequence(codecs, values)
    assert packed == eth_abi.encode([type_of(item) for item in items], values)
    assert as_lists(decode_sequence(codecs, packed, 0)) == as_lists(values)
    assert as_lists(eth_abi.decode([type_of(item) for item in items], packed)) == as_lists(values)


def function(inputs: list[str], outputs: list[str]) -> Any:
    return function_of({"name": "f", "inputs": [{"type": kind} for kind in inputs], "outputs": [{"type": kind} for kind in outputs]})


def test_returns_by_number() -> None:
    """No value is None, one is itself, several are a tuple."""
    word = (5).to_bytes(32, "big")
    assert function([], []).decode(b"") is None
    assert function([], ["uint256"]).decode(word) == 5
    assert function([], ["uint256", "bool"]).decode(word + word) == (5, True)
    assert function([], ["string"]).decode(eth_abi.encode(["string"], ["text"])) == "text"


def test_too_little_returned() -> None:
    """Fewer bytes than the return values need are an error, never a zero: an account without code returns nothing."""
    with pytest.raises(ChainError, match=r"f\(\): 32 bytes returned, at least 64"):
        function([], ["uint256", "uint256"]).decode(bytes(32))


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        ("uint256", -1, OverflowError),
        ("uint256", 2**256, OverflowError),
        ("address", "0x1234", ValueError),
        ("address", "pool", ValueError),
        ("bytes4", b"12345", ValueError),
    ],
)
def test_values_that_do_not_fit(kind: str, value: Any, error: type[Exception]) -> None:
    """What does not fit its type is refused before it reaches the chain."""
    with pytest.raises(error):
        function([kind], []).encode([value])


def test_wrong_number_of_arguments() -> None:
    """A call with an argument too few or too many is refused, static or not."""
    for kind, value in (("uint256", 1), ("bytes", b"")):
        for values in ([], [value, value]):
            with pytest.raises(ValueError, match="zip"):
                function([kind], []).encode(values)


def test_addresses_of_any_case() -> None:
    """An address is the same in any case on the way in, and lower-case on the way out."""
    mixed = "0xAbCdEf0123456789aBcDeF0123456789AbCdEf01"
    echo = function(["address"], ["address"])
    assert echo.encode([mixed]) == echo.encode([mixed.lower()])
    assert echo.decode(echo.encode([mixed])[4:]) == mixed.lower()


def test_overloads_by_number_of_arguments() -> None:
    """A function with a default argument is two in the ABI, told apart by how many arguments are given."""
    entries = [
        {"type": "function", "name": "f", "inputs": [{"type": "uint256"}] * count, "outputs": [], "stateMutability": "view"}
        for count in (1, 2)
    ]
    functions = Interface(entries).functions
    assert {key: value.signature for key, value in functions.items()} == {("f", 1): "f(uint256)", ("f", 2): "f(uint256,uint256)"}


def test_event_in_order_of_the_abi() -> None:
    """Values come in the order of the ABI, indexed ones among them; an indexed text is only its hash."""
    inputs = [
        {"type": "uint256", "indexed": False},
        {"type": "address", "indexed": True},
        {"type": "string", "indexed": False},
        {"type": "string", "indexed": True},
        {"type": "bool", "indexed": False},
    ]
    event = event_of({"name": "E", "inputs": inputs})
    digest = bytes(range(32))
    topics = [event.topic, bytes(12) + bytes.fromhex(LENDER[2:]), digest]
    data = eth_abi.encode(["uint256", "string", "bool"], [7, "text", True])
    assert event.decode(topics, data) == ("E", 7, LENDER, "text", digest, True)


def test_event_topic() -> None:
    """The topic of an ERC-20 transfer is the one every chain has."""
    inputs = [{"type": kind, "indexed": kind == "address"} for kind in ("address", "address", "uint256")]
    event = event_of({"name": "Transfer", "inputs": inputs})
    assert event.topic.hex() == "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    topics = [event.topic, *(eth_abi.encode(["address"], [who]) for who in (LENDER, BORROWER))]
    assert event.decode(topics, (9).to_bytes(32, "big")) == ("Transfer", LENDER, BORROWER, 9)
