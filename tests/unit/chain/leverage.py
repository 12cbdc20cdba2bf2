"""A pool as contract and as model, Leverage before the contract, and a flash lender and a swap adapter that can be made to cheat.

Prices: the pool's oracle and the adapter begin at 2,000 asset base units per collateral base unit, both tokens with 18 decimals.
"""

from collections.abc import Callable
from typing import Any

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.collaborators import DEPLOYER, FixedRateContract, OracleMock, TokenContract
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.chain.pool import deploy_pool
from ringfence.model.erc20 import Ledger
from ringfence.model.fixed_rate import FixedRate
from ringfence.model.pool import Pool
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD
from tests.unit.chain.roles import BORROWER, EVERYTHING, LENDER, LIQUIDATOR, START
from tests.unit.chain.test_pool import FixedPrice, terms_of

PRICE = 2_000
RATE = 10**9  # WAD a second, some 3 % a year
FEE = 10**18
TOKEN = 10**18
# Selling collateral: assets per collateral. Buying it: the inverse, exact for amounts that 2,000 divides.
SELL, BUY = PRICE * PRICE_SCALE, PRICE_SCALE // PRICE
LATER = START + 600
# Of what `Setting.open` makes: 30 tokens at 2,000, of which 86 % count, against a debt of 40,001.
OPENED_HEALTH = 30 * PRICE * 86 * WAD // 100 // 40_001


class Setting:
    """The borrower has collateral of its own, has made Leverage its operator and lets it take any margin."""

    def __init__(self, token: str = "mocks/erc20_mock", **given: Any) -> None:
        self.chain = EmbeddedChain(timestamp=START)
        self.asset, self.collateral = (TokenContract.create(self.chain, load(token), DEPLOYER, 18) for _ in range(2))
        self.oracle = OracleMock.deploy(self.chain, SELL, SELL)
        rate = FixedRateContract.deploy(self.chain, RATE)
        addresses = {"asset": self.asset.address, "collateral": self.collateral.address, "oracle": self.oracle.address}
        self.terms = terms_of(**addresses, rate_model=rate.address, **given)
        self.pool = deploy_pool(self.chain, self.terms)
        self.leverage, self.lender, self.adapter = (
            Contract.create(self.chain, load(name), DEPLOYER) for name in ("Leverage", "mocks/flash_lender_mock", "mocks/swap_adapter_mock")
        )
        self.lender.transact(DEPLOYER, "set", 0, FEE, self.collateral.address)
        self.adapter.transact(DEPLOYER, "set_price", self.asset.address, BUY)
        self.adapter.transact(DEPLOYER, "set_price", self.collateral.address, SELL)
        for token in (self.asset, self.collateral):
            for holder in (LENDER, BORROWER, LIQUIDATOR, self.lender.address, self.adapter.address):
                token.mint(holder, 10**30)
            for user in (LENDER, BORROWER, LIQUIDATOR):
                token.approve(user, self.pool.address, MAX_UINT256)
        self.pool.deposit(LENDER, 10**24, LENDER, START)
        self.pool.set_operator(BORROWER, self.leverage.address, True)
        self.collateral.approve(BORROWER, self.leverage.address, MAX_UINT256)

    def model(self) -> tuple[Pool, FixedPrice]:
        """The pool's twin, with the same deposit in it, and its price."""
        asset, collateral, price = Ledger(), Ledger(), FixedPrice(SELL)
        pool = Pool(
            self.terms, asset=asset, collateral=collateral, oracle=price, rate_model=FixedRate(RATE), now=START, address=self.pool.address
        )
        for token in (asset, collateral):
            for user in (LENDER, BORROWER, self.leverage.address):
                token.mint(user, 10**30)
                token.approve(user, pool.address, MAX_UINT256)
        pool.deposit(LENDER, 10**24, LENDER, START)
        pool.set_operator(BORROWER, self.leverage.address, True)
        return pool, price

    def route(self, **given: Any) -> tuple[Any, ...]:
        """Who lends and who swaps, until LATER."""
        usual = {"lender": self.lender.address, "adapter": self.adapter.address, "data": b"way", "deadline": LATER}
        return tuple((usual | given).values())

    def open(self, **given: Any) -> tuple[int, int]:
        """Open for the borrower: 10 tokens of margin, 40,000 assets borrowed to buy 20 more."""
        caller, pool = given.pop("caller", BORROWER), given.pop("pool", self.pool.address)
        usual = {"margin": 10 * TOKEN, "flash": 40_000 * TOKEN, "min_bought": 20 * TOKEN, "max_debt": 40_001 * TOKEN, "min_health": 0}
        route = given.pop("route", self.route())
        answer: tuple[int, int] = self.leverage.transact(caller, "open", pool, *(usual | given).values(), route)
        return answer

    def close(self, **given: Any) -> tuple[int, int]:
        """Close the borrower's whole position, all its collateral sold."""
        caller, pool = given.pop("caller", BORROWER), given.pop("pool", self.pool.address)
        usual = {"repaid": EVERYTHING, "withdrawn": EVERYTHING, "sold": EVERYTHING, "min_assets": 0, "min_health": 0}
        route = given.pop("route", self.route())
        answer: tuple[int, int] = self.leverage.transact(caller, "close", pool, *(usual | given).values(), route)
        return answer

    def holdings(self) -> dict[str, int]:
        """What everybody has: tokens, positions, and what Leverage allows to others."""
        found: dict[str, int] = {}
        for name, token in (("asset", self.asset), ("collateral", self.collateral)):
            for who in (LENDER, BORROWER, LIQUIDATOR, self.pool.address, self.lender.address, self.adapter.address, self.leverage.address):
                found[f"{name} of {who}"] = token.balance_of(who)
            for spender in (self.pool.address, self.lender.address, self.adapter.address):
                found[f"{name} allowed to {spender}"] = token.allowance(self.leverage.address, spender)
        for who in (LENDER, BORROWER, LIQUIDATOR):
            found |= {f"position of {who}, {i}": part for i, part in enumerate(self.pool.position(who))}
        return found

    def refused(self, call: Callable[..., Any], **given: Any) -> str:
        """The reason why a call is refused, which must move nothing at all."""
        before = self.holdings()
        with pytest.raises(Reverted) as refusal:
            call(**given)
        assert self.holdings() == before
        return refusal.value.reason

    def left_behind(self) -> dict[str, int]:
        """Tokens in Leverage and allowances out of it: what must be nothing after every call."""
        mine = ("allowed to", f"of {self.leverage.address}")
        return {what: amount for what, amount in self.holdings().items() if any(part in what for part in mine) and amount}
