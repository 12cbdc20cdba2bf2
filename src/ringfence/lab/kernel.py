"""The fast engine: many paths of one pool, or of several in lockstep, by cohorts in floats; agrees with `lab/micro.py`.

A pool's positions are sorted by debt per collateral, and one threshold parts the unhealthy from the healthy, so that a step without a sale
costs a comparison, however many positions there are. What a sale has changed leaves the sorted prefix for a short list of touched cohorts;
`lab/sale.py` has all of that.

`pool`, `s`, `feed` and `fund` are rows of `layout.POOL`, `STATE`, `FEED` and `FUND`, `rows` all cohorts (`layout.COHORT`), `past` the steps
so far (`layout.PAST`), `k` the step.
"""

import math

import numpy as np

from ringfence.lab.jitted import jit, marginal, recovered
from ringfence.lab.layout import ADAPTIVE, KINKED, NEVER, RANDOM, REDUCED, UNTOUCHED, Floats, Whole, Work, World
from ringfence.lab.paths import fill_path, fill_presence
from ringfence.lab.philox import uniforms
from ringfence.lab.sale import RESIDUE, Row, count_wait, cross, look, or_nothing

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
        s["returned"] -= part
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
def _open_loss(pool: Row, s: Row, rows: Row, market: float) -> float:
    """Debt beyond the collateral's value at the market's price, of all that is still open."""
    loss = 0.0
    index = s["index"]
    for slot in range(s["untouched"], pool["last"]):
        row = rows[slot]
        if row["risk"] * index <= market:
            break
        if row["status"] <= REDUCED:
            loss += row["shares"] * index - row["collateral"] * market
    for j in range(pool["first"], pool["first"] + s["touched"]):
        row = rows[rows[j]["touched"]]
        loss += max(0.0, row["shares"] * index - row["collateral"] * market)
    return loss


@jit
def _cash(s: Row) -> float:
    """What is not lent out."""
    return s["supply"] + s["reserve"] + s["premium_owed"] - s["debt"]


@jit
def _run_away(pool: Row, s: Row, visible: float) -> None:
    """Once the price has fallen so far, running lenders take what cash allows."""
    if visible <= pool["run_at"] * pool["price"]:
        s["is_running"] = 1
    if s["is_running"] == 0 or s["runner_shares"] <= 0.0:
        return
    cash = _cash(s)
    price = _share_price(s)
    out = max(0.0, min(cash, s["runner_shares"] * price))
    if out > 0.0:
        gone = min(s["runner_shares"], out / price)
        s["runner_shares"] = or_nothing(s["runner_shares"] - gone, pool["supply"])
        s["supply_shares"] = or_nothing(s["supply_shares"] - gone, pool["supply"])
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
    cash = _cash(s)
    if s["premium_owed"] > 0.0:
        paid = max(0.0, min(s["premium_owed"], cash))
        s["premium_owed"] -= paid
        s["premium_paid"] += paid
        if pool["has_fund"] == 1:
            fund["assets"] += paid
            fund["premium"] += paid
        cash -= paid
    if cash < pool["low_cash"] * s["supply"] - RESIDUE * pool["supply"]:
        s["low_steps"] += 1
    s["reserve_least"] = min(s["reserve_least"], s["reserve"])
    s["virtual_least"] = min(s["virtual_least"], s["reserve"] + s["returned"] - s["beyond"])
    s["price_least"] = min(s["price_least"], multiple)
    s["price_end"] = multiple


@jit
def _begin(pool: Row, rows: Row, changed: int, deepest: int) -> None:
    """Puts back what the last path changed of the cohorts."""
    first = pool["first"]
    for j in range(first, first + changed):
        row = rows[rows[j]["changed"]]
        row["collateral"] = row["start_collateral"]
        row["shares"] = row["start_debt"]
        row["number"] = row["start_number"]
        row["status"] = UNTOUCHED
        row["left"] = NEVER
    for slot in range(first, deepest):
        rows[slot]["left"] = NEVER


@jit
def _finish(pool: Row, s: Row, rows: Row, waits: Floats, market: float, steps: int) -> None:
    """What can only be said at the end of a path."""
    s["unrealised_loss"] = _open_loss(pool, s, rows, market)
    s["loss"] = s["realised_loss"] + s["unrealised_loss"]
    index = s["index"]
    threshold = s["high"] * pool["liq_ltv"] / index if s["high"] > 0.0 else np.inf
    for slot in range(s["untouched"], pool["last"]):
        row = rows[slot]
        if row["risk"] <= threshold and slot >= s["crossed"]:
            break
        if row["status"] <= REDUCED:
            if row["risk"] > threshold:
                s["unhealthy_end"] += row["shares"] * index
            if slot < s["crossed"]:
                count_wait(waits, steps - row["since"], row["shares"] * index)
    for j in range(pool["first"], pool["first"] + s["touched"]):
        row = rows[rows[j]["touched"]]
        if row["ratio"] > threshold:
            s["unhealthy_end"] += row["shares"] * index
        if row["since"] != NEVER:
            count_wait(waits, steps - row["since"], row["shares"] * index)
    s["supply_end"] = s["supply"]
    s["reserve_end"] = s["reserve"]
    s["debt_end"] = s["debt"]
    if s["supply_shares"] > 0.0:
        s["share_price_end"] = s["supply"] / s["supply_shares"]
    s["run_left"] = s["runner_shares"] * s["share_price_end"] if s["is_running"] == 1 else 0.0
    # What the reserve gave back over its target a smaller one would have kept.
    least = min(s["virtual_least"], s["reserve"] + s["returned"] - s["beyond"] - s["unrealised_loss"])
    s["reserve_needed"] = max(0.0, pool["reserve"] - least)
    s["low_cash"] = s["low_steps"] / steps
    s["oracle_failed"] = s["failed_steps"] / steps


@jit
def _mark(pool: Row, s: Row, rows: Row, market: float, k: int, marks: Whole) -> None:
    """Loss and liquidations so far, where the step is the end of a day, a week or thirty days."""
    loss = s["realised_loss"] + _open_loss(pool, s, rows, market)
    if k == marks[0]:
        s["loss_1d"], s["liquidated_1d"] = loss, s["liquidated"]
    if k == marks[1]:
        s["loss_7d"], s["liquidated_7d"] = loss, s["liquidated"]
    if k == marks[2]:
        s["loss_30d"], s["liquidated_30d"] = loss, s["liquidated"]


@jit
def run_path(
    pools: Row, start: Row, state: Row, w: Work, feeds: Row,
    frozen: Row, bias: Floats, fund: Row, waits: Floats, steps: int, step: int, marks: Whole,
) -> None:  # fmt: skip
    """Plays one path, whose multiples and presence are in `w` already; leaves it in `state`, `waits` [pool, class] and `fund`.

    What is handed to functions at every step is rows: each array that is handed over costs as much as ten of the sums below.
    """
    rows, multiples, all_past, present, markets = w.rows, w.multiples, w.past, w.present, w.markets
    for i in range(pools.size):
        pool = pools[i]
        _begin(pool, rows, state[i]["changed"], state[i]["deepest"])
        state[i] = start[i]
        all_past[i, 0]["ok_before"] = 0
        for f in range(pool["feed_first"], pool["feed_last"]):
            feeds[f]["shown"], feeds[f]["shown_at"] = pool["price"], 0.0
    for k in range(1, steps + 1):
        now = float(k * step)
        for i in range(pools.size):
            pool, s, this = pools[i], state[i], all_past[i, k]
            visible = _weigh(pool, s, pool["price"] * multiples[i, k])
            this["visible"] = visible
            # Collateral that is another pool's lender share: its value there is read at once, the feeds see only what that is worth.
            share = _share_price(state[pool["collateral_from"]]) if pool["collateral_from"] >= 0 else 1.0
            market = pool["price"] * multiples[i, k] * share
            markets[i] = market
            high = 0.0
            for f in range(pool["feed_first"], pool["feed_last"]):
                back = k - feeds[f]["delay"]
                seen = (all_past[i, back]["visible"] if back > 0 else pool["price"]) * bias[f, k]
                high = max(high, _publish(feeds[f], seen, frozen[f, k] != 0, now))
            high *= share
            _accrue(pool, s, float(step))
            if pool["run_share"] > 0.0:
                _run_away(pool, s, visible * share)
            this["ok_before"] = s["ok_count"]
            this["threshold"] = np.inf
            if high > 0.0:
                s["high"] = high
                threshold = high * pool["liq_ltv"] / s["index"]
                this["threshold"] = threshold
                if present[k]:
                    all_past[i, s["ok_count"]]["ok_step"] = k
                    s["ok_count"] += 1
                crossed = s["crossed"]
                if (
                    s["worst_touched"] > threshold
                    or s["waiting"] > 0
                    or (crossed < pool["last"] and rows[crossed]["risk"] > threshold)
                    or (crossed > s["untouched"] and rows[crossed - 1]["risk"] <= threshold)
                ):
                    cross(pool, s, rows, all_past[i], k, threshold)
                if present[k] and (s["waiting"] > 0 or s["untouched"] < s["crossed"]):
                    look(pool, s, rows, all_past[i], fund, waits[i], k, step, threshold, high, market)
            else:
                s["failed_steps"] += 1
            _end_step(pool, s, fund, multiples[i, k])
            if k == marks[0] or k == marks[1] or k == marks[2]:
                _mark(pool, s, rows, market, k, marks)
    for i in range(pools.size):
        _finish(pools[i], state[i], rows, waits[i], markets[i], steps)


@jit
def run_paths(
    world: World, seed: int, first: int, count: int, w: Work,
    state: Row, figures: Floats, feeds: Row, fields: Floats, waits: Floats, funds: Row,
) -> None:  # fmt: skip
    """Plays the paths from `first` on, `count` of them; each depends on its own number alone, never on the others.

    `figures` [pool, `outcome.NAMES`] shows those of `state`; `funds` are rows of `layout.FUND`, one a path, of zeros.
    """
    for done in range(count):
        path = first + done
        for i in range(world.pools.size):
            fill_path(
                world.kinds[i], world.values[i], world.series[world.series_at[i] : world.series_at[i + 1]], seed, path, i,
                world.correlation, w.multiples[i],
            )  # fmt: skip
            if world.pools[i]["order"] == RANDOM:
                for slot in range(world.pools[i]["first"], world.pools[i]["last"]):
                    row = w.rows[slot]
                    row["key"] = uniforms(seed, path, ORDER_STREAM, int(row["place"]))[0]
        fill_presence(
            seed, path, world.step, world.outage_starts, world.outage_ends, world.outages_per_year, world.outage_length, w.present
        )
        fund = funds[done]
        fund["assets"] = world.fund_assets
        waits[done] = 0.0
        run_path(
            world.pools, world.start, state, w, feeds, world.frozen, world.bias, fund, waits[done],
            world.steps, world.step, world.marks,
        )  # fmt: skip
        fields[done] = figures
