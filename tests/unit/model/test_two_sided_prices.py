"""What each side of a price decides: new risk the low one, sales the high one; the same on the model and on the contracts."""

from dataclasses import replace
from typing import Any

import pytest

from ringfence.chain.collaborators import FixedRateContract, OracleMock, TokenContract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.pool import deploy_pool
from ringfence.inputs.samples import FALLING, read_sample
from ringfence.model.erc20 import Ledger
from ringfence.model.errors import Revert
from ringfence.model.fixed_rate import FixedRate
from ringfence.model.pool import Pool
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, Terms

LENDER, BORROWER, LIQUIDATOR = ("0x" + digits * 20 for digits in ("a1", "b2", "c3"))
ETH, USDC = 10**18, 10**6
NOW = 1_767_268_800
TERMS = read_sample(FALLING).pool.terms  # max_ltv 80 %, liq_ltv 85 %


def price(whole: int) -> int:
    """Whole USDC for a whole ETH, as an oracle says it."""
    return whole * USDC * PRICE_SCALE // ETH


class Sides:
    """An oracle of the model with two prices; without any it fails."""

    def __init__(self) -> None:
        self.both: tuple[int, int] | None = None

    def prices(self) -> tuple[int, int]:
        if self.both is None:
            raise Revert("oracle mock: fails")
        return self.both


class Grounds:
    """A pool of 100,000 USDC and a borrower with 10 ETH in it, at 2,000 USDC an ETH on both sides."""

    def __init__(self) -> None:
        self.pool, self.asset, self.collateral = self.make()
        for token, who, amount in ((self.asset, LENDER, 10**11), (self.collateral, BORROWER, 20 * ETH), (self.asset, LIQUIDATOR, 10**12)):
            token.mint(who, amount)
        for token in (self.asset, self.collateral):
            for who in (LENDER, BORROWER, LIQUIDATOR):
                token.approve(who, self.pool.address, MAX_UINT256)
        self.say(2_000, 2_000)
        self.pool.deposit(LENDER, 10**11, LENDER, NOW)
        self.pool.supply_collateral(BORROWER, 10 * ETH, BORROWER, NOW)

    def make(self) -> tuple[Any, Any, Any]:
        raise NotImplementedError

    def say(self, low: int, high: int) -> None:
        """Set both prices, in whole USDC."""
        raise NotImplementedError

    def fail(self) -> None:
        """Let the oracle fail from now on."""
        raise NotImplementedError

    def borrow(self, whole: int) -> None:
        self.pool.borrow(BORROWER, whole * USDC, BORROWER, BORROWER, NOW)

    def sell(self) -> Any:
        return self.pool.liquidate(LIQUIDATOR, BORROWER, MAX_UINT256, 0, LIQUIDATOR, b"", NOW)


class OnModel(Grounds):
    """The pool of `ringfence.model`."""

    def make(self) -> tuple[Any, Any, Any]:
        self.sides, asset, collateral = Sides(), Ledger(), Ledger()
        terms = replace(TERMS, asset="USDC", collateral="ETH")
        pool = Pool(terms, asset=asset, collateral=collateral, oracle=self.sides, rate_model=FixedRate(0), now=NOW)
        return pool, asset, collateral

    def say(self, low: int, high: int) -> None:
        self.sides.both = price(low), price(high)

    def fail(self) -> None:
        self.sides.both = None


class OnChain(Grounds):
    """The contracts that ship."""

    def make(self) -> tuple[Any, Any, Any]:
        chain = EmbeddedChain(timestamp=NOW)
        asset, collateral = TokenContract.deploy(chain, 6), TokenContract.deploy(chain, 18)
        self.oracle, rate = OracleMock.deploy(chain, 0, 0), FixedRateContract.deploy(chain, 0)
        addresses = {"asset": asset, "collateral": collateral, "oracle": self.oracle, "rate_model": rate}
        terms: Terms = replace(TERMS, **{name: contract.address for name, contract in addresses.items()})
        return deploy_pool(chain, terms), asset, collateral

    def say(self, low: int, high: int) -> None:
        self.oracle.set(0, price(low), price(high))

    def fail(self) -> None:
        self.oracle.set(1, 0, 0)


@pytest.fixture(params=[OnModel, OnChain])
def grounds(request: pytest.FixtureRequest) -> Grounds:
    made: Grounds = request.param()
    return made


def test_new_risk_is_judged_at_the_low_price(grounds: Grounds) -> None:
    """10 ETH at 1,800 and 1,900 bear 80 % of 18,000 and not a unit more; taking collateral out is judged so too."""
    grounds.say(1_800, 1_900)
    with pytest.raises(Revert, match=r"^pool: over max_ltv$"):
        grounds.pool.borrow(BORROWER, 14_400 * USDC + 1, BORROWER, BORROWER, NOW)
    grounds.borrow(14_400)
    with pytest.raises(Revert, match=r"^pool: over max_ltv$"):
        grounds.pool.withdraw_collateral(BORROWER, 1, BORROWER, BORROWER, NOW)
    grounds.say(1_900, 1_900)
    grounds.pool.withdraw_collateral(BORROWER, 1, BORROWER, BORROWER, NOW)


def test_without_a_low_price_there_is_no_new_risk(grounds: Grounds) -> None:
    """low = 0 is legal: nobody borrows, whoever has debt takes nothing out; sales go on at the high price."""
    grounds.borrow(15_500)
    grounds.say(0, 1_900)
    with pytest.raises(Revert, match=r"^pool: over max_ltv$"):
        grounds.borrow(1_000)
    with pytest.raises(Revert, match=r"^pool: over max_ltv$"):
        grounds.pool.withdraw_collateral(BORROWER, 1, BORROWER, BORROWER, NOW)
    grounds.say(0, 1_800)
    assert grounds.sell()[0] > 0


def test_sales_are_judged_at_the_high_price(grounds: Grounds) -> None:
    """15,500 on 10 ETH may be sold below 1,823.53: a low price under it sells nobody, a high one does, and sets what is paid."""
    grounds.borrow(15_500)
    grounds.say(1_000, 1_824)
    assert grounds.pool.is_healthy(BORROWER, NOW)
    with pytest.raises(Revert, match=r"^pool: position is healthy$"):
        grounds.sell()
    grounds.say(1_000, 1_823)
    payment, sold = grounds.sell()
    assert sold == payment * 1_005 * ETH // (1_000 * 1_823 * USDC), "an incentive of 0.5 % on the high price"


def test_without_a_price_only_what_needs_none_works(grounds: Grounds) -> None:
    """A failing oracle stops borrowing and sales; paying in, repaying, lenders' exits and taking collateral without debt go on."""
    grounds.borrow(15_500)
    grounds.fail()
    for call in (lambda: grounds.borrow(1_000), grounds.sell):
        with pytest.raises(Revert, match=r"^oracle: no valid price$"):
            call()
    grounds.pool.supply_collateral(BORROWER, ETH, BORROWER, NOW)
    grounds.pool.withdraw(LENDER, 50_000 * USDC, LENDER, LENDER, NOW)
    assert grounds.pool.repay(BORROWER, MAX_UINT256, BORROWER, NOW) == 15_500 * USDC
    grounds.pool.withdraw_collateral(BORROWER, 11 * ETH, BORROWER, BORROWER, NOW)
    assert grounds.collateral.balance_of(BORROWER) == 20 * ETH


def test_a_pair_that_is_no_price_is_refused(grounds: Grounds) -> None:
    """low over high, or a high of 0, is no valid price."""
    grounds.borrow(15_500)
    for low, high in ((1_801, 1_800), (0, 0)):
        grounds.say(low, high)
        with pytest.raises(Revert, match=r"^oracle: no valid price$"):
            grounds.sell()
