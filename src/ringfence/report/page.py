"""A run as one page: a self-contained HTML file without scripts, fonts or pictures from elsewhere, the same bytes for the same result."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

from ringfence.inputs.figure_text import figure, interval, number, shown_unit
from ringfence.inputs.result_records import CurveRecord, RecommendRecord, ReplayRecord, StressRecord
from ringfence.inputs.results import our_version
from ringfence.inputs.times import duration
from ringfence.inputs.verdict import BROKEN, HELD, MAX_ES99, MAX_PROBABILITY, NONE, UNSURE
from ringfence.report import exact_pages, judgement, model_card, recommended
from ringfence.report.comparison import Comparison
from ringfence.report.keys import KEYS, LARGEST
from ringfence.report.parts import Card, Key, Section, Table
from ringfence.report.run import Run
from ringfence.report.sections import MOST_POOLS, all_figures, sections
from ringfence.report.words import data_date, grouped_digits, terms_in_words

TEMPLATES = "templates"
SIGNS = {BROKEN: "✗", UNSURE: "!", NONE: "?", HELD: "✓"}
"""Beside the words: the verdict is read without its colour."""
STATE_ONE = "state one: --max-es99-bps or --max-prob"
GROSS = 2.0
"""The pool's own loss is told beside the verdict where it is so many times what is bounded."""
WHOLE = {MAX_ES99: "loss_es99", MAX_PROBABILITY: "prob_significant_loss"}
"""Of the pool, before reserve and backstop, what a bounded figure is of its lenders."""
WITH_OTHERS = "found with them safest"
"""How the notice ends that says that an answer asks for more than the pool has: a larger reserve, a smaller cap."""
ONE_LOAN = 0.2
"""A loan of a larger part of the debt is told beside the verdict."""
NO_BREAK = "\u00a0%"
"""No line ends between a number and its per cent."""
LAST = "A scenario is an assumption, not a forecast."


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the template lays out."""

    kind: str
    title: str
    subtitles: Sequence[str]
    verdict_kind: str
    sign: str
    verdict: str
    verdict_lines: Sequence[str]
    reason: str
    weakest: str
    keys: Sequence[Key]
    sections: Sequence[Section]
    cards: Sequence[Card]
    command: str
    figures: Table | None
    version: str
    source: str
    last: str = LAST


def page(run: Run, comparison: Comparison | None = None) -> str:
    """The HTML of a run, beside another if there is one."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("ringfence.report", TEMPLATES)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=False, lstrip_blocks=False)
    css = resources.files("ringfence.report").joinpath(TEMPLATES, "page.css").read_text(encoding="utf-8")
    return environment.get_template("page.html.j2").render(page=page_of(run, comparison), css=css).replace(" %", NO_BREAK) + "\n"


def page_of(run: Run, comparison: Comparison | None = None, *, drawn: bool = True) -> Page:
    """What the page of a run says; without its sections if it is not to be drawn."""
    record = run.record
    if isinstance(record, ReplayRecord | CurveRecord):
        found = exact_pages.of_replay(record) if isinstance(record, ReplayRecord) else exact_pages.of_curve(record)
        return Page(
            kind=found.kind,
            title=found.title,
            subtitles=tuple(_capital(line) for line in (model_card.pool_terms(record.terms), _of_data(run)) if line),
            verdict_kind=found.verdict_kind,
            sign=SIGNS[found.verdict_kind],
            verdict=found.verdict,
            verdict_lines=found.lines,
            reason=found.reason,
            weakest=found.weakest,
            keys=found.keys,
            sections=(*_compared(comparison), *found.sections),
            cards=tuple(model_card.cards(run)),
            command=model_card.command(run),
            figures=None,
            version=our_version(),
            source="result.json",
        )
    verdict = run.verdict
    return Page(
        kind="Recommended terms" if isinstance(record, RecommendRecord) else "Stress run",
        title=_title(run, record),
        subtitles=tuple(_subtitles(run)),
        verdict_kind=verdict.kind,
        sign=SIGNS[verdict.kind],
        verdict=verdict.sentence,
        verdict_lines=(*recommended.answer_lines(run), *(_sentence(line) for line in verdict.reasons or (STATE_ONE,)), *_beside(run)),
        reason=judgement.main_reason(run),
        weakest=judgement.weakest_assumption(run),
        keys=tuple(_keys(run)),
        sections=(*_compared(comparison), *recommended.sections(run), *sections(run)) if drawn else (),
        cards=tuple(model_card.cards(run)),
        command=model_card.command(run),
        figures=all_figures(run),
        version=our_version(),
        source="result.json" if isinstance(record, StressRecord) else "result.json and stress/result.json",
    )


def _compared(comparison: Comparison | None) -> tuple[Section, ...]:
    return comparison.sections if comparison is not None else ()


def _beside(run: Run) -> Iterator[str]:
    """What must be seen with a verdict: what it leaves out, and what it rests on."""
    yield from (_sentence(told) for told in run.notices if told.endswith(WITH_OTHERS))
    yield from _gross(run)
    yield from _one_loan(run)
    yield from _worlds(run)


def _gross(run: Run) -> Iterator[str]:
    """What the bounded figures leave out: what reserve and backstop bear before lenders do."""
    rests = "" if run.verdict.is_broken else ": the bound rests on their being there"
    for check in run.checks:
        whole = run.metrics.get(WHOLE.get(check.metric, ""))
        if whole is not None and whole.value > GROSS * max(check.value, check.most):
            told = figure(whole.value, whole.low, whole.high, whole.unit)
            is_part = check.metric == MAX_PROBABILITY
            lost = f"significantly in {told}" if is_part else f"{told} in its worst 1 % of futures"
            yield f"Before reserve and backstop the pool loses {lost}{rests}."


def _one_loan(run: Run) -> Iterator[str]:
    """Where one borrower is much of a pool."""
    for pool in run.pools[:MOST_POOLS]:
        largest = (pool.metrics if len(run.pools) > 1 else run.metrics).get(LARGEST)
        if largest is not None and largest.value > ONE_LOAN:
            of = f" of {pool.name[:40]}" if len(run.pools) > 1 else ""
            yield f"One loan is {number(largest.value, largest.unit)} % of the debt{of}."


def _worlds(run: Run) -> Iterator[str]:
    """How the same pool fares in the worlds that ship."""
    if run.led is None or run.stress is None:
        return
    entries = [found.metrics[run.led.metric] for found in run.stress.scenarios if run.led.metric in found.metrics]
    if entries:
        broken = sum(not metric.value <= run.led.most for metric in entries)
        length = duration(run.stress.scenarios[0].horizon)
        yield f"It breaks the bound in {broken} of {len(entries)} shipped scenarios, which are drawn to hurt, within {length}."


def _sentence(line: str) -> str:
    return f"{_capital(grouped_digits(line))}."


def _capital(line: str) -> str:
    return line[:1].upper() + line[1:]


def _title(run: Run, record: StressRecord | RecommendRecord) -> str:
    return " and ".join(pool.name for pool in run.pools[:4]) or (record.name if isinstance(record, RecommendRecord) else "")


def _subtitles(run: Run) -> Iterator[str]:
    for pool in run.pools[:4]:
        told = terms_in_words(pool.terms, pool.reserve, pool.supply)
        yield f"{pool.name}: {told}" if len(run.pools) > 1 else _capital(told)
    stress = run.stress
    if stress is not None:
        yield f"Scenario {stress.scenario['name']}: {number(stress.paths)} futures of {duration(stress.horizon)}, seed {stress.seed}"
    if dated := _of_data(run):
        yield dated


def _of_data(run: Run) -> str:
    dated = data_date([*run.record.origin.inputs, *(run.stress.origin.inputs if run.stress else ())])
    return _capital(dated)


def _keys(run: Run) -> Iterator[Key]:
    drawn = run.stress is not None and run.stress.scenario["prices"]["kind"] == "profile"
    for name, label in KEYS:
        metric = run.metrics.get(name)
        if metric is not None and not (drawn and name == "lender_net_yield"):
            told = "" if name == LARGEST else f"({interval(metric.low, metric.high, metric.unit)})"
            yield Key(label, number(metric.value, metric.unit), told, shown_unit(metric.unit), metric.definition)
