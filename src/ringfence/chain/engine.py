"""The shipped contracts as a replay's engine: a pool on an embedded chain, its lender, its borrowers, a liquidator with money without end.

It has the shape that `ringfence.lab.replay` asks of an engine, and the same accounts as the engine on the model; `cli` brings the two
together.
"""

from dataclasses import replace

from ringfence.chain.backstop import deploy_backstop, underwrite
from ringfence.chain.collaborators import FeedMock, SinglePriceContract, TokenContract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.chain.pool import PoolContract, deploy_pool
from ringfence.chain.pool_slots import PoolSlots
from ringfence.chain.rate_models import deploy_rate_model
from ringfence.inputs.events import LossParts, sale_of
from ringfence.inputs.pool_file import Fund, RateTerms
from ringfence.inputs.stand_ins import COOLDOWN, FUNDS, LENDER, LIQUIDATOR, UNDERWRITER, borrower
from ringfence.model.liquidation import Sale
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256, Terms

DECIMALS = 18
"""All amounts are base units, so that a token's decimals change nothing."""


class ChainEngine:
    """A pool of contracts behind the calls of a replay; a refusal is raised as Reverted, which is a model `Revert`.

    Totals and positions are read as the contracts store them. A price reaches the feed before the first call that asks for one: most
    rows of a history ask for none.
    """

    name = "chain"
    _chain: EmbeddedChain
    _asset: TokenContract
    _collateral: TokenContract
    _feed: FeedMock
    _pool: PoolContract
    _slots: PoolSlots
    _price: int
    _told_price: int

    def open(self, terms: Terms, rate: RateTerms, supply: int, reserve: int, now: int, fund: Fund | None = None) -> None:
        """Creates tokens, feed, oracle, rate model, backstop and pool, all in the block at `now`; raises Reverted where one refuses."""
        chain = self._chain = EmbeddedChain(timestamp=now)
        self._asset, self._collateral = TokenContract.deploy(chain, DECIMALS), TokenContract.deploy(chain, DECIMALS)
        self._price = self._told_price = MAX_UINT256
        self._feed = FeedMock.deploy(chain, self._price)
        backstop = deploy_backstop(chain, self._asset.address, COOLDOWN, creator=UNDERWRITER) if fund else None
        deployed = replace(
            terms,
            backstop=backstop.address if backstop else terms.backstop,
            asset=self._asset.address,
            collateral=self._collateral.address,
            oracle=SinglePriceContract.deploy(chain, self._feed.address).address,
            rate_model=deploy_rate_model(chain, rate).address,
        )
        self._pool = deploy_pool(chain, deployed)
        self._slots = PoolSlots(chain, self._pool.address)
        if backstop and fund:
            underwrite(backstop, self._asset, [self._pool.address], fund)
        for purse in (LENDER, LIQUIDATOR):
            self._asset.mint(purse, FUNDS)
            self._asset.approve(purse, self._pool.address, MAX_UINT256)
        if supply > 0:
            self._pool.deposit(LENDER, supply, LENDER, now)
        if reserve > 0:
            self._pool.add_to_reserve(LENDER, reserve, now)

    def enter(self, place: int, collateral: int, debt: int) -> int:
        """The account's collateral goes in and its loan out; raises Reverted where the pool refuses."""
        account, now = borrower(place), self._chain.timestamp
        if collateral > 0:
            self._collateral.mint(account, collateral)
            self._collateral.approve(account, self._pool.address, collateral)
            self._pool.supply_collateral(account, collateral, account, now)
        return self._pool.borrow(account, debt, account, account, now) if debt > 0 else 0

    def advance(self, now: int, price: int) -> int:
        """Accrues, then moves the price; the interest is what the debt has grown by."""
        before = self._slots.debt_assets
        self._pool.accrue(LIQUIDATOR, now)
        self._price = price
        return self._slots.debt_assets - before

    def totals(self) -> Totals:
        """The pool's totals; their interest dust is not told and left 0."""
        return self._slots.totals()

    def sell(self, place: int, max_payment: int) -> tuple[Sale, LossParts] | None:
        """One liquidation, as its events tell it."""
        self._tell_price()
        try:
            self._pool.liquidate(LIQUIDATOR, borrower(place), max_payment, 0, LIQUIDATOR, b"", self._chain.timestamp)
        except Reverted as refusal:
            _expect_refusal(refusal)
            return None
        return sale_of(self._pool.events)

    def offer(self, place: int, max_payment: int) -> int | None:
        """The incentive quoted for one liquidation."""
        self._tell_price()
        try:
            return self._pool.quote_liquidation(borrower(place), max_payment, self._chain.timestamp)[4]
        except Reverted as refusal:
            _expect_refusal(refusal)
            return None

    def set_clock(self, place: int, running: bool) -> None:
        """Flags or unflags."""
        self._tell_price()
        (self._pool.flag if running else self._pool.unflag)(LIQUIDATOR, borrower(place), self._chain.timestamp)

    def position(self, place: int) -> tuple[int, int, int]:
        """What the account has in the pool."""
        return self._slots.position(borrower(place))

    def _tell_price(self) -> None:
        if self._told_price != self._price:
            self._feed.set_price(self._price)
            self._told_price = self._price


def _expect_refusal(refusal: Reverted) -> None:
    """The contract's own refusal means that there is no sale; a machine that stopped by itself (out of gas) is a fault, and raised."""
    if refusal.is_halt:
        raise refusal
