"""The bounds in numbers say the same as the bounds in the model, and a headroom is how far a term may go."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from ringfence.inputs.bounds import BOUNDS, seconds_to_incentive_max, shown_decimal
from ringfence.model import limits
from ringfence.model.terms import WAD, ZERO_ADDRESS, Terms
from tests.agreement.worlds import FAMILIES, draw_terms

ADDRESSES = {"asset": "0x1", "collateral": "0x2", "oracle": "0x3", "rate_model": "0x4", "backstop": ZERO_ADDRESS, "fee_recipient": "0x5"}
EDGES = {
    "max_ltv": [0, 1, WAD],
    "liq_ltv": [0, WAD - 1, WAD, 2 * WAD],
    "target_ltv": [WAD],
    "incentive_base": [0, WAD, 10**36],
    "incentive_rise": [0, 1, WAD],
    "incentive_slope": [0, limits.MAX_SLOPE, limits.MAX_SLOPE + 1],
    "incentive_max": [0, WAD, limits.MAX_INCENTIVE, limits.MAX_INCENTIVE + 1, 2**256 - 1],
    "penalty": [limits.MAX_PENALTY, limits.MAX_PENALTY + 1],
    "reserve_factor": [WAD, WAD + 1],
    "reserve_target": [WAD, WAD + 1],
    "creator_fee": [limits.MAX_CREATOR_FEE, limits.MAX_CREATOR_FEE + 1],
    "supply_cap": [2**127 - 1, 2**127],
    "borrow_cap": [limits.MAX_BORROW_CAP, limits.MAX_BORROW_CAP + 1],
    "min_debt": [2**128 - 1, 2**128],
    "solvent_window": [0, 1, 3_600],
    "sale_timeout": [0, 1, 2**64 - 1, 2**64],
    "premium": [WAD, WAD + 1],
    "lockup": [0, 2**64 - 1, 2**64],
}
NEEDS_NO_NUMBERS = {
    "terms: asset is collateral", "terms: backstop", "terms: no incentive", "terms: fee_recipient",
}  # fmt: skip

OF_SEVERAL_TERMS = {"terms: incentive over margin", "terms: target near liq_ltv", "terms: rise too slow", "terms: shares of interest"}


def drawn(rng: Random) -> Terms:
    """Legal terms, some of them moved to the edge of a range, beyond it, or onto another term."""
    numbers = draw_terms(rng, rng.choice(FAMILIES), 10**6)
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        name = rng.choice(list(EDGES))
        numbers[name] = rng.choice([*EDGES[name], numbers[rng.choice(list(EDGES))], max(0, numbers[name] + rng.choice([-1, 1]))])
    return Terms(**ADDRESSES, **numbers)  # type: ignore[arg-type]


def test_a_measure_holds_exactly_where_the_model_says_so() -> None:
    """Terms within and beyond every bound, its edges and the values of other terms among them."""
    rng, outcomes = Random(1), Counter[tuple[str, bool]]()
    for _ in range(20_000):
        terms = drawn(rng)
        broken = limits.broken(terms)
        for text, bound in BOUNDS.items():
            measure = bound.measure(terms)
            if measure is not None:
                assert measure.holds == (text not in broken), (text, terms)
                outcomes[text, measure.holds] += 1
    measured = set(BOUNDS) - NEEDS_NO_NUMBERS
    assert {text for text, _ in outcomes} == measured
    assert {(text, holds) for text in measured for holds in (True, False) if outcomes[text, holds] < 50} == set()


def test_a_bound_without_numbers_for_these_terms_is_kept_by_them() -> None:
    """No window, no rise: nothing is asked of them."""
    rng = Random(2)
    asked = Counter[str]()
    for _ in range(3_000):
        terms = drawn(rng)
        for text in set(BOUNDS) - NEEDS_NO_NUMBERS:
            if BOUNDS[text].measure(terms) is None:
                asked[text] += 1
                assert text not in limits.broken(terms)
    assert set(asked) == {"terms: solvent_window", "terms: rise too slow"}
    assert min(asked.values()) > 300


def test_the_headroom_is_how_far_the_term_may_go() -> None:
    """A term moved by the headroom stands on its limit: kept by "at most", broken by "below"; one unit on the other side turns it."""
    rng, moved = Random(3), Counter[str]()
    for _ in range(500):
        terms = drawn(rng)
        for text, bound in BOUNDS.items():
            measure, name = bound.measure(terms), bound.names[0]
            if measure is None or text in OF_SEVERAL_TERMS or measure.side == "above":
                continue
            assert measure.value == getattr(terms, name)
            if (on_limit := measure.value + measure.headroom) < 1:
                continue
            last = on_limit if measure.side == "at most" else on_limit - 1
            for value, holds in ((last, True), (last + 1, False)):
                assert (text not in limits.broken(replace(terms, **{name: value}))) == holds, (text, terms, value)
            moved[text] += 1
    assert len(moved) == 18
    assert min(moved.values()) > 100


@pytest.mark.parametrize(
    ("base", "most", "rise", "seconds"),
    [(0, 10, 5, 2), (0, 11, 5, 3), (10, 10, 5, 0), (0, 1, 5, 1), (0, 10, 0, None)],
)
def test_the_seconds_to_the_largest_incentive_are_the_first_at_which_it_is_reached(
    base: int, most: int, rise: int, seconds: int | None
) -> None:
    """Rounded up; None without a rise."""
    terms = replace(drawn(Random(4)), incentive_base=base, incentive_max=most, incentive_rise=rise)
    assert seconds_to_incentive_max(terms) == seconds
    if seconds is not None:
        assert base + rise * seconds >= most > base + rise * (seconds - 1) or seconds == 0


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (0, 18, "0"),
        (85 * 10**16, 18, "0.85"),
        (1, 18, "0.000000000000000001"),
        (-5, 1, "-0.5"),
        (-10, 1, "-1"),
        (7, 0, "7"),
        (10**18, 18, "1"),
    ],
)
def test_a_decimal_is_exact_and_as_short_as_it_can_be(value: int, digits: int, shown: str) -> None:
    """No zeros behind, nothing cut."""
    assert shown_decimal(value, digits) == shown
