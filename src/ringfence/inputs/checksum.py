"""Addresses with the checksum of EIP-55: which of its letters are capital tells whether a digit is wrong.

The hash is Keccak-256 as chains have it (not SHA-3 of FIPS 202, which pads otherwise), written out here because the chain's machine and
every hashing library would have to be loaded to read a file of terms.
"""

import re

ROUNDS, RATE = 24, 136
WORD = (1 << 64) - 1


def is_checksummed(address: str) -> bool:
    """Whether the capital letters of an address ("0x" and 40 hexadecimal digits) are those that EIP-55 asks for; an address in one case has
    no checksum and passes."""
    digits = address.removeprefix("0x")
    return digits in (digits.lower(), digits.upper()) or checksummed(address) == address


def checksummed(address: str) -> str:
    """The address as EIP-55 writes it: a letter is capital where the hash of the lower-case digits has 8 or more."""
    digits = address.removeprefix("0x").lower()
    hashed = keccak256(digits.encode()).hex()
    return "0x" + "".join(digit.upper() if int(h, 16) >= 8 else digit for digit, h in zip(digits, hashed, strict=False))


def problem_of(address: str) -> str | None:
    """Why a text is no address, None if it is one."""
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", address, re.ASCII):
        return "is not an address"
    return None if is_checksummed(address) else "has a wrong checksum (EIP-55): a digit or a letter's case is not as it was"


def keccak256(data: bytes) -> bytes:
    """Hash of the data, 32 bytes; for short data, it takes about a millisecond for each 136 bytes."""
    padded = bytearray(data) + bytes(RATE - len(data) % RATE)
    padded[len(data)] |= 0x01
    padded[-1] |= 0x80
    lanes = [0] * 25  # lane (x, y) at x + 5 * y
    for start in range(0, len(padded), RATE):
        for i in range(RATE // 8):
            lanes[i] ^= int.from_bytes(padded[start + 8 * i : start + 8 * i + 8], "little")
        _permute(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])


def _permute(lanes: list[int]) -> None:
    """Keccak-f[1600] of FIPS 202, section 3.3: theta, rho and pi, chi, iota, 24 times."""
    register = 1
    for _ in range(ROUNDS):
        columns = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        for x in range(5):
            change = columns[x - 1] ^ _turned(columns[(x + 1) % 5], 1)
            for y in range(0, 25, 5):
                lanes[x + y] ^= change
        x, y, moved = 1, 0, lanes[1]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            moved, lanes[x + 5 * y] = lanes[x + 5 * y], _turned(moved, (t + 1) * (t + 2) // 2 % 64)
        for y in range(0, 25, 5):
            row = lanes[y : y + 5]
            for x in range(5):
                lanes[x + y] = row[x] ^ (~row[(x + 1) % 5] & WORD & row[(x + 2) % 5])
        for j in range(7):
            register = (register << 1) ^ (0x171 if register >> 7 else 0)
            if register & 2:
                lanes[0] ^= 1 << ((1 << j) - 1)


def _turned(lane: int, by: int) -> int:
    return (lane << by | lane >> (64 - by)) & WORD
