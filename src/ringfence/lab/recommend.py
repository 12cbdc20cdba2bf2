"""Recommend: the terms that a pool can bear under stated bounds on what its lenders lose, each with its interval and with what binds."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ringfence.inputs.book import Book
from ringfence.inputs.bounds import shown_decimal
from ringfence.inputs.errors import InputError, NoAnswer
from ringfence.inputs.grids import Grids, check_vary, read_grids
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.pool_text import book_text, written_terms
from ringfence.inputs.prices import Prices
from ringfence.inputs.provenance import digests
from ringfence.inputs.recommend_result import BOOK_FILE, TERMS_FILE, Answer, RecommendResult, SecondLook, recommended_text
from ringfence.inputs.scenario import Scenario
from ringfence.inputs.start_price import StartPrice, decimal
from ringfence.inputs.start_price import start_price as start_price_of
from ringfence.inputs.stress_result import StressResult
from ringfence.inputs.tables import Source
from ringfence.inputs.varied_terms import CAP_NAMES
from ringfence.inputs.verdict import MAX_ES99, MAX_PROBABILITY
from ringfence.lab.fitted import fitted
from ringfence.lab.recommend_progress import Progress, Told
from ringfence.lab.stress import DAY, MAX_SEED, check_run, check_types, stress, versions

if TYPE_CHECKING:
    from ringfence.lab.answers import Again
    from ringfence.lab.judge import Evaluator
    from ringfence.lab.term_search import Found, TermSearch

BP = 10_000.0
GLANCE = 500
"""Paths on which values beyond an answer are looked at."""


def recommend(
    book: Book,
    pool: PoolFile,
    scenario: Scenario,
    *,
    vary: Sequence[str] | str,
    max_es99_bps: float | None = None,
    max_prob: float | None = None,
    sure: bool = False,
    start_price: StartPrice | float | None = None,
    paths: int = 10_000,
    horizon: int = 30 * DAY,
    seed: int = 1,
    grids: Mapping[str, str] | None = None,
    significant: float = 0.01,
    threads: int | None = None,
    around: bool = True,
    histories: Sequence[Prices] = (),
    progress: Progress | None = None,
) -> RecommendResult:
    """Finds for each term of `vary`, in their order, the furthest value at which what lenders lose keeps the bounds, the terms before it at
    their answers and those after it as the pool has them.

    max_es99_bps  the most that lenders may lose in the mean of the worst 1 % of the paths (bp of supply, over the horizon)
    max_prob      the largest probability that they lose more than `significant` (part of supply)
    sure          whether the whole 95 % interval of a figure must keep its bound, and not only the figure itself
    start_price   whole asset tokens a whole collateral token; without it `inputs.start_price` finds it
    grids         the values of a term instead of its own: "0.8:0.9:0.01", "0.8,0.85", or of liq_ltv "morpho"
    around        whether the stress run at the answer also looks at other liquidation LTVs, depths and scenarios
    histories     prices through which the book is also replayed at the answer
    progress      called with what is done and the part of all that is; what it raises stops the search

    Raises InputError for what does not fit, and NoAnswer where no terms of the grids keep the bounds.
    """
    from ringfence.lab.answers import Again, answers_of, why_not
    from ringfence.lab.judge import Evaluator
    from ringfence.lab.stress_plan import check_memory
    from ringfence.lab.term_search import Nowhere, TermSearch

    names = tuple(name.strip() for name in vary.split(",")) if isinstance(vary, str) else tuple(vary)
    bounds = checked_bounds(max_es99_bps, max_prob)
    check_types(scenario, horizon, None)
    begin = _start(start_price, scenario, book, pool)
    price = float(begin.price if isinstance(begin, StartPrice) else begin)
    given = _checked(book, pool, scenario, price, names, grids or {}, paths, horizon, seed)
    held, notices = _held_depth(scenario, names, book, pool)
    told = Told(progress, names)
    world = fitted(held)
    same: dict[str, Any] = {"horizon": horizon, "threads": threads, "significant": significant}
    evaluator = Evaluator(world, price, bounds, seed=seed, paths=paths, sure=sure, progress=told.run, **same)
    few = min(paths, GLANCE)
    glance = Evaluator(world, price, bounds, seed=seed, paths=few, progress=told.aside, **same) if few < paths else evaluator
    other = Evaluator(world, price, bounds, seed=(seed + 1) % MAX_SEED, paths=paths, progress=told.aside, **same)
    plan = evaluator.plan(book, pool)
    check_memory(plan.world({}), paths, threads, len(dict(plan.variants())), 0)
    search = TermSearch(book, pool, names, given, evaluator, told.term, glance)
    found = search.run()
    if isinstance(found, Nowhere):
        raise NoAnswer(why_not(found, evaluator, search, pool))
    options: dict[str, Any] = {
        "paths": paths,
        "horizon": horizon,
        "seed": seed,
        "significant": significant,
        "vary": list(names),
        "bounds": dict(bounds),
        **({"sure": True} if sure else {}),
        "grids": dict(grids or {}),
        "start_price": decimal(begin.price) if isinstance(begin, StartPrice) else repr(price),
        **({"market_a": repr(held.market.a)} if held is not scenario else {}),
    }
    answers = answers_of(found, search, evaluator, pool)
    filled, chosen = _files(*search.pool({one.term.name: one.value for one in found}), pool, answers, options)
    again = Again((seed + 1) % MAX_SEED, other.of(filled, chosen))
    whole = stress(
        [(filled, chosen)], held, start_prices=[begin], paths=paths, horizon=horizon, seed=seed, threads=threads, significant=significant,
        bounds=bounds, around=around, histories=histories, progress=told.last,
    )  # fmt: skip
    inputs = digests([book.source, pool.source, scenario.source, *scenario.sources, *(past.source for past in histories)])
    return _result(found, answers, search, evaluator, inputs, options, notices, filled, chosen, whole, again)


def _checked(
    book: Book,
    pool: PoolFile,
    scenario: Scenario,
    price: float,
    names: Sequence[str],
    grids: Mapping[str, str],
    paths: int,
    horizon: int,
    seed: int,
) -> Grids:
    """The grids that are given; raises InputError for a pool, a run or terms that do not fit."""
    check_run([(book, pool)], [price], paths, horizon, seed, scenario, ())
    if not any(book.debt):
        raise InputError(book.file, "owes nothing, so that no terms can cost anything", remedy="give a book with loans")
    check_vary(names, pool)
    return read_grids(grids, names, pool)


def _files(filled: Book, chosen: PoolFile, pool: PoolFile, answers: Sequence[Answer], options: Mapping[str, Any]) -> tuple[Book, PoolFile]:
    """Book and pool as they are read from the files that will hold them."""
    chosen = replace(chosen, source=_text_source(TERMS_FILE, recommended_text(chosen, answers, options)), notices=())
    return replace(filled, source=_text_source(BOOK_FILE, book_text(filled, pool)), rows=(), notices=()), chosen


def _result(
    found: "Sequence[Found]",
    answers: tuple[Answer, ...],
    search: "TermSearch",
    evaluator: "Evaluator",
    inputs: Mapping[str, str],
    options: Mapping[str, Any],
    notices: Sequence[str],
    book: Book,
    pool: PoolFile,
    whole: StressResult,
    again: "Again",
) -> RecommendResult:
    """All that was found, `book` and `pool` as judged last, `whole` the run of them, `again` the same pool on other futures."""
    from ringfence.lab.answers import binding_of, doubts, on_other_futures, search_notices
    from ringfence.lab.judge import LENDERS_ES99, LENDERS_MEAN, LENDERS_PROB, POOL_ES99

    reached = search.evaluate({one.term.name: one.value for one in found})
    unsure = doubts(whole) if reached.sure else ()
    return RecommendResult(
        name=pool.name,
        terms=_terms(pool, options["vary"]),
        loss_es99=reached.metrics[LENDERS_ES99],
        prob_significant_loss=reached.metrics[LENDERS_PROB],
        pool_loss_es99=reached.metrics[POOL_ES99],
        loss_mean=reached.metrics[LENDERS_MEAN],
        again=SecondLook(again.seed, again.found.metrics[LENDERS_ES99], again.found.metrics[LENDERS_PROB]),
        binding=binding_of(answers),
        answers=answers,
        evaluations=evaluator.evaluations,
        inputs=inputs,
        versions=versions(),
        options=options,
        defaults=whole.defaults,
        notices=(*notices, *search_notices(found, pool), *unsure, *on_other_futures(again), *whole.notices),
        pool=pool,
        book=book,
        stress=whole,
    )


def checked_bounds(max_es99_bps: float | None, max_prob: float | None) -> dict[str, float]:
    """The bounds by metric; raises InputError for none, and for what is no bound."""
    stated = {MAX_ES99: ("--max-es99-bps", max_es99_bps, BP), MAX_PROBABILITY: ("--max-prob", max_prob, 1.0)}
    bounds = {metric: float(most) for metric, (_, most, _) in stated.items() if most is not None}
    if not bounds:
        raise InputError("--max-es99-bps", "states no bound", remedy="give it, or --max-prob, or both")
    for metric, most in bounds.items():
        option, _, limit = stated[metric]
        if not (math.isfinite(most) and 0.0 <= most <= limit):
            raise InputError(option, f"{most:g} is no bound", remedy=f"give a number of 0 to {limit:g}")
    return bounds


def _start(given: StartPrice | float | None, scenario: Scenario, book: Book, pool: PoolFile) -> StartPrice | float:
    return start_price_of(None, scenario, book, pool) if given is None else given


def _held_depth(scenario: Scenario, vary: Sequence[str], book: Book, pool: PoolFile) -> tuple[Scenario, list[str]]:
    """The scenario with its market in tokens where loans are to grow: a market is not deeper because more is lent."""
    if not (scenario.market.per_book and CAP_NAMES.keys() & set(vary)):
        return scenario, []
    market = scenario.market.for_book(float(sum(book.collateral) / 10**pool.collateral_decimals))
    held = f'{scenario.file}: its depth, told by the book, is held at today\'s: a = {market.a!r} in tokens, instead of measure = "book"'
    return replace(scenario, market=market), [held]


def _terms(pool: PoolFile, vary: Sequence[str]) -> dict[str, str]:
    """What the file of these terms says of them, and of what stands behind the pool."""
    unit = pool.asset_decimals
    fund = {"backstop_max_assets": shown_decimal(pool.fund.max_assets if pool.fund else 0, unit)} if "backstop_max_assets" in vary else {}
    return written_terms(pool) | {"supply": shown_decimal(pool.supply, unit), "reserve": shown_decimal(pool.reserve, unit)} | fund


def _text_source(name: str, text: str) -> Source:
    return Source(name, hashlib.sha256(text.encode()).hexdigest())
