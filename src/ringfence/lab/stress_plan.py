"""What a stress run runs: the worlds of the pools, as the scenario has them and without each thing that may explain a loss."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ringfence.inputs.book import Book
from ringfence.inputs.errors import InputError
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.provenance import shown_terms
from ringfence.inputs.scenario import Liquidators, Oracle, PriceModel, Scenario
from ringfence.inputs.stress_result import PoolStress, ReserveSize, Shock, WallRow
from ringfence.inputs.times import duration
from ringfence.inputs.verdict import UNSOLD
from ringfence.lab.cohorts import Positions
from ringfence.lab.columns import Columns, PoolStart
from ringfence.lab.layout import World
from ringfence.lab.memory import available_memory, shown_gib
from ringfence.lab.metrics import NO_CASCADE, NO_RUN, Setting, bytes_needed, measure
from ringfence.lab.outcome import FIELD, NAMES, WAIT_STEPS
from ringfence.lab.run import Outcome, available_threads, memory_needed, run
from ringfence.lab.shocks import shocks
from ringfence.lab.world import Side, positions_of, world_of
from ringfence.model.terms import WAD, ZERO_ADDRESS

if TYPE_CHECKING:
    from ringfence.lab.micro_pool import StressPool

ENOUGH_PATHS = 1_000
"""Paths under which a tail of one in a hundred is fewer than ten."""
UNSOLD_PART, UNSOLD_DEBT, UNSOLD_PATHS = 0.1, 0.01, 0.01
"""Of what became liquidatable, of all debt, and of the paths: beyond all three a horizon is too short for its tail to be believed."""
FUND_COLUMNS = ("fund_end", "fund_drawn", "fund_exhausted", "fund_premium")
STILL = PriceModel("profile", points=((1, 1.0),))
"""Of an asset in itself."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run: the pools under a fitted scenario, and how the variants differ from it."""

    pools: Sequence[tuple[Book, PoolFile]]
    scenario: Scenario
    prices: Sequence[float]
    horizon: int
    bin_width: float
    collateral_from: Sequence[int]
    """For each pool the one whose lender shares are its collateral, -1 for none."""
    positions: Sequence[Positions]
    """Each book in whole tokens."""
    starts: Sequence[PoolStart]
    """Each pool before the first step."""

    def setting(self, significant: float) -> Setting:
        """What metrics need to know of the run."""
        lenders = self.scenario.lenders
        cover = sum(pool.fund.assets / 10**pool.asset_decimals for _, pool in self.pools if pool.fund)
        return Setting(self.scenario.step, self.horizon, lenders.low_cash, significant, cover)

    @property
    def steps(self) -> int:
        """How many each path has."""
        return self.horizon // self.scenario.step

    def scenarios(self, changes: Mapping[str, Any]) -> list[Scenario]:
        """The scenario of each pool, its market in tokens of its own book."""
        scenario = replace(self.scenario, **changes)
        return [self._own(place, scenario) for place in range(len(self.pools))]

    @property
    def sharing(self) -> tuple[int, ...]:
        """The pools that draw on one backstop, where there are several."""
        covered = tuple(place for place, (_, pool) in enumerate(self.pools) if pool.fund is not None)
        return covered if len(covered) > 1 else ()

    def world(self, changes: Mapping[str, Any], only: int | None = None) -> World:
        """The arrays of all pools; of those that share the backstop `only` one may draw, all by default."""
        sides = [
            Side(held, pool, own, price, source)
            for (_, pool), held, own, price, source in zip(
                self.pools, self.positions, self.scenarios(changes), self.prices, self.collateral_from, strict=True
            )
        ]
        world = world_of(sides, self.steps, bin_width=self.bin_width)
        if only is not None:
            world.pools["cover_most"][[place for place in self.sharing if place != only]] = 0.0
        return world

    def sides(self, only: int | None = None) -> "list[StressPool]":
        """The pools as the exact engine takes them; of those that share the backstop `only` one may draw, all by default."""
        from ringfence.lab.micro_pool import StressPool

        found = [
            StressPool(pool, book, None if source < 0 else source)
            for (book, pool), source in zip(self.pools, self.collateral_from, strict=True)
        ]
        for place in () if only is None else self.sharing:
            file = found[place].file
            if place != only and file.fund is not None:
                found[place] = replace(found[place], file=replace(file, fund=replace(file.fund, max_assets=0)))
        return found

    def calm(self) -> dict[str, Any]:
        """The changes that leave nothing but book, terms, market and gas: a perfect oracle, prompt liquidators, lenders who stay."""
        people, lenders = _prompt(self.scenario.liquidators), replace(self.scenario.lenders, run_share=0.0)
        return {"oracle": Oracle(), "liquidators": people, "lenders": lenders}

    def shocks(self) -> tuple[tuple[Shock, ...], ...]:
        """What single falls cost each pool."""
        return shocks(self.world(self.calm()), self.positions)

    def _own(self, place: int, scenario: Scenario) -> Scenario:
        """The scenario with a market in tokens of the pool's own book; shares of a pool that lends the same asset move with it alone."""
        market = scenario.market.for_book(_collateral(*self.pools[place]))
        return replace(scenario, market=market, prices=STILL if self.starts[place].lends_on_shares else scenario.prices)

    def variants(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The other circumstances under which the same paths are run, those that differ."""
        scenario = self.scenario
        if scenario.oracle != Oracle():
            yield "perfect_oracle", {"oracle": Oracle()}
        if scenario.market.a > 0.0:
            yield "infinite_depth", {"market": replace(scenario.market, a=0.0)}
            if scenario.market.cascade > 0.0:
                yield NO_CASCADE, {"market": replace(scenario.market, cascade=0.0)}
        if _is_late(scenario.liquidators):
            yield "no_latency", {"liquidators": _prompt(scenario.liquidators)}
        if scenario.lenders.run_share > 0.0:
            yield NO_RUN, {"lenders": replace(scenario.lenders, run_share=0.0)}

    def shown(
        self, place: int, metrics: Mapping[str, Any], falls: Sequence[Shock], rows: Sequence[WallRow], sizes: Sequence[ReserveSize]
    ) -> PoolStress:
        """A pool as the result shows it."""
        book, pool = self.pools[place]
        start = self.starts[place]
        return PoolStress(
            name=start.name,
            supply=start.supply,
            debt=start.debt,
            reserve=start.reserve,
            collateral=_collateral(book, pool),
            start_price=float(self.prices[place]),
            positions=start.positions,
            terms=shown_terms(pool),
            shocks=tuple(falls),
            metrics=metrics,
            wall=tuple(rows),
            reserve_sizing=tuple(sizes),
        )

    def notices(self, paths: int) -> Iterator[str]:
        """What fits and yet is hardly meant, or easily misread."""
        for (book, pool), price in zip(self.pools, self.prices, strict=True):
            yield from _unsound(book, pool, price)
            if pool.terms.backstop != ZERO_ADDRESS and pool.fund is None:
                yield f"{pool.file}: the backstop pays nothing, for nothing is said of its funds; give it a [backstop] with assets"
        step = self.scenario.step
        kept = [feed.heartbeat for feed in self.scenario.oracle.feeds if 0 < feed.heartbeat <= step and not (feed.delay or feed.frozen)]
        if kept:
            yield (
                f"a feed publishes every {kept[0]:,} s and a step is {step:,} s: it shows every price, so that no oracle gap can show; "
                "a finer step would"
            )
        if paths < ENOUGH_PATHS:
            tail = "the worst path" if paths <= 100 else f"{paths // 100} paths"
            yield f"ES 99 % of {paths:,} paths rests on {tail}, and its interval knows no worse; take {ENOUGH_PATHS:,} paths or more"


def unsold(outcome: Outcome, starts: Sequence[PoolStart], horizon: int) -> Iterator[str]:
    """That the horizon ends before the sales do, if much of what was to be sold is left in more than one future of a hundred."""
    left, sold = (outcome.fields[:, :, FIELD[name]].sum(axis=1) for name in ("unhealthy_end", "liquidated"))
    debt = sum(start.debt for start in starts)
    paths = float((left > UNSOLD_DEBT * debt).mean())
    part = float(left.mean() / (left.mean() + sold.mean())) if left.any() else 0.0
    if paths > UNSOLD_PATHS and part > UNSOLD_PART:
        yield (
            f"{UNSOLD}{100 * part:.3g} % of the debt that became liquidatable is still unsold after {duration(horizon)}, in "
            f"{100 * paths:.3g} % of the futures more than {100 * UNSOLD_DEBT:.0f} % of all debt; it is judged at the market's price, "
            "without its depth, so that a longer horizon may show a larger loss"
        )


def plan_of(
    pools: Sequence[tuple[Book, PoolFile]],
    scenario: Scenario,
    prices: Sequence[float],
    horizon: int,
    bin_width: float,
    collateral_from: Sequence[int] | None,
) -> Plan:
    """The plan of a run, with what every one of its worlds needs of the books."""
    above = collateral_from or [-1] * len(pools)
    starts = [_start(book, pool, source >= 0) for (book, pool), source in zip(pools, above, strict=True)]
    return Plan(pools, scenario, prices, horizon, bin_width, above, [positions_of(book, pool) for book, pool in pools], starts)


class Runner:
    """Runs the same paths under changed circumstances, here or on a cluster, fast or exactly, and counts how far all of it is."""

    def __init__(
        self,
        plan: Plan,
        seed: int,
        paths: int,
        threads: int | None,
        scheduler: str | None,
        is_exact: bool,
        progress: Progress | None,
        runs: int,
    ) -> None:
        self._plan, self._seed, self._paths, self._threads, self._scheduler = plan, seed, paths, threads, scheduler
        self._is_exact, self._progress, self._runs, self._done = is_exact, progress, runs, 0

    def run(self, changes: Mapping[str, Any], only: int | None = None) -> Outcome:
        """All paths with these parts of the scenario changed; `only` is as in `Plan.world`."""
        if self._is_exact:
            outcome = self._run_exact(changes, only)
        else:
            outcome = self._run_fast(self._plan.world(changes, only))
        self._done += self._paths
        return outcome

    def tick(self) -> None:
        """Says again how far it is, so that whoever listens can stop what follows the paths, too."""
        self._tell(0, 0)

    def estimate_seconds(self) -> float:
        """How long the exact engine will take for all runs, judged by one path."""
        from ringfence.lab.micro import estimate_seconds

        plan = self._plan
        one = estimate_seconds(plan.sides(), plan.scenarios({}), plan.prices, self._seed, self._paths, plan.steps)
        return one * self._runs

    def _run_fast(self, world: World) -> Outcome:
        if self._scheduler is None:
            return run(world, seed=self._seed, paths=self._paths, threads=self._threads, progress=self._tell)
        from ringfence.lab.cluster import run_on_cluster

        return run_on_cluster(world, seed=self._seed, paths=self._paths, scheduler=self._scheduler, progress=self._tell)

    def _run_exact(self, changes: Mapping[str, Any], only: int | None) -> Outcome:
        from ringfence.lab.exact_run import run_exact

        plan = self._plan
        return run_exact(
            plan.sides(only), plan.scenarios(changes), plan.prices, seed=self._seed, paths=self._paths, steps=plan.steps, told=self._tell
        )  # fmt: skip

    def _tell(self, done: int, _: float) -> None:
        if self._progress is not None:
            self._progress(self._done + done, self._runs * self._paths)


def part_of(progress: Progress | None, before: int, size: int, whole: int) -> Progress | None:
    """What a part of a run is to call, so that `progress` hears how far all of it is: what is done before the part, its size, the whole."""
    if progress is None:
        return None

    def tell(done: int, total: int) -> None:
        progress(before + done * size // max(1, total), whole)

    return tell


def _unsound(book: Book, pool: PoolFile, price: float) -> Iterator[str]:
    """Loans that are lost, or to be sold, before anything happens."""
    worth, unit = price * 10**pool.asset_decimals / 10**pool.collateral_decimals, 10**pool.asset_decimals
    open_loans = [(owed, held * worth) for held, owed in zip(book.collateral, book.debt, strict=True) if owed > 0]
    under = [owed for owed, value in open_loans if value < owed]
    late = [owed for owed, value in open_loans if value * pool.terms.liq_ltv / WAD < owed <= value]
    question = f"; is {price:g} the price in asset?" if 2 * len(under) > len(open_loans) else ", whose loss is in every path"
    if under:
        owed = f"{sum(under) / unit:,.0f} of debt"
        yield f"{book.file}: {len(under):,} of {len(open_loans):,} loans are under water at the start, {owed}{question}"
    if late:
        yield f"{book.file}: {len(late):,} of {len(open_loans):,} loans are liquidatable at the start, {sum(late) / unit:,.0f} of debt"


def _prompt(people: Liquidators) -> Liquidators:
    return replace(people, latency=0, outages=(), outages_per_year=0.0, outage_length=0)


def _is_late(people: Liquidators) -> bool:
    return people.latency > 0 or bool(people.outages) or (people.outages_per_year > 0.0 and people.outage_length > 0)


def _start(book: Book, pool: PoolFile, lends_on_shares: bool) -> PoolStart:
    unit = 10**pool.asset_decimals
    debt = sum(book.debt)
    parts = [owed / debt for owed in book.debt if owed]
    return PoolStart(
        name=pool.name,
        supply=pool.supply / unit,
        debt=debt / unit,
        reserve=pool.reserve / unit,
        positions=len(parts),
        largest=max(parts, default=0.0),
        herfindahl=math.fsum(part * part for part in parts),
        is_covered=pool.fund is not None,
        lends_on_shares=lends_on_shares,
    )


def _collateral(book: Book, pool: PoolFile) -> float:
    return float(sum(book.collateral) / 10**pool.collateral_decimals)


def check_memory(world: World, paths: int, threads: int | None, variants: int, alone: int) -> None:
    """Raises InputError, with the estimate, for more than there is."""
    needed = memory_needed(world, paths, available_threads(threads)) + bytes_needed(paths, world.pools.size, variants, alone)
    free = available_memory()
    if free is not None and needed > free:
        reason = f"{paths:,} paths of {world.steps:,} steps need about {shown_gib(needed)} of memory, {shown_gib(free)} are free"
        raise InputError("paths", reason, remedy="run fewer paths, fewer threads, or a larger machine")


def metric_names(starts: Sequence[PoolStart], setting: Setting, causes: bool, definitions: Sequence[str]) -> list[str]:
    """The metrics that such a run has, from one path on which nothing happens."""
    pools = len(starts)
    nothing = Outcome(np.zeros((1, pools, len(NAMES))), np.zeros((1, pools, len(WAIT_STEPS))), np.zeros((1, len(FUND_COLUMNS))))
    return list(measure(nothing, starts, setting, seed=0, variants={} if causes else None, definitions=definitions).together)


def path_columns(base: Outcome, variants: Mapping[str, Sequence[Columns]], is_covered: bool) -> dict[str, Any]:
    """The columns of `paths.parquet`: one row a path, or a path and pool, path by path."""
    paths, pools, _ = base.fields.shape
    columns: dict[str, Any] = {"path": np.repeat(np.arange(paths), pools)}
    if pools > 1:
        columns["pool"] = np.tile(np.arange(pools), paths)
    columns |= {name: base.fields[:, :, place].ravel() for place, name in enumerate(NAMES)}
    columns |= {f"loss_with_{name}": np.stack([pool["loss"] for pool in others], axis=1).ravel() for name, others in variants.items()}
    if is_covered:
        columns |= {name: np.repeat(base.fund[:, place], pools) for place, name in enumerate(FUND_COLUMNS)}
    return columns
