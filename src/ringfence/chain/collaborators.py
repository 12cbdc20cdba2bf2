"""What a pool is connected to, on a chain: tokens, oracles and rate models, with the methods of their twins in the model.

Those from `mocks` can be set by anybody; they are for tests and the demo. Whoever deploys or sets them is DEPLOYER.
"""

from functools import cache
from typing import Any, NamedTuple, Self

from ringfence.chain.abi import Function, function_of
from ringfence.chain.artifacts import load
from ringfence.chain.contract import Chain, Contract
from ringfence.model.terms import ZERO_ADDRESS

DEPLOYER = "0x" + "00" * 18 + "de01"

_UINT = {"type": "uint256"}
_ADDRESS = {"type": "address"}


class TokenContract(Contract):
    """A plain ERC-20 that anybody can mint; amounts in base units. Twin of `model.erc20.Ledger`."""

    __slots__ = ()

    @classmethod
    def deploy(cls, chain: Chain, decimals: int) -> Self:
        """A new token."""
        return cls.create(chain, load("mocks/erc20_mock"), DEPLOYER, decimals)

    def mint(self, receiver: str, amount: int) -> None:
        """Make tokens."""
        self.transact(DEPLOYER, "mint", receiver, amount)

    def transfer(self, caller: str, receiver: str, amount: int) -> bool:
        """Move the caller's tokens."""
        return bool(self.transact(caller, "transfer", receiver, amount))

    def transfer_from(self, caller: str, owner: str, receiver: str, amount: int) -> bool:
        """Move the owner's tokens, as far as the caller is allowed."""
        return bool(self.transact(caller, "transferFrom", owner, receiver, amount))

    def approve(self, caller: str, spender: str, amount: int) -> bool:
        """Let the spender move up to an amount of the caller's tokens."""
        return bool(self.transact(caller, "approve", spender, amount))

    def balance_of(self, owner: str) -> int:
        """Balance of an account."""
        return int(self.call("balanceOf", owner))

    def allowance(self, owner: str, spender: str) -> int:
        """What the spender may still move for the owner."""
        return int(self.call("allowance", owner, spender))

    @property
    def total_supply(self) -> int:
        """All tokens made."""
        return int(self.call("totalSupply"))

    @property
    def decimals(self) -> int:
        """Decimals of a whole token."""
        return int(self.call("decimals"))


class OracleContract(Contract):
    """Anything a pool may ask for prices: asset base units per collateral base unit, times 1e36."""

    __slots__ = ()

    def prices(self) -> tuple[int, int]:
        """(low, high); raises Reverted when the oracle fails, ChainError when it answers too little."""
        low, high = _ask(self, _prices())
        return low, high


class OracleMock(OracleContract):
    """An oracle that can be set, and made to fail: mode 0 answers, 1 reverts, 2 answers 32 bytes, 3 answers 96."""

    __slots__ = ()

    @classmethod
    def deploy(cls, chain: Chain, low: int, high: int) -> Self:
        """A new oracle that answers these prices."""
        oracle = cls.create(chain, load("mocks/oracle_mock"), DEPLOYER)
        oracle.set(0, low, high)
        return oracle

    def set(self, mode: int, low: int, high: int) -> None:
        """Change everything."""
        self.transact(DEPLOYER, "set", mode, low, high)

    def set_price(self, price: int) -> None:
        """Change both prices, and leave the mode as it is."""
        self.transact(DEPLOYER, "set_price", price)


class SinglePriceContract(OracleContract):
    """The oracle around one feed. Twin of `model.single_price.SinglePrice`."""

    __slots__ = ()

    @classmethod
    def deploy(cls, chain: Chain, feed: str) -> Self:
        """A new oracle around the feed at this address."""
        return cls.create(chain, load("SinglePrice"), DEPLOYER, feed)


class FeedSide(NamedTuple):
    """One source of a guarded oracle, feeds by address; ages in seconds. Without a quote feed the base feed is in the asset."""

    base: str
    base_max_age: int
    quote: str = ZERO_ADDRESS
    quote_max_age: int = 0


NO_SIDE = FeedSide(ZERO_ADDRESS, 0)


class GuardedOracleContract(OracleContract):
    """The oracle that reads one or two sources. Twin of `model.guarded_oracle.GuardedOracle`."""

    __slots__ = ()

    @classmethod
    def deploy(
        cls,
        chain: Chain,
        collateral: str,
        asset: str,
        a: FeedSide,
        b: FeedSide = NO_SIDE,
        *,
        min_price: int,
        max_price: int,
        max_divergence: int = 0,
    ) -> Self:
        """A new oracle; bounds are prices times 1e36, the divergence is WAD. Raises Reverted naming what is out of its range."""
        return cls.create(chain, load("GuardedOracle"), DEPLOYER, collateral, asset, a, b, min_price, max_price, max_divergence)


class AggregatorMock(Contract):
    """A price feed that can be set: mode 0 answers, 1 reverts, 2 answers 159 bytes, 3 answers 192, 4 burns all gas."""

    __slots__ = ()

    @classmethod
    def deploy(cls, chain: Chain, decimals: int, answer: int, updated_at: int) -> Self:
        """A new feed with this answer, a whole token's price times 10^decimals, as old as said (seconds)."""
        feed = cls.create(chain, load("mocks/aggregator_mock"), DEPLOYER, decimals)
        feed.set(0, answer, updated_at)
        return feed

    def set(self, mode: int, answer: int, updated_at: int) -> None:
        """Change everything."""
        self.transact(DEPLOYER, "set", mode, answer, updated_at)


class FeedMock(Contract):
    """A feed that can be set; asset base units per collateral base unit, times 1e36."""

    __slots__ = ()

    @classmethod
    def deploy(cls, chain: Chain, price: int) -> Self:
        """A new feed with this price."""
        feed = cls.create(chain, load("mocks/feed_mock"), DEPLOYER)
        feed.set_price(price)
        return feed

    def set_price(self, price: int) -> None:
        """Change the price."""
        self.transact(DEPLOYER, "set_price", price)

    def price(self) -> int:
        """The price."""
        return int(self.call("price"))


class RateContract(Contract):
    """Anything a pool may ask for its rate, WAD per second."""

    __slots__ = ()

    def rate(self, pool: str, debt_assets: int, supply_assets: int, elapsed: int) -> int:
        """The rate for a pool; raises Reverted when the model fails, ChainError when it answers too little."""
        return int(_ask(self, _rate(), pool, debt_assets, supply_assets, elapsed))


class RateMock(RateContract):
    """A rate model that can be set, and made to fail: mode 0 answers, 1 reverts, 2 answers 31 bytes, 3 answers 64."""

    __slots__ = ()

    @classmethod
    def deploy(cls, chain: Chain, answer: int) -> Self:
        """A new model with this rate, WAD per second."""
        model = cls.create(chain, load("mocks/rate_mock"), DEPLOYER)
        model.set(0, answer)
        return model

    def set(self, mode: int, answer: int) -> None:
        """Change everything."""
        self.transact(DEPLOYER, "set", mode, answer)


class FixedRateContract(RateContract):
    """One rate for ever. Twin of `model.fixed_rate.FixedRate`."""

    __slots__ = ()

    @classmethod
    def deploy(cls, chain: Chain, rate: int) -> Self:
        """A new model with this rate, WAD per second."""
        return cls.create(chain, load("FixedRate"), DEPLOYER, rate)


class KinkedRateContract(RateContract):
    """A rate that rises with utilisation. Twin of `model.kinked_rate.KinkedRate`."""

    __slots__ = ()

    @classmethod
    def deploy(cls, chain: Chain, base: int, kink: int, slope_below: int, slope_above: int) -> Self:
        """A new model; rates and slopes in WAD per second, the kink in WAD of utilisation. Raises Reverted if it is over its bounds."""
        return cls.create(chain, load("KinkedRate"), DEPLOYER, base, kink, slope_below, slope_above)


# Mocks answer raw bytes, which their own ABI cannot say; the functions that pools call can. Made late: a selector needs the machine.


@cache
def _prices() -> Function:
    return function_of({"name": "prices", "inputs": [], "outputs": [_UINT, _UINT]})


@cache
def _rate() -> Function:
    return function_of({"name": "rate", "inputs": [_ADDRESS, _UINT, _UINT, _UINT], "outputs": [_UINT]})


def _ask(contract: Contract, function: Function, *arguments: Any) -> Any:
    return function.decode(contract.chain.call(contract.address, function.encode(arguments)))
