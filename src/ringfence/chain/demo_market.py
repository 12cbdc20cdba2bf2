"""One pool of the demo on an embedded chain: its contracts, the borrowers of its book, a lender, and a buyer who watches it.

Everything known about the pool is asked of the contract: who is unhealthy, what a sale would bring, what was sold. Lender and buyer are the
same accounts in every market, and all markets have one asset token.
"""

from collections.abc import Sequence
from dataclasses import replace

from ringfence.chain.backstop import BackstopContract
from ringfence.chain.collaborators import TokenContract
from ringfence.chain.demo_oracles import deploy_oracle
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.chain.pool import deploy_pool
from ringfence.chain.rate_models import deploy_rate_model
from ringfence.decisions.buyer import Buyer
from ringfence.decisions.order import sale_order, waits
from ringfence.inputs.demo_result import Attempt, LossShares, Step
from ringfence.inputs.results import SaleRow
from ringfence.inputs.samples import Sample
from ringfence.model.liquidation import Position, is_healthy, value_down
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE

LENDER = "0x1e4de4" + "00" * 16 + "01"
BUYER = "0xb0e4e4" + "00" * 16 + "02"
NEWCOMER = "0x5e3c03" + "00" * 16 + "03"
ASKED, BACKING = 10_000, 4
"""The newcomer asks for so many whole asset tokens, on collateral worth so many times as much."""
MOST_AT_ONCE = 256


class DemoMarket:
    """A pool that its lender and borrowers open at the first price of its sample, and that is then moved row by row."""

    def __init__(
        self, chain: EmbeddedChain, asset: TokenContract, sample: Sample, buyer: Buyer, backstop: BackstopContract | None = None
    ) -> None:
        self.sample, self.asset, self.price, self.buyer = sample, asset, sample.prices.prices[0], buyer
        self.collateral = TokenContract.deploy(chain, sample.pool.collateral_decimals)
        self._oracle = deploy_oracle(chain, sample, self.collateral.address, asset.address)
        terms = replace(
            sample.pool.terms,
            asset=asset.address,
            collateral=self.collateral.address,
            oracle=self._oracle.address,
            backstop=backstop.address if backstop else sample.pool.terms.backstop,
            rate_model=deploy_rate_model(chain, sample.pool.rate).address,
        )
        self.pool = deploy_pool(chain, terms, sample.name)
        self.accounts = (*sample.book.accounts, NEWCOMER)
        self.interest = self.lent = self.premium_paid = self.newcomers_collateral = 0
        self.steps: list[Step] = []
        self._chain = chain
        # Places in the book whose clock may run.
        self._clocked: set[int] = set()

    def open(self) -> None:
        """The lender brings supply and reserve, every account of the book its collateral, and takes its loan; in the current block."""
        now, pool, file, book = self._chain.timestamp, self.pool, self.sample.pool, self.sample.book
        self._fund(LENDER, file.supply + file.reserve)
        pool.deposit(LENDER, file.supply, LENDER, now)
        if file.reserve > 0:
            pool.add_to_reserve(LENDER, file.reserve, now)
        for account, collateral, debt in zip(book.accounts, book.collateral, book.debt, strict=True):
            self.collateral.mint(account, collateral)
            self.collateral.approve(account, pool.address, collateral)
            pool.supply_collateral(account, collateral, account, now)
            if debt > 0:
                pool.borrow(account, debt, account, account, now)
        self.before = self.totals()
        # Twice the loans are more than a buyer can ever be asked for here.
        self._fund(BUYER, 2 * self.before.debt_assets)

    def step(self, price: int, second: int | None = None) -> Step:
        """Count interest, move the price (times 1e36), or those of both feeds, set the clocks, and sell, in one `liquidate_many`, whatever
        offers the buyer enough."""
        told = price if second is None else second
        price_before, self.price = self.price, max(price, told)
        self._accrue()
        self._oracle.tell(price, told, self._chain.timestamp)
        unhealthy = self.unhealthy()
        insolvent = self.insolvent(unhealthy)
        self._set_clocks(unhealthy)
        sales, surplus, borne_by = self._sell(self._chosen(unhealthy))
        waiting = len(self.unhealthy()) if sales else len(unhealthy)
        step = Step(self.sample.name, self._chain.timestamp, price_before, self.price, len(insolvent), waiting, sales, surplus, borne_by)
        self.steps.append(step)
        return step

    def try_to_borrow(self) -> Attempt:
        """A newcomer brings ample collateral, and asks for a loan."""
        now, assets = self._chain.timestamp, ASKED * 10**self.sample.pool.asset_decimals
        collateral = self.newcomers_collateral = BACKING * assets * PRICE_SCALE // self.price
        self.collateral.mint(NEWCOMER, collateral)
        self.collateral.approve(NEWCOMER, self.pool.address, collateral)
        self.pool.supply_collateral(NEWCOMER, collateral, NEWCOMER, now)
        try:
            self.pool.borrow(NEWCOMER, assets, NEWCOMER, NEWCOMER, now)
        except Reverted as refusal:
            return Attempt(self.sample.name, assets, str(refusal))
        self.lent = assets
        return Attempt(self.sample.name, assets, "")

    def pay_premium(self) -> None:
        """Somebody sees to it that the backstop gets what it is owed."""
        self._accrue()
        self.pool.pay_premium(BUYER, self._chain.timestamp)
        self.premium_paid += sum(event[1] for event in self.pool.events if event[0] == "PayPremium")

    def unhealthy_at(self, price: int) -> int:
        """How many positions would be over their liquidation LTV at another price (times 1e36)."""
        totals, liq_ltv = self.totals(), self.sample.pool.terms.liq_ltv
        positions = (Position(*self.pool.position(account)) for account in self.accounts)
        return sum(not is_healthy(liq_ltv, totals, position, price) for position in positions)

    def totals(self) -> Totals:
        """What the pool counts now; the interest dust is not told, and left 0."""
        return Totals(*self.pool.state(self._chain.timestamp), 0)

    def positions(self) -> list[tuple[int, int]]:
        """Collateral and debt shares of every account, in book order, then the newcomer's."""
        return [self.pool.position(account)[:2] for account in self.accounts]

    def unhealthy(self) -> list[int]:
        """Places in the book of those over their liquidation LTV."""
        now = self._chain.timestamp
        return [place for place, account in enumerate(self.accounts) if not self.pool.is_healthy(account, now)]

    def insolvent(self, places: Sequence[int]) -> dict[int, int]:
        """Those of the places that owe more than their collateral is worth, and how much more (asset base units)."""
        missing = {place: self.pool.debt_of(self._account(place), self._chain.timestamp) - self._value(place) for place in places}
        return {place: amount for place, amount in missing.items() if amount > 0}

    def _account(self, place: int) -> str:
        return self.accounts[place]

    def _value(self, place: int) -> int:
        return value_down(self.pool.position(self._account(place))[0], self.price)

    def _fund(self, account: str, assets: int) -> None:
        self.asset.mint(account, assets)
        self.asset.approve(account, self.pool.address, MAX_UINT256)

    def _accrue(self) -> None:
        self.pool.accrue(BUYER, self._chain.timestamp)
        self.interest += sum(event[1] for event in self.pool.events if event[0] == "Accrue")

    def _set_clocks(self, unhealthy: Sequence[int]) -> None:
        """Stop the clocks of those who have recovered, start those of the unhealthy where none runs."""
        now, pool = self._chain.timestamp, self.pool
        for place in sorted(self._clocked - set(unhealthy)):
            if pool.position(self._account(place))[2] != 0:
                pool.unflag(BUYER, self._account(place), now)
        for place in unhealthy:
            since = pool.position(self._account(place))[2]
            if since == 0 or now - since > self.sample.pool.terms.sale_timeout:
                pool.flag(BUYER, self._account(place), now)
        self._clocked = set(unhealthy)

    def _chosen(self, unhealthy: Sequence[int]) -> list[str]:
        """The accounts whose sale pays the buyer enough, worst first."""
        chosen = [sale_order(place, *self.pool.position(self._account(place))[:2]) for place in unhealthy if self._is_wanted(place)]
        return [self._account(place) for _, place in sorted(chosen)]

    def _is_wanted(self, place: int) -> bool:
        """Whether the incentive is what the buyer asks for such a payment; never for a sale that would be refused."""
        try:
            payment, _, _, _, incentive, _ = self.pool.quote_liquidation(self._account(place), MAX_UINT256, self._chain.timestamp)
        except Reverted:
            return False
        return not waits(incentive, self.buyer.wanted(payment))

    def _sell(self, accounts: Sequence[str]) -> tuple[tuple[SaleRow, ...], int, LossShares]:
        """The sales that were made, what rounding gave to lenders (asset base units), and who bore the losses."""
        if not accounts:
            return (), 0, LossShares()
        before = self.totals()
        self.pool.liquidate_many(BUYER, accounts[:MOST_AT_ONCE], MAX_UINT256, 0, BUYER, b"", self._chain.timestamp)
        events = self.pool.events
        sales = tuple(_sale(event, self._chain.timestamp) for event in events if event[0] == "Liquidate")
        borne_by = sum((LossShares(*event[3:7]) for event in events if event[0] == "LossRealised"), LossShares())
        return sales, self.totals().supply_assets - before.supply_assets + borne_by.lenders, borne_by


def _sale(event: tuple[str, ...], now: int) -> SaleRow:
    """A `Liquidate` event as a row of results."""
    _, _, borrower, _, payment, debt_retired, penalty, _, collateral, incentive, loss, high = event
    return SaleRow(now, borrower, *map(int, (payment, debt_retired, penalty, collateral, incentive, loss, high)))
