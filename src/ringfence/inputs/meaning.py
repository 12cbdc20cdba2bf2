"""What a pool's terms mean for those who lend, borrow and buy: falls of the price, shares of the collateral, times and rates, cut to WAD.

Legend: L = max_ltv, i = incentive, q = penalty, as parts of 1. Everything is derived from the rule in model/liquidation.py and held to it
by a test.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from ringfence.inputs.bounds import ASSET, NUMBER, RATIO, SECONDS, seconds_to_incentive_max
from ringfence.inputs.pool_file import AdaptiveRateTerms, FixedRateTerms, PoolFile, RateTerms
from ringfence.model import interest, liquidation
from ringfence.model.adaptive_rate import STEEPNESS
from ringfence.model.terms import WAD, YEAR_SECONDS, ZERO_ADDRESS, Terms

YEARS = "years"


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure: WAD for a ratio, a number and years, whole units for seconds and amounts (asset base units); None where these terms
    have no such thing."""

    value: int | None
    unit: str
    definition: str


def meaning(pool: PoolFile) -> dict[str, Fact]:
    """The figures by name; expects terms that keep their bounds."""
    return _falls(pool.terms) | _sale(pool.terms) | _offer(pool.terms) | _interest(pool) | _loss(pool)


def _ratio(value: Fraction | int, definition: str) -> Fact:
    return Fact(_wad(Fraction(value)), RATIO, definition)


def _wad(value: Fraction) -> int:
    return value.numerator * WAD // value.denominator


def _part(wad: int) -> Fraction:
    return Fraction(wad, WAD)


def _falls(terms: Terms) -> dict[str, Fact]:
    max_ltv, liq_ltv, most, penalty = (_part(each) for each in (terms.max_ltv, terms.liq_ltv, terms.incentive_max, terms.penalty))
    paid_in_full = 1 / ((1 + most) * (1 + penalty))
    return {
        "fall_to_sale": _ratio(1 - max_ltv / liq_ltv, "fall of the price that takes a position from max_ltv to liq_ltv"),
        "fall_to_loss": _ratio(1 - max_ltv * (1 + most), "fall from max_ltv to where the collateral just pays debt and incentive_max"),
        "fall_to_insolvency": _ratio(1 - max_ltv, "fall from max_ltv to where the collateral is worth the debt"),
        "ltv_penalty_cut": _ratio(max(paid_in_full, liq_ltv), "loan-to-value over which a sale at incentive_max cuts the penalty"),
        "ltv_loss": _ratio(1 / (1 + most), "loan-to-value over which a sale at incentive_max books a loss"),
    }


def _sale(terms: Terms) -> dict[str, Fact]:
    """What a sale of the whole debt takes from a position just at liq_ltv, whose collateral is worth 1."""
    debt = _part(terms.liq_ltv)
    least, most = _part(terms.incentive_base), _part(terms.incentive_max)
    penalty, cut_penalty = _penalty(terms, least), _penalty(terms, most)
    return {
        "margin_at_sale": _ratio(1 - debt, "of the collateral's value at liq_ltv, what is not owed"),
        "incentive_at_sale_first": _ratio(
            debt * (1 + penalty) * least, "of it, what a sale of the whole debt gives away at incentive_base"
        ),
        "incentive_at_sale_most": _ratio(debt * (1 + cut_penalty) * most, "the same at incentive_max"),
        "penalty_at_sale": _ratio(debt * cut_penalty, "of it, what goes to the reserve at incentive_max"),
        "left_at_sale": _ratio(1 - debt * (1 + cut_penalty) * (1 + most), "of it, what is left of the position then, before anybody loses"),
        "part_sold_at_sale": _ratio(
            _part_sold(terms), "part of the debt that one sale at liq_ltv and incentive_base takes, min_debt aside"
        ),
    }


def _penalty(terms: Terms, incentive: Fraction) -> Fraction:
    """q at liq_ltv: the term, or what collateral is left for it."""
    return min(_part(terms.penalty), 1 / (_part(terms.liq_ltv) * (1 + incentive)) - 1)


def _part_sold(terms: Terms) -> Fraction:
    value = WAD**2
    debt = liquidation.limit_down(value, terms.liq_ltv)
    penalty = _wad(_penalty(terms, _part(terms.incentive_base)))
    return Fraction(liquidation.close_amount(replace(terms, min_debt=0), value, debt, terms.incentive_base, penalty), debt)


def _offer(terms: Terms) -> dict[str, Fact]:
    to_rise = terms.incentive_max - terms.incentive_base
    by_health = to_rise <= terms.incentive_slope if terms.incentive_slope else False
    health = 1 - Fraction(to_rise, terms.incentive_slope) if by_health else None
    return {
        "seconds_to_incentive_max": Fact(
            seconds_to_incentive_max(terms), SECONDS, "time on the clock of a sale until its rise alone has reached incentive_max"
        ),
        "health_at_incentive_max": Fact(
            None if health is None else _wad(health), NUMBER, "health at which the slope alone has reached incentive_max; 1 at liq_ltv"
        ),
        "buyer_earns_on_min_debt_first": Fact(
            terms.min_debt * terms.incentive_base // WAD,
            ASSET,
            "what the sale of a debt of min_debt is worth to its buyer at incentive_base",
        ),
        "buyer_earns_on_min_debt_most": Fact(terms.min_debt * terms.incentive_max // WAD, ASSET, "the same at incentive_max"),
    }


def _interest(pool: PoolFile) -> dict[str, Fact]:
    terms, (unused, kink, full) = pool.terms, yearly_rates(pool.rate)
    elsewhere = terms.creator_fee + terms.premium
    to_reserve = terms.reserve_factor if terms.reserve_target else 0
    filling = Fraction(kink * to_reserve, WAD * WAD)
    years = _wad(_part(terms.reserve_target) / filling) if filling else None
    return {
        "rate_unused": Fact(unused, RATIO, "interest of a year, without compounding, while nothing is lent out"),
        "rate_at_kink": Fact(kink, RATIO, "the same at the kink or the target, or at any utilisation where the rate is fixed"),
        "rate_full": Fact(full, RATIO, "the same while all is lent out"),
        "interest_to_reserve": Fact(to_reserve, RATIO, "part of the interest that goes to a reserve under its target"),
        "interest_to_creator": Fact(terms.creator_fee, RATIO, "part of the interest that goes to fee_recipient"),
        "interest_to_backstop": Fact(terms.premium, RATIO, "part of the interest that is owed to the backstop"),
        "interest_to_lenders": Fact(WAD - to_reserve - elsewhere, RATIO, "part of the interest that stays with lenders meanwhile"),
        "years_to_fill_reserve": Fact(years, YEARS, "time until the interest at the kink has filled an empty reserve to its target"),
    }


def yearly_rates(rate: RateTerms) -> tuple[int, int, int]:
    """Interest of a year (WAD) at utilisation 0, at the kink, and at 1, as a pool counts it: 800 % a year at most.

    An adaptive rate has its target for a kink, and these are where it begins.
    """
    if isinstance(rate, FixedRateTerms):
        per_second = (rate.rate,) * 3
    elif isinstance(rate, AdaptiveRateTerms):
        per_second = (rate.rate_at_target // STEEPNESS, rate.rate_at_target, STEEPNESS * rate.rate_at_target)
    else:
        kink = rate.base + rate.slope_below * rate.kink // WAD
        per_second = (rate.base, kink, kink + rate.slope_above * (WAD - rate.kink) // WAD)
    unused, at_kink, full = (min(each, interest.MAX_RATE) * YEAR_SECONDS for each in per_second)
    return unused, at_kink, full


def _loss(pool: PoolFile) -> dict[str, Fact]:
    """The largest falls at once that reserve and backstop bear: (1 - fall) / L = (1 + i) * (1 - (reserve + limit) / debt).

    No penalty stands in it: where the collateral does not pay debt and incentive, the penalty is cut to 0.
    """
    return {
        "fall_at_once_without_loss_to_lenders": Fact(
            _fall_borne(pool, first_offer(pool.terms)),
            RATIO,
            "fall of the price at once that costs lenders nothing if all that can be lent is lent at max_ltv and sold at that price to "
            "buyers who take the first offer, which under water is nothing while solvent_window begins; the reserve bears the loss, then "
            "what the file says of a backstop",
        ),
        "fall_at_once_without_loss_at_incentive_max": Fact(
            _fall_borne(pool, pool.terms.incentive_max), RATIO, "the same if all of it is sold to buyers who get incentive_max"
        ),
    }


def _fall_borne(pool: PoolFile, incentive: int) -> int | None:
    lent = lent_at_most(pool)
    if not lent:
        return None
    return _wad(1 - _part(pool.terms.max_ltv) * (1 + _part(incentive)) * (1 - Fraction(min(borne_before_lenders(pool), lent), lent)))


def borne_before_lenders(pool: PoolFile) -> int:
    """What reserve and backstop bear of a loss before lenders do (asset base units)."""
    return pool.reserve + (pool.fund.limit if pool.fund else 0)


def first_offer(terms: Terms) -> int:
    """The most (WAD) that a buyer is offered for a position under water at once: nothing with a window; without one the base, or up to
    the maximum where health adds to it."""
    return 0 if terms.solvent_window else terms.incentive_max if terms.incentive_slope else terms.incentive_base


def lent_at_most(pool: PoolFile) -> int:
    """The most that the supply can lend (asset base units)."""
    return min(pool.supply, pool.terms.borrow_cap)


def remarks(pool: PoolFile) -> tuple[str, ...]:
    """A sentence for everything that is legal and yet may not be meant; expects terms that keep their bounds."""
    terms = pool.terms
    reach = terms.incentive_rise * terms.sale_timeout + terms.incentive_slope
    found = (
        (pool.supply == 0, "supply is 0: there is nothing to lend"),
        (terms.supply_cap == 0, "supply_cap is 0: nobody can deposit"),
        (terms.borrow_cap == 0, "borrow_cap is 0: nobody can borrow"),
        (0 < terms.borrow_cap < terms.min_debt, "min_debt is over borrow_cap: nobody can borrow"),
        (terms.min_debt == 0, "min_debt is 0: a debt that is not worth a buyer's costs may stay unsold"),
        (max(yearly_rates(pool.rate)) == 0, "the rate is 0: lenders earn nothing"),
        (max(yearly_rates(pool.rate)) > WAD, 'borrowers pay over 100 % a year at the most: a rate of "0.05" is 5 %'),
        (
            0 == terms.reserve_target < terms.reserve_factor,
            "reserve_target is 0: no interest goes to the reserve, and what it has flows back to lenders",
        ),
        (
            0 < terms.reserve_target < WAD * pool.reserve // max(lent_at_most(pool), 1) and terms.reserve_factor > 0,
            "the reserve is over its target even with all lent out: what is over flows back to lenders by and by",
        ),
        (
            terms.backstop != ZERO_ADDRESS and terms.premium == 0,
            "premium is 0: the backstop is paid nothing for what it covers",
        ),
        (
            terms.backstop != ZERO_ADDRESS and pool.fund is None,
            "nothing is said of what the backstop has, so it bears nothing here and in a replay; a [backstop] with assets gives it some",
        ),
        (terms.lockup > YEAR_SECONDS, "lockup is over a year: each deposit keeps its lender in for so long"),
        (0 == terms.reserve_factor < terms.reserve_target, "reserve_factor is 0: no interest goes to the reserve, whatever its target"),
        (
            reach < terms.incentive_max - terms.incentive_base,
            "incentive_max is never reached: incentive_rise and incentive_slope add too little",
        ),
        (
            terms.incentive_base == terms.incentive_max and terms.incentive_rise + terms.incentive_slope > 0,
            "incentive_base is incentive_max: incentive_rise and incentive_slope have no effect",
        ),
        (
            _penalty(terms, _part(terms.incentive_max)) < _part(terms.penalty),
            "at incentive_max even a position just over liq_ltv cannot pay the whole penalty",
        ),
        (
            terms.sale_timeout > 0 and terms.incentive_rise == terms.solvent_window == 0,
            "sale_timeout has no effect without incentive_rise and solvent_window",
        ),
    )
    return tuple(sentence for applies, sentence in found if applies)
