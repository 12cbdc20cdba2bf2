"""The fast engine: many paths of one pool, or of several in lockstep, by cohorts in floats; agrees with `lab/micro.py`.

A pool's positions are sorted by debt per collateral, and one threshold parts the unhealthy from the healthy, so that a step without a sale
costs a comparison, however many positions there are. What a sale has changed leaves the sorted prefix for a short list of touched cohorts.

`pool`, `s`, `feed` and `fund` are rows of `layout.POOL`, `STATE`, `FEED` and `FUND`, `base` and `w` are `layout.Cohorts` and
`layout.Work`, `place` is the pool's and `k` the step.
"""

import math
from typing import Any

import numpy as np

from ringfence.lab.jitted import is_worth, jit, marginal, most_sold, proceeds, profit, recovered, size
from ringfence.lab.layout import ADAPTIVE, KINKED, LARGEST, RANDOM, RISKIEST, SAFEST, Cohorts, Floats, Whole, Work, World
from ringfence.lab.outcome import WAIT_STEPS
from ringfence.lab.paths import fill_path, fill_presence
from ringfence.lab.philox import uniforms
from ringfence.lab.rule import close_amount, incentive, phase_in

Row = Any
"""A row of a structured array, or the array: compiled code reads it by name."""
Quote = tuple[float, bool, float, float, float]
ALMOST = 1e-9
"""Of a position: what is so close to a whole one is one."""
WAD = 1e18
YEAR_SECONDS = 31_536_000.0
MAX_RATE = float(8 * 10**18 // 31_536_000)
MAX_RATE_TIME = 10.0
TARGET_USE = 0.9
STEEPNESS = 4.0
HALF_SPEED = 25.0
MIN_AT_TARGET = float(10**15 // 31_536_000)
MAX_AT_TARGET = float(2 * 10**18 // 31_536_000)
WIPED_OUT = 1e-9
UNTOUCHED, TOUCHED, CLOSED = 0, 1, 2
NEVER = -1
WAIT_CLASSES = np.array(WAIT_STEPS)
ORDER_STREAM = 3000


@jit
def _rate(pool: Row, s: Row, elapsed: float) -> float:
    """Rate of the pool's model (WAD per second)."""
    debt, supply = s["debt"], s["supply"]
    used = 0.0 if debt <= 0.0 else (1.0 if debt >= supply else debt / supply)
    if pool["rate_kind"] == KINKED:
        below = min(used, pool["rate_kink"])
        return pool["rate_base"] + math.floor(pool["rate_below"] * below) + math.floor(pool["rate_above"] * (used - below))
    if pool["rate_kind"] == ADAPTIVE:
        is_above = used > TARGET_USE
        error = (used - TARGET_USE) / (1.0 - TARGET_USE) if is_above else (TARGET_USE - used) / TARGET_USE
        start = s["rate_at_target"]
        if start == 0.0:
            start = pool["rate_base"]
            average = start
            s["rate_at_target"] = start
        else:
            factor = math.exp(HALF_SPEED * error * elapsed / YEAR_SECONDS)
            if is_above:
                middle = min(MAX_AT_TARGET, start * factor)
                end = min(MAX_AT_TARGET, middle * factor)
            else:
                middle = max(MIN_AT_TARGET, start / factor)
                end = max(MIN_AT_TARGET, middle / factor)
            s["rate_at_target"] = end
            average = (start + 2.0 * middle + end) / 4.0
        if is_above:
            return math.floor(average * (1.0 + (STEEPNESS - 1.0) * error))
        return math.floor(average * (STEEPNESS - (STEEPNESS - 1.0) * error) / STEEPNESS)
    return pool["rate_base"]


@jit
def _accrue(pool: Row, s: Row, elapsed: float) -> None:
    """Interest of a step, shared out as `model/interest.py` does."""
    x = min(min(_rate(pool, s, elapsed), MAX_RATE) * elapsed / WAD, MAX_RATE_TIME)
    growth = x + x * x / 2.0 + x * x / 2.0 * x / 3.0
    interest = s["debt"] * growth
    s["index"] *= 1.0 + growth
    s["debt"] += interest
    s["supply"] += interest
    s["interest"] += interest
    part = interest * pool["reserve_factor"]
    target = s["debt"] * pool["reserve_target"]
    if s["reserve"] > target:
        part = -min(part, s["reserve"] - target)
    else:
        part = min(part, target - s["reserve"])
    s["reserve"] += part
    s["supply"] -= part
    s["interest_to_reserve"] += part
    if pool["premium"] > 0.0:
        premium = interest * pool["premium"]
        s["premium_owed"] += premium
        s["supply"] -= premium
        s["premium"] += premium
    if pool["creator_fee"] > 0.0:
        fee = interest * pool["creator_fee"]
        kept = s["supply"] - fee
        if kept > WIPED_OUT * s["supply_shares"]:
            s["supply_shares"] += fee * s["supply_shares"] / kept
            s["creator_fee"] += fee


@jit
def _publish(feed: Row, seen: float, is_silent: bool, now: float) -> float:
    """Lets a feed see a price, and returns what it shows; 0 if that is too old."""
    if not math.isnan(feed["fixed"]):
        return feed["shown"] * feed["fixed"]
    if not is_silent and (now - feed["shown_at"] >= feed["heartbeat"] or abs(seen / feed["shown"] - 1.0) >= feed["deviation"]):
        feed["shown"] = seen
        feed["shown_at"] = now
    return feed["shown"] if feed["max_age"] == 0.0 or now - feed["shown_at"] <= feed["max_age"] else 0.0


@jit
def _cross(pool: Row, s: Row, base: Cohorts, w: Work, place: int, k: int, threshold: float) -> None:
    """Moves the line between the unhealthy and the healthy to the threshold, and notes when each cohort came to its side."""
    crossed = s["crossed"]
    while crossed < pool["last"] and base.ratio[crossed] > threshold:
        if w.status[crossed] == UNTOUCHED:
            _become_unhealthy(w, place, crossed, k)
        crossed += 1
    while crossed > s["untouched"] and base.ratio[crossed - 1] <= threshold:
        crossed -= 1
        if w.status[crossed] == UNTOUCHED:
            w.left[crossed] = k
    s["crossed"] = crossed
    s["deepest"] = max(s["deepest"], crossed)
    if s["waiting"] == 0 and s["worst_touched"] <= threshold:
        return
    waiting = 0
    for j in range(pool["first"], pool["first"] + s["touched"]):
        slot = w.touched[j]
        if w.ratio[slot] > threshold:
            waiting += 1
            if w.since[slot] == NEVER:
                _become_unhealthy(w, place, slot, k)
        elif w.since[slot] != NEVER:
            w.since[slot] = NEVER
            w.left[slot] = k
    s["waiting"] = waiting


@jit
def _become_unhealthy(w: Work, place: int, slot: int, k: int) -> None:
    """Its wait begins; its clock too, unless one still runs because nobody was there to stop it."""
    w.since[slot] = k
    left = w.left[slot]
    if left == NEVER or w.ok_before[place, k] != w.ok_before[place, left]:
        w.clock[slot] = k


@jit
def _seconds(pool: Row, w: Work, place: int, slot: int, k: int, step: int) -> float:
    """Seconds on a cohort's clock: somebody starts it as soon as somebody is there, and again when it is older than the timeout."""
    if pool["has_clock"] == 0:
        return 0.0
    start = w.ok_steps[place, w.ok_before[place, w.clock[slot]]]
    while (k - start) * step > pool["sale_timeout"]:
        over = start + int(pool["sale_timeout"] // step) + 1
        start = w.ok_steps[place, w.ok_before[place, over]]
    return (k - start) * step


@jit
def _count_wait(waits: Floats, steps: int, debt: float) -> None:
    """Counts debt in the class of the steps it waited."""
    place = 0
    while place + 1 < WAIT_CLASSES.size and WAIT_CLASSES[place + 1] <= steps:
        place += 1
    waits[place] += debt


@jit
def _bear(pool: Row, s: Row, fund: Row, loss: float) -> None:
    """Shares out a loss: reserve, backstop, lenders, premium owed."""
    s["realised_loss"] += loss
    from_reserve = min(loss, s["reserve"])
    s["reserve"] -= from_reserve
    s["loss_from_reserve"] += from_reserve
    left = loss - from_reserve
    if left <= 0.0:
        return
    s["beyond"] += left
    if pool["cover_most"] > 0.0:
        limit = min(pool["cover_most"], (fund["assets"] + s["drawn"]) * pool["cover_share"])
        covered = min(left, max(0.0, limit - s["drawn"]))
        if covered < left:
            fund["exhausted"] = 1.0
        s["drawn"] += covered
        fund["assets"] -= covered
        fund["drawn"] += covered
        s["loss_from_backstop"] += covered
        left -= covered
    from_lenders = min(left, s["supply"])
    s["supply"] -= from_lenders
    s["loss_from_lenders"] += from_lenders
    s["premium_owed"] -= left - from_lenders
    s["loss_from_premium"] += left - from_lenders


@jit
def _candidates(pool: Row, s: Row, base: Cohorts, w: Work, worst: float) -> int:
    """Lists the cohorts whose ratio is above `worst`, in the order of sale; returns how many."""
    found = 0
    first = s["untouched"]
    while first < s["crossed"] and w.status[first] != UNTOUCHED:
        first += 1
    s["untouched"] = first
    for slot in range(first, s["crossed"]):
        if w.status[slot] == UNTOUCHED:
            if base.ratio[slot] <= worst:
                break
            w.candidates[found] = slot
            found += 1
    sorted_already = found
    if s["waiting"] > 0:
        for j in range(pool["first"], pool["first"] + s["touched"]):
            slot = w.touched[j]
            if w.ratio[slot] > worst:
                w.candidates[found] = slot
                found += 1
    order = pool["order"]
    if found > 1 and (order != RISKIEST or found > sorted_already):
        chosen = w.candidates[:found].copy()
        chosen = chosen[np.argsort(base.place[chosen], kind="mergesort")]
        keys = np.empty(found)
        for j in range(found):
            slot = chosen[j]
            ratio = base.ratio[slot] if w.status[slot] == UNTOUCHED else w.ratio[slot]
            if order == RISKIEST:
                keys[j] = -ratio
            elif order == SAFEST:
                keys[j] = ratio
            elif order == LARGEST:
                merged = base.number[slot]
                keys[j] = -base.debt[slot] / merged if merged > 0.0 else -w.shares[slot] / w.number[slot]
            else:
                keys[j] = w.keys[slot]
        w.candidates[:found] = chosen[np.argsort(keys, kind="mergesort")]
    return found


@jit
def _change(pool: Row, s: Row, w: Work, slot: int) -> None:
    """Notes that a cohort is not as it was at the start, so that the next path finds it restored."""
    if w.dirty[slot] == 0:
        w.dirty[slot] = 1
        w.changed[pool["first"] + s["changed"]] = slot
        s["changed"] += 1


@jit
def _touch(pool: Row, s: Row, w: Work, slot: int) -> None:
    """Takes a cohort out of the sorted prefix: its ratio is its own from now on."""
    _change(pool, s, w, slot)
    if w.status[slot] != TOUCHED:
        w.status[slot] = TOUCHED
        w.touched[pool["first"] + s["touched"]] = slot
        s["touched"] += 1
    w.ratio[slot] = w.shares[slot] / w.collateral[slot] if w.collateral[slot] > 0.0 else np.inf


@jit
def _settle_touched(pool: Row, s: Row, w: Work, threshold: float) -> None:
    """Drops closed cohorts from the list, and looks which of the others the last sales have healed."""
    kept = pool["first"]
    waiting = 0
    worst = 0.0
    for j in range(pool["first"], pool["first"] + s["touched"]):
        slot = w.touched[j]
        if w.status[slot] == CLOSED:
            continue
        w.touched[kept] = slot
        kept += 1
        worst = max(worst, w.ratio[slot])
        if w.ratio[slot] > threshold:
            waiting += 1
        elif w.since[slot] != NEVER:
            # A sale that heals stops the clock at once.
            w.since[slot] = NEVER
            w.left[slot] = NEVER
    s["touched"] = kept - pool["first"]
    s["waiting"] = waiting
    s["worst_touched"] = worst


@jit
def _quote(pool: Row, value: float, debt: float, collateral: float, high: float, seconds: float) -> Quote:
    """What the pool sells of one position, as `liquidation.sale` says it: (incentive, covered, amount, payment, collateral)."""
    offered = incentive(
        pool["incentive_base"], pool["incentive_rise"], pool["incentive_slope"], pool["incentive_max"],
        value * pool["liq_ltv"] / debt, seconds,
    )  # fmt: skip
    if pool["solvent_window"] > 0.0:
        offered = phase_in(offered, max(0.0, value / debt - 1.0), seconds, pool["solvent_window"])
    if value < debt * (1.0 + offered):
        return offered, False, debt, collateral * high / (1.0 + offered), collateral
    penalty = min(pool["penalty"], value / (debt * (1.0 + offered)) - 1.0)
    amount = close_amount(pool["target_ltv"], pool["min_debt"], value, debt, offered, penalty)
    payment = amount * (1.0 + penalty)
    return offered, True, amount, payment, min(collateral, payment * (1.0 + offered) / high)


@jit
def _book(
    pool: Row, s: Row, fund: Row, waits: Floats, waited: int, is_covered: bool,
    sales: float, amount: float, payment: float, bought: float, got: float, high: float, market: float,
) -> None:  # fmt: skip
    """The money of sales that were made: debt retired `amount`, for `payment`, and `bought` collateral that brought `got`."""
    gas = pool["gas"] * sales
    s["used"] += bought
    s["debt"] -= amount
    if is_covered:
        s["penalty"] += payment - amount
        s["reserve"] += payment - amount
    elif payment < amount:
        _bear(pool, s, fund, amount - payment)
    else:
        s["supply"] += payment - amount
    s["liquidated"] += amount
    s["sales"] += sales
    s["paid"] += payment
    s["collateral_sold"] += bought
    s["incentive"] += bought * high - payment
    s["slippage"] += bought * market - got
    s["gas"] += gas
    s["buyer_profit"] += profit(got, payment, gas)
    _count_wait(waits, waited, amount)


@jit
def _leave(pool: Row, s: Row, w: Work, slot: int, collateral: float, shares: float, number: float) -> None:
    """Takes so much out of a cohort; what is left of it has the ratio it had."""
    _change(pool, s, w, slot)
    w.number[slot] -= number
    if w.number[slot] < 0.5:
        w.shares[slot] = w.number[slot] = 0.0
        w.status[slot] = CLOSED
    else:
        w.collateral[slot] -= collateral
        w.shares[slot] -= shares


@jit
def _pile(pool: Row, s: Row, w: Work, source: int, slot: int, collateral: float, shares: float, number: float) -> None:
    """Puts positions that a sale has changed into a cohort of the step's own, with the clock of those they come from."""
    w.collateral[slot] += collateral
    w.shares[slot] += shares
    w.number[slot] += number
    w.since[slot], w.clock[slot], w.left[slot] = w.since[source], w.clock[source], w.left[source]
    _touch(pool, s, w, slot)


@jit
def _look(
    pool: Row, s: Row, base: Cohorts, w: Work, fund: Row, waits: Floats,
    place: int, k: int, step: int, threshold: float, high: float, market: float,
) -> None:  # fmt: skip
    """One look of the liquidators: whoever is unhealthy now and was so when they saw it, once each, as long as it pays."""
    worst = threshold
    if pool["latency"] > 0:
        seen_at = k - pool["latency"]
        if seen_at < 1:
            return
        worst = max(worst, w.thresholds[place, seen_at])
    a, b = pool["depth_a"], pool["depth_b"]
    bare = s["untouched"] < pool["last"] and base.ratio[s["untouched"]] == np.inf
    if not bare and most_sold(high / ((1.0 + pool["incentive_max"]) * market), a, b) <= s["used"]:
        return  # not even the largest incentive pays now
    found = _candidates(pool, s, base, w, worst)
    capital = pool["capital"]
    per_sale = pool["gas"] + pool["min_profit"]
    index = s["index"]
    least = max(pool["asset_unit"], pool["min_debt"])
    last_cost, last_most = -1.0, 0.0
    for j in range(found):
        slot = w.candidates[j]
        number = w.number[slot]
        collateral, shares = w.collateral[slot] / number, w.shares[slot] / number
        debt = shares * index
        seconds = _seconds(pool, w, place, slot, k, step)
        offered, is_covered, amount, payment, for_sale = _quote(pool, collateral * high, debt, collateral, high, seconds)
        unit_cost = high / (1.0 + offered)
        if for_sale * (market - unit_cost) < per_sale:
            continue  # too small to pay even if its sale moved no price
        is_whole = amount >= debt
        waited = k - w.since[slot]

        taken = 0.0
        if number > 1.0:
            # As many whole positions as pay, each for itself.
            if not is_worth(pool["min_profit"], pool["min_profit"], offered, pool["min_incentive"]):
                continue
            taken = number
            if for_sale > 0.0:
                cost = (unit_cost + per_sale / for_sale) / market
                if cost != last_cost:
                    last_cost, last_most = cost, most_sold(cost, a, b)
                bought = size(number * for_sale, last_most - s["used"], capital / unit_cost)
                taken = min(number, math.floor(bought / for_sale + ALMOST))
            if taken > 0.0:
                got = proceeds(taken * for_sale, s["used"], market, a, b)
                _book(
                    pool, s, fund, waits, waited, is_covered, taken, taken * amount, taken * payment, taken * for_sale, got, high, market
                )  # fmt: skip
                capital -= taken * payment
                rest, owed = collateral - for_sale, shares - amount / index
                if not is_whole and taken == number:
                    w.collateral[slot], w.shares[slot] = number * rest, number * owed
                    _touch(pool, s, w, slot)
                    continue
                if is_whole:
                    s["closed"] += taken
                else:
                    _pile(pool, s, w, slot, pool["last"] + 2 * k, taken * rest, taken * owed, taken)
                _leave(pool, s, w, slot, taken * collateral, taken * shares, taken)
            if taken == number:
                continue

        # One position, whole or in part.
        part = 1.0
        if for_sale > 0.0:
            cost = unit_cost / market
            if cost != last_cost:
                last_cost, last_most = cost, most_sold(cost, a, b)
            bought = size(for_sale, last_most - s["used"], capital / unit_cost)
            if bought <= 0.0:
                continue
            if bought < for_sale:
                part = bought / for_sale
                # Debt falls as payment does, or, where the collateral cannot pay for all, as collateral does.
                amount, payment, for_sale = amount * part, payment * part, bought
                if debt - amount < least:
                    continue  # the pool refuses to leave dust
        got = proceeds(for_sale, s["used"], market, a, b)
        if not is_worth(profit(got, payment, pool["gas"]), pool["min_profit"], offered, pool["min_incentive"]):
            continue
        _book(pool, s, fund, waits, waited, is_covered, 1.0, amount, payment, for_sale, got, high, market)
        capital -= payment
        if number > 1.0:
            if is_whole and part == 1.0:
                s["closed"] += 1.0
            else:
                _pile(pool, s, w, slot, pool["last"] + 2 * k + 1, collateral - for_sale, shares - amount / index, 1.0)
            _leave(pool, s, w, slot, collateral, shares, 1.0)
        elif is_whole and part == 1.0:
            s["closed"] += 1.0
            _leave(pool, s, w, slot, collateral, shares, 1.0)
        else:
            w.collateral[slot] = collateral - for_sale
            w.shares[slot] = shares - amount / index
            _touch(pool, s, w, slot)
    if s["touched"] > 0:
        _settle_touched(pool, s, w, threshold)


@jit
def _open_loss(pool: Row, s: Row, base: Cohorts, w: Work, market: float) -> float:
    """Debt beyond the collateral's value at the market's price, of all that is still open."""
    loss = 0.0
    index = s["index"]
    for slot in range(s["untouched"], pool["last"]):
        if base.ratio[slot] * index <= market:
            break
        if w.status[slot] == UNTOUCHED:
            loss += w.shares[slot] * index - w.collateral[slot] * market
    for j in range(pool["first"], pool["first"] + s["touched"]):
        slot = w.touched[j]
        loss += max(0.0, w.shares[slot] * index - w.collateral[slot] * market)
    return loss


@jit
def _run_away(pool: Row, s: Row, visible: float) -> None:
    """Once the price has fallen so far, running lenders take what cash allows."""
    if visible <= pool["run_at"] * pool["price"]:
        s["is_running"] = 1
    if s["is_running"] == 0 or s["runner_shares"] <= 0.0:
        return
    cash = s["supply"] + s["reserve"] + s["premium_owed"] - s["debt"]
    price = _share_price(s)
    out = max(0.0, min(cash, s["runner_shares"] * price))
    if out > 0.0:
        gone = min(s["runner_shares"], out / price)
        s["runner_shares"] -= gone
        s["supply_shares"] -= gone
        s["supply"] -= out
        s["run_withdrawn"] += out


@jit
def _weigh(pool: Row, s: Row, market: float) -> float:
    """The price others see: what was sold before still weighs on it."""
    if s["used"] > 0.0:
        s["used"] = recovered(s["used"], pool["depth_kept"], pool["depth_negligible"])
        if pool["cascade"] > 0.0:
            return market * (1.0 - pool["cascade"] * (1.0 - marginal(s["used"], pool["depth_a"], pool["depth_b"])))
    return market


@jit
def _share_price(s: Row) -> float:
    """Assets a lender share, 1 at the start; 0 where no share is left."""
    return s["supply"] / s["supply_shares"] if s["supply_shares"] > 0.0 else 0.0


@jit
def _end_step(pool: Row, s: Row, fund: Row, multiple: float) -> None:
    """Pays the premium owed as far as there is cash, and keeps the figures that look at every step."""
    cash = s["supply"] + s["reserve"] + s["premium_owed"] - s["debt"]
    if s["premium_owed"] > 0.0:
        paid = max(0.0, min(s["premium_owed"], cash))
        s["premium_owed"] -= paid
        s["premium_paid"] += paid
        if pool["has_fund"] == 1:
            fund["assets"] += paid
            fund["premium"] += paid
        cash -= paid
    if cash < pool["low_cash"] * s["supply"]:
        s["low_steps"] += 1
    s["reserve_least"] = min(s["reserve_least"], s["reserve"])
    s["virtual_least"] = min(s["virtual_least"], s["reserve"] - s["beyond"])
    s["price_least"] = min(s["price_least"], multiple)
    s["price_end"] = multiple


@jit
def _begin(pool: Row, base: Cohorts, w: Work, changed: int, deepest: int) -> None:
    """Puts back what the last path changed of the cohorts."""
    first = pool["first"]
    for j in range(first, first + changed):
        slot = w.changed[j]
        w.collateral[slot] = base.collateral[slot]
        w.shares[slot] = base.debt[slot]
        w.number[slot] = base.number[slot]
        w.status[slot] = UNTOUCHED
        w.left[slot] = NEVER
        w.dirty[slot] = 0
    w.left[first : max(first, deepest)] = NEVER


@jit
def _finish(pool: Row, s: Row, base: Cohorts, w: Work, waits: Floats, market: float, steps: int) -> None:
    """What can only be said at the end of a path."""
    s["unrealised_loss"] = _open_loss(pool, s, base, w, market)
    s["loss"] = s["realised_loss"] + s["unrealised_loss"]
    index = s["index"]
    threshold = s["high"] * pool["liq_ltv"] / index if s["high"] > 0.0 else np.inf
    for slot in range(s["untouched"], pool["last"]):
        if base.ratio[slot] <= threshold and slot >= s["crossed"]:
            break
        if w.status[slot] == UNTOUCHED:
            if base.ratio[slot] > threshold:
                s["unhealthy_end"] += w.shares[slot] * index
            if slot < s["crossed"]:
                _count_wait(waits, steps - w.since[slot], w.shares[slot] * index)
    for j in range(pool["first"], pool["first"] + s["touched"]):
        slot = w.touched[j]
        if w.ratio[slot] > threshold:
            s["unhealthy_end"] += w.shares[slot] * index
        if w.since[slot] != NEVER:
            _count_wait(waits, steps - w.since[slot], w.shares[slot] * index)
    s["supply_end"] = s["supply"]
    s["reserve_end"] = s["reserve"]
    s["debt_end"] = s["debt"]
    if s["supply_shares"] > 0.0:
        s["share_price_end"] = s["supply"] / s["supply_shares"]
    s["run_left"] = s["runner_shares"] * s["share_price_end"] if s["is_running"] == 1 else 0.0
    least = min(s["virtual_least"], s["reserve"] - s["beyond"] - s["unrealised_loss"])
    s["reserve_needed"] = max(0.0, pool["reserve"] - least)
    s["low_cash"] = s["low_steps"] / steps
    s["oracle_failed"] = s["failed_steps"] / steps


@jit
def _mark(pool: Row, s: Row, base: Cohorts, w: Work, market: float, k: int, marks: Whole) -> None:
    """Loss and liquidations so far, where the step is the end of a day, a week or thirty days."""
    loss = s["realised_loss"] + _open_loss(pool, s, base, w, market)
    if k == marks[0]:
        s["loss_1d"], s["liquidated_1d"] = loss, s["liquidated"]
    if k == marks[1]:
        s["loss_7d"], s["liquidated_7d"] = loss, s["liquidated"]
    if k == marks[2]:
        s["loss_30d"], s["liquidated_30d"] = loss, s["liquidated"]


@jit
def _write(s: Row, out: Floats) -> None:
    """One row of `outcome.NAMES`."""
    out[0] = s["loss_1d"]
    out[1] = s["loss_7d"]
    out[2] = s["loss_30d"]
    out[3] = s["loss"]
    out[4] = s["realised_loss"]
    out[5] = s["unrealised_loss"]
    out[6] = s["loss_from_reserve"]
    out[7] = s["loss_from_backstop"]
    out[8] = s["loss_from_lenders"]
    out[9] = s["loss_from_premium"]
    out[10] = s["liquidated_1d"]
    out[11] = s["liquidated_7d"]
    out[12] = s["liquidated_30d"]
    out[13] = s["liquidated"]
    out[14] = s["sales"]
    out[15] = s["closed"]
    out[16] = s["paid"]
    out[17] = s["penalty"]
    out[18] = s["collateral_sold"]
    out[19] = s["incentive"]
    out[20] = s["slippage"]
    out[21] = s["gas"]
    out[22] = s["buyer_profit"]
    out[23] = s["interest"]
    out[24] = s["interest_to_reserve"]
    out[25] = s["creator_fee"]
    out[26] = s["premium"]
    out[27] = s["premium_paid"]
    out[28] = s["supply_end"]
    out[29] = s["reserve_end"]
    out[30] = s["debt_end"]
    out[31] = s["share_price_end"]
    out[32] = s["reserve_least"]
    out[33] = s["reserve_needed"]
    out[34] = s["low_cash"]
    out[35] = s["run_withdrawn"]
    out[36] = s["run_left"]
    out[37] = s["oracle_failed"]
    out[38] = s["price_least"]
    out[39] = s["price_end"]
    out[40] = s["unhealthy_end"]


@jit
def run_path(
    pools: Row, start: Row, state: Row, base: Cohorts, w: Work, feeds: Row,
    frozen: Row, bias: Floats, fund: Row, waits: Floats, steps: int, step: int, marks: Whole,
) -> None:  # fmt: skip
    """Plays one path, whose multiples and presence are in `w` already; leaves it in `state`, `waits` [pool, class] and `fund`.

    Only rows are handed to functions at every step: each array that is handed over costs as much as ten of the sums below.
    """
    multiples, visible, thresholds, present, ratio = w.multiples, w.visible, w.thresholds, w.present, base.ratio
    ok_before, ok_steps, markets = w.ok_before, w.ok_steps, w.markets
    for i in range(pools.size):
        pool = pools[i]
        _begin(pool, base, w, state[i]["changed"], state[i]["deepest"])
        state[i] = start[i]
        ok_before[i, 0] = 0
        for f in range(pool["feed_first"], pool["feed_last"]):
            feeds[f]["shown"], feeds[f]["shown_at"] = pool["price"], 0.0
    for k in range(1, steps + 1):
        now = float(k * step)
        for i in range(pools.size):
            pool, s = pools[i], state[i]
            visible[i, k] = _weigh(pool, s, pool["price"] * multiples[i, k])
            # Collateral that is another pool's lender share: its value there is read at once, the feeds see only what that is worth.
            share = _share_price(state[pool["collateral_from"]]) if pool["collateral_from"] >= 0 else 1.0
            market = pool["price"] * multiples[i, k] * share
            markets[i] = market
            high = 0.0
            for f in range(pool["feed_first"], pool["feed_last"]):
                back = k - feeds[f]["delay"]
                seen = (visible[i, back] if back > 0 else pool["price"]) * bias[f, k]
                high = max(high, _publish(feeds[f], seen, frozen[f, k] != 0, now))
            high *= share
            _accrue(pool, s, float(step))
            if pool["run_share"] > 0.0:
                _run_away(pool, s, visible[i, k] * share)
            ok_before[i, k] = s["ok_count"]
            thresholds[i, k] = np.inf
            if high > 0.0:
                s["high"] = high
                threshold = high * pool["liq_ltv"] / s["index"]
                thresholds[i, k] = threshold
                if present[k]:
                    ok_steps[i, s["ok_count"]] = k
                    s["ok_count"] += 1
                crossed = s["crossed"]
                if (
                    s["worst_touched"] > threshold
                    or s["waiting"] > 0
                    or (crossed < pool["last"] and ratio[crossed] > threshold)
                    or (crossed > s["untouched"] and ratio[crossed - 1] <= threshold)
                ):
                    _cross(pool, s, base, w, i, k, threshold)
                if present[k] and (s["waiting"] > 0 or s["untouched"] < s["crossed"]):
                    _look(pool, s, base, w, fund, waits[i], i, k, step, threshold, high, market)
            else:
                s["failed_steps"] += 1
            _end_step(pool, s, fund, multiples[i, k])
            if k == marks[0] or k == marks[1] or k == marks[2]:
                _mark(pool, s, base, w, market, k, marks)
    for i in range(pools.size):
        _finish(pools[i], state[i], base, w, waits[i], markets[i], steps)


@jit
def run_paths(
    world: World, seed: int, first: int, count: int, w: Work,
    state: Row, feeds: Row, fund: Row, fields: Floats, waits: Floats, funds: Floats,
) -> None:  # fmt: skip
    """Plays the paths from `first` on, `count` of them; each depends on its own number alone, never on the others."""
    for done in range(count):
        path = first + done
        for i in range(world.pools.size):
            fill_path(
                world.kinds[i], world.values[i], world.series[world.series_at[i] : world.series_at[i + 1]], seed, path, i,
                world.correlation, w.multiples[i],
            )  # fmt: skip
            if world.pools[i]["order"] == RANDOM:
                for slot in range(world.pools[i]["first"], world.pools[i]["last"]):
                    w.keys[slot] = uniforms(seed, path, ORDER_STREAM, int(world.base.place[slot]))[0]
        fill_presence(
            seed, path, world.step, world.outage_starts, world.outage_ends, world.outages_per_year, world.outage_length, w.present
        )
        fund[0]["assets"] = world.fund_assets
        fund[0]["drawn"] = fund[0]["exhausted"] = fund[0]["premium"] = 0.0
        waits[done] = 0.0
        run_path(
            world.pools, world.start, state, world.base, w, feeds, world.frozen, world.bias, fund[0], waits[done],
            world.steps, world.step, world.marks,
        )  # fmt: skip
        funds[done, 0], funds[done, 1] = fund[0]["assets"], fund[0]["drawn"]
        funds[done, 2], funds[done, 3] = fund[0]["exhausted"], fund[0]["premium"]
        for i in range(world.pools.size):
            _write(state[i], fields[done, i])
