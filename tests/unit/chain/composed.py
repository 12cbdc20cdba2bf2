"""A pool whose lender shares are the collateral of another: inner lends dollars on ether, outer another dollar on inner's shares."""

from ringfence.chain.collaborators import FixedRateContract, OracleMock, TokenContract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.pool import PoolContract, deploy_pool
from ringfence.chain.vault_price import VaultPriceContract
from ringfence.model.limits import MAX_BORROW_CAP, MAX_CAP
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, ZERO_ADDRESS, Terms

LENDER, SAVER, INNER_BORROWER, OUTER_BORROWER, BUYER = ("0x" + pair * 20 for pair in ("1e", "5a", "b1", "b2", "c0"))
PEOPLE = (LENDER, SAVER, INNER_BORROWER, OUTER_BORROWER, BUYER)
START = 1_700_000_000
DAY = 86_400
ETHER = 10**18
OUTER_DECIMALS = 18
MAX_LTV, LIQ_LTV, INCENTIVE = 80 * WAD // 100, 85 * WAD // 100, WAD // 20
# Shares that a price asks its vault about, beside a whole one: the rate then has the asset's decimals and twelve more.
FINER = 10**12


def pool_on(chain: EmbeddedChain, asset: str, collateral: str, oracle: str, rate_model: str) -> PoolContract:
    """A pool with fixed terms and nothing set aside for losses."""
    numbers = dict.fromkeys(Terms.__slots__, 0) | {
        "max_ltv": MAX_LTV,
        "liq_ltv": LIQ_LTV,
        "incentive_base": INCENTIVE,
        "incentive_max": INCENTIVE,
        "supply_cap": MAX_CAP,
        "borrow_cap": MAX_BORROW_CAP,
    }
    addresses = {"asset": asset, "collateral": collateral, "oracle": oracle, "rate_model": rate_model}
    none = {"backstop": ZERO_ADDRESS, "fee_recipient": ZERO_ADDRESS}
    return deploy_pool(chain, Terms(**(numbers | addresses | none)))  # type: ignore[arg-type]


class Composed:
    """Both pools, everybody with tokens; SAVER has lent 10,000 to inner, LENDER 10,000 to outer. Ether costs 2,000."""

    def __init__(self, decimals: int = 6, rate: int = 0, max_growth_per_day: int = WAD // 1_000) -> None:
        chain = self.chain = EmbeddedChain(timestamp=START)
        self.decimals, self.dollar = decimals, 10**decimals
        self.inner_asset = TokenContract.deploy(chain, decimals)
        self.outer_asset = TokenContract.deploy(chain, OUTER_DECIMALS)
        self.ether = TokenContract.deploy(chain, 18)
        self.inner_oracle = OracleMock.deploy(chain, *(self.ether_price(2_000),) * 2)
        # One dollar is worth the other.
        one = PRICE_SCALE * 10**OUTER_DECIMALS // self.dollar
        self.base = OracleMock.deploy(chain, one, one)
        rate_model = FixedRateContract.deploy(chain, rate).address
        self.inner = pool_on(chain, self.inner_asset.address, self.ether.address, self.inner_oracle.address, rate_model)
        self.share = 10 ** (decimals + 6)
        self.price = self.price_of(self.inner.address, self.share * FINER, max_growth_per_day)
        rate_model_of_outer = FixedRateContract.deploy(chain, 0).address
        self.outer = pool_on(chain, self.outer_asset.address, self.inner.address, self.price.address, rate_model_of_outer)
        for who in PEOPLE:
            self.fund(who)
        self.inner.deposit(SAVER, 10_000 * self.dollar, SAVER, START)
        self.outer.deposit(LENDER, 10_000 * 10**OUTER_DECIMALS, LENDER, START)

    def price_of(self, vault: str, unit: int, max_growth_per_day: int) -> VaultPriceContract:
        """A price for a vault's shares, with bounds of a tenth and ten times one dollar a share."""
        whole = self.dollar * FINER
        return VaultPriceContract.deploy(
            self.chain,
            vault,
            self.base.address,
            unit=unit,
            max_growth_per_day=max_growth_per_day,
            min_rate=whole // 10,
            max_rate=whole * 10,
        )

    def fund(self, who: str) -> None:
        """Tokens without end, and the right for both pools to take them."""
        for token, pools in ((self.inner_asset, (self.inner,)), (self.ether, (self.inner,)), (self.outer_asset, (self.outer,))):
            token.mint(who, 10**40)
            for pool in pools:
                token.approve(who, pool.address, MAX_UINT256)
        self.inner.approve(who, self.outer.address, MAX_UINT256)

    def ether_price(self, dollars: int) -> int:
        """A price of ether, in inner's asset."""
        return dollars * self.dollar * PRICE_SCALE // ETHER

    def lend_inner(self, debt: int) -> None:
        """INNER_BORROWER borrows so many dollars of inner, at 80 % of what its ether is worth."""
        now = self.chain.timestamp
        self.inner.supply_collateral(INNER_BORROWER, debt * ETHER // 1_600, INNER_BORROWER, now)
        self.inner.borrow(INNER_BORROWER, debt * self.dollar, INNER_BORROWER, INNER_BORROWER, now)

    def open_outer(self, who: str, shares: int, debt: int) -> None:
        """Somebody buys whole inner shares from SAVER for nothing, pledges them to outer and borrows whole dollars there."""
        now = self.chain.timestamp
        self.inner.transact(SAVER, "transfer", who, shares * self.share)
        self.outer.supply_collateral(who, shares * self.share, who, now)
        if debt > 0:
            self.outer.borrow(who, debt * 10**OUTER_DECIMALS, who, who, now)

    def lose_inner(self, ether_dollars: int) -> int:
        """Ether falls to this price and INNER_BORROWER is sold whole; what inner's lenders lose (base units)."""
        now = self.chain.timestamp
        before = self.inner.state(now)[0]
        self.inner_oracle.set_price(self.ether_price(ether_dollars))
        self.inner.liquidate(BUYER, INNER_BORROWER, MAX_UINT256, 0, BUYER, b"", now)
        return before - self.inner.state(now)[0]

    def sell_outer(self, who: str) -> int:
        """The outer position is sold whole; what outer's lenders lose (base units)."""
        now = self.chain.timestamp
        before = self.outer.state(now)[0]
        self.outer.liquidate(BUYER, who, MAX_UINT256, 0, BUYER, b"", now)
        return before - self.outer.state(now)[0]
