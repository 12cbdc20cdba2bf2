# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title A mutual default fund: an excess-of-loss layer over the reserves of the pools it names
@license MIT
@notice An ERC-4626 vault over the asset. Its creator names pools and limits, seals them, and has no powers afterwards. Underwriters leave by
    notice. Its assets are what it holds: premium comes by plain transfer. Twin of src/ringfence/model/backstop.py. Every function, view or
    not, is closed while another one runs.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from interfaces import IBackstop

import erc20
import rounding
import shares

implements: IBackstop
initializes: erc20
exports: (erc20.balanceOf, erc20.allowance, erc20.approve)

event Deposit:
    sender: indexed(address)
    owner: indexed(address)
    assets: uint256
    shares: uint256

event Withdraw:
    sender: indexed(address)
    receiver: indexed(address)
    owner: indexed(address)
    assets: uint256
    shares: uint256

event CoverSet:
    pool: indexed(address)
    max_assets: uint256
    max_share_wad: uint256

event Sealed:
    pass

event Covered:
    pool: indexed(address)
    asked: uint256
    paid: uint256

event RequestRedeem:
    owner: indexed(address)
    shares: uint256
    opens_at: uint256
    closes_at: uint256

WAD: constant(uint256) = 10**18
MAX_UINT64: constant(uint256) = 2**64 - 1
MAX_UINT128: constant(uint256) = 2**128 - 1
MAX_COOLDOWN: constant(uint256) = 365 * 86400
# A notice that stayed open for ever would be an exit at any moment: the shorter the window, the fewer shares can be within theirs.
WINDOW: constant(uint256) = 2 * 86400
SHARE_DECIMALS: constant(uint8) = 6

ASSET: immutable(IERC20)
NAME: immutable(String[64])
SYMBOL: immutable(String[16])
DECIMALS: immutable(uint8)

cooldown: public(immutable(uint256))
creator: public(immutable(address))

is_sealed: public(bool)
max_assets: HashMap[address, uint256]
max_share_wad: HashMap[address, uint256]
drawn: HashMap[address, uint256]
# shares * 2^64 + opens_at; shares fit: a share is worth over a billionth of its start at every deposit, so there are fewer than 2^178.
packed_notices: HashMap[address, uint256]


@deploy
def __init__(asset_: address, name_: String[64], symbol_: String[16], cooldown_: uint256):
    # Without a notice underwriters would leave before every loss; one of more than a year would keep them for good.
    assert cooldown_ > 0 and cooldown_ <= MAX_COOLDOWN, "backstop: cooldown"
    ASSET = IERC20(asset_)
    NAME = name_
    SYMBOL = symbol_
    DECIMALS = staticcall IERC20Detailed(asset_).decimals() + SHARE_DECIMALS
    cooldown = cooldown_
    creator = msg.sender


# The creator, until the covers are sealed


@external
def set_cover(pool: address, max_assets: uint256, max_share_wad: uint256):
    self._check_creator()
    self._check_account(pool)
    assert pool != self, "backstop: covers itself"
    assert self.max_assets[pool] == 0, "backstop: pool is already covered"
    assert max_assets > 0 and max_share_wad > 0, "backstop: cover is zero"
    assert max_assets <= MAX_UINT128, "backstop: over 128 bits"
    assert max_share_wad <= WAD, "backstop: share over 100 %"
    self.max_assets[pool] = max_assets
    self.max_share_wad[pool] = max_share_wad
    log CoverSet(pool=pool, max_assets=max_assets, max_share_wad=max_share_wad)


@external
def seal():
    self._check_creator()
    self.is_sealed = True
    log Sealed()


# Covered pools


@external
def cover(amount: uint256) -> uint256:
    self._check_sealed()
    assert self.max_assets[msg.sender] > 0, "backstop: pool is not covered"
    paid: uint256 = min(amount, self._cover_left(msg.sender))
    if paid > 0:
        self.drawn[msg.sender] += paid
        log Covered(pool=msg.sender, asked=amount, paid=paid)
        self._push(msg.sender, paid)
    return paid


# Underwriters: an ERC-4626 vault that is left by notice


@external
def deposit(assets: uint256, receiver: address) -> uint256:
    minted: uint256 = shares._lender_shares_down(assets, self._held(), erc20.total_supply)
    self._deposit(assets, minted, receiver)
    return minted


@external
def mint(amount: uint256, receiver: address) -> uint256:
    assets: uint256 = shares._lender_assets_up(amount, self._held(), erc20.total_supply)
    self._deposit(assets, amount, receiver)
    return assets


@external
def request_redeem(amount: uint256):
    assert amount > 0, "backstop: amount is zero"
    assert amount <= erc20.balance_of[msg.sender], "erc20: balance too low"
    # In place of an earlier notice: what is added to one must wait as long as what began it.
    opens_at: uint256 = block.timestamp + cooldown
    self.packed_notices[msg.sender] = amount << 64 | opens_at
    log RequestRedeem(owner=msg.sender, shares=amount, opens_at=opens_at, closes_at=opens_at + WINDOW)


@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    burnt: uint256 = shares._lender_shares_up(assets, self._held(), erc20.total_supply)
    self._withdraw(assets, burnt, receiver, owner)
    return burnt


@external
def redeem(amount: uint256, receiver: address, owner: address) -> uint256:
    assets: uint256 = shares._lender_assets_down(amount, self._held(), erc20.total_supply)
    self._withdraw(assets, amount, receiver, owner)
    return assets


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._check_free(msg.sender, amount)
    erc20._move(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    erc20._spend(owner, msg.sender, amount)
    self._check_free(owner, amount)
    erc20._move(owner, receiver, amount)
    return True


# Views


@external
@view
def cover_left(pool: address) -> uint256:
    return self._cover_left(pool)


@external
@view
def cover_of(pool: address) -> (uint256, uint256, uint256):
    return self.max_assets[pool], self.max_share_wad[pool], self.drawn[pool]


@external
@view
def notice_of(owner: address) -> (uint256, uint256, uint256):
    amount: uint256 = 0
    opens_at: uint256 = 0
    amount, opens_at = self._notice(owner)
    if amount == 0:
        return 0, 0, 0
    return amount, opens_at, opens_at + WINDOW


@external
@view
def window() -> uint256:
    return WINDOW


@external
@view
def name() -> String[64]:
    return NAME


@external
@view
def symbol() -> String[16]:
    return SYMBOL


@external
@view
def decimals() -> uint8:
    return DECIMALS


@external
@view
def asset() -> address:
    return ASSET.address


@external
@view
def totalSupply() -> uint256:
    return erc20.total_supply


@external
@view
def totalAssets() -> uint256:
    return self._held()


@external
@view
def convertToShares(assets: uint256) -> uint256:
    return shares._lender_shares_down(assets, self._held(), erc20.total_supply)


@external
@view
def convertToAssets(amount: uint256) -> uint256:
    return shares._lender_assets_down(amount, self._held(), erc20.total_supply)


@external
@view
def previewDeposit(assets: uint256) -> uint256:
    return shares._lender_shares_down(assets, self._held(), erc20.total_supply)


@external
@view
def previewMint(amount: uint256) -> uint256:
    return shares._lender_assets_up(amount, self._held(), erc20.total_supply)


@external
@view
def previewWithdraw(assets: uint256) -> uint256:
    return shares._lender_shares_up(assets, self._held(), erc20.total_supply)


@external
@view
def previewRedeem(amount: uint256) -> uint256:
    return shares._lender_assets_down(amount, self._held(), erc20.total_supply)


@external
@view
def maxDeposit(receiver: address) -> uint256:
    held: uint256 = self._held()
    room: uint256 = self._room(held)
    # Room that would buy no share is no room.
    return room if shares._lender_shares_down(room, held, erc20.total_supply) > 0 else 0


@external
@view
def maxMint(receiver: address) -> uint256:
    held: uint256 = self._held()
    return shares._lender_shares_down(self._room(held), held, erc20.total_supply)


@external
@view
def maxWithdraw(owner: address) -> uint256:
    return shares._lender_assets_down(self._open_shares(owner), self._held(), erc20.total_supply)


@external
@view
def maxRedeem(owner: address) -> uint256:
    amount: uint256 = self._open_shares(owner)
    # Shares worth nothing cannot be redeemed.
    return amount if shares._lender_assets_down(amount, self._held(), erc20.total_supply) > 0 else 0


# Inside, what the fund holds and what a pool may draw of it


@internal
@view
def _held() -> uint256:
    # Counted up to 128 bits, so that no sum or product below can overflow.
    return min(staticcall ASSET.balanceOf(self), MAX_UINT128)


@internal
@view
def _cover_left(pool: address) -> uint256:
    # The share is of what the fund would hold had this pool never drawn; at most all of that, so never more than it holds.
    drawn: uint256 = self.drawn[pool]
    by_share: uint256 = rounding._mul_div_down(self._held() + drawn, self.max_share_wad[pool], WAD)
    limit: uint256 = min(self.max_assets[pool], by_share)
    return limit - drawn if limit > drawn else 0


# Inside, deposits and withdrawals


@internal
def _deposit(assets: uint256, minted: uint256, receiver: address):
    self._check_sealed()
    assert assets > 0 and minted > 0, "backstop: amount is worth nothing"
    self._check_account(receiver)
    held: uint256 = self._held()
    assert not shares._is_wiped_out(held, erc20.total_supply), "backstop: wiped out"
    assert assets <= self._room(held), "backstop: over 128 bits"
    erc20._mint(receiver, minted)
    log Deposit(sender=msg.sender, owner=receiver, assets=assets, shares=minted)
    self._pull(assets)


@internal
def _withdraw(assets: uint256, burnt: uint256, receiver: address, owner: address):
    assert assets > 0, "backstop: amount is worth nothing"
    self._check_account(receiver)
    if msg.sender != owner:
        erc20._spend(owner, msg.sender, burnt)
    self._use_notice(owner, burnt)
    erc20._burn(owner, burnt)
    log Withdraw(sender=msg.sender, receiver=receiver, owner=owner, assets=assets, shares=burnt)
    self._push(receiver, assets)


@internal
@view
def _room(held: uint256) -> uint256:
    # Assets that a deposit may still bring.
    if not self.is_sealed or shares._is_wiped_out(held, erc20.total_supply):
        return 0
    return MAX_UINT128 - held


# Inside, notices


@internal
@view
def _notice(owner: address) -> (uint256, uint256):
    # (shares, opens_at); zeros after the window. Never more shares than the owner holds: they do not transfer, and burning uses the notice.
    packed: uint256 = self.packed_notices[owner]
    opens_at: uint256 = packed & MAX_UINT64
    if block.timestamp > opens_at + WINDOW:
        return 0, 0
    return packed >> 64, opens_at


@internal
@view
def _open_shares(owner: address) -> uint256:
    # Shares that the owner can redeem now.
    amount: uint256 = 0
    opens_at: uint256 = 0
    amount, opens_at = self._notice(owner)
    return amount if block.timestamp >= opens_at else 0


@internal
def _use_notice(owner: address, burnt: uint256):
    amount: uint256 = 0
    opens_at: uint256 = 0
    amount, opens_at = self._notice(owner)
    assert amount > 0, "backstop: no notice was given, or it has expired"
    assert block.timestamp >= opens_at, "backstop: cooldown has not passed"
    assert burnt <= amount, "backstop: more than is under notice"
    self.packed_notices[owner] = amount - burnt << 64 | opens_at if burnt < amount else 0


@internal
@view
def _check_free(owner: address, amount: uint256):
    # Could shares under notice move, a few accounts with notices in turn would always have one open for them.
    noticed: uint256 = self._notice(owner)[0]
    assert noticed == 0 or amount <= erc20.balance_of[owner] - noticed, "backstop: shares are under notice"


# Inside, checks and tokens


@internal
@view
def _check_creator():
    assert msg.sender == creator, "backstop: caller is not the creator"
    assert not self.is_sealed, "backstop: sealed"


@internal
@view
def _check_sealed():
    assert self.is_sealed, "backstop: not sealed"


@internal
@pure
def _check_account(account: address):
    assert account != empty(address), "backstop: account is zero"


@internal
def _pull(amount: uint256):
    # A token that delivers less than asked (fees, rebases) is refused.
    before: uint256 = staticcall ASSET.balanceOf(self)
    assert extcall ASSET.transferFrom(msg.sender, self, amount, default_return_value=True), "transfer: token refused"
    assert staticcall ASSET.balanceOf(self) >= before + amount, "transfer: too little arrived"


@internal
def _push(receiver: address, amount: uint256):
    assert extcall ASSET.transfer(receiver, amount, default_return_value=True), "transfer: token refused"
