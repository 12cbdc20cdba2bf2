"""What became of a market of the demo, and what must balance to the unit: the pool's books with each other and with the tokens."""

from collections.abc import Iterator, Sequence

from ringfence.chain.backstop import BackstopContract
from ringfence.chain.collaborators import TokenContract
from ringfence.chain.demo_market import BUYER, LENDER, DemoMarket
from ringfence.inputs.demo_result import FundFigures, Identity, LossShares
from ringfence.inputs.results import PoolFigures
from ringfence.inputs.stand_ins import UNDERWRITER
from ringfence.model.shares import cash, share_price


def figures(market: DemoMarket) -> PoolFigures:
    """The figures of a pool at the end, at its last price."""
    sales = [sale for step in market.steps for sale in step.sales]
    borne_by = sum((step.borne_by for step in market.steps), LossShares())
    before, after = market.before, market.totals()
    unhealthy = market.unhealthy()
    insolvent = market.insolvent(unhealthy)
    return PoolFigures(
        supply_before=before.supply_assets,
        supply_after=after.supply_assets,
        reserve_before=before.reserve_assets,
        reserve_after=after.reserve_assets,
        premium_owed_after=after.premium_owed,
        debt_before=before.debt_assets,
        interest=market.interest,
        debt_after=after.debt_assets,
        debt_retired=sum(sale.debt_retired for sale in sales),
        paid=sum(sale.payment for sale in sales),
        penalty=sum(sale.penalty for sale in sales),
        surplus=sum(step.surplus for step in market.steps),
        collateral_sold=sum(sale.collateral_sold for sale in sales),
        loss=sum(sale.loss for sale in sales),
        loss_from_reserve=borne_by.reserve,
        loss_from_backstop=borne_by.backstop,
        loss_from_lenders=borne_by.lenders,
        loss_from_premium=borne_by.premium,
        unrealised_loss=sum(insolvent.values()),
        sales=len(sales),
        positions_sold=len({sale.account for sale in sales}),
        positions_sold_at_start=len({sale.account for sale in market.steps[0].sales}) if market.steps else 0,
        unhealthy_at_end=len(unhealthy),
        insolvent_at_end=len(insolvent),
        share_price_before=share_price(before),
        share_price_after=share_price(after),
    )


def pool_identities(market: DemoMarket, told: PoolFigures) -> Iterator[Identity]:
    """What must balance in one pool: the figures with each other, with the positions, and with the tokens that the pool holds."""
    file, book, positions = market.sample.pool, market.sample.book, market.positions()
    asset_held, collateral_held = market.asset.balance_of(market.pool.address), market.collateral.balance_of(market.pool.address)
    brought = told.supply_before + told.reserve_before + told.interest + told.penalty + told.surplus + told.loss_from_backstop
    owned = told.supply_after + told.reserve_after + told.premium_owed_after + market.premium_paid
    collateral_brought = sum(book.collateral) + market.newcomers_collateral
    lent = sum(book.debt) + market.lent
    borne = told.loss_from_reserve + told.loss_from_backstop + told.loss_from_lenders + told.loss_from_premium
    yield Identity("paid = debt retired + penalty + rounding", told.paid, told.debt_retired + told.penalty + told.surplus)
    yield Identity(
        "debt before + lent since + interest = debt after + debt retired + loss",
        told.debt_before + market.lent + told.interest,
        told.debt_after + told.debt_retired + told.loss,
    )
    yield Identity("loss = what reserve, backstop and lenders bore", told.loss, borne)
    yield Identity("claims before + interest + penalty + rounding + cover = claims after + premium + loss", brought, owned + told.loss)
    yield Identity("asset tokens held = cash", asset_held, cash(market.totals()))
    moved = file.supply + file.reserve - lent + told.paid + told.loss_from_backstop - market.premium_paid
    yield Identity("asset tokens held = brought - lent + paid + cover - premium", asset_held, moved)
    yield Identity("collateral tokens held = all positions", collateral_held, sum(held for held, _ in positions))
    yield Identity("collateral brought = held + sold", collateral_brought, collateral_held + told.collateral_sold)
    yield Identity("collateral sold = what the buyer has", told.collateral_sold, market.collateral.balance_of(BUYER))
    yield Identity("debt shares = all positions", market.totals().debt_shares, sum(owed for _, owed in positions))


def fund_figures(markets: Sequence[DemoMarket], backstop: BackstopContract | None) -> FundFigures:
    """What became of the backstop of these markets."""
    fund = markets[0].sample.pool.fund
    return FundFigures(
        before=fund.assets if fund else 0,
        paid=sum(step.borne_by.backstop for market in markets for step in market.steps),
        premium=sum(market.premium_paid for market in markets),
        after=backstop.total_assets() if backstop else 0,
        left={market.sample.name: backstop.cover_left(market.pool.address) if backstop else 0 for market in markets},
    )


def asset_identities(asset: TokenContract, markets: Sequence[DemoMarket], backstop: BackstopContract | None = None) -> Iterator[Identity]:
    """What must balance across pools: every token of the asset is somewhere, and the buyer has paid what the pools say."""
    holders = {LENDER, BUYER, UNDERWRITER} | {account for market in markets for account in market.accounts}
    contracts = {market.pool.address for market in markets} | ({backstop.address} if backstop else set())
    held = sum(asset.balance_of(account) for account in holders | contracts)
    paid = sum(step.payment for market in markets for step in market.steps)
    given = sum(2 * market.before.debt_assets for market in markets)
    yield Identity("asset tokens made = held by all", asset.total_supply, held)
    yield Identity("paid by the buyer = paid to the pools", given - asset.balance_of(BUYER), paid)
