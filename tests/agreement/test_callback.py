"""A buyer with data is called back between the collateral and the payment, and finds the pool closed: on both sides alike."""

from collections.abc import Callable
from typing import Any

import pytest

from ringfence.chain.artifacts import load
from ringfence.model.errors import Revert
from ringfence.model.permits import Message, Signature
from ringfence.model.terms import MAX_UINT256
from tests.agreement.twins import BORROWERS, LENDERS, LIQUIDATOR, OUTSIDER, Twins, as_contract_takes
from tests.agreement.worlds import plain_world

FUNCTIONS = {entry["name"]: entry for entry in load("Pool").abi if entry["type"] == "function"}
# The vault's labels, which the model does not have, and what it calls differently.
LABELS = ("name", "symbol", "decimals", "asset", "DOMAIN_SEPARATOR")
OTHERWISE = {
    "transferFrom": "transfer_from",
    "balanceOf": "balance_of",
    "totalSupply": "total_supply",
    "totalAssets": "total_assets",
    "convertToShares": "convert_to_shares",
    "convertToAssets": "convert_to_assets",
    "previewDeposit": "preview_deposit",
    "previewMint": "preview_mint",
    "previewWithdraw": "preview_withdraw",
    "previewRedeem": "preview_redeem",
    "maxDeposit": "max_deposit",
    "maxMint": "max_mint",
    "maxWithdraw": "max_withdraw",
    "maxRedeem": "max_redeem",
}
# Calls and views of the model that take no time.
TIMELESS = ("approve", "set_operator", "terms", "position", "is_operator", "locked_until", "nonces", "balanceOf", "allowance")


@pytest.fixture
def twins() -> Twins:
    """A pool in which every borrower owes 1,500 against one collateral token now worth 1,600, and the buyer lends too."""
    both = Twins(plain_world(penalty=10**16))
    both.act("deposit", LENDERS[0], 10**22, LENDERS[0])
    both.act("deposit", both.buyer.address, 10**21, both.buyer.address)
    for borrower in BORROWERS:
        both.act("supply_collateral", borrower, 10**18, borrower)
        both.act("borrow", borrower, 1_500 * 10**18, borrower, borrower)
    both.act("set_operator", BORROWERS[1], both.buyer.address, True)
    both.set_prices(0, 1_600 * 10**36, 1_600 * 10**36)
    return both


def arguments_for(twins: Twins, name: str) -> tuple[Any, ...]:
    """Arguments with which the call would succeed if the pool were open: a refusal can only be the lock's."""
    buyer, borrower, other = twins.buyer.address, BORROWERS[1], LIQUIDATOR
    special: dict[str, tuple[Any, ...]] = {
        "supply_collateral": (1, borrower),
        "withdraw": (1, buyer, buyer),
        "redeem": (10**6, buyer, buyer),
        "withdraw_collateral": (1, buyer, buyer),
        "borrow": (1, buyer, borrower),
        "repay": (1, borrower),
        "liquidate": (borrower, MAX_UINT256, 0, buyer, b""),
        "liquidate_many": ([borrower], MAX_UINT256, 0, buyer, b""),
        "set_operator": (other, True),
        "transferFrom": (buyer, other, 0),
        "permit": _permit(twins, "Permit", borrower, other, 1),
        "permit_operator": _permit(twins, "OperatorPermit", borrower, other, True),
        "quote_liquidation": (borrower, MAX_UINT256),
    }
    if name in special:
        return special[name]
    by_type = {"uint256": 10**18, "address": borrower}
    return tuple(by_type[item["type"]] for item in FUNCTIONS[name]["inputs"])


def _permit(twins: Twins, kind: str, owner: str, other: str, granted: int) -> tuple[Any, ...]:
    message = Message(twins.pool.address, kind, owner, other, int(granted), twins.pool.nonces(owner), MAX_UINT256)
    return owner, other, granted, MAX_UINT256, Signature(owner, message)


def ask_model(twins: Twins, name: str, arguments: tuple[Any, ...]) -> Callable[[], Any]:
    """The same call on the model, as a callback would make it."""
    method = getattr(twins.pool, OTHERWISE.get(name, name))
    caller = (twins.buyer.address,) if FUNCTIONS[name]["stateMutability"] == "nonpayable" else ()
    time = () if name in TIMELESS else (twins.now,)
    return lambda: method(*caller, *arguments, *time)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_callback_finds_every_function_and_view_closed(twins: Twins, name: str) -> None:
    """No call into the pool gets through, and the sale itself goes on as if it had not been tried."""
    arguments = arguments_for(twins, name)
    calldata = twins.contract.calldata(name, *as_contract_takes(arguments))
    on_model = _refused if name in LABELS else ask_model(twins, name, arguments)
    twins.plan_callback(twins.contract.address, calldata, on_model)
    outcome = twins.act("liquidate", twins.buyer.address, BORROWERS[0], MAX_UINT256, 0, twins.buyer.address, b"data")
    assert outcome[0] == "ok"
    assert (twins.buyer_twin.is_called, twins.buyer_twin.is_let_in) == (True, False)
    assert (twins.buyer.call("is_called"), twins.buyer.call("is_let_in")) == (True, False)


def _refused() -> None:
    raise Revert("")


# Healthy positions cannot be flagged, and unhealthy ones can do nothing that needs health: these are refused while open, too.
REFUSED_WHEN_OPEN = {"unflag", "borrow", "withdraw_collateral"}


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - REFUSED_WHEN_OPEN))
def test_the_same_call_succeeds_while_the_pool_is_open(twins: Twins, name: str) -> None:
    """What the callback could not do is refused by the lock alone: outside a sale the very same call is accepted."""
    arguments = arguments_for(twins, name)
    if FUNCTIONS[name]["stateMutability"] == "nonpayable":
        assert twins.act(name, twins.buyer.address, *arguments)[0] == "ok"
    else:
        twins.contract.call(name, *arguments)


@pytest.mark.parametrize("name", ["liquidate", "liquidate_many"])
def test_collateral_is_there_before_the_payment_is_taken(twins: Twins, name: str) -> None:
    """In the callback the buyer can pass on what it bought, and still owes the payment, which it gets only there."""
    buyer = twins.buyer.address
    quote = twins.pool.quote_liquidation(BORROWERS[0], MAX_UINT256, twins.now)
    payment, collateral = quote[:2]
    # The buyer gives away all its money first; in the callback it is paid for what it passes on.
    twins.buyer.transact(LIQUIDATOR, "forward", twins.asset.address, twins.asset.calldata("transfer", OUTSIDER, _money(twins)))
    twins.asset_twin.transfer(buyer, OUTSIDER, _money(twins))
    borrowers = [BORROWERS[0]] if name == "liquidate_many" else BORROWERS[0]
    assert twins.act(name, buyer, borrowers, MAX_UINT256, 0, buyer, b"data") == ("refused", "erc20: balance too low")

    held = twins.collateral_twin.balance_of(buyer)
    calldata = twins.collateral.calldata("transfer", LIQUIDATOR, held + collateral)
    twins.plan_callback(twins.collateral.address, calldata, lambda: twins.collateral_twin.transfer(buyer, LIQUIDATOR, held + collateral))
    assert twins.act(name, buyer, borrowers, MAX_UINT256, 0, buyer, b"data") == ("refused", "erc20: balance too low")

    calldata = twins.asset.calldata("mint", buyer, payment)
    twins.plan_callback(twins.asset.address, calldata, lambda: twins.asset_twin.mint(buyer, payment))
    assert twins.act(name, buyer, borrowers, MAX_UINT256, 0, buyer, b"data") == ("ok", (payment, collateral))
    assert _money(twins) == 0


def _money(twins: Twins) -> int:
    return twins.asset_twin.balance_of(twins.buyer.address)


@pytest.mark.parametrize("data", [b"\x00", b"go", bytes(1024)])
def test_an_account_without_code_cannot_be_called_back(twins: Twins, data: bytes) -> None:
    """A liquidator that is no contract and passes data is refused, without a text."""
    assert twins.act("liquidate", LIQUIDATOR, BORROWERS[0], MAX_UINT256, 0, LIQUIDATOR, data) == ("refused", "")
    assert twins.act("liquidate_many", LIQUIDATOR, [BORROWERS[0]], MAX_UINT256, 0, LIQUIDATOR, data) == ("refused", "")


def test_nothing_sold_is_no_callback(twins: Twins) -> None:
    """liquidate_many that sells nobody calls nobody back."""
    twins.set_prices(0, 2_000 * 10**36, 2_000 * 10**36)
    twins.plan_callback(twins.contract.address, twins.contract.calldata("accrue"), ask_model(twins, "accrue", ()))
    assert twins.act("liquidate_many", twins.buyer.address, list(BORROWERS), MAX_UINT256, 0, twins.buyer.address, b"data") == ("ok", (0, 0))
    assert not twins.buyer.call("is_called")


def test_a_list_of_256_names_is_sold_once_each(twins: Twins) -> None:
    """The longest list, every borrower in it 51 times: what is sold is no longer there to sell."""
    borrowers = [*BORROWERS * 51, OUTSIDER]
    assert len(borrowers) == 256
    status, (payment, collateral) = twins.act("liquidate_many", LIQUIDATOR, borrowers, MAX_UINT256, 0, LIQUIDATOR, b"")
    assert status == "ok"
    assert collateral <= len(BORROWERS) * 10**18
    assert payment > 0
