"""Terms of a pool with the tokens, price and amounts that go with them, drawn over all families of terms."""

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from ringfence.model import limits
from ringfence.model.terms import MAX_UINT128, WAD, ZERO_ADDRESS, Terms
from tests.stateful.choice import Choice

MINUTE, HOUR, DAY = 60, 3_600, 86_400
MAX_SUPPLY_CAP = 2**127 - 1
MAX_BORROW_CAP = MAX_SUPPLY_CAP // 10**6
DECIMALS = (6, 8, 18)
FAMILIES = ("fixed", "dutch", "slope", "mixed")

# Stand-ins; the market puts its own addresses there.
ASSET, COLLATERAL, CREATOR, BACKSTOP = "0x" + "a5" * 20, "0x" + "c0" * 20, "0x" + "fe" * 20, "0x" + "bb" * 20

# The plainest terms: close all at a discount of 5 %, nothing else.
FIXED = Terms(
    asset=ASSET,
    collateral=COLLATERAL,
    oracle=ZERO_ADDRESS,
    rate_model=ZERO_ADDRESS,
    backstop=ZERO_ADDRESS,
    fee_recipient=CREATOR,
    max_ltv=WAD * 80 // 100,
    liq_ltv=WAD * 86 // 100,
    target_ltv=0,
    incentive_base=WAD * 5 // 100,
    incentive_rise=0,
    incentive_slope=0,
    incentive_max=WAD * 5 // 100,
    penalty=0,
    reserve_factor=0,
    reserve_target=0,
    creator_fee=0,
    premium=0,
    supply_cap=MAX_SUPPLY_CAP,
    borrow_cap=MAX_BORROW_CAP,
    min_debt=0,
    solvent_window=0,
    sale_timeout=HOUR,
    lockup=0,
)


class Cover(NamedTuple):
    """A backstop's side of a pool: what the fund holds at first and may pay in all (asset base units), and its largest part of it (WAD)."""

    fund: int
    max_assets: int
    max_share_wad: int


@dataclass(frozen=True, slots=True)
class Setting:
    """A pool to be made. `size` is a usual loan, asset base units; `price` is the first one, asset per collateral base unit times 1e36."""

    terms: Terms
    family: str
    asset_decimals: int
    collateral_decimals: int
    size: int
    price: int
    cover: Cover | None = None


def draw_setting(choice: Choice, *, window: bool | None = None, target: bool | None = None, slope: bool | None = None) -> Setting:
    """Draw a legal setting; a keyword that is not None decides that term's presence."""
    asset_decimals, collateral_decimals = choice.pick(DECIMALS), choice.pick(DECIMALS)
    # Half of the pools lend amounts so small that every rounding shows, a few as much as the words have room for.
    amounts = choice.pick(("dust", "dust", "dust", "dust", "usual", "usual", "usual", "huge"))
    size, price = draw_amounts(choice, amounts, asset_decimals, collateral_decimals)
    family = choice.pick(FAMILIES) if slope is None else choice.pick(("slope", "mixed")) if slope else choice.pick(("fixed", "dutch"))
    terms = draw_terms(choice, family, size, window=window, target=target)
    terms = replace(terms, lockup=choice.pick((0, 0, 0, 1, MINUTE, HOUR)))
    cover = draw_cover(choice, size) if choice.number(0, 1) == 1 else None
    if cover is not None:
        left = WAD - terms.reserve_factor - terms.creator_fee
        terms = replace(terms, backstop=BACKSTOP, premium=min(left, choice.pick((0, 50, 250, 250)) * WAD // 1000))
    limits.check(terms)
    return Setting(terms, family, asset_decimals, collateral_decimals, size, price, cover)


def draw_cover(choice: Choice, size: int) -> Cover:
    """A fund that is empty, soon used up, or large; a cover that ends before the fund does, or not."""
    fund = choice.pick((0, max(1, size // 20), max(1, size // 4), 2 * size))
    return Cover(fund, choice.pick((MAX_UINT128, MAX_UINT128, max(1, size // 8))), choice.pick((WAD, WAD, WAD // 2)))


def draw_amounts(choice: Choice, amounts: str, asset_decimals: int, collateral_decimals: int) -> tuple[int, int]:
    """A usual loan and the first price."""
    if amounts == "dust":
        # A base unit of collateral worth a thousandth of a unit of the asset, up to seven.
        return choice.number(40, 4_000), choice.pick((10**33, 10**35, 10**36, 7 * 10**36))
    if amounts == "huge":
        return 2 ** choice.number(80, 106), choice.pick((10**30, 10**36, 10**40, 10**50))
    return choice.number(1, 10**6) * 10**asset_decimals, choice.pick((1, 1_700, 60_000)) * 10 ** (36 + asset_decimals - collateral_decimals)


def draw_terms(choice: Choice, family: str, size: int, *, window: bool | None, target: bool | None) -> Terms:
    """Draw legal terms of one family: how the incentive is found."""
    liq_ltv = choice.pick((300, 700, 800, 860, 900, 950)) * WAD // 1000
    max_ltv = liq_ltv * choice.pick((700, 930, 990)) // 1000
    # Up to what liq_ltv * (1 + incentive_max) < 1 allows, and no more than half of it for most.
    margin = WAD * WAD // liq_ltv - WAD - 1
    incentive_max = max(1, margin * choice.pick((50, 300, 600, 1000)) // 1000)
    base, rise, slope = draw_incentive(choice, family, incentive_max)
    # An auction must be able to reach its cap before it times out.
    timeout = (-(-(incentive_max - base) // rise) if rise > 0 else 0) + choice.pick((HOUR, 2 * HOUR))
    has_window = choice.number(0, 1) == 1 if window is None else window
    has_target = choice.number(0, 1) == 1 if target is None else target
    creator_fee = choice.pick((0, 100, 250)) * WAD // 1000
    is_small = choice.number(0, 3) == 0
    terms = replace(
        FIXED,
        max_ltv=max_ltv,
        liq_ltv=liq_ltv,
        target_ltv=max_ltv * choice.pick((500, 900, 1000)) // 1000 if has_target else 0,
        incentive_base=base,
        incentive_rise=rise,
        incentive_slope=slope,
        incentive_max=incentive_max,
        penalty=choice.pick((0, 2, 10, 200)) * WAD // 1000,
        reserve_factor=choice.pick((0, 100, 750)) * WAD // 1000,
        reserve_target=choice.pick((0, 20, 1000)) * WAD // 1000,
        creator_fee=creator_fee,
        supply_cap=min(size * 40, MAX_SUPPLY_CAP) if is_small else MAX_SUPPLY_CAP,
        borrow_cap=min(size * 20, MAX_BORROW_CAP) if is_small else MAX_BORROW_CAP,
        min_debt=choice.pick((0, 0, size // 20, size // 4)),
        solvent_window=timeout * choice.pick((200, 500, 999)) // 1000 if has_window else 0,
        sale_timeout=timeout,
    )
    limits.check(terms)
    return terms


def draw_incentive(choice: Choice, family: str, incentive_max: int) -> tuple[int, int, int]:
    """Base, rise a second and slope of a family."""
    base = incentive_max * choice.pick((0, 100, 500)) // 1000
    rise = max(1, (incentive_max - base) // choice.pick((10 * MINUTE, HOUR, DAY)))
    slope = choice.pick((200, 1_000, 10_000, 1_000_000)) * WAD // 1000
    if family == "fixed":
        return incentive_max, 0, 0
    if family == "dutch":
        return base, rise, 0
    if family == "slope":
        return base, 0, slope
    return base, rise, slope


def as_arguments(terms: Terms) -> tuple[str | int, ...]:
    """The struct as the constructor takes it."""
    return tuple(getattr(terms, field.name) for field in fields(terms))
