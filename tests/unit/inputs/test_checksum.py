"""Checksums of addresses: those of the standard pass, every single wrong letter does not, and the hash is the machine's."""

import random

import pytest

from ringfence.chain.keccak import keccak256 as keccak_of_the_machine
from ringfence.inputs.checksum import checksummed, is_checksummed, keccak256, problem_of

# The examples of EIP-55's own text.
STANDARD = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


@pytest.mark.parametrize("address", STANDARD)
def test_the_examples_of_the_standard(address: str) -> None:
    """Pass as they are and in one case; with any one letter's case turned, or any one digit changed, they do not."""
    assert checksummed(address.lower()) == address
    for good in (address, address.lower(), "0x" + address[2:].upper()):
        assert is_checksummed(good)
        assert problem_of(good) is None
    refused = 0
    for i in range(2, 42):
        turned = address[:i] + address[i].swapcase() + address[i + 1 :]
        if turned != address:
            assert "wrong checksum" in str(problem_of(turned))
            refused += 1
    assert refused == sum(digit.isalpha() for digit in address[2:])


def test_the_hash_is_that_of_the_machine() -> None:
    """For every length around the blocks of 136 bytes, and two long ones."""
    rng = random.Random(1)
    for length in (*range(0, 300, 7), 135, 136, 137, 271, 272, 273, 1000):
        data = rng.randbytes(length)
        assert keccak256(data) == keccak_of_the_machine(data)


@pytest.mark.parametrize("text", ["", "0x", "0x12", "0x" + "g" * 40, "ab" * 20, "0x" + "١" * 40, "0x" + "a" * 41])
def test_what_is_no_address(text: str) -> None:
    """Told as that, not as a checksum."""
    assert problem_of(text) == "is not an address"
