"""The pool that the attacks are made on: dollars of 6 decimals lent against ether of 18 at 2,000, in the shipped contracts on a chain.

Wealth is what an account has in dollars at the oracle's price: its tokens, its lender shares, its position. An attack pays if that of all
the attacker's accounts together grows.
"""

from dataclasses import fields
from typing import Any

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.collaborators import DEPLOYER, FixedRateContract, OracleMock, TokenContract
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.chain.pool import PoolContract, deploy_pool
from ringfence.model.limits import MAX_BORROW_CAP, MAX_CAP
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, ZERO_ADDRESS, Terms

ATTACKER, ACCOMPLICE, LENDER, BORROWER, LIQUIDATOR, VICTIM = ("0x" + pair * 20 for pair in ("ba", "bb", "1e", "b0", "11", "5a"))
PEOPLE = (ATTACKER, ACCOMPLICE, LENDER, BORROWER, LIQUIDATOR, VICTIM)
START = 1_700_000_000
MINUTE, HOUR, DAY = 60, 3_600, 86_400
USD, ETH = 10**6, 10**18
FUNDS = 10**30
# Auction from 0.5 % up by 0.25 % a minute to 6 %, what lenders would pay for phased in over 20 minutes.
AUCTION = {
    "incentive_base": WAD // 200,
    "incentive_rise": WAD // 400 // MINUTE,
    "incentive_max": 6 * WAD // 100,
    "solvent_window": 20 * MINUTE,
    "sale_timeout": HOUR,
}
FIXED = {"incentive_base": WAD // 20, "incentive_rise": 0, "incentive_max": WAD // 20, "solvent_window": 0, "sale_timeout": HOUR}


class Attacked:
    """One pool and its surroundings; `terms` change what is usual: max 80 %, liquidation 86 %, a fixed discount of 5 %, no rate."""

    def __init__(
        self,
        *,
        chain: EmbeddedChain | None = None,
        asset: Contract | None = None,
        collateral: Contract | None = None,
        rate: int = 0,
        decimals: tuple[int, int] = (6, 18),
        **terms: Any,
    ) -> None:
        self.chain = chain or EmbeddedChain(timestamp=START)
        self.asset = asset or TokenContract.deploy(self.chain, decimals[0])
        self.collateral = collateral or TokenContract.deploy(self.chain, decimals[1])
        self.decimals = decimals
        self.oracle = OracleMock.deploy(self.chain, 1, 1)
        self.price = 0
        self.set_price(2_000)
        usual: dict[str, Any] = {field.name: 0 for field in fields(Terms)} | FIXED
        usual |= {"max_ltv": 80 * WAD // 100, "liq_ltv": 86 * WAD // 100, "supply_cap": MAX_CAP, "borrow_cap": MAX_BORROW_CAP}
        usual |= {"asset": self.asset.address, "collateral": self.collateral.address, "oracle": self.oracle.address}
        usual |= {"backstop": ZERO_ADDRESS, "fee_recipient": ZERO_ADDRESS}
        if "rate_model" not in terms:
            usual["rate_model"] = FixedRateContract.deploy(self.chain, rate).address
        self.terms = Terms(**usual | terms)
        self.pool: PoolContract = deploy_pool(self.chain, self.terms)
        for token in (self.asset, self.collateral):
            for who in PEOPLE:
                if token.call("balanceOf", who) == 0:
                    token.transact(DEPLOYER, "mint", who, FUNDS)
                token.transact(who, "approve", self.pool.address, MAX_UINT256)

    @property
    def now(self) -> int:
        return self.chain.timestamp

    def wait(self, seconds: int) -> None:
        self.chain.advance_to(self.now + seconds)

    def set_price(self, dollars: int, low: int | None = None) -> None:
        """Set the price of a whole collateral token in whole assets; `low` is the low one where they differ."""
        one = PRICE_SCALE * 10 ** self.decimals[0]
        self.price = dollars * one // 10 ** self.decimals[1]
        self.oracle.set(0, self.price if low is None else low * one // 10 ** self.decimals[1], self.price)

    def lend(self, dollars: int, who: str = LENDER) -> int:
        return self.pool.deposit(who, dollars * USD, who, self.now)

    def loan(self, ether: int, dollars: int, who: str = BORROWER) -> None:
        """A position of so much collateral and debt, both whole tokens."""
        self.pool.supply_collateral(who, ether * ETH, who, self.now)
        self.pool.borrow(who, dollars * USD, who, who, self.now)

    def buy(self, borrower: str = BORROWER, most: int = MAX_UINT256, who: str = LIQUIDATOR, least: int = 0) -> tuple[int, int]:
        return self.pool.liquidate(who, borrower, most, least, who, b"", self.now)

    def wealth(self, *who: str) -> int:
        """Of all these accounts together, base units of the asset; a position worth less than its debt is worth nothing."""
        total = 0
        for owner in who:
            total += self.asset.call("balanceOf", owner) + self.collateral.call("balanceOf", owner) * self.price // PRICE_SCALE
            total += self.pool.convert_to_assets(self.pool.balance_of(owner), self.now)
            held = self.pool.position(owner)[0] * self.price // PRICE_SCALE
            total += max(0, held - self.pool.debt_of(owner, self.now))
        return total

    def loss(self) -> tuple[int, int, int, int, int]:
        """(loss, from_reserve, from_backstop, from_lenders, from_premium) of the last transaction, zeros without one."""
        found = [event[2:] for event in self.pool.events if event[0] == "LossRealised"]
        assert len(found) <= 1
        return found[0] if found else (0, 0, 0, 0, 0)

    def refused(self, name: str, *arguments: Any) -> str:
        """The reason why a call is refused."""
        with pytest.raises(Reverted) as refusal:
            getattr(self.pool, name)(*arguments)
        return refusal.value.reason

    def books(self) -> tuple[int, ...]:
        """All that the pool counts now, and its tokens."""
        tokens = (token.call("balanceOf", self.pool.address) for token in (self.asset, self.collateral))
        return (*self.pool.state(self.now), *tokens)


def odd_token(chain: EmbeddedChain, decimals: int) -> Contract:
    """A token that misbehaves in one way at a time: see contracts/mocks/odd_erc20_mock.vy."""
    return Contract.create(chain, load("mocks/odd_erc20_mock"), DEPLOYER, decimals)
