"""The world around one pool in the exact engine: what the market pays, and what the oracle's feeds show of it.

Whole tokens and prices as floats, times in seconds since the start of the path: assumptions about the world, not the rule. What a buyer
makes of them is decided in `decisions`.
"""

from ringfence.decisions.depth import marginal_plain, most_sold_plain, proceeds_plain, recovered_plain
from ringfence.inputs import scenario
from ringfence.inputs.scenario import Window

NEGLIGIBLE = 1e-9
"""Of the book's collateral: what weighs less is forgotten."""


def steps_up(seconds: int, step: int) -> int:
    """The least number of steps that lasts so many seconds."""
    return -(-seconds // step)


def within(windows: tuple[Window, ...], now: int) -> bool:
    """Whether a time lies in one of the windows."""
    return any(window.start <= now < window.end for window in windows)


class Market:
    """One pool's market for its collateral, with what past sales still weigh on it (`used`)."""

    def __init__(self, market: scenario.Market, step: int, book_collateral: float) -> None:
        self._a, self._b, self._cascade = market.a, market.b, market.cascade
        self._kept: float = 0.5 ** (step / market.recovery) if market.recovery > 0 else 0.0
        self._negligible = NEGLIGIBLE * book_collateral
        self.used = 0.0

    def recover(self) -> None:
        """A step passes."""
        self.used = recovered_plain(self.used, self._kept, self._negligible)

    def visible(self, price: float) -> float:
        """The price that other markets show, when it would be `price` without the sales."""
        return price * (1.0 - self._cascade * (1.0 - marginal_plain(self.used, self._a, self._b)))

    def room(self, cost: float, price: float) -> float:
        """Collateral that can be sold until a unit brings less than its `cost`; `price` is the market's without the sales."""
        return max(0.0, most_sold_plain(cost / price, self._a, self._b) - self.used) if price > 0.0 else 0.0

    def proceeds(self, amount: float, price: float) -> float:
        """What selling `amount` would bring."""
        return proceeds_plain(amount, self.used, price, self._a, self._b)

    def take(self, amount: float) -> None:
        """`amount` is sold."""
        self.used += amount


class Feeds:
    """The oracle's feeds on one market."""

    def __init__(self, oracle: scenario.Oracle, step: int, start_price: float) -> None:
        self._oracle, self._step, self._start_price = oracle, step, start_price
        self._delays = [steps_up(feed.delay, step) for feed in oracle.feeds]
        self._last = [(start_price, 0)] * len(oracle.feeds)
        self._visible = [start_price]

    def high(self, visible: float) -> float | None:
        """The highest fresh price of the next step, at which the market shows `visible`; None while no feed is fresh."""
        self._visible.append(visible)
        shown = [price for place in range(len(self._oracle.feeds)) if (price := self._shown(place)) is not None]
        return max(shown, default=None)

    def _shown(self, place: int) -> float | None:
        """One feed's price if it is fresh."""
        feed, step = self._oracle.feeds[place], len(self._visible) - 1
        if feed.fixed is not None:
            return feed.fixed * self._start_price
        now = step * self._step
        if not within(feed.frozen, now):
            seen = self._visible[max(0, step - self._delays[place])]
            if within(feed.biased, now):
                seen *= 1.0 + feed.bias
            last, when = self._last[place]
            if now - when >= feed.heartbeat or abs(seen / last - 1.0) >= feed.deviation:
                self._last[place] = (seen, now)
        last, when = self._last[place]
        return last if self._oracle.max_age == 0 or now - when <= self._oracle.max_age else None
