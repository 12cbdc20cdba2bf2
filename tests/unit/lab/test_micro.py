"""The exact stress engine, in worlds small enough to work out by hand: each part of a step by itself.

Unless a test says otherwise one position of 1 collateral owes 1,600; it is unhealthy under a price of 2,000, and 5 % are offered.
"""

import math

import pytest

from ringfence.inputs.errors import InputError
from ringfence.inputs.pool_file import FixedRateTerms, Fund
from ringfence.inputs.scenario import NEVER_BEATS, NEVER_MOVES, Feed, Lenders, Liquidators, Market, Oracle, PriceModel, Scenario, Window
from ringfence.lab.micro import estimate_seconds, micro, micro_path
from ringfence.lab.micro_market import Market as MarketOfPool
from ringfence.lab.outcome import NAMES, WAIT_STEPS
from ringfence.model.terms import WAD
from tests.unit.lab.small_worlds import HOUR, UNIT, play, scenario, sold, stressed

LOAN = (1, 1600)
FREE = scenario()
PERCENT = WAD // 100


def about(value: float) -> object:
    """Within float rounding and a few base units."""
    return pytest.approx(value, rel=1e-12, abs=1e-12)


# One sale


def test_a_sale_in_full() -> None:
    """At 1,900 the loan's 1,600 are above 80 % of 1,900: paid with 1 % penalty, the buyer gets 5 % more collateral than paid for."""
    outcome = play(stressed(LOAN, penalty=PERCENT), FREE, [2100, 1900])
    got = outcome.figures
    assert (got["paid"], got["penalty"], got["liquidated"]) == (about(1616), about(16), about(1600))
    assert got["collateral_sold"] == about(1616 * 1.05 / 1900)
    assert (got["incentive"], got["buyer_profit"], got["slippage"]) == (about(80.8), about(80.8), about(0))
    assert (got["sales"], got["closed"], got["loss"], got["debt_end"]) == (1, 1, 0, 0)
    assert (got["reserve_end"], got["supply_end"], got["price_end"]) == (about(16), 100_000, about(1900 / 2100))
    assert list(got) == list(NAMES)


def test_exactly_at_its_limit_a_position_is_healthy() -> None:
    """1,600 is 80 % of 2,000: sold only below."""
    assert sold(play(stressed(LOAN), FREE, [2100, 2000])) == []
    assert sold(play(stressed(LOAN), FREE, [2100, 1999.99])) == [(1, 0)]


def test_nobody_is_sold_at_the_start() -> None:
    """A position unhealthy from the start is sold at the first step."""
    assert sold(play(stressed(LOAN), FREE, [1900, 1900])) == [(1, 0)]


def test_the_waterfall_of_a_loss() -> None:
    """1 collateral at 1,050 pays 1,000 of 1,600: the reserve has 100, the cover gives 200, lenders bear 300 of their 3,200."""
    pool = stressed(LOAN, supply=3200, reserve=100, fund=Fund(1000 * UNIT, 200 * UNIT, WAD))
    got = play(pool, FREE, [2100, 1050]).figures
    assert (got["paid"], got["realised_loss"], got["loss"]) == (about(1000), about(600), about(600))
    parts = [got[f"loss_from_{who}"] for who in ("reserve", "backstop", "lenders", "premium")]
    assert parts == [about(100), about(200), about(300), 0]
    assert (got["share_price_end"], got["reserve_least"], got["reserve_needed"]) == (about(2900 / 3200), 0, about(600))


def test_a_share_of_the_fund_limits_its_cover() -> None:
    """A tenth of a fund of 1,000 pays 100 of a loss of 600, and by the next sale nothing more."""
    pool = stressed(LOAN, LOAN, supply=3200, fund=Fund(1000 * UNIT, 1000 * UNIT, WAD // 10))
    got = play(pool, FREE, [2100, 1050]).figures
    assert (got["loss"], got["loss_from_backstop"], got["loss_from_lenders"]) == (about(1200), about(100), about(1100))


def test_a_loss_without_a_buyer_is_open() -> None:
    """Nobody comes: the debt above the collateral's worth counts all the same, and what is unhealthy is told."""
    got = play(stressed(LOAN), FREE, [2100, 1050], [True, False]).figures
    assert (got["loss"], got["realised_loss"], got["unrealised_loss"]) == (about(550), 0, about(550))
    assert (got["unhealthy_end"], got["reserve_needed"]) == (about(1600), about(550))


# The oracle


def oracle_of(*feeds: Feed, max_age: int = 0) -> Scenario:
    return scenario(oracle=Oracle(feeds, max_age))


def test_a_feed_publishes_by_its_heartbeat() -> None:
    """Every two hours: the fall of the first hour is seen in the second."""
    outcome = play(stressed(LOAN), oracle_of(Feed(heartbeat=2 * HOUR, deviation=NEVER_MOVES)), [2100, 1900, 1900])
    assert sold(outcome) == [(2, 0)]


def test_a_feed_publishes_what_moves_enough() -> None:
    """By a tenth: 1,900 is 9.5 % under 2,100 and not told, 1,890 is 10 % under and is."""
    feed = Feed(heartbeat=NEVER_BEATS, deviation=0.1)
    assert sold(play(stressed(LOAN), oracle_of(feed), [2100, 1900, 1900])) == []
    assert sold(play(stressed(LOAN), oracle_of(feed), [2100, 1900, 1889, 1889])) == [(2, 0)]


def test_a_feed_sees_late() -> None:
    """By 90 minutes, two steps of an hour: what happened in step 1 is seen in step 3, at the price of step 1."""
    outcome = play(stressed(LOAN), oracle_of(Feed(delay=5400)), [2100, 1900, 1950, 1950])
    assert sold(outcome) == [(3, 0)]
    assert outcome.figures["collateral_sold"] == about(1600 * 1.05 / 1900)


def test_a_frozen_feed_says_what_it_said_until_that_is_too_old() -> None:
    """Frozen from step 1 until before step 4: nothing is sold; with a maximal age of two hours the oracle fails in step 3."""
    feed = Feed(frozen=(Window(HOUR, 4 * HOUR),))
    prices = [2100, 1900, 1900, 1900, 1900]
    believed = play(stressed(LOAN), oracle_of(feed), prices)
    assert (sold(believed), believed.figures["oracle_failed"]) == ([(4, 0)], 0)
    failing = play(stressed(LOAN), oracle_of(feed, max_age=2 * HOUR), prices)
    assert (sold(failing), failing.figures["oracle_failed"]) == ([(4, 0)], 0.25)


def test_a_fixed_price_never_sells() -> None:
    """The hard-coded price: what the market says does not matter, and the loss stays open."""
    got = play(stressed(LOAN), oracle_of(Feed(fixed=1.0), max_age=1), [2100, 500, 500]).figures
    assert (got["sales"], got["loss"], got["unhealthy_end"], got["oracle_failed"]) == (0, about(1100), 0, 0)


def test_the_higher_of_two_fresh_feeds_counts() -> None:
    """One is frozen high: it protects until it is stale, then the other counts alone."""
    stuck, live = Feed(frozen=(Window(0, 10 * HOUR),)), Feed()
    outcome = play(stressed(LOAN), oracle_of(stuck, live, max_age=2 * HOUR), [2100, *[1900] * 4])
    assert sold(outcome) == [(3, 0)]


def test_a_biased_feed_shows_too_much_for_a_while() -> None:
    """A tenth too much in steps 1 and 2."""
    outcome = play(stressed(LOAN), oracle_of(Feed(bias=0.1, biased=(Window(HOUR, 3 * HOUR),))), [2100, 1900, 1900, 1900])
    assert sold(outcome) == [(3, 0)]


def test_nobody_buys_above_the_market() -> None:
    """A price of 1,990 where the market pays 1,890: with 5 % incentive the collateral costs 1,895; at 1,900 it pays."""
    late = Feed(delay=HOUR)
    assert sold(play(stressed(LOAN), oracle_of(late), [2100, 1990, 1890])) == []
    assert sold(play(stressed(LOAN), oracle_of(late), [2100, 1990, 1900])) == [(2, 0)]


# The market


def test_no_more_is_sold_than_the_market_takes() -> None:
    """Constant product with 100 collateral: until a unit brings 1 / 1.05 of the price, 100 * (sqrt(1.05) - 1) can be sold a step."""
    room = 100 * (math.sqrt(1.05) - 1)
    outcome = play(stressed((10, 16_000)), scenario(market=Market(a=0.01)), [2100, 1900])
    got = outcome.figures
    assert got["collateral_sold"] == about(room)
    assert got["paid"] == about(room * 1900 / 1.05)
    assert got["buyer_profit"] == about(1900 * room / (1 + room / 100) - room * 1900 / 1.05)
    assert got["slippage"] == about(1900 * room - 1900 * room / (1 + room / 100))


def test_a_market_that_recovers_takes_the_same_again_and_one_that_half_recovers_the_rest() -> None:
    """Recovered at once: the same in every step. With a half-life of one step: half of what weighed."""
    room = 100 * (math.sqrt(1.05) - 1)
    at_once = play(stressed((10, 16_000)), scenario(market=Market(a=0.01)), [2100, 1900, 1900])
    assert at_once.figures["collateral_sold"] == about(2 * room)
    by_half = play(stressed((10, 16_000)), scenario(market=Market(a=0.01, recovery=HOUR)), [2100, 1900, 1900])
    assert by_half.figures["collateral_sold"] == about(1.5 * room)


def test_what_hardly_weighs_is_forgotten() -> None:
    """Less than a billionth of the book: half of 3e-9 of it counts, half of 2e-9 does not."""
    market = MarketOfPool(Market(a=0.01, recovery=HOUR), HOUR, book_collateral=100.0)
    market.take(3e-7)
    market.recover()
    assert market.used == 1.5e-7
    market.used = 2e-7
    market.recover()
    assert market.used == 0


def test_sales_that_others_see_bring_the_next_ones() -> None:
    """The second loan is unhealthy under 1,900; at 1,910 only what the first sale did to the price sells it."""
    pool = stressed((10, 16_000), (1, 1520))
    prices = [2100, 1910, 1910]
    deaf = play(pool, scenario(market=Market(a=0.001, recovery=1000 * HOUR)), prices)
    heard = play(pool, scenario(market=Market(a=0.001, recovery=1000 * HOUR, cascade=1.0)), prices)
    assert sold(deaf) == [(1, 0)]
    assert sold(heard) == [(1, 0), (2, 1)]
    weight = 0.5**0.001 * heard.sales[0].sale.collateral / UNIT
    assert heard.figures["collateral_sold"] - weight / 0.5**0.001 == about(1520 * 1.05 / (1910 / (1 + 0.001 * weight) ** 2))


def test_a_part_that_leaves_dust_is_not_bought() -> None:
    """The market has room for some 4,468 of 16,000: a pool that keeps 12,000 whole refuses, one that keeps 11,000 sells."""
    market = scenario(market=Market(a=0.01))
    assert sold(play(stressed((10, 16_000), min_debt=12_000 * UNIT), market, [2100, 1900])) == []
    assert sold(play(stressed((10, 16_000), min_debt=11_000 * UNIT), market, [2100, 1900])) == [(1, 0)]


# Liquidators


def test_money_is_renewed_every_step() -> None:
    """400 a step: 1,200 are left on collateral of 1,480, then 800 on 1,060, which is healthy."""
    outcome = play(stressed(LOAN), scenario(liquidators=Liquidators(capital=400.0)), [2100, *[1900] * 5])
    assert [(sale.step, sale.sale.payment / UNIT) for sale in outcome.sales] == [(1, about(400)), (2, about(400))]
    assert (outcome.figures["debt_end"], outcome.figures["closed"]) == (about(800), 0)


@pytest.mark.parametrize(("costs", "comes"), [((79.9, 0), True), ((80.1, 0), False), ((40, 39.9), True), ((40, 40.1), False)])
def test_a_sale_must_pay(costs: tuple[float, float], comes: bool) -> None:
    """5 % of 1,600 are 80: gas and what is wanted must fit."""
    outcome = play(stressed(LOAN), scenario(liquidators=Liquidators(gas=costs[0], min_profit=costs[1])), [2100, 1900])
    assert bool(outcome.sales) == comes
    assert (outcome.figures["gas"], outcome.figures["buyer_profit"]) == ((costs[0], about(80 - costs[0])) if comes else (0, 0))


def test_liquidators_sell_what_they_saw() -> None:
    """With a latency of 90 minutes, two steps, a loan unhealthy from step 1 is sold in step 3, if it is unhealthy then."""
    late = scenario(liquidators=Liquidators(latency=5400))
    assert sold(play(stressed(LOAN), late, [2100, *[1900] * 4])) == [(3, 0)]
    assert sold(play(stressed(LOAN), late, [2100, 1900, 1900, 2050, 1900, 1900])) == [(4, 0)], "seen in step 2"
    assert sold(play(stressed(LOAN), late, [1900, 1900, 1900])) == [], "before the first step nobody looks"


def test_nobody_saw_a_price_that_was_not_there() -> None:
    """The oracle fails in step 2: what latency lets be sold in step 3 was to be seen in step 2."""
    late = Liquidators(latency=HOUR)
    world = scenario(liquidators=late, oracle=Oracle((Feed(frozen=(Window(2 * HOUR, 3 * HOUR),)),), max_age=HOUR // 2))
    assert sold(play(stressed(LOAN), world, [2100, 2100, 1900, 1900, 1900])) == [(4, 0)]


def test_nobody_comes_during_an_outage() -> None:
    """Neither in the scenario's windows nor in steps the path is told about; the wait is counted by its class."""
    window = scenario(liquidators=Liquidators(outages=(Window(0, 3 * HOUR),)))
    outcome = play(stressed(LOAN), window, [2100, *[1900] * 6], [True, True, True, True, False, False, True])
    assert sold(outcome) == [(3, 0)]
    assert outcome.waits[WAIT_STEPS.index(2)] == about(1600)
    told = play(stressed(LOAN), FREE, [2100, *[1900] * 8], [True, *[False] * 7, True])
    assert sold(told) == [(8, 0)]
    assert told.waits[WAIT_STEPS.index(6)] == about(1600), "seven steps: six or more, fewer than eight"


def test_waits_go_on_at_the_end_and_end_with_health() -> None:
    """Unhealthy in step 1, healthy in 2, unhealthy from 3 to 6 and unsold: three steps."""
    outcome = play(stressed(LOAN), FREE, [2100, 1900, 2100, *[1900] * 4], [True, *[False] * 6])
    assert outcome.waits[WAIT_STEPS.index(3)] == about(1600)
    assert sum(outcome.waits) == about(1600)


@pytest.mark.parametrize(
    ("order", "first"), [("riskiest-first", 2), ("safest-first", 0), ("largest-first", 1), ("random", 3)]
)  # fmt: skip
def test_in_what_order(order: str, first: int) -> None:
    """Money for one sale a step shows who comes first."""
    pool = stressed((1, 1600), (2, 3300), (1, 1700), (1, 1650))
    world = scenario(liquidators=Liquidators(capital=1000.0, order=order))
    outcome = play(pool, world, [2100, 1900], permutation=[0.9, 0.5, 0.7, 0.1])
    assert [place for _, place in sold(outcome)] == [first]


def test_equal_positions_are_sold_in_book_order() -> None:
    """Ties in every order but the random one."""
    for order in ("riskiest-first", "safest-first", "largest-first"):
        outcome = play(stressed(LOAN, LOAN, LOAN), scenario(liquidators=Liquidators(order=order)), [2100, 1900])
        assert sold(outcome) == [(1, 0), (1, 1), (1, 2)]


def test_a_part_a_step() -> None:
    """What the market does not take stays unhealthy and is offered again, once a step; each wait counts from the first step."""
    outcome = play(stressed((10, 16_000)), scenario(market=Market(a=0.01)), [2100, *[1700] * 3])
    assert [sale.step for sale in outcome.sales] == [1, 2, 3]
    part = 100 * (math.sqrt(1.05) - 1) * 1700 / 1.05
    assert outcome.waits[:3] == [about(part), about(part), about(part + 16_000 - 3 * part)]


# Clocks, windows, targets

RISE = {"incentive_base": 5 * PERCENT // 10, "incentive_rise": -(-25 * WAD // 10_000 // 60), "incentive_max": 6 * PERCENT}
PATIENT = scenario(step=60, liquidators=Liquidators(min_incentive=0.03))


def test_a_dutch_sale_waits_for_its_incentive() -> None:
    """0.25 % a minute from 0.5 %: 3 % ten minutes after the flag of step 1."""
    outcome = play(stressed(LOAN, sale_timeout=3600, **RISE), PATIENT, [2100, *[1900] * 15])
    assert sold(outcome) == [(11, 0)]
    assert outcome.figures["incentive"] == about(1600 * 0.03)


def test_a_clock_that_is_too_old_starts_again() -> None:
    """3 % of 6 % a minute never come when the clock is stopped after 22 minutes and 5.9 % are wanted; 5.5 % come."""
    pool = stressed(LOAN, sale_timeout=22 * 60, **RISE)
    wanting = [scenario(step=60, liquidators=Liquidators(min_incentive=least)) for least in (0.0602, 0.055)]
    assert sold(play(pool, wanting[0], [2100, *[1900] * 60])) == []
    assert sold(play(pool, wanting[1], [2100, *[1900] * 60])) == [(21, 0)]


def test_somebody_stops_the_clock_of_the_healthy_unless_nobody_is_there() -> None:
    """Healthy in step 5: the clock starts anew in step 6. With nobody there in step 5 it ran on from step 1."""
    pool = stressed(LOAN, sale_timeout=3600, **RISE)
    prices = [2100, *[1900] * 4, 2100, *[1900] * 15]
    assert sold(play(pool, PATIENT, prices)) == [(16, 0)]
    nobody = [True] * len(prices)
    nobody[5] = False
    assert sold(play(pool, PATIENT, prices, nobody)) == [(11, 0)]


def test_clocks_rest_while_the_oracle_fails() -> None:
    """Nobody can flag a loan in steps 1 to 4, where there is no price: it is flagged in step 5."""
    feed = Feed(frozen=(Window(60, 300),))
    world = scenario(step=60, oracle=Oracle((feed,), max_age=30), liquidators=Liquidators(min_incentive=0.03))
    outcome = play(stressed(LOAN, sale_timeout=3600, **RISE), world, [2100, *[1900] * 16])
    assert sold(outcome) == [(15, 0)]
    assert outcome.figures["oracle_failed"] == 4 / 16


def test_within_the_window_a_solvent_loan_is_sold_without_loss() -> None:
    """1,600 on 1,650: 5 % are not there, so 3.125 % are offered at once, all the collateral goes and lenders lose nothing."""
    got = play(stressed(LOAN, solvent_window=1200, sale_timeout=3600), FREE, [2100, 1650]).figures
    assert (got["paid"], got["collateral_sold"], got["loss"]) == (about(1600), about(1), about(0))
    plain = play(stressed(LOAN), FREE, [2100, 1650]).figures
    assert plain["loss"] == about(1600 - 1650 / 1.05)


def test_within_the_window_an_insolvent_loan_waits_for_what_lenders_pay() -> None:
    """1,600 on 1,500: nothing is offered at first and nobody comes; a minute later a twentieth of 5 %."""
    pool = stressed(LOAN, solvent_window=1200, sale_timeout=3600)
    outcome = play(pool, scenario(step=60), [2100, 1500, 1500])
    assert sold(outcome) == [(2, 0)]
    assert outcome.figures["loss"] == about(1600 - 1500 / 1.0025)


def test_a_sale_to_a_target_stops_there() -> None:
    """1,700 on 2,000 to 70 % at 5 %: x = (1700 - 0.7 * 2000) / (1 - 0.7 * 1.05), and it is healthy then."""
    outcome = play(stressed((1, 1700), target_ltv=70 * PERCENT), FREE, [2200, 2000, 2000])
    assert sold(outcome) == [(1, 0)]
    paid = 300 / (1 - 0.735)
    assert outcome.figures["paid"] == about(paid)
    assert (1700 - paid) / (2000 - paid * 1.05) == pytest.approx(0.7)
    assert (outcome.figures["closed"], outcome.figures["debt_end"]) == (0, about(1700 - paid))


# Lenders, interest, premium


def test_lenders_who_run_take_what_cash_there_is() -> None:
    """2,400 of 4,000 run at a fall of a tenth; 2,400 are not lent out: they are gone at once. Of 3,200 only 1,600 are, the rest after the
    sale."""
    run = Lenders(run_share=0.6, run_at_fall=0.09)
    got = play(stressed(LOAN, supply=4000), scenario(lenders=run), [2100, 2000, 1900]).figures
    assert (got["run_withdrawn"], got["run_left"]) == (about(2400), 0)
    heavy = Lenders(run_share=0.75, run_at_fall=0.09)
    first = play(stressed(LOAN, supply=3200), scenario(lenders=heavy), [2100, 1900])
    assert (first.figures["run_withdrawn"], first.figures["run_left"]) == (about(1600), about(800))
    both = play(stressed(LOAN, supply=3200), scenario(lenders=heavy), [2100, 1900, 1900])
    assert (both.figures["run_withdrawn"], both.figures["run_left"]) == (about(2400), 0)


def test_those_who_stay_bear_what_those_who_ran_did_not() -> None:
    """A loss of 600: on 3,200 without a run, on the 1,600 that are left with one."""
    prices = [2100, 1050]
    stay = play(stressed(LOAN, supply=3200), FREE, prices).figures
    run = play(stressed(LOAN, supply=3200), scenario(lenders=Lenders(run_share=0.5, run_at_fall=0.1)), prices).figures
    assert stay["share_price_end"] == about(2600 / 3200)
    assert run["share_price_end"] == about(1000 / 1600)


def test_a_lock_up_is_over_before_the_path_begins() -> None:
    """Lenders have been there for long, so that a run is not put off by a term that only binds the new."""
    run = scenario(lenders=Lenders(run_share=0.5, run_at_fall=0.0))
    assert play(stressed(LOAN, supply=3200, lockup=10 * HOUR), run, [2100, 2100]).figures["run_withdrawn"] == about(1600)


def test_low_cash_is_counted_by_steps() -> None:
    """1,650 lent, 50 in cash of 1,650: 3 % in steps 1 and 2, everything once the loan is sold in step 3."""
    got = play(stressed(LOAN, supply=1650), scenario(lenders=Lenders(low_cash=0.05)), [2100, 2100, 2100, 1900]).figures
    assert got["low_cash"] == about(2 / 3)


def test_interest_is_shared_out() -> None:
    """1e9 WAD a second for an hour on 1,000: a tenth to the reserve, a fifth to the creator, a tenth owed to the backstop and paid."""
    pool = stressed(
        (1, 1000),
        supply=2000,
        rate=FixedRateTerms(10**9),
        reserve_factor=WAD // 10,
        reserve_target=WAD,
        creator_fee=WAD // 5,
        fee_recipient="0x" + "fe" * 20,
        premium=WAD // 10,
        fund=Fund(10 * UNIT, 10 * UNIT, WAD),
    )
    got = play(pool, FREE, [2100, 2100]).figures
    x = 3600e-9
    interest = 1000 * (x + x * x / 2 + x**3 / 6)
    assert got["interest"] == pytest.approx(interest, rel=1e-12)
    assert got["interest_to_reserve"] == pytest.approx(interest / 10, rel=1e-12)
    assert got["creator_fee"] == pytest.approx(interest / 5, rel=1e-12)
    assert (got["premium"], got["premium_paid"]) == (pytest.approx(interest / 10, rel=1e-12),) * 2
    assert got["supply_end"] == about(2000 + 0.8 * interest)


def test_a_premium_without_cash_stays_owed() -> None:
    """Everything is lent out: what is owed is paid once a loan is."""
    given = {"premium": WAD // 2, "supply": 1000, "rate": FixedRateTerms(10**9), "fund": Fund(UNIT, UNIT, WAD)}
    waiting = play(stressed((1, 1000), **given), FREE, [2100, 2100]).figures
    assert waiting["premium"] > 0 == waiting["premium_paid"]
    paid = play(stressed((1, 1000), **given), FREE, [2100, 2100, 1249]).figures
    assert paid["premium_paid"] == paid["premium"] > waiting["premium"]


# Marks, several pools


def test_losses_are_taken_at_their_marks() -> None:
    """Half a day a step: open at the end of the first day, booked on the eighth; no thirty days."""
    present = [True, *[False] * 14, True, True]
    got = play(stressed(LOAN), scenario(step=43_200), [2100, 1050, *[1600] * 15], present).figures
    assert (got["loss_1d"], got["liquidated_1d"]) == (0, 0)
    early = play(stressed(LOAN), scenario(step=43_200), [2100, 1050, 1050, *[1600] * 14], present).figures
    assert (early["loss_1d"], early["loss_7d"]) == (about(550), 0)
    assert (early["liquidated_7d"], early["liquidated"]) == (0, about(1600))
    assert early["loss"] == about(1600 - 1600 / 1.05)
    assert math.isnan(got["loss_30d"]) and math.isnan(got["liquidated_30d"])


def test_pools_under_one_fund_draw_in_their_order() -> None:
    """Two losses of 600 on a fund that two sections have made 900 together: 600 for the first, 300 for the second; each would have had
    its own."""
    one = stressed(LOAN, supply=3200, fund=Fund(500 * UNIT, 700 * UNIT, WAD))
    two = stressed(LOAN, supply=3200, fund=Fund(400 * UNIT, 700 * UNIT, WAD))
    path = [1.0, 0.5]
    both = micro_path([one, two], FREE, [2100.0, 2100.0], [path, path], [True, True])
    assert [each.figures["loss_from_backstop"] for each in both] == [about(600), about(300)]
    assert [each.figures["loss_from_lenders"] for each in both] == [about(0), about(300)]


def test_a_fund_of_two_assets_is_refused() -> None:
    """What one brings cannot pay the other."""
    pools = [stressed(LOAN, fund=Fund(UNIT, UNIT, WAD)), stressed(LOAN, fund=Fund(UNIT, UNIT, WAD), decimals=(18, 6))]
    with pytest.raises(ValueError, match="one asset"):
        micro_path(pools, FREE, [2100.0, 2100.0], [[1.0, 1.0]] * 2, [True, True])


def composed(debt: float) -> list[object]:
    """Lender shares of a pool of 3,200 as collateral of another: 1,000 of them."""
    return [stressed(LOAN, supply=3200), stressed((1000, debt), decimals=(24, 18), collateral_from=0)]


def test_a_loss_upstream_is_a_fall_of_price_downstream() -> None:
    """300 of 3,200 lost: a share is worth 0.8125 of its start in the same step, and a loan at 70 % is sold, at that price."""
    up, down = micro_path(composed(700), FREE, [2100.0, 1.0], [[1.0, 0.5], [1.0, 1.0]], [True, True])  # type: ignore[arg-type]
    assert up.figures["share_price_end"] == about(2600 / 3200)
    assert sold(down) == [(1, 0)]
    assert down.figures["collateral_sold"] == pytest.approx(700 * 1.05 / 0.8125, rel=1e-12)
    assert down.figures["incentive"] == pytest.approx(35, rel=1e-9)
    assert down.figures["buyer_profit"] == pytest.approx(35, rel=1e-9), "the market pays what a share is worth, too"
    _, healthy = micro_path(composed(640), FREE, [2100.0, 1.0], [[1.0, 0.5], [1.0, 1.0]], [True, True])  # type: ignore[arg-type]
    assert sold(healthy) == []


def test_a_feed_of_the_base_does_not_hold_up_what_a_share_is_worth() -> None:
    """A frozen feed freezes the price of the upstream asset; its share is asked at every look, as the contract does."""
    frozen = scenario(oracle=Oracle((Feed(fixed=1.0),)))
    _, down = micro_path(composed(700), [FREE, frozen], [2100.0, 1.0], [[1.0, 0.5], [1.0, 1.0]], [True, True])  # type: ignore[arg-type]
    assert sold(down) == [(1, 0)]


def test_a_pool_takes_collateral_from_an_earlier_one_with_its_decimals() -> None:
    """Shares have six decimals more than their asset."""
    wrong = stressed((1000, 700), decimals=(18, 18), collateral_from=0)
    with pytest.raises(InputError, match="write 24"):
        micro_path([stressed(LOAN), wrong], FREE, [2100.0, 1.0], [[1.0, 1.0]] * 2, [True, True])
    with pytest.raises(ValueError, match="earlier pool"):
        micro_path([stressed((1000, 700), decimals=(24, 18), collateral_from=0)], FREE, [1.0], [[1.0, 1.0]], [True, True])


# What is refused, and many paths


def test_what_does_not_fit_is_refused() -> None:
    """Lengths, prices, steps, orders, terms."""
    pool = stressed(LOAN)
    for prices, multiples, present, reason in (
        ([0.0], [[1.0, 1.0]], [True, True], "start prices above 0"),
        ([2100.0, 1.0], [[1.0, 1.0]], [True, True], "1 pools need as many start prices"),
        ([2100.0], [[1.0, 1.0, 1.0]], [True, True], "paths of 2 multiples"),
        ([2100.0], [[1.0]], [True], "one step at least"),
        ([2100.0], [[1.0, 0.0]], [True, True], "above 0 and finite"),
    ):
        with pytest.raises(ValueError, match=reason):
            micro_path([pool], FREE, prices, multiples, present)
    with pytest.raises(ValueError, match="without a permutation"):
        play(pool, scenario(liquidators=Liquidators(order="random")), [2100, 1900])
    with pytest.raises(ValueError, match="same step"):
        micro_path([pool, pool], [FREE, scenario(step=60)], [2100.0] * 2, [[1.0, 1.0]] * 2, [True, True])
    with pytest.raises(InputError, match="penalty must be at most 0.2"):
        play(stressed(LOAN, penalty=WAD), FREE, [2100, 1900])


def test_paths_depend_on_seed_and_number_alone() -> None:
    """Three paths are the same three from one call or two, as often as they are asked for; another seed gives others."""
    world = Scenario(
        "gbm", PriceModel("gbm", volatility=2.0), liquidators=Liquidators(order="random", outages_per_year=500, outage_length=HOUR)
    )
    pools = [stressed(LOAN, (1, 1500), (2, 2900))]
    whole = micro(pools, world, [2000.0], 7, 3, 48)
    assert whole == micro(pools, world, [2000.0], 7, 1, 48) + micro(pools, world, [2000.0], 7, 2, 48, first=1)
    assert whole != micro(pools, world, [2000.0], 8, 3, 48)
    assert sum(path[0].figures["sales"] for path in whole) > 0


def test_one_pool_is_its_own_factor() -> None:
    """The correlation is that of several pools: alone, a pool's path does not depend on it, and beside another it does."""
    worlds = [Scenario("gbm", PriceModel("gbm", volatility=1.0), correlation=correlation) for correlation in (1.0, 0.25)]
    one, two = [stressed(LOAN)], [stressed(LOAN), stressed(LOAN)]
    alone = [micro(one, world, [2000.0], 7, 1, 24)[0][0].figures["price_end"] for world in worlds]
    assert alone[0] == alone[1]
    both = [[each.figures["price_end"] for each in micro(two, world, [2000.0] * 2, 7, 1, 24)[0]] for world in worlds]
    assert both[0] == [alone[0], alone[0]]
    assert both[1][0] != both[1][1]


def test_a_run_says_how_long_it_will_take() -> None:
    """An estimate after each path, and one asked for before."""
    told: list[tuple[int, float]] = []
    world = Scenario("gbm", PriceModel("gbm", volatility=1.0))
    micro([stressed(LOAN)], world, [2000.0], 7, 3, 24, told=lambda done, seconds: told.append((done, seconds)))
    assert [done for done, _ in told] == [1, 2, 3]
    assert all(seconds > 0 for _, seconds in told)
    assert estimate_seconds([stressed(LOAN)], world, [2000.0], 7, 1000, 24) > 0
