"""The bounds of a pool's terms are the same in contracts/limits.vy and model/limits.py: same limit, same order, same text."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ringfence.model import limits
from ringfence.model.limits import MAX_BORROW_CAP, MAX_CAP
from ringfence.model.terms import MAX_UINT256, WAD, ZERO_ADDRESS, Terms
from tests.agreement.planted import CREATOR, Surroundings, outcome_of
from tests.agreement.worlds import FAMILIES, NUMBERS, draw_terms, spread

SOURCE = Path(__file__).resolve().parents[2] / "contracts" / "limits.vy"
TEXTS = re.findall(r'"(terms: [^"]+)"', SOURCE.read_text())
PLAIN: dict[str, int] = dict.fromkeys(NUMBERS, 0) | {
    "max_ltv": 80 * WAD // 100,
    "liq_ltv": 85 * WAD // 100,
    "incentive_base": 5 * WAD // 100,
    "incentive_max": 5 * WAD // 100,
    "sale_timeout": 3600,
    "supply_cap": MAX_CAP,
    "borrow_cap": MAX_BORROW_CAP,
}
NO_MARGIN = {"incentive_max": 0, "incentive_base": 0, "incentive_slope": 1}
MARGIN = (WAD * WAD - 1) // PLAIN["liq_ltv"] - WAD

# For every text: terms just within the bound, and terms just beyond it, as changes of plain ones.
EDGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "terms: max_ltv is zero": ({"max_ltv": 1}, {"max_ltv": 0}),
    "terms: liq_ltv": ({"liq_ltv": WAD - 1, **NO_MARGIN}, {"liq_ltv": WAD, **NO_MARGIN}),
    "terms: max_ltv": ({"max_ltv": PLAIN["liq_ltv"] - 1}, {"max_ltv": PLAIN["liq_ltv"]}),
    "terms: target_ltv": ({"target_ltv": PLAIN["max_ltv"]}, {"target_ltv": PLAIN["max_ltv"] + 1}),
    "terms: incentive_base": ({"incentive_base": PLAIN["incentive_max"]}, {"incentive_base": PLAIN["incentive_max"] + 1}),
    "terms: incentive_rise": ({"incentive_rise": PLAIN["incentive_max"]}, {"incentive_rise": PLAIN["incentive_max"] + 1}),
    "terms: incentive_slope": ({"incentive_slope": 1000 * WAD}, {"incentive_slope": 1000 * WAD + 1}),
    "terms: penalty": ({"penalty": WAD // 5}, {"penalty": WAD // 5 + 1}),
    "terms: reserve_factor": ({"reserve_factor": WAD}, {"reserve_factor": WAD + 1}),
    "terms: reserve_target": ({"reserve_target": WAD}, {"reserve_target": WAD + 1}),
    "terms: creator_fee": ({"creator_fee": WAD // 4}, {"creator_fee": WAD // 4 + 1}),
    "terms: supply_cap": ({"supply_cap": 2**127 - 1}, {"supply_cap": 2**127}),
    "terms: borrow_cap": ({"borrow_cap": (2**127 - 1) // 10**6}, {"borrow_cap": (2**127 - 1) // 10**6 + 1}),
    "terms: min_debt": ({"min_debt": 2**128 - 1}, {"min_debt": 2**128}),
    "terms: sale_timeout": ({"sale_timeout": 2**64 - 1}, {"sale_timeout": 2**64}),
    "terms: solvent_window": ({"solvent_window": 3599}, {"solvent_window": 3600}),
    "terms: premium": ({}, {"premium": WAD + 1}),
    "terms: lockup": ({"lockup": 2**64 - 1}, {"lockup": 2**64}),
    "terms: no incentive": ({"incentive_base": 0, "incentive_slope": 1}, {"incentive_base": 0}),
    "terms: incentive over margin": ({"incentive_max": MARGIN}, {"incentive_max": MARGIN + 1}),
    "terms: target near liq_ltv": (
        {"max_ltv": PLAIN["liq_ltv"] - 1, "target_ltv": PLAIN["liq_ltv"] * 1000 // 1001},
        {"max_ltv": PLAIN["liq_ltv"] - 1, "target_ltv": PLAIN["liq_ltv"] * 1000 // 1001 + 1},
    ),
    "terms: rise too slow": (
        {"incentive_base": 0, "incentive_max": 3600, "incentive_rise": 1},
        {"incentive_base": 0, "incentive_max": 3601, "incentive_rise": 1},
    ),
    "terms: shares of interest": (
        {"creator_fee": WAD // 10, "reserve_factor": WAD - WAD // 10},
        {"creator_fee": WAD // 10, "reserve_factor": WAD - WAD // 10 + 1},
    ),
}
# Bounds on addresses.
NAMED = ("terms: asset is collateral", "terms: backstop", "terms: fee_recipient")
# Nothing at this bound's edge is accepted: any incentive of more than half of it exceeds the margin already.
SHADOWED = "terms: incentive_max"


@pytest.fixture(scope="module")
def surroundings() -> Surroundings:
    """Tokens, oracle and chain that all pools of this file share."""
    return Surroundings()


def create(surroundings: Surroundings, terms: Terms) -> str:
    """Create a pool on both sides; return the text of its refusal, empty if there is none. Both must say the same."""
    on_contract = outcome_of(surroundings.create, terms)
    on_model = outcome_of(limits.check, terms)
    assert on_contract[0] == on_model[0], terms
    if on_contract[0] == "refused":
        assert on_contract == on_model, terms
        assert limits.broken(terms)[0] == on_model[1]
    return "" if on_contract[0] == "ok" else on_contract[1]


def test_every_bound_of_the_contract_has_its_edge_here() -> None:
    """No bound in the source is without a test below, and the model has them in the contract's order."""
    assert set(TEXTS) == {*EDGES, *NAMED, SHADOWED}
    values: list[Any] = [ZERO_ADDRESS] * 6 + [MAX_UINT256] * len(NUMBERS)
    nothing = Terms(*values)
    assert [text for _, text in limits._bounds(nothing)] == TEXTS


@pytest.mark.parametrize("text", EDGES)
def test_a_number_is_accepted_at_its_bound_and_refused_beyond(surroundings: Surroundings, text: str) -> None:
    """One unit more is refused, with the bound's own text, by contract and model."""
    within, beyond = EDGES[text]
    assert create(surroundings, surroundings.terms(PLAIN | within)) == ""
    assert create(surroundings, surroundings.terms(PLAIN | beyond)) == text


def test_an_incentive_beyond_any_margin_is_named(surroundings: Surroundings) -> None:
    """1e36 is refused as such, one less for leaving no margin; the largest incentive at the smallest LTVs is accepted."""
    tiny = PLAIN | {"max_ltv": 1, "liq_ltv": 2}
    assert create(surroundings, surroundings.terms(tiny | {"incentive_max": 10**36})) == SHADOWED
    assert create(surroundings, surroundings.terms(tiny | {"incentive_max": 10**36 - 1})) == "terms: incentive over margin"
    assert create(surroundings, surroundings.terms(tiny | {"incentive_max": (WAD * WAD - 1) // 2 - WAD})) == ""


def test_addresses_that_a_pool_cannot_have(surroundings: Surroundings) -> None:
    """The asset as collateral, a premium without a backstop, and a creator's fee for nobody are refused."""
    plain = surroundings.terms(PLAIN)
    assert create(surroundings, plain) == ""
    assert create(surroundings, replace(plain, collateral=plain.asset)) == "terms: asset is collateral"
    assert create(surroundings, replace(plain, premium=1)) == "terms: backstop"
    assert create(surroundings, replace(plain, backstop=CREATOR)) == ""
    assert create(surroundings, replace(plain, backstop=CREATOR, premium=WAD)) == ""
    assert create(surroundings, replace(plain, backstop=CREATOR, premium=WAD, reserve_factor=1)) == "terms: shares of interest"
    assert create(surroundings, replace(plain, creator_fee=1)) == "terms: fee_recipient"
    assert create(surroundings, replace(plain, creator_fee=1, fee_recipient=CREATOR)) == ""
    assert create(surroundings, replace(plain, fee_recipient=CREATOR)) == ""


def test_terms_broken_in_several_places_are_refused_alike(surroundings: Surroundings) -> None:
    """Whatever the numbers, both sides name the same first bound, and none overflows before it is named."""
    counts: Counter[str] = Counter()
    rng = Random("terms")
    for number in range(4_000):
        numbers = draw_terms(rng, FAMILIES[number % len(FAMILIES)], 10**18)
        for field in rng.sample(NUMBERS, rng.choice((0, 1, 1, 2, 3))):
            beside = (numbers[field] + rng.choice((-1, 1)), numbers[field] * 2, 0, 1, WAD - 1, WAD, WAD + 1, 2**128, MAX_UINT256)
            numbers[field] = max(0, min(MAX_UINT256, rng.choice((*beside, spread(rng, 1, MAX_UINT256)))))
        if rng.random() < 0.05:
            numbers["max_ltv"] = numbers["target_ltv"] = max(1, numbers["liq_ltv"] - 1)
        counts[create(surroundings, surroundings.terms(numbers))] += 1
    rare = {text: counts[text] for text in ("", *EDGES, SHADOWED) if counts[text] < 5}
    assert not rare, f"seen too rarely: {rare}"
