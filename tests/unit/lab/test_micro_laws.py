"""What holds on every path of the exact engine, over random worlds with every friction there is; and where it must equal a replay."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest

from ringfence.inputs.pool_file import AdaptiveRateTerms, FixedRateTerms, Fund, KinkedRateTerms, RateTerms
from ringfence.inputs.prices import Prices
from ringfence.inputs.scenario import NEVER_BEATS, Feed, Lenders, Liquidators, Market, Oracle, PriceModel, Scenario, Window
from ringfence.lab.micro import MicroWorld, micro_path
from ringfence.lab.micro_pool import START, StressPool
from ringfence.lab.micro_side import PathOutcome
from ringfence.lab.outcome import WAIT_STEPS
from ringfence.lab.replay import replay
from ringfence.lab.tally import ConservationError
from ringfence.model.terms import WAD
from tests.unit.lab.small_worlds import HOUR, UNIT, play, scenario, stressed

PRICE = 2000.0
PERCENT = WAD // 100
RECIPIENT = "0x" + "fe" * 20


def a_path(random: Random, steps: int, rough: float = 0.1) -> list[float]:
    """Multiples of the price with falls and recoveries."""
    path = [1.0]
    for _ in range(steps):
        path.append(path[-1] * max(0.5, random.gauss(0.998, rough)))
    return path


def positions(random: Random, most: float = 0.95) -> list[tuple[float, float]]:
    """Loans at 30 % to 95 % of their collateral; 80 % and less are healthy at the start."""
    held = [random.uniform(0.1, 20) for _ in range(random.randint(1, 12))]
    return [(each, each * PRICE * random.uniform(0.3, most)) for each in held]


def a_rate(random: Random) -> RateTerms:
    """Up to 100 % a year, by each of the three models."""
    fixed, kinked = FixedRateTerms(random.choice([0, 10**9, 3 * 10**10])), KinkedRateTerms(10**9, 8 * WAD // 10, 2 * 10**9, 10**11)
    return random.choice([fixed, kinked, AdaptiveRateTerms(10**9)])


def an_incentive(random: Random, step: int) -> dict[str, int]:
    """Fixed, sloped or rising, with a window or without."""
    kind = random.choice(["fixed", "slope", "rise", "rise and window", "window"])
    given = {"incentive_base": 2 * PERCENT, "incentive_max": 5 * PERCENT}
    if kind == "fixed":
        return given | {"incentive_max": 2 * PERCENT}
    if kind == "slope":
        return given | {"incentive_slope": WAD // 2}
    timeout = 8 * step
    given |= {"sale_timeout": timeout, "solvent_window": 5 * step if "window" in kind else 0}
    return given | ({"incentive_rise": -(-3 * PERCENT // timeout)} if "rise" in kind else {})


def a_pool(random: Random, step: int, fund: Fund | None = None, decimals: tuple[int, int] = (18, 18)) -> StressPool:
    """Legal terms of every kind."""
    book = positions(random)
    owed = sum(debt for _, debt in book)
    return stressed(
        *book,
        supply=int(owed * random.choice([1.01, 1.3, 3])) + 1,
        reserve=int(random.choice([0, 0.01, 0.1]) * owed),
        rate=a_rate(random),
        fund=fund,
        decimals=decimals,
        target_ltv=random.choice([0, 60 * PERCENT]),
        penalty=random.choice([0, PERCENT]),
        reserve_factor=WAD // 10,
        reserve_target=random.choice([0, WAD // 50]),
        creator_fee=random.choice([0, WAD // 10]),
        fee_recipient=RECIPIENT,
        premium=WAD // 10 if fund else 0,
        min_debt=random.choice([0, 50]) * 10 ** decimals[1],
        **an_incentive(random, step),
    )


def a_world(random: Random, steps: int, step: int) -> Scenario:
    """Each friction with some probability."""

    def maybe(value: float) -> float:
        return random.choice([0.0, value])

    def windows() -> tuple[Window, ...]:
        start = random.randint(0, steps) * step
        return (Window(start, start + random.randint(1, 10) * step),) if random.random() < 0.4 else ()

    def feed() -> Feed:
        return Feed(
            heartbeat=random.choice([0, 3 * step, NEVER_BEATS]),
            deviation=random.choice([0.0, 0.02]),
            delay=random.choice([0, 2 * step]),
            frozen=windows(),
            bias=random.choice([-0.1, 0.1]),
            biased=windows(),
        )

    return Scenario(
        "random",
        PriceModel("gbm"),
        Oracle(tuple(feed() for _ in range(random.randint(1, 2))), random.choice([0, 2 * step])),
        Market(maybe(random.choice([0.001, 0.02])), random.choice([1.0, 0.7]), random.choice([0, step, 20 * step]), maybe(0.5)),
        Liquidators(
            gas=maybe(5.0),
            min_profit=maybe(3.0),
            min_incentive=maybe(0.03),
            capital=random.choice([None, None, 10_000.0]),
            latency=random.choice([0, 0, step, 3 * step]),
            outages=windows(),
            order=random.choice(["riskiest-first", "safest-first", "largest-first", "random"]),
        ),
        Lenders(maybe(random.uniform(0.1, 1.0)), random.choice([0.05, 0.2])),
        step,
    )


def test_every_path_balances_to_the_unit() -> None:
    """Two pools under one fund and every friction: no path loses a unit, and what is told adds up; counted, how often things happened."""
    seen: Counter[str] = Counter()
    for seed in range(150):
        random = Random(seed)
        steps, step = random.randint(5, 60), random.choice([60, HOUR])
        decimals = random.choice([(18, 18), (18, 6), (8, 6)])
        fund = Fund(*(amount * 10 ** decimals[1] for amount in (2_000, 1_500)), WAD // 2)
        pools = [a_pool(random, step, fund, decimals), a_pool(random, step, random.choice([fund, None]), decimals)]
        world = a_world(random, steps, step)
        paths = [a_path(random, steps), a_path(random, steps)]
        present = [random.random() < 0.95 for _ in range(steps + 1)]
        keys = [random.random() for _ in range(12)]
        for outcome in micro_path(pools, world, [PRICE, PRICE], paths, present, permutation=keys):
            adds_up(outcome, world)
            count(outcome, seen)
    least = {"sales": 500, "partial": 200, "losses": 100, "from backstop": 50, "from lenders": 50, "from reserve": 30, "withdrawn": 30,
             "premium paid": 50, "oracle failed": 20, "unsold": 50, "waited": 100, "run left": 5}  # fmt: skip
    assert all(seen[name] >= times for name, times in least.items()), seen


def adds_up(outcome: PathOutcome, world: Scenario) -> None:
    """The figures among themselves, within float rounding of the amounts."""
    got = outcome.figures
    room = pytest.approx
    parts = sum(got[f"loss_from_{who}"] for who in ("reserve", "backstop", "lenders", "premium"))
    assert parts == room(got["realised_loss"], rel=1e-9, abs=1e-9)
    assert got["loss"] == room(got["realised_loss"] + got["unrealised_loss"], rel=1e-9, abs=1e-9)
    assert got["gas"] == room(world.liquidators.gas * got["sales"])
    assert got["price_least"] <= got["price_end"]
    assert 0 <= got["oracle_failed"] <= 1 and 0 <= got["low_cash"] <= 1
    assert sum(outcome.waits) >= got["liquidated"] * (1 - 1e-12)
    if world.oracle == Oracle():
        assert got["buyer_profit"] == room(got["incentive"] - got["slippage"] - got["gas"], rel=1e-9, abs=1e-6)
    # Nobody buys at a loss.
    assert got["buyer_profit"] >= world.liquidators.min_profit * got["sales"] - 1e-9


def count(outcome: PathOutcome, seen: Counter[str]) -> None:
    """What happened on a path."""
    got = outcome.figures
    whole = len({sale.place for sale in outcome.sales})
    seen["sales"] += len(outcome.sales)
    seen["partial"] += len(outcome.sales) - whole
    seen["losses"] += sum(sale.sale.loss > 0 for sale in outcome.sales)
    for who in ("reserve", "backstop", "lenders", "premium"):
        seen[f"from {who}"] += sum(sale.parts[("reserve", "backstop", "lenders", "premium").index(who)] > 0 for sale in outcome.sales)
    seen["withdrawn"] += got["run_withdrawn"] > 0
    seen["run left"] += got["run_left"] > 0
    seen["premium paid"] += got["premium_paid"] > 0
    seen["oracle failed"] += got["oracle_failed"] > 0
    seen["unsold"] += got["unhealthy_end"] > 0
    seen["waited"] += sum(outcome.waits[1:]) > 0


@pytest.mark.parametrize("what", ["tokens", "collateral", "fund", "withdrawn", "position", "shares", "interest"])
def test_a_unit_that_goes_missing_is_an_error(what: str) -> None:
    """Whatever is off by one, in the pool's tokens, the fund's or in what was counted, the path says so instead of telling figures."""
    pool = stressed((1, 1600), (1, 1000), supply=3000, fund=Fund(100 * UNIT, 100 * UNIT, WAD), rate=FixedRateTerms(10**9))

    def tampered(by: int) -> None:
        world = MicroWorld([pool], scenario(), [2100.0])
        side = world._sides[0].pool
        match what:
            case "tokens":
                side.asset.balances[side.address] += by
            case "collateral":
                side.tokens.balances[side.address] += by
            case "fund":
                side.asset.balances[side.terms.backstop] += by
            case "withdrawn":
                side.flows.withdrawn += by
            case "interest":
                side.flows.interest += by
            case "position":
                side.collateral[1] += by
            case "shares":
                side.debt_shares[1] += by
        world.play([[1.0, 0.5, 0.9]], [True] * 3, None)

    tampered(0)
    with pytest.raises(ConservationError, match="is not"):
        tampered(1)


# Against the replay


@pytest.mark.parametrize("patient", [False, True])
def test_without_frictions_it_is_the_replay(patient: bool) -> None:
    """The same sales at the same prices to the unit, and the same totals: every rate model, incentive, target, penalty and cover; with
    patient buyers the same clocks, too."""
    sales = losses = waited = 0
    for seed in range(120):
        random = Random(seed)
        steps, step = random.randint(2, 60), 60
        fund = random.choice([None, Fund(1000 * UNIT, 1000 * UNIT, WAD // 2)])
        pool = a_pool(random, step, fund)
        # Nobody pays a premium in a replay; within a window a first offer is 0, which a replay takes and no buyer of the market.
        terms = replace(pool.file.terms, premium=0, solvent_window=0)
        pool = StressPool(replace(pool.file, terms=terms), pool.book)
        least = random.choice([0.02, 0.03]) if patient else 0.0
        path = a_path(random, steps)
        world = scenario(step=step, liquidators=Liquidators(min_incentive=least, min_profit=-1e30))
        exact = micro_path([pool], world, [PRICE], [path], [True] * (steps + 1))[0]
        prices = Prices(
            tuple(range(START, START + step * (steps + 1), step)),
            (10**42, *(int(Fraction(PRICE * multiple) * 10**36) for multiple in path[1:])),
        )
        other = replay(pool.book, pool.file, prices, min_incentive=int(Fraction(str(least)) * WAD) if patient else None)
        mine = [(START + step * each.step, *each.sale[:3], *each.sale[4:7]) for each in exact.sales]
        told = [
            (row.timestamp, row.payment, row.debt_retired, row.penalty, row.collateral_sold, row.incentive, row.loss) for row in other.sales
        ]
        assert mine == told, seed
        figures = other.pool
        assert exact.after.debt_assets == figures.debt_after and exact.after.supply_assets == figures.supply_after
        assert exact.after.reserve_assets == figures.reserve_after
        assert exact.figures["interest"] == figures.interest / UNIT and exact.figures["paid"] == figures.paid / UNIT
        assert exact.figures["unrealised_loss"] == figures.unrealised_loss / UNIT
        parts = figures.loss_from_reserve, figures.loss_from_backstop, figures.loss_from_lenders, figures.loss_from_premium
        assert tuple(exact.figures[f"loss_from_{who}"] for who in ("reserve", "backstop", "lenders", "premium")) == tuple(
            part / UNIT for part in parts
        )
        sales += len(mine)
        losses += figures.loss > 0
        waited += sum(exact.waits[1:]) > 0
    assert sales > 200 and losses > 30, (sales, losses)
    assert not patient or waited > 10, waited


# Isolation and order


def test_another_pool_changes_nothing() -> None:
    """Alone or beside another pool, under one scenario, a pool without a fund in common ends the same in every figure and every sale."""
    sales = 0
    for seed in range(40):
        random = Random(seed)
        steps, step = 30, HOUR
        pools = [a_pool(random, step), a_pool(random, step)]
        world, paths = a_world(random, steps, step), [a_path(random, steps), a_path(random, steps)]
        keys = [random.random() for _ in range(12)]
        both = micro_path(pools, world, [PRICE, PRICE], paths, [True] * (steps + 1), permutation=keys)
        for pool, path, beside in zip(pools, paths, both, strict=True):
            alone = micro_path([pool], world, [PRICE], [path], [True] * (steps + 1), permutation=keys)[0]
            assert repr(alone) == repr(beside)
            sales += len(alone.sales)
    assert sales > 100


def test_what_stands_on_a_pool_does_not_move_it() -> None:
    """A pool whose shares are another's collateral ends as it would alone; the one that stands on it feels its losses."""
    felt = 0
    for seed in range(20):
        random = Random(seed)
        below = a_pool(random, HOUR)
        above = stressed((1000, 790), (500, 300), decimals=(24, 18), collateral_from=0)
        path = a_path(random, 30, 0.2)
        world = scenario()
        stacked = micro_path([below, above], world, [PRICE, 1.0], [path, [1.0] * 31], [True] * 31)
        assert repr(stacked[0]) == repr(micro_path([below], world, [PRICE], [path], [True] * 31)[0])
        felt += len(stacked[1].sales) > 0
    assert felt > 5


def test_without_frictions_the_order_does_not_matter() -> None:
    """Sales compete for depth and money only: without, who comes first changes nothing but rounding (and who of the waterfall's levels
    pays for whom)."""
    sales = 0
    for seed in range(30):
        random = Random(seed)
        pool, path, keys = a_pool(random, HOUR), a_path(random, 30), [random.random() for _ in range(12)]
        ends = []
        for order in ("riskiest-first", "safest-first", "largest-first", "random"):
            world = scenario(liquidators=Liquidators(order=order, min_profit=-1e30))
            ends.append(micro_path([pool], world, [PRICE], [path], [True] * 31, permutation=keys)[0])
        for end in ends[1:]:
            assert len(end.sales) == len(ends[0].sales)
            for name in ("loss", "paid", "penalty", "liquidated", "collateral_sold", "supply_end"):
                assert end.figures[name] == pytest.approx(ends[0].figures[name], rel=1e-12, abs=1e-12)
        sales += len(ends[0].sales)
    assert sales > 50


# What is monotone, and where


def total_loss(pool: StressPool, world: Scenario, path: list[float]) -> float:
    """The loss of a path at whose end nothing is unhealthy and unsold: then none of it depends on what an open loss counts."""
    outcome = play_multiples(pool, world, path)
    assert outcome.figures["unhealthy_end"] == 0
    return outcome.figures["loss"]


def play_multiples(pool: StressPool, world: Scenario, path: list[float]) -> PathOutcome:
    return micro_path([pool], world, [PRICE], [path], [True] * len(path))[0]


def test_a_higher_liquidation_ltv_never_loses_less() -> None:
    """On any path, for full close, a fixed incentive, rate 0 and no friction.

    The higher LTV sells a position at the same step or later, then at a lower price: the price p of the earlier sale was within the
    higher limit, debt <= C p liq_ltv; and liq_ltv * (1 + incentive) < 1, so the earlier sale lost nothing.
    """
    more = 0
    for seed in range(60):
        random = Random(seed)
        book, path = positions(random), a_path(random, 40, 0.1)
        losses = [
            play_multiples(stressed(*book, supply=10**6, liq_ltv=ltv * PERCENT, max_ltv=50 * PERCENT), scenario(), path).figures["loss"]
            for ltv in (60, 70, 80, 90, 95)
        ]
        assert losses == sorted(losses)
        more += losses[-1] > losses[0]
    assert more > 15


def falling(random: Random, steps: int, rest: int) -> list[float]:
    """A path that never rises, and rests at its end until everything is sold."""
    path = [1.0]
    for _ in range(steps):
        path.append(path[-1] * random.uniform(0.95, 1.0))
    return path + [path[-1]] * rest


def test_a_longer_delay_never_loses_less_in_a_fall() -> None:
    """On a path that never rises and rests at its end, at rate 0, without depth, everybody healthy at the start: a later price is a lower
    one, and so is the payment.

    On other paths a delay can help: the price may have recovered before anybody could sell. Who is unhealthy at the start is sold at the
    start's price while the feed still shows it.
    """
    more = 0
    for seed in range(60):
        random = Random(seed)
        pool, path = stressed(*positions(random, 0.79), supply=10**6), falling(random, 30, 12)
        losses = [total_loss(pool, scenario(oracle=Oracle((Feed(delay=delay * HOUR),))), path) for delay in (0, 1, 3, 6, 10)]
        assert all(late >= early * (1 - 1e-12) for early, late in pairwise(losses)), losses
        more += losses[-1] > losses[0]
    assert more > 10


def test_a_deeper_market_never_loses_more_in_a_fall() -> None:
    """One position on a path that never rises and rests at its end until all is sold, at rate 0, without cascade, recovering every step:
    what the market does not take now goes later, for less.

    With several positions the order of sale decides who waits, and on other paths waiting can help.
    """
    more = 0
    for seed in range(60):
        random = Random(seed)
        held = random.uniform(1, 50)
        pool = stressed((held, held * PRICE * random.uniform(0.5, 0.79)), supply=10**6)
        path = falling(random, 30, 90)
        losses = [total_loss(pool, scenario(market=Market(a=depth / held)), path) for depth in (0.0, 0.1, 0.3, 1.0)]
        assert all(shallow >= deep * (1 - 1e-12) - 1e-12 for deep, shallow in pairwise(losses)), losses
        more += losses[-1] > losses[0]
    assert more > 20


def test_healthy_positions_cost_little() -> None:
    """A book of 20,000 positions that nobody sells is judged by one threshold: a thousand steps look at no more than at the start."""
    pool = stressed(*[(1.0, 100.0 + place / 1000) for place in range(20_000)], supply=10**7)
    world = MicroWorld([pool], scenario(), [PRICE])
    looks = 0
    side = world._sides[0].pool
    judge = side._is_healthy

    def counted(*given: object) -> bool:
        nonlocal looks
        looks += 1
        return judge(*given)  # type: ignore[arg-type]

    side._is_healthy = counted  # type: ignore[method-assign, assignment]
    world.play([[1.0, *[0.9] * 1000]], [True] * 1001, None)
    assert looks <= 20_000, "only unhealthy_end looks at everyone, once"
    assert len(WAIT_STEPS) == len(play(stressed((1, 1)), scenario(), [2100, 2100]).waits)
