"""The addresses that contracts will have, known before they are created."""

from ringfence.chain.keccak import keccak256


def created_address(creator: str, nonce: int) -> str:
    """Address of what an account creates by its transaction of this nonce (CREATE): the hash of both in RLP."""
    number = nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    # A single byte under 0x80 stands for itself; anything else so short has its length before it, 0 being the empty string.
    item = number if len(number) == 1 and number[0] < 0x80 else bytes([0x80 + len(number)]) + number
    body = b"\x94" + bytes.fromhex(creator.removeprefix("0x")) + item
    return "0x" + keccak256(bytes([0xC0 + len(body)]) + body)[12:].hex()


def salted_address(creator: str, salt: bytes, initcode: bytes) -> str:
    """Address of what a contract creates with a salt (CREATE2, EIP-1014): it depends on nothing but these three."""
    return "0x" + keccak256(b"\xff" + bytes.fromhex(creator.removeprefix("0x")) + salt + keccak256(initcode))[12:].hex()
