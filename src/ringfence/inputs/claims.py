"""What a scenario says of its own result, in a form that a run can check: `metric sign number` or `metric sign metric`.

fails = "loss_mean > 0"
holds = ["loss_from_other_pools = 0", "loss_mean <= loss_es99"]
"""

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping

from ringfence.inputs.errors import InputError, quoted
from ringfence.inputs.scenario import Claim, Scenario
from ringfence.inputs.toml_file import Table, float_of, said_instead

KINDS = ("fails", "holds")
MOST = 20
"""Claims of a kind."""
SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
GRAMMAR = re.compile(r" *([a-z][a-z0-9_]{0,63}) *(<=|>=|=|<|>) *(\S{1,64}) *", re.ASCII)
METRIC = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
REMEDY = 'write "metric > number" or "metric <= metric" with one of = < <= > >='


def read_claims(table: Table) -> tuple[Claim, ...]:
    """The claims of a [claims] table; raises InputError for what is not of the grammar. Whether a metric exists, the run knows."""
    table.known(KINDS)
    found = []
    for kind in KINDS:
        value = table.values.get(kind, [])
        texts = [value] if isinstance(value, str) else table.entries(kind, MOST)
        found += [_claim(table, kind, text) for text in texts]
    return tuple(found)


def _claim(table: Table, kind: str, text: object) -> Claim:
    match = GRAMMAR.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        table.refuse(kind, f"{quoted(str(text))} is no comparison", REMEDY)
    metric, sign, other = match.groups()
    if METRIC.fullmatch(other):
        return Claim(kind, metric, sign, other)
    number = float_of(other)
    if number is None or math.isinf(number):
        table.refuse(kind, f"{quoted(other)} is neither a number nor a metric", REMEDY)
    return Claim(kind, metric, sign, number)


def check_claims(scenario: Scenario, metrics: Collection[str]) -> None:
    """Every metric that the scenario speaks of is among these; else InputError."""
    for claim in scenario.claims:
        for name in (claim.metric, claim.other):
            if isinstance(name, str) and name not in metrics:
                remedy = said_instead(name, sorted(metrics))
                raise InputError(scenario.file, f"{quoted(name)} is no metric", column=f"[claims] {claim.kind}", remedy=remedy)


def claims_of(scenario: Scenario, metrics: Mapping[str, float]) -> list[tuple[str, bool]]:
    """Each claim as the scenario puts it, and whether the values of these metrics bear it out; one that is not a number bears out nothing.

    Raises InputError for a metric that is not there.
    """
    check_claims(scenario, metrics)
    return [(claim.text, _is_borne_out(claim, metrics)) for claim in scenario.claims]


def _is_borne_out(claim: Claim, metrics: Mapping[str, float]) -> bool:
    other = metrics[claim.other] if isinstance(claim.other, str) else claim.other
    return bool(SIGNS[claim.sign](metrics[claim.metric], other))
