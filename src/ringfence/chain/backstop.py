"""A backstop on a chain, with the methods of its twin `ringfence.model.backstop.Backstop`: caller first, time last where a rule needs it.

A transaction at another time than the current block's begins a new block at that time; a view at another time is answered as at that time
and moves nothing. A failure is a `Reverted`, which is a model `Revert` with the same text. Amounts are base units, times are seconds.
"""

from collections.abc import Iterable

from ringfence.chain.artifacts import load
from ringfence.chain.collaborators import TokenContract
from ringfence.chain.contract import Chain, Contract
from ringfence.chain.layout import StorageMap
from ringfence.inputs.pool_file import Fund
from ringfence.inputs.stand_ins import UNDERWRITER


def deploy_backstop(
    chain: Chain, asset: str, cooldown: int, *, creator: str, name: str = "Ringfence backstop", symbol: str = "RFB"
) -> "BackstopContract":
    """Create a fund in the current block; name of at most 64 bytes, symbol of 16. Raises Reverted for a cooldown out of bounds."""
    return BackstopContract.create(chain, load("Backstop"), creator, asset, name, symbol, cooldown)


def backstop_storage(accounts: Iterable[str]) -> StorageMap:
    """Every storage value of a fund that these accounts can have touched; `.read(chain, backstop.address)` gives them by variable."""
    return StorageMap(load("Backstop").layout, accounts)


def underwrite(backstop: "BackstopContract", asset: TokenContract, pools: Iterable[str], fund: Fund) -> None:
    """Cover these pools and no others, seal, and bring what `fund` says, all by the stand-in of underwriters, who created the backstop."""
    for pool in pools:
        backstop.set_cover(UNDERWRITER, pool, fund.max_assets, fund.max_share)
    backstop.seal(UNDERWRITER)
    asset.mint(UNDERWRITER, fund.assets)
    asset.approve(UNDERWRITER, backstop.address, fund.assets)
    backstop.deposit(UNDERWRITER, fund.assets, UNDERWRITER)


class BackstopContract(Contract):
    """One deployed fund. `events` are those of the last transaction, `(name, *values)` as in the model, addresses in lower case."""

    __slots__ = ()

    # The creator, until the covers are sealed

    def set_cover(self, caller: str, pool: str, max_assets: int, max_share_wad: int) -> None:
        """Let a pool draw up to `max_assets` in all, and up to a share (WAD) of what the fund would hold without its draws."""
        self.transact(caller, "set_cover", pool, max_assets, max_share_wad)

    def seal(self, caller: str) -> None:
        """End the creator's powers; deposits begin."""
        self.transact(caller, "seal")

    # Covered pools

    def cover(self, caller: str, amount: int) -> int:
        """Pay the calling pool what is left of its cover, at most an amount; the assets paid."""
        return int(self.transact(caller, "cover", amount))

    # Underwriters: an ERC-4626 vault that is left by notice

    def deposit(self, caller: str, assets: int, receiver: str) -> int:
        """Underwrite with assets; the shares minted (down)."""
        return int(self.transact(caller, "deposit", assets, receiver))

    def mint(self, caller: str, amount: int, receiver: str) -> int:
        """Underwrite for an amount of shares; the assets paid (up)."""
        return int(self.transact(caller, "mint", amount, receiver))

    def request_redeem(self, caller: str, amount: int, now: int) -> None:
        """Give notice for an amount of shares, in place of any earlier notice."""
        self.transact_at(now, caller, "request_redeem", amount)

    def withdraw(self, caller: str, assets: int, receiver: str, owner: str, now: int) -> int:
        """Take assets out; the shares burnt (up)."""
        return int(self.transact_at(now, caller, "withdraw", assets, receiver, owner))

    def redeem(self, caller: str, amount: int, receiver: str, owner: str, now: int) -> int:
        """Burn an amount of shares; the assets paid out (down)."""
        return int(self.transact_at(now, caller, "redeem", amount, receiver, owner))

    def transfer(self, caller: str, receiver: str, amount: int, now: int) -> bool:
        """Move shares that are not under notice."""
        return bool(self.transact_at(now, caller, "transfer", receiver, amount))

    def transfer_from(self, caller: str, owner: str, receiver: str, amount: int, now: int) -> bool:
        """Move the owner's shares that are not under notice, as far as the caller is allowed."""
        return bool(self.transact_at(now, caller, "transferFrom", owner, receiver, amount))

    def approve(self, caller: str, spender: str, amount: int) -> bool:
        """Let the spender move up to an amount of the caller's shares."""
        return bool(self.transact(caller, "approve", spender, amount))

    # Views

    @property
    def cooldown(self) -> int:
        """Seconds from a notice to its window."""
        return int(self.call("cooldown"))

    @property
    def creator(self) -> str:
        """Who sets the covers, until they are sealed."""
        return str(self.call("creator"))

    @property
    def is_sealed(self) -> bool:
        """Whether the covers can no longer change."""
        return bool(self.call("is_sealed"))

    def cover_left(self, pool: str) -> int:
        """What the pool could draw now."""
        return int(self.call("cover_left", pool))

    def cover_of(self, pool: str) -> tuple[int, int, int]:
        """(max_assets, max_share_wad, drawn); zeros when the pool is not covered."""
        max_assets, max_share_wad, drawn = self.call("cover_of", pool)
        return max_assets, max_share_wad, drawn

    def notice_of(self, owner: str, now: int) -> tuple[int, int, int]:
        """(shares, opens_at, closes_at), both times within the window; zeros without a notice and after its window."""
        amount, opens_at, closes_at = self.call("notice_of", owner, at=now)
        return amount, opens_at, closes_at

    def window(self) -> int:
        """Seconds for which a notice stays open."""
        return int(self.call("window"))

    def balance_of(self, owner: str) -> int:
        """An account's shares."""
        return int(self.call("balanceOf", owner))

    def allowance(self, owner: str, spender: str) -> int:
        """What the spender may still move of the owner's shares."""
        return int(self.call("allowance", owner, spender))

    def total_supply(self) -> int:
        """The shares."""
        return int(self.call("totalSupply"))

    def total_assets(self) -> int:
        """What the fund holds."""
        return int(self.call("totalAssets"))

    def convert_to_shares(self, assets: int) -> int:
        """The shares that assets are worth (down)."""
        return int(self.call("convertToShares", assets))

    def convert_to_assets(self, amount: int) -> int:
        """The assets that shares are worth (down)."""
        return int(self.call("convertToAssets", amount))

    def preview_deposit(self, assets: int) -> int:
        """The shares that a deposit mints (down)."""
        return int(self.call("previewDeposit", assets))

    def preview_mint(self, amount: int) -> int:
        """The assets that minting shares costs (up)."""
        return int(self.call("previewMint", amount))

    def preview_withdraw(self, assets: int) -> int:
        """The shares that a withdrawal burns (up)."""
        return int(self.call("previewWithdraw", assets))

    def preview_redeem(self, amount: int) -> int:
        """The assets that shares are redeemed for (down)."""
        return int(self.call("previewRedeem", amount))

    def max_deposit(self, receiver: str) -> int:
        """The assets that a deposit may bring; 0 if they would buy no share."""
        return int(self.call("maxDeposit", receiver))

    def max_mint(self, receiver: str) -> int:
        """The shares that a deposit may mint."""
        return int(self.call("maxMint", receiver))

    def max_withdraw(self, owner: str, now: int) -> int:
        """The assets that the owner's open notice allows to withdraw."""
        return int(self.call("maxWithdraw", owner, at=now))

    def max_redeem(self, owner: str, now: int) -> int:
        """The shares that the owner's open notice allows to redeem."""
        return int(self.call("maxRedeem", owner, at=now))
