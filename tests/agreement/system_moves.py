"""What may happen next in a system: an act of a pool, of the backstop or of the factory, or one that only several pools make possible."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from ringfence.model.backstop import WINDOW
from ringfence.model.errors import Revert
from ringfence.model.permits import Message, Signature
from ringfence.model.terms import MAX_UINT128, MAX_UINT256, PRICE_SCALE, ZERO_ADDRESS, Terms
from tests.agreement import operations
from tests.agreement.operations import mostly, near, pick, within
from tests.agreement.system_fund import UNDERWRITERS
from tests.agreement.system_seat import Seat
from tests.agreement.system_twins import System
from tests.agreement.test_limits import EDGES, PLAIN
from tests.agreement.twins import BORROWERS, LENDERS, LIQUIDATOR, OUTSIDER, PEOPLE, Twins
from tests.agreement.worlds import NUMBERS

Move = Callable[[System, Random], None]

# Bounds on addresses, and the one whose edge another shadows: what is wrong with them.
BY_ADDRESS: dict[str, dict[str, Any]] = {
    "terms: incentive_max": {"incentive_max": 10**36},
    "terms: backstop": {"premium": 1},
    "terms: fee_recipient": {"creator_fee": 1},
}
BROKEN = {text: beyond for text, (_, beyond) in EDGES.items()} | BY_ADDRESS


# The backstop


def _ask(call: Callable[[], int]) -> int:
    # In a fund with nothing left a preview can be beyond 256 bits.
    try:
        return call()
    except Revert:
        return 1


def _size(system: System) -> int:
    return 2 * system.seats[0].world.unit


def fund_deposit(system: System, rng: Random) -> None:
    """Underwrite with assets."""
    owner = rng.choice(UNDERWRITERS)
    amount = within(rng, _size(system)) if rng.random() < 0.85 else rng.choice((0, MAX_UINT128, MAX_UINT128 + 1, 1))
    system.fund.act("deposit", mostly(rng, owner), amount, mostly(rng, owner, (*PEOPLE, ZERO_ADDRESS)))


def fund_mint(system: System, rng: Random) -> None:
    """Underwrite for an amount of shares."""
    owner, fund = rng.choice(UNDERWRITERS), system.fund
    usual = _ask(lambda: fund.twin.preview_deposit(_size(system)))
    fund.act("mint", owner, within(rng, usual) if rng.random() < 0.85 else near(rng, usual), mostly(rng, owner, (*PEOPLE, ZERO_ADDRESS)))


def fund_request(system: System, rng: Random) -> None:
    """Give notice, mostly of shares that one has; sometimes wait for the window at once."""
    fund = system.fund
    holders = [owner for owner in UNDERWRITERS if fund.twin.balance_of(owner)]
    owner = rng.choice(holders) if holders and rng.random() < 0.9 else rng.choice(PEOPLE)
    fund.act("request_redeem", owner, near(rng, fund.twin.balance_of(owner)), system.now)
    if rng.random() < 0.5:
        fund_wait(system, rng)


def fund_wait(system: System, rng: Random) -> None:
    """Let time pass up to the first or last second of somebody's window, or one beside it."""
    opening = [opens_at for amount, opens_at in system.fund.twin._notices.values() if amount]
    if opening:
        edge = rng.choice(opening) + rng.choice((0, 0, 0, rng.randint(0, WINDOW), WINDOW)) + rng.choice((-1, 0, 0, 1))
        system.pass_time(max(0, min(edge - system.now, 20 * 86_400)))


def _leaver(system: System, rng: Random) -> str:
    twin, now = system.fund.twin, system.now
    ready = [owner for owner in UNDERWRITERS if _ask(lambda owner=owner: twin.max_redeem(owner, now))]  # type: ignore[misc]
    return rng.choice(ready) if ready and rng.random() < 0.9 else rng.choice(UNDERWRITERS)


def fund_redeem(system: System, rng: Random) -> None:
    """Burn shares, within the window or not, up to the notice and beyond."""
    owner, fund = _leaver(system, rng), system.fund
    noticed = fund.twin.notice_of(owner, system.now)[0]
    amount = within(rng, noticed) if rng.random() < 0.7 else noticed + rng.randint(1, 9) if rng.random() < 0.4 else near(rng, noticed)
    fund.act("redeem", mostly(rng, owner), amount, mostly(rng, owner, (*PEOPLE, ZERO_ADDRESS)), owner, system.now)


def fund_withdraw(system: System, rng: Random) -> None:
    """Take assets out, likewise."""
    owner, fund = _leaver(system, rng), system.fund
    most = _ask(lambda: fund.twin.max_withdraw(owner, system.now))
    amount = within(rng, most) if rng.random() < 0.7 else near(rng, most)
    fund.act("withdraw", mostly(rng, owner), amount, mostly(rng, owner, (*PEOPLE, ZERO_ADDRESS)), owner, system.now)


def fund_transfer(system: System, rng: Random) -> None:
    """Move shares of the fund."""
    owner, fund = rng.choice(UNDERWRITERS), system.fund
    fund.act("transfer", owner, rng.choice(PEOPLE), near(rng, fund.twin.balance_of(owner)), system.now)


def fund_approve(system: System, rng: Random) -> None:
    """Let somebody move shares of the fund, who then tries to."""
    owner, spender, fund = rng.choice(UNDERWRITERS), rng.choice(PEOPLE), system.fund
    amount = near(rng, fund.twin.balance_of(owner))
    fund.act("approve", owner, spender, rng.choice((amount, MAX_UINT256)))
    fund.act("transfer_from", spender, owner, rng.choice(PEOPLE), near(rng, amount), system.now)


def fund_cover(system: System, rng: Random) -> None:
    """Somebody who is no covered pool asks the fund for cover, or its creator for powers that are gone."""
    system.fund.act("cover", rng.choice(PEOPLE), 1)
    if rng.random() < 0.2:
        system.fund.act("set_cover", UNDERWRITERS[-1], OUTSIDER, 1, 1)
        system.fund.act("seal", UNDERWRITERS[-1])


FUND: tuple[tuple[Move, int], ...] = (
    (fund_deposit, 30),
    (fund_mint, 8),
    (fund_request, 18),
    (fund_wait, 10),
    (fund_redeem, 16),
    (fund_withdraw, 12),
    (fund_transfer, 4),
    (fund_approve, 2),
    (fund_cover, 3),
)


# The factory, and what only several pools make possible


def create_again(system: System, rng: Random) -> None:
    """Ask for the pool of terms that have one."""
    system.factory.act(rng.choice(system.seats).terms, rng.choice(PEOPLE))


def create_broken(system: System, rng: Random) -> None:
    """Ask for a pool whose terms break a bound, each in turn."""
    turn = system.counts["broken terms tried"]
    system.counts["broken terms tried"] += 1
    texts = [*BROKEN, "terms: asset is collateral"]
    text = texts[turn % len(texts)]
    given = system.seats[0].terms
    named = (given.asset, given.collateral, given.oracle, given.rate_model, ZERO_ADDRESS, ZERO_ADDRESS)
    plain = Terms(*named, *(PLAIN[name] for name in NUMBERS))
    change = BROKEN.get(text, {"collateral": plain.asset})
    outcome = system.factory.act(replace(plain, **change), rng.choice(PEOPLE))
    assert outcome == ("refused", text), outcome


def diverge(system: System, rng: Random) -> None:
    """Move one pool's feeds apart, or let its oracle fail; borrow there, and in another pool in the same second; maybe sell there."""
    for seat in system.seats:
        if seat.is_troubled() and rng.random() < 0.7:
            operations.restore_prices(seat, rng)
    seat, other = rng.sample(system.seats, 2)
    if seat.guard is None and rng.random() < 0.7:
        seat = next(one for one in system.seats if one.guard)
        other = rng.choice([one for one in system.seats if one is not seat])
    high = operations._calm(seat)
    if rng.random() < 0.75:
        seat.set_prices(0, 0, high)
    else:
        operations.fail_oracle(seat, rng)
    operations.borrow(seat, rng)
    if other.pool._try_prices() is None:
        operations.restore_prices(other, rng)
    operations.borrow(other, rng)


def sign_once(system: System, rng: Random) -> None:
    """What was signed for one pool is tried on another first, then used, then tried again."""
    seat, other = rng.sample(system.seats, 2)
    owner, friend = rng.choice((*LENDERS, *BORROWERS)), rng.choice(PEOPLE)
    name, kind, granted = rng.choice((("permit", "Permit", rng.choice((0, 1, MAX_UINT256))), ("permit_operator", "OperatorPermit", True)))
    # The same number of signatures used in both, as far as it can be: then only the pool tells them apart.
    message = Message(seat.pool.address, kind, owner, friend, int(granted), seat.pool.nonces(owner), MAX_UINT256)
    given = (owner, friend, granted, MAX_UINT256, Signature(owner, message))
    for one, what in ((other, "in another pool"), (seat, "where it was signed for"), (seat, "a second time")):
        outcome, _ = one.act(name, rng.choice(PEOPLE), *given)
        system.counts[f"signature {what}: {outcome}"] += 1


def crash(seat: Seat, rng: Random) -> str | None:
    """Let the price fall far enough for a loss on some position, whose borrower is returned; None where nobody owes."""
    owing = operations.debtors(seat)
    if not owing:
        return None
    borrower = rng.choice(owing)
    debt, collateral = seat.pool.debt_of(borrower, seat.now), max(1, seat.pool.position(borrower)[0])
    high = max(1, debt * rng.randint(20, 100) // 100 * PRICE_SCALE // collateral)
    seat.set_prices(0, high, high)
    return borrower


def crash_everywhere(system: System, rng: Random) -> None:
    """A price falls in every pool at once, and somebody in each is sold."""
    for seat in system.seats:
        if borrower := crash(seat, rng):
            seat.act("liquidate", LIQUIDATOR, borrower, MAX_UINT256, 0, LIQUIDATOR, b"")


def run_and_crash(system: System, rng: Random) -> None:
    """Lenders take all cash, interest and premium are owed, and then the collateral is worthless: every layer pays, down to the premium."""
    owing = [seat for seat in system.seats if operations.debtors(seat)]
    if not owing:
        return
    # Mostly where the backstop has least left to pay instead.
    fund, with_premium = system.fund.twin, [seat for seat in owing if seat.terms.premium]
    seat = min(with_premium or owing, key=lambda seat: fund.cover_left(seat.pool.address)) if rng.random() < 0.8 else rng.choice(owing)
    for lender in [owner for owner, held in seat.pool._shares.balances.items() if held and owner in PEOPLE]:
        if most := _ask(lambda lender=lender: seat.pool.max_withdraw(lender, system.now)):  # type: ignore[misc]
            seat.act("withdraw", lender, most, lender, lender)
    system.pass_time(rng.randint(3_600, 30 * 86_400))
    seat.set_prices(0, 1, 1)
    seat.act("liquidate_many", LIQUIDATOR, operations.unhealthy(seat), MAX_UINT256, 0, LIQUIDATOR, b"")


def sell_unpaid(system: System, rng: Random) -> None:
    """A loss is drawn from the backstop, and then the buyer cannot pay: the draw must go back."""
    seat = rng.choice(system.seats)
    sick = operations.unhealthy(seat)
    if not sick:
        operations.move_prices(seat, rng)
        sick = operations.unhealthy(seat)
    if sick:
        seat.act("liquidate", OUTSIDER, rng.choice(sick), MAX_UINT256, 0, OUTSIDER, b"")
        seat.act("liquidate_many", OUTSIDER, sick, MAX_UINT256, 0, OUTSIDER, b"")


def buy_in_two(system: System, rng: Random) -> None:
    """A buyer who is called back by one pool buys, lends, repays or pays the premium in another; sometimes the first sale then fails."""
    seat, other = rng.sample(system.seats, 2)
    for one in (seat, other):
        if not operations.unhealthy(one):
            crash(one, rng)
    sick, there = operations.unhealthy(seat), operations.unhealthy(other)
    buyer, borrower = seat.buyer.address, rng.choice(there or BORROWERS)
    plans: list[tuple[Any, ...]] = [
        ("liquidate", borrower, MAX_UINT256, 0, buyer, b""),
        ("liquidate", borrower, MAX_UINT256, 0, buyer, b""),
        ("deposit", within(rng, other.world.unit), rng.choice(PEOPLE)),
        ("repay", MAX_UINT256, borrower),
        ("pay_premium",),
    ]
    seat.plan_elsewhere(other, *rng.choice(plans))
    least = 0 if rng.random() < 0.75 else MAX_UINT128
    seat.act("liquidate_many", buyer, sick, MAX_UINT256, least, buyer, b"go")
    seat.plan_callback(ZERO_ADDRESS, b"", None)


def collect_premium(system: System, rng: Random) -> None:
    """Every pool pays its premium, after a while."""
    system.pass_time(rng.randint(3_600, 10 * 86_400))
    for seat in system.seats:
        seat.act("pay_premium", rng.choice(PEOPLE))


def leave_when_unlocked(system: System, rng: Random) -> None:
    """A lender tries to leave a second before the lock opens, and then when it does."""
    seat = rng.choice(system.seats)
    locked = [(until, owner) for owner, until in seat.pool._unlocks_at.items() if until > system.now and seat.pool.balance_of(owner)]
    if not locked:
        operations.deposit(seat, rng)
        return
    until, owner = rng.choice(locked)
    system.pass_time(until - 1 - system.now)
    most = min(seat.pool.balance_of(owner), within(rng, seat.pool.balance_of(owner)))
    seat.act("redeem", owner, most, owner, owner)
    seat.act("transfer", owner, rng.choice(PEOPLE), most)
    system.pass_time(1)
    if rng.random() < 0.7:
        seat.act("redeem", owner, most, owner, owner)
    else:
        seat.act("transfer", owner, rng.choice(PEOPLE), most)


TOGETHER: tuple[tuple[Move, int], ...] = (
    (create_again, 2),
    (create_broken, 6),
    (diverge, 14),
    (sign_once, 4),
    (crash_everywhere, 8),
    (run_and_crash, 7),
    (sell_unpaid, 8),
    (buy_in_two, 16),
    (collect_premium, 8),
    (leave_when_unlocked, 10),
)


# One pool


SURROUNDINGS: tuple[tuple[operations.Operation, int], ...] = (
    (operations.pass_time, 36),
    (operations.move_prices, 30),
    (operations.restore_prices, 8),
    (operations.fail_oracle, 2),
    (operations.change_allowance, 2),
    (operations.donate, 2),
    (operations.plan_callback, 2),
)


def act_in_a_pool(system: System, rng: Random) -> None:
    """What happens in a pool of its own happens in this one."""
    seat: Twins = rng.choice(system.seats)
    is_sick = bool(operations.unhealthy(seat))
    if not is_sick and rng.random() < 0.2 and operations.debtors(seat):
        operations.move_prices(seat, rng)
    while rng.random() < 0.3:
        pick(rng, SURROUNDINGS)(seat, rng)
    if rng.random() < 0.3 and seat.pool._try_prices() is None:
        operations.restore_prices(seat, rng)
    if rng.random() < 0.1:
        seat.be_kind()
    is_stormy = rng.random() < 0.7 and operations.unhealthy(seat)
    pick(rng, operations.STORMY if is_stormy else operations.CALM)(seat, rng)


def step(system: System, rng: Random) -> None:
    """One move, with whatever comes with it."""
    kind = rng.random()
    # As long as nobody has drawn, underwriters come and go more often.
    is_drawn = any(system.fund.twin._drawn.values())
    if kind < (0.8 if is_drawn else 0.6):
        act_in_a_pool(system, rng)
    elif kind < 0.94:
        pick_move(rng, FUND)(system, rng)
    else:
        pick_move(rng, TOGETHER)(system, rng)


def pick_move(rng: Random, weighed: tuple[tuple[Move, int], ...]) -> Move:
    """One of the moves, by weight."""
    return rng.choices([move for move, _ in weighed], [weight for _, weight in weighed])[0]
