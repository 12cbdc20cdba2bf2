"""Worlds in which the exact engine and the fast one play the same paths."""

import random
from dataclasses import dataclass

from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import AdaptiveRateTerms, FixedRateTerms, Fund, KinkedRateTerms, PoolFile
from ringfence.inputs.scenario import Feed, Lenders, Liquidators, Market, Oracle, PriceModel, Scenario, Window
from ringfence.model.terms import WAD, YEAR_SECONDS, ZERO_ADDRESS, Terms

TOKEN = 10**18
BACKSTOP = "0xb5" + "00" * 19
HOUR = 3600
BASE = {
    "asset": ZERO_ADDRESS, "collateral": ZERO_ADDRESS, "oracle": ZERO_ADDRESS, "rate_model": ZERO_ADDRESS,
    "backstop": ZERO_ADDRESS, "fee_recipient": "0xfe" + "00" * 19,
    "max_ltv": 80, "liq_ltv": 85, "target_ltv": 0, "incentive_base": 5, "incentive_rise": 0, "incentive_slope": 0, "incentive_max": 5,
    "penalty": 1, "reserve_factor": 10, "reserve_target": 2, "creator_fee": 5, "premium": 0,
    "supply_cap": 2**127 - 1, "borrow_cap": (2**127 - 1) // 10**6, "min_debt": 0,
    "solvent_window": 0, "sale_timeout": 0, "lockup": 0,
}  # fmt: skip
PERCENT = (
    "max_ltv liq_ltv target_ltv incentive_base incentive_slope incentive_max penalty reserve_factor reserve_target creator_fee premium"
).split()


def terms(**given: float) -> Terms:
    """Terms from per cents; `incentive_rise` is per cent a second, `min_debt` tokens, times seconds."""
    values = {**BASE, **given}
    for name in (*PERCENT, "incentive_rise"):
        values[name] = round(values[name] * 10**4) * WAD // 10**6 if name != "incentive_rise" else round(values[name] * WAD / 100)
    values["min_debt"] = int(values["min_debt"] * TOKEN)
    return Terms(**values)


def book(rng: random.Random, positions: int, price: float, *, least: int = 0, spread: float = 1.5, worst: float = 0.79) -> Book:
    """Loans of lognormal size, of at least `least` base units, between 30 % loan to value and `worst`, in 18 decimals."""
    debt = [max(least, round(1000 * TOKEN * rng.lognormvariate(0, spread))) for _ in range(positions)]
    collateral = [round(owed / rng.uniform(0.3, worst) / price) for owed in debt]
    return Book(tuple(f"borrower-{place}" for place in range(positions)), tuple(collateral), tuple(debt))


def pool_file(chosen: Terms, loans: Book, *, rate: object = None, reserve: float = 0.01, fund: Fund | None = None) -> PoolFile:
    """A pool that lends out four fifths of its supply, with a reserve that is a part of the debt."""
    debt = sum(loans.debt)
    return PoolFile(chosen, rate or fixed(5), 18, 18, supply=debt * 5 // 4, reserve=int(debt * reserve), fund=fund)


def fixed(per_year: int) -> FixedRateTerms:
    """A rate in per cent a year."""
    return FixedRateTerms(per_year * WAD // 100 // YEAR_SECONDS)


def kinked() -> KinkedRateTerms:
    """1 % a year, 4 % more up to 80 % of use, 80 % more above."""
    year = WAD // YEAR_SECONDS
    return KinkedRateTerms(year // 100, 8 * WAD // 10, year // 20, 4 * year)


def adaptive() -> AdaptiveRateTerms:
    """4 % a year at target."""
    return AdaptiveRateTerms(4 * WAD // 100 // YEAR_SECONDS)


def gbm(volatility: float = 1.5, drift: float = -3.0) -> PriceModel:
    """A month that falls: paths on which much is sold."""
    return PriceModel("gbm", volatility=volatility, drift=drift, jumps_per_year=30.0, jump_mean=-0.05, jump_deviation=0.04)


@dataclass(frozen=True)
class Case:
    """One world, named by what it is for."""

    name: str
    terms: Terms
    scenario: Scenario
    rate: object = None
    reserve: float = 0.01
    fund: Fund | None = None


def scenario(**given: object) -> Scenario:
    """A falling month, other inputs as given."""
    return Scenario("case", given.pop("prices", gbm()), **given)  # type: ignore[arg-type]


DEEP = Market(a=1e-5, b=0.6, recovery=6 * HOUR, cascade=0.3)
THIN = Market(a=3e-3, b=0.6, recovery=6 * HOUR, cascade=0.3)
SLOW = Oracle((Feed(heartbeat=6 * HOUR, deviation=0.02, delay=2 * HOUR),))
CLOCKS = {"incentive_base": 0.5, "incentive_rise": 0.01, "incentive_max": 6, "sale_timeout": 3 * HOUR, "solvent_window": 2 * HOUR}
DEAR = Liquidators(gas=8.0, min_profit=4.0)
CASES = (
    Case("fixed incentive, full close", terms(), scenario()),
    Case("sloped incentive", terms(incentive_base=1, incentive_slope=100, incentive_max=8), scenario(market=THIN, oracle=SLOW)),
    Case("kinked rate, thin market", terms(), scenario(market=THIN), rate=kinked()),
    Case("adaptive rate, slow oracle", terms(), scenario(oracle=SLOW), rate=adaptive()),
    Case("target", terms(target_ltv=70), scenario(market=THIN)),
    Case("target with a least debt", terms(target_ltv=70, min_debt=500), scenario(market=THIN, oracle=SLOW)),
    Case("rising incentive", terms(**CLOCKS), scenario(market=THIN)),
    Case("rising incentive to a target", terms(**CLOCKS, target_ltv=75), scenario(market=THIN, oracle=SLOW)),
    Case(
        "rising incentive, outages, buyers who wait",
        terms(**CLOCKS),
        scenario(market=THIN, liquidators=Liquidators(min_incentive=0.02, outages_per_year=80, outage_length=9 * HOUR)),
    ),
    Case("gas and least profit", terms(), scenario(market=THIN, liquidators=DEAR)),
    Case("gas with a target", terms(target_ltv=75, min_debt=100), scenario(market=THIN, liquidators=DEAR)),
    Case("little capital", terms(), scenario(liquidators=Liquidators(capital=3000.0))),
    Case("latency", terms(), scenario(oracle=SLOW, liquidators=Liquidators(latency=3 * HOUR))),
    Case("safest first", terms(), scenario(market=THIN, liquidators=Liquidators(order="safest-first", capital=9000.0))),
    Case("largest first", terms(), scenario(market=THIN, liquidators=Liquidators(order="largest-first", capital=9000.0))),
    Case("random order", terms(), scenario(market=THIN, liquidators=Liquidators(order="random", capital=9000.0))),
    Case("outage window", terms(), scenario(liquidators=Liquidators(outages=(Window(100 * HOUR, 400 * HOUR),)))),
    Case("frozen feed", terms(), scenario(oracle=Oracle((Feed(frozen=(Window(50 * HOUR, 500 * HOUR),)),)))),
    Case("stale feed", terms(), scenario(oracle=Oracle((Feed(frozen=(Window(50 * HOUR, 500 * HOUR),)),), max_age=24 * HOUR))),
    Case("hard-coded price", terms(), scenario(oracle=Oracle((Feed(fixed=1.0),)))),
    Case(
        "two feeds that part",
        terms(),
        scenario(oracle=Oracle((Feed(delay=HOUR), Feed(bias=0.1, biased=(Window(100 * HOUR, 300 * HOUR),))), max_age=HOUR)),
    ),
    Case("lenders who run", terms(), scenario(market=THIN, lenders=Lenders(run_share=0.5, run_at_fall=0.2)), rate=kinked()),
    Case(
        "cover and premium",
        terms(backstop=BACKSTOP, premium=10),
        scenario(oracle=SLOW, market=THIN),
        fund=Fund(3000 * TOKEN, 2500 * TOKEN, WAD // 2),
        reserve=0.001,
    ),
    Case("no reserve", terms(reserve_factor=0, reserve_target=0, creator_fee=0), scenario(oracle=SLOW), reserve=0.0),
)


def random_case(rng: random.Random) -> Case:
    """Any mixture of terms, prices, oracle, market and people."""
    clocks = rng.random() < 0.5
    incentive = rng.choice((0.5, 2, 5))
    chosen = terms(
        target_ltv=rng.choice((0, 0, 60, 75)),
        incentive_base=incentive,
        incentive_rise=rng.choice((0.001, 0.01)) if clocks else 0,
        incentive_slope=rng.choice((0, 30, 100)),
        incentive_max=rng.choice((6, 10)),
        sale_timeout=20 * HOUR if clocks else 0,
        solvent_window=rng.choice((0, HOUR, 5 * HOUR)) if clocks else 0,
        penalty=rng.choice((0, 1, 5)),
        reserve_target=rng.choice((0, 1, 50)),
        min_debt=rng.choice((0, 0, 200)),
        creator_fee=rng.choice((0, 10)),
    )
    feeds = tuple(
        Feed(
            heartbeat=rng.choice((0, HOUR, 7 * HOUR)),
            deviation=rng.choice((0.001, 0.02)),
            delay=rng.choice((0, HOUR // 2, 3 * HOUR)),
            frozen=rng.choice(((), (Window(90 * HOUR, 160 * HOUR),))),
            bias=rng.choice((-0.05, 0.03)),
            biased=rng.choice(((), (Window(30 * HOUR, 99 * HOUR),))),
        )
        for _ in range(rng.choice((1, 1, 2)))
    )
    # What a sale brings to its target has the risk of all others it brought there: which comes first is rounding, here and there.
    by_risk = ("riskiest-first", "safest-first") if chosen.target_ltv == 0 else ()
    people = Liquidators(
        gas=rng.choice((0.0, 0.0, 3.0)),
        min_profit=rng.choice((0.0, 2.0)),
        min_incentive=rng.choice((0.0, 0.01)),
        capital=rng.choice((None, 2000.0, 20_000.0)),
        latency=rng.choice((0, 0, HOUR, 5 * HOUR)),
        outages=rng.choice(((), (Window(200 * HOUR, 280 * HOUR),))),
        outages_per_year=rng.choice((0.0, 50.0)),
        outage_length=12 * HOUR,
        order=rng.choice((*by_risk, "largest-first", "random")),
    )
    market = Market(
        rng.choice((0.0, 1e-3, 5e-3)), rng.choice((0.5, 0.8, 1.0)), rng.choice((0, HOUR, 24 * HOUR)), rng.choice((0.0, 0.5, 1.0))
    )
    run = Lenders(rng.choice((0.0, 0.4)), rng.uniform(0.05, 0.4))
    prices = gbm(rng.choice((0.8, 2.0)), rng.choice((-6.0, 0.0)))
    world = Scenario("any", prices, Oracle(feeds, rng.choice((0, 8 * HOUR))), market, people, run)
    return Case("any", chosen, world, rng.choice((fixed(0), fixed(20), kinked(), adaptive())), rng.choice((0.0, 0.01, 0.1)))
