"""Stress: many futures of one pool, or of several under one factor, and what each leaves; what of it is the oracle's, the market's and the
liquidators' doing, the same futures tell once more without them."""

import math
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ringfence.inputs.book import Book
from ringfence.inputs.claims import check_claims, claims_of
from ringfence.inputs.errors import InputError
from ringfence.inputs.fit import check_book, check_terms
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.provenance import digests, shown_terms
from ringfence.inputs.results import our_version
from ringfence.inputs.scenario import Liquidators, Oracle, Scenario
from ringfence.inputs.start_price import StartPrice, start_price
from ringfence.inputs.stress_result import ClaimCheck, PoolStress, StressResult
from ringfence.lab.columns import Columns, PoolStart, compared
from ringfence.lab.fitted import fitted
from ringfence.lab.intervals import Floats
from ringfence.lab.memory import available_memory, shown_gib
from ringfence.lab.metrics import NO_CASCADE, NO_RUN, Setting, bytes_needed, measure
from ringfence.lab.outcome import NAMES, WAIT_STEPS
from ringfence.lab.peer_metrics import PEER_METRICS
from ringfence.lab.world import BIN_WIDTH, build_world
from ringfence.model.terms import ZERO_ADDRESS

if TYPE_CHECKING:
    from ringfence.lab.layout import World
    from ringfence.lab.run import Outcome

DAY = 86_400
MAX_SEED = 2**63 - 1
MAX_PATHS = 2**31
MAX_STEPS = 10_000_000
FUND_COLUMNS = ("fund_end", "fund_drawn", "fund_exhausted", "fund_premium")
Progress = Callable[[int, int], None]


def stress(
    pools: Sequence[tuple[Book, PoolFile]],
    scenario: Scenario,
    *,
    start_prices: Sequence[StartPrice | float] | None = None,
    paths: int = 10_000,
    horizon: int = 30 * DAY,
    seed: int = 1,
    threads: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    bin_width: float = BIN_WIDTH,
    causes: bool = True,
    collateral_from: Sequence[int] | None = None,
    definitions: Sequence[str] = (),
    significant: float = 0.01,
) -> StressResult:
    """Runs `paths` futures of `horizon` seconds of the pools, and measures what becomes of them.

    start_prices     whole asset tokens a whole collateral token, one a pool; without them `inputs.start_price` finds them
    threads          as many as there are processors unless given, and never seen in a figure
    scheduler        address of a Dask cluster to run on instead, with the same figures
    progress         called with the paths done and their number over all runs; what it raises stops the run
    bin_width        positions this near in log critical price count as one; 0 keeps them single
    causes           whether the same paths are run again without what may explain the loss
    collateral_from  for each pool the earlier one whose lender shares are its collateral, -1 for none
    definitions      names of peers whose metrics are added
    significant      the loss that counts as such, as a part of supply

    Raises InputError for what does not fit, and for sizes over memory, before anything is run.
    """
    found = start_prices or [start_price(None, scenario, book, pool) for book, pool in pools]
    prices = [float(price.price if isinstance(price, StartPrice) else price) for price in found]
    inferred = [price for price in found if isinstance(price, StartPrice) and price.is_default]
    _check(pools, prices, paths, horizon, seed, scenario, definitions)
    plan = _Plan(pools, fitted(scenario), prices, horizon, bin_width, collateral_from)
    setting = plan.setting(significant)
    check_claims(scenario, _names(plan.starts, setting, causes, definitions))
    world = plan.world({})
    others = dict(plan.variants()) if causes else {}
    _check_memory(world, paths, threads, len(others))
    runner = _Runner(seed, paths, threads, scheduler, progress, 1 + len(others))
    base = runner.run(world)
    variants = {name: compared(runner.run(plan.world(changes)).fields, plan.starts) for name, changes in others.items()}
    measured = measure(
        base.fields,
        base.waits,
        base.fund,
        plan.starts,
        setting,
        seed=seed,
        variants=variants if causes else None,
        definitions=definitions,
    )
    held = claims_of(scenario, {name: metric.value for name, metric in measured.together.items()})
    return StressResult(
        metrics=measured.together,
        pools=tuple(plan.shown(place, measured.pools[place] if measured.pools else {}) for place in range(len(pools))),
        claims=tuple(ClaimCheck(claim.kind, text, is_held) for claim, (text, is_held) in zip(scenario.claims, held, strict=True)),
        inputs=digests([source for book, pool in pools for source in (book.source, pool.source)] + [scenario.source, *scenario.sources]),
        versions={"ringfence": our_version(), "python": platform.python_version(), "numpy": np.__version__, "numba": _numba_version()},
        options={
            "paths": paths,
            "horizon": horizon,
            "seed": seed,
            "bin_width": bin_width,
            "causes": causes,
            "significant": significant,
            "definitions": list(definitions),
        },
        scenario=_shown_scenario(plan.scenario),
        defaults=(*scenario.defaults, *(["start price"] if inferred else [])),
        notices=(*scenario.notices, *(line for price in inferred for line in price.notices), *plan.notices()),
        paths=_path_columns(base, variants, any(start.is_covered for start in plan.starts)),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is run: the pools under a fitted scenario, and how the variants differ from it."""

    pools: Sequence[tuple[Book, PoolFile]]
    scenario: Scenario
    prices: Sequence[float]
    horizon: int
    bin_width: float
    collateral_from: Sequence[int] | None

    @property
    def starts(self) -> list[PoolStart]:
        """Each pool before the first step."""
        return [_start(book, pool) for book, pool in self.pools]

    def setting(self, significant: float) -> Setting:
        """What metrics need to know of the run."""
        lenders = self.scenario.lenders
        cover = sum(pool.fund.assets / 10**pool.asset_decimals for _, pool in self.pools if pool.fund)
        return Setting(self.scenario.step, self.horizon, lenders.low_cash, significant, cover)

    def world(self, changes: Mapping[str, Any]) -> "World":
        """The arrays of all pools, each market in tokens of its own book."""
        scenario = replace(self.scenario, **changes)
        own = [replace(scenario, market=scenario.market.for_book(_collateral(book, pool))) for book, pool in self.pools]
        steps = self.horizon // scenario.step
        return build_world(self.pools, own, self.prices, steps, bin_width=self.bin_width, collateral_from=self.collateral_from)

    def variants(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The other circumstances under which the same paths are run, those that differ."""
        scenario = self.scenario
        if scenario.oracle != Oracle():
            yield "perfect_oracle", {"oracle": Oracle()}
        if scenario.market.a > 0.0:
            yield "infinite_depth", {"market": replace(scenario.market, a=0.0)}
            if scenario.market.cascade > 0.0:
                yield NO_CASCADE, {"market": replace(scenario.market, cascade=0.0)}
        prompt = replace(scenario.liquidators, latency=0, outages=(), outages_per_year=0.0, outage_length=0)
        if _is_late(scenario.liquidators):
            yield "no_latency", {"liquidators": prompt}
        if scenario.lenders.run_share > 0.0:
            yield NO_RUN, {"lenders": replace(scenario.lenders, run_share=0.0)}

    def shown(self, place: int, metrics: Mapping[str, Any]) -> PoolStress:
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
            metrics=metrics,
        )

    def notices(self) -> Iterator[str]:
        """What fits and yet is hardly meant."""
        for (book, pool), price in zip(self.pools, self.prices, strict=True):
            worth = price * 10**pool.asset_decimals / 10**pool.collateral_decimals
            loans = sum(owed > 0 for owed in book.debt)
            under = sum(held * worth < owed for held, owed in zip(book.collateral, book.debt, strict=True))
            if 2 * under > loans:
                yield f"{book.file}: {under:,} of {loans:,} loans are under water at the start; is {price:g} the price in asset?"
            if pool.terms.backstop != ZERO_ADDRESS and pool.fund is None:
                yield f"{pool.file}: the backstop pays nothing, for nothing is said of its funds; a [backstop] with assets gives it some"


class _Runner:
    """Runs worlds over the same paths, here or on a cluster, and counts how far all of it is."""

    def __init__(self, seed: int, paths: int, threads: int | None, scheduler: str | None, progress: Progress | None, runs: int) -> None:
        self._seed, self._paths, self._threads, self._scheduler = seed, paths, threads, scheduler
        self._progress, self._runs, self._done = progress, runs, 0

    def run(self, world: "World") -> "Outcome":
        """All paths of one world."""
        if self._scheduler is not None:
            from ringfence.lab.cluster import run_on_cluster

            outcome = run_on_cluster(world, seed=self._seed, paths=self._paths, scheduler=self._scheduler, progress=self._tell)
        else:
            from ringfence.lab.run import run

            outcome = run(world, seed=self._seed, paths=self._paths, threads=self._threads, progress=self._tell)
        self._done += self._paths
        return outcome

    def _tell(self, done: int, _: int) -> None:
        if self._progress is not None:
            self._progress(self._done + done, self._runs * self._paths)


def _is_late(people: Liquidators) -> bool:
    return people.latency > 0 or bool(people.outages) or (people.outages_per_year > 0.0 and people.outage_length > 0)


def _start(book: Book, pool: PoolFile) -> PoolStart:
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
    )


def _collateral(book: Book, pool: PoolFile) -> float:
    return float(sum(book.collateral) / 10**pool.collateral_decimals)


def _check(
    pools: Sequence[tuple[Book, PoolFile]],
    start_prices: Sequence[float],
    paths: int,
    horizon: int,
    seed: int,
    scenario: Scenario,
    definitions: Sequence[str],
) -> None:
    """Everything that can be refused before anything is built."""
    if not len(pools) == len(start_prices) > 0:
        raise InputError("start prices", f"{len(start_prices)} for {len(pools)} pools", remedy="give one a pool, one pool at least")
    for price in start_prices:
        if not (math.isfinite(price) and price > 0.0):
            raise InputError("start price", f"{price} is not above 0", remedy="give whole asset tokens a whole collateral token")
    if not 1 <= paths < MAX_PATHS:
        raise InputError("paths", f"{paths:,} is out of range", remedy=f"give 1 or more, and fewer than {MAX_PATHS:,}")
    if not 0 <= seed <= MAX_SEED:
        raise InputError("seed", f"{seed} is out of range", remedy=f"give 0 or more, and at most {MAX_SEED}")
    steps, rest = divmod(horizon, scenario.step)
    if rest or not 1 <= steps <= MAX_STEPS:
        remedy = f"give a multiple of the scenario's step of {scenario.step:,} seconds, {MAX_STEPS:,} steps at most"
        raise InputError("horizon", f"{horizon:,} seconds are {horizon / scenario.step:,.6g} steps", remedy=remedy)
    for name in definitions:
        if name not in PEER_METRICS:
            raise InputError("definition", f"'{name}' is unknown", remedy=f"known are {', '.join(sorted(PEER_METRICS))}")
    for book, pool in pools:
        check_terms(pool)
        check_book(book, pool)
    _check_one_asset([pool for _, pool in pools])


def _check_one_asset(pools: Sequence[PoolFile]) -> None:
    """Several pools lend one asset: their losses are added up, and one backstop pays them."""
    named = {pool.terms.asset for pool in pools if pool.terms.asset != ZERO_ADDRESS}
    if len(named) > 1 or len({pool.asset_decimals for pool in pools}) > 1:
        other = next(pool for pool in pools if (pool.terms.asset, pool.asset_decimals) != (pools[0].terms.asset, pools[0].asset_decimals))
        raise InputError(other.file, f"lends another asset than {pools[0].file}", remedy="stress pools of one asset together, others apart")


def _check_memory(world: "World", paths: int, threads: int | None, variants: int) -> None:
    from ringfence.lab.run import available_threads, memory_needed

    needed = memory_needed(world, paths, available_threads(threads)) + bytes_needed(paths, world.pools.size, variants)
    free = available_memory()
    if free is not None and needed > free:
        reason = f"{paths:,} paths of {world.steps:,} steps need about {shown_gib(needed)} of memory, {shown_gib(free)} are free"
        raise InputError("paths", reason, remedy="run fewer paths, fewer threads, or a larger machine")


def _names(starts: Sequence[PoolStart], setting: Setting, causes: bool, definitions: Sequence[str]) -> list[str]:
    """The metrics that such a run has, from one path on which nothing happens."""
    pools = len(starts)
    nothing = np.zeros((1, pools, len(NAMES))), np.zeros((1, pools, len(WAIT_STEPS))), np.zeros((1, len(FUND_COLUMNS)))
    return list(measure(*nothing, starts, setting, seed=0, variants={} if causes else None, definitions=definitions).together)


def _shown_scenario(scenario: Scenario) -> dict[str, Any]:
    """The scenario as it was run; of a history or quotes only their number, their digests are among the inputs."""
    shown = asdict(scenario)
    for name in ("source", "sources", "notices", "claims", "defaults"):
        del shown[name]
    shown["prices"]["returns"] = len(scenario.prices.returns)
    shown["market"]["quotes"] = len(scenario.market.quotes)
    return shown


def _path_columns(base: "Outcome", variants: Mapping[str, Sequence[Columns]], is_covered: bool) -> dict[str, Floats]:
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


def _numba_version() -> str:
    import numba

    return str(numba.__version__)
