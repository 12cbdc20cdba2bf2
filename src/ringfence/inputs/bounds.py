"""The bounds of a pool's terms in words and numbers: which terms each is about, what it asks for, and how much room is left. The bounds
themselves stand in model/limits.py, and a test holds these to them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from ringfence.inputs.pool_file import UNITS
from ringfence.model import limits
from ringfence.model.terms import WAD, Terms

RATIO, RATIO_PER_SECOND, NUMBER, SECONDS, ASSET = "ratio", "ratio per second", "number", "seconds", "asset base units"
"""Units of a measure; a ratio of "0.05" is 5 %."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A bound in numbers: the value must be on this side of the limit; integers with `digits` digits behind the point, in `unit`."""

    value: int
    side: Literal["at most", "below", "above"]
    limit: int
    digits: int
    unit: str

    @property
    def headroom(self) -> int:
        """How far the value is from the limit, below 0 when it is beyond."""
        return self.value - self.limit if self.side == "above" else self.limit - self.value

    @property
    def holds(self) -> bool:
        """Whether the value is on its side; the limit itself belongs to "at most" alone."""
        return self.headroom >= 0 if self.side == "at most" else self.headroom > 0


Measured = Callable[[Terms], Measure | None]


@dataclass(frozen=True, slots=True)
class Bound:
    """One bound: the names of its terms, the sentence that says what must hold, and its numbers; None where it is a yes or no, or asks
    nothing of these terms."""

    names: tuple[str, ...]
    sentence: str
    measure: Measured = lambda terms: None  # noqa: ARG005  a yes or no needs no numbers


def _at_most(name: str, limit: int | str, unit: str = RATIO) -> Measured:
    def measure(terms: Terms) -> Measure:
        most = getattr(terms, limit) if isinstance(limit, str) else limit
        return Measure(getattr(terms, name), "at most", most, 0 if unit in (ASSET, SECONDS) else 18, unit)

    return measure


def _incentive_over_margin(terms: Terms) -> Measure:
    return Measure(terms.liq_ltv * (WAD + terms.incentive_max), "below", WAD * WAD, 36, RATIO)


def _solvent_window(terms: Terms) -> Measure | None:
    return Measure(terms.solvent_window, "below", terms.sale_timeout, 0, SECONDS) if terms.solvent_window else None


def _rise_too_slow(terms: Terms) -> Measure | None:
    seconds = seconds_to_incentive_max(terms)
    return None if seconds is None else Measure(seconds, "at most", terms.sale_timeout, 0, SECONDS)


def seconds_to_incentive_max(terms: Terms) -> int | None:
    """Seconds until the rise alone has carried the base to the maximum (up); None without a rise."""
    return -((terms.incentive_base - terms.incentive_max) // terms.incentive_rise) if terms.incentive_rise else None


BOUNDS: Mapping[str, Bound] = {
    "terms: asset is collateral": Bound(("asset", "collateral"), "asset and collateral must be two tokens"),
    "terms: max_ltv is zero": Bound(("max_ltv",), "max_ltv must be above 0", lambda terms: Measure(terms.max_ltv, "above", 0, 18, RATIO)),
    "terms: liq_ltv": Bound(("liq_ltv",), "liq_ltv must be below 1", lambda terms: Measure(terms.liq_ltv, "below", WAD, 18, RATIO)),
    "terms: max_ltv": Bound(
        ("max_ltv", "liq_ltv"), "max_ltv must be below liq_ltv", lambda terms: Measure(terms.max_ltv, "below", terms.liq_ltv, 18, RATIO)
    ),
    "terms: target_ltv": Bound(("target_ltv", "max_ltv"), "target_ltv must be at most max_ltv", _at_most("target_ltv", "max_ltv")),
    "terms: incentive_max": Bound(
        ("incentive_max",),
        "incentive_max must be below 1e18",
        lambda terms: Measure(terms.incentive_max, "below", limits.MAX_INCENTIVE + 1, 18, RATIO),
    ),
    "terms: incentive_base": Bound(
        ("incentive_base", "incentive_max"), "incentive_base must be at most incentive_max", _at_most("incentive_base", "incentive_max")
    ),
    "terms: incentive_rise": Bound(
        ("incentive_rise", "incentive_max"),
        "incentive_rise must be at most incentive_max",
        _at_most("incentive_rise", "incentive_max", RATIO_PER_SECOND),
    ),
    "terms: incentive_slope": Bound(
        ("incentive_slope",), "incentive_slope must be at most 1000", _at_most("incentive_slope", limits.MAX_SLOPE, NUMBER)
    ),
    "terms: penalty": Bound(("penalty",), "penalty must be at most 0.2", _at_most("penalty", limits.MAX_PENALTY)),
    "terms: reserve_factor": Bound(("reserve_factor",), "reserve_factor must be at most 1", _at_most("reserve_factor", WAD)),
    "terms: reserve_target": Bound(("reserve_target",), "reserve_target must be at most 1", _at_most("reserve_target", WAD)),
    "terms: creator_fee": Bound(("creator_fee",), "creator_fee must be at most 0.25", _at_most("creator_fee", limits.MAX_CREATOR_FEE)),
    "terms: premium": Bound(("premium",), "premium must be at most 1", _at_most("premium", WAD)),
    "terms: supply_cap": Bound(("supply_cap",), "supply_cap must be below 2^127 base units", _at_most("supply_cap", limits.MAX_CAP, ASSET)),
    "terms: borrow_cap": Bound(
        ("borrow_cap",), "borrow_cap times 1e6 must be below 2^127 base units", _at_most("borrow_cap", limits.MAX_BORROW_CAP, ASSET)
    ),
    "terms: min_debt": Bound(("min_debt",), "min_debt must be below 2^128 base units", _at_most("min_debt", 2**128 - 1, ASSET)),
    "terms: sale_timeout": Bound(
        ("sale_timeout",), "sale_timeout must be below 2^64 seconds", _at_most("sale_timeout", 2**64 - 1, SECONDS)
    ),
    "terms: solvent_window": Bound(
        ("solvent_window", "sale_timeout"), "solvent_window must be 0 or shorter than sale_timeout", _solvent_window
    ),
    "terms: lockup": Bound(("lockup",), "lockup must be below 2^64 seconds", _at_most("lockup", 2**64 - 1, SECONDS)),
    "terms: no incentive": Bound(
        ("incentive_base", "incentive_rise", "incentive_slope"), "one of incentive_base, incentive_rise and incentive_slope must be above 0"
    ),
    "terms: incentive over margin": Bound(
        ("liq_ltv", "incentive_max"), "liq_ltv * (1 + incentive_max) must be below 1", _incentive_over_margin
    ),
    "terms: target near liq_ltv": Bound(
        ("target_ltv", "liq_ltv"),
        "target_ltv * 1.001 must be at most liq_ltv",
        lambda terms: Measure(terms.target_ltv * 1001, "at most", terms.liq_ltv * 1000, 21, RATIO),
    ),
    "terms: rise too slow": Bound(
        ("incentive_rise", "sale_timeout", "incentive_base", "incentive_max"),
        "incentive_rise must carry incentive_base to incentive_max within sale_timeout",
        _rise_too_slow,
    ),
    "terms: shares of interest": Bound(
        ("reserve_factor", "premium", "creator_fee"),
        "reserve_factor, premium and creator_fee together must be at most 1",
        lambda terms: Measure(terms.reserve_factor + terms.premium + terms.creator_fee, "at most", WAD, 18, RATIO),
    ),
    "terms: backstop": Bound(("premium", "backstop"), "a premium needs a backstop"),
    "terms: fee_recipient": Bound(("creator_fee", "fee_recipient"), "a creator_fee needs a fee_recipient"),
}


def broken_bounds(terms: Terms, missing: Collection[str] = ()) -> list[str]:
    """A sentence with the values for every bound that the terms break, in the order in which a contract checks them; of the terms that
    are missing it says so."""
    return [_explained(text, terms, missing) for text in limits.broken(terms)]


def _explained(text: str, terms: Terms, missing: Collection[str]) -> str:
    """The sentence of a bound, and the values of its terms in brackets."""
    bound = BOUNDS[text]
    values = ", ".join(f"{name} = {shown_term(terms, name)}{if_missing(name, missing)}" for name in bound.names)
    return f"{bound.sentence} ({values})"


def if_missing(name: str, missing: Collection[str]) -> str:
    """What stands behind the value of a term that the file does not hold, though no pool goes without."""
    return ", for it is missing" if name in missing else ""


def shown_term(terms: Terms, name: str) -> str:
    """A term as its file would spell it, but amounts in base units."""
    value = getattr(terms, name)
    return shown_decimal(value, 18) if UNITS[name] == "ratio" else str(value)


def shown_decimal(value: int, digits: int) -> str:
    """An integer with so many digits behind the point as the shortest exact decimal."""
    whole, fraction = divmod(abs(value), 10**digits)
    behind = f"{fraction:0{digits}d}".rstrip("0") if digits else ""
    shown = f"{whole}.{behind}" if behind else str(whole)
    return f"-{shown}" if value < 0 else shown
