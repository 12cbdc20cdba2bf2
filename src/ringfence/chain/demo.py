"""The demo: two pools on an embedded chain, one of them through a crash, and the proof that the other one never noticed.

The proof is a second run: a fresh chain on which the falling pool was never created, and all else happens as before. The calm pool must end
there with the same storage, slot by slot, and the same tokens.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ringfence.chain.collaborators import TokenContract
from ringfence.chain.demo_books import asset_identities, figures, pool_identities
from ringfence.chain.demo_market import DemoMarket
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.isolation import compare, image
from ringfence.decisions.buyer import Buyer
from ringfence.inputs.demo_result import DemoPool, DemoResult, Step
from ringfence.inputs.samples import Sample

Tell = Callable[[Step], None]


class DemoChain:
    """A fresh chain with a market for each sample, opened in their order, all at the time of the first price."""

    def __init__(self, samples: Sequence[Sample], buyer: Buyer) -> None:
        self.chain = EmbeddedChain(timestamp=min(sample.prices.timestamps[0] for sample in samples))
        self.asset = TokenContract.deploy(self.chain, samples[0].pool.asset_decimals)
        self.markets = [DemoMarket(self.chain, self.asset, sample, buyer) for sample in samples]
        for market in self.markets:
            market.open()

    def play(self, tell: Tell) -> None:
        """Move every market through its prices; those of the same second share a block."""
        rows = sorted(
            (time, place, price)
            for place, market in enumerate(self.markets)
            for time, price in zip(market.sample.prices.timestamps, market.sample.prices.prices, strict=True)
        )
        for time, place, price in rows:
            if time > self.chain.timestamp:
                self.chain.advance_to(time)
            tell(self.markets[place].step(price))

    def image(self, place: int) -> dict[object, int]:
        """Storage and token balances of the pool of a market."""
        market = self.markets[place]
        return image(self.chain, market.pool, market.asset, market.collateral)


def run_demo(falling: Sample, calm: Sample, buyer: Buyer, tell: Tell) -> DemoResult:
    """Play both samples on one chain and the calm one alone on another; `tell` is called for every row of the first run as it happens.

    Both samples have the same asset. Never raises for amounts that do not balance: the result says which.
    """
    # The calm pool comes first, so that it gets the same address on both chains.
    together, alone = DemoChain((calm, falling), buyer), DemoChain((calm,), buyer)
    together.play(tell)
    alone.play(lambda _: None)
    told = [figures(market) for market in together.markets]
    identities = [
        replace(identity, name=f"{market.sample.name}: {identity.name}")
        for market, its in zip(together.markets, told, strict=True)
        for identity in pool_identities(market, its)
    ]
    return DemoResult(
        pools=(DemoPool(falling.name, True, told[1]), DemoPool(calm.name, False, told[0])),
        isolation=compare(together.image(0), alone.image(0)),
        identities=(*identities, *asset_identities(together.asset, together.markets)),
    )
