"""What a system of pools may be: three pools that share tokens, a rate model and a backstop, with terms as pools of this world have them.

Extremes of one pool's terms are drawn elsewhere (`worlds.py`); here they are ordinary, so that much happens between the pools.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from ringfence.model.adaptive_rate import MIN_RATE_AT_TARGET
from ringfence.model.limits import MAX_BORROW_CAP, MAX_CAP
from ringfence.model.terms import PRICE_SCALE, WAD, YEAR_SECONDS
from tests.agreement.worlds import FAMILIES, Start, World, draw_terms, spread

DAY = 86_400
# The asset of two or three pools and of the backstop, and what is pledged for it.
SHARED, ONE, OTHER = range(3)
ORACLES = ("guarded", "single", "mock")
GUARD_AGE = 2 * DAY


@dataclass(frozen=True, slots=True)
class Plan:
    """One pool: tokens and rate model by number; `backstop` is "covered", "stranger" (named, but not covering it) or "none".

    A covered pool may draw `max_assets` (base units) in all, and `max_share` (WAD) of the fund.
    """

    world: World
    asset: int
    collateral: int
    oracle: str
    rate: int
    backstop: str
    max_assets: int
    max_share: int
    max_divergence: int


@dataclass(frozen=True, slots=True)
class SystemWorld:
    """Tokens by their decimals, rate models by kind and parameters (WAD a second), pools, and the backstop's cooldown (seconds)."""

    decimals: tuple[int, ...]
    rates: tuple[tuple[Any, ...], ...]
    pools: tuple[Plan, ...]
    cooldown: int


def draw_system(rng: Random) -> SystemWorld:
    """Two covered pools of one asset, and a third: of the same, naming a backstop that does not cover it; or lending against that asset."""
    decimals = tuple(rng.choice((6, 8, 18)) for _ in (SHARED, ONE, OTHER))
    units = tuple(10**count * spread(rng, 1, 10**6) for count in decimals)
    is_stranger = rng.random() < 0.5
    pairs = [(SHARED, ONE), (SHARED, rng.choice((ONE, OTHER))), (SHARED, OTHER) if is_stranger else (OTHER, SHARED)]
    backstops = ["covered", "covered", "stranger" if is_stranger else "none"]
    rates = [0, 0, 1]
    oracles = list(ORACLES)
    rng.shuffle(rates)
    rng.shuffle(oracles)
    plans = (
        _draw_plan(rng, decimals, units, *pair, backstop, oracle, rate)
        for pair, backstop, oracle, rate in zip(pairs, backstops, oracles, rates, strict=True)
    )
    adaptive = ("adaptive", rng.randint(MIN_RATE_AT_TARGET, 20 * WAD // 100 // YEAR_SECONDS))
    return SystemWorld(decimals, (adaptive, _draw_still_rate(rng)), tuple(plans), rng.choice((60, 3_600, DAY, 10 * DAY)))


def _draw_still_rate(rng: Random) -> tuple[Any, ...]:
    if rng.random() < 0.4:
        return "fixed", rng.choice((0, WAD // 20, WAD, 5 * WAD)) // YEAR_SECONDS
    kink = rng.choice((80, 90)) * WAD // 100
    return "kinked", rng.choice((0, WAD // 100)) // YEAR_SECONDS, kink, WAD // 20 // YEAR_SECONDS, 3 * WAD // YEAR_SECONDS


def _draw_plan(
    rng: Random, decimals: tuple[int, ...], units: tuple[int, ...], asset: int, collateral: int, backstop: str, oracle: str, rate: int
) -> Plan:
    unit, collateral_unit = units[asset], units[collateral]
    terms = _draw_terms(rng, unit)
    rest = WAD - terms["creator_fee"] - terms["reserve_factor"]
    if backstop != "none":
        terms["premium"] = min(rest, rng.choice((0, WAD // 20, WAD // 5, rest)))
    terms["lockup"] = rng.choice((0, 0, 60, 3_600, DAY))
    world = World(
        family="system",
        asset_decimals=decimals[asset],
        collateral_decimals=decimals[collateral],
        unit=unit,
        collateral_unit=collateral_unit,
        price=max(1, unit * WAD // terms["max_ltv"] * PRICE_SCALE // collateral_unit),
        terms=terms,
        rate=("shared",),
        is_single_price=oracle == "single",
        is_asset_odd=False,
        is_collateral_odd=False,
        start=Start(),
        has_backstop=backstop != "none",
    )
    max_assets = spread(rng, max(1, unit // 50), 20 * unit)
    max_share = rng.choice((5, 20, 50, 100)) * WAD // 100
    return Plan(world, asset, collateral, oracle, rate, backstop, max_assets, max_share, rng.choice((1, 5, 15)) * WAD // 100)


def _draw_terms(rng: Random, unit: int) -> dict[str, int]:
    # Terms under which pools live: there is room to lend, and collateral counts for something.
    while True:
        terms = draw_terms(rng, rng.choice(FAMILIES), unit)
        if WAD // 2 <= terms["liq_ltv"] <= 97 * WAD // 100 and 4 * terms["max_ltv"] >= WAD and terms["sale_timeout"] <= 10**6:
            break
    terms["creator_fee"] = rng.choice((0, 0, WAD // 100, WAD // 10))
    terms["reserve_factor"] = rng.choice((0, WAD // 100, WAD // 10, WAD // 2))
    terms["supply_cap"] = rng.choice((MAX_CAP, MAX_CAP, min(MAX_CAP, 20 * unit)))
    terms["borrow_cap"] = rng.choice((MAX_BORROW_CAP, MAX_BORROW_CAP, min(MAX_BORROW_CAP, 10 * unit)))
    return terms
