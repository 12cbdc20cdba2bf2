"""What accounts do to a pool, with amounts taken from its state: a move that always reverts proves nothing."""

from collections.abc import Callable

from ringfence.model.terms import MAX_UINT256, WAD, YEAR_SECONDS
from tests.stateful.choice import Choice
from tests.stateful.market import ACCOUNTS, BORROWERS, LENDERS, LIQUIDATOR, PRICE_SCALE, Call, Market, Position, ceil_div
from tests.stateful.setting import DAY, HOUR

PARTS = (1, 10, 250, 500, 900, 999, 1000)  # thousandths
RATES = (0, 5, 5, 20, 100, 800)  # per cent a year


class Moves:
    """Moves on one market; each takes its choices from the choice it was given."""

    def __init__(self, market: Market, choice: Choice) -> None:
        self.market = market
        self.choice = choice

    # Lenders

    def lend(self) -> None:
        market, who = self.market, self.choice.pick(ACCOUNTS)
        amount = max(1, market.setting.size * self.choice.pick(PARTS) // 200)
        if self.choice.number(0, 3) > 0:
            market.act(who, "deposit", amount, who)
        else:
            market.act(who, "mint", max(1, int(amount / market.totals().lender_share)), self.choice.pick(ACCOUNTS))

    def take_back(self) -> None:
        """A lender withdraws what he owns and the pool's cash allows, or a part of it."""
        market = self.market
        totals = market.totals_now()
        held = [account for account in ACCOUNTS if market.shares_of(account) > 0]
        who = self.choice.pick([account for account in held if not market.is_locked(account)] or held or [LENDERS[0]])
        owned = int(market.shares_of(who) * totals.lender_share)
        amount = max(1, min(owned, totals.cash) * self.choice.pick(PARTS) // 1000)
        if self.choice.number(0, 1) == 1:
            market.act(who, "withdraw", amount, who, who)
        else:
            market.act(who, "redeem", ceil_div(amount * totals.lender_share.denominator, totals.lender_share.numerator), who, who)

    def give_shares(self) -> None:
        market, who = self.market, self.choice.pick(ACCOUNTS)
        market.act(who, "transfer", self.choice.pick(ACCOUNTS), market.shares_of(who) * self.choice.pick(PARTS) // 1000)

    def add_to_reserve(self) -> None:
        market = self.market
        market.act(LIQUIDATOR, "add_to_reserve", max(1, market.setting.size * self.choice.pick(PARTS) // 4000))

    # Underwriters

    def pay_premium(self) -> None:
        if self.market.backstop:
            self.market.act(LIQUIDATOR, "pay_premium")

    def refill_fund(self) -> None:
        market = self.market
        if market.backstop:
            amount = max(1, market.setting.size * self.choice.pick(PARTS) // 2000)
            market.asset.transact(LIQUIDATOR, "transfer", market.backstop.address, amount)

    def ruin(self) -> None:
        """Lenders leave with all the cash there is, a premium being owed, and collateral is worth nothing: more is lost than they own."""
        market = self.market
        if market.terms.premium == 0 or not self.indebted() or self.choice.number(0, 1) == 0:
            return
        market.pass_time(YEAR_SECONDS)
        market.set_prices(1, 1)
        for who in ACCOUNTS:
            totals = market.totals_now()
            amount = min(int(market.shares_of(who) * totals.lender_share), totals.cash)
            if amount > 0:
                market.act(who, "withdraw", amount, who, who)
        market.act(LIQUIDATOR, "liquidate_many", list(BORROWERS), MAX_UINT256, 0, LIQUIDATOR, b"")

    # Borrowers

    def open(self) -> None:
        """A borrower supplies collateral and borrows most of what it allows."""
        market, who = self.market, self.choice.pick(BORROWERS)
        debt = max(1, market.terms.min_debt, market.setting.size * self.choice.pick(PARTS) // 1000)
        if market.low == 0:
            return
        needed = ceil_div(ceil_div(debt * WAD, market.terms.max_ltv) * PRICE_SCALE, market.low)
        self.open_for(who, debt, needed + needed * self.choice.pick((0, 0, 1, 100, 500)) // 1000)

    def open_for(self, who: str, debt: int, collateral: int) -> None:
        self.market.act(who, "supply_collateral", collateral, who)
        self.borrow_for(who, debt)

    def borrow(self) -> None:
        """A borrower borrows a part of what his collateral still allows."""
        who = self.choice.pick(BORROWERS)
        self.borrow_for(who, self.room(who) * self.choice.pick(PARTS) // 1000)

    def borrow_for(self, who: str, assets: int) -> None:
        market = self.market
        totals = market.totals_now()
        assets = min(assets, self.room(who), totals.cash, max(0, market.terms.borrow_cap - totals.debt_assets))
        market.act(who, "borrow", max(1, assets), who, who)

    def room(self, who: str) -> int:
        """What may still be borrowed on the collateral, rounding aside."""
        market = self.market
        position = market.position(who)
        most = market.value(position.collateral, market.low) * market.terms.max_ltv // WAD
        return max(0, most - market.totals_now().debt_of(position.debt_shares))

    def repay(self) -> None:
        """Anybody repays a part of somebody's debt, or all of it."""
        market, who = self.market, self.borrower()
        debt = market.totals_now().debt_of(market.position(who).debt_shares)
        amount = MAX_UINT256 if self.choice.number(0, 3) == 0 else max(1, debt * self.choice.pick(PARTS) // 1000)
        market.act(self.choice.pick((who, LIQUIDATOR)), "repay", amount, who)

    def add_collateral(self) -> None:
        market, who = self.market, self.borrower()
        market.act(who, "supply_collateral", max(1, market.position(who).collateral * self.choice.pick(PARTS) // 2000), who)

    def take_collateral(self) -> None:
        """A borrower takes out a part of what his debt does not need."""
        market, who = self.market, self.choice.pick(BORROWERS)
        position = market.position(who)
        free = position.collateral
        if position.debt_shares > 0:
            debt = market.totals_now().debt_of(position.debt_shares)
            free -= ceil_div(ceil_div(debt * WAD, market.terms.max_ltv) * PRICE_SCALE, market.low) if market.low > 0 else free
        market.act(who, "withdraw_collateral", max(1, free * self.choice.pick(PARTS) // 1000), who, who)

    def borrower(self) -> str:
        """Somebody with a debt, if there is anybody."""
        return self.choice.pick(self.indebted() or BORROWERS)

    def indebted(self) -> list[str]:
        return [account for account in BORROWERS if self.market.position(account).debt_shares > 0]

    # The world

    def pass_time(self) -> None:
        terms = self.market.terms
        seconds = (
            1,
            12,
            60,
            HOUR,
            terms.solvent_window // 2,
            terms.solvent_window,
            terms.sale_timeout,
            terms.sale_timeout + 1,
            DAY,
            30 * DAY,
        )
        self.market.pass_time(self.choice.pick(seconds) or 1)

    def pass_years(self) -> None:
        self.market.pass_time(YEAR_SECONDS)

    def change_rate(self) -> None:
        self.market.set_rate(self.choice.pick(RATES) * WAD // 100 // YEAR_SECONDS)

    def break_rate_model(self) -> None:
        self.market.set_rate(self.choice.pick((0, MAX_UINT256)), mode=self.choice.number(0, 3))

    def break_oracle(self) -> None:
        self.market.break_oracle()

    def move_price(self) -> None:
        """The price drifts; at times the two sides part, or there is no low side."""
        market = self.market
        high = max(1, market.high * self.choice.pick((900, 990, 999, 1001, 1010, 1100)) // 1000)
        market.set_prices(high * self.choice.pick((0, 950, 999, 1000, 1000, 1000)) // 1000, high)

    def crash(self) -> None:
        """The price goes to where it matters for one position."""
        self.crash_on(self.borrower())

    def crash_on(self, who: str) -> None:
        """Healthy by nothing, unhealthy by nothing, able to pay for most, or for some, of the debt."""
        market = self.market
        position, totals = market.position(who), market.totals_now()
        if position.debt_shares == 0 or position.collateral == 0:
            return
        edge = market.edge_price(position, totals)
        price = self.choice.pick(
            (
                edge,
                edge - 1,
                edge * self.choice.number(900, 999) // 1000,
                self.price_for(position, totals.debt_of(position.debt_shares) * self.choice.number(1000, 1100) // 1000),
                self.price_for(position, totals.debt_of(position.debt_shares) * self.choice.number(100, 1000) // 1000),
            )
        )
        market.set_prices(max(1, price), max(1, price))

    def price_for(self, position: Position, value: int) -> int:
        """The lowest price at which the collateral is worth so much."""
        return ceil_div(value * PRICE_SCALE, position.collateral)

    def recover(self) -> None:
        """The price goes to where everybody is healthy, by nothing or by much."""
        market = self.market
        totals = market.totals_now()
        held = [market.position(who) for who in BORROWERS]
        edges = [market.edge_price(position, totals) for position in held if position.debt_shares > 0 and position.collateral > 0]
        price = max(edges, default=market.setting.price) * self.choice.pick((1000, 1100, 2000)) // 1000
        market.set_prices(max(1, price), max(1, price))

    # Sales

    def sell(self) -> None:
        """Somebody unhealthy is sold, whole or in part; after a crash if everybody is healthy."""
        who = self.unhealthy()
        if who is None:
            return
        self.sell_one(who)

    def sell_one(self, who: str) -> Call:
        market = self.market
        budget = MAX_UINT256
        if self.choice.number(0, 2) > 0:
            budget = max(1, market.totals_now().debt_of(market.position(who).debt_shares) * self.choice.pick(PARTS) // 1000)
        return market.act(LIQUIDATOR, "liquidate", who, budget, 0, self.choice.pick((LIQUIDATOR, LENDERS[0])), b"")

    def sell_healthy(self) -> None:
        """Somebody tries to buy from a position that may well be healthy, most of the time by nothing."""
        who = self.borrower()
        position, market = self.market.position(who), self.market
        if self.choice.number(0, 1) == 1 and position.debt_shares > 0 and position.collateral > 0:
            edge = market.edge_price(position, market.totals_now())
            market.set_prices(edge, edge)
        self.sell_one(who)

    def sell_many(self) -> None:
        """Everybody is offered at once, in some order, with duplicates."""
        market = self.market
        if self.unhealthy() is None:
            return
        start = self.choice.number(0, 3)
        borrowers = [*BORROWERS[start:], *BORROWERS[:start], self.choice.pick(BORROWERS)]
        owed = market.totals_now().debt_assets
        budget = self.choice.pick((MAX_UINT256, MAX_UINT256, max(1, owed * self.choice.pick(PARTS) // 1000)))
        market.act(LIQUIDATOR, "liquidate_many", borrowers, budget, 0, LIQUIDATOR, b"")

    def sell_late(self) -> None:
        """Somebody unhealthy is flagged, and sold some time later."""
        who = self.unhealthy()
        if who is None:
            return
        market = self.market
        market.act(LIQUIDATOR, "flag", who)
        wait = self.choice.pick((market.terms.solvent_window or market.terms.sale_timeout, market.terms.sale_timeout))
        market.pass_time(max(1, wait * self.choice.number(1, 1000) // 1000))
        self.sell_one(who)

    def unhealthy(self) -> str | None:
        """Somebody unhealthy; if nobody is, the price falls first. None without debts or prices."""
        market = self.market
        indebted = self.indebted()
        if not indebted or market.high == 0:
            return None
        totals = market.totals_now()
        ripe = [who for who in indebted if not market.is_healthy(market.position(who), totals)]
        if not ripe:
            self.crash_on(who := self.choice.pick(indebted))
            return who
        return self.choice.pick(ripe)

    def flag(self) -> None:
        who = self.unhealthy()
        if who is not None:
            self.market.act(LIQUIDATOR, "flag", who)

    def unflag(self) -> None:
        self.market.act(LIQUIDATOR, "unflag", self.borrower())

    def accrue(self) -> None:
        self.market.act(LIQUIDATOR, "accrue")

    def set_operator(self) -> None:
        """The liquidator may, or may no longer, borrow in somebody's name; where he may, he does."""
        market, who = self.market, self.choice.pick(BORROWERS)
        market.act(who, "set_operator", LIQUIDATOR, self.choice.number(0, 1) == 1)
        market.act(LIQUIDATOR, "borrow", max(1, min(self.room(who) // 2, market.totals_now().cash)), LIQUIDATOR, who)

    def donate(self) -> None:
        market = self.market
        market.donate(LIQUIDATOR, self.choice.pick((market.asset, market.collateral)), self.choice.number(1, market.setting.size))

    # The start

    def begin(self) -> None:
        """A pool that has been lived in: lenders, some reserve, positions of different health."""
        market = self.market
        market.set_prices(market.setting.price, market.setting.price)
        self.change_rate()
        market.act(LENDERS[0], "deposit", market.setting.size * self.choice.pick((3, 10)), LENDERS[0])
        if self.choice.number(0, 1) == 1:
            self.add_to_reserve()
        for _ in range(self.choice.number(2, 3)):
            self.open()
        if self.choice.number(0, 3) == 0:
            self.grow_old()

    def grow_old(self) -> None:
        """Years at the highest rate: a debt share, and a lender's, comes to be worth several base units instead of a millionth."""
        market = self.market
        market.set_rate(MAX_UINT256)
        for _ in range(self.choice.number(2, 4)):
            market.pass_time(2 * YEAR_SECONDS)
            market.act(LIQUIDATOR, "accrue")
        self.change_rate()
        self.recover()


# Moves with their weights; what is rare would otherwise rule (a year of interest, a broken oracle).
WEIGHTS: dict[Callable[[Moves], None], int] = {
    Moves.lend: 3,
    Moves.take_back: 3,
    Moves.give_shares: 1,
    Moves.add_to_reserve: 1,
    Moves.open: 6,
    Moves.borrow: 3,
    Moves.repay: 3,
    Moves.add_collateral: 2,
    Moves.take_collateral: 2,
    Moves.pass_time: 4,
    Moves.pass_years: 1,
    Moves.change_rate: 1,
    Moves.break_rate_model: 1,
    Moves.break_oracle: 1,
    Moves.move_price: 2,
    Moves.crash: 3,
    Moves.recover: 4,
    Moves.sell: 8,
    Moves.sell_healthy: 2,
    Moves.sell_many: 3,
    Moves.sell_late: 4,
    Moves.flag: 1,
    Moves.unflag: 1,
    Moves.accrue: 1,
    Moves.set_operator: 1,
    Moves.donate: 1,
    Moves.pay_premium: 1,
    Moves.refill_fund: 1,
    Moves.ruin: 1,
}
BAG = [move for move, weight in WEIGHTS.items() for _ in range(weight)]


def make_moves(market: Market, choice: Choice, count: int) -> None:
    """A pool's life of so many moves after its beginning."""
    moves = Moves(market, choice)
    moves.begin()
    for _ in range(count):
        choice.pick(BAG)(moves)
