# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title An isolated lending pool: one asset lent against one collateral, with terms that never change
@license MIT
@notice An ERC-4626 vault over the asset. No owner, no upgrade, no pause. Where a position is sold, and at what price, stands in
    liquidation.vy. Twin of src/ringfence/model/pool.py. Every function, view or not, is closed while another one runs.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from interfaces import ILiquidationCallback
from interfaces import IPool

import erc20
import interest
import limits
import liquidation
import permits
import shares

implements: IPool
initializes: erc20
initializes: permits
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

event Accrue:
    interest: uint256
    to_reserve: uint256
    premium: uint256
    fee_shares: uint256
    supply_assets: uint256
    debt_assets: uint256
    reserve_assets: uint256
    interest_dust: uint256

event SupplyCollateral:
    caller: indexed(address)
    on_behalf: indexed(address)
    amount: uint256

event WithdrawCollateral:
    caller: indexed(address)
    on_behalf: indexed(address)
    receiver: indexed(address)
    amount: uint256

event Borrow:
    caller: indexed(address)
    on_behalf: indexed(address)
    receiver: indexed(address)
    assets: uint256
    shares: uint256

event Repay:
    caller: indexed(address)
    on_behalf: indexed(address)
    assets: uint256
    shares: uint256

event Liquidate:
    caller: indexed(address)
    borrower: indexed(address)
    receiver: indexed(address)
    payment: uint256
    debt_retired: uint256
    penalty: uint256
    debt_shares: uint256
    collateral_sold: uint256
    incentive: uint256
    loss: uint256
    high: uint256

event LossRealised:
    borrower: indexed(address)
    loss: uint256
    from_reserve: uint256
    from_backstop: uint256
    from_lenders: uint256
    from_premium: uint256

event Flag:
    borrower: indexed(address)
    since: uint256

event SetOperator:
    owner: indexed(address)
    operator: indexed(address)
    approved: bool

event AddToReserve:
    caller: indexed(address)
    assets: uint256

event PayPremium:
    assets: uint256

WAD: constant(uint256) = 10**18
MAX_UINT64: constant(uint256) = 2**64 - 1
MAX_UINT128: constant(uint256) = 2**128 - 1
# A rate model or an oracle that burns all it is given must leave a repayment enough. Nobody can starve a rate model that needs less than
# RATE_GAS: what accruing costs after its call is more than the 64th that is kept back from it.
RATE_GAS: constant(uint256) = 500_000
ORACLE_GAS: constant(uint256) = 2_000_000
# A backstop's gas, and what must be left so that it gets all of it: who sells must not be able to starve it at the lenders' cost.
COVER_GAS: constant(uint256) = 400_000
GAS_BEFORE_COVER: constant(uint256) = 420_000
MAX_DEBT_SHARES: constant(uint256) = 2**127 - 1
CLOCK_RUNS: constant(uint256) = 2**127
SHARE_DECIMALS: constant(uint8) = 6
PERMIT_TYPE: constant(bytes32) = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")
OPERATOR_TYPE: constant(bytes32) = keccak256(
    "OperatorPermit(address owner,address operator,bool approved,uint256 nonce,uint256 deadline)"
)

TERMS: immutable(limits.Terms)
NAME: immutable(String[64])
SYMBOL: immutable(String[16])
DECIMALS: immutable(uint8)

# 192 bits hold what lenders and the reserve own: no sale or other act adds over 2^160 base units, and nobody makes 2^32 of them.
packed_supply: uint256  # supply_assets * 2^64 + accrued_at
packed_debt: uint256  # debt_assets * 2^128 + debt_shares
packed_reserve: uint256  # reserve_assets * 2^64 + interest_dust
packed_positions: HashMap[address, uint256]  # collateral * 2^128 + (2^127 while the clock runs) + debt_shares
unhealthy_since: HashMap[address, uint256]
operators: HashMap[address, HashMap[address, bool]]
premium_owed: uint256  # stays 0, and is not looked at, where the terms have no premium
unlocks_at: HashMap[address, uint256]  # likewise without lock-up


@deploy
def __init__(terms_: limits.Terms, name_: String[64], symbol_: String[16]):
    limits._check(terms_)
    TERMS = terms_
    NAME = name_
    SYMBOL = symbol_
    DECIMALS = staticcall IERC20Detailed(terms_.asset).decimals() + SHARE_DECIMALS
    self.packed_supply = block.timestamp


# Lenders: an ERC-4626 vault


@external
def deposit(assets: uint256, receiver: address) -> uint256:
    totals: shares.Totals = self._accrue()
    minted: uint256 = shares._lender_shares_down(assets, totals.supply_assets, totals.supply_shares)
    self._deposit(totals, assets, minted, receiver)
    return minted


@external
def mint(amount: uint256, receiver: address) -> uint256:
    totals: shares.Totals = self._accrue()
    assets: uint256 = shares._lender_assets_up(amount, totals.supply_assets, totals.supply_shares)
    self._deposit(totals, assets, amount, receiver)
    return assets


@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    totals: shares.Totals = self._accrue()
    burnt: uint256 = shares._lender_shares_up(assets, totals.supply_assets, totals.supply_shares)
    self._withdraw(totals, assets, burnt, receiver, owner)
    return burnt


@external
def redeem(amount: uint256, receiver: address, owner: address) -> uint256:
    totals: shares.Totals = self._accrue()
    assets: uint256 = shares._lender_assets_down(amount, totals.supply_assets, totals.supply_shares)
    self._withdraw(totals, assets, amount, receiver, owner)
    return assets


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._check_unlocked(msg.sender, amount)
    erc20._move(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    self._check_unlocked(owner, amount)
    erc20._spend(owner, msg.sender, amount)
    erc20._move(owner, receiver, amount)
    return True


@external
def permit(owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    permits._use(permits._domain(NAME), PERMIT_TYPE, owner, spender, amount, deadline, v, r, s)
    erc20._approve(owner, spender, amount)


@external
def add_to_reserve(assets: uint256):
    totals: shares.Totals = self._accrue()
    self._check_amount(assets)
    totals.reserve_assets += assets
    self._store(totals)
    log AddToReserve(caller=msg.sender, assets=assets)
    self._pull(TERMS.asset, assets)


# Borrowers


@external
def supply_collateral(amount: uint256, on_behalf: address):
    totals: shares.Totals = self._accrue()
    self._check_amount(amount)
    self._check_account(on_behalf)
    position: liquidation.Position = self._position(on_behalf)
    position.collateral += amount
    assert position.collateral <= MAX_UINT128, "pool: over 128 bits"
    self._store(totals)
    self._store_position(on_behalf, position, self._since_after_payment(totals, position))
    log SupplyCollateral(caller=msg.sender, on_behalf=on_behalf, amount=amount)
    self._pull(TERMS.collateral, amount)


@external
def withdraw_collateral(amount: uint256, receiver: address, on_behalf: address):
    totals: shares.Totals = self._accrue()
    self._check_amount(amount)
    self._check_account(receiver)
    self._check_operator(on_behalf)
    position: liquidation.Position = self._position(on_behalf)
    assert amount <= position.collateral, "pool: not enough collateral"
    position.collateral -= amount
    if position.debt_shares > 0:
        self._check_new_risk(totals, position)
    self._store(totals)
    self._store_position(on_behalf, position, 0)
    log WithdrawCollateral(caller=msg.sender, on_behalf=on_behalf, receiver=receiver, amount=amount)
    self._push(TERMS.collateral, receiver, amount)


@external
def borrow(assets: uint256, receiver: address, on_behalf: address) -> uint256:
    totals: shares.Totals = self._accrue()
    self._check_amount(assets)
    self._check_account(receiver)
    self._check_operator(on_behalf)
    assert totals.debt_assets + assets <= TERMS.borrow_cap, "pool: borrow cap reached"
    assert assets <= shares._cash(totals), "pool: not enough cash"
    minted: uint256 = shares._debt_shares_up(assets, totals.debt_assets, totals.debt_shares)
    assert minted <= MAX_DEBT_SHARES - totals.debt_shares, "pool: too many debt shares"
    totals.debt_assets += assets
    totals.debt_shares += minted
    position: liquidation.Position = self._position(on_behalf)
    position.debt_shares += minted
    self._check_new_risk(totals, position)
    self._store(totals)
    self._store_position(on_behalf, position, 0)
    log Borrow(caller=msg.sender, on_behalf=on_behalf, receiver=receiver, assets=assets, shares=minted)
    self._push(TERMS.asset, receiver, assets)
    return minted


@external
def repay(assets: uint256, on_behalf: address) -> uint256:
    totals: shares.Totals = self._accrue()
    assert assets > 0, "pool: amount is zero"
    position: liquidation.Position = self._position(on_behalf)
    assert position.debt_shares > 0, "pool: no debt"
    debt: uint256 = shares._debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares)
    # Clamped, so that nobody's repayment reverts because somebody repaid a little before.
    paid: uint256 = min(assets, debt)
    burnt: uint256 = shares._debt_shares_repaid(paid, debt, position.debt_shares, totals.debt_assets, totals.debt_shares)
    retired: uint256 = min(paid, totals.debt_assets)
    totals.debt_assets -= retired
    totals.debt_shares -= burnt
    # Debts are rounded up one by one; what that adds to their sum is the lenders'.
    totals.supply_assets += paid - retired
    position.debt_shares -= burnt
    self._store(totals)
    self._store_position(on_behalf, position, self._since_after_payment(totals, position))
    log Repay(caller=msg.sender, on_behalf=on_behalf, assets=paid, shares=burnt)
    self._pull(TERMS.asset, paid)
    return paid


@external
def set_operator(operator: address, approved: bool):
    self._set_operator(msg.sender, operator, approved)


@external
def permit_operator(owner: address, operator: address, approved: bool, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    permits._use(permits._domain(NAME), OPERATOR_TYPE, owner, operator, convert(approved, uint256), deadline, v, r, s)
    self._set_operator(owner, operator, approved)


# Everybody


@external
def accrue():
    self._store(self._accrue())


@external
def pay_premium():
    totals: shares.Totals = self._accrue()
    paid: uint256 = min(totals.premium_owed, shares._cash(totals))
    totals.premium_owed -= paid
    self._store(totals)
    log PayPremium(assets=paid)
    self._push(TERMS.asset, TERMS.backstop, paid)


@external
def flag(borrower: address):
    totals: shares.Totals = self._accrue()
    self._store(totals)
    position: liquidation.Position = self._position(borrower)
    assert not self._is_healthy(totals, position), "pool: position is healthy"
    self._store_position(borrower, position, liquidation._started(position.unhealthy_since, TERMS.sale_timeout, block.timestamp))


@external
def unflag(borrower: address):
    totals: shares.Totals = self._accrue()
    self._store(totals)
    position: liquidation.Position = self._position(borrower)
    assert self._is_healthy(totals, position), "pool: position is unhealthy"
    self._store_position(borrower, position, 0)


@external
def liquidate(
    borrower: address, max_payment: uint256, min_collateral: uint256, receiver: address, data: Bytes[1024]
) -> (uint256, uint256):
    totals: shares.Totals = self._accrue()
    self._check_account(receiver)
    high: uint256 = self._high()
    sale: liquidation.Sale = empty(liquidation.Sale)
    totals, sale = self._sell(totals, borrower, receiver, high, max_payment)
    assert len(sale.refusal) == 0, sale.refusal
    self._store(totals)
    self._exchange(sale.payment, sale.collateral, min_collateral, receiver, data)
    return sale.payment, sale.collateral


@external
def liquidate_many(
    borrowers: DynArray[address, 256], max_payment: uint256, min_collateral: uint256, receiver: address, data: Bytes[1024]
) -> (uint256, uint256):
    totals: shares.Totals = self._accrue()
    self._check_account(receiver)
    high: uint256 = self._high()
    payment: uint256 = 0
    collateral: uint256 = 0
    is_sold: bool = False
    sale: liquidation.Sale = empty(liquidation.Sale)
    for borrower: address in borrowers:
        totals, sale = self._sell(totals, borrower, receiver, high, max_payment - payment)
        if len(sale.refusal) == 0:
            is_sold = True
            payment += sale.payment
            collateral += sale.collateral
    self._store(totals)
    if is_sold:
        self._exchange(payment, collateral, min_collateral, receiver, data)
    else:
        assert min_collateral == 0, "liquidation: too little is sold"
    return payment, collateral


# Views, as if accrued now


@external
@view
def terms() -> limits.Terms:
    return TERMS


@external
@view
def state() -> (uint256, uint256, uint256, uint256, uint256, uint256, uint256):
    totals: shares.Totals = self._totals_now()
    return (
        totals.supply_assets,
        totals.supply_shares,
        totals.debt_assets,
        totals.debt_shares,
        totals.reserve_assets,
        totals.premium_owed,
        totals.accrued_at,
    )


@external
@view
def position(borrower: address) -> (uint256, uint256, uint256):
    position: liquidation.Position = self._position(borrower)
    return position.collateral, position.debt_shares, position.unhealthy_since


@external
@view
def is_operator(owner: address, operator: address) -> bool:
    return self.operators[owner][operator]


@external
@view
def locked_until(owner: address) -> uint256:
    return self.unlocks_at[owner]


@external
@view
def nonces(owner: address) -> uint256:
    return permits.nonces[owner]


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    return permits._domain(NAME)


@external
@view
def debt_of(borrower: address) -> uint256:
    totals: shares.Totals = self._totals_now()
    return shares._debt_up(self._position(borrower).debt_shares, totals.debt_assets, totals.debt_shares)


@external
@view
def health(borrower: address) -> uint256:
    totals: shares.Totals = self._totals_now()
    position: liquidation.Position = self._position(borrower)
    if position.debt_shares == 0:
        return max_value(uint256)
    limit: uint256 = liquidation._limit_down(liquidation._value_down(position.collateral, self._high()), TERMS.liq_ltv)
    return limit * WAD // shares._debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares)


@external
@view
def is_healthy(borrower: address) -> bool:
    return self._is_healthy(self._totals_now(), self._position(borrower))


@external
@view
def quote_liquidation(borrower: address, max_payment: uint256) -> (uint256, uint256, uint256, uint256, uint256, uint256):
    totals: shares.Totals = self._totals_now()
    position: liquidation.Position = self._position(borrower)
    if self._is_healthy(totals, position):
        return 0, 0, 0, 0, 0, 0
    sale: liquidation.Sale = self._priced(totals, position, self._high(), max_payment)
    assert len(sale.refusal) == 0, sale.refusal
    return sale.payment, sale.collateral, sale.debt_retired, sale.penalty, sale.incentive, sale.loss


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
    return TERMS.asset


@external
@view
def totalSupply() -> uint256:
    return self._totals_now().supply_shares


@external
@view
def totalAssets() -> uint256:
    return self._totals_now().supply_assets


@external
@view
def convertToShares(assets: uint256) -> uint256:
    return self._shares_down(assets)


@external
@view
def convertToAssets(amount: uint256) -> uint256:
    return self._assets_down(amount)


@external
@view
def previewDeposit(assets: uint256) -> uint256:
    return self._shares_down(assets)


@external
@view
def previewMint(amount: uint256) -> uint256:
    totals: shares.Totals = self._totals_now()
    return shares._lender_assets_up(amount, totals.supply_assets, totals.supply_shares)


@external
@view
def previewWithdraw(assets: uint256) -> uint256:
    totals: shares.Totals = self._totals_now()
    return shares._lender_shares_up(assets, totals.supply_assets, totals.supply_shares)


@external
@view
def previewRedeem(amount: uint256) -> uint256:
    return self._assets_down(amount)


@external
@view
def maxDeposit(receiver: address) -> uint256:
    totals: shares.Totals = self._totals_now()
    room: uint256 = self._room(totals)
    # Room that would buy no share is no room.
    return room if shares._lender_shares_down(room, totals.supply_assets, totals.supply_shares) > 0 else 0


@external
@view
def maxMint(receiver: address) -> uint256:
    totals: shares.Totals = self._totals_now()
    return shares._lender_shares_down(self._room(totals), totals.supply_assets, totals.supply_shares)


@external
@view
def maxWithdraw(owner: address) -> uint256:
    totals: shares.Totals = self._totals_now()
    if self._is_locked(owner):
        return 0
    owned: uint256 = shares._lender_assets_down(erc20.balance_of[owner], totals.supply_assets, totals.supply_shares)
    return min(owned, shares._cash(totals))


@external
@view
def maxRedeem(owner: address) -> uint256:
    totals: shares.Totals = self._totals_now()
    if self._is_locked(owner):
        return 0
    held: uint256 = erc20.balance_of[owner]
    paid_out: uint256 = shares._lender_shares_down(shares._cash(totals), totals.supply_assets, totals.supply_shares)
    amount: uint256 = min(held, paid_out)
    # Shares worth nothing cannot be redeemed.
    return amount if shares._lender_assets_down(amount, totals.supply_assets, totals.supply_shares) > 0 else 0


# Inside, what a lender's call does


@internal
def _deposit(before: shares.Totals, assets: uint256, minted: uint256, receiver: address):
    totals: shares.Totals = before
    assert assets > 0 and minted > 0, "pool: amount is worth nothing"
    self._check_account(receiver)
    assert not shares._is_wiped_out(totals.supply_assets, totals.supply_shares), "pool: wiped out"
    assert assets <= self._room(totals), "pool: supply cap reached"
    if TERMS.lockup > 0:
        # Nobody locks another's shares unasked.
        self._check_operator(receiver)
        self.unlocks_at[receiver] = block.timestamp + TERMS.lockup
    totals.supply_assets += assets
    self._store(totals)
    erc20._mint(receiver, minted)
    log Deposit(sender=msg.sender, owner=receiver, assets=assets, shares=minted)
    self._pull(TERMS.asset, assets)


@internal
def _withdraw(before: shares.Totals, assets: uint256, burnt: uint256, receiver: address, owner: address):
    totals: shares.Totals = before
    assert assets > 0, "pool: amount is worth nothing"
    self._check_account(receiver)
    self._check_unlocked(owner, burnt)
    if msg.sender != owner:
        erc20._spend(owner, msg.sender, burnt)
    erc20._burn(owner, burnt)
    assert assets <= shares._cash(totals), "pool: not enough cash"
    totals.supply_assets -= assets
    self._store(totals)
    log Withdraw(sender=msg.sender, receiver=receiver, owner=owner, assets=assets, shares=burnt)
    self._push(TERMS.asset, receiver, assets)


@internal
@view
def _shares_down(assets: uint256) -> uint256:
    totals: shares.Totals = self._totals_now()
    return shares._lender_shares_down(assets, totals.supply_assets, totals.supply_shares)


@internal
@view
def _assets_down(amount: uint256) -> uint256:
    totals: shares.Totals = self._totals_now()
    return shares._lender_assets_down(amount, totals.supply_assets, totals.supply_shares)


@internal
@view
def _room(totals: shares.Totals) -> uint256:
    # Assets that a deposit may still bring.
    if shares._is_wiped_out(totals.supply_assets, totals.supply_shares) or totals.supply_assets >= TERMS.supply_cap:
        return 0
    return TERMS.supply_cap - totals.supply_assets


# Inside, what every call checks


@internal
@view
def _is_locked(owner: address) -> bool:
    return TERMS.lockup > 0 and block.timestamp < self.unlocks_at[owner]


@internal
@view
def _check_unlocked(owner: address, amount: uint256):
    # A transfer of nothing moves no locked share.
    assert amount == 0 or not self._is_locked(owner), "pool: shares are locked"


@internal
@pure
def _check_amount(amount: uint256):
    assert amount > 0, "pool: amount is zero"
    assert amount <= MAX_UINT128, "pool: over 128 bits"


@internal
@pure
def _check_account(account: address):
    assert account != empty(address), "pool: account is zero"


@internal
def _set_operator(owner: address, operator: address, approved: bool):
    self.operators[owner][operator] = approved
    log SetOperator(owner=owner, operator=operator, approved=approved)


@internal
@view
def _check_operator(on_behalf: address):
    assert msg.sender == on_behalf or self.operators[on_behalf][msg.sender], "pool: caller is no operator"


@internal
@view
def _check_new_risk(totals: shares.Totals, position: liquidation.Position):
    # New risk is judged at the low price; who passes is healthy at the high one too, so that a running clock stops.
    debt: uint256 = shares._debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares)
    low: uint256 = self._prices()[0]
    assert debt <= liquidation._limit_down(liquidation._value_down(position.collateral, low), TERMS.max_ltv), "pool: over max_ltv"
    assert debt >= TERMS.min_debt, "pool: debt under min_debt"


# Inside, health, clock and sale


@internal
@view
def _is_healthy(totals: shares.Totals, position: liquidation.Position) -> bool:
    # Without debt no price is asked for.
    return position.debt_shares == 0 or liquidation._is_healthy(TERMS.liq_ltv, totals, position, self._high())


@internal
@view
def _since_after_payment(totals: shares.Totals, position: liquidation.Position) -> uint256:
    # Paying in needs no price: the oracle is asked only while the clock runs, and one that fails leaves it running.
    if position.unhealthy_since == 0 or position.debt_shares == 0:
        return 0
    is_priced: bool = False
    low: uint256 = 0
    high: uint256 = 0
    is_priced, low, high = self._try_prices()
    if is_priced and liquidation._is_healthy(TERMS.liq_ltv, totals, position, high):
        return 0
    return position.unhealthy_since


@internal
@view
def _priced(totals: shares.Totals, position: liquidation.Position, high: uint256, max_payment: uint256) -> liquidation.Sale:
    elapsed: uint256 = liquidation._elapsed(position.unhealthy_since, TERMS.sale_timeout, block.timestamp)
    return liquidation._sale(TERMS, totals, position, high, elapsed, max_payment)


@internal
def _sell(
    before: shares.Totals, borrower: address, receiver: address, high: uint256, max_payment: uint256
) -> (shares.Totals, liquidation.Sale):
    # One sale in the pool's books, tokens aside; a refused one changes nothing.
    position: liquidation.Position = self._position(borrower)
    sale: liquidation.Sale = self._priced(before, position, high, max_payment)
    if len(sale.refusal) > 0:
        return before, sale
    totals: shares.Totals = before
    from_reserve: uint256 = 0
    totals, from_reserve = liquidation._after_sale(before, sale)
    position.collateral -= sale.collateral
    position.debt_shares -= sale.debt_shares
    log Liquidate(
        caller=msg.sender,
        borrower=borrower,
        receiver=receiver,
        payment=sale.payment,
        debt_retired=sale.debt_retired,
        penalty=sale.penalty,
        debt_shares=sale.debt_shares,
        collateral_sold=sale.collateral,
        incentive=sale.incentive,
        loss=sale.loss,
        high=high,
    )
    if sale.loss > 0:
        from_backstop: uint256 = self._cover(sale.loss - from_reserve)
        from_lenders: uint256 = 0
        from_premium: uint256 = 0
        totals, from_lenders, from_premium = liquidation._bear(totals, sale.loss - from_reserve - from_backstop)
        log LossRealised(
            borrower=borrower,
            loss=sale.loss,
            from_reserve=from_reserve,
            from_backstop=from_backstop,
            from_lenders=from_lenders,
            from_premium=from_premium,
        )
    since: uint256 = 0
    if not liquidation._is_healthy(TERMS.liq_ltv, totals, position, high):
        since = liquidation._started(position.unhealthy_since, TERMS.sale_timeout, block.timestamp)
    self._store_position(borrower, position, since)
    return totals, sale


@internal
def _cover(loss: uint256) -> uint256:
    # A backstop that fails must not stop a sale: what it says does not count, what arrives does.
    if loss == 0 or TERMS.backstop == empty(address):
        return 0
    before: uint256 = staticcall IERC20(TERMS.asset).balanceOf(self)
    assert msg.gas >= GAS_BEFORE_COVER, "pool: too little gas"
    is_answered: bool = raw_call(
        TERMS.backstop, abi_encode(loss, method_id=method_id("cover(uint256)")), gas=COVER_GAS, revert_on_failure=False
    )
    after: uint256 = staticcall IERC20(TERMS.asset).balanceOf(self)
    return min(loss, max(after, before) - before)


@internal
def _exchange(payment: uint256, collateral: uint256, min_collateral: uint256, receiver: address, data: Bytes[1024]):
    # Collateral goes out first, so that a buyer can sell it in the callback and pay from what it brought.
    assert collateral >= min_collateral, "liquidation: too little is sold"
    self._push(TERMS.collateral, receiver, collateral)
    if len(data) > 0:
        extcall ILiquidationCallback(msg.sender).on_liquidation(payment, data)
    self._pull(TERMS.asset, payment)


# Inside, interest


@internal
@view
def _totals() -> shares.Totals:
    return shares.Totals(
        supply_assets=self.packed_supply >> 64,
        supply_shares=erc20.total_supply,
        debt_assets=self.packed_debt >> 128,
        debt_shares=self.packed_debt & MAX_UINT128,
        reserve_assets=self.packed_reserve >> 64,
        premium_owed=self.premium_owed if TERMS.premium > 0 else 0,
        accrued_at=self.packed_supply & MAX_UINT64,
        interest_dust=self.packed_reserve & MAX_UINT64,
    )


@internal
def _store(totals: shares.Totals):
    # Lender shares are kept by erc20.
    self.packed_supply = totals.supply_assets << 64 | totals.accrued_at
    self.packed_debt = totals.debt_assets << 128 | totals.debt_shares
    self.packed_reserve = totals.reserve_assets << 64 | totals.interest_dust
    if TERMS.premium > 0:
        self.premium_owed = totals.premium_owed


@internal
def _accrue() -> shares.Totals:
    totals: shares.Totals = self._totals()
    elapsed: uint256 = block.timestamp - totals.accrued_at
    if elapsed == 0:
        return totals
    is_answered: bool = False
    answer: Bytes[32] = b""
    is_answered, answer = raw_call(
        TERMS.rate_model,
        abi_encode(totals.debt_assets, totals.supply_assets, elapsed, method_id=method_id("update(uint256,uint256,uint256)")),
        max_outsize=32,
        gas=RATE_GAS,
        revert_on_failure=False,
    )
    accrual: interest.Accrual = empty(interest.Accrual)
    totals, accrual = interest._accrue(totals, TERMS, self._rate(is_answered, answer), block.timestamp)
    if accrual.fee_shares > 0:
        erc20._mint(TERMS.fee_recipient, accrual.fee_shares)
    log Accrue(
        interest=accrual.interest,
        to_reserve=accrual.to_reserve,
        premium=accrual.premium,
        fee_shares=accrual.fee_shares,
        supply_assets=totals.supply_assets,
        debt_assets=totals.debt_assets,
        reserve_assets=totals.reserve_assets,
        interest_dust=totals.interest_dust,
    )
    return totals


@internal
@view
def _totals_now() -> shares.Totals:
    totals: shares.Totals = self._totals()
    elapsed: uint256 = block.timestamp - totals.accrued_at
    if elapsed == 0:
        return totals
    is_answered: bool = False
    answer: Bytes[32] = b""
    is_answered, answer = raw_call(
        TERMS.rate_model,
        abi_encode(
            self, totals.debt_assets, totals.supply_assets, elapsed, method_id=method_id("rate(address,uint256,uint256,uint256)")
        ),
        max_outsize=32,
        gas=RATE_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    accrual: interest.Accrual = empty(interest.Accrual)
    totals, accrual = interest._accrue(totals, TERMS, self._rate(is_answered, answer), block.timestamp)
    return totals


@internal
@pure
def _rate(is_answered: bool, answer: Bytes[32]) -> uint256:
    # A rate model that fails must not stop anybody: no interest is counted then.
    if not is_answered or len(answer) < 32:
        return 0
    return convert(answer, uint256)


# Inside, prices


@internal
@view
def _try_prices() -> (bool, uint256, uint256):
    is_answered: bool = False
    answer: Bytes[64] = b""
    is_answered, answer = raw_call(
        TERMS.oracle,
        method_id("prices()"),
        max_outsize=64,
        gas=ORACLE_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not is_answered or len(answer) < 64:
        return False, 0, 0
    low: uint256 = 0
    high: uint256 = 0
    low, high = abi_decode(answer, (uint256, uint256))
    return high > 0 and low <= high, low, high


@internal
@view
def _prices() -> (uint256, uint256):
    is_priced: bool = False
    low: uint256 = 0
    high: uint256 = 0
    is_priced, low, high = self._try_prices()
    assert is_priced, "oracle: no valid price"
    return low, high


@internal
@view
def _high() -> uint256:
    return self._prices()[1]


# Inside, positions and tokens


@internal
@view
def _position(borrower: address) -> liquidation.Position:
    # Most clocks stand; their slot is not read then.
    packed: uint256 = self.packed_positions[borrower]
    since: uint256 = 0
    if packed & CLOCK_RUNS > 0:
        since = self.unhealthy_since[borrower]
    return liquidation.Position(collateral=packed >> 128, debt_shares=packed & MAX_DEBT_SHARES, unhealthy_since=since)


@internal
def _store_position(borrower: address, position: liquidation.Position, since: uint256):
    # With its clock at `since`, whatever it was.
    packed: uint256 = position.collateral << 128 | position.debt_shares
    if since > 0:
        packed |= CLOCK_RUNS
    self.packed_positions[borrower] = packed
    if since != position.unhealthy_since:
        self.unhealthy_since[borrower] = since
        log Flag(borrower=borrower, since=since)


@internal
def _pull(token: address, amount: uint256):
    # A token that delivers less than asked (fees, rebases) is refused.
    if amount == 0:
        return
    before: uint256 = staticcall IERC20(token).balanceOf(self)
    assert extcall IERC20(token).transferFrom(msg.sender, self, amount, default_return_value=True), "transfer: token refused"
    assert staticcall IERC20(token).balanceOf(self) >= before + amount, "transfer: too little arrived"


@internal
def _push(token: address, receiver: address, amount: uint256):
    if amount > 0:
        assert extcall IERC20(token).transfer(receiver, amount, default_return_value=True), "transfer: token refused"
