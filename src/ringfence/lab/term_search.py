"""The search for terms: one after the other, each as far as the bounds allow with those before it at their answers."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.varied_terms import (
    BISECT,
    CAP_NAMES,
    GALLOP,
    PROBE,
    SCAN,
    VARIED,
    Loans,
    Varied,
    default_grid,
    forbidden,
    grown,
    pool_with,
    size_of,
    value_of,
)
from ringfence.inputs.verdict import MAX_ES99, MAX_PROBABILITY
from ringfence.lab.judge import Evaluation, Evaluator
from ringfence.lab.search import Holds, beyond, bisected, from_place, probed, scanned

BINDING = {MAX_ES99: "loss_es99", MAX_PROBABILITY: "prob_significant_loss"}
"""Metric of a stress run: what a recommendation calls it."""
GRID_END = "end of the grid of "
SEARCHES: Mapping[str, Callable[[Holds, int], int | None]] = {BISECT: bisected, PROBE: probed, SCAN: scanned}
LIKELY = frozenset({PROBE, GALLOP})
"""Searches of terms whose order is likely and no law."""
Values = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for one term: its grid from the safest value to the one wanted most, and places on it.

    `surely` is the last place whose whole interval keeps the bounds (None: none does), `perhaps` the last whose interval reaches down to
    them. `tried` holds what was evaluated, by place; `safest` names the later terms that had to be at the safest ends of their grids.
    """

    term: Varied
    row: tuple[int, ...]
    place: int
    surely: int | None
    perhaps: int
    binding: str
    tried: Mapping[int, Evaluation]
    safest: tuple[str, ...]

    @property
    def value(self) -> int:
        """The answer."""
        return self.row[self.place]

    @property
    def next(self) -> int | None:
        """One step further; None at the end of the grid."""
        return self.row[self.place + 1] if self.place + 1 < len(self.row) else None

    @property
    def step(self) -> int:
        """From the answer to the value beyond it, at the grid's end to the one before it; 0 if there is no other."""
        beside = self.row[self.place + 1 : self.place + 2] or self.row[max(0, self.place - 1) :]
        return abs(beside[0] - self.value)

    @property
    def reversals(self) -> list[tuple[int, int]]:
        """Values that are surely worse than one beyond them, in pairs, where that should not be: by the bounded figures' intervals."""
        if not self.term.is_ordered:
            return []
        places = sorted(self.tried)
        return [
            (self.row[one], self.row[other])
            for number, one in enumerate(places)
            for other in places[number + 1 :]
            if any(self.tried[one].metrics[name].low > self.tried[other].metrics[name].high for name in self.tried[one].bounds)
        ]


@dataclass(frozen=True, slots=True)
class Nowhere:
    """No value of a term keeps the bounds, whatever the later ones are: the values that come nearest and what they give, and the bound of
    the protocol that forbids safer ones; where it allows none at all, the bound that forbids the last."""

    term: Varied
    values: Values
    nearest: Evaluation | None
    forbidden: tuple[str, str] | None


class TermSearch:
    """Searches the terms of one pool, its caps filled, by one evaluator; `told` is called with the term before each is searched, and a
    `glance` at fewer paths says which values beyond an answer are worth an evaluation, where order is only likely."""

    def __init__(
        self,
        book: Book,
        pool: PoolFile,
        vary: Sequence[str],
        grids: Mapping[str, tuple[int, ...]],
        evaluator: Evaluator,
        told: Callable[[str], None],
        glance: Evaluator | None = None,
    ) -> None:
        self._glance = glance
        self._book, self._pool, self._vary, self._grids, self._evaluator, self._told = book, pool, vary, grids, evaluator, told
        self._loans = Loans.of(book)

    def run(self) -> "list[Found] | Nowhere":
        """Every term in its order, or where that ends."""
        found: list[Found] = []
        for name in self._vary:
            self._told(name)
            answer = self._term(name, {one.term.name: one.value for one in found}, self._vary[len(found) + 1 :])
            if isinstance(answer, Nowhere):
                return answer
            found.append(answer)
        return found

    def pool(self, values: Values) -> tuple[Book, PoolFile]:
        """Book and pool with these values."""
        return grown(self._book, self._size(values)), pool_with(self._pool, values)

    def evaluate(self, values: Values) -> Evaluation:
        """What they cost."""
        return self._evaluator.of(*self.pool(values))

    def forbids(self, values: Values) -> tuple[str, str] | None:
        """Name and sentence of the protocol's bound that they break."""
        return forbidden(pool_with(self._pool, values), self._loans.times(self._size(values)))

    def grid(self, name: str, before: Values) -> tuple[int, ...]:
        """The values of a term, rising, the terms before it at theirs."""
        if name in self._grids:
            return self._grids[name]
        return default_grid(name, pool_with(self._pool, before), self._loans.times(self._size(before)).debt)

    def _size(self, values: Values) -> tuple[int, int]:
        return size_of(self._pool, self._loans.debt, values)

    def _filed(self, name: str) -> int | None:
        """What the file says; of a cap what is there, which is what as filed means for it."""
        return self._there(name, {}) if name in CAP_NAMES else value_of(name, self._pool)

    def _there(self, name: str, before: Values) -> int:
        """What a cap is to limit, as it is."""
        return self._pool.supply if name == "supply_cap" else self._loans.times(self._size(before)).debt

    def _term(self, name: str, before: Values, later: Sequence[str]) -> "Found | Nowhere":
        """With the later terms as the file has them, or, where a grid without that value is given, at the safest of it; if nothing holds
        so, with all of them at their safest that have one."""
        barred = tuple(one for one in later if one in self._grids and self._filed(one) not in self._grids[one])
        as_filed = self._search(name, before, barred)
        # Of terms without an order none is the safest; and once borrowing has its cap, more supply is safer, not less.
        ordered = tuple(one for one in later if VARIED[one].is_ordered and not (one == "supply_cap" and "borrow_cap" in {*before, name}))
        safest = tuple(one for one in later if one in {*barred, *ordered})
        return as_filed if isinstance(as_filed, Found) or safest == barred else self._search(name, before, safest)

    def _search(self, name: str, before: Values, safest: tuple[str, ...]) -> "Found | Nowhere":
        term = VARIED[name]
        row = _Row(self, term.from_safest(self.grid(name, before)), partial(self._completed, name, before, safest))
        if not row.places:
            value = row.values(row.row[0])
            return Nowhere(term, value, None, self.forbids(value))
        # A cap is searched from what is there, of which more is known to be likely than of a pool many times smaller or larger.
        search = SEARCHES.get(term.search) or partial(from_place, start=row.last_up_to(self._there(name, before)))
        place = search(row.asks(lambda one: one.holds), len(row.places))
        if term.search in LIKELY and self._glance is not None:
            place = beyond(row.asks(lambda one: one.holds), partial(self._may_hold, row), len(row.places), place)
        if place is None:
            nearest = min(row.tried, key=lambda one: row.tried[one].excess)
            return Nowhere(term, row.values(row.row[nearest]), row.tried[nearest], row.forbidden_before(nearest))
        near = partial(from_place, count=len(row.places), start=place) if term.is_ordered else partial(scanned, count=len(row.places))
        surely, perhaps = near(row.asks(lambda one: one.surely_holds)), near(row.asks(lambda one: one.may_hold))
        return Found(
            term=term,
            row=row.row,
            place=row.places[place],
            surely=None if surely is None else row.places[min(surely, place)],
            perhaps=row.places[place if perhaps is None else max(perhaps, place)],
            binding=row.binding(row.places[place]) or f"{GRID_END}{name}",
            tried=dict(row.tried),
            safest=safest,
        )

    def _may_hold(self, row: "_Row", place: int) -> bool:
        """Whether a glance leaves it possible that a value keeps the bounds."""
        return self._glance is None or self._glance.of(*self.pool(row.values(row.row[row.places[place]]))).may_hold

    def _completed(self, name: str, before: Values, safest: Sequence[str], value: int) -> dict[str, int]:
        """All values of an evaluation: those before, this one, and the later ones that are to be at their safest."""
        values = {**before, name: value}
        for later in safest:
            row = VARIED[later].from_safest(self.grid(later, values))
            values[later] = next((one for one in row if not self.forbids({**values, later: one})), row[0])
        return values


class _Row:
    """The values of one term from the safest on, and what they were found to cost; a value that the protocol forbids is left out of
    `places`."""

    def __init__(self, search: TermSearch, row: tuple[int, ...], values: Callable[[int], Values]) -> None:
        self._search, self.row, self.values = search, row, values
        self.tried: dict[int, Evaluation] = {}
        self.places = [place for place, value in enumerate(row) if not search.forbids(values(value))]

    def last_up_to(self, value: int) -> int:
        """The last place of a rising row that is not beyond a value, or the first one."""
        return max(0, bisect_right([self.row[place] for place in self.places], value) - 1)

    def forbidden_before(self, place: int) -> tuple[str, str] | None:
        """Name and sentence of the bound of the protocol that ends the row on the safe side; None if it is not what ends it there."""
        return self._search.forbids(self.values(self.row[place - 1])) if place and place == self.places[0] else None

    def asks(self, holds: Callable[[Evaluation], bool]) -> Holds:
        """The predicate that a search takes."""
        return lambda place: holds(self._evaluated(self.places[place]))

    def binding(self, place: int) -> str:
        """What keeps the term from going one step further; empty if there is none."""
        beyond = place + 1
        if beyond == len(self.row):
            return ""
        forbidden = self._search.forbids(self.values(self.row[beyond]))
        return forbidden[0] if forbidden else BINDING[self._evaluated(beyond).broken[0]]

    def _evaluated(self, place: int) -> Evaluation:
        if place not in self.tried:
            self.tried[place] = self._search.evaluate(self.values(self.row[place]))
        return self.tried[place]
