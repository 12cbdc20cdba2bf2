"""A recommendation as tables for people: each term with its interval and what binds it, and what lenders lose at these terms."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ringfence.cli.replay_table import counted
from ringfence.cli.stress_more import bound_lines
from ringfence.cli.stress_table import shown_figure, shown_unit
from ringfence.inputs.errors import printable
from ringfence.inputs.recommend_result import RecommendResult
from ringfence.inputs.times import duration
from ringfence.inputs.verdict import HELD
from ringfence.lab.recommend_text import grouped

FOUND = {
    "loss_es99": "lenders, ES 99 %",
    "prob_significant_loss": "lenders, significant",
    "loss_mean": "lenders, mean",
    "pool_loss_es99": "the pool, ES 99 %",
}
BINDING = {"loss_es99": "the bound on ES 99 %", "prob_significant_loss": "the bound on probability"}
SURELY = {"loss_es99": "the upper end of ES 99 %", "prob_significant_loss": "the upper end of probability"}


def heading(result: RecommendResult) -> Iterator[str]:
    """What was searched, under what."""
    options, stress = result.options, result.stress
    yield (
        f"{printable(result.name, 60)}: {printable(str(stress.scenario['name']), 60)}, {counted(options['paths'], 'path')} of "
        f"{duration(options['horizon'])}, seed {options['seed']}, {counted(result.evaluations, 'evaluation')}"
    )


def answers_table(result: RecommendResult) -> Table:
    """The terms in their order."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("term", no_wrap=True)
    for name in ("recommended", "from", "to", "before"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what binds")
    binding = SURELY if result.options.get("sure") else BINDING
    for answer in result.answers:
        values = (grouped(text) for text in (answer.value, answer.low, answer.high))
        table.add_row(
            escape(answer.term),
            *values,
            grouped(answer.before) if answer.before else "-",
            escape(binding.get(answer.binding, answer.binding)),
        )
    return table


def figures(result: RecommendResult) -> Table:
    """What is lost at these terms."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("at these terms", min_width=21)
    for name in ("value", "from", "to"):
        table.add_column(name, justify="right", min_width=9)
    table.add_column("unit", no_wrap=True)
    for name, label in FOUND.items():
        metric = getattr(result, name)
        table.add_row(label, *(shown_figure(value, metric) for value in (metric.value, metric.low, metric.high)), shown_unit(metric))
    return table


def last_word(result: RecommendResult) -> Iterator[tuple[str, str]]:
    """Each bound, and what the terms rest on; with its style."""
    yield from bound_lines(result.stress)
    if result.options.get("sure") and not result.defaults and result.stress.verdict().kind == HELD:
        yield "each bound is kept by the whole 95 % interval, as was asked for", "green"
    if result.defaults:
        yield f"left to defaults, which are the best case: {', '.join(result.defaults)}; the terms are for that world", "yellow"
