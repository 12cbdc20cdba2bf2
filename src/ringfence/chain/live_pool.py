"""A pool on a real chain: recognised, summed up at one block, and what an act on it would take, step by step."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TypeVar

from ringfence.chain.abi import function_of
from ringfence.chain.artifacts import load
from ringfence.chain.backstop import BackstopContract
from ringfence.chain.collaborators import OracleContract, RateContract, TokenContract
from ringfence.chain.deployment import is_of
from ringfence.chain.errors import ChainError, NodeError, NotSent, Reverted
from ringfence.chain.factory import terms_id
from ringfence.chain.journal import Journal
from ringfence.chain.pool import PoolContract
from ringfence.chain.rpc import BlockView, Node
from ringfence.chain.sender import Step
from ringfence.inputs.bounds import shown_decimal
from ringfence.inputs.decimals import exact_scaled
from ringfence.inputs.errors import InputError, NotExact, printable
from ringfence.inputs.pool_file import TRANSFER_LIMIT
from ringfence.inputs.pool_summary import STATE, Account, Cover, PoolSummary, Token
from ringfence.inputs.times import duration, moment
from ringfence.model.terms import MAX_UINT256, ZERO_ADDRESS, Terms

T = TypeVar("T")
ALL = "all"
ROOM = 1000
"""A thousandth of a debt: more interest than an hour can bring at the highest rate, 800 % a year."""
MAX_SYMBOL = 24


@dataclass(frozen=True, slots=True)
class Opened:
    """A pool that was recognised, its terms and its tokens, at one block."""

    view: BlockView
    pool: PoolContract
    terms: Terms
    asset: Token
    collateral: Token

    @property
    def now(self) -> int:
        """Time of the block, in seconds."""
        return self.view.timestamp

    def token(self, token: Token) -> TokenContract:
        """One of its tokens, to be asked."""
        return TokenContract(self.view, token.address, load("mocks/erc20_mock"))


@dataclass(frozen=True, slots=True)
class Act:
    """What would be sent, in order, and what it comes to in sentences; `is_tried` if the last step was run on the node and went well."""

    what: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    is_tried: bool


def open_pool(view: BlockView, address: str) -> Opened:
    """Recognise the pool at an address by its code; raises InputError for anything else."""
    code = view.code(address)
    if not code:
        raise InputError("ADDRESS", f"{address} has no code on this chain", remedy="check the address and the chain")
    if not is_of(code, "Pool"):
        raise InputError("ADDRESS", f"{address} is not a Ringfence pool of this version", remedy="nothing is known of what it would do")
    pool = PoolContract(view, address, load("Pool"))
    terms = pool.terms()
    decimals = int(pool.call("decimals")) - 6
    return Opened(view, pool, terms, token_of(view, terms.asset, decimals), token_of(view, terms.collateral, None))


def token_of(view: BlockView, address: str, decimals: int | None) -> Token:
    """A token as it describes itself; raises InputError if its decimals are not to be had."""
    try:
        known = TokenContract(view, address, load("mocks/erc20_mock")).decimals if decimals is None else decimals
    except NodeError:
        raise
    except ChainError as err:
        raise InputError("ADDRESS", f"the token {address} does not say how many decimals it has") from err
    return Token(address, _symbol(view, address), known)


def _symbol(view: BlockView, address: str) -> str:
    function = function_of({"name": "symbol", "inputs": [], "outputs": [{"type": "string"}]})
    try:
        return printable(str(function.decode(view.call(address, function.encode(())))), MAX_SYMBOL)
    except NodeError:
        raise
    except ChainError:
        return ""


# What is there


def summary(opened: Opened, account: str | None) -> PoolSummary:
    """Everything about a pool that a person asks first, and about one account in it."""
    view, pool, terms = opened.view, opened.pool, opened.terms
    state = dict(zip(STATE, pool.state(opened.now), strict=False))
    oracle = OracleContract(view, terms.oracle, load("mocks/oracle_mock"))
    model = RateContract(view, terms.rate_model, load("mocks/rate_mock"))
    return PoolSummary(
        chain_id=view.node.chain_id(),
        block=view.block.number,
        timestamp=view.timestamp,
        address=pool.address,
        name=printable(str(pool.call("name")), 64),
        symbol=printable(str(pool.call("symbol")), MAX_SYMBOL),
        pool_id="0x" + terms_id(terms).hex(),
        asset=opened.asset,
        collateral=opened.collateral,
        terms={field.name: getattr(terms, field.name) for field in fields(Terms)},
        state=state,
        prices=_or_none(oracle.prices),
        rate=_or_none(lambda: model.rate(pool.address, state["debt_assets"], state["supply_assets"], 1)),
        account=None if account is None else _account(opened, account),
        cover=None if terms.backstop == ZERO_ADDRESS else _or_none(lambda: _cover(opened)),
    )


def _cover(opened: Opened) -> Cover:
    fund = BackstopContract(opened.view, opened.terms.backstop, load("Backstop"))
    max_assets, max_share, drawn = fund.cover_of(opened.pool.address)
    return Cover(max_assets, max_share, drawn, fund.cover_left(opened.pool.address), fund.is_sealed)


def _account(opened: Opened, address: str) -> Account:
    pool, now = opened.pool, opened.now
    lender_shares = pool.balance_of(address)
    collateral, debt_shares, since = pool.position(address)
    return Account(
        address=address,
        lender_shares=lender_shares,
        lent_assets=pool.convert_to_assets(lender_shares, now),
        withdrawable_assets=pool.max_withdraw(address, now),
        locked_until=pool.locked_until(address),
        collateral=collateral,
        debt=pool.debt_of(address, now),
        unhealthy_since=since,
        health=_or_none(lambda: pool.health(address, now)) if debt_shares else None,
    )


def _or_none(ask: Callable[[], T]) -> T | None:
    """The answer of a contract that may fail without the pool failing."""
    try:
        return ask()
    except NodeError:
        raise
    except ChainError:
        return None


# What would be done


def act(opened: Opened, account: str, name: str, amount: str) -> Act:
    """The steps of `deposit`, `withdraw`, `borrow`, `repay`, `supply-collateral` or `withdraw-collateral`; amounts in whole tokens.

    Raises InputError for an amount that is none, NotSent with the reason for what cannot go well, Reverted with the pool's.
    """
    return _ACTS[name](opened, account, amount)


def _deposit(opened: Opened, account: str, amount: str) -> Act:
    assets = _units(amount, opened.asset)
    most = opened.pool.max_deposit(account, opened.now)
    if assets > most:
        raise NotSent(f"the pool takes {shown(most, opened.asset)} more, not {shown(assets, opened.asset)}")
    minted = opened.pool.preview_deposit(assets, opened.now)
    notes = [f"lends {shown(assets, opened.asset)} for {_shares(minted, opened)}"]
    if opened.terms.lockup:
        notes.append(f"locked for {duration(opened.terms.lockup)} from then on, with everything lent before: not to be taken out or moved")
    return _paid(opened, account, opened.asset, assets, assets, "deposit", (assets, account), notes)


def _withdraw(opened: Opened, account: str, amount: str) -> Act:
    pool, now = opened.pool, opened.now
    owned = pool.balance_of(account)
    most = pool.max_withdraw(account, now)
    if owned == 0:
        raise NotSent(f"{account} has lent nothing to this pool")
    if (until := pool.locked_until(account)) > now:
        lent = shown(pool.convert_to_assets(owned, now), opened.asset)
        raise NotSent(f"{lent} lent by {account} are locked until {moment(until)}, {duration(opened.terms.lockup)} after its last deposit")
    if amount == ALL:
        shares = pool.max_redeem(account, now)
        if shares == 0:
            raise NotSent("nothing can be withdrawn now: the pool has no cash, or the shares are worth nothing")
        notes = [f"takes out {shown(pool.preview_redeem(shares, now), opened.asset)} for {_shares(shares, opened)}"]
        if shares < owned:
            notes.append(f"{_shares(owned - shares, opened)} stay: the pool's cash allows no more now")
        return _tried(opened, account, "redeem", (shares, account, account), "withdraw", notes)
    assets = _units(amount, opened.asset)
    if assets > most:
        worth = pool.convert_to_assets(owned, now)
        why = "" if most >= worth else ": the pool's cash allows no more"
        raise NotSent(f"{shown(most, opened.asset)} can be withdrawn now, of {shown(worth, opened.asset)} lent{why}")
    notes = [f"takes out {shown(assets, opened.asset)} for {_shares(pool.preview_withdraw(assets, now), opened)}"]
    return _tried(opened, account, "withdraw", (assets, account, account), "withdraw", notes)


def _borrow(opened: Opened, account: str, amount: str) -> Act:
    assets = _units(amount, opened.asset)
    owed = opened.pool.debt_of(account, opened.now)
    notes = [f"borrows {shown(assets, opened.asset)}; the debt is then about {shown(owed + assets, opened.asset)}"]
    return _tried(opened, account, "borrow", (assets, account, account), "borrow", notes)


def _repay(opened: Opened, account: str, amount: str) -> Act:
    owed = opened.pool.debt_of(account, opened.now)
    if owed == 0:
        raise NotSent(f"{account} owes this pool nothing")
    if amount != ALL:
        assets = min(_units(amount, opened.asset), owed)
        notes = [f"repays {shown(assets, opened.asset)} of {shown(owed, opened.asset)}"]
        return _paid(opened, account, opened.asset, assets, assets, "repay", (assets, account), notes)
    room = owed + owed // ROOM + 1
    notes = [
        f"repays all, {shown(owed, opened.asset)} now, with what interest adds until it is done; a thousandth more is approved for that"
    ]
    return _paid(opened, account, opened.asset, owed, room, "repay", (MAX_UINT256, account), notes)


def _supply_collateral(opened: Opened, account: str, amount: str) -> Act:
    units = _units(amount, opened.collateral)
    notes = [f"adds {shown(units, opened.collateral)} of collateral"]
    return _paid(opened, account, opened.collateral, units, units, "supply_collateral", (units, account), notes)


def _withdraw_collateral(opened: Opened, account: str, amount: str) -> Act:
    held, _, _ = opened.pool.position(account)
    if held == 0:
        raise NotSent(f"{account} has no collateral in this pool")
    units = held if amount == ALL else _units(amount, opened.collateral)
    if units > held:
        raise NotSent(f"{account} has {shown(held, opened.collateral)} of collateral in this pool")
    notes = [f"takes out {shown(units, opened.collateral)} of collateral; {shown(held - units, opened.collateral)} stay"]
    return _tried(opened, account, "withdraw_collateral", (units, account, account), "withdraw-collateral", notes)


_ACTS: dict[str, Callable[[Opened, str, str], Act]] = {
    "deposit": _deposit,
    "withdraw": _withdraw,
    "borrow": _borrow,
    "repay": _repay,
    "supply-collateral": _supply_collateral,
    "withdraw-collateral": _withdraw_collateral,
}


def _paid(
    opened: Opened,
    account: str,
    token: Token,
    needed: int,
    approved: int,
    function: str,
    arguments: tuple[int | str, ...],
    notes: list[str],
) -> Act:
    """An act for which the pool takes tokens: approved exactly, if they are not yet."""
    contract, pool = opened.token(token), opened.pool.address
    balance = contract.balance_of(account)
    if balance < needed:
        raise NotSent(f"{account} has {shown(balance, token)}, {shown(needed, token)} are needed")
    allowed = contract.allowance(account, pool)
    if allowed >= approved:
        return _tried(opened, account, function, arguments, function.replace("_", "-"), notes)
    # Some tokens only let a permission of 0 be changed.
    amounts = [0, approved] if allowed else [approved]
    steps = [Step(f"approve {shown(each, token)} to the pool", token.address, contract.calldata("approve", pool, each)) for each in amounts]
    last = Step(f"{function.replace('_', '-')}", pool, opened.pool.calldata(function, *arguments))
    notes.append(f"the token is {token.address}; the pool may take exactly what is approved")
    notes.append("the act itself can only be tried when that is done")
    return Act(function, (*steps, last), tuple(notes), False)


def _tried(opened: Opened, account: str, function: str, arguments: tuple[int | str, ...], what: str, notes: list[str]) -> Act:
    data = opened.pool.calldata(function, *arguments)
    opened.view.node.call(opened.pool.address, data, sender=account, which=opened.view.block.number)
    return Act(what, (Step(what, opened.pool.address, data),), tuple(notes), True)


def _units(text: str, token: Token) -> int:
    try:
        units = exact_scaled(text, token.decimals, TRANSFER_LIMIT)
    except NotExact as err:
        raise InputError("AMOUNT", str(err), remedy=f"write whole tokens, with at most {token.decimals} digits after the point") from err
    if units == 0:
        raise InputError("AMOUNT", "is 0")
    return units


def shown(units: int, token: Token) -> str:
    """An amount in whole tokens, exact, with the token's name for itself."""
    return f"{shown_decimal(units, token.decimals)} {token.symbol or 'tokens'}"


def _shares(units: int, opened: Opened) -> str:
    """Lender shares, whole ones: they have six decimals more than the asset."""
    return f"{shown_decimal(units, opened.asset.decimals + 6)} lender shares"


def settle(journal: Journal, node: Node) -> list[str]:
    """What became of transactions that earlier runs sent without seeing their end; a sentence for each that has happened since."""
    told = []
    for sent in journal.of("sent"):
        if journal.of("mined", nonce=sent["nonce"]):
            continue
        receipt = node.receipt(str(sent["hash"]))
        if receipt is not None:
            ending = "succeeded" if receipt.succeeded else "failed"
            journal.write(kind="mined", nonce=sent["nonce"], hash=receipt.hash, succeeded=receipt.succeeded, block=receipt.block)
            told.append(f"{sent['what']} ({receipt.hash}) {ending} in block {receipt.block}")
    return told


def refused(err: Reverted) -> str:
    """Why a contract refuses, in a sentence."""
    return str(err) or "without a reason (an amount or a permission that is too small, most likely)"
