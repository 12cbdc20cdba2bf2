"""Random numbers that are a function of where they are used: seed, path, stream and step. No order of calls, no thread can change them.

Philox4x64-10: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The counter is (step, path,
stream, 0), the key (seed, 0). Words are numpy's `Philox`, whose counter is one behind: it counts up before each block.
"""

import math

from ringfence.lab.jitted import jit, word

_MULTIPLY_FIRST = word(0xD2E7470EE14C6C93)
_MULTIPLY_SECOND = word(0xCA5A826395121157)
_BUMP_FIRST = word(0x9E3779B97F4A7C15)
_BUMP_SECOND = word(0xBB67AE8584CAA73B)
_ALL = word(0xFFFFFFFFFFFFFFFF)
_LOW = word(0xFFFFFFFF)
_HALF = word(32)
_SPARE = word(12)
_ZERO = word(0)
_ROUNDS = 10

FACTOR, OWN = 0, 1
"""Streams of the price moves: the common factor, and OWN + pool for what is a pool's own."""
OUTAGES = 2000
PERMUTATION = 3000
STARTS = 4000
"""Where a path starts and which blocks it draws: STARTS for the factor, STARTS + OWN + pool for a pool."""


@jit
def _high(a: int, b: int) -> int:
    """The upper word of the product of two words, by halves."""
    a_low, a_high, b_low, b_high = a & _LOW, a >> _HALF, b & _LOW, b >> _HALF
    middle = a_high * b_low + (a_low * b_low >> _HALF)
    other = a_low * b_high + (middle & _LOW)
    return a_high * b_high + (middle >> _HALF) + (other >> _HALF)


@jit
def philox(a: int, b: int, c: int, d: int, first: int, second: int) -> tuple[int, int, int, int]:
    """The four words that ten rounds make of a counter (a, b, c, d) under a key (first, second)."""
    for _ in range(_ROUNDS):
        a_low, c_low = (_MULTIPLY_FIRST * a) & _ALL, (_MULTIPLY_SECOND * c) & _ALL
        a, b, c, d = _high(_MULTIPLY_SECOND, c) ^ b ^ first, c_low, _high(_MULTIPLY_FIRST, a) ^ d ^ second, a_low
        first, second = (first + _BUMP_FIRST) & _ALL, (second + _BUMP_SECOND) & _ALL
    return a, b, c, d


@jit
def block(seed: int, path: int, stream: int, step: int) -> tuple[int, int, int, int]:
    """Four random words of 64 bits; seed, path, stream and step are at least 0 and below 2^63."""
    return philox(word(step), word(path), word(stream), _ZERO, word(seed), _ZERO)


@jit
def _uniform(bits: int) -> float:
    """An odd multiple of 2^-53 from the upper 52 bits: never 0, never 1, symmetric, and exact as a float."""
    return (float(bits >> _SPARE) + 0.5) * 2.0**-52


@jit
def uniforms(seed: int, path: int, stream: int, step: int) -> tuple[float, float, float, float]:
    """Four independent uniform numbers in the open interval (0, 1)."""
    a, b, c, d = block(seed, path, stream, step)
    return _uniform(a), _uniform(b), _uniform(c), _uniform(d)


@jit
def normal(uniform: float) -> float:
    """The standard normal number below which the part `uniform`, in (0, 1), of all lie.

    M. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988), PPND16; about 16 digits.
    """
    q = uniform - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        above = 2509.0809287301226727 * r + 33430.575583588128105
        above = ((above * r + 67265.770927008700853) * r + 45921.953931549871457) * r + 13731.693765509461125
        above = ((above * r + 1971.5909503065514427) * r + 133.14166789178437745) * r + 3.387132872796366608
        below = 5226.495278852854561 * r + 28729.085735721942674
        below = ((below * r + 39307.89580009271061) * r + 21213.794301586595867) * r + 5394.1960214247511077
        below = ((below * r + 687.1870074920579083) * r + 42.313330701600911252) * r + 1.0
        return q * above / below
    r = math.sqrt(-math.log(uniform if q < 0.0 else 1.0 - uniform))
    if r <= 5.0:
        r -= 1.6
        above = 7.7454501427834140764e-4 * r + 0.0227238449892691845833
        above = ((above * r + 0.24178072517745061177) * r + 1.27045825245236838258) * r + 3.64784832476320460504
        above = ((above * r + 5.7694972214606914055) * r + 4.6303378461565452959) * r + 1.42343711074968357734
        below = 1.05075007164441684324e-9 * r + 5.475938084995344946e-4
        below = ((below * r + 0.0151986665636164571966) * r + 0.14810397642748007459) * r + 0.68976733498510000455
        below = ((below * r + 1.6763848301838038494) * r + 2.05319162663775882187) * r + 1.0
    else:
        r -= 5.0
        above = 2.01033439929228813265e-7 * r + 2.71155556874348757815e-5
        above = ((above * r + 0.0012426609473880784386) * r + 0.026532189526576123093) * r + 0.29656057182850489123
        above = ((above * r + 1.7848265399172913358) * r + 5.4637849111641143699) * r + 6.6579046435011037772
        below = 2.04426310338993978564e-15 * r + 1.4215117583164458887e-7
        below = ((below * r + 1.8463183175100546818e-5) * r + 7.868691311456132591e-4) * r + 0.0148753612908506148525
        below = ((below * r + 0.13692988092273580531) * r + 0.59983220655588793769) * r + 1.0
    return math.copysign(above / below, q)


@jit
def phi(z: float) -> float:
    """The part of all standard normal numbers that lie below z."""
    return 0.5 * math.erfc(-z * math.sqrt(0.5))
