"""Stress: many futures of one pool, or of several under one factor, and what each leaves; what of it is the oracle's, the market's and the
liquidators' doing, the same futures tell once more without them."""

import math
import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ringfence.inputs.book import Book
from ringfence.inputs.claims import check_claims, claims_of
from ringfence.inputs.errors import InputError
from ringfence.inputs.fit import check_book, check_terms
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.prices import Prices
from ringfence.inputs.provenance import digests
from ringfence.inputs.results import our_version
from ringfence.inputs.scenario import Scenario
from ringfence.inputs.start_price import StartPrice, start_price
from ringfence.inputs.stress_result import ClaimCheck, Metric, StressResult
from ringfence.inputs.tables import Source
from ringfence.inputs.verdict import checks
from ringfence.lab.fitted import fitted
from ringfence.lab.peer_metrics import PEER_METRICS
from ringfence.model.terms import ZERO_ADDRESS

if TYPE_CHECKING:
    from ringfence.lab.stress_plan import Plan

DAY = 86_400
MAX_SEED = 2**63 - 1
MAX_PATHS = 2**31
MAX_STEPS = 10_000_000
FAST, EXACT = ENGINES = ("fast", "exact")
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
    engine: str = FAST,
    notify: Callable[[str], None] | None = None,
    progress: Progress | None = None,
    bin_width: float = 0.001,
    causes: bool = True,
    collateral_from: Sequence[int] | None = None,
    definitions: Sequence[str] = (),
    significant: float = 0.01,
    bounds: Mapping[str, float] | None = None,
    around: bool = False,
    histories: Sequence[Prices] = (),
) -> StressResult:
    """Runs `paths` futures of `horizon` seconds of the pools, and measures what becomes of them.

    start_prices     whole asset tokens a whole collateral token, one a pool; without them `inputs.start_price` finds them
    threads          as many as there are processors unless given, and never seen in a figure
    scheduler        address of a Dask cluster to run on instead, with the same figures
    engine           "fast": by cohorts in compiled floats; "exact": position by position through the exact model, here and slowly
    notify           called with what should be known before a long wait
    progress         called with the paths done and their number over all runs; what it raises stops the run
    bin_width        positions this near in log critical price count as one; 0 keeps them single
    causes           whether the same paths are run again without what may explain the loss, and, where pools share a backstop, once for
                     each with it alone allowed to draw
    collateral_from  for each pool the earlier one whose lender shares are its collateral, -1 for none
    definitions      names of peers whose metrics are added
    significant      the loss that counts as such, as a part of supply
    bounds           the most that metrics may be, {"lender_loss_es99": 50.0}; what became of them, `StressResult.checks` says
    around           whether the pool is also looked at with other liquidation LTVs, in other depths, and in the scenarios that ship
    histories        prices through which the book is also replayed, each moved so that it begins at the start price

    `around` and `histories` are for one pool; what they add does not change any other figure.

    Raises InputError for what does not fit, and for sizes over memory, before anything is run.
    """
    check_types(scenario, horizon, start_prices)
    found = start_prices or [start_price(None, scenario, book, pool) for book, pool in pools]
    exact = [price.price if isinstance(price, StartPrice) else price for price in found]
    prices = [float(price) for price in exact]
    inferred = [price for price in found if isinstance(price, StartPrice) and price.is_default]
    check_run(pools, prices, paths, horizon, seed, scenario, definitions)
    _check_engine(engine, scheduler)
    _check_one_pool(len(pools), engine, around, histories)

    from ringfence.lab.columns import compared, lender_loss
    from ringfence.lab.distribution import distribution, reserve_sizing
    from ringfence.lab.metrics import measure
    from ringfence.lab.stress_plan import Runner, check_memory, metric_names, path_columns, plan_of, unsold
    from ringfence.lab.wall import wall

    plan = plan_of(pools, fitted(scenario), prices, horizon, bin_width, collateral_from)
    setting, starts = plan.setting(significant), plan.starts
    check_claims(scenario, metric_names(starts, setting, True, definitions))
    _check_bounds(bounds or {}, metric_names(starts, setting, causes, definitions))
    others = dict(plan.variants()) if causes else {}
    sharing = plan.sharing if causes else ()
    check_memory(plan.world({}), paths, threads, len(others), len(sharing))
    runs = 1 + len(others) + len(sharing)
    stages = _stages(progress, runs * paths, plan, paths, around, histories)
    runner = Runner(plan, seed, paths, threads, scheduler, engine == EXACT, stages["runs"], runs)
    if engine == EXACT and notify is not None:
        notify(f"the exact engine will take about {runner.estimate_seconds():,.0f} s")
    base = runner.run({})
    variants = {name: compared(runner.run(changes).fields, starts) for name, changes in others.items()}
    alone = {place: lender_loss(runner.run({}, place).fields[:, place], starts[place]) for place in sharing}
    late = unsold(base, starts, horizon)
    measured = measure(
        base,
        starts,
        setting,
        seed=seed,
        variants=variants if causes else None,
        alone=alone or dict.fromkeys(plan.sharing),
        definitions=definitions,
        tick=runner.tick,
    )
    told: list[str] = []
    more: dict[str, Any] = {}
    if histories:
        from ringfence.lab.histories import histories_of

        more["replays"] = histories_of(*pools[0], Fraction(exact[0]), histories, told.append, stages["replays"])
    if around:
        from ringfence.lab.around import around_of
        from ringfence.lab.shipped import shipped

        given: dict[str, Any] = {"start_prices": found, "seed": seed, "threads": threads, "scheduler": scheduler, "bin_width": bin_width}
        more["scenarios"] = shipped(partial(stress, pools, **given, significant=significant), paths, stages["scenarios"])
        more["around"] = around_of(plan, seed=seed, paths=paths, threads=threads, scheduler=scheduler, progress=stages["around"])
    judged = _judged(scenario, measured.together)
    held = claims_of(judged, {name: metric.value for name, metric in measured.together.items()})
    options: dict[str, Any] = {
        "paths": paths,
        "horizon": horizon,
        "seed": seed,
        "bin_width": bin_width,
        "causes": causes,
        "significant": significant,
    }
    options |= {"engine": engine} if engine != FAST else {}
    options |= {"collateral_from": list(collateral_from)} if collateral_from else {}
    options |= {"bounds": dict(bounds)} if bounds else {}
    options |= {"around": True} if around else {}
    unjudged = len(scenario.claims) - len(judged.claims)
    silent = [f"{unjudged} of the scenario's claims are not judged: they speak of causes, which were not asked for"] if unjudged else []
    return StressResult(
        metrics=measured.together,
        pools=tuple(
            plan.shown(
                place,
                measured.pools[place] if measured.pools else {},
                row,
                wall(*pools[place], Fraction(exact[place])),
                reserve_sizing(base.fields[:, place], starts[place]),
            )
            for place, row in enumerate(plan.shocks())
        ),
        claims=tuple(ClaimCheck(claim.kind, text, is_held) for claim, (text, is_held) in zip(judged.claims, held, strict=True)),
        inputs=digests(_sources(pools, scenario, histories)),
        versions=versions(),
        options=options | {"definitions": list(definitions)},
        scenario=_shown_scenario(plan.scenario),
        defaults=(*scenario.defaults, *(["start price"] if inferred else [])),
        notices=(*scenario.notices, *(line for price in inferred for line in price.notices), *plan.notices(paths), *late, *silent, *told),
        distribution=distribution(base, starts),
        paths=path_columns(base, variants, any(start.is_covered for start in starts)),
        **more,
    )


def _stages(
    progress: Progress | None, runs: int, plan: "Plan", paths: int, around: bool, histories: Sequence[Prices]
) -> Mapping[str, Progress | None]:
    """What each stage of a run tells its progress to, so that all together count as one; paths and rows of a history count alike."""
    from ringfence.lab.around import size_of as size_around
    from ringfence.lab.shipped import size_of as size_shipped
    from ringfence.lab.stress_plan import part_of

    sizes = {"runs": runs, "replays": sum(map(len, histories))}
    sizes |= {"scenarios": size_shipped(paths), "around": size_around(plan, paths)} if around else {}
    before = accumulate(sizes.values(), initial=0)
    return {name: part_of(progress, start, size, sum(sizes.values())) for (name, size), start in zip(sizes.items(), before, strict=False)}


def _sources(pools: Sequence[tuple[Book, PoolFile]], scenario: Scenario, histories: Sequence[Prices]) -> list[Source | None]:
    """Every file that was read."""
    own = [source for book, pool in pools for source in (book.source, pool.source)]
    return [*own, scenario.source, *scenario.sources, *(history.source for history in histories)]


def _check_one_pool(pools: int, engine: str, around: bool, histories: Sequence[Prices]) -> None:
    asked = "around" if around else "history" if histories else ""
    if asked and pools > 1:
        raise InputError(asked, f"is for one pool, and there are {pools}", remedy="run each pool by itself")
    if around and engine == EXACT:
        raise InputError("around", "takes many runs, and the exact engine too long for them", remedy="leave --engine out")


def _check_bounds(bounds: Mapping[str, float], metrics: Collection[str]) -> None:
    """What `checks` would refuse after the run, before it."""
    checks({name: Metric(0.0, 0.0, 0.0, "", "") for name in metrics}, bounds)


def check_types(scenario: object, horizon: object, start_prices: object) -> None:
    """What is easily given as text or alone, and would else fail far from here."""
    if not isinstance(scenario, Scenario):
        raise InputError("scenario", f"is a {type(scenario).__name__}", remedy="give what read_scenario(file or name) returns")
    if not isinstance(horizon, int):
        raise InputError("horizon", f"is a {type(horizon).__name__}", remedy="give whole seconds, 30 * 86_400 for 30 days")
    if start_prices is not None and not isinstance(start_prices, Sequence):
        raise InputError("start prices", f"are a {type(start_prices).__name__}", remedy="give a list with one for each pool")


def check_run(
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


def _judged(scenario: Scenario, metrics: Collection[str]) -> Scenario:
    """The scenario with the claims that this run can judge."""
    claims = [claim for claim in scenario.claims if all(name in metrics for name in (claim.metric, claim.other) if isinstance(name, str))]
    return replace(scenario, claims=tuple(claims))


def _check_engine(engine: str, scheduler: str | None) -> None:
    if engine not in ENGINES:
        raise InputError("engine", f"'{engine}' is unknown", remedy=f"known are {', '.join(ENGINES)}")
    if engine == EXACT and scheduler is not None:
        raise InputError("engine", "the exact one does not run on a cluster", remedy="leave --scheduler out")


def _check_one_asset(pools: Sequence[PoolFile]) -> None:
    """Several pools lend one asset: their losses are added up, and one backstop pays them."""
    named = {pool.terms.asset for pool in pools if pool.terms.asset != ZERO_ADDRESS}
    if len(named) > 1 or len({pool.asset_decimals for pool in pools}) > 1:
        other = next(pool for pool in pools if (pool.terms.asset, pool.asset_decimals) != (pools[0].terms.asset, pools[0].asset_decimals))
        raise InputError(other.file, f"lends another asset than {pools[0].file}", remedy="stress pools of one asset together, others apart")


def _shown_scenario(scenario: Scenario) -> dict[str, Any]:
    """The scenario as it was run; of a history or quotes only their number, their digests are among the inputs."""
    shown = asdict(scenario)
    for name in ("source", "sources", "notices", "claims", "defaults"):
        del shown[name]
    shown["prices"]["returns"] = len(scenario.prices.returns)
    shown["market"]["quotes"] = len(scenario.market.quotes)
    return shown


def versions() -> dict[str, str]:
    """What figures may depend on."""
    import numba
    import numpy as np

    return {
        "ringfence": our_version(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": str(numba.__version__),
    }
