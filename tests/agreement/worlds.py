"""What a pool may be and where it may start: terms of every family, decimals, prices and rates to match, extremes included.

Everything is drawn from a `random.Random`, so the seeded driver and hypothesis (`tests/strategies.py`) draw the same worlds.
"""

from dataclasses import dataclass, fields
from random import Random
from typing import Any

from ringfence.model.adaptive_rate import MAX_RATE_AT_TARGET, MIN_RATE_AT_TARGET
from ringfence.model.interest import MAX_RATE
from ringfence.model.limits import MAX_BORROW_CAP, MAX_CAP, MAX_CREATOR_FEE, MAX_INCENTIVE, MAX_PENALTY, MAX_SLOPE
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, YEAR_SECONDS, Terms

FAMILIES = ("fixed", "dutch", "slope", "window", "target", "mixed", "mixed")
DECIMALS = (6, 8, 18)
STARTS = (
    *("nothing",) * 5,
    "dear lender shares",
    *("nothing",) * 4,
    "nearly wiped out",
    *("nothing",) * 4,
    "dear debt shares",
    "nothing",
    "hardly room for debt shares",
    "nothing",
    "debt at its bound",
)
# Terms that are numbers, in the order of the struct.
NUMBERS = [field.name for field in fields(Terms) if field.type is int]


@dataclass(frozen=True, slots=True)
class Start:
    """What stands in the pool from the start: one lender's shares, one borrower's debt and collateral; mostly nothing."""

    supply_assets: int = 0
    supply_shares: int = 0
    debt_assets: int = 0
    debt_shares: int = 0
    collateral: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """One pool's surroundings: `unit` and `collateral_unit` are ordinary amounts (base units) of the same worth at `price`.

    `rate` is ("fixed", rate), ("kinked", base, kink, below, above), ("adaptive", rate at target) or ("mock", mode, rate),
    or ("none",).
    """

    family: str
    asset_decimals: int
    collateral_decimals: int
    unit: int
    collateral_unit: int
    price: int
    terms: dict[str, int]
    rate: tuple[Any, ...]
    is_single_price: bool
    is_asset_odd: bool
    is_collateral_odd: bool
    start: Start
    has_backstop: bool = False


def plain_world(**terms: int) -> World:
    """A world without surprises: 18 decimals, price 2,000, no interest, 85 % liquidation LTV, 5 % incentive; change what you name."""
    usual = dict.fromkeys(NUMBERS, 0) | {
        "max_ltv": 80 * WAD // 100,
        "liq_ltv": 85 * WAD // 100,
        "incentive_base": 5 * WAD // 100,
        "incentive_max": 5 * WAD // 100,
        "sale_timeout": 3_600,
        "supply_cap": MAX_CAP,
        "borrow_cap": MAX_BORROW_CAP,
    }
    return World(
        family="fixed",
        asset_decimals=18,
        collateral_decimals=18,
        unit=10**21,
        collateral_unit=10**18,
        price=2_000 * PRICE_SCALE,
        terms=usual | terms,
        rate=("fixed", 0),
        is_single_price=False,
        is_asset_odd=False,
        is_collateral_odd=False,
        start=Start(),
    )


def draw_world(rng: Random, number: int | None = None) -> World:
    """A legal world; one in a dozen is extreme in size or price. Worlds numbered in a row take turns at odd tokens and starts."""
    number = rng.randrange(10_000) if number is None else number
    asset_decimals, collateral_decimals = rng.choice(DECIMALS), rng.choice(DECIMALS)
    unit = draw_unit(rng, asset_decimals)
    collateral_unit = draw_unit(rng, collateral_decimals)
    start = draw_start(rng, STARTS[number % len(STARTS)], unit, collateral_unit)
    family = rng.choice(FAMILIES)
    terms = draw_terms(rng, family, unit)
    is_asset_odd = number % 11 == 7
    # A backstop that moves an odd token would be judged by the mock's answer to it, which is no rule of the pool.
    has_backstop = number % 2 == 0 and not is_asset_odd
    if has_backstop:
        terms["premium"] = rng.choice([0, 1, WAD // 20, WAD - terms["creator_fee"] - terms["reserve_factor"]])
        terms["premium"] = min(terms["premium"], WAD - terms["creator_fee"] - terms["reserve_factor"])
    if number % 5 == 3:
        terms["lockup"] = rng.choice([1, 12, 60, 600, 86_400, 2**64 - 1])
    # A collateral unit bears a debt of about one unit, however small the LTV.
    is_debt_huge = start.debt_assets >= 2**127
    price = (2**150 if is_debt_huge else unit * WAD // terms["max_ltv"]) * PRICE_SCALE // collateral_unit
    return World(
        family=family,
        asset_decimals=asset_decimals,
        collateral_decimals=collateral_decimals,
        unit=unit,
        collateral_unit=collateral_unit,
        price=min(MAX_UINT256, max(1, price)),
        terms=terms,
        rate=("fixed", MAX_UINT256) if is_debt_huge else draw_rate(rng),
        is_single_price=rng.random() < 0.15,
        is_asset_odd=is_asset_odd,
        is_collateral_odd=number % 13 == 5,
        start=start,
        has_backstop=has_backstop,
    )


def draw_unit(rng: Random, decimals: int) -> int:
    """An amount of a token that somebody may lend or pledge: mostly whole tokens, sometimes dust, sometimes near the bounds of 128 bits."""
    size = rng.random()
    if size < 0.08:
        return rng.randint(1, 5_000)
    if size < 0.14:
        return 1 << rng.randint(90, 105)
    return spread(rng, 10**decimals, 10 ** (decimals + 6))


def spread(rng: Random, low: int, high: int) -> int:
    """A number between the two, every size as likely as any other; low is at least 1."""
    bits = rng.randint(low.bit_length(), high.bit_length())
    return min(high, max(low, rng.getrandbits(bits) | 1 << (bits - 1)))


def draw_start(rng: Random, kind: str, unit: int, collateral_unit: int) -> Start:
    """Mostly nothing; else shares, of lenders or of the debt, at a price that takes a long history to reach."""
    held = unit * 10**6
    match kind:
        case "dear lender shares":
            return Start(unit * rng.randint(1, 10**6), rng.randint(1, 10**9))
        case "nearly wiped out":
            return Start(max(0, (held + 10**6) // 10**15 + rng.randint(-2, 2)), held)
        case "dear debt shares":
            return Start(2 * unit, held, unit, rng.randint(1, 1 + unit // 10), collateral_unit)
        case "hardly room for debt shares":
            return Start(4 * unit, held, unit, 2**127 - 1 - rng.randint(0, unit), 4 * collateral_unit)
        case "debt at its bound":
            debt = 2**128 - 1 - rng.choice((0, 1, 10**6, 2**100))
            return Start(2 * debt, 2**128, debt, 2 ** rng.randint(60, 127) - 1, collateral_unit)
    return Start()


def draw_rate(rng: Random) -> tuple[Any, ...]:
    """A rate model with its parameters (WAD per second); now and then an address without code, which counts as no rate."""
    kind = rng.random()
    if kind < 0.02:
        return ("none",)
    if kind < 0.3:
        return "fixed", rng.choice([0, WAD // 20 // YEAR_SECONDS, spread(rng, 1, 2 * MAX_RATE), MAX_UINT256])
    if kind < 0.45:
        return "adaptive", rng.randint(MIN_RATE_AT_TARGET, MAX_RATE_AT_TARGET)
    if kind < 0.75:
        kink = rng.choice([0, WAD * 8 // 10, WAD * 9 // 10, WAD, rng.randint(0, WAD)])
        below, above = spread(rng, 1, MAX_RATE // 4), spread(rng, 1, 2 * MAX_RATE)
        if rng.random() < 0.05:
            return "kinked", 2**128 - 1, kink, 2**128 - 1, 2**128 - 1
        return "kinked", rng.choice([0, spread(rng, 1, MAX_RATE // 20)]), kink, below, above
    return "mock", 0, spread(rng, 1, MAX_RATE)


def draw_terms(rng: Random, family: str, unit: int) -> dict[str, int]:
    """Legal terms of a family; amounts follow the unit (asset base units)."""
    liq_ltv = draw_liq_ltv(rng)
    margin = min(MAX_INCENTIVE, (WAD * WAD - 1) // liq_ltv - WAD)
    incentive_max = draw_incentive_max(rng, margin)
    terms = dict.fromkeys(NUMBERS, 0)
    terms["liq_ltv"] = liq_ltv
    usual = rng.choice([liq_ltv - 1, liq_ltv * 95 // 100, liq_ltv * 80 // 100, rng.randint(1, liq_ltv - 1)])
    terms["max_ltv"] = max(1, min(liq_ltv - 1, usual))
    terms["incentive_max"] = terms["incentive_base"] = incentive_max
    terms["sale_timeout"] = rng.choice([600, 3_600, 3_600, 7_200, rng.randint(0, 10**6), rng.choice([0, 1, 2, 2**64 - 1])])
    is_mixed = family == "mixed"
    if family == "slope" or (is_mixed and rng.random() < 0.5) or incentive_max == 0:
        terms["incentive_base"] = rng.randint(0, terms["incentive_base"])
        terms["incentive_slope"] = rng.choice([1, WAD // 10, WAD // 2, WAD, 10 * WAD, MAX_SLOPE, spread(rng, 1, MAX_SLOPE)])
    if family == "dutch" or (is_mixed and rng.random() < 0.5):
        set_dutch(rng, terms)
    if family == "window" or (is_mixed and rng.random() < 0.5):
        terms["sale_timeout"] = max(2, terms["sale_timeout"])
        terms["solvent_window"] = max(
            1, min(terms["sale_timeout"] - 1, rng.choice([300, 1_200, 1_200, rng.choice([1, terms["sale_timeout"] - 1])]))
        )
    if family == "target" or (is_mixed and rng.random() < 0.5):
        most = min(terms["max_ltv"], liq_ltv * 1000 // 1001)
        terms["target_ltv"] = rng.choice([most, most * 9 // 10, rng.randint(0, most)])
    terms["penalty"] = rng.choice([0, WAD // 100, WAD // 20, MAX_PENALTY, rng.randint(0, MAX_PENALTY)])
    set_shares_of_interest(rng, terms)
    set_amounts(rng, terms, unit)
    if terms["target_ltv"] and rng.random() < 0.3:
        terms["min_debt"] = unit // 2
    return terms


def draw_liq_ltv(rng: Random) -> int:
    """A liquidation LTV (WAD): mostly of this world, sometimes at its bounds."""
    kind = rng.random()
    if kind < 0.06:
        return rng.choice([2, 1_001, spread(rng, 2, 10**9)])
    if kind < 0.12:
        return WAD - rng.choice([1, 2, spread(rng, 1, 10**12)])
    return rng.choice([50, 70, 80, 86, 90, 95, 97]) * WAD // 100 + rng.choice([0, 0, 1, -1])


def draw_incentive_max(rng: Random, margin: int) -> int:
    """The largest incentive (WAD): mostly a few percent, sometimes all that the margin above the liquidation LTV allows."""
    kind = rng.random()
    if kind < 0.08:
        return margin
    if kind < 0.12:
        return min(1, margin)
    return min(margin, rng.choice([1, 3, 5, 6, 10, 12, 20]) * WAD // 100)


def set_dutch(rng: Random, terms: dict[str, int]) -> None:
    """An auction: the incentive rises from a lower base, and reaches its cap before the timeout."""
    most = terms["incentive_max"]
    terms["incentive_base"] = rng.choice([0, most // 10, rng.randint(0, most)])
    terms["sale_timeout"] = max(1, terms["sale_timeout"])
    slowest = -(-(most - terms["incentive_base"]) // terms["sale_timeout"])
    terms["incentive_rise"] = min(most, max(slowest, rng.choice([slowest, 2 * slowest, most // 60, most])))


def set_shares_of_interest(rng: Random, terms: dict[str, int]) -> None:
    """Reserve and creator fee, together at most all of the interest."""
    terms["creator_fee"] = rng.choice([0, 0, WAD // 100, WAD // 10, MAX_CREATOR_FEE])
    terms["reserve_factor"] = rng.choice([0, WAD // 10, WAD // 2, WAD - terms["creator_fee"]])
    terms["reserve_target"] = rng.choice([0, WAD // 1000, WAD // 100, WAD // 10, WAD])


def set_amounts(rng: Random, terms: dict[str, int], unit: int) -> None:
    """Caps and least debt: mostly out of the way, sometimes within a few units of what is borrowed."""
    tight = min(MAX_CAP, unit * rng.randint(1, 8))
    terms["supply_cap"] = rng.choices([MAX_CAP, tight, rng.choice([0, 1, unit])], [14, 5, 1])[0]
    terms["borrow_cap"] = rng.choices([MAX_BORROW_CAP, min(MAX_BORROW_CAP, tight // 2), 0], [14, 5, 1])[0]
    terms["min_debt"] = rng.choice([0, 0, 1, unit // 100, unit // 10, unit // 3])
