"""Price feeds and guarded oracles on both sides at once: each feed is a mock contract and its twin, set by one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ringfence.chain.collaborators import NO_SIDE, AggregatorMock, FeedSide, GuardedOracleContract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.model.errors import Revert
from ringfence.model.guarded_oracle import GuardedOracle, Side
from ringfence.model.terms import ZERO_ADDRESS
from tests.agreement.planted import outcome_of

ANSWERS, REVERTS, SHORT, LONG, BURNS = range(5)


class Decimals:
    """Twin of a token as an oracle sees it."""

    def __init__(self, decimals: int | None) -> None:
        self._decimals = decimals

    def decimals(self) -> int:
        if self._decimals is None:
            raise Revert("")
        return self._decimals


class FeedTwin(Decimals):
    """Twin of aggregator_mock.vy."""

    def __init__(self, decimals: int) -> None:
        super().__init__(decimals)
        self.mode = self.answer = self.updated_at = 0

    def latest_round_data(self) -> tuple[int, int, int, int, int]:
        if self.mode in (REVERTS, SHORT, BURNS):
            raise Revert("aggregator mock: fails")
        return 2**256 - 1, self.answer, 0, self.updated_at, 0


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed on both sides."""

    contract: AggregatorMock
    twin: FeedTwin

    @classmethod
    def make(cls, chain: EmbeddedChain, decimals: int, answer: int, updated_at: int) -> "Feed":
        """A feed that answers."""
        made = cls(AggregatorMock.deploy(chain, decimals, answer, updated_at), FeedTwin(decimals))
        made.twin.answer, made.twin.updated_at = answer, updated_at
        return made

    def set(self, mode: int, answer: int, updated_at: int) -> None:
        """Change everything, on both sides."""
        self.contract.set(mode, answer, updated_at)
        self.twin.mode, self.twin.answer, self.twin.updated_at = mode, answer, updated_at


@dataclass(frozen=True, slots=True)
class Source:
    """One side of an oracle: a base feed, perhaps a quote feed, and how old each may be (seconds)."""

    base: Feed
    base_max_age: int
    quote: Feed | None = None
    quote_max_age: int = 0

    @property
    def feeds(self) -> list[Feed]:
        """The base feed, then the quote feed if there is one."""
        return [self.base] if self.quote is None else [self.base, self.quote]

    @property
    def on_chain(self) -> FeedSide:
        """As the contract takes it."""
        quote = ZERO_ADDRESS if self.quote is None else self.quote.contract.address
        return FeedSide(self.base.contract.address, self.base_max_age, quote, self.quote_max_age)

    @property
    def in_model(self) -> Side:
        """As the model takes it."""
        return Side(self.base.twin, self.base_max_age, None if self.quote is None else self.quote.twin, self.quote_max_age)


def make_oracles(
    chain: EmbeddedChain,
    tokens: Sequence[str],
    decimals: Sequence[int | None],
    sources: Sequence[Source],
    low: int,
    high: int,
    divergence: int,
) -> tuple[GuardedOracleContract, GuardedOracle]:
    """The oracle as contract and as model; tokens and decimals of collateral, then asset. Refused by both or by none."""
    sides: list[Any] = [source.on_chain for source in sources] + [NO_SIDE] * (2 - len(sources))
    twins: list[Any] = [source.in_model for source in sources] + [None] * (2 - len(sources))
    token_twins: list[Any] = [Decimals(count) for count in decimals]
    bounds: dict[str, Any] = {"min_price": low, "max_price": high, "max_divergence": divergence}
    contract = outcome_of(partial(GuardedOracleContract.deploy, chain, *tokens, *sides, **bounds))
    model = outcome_of(partial(GuardedOracle, *token_twins, *twins, **bounds, clock=chain))
    assert contract[0] == model[0], (contract, model)
    if contract[0] != "ok":
        assert contract == model
        raise Revert(contract[1])
    return contract[1], model[1]
