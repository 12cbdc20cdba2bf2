"""Property 9: nobody is locked in by an oracle, a rate model or a backstop, and no backstop keeps anybody from selling."""

from collections import Counter

import pytest

from ringfence.chain.errors import Reverted
from ringfence.model.terms import MAX_UINT256
from tests.stateful import hostile
from tests.stateful.hostile import Puppet, PuppetBackstop, place, puppet_grounds, reenters
from tests.stateful.machine import EFFORTS, LIVELY, too_few, watch
from tests.stateful.market import ACCOUNTS, BORROWERS, LIQUIDATOR, SHIPPED, Build, Call, Law, Market, Position, demand

RAW = {
    "has no code": b"",
    "fails with all gas": hostile.FAILS_WITH_ALL_GAS,
    "answers a megabyte": hostile.ANSWERS_A_MEGABYTE,
    "reverts with a megabyte": hostile.REVERTS_WITH_A_MEGABYTE,
    "writes": hostile.WRITES,
    "answers the largest": hostile.ANSWERS_THE_LARGEST,
}
HOSTILITIES = (*RAW, "reenters", "reverts", "answers too little", "answers too much")
MODES = {"reverts": 1, "answers too little": 2, "answers too much": 3}
BACKSTOP_MODES = {"reverts": 1, "burns its gas": 2, "pays half": 3, "pays twice": 4, "answers too little": 6, "lies": 7, "takes": 8}
BACKSTOPS = (*RAW, *BACKSTOP_MODES, "reenters", "is itself")
EVERY = 7  # transactions between two trials of the exits


class AlwaysExit(Law):
    """Every few transactions all exits are tried, under another hostility each time, and then taken back.

    Which hostility follows from the life alone, so that a life that is lived again meets the same.
    """

    def after(self, market: Market, call: Call, memory: None) -> None:
        if market.acts % EVERY == 0:
            first = market.setting.size + market.setting.size // 10**market.setting.asset_decimals
            snapshot = market.chain.snapshot()
            Exits(self, market, first + market.acts // EVERY).try_all()
            market.chain.revert(snapshot)


class Exits:
    """One trial on one market: what each account does to get out, in the order in which cash comes back."""

    def __init__(self, law: AlwaysExit, market: Market, trial: int) -> None:
        self.law, self.market, self.trial = law, market, trial
        count = len(HOSTILITIES)
        self.oracle, self.rate_model = HOSTILITIES[trial % count], HOSTILITIES[trial // count % count]
        self.backstop = BACKSTOPS[trial % len(BACKSTOPS)]

    def try_all(self) -> None:
        market = self.market
        if isinstance(market.backstop, PuppetBackstop):
            self.make_backstop_hostile(market.backstop)
        snapshot = market.chain.snapshot()
        self.sell_all()
        market.chain.revert(snapshot)
        for puppet, hostility in ((market.oracle, self.oracle), (market.rate_model, self.rate_model)):
            assert isinstance(puppet, Puppet)
            self.make_hostile(puppet, hostility)
        market.pass_time(max(86_400, market.terms.lockup))
        self.must(LIQUIDATOR, "accrue")
        self.lenders_leave()
        for who, position in market.positions().items():
            self.repay(who, position)
        for who, position in market.positions().items():
            self.take_collateral(who, position)
        self.lenders_leave()
        self.law.seen[f"oracle {self.oracle}"] += 1
        self.law.seen[f"rate model {self.rate_model}"] += 1

    def make_hostile(self, puppet: Puppet, hostility: str) -> None:
        chain, words = self.market.chain, (self.trial % 3, 7)[: 2 if puppet is self.market.oracle else 1]
        if hostility in MODES:
            puppet.transact(LIQUIDATOR, "set", MODES[hostility], *words)
        elif hostility == "reenters":
            puppet.become(place(chain, reenters(self.market.pool.address)))
        else:
            puppet.become(place(chain, RAW[hostility]) if RAW[hostility] else hostile.NO_CODE)

    def make_backstop_hostile(self, puppet: PuppetBackstop) -> None:
        chain, market = self.market.chain, self.market
        if self.backstop in BACKSTOP_MODES:
            puppet.misbehave(BACKSTOP_MODES[self.backstop], market.asset.address)
        elif self.backstop == "reenters":
            puppet.become(place(chain, reenters(market.pool.address)))
        elif self.backstop != "is itself":
            puppet.become(place(chain, RAW[self.backstop]) if RAW[self.backstop] else hostile.NO_CODE)
        self.law.seen[f"backstop {self.backstop}"] += 1

    def sell_all(self) -> None:
        """Everybody whom the pool quotes a price for is sold at it; the collateral arrives whatever the backstop does."""
        market = self.market
        for who in BORROWERS:
            try:
                payment, collateral, *_, loss = market.pool.call("quote_liquidation", who, MAX_UINT256)
            except Reverted:
                continue
            if payment + collateral + loss == 0:
                continue
            before = market.balance(market.collateral, LIQUIDATOR)
            self.must(LIQUIDATOR, "liquidate", who, MAX_UINT256, collateral, LIQUIDATOR, b"")
            self.arrived("collateral bought arrives", before + collateral, market.balance(market.collateral, LIQUIDATOR))
            self.law.seen["sold"] += 1
            self.law.seen["sold at a loss that a backstop was asked for"] += market.backstop is not None and loss > 0

    def lenders_leave(self) -> None:
        market = self.market
        for who in ACCOUNTS:
            totals, shares = market.totals_now(), market.shares_of(who)
            owned = int(shares * totals.lender_share)
            amount = min(owned, totals.cash)
            if amount == 0:
                continue
            before = market.balance(market.asset, who)
            if owned <= totals.cash:
                self.must(who, "redeem", shares, who, who)
            else:
                self.must(who, "withdraw", amount, who, who)
            self.arrived("what a lender withdraws arrives", before + amount, market.balance(market.asset, who))
            self.law.seen["lender left"] += 1

    def repay(self, who: str, position: Position) -> None:
        market = self.market
        if position.debt_shares == 0:
            return
        debt = market.totals_now().debt_of(position.debt_shares)
        if debt > 1:
            self.must(who, "repay", 1 + (debt - 2) * (self.trial % 5) // 4, who)
        self.must(who, "repay", MAX_UINT256, who)
        self.arrived("a debt that is repaid is gone", 0, market.position(who).debt_shares)
        self.law.seen["debt repaid"] += 1
        self.law.seen["debt repaid while the clock ran"] += position.unhealthy_since > 0

    def take_collateral(self, who: str, position: Position) -> None:
        market = self.market
        if position.collateral == 0:
            return
        before = market.balance(market.collateral, who)
        self.must(who, "withdraw_collateral", position.collateral, who, who)
        self.arrived("collateral taken arrives", before + position.collateral, market.balance(market.collateral, who))
        self.law.seen["collateral taken"] += 1

    def must(self, caller: str, name: str, *arguments: object) -> None:
        refusal = None
        try:
            self.market.pool.transact(caller, name, *arguments)
        except Reverted as failure:
            refusal = failure.reason or failure.halt or "without a reason"
        how = {"oracle": self.oracle, "rate_model": self.rate_model, "backstop": self.backstop}
        demand(refusal is None, f"{name} is open", refusal=refusal, arguments=arguments, **how)

    def arrived(self, law: str, expected: int, found: int) -> None:
        demand(expected == found, law, expected=expected, found=found, oracle=self.oracle, rate_model=self.rate_model)


def check(build: Build = SHIPPED, effort: int = 1) -> Counter[str]:
    return watch(AlwaysExit(), build, effort, grounds=puppet_grounds)


@pytest.mark.parametrize("effort", EFFORTS)
def test_always_exit(effort: int) -> None:
    """At any time, while the backstop fails or lies in one of fifteen ways, everybody whom the pool quotes a price for can be sold at it. A
    day later, and after the lock-up, while the oracle and the rate model each fail or lie in one of ten ways: `accrue` works; each lender
    can withdraw min(what his shares are worth, cash) if that is a unit or more; each borrower can repay a part, and all; who has no debt
    can take out all collateral; with the debts repaid every lender can redeem everything. What is asked for arrives. Tolerance: none."""
    counts = check(effort=effort)
    trials = {f"{who} {how}": 60 for who in ("oracle", "rate model") for how in HOSTILITIES}
    trials |= {f"backstop {how}": 25 for how in BACKSTOPS}
    least = {"lender left": 2_000, "debt repaid": 1_000, "debt repaid while the clock ran": 120, "collateral taken": 2_000}
    sales = {"sold": 100, "sold at a loss that a backstop was asked for": 40}
    assert not too_few(counts, effort, LIVELY | trials | least | sales)
