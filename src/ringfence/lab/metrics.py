"""From the paths of a stress run to its metrics: each a figure with its 95 % interval, its unit and its definition.

A loss is debt that nobody will pay: booked by a sale, or still open (what is owed beyond the collateral at the market's price), whoever
bears it. A lender's loss is the part that neither reserve nor backstop paid. Basis points are of what lenders own at the start.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType

import numpy as np

from ringfence.inputs.stress_result import Metric
from ringfence.inputs.times import duration
from ringfence.lab.columns import COMPARED, NOTHING_LOST, Columns, PoolStart, SharedMargin, columns_of, joined, joined_start, shared_margin
from ringfence.lab.intervals import CHUNK, LEAST_ROWS, ClassQuantile, Mean, Quantile, Quotient, Shortfall, Statistic, estimate
from ringfence.lab.layout import Floats
from ringfence.lab.outcome import NAMES, WAIT_STEPS
from ringfence.lab.peer_metrics import PEER_METRICS
from ringfence.lab.run import Outcome

BP = 10_000.0
DAY = 86_400
YEAR = 365 * DAY
HORIZONS = (("_1d", 1), ("_7d", 7), ("_30d", 30))
OF_SUPPLY = "bp of supply"
ASSET = "asset"
PROBABILITY = "probability"
CAUSES = {
    "perfect_oracle": ("loss_from_oracle_gap", "with an oracle that shows the market's price at every step, exactly and at once"),
    "infinite_depth": ("loss_from_depth", "with a market that takes any amount at its price"),
    "no_latency": ("loss_from_latency", "with liquidators who act at once and are never away"),
}
"""Run beside the base: (the metric it gives, in what it differs). What no variant explains is `loss_remainder`."""
NO_CASCADE, NO_RUN = "no_cascade", "no_run"
NOT_SHARED = (
    "an accounting check of the run, not a finding, as no backstop is shared and isolated pools share nothing else, so it is 0 by "
    "construction: mean of what lenders lose beyond what their own pool's interest, losses and exits explain"
)
SHARED = (
    "what its lenders lose more because other pools drew on the shared backstop: their mean haircut (lender_loss_mean), less that of the "
    "same paths when only this pool may draw, all else as it is"
)
COLUMNS_HELD = 3 * len(NAMES)
"""About so many columns are held of a pool: those of a path, those that follow, and those whose means are taken."""
FUND_DRAWN, FUND_EXHAUSTED, FUND_PREMIUM = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Setting:
    """How a run was made, as far as metrics depend on it: seconds of a step and of the horizon, and the scenario's lenders."""

    step: int
    horizon: int
    low_cash: float = 0.05
    significant: float = 0.01
    """The loss that counts as significant, as a part of supply."""
    cover: float = 0.0
    """What the backstop has at the start (asset)."""

    @property
    def years(self) -> float:
        """The horizon in years of 365 days."""
        return self.horizon / YEAR

    def reaches(self, days: int) -> bool:
        """Whether the horizon has so many days, in whole steps."""
        return -(-days * DAY // self.step) <= self.horizon // self.step

    @property
    def over(self) -> str:
        """The horizon in words."""
        return duration(self.horizon)


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics of all pools together, and of each alone where there are several."""

    together: Mapping[str, Metric]
    pools: tuple[Mapping[str, Metric], ...]


def measure(
    outcome: Outcome,
    starts: Sequence[PoolStart],
    setting: Setting,
    *,
    seed: int,
    variants: Mapping[str, Sequence[Columns]] | None = None,
    alone: Mapping[int, Floats | None] = MappingProxyType({}),
    definitions: Sequence[str] = (),
    tick: Callable[[], None] | None = None,
) -> Measured:
    """All metrics of a run, with intervals seeded by `seed`.

    `variants` are the same paths under other circumstances (`columns.compared`), by the names in `CAUSES`, `NO_CASCADE` and `NO_RUN`;
    None: not run; one that is absent is as the base. `alone` has for each pool that shares the backstop with others what its lenders
    bear on the same paths when it alone may draw (`columns.lender_loss`); None: not run. `definitions` are names of `PEER_METRICS`; `tick`
    is as in `intervals.estimate`.
    """
    pools = [columns_of(outcome.fields[:, place], start) for place, start in enumerate(starts)]
    is_one = len(pools) == 1
    whole, whole_start = (pools[0], starts[0]) if is_one else (joined(pools, starts), joined_start(starts))
    others = {place: None if loss is None else pools[place]["lender_loss"] - loss for place, loss in alone.items()}
    tables = [_Table(whole, whole_start, setting, outcome.waits.sum(axis=1), len(pools))]
    tables[0].fill(_each(variants, lambda pools: joined(pools, starts)), definitions, list(others.values()))
    if any(start.is_covered for start in starts):
        tables[0].backstop(
            outcome.fund, np.sum([pool["interest"] for pool, start in zip(pools, starts, strict=True) if start.is_covered], axis=0)
        )
    if not is_one:
        shared = shared_margin(pools, starts)
        tables[0].shared_margin(pools, starts, shared)
        for place, (pool, start) in enumerate(zip(pools, starts, strict=True)):
            table = _Table(pool, start, setting, outcome.waits[:, place])
            table.fill(_each(variants, itemgetter(place)), definitions, [others[place]] if place in others else [])
            table.shared_margin_of_one(shared, place)
            tables.append(table)
    measured = _estimated(tables, len(outcome.fields), seed, tick)
    return Measured(measured[0], tuple(measured[1:]))


def measure_named(
    outcome: Outcome, start: PoolStart, setting: Setting, names: Collection[str], *, seed: int, tick: Callable[[], None] | None = None
) -> dict[str, Metric]:
    """These metrics of a run of one pool, to the last bit as `measure` has them, for a part of the work.

    Raises KeyError for a name that a run without variants does not have.
    """
    table = _Table(columns_of(outcome.fields[:, 0], start), start, setting, outcome.waits.sum(axis=1))
    table.fill(None, (), [])
    # Of a sorted column as many values are looked at as any figure of it needs, and sums over more of them round otherwise.
    asked = [table.entries[name].statistic for name in names]
    sorted_too = {id(statistic.values) for statistic in asked if isinstance(statistic, Quantile | Shortfall)}
    table.entries = {
        name: entry
        for name, entry in table.entries.items()
        if name in names or (isinstance(entry.statistic, Quantile | Shortfall) and id(entry.statistic.values) in sorted_too)
    }
    found = _estimated([table], len(outcome.fields), seed, tick)[0]
    return {name: found[name] for name in names}


def bytes_needed(paths: int, pools: int, variants: int, alone: int = 0) -> int:
    """Bytes that measuring holds at its peak beside the outcome: columns of every pool and of all together, what is kept of the variants
    and of the runs in which one pool `alone` draws, and counts of draws."""
    columns = paths * 8 * ((pools + 1) * COLUMNS_HELD + variants * pools * len(COMPARED) + alone)
    return columns + 3 * 8 * max(CHUNK, LEAST_ROWS * paths)


def _each(variants: Mapping[str, Sequence[Columns]] | None, of: Callable[[Sequence[Columns]], Columns]) -> Mapping[str, Columns] | None:
    return None if variants is None else {name: of(pools) for name, pools in variants.items()}


def _estimated(tables: "Sequence[_Table]", paths: int, seed: int, tick: Callable[[], None] | None) -> list[dict[str, Metric]]:
    """All tables from the same draws."""
    asked = {f"{place} {name}": entry.statistic for place, table in enumerate(tables) for name, entry in table.entries.items()}
    found = estimate(asked, paths, seed=seed, tick=tick)
    shown: list[dict[str, Metric]] = []
    for place, table in enumerate(tables):
        intervals = {name: found[f"{place} {name}"] for name in table.entries}
        shown.append(
            {
                name: Metric(intervals[name].value, intervals[name].low, intervals[name].high, entry.unit, entry.definition)
                for name, entry in table.entries.items()
            }
        )
    return shown


@dataclass(frozen=True, slots=True)
class _Entry:
    """A metric before it is estimated."""

    statistic: Statistic
    unit: str
    definition: str


class _Table:
    """The metrics of one pool, or of several as one, in the order in which they are shown."""

    def __init__(self, of: Columns, start: PoolStart, setting: Setting, waits: Floats, pools: int = 1) -> None:
        self._of, self._start, self._setting, self._waits, self._pools = of, start, setting, waits, pools
        self._bp = BP / start.supply if start.supply > 0.0 else 0.0
        self._paths = len(of["loss"])
        self.entries: dict[str, _Entry] = {}

    def fill(self, variants: Mapping[str, Columns] | None, definitions: Sequence[str], others: Sequence[Floats | None]) -> None:
        """Everything that one pool has; `others` is what each that shares the backstop loses by the others, None if that was not run."""
        self._losses()
        self._borne(others)
        self._liquidations()
        self._reserve()
        if variants is not None:
            self._causes(variants)
        self._lenders()
        self._revenue()
        self._concentration()
        for name in definitions:
            for peer in PEER_METRICS[name]:
                if not peer.column.endswith("_1d") or self._setting.reaches(1):
                    statistic = Quantile(self._of[peer.column], peer.level) if peer.level else Mean(self._of[peer.column])
                    self._put(f"{name}_{peer.name}", statistic, ASSET, peer.definition)

    def _losses(self) -> None:
        over, loss = self._setting.over, self._of["loss"]
        self._put("loss_mean", Mean(loss, self._bp), OF_SUPPLY, f"mean loss over {over}, booked and still open, whoever bears it")
        self._put("loss_mean_asset", Mean(loss), ASSET, f"loss_mean in whole asset tokens, over {over}")
        self._tail("loss", loss, self._bp, OF_SUPPLY, f"the loss over {over}")
        self._put("loss_es99_asset", Shortfall(loss, 990), ASSET, f"loss_es99 in whole asset tokens, over {over}")
        for suffix, days in HORIZONS:
            if self._setting.reaches(days):
                until = duration(days * DAY)
                column = self._of[f"loss{suffix}"]
                self._put(f"loss_mean{suffix}", Mean(column, self._bp), OF_SUPPLY, f"mean loss within the first {until}")
                self._tail("loss", column, self._bp, OF_SUPPLY, f"the loss within the first {until}", suffix)
        limit = self._setting.significant
        is_significant = (loss > limit * self._start.supply).astype(np.float64)
        text = (
            f"part of the paths with a loss of more than {100 * limit:g} % of supply over {over}; where none has, it is under 3/n with 95 %"
        )
        self._put("prob_significant_loss", Mean(is_significant), PROBABILITY, f"{text} (n paths), whatever the interval")
        text = "loss_mean times the year over the horizon: what a year loses if every horizon in it is one of this scenario"
        self._put("expected_loss_per_year", Mean(loss, self._bp / self._setting.years), f"{OF_SUPPLY} a year", text)

    def _tail(self, name: str, column: Floats, scale: float, unit: str, of: str, suffix: str = "") -> None:
        for label, level in (("var95", 950), ("var99", 990)):
            text = f"value at risk: the least value that at least {level / 10:g} % of the paths do not exceed, of {of}"
            self._put(f"{name}_{label}{suffix}", Quantile(column, level, scale), unit, text)
        for label, level in (("es975", 975), ("es99", 990)):
            text = f"expected shortfall: mean of the worst {(1000 - level) / 10:g} % of the paths, the last by its fraction, of {of}"
            self._put(f"{name}_{label}{suffix}", Shortfall(column, level, scale), unit, text)

    def _borne(self, others: Sequence[Floats | None]) -> None:
        over = self._setting.over
        levels = (
            ("reserve", "loss_from_reserve", "the part of loss_mean that the reserve paid"),
            ("backstop", "loss_from_backstop", "the part of loss_mean that the backstop paid"),
            ("lenders", "loss_from_lenders", "the part of loss_mean booked to lenders, through the share price"),
            ("premium", "loss_from_premium", "the part of loss_mean taken from premium owed, once lenders have nothing"),
            (
                "nobody_yet",
                "unrealised_loss",
                "the part of loss_mean still open at the end; once booked, the reserve pays first",
            ),
        )
        for name, column, text in levels:
            self._put(f"borne_by_{name}", Mean(self._of[column], self._bp), OF_SUPPLY, f"{text}, over {over}")
        text = f"a lender's haircut over {over}: loss booked to them, and what is open beyond the reserve (backstop not counted)"
        self._put("lender_loss_mean", Mean(self._of["lender_loss"], self._bp), OF_SUPPLY, f"mean of {text}")
        self._from_other_pools(others)
        self._tail("lender_loss", self._of["lender_loss"], self._bp, OF_SUPPLY, text)
        is_hurt = (self._of["lender_loss"] > self._setting.significant * self._start.supply).astype(np.float64)
        text = f"part of the paths in which lenders lose more than {100 * self._setting.significant:g} % of supply over {over}"
        self._put("prob_significant_lender_loss", Mean(is_hurt), PROBABILITY, text)

    def _from_other_pools(self, others: Sequence[Floats | None]) -> None:
        measured = [loss for loss in others if loss is not None]
        if len(measured) < len(others):
            return
        loss = np.sum(measured, axis=0) if measured else self._of["missing"]
        text = SHARED if measured else NOT_SHARED
        if measured and self._pools > 1:
            text = f"summed over the pools that share it: {text}"
        if self._start.lends_on_shares:
            text += "; a loss that arrives as a price is not in it"
        if self._start.lends_on_shares and measured:
            text += ", and it is negative where the pool whose shares are collateral would cost more without its cover"
        self._put("loss_from_other_pools", Mean(loss, self._bp), OF_SUPPLY, text)

    def _liquidations(self) -> None:
        over, sold = self._setting.over, self._of["liquidated"]
        self._put("liquidations_mean", Mean(sold), ASSET, f"mean debt retired by sales over {over}, losses included")
        self._tail("liquidations", sold, 1.0, ASSET, f"the debt retired by sales over {over} (liquidations at risk)")
        for suffix, days in HORIZONS:
            column = self._of[f"liquidated{suffix}"]
            if self._setting.reaches(days):
                until = f"within the first {duration(days * DAY)}"
                self._put(f"liquidations_mean{suffix}", Mean(column), ASSET, f"mean debt retired by sales {until}, losses included")
                self._tail("liquidations", column, 1.0, ASSET, f"the debt retired by sales {until} (liquidations at risk)", suffix)
        self._put("sales_mean", Mean(self._of["sales"]), "sales", f"mean number of sales over {over}")
        text = (
            "the wait from unhealthy to sold that 95 % of all debt that became unhealthy does not exceed, all paths pooled and weighted by "
            "debt; what is unsold at the end counts with its wait so far; a class of waits counts as its longest; the interval is from the "
            "least wait of its lowest class to the longest of its highest; 0 if there is none"
        )
        least, most = self._class_hours(WAIT_STEPS), self._class_hours([*(lower - 1 for lower in WAIT_STEPS[1:]), math.inf])
        self._put("time_to_liquidate_p95", ClassQuantile(self._waits, least, most, 950), "hours", text)

    def _class_hours(self, ends: Sequence[float]) -> Floats:
        """The ends of each class (steps) in hours; no wait is longer than the path."""
        last = self._setting.horizon // self._setting.step
        return np.array([min(steps, last) * self._setting.step / 3600 for steps in ends])

    def _reserve(self) -> None:
        text = "part of the paths in which the reserve did not suffice: a loss went on to backstop or lenders, or what is open exceeds it"
        self._put("reserve_ruin", Mean(self._of["reserve_ruined"]), PROBABILITY, text)
        text = "the reserve at the start that would have kept every loss, open ones too, from backstop and lenders in 99 % of the paths"
        if self._pools > 1:
            text += "; of the sum of what the pools need, split by hindsight: reserves fixed beforehand must be no smaller"
        self._put("reserve_needed_p99", Quantile(self._of["reserve_needed"], 990), ASSET, text)
        self._put("reserve_end_mean", Mean(self._of["reserve_end"]), ASSET, "mean reserve at the end")

    def _causes(self, variants: Mapping[str, Columns]) -> None:
        loss = self._of["loss"]
        remainder = loss
        for variant, (name, circumstance) in CAUSES.items():
            part = loss - variants[variant]["loss"] if variant in variants else np.zeros_like(loss)
            remainder = remainder - part
            text = f"loss_mean less the mean loss of the same paths {circumstance}; negative if that loses more"
            self._put(name, Mean(part, self._bp), OF_SUPPLY, text)
        text = "loss_mean less loss_from_oracle_gap, loss_from_depth, loss_from_latency: what jumps alone, or two causes together, cost"
        self._put("loss_remainder", Mean(remainder, self._bp), OF_SUPPLY, text)
        calm = variants[NO_CASCADE]["loss"] if NO_CASCADE in variants else loss
        text = "loss_mean less the mean loss of the same paths when sales do not move the price that others see"
        self._put("amplification_by_cascades", Mean(loss - calm, self._bp), OF_SUPPLY, text)
        stayed = variants[NO_RUN]["net_share_price"] if NO_RUN in variants else self._of["net_share_price"]
        text = (
            "what a lender who stays loses because others ran first: mean share value at the end, less what is open beyond the reserve, of "
            "the same paths without a run, less that with it; negative if the run leaves them more (interest rises with utilisation)"
        )
        self._put("stayers_loss_from_run", Mean(stayed - self._of["net_share_price"], BP), "bp of a lender's assets", text)

    def _lenders(self) -> None:
        text = (
            "what a lender who stays to the end earns, as a part of the assets at the start and a year: the share value at the end, less "
            "what is open beyond the reserve; after losses and fees, not compounded"
        )
        scale = 1.0 / self._setting.years
        self._put("lender_net_yield", Mean(self._of["net_share_price"], scale, -scale), "part a year", text)
        text = f"mean part of the time in which cash is under {100 * self._setting.low_cash:g} % of supply and few can withdraw; 0 is best"
        self._put("withdrawability", Mean(self._of["low_cash"]), "part of time", text)
        self._put("oracle_failed_time", Mean(self._of["oracle_failed"]), "part of time", "mean part of the time without a price")

    def _revenue(self) -> None:
        over = f"mean over {self._setting.over}, losses not deducted"
        parties = (
            ("lenders", "revenue_lenders", "interest that stays with lenders, and what rounding leaves them"),
            ("creator", "creator_fee", "the creator's fee, as it was worth when it was minted"),
            ("reserve", "revenue_reserve", "interest to the reserve less what flowed back, and penalties"),
            ("backstop", "premium", "premium owed to the backstop"),
            ("buyers", "incentive", "incentives: collateral sold at the pool's price less what was paid for it"),
        )
        for name, column, text in parties:
            self._put(f"revenue_{name}", Mean(self._of[column]), ASSET, f"{text}; {over}")
        text = "revenue of the five parties less interest, penalties and incentives: what rounding leaves"
        self._put("revenue_rounding", Mean(self._of["revenue_rounding"]), ASSET, f"{text}; {over}")
        self._put("interest_mean", Mean(self._of["interest"]), ASSET, f"interest of all debts; {over}")
        self._put("penalty_mean", Mean(self._of["penalty"]), ASSET, f"penalties that borrowers paid; {over}")
        text = "the part of revenue_buyers that they keep: what selling the collateral brought, less what they paid, less gas"
        self._put("buyer_profit", Mean(self._of["buyer_profit"]), ASSET, f"{text}; mean over {self._setting.over}")
        self._put("buyer_gas", Mean(self._of["gas"]), ASSET, f"the part of revenue_buyers that gas takes; mean over {self._setting.over}")
        text = "the part of revenue_buyers that the market takes: its impact, and its price under the pool's"
        self._put("buyer_to_market", Mean(self._of["buyer_to_market"]), ASSET, f"{text}; mean over {self._setting.over}")

    def _concentration(self) -> None:
        self._fixed("concentration_largest", self._start.largest, "part of debt", "the largest debt as a part of all debts, at the start")
        text = "sum of the squares of the debts' parts of all debts (Herfindahl), at the start; its inverse: so many equal debts"
        self._fixed("concentration_herfindahl", self._start.herfindahl, "number", text)

    def backstop(self, fund: Floats, interest: Floats) -> None:
        """What the fund is drawn for, and what it would have to earn."""
        over, drawn, years = self._setting.over, np.ascontiguousarray(fund[:, FUND_DRAWN]), self._setting.years
        self._put("backstop_draw_mean", Mean(drawn), ASSET, f"mean of what all pools draw from the backstop over {over}")
        text = f"expected shortfall: mean of the worst 1 % of the paths, of what all pools draw from the backstop over {over}"
        self._put("backstop_draw_es99", Shortfall(drawn, 990), ASSET, text)
        text = "part of the paths in which the backstop could not pay all that was asked: it was empty, or a pool at its limit"
        self._put("backstop_exhausted", Mean(np.ascontiguousarray(fund[:, FUND_EXHAUSTED])), PROBABILITY, text)
        received = np.ascontiguousarray(fund[:, FUND_PREMIUM])
        self._put("backstop_premium_mean", Mean(received), ASSET, f"mean premium that the backstop received over {over}")
        if self._setting.cover > 0.0:
            text = "premium received less what is drawn, a year and as a part of what the backstop has at the start; not compounded"
            self._put("backstop_net_yield", Mean(received - drawn, 1.0 / years / self._setting.cover), "part a year", text)
            text = "mean draw a year as a part of what the backstop has at the start: the yearly price at which it breaks even"
            self._put("backstop_breakeven_a_year", Mean(drawn, 1.0 / years / self._setting.cover), "part a year", text)
        if (interest > 0.0).all():
            text = "mean draw as a part of the mean interest of the covered pools: the premium at which it breaks even; over 1: none"
            self._put("backstop_breakeven_premium", Quotient(drawn, interest), "part of interest", text)

    def shared_margin(self, pools: Sequence[Columns], starts: Sequence[PoolStart], shared: SharedMargin) -> None:
        """The counterfactual of all pools, and how far a failure spreads there and here."""
        over = self._setting.over
        whole = f"the loss of all lenders over {over} if the same books were one cross-margin pool with one reserve and the same sales"
        self._put("shared_margin_loss_mean", Mean(shared.loss, self._bp), OF_SUPPLY, f"mean of {whole}")
        self._put("shared_margin_loss_es99", Shortfall(shared.loss, 990, self._bp), OF_SUPPLY, f"expected shortfall (worst 1 %) of {whole}")
        spread = np.sum(shared.from_others, axis=0)
        text = "mean of what lenders of a pool bear for the books of the others, summed over pools: there, in one cross-margin pool"
        self._put("shared_margin_spread", Mean(spread, self._bp), OF_SUPPLY, text)
        hurt_here = np.stack([pool["lender_loss"] > NOTHING_LOST * start.supply for pool, start in zip(pools, starts, strict=True)])
        hurt_there = np.stack([borne > NOTHING_LOST * start.supply for borne, start in zip(shared.borne, starts, strict=True)])
        text = "mean number of pools whose lenders lose anything"
        self._put("isolated_pools_hurt", Mean(hurt_here.sum(axis=0).astype(np.float64)), "pools", f"{text}: here")
        self._put("shared_margin_pools_hurt", Mean(hurt_there.sum(axis=0).astype(np.float64)), "pools", f"{text}: in one cross-margin pool")

    def shared_margin_of_one(self, shared: SharedMargin, place: int) -> None:
        """The counterfactual of one pool's lenders."""
        over = self._setting.over
        text = f"loss of this pool's lenders over {over} if all books were one cross-margin pool, pro rata of supply"
        self._put("shared_margin_loss_mean", Mean(shared.borne[place], self._bp), OF_SUPPLY, f"mean {text}")
        self._put(
            "shared_margin_loss_es99",
            Shortfall(shared.borne[place], 990, self._bp),
            OF_SUPPLY,
            f"expected shortfall (worst 1 %) of the {text}",
        )
        text = "the part of shared_margin_loss_mean that is due to the other pools' books, by their part of all losses"
        self._put("shared_margin_spread", Mean(shared.from_others[place], self._bp), OF_SUPPLY, text)

    def _put(self, name: str, statistic: Statistic, unit: str, definition: str) -> None:
        self.entries[name] = _Entry(statistic, unit, definition)

    def _fixed(self, name: str, value: float, unit: str, definition: str) -> None:
        self._put(name, Mean(np.zeros(self._paths), 1.0, value), unit, definition)
