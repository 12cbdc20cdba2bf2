"""A run as Markdown, for a pull request: the verdict, five figures, what binds, and what changed."""

from collections.abc import Iterator

from ringfence.inputs.figure_text import interval, number, shown_unit
from ringfence.inputs.result_records import CurveRecord, ReplayRecord
from ringfence.report.comparison import Comparison
from ringfence.report.keys import KEYS
from ringfence.report.markdown import plain, row
from ringfence.report.page import page_of
from ringfence.report.recommended import answers
from ringfence.report.run import Run
from ringfence.report.words import binding_text

FIGURES = 5


def summary(run: Run, comparison: Comparison | None = None) -> str:
    """The Markdown of a run, beside another if there is one; names from files are escaped, so that none becomes a link or markup."""
    return "\n".join(_lines(run, comparison)) + "\n"


def _lines(run: Run, comparison: Comparison | None) -> Iterator[str]:
    shown = page_of(run, drawn=False)
    yield f"## {plain(shown.title)}: {shown.sign} {plain(shown.verdict)}"
    yield ""
    for line in (*shown.verdict_lines, *shown.subtitles):
        yield f"- {plain(line)}"
    if shown.reason:
        yield f"- **Main reason.** {plain(shown.reason)}"
    if shown.weakest:
        yield f"- **Weakest assumption.** {plain(shown.weakest)}"
    yield ""
    yield "| figure | value | 95 % interval | unit |"
    yield "|---|---:|---:|---|"
    yield from (
        _rows(run)
        if not isinstance(run.record, ReplayRecord | CurveRecord)
        else (row(k.label, k.value, "exact", k.unit) for k in shown.keys)
    )
    if run.recommendation is not None:
        yield ""
        yield "| term | answer | interval at the bound | was | what binds |"
        yield "|---|---:|---:|---:|---|"
        yield from (row(*cells[:4], cells[5]) for cells in answers(run.recommendation).rows)
        yield ""
        yield f"What binds: {plain(', '.join(binding_text(name) for name in run.recommendation.binding)) or 'nothing'}."
    if comparison is not None:
        yield ""
        yield from comparison.lines


def _rows(run: Run) -> Iterator[str]:
    names = [(name, label) for name, label in KEYS if name in run.metrics][:FIGURES]
    for name, label in names:
        metric = run.metrics[name]
        told = interval(metric.low, metric.high, metric.unit)
        yield row(label, number(metric.value, metric.unit), told, shown_unit(metric.unit))
