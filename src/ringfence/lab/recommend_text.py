"""What a recommendation says in sentences: each answer, what one step further would cost, and why there is no answer."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.stress_result import Metric
from ringfence.inputs.varied_terms import VARIED
from ringfence.inputs.verdict import MAX_ES99

if TYPE_CHECKING:
    from ringfence.lab.intervals import Interval
    from ringfence.lab.judge import Evaluation

NAMES = {MAX_ES99: "lenders' ES 99 %"}
PROBABILITY = "the probability that lenders lose significantly"


def named(metric: str) -> str:
    """A bounded metric in words."""
    return NAMES.get(metric, PROBABILITY)


def amount(value: float, metric: str) -> str:
    """A figure of a bounded metric with its unit."""
    return f"{digits(value)} bp of supply" if metric == MAX_ES99 else f"{digits(100 * value)} %"


def excess(value: float, metric: str) -> str:
    """By how much a bounded figure is over: a difference of probabilities is in points."""
    return amount(value, metric) if metric == MAX_ES99 else f"{digits(100 * value)} percentage points"


def digits(value: float) -> str:
    """Hundredths under 10, tenths under 1,000."""
    return f"{value:,.{2 if abs(value) < 10 else 1 if abs(value) < 1000 else 0}f}"


def with_interval(metric: Metric, name: str) -> str:
    """A bounded figure with its unit and interval."""
    scale = 1 if name == MAX_ES99 else 100
    return f"{amount(metric.value, name)} ({digits(scale * metric.low)} to {digits(scale * metric.high)})"


def grouped(text: str) -> str:
    """A decimal with grouped digits, without its fraction where it has thousands."""
    whole, _, fraction = text.partition(".")
    return f"{int(whole):,}{f'.{fraction}' if fraction and len(whole) < 4 else ''}"


def _over_bound(found: "Evaluation", name: str) -> str:
    """By how much a broken bound is broken, by which end."""
    whose = "its upper end " if found.sure else ""
    return f"{whose}{excess(found.judged(name) - found.bounds[name], name)} over the bound"


def kept(goal: str, term: str, value: str, low: str, high: str, reached: "Evaluation") -> str:
    """The answer for one term, and what it keeps."""
    within = "the whole interval within" if reached.sure else "within"
    figures = " and ".join(
        f"{named(name)} at {with_interval(reached.metrics[name], name)}, {within} {amount(most, name)}"
        for name, most in reached.bounds.items()
    )
    return f"{term} {grouped(value)} ({grouped(low)} to {grouped(high)}) is the {goal} of its grid that keeps {figures}"


def further(term: str, value: str, beyond: "Evaluation", more: "Interval") -> str:
    """What one step further would cost."""
    parts = []
    for name in beyond.bounds:
        over = _over_bound(beyond, name) if name in beyond.broken else f"{'wholly ' if beyond.sure else ''}within the bound"
        parts.append(f"{named(name)} would be {with_interval(beyond.metrics[name], name)}, {over}")
    change = f"the mean loss of lenders {digits(abs(more.value))} bp {'more' if more.value >= 0 else 'less'}"
    paired = f"{digits(more.low)} to {digits(more.high)} on the same paths"
    kept_now = "" if beyond.broken else "; it was over the bound with the later terms as the file has them"
    return f"one step further, {term} {grouped(value)}, {' and '.join(parts)}{kept_now}; {change} ({paired})"


def not_allowed(term: str, value: str, sentence: str) -> str:
    """That a bound of the protocol ends it."""
    return f"one step further, {term} {grouped(value)}, no pool may go: {sentence}"


def nothing_allowed(term: str, sentence: str) -> str:
    """That no value of a grid makes a pool."""
    return f"no value of the grid of {term} makes a pool: {sentence}"


def not_kept(values: Mapping[str, int], pool: PoolFile, nearest: "Evaluation", explained: Mapping[str, float]) -> str:
    """By how much the safest terms miss the bound, and what of it is whose doing."""
    terms = ", ".join(f"{name} {grouped(VARIED[name].shown(value, pool))}" for name, value in values.items())
    over = "; ".join(_over(nearest, name) for name in nearest.broken)
    return f"nearest comes {terms}, where {over}{''.join(_explanation(explained))}"


def _over(found: "Evaluation", name: str) -> str:
    told = f"{named(name)} would be {with_interval(found.metrics[name], name)}"
    return f"{told}, {_over_bound(found, name)} of {amount(found.bounds[name], name)}"


def _explanation(explained: Mapping[str, float]) -> Iterator[str]:
    """The causes, the dearest first."""
    if explained:
        largest = sorted(explained.items(), key=lambda item: -item[1])
        parts = (f"{digits(abs(part))} bp {'less' if part >= 0 else 'more'} without {cause}" for cause, part in largest)
        yield f"; on the same paths {NAMES[MAX_ES99]} would be {', '.join(parts)}"
