"""A pool on a chain, with the methods of its twin `ringfence.model.pool.Pool`: caller first, time last, the same order between.

A transaction at another time than the current block's begins a new block at that time; a view at another time is answered as at that time
and moves nothing. A failure is a `Reverted`, which is a model `Revert` with the same text. Amounts are base units, times are seconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from ringfence.chain.artifacts import load
from ringfence.chain.collaborators import DEPLOYER
from ringfence.chain.contract import Chain, Contract
from ringfence.chain.layout import StorageMap
from ringfence.model.terms import Terms

_TERMS = tuple(field.name for field in fields(Terms))


def deploy_pool(chain: Chain, terms: Terms, name: str = "Ringfence pool", symbol: str = "RFP") -> "PoolContract":
    """Create a pool in the current block; name of at most 64 bytes, symbol of 16. Raises Reverted naming a term that breaks a bound."""
    return PoolContract.create(chain, load("Pool"), DEPLOYER, terms_tuple(terms), name, symbol)


def terms_tuple(terms: Terms) -> tuple[str | int, ...]:
    """The terms in the order of the contract's struct."""
    return tuple(getattr(terms, name) for name in _TERMS)


def pool_storage(accounts: Iterable[str]) -> StorageMap:
    """Every storage value of a pool that these accounts can have touched; `.read(chain, pool.address)` gives them by variable."""
    return StorageMap(load("Pool").layout, accounts)


class PoolContract(Contract):
    """One deployed pool. `events` are those of the last transaction, `(name, *values)` as in the model, addresses in lower case."""

    __slots__ = ()

    # Lenders: an ERC-4626 vault

    def deposit(self, caller: str, assets: int, receiver: str, now: int) -> int:
        """Lend assets; the lender shares minted (down)."""
        return self._number(now, caller, "deposit", assets, receiver)

    def mint(self, caller: str, amount: int, receiver: str, now: int) -> int:
        """Lend for an amount of lender shares; the assets paid (up)."""
        return self._number(now, caller, "mint", amount, receiver)

    def withdraw(self, caller: str, assets: int, receiver: str, owner: str, now: int) -> int:
        """Take assets out; the lender shares burnt (up)."""
        return self._number(now, caller, "withdraw", assets, receiver, owner)

    def redeem(self, caller: str, amount: int, receiver: str, owner: str, now: int) -> int:
        """Burn an amount of lender shares; the assets paid out (down)."""
        return self._number(now, caller, "redeem", amount, receiver, owner)

    def add_to_reserve(self, caller: str, assets: int, now: int) -> None:
        """Give assets to the reserve: no shares, not refundable."""
        self.transact_at(now, caller, "add_to_reserve", assets)

    def transfer(self, caller: str, receiver: str, amount: int, now: int) -> bool:
        """Move lender shares that are not locked."""
        return bool(self.transact_at(now, caller, "transfer", receiver, amount))

    def transfer_from(self, caller: str, owner: str, receiver: str, amount: int, now: int) -> bool:
        """Move the owner's lender shares that are not locked, as far as the caller is allowed."""
        return bool(self.transact_at(now, caller, "transferFrom", owner, receiver, amount))

    def approve(self, caller: str, spender: str, amount: int) -> bool:
        """Let the spender move up to an amount of the caller's lender shares, in the current block."""
        return bool(self.transact(caller, "approve", spender, amount))

    def permit(
        self, caller: str, owner: str, spender: str, amount: int, deadline: int, signature: tuple[int, bytes, bytes], now: int
    ) -> None:
        """Let the spender move up to an amount of the owner's lender shares, as the owner signed (v, r, s)."""
        self.transact_at(now, caller, "permit", owner, spender, amount, deadline, *signature)

    # Borrowers

    def supply_collateral(self, caller: str, amount: int, on_behalf: str, now: int) -> None:
        """Add collateral to a position."""
        self.transact_at(now, caller, "supply_collateral", amount, on_behalf)

    def withdraw_collateral(self, caller: str, amount: int, receiver: str, on_behalf: str, now: int) -> None:
        """Take collateral out of a position that stays within max_ltv at the low price."""
        self.transact_at(now, caller, "withdraw_collateral", amount, receiver, on_behalf)

    def borrow(self, caller: str, assets: int, receiver: str, on_behalf: str, now: int) -> int:
        """Borrow assets; the debt shares minted (up)."""
        return self._number(now, caller, "borrow", assets, receiver, on_behalf)

    def repay(self, caller: str, assets: int, on_behalf: str, now: int) -> int:
        """Repay debt, 2^256 - 1 for all of it; the assets paid."""
        return self._number(now, caller, "repay", assets, on_behalf)

    def set_operator(self, caller: str, operator: str, approved: bool) -> None:
        """Let an operator borrow and take collateral out for the caller, or no longer; in the current block."""
        self.transact(caller, "set_operator", operator, approved)

    def permit_operator(
        self, caller: str, owner: str, operator: str, approved: bool, deadline: int, signature: tuple[int, bytes, bytes], now: int
    ) -> None:
        """Do as set_operator does, as the owner signed (v, r, s)."""
        self.transact_at(now, caller, "permit_operator", owner, operator, approved, deadline, *signature)

    # Everybody

    def accrue(self, caller: str, now: int) -> None:
        """Count the interest since the last call."""
        self.transact_at(now, caller, "accrue")

    def pay_premium(self, caller: str, now: int) -> None:
        """Pay the backstop what is owed to it, as far as there is cash."""
        self.transact_at(now, caller, "pay_premium")

    def flag(self, caller: str, borrower: str, now: int) -> None:
        """Start the clock of an unhealthy position."""
        self.transact_at(now, caller, "flag", borrower)

    def unflag(self, caller: str, borrower: str, now: int) -> None:
        """Stop the clock of a healthy position."""
        self.transact_at(now, caller, "unflag", borrower)

    def liquidate(
        self, caller: str, borrower: str, max_payment: int, min_collateral: int, receiver: str, data: bytes, now: int
    ) -> tuple[int, int]:
        """Sell an unhealthy position, or a part of it, to the caller; (payment, collateral_sold)."""
        payment, collateral = self.transact_at(now, caller, "liquidate", borrower, max_payment, min_collateral, receiver, data)
        return payment, collateral

    def liquidate_many(
        self, caller: str, borrowers: Sequence[str], max_payment: int, min_collateral: int, receiver: str, data: bytes, now: int
    ) -> tuple[int, int]:
        """Sell up to 256 positions in the order given, skipping what cannot be sold; (payment, collateral_sold) of all."""
        payment, collateral = self.transact_at(now, caller, "liquidate_many", borrowers, max_payment, min_collateral, receiver, data)
        return payment, collateral

    # Views, as if accrued now

    def terms(self) -> Terms:
        """The terms, addresses in lower case."""
        return Terms(*self.call("terms"))

    def state(self, now: int) -> tuple[int, int, int, int, int, int, int]:
        """(supply_assets, supply_shares, debt_assets, debt_shares, reserve_assets, premium_owed, accrued_at)."""
        state: tuple[int, int, int, int, int, int, int] = self.call("state", at=now)
        return state

    def position(self, borrower: str) -> tuple[int, int, int]:
        """(collateral, debt_shares, unhealthy_since)."""
        position: tuple[int, int, int] = self.call("position", borrower)
        return position

    def is_operator(self, owner: str, operator: str) -> bool:
        """Whether the operator may move the owner's position."""
        return bool(self.call("is_operator", owner, operator))

    def locked_until(self, owner: str) -> int:
        """The second from which the owner's lender shares move again; in the past, or 0, they do."""
        return int(self.call("locked_until", owner))

    def nonces(self, owner: str) -> int:
        """How many of the owner's signatures were used."""
        return int(self.call("nonces", owner))

    def debt_of(self, borrower: str, now: int) -> int:
        """The debt (up)."""
        return self._view("debt_of", borrower, at=now)

    def health(self, borrower: str, now: int) -> int:
        """The health at the high price (WAD); 2^256 - 1 without debt, and then no price is asked for."""
        return self._view("health", borrower, at=now)

    def is_healthy(self, borrower: str, now: int) -> bool:
        """Whether a position is healthy at the high price."""
        return bool(self.call("is_healthy", borrower, at=now))

    def quote_liquidation(self, borrower: str, max_payment: int, now: int) -> tuple[int, int, int, int, int, int]:
        """(payment, collateral_sold, debt_retired, penalty, incentive, loss); zeros when healthy, Reverted where a sale reverts."""
        quote: tuple[int, int, int, int, int, int] = self.call("quote_liquidation", borrower, max_payment, at=now)
        return quote

    def balance_of(self, owner: str) -> int:
        """An account's lender shares, as stored."""
        return int(self.call("balanceOf", owner))

    def allowance(self, owner: str, spender: str) -> int:
        """What the spender may still move of the owner's lender shares."""
        return int(self.call("allowance", owner, spender))

    def total_supply(self, now: int) -> int:
        """The lender shares."""
        return self._view("totalSupply", at=now)

    def total_assets(self, now: int) -> int:
        """What lenders own."""
        return self._view("totalAssets", at=now)

    def convert_to_shares(self, assets: int, now: int) -> int:
        """The lender shares that assets are worth (down)."""
        return self._view("convertToShares", assets, at=now)

    def convert_to_assets(self, amount: int, now: int) -> int:
        """The assets that lender shares are worth (down)."""
        return self._view("convertToAssets", amount, at=now)

    def preview_deposit(self, assets: int, now: int) -> int:
        """The lender shares that a deposit mints (down)."""
        return self._view("previewDeposit", assets, at=now)

    def preview_mint(self, amount: int, now: int) -> int:
        """The assets that minting lender shares costs (up)."""
        return self._view("previewMint", amount, at=now)

    def preview_withdraw(self, assets: int, now: int) -> int:
        """The lender shares that a withdrawal burns (up)."""
        return self._view("previewWithdraw", assets, at=now)

    def preview_redeem(self, amount: int, now: int) -> int:
        """The assets that redeeming lender shares pays out (down)."""
        return self._view("previewRedeem", amount, at=now)

    def max_deposit(self, receiver: str, now: int) -> int:
        """The assets that the supply cap leaves room for; 0 if they would buy no share."""
        return self._view("maxDeposit", receiver, at=now)

    def max_mint(self, receiver: str, now: int) -> int:
        """The lender shares that the supply cap leaves room for."""
        return self._view("maxMint", receiver, at=now)

    def max_withdraw(self, owner: str, now: int) -> int:
        """The assets that the owner's shares, as stored, and the pool's cash allow to withdraw."""
        return self._view("maxWithdraw", owner, at=now)

    def max_redeem(self, owner: str, now: int) -> int:
        """The lender shares that the owner, as stored, and the pool's cash allow to redeem."""
        return self._view("maxRedeem", owner, at=now)

    # Inside

    def _number(self, now: int, caller: str, name: str, *arguments: Any) -> int:
        return int(self.transact_at(now, caller, name, *arguments))

    def _view(self, name: str, *arguments: Any, at: int) -> int:
        return int(self.call(name, *arguments, at=at))
