"""The terms that a recommendation can vary: what is looked for, on which grid, and what pool and book become with other values.

Values are integers as in `PoolFile`: WAD for ratios and plain numbers, asset base units for amounts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ringfence.inputs.book import LIMIT, Book
from ringfence.inputs.bounds import BOUNDS, shown_decimal
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, RATIO_DIGITS, TRANSFER_LIMIT, PoolFile, terms_with_stand_ins
from ringfence.model import limits
from ringfence.model.limits import MAX_PENALTY
from ringfence.model.terms import WAD

HIGHEST, LARGEST, SMALLEST = "highest", "largest", "smallest"
BISECT, PROBE, GALLOP, SCAN = "bisect", "probe", "gallop", "scan"
LEAST_DIGITS = 4
"""Behind the point of an LTV that follows another, so that a person can read it."""
PERCENT = WAD // 100
TENTH = WAD // 1000
MINUTE = 60
CAP_STEPS, MOST_SIZE = 20, 10
RESERVE_STEPS, RESERVE_PART = 1000, 4
FUND_STEPS = 50
BORROW_STEPS = 40


@dataclass(frozen=True, slots=True)
class Varied:
    """A term that can be varied: which end of its grid is wanted, how it is searched, and what its values are."""

    name: str
    goal: str
    search: str
    is_amount: bool
    unit: str

    @property
    def wants_more(self) -> bool:
        """Whether the largest value is wanted."""
        return self.goal != SMALLEST

    @property
    def is_ordered(self) -> bool:
        """Whether loss should never fall from one value to the next in the direction that is wanted."""
        return self.search != SCAN

    def digits(self, pool: PoolFile) -> int:
        """Behind the point of its values."""
        return pool.asset_decimals if self.is_amount else RATIO_DIGITS

    def shown(self, value: int, pool: PoolFile) -> str:
        """A value as a terms file spells it."""
        return shown_decimal(value, self.digits(pool))

    def from_safest(self, grid: Sequence[int]) -> tuple[int, ...]:
        """The grid, which rises, from the safest value to the one that is wanted most."""
        return tuple(grid if self.wants_more else reversed(grid))


VARIED: Mapping[str, Varied] = {
    term.name: term
    for term in (
        Varied("liq_ltv", HIGHEST, PROBE, False, "part of the collateral's worth"),
        Varied("supply_cap", LARGEST, GALLOP, True, "asset"),
        Varied("borrow_cap", LARGEST, GALLOP, True, "asset"),
        Varied("reserve", SMALLEST, BISECT, True, "asset"),
        Varied("backstop_max_assets", SMALLEST, BISECT, True, "asset"),
        Varied("penalty", SMALLEST, SCAN, False, "part of the debt sold"),
        Varied("incentive_base", SMALLEST, SCAN, False, "part of the payment"),
        Varied("incentive_rise", SMALLEST, SCAN, False, "part of the payment a second"),
        Varied("incentive_slope", SMALLEST, SCAN, False, "part of the payment per missing health"),
        Varied("incentive_max", SMALLEST, SCAN, False, "part of the payment"),
        Varied("premium", SMALLEST, SCAN, False, "part of the interest"),
    )
}
IN_TERMS = frozenset(VARIED) - {"reserve", "backstop_max_assets"}
CAP_NAMES = {"supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}
FOLLOW = ("max_ltv", "target_ltv")
"""They keep their proportion to liq_ltv."""


def value_of(name: str, pool: PoolFile) -> int | None:
    """What the file says; None for a cap that it does not set, and for the limit of a backstop that it does not have."""
    if name == "reserve":
        return pool.reserve
    if name == "backstop_max_assets":
        return pool.fund.max_assets if pool.fund else None
    value: int = getattr(pool.terms, name)
    return None if value == CAP_NAMES.get(name) else value


def default_grid(name: str, pool: PoolFile, debt: int) -> tuple[int, ...]:
    """The values that are tried unless others are given, rising; those of amounts follow what is in the pool, `debt` (asset base units)
    among it. What the file says is one of them, so that no answer is worse."""
    grid, own = _spread(name, pool, debt), value_of(name, pool)
    return grid if own is None or not grid[0] < own < grid[-1] else _distinct([*grid, own])


def _spread(name: str, pool: PoolFile, debt: int) -> tuple[int, ...]:
    """The values in even steps, but for the ends of what there is."""
    match name:
        case "liq_ltv":
            return _steps(500 * TENTH, 985 * TENTH, 5 * TENTH)
        case "supply_cap":
            step = _round(pool.supply // CAP_STEPS)
            return _distinct([*_steps(step, min(MOST_SIZE * pool.supply, MAX_SUPPLY_CAP), step), pool.supply])
        case "borrow_cap":
            last, step = min(pool.supply, MAX_BORROW_CAP), _round(debt // CAP_STEPS)
            return _distinct([*_steps(step, debt, step), *_from(debt, last, _round((last - debt) // BORROW_STEPS)), last])
        case "reserve":
            # In a pool whose cap has become small the reserve of the file may be more than that part.
            step = _round(pool.supply // RESERVE_STEPS)
            return _distinct([*_steps(0, pool.supply // RESERVE_PART + step, step), pool.reserve])
        case "backstop_max_assets":
            most = pool.fund.assets if pool.fund else 0
            return _distinct([*_steps(0, most, _round(most // FUND_STEPS)), most])
        case "penalty":
            return _steps(0, MAX_PENALTY, 5 * TENTH)
        case "incentive_base":
            return _steps(0, 15 * PERCENT, 25 * TENTH // 10)
        case "incentive_max":
            return _steps(0, 30 * PERCENT, 5 * TENTH)
        case "incentive_rise":
            return _distinct([-(-k * TENTH // (2 * MINUTE)) for k in range(21)])
        case "incentive_slope":
            return _steps(0, 5 * WAD, WAD // 4)
        case _:
            return _steps(0, WAD // 2, PERCENT)


@dataclass(frozen=True, slots=True)
class Loans:
    """What bounds ask of a book: all debts, the smallest one there is, and the largest debt or collateral (base units)."""

    debt: int
    smallest: int
    largest: int

    @classmethod
    def of(cls, book: Book) -> "Loans":
        """Of a book with debts."""
        return cls(sum(book.debt), min(owed for owed in book.debt if owed), max(*book.debt, *book.collateral))

    def times(self, size: tuple[int, int]) -> "Loans":
        """All loans in a proportion (numerator, denominator)."""
        return Loans(*(part * size[0] // size[1] for part in (self.debt, self.smallest, self.largest)))


def pool_with(pool: PoolFile, values: Mapping[str, int]) -> PoolFile:
    """The pool with these values; what follows from them is as docs/recommend.md says. No values: as it is."""
    terms = pool.terms
    if "liq_ltv" in values:
        follow: dict[str, Any] = {name: _in_proportion(getattr(terms, name), values["liq_ltv"], terms.liq_ltv) for name in FOLLOW}
        terms = replace(terms, liq_ltv=values["liq_ltv"], **follow)
    is_one_number = terms.incentive_base == terms.incentive_max and terms.incentive_rise == terms.incentive_slope == 0
    if is_one_number and "incentive_base" in values and "incentive_max" not in values:
        terms = replace(terms, incentive_max=values["incentive_base"])
    plain: dict[str, Any] = {name: value for name, value in values.items() if name in IN_TERMS and name != "liq_ltv"}
    fund = pool.fund
    if fund and "backstop_max_assets" in values:
        most = values["backstop_max_assets"]
        fund = replace(fund, max_assets=most) if most else None
    supply, reserve = values.get("supply_cap", pool.supply), values.get("reserve", pool.reserve)
    return replace(pool, terms=replace(terms, **plain), supply=supply, reserve=reserve, fund=fund)


def size_of(pool: PoolFile, debt: int, values: Mapping[str, int]) -> tuple[int, int]:
    """How many times (numerator, denominator) the loans of a pool with so much debt, and their collateral, are when it is filled to its
    caps; under 1 for caps smaller than what is there."""
    if "borrow_cap" in values:
        return values["borrow_cap"], debt
    supply = values.get("supply_cap", pool.supply)
    # A borrow cap that the file sets ends what is borrowed, however much is lent.
    return (supply, pool.supply) if debt * supply <= pool.terms.borrow_cap * pool.supply else (pool.terms.borrow_cap, debt)


def grown(book: Book, size: tuple[int, int]) -> Book:
    """All loans of the book, and their collateral, in this proportion, down to base units; no loan is left without any collateral."""
    numerator, denominator = size
    if numerator == denominator:
        return book
    return replace(
        book,
        collateral=tuple(max(held * numerator // denominator, min(held, 1)) for held in book.collateral),
        debt=tuple(owed * numerator // denominator for owed in book.debt),
        rows=(),
    )


def forbidden(pool: PoolFile, loans: Loans) -> tuple[str, str] | None:
    """The name and the sentence of the first bound of the protocol that such a pool breaks; None if it may be."""
    terms = pool.terms
    if broken := limits.broken(terms_with_stand_ins(terms)):
        return broken[0], BOUNDS[broken[0]].sentence
    others = (
        (loans.debt <= terms.borrow_cap, "pool: borrow cap reached", "the debt must be at most borrow_cap"),
        (loans.debt <= pool.supply, "pool: not enough cash", "the debt must be at most the supply"),
        (pool.supply <= terms.supply_cap, "pool: supply cap reached", "the supply must be at most supply_cap"),
        (loans.smallest >= terms.min_debt, "pool: debt under min_debt", "no debt may be under min_debt"),
        (loans.largest < LIMIT and pool.supply < TRANSFER_LIMIT, "pool: over 128 bits", "no amount may have more than 128 bits"),
    )
    return next(((name, sentence) for holds, name, sentence in others if not holds), None)


def _in_proportion(value: int, new: int, old: int) -> int:
    """value * new / old, down to as many digits as the value has, four at least."""
    if new == old:
        return value
    digits = max(LEAST_DIGITS, len(shown_decimal(value, RATIO_DIGITS).partition(".")[2]))
    unit: int = 10 ** (RATIO_DIGITS - digits)
    return value * new // old // unit * unit


def _round(step: int) -> int:
    """A step of two digits, down; 1 at least."""
    unit: int = 10 ** max(0, len(str(step)) - 2)
    return max(1, step // unit * unit)


def _from(first: int, last: int, step: int) -> tuple[int, ...]:
    """What is there, and the multiples of the step beyond it."""
    return (first, *range((first // step + 1) * step, last + 1, step))


def _steps(first: int, last: int, step: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1, step))


def _distinct(values: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted(set(values)))
