"""The sections that only a recommendation has: the terms that were found, the values that were tried, and what binds."""

from collections.abc import Iterator

from ringfence.inputs.figure_text import figure, interval, number
from ringfence.inputs.result_records import Answer, RecommendRecord
from ringfence.report import grid_charts
from ringfence.report.parts import Section, Table
from ringfence.report.run import Run
from ringfence.report.words import TERMS, binding_text, term_value

AMOUNTS = ("supply_cap", "borrow_cap", "reserve", "backstop_max_assets")


def answer_lines(run: Run) -> Iterator[str]:
    """The answer in one line; none where nothing was asked."""
    if run.recommendation is not None and run.recommendation.answers:
        told = ", ".join(
            f"{TERMS.get(one.term, one.term)} {term_value(one.term, one.value)} ({_ends(one)})" for one in run.recommendation.answers
        )
        yield f"Recommended: {told}."


def sections(run: Run) -> Iterator[Section]:
    """Terms first, then what binds."""
    record = run.recommendation
    if record is None:
        return
    yield _terms(run, record)
    yield _binding(record)


def answers(record: RecommendRecord, *, by_probability: bool = False) -> Table:
    """A row for each term: what was found, its interval, what it was, what binds, and what more would cost."""
    rows = [
        (
            _name(answer),
            term_value(answer.term, answer.value),
            _ends(answer),
            term_value(answer.term, answer.before),
            answer.goal,
            binding_text(answer.binding),
            _further(answer, by_probability=by_probability),
        )
        for answer in record.answers
    ]
    beyond = "significant losses of lenders" if by_probability else "lenders' ES 99 %"
    head = ("term", "answer", "interval at the bound", "was", "asked", "what binds", f"one step further, {beyond}")
    return Table("The answers", head, rows, frozenset({4, 5, 6}))


def _terms(run: Run, record: RecommendRecord) -> Section:
    surely = " with the whole interval," if record.origin.options.get("sure") is True else ""
    lead = (
        f"{len(record.answers)} terms in the order asked, each as good as the bound allows{surely} with those before it at their answers; "
        f"{record.evaluations} pools were run, all on the same futures. The interval of an answer is from the value at which the whole "
        "interval of the bounded figure keeps the bound to that at which its lower end does."
    )
    drawn = [answer for answer in record.answers if _is_drawn(answer)]
    charts = tuple(grid_charts.tried(one, f"tried-{place}", TERMS.get(one.term, one.term), run.led) for place, one in enumerate(drawn))
    return Section("terms", "Recommended terms", (lead,), charts, first=answers(record, by_probability=run.by_probability))


def _name(answer: Answer) -> str:
    return TERMS.get(answer.term, answer.term) + (", asset" if answer.term in AMOUNTS else "")


def _ends(answer: Answer) -> str:
    """The interval of an answer, its unit told once."""
    low, high = term_value(answer.term, answer.low), term_value(answer.term, answer.high)
    for unit in (" % a minute", " %"):
        if low.endswith(unit) and high.endswith(unit):
            return f"{low.removesuffix(unit)} to {high}"
    return f"{low} to {high}"


def _further(answer: Answer, *, by_probability: bool) -> str:
    if not answer.next_value:
        return "no further value on the grid"
    at = term_value(answer.term, answer.next_value)
    if not answer.next_loss:
        return f"at {at}: forbidden by the protocol"
    if by_probability:
        part = answer.next_probability
        return f"at {at}: {figure(part['value'], part['low'], part['high'], 'probability')}" if part else f"at {at}: not told"
    return f"at {at}: {number(answer.next_loss['value'])} ({interval(answer.next_loss['low'], answer.next_loss['high'])}) bp of supply"


def _is_drawn(answer: Answer) -> bool:
    """Two values at least, all of which were run."""
    return len(answer.tried) > 1 and all(one.loss_es99 and one.prob_significant_loss for one in answer.tried)


def _binding(record: RecommendRecord) -> Section:
    if not record.binding:
        return Section("binding", "What binds", ("Nothing binds: every term is at the end of its grid.",))
    told = [binding_text(name) for name in record.binding]
    return Section("binding", "What binds", (f"{'First' if len(told) > 1 else 'Alone'}: {'; then '.join(told)}.",))
