"""The exact model as a replay's engine: the pool's own calls, made by a lender, the borrowers and one liquidator with money without end."""

from ringfence.inputs.events import LossParts, sale_of
from ringfence.inputs.pool_file import AdaptiveRateTerms, FixedRateTerms, Fund, RateTerms
from ringfence.inputs.stand_ins import COOLDOWN, FUNDS, LENDER, LIQUIDATOR, UNDERWRITER, borrower
from ringfence.model.adaptive_rate import AdaptiveRate
from ringfence.model.backstop import Backstop
from ringfence.model.erc20 import Ledger
from ringfence.model.errors import Revert
from ringfence.model.fixed_rate import FixedRate
from ringfence.model.kinked_rate import KinkedRate
from ringfence.model.liquidation import Sale
from ringfence.model.pool import Pool
from ringfence.model.shares import Totals
from ringfence.model.single_price import SinglePrice
from ringfence.model.terms import MAX_UINT256, Terms

POOL = "0x9001" + "00" * 18


class _Feed:
    """A feed that answers what it is told (times 1e36)."""

    def __init__(self) -> None:
        self.quote = MAX_UINT256

    def price(self) -> int:
        return self.quote


class ModelEngine:
    """A pool of `ringfence.model` behind the calls of a replay."""

    name = "model"
    _pool: Pool

    def __init__(self) -> None:
        self._asset, self._collateral, self._feed = Ledger(), Ledger(), _Feed()
        self._now = 0

    def open(self, terms: Terms, rate: RateTerms, supply: int, reserve: int, now: int, fund: Fund | None = None) -> None:
        """Creates the pool; raises Revert where a deposit or the terms are refused."""
        backstop = self._backstop(terms.backstop, fund) if fund else None
        self._pool = Pool(
            terms,
            asset=self._asset,
            collateral=self._collateral,
            oracle=SinglePrice(self._feed),
            rate_model=rate_model(rate),
            backstop=backstop,
            now=now,
            address=POOL,
        )
        self._now = now
        for purse in (LENDER, LIQUIDATOR):
            self._asset.mint(purse, FUNDS)
            self._asset.approve(purse, POOL, MAX_UINT256)
        if supply > 0:
            self._pool.deposit(LENDER, supply, LENDER, now)
        if reserve > 0:
            self._pool.add_to_reserve(LENDER, reserve, now)

    def _backstop(self, address: str, fund: Fund) -> Backstop:
        """A fund that covers the pool and no other."""
        backstop = Backstop(self._asset, COOLDOWN, creator=UNDERWRITER, address=address)
        backstop.set_cover(UNDERWRITER, POOL, fund.max_assets, fund.max_share)
        backstop.seal(UNDERWRITER)
        self._asset.mint(UNDERWRITER, fund.assets)
        self._asset.approve(UNDERWRITER, address, fund.assets)
        backstop.deposit(UNDERWRITER, fund.assets, UNDERWRITER)
        return backstop

    def enter(self, place: int, collateral: int, debt: int) -> int:
        """The account's collateral goes in and its loan out; raises Revert where the pool refuses."""
        account = borrower(place)
        if collateral > 0:
            self._collateral.mint(account, collateral)
            self._collateral.approve(account, POOL, collateral)
            self._pool.supply_collateral(account, collateral, account, self._now)
        shares = self._pool.borrow(account, debt, account, account, self._now) if debt > 0 else 0
        self._pool.events.clear()
        return shares

    def advance(self, now: int, price: int) -> int:
        """Accrues, then moves the price."""
        self._pool.accrue(LIQUIDATOR, now)
        self._now, self._feed.quote = now, price
        interest: int = sum(event[1] for event in self._pool.events if event[0] == "Accrue")
        self._pool.events.clear()
        return interest

    def totals(self) -> Totals:
        """The pool's totals; their interest dust is not told and left 0."""
        return Totals(*self._pool.state(self._now), 0)

    def sell(self, place: int, max_payment: int) -> tuple[Sale, LossParts] | None:
        """One liquidation, as its events tell it."""
        try:
            self._pool.liquidate(LIQUIDATOR, borrower(place), max_payment, 0, LIQUIDATOR, b"", self._now)
        except Revert:
            return None
        sold = sale_of(self._pool.events)
        self._pool.events.clear()
        return sold

    def offer(self, place: int, max_payment: int) -> int | None:
        """The incentive quoted for one liquidation."""
        try:
            return self._pool.quote_liquidation(borrower(place), max_payment, self._now)[4]
        except Revert:
            return None

    def set_clock(self, place: int, running: bool) -> None:
        """Flags or unflags."""
        (self._pool.flag if running else self._pool.unflag)(LIQUIDATOR, borrower(place), self._now)
        self._pool.events.clear()

    def position(self, place: int) -> tuple[int, int, int]:
        """What the account has in the pool."""
        return self._pool.position(borrower(place))


def rate_model(rate: RateTerms) -> FixedRate | KinkedRate | AdaptiveRate:
    """The rate model that a pool file names. Raises Revert if it is over its bounds."""
    if isinstance(rate, FixedRateTerms):
        return FixedRate(rate.rate)
    if isinstance(rate, AdaptiveRateTerms):
        return AdaptiveRate(rate.rate_at_target)
    return KinkedRate(rate.base, rate.kink, rate.slope_below, rate.slope_above)
