# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Open or close a leveraged position of a pool in one transaction
@license MIT
@notice A flash loan (ERC-3156) brings the assets first; its callback trades them through a swap adapter and lets the position pay the loan
    back. Acts for the caller alone, who is asked for two rights: operator in the pool, and an allowance for the margin. No owner, no
    storage; neither token nor allowance stays behind. Lender, adapter and pool are the caller's choice, and none of them is believed.
"""

from ethereum.ercs import IERC20

from interfaces import IFlashLender
from interfaces import IPool
from interfaces import ISwapAdapter

import limits

event Open:
    owner: indexed(address)
    pool: indexed(address)
    adapter: indexed(address)
    margin: uint256
    bought: uint256
    borrowed: uint256

event Close:
    owner: indexed(address)
    pool: indexed(address)
    adapter: indexed(address)
    repaid: uint256
    assets_back: uint256
    collateral_back: uint256

# What ERC-3156 wants to hear from a borrower.
LENT: constant(bytes32) = keccak256("ERC3156FlashBorrower.onFlashLoan")


# Who lends, who swaps and with what words for it, and the last second (block.timestamp) at which this may happen.
struct Route:
    lender: address
    adapter: address
    data: Bytes[1024]
    deadline: uint256


# What the callback is to do; kept here, not sent through the lender. Amounts are base units of the asset, but `margin`, `bought`,
# `withdrawn`, `sold` and `*collateral*` (base units of that token). `lender` is empty once it has called back.
struct Plan:
    owner: address
    pool: address
    asset: address
    collateral: address
    lender: address
    adapter: address
    data: Bytes[1024]
    asset_before: uint256
    collateral_before: uint256
    flash: uint256
    is_opening: bool
    margin: uint256
    min_bought: uint256
    max_debt: uint256
    bought: uint256
    borrowed: uint256
    withdrawn: uint256
    sold: uint256
    repaid: uint256


plan: transient(Plan)


@external
def open(
    pool: address, margin: uint256, flash: uint256, min_bought: uint256, max_debt: uint256, min_health: uint256, route: Route
) -> (uint256, uint256):
    """
    @notice Add `margin` and what `flash` assets buy to the caller's collateral, and borrow the loan and its fee against it
    @param margin Collateral taken from the caller; 0 to use what the position has
    @param min_bought Least collateral that the assets must buy
    @param max_debt Most assets that may be borrowed, the lender's fee included
    @param min_health Least health (WAD, at the oracle's high price) of the position afterwards; 0 asks for none
    @return Collateral bought, assets borrowed
    """
    plan: Plan = self._planned(pool, route)
    plan.is_opening = True
    plan.flash = flash
    plan.margin = margin
    plan.min_bought = min_bought
    plan.max_debt = max_debt
    self.plan = plan
    self._lend()
    self._refund()
    self._check_health(min_health)
    log Open(
        owner=msg.sender, pool=pool, adapter=route.adapter, margin=margin, bought=self.plan.bought, borrowed=self.plan.borrowed
    )
    return self.plan.bought, self.plan.borrowed


@external
def close(
    pool: address, repaid: uint256, withdrawn: uint256, sold: uint256, min_assets: uint256, min_health: uint256, route: Route
) -> (uint256, uint256):
    """
    @notice Repay the caller's debt, take collateral out, sell of it to pay the loan back, and send what is left to the caller
    @param repaid Assets to repay; 2^256 - 1 for the whole debt
    @param withdrawn Collateral to take out of the position; 2^256 - 1 for all of it
    @param sold Collateral to sell, at most what is taken out; 2^256 - 1 for all of that
    @param min_assets Least assets that must come back to the caller
    @param min_health Least health (WAD, at the oracle's high price) of what stays; 0 asks for none
    @return Assets and collateral that came back to the caller
    """
    plan: Plan = self._planned(pool, route)
    plan.flash = min(repaid, staticcall IPool(pool).debt_of(msg.sender))
    plan.withdrawn = min(withdrawn, (staticcall IPool(pool).position(msg.sender))[0])
    plan.sold = min(sold, plan.withdrawn)
    self.plan = plan
    self._lend()
    assets_back: uint256 = 0
    collateral_back: uint256 = 0
    assets_back, collateral_back = self._refund()
    assert assets_back >= min_assets, "leverage: too little comes back"
    self._check_health(min_health)
    log Close(
        owner=msg.sender,
        pool=pool,
        adapter=route.adapter,
        repaid=self.plan.repaid,
        assets_back=assets_back,
        collateral_back=collateral_back,
    )
    return assets_back, collateral_back


@external
@reentrant
def onFlashLoan(initiator: address, token: address, amount: uint256, fee: uint256, data: Bytes[1024]) -> bytes32:
    """
    @notice The lender's callback, open to the lender of a plan under way, once
    """
    plan: Plan = self.plan
    # Nobody else, at no other time, not twice; and not for a loan that somebody else asked for in this contract's name.
    assert msg.sender == plan.lender and initiator == self, "leverage: nobody waits for this loan"
    assert token == plan.asset and amount == plan.flash, "leverage: not the loan asked for"
    self.plan.lender = empty(address)
    # A lender that sends nothing would be paid with what others left here.
    assert self._balance(token) >= plan.asset_before + amount, "leverage: the loan is not here"
    if plan.is_opening:
        self._open(plan, amount + fee)
    else:
        self._close(plan)
    self._approve(token, msg.sender, amount + fee)
    return LENT


@internal
@view
def _planned(pool: address, route: Route) -> Plan:
    # A transaction that waited too long does nothing.
    assert block.timestamp <= route.deadline, "leverage: too late"
    terms: limits.Terms = staticcall IPool(pool).terms()
    plan: Plan = empty(Plan)
    plan.owner = msg.sender
    plan.pool = pool
    plan.asset = terms.asset
    plan.collateral = terms.collateral
    plan.lender = route.lender
    plan.adapter = route.adapter
    plan.data = route.data
    # What lies here already is nobody's: all that follows counts what comes on top.
    plan.asset_before = self._balance(terms.asset)
    plan.collateral_before = self._balance(terms.collateral)
    return plan


@internal
def _lend():
    plan: Plan = self.plan
    assert extcall IFlashLender(plan.lender).flashLoan(self, plan.asset, plan.flash, b""), "leverage: nothing was lent"
    assert self.plan.lender == empty(address), "leverage: nothing was lent"
    # A lender that took less than it was allowed keeps no right to the rest.
    self._approve(plan.asset, plan.lender, 0)


@internal
def _open(plan: Plan, debt: uint256):
    assert debt <= plan.max_debt, "leverage: too much is borrowed"
    if plan.margin > 0:
        assert extcall IERC20(plan.collateral).transferFrom(
            plan.owner, self, plan.margin, default_return_value=True
        ), "leverage: transfer failed"
    bought: uint256 = self._swap(plan, plan.asset, plan.collateral, plan.flash, plan.min_bought)
    assert bought >= plan.min_bought, "leverage: too little is bought"
    added: uint256 = self._balance(plan.collateral) - plan.collateral_before
    self._approve(plan.collateral, plan.pool, added)
    extcall IPool(plan.pool).supply_collateral(added, plan.owner)
    self._approve(plan.collateral, plan.pool, 0)
    extcall IPool(plan.pool).borrow(debt, self, plan.owner)
    self.plan.bought = bought
    self.plan.borrowed = debt


@internal
def _close(plan: Plan):
    self._approve(plan.asset, plan.pool, plan.flash)
    self.plan.repaid = extcall IPool(plan.pool).repay(plan.flash, plan.owner)
    self._approve(plan.asset, plan.pool, 0)
    extcall IPool(plan.pool).withdraw_collateral(plan.withdrawn, self, plan.owner)
    # What must come back is checked at the end, when the lender has been paid.
    self._swap(plan, plan.collateral, plan.asset, plan.sold, 0)


@internal
def _swap(plan: Plan, token_in: address, token_out: address, amount: uint256, min_out: uint256) -> uint256:
    # The adapter holds what it may sell and nothing else; what it brings is counted here.
    before: uint256 = self._balance(token_out)
    self._send(token_in, plan.adapter, amount)
    extcall ISwapAdapter(plan.adapter).swap(token_in, token_out, amount, min_out, self, plan.data)
    return self._balance(token_out) - before


@internal
def _refund() -> (uint256, uint256):
    # All that came on top goes to the owner, to the unit.
    plan: Plan = self.plan
    assets: uint256 = self._balance(plan.asset) - plan.asset_before
    collateral: uint256 = self._balance(plan.collateral) - plan.collateral_before
    if assets > 0:
        self._send(plan.asset, plan.owner, assets)
    if collateral > 0:
        self._send(plan.collateral, plan.owner, collateral)
    return assets, collateral


@internal
@view
def _check_health(min_health: uint256):
    if min_health > 0:
        assert staticcall IPool(self.plan.pool).health(self.plan.owner) >= min_health, "leverage: health is too low"


@internal
@view
def _balance(token: address) -> uint256:
    return staticcall IERC20(token).balanceOf(self)


@internal
def _send(token: address, receiver: address, amount: uint256):
    assert extcall IERC20(token).transfer(receiver, amount, default_return_value=True), "leverage: transfer failed"


@internal
def _approve(token: address, spender: address, amount: uint256):
    assert extcall IERC20(token).approve(spender, amount, default_return_value=True), "leverage: approval failed"
