"""`lab/term_search.py` and `lab/answers.py`: the order of the terms, their grids and ends, on losses that are made up, so that everything
can be looked at."""

import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from ringfence.inputs.book import Book
from ringfence.inputs.grids import read_grids
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.stress_result import Metric
from ringfence.inputs.varied_terms import VARIED
from ringfence.lab.answers import answers_of, binding_of, search_notices, why_not
from ringfence.lab.intervals import Interval
from ringfence.lab.judge import LENDERS_ES99, LENDERS_MEAN, LENDERS_PROB, POOL_ES99, Evaluation
from ringfence.lab.term_search import Found, Nowhere, TermSearch
from ringfence.model.terms import WAD
from tests.unit.lab.recommend_worlds import BOOK, POOL, TERMS, USDC

STEPS = 12
GRIDS = {"liq_ltv": "0.80:0.91:0.01", "supply_cap": "120000:208000:8000", "reserve": "0:1100:100"}
NAMES = tuple(GRIDS)
FILED = {"liq_ltv": 5, "supply_cap": 5, "reserve": 6}
"""The places of what the pool has, counted from the safest: 0.85, 160,000 and a reserve of 500."""
LEVEL = {name: [float(name != "supply_cap")] * (STEPS - 1) for name in NAMES}
"""Rises of 1 at each step of each term but the cap."""


class Losses:
    """An evaluator of made-up losses: the more, the further any term is from its safest; it counts how many pools it was asked about."""

    def __init__(self, steps: dict[str, list[float]], bound: float, width: float = 0.2) -> None:
        self.sums = {name: [0.0, *np.cumsum(rises).tolist()] for name, rises in steps.items()}
        self.bound, self.width, self.asked = bound, width, set[tuple[int, int, int]]()

    def places(self, pool: PoolFile) -> tuple[int, int, int]:
        """How far each term of a pool is from its safest."""
        ltv, size, reserve = pool.terms.liq_ltv * 100 // WAD - 80, pool.supply // (8000 * USDC) - 15, 11 - pool.reserve // (100 * USDC)
        return ltv, size, reserve

    def at(self, places: tuple[int, int, int]) -> float:
        """The loss there."""
        return 1.0 + sum(self.sums[name][place] for name, place in zip(NAMES, places, strict=True))

    def of(self, book: Book, pool: PoolFile) -> Evaluation:
        """As the real one: a figure, an interval around it, and nothing likely."""
        places = self.places(pool)
        assert sum(book.debt) * 160_000 == pytest.approx(sum(BOOK.debt) * pool.supply / USDC, abs=10**7)  # down to base units
        self.asked.add(places)
        value = self.at(places)
        figure = Metric(value, value * (1 - self.width), value * (1 + self.width), "bp of supply", "")
        rare = Metric(value / 1e4, 0.0, value / 1e3, "probability", "")
        metrics = {LENDERS_ES99: figure, POOL_ES99: figure, LENDERS_MEAN: figure, LENDERS_PROB: rare}
        return Evaluation(metrics, np.array([value]), {LENDERS_ES99: self.bound})

    def more(self, other: Evaluation, than: Evaluation) -> Interval:
        """As the real one, of one path."""
        rise = float((other.lenders - than.lenders)[0])
        return Interval(rise, rise, rise)


def search(losses: Losses, vary: tuple[str, ...], pool: PoolFile = POOL) -> tuple[TermSearch, list[Found] | Nowhere]:
    """What is found among the grids of these terms."""
    made = TermSearch(BOOK, pool, vary, read_grids({name: GRIDS[name] for name in vary}, vary, pool), losses, lambda _: None)  # type: ignore[arg-type]
    return made, made.run()


def looked_at(losses: Losses, vary: tuple[str, ...]) -> dict[str, int] | None:
    """The places that looking at every one of them gives."""
    found: dict[str, int] = {}
    for number, name in enumerate(vary):
        for later in ({}, dict.fromkeys(vary[number + 1 :], 0)):
            at = {**FILED, **found, **later}
            held = [place for place in range(STEPS) if losses.at(tuple((at | {name: place})[n] for n in NAMES)) <= losses.bound]  # type: ignore[arg-type]
            if held:
                found[name] = held[-1]
                break
        else:
            return None
    return found


def test_a_search_finds_what_looking_everywhere_finds() -> None:
    """Random rising losses, two and three terms in any order, any bound: the same answers, the same absence of one, and few evaluations."""
    draw = random.Random(21)
    outcomes = dict.fromkeys(("none", "safest", "found", "ends", "smaller"), 0)
    for _ in range(400):
        steps = {name: [draw.choice((0.0, draw.random(), 10 * draw.random())) for _ in range(STEPS - 1)] for name in NAMES}
        vary = tuple(draw.sample(NAMES, draw.randint(1, 3)))
        losses = Losses(steps, bound=60 * draw.random() ** 2)
        expected = looked_at(losses, vary)
        _, found = search(losses, vary)
        assert len(losses.asked) <= 16 * len(vary)
        if isinstance(found, Nowhere):
            assert expected is None
            outcomes["none"] += 1
            assert found.nearest is not None
            assert found.nearest.metrics[LENDERS_ES99].value == min(losses.at(places) for places in losses.asked) > losses.bound
            continue
        assert {one.term.name: one.place for one in found} == expected
        outcomes["found"] += 1
        outcomes["safest"] += any(one.safest for one in found)
        outcomes["ends"] += any(one.next is None for one in found)
        outcomes["smaller"] += any(one.term.name == "supply_cap" and one.place < FILED["supply_cap"] for one in found)
    assert min(outcomes.values()) >= 25, outcomes


def test_an_interval_ends_where_that_of_the_figure_leaves_the_bound() -> None:
    """On the safe side the upper end, on the other the lower one; where no value surely keeps it, the safest and its mark. Of what is
    wanted small the safe side is the high one."""
    draw = random.Random(22)
    inside = dict.fromkeys(("liq_ltv", "reserve"), 0)
    for name in tuple(inside) * 200:
        steps = {term: [part * draw.random() for part in LEVEL[term]] for term in NAMES}
        losses = Losses(steps, bound=1.0 + 8 * draw.random(), width=0.3)
        made, found = search(losses, (name,))
        if isinstance(found, Nowhere):
            continue
        (one,) = found
        at = [losses.at(tuple((FILED | {name: place})[n] for n in NAMES)) for place in range(STEPS)]  # type: ignore[arg-type]
        surely = [place for place, value in enumerate(at) if value * 1.3 <= losses.bound]
        perhaps = [place for place, value in enumerate(at) if value * 0.7 <= losses.bound]
        assert one.surely == (surely[-1] if surely else None)
        assert one.perhaps == perhaps[-1]
        (answer,) = answers_of(found, made, losses, POOL)  # type: ignore[arg-type]
        safest, furthest = (shown(name, place) for place in (surely[-1] if surely else 0, perhaps[-1]))
        marks = (not surely, perhaps[-1] == STEPS - 1)
        assert (answer.low, answer.high) == ((safest, furthest) if name == "liq_ltv" else (furthest, safest))
        assert (answer.low_is_end, answer.high_is_end) == (marks if name == "liq_ltv" else marks[::-1])
        inside[name] += bool(surely) and perhaps[-1] < STEPS - 1
    assert min(inside.values()) > 20, inside


def shown(name: str, place: int) -> str:
    """The value at a place, as a file has it."""
    return f"0.{80 + place}".rstrip("0") if name == "liq_ltv" else str(1100 - 100 * place)


def test_one_step_further_is_taken_with_all_others_at_their_answers() -> None:
    """From there, not from the file: the next value costs what the made-up losses say."""
    losses = Losses(LEVEL, bound=8.5)
    made, found = search(losses, ("liq_ltv", "reserve"))
    assert isinstance(found, list)
    assert [one.place for one in found] == [1, 6]
    first, second = answers_of(found, made, losses, POOL)  # type: ignore[arg-type]
    assert first.next is not None
    assert second.next is not None
    assert (first.next.value, first.next.loss_es99.value) == ("0.82", 9.0)  # type: ignore[union-attr]
    assert (second.next.value, second.next.loss_es99.value) == ("400", 9.0)  # type: ignore[union-attr]
    assert "0.50 bp of supply over the bound; the mean loss of lenders 1.00 bp more" in first.next.cost
    assert (first.step, second.step, second.before) == ("0.01", "100", "500")
    assert binding_of([second, first]) == ("loss_es99",)


def test_a_lowest_ltv_that_sells_the_whole_book_at_once_is_no_reason_to_give_up() -> None:
    """At the lowest values every loan is for sale at the start, which costs more than a higher one: the answer is further up,
    and the disorder is told."""
    losses = Losses(LEVEL, bound=11.0)
    losses.sums["liq_ltv"] = [40.0, 30.0, 20.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    _, found = search(losses, ("liq_ltv",))
    assert isinstance(found, list)
    assert found[0].value == 87 * WAD // 100
    assert found[0].safest == ()
    assert list(search_notices(found, POOL))[-1] == "liq_ltv: loss is not in order, it is surely larger at 0.8 than at 0.85"
    nothing = search(Losses(LEVEL, bound=0.5), ("liq_ltv",))[1]
    assert isinstance(nothing, Nowhere)


def test_constraints_are_named_once_the_bounds_first() -> None:
    """Then those of the protocol, then ends of grids; whatever the order of the terms."""
    losses = Losses({name: [0.0] * (STEPS - 1) for name in NAMES}, bound=8.5)
    narrow = replace(POOL, terms=replace(TERMS, incentive_base=15 * WAD // 100, incentive_max=15 * WAD // 100))
    made, found = search(losses, ("reserve", "liq_ltv"), narrow)
    assert isinstance(found, list)
    answers = answers_of(found, made, losses, narrow)  # type: ignore[arg-type]
    assert [answer.value for answer in answers] == ["0", "0.86"]
    assert binding_of(answers) == ("terms: incentive over margin", "end of the grid of reserve")
    bound = replace(answers[0], binding="loss_es99")
    assert binding_of([*answers, bound, bound]) == ("loss_es99", "terms: incentive over margin", "end of the grid of reserve")
    assert answers[0].step == "100"
    assert list(search_notices(found, narrow)) == ["reserve: its interval reaches the end of the grid, 0"]


def test_values_that_the_protocol_forbids_are_never_evaluated() -> None:
    """Nor taken for the safest: those before a first one that may be are passed over."""
    losses = Losses({name: [step / 10 for step in steps] for name, steps in LEVEL.items()}, bound=1.35)
    narrow = replace(POOL, terms=replace(TERMS, incentive_base=15 * WAD // 100, incentive_max=15 * WAD // 100))
    vary = ("liq_ltv",)
    made = TermSearch(
        BOOK,
        replace(narrow, reserve=1100 * USDC),
        vary,
        {"liq_ltv": (0, *range(80 * WAD // 100, 92 * WAD // 100, WAD // 100))},
        losses,
        print,
    )  # type: ignore[arg-type]
    found = made.run()
    assert isinstance(found, list)
    assert found[0].value == 83 * WAD // 100
    assert {ltv for ltv, _, _ in losses.asked} <= set(range(7))
    at_limit = TermSearch(BOOK, narrow, vary, {"liq_ltv": (0, 87 * WAD // 100)}, losses, print).run()  # type: ignore[arg-type]
    assert isinstance(at_limit, Nowhere)
    assert at_limit.forbidden is not None


def test_a_cap_is_looked_for_under_what_is_there_down_to_the_smallest_debt() -> None:
    """What is lent now is no reason to lend as much; min_debt ends it by its own name where even the smallest pool breaks the bound."""
    small = replace(POOL, terms=replace(TERMS, min_debt=1700 * USDC))
    rising = {**LEVEL, "supply_cap": [1.0] * (STEPS - 1)}
    _, found = search(Losses(rising, bound=15.5), ("supply_cap",), small)
    assert isinstance(found, list)
    assert (found[0].value, found[0].binding, found[0].safest) == (144_000 * USDC, "loss_es99", ())
    losses = Losses(rising, bound=13.5)
    made, nowhere = search(losses, ("supply_cap",), small)
    assert isinstance(nowhere, Nowhere)
    assert nowhere.values == {"supply_cap": 136_000 * USDC}
    assert nowhere.forbidden == ("pool: debt under min_debt", "no debt may be under min_debt")
    losses.without = lambda *_: {}  # type: ignore[attr-defined]
    told = why_not(nowhere, losses, made, small)  # type: ignore[arg-type]
    assert told.startswith("nearest comes supply_cap 136,000, where lenders' ES 99 % would be 14.0 bp of supply")
    assert told.endswith("; no safer supply_cap may be: no debt may be under min_debt")
    free = search(losses, ("supply_cap",))[1]
    assert isinstance(free, list)
    assert free[0].value == 128_000 * USDC
    assert search(Losses(rising, bound=1.0), ("supply_cap",))[1].forbidden is None  # type: ignore[union-attr]


def test_a_cap_is_searched_from_what_is_there() -> None:
    """Of a pool whose tiny loans nobody would buy the present size holds, and that is where the search begins; of a grid that begins
    beyond it, the first value is."""
    losses = Losses(LEVEL, bound=14.5)
    losses.sums["supply_cap"] = [9.0, 9.0, 9.0, 9.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    _, found = search(losses, ("supply_cap",))
    assert isinstance(found, list)
    assert found[0].value == 176_000 * USDC
    assert all(size > 3 for _, size, _ in losses.asked)
    made = TermSearch(BOOK, POOL, ("supply_cap",), {"supply_cap": (168_000 * USDC, 192_000 * USDC)}, losses, print)  # type: ignore[arg-type]
    assert [one.value for one in made.run()] == [168_000 * USDC]  # type: ignore[union-attr]
    nearest = TermSearch(BOOK, POOL, ("supply_cap",), {"supply_cap": (168_000 * USDC,)}, Losses(LEVEL, 1.0), print).run()  # type: ignore[arg-type]
    assert isinstance(nearest, Nowhere)


@pytest.mark.parametrize("name", VARIED)
def test_order_is_expected_of_some_terms_only(name: str) -> None:
    """A surely larger loss at a safer value is told of those that are searched by halves, and of no others."""
    worse, better = Losses({n: [0.0] * 11 for n in NAMES}, 1.0), Losses({n: [0.0] * 11 for n in NAMES}, 1.0)
    worse.sums["liq_ltv"] = [9.0] * 12
    tried = {0: worse.of(BOOK, POOL), 3: better.of(BOOK, POOL), 5: better.of(BOOK, POOL)}
    found = Found(VARIED[name], (10, 11, 12, 13, 14, 15), 5, 5, 5, "", tried, ())
    ordered = name in ("liq_ltv", "supply_cap", "borrow_cap", "reserve", "backstop_max_assets")
    assert found.reversals == ([(10, 13), (10, 15)] if ordered else [])
    assert found.next is None
    assert all(one < other for one, other in pairwise(found.row))
