"""The sections that only a recommendation has: the terms that were found, the values that were tried, and what binds."""

from collections.abc import Iterator

from ringfence.inputs.result_records import Answer, RecommendRecord
from ringfence.report import grid_charts
from ringfence.report.parts import Section, Table
from ringfence.report.run import Run
from ringfence.report.words import BINDING, TERMS, term_value

AMOUNTS = ("supply_cap", "borrow_cap", "reserve", "backstop_max_assets")


def sections(run: Run) -> Iterator[Section]:
    """Terms first, then what binds."""
    record = run.recommendation
    if record is None:
        return
    yield _terms(run, record)
    yield _binding(record)


def answers(record: RecommendRecord) -> Table:
    """A row for each term: what was found, its interval, what it was, what binds, and what more would cost."""
    rows = [
        (
            TERMS.get(answer.term, answer.term) + (", asset" if answer.term in AMOUNTS else ""),
            term_value(answer.term, answer.value),
            f"{term_value(answer.term, answer.low)} to {term_value(answer.term, answer.high)}",
            term_value(answer.term, answer.before),
            answer.goal,
            BINDING.get(answer.binding, answer.binding),
            answer.cost or "no further value",
        )
        for answer in record.answers
    ]
    head = ("term", "answer", "with the interval at the bound", "was", "asked", "what binds", "one step further")
    return Table("The answers", head, rows, frozenset({4, 5, 6}))


def _terms(run: Run, record: RecommendRecord) -> Section:
    lead = (
        f"{len(record.answers)} terms, each as good as the bound allows, those before it at their answers; {record.evaluations} pools were "
        "run, all on the same futures."
    )
    charts = tuple(
        grid_charts.tried(answer, TERMS.get(answer.term, answer.term), run.bound) for answer in record.answers if _is_drawn(answer)
    )
    sentences = tuple(answer.sentence for answer in record.answers)
    return Section("terms", "Recommended terms", (lead, *sentences), charts, (answers(record),))


def _is_drawn(answer: Answer) -> bool:
    """Two values at least, all of which were run."""
    return len(answer.tried) > 1 and all(one.loss_es99 and one.prob_significant_loss for one in answer.tried)


def _binding(record: RecommendRecord) -> Section:
    if not record.binding:
        return Section("binding", "What binds", ("Nothing binds: every term is at the end of its grid.",))
    rows = [(str(place), BINDING.get(name, name)) for place, name in enumerate(record.binding, 1)]
    return Section(
        "binding",
        "What binds",
        (f"First of all: {BINDING.get(record.binding[0], record.binding[0])}.",),
        tables=(Table("Constraints", ("", "name"), rows, frozenset({1})),),
    )
