"""A mutual default fund in exact integers: every call, view, event and refusal of contracts/Backstop.vy, its twin.

State-changing calls take the caller first; those whose rule looks at the clock take the block's timestamp (seconds) last. Amounts are base
units, `max_share_wad` is WAD. A refused call raises Revert with the contract's text and leaves the fund as it was. The lock against reentry
has no twin: a token of the model calls nobody.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from . import shares
from .erc20 import Event, Ledger, Undo
from .errors import Revert
from .rounding import mul_div_down
from .terms import MAX_UINT128, WAD, ZERO_ADDRESS

P = ParamSpec("P")
R = TypeVar("R")

MAX_COOLDOWN = 365 * 86_400
# A notice that stayed open for ever would be an exit at any moment: the shorter the window, the fewer shares can be within theirs.
WINDOW = 2 * 86_400


def call(method: "Callable[Concatenate[Backstop, P], R]") -> "Callable[Concatenate[Backstop, P], R]":
    """Make a method one transaction: taken back whole when it is refused."""

    @wraps(method)
    def transaction(self: "Backstop", /, *args: P.args, **kwargs: P.kwargs) -> R:
        logged, supply = len(self.events), self._shares.total_supply
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            del self.events[logged:]
            self._shares.total_supply = supply
            self._take_back()
            raise
        finally:
            self._undo.clear()

    return transaction


class Backstop:
    """One fund: covers, notices, shares; its assets are what it holds; `events` grows until its reader clears it.

    Raises Revert when the cooldown (seconds) is 0 or over a year.
    """

    def __init__(self, asset: Ledger, cooldown: int, *, creator: str, address: str = "backstop") -> None:
        # Without a notice underwriters would leave before every loss; one of more than a year would keep them for good.
        if cooldown == 0 or cooldown > MAX_COOLDOWN:
            raise Revert("backstop: cooldown")
        self._asset = asset
        self.cooldown = cooldown
        self.creator = creator
        self.address = address
        self.is_sealed = False
        self.events: list[Event] = []
        self._undo: Undo = []
        self._shares = Ledger(self.events, self._undo)
        self._max_assets: dict[str, int] = {}
        self._max_share_wad: dict[str, int] = {}
        self._drawn: dict[str, int] = {}
        # (shares, opens_at); shares are fewer than 2^178, because one is worth over a billionth of its start at every deposit.
        self._notices: dict[str, tuple[int, int]] = {}

    # The creator, until the covers are sealed

    @call
    def set_cover(self, caller: str, pool: str, max_assets: int, max_share_wad: int) -> None:
        """Let a pool draw up to `max_assets` in all, and up to a share (WAD) of what the fund would hold without its draws."""
        self._check_creator(caller)
        _check_account(pool)
        if pool == self.address:
            raise Revert("backstop: covers itself")
        if pool in self._max_assets:
            raise Revert("backstop: pool is already covered")
        if max_assets == 0 or max_share_wad == 0:
            raise Revert("backstop: cover is zero")
        if max_assets > MAX_UINT128:
            raise Revert("backstop: over 128 bits")
        if max_share_wad > WAD:
            raise Revert("backstop: share over 100 %")
        self._max_assets[pool] = max_assets
        self._max_share_wad[pool] = max_share_wad
        self.events.append(("CoverSet", pool, max_assets, max_share_wad))

    @call
    def seal(self, caller: str) -> None:
        """End the creator's powers; deposits begin."""
        self._check_creator(caller)
        self.is_sealed = True
        self.events.append(("Sealed",))

    # Covered pools

    @call
    def cover(self, caller: str, amount: int) -> int:
        """Pay the calling pool what is left of its cover, at most an amount; return the assets paid."""
        self._check_sealed()
        if caller not in self._max_assets:
            raise Revert("backstop: pool is not covered")
        paid = min(amount, self.cover_left(caller))
        if paid > 0:
            self._write(self._drawn, caller, self._drawn.get(caller, 0) + paid)
            self.events.append(("Covered", caller, amount, paid))
            self._push(caller, paid)
        return paid

    def snapshot(self) -> Any:
        """Return what `restore` puts back, tokens aside: a pool takes back a draw when the sale that asked for it is refused."""
        return dict(self._drawn), len(self.events)

    def restore(self, snapshot: Any) -> None:
        """Forget every draw since the snapshot."""
        self._drawn, logged = dict(snapshot[0]), snapshot[1]
        del self.events[logged:]

    # Underwriters: an ERC-4626 vault that is left by notice

    @call
    def deposit(self, caller: str, assets: int, receiver: str) -> int:
        """Underwrite with assets; return the shares minted (down)."""
        minted = shares.lender_shares_down(assets, self._held(), self._shares.total_supply)
        self._deposit(caller, assets, minted, receiver)
        return minted

    @call
    def mint(self, caller: str, amount: int, receiver: str) -> int:
        """Underwrite for an amount of shares; return the assets paid (up)."""
        assets = shares.lender_assets_up(amount, self._held(), self._shares.total_supply)
        self._deposit(caller, assets, amount, receiver)
        return assets

    @call
    def request_redeem(self, caller: str, amount: int, now: int) -> None:
        """Give notice for an amount of shares, in place of any earlier notice."""
        if amount == 0:
            raise Revert("backstop: amount is zero")
        if amount > self._shares.balance_of(caller):
            raise Revert("erc20: balance too low")
        # In place of an earlier notice: what is added to one must wait as long as what began it.
        opens_at = now + self.cooldown
        self._write(self._notices, caller, (amount, opens_at))
        self.events.append(("RequestRedeem", caller, amount, opens_at, opens_at + WINDOW))

    @call
    def withdraw(self, caller: str, assets: int, receiver: str, owner: str, now: int) -> int:
        """Take assets out; return the shares burnt (up)."""
        burnt = shares.lender_shares_up(assets, self._held(), self._shares.total_supply)
        self._withdraw(caller, assets, burnt, receiver, owner, now)
        return burnt

    @call
    def redeem(self, caller: str, amount: int, receiver: str, owner: str, now: int) -> int:
        """Burn an amount of shares; return the assets paid out (down)."""
        assets = shares.lender_assets_down(amount, self._held(), self._shares.total_supply)
        self._withdraw(caller, assets, amount, receiver, owner, now)
        return assets

    @call
    def transfer(self, caller: str, receiver: str, amount: int, now: int) -> bool:
        """Move shares that are not under notice."""
        self._check_free(caller, amount, now)
        self._shares.move(caller, receiver, amount)
        return True

    @call
    def transfer_from(self, caller: str, owner: str, receiver: str, amount: int, now: int) -> bool:
        """Move the owner's shares that are not under notice, as far as the caller is allowed."""
        self._shares.spend(owner, caller, amount)
        self._check_free(owner, amount, now)
        self._shares.move(owner, receiver, amount)
        return True

    @call
    def approve(self, caller: str, spender: str, amount: int) -> bool:
        """Let the spender move up to an amount of the caller's shares."""
        return self._shares.approve(caller, spender, amount)

    # Views

    def cover_left(self, pool: str) -> int:
        """Return what the pool could draw now."""
        # The share is of what the fund would hold had this pool never drawn; at most all of that, so never more than it holds.
        drawn = self._drawn.get(pool, 0)
        by_share = mul_div_down(self._held() + drawn, self._max_share_wad.get(pool, 0), WAD)
        limit = min(self._max_assets.get(pool, 0), by_share)
        return limit - drawn if limit > drawn else 0

    def cover_of(self, pool: str) -> tuple[int, int, int]:
        """Return (max_assets, max_share_wad, drawn); zeros when the pool is not covered."""
        return self._max_assets.get(pool, 0), self._max_share_wad.get(pool, 0), self._drawn.get(pool, 0)

    def notice_of(self, owner: str, now: int) -> tuple[int, int, int]:
        """Return (shares, opens_at, closes_at), both times within the window; zeros without a notice and after its window."""
        amount, opens_at = self._notice(owner, now)
        if amount == 0:
            return 0, 0, 0
        return amount, opens_at, opens_at + WINDOW

    def window(self) -> int:
        """Return the seconds for which a notice stays open."""
        return WINDOW

    def balance_of(self, owner: str) -> int:
        """Return an account's shares."""
        return self._shares.balance_of(owner)

    def allowance(self, owner: str, spender: str) -> int:
        """Return what the spender may still move of the owner's shares."""
        return self._shares.allowance(owner, spender)

    def total_supply(self) -> int:
        """Return the shares."""
        return self._shares.total_supply

    def total_assets(self) -> int:
        """Return what the fund holds."""
        return self._held()

    def convert_to_shares(self, assets: int) -> int:
        """Return the shares that assets are worth (down)."""
        return shares.lender_shares_down(assets, self._held(), self._shares.total_supply)

    def convert_to_assets(self, amount: int) -> int:
        """Return the assets that shares are worth (down)."""
        return shares.lender_assets_down(amount, self._held(), self._shares.total_supply)

    preview_deposit = convert_to_shares
    preview_redeem = convert_to_assets

    def preview_mint(self, amount: int) -> int:
        """Return the assets that minting shares costs (up)."""
        return shares.lender_assets_up(amount, self._held(), self._shares.total_supply)

    def preview_withdraw(self, assets: int) -> int:
        """Return the shares that a withdrawal burns (up)."""
        return shares.lender_shares_up(assets, self._held(), self._shares.total_supply)

    def max_deposit(self, receiver: str) -> int:
        """Return the assets that a deposit may bring; 0 if they would buy no share."""
        held = self._held()
        room = self._room(held)
        # Room that would buy no share is no room.
        return room if shares.lender_shares_down(room, held, self._shares.total_supply) > 0 else 0

    def max_mint(self, receiver: str) -> int:
        """Return the shares that a deposit may mint."""
        held = self._held()
        return shares.lender_shares_down(self._room(held), held, self._shares.total_supply)

    def max_withdraw(self, owner: str, now: int) -> int:
        """Return the assets that the owner's open notice allows to withdraw."""
        return shares.lender_assets_down(self._open_shares(owner, now), self._held(), self._shares.total_supply)

    def max_redeem(self, owner: str, now: int) -> int:
        """Return the shares that the owner's open notice allows to redeem."""
        amount = self._open_shares(owner, now)
        # Shares worth nothing cannot be redeemed.
        return amount if shares.lender_assets_down(amount, self._held(), self._shares.total_supply) > 0 else 0

    # Inside, what the fund holds

    def _held(self) -> int:
        # Counted up to 128 bits, so that no sum or product of the contract can overflow.
        return min(self._asset.balance_of(self.address), MAX_UINT128)

    # Inside, deposits and withdrawals

    def _deposit(self, caller: str, assets: int, minted: int, receiver: str) -> None:
        self._check_sealed()
        if assets == 0 or minted == 0:
            raise Revert("backstop: amount is worth nothing")
        _check_account(receiver)
        held = self._held()
        if shares.is_wiped_out(held, self._shares.total_supply):
            raise Revert("backstop: wiped out")
        if assets > self._room(held):
            raise Revert("backstop: over 128 bits")
        self._shares.mint(receiver, minted)
        self.events.append(("Deposit", caller, receiver, assets, minted))
        self._asset.transfer_from(self.address, caller, self.address, assets)

    def _withdraw(self, caller: str, assets: int, burnt: int, receiver: str, owner: str, now: int) -> None:
        if assets == 0:
            raise Revert("backstop: amount is worth nothing")
        _check_account(receiver)
        if caller != owner:
            self._shares.spend(owner, caller, burnt)
        self._use_notice(owner, burnt, now)
        self._shares.burn(owner, burnt)
        self.events.append(("Withdraw", caller, receiver, owner, assets, burnt))
        self._push(receiver, assets)

    def _room(self, held: int) -> int:
        # Assets that a deposit may still bring.
        if not self.is_sealed or shares.is_wiped_out(held, self._shares.total_supply):
            return 0
        return MAX_UINT128 - held

    # Inside, notices

    def _notice(self, owner: str, now: int) -> tuple[int, int]:
        # Zeros after the window. Never more shares than the owner holds: they do not transfer, and burning uses the notice.
        amount, opens_at = self._notices.get(owner, (0, 0))
        if now > opens_at + WINDOW:
            return 0, 0
        return amount, opens_at

    def _open_shares(self, owner: str, now: int) -> int:
        # Shares that the owner can redeem now.
        amount, opens_at = self._notice(owner, now)
        return amount if now >= opens_at else 0

    def _use_notice(self, owner: str, burnt: int, now: int) -> None:
        amount, opens_at = self._notice(owner, now)
        if amount == 0:
            raise Revert("backstop: no notice was given, or it has expired")
        if now < opens_at:
            raise Revert("backstop: cooldown has not passed")
        if burnt > amount:
            raise Revert("backstop: more than is under notice")
        self._write(self._notices, owner, (amount - burnt, opens_at) if burnt < amount else (0, 0))

    def _check_free(self, owner: str, amount: int, now: int) -> None:
        # Could shares under notice move, a few accounts with notices in turn would always have one open for them.
        noticed, _ = self._notice(owner, now)
        if noticed > 0 and amount > self._shares.balance_of(owner) - noticed:
            raise Revert("backstop: shares are under notice")

    # Inside, checks and tokens

    def _check_creator(self, caller: str) -> None:
        if caller != self.creator:
            raise Revert("backstop: caller is not the creator")
        if self.is_sealed:
            raise Revert("backstop: sealed")

    def _check_sealed(self) -> None:
        if not self.is_sealed:
            raise Revert("backstop: not sealed")

    def _push(self, receiver: str, amount: int) -> None:
        self._asset.transfer(self.address, receiver, amount)

    def _write(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        self._undo.append((mapping, key, mapping.get(key)))
        mapping[key] = value

    def _take_back(self) -> None:
        for mapping, key, former in reversed(self._undo):
            if former is None:
                del mapping[key]
            else:
                mapping[key] = former


def _check_account(account: str) -> None:
    if account == ZERO_ADDRESS:
        raise Revert("backstop: account is zero")
