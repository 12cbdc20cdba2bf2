"""The wrappers fit their twins in the model: same methods, same answers, same events, same refusals, on one short story of a pool.

That contract and model agree in every corner is the business of tests/agreement.
"""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from ringfence.chain.collaborators import (
    FeedMock,
    FixedRateContract,
    KinkedRateContract,
    OracleMock,
    RateMock,
    SinglePriceContract,
    TokenContract,
)
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import ChainError, Reverted
from ringfence.chain.pool import PoolContract, deploy_pool, pool_storage, terms_tuple
from ringfence.model.erc20 import Ledger
from ringfence.model.errors import Revert
from ringfence.model.fixed_rate import FixedRate
from ringfence.model.kinked_rate import KinkedRate
from ringfence.model.pool import Pool
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, ZERO_ADDRESS, Terms
from tests.unit.chain.roles import BORROWER, LENDER, LIQUIDATOR, START

CAP = 2**127 - 1
# Rates of a kinked model, WAD per second: some 3 % a year at first, 30 % at full use.
RATES = (10**9, WAD * 9 // 10, 10**8, 10**10)
PRICE = 2_000 * PRICE_SCALE


def terms_of(**given: Any) -> Terms:
    """Terms of an ordinary pool, with what is given instead."""
    ordinary: dict[str, Any] = {field.name: 0 for field in dataclasses.fields(Terms)}
    ordinary |= {"backstop": ZERO_ADDRESS, "fee_recipient": ZERO_ADDRESS}
    ordinary |= {"max_ltv": 80 * WAD // 100, "liq_ltv": 86 * WAD // 100, "incentive_base": WAD // 20, "incentive_max": WAD // 20}
    ordinary |= {"penalty": WAD // 100, "reserve_factor": WAD // 10, "reserve_target": WAD // 50}
    ordinary |= {"supply_cap": CAP, "borrow_cap": CAP // 10**6}
    return Terms(**ordinary | given)


class FixedPrice:
    """The model's oracle in these tests: a price that can be set."""

    def __init__(self, price: int) -> None:
        self.price = price

    def prices(self) -> tuple[int, int]:
        if self.price == 0:
            raise Revert("oracle mock: fails")
        return self.price, self.price


class Twins:
    """One pool as contract and as model, with the same tokens, price and rate, and everybody's approval."""

    def __init__(self, **given: Any) -> None:
        self.chain = EmbeddedChain(timestamp=START)
        self.asset, self.collateral = (TokenContract.deploy(self.chain, 18) for _ in range(2))
        self.oracle = OracleMock.deploy(self.chain, PRICE, PRICE)
        rate = KinkedRateContract.deploy(self.chain, *RATES)
        addresses = {"asset": self.asset.address, "collateral": self.collateral.address, "oracle": self.oracle.address}
        self.terms = terms_of(**addresses, rate_model=rate.address, **given)
        self.contract = deploy_pool(self.chain, self.terms, "A pool", "POOL")
        self.price = FixedPrice(PRICE)
        self.ledgers = Ledger(), Ledger()
        self.model = Pool(
            self.terms,
            asset=self.ledgers[0],
            collateral=self.ledgers[1],
            oracle=self.price,
            rate_model=KinkedRate(*RATES),
            now=START,
            address=self.contract.address,
        )
        for token in (self.asset, self.collateral, *self.ledgers):
            for who in (LENDER, BORROWER, LIQUIDATOR):
                token.mint(who, 10**30)
                token.approve(who, self.contract.address, MAX_UINT256)

    def set_price(self, price: int) -> None:
        self.oracle.set_price(price)
        self.price.price = price

    def both(self, name: str, *arguments: Any) -> Any:
        """Call contract and model alike; the answer or the refusal's text, which are the same, as are the events and the books."""
        self.model.events.clear()
        got, expected = (_outcome(getattr(pool, name), arguments) for pool in (self.contract, self.model))
        assert got == expected, name
        if name in TRANSACTIONS:
            assert self.contract.events == self.model.events, name
        return got


def _outcome(call: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return call(*arguments)
    except Revert as refusal:
        return f"refused: {refusal}"


def public_methods(kind: type) -> dict[str, inspect.Signature]:
    found = inspect.getmembers(kind, inspect.isfunction)
    return {name: inspect.signature(function) for name, function in found if not name.startswith("_")}


TRANSACTIONS = {name for name, signature in public_methods(Pool).items() if "caller" in signature.parameters}


@pytest.mark.parametrize(("contract", "model"), [(PoolContract, Pool), (TokenContract, Ledger)])
def test_same_methods(contract: type, model: type) -> None:
    """Every public method of the model is there with the same arguments in the same order, so that one set of calls drives both."""
    theirs, ours = public_methods(model), public_methods(contract)
    # A pool moves and burns its own shares; on a chain that is no one's call.
    for name in theirs.keys() - {"move", "burn", "spend"}:
        assert name in ours, name
        if name not in ("preview_deposit", "preview_redeem"):  # in the model another name of the conversions
            assert list(ours[name].parameters) == list(theirs[name].parameters), name


def test_a_loan_through_a_crash() -> None:
    """A loan, interest, flags, a partial sale, an insolvent sale and the lender's exit: contract and model say the same all the way."""
    twins = Twins()
    both, now = twins.both, START
    assert both("deposit", LENDER, 10**24, LENDER, now) == 10**30
    both("add_to_reserve", LENDER, 10**20, now)
    both("supply_collateral", BORROWER, 10**20, BORROWER, now)
    assert both("borrow", BORROWER, 160_001 * WAD, BORROWER, BORROWER, now) == "refused: pool: over max_ltv"
    minted = both("borrow", BORROWER, 150_000 * WAD, BORROWER, BORROWER, now)
    assert minted == 150_000 * WAD * 10**6
    now += 86_400
    assert both("debt_of", BORROWER, now) > 150_000 * WAD
    both("accrue", LIQUIDATOR, now)
    assert both("repay", BORROWER, 1_000 * WAD, BORROWER, now) == 1_000 * WAD
    assert "position is healthy" in both("liquidate", LIQUIDATOR, BORROWER, MAX_UINT256, 0, LIQUIDATOR, b"", now)
    assert both("flag", LIQUIDATOR, BORROWER, now) == "refused: pool: position is healthy"
    twins.set_price(1_700 * PRICE_SCALE)
    now += 60
    both("flag", LIQUIDATOR, BORROWER, now)
    assert both("quote_liquidation", BORROWER, 10**22, now)[0] == 10**22
    assert both("liquidate", LIQUIDATOR, BORROWER, 10**22, 0, LIQUIDATOR, b"", now)[0] == 10**22
    twins.set_price(900 * PRICE_SCALE)
    now += 60
    left = both("position", BORROWER)[0]
    payment, collateral = both("liquidate_many", LIQUIDATOR, [LENDER, BORROWER, BORROWER], MAX_UINT256, 0, LIQUIDATOR, b"", now)
    assert payment > 0
    assert collateral == left
    assert "LossRealised" in [event[0] for event in twins.contract.events]
    assert both("position", BORROWER) == (0, 0, 0)
    shares = both("balance_of", LENDER)
    owed = both("max_withdraw", LENDER, now + 1)
    assert both("redeem", LENDER, shares, LENDER, LENDER, now + 1) == owed > 0
    assert both("state", now + 1)[1] == 0


def test_the_lender_shares_are_a_token() -> None:
    """Transfers, allowances and operators of the wrapper are those of the model."""
    twins = Twins()
    both = twins.both
    both("mint", LENDER, 10**12, LENDER, START)
    assert both("transfer", LENDER, BORROWER, 10**11, START) is True
    assert both("transfer_from", LIQUIDATOR, BORROWER, LENDER, 1, START) == "refused: erc20: allowance too low"
    assert both("approve", BORROWER, LIQUIDATOR, 5) is True
    assert both("transfer_from", LIQUIDATOR, BORROWER, LENDER, 2, START) is True
    assert both("allowance", BORROWER, LIQUIDATOR) == 3
    assert both("is_operator", LENDER, BORROWER) is False
    both("set_operator", LENDER, BORROWER, True)
    assert both("is_operator", LENDER, BORROWER) is True
    both("withdraw", BORROWER, 100, BORROWER, BORROWER, START + 1)
    for view, argument in (("total_supply", None), ("total_assets", None), ("max_redeem", LENDER), ("convert_to_assets", 10**9)):
        both(view, *([] if argument is None else [argument]), START + 5)
    for view in ("convert_to_shares", "preview_deposit", "preview_mint", "preview_withdraw", "preview_redeem"):
        both(view, 10**9, START + 5)
    for view in ("max_deposit", "max_mint", "max_withdraw", "health", "is_healthy"):
        both(view, LENDER, START + 5)


def test_time_of_a_transaction_and_of_a_view() -> None:
    """A transaction moves the chain to its time; a view is answered as at its time and moves nothing."""
    twins = Twins()
    contract, chain = twins.contract, twins.chain
    contract.deposit(LENDER, 10**20, LENDER, START + 30)
    assert (chain.timestamp, chain.number) == (START + 30, 2)
    contract.deposit(LENDER, 10**20, LENDER, START + 30)
    assert chain.number == 2
    assert contract.state(START + 90)[6] == START + 90
    assert chain.timestamp == START + 30
    with pytest.raises(ValueError, match="is not after"):
        contract.accrue(LENDER, START)


def test_terms_there_and_back() -> None:
    """The terms that the contract returns are those it was given, each in its place."""
    twins = Twins(target_ltv=WAD // 2, min_debt=7, solvent_window=11, sale_timeout=13, creator_fee=WAD // 10, fee_recipient=LENDER)
    assert twins.contract.terms() == twins.terms == twins.model.terms()
    assert terms_tuple(twins.terms)[:2] == (twins.asset.address, twins.collateral.address)


def test_name_and_symbol() -> None:
    """A pool carries the name and symbol it was given, and its asset's decimals and six more."""
    contract = Twins().contract
    assert [contract.call(name) for name in ("name", "symbol", "decimals")] == ["A pool", "POOL", 24]


def test_refused_terms() -> None:
    """A bound that is broken at creation is named by the same text as in the model."""
    twins = Twins()
    broken = dataclasses.replace(twins.terms, max_ltv=0)
    with pytest.raises(Reverted) as caught:
        deploy_pool(twins.chain, broken)
    with pytest.raises(Revert) as expected:
        Pool(broken, asset=Ledger(), collateral=Ledger(), oracle=twins.price, rate_model=FixedRate(0), now=START)
    assert str(caught.value) == str(expected.value) != ""


def test_storage_of_a_pool() -> None:
    """The map names every slot the pool has written for the accounts that took part, and its values are the contract's own."""
    twins = Twins()
    twins.contract.deposit(LENDER, 10**24, LENDER, START)
    twins.contract.supply_collateral(BORROWER, 10**20, BORROWER, START)
    twins.contract.borrow(BORROWER, 10**22, LIQUIDATOR, BORROWER, START + 9)
    twins.contract.approve(LENDER, BORROWER, 5)
    twins.contract.set_operator(BORROWER, LENDER, True)
    twins.set_price(PRICE_SCALE)
    twins.contract.flag(LIQUIDATOR, BORROWER, START + 10)
    accounts = [LENDER, BORROWER, LIQUIDATOR]
    storage = pool_storage(accounts)
    assert set(twins.chain.state()[twins.contract.address].storage) <= storage.slots
    values = storage.read(twins.chain, twins.contract.address)
    assert values["packed_supply"] == twins.contract.state(START + 10)[0] << 64 | START + 10
    assert values["unhealthy_since"] == {LENDER: 0, BORROWER: START + 10, LIQUIDATOR: 0}
    operators = values["operators"]
    assert isinstance(operators, dict)
    assert {pair for pair, value in operators.items() if value} == {(BORROWER, LENDER)}


# Collaborators


def test_tokens(chain: EmbeddedChain) -> None:
    """A token's answers are the ledger's."""
    token, ledger = TokenContract.deploy(chain, 6), Ledger()
    for each in (token, ledger):
        each.mint(LENDER, 100)
        assert each.transfer(LENDER, BORROWER, 30)
        assert each.approve(LENDER, BORROWER, 20)
        assert each.transfer_from(BORROWER, LENDER, LIQUIDATOR, 15)
        assert [each.balance_of(who) for who in (LENDER, BORROWER, LIQUIDATOR)] == [55, 30, 15]
        assert (each.allowance(LENDER, BORROWER), each.total_supply) == (5, 100)
        with pytest.raises(Revert, match=r"^erc20: balance too low$"):
            each.transfer(LENDER, BORROWER, 56)
    assert token.decimals == 6


def test_oracles(chain: EmbeddedChain) -> None:
    """An oracle answers as it is set; a feed's price is both sides of a single price; failures are failures."""
    oracle, feed = OracleMock.deploy(chain, 4, 5), FeedMock.deploy(chain, 6)
    assert oracle.prices() == (4, 5)
    oracle.set_price(9)
    assert oracle.prices() == (9, 9)
    single = SinglePriceContract.deploy(chain, feed.address)
    feed.set_price(7)
    assert (single.prices(), feed.price()) == ((7, 7), 7)
    oracle.set(1, 4, 5)
    with pytest.raises(Reverted, match=r"^oracle mock: fails$"):
        oracle.prices()
    oracle.set(2, 4, 5)
    with pytest.raises(ChainError, match="32 bytes returned, at least 64"):
        oracle.prices()
    oracle.set(3, 4, 5)
    assert oracle.prices() == (4, 5)


def test_rates(chain: EmbeddedChain) -> None:
    """Rate models answer what their twins answer; the mock what it is set to."""
    arguments = (LENDER, 95, 100, 60)
    fixed, kinked = FixedRateContract.deploy(chain, 77), KinkedRateContract.deploy(chain, *RATES)
    assert fixed.rate(*arguments) == FixedRate(77).rate(*arguments) == 77
    assert kinked.rate(*arguments) == KinkedRate(*RATES).rate(*arguments) > RATES[0]
    mock = RateMock.deploy(chain, 5)
    assert mock.rate(*arguments) == 5
    mock.set(1, 5)
    with pytest.raises(Reverted, match=r"^rate mock: fails$"):
        mock.rate(*arguments)
    with pytest.raises(Reverted, match=r"^rate: kink over 100 %$"):
        KinkedRateContract.deploy(chain, 0, WAD + 1, 0, 0)
