"""The bounds of a pool's terms in words: which terms each one is about, and what it asks for. The bounds themselves stand in
model/limits.py."""

from collections.abc import Mapping
from dataclasses import dataclass

from ringfence.inputs.pool_file import UNITS
from ringfence.model import limits
from ringfence.model.terms import WAD, Terms


@dataclass(frozen=True, slots=True)
class Bound:
    """One bound: the names of its terms, and the sentence that says what must hold."""

    names: tuple[str, ...]
    sentence: str


BOUNDS: Mapping[str, Bound] = {
    "terms: asset is collateral": Bound(("asset", "collateral"), "asset and collateral must be two tokens"),
    "terms: max_ltv is zero": Bound(("max_ltv",), "max_ltv must be above 0"),
    "terms: liq_ltv": Bound(("liq_ltv",), "liq_ltv must be below 1"),
    "terms: max_ltv": Bound(("max_ltv", "liq_ltv"), "max_ltv must be below liq_ltv"),
    "terms: target_ltv": Bound(("target_ltv", "max_ltv"), "target_ltv must be at most max_ltv"),
    "terms: incentive_max": Bound(("incentive_max",), "incentive_max must be below 1e18"),
    "terms: incentive_base": Bound(("incentive_base", "incentive_max"), "incentive_base must be at most incentive_max"),
    "terms: incentive_rise": Bound(("incentive_rise", "incentive_max"), "incentive_rise must be at most incentive_max"),
    "terms: incentive_slope": Bound(("incentive_slope",), "incentive_slope must be at most 1000"),
    "terms: penalty": Bound(("penalty",), "penalty must be at most 0.2"),
    "terms: reserve_factor": Bound(("reserve_factor",), "reserve_factor must be at most 1"),
    "terms: reserve_target": Bound(("reserve_target",), "reserve_target must be at most 1"),
    "terms: creator_fee": Bound(("creator_fee",), "creator_fee must be at most 0.25"),
    "terms: supply_cap": Bound(("supply_cap",), "supply_cap must be below 2^127 base units"),
    "terms: borrow_cap": Bound(("borrow_cap",), "borrow_cap times 1e6 must be below 2^127 base units"),
    "terms: min_debt": Bound(("min_debt",), "min_debt must be below 2^128 base units"),
    "terms: sale_timeout": Bound(("sale_timeout",), "sale_timeout must be below 2^64 seconds"),
    "terms: solvent_window": Bound(("solvent_window", "sale_timeout"), "solvent_window must be 0 or shorter than sale_timeout"),
    "terms: backstop": Bound(("backstop",), "backstop is not built yet and must be left out"),
    "terms: premium": Bound(("premium",), "premium is not built yet and must be 0"),
    "terms: lockup": Bound(("lockup",), "lockup is not built yet and must be 0"),
    "terms: no incentive": Bound(
        ("incentive_base", "incentive_rise", "incentive_slope"), "one of incentive_base, incentive_rise and incentive_slope must be above 0"
    ),
    "terms: incentive over margin": Bound(("liq_ltv", "incentive_max"), "liq_ltv * (1 + incentive_max) must be below 1"),
    "terms: target near liq_ltv": Bound(("target_ltv", "liq_ltv"), "target_ltv * 1.001 must be at most liq_ltv"),
    "terms: rise too slow": Bound(
        ("incentive_rise", "sale_timeout", "incentive_base", "incentive_max"),
        "incentive_rise must carry incentive_base to incentive_max within sale_timeout",
    ),
    "terms: shares of interest": Bound(
        ("reserve_factor", "premium", "creator_fee"), "reserve_factor, premium and creator_fee together must be at most 1"
    ),
    "terms: fee_recipient": Bound(("creator_fee", "fee_recipient"), "a creator_fee needs a fee_recipient"),
}


def broken_bounds(terms: Terms) -> list[str]:
    """A sentence with the values for every bound that the terms break, in the order in which a contract checks them."""
    return [_explained(text, terms) for text in limits.broken(terms)]


def _explained(text: str, terms: Terms) -> str:
    bound = BOUNDS[text]
    values = ", ".join(f"{name} = {shown_term(terms, name)}" for name in bound.names)
    return f"{bound.sentence} ({values})"


def shown_term(terms: Terms, name: str) -> str:
    """A term as its file would spell it, but amounts in base units."""
    value = getattr(terms, name)
    return shown_ratio(value) if UNITS[name] == "ratio" else str(value)


def shown_ratio(value: int) -> str:
    """A WAD as the shortest exact decimal."""
    whole, fraction = divmod(value, WAD)
    digits = f"{fraction:018d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
