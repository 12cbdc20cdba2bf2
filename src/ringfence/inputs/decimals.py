"""Exact decimals: text to integers in base units, without a float on the way.

A value of `decimals` fraction digits is the integer value * 10^decimals. Work grows with the length of the text only, never with an
exponent.
"""

import re

from ringfence.inputs.errors import NotExact, quoted

NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?", re.ASCII)
NOT_FINITE = {"nan", "inf", "infinity", "snan"}
MAX_DIGITS = 78
"""2^256 - 1 has 78 digits: what is longer cannot fit any word."""
EXPONENT_LIMIT = 10**9
"""Exponents beyond it are cut to it: no text that this machine could hold has so many digits to shift."""
POWERS = tuple(10**n for n in range(MAX_DIGITS + 1))


def floor_scaled(text: str, decimals: int, limit: int) -> tuple[int, bool]:
    """The value times 10^decimals rounded down, and whether digits were cut; decimals may be negative.

    Raises NotExact for what is no finite decimal number, is below 0, or is `limit` or more.
    """
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    if 0 <= decimals - len(fraction) < MAX_DIGITS and len(digits) <= MAX_DIGITS and digits.isascii() and digits.isdigit():
        value = int(digits) * POWERS[decimals - len(fraction)]
        if value < limit:
            return value, False
    value, cut = _shifted(*_parts(text), decimals)
    if value >= limit:
        raise NotExact(f"{quoted(text)} does not fit: too large")
    return value, cut


def ceil_scaled(text: str, decimals: int, limit: int) -> tuple[int, bool]:
    """As `floor_scaled`, rounded up."""
    value, cut = floor_scaled(text, decimals, limit)
    if value + cut >= limit:
        raise NotExact(f"{quoted(text)} does not fit: too large")
    return value + cut, cut


def exact_scaled(text: str, decimals: int, limit: int) -> int:
    """As `floor_scaled`, but digits that would be cut are refused with NotExact."""
    value, cut = floor_scaled(text, decimals, limit)
    if cut:
        raise NotExact(
            f"{quoted(text)} has more than {decimals} digits after the point" if decimals else f"{quoted(text)} is not a whole number"
        )
    return value


def _parts(text: str) -> tuple[str, int]:
    """The digits of a number of 0 or more, and the power of ten of the last one."""
    bare = text.strip()
    if not bare:
        raise NotExact("is empty")
    match = NUMBER.fullmatch(bare)
    if match is None or not (match[2] or match[3]):
        raise NotExact(f"{quoted(text)} is not {'finite' if bare.lstrip('+-').lower() in NOT_FINITE else 'a decimal number'}")
    sign, whole, fraction, exponent = match[1], match[2], match[3] or "", match[4] or "0"
    digits = (whole + fraction).lstrip("0")
    if sign == "-" and digits:
        raise NotExact(f"{quoted(text)} is negative")
    return digits, _exponent(exponent) - len(fraction)


def _exponent(text: str) -> int:
    magnitude = text.lstrip("+-").lstrip("0") or "0"
    value = min(int(magnitude), EXPONENT_LIMIT) if len(magnitude) <= 10 else EXPONENT_LIMIT
    return -value if text.startswith("-") else value


def _shifted(digits: str, power: int, decimals: int) -> tuple[int, bool]:
    """floor(digits * 10^(power + decimals)) and whether anything was cut; digits have no leading zeros."""
    shift = power + decimals
    if not digits or len(digits) + shift <= 0:
        return 0, bool(digits)
    if len(digits) + shift > MAX_DIGITS:
        return POWERS[MAX_DIGITS], False
    if shift >= 0:
        return int(digits) * POWERS[shift], False
    return int(digits[:shift]), bool(digits[shift:].strip("0"))
