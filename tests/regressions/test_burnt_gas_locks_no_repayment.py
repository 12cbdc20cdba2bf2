"""An oracle and a rate model that both burn all the gas they get must leave enough of a block for a repayment."""

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from tests.stateful.hostile import place
from tests.stateful.market import BORROWERS, LENDERS, LIQUIDATOR, PRICE_SCALE, START, Grounds, Market
from tests.stateful.setting import FIXED, Setting

BORROWER = BORROWERS[0]
BLOCK_GAS = 30_000_000
# Answers the word it was last given, twice; given 0 it fails with all gas.
SWITCH = bytes.fromhex("366020146019575f5480600e57fe5b805f5260205260405ff35b5f355f5500")


def give(contract: Contract, word: int) -> None:
    contract.chain.transact(LIQUIDATOR, contract.address, word.to_bytes(32, "big"))


def flagged_market() -> Market:
    """An unhealthy position whose clock has run for a minute."""
    chain = EmbeddedChain(timestamp=START)
    oracle = Contract(chain, place(chain, SWITCH), load("mocks/oracle_mock"))
    rate_model = Contract(chain, place(chain, SWITCH), load("mocks/rate_mock"))
    give(oracle, PRICE_SCALE)
    give(rate_model, 1)
    market = Market(
        Setting(FIXED, "fixed", 6, 6, 800, PRICE_SCALE), grounds=Grounds(6, 6, chain=chain, oracle=oracle, rate_model=rate_model)
    )
    market.act(LENDERS[0], "deposit", 10**6, LENDERS[0])
    market.act(BORROWER, "supply_collateral", 1_000, BORROWER)
    market.act(BORROWER, "borrow", 800, BORROWER, BORROWER)
    give(oracle, PRICE_SCALE // 2)
    market.act(LIQUIDATOR, "flag", BORROWER)
    market.pass_time(60)
    assert market.position(BORROWER).unhealthy_since > 0
    return market


@pytest.mark.parametrize(("oracle", "rate_model"), [(0, 1), (PRICE_SCALE, 0)], ids=["oracle", "rate model"])
def test_one_that_burns_all_gas_locks_nobody_in(oracle: int, rate_model: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a block's gas a 64th is left, and enough."""
    monkeypatch.setattr("ringfence.chain.embedded.GAS_LIMIT", BLOCK_GAS)
    market = flagged_market()
    give(market.oracle, oracle)
    give(market.rate_model, rate_model)
    assert market.pool.transact(BORROWER, "repay", 100, BORROWER) == 100


def test_two_that_burn_all_gas_lock_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A borrower can repay whatever oracle and rate model do, both at once too, with the gas of a block."""
    monkeypatch.setattr("ringfence.chain.embedded.GAS_LIMIT", BLOCK_GAS)
    market = flagged_market()
    give(market.oracle, 0)
    give(market.rate_model, 0)
    assert market.pool.transact(BORROWER, "repay", 100, BORROWER) == 100
