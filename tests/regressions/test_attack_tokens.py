"""Tokens that are no plain ERC-20: fees, silence, refusals, an issuer's powers, odd decimals, amounts at the edge of the words, hooks."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.collaborators import DEPLOYER, TokenContract
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.chain.pool import deploy_pool
from ringfence.model.terms import MAX_UINT128, MAX_UINT256, PRICE_SCALE, WAD, ZERO_ADDRESS
from tests.compiled import compiled
from tests.regressions.attacked import (
    ATTACKER,
    BORROWER,
    ETH,
    FUNDS,
    LENDER,
    LIQUIDATOR,
    START,
    USD,
    VICTIM,
    Attacked,
    odd_token,
)

HERE = Path(__file__).parent
FEE, SILENT, SAYS_NO, REVERTS, SURCHARGE = 1, 2, 3, 4, 5


def odd_pool() -> Attacked:
    """A pool whose both tokens can be made to misbehave, with a loan of 1,000 on an ether."""
    chain = EmbeddedChain(timestamp=START)
    scene = Attacked(chain=chain, asset=odd_token(chain, 6), collateral=odd_token(chain, 18))
    scene.lend(10_000)
    scene.loan(1, 1_000)
    return scene


def moves(scene: Attacked) -> dict[str, tuple[Contract, tuple[Any, ...]]]:
    """Every call that moves a token, which one, and arguments it takes."""
    return {
        "deposit": (scene.asset, (LENDER, 100 * USD, LENDER)),
        "mint": (scene.asset, (LENDER, 100 * USD * 10**6, LENDER)),
        "add_to_reserve": (scene.asset, (LENDER, 100 * USD)),
        "repay": (scene.asset, (BORROWER, 100 * USD, BORROWER)),
        "supply_collateral": (scene.collateral, (BORROWER, ETH, BORROWER)),
        "withdraw": (scene.asset, (LENDER, 100 * USD, LENDER, LENDER)),
        "redeem": (scene.asset, (LENDER, 100 * USD * 10**6, LENDER, LENDER)),
        "borrow": (scene.asset, (BORROWER, 100 * USD, BORROWER, BORROWER)),
        "withdraw_collateral": (scene.collateral, (BORROWER, ETH // 10, BORROWER, BORROWER)),
    }


PULLS = ("deposit", "mint", "add_to_reserve", "repay", "supply_collateral")
PUSHES = ("withdraw", "redeem", "borrow", "withdraw_collateral")


@pytest.mark.parametrize("name", PULLS)
def test_a_fee_on_transfers_is_not_taken_for_the_whole(name: str) -> None:
    """A token that delivers 99 % is refused on the way in, and the books stay."""
    scene = odd_pool()
    token, arguments = moves(scene)[name]
    token.transact(DEPLOYER, "set", FEE)
    before = scene.books()
    assert scene.refused(name, *arguments, scene.now) == "transfer: too little arrived"
    assert scene.books() == before


def test_a_fee_on_the_way_out_is_paid_by_who_leaves() -> None:
    """The pool sends what it owes; its books and everybody else's money stay whole."""
    scene = odd_pool()
    scene.asset.transact(DEPLOYER, "set", FEE)
    scene.pool.withdraw(LENDER, 100 * USD, LENDER, LENDER, scene.now)
    assert scene.asset.call("balanceOf", LENDER) == FUNDS - 10_000 * USD + 99 * USD
    assert scene.asset.call("balanceOf", scene.pool.address) == 8_900 * USD
    assert scene.pool.total_assets(scene.now) == 9_900 * USD


@pytest.mark.parametrize("name", [*PULLS, *PUSHES])
def test_a_token_that_answers_nothing_works(name: str) -> None:
    """The oldest tokens return no value; that is no failure."""
    scene = odd_pool()
    token, arguments = moves(scene)[name]
    token.transact(DEPLOYER, "set", SILENT)
    before = token.call("balanceOf", scene.pool.address)
    getattr(scene.pool, name)(*arguments, scene.now)
    assert (token.call("balanceOf", scene.pool.address) > before) is (name in PULLS)


@pytest.mark.parametrize("name", [*PULLS, *PUSHES])
@pytest.mark.parametrize("mode", [SAYS_NO, REVERTS])
def test_a_token_that_refuses_undoes_the_call(name: str, mode: int) -> None:
    """False or a revert: nothing is booked."""
    scene = odd_pool()
    token, arguments = moves(scene)[name]
    token.transact(DEPLOYER, "set", mode)
    before = scene.books()
    assert scene.refused(name, *arguments, scene.now) in ("transfer: token refused", "odd erc20 mock: fails")
    assert scene.books() == before


def test_a_frozen_collateral_stops_sales_and_no_lender() -> None:
    """While the collateral token refuses, nobody is sold and no loss is booked; lenders withdraw, borrowers repay."""
    scene = odd_pool()
    scene.set_price(1_100)
    scene.collateral.transact(DEPLOYER, "set", REVERTS)
    assert scene.refused("liquidate", LIQUIDATOR, BORROWER, MAX_UINT256, 0, LIQUIDATOR, b"", scene.now) == "odd erc20 mock: fails"
    scene.pool.withdraw(LENDER, 9_000 * USD, LENDER, LENDER, scene.now)
    assert scene.pool.repay(BORROWER, 200 * USD, BORROWER, scene.now) == 200 * USD


def test_a_surcharge_on_the_way_out_is_the_last_lender_s_loss() -> None:
    """The known limit: a token that takes 1 % more from its sender leaves the pool that much short, 1 dollar for each 100 that left."""
    scene = odd_pool()
    scene.asset.transact(DEPLOYER, "set", SURCHARGE)
    scene.pool.withdraw(LENDER, 5_000 * USD, LENDER, LENDER, scene.now)
    assert scene.pool.max_withdraw(LENDER, scene.now) == 4_000 * USD
    assert scene.asset.call("balanceOf", scene.pool.address) == 3_950 * USD
    with pytest.raises(Reverted):
        scene.pool.withdraw(LENDER, 4_000 * USD, LENDER, LENDER, scene.now)


# An issuer's powers


def issued() -> Attacked:
    """A pool of two tokens whose issuers can block and seize, with a loan of 1,600 on an ether."""
    chain = EmbeddedChain(timestamp=START)
    asset, collateral = (Contract.create(chain, compiled(HERE / "issuer_token.vy"), DEPLOYER, decimals) for decimals in (6, 18))
    scene = Attacked(chain=chain, asset=asset, collateral=collateral)
    scene.lend(10_000)
    scene.loan(1, 1_600)
    return scene


def test_a_blocked_borrower_is_sold_like_any_other() -> None:
    """Collateral goes from the pool to the buyer; that its owner may not hold the token any more matters to nobody else."""
    scene = issued()
    scene.collateral.transact(DEPLOYER, "block_account", BORROWER, True)
    scene.asset.transact(DEPLOYER, "block_account", BORROWER, True)
    scene.set_price(1_800)
    assert scene.buy() == (1_600 * USD, 14 * ETH // 15)


def test_a_blocked_lender_leaves_to_another_account() -> None:
    """And anybody may repay a blocked borrower's debt, who takes the collateral out to another account, too."""
    scene = issued()
    for who in (LENDER, BORROWER):
        for token in (scene.asset, scene.collateral):
            token.transact(DEPLOYER, "block_account", who, True)
    assert scene.refused("withdraw", LENDER, USD, LENDER, LENDER, scene.now) == "issuer token: blocked"
    scene.pool.withdraw(LENDER, 8_400 * USD, VICTIM, LENDER, scene.now)
    scene.pool.repay(VICTIM, MAX_UINT256, BORROWER, scene.now)
    scene.pool.withdraw_collateral(BORROWER, ETH, VICTIM, BORROWER, scene.now)
    assert scene.collateral.call("balanceOf", VICTIM) == FUNDS + ETH
    assert scene.asset.call("balanceOf", VICTIM) == FUNDS + 8_400 * USD - 1_600 * USD


def test_a_blocked_pool_is_frozen_alone_and_goes_on_where_it_was() -> None:
    """An issuer can stop every transfer of one pool. Its neighbour does not notice; unblocked, everybody has what they had."""
    scene = issued()
    other = Attacked(chain=scene.chain, asset=scene.asset, collateral=scene.collateral)
    other.lend(100)
    books = scene.books()
    scene.asset.transact(DEPLOYER, "block_account", scene.pool.address, True)
    assert scene.refused("withdraw", LENDER, USD, LENDER, LENDER, scene.now) == "issuer token: blocked"
    assert scene.refused("repay", BORROWER, USD, BORROWER, scene.now) == "issuer token: blocked"
    scene.pool.supply_collateral(BORROWER, ETH, BORROWER, scene.now)
    other.pool.withdraw(LENDER, 100 * USD, LENDER, LENDER, other.now)
    scene.asset.transact(DEPLOYER, "block_account", scene.pool.address, False)
    scene.pool.withdraw_collateral(BORROWER, ETH, BORROWER, BORROWER, scene.now)
    assert scene.books() == books
    scene.pool.withdraw(LENDER, 8_400 * USD, LENDER, LENDER, scene.now)


def test_what_an_issuer_takes_is_missing_and_nothing_says_so() -> None:
    """The known limit: cash is derived, so tokens seized from the pool (or a balance rebased down) are missed by who leaves last."""
    scene = issued()
    scene.lend(1_000, VICTIM)
    scene.asset.transact(DEPLOYER, "seize", scene.pool.address, 400 * USD)
    assert scene.pool.total_assets(scene.now) == 11_000 * USD
    scene.pool.withdraw(LENDER, 9_000 * USD, LENDER, LENDER, scene.now)
    with pytest.raises(Reverted):
        scene.pool.withdraw(VICTIM, 1, VICTIM, VICTIM, scene.now)
    # What comes back by repayment is theirs, up to what is gone for good: 400.
    scene.pool.repay(BORROWER, MAX_UINT256, BORROWER, scene.now)
    scene.pool.withdraw(VICTIM, 1_000 * USD, VICTIM, VICTIM, scene.now)
    assert scene.pool.max_withdraw(LENDER, scene.now) == 1_000 * USD
    scene.pool.withdraw(LENDER, 600 * USD, LENDER, LENDER, scene.now)
    assert scene.asset.call("balanceOf", scene.pool.address) == 0


# Decimals and sizes


@pytest.mark.parametrize("decimals", [(0, 18), (18, 0), (0, 0), (2, 27), (27, 2), (27, 36), (6, 36)])
def test_odd_decimals_lend_repay_and_sell_to_the_unit(decimals: tuple[int, int]) -> None:
    """A dollar of 0 or 27 decimals, collateral of 0 or 36: the same story, the same figures in their units."""
    scene = Attacked(decimals=decimals)
    dollar, whole = (10**places for places in decimals)
    assert scene.pool.call("decimals") == decimals[0] + 6
    for who in (LENDER, BORROWER, LIQUIDATOR):
        scene.asset.transact(DEPLOYER, "mint", who, 100_000 * dollar)
        scene.collateral.transact(DEPLOYER, "mint", who, 10 * whole)
    scene.pool.deposit(LENDER, 10_000 * dollar, LENDER, scene.now)
    scene.pool.supply_collateral(BORROWER, 10 * whole, BORROWER, scene.now)
    scene.pool.borrow(BORROWER, 8_000 * dollar, BORROWER, BORROWER, scene.now)
    assert scene.pool.repay(BORROWER, 1_600 * dollar, BORROWER, scene.now) == 1_600 * dollar
    # 6,400 owed on 10 tokens: at 900 each healthy up to 7,740, at 700 up to 6,020.
    scene.set_price(900)
    assert scene.pool.is_healthy(BORROWER, scene.now)
    scene.set_price(700)
    payment, sold = scene.buy()
    assert payment == 6_400 * dollar
    # 6,720 of 7,000: 9.6 of 10, or 9 where a token cannot be split.
    assert sold == 96 * whole // 10
    assert scene.pool.state(scene.now)[2:4] == (0, 0)
    scene.pool.withdraw(LENDER, 10_000 * dollar, LENDER, LENDER, scene.now)


def test_an_asset_with_250_decimals_has_no_pool() -> None:
    """Its share would have 256 decimals, which one byte cannot say. Long before, caps leave no room: 0.00017 tokens of 36 decimals."""
    scene = Attacked()
    for decimals, is_made in ((36, True), (249, True), (250, False)):
        terms = replace(scene.terms, asset=TokenContract.deploy(scene.chain, decimals).address)
        if is_made:
            assert deploy_pool(scene.chain, terms).call("decimals") == decimals + 6
        else:
            with pytest.raises(Reverted):
                deploy_pool(scene.chain, terms)
    assert scene.terms.borrow_cap * 10**5 // 10**36 == 17


def test_amounts_over_128_bits_are_refused_and_those_at_it_work() -> None:
    """Collateral, gifts to the reserve and loans of 2^128 are refused by name; a position of 2^128 - 1 lives and leaves."""
    scene = Attacked(liq_ltv=WAD * 86 // 100)
    for token in (scene.asset, scene.collateral):
        token.transact(DEPLOYER, "mint", ATTACKER, 2**130)
    for name, arguments in {
        "supply_collateral": (2**128, ATTACKER),
        "add_to_reserve": (2**128,),
        "borrow": (2**128, ATTACKER, ATTACKER),
        "withdraw_collateral": (2**128, ATTACKER, ATTACKER),
    }.items():
        assert scene.refused(name, ATTACKER, *arguments, scene.now) == "pool: over 128 bits"
    scene.pool.supply_collateral(ATTACKER, MAX_UINT128, ATTACKER, scene.now)
    assert scene.refused("supply_collateral", VICTIM, 1, ATTACKER, scene.now) == "pool: over 128 bits"
    scene.pool.add_to_reserve(ATTACKER, MAX_UINT128, scene.now)
    scene.pool.deposit(ATTACKER, scene.terms.supply_cap, ATTACKER, scene.now)
    assert scene.refused("deposit", ATTACKER, 1, ATTACKER, scene.now) == "pool: supply cap reached"
    scene.oracle.set(0, PRICE_SCALE, PRICE_SCALE)
    scene.pool.borrow(ATTACKER, scene.terms.borrow_cap, ATTACKER, ATTACKER, scene.now)
    assert scene.refused("borrow", ATTACKER, 1, ATTACKER, ATTACKER, scene.now) == "pool: borrow cap reached"
    scene.wait(1)
    scene.pool.repay(ATTACKER, MAX_UINT256, ATTACKER, scene.now)
    scene.pool.withdraw_collateral(ATTACKER, MAX_UINT128, ATTACKER, ATTACKER, scene.now)
    assert scene.pool.redeem(ATTACKER, scene.pool.balance_of(ATTACKER), ATTACKER, ATTACKER, scene.now) == scene.terms.supply_cap


# Hooks


def hooked() -> Attacked:
    """A pool of two tokens with hooks that lends against one of them, premium owed, one position unhealthy and one not."""
    chain = EmbeddedChain(timestamp=START)
    artifact = compiled(HERE / "hook_token.vy")
    asset, collateral = (Contract.create(chain, artifact, DEPLOYER) for _ in range(2))
    fund = Contract.create(chain, load("mocks/backstop_mock"), DEPLOYER)
    scene = Attacked(chain=chain, asset=asset, collateral=collateral, decimals=(6, 6), rate=10**9, premium=WAD // 10, backstop=fund.address)
    fund.transact(DEPLOYER, "set", 0, asset.address)
    asset.transact(DEPLOYER, "mint", fund.address, 10**6 * USD)
    scene.lend(10_000)
    scene.pool.approve(LENDER, collateral.address, MAX_UINT256)
    for who, units in ((BORROWER, USD), (VICTIM, 10 * USD)):
        scene.pool.supply_collateral(who, units, who, scene.now)
        scene.pool.borrow(who, 1_600 * USD, who, who, scene.now)
    scene.wait(86_400)
    scene.set_price(1_000)
    return scene


ACTS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "deposit": ("asset", (LENDER, USD, LENDER)),
    "mint": ("asset", (LENDER, USD, LENDER)),
    "withdraw": ("asset", (LENDER, USD, LENDER, LENDER)),
    "redeem": ("asset", (LENDER, USD, LENDER, LENDER)),
    "add_to_reserve": ("asset", (LENDER, USD)),
    "repay": ("asset", (BORROWER, USD, BORROWER)),
    "borrow": ("asset", (VICTIM, USD, VICTIM, VICTIM)),
    "pay_premium": ("asset", (LENDER,)),
    "supply_collateral": ("collateral", (BORROWER, USD, BORROWER)),
    "withdraw_collateral": ("collateral", (VICTIM, USD, VICTIM, VICTIM)),
    "liquidate": ("collateral", (LIQUIDATOR, BORROWER, 100 * USD, 0, LIQUIDATOR, b"")),
    "liquidate_many": ("asset", (LIQUIDATOR, [BORROWER], 100 * USD, 0, LIQUIDATOR, b"")),
}


@pytest.mark.parametrize("act", ACTS)
def test_a_token_s_hook_finds_every_function_and_view_closed(act: str) -> None:
    """From within each act that moves a token no function of the pool, view or not, lets anybody in; outside, views and payments do."""
    scene = hooked()
    which, arguments = ACTS[act]
    token = scene.asset if which == "asset" else scene.collateral
    by_type: dict[str, Any] = {"uint256": 1, "address": VICTIM, "bool": True, "uint8": 27, "bytes32": b"\x01" * 32, "bytes": b""}
    tried = 0
    for item in load("Pool").abi:
        if item["type"] != "function":
            continue
        values = [[VICTIM] if kind["type"].endswith("[]") else by_type[kind["type"]] for kind in item["inputs"]]
        snapshot = scene.chain.snapshot()
        calldata = scene.pool.calldata(item["name"], *values)
        if item["stateMutability"] == "view":
            scene.chain.call(scene.pool.address, calldata)
        token.transact(DEPLOYER, "set", scene.pool.address, calldata)
        getattr(scene.pool, act)(*arguments, scene.now)
        # A sale moves the token twice: to the buyer, and from the backstop or the buyer.
        assert token.call("calls") >= 1, item["name"]
        assert token.call("let_in") == 0, item["name"]
        scene.chain.revert(snapshot)
        tried += 1
    assert tried >= 50


def test_a_hook_that_gives_to_the_pool_meanwhile_pays_for_nobody() -> None:
    """A gift from within a transfer is not counted as the payment under way: the pool asks for what arrives on top, and keeps the gift."""
    scene = hooked()
    before = scene.books()
    scene.asset.transact(DEPLOYER, "set", scene.asset.address, scene.asset.calldata("mint", scene.pool.address, USD))
    scene.pool.deposit(LENDER, 5 * USD, LENDER, scene.now)
    assert scene.asset.call("calls") == 1
    assert scene.asset.call("balanceOf", scene.pool.address) == before[7] + 6 * USD
    assert scene.pool.total_assets(scene.now) == before[0] + 5 * USD


def test_a_pool_needs_two_tokens_with_code() -> None:
    """Neither an account without code nor one token in both places has a pool; a collateral without code takes nothing in."""
    chain = EmbeddedChain(timestamp=START)
    token = TokenContract.deploy(chain, 6)
    with pytest.raises(Reverted, match="asset is collateral"):
        Attacked(chain=chain, asset=token, collateral=token)
    with pytest.raises(Reverted):
        Attacked(chain=chain, asset=TokenContract(chain, ATTACKER, token.artifact))
    scene = Attacked(chain=chain)
    pool = deploy_pool(chain, replace(scene.terms, collateral=ATTACKER))
    with pytest.raises(Reverted):
        pool.supply_collateral(BORROWER, 1, BORROWER, scene.now)
    assert pool.position(BORROWER) == (0, 0, 0)


def test_nothing_is_sent_to_the_zero_account() -> None:
    """Shares, assets, collateral and what is bought: refused before anything moves."""
    scene = Attacked()
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.set_price(1_800)
    for name, arguments in {
        "deposit": (LENDER, USD, ZERO_ADDRESS),
        "withdraw": (LENDER, USD, ZERO_ADDRESS, LENDER),
        "transfer": (LENDER, ZERO_ADDRESS, 1),
        "supply_collateral": (BORROWER, 1, ZERO_ADDRESS),
        "withdraw_collateral": (BORROWER, 1, ZERO_ADDRESS, BORROWER),
        "borrow": (BORROWER, USD, ZERO_ADDRESS, BORROWER),
        "liquidate": (LIQUIDATOR, BORROWER, MAX_UINT256, 0, ZERO_ADDRESS, b""),
    }.items():
        assert scene.refused(name, *arguments, scene.now).endswith("is zero"), name
