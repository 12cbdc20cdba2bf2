"""Whether a run keeps the bounds that somebody stated, and how far that may be said.

A bound is the most that a metric may be, `{"lender_loss_es99": 50.0}`. What lenders bear is bounded, not what the pool loses: a reserve
or a backstop changes only the former.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ringfence.inputs.errors import InputError
from ringfence.inputs.figure_text import exact, figure, shown_unit

MAX_ES99 = "lender_loss_es99"
MAX_PROBABILITY = "prob_significant_lender_loss"
BROKEN, UNSURE, NONE, HELD = KINDS = ("broken", "unsure", "none", "held")
"""Of a verdict: a bound is broken; kept, and an interval reaches beyond it; nothing may be said; kept."""
LEAST_PATHS = 1000
"""With fewer futures the worst 1 % are fewer than ten, and the interval of their mean says too little."""
OTHER_FUTURES = "on other futures: "
"""How the notice begins that says that a recommendation breaks its bound on futures that it was not searched on."""
NONE_SEEN = 3.0
"""What no path of n shows has a probability under 3 / n, with 95 %."""
ROUNDED = 0.005
"""Part of a bound within which three digits may not tell a figure from it."""
NAMES = {MAX_ES99: "lenders' mean loss in the worst 1 % of futures", MAX_PROBABILITY: "the probability that lenders lose significantly"}
UNSOLD = "unsold at the end: "
"""How the notice begins that says how much debt was still to be sold: what that costs nobody has seen yet."""
DEFAULTS = {"market": "depth", "oracle": "the oracle", "liquidators": "the liquidators", "start price": "the start price"}
"""How a table of a scenario is called in a sentence."""


class Figure(Protocol):
    """A metric: its value, the bounds of its 95 % interval, its unit."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def unit(self) -> str: ...


@dataclass(frozen=True, slots=True)
class BoundCheck:
    """A stated bound beside the figure that it bounds, both in `unit`."""

    metric: str
    most: float
    value: float
    low: float
    high: float
    unit: str
    doubt: str = ""
    """Why the interval is too good to be believed, if it is."""

    @property
    def held(self) -> bool:
        """The figure is within the bound; what is not a number is not."""
        return self.value <= self.most

    @property
    def sure(self) -> bool:
        """The whole interval is, too, and nothing speaks against the interval."""
        return self.held and self.high <= self.most and not self.doubt

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why it is not sure; empty if it is, or if the bound is broken."""
        beyond = f"the interval of {self.name} reaches beyond the bound" if self.held and not self.high <= self.most else ""
        return tuple(reason for reason in (beyond, self.doubt) if reason)

    @property
    def name(self) -> str:
        """What is bounded, in words."""
        return NAMES.get(self.metric, self.metric)

    @property
    def sentence(self) -> str:
        """The figure, its interval, and what it is held against."""
        told, bound = figure(self.value, self.low, self.high, self.unit), exact(self.most, self.unit)
        # A figure that is rounded to its bound would hide on which side it is.
        is_near = self.value != self.most and abs(self.value - self.most) < ROUNDED * self.most
        near = f", to more digits {exact(self.value, self.unit)}" if is_near else ""
        return f"{self.name}: {told}{near}, bound {bound} {shown_unit(self.unit)}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said of a run: `kind` is one of KINDS, `sentence` its headline, `reasons` what it rests on, the most important first."""

    kind: str
    sentence: str
    reasons: tuple[str, ...]

    @property
    def is_broken(self) -> bool:
        """A stated bound is broken: a command ends with exit code 1."""
        return self.kind == BROKEN


def checks(metrics: Mapping[str, Figure], bounds: Mapping[str, float], *, paths: int | None = None) -> tuple[BoundCheck, ...]:
    """Each stated bound beside its figure, in the order of `bounds`; with the number of `paths` doubts in the intervals are told.

    Raises InputError for a metric that is not there and for a bound that is no number of 0 or more.
    """
    found = []
    for name, most in bounds.items():
        if name not in metrics:
            raise InputError("bound", f"this run has no metric '{name}'", remedy="stress runs and recommendations have it")
        if not (math.isfinite(most) and most >= 0.0):
            raise InputError("bound", f"{most} is no bound of {name}", remedy="give a number of 0 or more")
        metric = metrics[name]
        doubt = "" if paths is None else _doubt(metric, most, paths)
        found.append(BoundCheck(name, most, metric.value, metric.low, metric.high, metric.unit, doubt))
    return tuple(found)


def verdict(
    checked: Sequence[BoundCheck], defaults: Sequence[str] = (), not_borne_out: Iterable[str] = (), notices: Iterable[str] = ()
) -> Verdict:
    """What these checks allow to be said, given the inputs that were `defaults`, the claims of the scenario that were not borne out, and
    the run's notices, of which those that begin with UNSOLD or OTHER_FUTURES speak against its figures.

    A pool that breaks its bound in the kindest world breaks it, so "broken" comes before "none"; "held" needs all to be decided.
    """
    claims = tuple(f"the scenario claims {claim}, which this run does not bear out" for claim in not_borne_out)
    told = tuple(check.sentence for check in checked)
    unsold = tuple(notice for notice in notices if notice.startswith((UNSOLD, OTHER_FUTURES)))
    broken = [check for check in checked if not check.held]
    plural = "" if len(checked) == 1 else "s"
    if broken:
        return Verdict(BROKEN, "Breaks the bound", (*(check.sentence for check in (*broken, *_others(checked, broken))), *unsold, *claims))
    if defaults:
        return Verdict(NONE, f"No verdict: {_left(defaults)}", told + unsold + claims)
    if not checked:
        return Verdict(NONE, "No verdict: no bound was stated", unsold + claims)
    unsure = [check for check in checked if not check.sure]
    if unsure or unsold:
        why = tuple(reason for check in unsure for reason in check.doubts)
        return Verdict(UNSURE, f"Keeps the bound{plural}, but not surely", told + why + unsold + claims)
    return Verdict(HELD, f"Keeps the bound{plural}", told + claims)


def _doubt(metric: Figure, most: float, paths: int) -> str:
    """Why an interval within the bound is too narrow to be believed; empty if it is not."""
    if metric.unit == "probability":
        is_possible = metric.value == 0.0 and NONE_SEEN / paths > most
        return f"none in {paths:,} futures still allows a probability of {100 * NONE_SEEN / paths:.2g} %" if is_possible else ""
    return f"the worst 1 % of {paths:,} futures are too few for a sure interval" if paths < LEAST_PATHS else ""


def _others(checked: Sequence[BoundCheck], broken: Sequence[BoundCheck]) -> list[BoundCheck]:
    return [check for check in checked if check not in broken]


def _left(defaults: Sequence[str]) -> str:
    names = [DEFAULTS.get(name, name) for name in defaults]
    if len(names) == 1:
        return f"{names[0]} {'were' if names[0].endswith('s') else 'was'} left to {'their' if names[0].endswith('s') else 'its'} default"
    return f"{', '.join(names[:-1])} and {names[-1]} were left to defaults"
