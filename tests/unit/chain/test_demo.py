"""The demo's run: what it proves, that each proof can fail, and that it tells what the contracts did."""

from dataclasses import fields, replace
from itertools import pairwise

import pytest

from ringfence.chain.demo import DemoChain, run_demo
from ringfence.chain.demo_books import asset_identities, figures, pool_identities
from ringfence.chain.demo_market import BUYER, DemoMarket
from ringfence.chain.isolation import compare
from ringfence.decisions.buyer import Buyer
from ringfence.inputs.demo_result import DemoResult, Step
from ringfence.inputs.prices import Prices
from ringfence.inputs.results import PoolFigures
from ringfence.inputs.samples import CALM, DOUBTFUL, FALLING, FUND, Sample, insured, read_sample

ASKS = Buyer(least=10**16, slope=50_000, most=5 * 10**16)
COUNTS = ("sales", "positions_sold", "positions_sold_at_start", "unhealthy_at_end", "insolvent_at_end")
UNPROVEN = (*COUNTS, "unrealised_loss", "share_price_before", "share_price_after")
"""What is counted or follows from the rest; no sum holds it."""


@pytest.fixture(scope="module")
def falling() -> Sample:
    return read_sample(FALLING)


@pytest.fixture(scope="module")
def calm() -> Sample:
    return read_sample(CALM)


@pytest.fixture(scope="module")
def doubtful() -> Sample:
    return read_sample(DOUBTFUL)


@pytest.fixture(scope="module")
def told(falling: Sample, calm: Sample, doubtful: Sample) -> tuple[DemoResult, list[Step]]:
    """A whole demo, and every step it told."""
    steps: list[Step] = []
    return run_demo(insured(falling), insured(calm), insured(doubtful), ASKS, steps.append), steps


@pytest.fixture(scope="module")
def crashed(falling: Sample) -> DemoMarket:
    """The falling pool alone, with its backstop and a newcomer, after its crash; tests leave it as it is."""
    world = DemoChain((insured(falling),), ASKS, falling.prices.timestamps[-1])
    world.play(lambda _: None)
    return world.markets[0]


def test_the_crash_is_borne_in_the_order_of_the_waterfall(told: tuple[DemoResult, list[Step]]) -> None:
    """Collateral pays most of it, the reserve is used up, the backstop pays its limit, lenders of this pool bear the rest; the others sell
    nothing and earn."""
    hit, *others = (pool.figures for pool in told[0].pools)
    assert hit.sales > hit.positions_sold > 50
    assert hit.loss_from_reserve > hit.reserve_before
    assert hit.loss_from_backstop == FUND.limit == 150_000 * 10**6
    assert hit.loss_from_lenders > 0
    assert hit.debt_retired > 5 * hit.loss
    assert hit.share_price_after < hit.share_price_before
    assert not hit.solvent
    for calm in others:
        assert (calm.sales, calm.loss, calm.unhealthy_at_end) == (0, 0, 0)
        assert calm.share_price_after > calm.share_price_before
        assert calm.solvent


def test_the_backstop_is_drawn_up_to_its_limit_in_the_order_of_the_waterfall(told: tuple[DemoResult, list[Step]]) -> None:
    """Each sale with a loss: the backstop pays only when the reserve is used up, lenders only when the limit is. Premium is the twentieth
    part of all interest, cut at each accrual; other pools keep their cover but for what the fund has become smaller."""
    result, steps = told
    left = FUND.limit
    for step in steps:
        left -= step.borne_by.backstop
        assert step.borne_by.lenders == 0 or left == 0
    assert left == 0
    fund, interest = result.fund, sum(pool.figures.interest for pool in result.pools)
    assert (fund.before, fund.paid, fund.after) == (FUND.assets, FUND.limit, FUND.assets - FUND.limit + fund.premium)
    assert 0 <= interest // 20 - fund.premium < 3 * 100
    assert [fund.left[pool.name] for pool in result.pools] == [0, fund.after * 3 // 10, fund.after * 3 // 10]


def test_new_risk_freezes_in_the_pool_whose_feeds_disagree_and_nowhere_else(told: tuple[DemoResult, list[Step]], doubtful: Sample) -> None:
    """In the second of the gap the same loan is refused there and made in both others; nobody is sold at the lower price."""
    freeze = told[0].freeze
    assert {attempt.pool: attempt.refusal for attempt in freeze.attempts} == {
        "GOLD/USDC": "", "ETH/USDC": "", doubtful.name: "pool: over max_ltv",
    }  # fmt: skip
    gap = max((step for step in told[1] if step.pool == "ETH/USDC"), key=lambda step: step.price_before / step.price)
    assert freeze.timestamp == gap.timestamp
    assert (freeze.seconds, freeze.sold) == (600, 0)
    assert freeze.low * 100 == freeze.high * 88
    price, owed, held = freeze.low, doubtful.book.debt, doubtful.book.collateral
    by_the_lower = sum(debt * 100 > collateral * price // 10**36 * 85 for debt, collateral in zip(owed, held, strict=True))
    # Interest of four weeks, some 0.4 %, can carry one more over the edge.
    assert 0 <= freeze.doubted - by_the_lower <= 1 < by_the_lower


def test_the_calm_pool_is_untouched_and_everything_balances(told: tuple[DemoResult, list[Step]]) -> None:
    """Slot by slot against a chain without the other pool: its positions, totals, lender shares, and both balances are among them."""
    result, _ = told
    assert result.isolation.calm_pool_unchanged
    assert result.isolation.slots_different == 0
    assert result.isolation.slots_compared > 100 + 5
    assert [identity for identity in result.identities if not identity.holds] == []
    assert len(result.identities) == 3 * 10 + 3
    assert result.holds


def test_a_single_unit_in_the_calm_pool_is_seen(calm: Sample) -> None:
    """One base unit of collateral added on one of two equal chains changes a position's slot and a balance, and nothing else."""
    one, other = DemoChain((calm,), ASKS), DemoChain((calm,), ASKS)
    assert compare(one.image(0), other.image(0)).calm_pool_unchanged
    market, account = other.markets[0], calm.book.accounts[0]
    market.collateral.mint(account, 1)
    market.collateral.approve(account, market.pool.address, 1)
    market.pool.supply_collateral(account, 1, account, other.chain.timestamp)
    assert compare(one.image(0), other.image(0)).slots_different == 2


def test_the_order_of_creation_does_not_matter_to_the_calm_pool(falling: Sample, calm: Sample) -> None:
    """Created second, the calm pool has another address, and yet the same values slot by slot."""
    first, second = DemoChain((calm, falling), ASKS), DemoChain((falling, calm), ASKS)
    for world in (first, second):
        world.play(lambda _: None)
    assert first.markets[0].pool.address != second.markets[1].pool.address
    assert sorted(first.image(0).values()) == sorted(second.image(1).values())


@pytest.mark.parametrize("name", [field.name for field in fields(PoolFigures) if field.name not in UNPROVEN])
def test_a_figure_that_is_off_by_one_breaks_a_sum(crashed: DemoMarket, name: str) -> None:
    """Each amount is held by at least one sum, in both directions."""
    true = figures(crashed)
    assert all(identity.holds for identity in pool_identities(crashed, true))
    for off in (-1, 1):
        wrong = replace(true, **{name: getattr(true, name) + off})
        assert any(not identity.holds for identity in pool_identities(crashed, wrong))


def test_tokens_that_are_not_where_they_should_be_break_a_sum(falling: Sample) -> None:
    """A gift to the pool, a token in a stranger's hands, and money the buyer did not pay are each seen."""
    world = DemoChain((insured(falling),), ASKS)
    market, stranger = world.markets[0], "0x" + "57" * 20

    def broken() -> set[str]:
        every = (*pool_identities(market, figures(market)), *asset_identities(world.asset, world.markets, world.backstop))
        return {identity.name for identity in every if not identity.holds}

    assert broken() == set()
    world.asset.mint(stranger, 1)
    assert broken() == {"asset tokens made = held by all"}
    world.asset.transfer(BUYER, market.pool.address, 1)
    given = {
        "asset tokens held = cash",
        "asset tokens held = brought - lent + paid + cover - premium",
        "paid by the buyer = paid to the pools",
    }
    assert broken() == given | {"asset tokens made = held by all"}


def test_sales_are_made_worst_first_and_only_for_what_the_buyer_asks(falling: Sample) -> None:
    """Within a `liquidate_many` debt per collateral never rises from one sale to the next; no sale is made below the buyer's price."""
    world = DemoChain((falling,), ASKS)
    market, place_of = world.markets[0], {account: place for place, account in enumerate(falling.book.accounts)}
    pairs = 0
    for time, price in zip(falling.prices.timestamps, falling.prices.prices, strict=True):
        if time > world.chain.timestamp:
            world.chain.advance_to(time)
        before = market.positions()
        sales = market.step(price).sales
        sold = [before[place_of[sale.account]] for sale in sales]
        for (worse_held, worse_owed), (held, owed) in pairwise(sold):
            assert worse_owed * held >= owed * worse_held
            pairs += 1
        # The offer was quoted before the sales of the same call; a unit of rounding between them is worth one slope.
        assert all(sale.incentive >= ASKS.wanted(sale.payment) - ASKS.slope for sale in sales)
    assert pairs > 50


def test_who_waits_is_flagged_and_who_recovers_is_not(falling: Sample) -> None:
    """After every row the clock runs for the unhealthy and for nobody else."""
    world = DemoChain((falling,), ASKS)
    market, clocks = world.markets[0], 0
    for time, price in zip(falling.prices.timestamps, falling.prices.prices, strict=True):
        if time > world.chain.timestamp:
            world.chain.advance_to(time)
        market.step(price)
        running = {place for place, account in enumerate(falling.book.accounts) if market.pool.position(account)[2] != 0}
        assert running == set(market.unhealthy())
        clocks += len(running)
    assert clocks > 100


def test_a_clock_that_has_run_out_is_started_again(falling: Sample) -> None:
    """With a buyer who asks more than there is, nobody is sold, and no clock of the unhealthy is ever older than the timeout."""
    world = DemoChain((falling,), Buyer(least=10**18, slope=0, most=10**18))
    world.play(lambda _: None)
    market, now, timeout = world.markets[0], world.chain.timestamp, falling.pool.terms.sale_timeout
    assert figures(market).sales == 0
    waited = now - min(step.timestamp for step in market.steps if step.waiting)
    ages = [now - market.pool.position(falling.book.accounts[place])[2] for place in market.unhealthy()]
    assert waited > 2 * timeout
    assert ages and max(ages) <= timeout


def test_what_is_not_sold_is_told(falling: Sample) -> None:
    """Stopped right after the gap: unhealthy, insolvent and missing amounts as the definitions say, counted here from the positions."""
    times, prices = falling.prices.timestamps, falling.prices.prices
    gap = max(range(1, len(prices)), key=lambda row: prices[row - 1] / prices[row])
    world = DemoChain((replace(falling, prices=Prices(times[: gap + 1], prices[: gap + 1])),), ASKS)
    world.play(lambda _: None)
    market, totals = world.markets[0], world.markets[0].totals()
    open_positions = [
        (-(-owed * (totals.debt_assets + 1) // (totals.debt_shares + 10**6)), held * prices[gap] // 10**36)
        for held, owed in market.positions()
        if owed
    ]
    told = figures(market)
    assert told.unhealthy_at_end == sum(debt > value * 85 // 100 for debt, value in open_positions) > 60
    assert told.insolvent_at_end == sum(debt > value for debt, value in open_positions) > 30
    assert told.unrealised_loss == sum(max(0, debt - value) for debt, value in open_positions) > 0
    assert not told.solvent


def test_steps_tell_every_row_and_add_up_to_the_figures(told: tuple[DemoResult, list[Step]], falling: Sample) -> None:
    """One step a row and pool, in order of time; the gap leaves dozens of positions insolvent at once."""
    result, steps = told
    mine = [step for step in steps if step.pool == falling.name]
    assert [step.timestamp for step in mine] == list(falling.prices.timestamps)
    assert [step.price for step in mine] == list(falling.prices.prices)
    assert len(steps) == 3 * len(mine)
    assert sum(step.payment for step in mine) == result.pools[0].figures.paid
    assert sum(step.borne_by.total for step in mine) == result.pools[0].figures.loss
    deepest = max(mine, key=lambda step: step.price_before / step.price)
    assert deepest.insolvent > 30
