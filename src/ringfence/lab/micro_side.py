"""One pool of the exact engine with the world around it, step by step: prices and decisions in floats, every act through `MicroPool`."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from ringfence.decisions.buyer import is_worth_plain, profit_plain, size_plain
from ringfence.inputs.scenario import Scenario
from ringfence.lab.micro_market import Feeds, Market, steps_up
from ringfence.lab.micro_pool import START, MicroPool
from ringfence.lab.micro_tally import Sold
from ringfence.lab.outcome import NAMES
from ringfence.model import shares
from ringfence.model.errors import Revert
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256, WAD
from ringfence.model.vault_price import VaultPrice

PRICE_DIGITS = 36
SHARE_PRICE_AT_START = 10**30
MARKS = {"1d": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400}
"""Seconds of the marks at which losses are taken."""


class PathOutcome(NamedTuple):
    """What a path did to one pool: `outcome.NAMES` in whole tokens, debt by class of wait (`outcome.WAIT_STEPS`, whole asset tokens), and
    in base units the sales and the totals before and after."""

    figures: dict[str, float]
    waits: list[float]
    sales: list[Sold]
    before: Totals
    after: Totals


class Side:
    """One pool under way; `start_price` is whole asset tokens per whole collateral token, `base_digits` what the feeds' quotes are scaled
    by, and `vault` the price of an upstream pool's shares, if those are the collateral."""

    def __init__(self, pool: MicroPool, scenario: Scenario, start_price: float, base_digits: int, vault: VaultPrice | None) -> None:
        self.pool, self._scenario, self._start_price, self._vault = pool, scenario, start_price, vault
        self._asset_unit: int = 10**pool.file.asset_decimals
        self._collateral_unit: int = 10**pool.file.collateral_decimals
        self._market = Market(scenario.market, scenario.step, sum(pool.book.collateral) / self._collateral_unit)
        self._feeds = Feeds(scenario.oracle, scenario.step, start_price)
        self._base_scale = Fraction(10) ** base_digits
        self._market_scale = Fraction(10) ** (PRICE_DIGITS + pool.file.asset_decimals - pool.file.collateral_decimals)
        self._latency = steps_up(scenario.liquidators.latency, scenario.step)
        self._is_running = False
        self._multiple = self._price_least = 1.0
        self._low_steps = self._failed_steps = 0
        self._last_quote: int | None = None
        # By step: totals and price as liquidators saw them; nobody saw anything before the first step.
        self._seen: list[tuple[Totals, int] | None] = [None]
        self._incentive = self._slippage = self._gas = self._profit = 0.0
        self._marks: dict[str, tuple[float, float]] = {}

    def play_step(self, step: int, multiple: float, is_present: bool, permutation: Sequence[float] | None) -> None:
        """The next step, at which the market stands at a multiple of its start and liquidators are there or not."""
        pool, lenders, now = self.pool, self._scenario.lenders, START + step * self._scenario.step
        said, counted = self._share_rates()
        self._multiple = multiple
        plain = self._start_price * multiple
        self._market.recover()
        visible = self._market.visible(plain)
        high = self._feeds.high(visible)
        pool.quote.quote = None if high is None else int(Fraction(high) * self._base_scale)
        pool.accrue(now)
        if lenders.run_share > 0.0:
            self._is_running |= visible * said <= (1.0 - lenders.run_at_fall) * self._start_price
            if self._is_running:
                pool.run(now)
        quote = pool.price()
        self._seen.append(None if quote is None else (pool.totals, quote))
        if quote is None or high is None:
            self._failed_steps += 1
        else:
            self._last_quote = quote
            unhealthy = pool.unhealthy(quote, step)
            if is_present:
                pool.set_clocks(unhealthy, now)
                self._look(unhealthy, step, now, quote, high * counted, plain * said, permutation)
        pool.pay_premium(now)
        self._end_step(step)

    def outcome(self, steps: int) -> PathOutcome:
        """What the path did; raises ConservationError if amounts do not balance."""
        pool, flows = self.pool, self.pool.flows
        pool.finish(steps)
        waits = [debt / self._asset_unit for debt in flows.waits]
        figures = self._amounts(START + steps * self._scenario.step) | self._counts(steps)
        return PathOutcome({name: figures[name] for name in NAMES}, waits, flows.sales, flows.before, pool.totals)

    # A step

    def _look(
        self,
        unhealthy: list[int],
        step: int,
        now: int,
        quote: int,
        high: float,
        price: float,
        permutation: Sequence[float] | None,
    ) -> None:
        """Everyone who was seen unhealthy, once, as long as it pays."""
        liquidators = self._scenario.liquidators
        if self._latency > 0:
            unhealthy = self.pool.was_unhealthy(unhealthy, self._seen[max(0, step - self._latency)])
        capital = math.inf if liquidators.capital is None else liquidators.capital
        least_cost = high / (1.0 + self.pool.terms.incentive_max / WAD)
        for place in self.pool.in_order(unhealthy, liquidators.order, permutation):
            # Where the market has no room at the largest incentive it has none at any, and nothing needs a quote.
            is_closed = capital <= 0.0 or self._market.room(least_cost, price) == 0.0
            if not is_closed or self.pool.collateral[place] == 0:
                capital -= self._sell(place, step, now, quote, high, price, capital)

    def _sell(self, place: int, step: int, now: int, quote: int, high: float, price: float, capital: float) -> float:
        """What was paid for one position (whole asset tokens); 0 if it was passed over."""
        pool, liquidators = self.pool, self._scenario.liquidators
        offer, sale = MAX_UINT256, pool.quoted(place, quote, MAX_UINT256, now)
        incentive = sale.incentive / WAD
        cost = high / (1.0 + incentive)
        for_sale = sale.collateral / self._collateral_unit
        if not sale.refusal and for_sale > 0.0:
            bought = size_plain(for_sale, self._market.room(cost, price), capital / cost)
            if bought < for_sale:
                offer = int(Fraction(bought * cost) * self._asset_unit)
                if offer == 0:
                    return 0.0
                sale = pool.quoted(place, quote, offer, now)
        if sale.refusal:
            return 0.0
        bought, payment = sale.collateral / self._collateral_unit, sale.payment / self._asset_unit
        proceeds = self._market.proceeds(bought, price)
        profit = profit_plain(proceeds, payment, liquidators.gas)
        if not is_worth_plain(profit, liquidators.min_profit, incentive, liquidators.min_incentive):
            return 0.0
        pool.sell(place, quote, offer, step, now)
        self._market.take(bought)
        self._incentive += bought * high - payment
        self._slippage += bought * price - proceeds
        self._gas += liquidators.gas
        self._profit += profit
        return payment

    def _end_step(self, step: int) -> None:
        flows, totals, unit = self.pool.flows, self.pool.totals, self._asset_unit
        flows.end_step(totals)
        self._low_steps += shares.cash(totals) / unit < self._scenario.lenders.low_cash * (totals.supply_assets / unit)
        self._price_least = min(self._price_least, self._multiple)
        for name, seconds in MARKS.items():
            if step == steps_up(seconds, self._scenario.step):
                self._marks[name] = (flows.loss + self._open_loss()) / unit, (flows.retired + flows.loss) / unit

    def _share_rates(self) -> tuple[float, float]:
        """What a share of the upstream pool is worth by its start, on the market and as far as the oracle counts it; 1 without one."""
        if self._vault is None:
            return 1.0, 1.0
        at_start = self._vault.anchor[0]
        try:
            said, counted = self._vault.rate()
        except Revert:
            return 0.0, 0.0
        return said / at_start, counted / at_start

    # What is told

    def _open_loss(self) -> int:
        price = self._start_price * self._multiple * self._share_rates()[0]
        return self.pool.open_loss(int(Fraction(price) * self._market_scale))

    def _amounts(self, now: int) -> dict[str, float]:
        pool, flows, totals, open_loss = self.pool, self.pool.flows, self.pool.totals, self._open_loss()
        amounts = {
            "loss": flows.loss + open_loss,
            "realised_loss": flows.loss,
            "unrealised_loss": open_loss,
            "loss_from_reserve": flows.parts[0],
            "loss_from_backstop": flows.parts[1],
            "loss_from_lenders": flows.parts[2],
            "loss_from_premium": flows.parts[3],
            "liquidated": flows.retired + flows.loss,
            "paid": flows.paid,
            "penalty": flows.penalty,
            "interest": flows.interest,
            "interest_to_reserve": flows.to_reserve,
            "creator_fee": flows.creator_fee,
            "premium": flows.premium,
            "premium_paid": flows.premium_paid,
            "supply_end": totals.supply_assets,
            "reserve_end": totals.reserve_assets,
            "debt_end": totals.debt_assets,
            "reserve_least": flows.reserve_least,
            "reserve_needed": flows.reserve_needed(totals, open_loss),
            "run_withdrawn": flows.withdrawn,
            "run_left": pool.runners_own(now) if self._is_running else 0,
            "unhealthy_end": 0 if self._last_quote is None else pool.unhealthy_debt(self._last_quote),
        }
        return {name: amount / self._asset_unit for name, amount in amounts.items()}

    def _counts(self, steps: int) -> dict[str, float]:
        figures = {
            "sales": float(len(self.pool.flows.sales)),
            "closed": float(self.pool.closed()),
            "collateral_sold": self.pool.flows.collateral_sold / self._collateral_unit,
            "incentive": self._incentive,
            "slippage": self._slippage,
            "gas": self._gas,
            "buyer_profit": self._profit,
            "share_price_end": shares.share_price(self.pool.totals) / SHARE_PRICE_AT_START,
            "low_cash": self._low_steps / steps,
            "oracle_failed": self._failed_steps / steps,
            "price_least": self._price_least,
            "price_end": self._multiple,
        }
        for name in MARKS:
            figures[f"loss_{name}"], figures[f"liquidated_{name}"] = self._marks.get(name, (math.nan, math.nan))
        return figures
