"""What a recommendation says: the terms, how sure each is, what binds and what one step further would cost; and the files that hold it
(`result.json`, `terms.toml`, `book.csv` and, in `stress/`, a whole stress run at these terms)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.pool_text import book_text, terms_text
from ringfence.inputs.results import RESULT_FILE
from ringfence.inputs.stress_result import Metric, StressResult, write_stress
from ringfence.inputs.times import duration

if TYPE_CHECKING:
    import polars

RECOMMEND_SCHEMA = "ringfence.recommend/1"
TERMS_FILE, BOOK_FILE, STRESS_FOLDER = "terms.toml", "book.csv", "stress"
ANSWER_COLUMNS = ("term", "goal", "before", "value", "low", "high", "unit", "binding")


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric's value and its 95 % interval, in the unit of the metric."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Tried:
    """A value of a term that was evaluated, the other terms as they were then; losses are the lenders', as in `RecommendResult`."""

    value: str
    loss_es99: Figure
    prob_significant_loss: Figure


@dataclass(frozen=True, slots=True)
class NextStep:
    """One step of the grid further, all other terms at their answers: its figures, None where a bound of the protocol forbids it, and what
    it would cost in a sentence."""

    value: str
    loss_es99: Figure | None
    prob_significant_loss: Figure | None
    cost: str
    legal: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for one term; values as a terms file spells them, in `unit`.

    `low` to `high` are the values at which the interval of the bounded figure still meets the bound, by its upper end on the safer side
    and by its lower end on the other; `low_is_end` and `high_is_end` say that the grid ends there. `before` is the file's value, None for
    a cap that it does not set.
    """

    term: str
    goal: str
    value: str
    low: str
    high: str
    unit: str
    before: str | None
    step: str
    binding: str
    sentence: str
    low_is_end: bool
    high_is_end: bool
    next: NextStep | None
    tried: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class SecondLook:
    """The recommended pool once more on futures of another seed, on which nothing was searched: what lenders lose there."""

    seed: int
    loss_es99: Metric
    prob_significant_loss: Metric

    def to_dict(self) -> dict[str, Any]:
        """As in `result.json`."""
        return {"seed": self.seed, "loss_es99": self.loss_es99.to_dict(), "prob_significant_loss": self.prob_significant_loss.to_dict()}


@dataclass(frozen=True, slots=True)
class RecommendResult:
    """Recommended terms with all that they rest on.

    `loss_es99`, `prob_significant_loss` and `loss_mean` are of what lenders bear at these terms, `pool_loss_es99` is before reserve and
    backstop. `pool` and `book` are what was judged last, filled to its caps, `stress` the whole run of it.
    """

    name: str
    terms: Mapping[str, str]
    loss_es99: Metric
    prob_significant_loss: Metric
    pool_loss_es99: Metric
    loss_mean: Metric
    again: SecondLook
    binding: tuple[str, ...]
    answers: tuple[Answer, ...]
    evaluations: int
    inputs: Mapping[str, str]
    versions: Mapping[str, str]
    options: Mapping[str, Any]
    defaults: tuple[str, ...]
    notices: tuple[str, ...]
    pool: PoolFile = field(repr=False)
    book: Book = field(repr=False)
    stress: StressResult = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The content of `result.json`."""
        return {
            "schema": RECOMMEND_SCHEMA,
            "inputs": dict(self.inputs),
            "versions": dict(self.versions),
            "options": dict(self.options),
            "name": self.name,
            "terms": dict(self.terms),
            "loss_es99": self.loss_es99.to_dict(),
            "prob_significant_loss": self.prob_significant_loss.to_dict(),
            "pool_loss_es99": self.pool_loss_es99.to_dict(),
            "loss_mean": self.loss_mean.to_dict(),
            "again": self.again.to_dict(),
            "binding": list(self.binding),
            "answers": [asdict(answer) for answer in self.answers],
            "evaluations": self.evaluations,
            "defaults": list(self.defaults),
            "notices": list(self.notices),
        }

    def to_json(self) -> str:
        """The text of `result.json`: the same for the same run, whatever the number of threads."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def to_polars(self) -> "polars.DataFrame":
        """Every value that was tried, one row each, with the lenders' losses (bp of supply, probability); needs the `lab` extra."""
        import polars

        rows = [
            {
                "term": answer.term,
                "value": tried.value,
                **{f"loss_es99_{name}": value for name, value in asdict(tried.loss_es99).items()},
                **{f"prob_significant_loss_{name}": value for name, value in asdict(tried.prob_significant_loss).items()},
            }
            for answer in self.answers
            for tried in answer.tried
        ]
        return polars.DataFrame(rows)

    def answers_to_polars(self) -> "polars.DataFrame":
        """The answers, one row each, values as text as a terms file spells them; needs the `lab` extra."""
        import polars

        rows = [{name: getattr(answer, name) for name in ANSWER_COLUMNS} for answer in self.answers]
        return polars.DataFrame(rows, schema=dict.fromkeys(ANSWER_COLUMNS, polars.String))


def recommended_text(pool: PoolFile, answers: Sequence[Answer], options: Mapping[str, Any]) -> str:
    """The text of `terms.toml`: all terms, with what was recommended as comments."""
    notes = {answer.term: _note(answer) for answer in answers}
    return terms_text(pool, _heading(options), notes)


def _heading(options: Mapping[str, Any]) -> list[str]:
    bounds = ", ".join(f"{name} at most {most:g}" for name, most in options["bounds"].items())
    surely = ", by the whole interval," if options.get("sure") else ""
    again = f"--paths {options['paths']} --horizon {options['horizon']} --seed {options['seed']}"
    return [
        "Recommended by `ringfence recommend`; result.json beside it says how sure each value is.",
        f"Asked for: {bounds}{surely} over {duration(options['horizon'])}; varied in this order: {', '.join(options['vary'])}.",
        "The figures of stress/ again, with the same scenario:",
        f"  ringfence stress --book {BOOK_FILE} --terms {TERMS_FILE} --scenario SCENARIO --price {options['start_price']} \\",
        f"    {again} --significant-loss {options['significant']}",
        *(
            [f'SCENARIO with [market] a = "{options["market_a"]}" and without measure = "book": its depth for the loans as they were.']
            if "market_a" in options
            else []
        ),
    ]


def _note(answer: Answer) -> str:
    before = "" if answer.before is None else f"; was {answer.before}"
    return f"recommended, the {answer.goal}: {answer.low} to {answer.high}{before}"


def write_recommend(result: RecommendResult, folder: Path) -> None:
    """Writes all files into an existing folder."""
    (folder / TERMS_FILE).write_text(recommended_text(result.pool, result.answers, result.options), encoding="utf-8")
    (folder / BOOK_FILE).write_text(book_text(result.book, result.pool), encoding="utf-8")
    (folder / STRESS_FOLDER).mkdir()
    write_stress(result.stress, folder / STRESS_FOLDER)
    (folder / RESULT_FILE).write_text(result.to_json(), encoding="utf-8")
