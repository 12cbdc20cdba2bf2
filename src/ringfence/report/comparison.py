"""Two runs side by side: what differs in their figures, and in what they were made from.

Where both ran the same futures (seed, number, length and prices) the difference is taken path by path, and its interval is that of the
difference, far narrower than what two intervals beside each other tell.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ringfence.inputs.errors import InputError
from ringfence.inputs.figure_text import GROUP, exact, interval, number, shown_unit
from ringfence.inputs.result_records import CurveRecord, ReplayRecord, StressRecord
from ringfence.inputs.times import duration
from ringfence.inputs.verdict import MAX_ES99, MAX_PROBABILITY
from ringfence.report.keys import KEYS, LABELS
from ringfence.report.markdown import plain, row
from ringfence.report.paired import paired
from ringfence.report.parts import Section, Table
from ringfence.report.run import Run
from ringfence.report.words import TERMS, told_term

MOST_ROWS = 400
SAME_WORLD = ("prices", "step", "correlation", "start")
"""Parts of a scenario that the paths of prices follow from."""
NAMES = ("this", "the other")
BOUNDS = {MAX_ES99: "bp of supply", MAX_PROBABILITY: "probability"}
OPTIONS = {
    "paths": "futures",
    "horizon": "horizon",
    "seed": "seed",
    "significant": "significant loss, part of supply",
    "causes": "causes looked for",
    "around": "neighbours looked at (--around)",
    "vary": "terms varied",
    "start_price": "start price",
    f"bounds.{MAX_ES99}": "bound on lenders' ES 99 %",
    f"bounds.{MAX_PROBABILITY}": "bound on significant losses",
}
"""What an option is called beside another run's."""


@dataclass(frozen=True, slots=True)
class Change:
    """A metric of both runs, and this less the other; `low` and `high` are of the difference where it is taken path by path, else None."""

    metric: str
    this: tuple[float, float, float]
    other: tuple[float, float, float]
    unit: str
    low: float | None = None
    high: float | None = None

    @property
    def difference(self) -> float:
        """This less the other."""
        return self.this[0] - self.other[0]

    @property
    def overlaps(self) -> bool:
        """Whether the two intervals have a value in common."""
        return self.this[1] <= self.other[2] and self.other[1] <= self.this[2]

    @property
    def told(self) -> str:
        """Whether the difference is more than chance, as far as can be said."""
        if self.low is None or self.high is None:
            return "intervals overlap" if self.overlaps else "intervals apart"
        return "not told from 0" if self.low <= 0.0 <= self.high else "more than chance"

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        names = ("value", "low", "high")
        return {
            "metric": self.metric,
            "this": dict(zip(names, self.this, strict=True)),
            "other": dict(zip(names, self.other, strict=True)),
            "unit": self.unit,
            "difference": {"value": self.difference, "low": self.low, "high": self.high},
            "overlaps": self.overlaps,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a page and a summary say of another run beside its own."""

    sections: tuple[Section, ...]
    differences: tuple[Change, ...]
    lines: tuple[str, ...]


def comparison(this: Run, other: Run) -> Comparison:
    """This run beside the other; raises InputError for runs of different kinds."""
    if this.stress is not None and other.stress is not None:
        return _of_stress(this, _by(this.bounds, other), this.stress, other.stress)
    pairs = (this.record, other.record)
    if isinstance(this.record, ReplayRecord) and isinstance(other.record, ReplayRecord):
        return _exact(this, other, this.record.pool, other.record.pool, this.record.terms, other.record.terms)
    if isinstance(this.record, CurveRecord) and isinstance(other.record, CurveRecord):
        return _exact(this, other, this.record.pool, other.record.pool, this.record.terms, other.record.terms)
    kinds = " and a ".join(type(record).__name__.removesuffix("Record").lower() for record in pairs)
    raise InputError(other.folder, f"cannot stand beside {this.folder}: a {kinds}", remedy="compare results of one kind")


def _by(bounds: Mapping[str, float], run: Run) -> Run:
    """A run judged by these bounds alone: two are weighed by one measure, that of the one which the page is of."""
    return replace(run, stated=bounds, only_stated=True)


def _of_stress(this: Run, other: Run, one: StressRecord, two: StressRecord) -> Comparison:
    apart = _why_apart(one, two)
    close = {} if apart else paired(this, other, one, two)
    changes = []
    for name, metric in one.metrics.items():
        if name in two.metrics and two.metrics[name].unit == metric.unit:
            beside = two.metrics[name]
            low, high = close.get(name, (None, None))
            changes.append(
                Change(name, (metric.value, metric.low, metric.high), (beside.value, beside.low, beside.high), metric.unit, low, high)
            )
    if apart:
        how = f"Compared by their intervals alone, for {apart}."
    elif close:
        how = (
            f"Both ran the same {number(one.paths)} futures: {len(close)} differences are taken path by path, with intervals of their own."
        )
    else:
        how = "Both ran the same futures, but their paths.parquet cannot be read or is of another run: compared by their intervals alone."
    inputs = tuple(_inputs(this, other, one, two))
    head = ("metric", *NAMES, "this less the other", "95 % interval", "unit", "told")
    shown = [change for change in changes if change.low is not None] or [change for change in changes if change.metric in dict(KEYS)]
    named = [(LABELS.get(change.metric, change.metric), *_shown(change)[1:]) for change in shown]
    table = Table("What changed", head, named, frozenset({5, 6}))
    rest = Table("Every metric that both have", head, [_shown(change) for change in changes], frozenset({5, 6}))
    differing = Table("What they were made from, where it differs", ("what", *NAMES), inputs[:MOST_ROWS], frozenset({1, 2}))
    judged = "Both by the bounds of this: " if this.bounds else ""
    verdicts = f"{judged}{_small(this.verdict.sentence)} (this); {_small(other.verdict.sentence)} (the other)."
    verdicts = verdicts[:1].upper() + verdicts[1:]
    lead = (verdicts, how, "" if inputs else "Nothing differs in what they were made from.")
    tables = (table, *((differing,) if inputs else ()))
    section = Section("compared", "Beside the other run", tuple(line for line in lead if line), tables=tables, folded=(rest,))
    return Comparison((section,), tuple(changes), tuple(_lines(verdicts, how, changes, inputs)))


def _why_apart(one: StressRecord, two: StressRecord) -> str:
    """Why two runs did not run the same futures; empty if they did."""
    for name, this, other in (
        ("seed", one.seed, two.seed),
        ("number of futures", one.paths, two.paths),
        ("horizon", one.horizon, two.horizon),
        ("number of pools", len(one.pools), len(two.pools)),
    ):
        if this != other:
            return f"their {name} differs"
    differing = [name for name in SAME_WORLD if one.scenario.get(name) != two.scenario.get(name)]
    if differing:
        return f"their scenarios differ in {differing[0]}"
    same = [a.start_price == b.start_price for a, b in zip(one.pools, two.pools, strict=True)]
    return "" if all(same) else "their start prices differ"


def _inputs(this: Run, other: Run, one: StressRecord, two: StressRecord) -> Iterator[tuple[str, str, str]]:
    """Terms, starts, scenario, options and digests that differ."""
    for place, (pool, beside) in enumerate(zip(one.pools, two.pools, strict=False), 1):
        of = f"pool {place}, " if len(one.pools) > 1 else ""
        for name in ("supply", "debt", "reserve", "collateral", "start_price", "positions"):
            values = getattr(pool, name), getattr(beside, name)
            if values[0] != values[1]:
                yield f"{of}{name.replace('_', ' ')}", number(values[0]), number(values[1])
        yield from ((f"{of}{TERMS.get(name, name)}", a, b) for name, a, b in _differing(_readable(pool.terms), _readable(beside.terms)))
    yield from ((f"scenario {name}", a, b) for name, a, b in _differing(_flat(one.scenario), _flat(two.scenario)))
    yield from _options(one.origin.options, two.origin.options)
    yield from _digests(this, other)
    yield from ((f"version of {name}", a, b) for name, a, b in _differing(this.record.origin.versions, other.record.origin.versions))


def _options(this: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Options that differ; one that a run does not have is told as not given, a switch as off."""
    a, b = _flat(this), _flat(other)
    for name in dict.fromkeys((*a, *b)):
        absent = "no" if {a.get(name), b.get(name)} & {"yes", "no"} else "not given"
        values = a.get(name, absent), b.get(name, absent)
        if values[0] != values[1]:
            yield OPTIONS.get(name, f"option {name}"), *values


def _digests(this: Run, other: Run) -> Iterator[tuple[str, str, str]]:
    """Files that differ by the beginnings of their digests; a file is known by its name, else by what it holds, else by its place."""
    a, b = dict(this.record.origin.inputs), dict(other.record.origin.inputs)
    alone = {name: digest for name, digest in a.items() if name not in b and digest not in b.values()}
    beside = {name: digest for name, digest in b.items() if name not in a and digest not in a.values()}
    yield from ((f"SHA-256 of {name}", a[name][:16], b[name][:16]) for name in a if name in b and a[name] != b[name])
    if len(alone) == len(beside):
        for (name, one), (new, two) in zip(alone.items(), beside.items(), strict=True):
            yield f"SHA-256 of {name} (the other: {new})", one[:16], two[:16]
        return
    yield from ((f"SHA-256 of {name}", digest[:16], "none") for name, digest in alone.items())
    yield from ((f"SHA-256 of {name}", "none", digest[:16]) for name, digest in beside.items())


def _small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _differing(this: Mapping[str, str], other: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys((*this, *other)):
        if this.get(name) != other.get(name):
            yield name, this.get(name, "none"), other.get(name, "none")


def _readable(terms: Mapping[str, str]) -> dict[str, str]:
    """Terms as a person reads them."""
    return {name: told_term(name, value, terms) for name, value in terms.items()}


def _grouped(value: int) -> str:
    """All digits of a whole number."""
    return f"{value:,}".replace(",", GROUP).replace("-", "\u2212")


def _flat(table: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """A nested table as `market.a` and its value."""
    found: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = _value(name, value)[:200]
    return found


def _value(name: str, value: object) -> str:
    """An option as a person reads it."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if name == "horizon" and isinstance(value, int):
        return duration(value)
    if name in BOUNDS and isinstance(value, int | float):
        unit = BOUNDS[name]
        return f"{exact(value, unit)} {shown_unit(unit)}"
    return exact(value) if isinstance(value, int) else str(value)


def _shown(change: Change) -> tuple[str, ...]:
    unit = change.unit
    ends = interval(change.low, change.high, unit) if change.low is not None and change.high is not None else ""
    both = (f"{number(v[0], unit)} ({interval(v[1], v[2], unit)})" for v in (change.this, change.other))
    return change.metric, *both, number(change.difference, unit), ends, shown_unit(unit), change.told


def _lines(verdicts: str, how: str, changes: list[Change], inputs: tuple[tuple[str, str, str], ...]) -> Iterator[str]:
    """For Markdown: the changes that are told path by path or whose intervals are apart, and what differs."""
    yield "### What changed"
    yield ""
    yield plain(f"{verdicts} {how}")
    yield ""
    close = [change for change in changes if change.low is not None]
    shown = close or [change for change in changes if not change.overlaps]
    if shown:
        yield row("metric", *NAMES, "this less the other", "95 % interval", "unit", "told")
        yield "|---|---:|---:|---:|---:|---|---|"
        yield from (row(LABELS.get(change.metric, change.metric), *_shown(change)[1:]) for change in shown[:20])
    else:
        yield "No interval lies apart from its other."
    yield ""
    if inputs:
        yield row("made from", *NAMES)
        yield "|---|---|---|"
        yield from (row(*one) for one in inputs[:20])


def _exact(
    this: Run, other: Run, one: Mapping[str, int], two: Mapping[str, int], terms: Mapping[str, str], beside: Mapping[str, str]
) -> Comparison:
    """Figures in base units, which are exact."""
    rows = [
        (name, _grouped(one[name]), _grouped(two[name]), _grouped(one[name] - two[name]))
        for name in one
        if name in two and one[name] != two[name]
    ]
    inputs = [
        *_differing(_readable(terms), _readable(beside)),
        *_digests(this, other),
    ]
    figures = Table("Figures that differ, base units and counts", ("figure", *NAMES, "this less the other"), rows)
    differing = Table("What they were made from, where it differs", ("what", *NAMES), inputs, frozenset({1, 2}))
    lead = f"{len(rows)} of {len(one)} figures differ."
    tables = tuple(table for table in (differing, figures) if table.rows)
    lines = ["### What changed", "", lead, ""]
    if rows:
        lines += [row("figure", *NAMES, "this less the other"), "|---|---:|---:|---:|", *(row(*cells) for cells in rows)]
    return Comparison((Section("compared", "Beside the other run", (lead,), tables=tables),), (), tuple(lines))
