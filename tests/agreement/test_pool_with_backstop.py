"""A pool and the backstop behind it, in figures worked out by hand: the order of the layers, and what a backstop can do to a sale.

Every figure below is in base units. Contract and model do every act, and everything is compared after it (`system_twins.py`, `twins.py`).
"""

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.backstop import deploy_backstop
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted, failure_of
from ringfence.chain.pool import PoolContract, deploy_pool
from ringfence.model.adaptive_rate import MIN_RATE_AT_TARGET
from ringfence.model.errors import Revert
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, ZERO_ADDRESS, Terms
from tests.agreement.mocks import FAILING, FEE
from tests.agreement.system_seat import Seat
from tests.agreement.system_twins import System
from tests.agreement.system_worlds import DAY, Plan, SystemWorld
from tests.agreement.test_callback import FUNCTIONS, arguments_for
from tests.agreement.twins import BORROWERS, CREATOR, DEPLOYER, LENDERS, LIQUIDATOR, OUTSIDER, Twins, as_contract_takes
from tests.agreement.worlds import NUMBERS, plain_world

LENDER, UNDERWRITER = LENDERS
# A thousandth of a unit of asset for a unit of collateral.
MILLI = PRICE_SCALE // 1000
COLLATERAL, DEBT = 1_000, 8_000
FUND = 100_000


def new_seat(cover: int, *, premium: int = 0, rate: int = 0, deposit: int, borrowers: int = 1) -> Seat:
    """A pool behind a sealed fund of 100,000 of which it may draw `cover`; each borrower owes 8,000 on 1,000 units worth 10 each."""
    world = replace(plain_world(premium=premium), price=10 * PRICE_SCALE, has_backstop=True)
    plan = Plan(world, 0, 1, "mock", 1, "covered", cover, WAD, 0)
    rates = (("adaptive", MIN_RATE_AT_TARGET), ("fixed", rate))
    system = System(SystemWorld((18, 18), rates, (plan,), DAY), Random(0))
    seat = system.seats[0]
    system.fund.act("deposit", UNDERWRITER, FUND, UNDERWRITER)
    seat.act("deposit", LENDER, deposit, LENDER)
    for borrower in BORROWERS[:borrowers]:
        seat.act("supply_collateral", borrower, COLLATERAL, borrower)
        assert seat.act("borrow", borrower, DEBT, borrower, borrower)[0] == "ok"
    return seat


def losses(seat: Seat, borrower: str) -> list[tuple[int, ...]]:
    """Sell a position whole; (loss, from reserve, from backstop, from lenders, from premium) of each loss that was booked."""
    assert seat.act("liquidate", LIQUIDATOR, borrower, MAX_UINT256, 0, LIQUIDATOR, b"")[0] == "ok"
    return [event[2:] for event in seat.contract.events if event[0] == "LossRealised"]


def drawn(seat: Seat) -> int:
    """What the pool has drawn of the fund."""
    return seat.system.fund.contract.cover_of(seat.pool.address)[2]


# The order of the layers

# Interest on 8,000 over x = 1e-9 * 1e8 = 0.1: 8,000 * (0.1 + 0.005 + 0.000166...) = 841.3; half of it, 420, is premium, 421 the lenders'.
# So the debt is 8,841, lenders who brought 8,000 own 8,421, the reserve is 300, and 300 lie in the pool. The 1,000 units are sold for their
# worth divided by 1.05; what that leaves of the debt is the loss.
LAYERS = {
    # Worth 9,030 pays 8,600: the reserve bears all of 241, and the fund is not asked.
    "reserve alone": (1_500, 9_030, (241, 241, 0, 0, 0), (8_421, 59, 420), 0),
    # Worth 8,820 pays 8,400.
    "reserve, then cover": (1_500, 8_820, (441, 300, 141, 0, 0), (8_421, 0, 420), 141),
    # Worth 7,392 pays 7,040 and leaves 1,801: one more than reserve and cover.
    "cover to its limit": (1_500, 7_392, (1_801, 300, 1_500, 1, 0), (8_420, 0, 420), 1_500),
    # Worth 4,200 pays 4,000.
    "then lenders": (1_500, 4_200, (4_841, 300, 1_500, 3_041, 0), (5_380, 0, 420), 1_500),
    # Worth 21 pays 20: lenders have nothing left, and 8,821 - 300 - 50 - 8,421 = 50 are left for the premium.
    "then the premium": (50, 21, (8_821, 300, 50, 8_421, 50), (0, 0, 370), 50),
}


@pytest.mark.parametrize("case", LAYERS)
def test_who_bears_a_loss_in_which_order(case: str) -> None:
    """Reserve, cover up to its limit, lenders, and only then what the backstop is owed; the pool holds exactly its cash."""
    cover, worth, parts, (supply, reserve, owed), paid = LAYERS[case]
    seat = new_seat(cover, premium=WAD // 2, rate=10**9, deposit=8_000)
    seat.act("add_to_reserve", LENDER, 300)
    seat.system.pass_time(10**8)
    seat.act("accrue", OUTSIDER)
    assert seat.contract.call("state")[:6] == (8_421, 8_000 * 10**6, 8_841, 8_000 * 10**6, 300, 420)
    seat.set_prices(0, worth * MILLI, worth * MILLI)
    assert losses(seat, BORROWERS[0]) == [parts]
    assert seat.contract.call("state")[:6] == (supply, 8_000 * 10**6, 0, 0, reserve, owed)
    assert drawn(seat) == paid
    assert seat.system.fund.contract.total_assets() == FUND - paid
    assert seat.asset_twin.balance_of(seat.pool.address) == supply + reserve + owed


def test_no_loss_asks_nobody() -> None:
    """Worth 9,450 pays 8,841 and more: unhealthy, and yet every layer stays as it was."""
    seat = new_seat(1_500, premium=WAD // 2, rate=10**9, deposit=8_000)
    seat.system.pass_time(10**8)
    seat.set_prices(0, 9_450 * MILLI, 9_450 * MILLI)
    assert losses(seat, BORROWERS[0]) == []
    assert seat.contract.call("state")[:6] == (8_421, 8_000 * 10**6, 0, 0, 0, 420)
    assert drawn(seat) == 0


@pytest.mark.parametrize("name", ["liquidate", "liquidate_many"])
def test_the_second_sale_finds_what_the_first_left(name: str) -> None:
    """Worth 4,200 pays 4,000 of each 8,000; of a cover of 6,000 the first loss draws 4,000, the second 2,000, and lenders bear 2,000."""
    seat = new_seat(6_000, deposit=20_000, borrowers=2)
    seat.set_prices(0, 4_200 * MILLI, 4_200 * MILLI)
    if name == "liquidate":
        found = losses(seat, BORROWERS[0]) + losses(seat, BORROWERS[1])
    else:
        many = seat.act(name, LIQUIDATOR, list(BORROWERS[:2]), MAX_UINT256, 0, LIQUIDATOR, b"")
        assert many == ("ok", (8_000, 2_000))
        found = [event[2:] for event in seat.contract.events if event[0] == "LossRealised"]
    assert found == [(4_000, 0, 4_000, 0, 0), (4_000, 0, 2_000, 2_000, 0)]
    assert seat.contract.call("state")[0] == 18_000
    assert drawn(seat) == 6_000


def test_premium_is_paid_as_far_as_there_is_cash_and_comes_back_as_cover() -> None:
    """420 are owed and nothing lies in the pool, so 0 is paid; of 100 repaid that much; of 1,000 more the rest: 420 for the fund."""
    seat = new_seat(1_500, premium=WAD // 2, rate=10**9, deposit=8_000)
    seat.system.pass_time(10**8)
    for repaid, paid in ((0, 0), (100, 100), (1_000, 320), (1, 0)):
        if repaid:
            seat.act("repay", BORROWERS[0], repaid, BORROWERS[0])
        seat.act("pay_premium", OUTSIDER)
        assert seat.contract.events[-1] == ("PayPremium", paid)
    assert seat.contract.call("state")[5] == 0
    assert seat.system.fund.contract.total_assets() == FUND + 420


# A backstop that fails

# Mode of the mock: what counts of a loss of 4,000. It reverts, burns all gas, pays half, pays twice, calls the pool, answers 31 bytes, pays
# nothing and says it did, takes.
MODES = {0: 4_000, 1: 0, 2: 0, 3: 2_000, 4: 4_000, 5: 4_000, 6: 4_000, 7: 0, 8: 0}


def mocked(mode: int, **terms: int) -> Twins:
    """Two borrowers who owe 8,000 each on collateral that pays 4,000, behind a mock with tokens that behaves as said."""
    twins = Twins(replace(plain_world(**terms), price=10 * PRICE_SCALE, has_backstop=True))
    twins.act("deposit", LENDER, 20_000, LENDER)
    for borrower in BORROWERS[:2]:
        twins.act("supply_collateral", borrower, COLLATERAL, borrower)
        twins.act("borrow", borrower, DEBT, borrower, borrower)
    twins.set_prices(0, 4_200 * MILLI, 4_200 * MILLI)
    twins.fill_backstop(FUND)
    twins.set_backstop(mode)
    return twins


@pytest.mark.parametrize("mode", MODES)
def test_no_failing_backstop_blocks_a_sale(mode: int) -> None:
    """The buyer pays and gets the same; what arrived counts, at most the loss, and lenders bear the rest."""
    twins = mocked(mode)
    assert twins.act("liquidate", LIQUIDATOR, BORROWERS[0], MAX_UINT256, 0, LIQUIDATOR, b"") == ("ok", (4_000, 1_000))
    (parts,) = [event[2:] for event in twins.contract.events if event[0] == "LossRealised"]
    assert parts == (4_000, 0, MODES[mode], 4_000 - MODES[mode], 0)
    assert twins.contract.call("state")[0] == 20_000 - 4_000 + MODES[mode]


@pytest.mark.parametrize("mode", MODES)
def test_no_failing_backstop_blocks_many_sales(mode: int) -> None:
    """Each sale asks for its own loss, and each is done."""
    twins = mocked(mode)
    given = list(BORROWERS[:2])
    assert twins.act("liquidate_many", LIQUIDATOR, given, MAX_UINT256, 0, LIQUIDATOR, b"") == ("ok", (8_000, 2_000))
    parts = [event[2:] for event in twins.contract.events if event[0] == "LossRealised"]
    assert parts == [(4_000, 0, MODES[mode], 4_000 - MODES[mode], 0)] * 2
    assert twins.contract.call("state")[0] == 20_000 - 8_000 + 2 * MODES[mode]


def test_a_sale_goes_on_where_no_code_lies() -> None:
    """A backstop that is an account without code takes nothing and gives nothing."""
    chain = EmbeddedChain(timestamp=1_700_000_000)
    pool, _ = bare_pool(chain, "mocks/erc20_mock", OUTSIDER)
    assert pool.liquidate(LIQUIDATOR, BORROWERS[0], MAX_UINT256, 0, LIQUIDATOR, b"", chain.timestamp) == (4_000, 1_000)
    assert booked(pool) == (4_000, 0, 0, 4_000, 0)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_cover_finds_every_function_and_view_of_the_pool_closed(name: str) -> None:
    """The backstop calls back while it is asked: it is not let in, and the sale is as if it had not tried."""
    twins = mocked(5)
    data = twins.contract.calldata(name, *as_contract_takes(arguments_for(twins, name)))
    twins.backstop.transact(DEPLOYER, "set_call", twins.contract.address, data)
    assert twins.act("liquidate", LIQUIDATOR, BORROWERS[0], MAX_UINT256, 0, LIQUIDATOR, b"") == ("ok", (4_000, 1_000))
    assert (twins.backstop.call("is_called"), twins.backstop.call("is_let_in")) == (True, False)


def test_the_same_call_gets_through_where_no_sale_is_under_way() -> None:
    """What the lock refused above is a call that works: the mock asked by anybody else reads the pool's state."""
    twins = mocked(5)
    for name in ("state", "accrue", "totalAssets"):
        twins.backstop.transact(DEPLOYER, "set", 5, twins.asset.address)
        twins.backstop.transact(DEPLOYER, "set_call", twins.contract.address, twins.contract.calldata(name))
        twins.backstop.transact(OUTSIDER, "cover", 1)
        assert twins.backstop.call("is_let_in")


# A sale refused after its draw


def sale_with_a_draw() -> Seat:
    """A sale that would draw 1,500 of a loss of 4,000."""
    seat = new_seat(1_500, deposit=20_000)
    seat.set_prices(0, 4_200 * MILLI, 4_200 * MILLI)
    return seat


def assert_untouched(seat: Seat) -> None:
    """The fund has all it had, the pool has drawn nothing, and a buyer who pays still draws 1,500."""
    assert (drawn(seat), seat.system.fund.contract.total_assets()) == (0, FUND)
    assert seat.contract.call("state")[:3] == (20_000, 20_000 * 10**6, 8_000)
    assert losses(seat, BORROWERS[0]) == [(4_000, 0, 1_500, 2_500, 0)]
    assert (drawn(seat), seat.system.fund.contract.total_assets()) == (1_500, FUND - 1_500)


@pytest.mark.parametrize("name", ["liquidate", "liquidate_many"])
def test_a_buyer_who_cannot_pay_takes_the_draw_back(name: str) -> None:
    """The outsider has no tokens."""
    seat = sale_with_a_draw()
    borrower: Any = BORROWERS[0] if name == "liquidate" else [BORROWERS[0]]
    assert seat.act(name, OUTSIDER, borrower, MAX_UINT256, 0, OUTSIDER, b"") == ("refused", "erc20: allowance too low")
    assert seat.counts["draw: taken back"] == 1
    assert_untouched(seat)


@pytest.mark.parametrize("name", ["liquidate", "liquidate_many"])
def test_too_little_collateral_takes_the_draw_back(name: str) -> None:
    """1,000 units are there, 1,001 are wanted."""
    seat = sale_with_a_draw()
    borrower: Any = BORROWERS[0] if name == "liquidate" else [BORROWERS[0]]
    outcome = seat.act(name, LIQUIDATOR, borrower, MAX_UINT256, COLLATERAL + 1, LIQUIDATOR, b"")
    assert outcome == ("refused", "liquidation: too little is sold")
    assert seat.counts["draw: taken back"] == 1
    assert_untouched(seat)


def test_a_callback_that_reverts_takes_the_draw_back() -> None:
    """An account without code has no callback: the call reverts after the draw and after the collateral went out."""
    seat = sale_with_a_draw()
    assert seat.act("liquidate", LIQUIDATOR, BORROWERS[0], MAX_UINT256, 0, LIQUIDATOR, b"data") == ("refused", "")
    assert seat.counts["draw: taken back"] == 1
    assert_untouched(seat)


def test_a_callback_that_spends_the_payment_takes_the_draw_back() -> None:
    """The buyer gives all its money away in the callback, and the payment fails."""
    seat = sale_with_a_draw()
    buyer, held = seat.buyer.address, seat.asset_twin.balance_of(seat.buyer.address)
    data = seat.asset.calldata("transfer", OUTSIDER, held)
    seat.plan_callback(seat.asset.address, data, lambda: seat.asset_twin.transfer(buyer, OUTSIDER, held))
    outcome = seat.act("liquidate", buyer, BORROWERS[0], MAX_UINT256, 0, buyer, b"data")
    assert outcome == ("refused", "erc20: balance too low")
    assert seat.asset_twin.balance_of(buyer) == held
    assert_untouched(seat)


def test_what_the_fund_does_in_the_callback_is_seen_by_both() -> None:
    """The fund is open to the buyer while the pool is closed: the draw stands by then, so its shares already bear it."""
    seat = sale_with_a_draw()
    fund, buyer = seat.system.fund, seat.buyer.address
    seen: list[int] = []
    seat.plan_callback(fund.contract.address, fund.contract.calldata("totalAssets"), lambda: seen.append(fund.twin.total_assets()))
    assert seat.act("liquidate", buyer, BORROWERS[0], MAX_UINT256, 0, buyer, b"data")[0] == "ok"
    assert (seat.buyer.call("is_let_in"), seen) == (True, [FUND - 1_500])


# Too little gas

# What a sale with a draw takes lies between; finer where the pool begins to have enough.
GAS = [*range(24_000, 60_000, 1_999), *range(60_000, 400_000, 7_001), *range(400_000, 700_000, 997), *range(700_000, 3_000_000, 50_021)]


@pytest.mark.parametrize("name", ["liquidate", "liquidate_many"])
def test_no_gas_limit_starves_the_backstop(name: str) -> None:
    """On a machine that has touched nothing yet: with any gas the whole call fails, or the fund has paid what it owes, for each sale."""
    seat = new_seat(6_000, deposit=20_000, borrowers=2)
    seat.set_prices(0, 4_200 * MILLI, 4_200 * MILLI)
    borrower: Any = BORROWERS[0] if name == "liquidate" else list(BORROWERS[:2])
    due, left = (4_000, 20_000) if name == "liquidate" else (6_000, 18_000)
    data = seat.contract.calldata(name, borrower, MAX_UINT256, 0, LIQUIDATOR, b"")
    counts: Counter[str] = Counter()
    for gas in GAS:
        outcome, drawn_then, supply = with_gas(seat, data, gas)
        counts[outcome] += 1
        assert (drawn_then, supply) == ((due, left) if outcome == "sold" else (0, 20_000))
        assert outcome != "sold" or gas > 440_000, "less than the pool keeps for the fund"
    assert counts.keys() == {"sold", "pool: too little gas", "out of gas"}
    assert counts["sold"] > 150
    assert counts["pool: too little gas"] > 60
    assert counts["out of gas"] > 5


def with_gas(seat: Seat, data: bytes, gas: int) -> tuple[str, int, int]:
    """How a sale with so much gas ends on a copy of the chain ("sold", or why not), what the pool has drawn then, what lenders have."""
    chain = seat.chain.copy()
    outcome = "sold"
    try:
        chain._evm.message_call(LIQUIDATOR, seat.contract.address, data, gas=gas)
    except RuntimeError as failure:
        refusal = failure_of(str(failure))
        assert isinstance(refusal, Reverted)
        outcome = refusal.reason or "out of gas"
    fund = replace_chain(seat.system.fund.contract, chain)
    return outcome, fund.call("cover_of", seat.contract.address)[2], replace_chain(seat.contract, chain).call("state")[0]


# Reverts at once with less than 390,000 gas, which gives the rest back; else it sends its caller what is asked.
DEMANDING = "620{gas:05x}5a10603f5763a9059cbb60e01b5f523360045260043560245260205f60445f5f73{token}5af160205ff35b5f5ffd"


def test_no_gas_limit_starves_a_backstop_that_gives_up_early() -> None:
    """The worst case: what it does not use would be left to finish the sale with. With any gas the sale fails, or 4,000 are paid."""
    chain = EmbeddedChain(timestamp=1_700_000_000)
    asset, collateral = (Contract.create(chain, load("mocks/erc20_mock"), DEPLOYER, 18) for _ in range(2))
    code = bytes.fromhex(DEMANDING.format(gas=390_000, token=asset.address[2:]))
    backstop = chain.deploy(DEPLOYER, bytes.fromhex(f"61{len(code):04x}80600a3d393df3") + code)
    asset.transact(DEPLOYER, "mint", backstop, FUND)
    pool = pool_over(chain, asset, collateral, backstop)
    data = pool.calldata("liquidate", BORROWERS[0], MAX_UINT256, 0, LIQUIDATOR, b"")
    counts = {20_000: 0, 0: 0}
    for gas in GAS:
        cold = chain.copy()
        try:
            cold._evm.message_call(LIQUIDATOR, pool.address, data, gas=gas)
        except RuntimeError:
            counts[0] += 1
            continue
        counts[replace_chain(pool, cold).call("state")[0]] += 1
    assert min(counts.values()) > 60


def replace_chain(contract: Contract, chain: EmbeddedChain) -> Contract:
    """The same contract on another chain."""
    return Contract(chain, contract.address, contract.artifact)


def test_what_a_starved_backstop_would_have_cost() -> None:
    """Lenders would bear the 1,500 of the cover as well: 4,000 instead of 2,500. A backstop that is asked and fails shows it."""
    asked, starved = mocked(0), mocked(1)
    for twins in (asked, starved):
        twins.act("liquidate", LIQUIDATOR, BORROWERS[0], MAX_UINT256, 0, LIQUIDATOR, b"")
    assert asked.contract.call("state")[0] - starved.contract.call("state")[0] == 4_000


def test_one_that_burns_its_gas_costs_a_sale_no_more_than_that() -> None:
    """The pool gives it 400,000; the whole sale is done with 800,000."""
    twins = mocked(2)
    data = twins.contract.calldata("liquidate", BORROWERS[0], MAX_UINT256, 0, LIQUIDATOR, b"")
    chain = twins.chain.copy()
    chain._evm.message_call(LIQUIDATOR, twins.contract.address, data, gas=800_000)
    assert replace_chain(twins.contract, chain).call("position", BORROWERS[0]) == (0, 0, 0)


# Tokens that misbehave between fund and pool


def bare_pool(chain: EmbeddedChain, token: str, backstop: str) -> tuple[PoolContract, Contract]:
    """A pool over a token of that kind behind that backstop; one borrower owes 8,000 on collateral that pays 4,000."""
    asset, collateral = (Contract.create(chain, load(name), DEPLOYER, 18) for name in (token, "mocks/erc20_mock"))
    return pool_over(chain, asset, collateral, backstop), asset


def pool_over(chain: EmbeddedChain, asset: Contract, collateral: Contract, backstop: str) -> PoolContract:
    """The same, over these tokens."""
    oracle = Contract.create(chain, load("mocks/oracle_mock"), DEPLOYER)
    rate = Contract.create(chain, load("FixedRate"), DEPLOYER, 0)
    numbers = plain_world().terms
    named = (asset.address, collateral.address, oracle.address, rate.address, backstop, ZERO_ADDRESS)
    pool = deploy_pool(chain, Terms(*named, *(numbers[name] for name in NUMBERS)))
    for owner in (LENDER, BORROWERS[0], LIQUIDATOR):
        for token in (asset, collateral):
            token.transact(DEPLOYER, "mint", owner, 10**6)
            token.transact(owner, "approve", pool.address, MAX_UINT256)
    oracle.transact(DEPLOYER, "set", 0, 10 * PRICE_SCALE, 10 * PRICE_SCALE)
    pool.deposit(LENDER, 20_000, LENDER, chain.timestamp)
    pool.supply_collateral(BORROWERS[0], COLLATERAL, BORROWERS[0], chain.timestamp)
    pool.borrow(BORROWERS[0], DEBT, BORROWERS[0], BORROWERS[0], chain.timestamp)
    oracle.transact(DEPLOYER, "set", 0, 4_200 * MILLI, 4_200 * MILLI)
    return pool


def booked(pool: PoolContract) -> tuple[int, ...]:
    """The parts of the one loss of the last transaction."""
    (parts,) = [event[2:] for event in pool.events if event[0] == "LossRealised"]
    return tuple(parts)


def covered(token: str) -> tuple[PoolContract, Contract, Any]:
    """A pool over a token that can misbehave, behind a real fund with a cover of 1,500."""
    chain = EmbeddedChain(timestamp=1_700_000_000)
    asset, collateral = (Contract.create(chain, load(name), DEPLOYER, 18) for name in (token, "mocks/erc20_mock"))
    fund = deploy_backstop(chain, asset.address, DAY, creator=CREATOR)
    pool = pool_over(chain, asset, collateral, fund.address)
    fund.set_cover(CREATOR, pool.address, 1_500, WAD)
    fund.seal(CREATOR)
    asset.transact(DEPLOYER, "mint", UNDERWRITER, FUND)
    asset.transact(UNDERWRITER, "approve", fund.address, MAX_UINT256)
    fund.deposit(UNDERWRITER, FUND, UNDERWRITER)
    return pool, asset, fund


def test_a_token_with_a_fee_stops_the_sale_as_it_stops_every_payment() -> None:
    """The payment of 4,000 arrives short, so nothing is sold, and the fund has paid nothing."""
    pool, asset, fund = covered("mocks/odd_erc20_mock")
    asset.transact(DEPLOYER, "set", FEE)
    with pytest.raises(Revert, match="transfer: too little arrived"):
        pool.liquidate(LIQUIDATOR, BORROWERS[0], MAX_UINT256, 0, LIQUIDATOR, b"", pool.chain.timestamp)
    assert fund.cover_of(pool.address)[2] == 0


def buyer_that_mends(pool: PoolContract, asset: Contract) -> Contract:
    """A buyer with tokens whose callback makes the asset behave, so that only the draw met what it did."""
    buyer = Contract.create(pool.chain, load("mocks/reenter_mock"), DEPLOYER)
    asset.transact(DEPLOYER, "mint", buyer.address, 10**6)
    buyer.transact(DEPLOYER, "approve", asset.address, pool.address)
    buyer.transact(DEPLOYER, "set", asset.address, asset.calldata("set", 0))
    return buyer


def test_a_fee_on_the_draw_is_borne_by_lenders() -> None:
    """Of 1,500 sent 1,485 arrive: so much counts, the fund has drawn 1,500, and the pool holds its cash to the unit."""
    pool, asset, fund = covered("mocks/odd_erc20_mock")
    buyer = buyer_that_mends(pool, asset)
    asset.transact(DEPLOYER, "set", FEE)
    assert buyer.transact(LIQUIDATOR, "buy", pool.address, BORROWERS[0], MAX_UINT256) == (4_000, 1_000)
    assert booked(pool) == (4_000, 0, 1_485, 2_515, 0)
    assert (fund.cover_of(pool.address)[2], pool.state(pool.chain.timestamp)[0]) == (1_500, 17_485)
    assert asset.call("balanceOf", pool.address) == 17_485


def test_a_draw_that_a_token_refuses_is_no_draw() -> None:
    """A token that lets nothing into the pool (a blocked account): the fund fails whole, its cover stays, and lenders bear the loss."""
    pool, asset, fund = covered("mocks/odd_erc20_mock")
    buyer = buyer_that_mends(pool, asset)
    asset.transact(DEPLOYER, "set", FAILING)
    assert buyer.transact(LIQUIDATOR, "buy", pool.address, BORROWERS[0], MAX_UINT256) == (4_000, 1_000)
    assert booked(pool) == (4_000, 0, 0, 4_000, 0)
    assert (fund.cover_of(pool.address)[2], fund.total_assets()) == (0, FUND)
    assert asset.call("balanceOf", pool.address) == pool.state(pool.chain.timestamp)[0] == 16_000
