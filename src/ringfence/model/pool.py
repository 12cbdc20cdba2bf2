"""An isolated lending pool in exact integers: every call, view, event and refusal of contracts/Pool.vy, its twin.

State-changing calls take the caller first and the block's timestamp (seconds) last; amounts are base units. A refused call raises Revert
with the contract's text and leaves the pool as it was. Where a position is sold, and at what price, stands in liquidation.py.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from . import interest, limits, liquidation, shares
from .erc20 import Event, Ledger, Undo
from .errors import Revert
from .liquidation import Position, Sale
from .rounding import div_down
from .shares import Totals
from .terms import MAX_UINT128, MAX_UINT256, WAD, ZERO_ADDRESS, Terms

P = ParamSpec("P")
R = TypeVar("R")

# What is left of a position's storage word beside its collateral and one bit that says whether its clock runs.
MAX_DEBT_SHARES = 2**127 - 1
NOTHING = Position(0, 0)


class Oracle(Protocol):
    """Two-sided prices: asset base units per collateral base unit, times 1e36."""

    def prices(self) -> tuple[int, int]:
        """Return (low, high), or raise Revert."""
        ...


class RateModel(Protocol):
    """Borrow rates in WAD per second; may raise Revert, which counts as 0."""

    def rate(self, pool: str, debt_assets: int, supply_assets: int, elapsed: int) -> int:
        """Return the rate for a pool."""
        ...

    def update(self, caller: str, debt_assets: int, supply_assets: int, elapsed: int) -> int:
        """Return the rate for the calling pool, remembering what must be remembered."""
        ...


def call(method: "Callable[Concatenate[Pool, P], R]") -> "Callable[Concatenate[Pool, P], R]":
    """Make a method one transaction: closed while another one runs, and taken back whole when it is refused."""

    @wraps(method)
    def transaction(self: "Pool", /, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._is_entered:
            raise Revert("")
        self._is_entered = True
        totals, logged = self._totals, len(self.events)
        try:
            result = method(self, *args, **kwargs)
        except BaseException:
            self._totals = totals
            del self.events[logged:]
            self._take_back()
            self._undo.clear()
            self._is_entered = False
            raise
        self._undo.clear()
        self._is_entered = False
        return result

    return transaction


class Pool:
    """One pool: terms that never change, totals, positions, lender shares; `events` grows until its reader clears it.

    `callbacks` maps a liquidator to what runs when it passes data; one that is missing reverts, as a call to an account without code does.
    Raises Revert when the terms break a bound.
    """

    def __init__(
        self,
        terms: Terms,
        *,
        asset: Ledger,
        collateral: Ledger,
        oracle: Oracle,
        rate_model: RateModel,
        now: int,
        address: str = "pool",
    ) -> None:
        limits.check(terms)
        self._terms = terms
        self._asset = asset
        self._collateral = collateral
        self._oracle = oracle
        self._rate_model = rate_model
        self.address = address
        self.events: list[Event] = []
        self.callbacks: dict[str, Callable[[int, bytes], None]] = {}
        self._undo: Undo = []
        self._is_entered = False
        self._shares = Ledger(self.events, self._undo)
        self._totals = Totals(0, 0, 0, 0, 0, 0, now, 0)
        self._positions: dict[str, Position] = {}
        self._operators: dict[tuple[str, str], bool] = {}

    # Lenders: an ERC-4626 vault

    @call
    def deposit(self, caller: str, assets: int, receiver: str, now: int) -> int:
        """Lend assets; return the lender shares minted (down)."""
        totals = self._accrue(now)
        minted = shares.lender_shares_down(assets, totals.supply_assets, totals.supply_shares)
        self._deposit(totals, caller, assets, minted, receiver)
        return minted

    @call
    def mint(self, caller: str, amount: int, receiver: str, now: int) -> int:
        """Lend for an amount of lender shares; return the assets paid (up)."""
        totals = self._accrue(now)
        assets = shares.lender_assets_up(amount, totals.supply_assets, totals.supply_shares)
        self._deposit(totals, caller, assets, amount, receiver)
        return assets

    @call
    def withdraw(self, caller: str, assets: int, receiver: str, owner: str, now: int) -> int:
        """Take assets out; return the lender shares burnt (up)."""
        totals = self._accrue(now)
        burnt = shares.lender_shares_up(assets, totals.supply_assets, totals.supply_shares)
        self._withdraw(totals, caller, assets, burnt, receiver, owner)
        return burnt

    @call
    def redeem(self, caller: str, amount: int, receiver: str, owner: str, now: int) -> int:
        """Burn an amount of lender shares; return the assets paid out (down)."""
        totals = self._accrue(now)
        assets = shares.lender_assets_down(amount, totals.supply_assets, totals.supply_shares)
        self._withdraw(totals, caller, assets, amount, receiver, owner)
        return assets

    @call
    def add_to_reserve(self, caller: str, assets: int, now: int) -> None:
        """Give assets to the reserve: no shares, not refundable."""
        totals = self._accrue(now)
        _check_amount(assets)
        self._totals = totals._replace(reserve_assets=totals.reserve_assets + assets)
        self.events.append(("AddToReserve", caller, assets))
        self._pull(self._asset, caller, assets)

    @call
    def transfer(self, caller: str, receiver: str, amount: int) -> bool:
        """Move lender shares."""
        return self._shares.transfer(caller, receiver, amount)

    @call
    def transfer_from(self, caller: str, owner: str, receiver: str, amount: int) -> bool:
        """Move the owner's lender shares, as far as the caller is allowed."""
        return self._shares.transfer_from(caller, owner, receiver, amount)

    @call
    def approve(self, caller: str, spender: str, amount: int) -> bool:
        """Let the spender move up to an amount of the caller's lender shares."""
        return self._shares.approve(caller, spender, amount)

    # Borrowers

    @call
    def supply_collateral(self, caller: str, amount: int, on_behalf: str, now: int) -> None:
        """Add collateral to a position."""
        totals = self._accrue(now)
        _check_amount(amount)
        _check_account(on_behalf)
        held = self._positions.get(on_behalf, NOTHING)
        if held.collateral + amount > MAX_UINT128:
            raise Revert("pool: over 128 bits")
        position = Position(held.collateral + amount, held.debt_shares, held.unhealthy_since)
        self._totals = totals
        self._store_position(on_behalf, position, self._since_after_payment(totals, position))
        self.events.append(("SupplyCollateral", caller, on_behalf, amount))
        self._pull(self._collateral, caller, amount)

    @call
    def withdraw_collateral(self, caller: str, amount: int, receiver: str, on_behalf: str, now: int) -> None:
        """Take collateral out of a position that stays within max_ltv at the low price."""
        totals = self._accrue(now)
        _check_amount(amount)
        _check_account(receiver)
        self._check_operator(caller, on_behalf)
        held = self._positions.get(on_behalf, NOTHING)
        if amount > held.collateral:
            raise Revert("pool: not enough collateral")
        position = Position(held.collateral - amount, held.debt_shares, held.unhealthy_since)
        if position.debt_shares > 0:
            self._check_new_risk(totals, position)
        self._totals = totals
        self._store_position(on_behalf, position, 0)
        self.events.append(("WithdrawCollateral", caller, on_behalf, receiver, amount))
        self._push(self._collateral, receiver, amount)

    @call
    def borrow(self, caller: str, assets: int, receiver: str, on_behalf: str, now: int) -> int:
        """Borrow assets; return the debt shares minted (up)."""
        totals = self._accrue(now)
        _check_amount(assets)
        _check_account(receiver)
        self._check_operator(caller, on_behalf)
        if totals.debt_assets + assets > self._terms.borrow_cap:
            raise Revert("pool: borrow cap reached")
        if assets > shares.cash(totals):
            raise Revert("pool: not enough cash")
        minted = shares.debt_shares_up(assets, totals.debt_assets, totals.debt_shares)
        if minted > MAX_DEBT_SHARES - totals.debt_shares:
            raise Revert("pool: too many debt shares")
        totals = shares.with_debt(totals, totals.debt_assets + assets, totals.debt_shares + minted)
        held = self._positions.get(on_behalf, NOTHING)
        position = Position(held.collateral, held.debt_shares + minted, held.unhealthy_since)
        self._check_new_risk(totals, position)
        self._totals = totals
        self._store_position(on_behalf, position, 0)
        self.events.append(("Borrow", caller, on_behalf, receiver, assets, minted))
        self._push(self._asset, receiver, assets)
        return minted

    @call
    def repay(self, caller: str, assets: int, on_behalf: str, now: int) -> int:
        """Repay debt, 2^256 - 1 for all of it; return the assets paid."""
        totals = self._accrue(now)
        if assets == 0:
            raise Revert("pool: amount is zero")
        held = self._positions.get(on_behalf, NOTHING)
        if held.debt_shares == 0:
            raise Revert("pool: no debt")
        debt = shares.debt_up(held.debt_shares, totals.debt_assets, totals.debt_shares)
        # Clamped, so that nobody's repayment reverts because somebody repaid a little before.
        paid = min(assets, debt)
        burnt = shares.debt_shares_repaid(paid, debt, held.debt_shares, totals.debt_assets, totals.debt_shares)
        retired = min(paid, totals.debt_assets)
        # Debts are rounded up one by one; what that adds to their sum is the lenders'.
        totals = shares.with_supply(totals, totals.supply_assets + paid - retired, totals.supply_shares)
        totals = shares.with_debt(totals, totals.debt_assets - retired, totals.debt_shares - burnt)
        position = Position(held.collateral, held.debt_shares - burnt, held.unhealthy_since)
        self._totals = totals
        self._store_position(on_behalf, position, self._since_after_payment(totals, position))
        self.events.append(("Repay", caller, on_behalf, paid, burnt))
        self._pull(self._asset, caller, paid)
        return paid

    @call
    def set_operator(self, caller: str, operator: str, approved: bool) -> None:
        """Let an operator borrow and take collateral out for the caller, or no longer."""
        self._write(self._operators, (caller, operator), approved)
        self.events.append(("SetOperator", caller, operator, approved))

    # Everybody

    @call
    def accrue(self, caller: str, now: int) -> None:
        """Count the interest since the last call."""
        self._totals = self._accrue(now)

    @call
    def flag(self, caller: str, borrower: str, now: int) -> None:
        """Start the clock of an unhealthy position."""
        totals = self._accrue(now)
        self._totals = totals
        position = self._positions.get(borrower, NOTHING)
        if self._is_healthy(totals, position):
            raise Revert("pool: position is healthy")
        self._store_position(borrower, position, liquidation.started(position.unhealthy_since, self._terms.sale_timeout, now))

    @call
    def unflag(self, caller: str, borrower: str, now: int) -> None:
        """Stop the clock of a healthy position."""
        totals = self._accrue(now)
        self._totals = totals
        position = self._positions.get(borrower, NOTHING)
        if not self._is_healthy(totals, position):
            raise Revert("pool: position is unhealthy")
        self._store_position(borrower, position, 0)

    @call
    def liquidate(
        self, caller: str, borrower: str, max_payment: int, min_collateral: int, receiver: str, data: bytes, now: int
    ) -> tuple[int, int]:
        """Sell an unhealthy position, or a part of it, to the caller; return (payment, collateral_sold)."""
        totals = self._accrue(now)
        _check_account(receiver)
        high = self._high()
        totals, sale = self._sell(totals, caller, borrower, receiver, high, max_payment, now)
        if sale.refusal:
            raise Revert(sale.refusal)
        self._totals = totals
        self._exchange(caller, sale.payment, sale.collateral, min_collateral, receiver, data)
        return sale.payment, sale.collateral

    @call
    def liquidate_many(
        self, caller: str, borrowers: Sequence[str], max_payment: int, min_collateral: int, receiver: str, data: bytes, now: int
    ) -> tuple[int, int]:
        """Sell up to 256 positions in the order given, skipping what cannot be sold; return (payment, collateral_sold) of all."""
        totals = self._accrue(now)
        _check_account(receiver)
        high = self._high()
        payment = 0
        collateral = 0
        is_sold = False
        for borrower in borrowers:
            totals, sale = self._sell(totals, caller, borrower, receiver, high, max_payment - payment, now)
            if not sale.refusal:
                is_sold = True
                payment += sale.payment
                collateral += sale.collateral
        self._totals = totals
        if is_sold:
            self._exchange(caller, payment, collateral, min_collateral, receiver, data)
        elif min_collateral > 0:
            raise Revert("liquidation: too little is sold")
        return payment, collateral

    # Views, as if accrued now

    def terms(self) -> Terms:
        """Return the terms."""
        self._check_open()
        return self._terms

    def state(self, now: int) -> tuple[int, int, int, int, int, int, int]:
        """Return (supply_assets, supply_shares, debt_assets, debt_shares, reserve_assets, premium_owed, accrued_at)."""
        return self._totals_now(now)[:7]

    def position(self, borrower: str) -> tuple[int, int, int]:
        """Return (collateral, debt_shares, unhealthy_since)."""
        self._check_open()
        collateral, debt_shares, unhealthy_since = self._positions.get(borrower, NOTHING)
        return collateral, debt_shares, unhealthy_since

    def is_operator(self, owner: str, operator: str) -> bool:
        """Tell whether the operator may move the owner's position."""
        self._check_open()
        return self._operators.get((owner, operator), False)

    def debt_of(self, borrower: str, now: int) -> int:
        """Return the debt (up)."""
        totals = self._totals_now(now)
        held = self._positions.get(borrower, NOTHING)
        return shares.debt_up(held.debt_shares, totals.debt_assets, totals.debt_shares)

    def health(self, borrower: str, now: int) -> int:
        """Return the health at the high price (WAD); 2^256 - 1 without debt, and then no price is asked for."""
        totals = self._totals_now(now)
        held = self._positions.get(borrower, NOTHING)
        if held.debt_shares == 0:
            return MAX_UINT256
        limit = liquidation.limit_down(liquidation.value_down(held.collateral, self._high()), self._terms.liq_ltv)
        return div_down(limit * WAD, shares.debt_up(held.debt_shares, totals.debt_assets, totals.debt_shares))

    def is_healthy(self, borrower: str, now: int) -> bool:
        """Tell whether a position is healthy at the high price."""
        return self._is_healthy(self._totals_now(now), self._positions.get(borrower, NOTHING))

    def quote_liquidation(self, borrower: str, max_payment: int, now: int) -> tuple[int, int, int, int, int, int]:
        """Return (payment, collateral_sold, debt_retired, penalty, incentive, loss); zeros when healthy, Revert where a sale reverts."""
        totals = self._totals_now(now)
        position = self._positions.get(borrower, NOTHING)
        if self._is_healthy(totals, position):
            return 0, 0, 0, 0, 0, 0
        sale = self._priced(totals, position, self._high(), max_payment, now)
        if sale.refusal:
            raise Revert(sale.refusal)
        return sale.payment, sale.collateral, sale.debt_retired, sale.penalty, sale.incentive, sale.loss

    def balance_of(self, owner: str) -> int:
        """Return an account's lender shares, as stored."""
        self._check_open()
        return self._shares.balance_of(owner)

    def allowance(self, owner: str, spender: str) -> int:
        """Return what the spender may still move of the owner's lender shares."""
        self._check_open()
        return self._shares.allowance(owner, spender)

    def total_supply(self, now: int) -> int:
        """Return the lender shares."""
        return self._totals_now(now).supply_shares

    def total_assets(self, now: int) -> int:
        """Return what lenders own."""
        return self._totals_now(now).supply_assets

    def convert_to_shares(self, assets: int, now: int) -> int:
        """Return the lender shares that assets are worth (down)."""
        totals = self._totals_now(now)
        return shares.lender_shares_down(assets, totals.supply_assets, totals.supply_shares)

    def convert_to_assets(self, amount: int, now: int) -> int:
        """Return the assets that lender shares are worth (down)."""
        totals = self._totals_now(now)
        return shares.lender_assets_down(amount, totals.supply_assets, totals.supply_shares)

    preview_deposit = convert_to_shares
    preview_redeem = convert_to_assets

    def preview_mint(self, amount: int, now: int) -> int:
        """Return the assets that minting lender shares costs (up)."""
        totals = self._totals_now(now)
        return shares.lender_assets_up(amount, totals.supply_assets, totals.supply_shares)

    def preview_withdraw(self, assets: int, now: int) -> int:
        """Return the lender shares that a withdrawal burns (up)."""
        totals = self._totals_now(now)
        return shares.lender_shares_up(assets, totals.supply_assets, totals.supply_shares)

    def max_deposit(self, receiver: str, now: int) -> int:
        """Return the assets that the supply cap leaves room for; 0 if they would buy no share."""
        totals = self._totals_now(now)
        room = self._room(totals)
        # Room that would buy no share is no room.
        return room if shares.lender_shares_down(room, totals.supply_assets, totals.supply_shares) > 0 else 0

    def max_mint(self, receiver: str, now: int) -> int:
        """Return the lender shares that the supply cap leaves room for."""
        totals = self._totals_now(now)
        return shares.lender_shares_down(self._room(totals), totals.supply_assets, totals.supply_shares)

    def max_withdraw(self, owner: str, now: int) -> int:
        """Return the assets that the owner's shares, as stored, and the pool's cash allow to withdraw."""
        totals = self._totals_now(now)
        owned = shares.lender_assets_down(self._shares.balance_of(owner), totals.supply_assets, totals.supply_shares)
        return min(owned, shares.cash(totals))

    def max_redeem(self, owner: str, now: int) -> int:
        """Return the lender shares that the owner, as stored, and the pool's cash allow to redeem."""
        totals = self._totals_now(now)
        held = self._shares.balance_of(owner)
        paid_out = shares.lender_shares_down(shares.cash(totals), totals.supply_assets, totals.supply_shares)
        amount = min(held, paid_out)
        # Shares worth nothing cannot be redeemed.
        return amount if shares.lender_assets_down(amount, totals.supply_assets, totals.supply_shares) > 0 else 0

    # Inside, what a lender's call does

    def _deposit(self, totals: Totals, caller: str, assets: int, minted: int, receiver: str) -> None:
        if assets == 0 or minted == 0:
            raise Revert("pool: amount is worth nothing")
        _check_account(receiver)
        if shares.is_wiped_out(totals.supply_assets, totals.supply_shares):
            raise Revert("pool: wiped out")
        if assets > self._room(totals):
            raise Revert("pool: supply cap reached")
        self._totals = shares.with_supply(totals, totals.supply_assets + assets, totals.supply_shares + minted)
        self._shares.mint(receiver, minted)
        self.events.append(("Deposit", caller, receiver, assets, minted))
        self._pull(self._asset, caller, assets)

    def _withdraw(self, totals: Totals, caller: str, assets: int, burnt: int, receiver: str, owner: str) -> None:
        if assets == 0:
            raise Revert("pool: amount is worth nothing")
        _check_account(receiver)
        if caller != owner:
            self._shares.spend(owner, caller, burnt)
        self._shares.burn(owner, burnt)
        if assets > shares.cash(totals):
            raise Revert("pool: not enough cash")
        self._totals = shares.with_supply(totals, totals.supply_assets - assets, totals.supply_shares - burnt)
        self.events.append(("Withdraw", caller, receiver, owner, assets, burnt))
        self._push(self._asset, receiver, assets)

    def _room(self, totals: Totals) -> int:
        # Assets that a deposit may still bring.
        if shares.is_wiped_out(totals.supply_assets, totals.supply_shares) or totals.supply_assets >= self._terms.supply_cap:
            return 0
        return self._terms.supply_cap - totals.supply_assets

    # Inside, what calls check

    def _check_open(self) -> None:
        if self._is_entered:
            raise Revert("")

    def _check_operator(self, caller: str, on_behalf: str) -> None:
        if caller != on_behalf and not self._operators.get((on_behalf, caller), False):
            raise Revert("pool: caller is no operator")

    def _check_new_risk(self, totals: Totals, position: Position) -> None:
        # New risk is judged at the low price; who passes is healthy at the high one too, so that a running clock stops.
        debt = shares.debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares)
        low, _ = self._prices()
        if debt > liquidation.limit_down(liquidation.value_down(position.collateral, low), self._terms.max_ltv):
            raise Revert("pool: over max_ltv")
        if debt < self._terms.min_debt:
            raise Revert("pool: debt under min_debt")

    # Inside, health, clock and sale

    def _is_healthy(self, totals: Totals, position: Position) -> bool:
        # Without debt no price is asked for.
        return position.debt_shares == 0 or liquidation.is_healthy(self._terms.liq_ltv, totals, position, self._high())

    def _since_after_payment(self, totals: Totals, position: Position) -> int:
        # Paying in needs no price: the oracle is asked only while the clock runs, and one that fails leaves it running.
        if position.unhealthy_since == 0 or position.debt_shares == 0:
            return 0
        prices = self._try_prices()
        if prices is not None and liquidation.is_healthy(self._terms.liq_ltv, totals, position, prices[1]):
            return 0
        return position.unhealthy_since

    def _priced(self, totals: Totals, position: Position, high: int, max_payment: int, now: int) -> Sale:
        seconds = liquidation.elapsed(position.unhealthy_since, self._terms.sale_timeout, now)
        return liquidation.sale(self._terms, totals, position, high, seconds, max_payment)

    def _sell(
        self, before: Totals, caller: str, borrower: str, receiver: str, high: int, max_payment: int, now: int
    ) -> tuple[Totals, Sale]:
        # One sale in the pool's books, tokens aside; a refused one changes nothing.
        held = self._positions.get(borrower, NOTHING)
        sale = self._priced(before, held, high, max_payment, now)
        if sale.refusal:
            return before, sale
        totals, from_reserve = liquidation.after_sale(before, sale)
        position = Position(held.collateral - sale.collateral, held.debt_shares - sale.debt_shares, held.unhealthy_since)
        payment, debt_retired, penalty, debt_shares, collateral, incentive, loss, _ = sale
        self.events.append(
            ("Liquidate", caller, borrower, receiver, payment, debt_retired, penalty, debt_shares, collateral, incentive, loss, high)
        )
        if loss > 0:
            self.events.append(("LossRealised", borrower, loss, from_reserve, 0, loss - from_reserve, 0))
        since = 0
        if not liquidation.is_healthy(self._terms.liq_ltv, totals, position, high):
            since = liquidation.started(position.unhealthy_since, self._terms.sale_timeout, now)
        self._store_position(borrower, position, since)
        return totals, sale

    def _exchange(self, caller: str, payment: int, collateral: int, min_collateral: int, receiver: str, data: bytes) -> None:
        # Collateral goes out first, so that a buyer can sell it in the callback and pay from what it brought.
        if collateral < min_collateral:
            raise Revert("liquidation: too little is sold")
        if not data:
            # Nobody can look in between, so the payment goes first here: then there is nothing to undo when the buyer cannot pay.
            self._pull(self._asset, caller, payment)
            self._push(self._collateral, receiver, collateral)
            return
        saved = [(token, dict(token.balances), dict(token.allowances)) for token in (self._asset, self._collateral)]
        try:
            self._push(self._collateral, receiver, collateral)
            if caller not in self.callbacks:
                raise Revert("")
            self.callbacks[caller](payment, data)
            self._pull(self._asset, caller, payment)
        except BaseException:
            for token, balances, allowances in saved:
                token.balances, token.allowances = balances, allowances
            raise

    # Inside, interest

    def _accrue(self, now: int) -> Totals:
        totals = self._totals
        elapsed = now - totals.accrued_at
        if elapsed == 0:
            return totals
        if elapsed < 0:
            raise Revert("")
        try:
            rate = self._rate_model.update(self.address, totals.debt_assets, totals.supply_assets, elapsed)
        except Revert:
            # A rate model that fails must not stop anybody: no interest is counted then.
            rate = 0
        totals, (counted, to_reserve, premium, fee_shares) = interest.accrue(totals, self._terms, rate, now)
        if fee_shares > 0:
            self._shares.mint(self._terms.fee_recipient, fee_shares)
        supply_assets, _, debt_assets, _, reserve_assets, _, _, interest_dust = totals
        self.events.append(("Accrue", counted, to_reserve, premium, fee_shares, supply_assets, debt_assets, reserve_assets, interest_dust))
        return totals

    def _totals_now(self, now: int) -> Totals:
        self._check_open()
        totals = self._totals
        elapsed = now - totals.accrued_at
        if elapsed == 0:
            return totals
        if elapsed < 0:
            raise Revert("")
        try:
            rate = self._rate_model.rate(self.address, totals.debt_assets, totals.supply_assets, elapsed)
        except Revert:
            rate = 0
        return interest.accrue(totals, self._terms, rate, now)[0]

    # Inside, prices

    def _try_prices(self) -> tuple[int, int] | None:
        try:
            low, high = self._oracle.prices()
        except Revert:
            return None
        return (low, high) if high > 0 and low <= high else None

    def _prices(self) -> tuple[int, int]:
        prices = self._try_prices()
        if prices is None:
            raise Revert("oracle: no valid price")
        return prices

    def _high(self) -> int:
        return self._prices()[1]

    # Inside, positions and tokens

    def _store_position(self, borrower: str, position: Position, since: int) -> None:
        # With its clock at `since`, whatever it was.
        if since != position.unhealthy_since:
            position = Position(position.collateral, position.debt_shares, since)
            self.events.append(("Flag", borrower, since))
        positions = self._positions
        self._undo.append((positions, borrower, positions.get(borrower)))
        positions[borrower] = position

    def _write(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        self._undo.append((mapping, key, mapping.get(key)))
        mapping[key] = value

    def _take_back(self) -> None:
        for mapping, key, former in reversed(self._undo):
            if former is None:
                del mapping[key]
            else:
                mapping[key] = former
        self._shares.total_supply = self._totals.supply_shares

    def _pull(self, token: Ledger, caller: str, amount: int) -> None:
        if amount > 0:
            token.transfer_from(self.address, caller, self.address, amount)

    def _push(self, token: Ledger, receiver: str, amount: int) -> None:
        if amount > 0:
            token.transfer(self.address, receiver, amount)


def _check_amount(amount: int) -> None:
    if amount == 0:
        raise Revert("pool: amount is zero")
    if amount > MAX_UINT128:
        raise Revert("pool: over 128 bits")


def _check_account(account: str) -> None:
    if account == ZERO_ADDRESS:
        raise Revert("pool: account is zero")
