"""Decimal text becomes integers exactly: compared with Python's own decimals at a precision that loses nothing."""

import time
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.inputs.decimals import ceil_scaled, exact_scaled, floor_scaled
from ringfence.inputs.errors import NotExact

WORD = 2**256
EXACT = Context(prec=2000, Emax=10**6, Emin=-(10**6))

digits = st.text("0123456789", max_size=40)
exponents = st.one_of(st.just(""), st.builds("{}{}{}".format, st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), st.integers(0, 90)))


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Every spelling of a finite number of 0 or more: bare and leading points, leading zeros, signs, exponents, spaces."""
    whole, fraction = draw(digits), draw(digits)
    if not whole and not fraction:
        whole = "0"
    point = "." if fraction or draw(st.booleans()) else ""
    space = draw(st.sampled_from(["", " ", "\t"]))
    return f"{space}{draw(st.sampled_from(['', '+']))}{whole}{point}{fraction}{draw(exponents)}{space}"


@given(numbers(), st.integers(-40, 77))
@settings(deadline=None, max_examples=500)
def test_a_number_is_scaled_and_cut_as_decimal_arithmetic_says(text: str, decimals: int) -> None:
    """floor and ceil of the exact product, and told when they differ; too large is refused, whatever the spelling."""
    exact = EXACT.scaleb(Decimal(text.strip()), decimals)
    low, high = int(exact.to_integral_value(ROUND_FLOOR, EXACT)), int(exact.to_integral_value(ROUND_CEILING, EXACT))
    if high >= WORD:
        with pytest.raises(NotExact, match="does not fit"):
            ceil_scaled(text, decimals, WORD)
    else:
        assert floor_scaled(text, decimals, WORD) == (low, low != high)
        assert ceil_scaled(text, decimals, WORD) == (high, low != high)
        if low == high:
            assert exact_scaled(text, decimals, WORD) == low


@pytest.mark.parametrize(
    "text", ["", "  ", ".", "e5", "1e", "1e5.5", "--1", "1 2", "1,5", "1_000", "0x10", "abc", "１", "١٢", "1\0", "½", "+"]
)
def test_what_is_no_decimal_is_refused(text: str) -> None:
    """Only ASCII digits, one point, one exponent: everything else might mean something else to another reader."""
    with pytest.raises(NotExact):
        floor_scaled(text, 18, WORD)


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-inf", "Infinity", "sNaN"])
def test_what_is_not_finite_is_named_so(text: str) -> None:
    """A float's special values are refused as such."""
    with pytest.raises(NotExact, match="not finite"):
        floor_scaled(text, 18, WORD)


@pytest.mark.parametrize("text", ["-1", "-0.0000000000000000000000001", "-1e-999999999"])
def test_below_zero_is_refused_however_small(text: str) -> None:
    """A negative amount is refused before it is cut to 0."""
    with pytest.raises(NotExact, match="negative"):
        floor_scaled(text, 18, WORD)


def test_minus_zero_is_zero() -> None:
    """It is not negative."""
    assert floor_scaled("-0.0", 18, WORD) == (0, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e999999999", None),
        ("1e99999999999999999999999999", None),
        (f"1e{'9' * 100_000}", None),
        (f"1e-{'9' * 100_000}", (0, True)),
        ("0e999999999", (0, False)),
        (f"1{'0' * 100_000}", None),
        (f"0.{'0' * 100_000}1", (0, True)),
        (f"{'0' * 100_000}7", (7 * 10**18, False)),
        (f"1{'0' * 100_000}e-100000", (10**18, False)),
    ],
)
def test_huge_spellings_cost_next_to_nothing(text: str, expected: tuple[int, bool] | None) -> None:
    """Work follows the length of the text, not the number it names: a millisecond or so each, where naive scaling would never end."""
    started = time.perf_counter()
    if expected is None:
        with pytest.raises(NotExact, match="does not fit"):
            floor_scaled(text, 18, WORD)
    else:
        assert floor_scaled(text, 18, WORD) == expected
    assert time.perf_counter() - started < 0.5


def test_digits_that_must_not_be_cut_are_refused() -> None:
    """A ratio keeps all its digits or is refused; trailing zeros are not digits lost."""
    assert exact_scaled("0.050", 2, WORD) == 5
    assert exact_scaled("12e-1", 1, WORD) == 12
    with pytest.raises(NotExact, match="more than 18 digits"):
        exact_scaled("0.1234567890123456789", 18, WORD)
    with pytest.raises(NotExact, match="whole number"):
        exact_scaled("1.5", 0, WORD)


def test_the_limit_is_the_first_value_refused() -> None:
    """And a value rounded up to it does not fit either."""
    assert floor_scaled("255", 0, 256) == (255, False)
    assert floor_scaled("255.9", 0, 256) == (255, True)
    for refused in (floor_scaled, ceil_scaled):
        with pytest.raises(NotExact, match="does not fit"):
            refused("256", 0, 256)
    with pytest.raises(NotExact, match="does not fit"):
        ceil_scaled("255.9", 0, 256)
