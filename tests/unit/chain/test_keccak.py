import pytest

from ringfence.chain.keccak import keccak256, selector


def test_known_answers() -> None:
    """The hash is Keccak-256 as Ethereum uses it, not SHA3-256: published answers for the empty text and for "abc"."""
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"


def test_known_selectors() -> None:
    """Selectors are those that every ERC-20 and ERC-4626 has."""
    assert selector("transfer(address,uint256)").hex() == "a9059cbb"
    assert selector("deposit(uint256,address)").hex() == "6e553f65"


def test_every_length() -> None:
    """The hash is right for every length around its block of 136 bytes, as another implementation has it."""
    other = pytest.importorskip("Crypto.Hash.keccak", reason="comes with the compiler, a development dependency")
    for length in range(280):
        data = bytes(i * 7 % 256 for i in range(length))
        assert keccak256(data) == other.new(digest_bits=256, data=data).digest(), length
