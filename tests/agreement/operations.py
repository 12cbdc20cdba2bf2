"""What may happen next: each function draws one act that fits the state well enough to succeed often, and does it on both sides.

A price is drawn from a position, so that it lands a few units beside a threshold; times from clocks; amounts from what is left of a limit.
The seeded driver and the state machine share these.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from ringfence.model import liquidation, shares
from ringfence.model.errors import Revert
from ringfence.model.interest import MAX_RATE
from ringfence.model.permits import Message, Signature
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT128, MAX_UINT256, PRICE_SCALE, WAD, YEAR_SECONDS, ZERO_ADDRESS
from tests.agreement.twins import BORROWERS, LENDERS, LIQUIDATOR, OPERATOR, OUTSIDER, PEOPLE, Twins

DAY = 86_400

Operation = Callable[[Twins, Random], None]


# Choosing


def near(rng: Random, amount: int) -> int:
    """An amount at, beside, within or beyond another."""
    amount = min(MAX_UINT256, max(0, amount))
    kind = rng.random()
    if kind < 0.25:
        return amount
    if kind < 0.75:
        return rng.randint(0, amount)
    if kind < 0.93:
        return min(MAX_UINT256, max(0, amount + rng.choice((-2, -1, 1, 2))))
    return min(MAX_UINT256, rng.choice((0, 1, 2 * amount, MAX_UINT128, MAX_UINT128 + 1, MAX_UINT256)))


def within(rng: Random, amount: int) -> int:
    """An amount of at least 1 that is probably allowed where `amount` is the most."""
    amount = min(MAX_UINT256, max(1, amount))
    return amount if rng.random() < 0.2 else rng.randint(1, amount)


def mostly(rng: Random, usual: str, others: Sequence[str] = PEOPLE, *, often: float = 0.85) -> str:
    """The usual account, now and then another one."""
    return usual if rng.random() < often else rng.choice(others)


def receiver(twins: Twins, rng: Random, usual: str) -> str:
    """Where something goes: mostly to the usual account, sometimes to others, to the pool itself or to nobody."""
    return usual if rng.random() < 0.85 else rng.choice((*PEOPLE, twins.pool.address, ZERO_ADDRESS))


def totals_now(twins: Twins) -> Totals:
    """The pool's totals as the next act will find them."""
    return twins.pool._totals_now(twins.now)


def debtors(twins: Twins) -> list[str]:
    """Accounts with debt."""
    return [account for account, held in twins.pool._positions.items() if held.debt_shares > 0]


def unhealthy(twins: Twins) -> list[str]:
    """Accounts that can be sold now."""
    pool, totals = twins.pool, totals_now(twins)
    try:
        high = pool._high()
    except Revert:
        return []
    return [who for who in debtors(twins) if not liquidation.is_healthy(twins.terms.liq_ltv, totals, pool._positions[who], high)]


def some_borrower(twins: Twins, rng: Random) -> str:
    """A borrower, probably one with debt."""
    known = debtors(twins)
    return rng.choice(known) if known and rng.random() < 0.8 else rng.choice(BORROWERS)


def actor_for(twins: Twins, rng: Random, owner: str) -> str:
    """Who acts on a position: its owner, an operator who may be approved, or anybody."""
    approved = [operator for (who, operator), is_approved in twins.pool._operators.items() if who == owner and is_approved]
    if approved and rng.random() < 0.3:
        return rng.choice(approved)
    return owner if rng.random() < 0.95 else rng.choice(PEOPLE)


# Lenders


def deposit(twins: Twins, rng: Random) -> None:
    """Lend an amount, near the room that is left if there is little."""
    room = twins.terms.supply_cap - min(twins.terms.supply_cap, totals_now(twins).supply_assets)
    usual = min(room, 4 * twins.world.unit)
    lender = mostly(rng, rng.choice(LENDERS))
    amount = within(rng, usual) if rng.random() < 0.8 else near(rng, usual)
    twins.act("deposit", lender, amount, receiver(twins, rng, lender))


def mint(twins: Twins, rng: Random) -> None:
    """Lend for an amount of shares."""
    totals = totals_now(twins)
    room = twins.terms.supply_cap - min(twins.terms.supply_cap, totals.supply_assets)
    try:
        usual = shares.lender_shares_down(min(room, 2 * twins.world.unit), totals.supply_assets, totals.supply_shares)
    except Revert:
        usual = 1
    lender = mostly(rng, rng.choice(LENDERS))
    twins.act("mint", lender, within(rng, usual) if rng.random() < 0.8 else near(rng, usual), receiver(twins, rng, lender))


def _exit(twins: Twins, rng: Random, name: str, most: Callable[[str, int], int]) -> None:
    owners = [owner for owner, held in twins.pool._shares.balances.items() if held > 0]
    owner = rng.choice(owners) if owners and rng.random() < 0.9 else rng.choice(PEOPLE)
    try:
        usual = most(owner, twins.now)
    except Revert:
        usual = 1
    caller = OUTSIDER if owner == twins.pool.address else mostly(rng, owner, PEOPLE)
    allowed = [spender for (holder, spender), left in twins.pool._shares.allowances.items() if holder == owner and left > 0]
    if allowed and rng.random() < 0.3:
        caller = rng.choice(allowed)
    amount = within(rng, usual) if rng.random() < 0.6 else near(rng, usual)
    twins.act(name, caller, amount, receiver(twins, rng, owner), owner)


def withdraw(twins: Twins, rng: Random) -> None:
    """Take assets out, up to and beyond what shares and cash allow."""
    _exit(twins, rng, "withdraw", twins.pool.max_withdraw)


def redeem(twins: Twins, rng: Random) -> None:
    """Burn shares, up to and beyond what the owner has and cash allows."""
    is_held = rng.random() < 0.3
    _exit(twins, rng, "redeem", lambda owner, now: twins.pool.balance_of(owner) if is_held else twins.pool.max_redeem(owner, now))


def transfer(twins: Twins, rng: Random) -> None:
    """Move lender shares, also none, also to oneself."""
    sender = rng.choice((*LENDERS, rng.choice(PEOPLE)))
    amount = near(rng, twins.pool.balance_of(sender))
    twins.act("transfer", sender, mostly(rng, rng.choice(PEOPLE), (sender, twins.pool.address, ZERO_ADDRESS)), amount)


def transfer_from(twins: Twins, rng: Random) -> None:
    """Move somebody's lender shares within or beyond the allowance."""
    known = [pair for pair, left in twins.pool._shares.allowances.items() if left > 0]
    owner, spender = rng.choice(known) if known and rng.random() < 0.8 else (rng.choice(LENDERS), rng.choice(PEOPLE))
    amount = near(rng, min(twins.pool.balance_of(owner), twins.pool.allowance(owner, spender)))
    twins.act("transferFrom", spender, owner, mostly(rng, rng.choice(PEOPLE), (ZERO_ADDRESS,), often=0.95), amount)


def approve(twins: Twins, rng: Random) -> None:
    """Allow somebody to move lender shares."""
    owner = rng.choice(LENDERS)
    amount = rng.choice((near(rng, twins.pool.balance_of(owner)), MAX_UINT256))
    twins.act("approve", owner, rng.choice((*PEOPLE, ZERO_ADDRESS)), amount)


def permit(twins: Twins, rng: Random) -> None:
    """Allow somebody to move lender shares, by signature."""
    owner = rng.choice(LENDERS)
    _use_permit(twins, rng, "permit", "Permit", owner, rng.choice((near(rng, twins.pool.balance_of(owner)), MAX_UINT256)))


def permit_operator(twins: Twins, rng: Random) -> None:
    """Approve an operator of a borrower or a lender, or no longer, by signature."""
    owner = rng.choice((rng.choice(BORROWERS), rng.choice(LENDERS)))
    _use_permit(twins, rng, "permit_operator", "OperatorPermit", owner, rng.random() < 0.75)


def _use_permit(twins: Twins, rng: Random, name: str, kind: str, owner: str, granted: int) -> None:
    # Mostly as signed; else late, or signed by another, for another pool, owner, spender, amount or moment, or as the other kind, or used.
    other = rng.choice(PEOPLE)
    deadline = rng.choice((MAX_UINT256, twins.now, twins.now + rng.randint(0, 100), twins.now - 1 if rng.random() < 0.4 else MAX_UINT256))
    message = Message(twins.pool.address, kind, owner, other, int(granted), twins.pool.nonces(owner), deadline)
    signer = owner
    if rng.random() < 0.3:
        signer = rng.choice((owner, owner, rng.choice(PEOPLE), ZERO_ADDRESS))
        message = rng.choice(
            (
                message,
                message._replace(contract=twins.asset.address),
                message._replace(kind="Permit" if kind == "OperatorPermit" else "OperatorPermit"),
                message._replace(owner=OUTSIDER),
                message._replace(other=OUTSIDER),
                message._replace(granted=message.granted ^ 1),
                message._replace(nonce=max(0, message.nonce + rng.choice((-1, 1)))),
                message._replace(deadline=max(0, deadline - 1)),
            )
        )
    named = owner if rng.random() < 0.98 else ZERO_ADDRESS
    twins.act(name, rng.choice(PEOPLE), named, other, granted, deadline, Signature(signer, message))


def add_to_reserve(twins: Twins, rng: Random) -> None:
    """Give to the reserve, mostly little."""
    amount = within(rng, twins.world.unit // 20) if rng.random() < 0.8 else near(rng, twins.world.unit)
    twins.act("add_to_reserve", mostly(rng, LENDERS[0]), amount)


# Borrowers


def supply_collateral(twins: Twins, rng: Random) -> None:
    """Add collateral, sometimes just what makes an unhealthy position healthy."""
    borrower = some_borrower(twins, rng)
    usual = 3 * twins.world.collateral_unit
    sick = unhealthy(twins)
    if sick and rng.random() < 0.5:
        borrower = rng.choice(sick)
        value = _value_for(_debt(twins, borrower), twins.terms.liq_ltv)
        usual = max(1, -(-value * PRICE_SCALE // twins.pool._high()) - twins.pool._positions[borrower].collateral + rng.randint(-1, 1))
    amount = min(MAX_UINT128, usual) if rng.random() < 0.3 else within(rng, usual) if rng.random() < 0.85 else near(rng, usual)
    twins.act("supply_collateral", mostly(rng, borrower), amount, mostly(rng, borrower))


def withdraw_collateral(twins: Twins, rng: Random) -> None:
    """Take collateral out, up to and beyond what the debt needs."""
    borrower = some_borrower(twins, rng)
    collateral, debt_shares, _ = twins.pool.position(borrower)
    most = collateral
    if debt_shares and (low := _low(twins)):
        needed = -(-_value_for(_debt(twins, borrower), twins.terms.max_ltv) * PRICE_SCALE // low)
        most = max(0, collateral - needed)
    amount = within(rng, most) if rng.random() < 0.6 else near(rng, most if rng.random() < 0.8 else collateral)
    twins.act("withdraw_collateral", actor_for(twins, rng, borrower), amount, receiver(twins, rng, borrower), borrower)


def borrow(twins: Twins, rng: Random) -> None:
    """Borrow, up to and beyond what collateral, cash and the cap allow; where nobody can, bring what is missing."""
    totals, low = totals_now(twins), _low(twins)
    cash, cap = shares.cash(totals), max(0, twins.terms.borrow_cap - totals.debt_assets)
    bounds = {borrower: _bound(twins, borrower, low) for borrower in BORROWERS}
    able = [borrower for borrower, bound in bounds.items() if bound > 0]
    if cash == 0 and rng.random() < 0.8:
        deposit(twins, rng)
        return
    if not able and low > 0 and rng.random() < 0.8:
        supply_collateral(twins, rng)
        return
    borrower = rng.choice(able) if able and rng.random() < 0.9 else rng.choice(BORROWERS)
    bound = bounds[borrower]
    most = min(bound, cash, cap) if rng.random() < 0.8 else rng.choice((bound, cash, cap, twins.terms.min_debt))
    kind = rng.random()
    if kind < 0.35:
        amount = max(1, most - rng.randint(0, most // 50))
    elif kind < 0.8:
        amount = max(within(rng, most), min(most, twins.terms.min_debt))
    else:
        amount = near(rng, most)
    twins.act("borrow", actor_for(twins, rng, borrower), amount, receiver(twins, rng, borrower), borrower)


def repay(twins: Twins, rng: Random) -> None:
    """Repay a little, all, more than all, or nothing; sometimes just what makes the position healthy."""
    if not debtors(twins) and rng.random() < 0.9:
        borrow(twins, rng)
        return
    borrower = some_borrower(twins, rng)
    debt = _debt(twins, borrower)
    amount = rng.choice((within(rng, debt), within(rng, debt // 4), near(rng, debt), MAX_UINT256, 1))
    twins.act("repay", mostly(rng, borrower), amount, mostly(rng, borrower))


def set_operator(twins: Twins, rng: Random) -> None:
    """Approve an operator, or no longer."""
    twins.act("set_operator", rng.choice(BORROWERS), mostly(rng, OPERATOR, often=0.8), rng.random() < 0.75)


# Everybody


def accrue(twins: Twins, rng: Random) -> None:
    """Count the interest."""
    twins.act("accrue", rng.choice(PEOPLE))


def pay_premium(twins: Twins, rng: Random) -> None:
    """Pay the backstop what it is owed."""
    twins.act("pay_premium", rng.choice(PEOPLE))


def flag(twins: Twins, rng: Random) -> None:
    """Start a clock, and often let it run for a while."""
    sick = unhealthy(twins)
    twins.act("flag", rng.choice(PEOPLE), rng.choice(sick) if sick and rng.random() < 0.9 else rng.choice(BORROWERS))
    if rng.random() < 0.6:
        pass_time(twins, rng)


def unflag(twins: Twins, rng: Random) -> None:
    """Stop a clock."""
    running = [who for who, held in twins.pool._positions.items() if held.unhealthy_since]
    twins.act("unflag", rng.choice(PEOPLE), rng.choice(running) if running and rng.random() < 0.8 else rng.choice(BORROWERS))


def liquidate(twins: Twins, rng: Random) -> None:
    """Buy one position, whole or in part, for all kinds of budgets."""
    sick = unhealthy(twins)
    borrower = rng.choice(sick) if sick and rng.random() < 0.93 else rng.choice((*PEOPLE, ZERO_ADDRESS))
    payment, collateral = _quoted(twins, borrower)
    max_payment = _budget(twins, rng, borrower, payment)
    min_collateral = 0 if rng.random() < 0.85 else near(rng, collateral)
    caller, data = _buyer(twins, rng)
    twins.act("liquidate", caller, borrower, max_payment, min_collateral, receiver(twins, rng, caller), data)


def liquidate_many(twins: Twins, rng: Random) -> None:
    """Buy several positions, some of them healthy, unknown or named twice."""
    sick = unhealthy(twins)
    borrowers = [rng.choice(sick) if sick and rng.random() < 0.8 else rng.choice(PEOPLE) for _ in range(rng.randint(0, 6))]
    if rng.random() < 0.5:
        borrowers += sick
    whole = sum(_quoted(twins, borrower)[0] for borrower in set(borrowers))
    max_payment = rng.choice((MAX_UINT256, MAX_UINT256, whole, rng.randint(0, whole), 0))
    min_collateral = 0 if rng.random() < 0.9 else rng.choice((1, twins.world.collateral_unit))
    caller, data = _buyer(twins, rng)
    twins.act("liquidate_many", caller, borrowers, max_payment, min_collateral, receiver(twins, rng, caller), data)


def _quoted(twins: Twins, borrower: str) -> tuple[int, int]:
    try:
        return twins.pool.quote_liquidation(borrower, MAX_UINT256, twins.now)[:2]
    except Revert:
        return 0, 0


def _budget(twins: Twins, rng: Random, borrower: str, payment: int) -> int:
    kind = rng.random()
    if kind < 0.25:
        return MAX_UINT256
    if kind < 0.55:
        return rng.randint(0, payment)
    if kind < 0.65:
        # What leaves a rest about as large as the least debt.
        return max(0, payment - twins.terms.min_debt + rng.randint(-3, 3))
    if kind < 0.75:
        return rng.choice((0, 1, 2, payment // 1000))
    return near(rng, rng.choice((payment, _debt(twins, borrower))))


def _buyer(twins: Twins, rng: Random) -> tuple[str, bytes]:
    kind = rng.random()
    if kind < 0.7:
        return LIQUIDATOR, b""
    if kind < 0.76:
        return OUTSIDER, b""
    if kind < 0.8:
        # An account without code has no callback to run.
        return LIQUIDATOR, b"data"
    if kind < 0.9:
        return rng.choice(PEOPLE), b""
    return twins.buyer.address, rng.choice((b"", b"go", bytes(1024)))


# Surroundings


def pass_time(twins: Twins, rng: Random) -> None:
    """Let time pass: a block, minutes, years, or just up to where a clock changes a sale."""
    twins.pass_time(_time_to_a_clock(twins, rng) if rng.random() < 0.5 else _some_time(rng))


def _time_to_a_clock(twins: Twins, rng: Random) -> int:
    since = [held.unhealthy_since for held in twins.pool._positions.values() if held.unhealthy_since]
    if not since:
        return _some_time(rng)
    window, timeout = twins.terms.solvent_window, twins.terms.sale_timeout
    edge = rng.choice((window, window // 2, rng.randint(0, window), timeout, timeout // 2))
    seconds = rng.choice(since) + edge + rng.choice((-1, 0, 0, 1)) - twins.now
    return seconds if 0 < seconds < 10 * YEAR_SECONDS else _some_time(rng)


def _some_time(rng: Random) -> int:
    kind = rng.random()
    if kind < 0.65:
        return rng.randint(1, 60)
    if kind < 0.9:
        return rng.randint(60, 3 * DAY)
    return rng.choice((30 * DAY, YEAR_SECONDS, rng.randint(DAY, 3 * YEAR_SECONDS), rng.choice((DAY, 100 * YEAR_SECONDS))))


def move_prices(twins: Twins, rng: Random) -> None:
    """Set prices from a position: beside a threshold, through it, deep under it, or back up."""
    owing = debtors(twins)
    high = twins.world.price
    if owing and rng.random() < 0.9:
        borrower = rng.choice(owing)
        collateral = twins.pool.position(borrower)[0]
        high = _shock(twins, rng, _debt(twins, borrower), max(1, collateral))
    if rng.random() < 0.02:
        high = rng.choice((0, 1, 2, MAX_UINT256, MAX_UINT256 - 1, 2**200))
    high = min(MAX_UINT256, max(0, high))
    _set_prices(twins, rng, high)


def restore_prices(twins: Twins, rng: Random) -> None:
    """Set a price at which nobody is unhealthy and one can borrow again."""
    twins.set_prices(0, *[_calm(twins)] * 2)


def fail_oracle(twins: Twins, rng: Random) -> None:
    """Let the oracle revert, answer too little, too much, or nonsense."""
    price = min(twins.world.price, MAX_UINT256 - 1)
    mode, low, high = rng.choice(((1, price, price), (2, price, price), (3, price, price), (0, 0, 0), (0, price + 1, price), (0, 0, price)))
    twins.set_prices(mode, low, high)


def change_rate(twins: Twins, rng: Random) -> None:
    """Let the rate mock answer something else: nothing, too little, too much, more than the pool counts."""
    answer = rng.choice((0, 1, MAX_RATE // 100, rng.randint(0, MAX_RATE), MAX_RATE, MAX_RATE + 1, MAX_UINT256))
    twins.set_rate(rng.choice((0, 0, 0, 1, 2, 3)), answer)


def change_backstop(twins: Twins, rng: Random) -> None:
    """Let the backstop fail in some way, or pay, with or without money."""
    twins.set_backstop(rng.choice((0, 0, 0, *range(9))))
    if rng.random() < 0.7:
        twins.fill_backstop(rng.randint(0, twins.world.unit // 4))


def change_token(twins: Twins, rng: Random) -> None:
    """Let an odd token misbehave, or behave again."""
    twins.set_token_mode(rng.choice((0, 0, 0, 0, 1, 2, 3, 4, 5)))


def change_allowance(twins: Twins, rng: Random) -> None:
    """Let the pool take only little of somebody's tokens, or everything again."""
    token, twin, _ = twins.tokens[rng.randint(0, 1)]
    amount = rng.choice((MAX_UINT256, MAX_UINT256, 0, rng.randint(0, twins.world.unit)))
    twins.allow(token, twin, rng.choice((*LENDERS, *BORROWERS, LIQUIDATOR)), amount)


def donate(twins: Twins, rng: Random) -> None:
    """Send the pool tokens that it does not count."""
    twins.donate(rng.random() < 0.5, rng.randint(0, twins.world.unit))


def strip_collateral(twins: Twins, rng: Random) -> None:
    """Leave a debt without any collateral: no rule leads there, but the rule says what happens then."""
    known = debtors(twins)
    if known:
        twins.strip_collateral(rng.choice(known))


def plan_callback(twins: Twins, rng: Random) -> None:
    """Give the buyer's callback something to do: enter the pool again, or make itself richer meanwhile."""
    pool, buyer, now = twins.pool, twins.buyer.address, twins.now
    someone, amount = rng.choice(BORROWERS), rng.randint(1, twins.world.unit)
    contract = twins.contract
    plans: list[tuple[str, bytes, Callable[[], Any]]] = [
        (contract.address, contract.calldata("deposit", amount, buyer), lambda: pool.deposit(buyer, amount, buyer, now)),
        (contract.address, contract.calldata("repay", amount, someone), lambda: pool.repay(buyer, amount, someone, now)),
        (contract.address, contract.calldata("state"), lambda: pool.state(now)),
        (contract.address, contract.calldata("position", someone), lambda: pool.position(someone)),
        (contract.address, contract.calldata("balanceOf", someone), lambda: pool.balance_of(someone)),
        (twins.asset.address, twins.asset.calldata("mint", buyer, amount), lambda: twins.asset_twin.mint(buyer, amount)),
    ]
    twins.plan_callback(*rng.choice(plans))


def _set_prices(twins: Twins, rng: Random, high: int) -> None:
    kind = rng.random()
    low = high if kind < 0.7 else high * rng.randint(900, 999) // 1000 if kind < 0.9 else 0 if kind < 0.95 else rng.randint(0, high)
    twins.set_prices(0, low, high)


def _shock(twins: Twins, rng: Random, debt: int, collateral: int) -> int:
    # The price at which the collateral has some chosen worth, a few units up or down.
    terms = twins.terms
    edge = _value_for(debt, terms.liq_ltv)
    covered = debt * (WAD + rng.choice((terms.incentive_base, terms.incentive_max))) // WAD
    with_penalty = covered * (WAD + terms.penalty) // WAD
    kind = rng.random()
    if kind < (0.6 if terms.target_ltv else 0.3):
        value = edge * rng.randint(900, 999) // 1000
    elif kind < 0.75:
        value = rng.choice((edge, edge, covered, covered, with_penalty, debt, _value_for(debt, terms.max_ltv), 1)) + rng.choice(
            (-2, -1, 0, 1, 2)
        )
    elif kind < 0.9:
        value = rng.randint(0, debt)
    else:
        value = edge * rng.randint(1_001, 3_000) // 1000
    return max(0, value) * PRICE_SCALE // collateral + rng.choice((-1, 0, 0, 1))


def _calm(twins: Twins) -> int:
    worst = twins.world.price
    for who in debtors(twins):
        needed = 2 * _value_for(_debt(twins, who), twins.terms.max_ltv) * PRICE_SCALE
        worst = max(worst, needed // max(1, twins.pool.position(who)[0]))
    return min(worst, MAX_UINT256, 1000 * max(1, twins.world.price))


def _debt(twins: Twins, borrower: str) -> int:
    return twins.pool.debt_of(borrower, twins.now)


def _bound(twins: Twins, borrower: str, low: int) -> int:
    # What the collateral still lets the borrower take.
    value = liquidation.value_down(twins.pool.position(borrower)[0], low)
    return max(0, liquidation.limit_down(value, twins.terms.max_ltv) - _debt(twins, borrower))


def _low(twins: Twins) -> int:
    try:
        return twins.pool._prices()[0]
    except Revert:
        return 0


def _value_for(debt: int, ltv: int) -> int:
    # The least value whose limit bears the debt.
    return -(-debt * WAD // ltv)


# Weighing

LENDING: tuple[tuple[Operation, int], ...] = (
    (deposit, 9),
    (mint, 4),
    (withdraw, 5),
    (redeem, 5),
    (transfer, 2),
    (transfer_from, 2),
    (approve, 2),
    (add_to_reserve, 3),
    (permit, 1),
)
CALM: tuple[tuple[Operation, int], ...] = (
    *LENDING,
    (supply_collateral, 12),
    (withdraw_collateral, 6),
    (borrow, 18),
    (repay, 7),
    (set_operator, 2),
    (permit_operator, 1),
    (pay_premium, 1),
    (accrue, 1),
    (flag, 1),
    (unflag, 1),
    (liquidate, 2),
    (liquidate_many, 1),
)
STORMY: tuple[tuple[Operation, int], ...] = (
    (liquidate, 34),
    (liquidate_many, 8),
    (flag, 10),
    (unflag, 2),
    (supply_collateral, 4),
    (repay, 4),
    (withdraw_collateral, 2),
    (borrow, 3),
    (deposit, 3),
    (withdraw, 3),
    (add_to_reserve, 1),
    (accrue, 1),
)
SURROUNDINGS: tuple[tuple[Operation, int], ...] = (
    (pass_time, 40),
    (move_prices, 30),
    (restore_prices, 6),
    (fail_oracle, 2),
    (change_rate, 3),
    (change_backstop, 4),
    (change_token, 3),
    (change_allowance, 3),
    (donate, 2),
    (plan_callback, 2),
    (strip_collateral, 1),
)


def pick(rng: Random, weighed: Sequence[tuple[Operation, int]]) -> Operation:
    """One of the operations, by weight."""
    return rng.choices([operation for operation, _ in weighed], [weight for _, weight in weighed])[0]


def sell(twins: Twins, rng: Random) -> None:
    """Sell somebody; first make somebody unhealthy if nobody is."""
    if not unhealthy(twins):
        move_prices(twins, rng)
    pick(rng, STORMY)(twins, rng)


def step(twins: Twins, rng: Random) -> None:
    """Change the surroundings now and then, then do one act of the pool that fits."""
    sick = unhealthy(twins)
    if not sick and rng.random() < 0.2 and debtors(twins):
        move_prices(twins, rng)
    while rng.random() < 0.3:
        pick(rng, SURROUNDINGS)(twins, rng)
    if rng.random() < 0.3 and twins.pool._try_prices() is None:
        restore_prices(twins, rng)
    if rng.random() < 0.1:
        twins.be_kind()
    elif twins.is_odd and rng.random() < 0.1:
        change_token(twins, rng)
    is_stormy = rng.random() < 0.75 and unhealthy(twins)
    pick(rng, STORMY if is_stormy else CALM)(twins, rng)
