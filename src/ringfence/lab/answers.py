"""What was found, as a result says it: each answer with its interval, what binds it, and what one step further would cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.recommend_result import Answer, Figure, NextStep, Tried
from ringfence.inputs.stress_result import Metric, StressResult
from ringfence.inputs.varied_terms import value_of
from ringfence.inputs.verdict import OTHER_FUTURES
from ringfence.lab.judge import LENDERS_ES99, LENDERS_PROB, Evaluation, Evaluator
from ringfence.lab.recommend_text import further, grouped, kept, named, not_allowed, not_kept, nothing_allowed, with_interval
from ringfence.lab.term_search import BINDING, GRID_END, Found, Nowhere, TermSearch


@dataclass(frozen=True, slots=True, eq=False)
class Again:
    """The recommended pool on other futures, of another seed: what was searched on the first ones may have been lucky there."""

    seed: int
    found: Evaluation


def on_other_futures(again: Again) -> Iterator[str]:
    """That the bounds are broken there, if they are."""
    for name in again.found.broken:
        yield (
            f"{OTHER_FUTURES}with seed {again.seed} {named(name)} is {with_interval(again.found.metrics[name], name)}, over the bound: "
            "so near to it the futures that were drawn decide; take more paths, --sure, or the safe end of the intervals"
        )


def answers_of(found: Sequence[Found], search: TermSearch, evaluator: Evaluator, pool: PoolFile) -> tuple[Answer, ...]:
    """The answer for each term, all at their answers."""
    values = {one.term.name: one.value for one in found}
    reached = search.evaluate(values)
    return tuple(_answer(one, search, evaluator, pool, values, reached) for one in found)


def _answer(
    found: Found, search: TermSearch, evaluator: Evaluator, pool: PoolFile, values: Mapping[str, int], reached: Evaluation
) -> Answer:
    """One term as the result shows it."""
    term = found.term
    shown = partial(term.shown, pool=pool)
    safest, furthest = found.row[min(found.tried) if found.surely is None else found.surely], found.row[found.perhaps]
    ends = ((safest, found.surely is None), (furthest, found.perhaps == len(found.row) - 1))
    (low, low_is_end), (high, high_is_end) = ends if term.wants_more else ends[::-1]
    before = value_of(term.name, pool)
    step, binding = _next(found, search, evaluator, pool, values, reached)
    return Answer(
        term=term.name,
        goal=term.goal,
        value=shown(found.value),
        low=shown(low),
        high=shown(high),
        unit=term.unit,
        before=None if before is None else shown(before),
        step=shown(found.step),
        binding=binding,
        sentence=kept(term.goal, term.name, shown(found.value), shown(low), shown(high), reached),
        low_is_end=low_is_end,
        high_is_end=high_is_end,
        next=step,
        tried=tuple(
            Tried(shown(found.row[place]), _figure(one.metrics[LENDERS_ES99]), _figure(one.metrics[LENDERS_PROB]))
            for place, one in sorted(found.tried.items(), key=lambda item: found.row[item[0]])
        ),
    )


def _next(
    found: Found, search: TermSearch, evaluator: Evaluator, pool: PoolFile, values: Mapping[str, int], reached: Evaluation
) -> tuple[NextStep | None, str]:
    """One step further with all other terms at their answers, and what binds."""
    if found.next is None:
        return None, found.binding
    further_values, shown = {**values, found.term.name: found.next}, found.term.shown(found.next, pool)
    if forbids := search.forbids(further_values):
        return NextStep(shown, None, None, not_allowed(found.term.name, shown, forbids[1]), False), forbids[0]
    beyond = search.evaluate(further_values)
    cost = further(found.term.name, shown, beyond, evaluator.more(beyond, reached))
    step = NextStep(shown, _figure(beyond.metrics[LENDERS_ES99]), _figure(beyond.metrics[LENDERS_PROB]), cost, True)
    return step, BINDING[beyond.broken[0]] if beyond.broken else found.binding


def search_notices(found: Sequence[Found], pool: PoolFile) -> Iterator[str]:
    """What the search has to say of itself."""
    for one in found:
        name = one.term.name
        if one.safest:
            yield f"{name}: nothing of its grid keeps the bound with {', '.join(one.safest)} as the file has them; found with them safest"
        if one.surely is None:
            yield f"{name}: no value of its grid keeps the bound with the whole interval; more paths narrow it, a safer grid goes further"
        if one.perhaps == len(one.row) - 1:
            end = grouped(one.term.shown(one.row[-1], pool))
            yield f"{name}: its interval reaches the end of the grid, {end}{'' if one.row[-1] == 0 else '; a wider grid goes further'}"
        for worse, better in one.reversals[:1]:
            shown = grouped(one.term.shown(worse, pool)), grouped(one.term.shown(better, pool))
            yield f"{name}: loss is not in order, it is surely larger at {shown[0]} than at {shown[1]}"


def doubts(whole: StressResult) -> Iterator[str]:
    """Why terms whose whole interval keeps the bounds are not yet sure to; nothing where they are."""
    for check in whole.checks():
        for doubt in check.doubts:
            yield f"the whole interval keeps the bound, and yet it is not sure: {doubt}; more paths tell"


def binding_of(answers: Sequence[Answer]) -> tuple[str, ...]:
    """Each constraint once: bounds on losses first, then those of the protocol, then ends of grids."""
    ranked = sorted((answer.binding for answer in answers), key=_rank)
    return tuple(dict.fromkeys(ranked))


def _rank(binding: str) -> int:
    return 0 if binding in BINDING.values() else 2 if binding.startswith(GRID_END) else 1


def why_not(nowhere: Nowhere, evaluator: Evaluator, search: TermSearch, pool: PoolFile) -> str:
    """The reason, and what of it is the oracle's, the market's and the liquidators' doing."""
    if nowhere.nearest is None:
        return nothing_allowed(nowhere.term.name, nowhere.forbidden[1] if nowhere.forbidden else "")
    no_safer = "" if nowhere.forbidden is None else f"; no safer {nowhere.term.name} may be: {nowhere.forbidden[1]}"
    return not_kept(nowhere.values, pool, nowhere.nearest, evaluator.without(*search.pool(nowhere.values))) + no_safer


def _figure(metric: Metric) -> Figure:
    return Figure(metric.value, metric.low, metric.high)
