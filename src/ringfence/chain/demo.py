"""The demo: three pools on an embedded chain with one backstop behind them. One goes through a crash, one has two feeds that disagree
meanwhile; and the proof that the third one never noticed.

The proof is a second run: a fresh chain on which the other two were never created, and all else happens as before. The calm pool must end
there with the same storage, slot by slot, and the same tokens.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from ringfence.chain.backstop import deploy_backstop, underwrite
from ringfence.chain.collaborators import TokenContract
from ringfence.chain.demo_books import asset_identities, figures, fund_figures, pool_identities
from ringfence.chain.demo_market import DemoMarket
from ringfence.chain.demo_oracles import MAX_DIVERGENCE
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.isolation import compare, image
from ringfence.decisions.buyer import Buyer
from ringfence.inputs.demo_result import Attempt, DemoPool, DemoResult, Freeze, FundFigures, Identity, Step
from ringfence.inputs.results import PoolFigures
from ringfence.inputs.samples import Sample
from ringfence.inputs.stand_ins import COOLDOWN, UNDERWRITER
from ringfence.model.terms import WAD

Tell = Callable[[Step], None]


class DemoChain:
    """A fresh chain with a market for each sample, opened in their order, all at the time of the first price; behind them the first one's
    backstop, if it has one. At `probe_at` a newcomer tries to borrow everywhere."""

    def __init__(self, samples: Sequence[Sample], buyer: Buyer, probe_at: int | None = None) -> None:
        self.chain = EmbeddedChain(timestamp=min(sample.prices.timestamps[0] for sample in samples))
        self.asset = TokenContract.deploy(self.chain, samples[0].pool.asset_decimals)
        self.attempts: tuple[Attempt, ...] = ()
        self.doubted = 0
        self._probe_at = probe_at
        fund = samples[0].pool.fund
        self.backstop = deploy_backstop(self.chain, self.asset.address, COOLDOWN, creator=UNDERWRITER) if fund else None
        self.markets = [DemoMarket(self.chain, self.asset, sample, buyer, self.backstop) for sample in samples]
        if self.backstop and fund:
            underwrite(self.backstop, self.asset, [market.pool.address for market in self.markets], fund)
        for market in self.markets:
            market.open()

    def play(self, tell: Tell) -> None:
        """Move every market through its prices; those of the same second share a block. At the end the premium is paid."""
        for time, rows in groupby(sorted(self._rows()), key=lambda row: row[0]):
            if time > self.chain.timestamp:
                self.chain.advance_to(time)
            for _, place, price, second in rows:
                tell(self.markets[place].step(price, second))
                if time == self._probe_at and price != second:
                    self.doubted += self.markets[place].unhealthy_at(min(price, second))
            if time == self._probe_at:
                self.attempts = tuple(market.try_to_borrow() for market in self.markets)
        if self.backstop:
            for market in self.markets:
                market.pay_premium()

    def image(self, place: int) -> dict[object, int]:
        """Storage and token balances of the pool of a market."""
        market = self.markets[place]
        return image(self.chain, market.pool, market.asset, market.collateral)

    def _rows(self) -> Iterator[tuple[int, int, int, int]]:
        """Time, place of the market, and what its feeds tell."""
        for place, market in enumerate(self.markets):
            first, second = market.sample.prices, market.sample.second or market.sample.prices
            for time, price, other in zip(first.timestamps, first.prices, second.prices, strict=True):
                yield time, place, price, other


def run_demo(falling: Sample, calm: Sample, doubtful: Sample, buyer: Buyer, tell: Tell) -> DemoResult:
    """Play the samples on one chain and the calm one alone on another; `tell` is called for every row of the first run as it happens.

    All have the same asset and the same backstop, and the doubtful one has two feeds that come apart. Never raises for amounts that do
    not balance: the result says which.
    """
    probe_at = apart(doubtful)[0]
    # The calm pool comes first, so that it gets the same address on both chains.
    together, alone = DemoChain((calm, falling, doubtful), buyer, probe_at), DemoChain((calm,), buyer, probe_at)
    together.play(tell)
    alone.play(lambda _: None)
    told = [figures(market) for market in together.markets]
    fund = fund_figures(together.markets, together.backstop)
    return DemoResult(
        pools=(DemoPool(falling.name, True, told[1]), DemoPool(doubtful.name, False, told[2]), DemoPool(calm.name, False, told[0])),
        isolation=compare(together.image(0), alone.image(0)),
        identities=tuple(_identities(together, told, fund)),
        freeze=_freeze(together, doubtful, told[2].sales),
        fund=fund,
    )


def apart(sample: Sample) -> list[int]:
    """The times at which the two feeds of a sample are further apart than its oracle allows."""
    assert sample.second is not None
    rows = zip(sample.prices.timestamps, sample.prices.prices, sample.second.prices, strict=True)
    return [time for time, first, second in rows if abs(first - second) * WAD > min(first, second) * MAX_DIVERGENCE]


def _identities(world: DemoChain, told: Sequence[PoolFigures], fund: FundFigures) -> Iterator[Identity]:
    for market, its in zip(world.markets, told, strict=True):
        for identity in pool_identities(market, its):
            yield replace(identity, name=f"{market.sample.name}: {identity.name}")
    yield from asset_identities(world.asset, world.markets, world.backstop)
    yield Identity("backstop before + premium = backstop after + paid", fund.before + fund.premium, fund.after + fund.paid)


def _freeze(world: DemoChain, sample: Sample, sold: int) -> Freeze:
    """What happened while the feeds of a sample were apart."""
    assert sample.second is not None
    times, all_times = apart(sample), sample.prices.timestamps
    start = all_times.index(times[0])
    prices = sample.prices.prices[start], sample.second.prices[start]
    until = all_times[all_times.index(times[-1]) + 1]
    return Freeze(sample.name, times[0], until - times[0], min(prices), max(prices), world.doubted, sold, world.attempts)
