"""What the pools of the demo ask for prices: one feed, or two that a guarded oracle compares."""

from typing import Protocol

from ringfence.chain.collaborators import AggregatorMock, FeedMock, FeedSide, GuardedOracleContract, SinglePriceContract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.inputs.samples import Sample
from ringfence.model.terms import WAD

FEED_DECIMALS = 8
MAX_AGE = 86_400
"""Seconds; every feed of the demo tells its price at least once a day."""
MAX_DIVERGENCE = WAD // 50


class DemoOracle(Protocol):
    """An oracle and what it reads."""

    address: str

    def tell(self, price: int, second: int, now: int) -> None:
        """The feeds tell their prices (times 1e36) at a time."""
        ...


def deploy_oracle(chain: EmbeddedChain, sample: Sample, collateral: str, asset: str) -> DemoOracle:
    """The oracle of a sample: a guarded one if it has two feeds."""
    if sample.second is None:
        return OneFeed(chain, sample.prices.prices[0])
    return TwoFeeds(chain, sample, collateral, asset)


class OneFeed:
    """A feed that is believed."""

    def __init__(self, chain: EmbeddedChain, price: int) -> None:
        self._feed = FeedMock.deploy(chain, price)
        self.address = SinglePriceContract.deploy(chain, self._feed.address).address

    def tell(self, price: int, second: int, now: int) -> None:  # noqa: ARG002  one feed has no second, and its price no age
        """The feed tells the price."""
        self._feed.set_price(price)


class TwoFeeds:
    """Two feeds, each a side of a guarded oracle; its bounds are a tenth and ten times the first price."""

    def __init__(self, chain: EmbeddedChain, sample: Sample, collateral: str, asset: str) -> None:
        price = sample.prices.prices[0]
        # An answer is a whole token's price, a price is of base units.
        self._per_answer = 10 ** (36 + sample.pool.asset_decimals - sample.pool.collateral_decimals - FEED_DECIMALS)
        self._feeds = [AggregatorMock.deploy(chain, FEED_DECIMALS, price // self._per_answer, chain.timestamp) for _ in range(2)]
        first, second = (FeedSide(feed.address, MAX_AGE) for feed in self._feeds)
        oracle = GuardedOracleContract.deploy(
            chain, collateral, asset, first, second, min_price=price // 10, max_price=10 * price, max_divergence=MAX_DIVERGENCE
        )
        self.address = oracle.address

    def tell(self, price: int, second: int, now: int) -> None:
        """Each feed tells its own price."""
        for feed, told in zip(self._feeds, (price, second), strict=True):
            feed.set(0, told // self._per_answer, now)
