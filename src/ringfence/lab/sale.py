"""Who is sold in the fast engine, how much of them, and who bears what is lost: cohorts that cross into bad health, and the liquidators.

`pool`, `s` and `fund` are rows of `layout.POOL`, `STATE` and `FUND`, `rows` all cohorts (`layout.COHORT`), `row` one of them, `past` the
steps of the pool so far (`layout.PAST`), `k` the step.
"""

import math
from typing import Any

import numpy as np

from ringfence.lab.jitted import is_worth, jit, most_sold, proceeds, profit, size
from ringfence.lab.layout import CLOSED, LARGEST, NEVER, REDUCED, RISKIEST, SAFEST, TOUCHED, UNTOUCHED, Floats
from ringfence.lab.outcome import WAIT_STEPS
from ringfence.lab.rule import close_amount, incentive, phase_in

Row = Any
"""A row of a structured array, or the array: compiled code reads it by name."""
Quote = tuple[float, bool, float, float, float]
ALMOST = 1e-9
"""Of a position: what is so close to a whole one is one."""
WAIT_CLASSES = np.array(WAIT_STEPS)
RESIDUE = 1e-12
"""Of what a pool began with: less than that is what sums of floats leave of nothing."""


@jit
def cross(pool: Row, s: Row, rows: Row, past: Row, k: int, threshold: float) -> None:
    """Moves the line between the unhealthy and the healthy to the threshold, and notes when each cohort came to its side."""
    crossed, last, untouched = s["crossed"], pool["last"], s["untouched"]
    while crossed < last and rows[crossed]["risk"] > threshold:
        if rows[crossed]["status"] <= REDUCED:
            _become_unhealthy(rows[crossed], past, k)
        crossed += 1
    while crossed > untouched and rows[crossed - 1]["risk"] <= threshold:
        crossed -= 1
        if rows[crossed]["status"] <= REDUCED:
            rows[crossed]["left"] = k
    s["crossed"] = crossed
    s["deepest"] = max(s["deepest"], crossed)
    if s["waiting"] == 0 and s["worst_touched"] <= threshold:
        return
    waiting = 0
    for j in range(pool["first"], pool["first"] + s["touched"]):
        row = rows[rows[j]["touched"]]
        if row["ratio"] > threshold:
            waiting += 1
            if row["since"] == NEVER:
                _become_unhealthy(row, past, k)
        elif row["since"] != NEVER:
            row["since"] = NEVER
            row["left"] = k
    s["waiting"] = waiting


@jit
def _become_unhealthy(row: Row, past: Row, k: int) -> None:
    """Its wait begins; its clock too, unless one still runs because nobody was there to stop it."""
    row["since"] = k
    left = row["left"]
    if left == NEVER or past[k]["ok_before"] != past[left]["ok_before"]:
        row["clock"] = k


@jit
def _seconds(pool: Row, row: Row, past: Row, k: int, step: int) -> float:
    """Seconds on a cohort's clock: somebody starts it as soon as somebody is there, and again when it is older than the timeout."""
    start = past[past[row["clock"]]["ok_before"]]["ok_step"]
    while (k - start) * step > pool["sale_timeout"]:
        over = start + int(pool["sale_timeout"] // step) + 1
        start = past[past[over]["ok_before"]]["ok_step"]
    # Kept, so that who waits for weeks does not count all his rounds at every step.
    row["clock"] = start
    return float((k - start) * step)


@jit
def or_nothing(left: float, whole: float) -> float:
    """What is left, or 0 where that is but the residue of floats: it would compound, or be divided by."""
    return left if left > RESIDUE * whole else 0.0


@jit
def count_wait(waits: Floats, steps: int, debt: float) -> None:
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
def _first_left(s: Row, rows: Row) -> int:
    """The first of the unhealthy prefix that no sale has taken out of it, for good."""
    first, crossed = s["untouched"], s["crossed"]
    while first < crossed and rows[first]["status"] > REDUCED:
        first += 1
    s["untouched"] = first
    return int(first)


@jit
def _candidates(pool: Row, s: Row, rows: Row, worst: float, margin: float, per_sale: float) -> int:
    """Lists the cohorts whose ratio is above `worst`, in the order of sale; returns how many.

    Left out are those too small to pay a sale's costs with `margin` a token of collateral, the most there can be in it at this step: the
    dust that nobody ever buys, which is all that is unhealthy at most steps of most books.
    """
    found = 0
    for slot in range(_first_left(s, rows), s["crossed"]):
        row = rows[slot]
        if row["status"] <= REDUCED:
            if row["risk"] <= worst:
                break
            if _is_more_than_dust(row, margin, per_sale):
                rows[found]["candidate"] = slot
                found += 1
    sorted_already = found
    if s["waiting"] > 0:
        for j in range(pool["first"], pool["first"] + s["touched"]):
            row = rows[rows[j]["touched"]]
            if row["ratio"] > worst and _is_more_than_dust(row, margin, per_sale):
                rows[found]["candidate"] = rows[j]["touched"]
                found += 1
    if found > 1 and (pool["order"] != RISKIEST or found > sorted_already):
        _sort(rows, found, pool["order"])
    return found


@jit
def _is_more_than_dust(row: Row, margin: float, per_sale: float) -> bool:
    """Whether one position of a cohort can pay a sale's costs at all."""
    collateral = row["collateral"] if row["number"] == 1.0 else row["collateral"] / row["number"]
    return not collateral * margin < per_sale


@jit
def _sort(rows: Row, found: int, order: int) -> None:
    """Brings the candidates into the order of sale, ties in book order."""
    chosen, keys, places = np.empty(found, np.int64), np.empty(found), np.empty(found)
    for j in range(found):
        chosen[j] = rows[j]["candidate"]
        places[j] = rows[chosen[j]]["place"]
    chosen = chosen[np.argsort(places, kind="mergesort")]
    for j in range(found):
        row = rows[chosen[j]]
        if order == RISKIEST:
            keys[j] = -_ratio(row)
        elif order == SAFEST:
            keys[j] = _ratio(row)
        elif order == LARGEST:
            merged = row["start_number"]
            keys[j] = -row["start_debt"] / merged if merged > 0.0 else -row["shares"] / row["number"]
        else:
            keys[j] = row["key"]
    by_key = np.argsort(keys, kind="mergesort")
    for j in range(found):
        rows[j]["candidate"] = chosen[by_key[j]]


@jit
def _ratio(row: Row) -> float:
    """Debt per collateral as it is now."""
    return float(row["risk"] if row["status"] <= REDUCED else row["ratio"])


@jit
def _change(pool: Row, s: Row, rows: Row, slot: int, status: int) -> None:
    """Notes that a cohort is not as it was at the start, so that the next path finds it restored."""
    if rows[slot]["status"] == UNTOUCHED:
        rows[pool["first"] + s["changed"]]["changed"] = slot
        s["changed"] += 1
    rows[slot]["status"] = status


@jit
def _touch(pool: Row, s: Row, rows: Row, slot: int) -> None:
    """Takes a cohort out of the sorted prefix: its ratio is its own from now on."""
    row = rows[slot]
    if row["status"] != TOUCHED:
        _change(pool, s, rows, slot, TOUCHED)
        rows[pool["first"] + s["touched"]]["touched"] = slot
        s["touched"] += 1
    row["ratio"] = row["shares"] / row["collateral"] if row["collateral"] > 0.0 else np.inf


@jit
def _settle_touched(pool: Row, s: Row, rows: Row, threshold: float) -> None:
    """Drops closed cohorts from the list, and looks which of the others the last sales have healed."""
    kept = pool["first"]
    waiting = 0
    worst = 0.0
    for j in range(pool["first"], pool["first"] + s["touched"]):
        slot = rows[j]["touched"]
        row = rows[slot]
        if row["status"] == CLOSED:
            continue
        rows[kept]["touched"] = slot
        kept += 1
        worst = max(worst, row["ratio"])
        if row["ratio"] > threshold:
            waiting += 1
        elif row["since"] != NEVER:
            # A sale that heals stops the clock at once.
            row["since"] = NEVER
            row["left"] = NEVER
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
    pool: Row, s: Row, fund: Row, is_covered: bool,
    sales: float, amount: float, payment: float, bought: float, got: float, high: float, market: float,
) -> None:  # fmt: skip
    """The money of sales that were made: debt retired `amount`, for `payment`, and `bought` collateral that brought `got`."""
    gas = pool["gas"] * sales
    s["used"] += bought
    s["debt"] = or_nothing(s["debt"] - amount, pool["debt"])
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


@jit
def _leave(pool: Row, s: Row, rows: Row, slot: int, collateral: float, shares: float, number: float) -> None:
    """Takes so much out of a cohort; what is left of it has the ratio it had."""
    row = rows[slot]
    _change(pool, s, rows, slot, max(REDUCED, row["status"]))
    row["number"] -= number
    if row["number"] < 0.5:
        row["shares"] = row["number"] = 0.0
        row["status"] = CLOSED
    else:
        row["collateral"] -= collateral
        row["shares"] -= shares


@jit
def _pile(pool: Row, s: Row, rows: Row, source: int, slot: int, collateral: float, shares: float, number: float) -> None:
    """Puts positions that a sale has changed into a cohort of the step's own, with the clock of those they come from."""
    row, origin = rows[slot], rows[source]
    row["collateral"] += collateral
    row["shares"] += shares
    row["number"] += number
    row["since"], row["clock"], row["left"] = origin["since"], origin["clock"], origin["left"]
    _touch(pool, s, rows, slot)


@jit
def _is_simple(pool: Row) -> bool:
    """Whether all positions are offered for the same incentive, whole, without costs, riskiest first."""
    return bool(
        pool["target_ltv"] == 0.0
        and pool["has_clock"] == 0
        and pool["incentive_slope"] == 0.0
        and pool["solvent_window"] == 0.0
        and pool["gas"] + pool["min_profit"] == 0.0
        and pool["order"] == RISKIEST
    )


@jit
def _sell_all(
    pool: Row, s: Row, rows: Row, fund: Row, waits: Floats, k: int, worst: float, high: float, market: float
) -> bool:  # fmt: skip
    """Sells every candidate of a simple pool as one sum each of the uncovered and the covered, if all are as they were at the start and
    market and money suffice; else does nothing. Returns whether it did.

    Uncovered ones are riskier than covered ones, so their losses meet the reserve before the penalties of the others, as one by one. Large
    books sell dozens of cohorts at a step: this halves what that takes, a fifth of the whole at 100,000 positions.
    """
    offered = min(pool["incentive_max"], pool["incentive_base"])
    first, crossed, index, penalty = _first_left(s, rows), s["crossed"], s["index"], pool["penalty"]
    if s["waiting"] > 0 or offered < pool["min_incentive"] or first == crossed or rows[first]["risk"] == np.inf:
        return False
    rate, unit_cost = 1.0 + offered, high / (1.0 + offered)
    lost_amount = lost_payment = lost_bought = lost_number = 0.0
    amount = payment = bought = number = 0.0
    until = first
    while until < crossed and rows[until]["risk"] > worst:
        row = rows[until]
        if row["status"] != UNTOUCHED:
            return False
        held, debt = row["collateral"], row["shares"] * index
        value = held * high
        if value < debt * rate:
            lost_amount += debt
            lost_payment += held * unit_cost
            lost_bought += held
            lost_number += row["number"]
        else:
            paid = debt if penalty == 0.0 else debt * (1.0 + min(penalty, value / (debt * rate) - 1.0))
            amount += debt
            payment += paid
            bought += min(held, paid / unit_cost)
            number += row["number"]
        until += 1
    a, b = pool["depth_a"], pool["depth_b"]
    if until == first or lost_payment + payment > pool["capital"]:
        return False
    if lost_bought + bought > most_sold(unit_cost / market, a, b) - s["used"]:
        return False
    if lost_number > 0.0:
        got = proceeds(lost_bought, s["used"], market, a, b)
        _book(pool, s, fund, False, lost_number, lost_amount, lost_payment, lost_bought, got, high, market)
    if number > 0.0:
        got = proceeds(bought, s["used"], market, a, b)
        _book(pool, s, fund, True, number, amount, payment, bought, got, high, market)
    waited, pending = k - rows[first]["since"], 0.0
    for slot in range(first, until):
        wait = k - rows[slot]["since"]
        if wait != waited:
            count_wait(waits, waited, pending)
            waited, pending = wait, 0.0
        pending += rows[slot]["shares"] * index
    count_wait(waits, waited, pending)
    s["closed"] += lost_number + number
    s["untouched"] = until
    return True


@jit
def look(
    pool: Row, s: Row, rows: Row, past: Row, fund: Row, waits: Floats,
    k: int, step: int, threshold: float, high: float, market: float,
) -> None:  # fmt: skip
    """One look of the liquidators: whoever is unhealthy now and was so when they saw it, once each, as long as it pays."""
    worst = threshold
    if pool["latency"] > 0:
        seen_at = k - pool["latency"]
        if seen_at < 1:
            return
        worst = max(worst, past[seen_at]["threshold"])
    if _is_simple(pool) and _sell_all(pool, s, rows, fund, waits, k, worst, high, market):
        return
    per_sale = pool["gas"] + pool["min_profit"]
    least_cost = high / (1.0 + pool["incentive_max"])
    found = _candidates(pool, s, rows, worst, market - least_cost, per_sale)
    if found == 0:
        return
    is_bare = s["untouched"] < pool["last"] and rows[s["untouched"]]["risk"] == np.inf
    if not is_bare and most_sold(least_cost / market, pool["depth_a"], pool["depth_b"]) <= s["used"]:
        return  # not even the largest incentive pays now
    _sell_each(pool, s, rows, past, fund, waits, found, k, step, high, market)
    if s["touched"] > 0:
        _settle_touched(pool, s, rows, threshold)


@jit
def _sell_each(
    pool: Row, s: Row, rows: Row, past: Row, fund: Row, waits: Floats, found: int, k: int, step: int, high: float, market: float
) -> None:
    """Goes through the candidates in their order, and sells what of each is worth it."""
    a, b = pool["depth_a"], pool["depth_b"]
    capital = pool["capital"]
    per_sale = pool["gas"] + pool["min_profit"]
    index = s["index"]
    least = max(pool["asset_unit"], pool["min_debt"])
    last_cost, last_most = -1.0, 0.0
    for j in range(found):
        slot = rows[j]["candidate"]
        row = rows[slot]
        number = row["number"]
        collateral, shares = row["collateral"] / number, row["shares"] / number
        debt = shares * index
        seconds = _seconds(pool, row, past, k, step) if pool["has_clock"] != 0 else 0.0
        offered, is_covered, amount, payment, for_sale = _quote(pool, collateral * high, debt, collateral, high, seconds)
        unit_cost = high / (1.0 + offered)
        if for_sale * (market - unit_cost) < per_sale:
            continue  # too small to pay even if its sale moved no price
        is_whole = amount >= debt
        waited = k - row["since"]

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
                _book(pool, s, fund, is_covered, taken, taken * amount, taken * payment, taken * for_sale, got, high, market)
                count_wait(waits, waited, taken * amount)
                capital -= taken * payment
                rest, owed = collateral - for_sale, shares - amount / index
                if not is_whole and taken == number:
                    row["collateral"], row["shares"] = number * rest, number * owed
                    _touch(pool, s, rows, slot)
                    continue
                if is_whole:
                    s["closed"] += taken
                else:
                    _pile(pool, s, rows, slot, pool["last"] + 2 * k, taken * rest, taken * owed, taken)
                _leave(pool, s, rows, slot, taken * collateral, taken * shares, taken)
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
        _book(pool, s, fund, is_covered, 1.0, amount, payment, for_sale, got, high, market)
        count_wait(waits, waited, amount)
        capital -= payment
        if number > 1.0:
            if is_whole and part == 1.0:
                s["closed"] += 1.0
            else:
                _pile(pool, s, rows, slot, pool["last"] + 2 * k + 1, collateral - for_sale, shares - amount / index, 1.0)
            _leave(pool, s, rows, slot, collateral, shares, 1.0)
        elif is_whole and part == 1.0:
            s["closed"] += 1.0
            _leave(pool, s, rows, slot, collateral, shares, 1.0)
        else:
            row["collateral"] = collateral - for_sale
            row["shares"] = shares - amount / index
            _touch(pool, s, rows, slot)
