"""A pool's terms, checked: every bound with its numbers and headroom, and what the terms mean; the file format is `ringfence.check/1`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ringfence.inputs.bounds import ASSET, BOUNDS, NUMBER, RATIO, SECONDS, Measure, shown_decimal, shown_term
from ringfence.inputs.meaning import YEARS, Fact, meaning, remarks
from ringfence.inputs.pool_file import PoolFile, terms_with_stand_ins
from ringfence.inputs.results import our_version
from ringfence.model import limits
from ringfence.model.terms import Terms

if TYPE_CHECKING:
    import polars

CHECK_SCHEMA = "ringfence.check/1"
SUPPLY_CAP = "pool: supply cap reached"
FACT_DIGITS = {RATIO: 18, NUMBER: 18, YEARS: 18, SECONDS: 0, ASSET: 0}


@dataclass(frozen=True, slots=True)
class CheckedBound:
    """One bound of one pool: the text with which a contract refuses terms that break it, the terms it is about as their file spells them
    (amounts in base units), what must hold, and its numbers where it has any."""

    error: str
    terms: Mapping[str, str]
    sentence: str
    holds: bool
    measure: Measure | None

    def to_dict(self) -> dict[str, Any]:
        """Numbers as exact decimals in `unit`, null where there are none."""
        numbers: dict[str, str | None] = dict.fromkeys(("value", "side", "limit", "headroom", "unit"))
        if (measure := self.measure) is not None:
            shown = {name: shown_decimal(getattr(measure, name), measure.digits) for name in ("value", "limit", "headroom")}
            numbers |= shown | {"side": measure.side, "unit": measure.unit}
        return {"error": self.error, "terms": dict(self.terms), "sentence": self.sentence, "holds": self.holds, **numbers}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """All bounds in the order in which a contract checks them, then whether the supply fits its cap; `facts` and `remarks` are empty
    unless all hold."""

    pool: PoolFile
    bounds: tuple[CheckedBound, ...]
    facts: Mapping[str, Fact]
    remarks: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether a contract takes these terms and this supply."""
        return all(bound.holds for bound in self.bounds)

    def to_dict(self) -> dict[str, Any]:
        """What `ringfence check --json` prints."""
        source = self.pool.source
        return {
            "schema": CHECK_SCHEMA,
            "inputs": {Path(source.path).name: source.sha256} if source else {},
            "versions": {"ringfence": our_version()},
            "holds": self.holds,
            "bounds": [bound.to_dict() for bound in self.bounds],
            "meaning": {name: _shown_fact(fact) for name, fact in self.facts.items()},
            "remarks": list(self.remarks),
        }

    def to_json(self) -> str:
        """`to_dict` as text."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    def to_polars(self) -> "polars.DataFrame":
        """The bounds, one row each, numbers as text; needs the `lab` extra."""
        import polars

        rows = [{name: value for name, value in bound.to_dict().items() if name != "terms"} for bound in self.bounds]
        return polars.DataFrame(rows, schema={name: polars.Boolean if name == "holds" else polars.String for name in rows[0]})


def check_pool(pool: PoolFile) -> CheckResult:
    """Checks every bound, whether the others hold or not."""
    terms = terms_with_stand_ins(pool.terms)
    broken = limits.broken(terms)
    bounds = (*(_checked(text, terms, pool.terms, text not in broken) for text in BOUNDS), _supply_cap(pool))
    holds = all(bound.holds for bound in bounds)
    return CheckResult(pool, bounds, meaning(pool) if holds else {}, remarks(pool) if holds else ())


def _checked(text: str, terms: Terms, given: Terms, holds: bool) -> CheckedBound:
    """Addresses are shown as the file gives them; its stand-ins are what a simulated pool is judged by."""
    bound = BOUNDS[text]
    return CheckedBound(text, {name: shown_term(given, name) for name in bound.names}, bound.sentence, holds, bound.measure(terms))


def _supply_cap(pool: PoolFile) -> CheckedBound:
    measure = Measure(pool.supply, "at most", pool.terms.supply_cap, 0, ASSET)
    values = {"supply": str(pool.supply), "supply_cap": str(pool.terms.supply_cap)}
    return CheckedBound(SUPPLY_CAP, values, "supply must be at most supply_cap", measure.holds, measure)


def _shown_fact(fact: Fact) -> dict[str, str | None]:
    value = None if fact.value is None else shown_decimal(fact.value, FACT_DIGITS[fact.unit])
    return {"value": value, "unit": fact.unit, "definition": fact.definition}
