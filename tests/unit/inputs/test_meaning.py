"""What `meaning` says of terms is what the rule does: each figure is put to the liquidation rule itself, just before and just behind it."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from ringfence.inputs.meaning import Fact, meaning, remarks, yearly_rates
from ringfence.inputs.pool_file import STAND_INS, AdaptiveRateTerms, FixedRateTerms, Fund, KinkedRateTerms, PoolFile
from ringfence.model import interest, limits, liquidation
from ringfence.model.adaptive_rate import AdaptiveRate
from ringfence.model.kinked_rate import KinkedRate
from ringfence.model.liquidation import Position, Sale
from ringfence.model.shares import Totals
from ringfence.model.terms import PRICE_SCALE, WAD, YEAR_SECONDS, ZERO_ADDRESS, Terms
from tests.agreement.worlds import FAMILIES, draw_terms

DEBT = 10**30
"""So large that what integers round is far below `NEAR`."""
NEAR = 10**7
"""A part in 1e11 (WAD): how near to a figure the rule is tried."""
LATE = 10**6


def drawn_terms(rng: Random) -> Terms:
    """Legal terms of this world, of every kind."""
    liq_ltv = rng.choice([50, 70, 80, 86, 90, 95]) * WAD // 100
    most = min(rng.choice([1, 3, 5, 10, 20]) * WAD // 100, WAD * WAD // liq_ltv - WAD - WAD // 1000)
    base = rng.choice([0, most // 2, most])
    max_ltv = liq_ltv * rng.choice([80, 95, 99]) // 100
    numbers = dict.fromkeys((name for name in Terms.__dataclass_fields__ if name not in STAND_INS), 0) | {
        "max_ltv": max_ltv,
        "liq_ltv": liq_ltv,
        "target_ltv": rng.choice([0, max_ltv, max_ltv // 2]),
        "incentive_base": base,
        "incentive_rise": rng.choice([0, max(1, (most - base) // 1_200)]),
        "incentive_slope": rng.choice([0, WAD // 2, 3 * WAD]),
        "incentive_max": most,
        "penalty": rng.choice([0, WAD // 100, WAD // 5]),
        "reserve_factor": rng.choice([0, WAD // 10, WAD]),
        "reserve_target": rng.choice([0, WAD // 50]),
        "supply_cap": limits.MAX_CAP,
        "borrow_cap": limits.MAX_BORROW_CAP,
        "min_debt": rng.choice([0, 5 * 10**8]),
        "solvent_window": rng.choice([0, 600]),
        "sale_timeout": LATE,
    }
    terms = Terms(**(STAND_INS | {"backstop": ZERO_ADDRESS} | numbers))  # type: ignore[arg-type]
    return terms if not limits.broken(terms) else replace(terms, incentive_base=most)


def make_pool(terms: Terms, supply: int = 10**12, reserve: int = 0, rate: FixedRateTerms | KinkedRateTerms | None = None) -> PoolFile:
    """A pool of these terms."""
    return PoolFile(terms, rate or FixedRateTerms(), 18, 6, supply, reserve)


def value_of(fact: Fact) -> int:
    """The figure, which is there."""
    assert fact.value is not None
    return fact.value


def sale(terms: Terms, loan_to_value: int, seconds: int) -> Sale:
    """The sale of a position at a loan-to-value (WAD) by a buyer with money without end."""
    value = DEBT * WAD // loan_to_value
    totals = Totals(4 * DEBT, 4 * DEBT * 10**6, 2 * DEBT, 2 * DEBT * 10**6, 0, 0, 0, 0)
    return liquidation.sale(replace(terms, min_debt=0), totals, Position(value, DEBT * 10**6), PRICE_SCALE, seconds, 2**255)


def fallen(terms: Terms, fall: int) -> int:
    """The loan-to-value of a position that was at max_ltv before the price fell."""
    return terms.max_ltv * WAD // (WAD - fall)


def late(terms: Terms) -> Terms:
    """The same, offering incentive_max to everybody late on the clock."""
    return replace(terms, incentive_base=terms.incentive_max)


@pytest.mark.parametrize("seed", range(60))
def test_the_falls_are_where_the_rule_turns(seed: int) -> None:
    """Sale, cut penalty, loss, insolvency: not yet just before the figure, already just behind it."""
    terms = drawn_terms(Random(seed))
    facts = meaning(make_pool(terms))
    fall = {name: value_of(facts[f"fall_to_{name}"]) for name in ("sale", "loss", "insolvency")}
    assert sale(terms, fallen(terms, fall["sale"] - NEAR), 0).refusal == "pool: position is healthy"
    assert sale(terms, fallen(terms, fall["sale"] + NEAR), 0).debt_retired > 0
    whole = replace(late(terms), target_ltv=0)
    for name in ("fall_to_loss", "ltv_loss"):
        turn = fallen(terms, value_of(facts[name])) if name == "fall_to_loss" else value_of(facts[name])
        assert sale(whole, turn - NEAR, LATE).loss == 0
        assert sale(whole, turn + NEAR, LATE).loss > 0
    assert DEBT * WAD // fallen(terms, fall["insolvency"] - NEAR) > DEBT > DEBT * WAD // fallen(terms, fall["insolvency"] + NEAR)
    if terms.penalty and (turn := value_of(facts["ltv_penalty_cut"])) > terms.liq_ltv + NEAR:
        before, behind = sale(whole, turn - NEAR, LATE), sale(whole, turn + NEAR, LATE)
        assert abs(before.penalty - before.debt_retired * terms.penalty // WAD) <= 1
        assert behind.penalty < behind.debt_retired * terms.penalty // WAD - 1


@pytest.mark.parametrize("seed", range(60))
def test_the_parts_of_a_sale_are_those_of_a_sale(seed: int) -> None:
    """Just over liq_ltv, in parts of the collateral's value: what the buyer gains, what the reserve gets, what the position keeps."""
    terms = drawn_terms(Random(seed))
    facts = meaning(make_pool(terms))
    just_over = terms.liq_ltv + 10
    value = DEBT * WAD // just_over
    for given, name in ((late(terms), "incentive_at_sale_most"), (terms, "incentive_at_sale_first")):
        sold = sale(replace(given, target_ltv=0), just_over, 0)
        assert (sold.collateral - sold.payment) * WAD // value == pytest.approx(value_of(facts[name]), abs=NEAR)
    sold = sale(replace(late(terms), target_ltv=0), just_over, 0)
    assert sold.penalty * WAD // value == pytest.approx(value_of(facts["penalty_at_sale"]), abs=NEAR)
    assert (value - sold.collateral) * WAD // value == pytest.approx(value_of(facts["left_at_sale"]), abs=NEAR)
    assert (value - DEBT) * WAD // value == pytest.approx(value_of(facts["margin_at_sale"]), abs=NEAR)
    assert sale(terms, just_over, 0).debt_retired * WAD // DEBT == pytest.approx(value_of(facts["part_sold_at_sale"]), abs=NEAR)


@pytest.mark.parametrize("seed", range(60))
def test_the_incentive_is_largest_when_and_where_it_is_said(seed: int) -> None:
    """By the clock alone, and by missing health alone; one second or one part in 1e11 before, it is not."""
    terms = drawn_terms(Random(seed))
    facts = meaning(make_pool(terms))
    seconds, health = facts["seconds_to_incentive_max"].value, facts["health_at_incentive_max"].value
    if terms.incentive_rise:
        assert seconds is not None
        assert liquidation.incentive(replace(terms, incentive_slope=0), WAD, seconds) == terms.incentive_max
        assert not seconds or liquidation.incentive(terms, WAD, seconds - 1) < terms.incentive_max
    else:
        assert seconds is None
    if health is not None:
        assert liquidation.incentive(terms, health, 0) == terms.incentive_max
        assert health + NEAR > WAD or liquidation.incentive(terms, health + NEAR, 0) < terms.incentive_max
    elif terms.incentive_slope:
        assert liquidation.incentive(terms, 0, 0) < terms.incentive_max


@pytest.mark.parametrize("seed", range(60))
def test_lenders_lose_nothing_up_to_the_fall_that_is_said(seed: int) -> None:
    """All lent at max_ltv to one position, sold whole at once or late on the clock: the loss is within the reserve before, and over it
    behind; where health adds to the incentive the figure for at once is on the safe side."""
    rng = Random(seed)
    terms = replace(drawn_terms(rng), target_ltv=0)
    reserve = rng.choice([0, DEBT // 100, DEBT // 10])
    facts = meaning(replace(make_pool(terms, supply=DEBT, reserve=reserve), terms=replace(terms, borrow_cap=DEBT)))
    turn = value_of(facts["fall_at_once_without_loss_to_lenders"])
    assert sale(terms, fallen(terms, turn - NEAR), 0).loss <= reserve
    if not (terms.incentive_slope and not terms.solvent_window):
        assert sale(terms, fallen(terms, turn + NEAR), 0).loss > reserve
    paid = value_of(facts["fall_at_once_without_loss_at_incentive_max"])
    assert sale(late(terms), fallen(terms, paid - NEAR), LATE).loss <= reserve < sale(late(terms), fallen(terms, paid + NEAR), LATE).loss


def test_a_reserve_as_large_as_the_loans_bears_any_fall() -> None:
    """And nothing lent has nothing to lose."""
    terms = drawn_terms(Random(0))
    facts = meaning(make_pool(terms, supply=100, reserve=100))
    assert facts["fall_at_once_without_loss_to_lenders"].value == WAD
    assert meaning(make_pool(terms, supply=0))["fall_at_once_without_loss_to_lenders"].value is None


def test_a_years_rates_are_those_of_the_rate_model() -> None:
    """At utilisation 0, kink and 1, by the model itself; never over 800 % a year."""
    rate = KinkedRateTerms(base=317_097_919, kink=9 * WAD // 10, slope_below=1_902_587_519, slope_above=63_419_583_967)
    model = KinkedRate(rate.base, rate.kink, rate.slope_below, rate.slope_above)
    expected = tuple(model.rate("", used, 10, 0) * YEAR_SECONDS for used in (0, 9, 10))
    assert yearly_rates(rate) == expected
    assert yearly_rates(FixedRateTerms(7)) == (7 * YEAR_SECONDS,) * 3
    adaptive = AdaptiveRate(1_268_391_679)
    expected = tuple(adaptive.rate("", used, 10, 0) * YEAR_SECONDS for used in (0, 9, 10))
    assert yearly_rates(AdaptiveRateTerms(1_268_391_679)) == expected
    assert yearly_rates(FixedRateTerms(WAD)) == (interest.MAX_RATE * YEAR_SECONDS,) * 3


@pytest.mark.parametrize("factor", [WAD // 10, WAD])
def test_the_reserve_is_full_after_the_years_that_are_said(factor: int) -> None:
    """Interest of every day, shared out by the model: a day before the reserve is under its target, and a day behind at it; debt stays."""
    terms = replace(drawn_terms(Random(1)), reserve_factor=factor, reserve_target=WAD // 200, creator_fee=0)
    rate = 5 * WAD // 100 // YEAR_SECONDS
    years = value_of(meaning(make_pool(terms, rate=FixedRateTerms(rate)))["years_to_fill_reserve"])
    day = 86_400
    days = years * 365 // WAD
    totals = Totals(DEBT, DEBT, DEBT, DEBT, 0, 0, 0, 0)
    reserve = 0
    for now in range(day, (days + 2) * day, day):
        after, _ = interest.accrue(totals._replace(reserve_assets=reserve, accrued_at=now - day), terms, rate, now)
        reserve = after.reserve_assets
        if now < days * day:
            assert reserve < DEBT // 200
    assert reserve == pytest.approx(DEBT // 200, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"supply_cap": 0}, "supply_cap is 0: nobody can deposit"),
        ({"borrow_cap": 0}, "borrow_cap is 0: nobody can borrow"),
        ({"borrow_cap": 4, "min_debt": 5}, "min_debt is over borrow_cap: nobody can borrow"),
        ({"min_debt": 0}, "min_debt is 0: a debt that is not worth"),
        ({"reserve_factor": 1, "reserve_target": 0}, "reserve_target is 0: no interest goes"),
        ({"reserve_factor": 0, "reserve_target": 1}, "reserve_factor is 0: no interest goes"),
        ({"reserve_factor": 1, "reserve_target": 1}, "the reserve is over its target"),
        ({"incentive_base": 0, "incentive_rise": 0, "incentive_slope": 1}, "incentive_max is never reached"),
        ({"incentive_base": WAD // 100, "incentive_max": WAD // 100, "incentive_slope": 1}, "incentive_base is incentive_max"),
        ({"liq_ltv": 95 * WAD // 100, "penalty": WAD // 5}, "at incentive_max even a position just over liq_ltv cannot pay"),
        ({"sale_timeout": 5, "incentive_rise": 0, "solvent_window": 0}, "sale_timeout has no effect"),
    ],
)
def test_what_may_not_be_meant_is_remarked(changes: dict[str, int], expected: str) -> None:
    """Each by its own sentence, and by no other terms."""
    plain = replace(
        drawn_terms(Random(0)), incentive_base=WAD // 50, incentive_max=WAD // 50, incentive_rise=0, incentive_slope=0, penalty=0,
        min_debt=1, reserve_factor=WAD // 10, reserve_target=WAD // 50, solvent_window=0, sale_timeout=0,
    )  # fmt: skip
    rate = FixedRateTerms(1)
    assert remarks(make_pool(plain, reserve=10**9, rate=rate)) == ()
    assert [line for line in remarks(make_pool(replace(plain, **changes), reserve=10**9, rate=rate)) if line.startswith(expected)]
    assert remarks(make_pool(plain, supply=0, rate=rate)) == ("supply is 0: there is nothing to lend",)
    assert remarks(make_pool(plain, reserve=10**9, rate=FixedRateTerms(WAD // YEAR_SECONDS))) == ()
    dear = remarks(make_pool(plain, reserve=10**9, rate=FixedRateTerms(WAD // YEAR_SECONDS + 1)))
    assert dear == ('borrowers pay over 100 % a year at the most: a rate of "0.05" is 5 %',)
    assert remarks(make_pool(plain)) == ("the rate is 0: lenders earn nothing",)


def test_the_strangest_legal_terms_have_a_meaning() -> None:
    """Ranges at their ends, caps of 0 and 1: figures and remarks, never an error; every LTV within what it can be."""
    rng, kinds = Random(5), Counter[str]()
    for _ in range(2_000):
        family = rng.choice(FAMILIES)
        terms = Terms(**(STAND_INS | {"backstop": ZERO_ADDRESS}), **draw_terms(rng, family, 10**6))  # type: ignore[arg-type]
        assert limits.broken(terms) == []
        pool = make_pool(terms, supply=rng.choice([0, 1, 10**12]), reserve=rng.choice([0, 10**13]))
        facts = meaning(pool)
        assert 0 <= value_of(facts["left_at_sale"]) <= value_of(facts["margin_at_sale"])
        assert terms.liq_ltv <= value_of(facts["ltv_penalty_cut"]) <= value_of(facts["ltv_loss"]) <= WAD or terms.penalty == 0
        assert 0 < value_of(facts["part_sold_at_sale"]) <= WAD
        remarks(pool)
        kinds[family] += 1
    assert min(kinds.values()) > 100


def test_the_limit_of_a_backstop_bears_falls_as_a_reserve_does() -> None:
    """The falls that cost lenders nothing are those of a reserve that is larger by the limit; nothing else changes but the interest."""
    terms = replace(drawn_terms(Random(7)), backstop=STAND_INS["backstop"], premium=WAD // 10)
    fund = Fund(assets=10**11, max_assets=10**11, max_share=WAD // 4)
    with_fund = meaning(replace(make_pool(terms, reserve=10**10), fund=fund))
    with_reserve = meaning(make_pool(terms, reserve=10**10 + 10**11 // 4))
    without = meaning(make_pool(terms, reserve=10**10))
    falls = {"fall_at_once_without_loss_to_lenders", "fall_at_once_without_loss_at_incentive_max"}
    assert with_fund == with_reserve
    assert {name for name, fact in with_fund.items() if fact != without[name]} == falls
    assert value_of(with_fund["interest_to_backstop"]) == WAD // 10
    parts = ("interest_to_lenders", "interest_to_reserve", "interest_to_creator", "interest_to_backstop")
    assert sum(value_of(with_fund[name]) for name in parts) == WAD


def test_a_backstop_that_earns_nothing_and_a_lock_of_years_are_remarked() -> None:
    """Both are legal."""
    terms = replace(drawn_terms(Random(7)), backstop=STAND_INS["backstop"], lockup=YEAR_SECONDS + 1)
    said = remarks(make_pool(terms))
    assert "premium is 0: the backstop is paid nothing for what it covers" in said
    assert "lockup is over a year: each deposit keeps its lender in for so long" in said
    usual = replace(terms, premium=WAD // 100, lockup=YEAR_SECONDS)
    assert len(remarks(make_pool(usual))) == len(said) - 2


def test_a_backstop_of_which_only_the_address_is_known_is_remarked() -> None:
    """A replay says the same; with a fund in the file, or without a backstop, nothing is said."""
    terms = replace(drawn_terms(Random(7)), backstop=STAND_INS["backstop"], premium=WAD // 100)
    pool = make_pool(terms)
    (said,) = set(remarks(pool)) - set(remarks(replace(pool, fund=Fund(10**9, 10**9, WAD))))
    assert said.startswith("nothing is said of what the backstop has, so it bears nothing here and in a replay")
    assert said not in remarks(make_pool(replace(terms, backstop=ZERO_ADDRESS, premium=0)))
