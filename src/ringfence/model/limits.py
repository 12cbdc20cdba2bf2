"""The bounds that the terms of a pool keep; twin of contracts/limits.vy."""

from collections.abc import Iterator

from .errors import Revert
from .rounding import div_down
from .terms import WAD, ZERO_ADDRESS, Terms

MAX_CAP = 2**127 - 1
MAX_BORROW_CAP = div_down(MAX_CAP, 10**6)
MAX_INCENTIVE = 10**36 - 1
MAX_SLOPE = 1000 * 10**18
MAX_PENALTY = 2 * 10**17
MAX_CREATOR_FEE = 25 * 10**16


def _bounds(terms: Terms) -> Iterator[tuple[bool, str]]:
    # Single ranges come first, so that a refusal names its term and no product below can overflow.
    yield terms.asset != terms.collateral, "terms: asset is collateral"
    yield terms.max_ltv > 0, "terms: max_ltv is zero"
    yield terms.liq_ltv < WAD, "terms: liq_ltv"
    yield terms.max_ltv < terms.liq_ltv, "terms: max_ltv"
    yield terms.target_ltv <= terms.max_ltv, "terms: target_ltv"
    yield terms.incentive_max <= MAX_INCENTIVE, "terms: incentive_max"
    yield terms.incentive_base <= terms.incentive_max, "terms: incentive_base"
    yield terms.incentive_rise <= terms.incentive_max, "terms: incentive_rise"
    yield terms.incentive_slope <= MAX_SLOPE, "terms: incentive_slope"
    yield terms.penalty <= MAX_PENALTY, "terms: penalty"
    yield terms.reserve_factor <= WAD, "terms: reserve_factor"
    yield terms.reserve_target <= WAD, "terms: reserve_target"
    yield terms.creator_fee <= MAX_CREATOR_FEE, "terms: creator_fee"
    yield terms.premium <= WAD, "terms: premium"
    yield terms.supply_cap <= MAX_CAP, "terms: supply_cap"
    yield terms.borrow_cap <= MAX_BORROW_CAP, "terms: borrow_cap"
    yield terms.min_debt < 2**128, "terms: min_debt"
    yield terms.sale_timeout < 2**64, "terms: sale_timeout"
    yield terms.solvent_window == 0 or terms.solvent_window < terms.sale_timeout, "terms: solvent_window"
    yield terms.lockup < 2**64, "terms: lockup"
    # What several terms together must keep.
    yield terms.incentive_base + terms.incentive_rise + terms.incentive_slope > 0, "terms: no incentive"
    yield terms.liq_ltv * (WAD + terms.incentive_max) < WAD * WAD, "terms: incentive over margin"
    yield terms.target_ltv * 1001 <= terms.liq_ltv * 1000, "terms: target near liq_ltv"
    yield (
        terms.incentive_rise == 0 or terms.incentive_rise * terms.sale_timeout >= terms.incentive_max - terms.incentive_base,
        "terms: rise too slow",
    )
    yield terms.reserve_factor + terms.premium + terms.creator_fee <= WAD, "terms: shares of interest"
    yield terms.premium == 0 or terms.backstop != ZERO_ADDRESS, "terms: backstop"
    yield terms.creator_fee == 0 or terms.fee_recipient != ZERO_ADDRESS, "terms: fee_recipient"


def check(terms: Terms) -> None:
    """Raise Revert with the text of the first bound that the terms break."""
    for is_kept, text in _bounds(terms):
        if not is_kept:
            raise Revert(text)


def broken(terms: Terms) -> list[str]:
    """Return the text of every bound that the terms break, in the order of the contract's checks."""
    return [text for is_kept, text in _bounds(terms) if not is_kept]
