# pragma version 0.4.3
"""
@title Exact multiplication and division, rounded in the direction the name says
@license MIT
@notice Products are 512 bits wide. Twin of src/ringfence/model/rounding.py.
"""


@internal
@pure
def _high(x: uint256, y: uint256) -> uint256:
    # The upper 256 bits of a product: its values modulo 2^256 - 1 and modulo 2^256 determine them (Chinese remainder theorem).
    low: uint256 = unsafe_mul(x, y)
    mixed: uint256 = uint256_mulmod(x, y, max_value(uint256))
    return unsafe_sub(unsafe_sub(mixed, low), convert(mixed < low, uint256))


@internal
@pure
def _quotient(high: uint256, low: uint256, divisor: uint256) -> uint256:
    # high * 2^256 + low, divided and rounded down; a quotient of more than 256 bits reverts.
    assert high < divisor
    # 2^256 mod divisor, then the remainder of the whole.
    base: uint256 = uint256_addmod(max_value(uint256), 1, divisor)
    remainder: uint256 = uint256_addmod(uint256_mulmod(high, base, divisor), low, divisor)
    exact_high: uint256 = high
    if remainder > low:
        exact_high = unsafe_sub(high, 1)
    exact_low: uint256 = unsafe_sub(low, remainder)
    # Without remainder the division is exact: shift the powers of two out, then multiply by the inverse of the odd part.
    twos: uint256 = divisor & unsafe_sub(0, divisor)
    odd: uint256 = unsafe_div(divisor, twos)
    shifted: uint256 = unsafe_div(exact_low, twos) | unsafe_mul(exact_high, unsafe_add(unsafe_div(unsafe_sub(0, twos), twos), 1))
    # Newton doubles the correct bits: 3 * odd ^ 2 has 4, six rounds make 256.
    inverse: uint256 = unsafe_mul(3, odd) ^ 2
    for _: uint256 in range(6):
        inverse = unsafe_mul(inverse, unsafe_sub(2, unsafe_mul(odd, inverse)))
    return unsafe_mul(shifted, inverse)


@internal
@pure
def _mul_div_down(x: uint256, y: uint256, divisor: uint256) -> uint256:
    low: uint256 = unsafe_mul(x, y)
    # Most products fit one word: then the quotient of low by x is y.
    if x == 0 or unsafe_div(low, x) == y:
        return low // divisor
    return self._quotient(self._high(x, y), low, divisor)


@internal
@pure
def _mul_div_up(x: uint256, y: uint256, divisor: uint256) -> uint256:
    quotient: uint256 = self._mul_div_down(x, y, divisor)
    if uint256_mulmod(x, y, divisor) == 0:
        return quotient
    return quotient + 1


@internal
@pure
def _mul_div_down_capped(x: uint256, y: uint256, divisor: uint256, cap: uint256) -> uint256:
    # Where a quotient may be of any size but nothing beyond the cap matters, no size may revert.
    if self._high(x, y) >= divisor:
        return cap
    return min(cap, self._mul_div_down(x, y, divisor))


@internal
@pure
def _div_up(x: uint256, divisor: uint256) -> uint256:
    quotient: uint256 = x // divisor
    return unsafe_add(quotient, convert(unsafe_mul(quotient, divisor) != x, uint256))
