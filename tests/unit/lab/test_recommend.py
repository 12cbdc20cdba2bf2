"""`lab/recommend.py`: the answers are those of looking at everything, in the order given, and each says what it rests on."""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("numba", reason="stress needs the lab extra")

from ringfence.inputs.book import Book
from ringfence.inputs.errors import InputError, NoAnswer
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.recommend_result import Answer, RecommendResult, recommended_text
from ringfence.inputs.scenario import Lenders, Market
from ringfence.lab.recommend import recommend
from ringfence.lab.stress import stress
from ringfence.model.terms import WAD
from tests.unit.lab.recommend_worlds import BOOK, DAY, POOL, PRICE, SETTING, TERMS, USDC, WILD, covered

LTVS = {text: int(text[2:]) * 10 ** (20 - len(text)) for text in ("0.8", "0.82", "0.84", "0.86", "0.88", "0.9", "0.92", "0.94")}
RESERVES = [250 * n for n in range(9)]
CAPS = [128_000, 144_000, 160_000, 176_000, 192_000, 208_000]
GRIDS = {"liq_ltv": "0.80:0.94:0.02", "reserve": "0:2000:250", "supply_cap": "128000:208000:16000"}


def of(book: Book = BOOK, pool: PoolFile = POOL, **more: Any) -> RecommendResult:
    """A recommendation for the small pool, without what lies around."""
    return recommend(book, pool, more.pop("scenario", WILD), **{"start_price": PRICE, "around": False, **SETTING, **more})


def figure(book: Book, pool: PoolFile, name: str = "lender_loss_es99", end: str = "value") -> float:
    """What a stress run says of a pool: the figure, or an end of its interval."""
    found: float = getattr(stress([(book, pool)], WILD, start_prices=[PRICE], **SETTING, causes=False).metrics[name], end)
    return found


class World:
    """The pool with any values of three terms, made by hand, and what its lenders lose."""

    def __init__(self, end: str = "value") -> None:
        self.end, self.known = end, dict[tuple[int, int, int], float]()

    def es99(self, ltv: int, cap: int, reserve: int) -> float:
        if (ltv, cap, reserve) not in self.known:
            terms = replace(TERMS, liq_ltv=ltv, max_ltv=ltv * 80 // 85, supply_cap=cap * USDC)
            book = replace(
                BOOK,
                debt=tuple(owed * cap // 160_000 for owed in BOOK.debt),
                collateral=tuple(held * cap // 160_000 for held in BOOK.collateral),
            )
            pool = replace(POOL, terms=terms, supply=cap * USDC, reserve=reserve * USDC)
            self.known[ltv, cap, reserve] = figure(book, pool, end=self.end)
        return self.known[ltv, cap, reserve]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def furthest(world: World, vary: tuple[str, ...], most: float) -> dict[str, int] | None:
    """The answer by looking at every value of every grid: lexicographic, later terms as the pool has them, at their
    safest where their grid does not hold that, else all at their safest."""
    ends = {"liq_ltv": list(LTVS.values()), "supply_cap": CAPS, "reserve": RESERVES[::-1]}
    filed, names = {"liq_ltv": TERMS.liq_ltv, "supply_cap": 160_000, "reserve": 500}, ("liq_ltv", "supply_cap", "reserve")
    found: dict[str, int] = {}
    for place, name in enumerate(vary):
        barred = {other: ends[other][0] for other in vary[place + 1 :] if filed[other] not in ends[other]}
        for later in (barred, {other: ends[other][0] for other in vary[place + 1 :]}):
            held = [value for value in ends[name] if world.es99(*({**filed, **found, **later, name: value}[n] for n in names)) <= most]
            if held:
                found[name] = held[-1]
                break
        else:
            return None
    return found


def answered(result: RecommendResult) -> dict[str, int]:
    scale = {"liq_ltv": WAD, "supply_cap": 1, "reserve": 1}
    return {answer.term: round(float(answer.value) * scale[answer.term]) for answer in result.answers}


BRUTE = [
    (("liq_ltv", "reserve"), 90.0),
    (("reserve", "liq_ltv"), 90.0),
    (("liq_ltv", "reserve"), 30.0),
    (("liq_ltv", "reserve"), 3.0),
    (("supply_cap", "liq_ltv"), 150.0),
    (("liq_ltv", "supply_cap", "reserve"), 120.0),
    (("reserve", "supply_cap", "liq_ltv"), 120.0),
    (("supply_cap", "reserve", "liq_ltv"), 40.0),
    (("reserve", "liq_ltv", "supply_cap"), 400.0),
    (("liq_ltv",), 1000.0),
    (("liq_ltv",), 5.0),
    (("liq_ltv", "supply_cap"), 20.0),
    (("supply_cap",), 40.0),
    (("supply_cap", "liq_ltv"), 30.0),
]


@pytest.mark.parametrize(("vary", "most"), BRUTE, ids=str)
def test_the_answer_is_that_of_looking_at_every_value(world: World, vary: tuple[str, ...], most: float) -> None:
    """Two and three terms, either order; every figure of the brute force is a stress run of files made by hand."""
    expected = furthest(world, vary, most)
    if expected is None:
        with pytest.raises(NoAnswer):
            of(vary=vary, max_es99_bps=most, grids={name: GRIDS[name] for name in vary})
        return
    result = of(vary=vary, max_es99_bps=most, grids={name: GRIDS[name] for name in vary})
    assert {name: round(value) for name, value in answered(result).items()} == expected
    assert result.loss_es99.value <= most
    assert result.evaluations < 40


@pytest.fixture(scope="module")
def upper() -> World:
    """As `world`, of the upper ends of intervals."""
    return World("high")


SURE = [(("liq_ltv",), 150.0), (("supply_cap", "reserve"), 150.0), (("reserve", "liq_ltv"), 150.0), (("liq_ltv",), 5.0)]


@pytest.mark.parametrize(("vary", "most"), SURE, ids=str)
def test_a_sure_answer_is_that_of_looking_at_every_upper_end(upper: World, world: World, vary: tuple[str, ...], most: float) -> None:
    """It is the safe end of its own interval, and what one step further breaks is the upper end."""
    expected = furthest(upper, vary, most)
    given: dict[str, Any] = {"vary": vary, "max_es99_bps": most, "sure": True, "grids": {name: GRIDS[name] for name in vary}}
    if expected is None:
        with pytest.raises(NoAnswer, match=r"its upper end [\d.,]+ bp of supply over the bound of 5.00 bp of supply"):
            of(**given)
        return
    result = of(**given)
    assert {name: round(value) for name, value in answered(result).items()} == expected != furthest(world, vary, most)
    assert result.loss_es99.high <= most
    assert result.options["sure"] is True
    first = result.answers[0]
    assert first.value == (first.low if first.goal != "smallest" else first.high)
    assert (
        first.binding in ("loss_es99", f"end of the grid of {first.term}"),
        "the whole interval within 150.0 bp of supply" in first.sentence,
    ) == (True, True)
    if first.next is None:
        return
    assert first.next.loss_es99 is not None
    assert f"its upper end {first.next.loss_es99.high - most:,.1f}"[:16] in first.next.cost
    assert [line for line in result.notices if "the worst 1 % of 300 futures are too few for a sure interval; more paths tell" in line]
    assert "by the whole interval," in recommended_text(result.pool, result.answers, result.options)


def test_a_sure_answer_may_be_called_kept() -> None:
    """Of paths enough: the verdict of the run at it, which without it is in doubt."""
    given: dict[str, Any] = {"vary": "liq_ltv", "max_es99_bps": 250.0, "grids": {"liq_ltv": GRIDS["liq_ltv"]}, "paths": 1000}
    plain, sure = of(**given), of(**given, sure=True)
    assert (plain.stress.defaults, plain.stress.verdict().kind, sure.stress.verdict().kind) == ((), "unsure", "held")
    assert float(sure.answers[0].value) < float(plain.answers[0].value)
    assert plain.answers[0].low == sure.answers[0].value
    assert "sure" not in plain.options
    assert [line for line in sure.notices if "not sure" in line] == []
    rare = of(vary="liq_ltv", max_prob=0.001, grids={"liq_ltv": "0.5,0.55"}, sure=True, horizon=3600)
    assert [line for line in rare.notices if "none in 300 futures still allows a probability of 1 %" in line]


def test_the_brute_force_knows_every_kind_of_answer(world: World) -> None:
    """Among its cases are answers within a grid, at its end, with the later terms at their safest, and none."""
    found = [furthest(world, vary, most) for vary, most in BRUTE]
    assert None in found
    assert {"liq_ltv": LTVS["0.94"]} in found
    assert sum(one is not None and 0 < one.get("reserve", 0) < 2000 for one in found) >= 2
    assert sum(one is not None and 128_000 < one.get("supply_cap", 160_000) < 160_000 for one in found) >= 1
    assert world.es99(LTVS["0.8"], 160_000, 500) <= 30 < world.es99(LTVS["0.82"], 160_000, 500)


def test_the_run_at_the_answer_is_the_recommendation_to_the_last_bit() -> None:
    """The figures, the pool and the book are those of the stress run that comes with it, and of one made anew."""
    grids = {name: GRIDS[name] for name in ("liq_ltv", "reserve")}
    result = of(vary="liq_ltv, reserve", max_es99_bps=100.0, max_prob=0.02, grids=grids)
    names = {
        "lender_loss_es99": result.loss_es99,
        "prob_significant_lender_loss": result.prob_significant_loss,
        "loss_es99": result.pool_loss_es99,
        "lender_loss_mean": result.loss_mean,
    }
    again = stress([(result.book, result.pool)], WILD, start_prices=[PRICE], **SETTING)
    for name, metric in names.items():
        assert metric == result.stress.metrics[name] == again.metrics[name]
    assert result.stress.options["bounds"] == {"lender_loss_es99": 100.0, "prob_significant_lender_loss": 0.02}
    assert all(check.held for check in result.stress.checks())


def test_an_interval_is_where_the_figures_interval_meets_the_bound(world: World) -> None:
    """At its ends and beyond them, by stress runs: the upper end of the interval keeps the bound at the safe end and no further, the lower
    end at the other."""
    most = 90.0
    result = of(vary=("liq_ltv", "reserve"), max_es99_bps=most, grids={name: GRIDS[name] for name in ("liq_ltv", "reserve")})
    first, second = result.answers
    filed = {value: stress_at(ltv, 500) for value, ltv in LTVS.items()}
    surely = [value for value, metric in filed.items() if metric.high <= most]
    perhaps = [value for value, metric in filed.items() if metric.low <= most]
    assert (first.low, first.high) == (surely[-1], perhaps[-1])
    assert (first.low_is_end, first.high_is_end) == (False, perhaps[-1] == "0.94")
    at = {reserve: stress_at(LTVS[first.value], reserve) for reserve in RESERVES}
    surely_kept = [reserve for reserve, metric in at.items() if metric.high <= most]
    perhaps_kept = [reserve for reserve, metric in at.items() if metric.low <= most]
    assert second.low == str(perhaps_kept[0])
    assert second.high == (str(surely_kept[0]) if surely_kept else "2000")
    assert second.high_is_end == (not surely_kept)


def stress_at(ltv: int, reserve: int) -> Any:
    pool = replace(POOL, reserve=reserve * USDC, terms=replace(TERMS, liq_ltv=ltv, max_ltv=ltv * 80 // 85))
    return stress([(BOOK, pool)], WILD, start_prices=[PRICE], **SETTING, causes=False).metrics["lender_loss_es99"]


def test_one_step_further_breaks_the_bound_by_what_is_said(world: World) -> None:
    """Its figures are a stress run's, with all other terms at their answers; what binds is that bound."""
    result = of(vary=("liq_ltv", "reserve"), max_es99_bps=90.0, grids={name: GRIDS[name] for name in ("liq_ltv", "reserve")})
    values = answered(result)
    for answer in result.answers:
        assert answer.next is not None
        assert answer.next.loss_es99 is not None
        scale = WAD if answer.term == "liq_ltv" else 1
        beyond = {**values, answer.term: round(float(answer.next.value) * scale)}
        found = stress_at(beyond["liq_ltv"], beyond["reserve"])
        assert (answer.next.loss_es99.value, answer.next.loss_es99.low) == (found.value, found.low)
        assert found.value > 90
        assert f"{found.value - 90:,.2f}"[:3] in answer.next.cost
        assert "over the bound" in answer.next.cost
        assert "mean loss of lenders" in answer.next.cost
        assert answer.binding == "loss_es99"
        assert answer.step == ("0.02" if answer.term == "liq_ltv" else "250")
    assert result.binding == ("loss_es99",)


def test_a_probability_alone_is_a_bound() -> None:
    """What binds is named by it; the answer holds, one step further does not."""
    result = of(vary="liq_ltv", max_prob=0.02, grids={"liq_ltv": GRIDS["liq_ltv"]})
    (answer,) = result.answers
    held = [value for value, ltv in LTVS.items() if probability(ltv) <= 0.02]
    assert answer.value == held[-1] != "0.94"
    assert answer.binding == "prob_significant_loss"
    assert result.prob_significant_loss.value <= 0.02 < answer.next.prob_significant_loss.value  # type: ignore[union-attr]
    larger = of(vary="liq_ltv", max_prob=0.02, significant=0.03, grids={"liq_ltv": GRIDS["liq_ltv"]})
    assert float(larger.answers[0].value) > float(answer.value)


def probability(ltv: int) -> float:
    return figure(BOOK, replace(POOL, terms=replace(TERMS, liq_ltv=ltv, max_ltv=ltv * 80 // 85)), "prob_significant_lender_loss")


def test_a_bound_of_the_protocol_binds_by_its_name() -> None:
    """liq_ltv * (1 + incentive_max) < 1: at an incentive of 5 % no higher than 0.952, whatever the losses."""
    result = of(vary="liq_ltv", max_es99_bps=9000.0)
    (answer,) = result.answers
    assert (answer.value, answer.binding) == ("0.95", "terms: incentive over margin")
    assert answer.next is not None
    assert (answer.next.value, answer.next.legal, answer.next.loss_es99) == ("0.955", False, None)
    assert "liq_ltv * (1 + incentive_max) must be below 1" in answer.next.cost
    assert not answer.high_is_end
    assert result.binding == ("terms: incentive over margin",)


def test_the_end_of_a_grid_binds_and_is_told() -> None:
    """Nothing is said of what lies beyond."""
    result = of(vary="liq_ltv,reserve", max_es99_bps=9000.0, grids={"liq_ltv": "0.8,0.85", "reserve": "0,400"})
    assert [(answer.value, answer.binding) for answer in result.answers] == [
        ("0.85", "end of the grid of liq_ltv"),
        ("0", "end of the grid of reserve"),
    ]
    assert all(answer.next is None for answer in result.answers)
    assert (result.answers[0].high_is_end, result.answers[1].low_is_end) == (True, True)
    assert "liq_ltv: its interval reaches the end of the grid, 0.85; a wider grid goes further" in result.notices
    assert "reserve: its interval reaches the end of the grid, 0" in result.notices


def test_later_terms_go_to_their_safest_only_where_they_must() -> None:
    """With a reserve of 500 no value keeps 25 bp; with the largest of the grid some do, which is told."""
    grids = {"liq_ltv": GRIDS["liq_ltv"], "reserve": GRIDS["reserve"]}
    result = of(vary="liq_ltv,reserve", max_es99_bps=25.0, grids=grids)
    assert stress_at(LTVS["0.8"], 500).value > 25
    told = "liq_ltv: nothing of its grid keeps the bound with reserve as the file has them; found with them safest"
    assert told in result.notices
    assert [one for one in result.notices if one.startswith("reserve: nothing")] == []
    calm = of(vary="liq_ltv,reserve", max_es99_bps=90.0, grids=grids)
    assert [one for one in calm.notices if "safest" in one] == []


def test_no_answer_says_which_bound_by_how_much_and_why() -> None:
    """The figures are those of the safest terms, as a stress run has them."""
    with pytest.raises(NoAnswer) as refused:
        of(vary="liq_ltv,reserve", max_es99_bps=1.0, grids={"liq_ltv": "0.84,0.9", "reserve": "0,600"})
    value = stress_at(LTVS["0.84"], 600).value
    assert f"nearest comes liq_ltv 0.84, reserve 600, where lenders' ES 99 % would be {value:.1f} bp of supply" in str(refused.value)
    assert f"{value - 1:.1f} bp of supply over the bound of 1.00 bp of supply" in str(refused.value)
    for cause in ("the oracle's gap", "the market's depth", "latency and outages"):
        assert f"without {cause}" in str(refused.value)
    with pytest.raises(
        NoAnswer, match="no value of the grid of liq_ltv makes a pool: liq_ltv \\* \\(1 \\+ incentive_max\\) must be below 1"
    ):
        of(vary="liq_ltv", max_es99_bps=1.0, grids={"liq_ltv": "0.96,0.97"})


def test_a_market_is_no_deeper_because_more_is_lent() -> None:
    """Depth that a scenario tells by the book is held in tokens while the book grows, and told; with no cap varied it stays."""
    collateral = sum(BOOK.collateral) / 10**18
    by_book = replace(WILD, market=replace(WILD.market, a=0.002 * collateral, per_book=True))
    grids = {"supply_cap": GRIDS["supply_cap"]}
    held = of(vary="supply_cap", max_es99_bps=160.0, grids=grids, scenario=by_book)
    plain = of(vary="supply_cap", max_es99_bps=160.0, grids=grids)
    assert held.answers == plain.answers
    assert held.stress.scenario["market"]["per_book"] is False
    assert [line for line in held.notices if "held at today's" in line]
    ltv = of(vary="liq_ltv", max_es99_bps=160.0, grids={"liq_ltv": "0.8,0.9"}, scenario=by_book)
    assert ltv.stress.scenario["market"]["per_book"] is True
    assert [line for line in ltv.notices if "held at today's" in line] == []


def test_caps_fill_the_pool_and_a_borrow_cap_ends_what_grows() -> None:
    """Supply, debts and collateral in one proportion; with a borrow cap of the file debts stop there."""
    grown = of(vary="supply_cap", max_es99_bps=9000.0, grids={"supply_cap": "160000,240000"})
    assert (grown.pool.supply, grown.pool.terms.supply_cap) == (240_000 * USDC, 240_000 * USDC)
    assert grown.book.debt == tuple(owed * 3 // 2 for owed in BOOK.debt)
    assert grown.book.collateral == tuple(held * 3 // 2 for held in BOOK.collateral)
    assert (grown.pool.reserve, grown.terms["supply_cap"], grown.answers[0].before) == (POOL.reserve, "240000", None)
    capped = of(
        pool=replace(POOL, terms=replace(TERMS, borrow_cap=140_000 * USDC)),
        vary="supply_cap",
        max_es99_bps=9000.0,
        grids={"supply_cap": "160000,240000"},
    )
    assert sum(capped.book.debt) <= 140_000 * USDC < sum(capped.book.debt) + len(BOOK)
    lent = of(vary="borrow_cap", max_es99_bps=9000.0)
    assert (lent.answers[0].value, lent.pool.supply) == ("160000", POOL.supply)
    assert sum(lent.book.debt) <= POOL.supply < sum(lent.book.debt) + len(BOOK)
    both = of(vary="supply_cap,borrow_cap", max_es99_bps=9000.0, grids={"supply_cap": "160000,240000", "borrow_cap": "200000,230000"})
    assert (both.pool.supply, sum(both.book.debt) // (USDC * 1000)) == (240_000 * USDC, 229)


def test_a_pool_may_have_to_be_smaller_than_the_book_that_describes_its_loans() -> None:
    """Its default grid goes down to a twentieth: loans shrink in proportion, the reserve stays, and both are those of a stress run of files
    made by hand; a market that the book describes is held at the depth for the whole of it."""
    before = figure(BOOK, POOL)
    by_book = replace(WILD, market=replace(WILD.market, a=0.002 * sum(BOOK.collateral) / 10**18, per_book=True))
    result = of(vary="supply_cap", max_es99_bps=before / 3, scenario=by_book)
    (answer,) = result.answers
    cap = int(answer.value)
    assert 8_000 < cap < 160_000
    assert cap % 8_000 == 0
    book = replace(
        BOOK,
        debt=tuple(owed * cap // 160_000 for owed in BOOK.debt),
        collateral=tuple(held * cap // 160_000 for held in BOOK.collateral),
    )
    pool = replace(POOL, terms=replace(TERMS, supply_cap=cap * USDC), supply=cap * USDC)
    assert (result.book.debt, result.book.collateral, result.pool.supply) == (book.debt, book.collateral, pool.supply)
    assert result.loss_es99.value == figure(book, pool) <= before / 3 < answer.next.loss_es99.value  # type: ignore[union-attr]
    assert [line for line in result.notices if "held at today's: a = 0.002 in tokens" in line]
    assert result.stress.metrics["lender_loss_es99"] == result.loss_es99
    lent = of(vary="borrow_cap", max_es99_bps=before / 3)
    assert 0 < sum(lent.book.debt) < sum(BOOK.debt)
    assert lent.pool.supply == POOL.supply
    assert sum(lent.book.debt) <= lent.pool.terms.borrow_cap < sum(lent.book.debt) + len(BOOK)


def test_what_a_backstop_may_pay_can_be_the_smallest() -> None:
    """Less cover loses lenders more: the least that keeps the bound, by stress runs; at 0 there is no backstop to pay."""
    worse = {most: figure(BOOK, covered(most * USDC)) for most in (200, 400, 600, 800, 1000)}
    bound = (worse[400] + worse[600]) / 2
    assert list(worse.values()) == sorted(worse.values(), reverse=True)
    assert worse[400] > worse[600]
    result = of(pool=covered(), vary="backstop_max_assets", max_es99_bps=bound, grids={"backstop_max_assets": "200:1000:200"})
    assert (result.answers[0].value, result.terms["backstop_max_assets"], result.answers[0].before) == ("600", "600", "1000")
    assert result.pool.fund is not None
    assert result.pool.fund.max_assets == 600 * USDC
    none = of(pool=covered(), vary="backstop_max_assets", max_es99_bps=9000.0)
    assert none.pool.fund is None
    assert none.terms["backstop_max_assets"] == "0"


SCANNED = {
    "penalty": "0,0.05,0.1,0.15",
    "incentive_base": "0.01,0.03,0.05",
    "incentive_max": "0.05,0.07,0.1",
    "incentive_slope": "0,0.5,1",
    "premium": "0,0.1",
    "incentive_rise": "0,0.00001",
}


@pytest.mark.parametrize("name", SCANNED)
def test_terms_without_an_order_are_scanned(name: str) -> None:
    """The smallest value that keeps the bound, by stress runs of every value."""
    pool = replace(covered(), terms=replace(covered().terms, incentive_max=WAD // 10, sale_timeout=3600 * 3, incentive_slope=WAD // 10))
    figures = {}
    for text in SCANNED[name].split(","):
        value = round(float(text) * 10**9) * 10**9
        figures[text] = figure(BOOK, replace(pool, terms=replace(pool.terms, **{name: value})))  # type: ignore[arg-type]
    bound = sorted(figures.values())[len(figures) // 2]
    result = of(pool=pool, vary=name, max_es99_bps=bound, grids={name: SCANNED[name]})
    (answer,) = result.answers
    assert answer.value == next(text for text, value in figures.items() if value <= bound)
    assert {one.value: one.loss_es99.value for one in answer.tried}.items() <= figures.items()


def test_one_incentive_moves_as_one_number() -> None:
    """Where base and maximum are one and nothing rises, the maximum follows."""
    result = of(vary="incentive_base", max_es99_bps=9000.0, grids={"incentive_base": "0.01,0.05"})
    assert (result.terms["incentive_base"], result.terms["incentive_max"]) == ("0.01", "0.01")


def test_disorder_where_order_is_expected_is_told() -> None:
    """A pool whose loss falls with its size, for the cost of a sale keeps buyers from small loans: the search says that it found the safe
    end worse."""
    dust = replace(WILD, liquidators=replace(WILD.liquidators, gas=900.0, min_profit=100.0), market=Market())
    found = of(vary="supply_cap", max_es99_bps=9000.0, grids={"supply_cap": "160000,1600000"}, scenario=dust, paths=1000)
    tried = {one.value: one.loss_es99 for one in found.answers[0].tried}
    assert tried["160000"].low > tried["1600000"].high
    assert "supply_cap: loss is not in order, it is surely larger at 160,000 than at 1,600,000" in found.notices
    assert [line for line in of(vary="liq_ltv", max_es99_bps=90.0).notices if "order" in line] == []


def test_what_was_tried_is_each_value_once_with_its_figures() -> None:
    """In rising order, as a frame too."""
    polars = pytest.importorskip("polars")
    result = of(vary=("liq_ltv", "reserve"), max_es99_bps=90.0, grids={name: GRIDS[name] for name in ("liq_ltv", "reserve")})
    for answer in result.answers:
        values = [float(one.value) for one in answer.tried]
        assert values == sorted(set(values))
        assert answer.value in [one.value for one in answer.tried]
    frame = result.to_polars()
    assert isinstance(frame, polars.DataFrame)
    assert len(frame) == sum(len(answer.tried) for answer in result.answers)
    assert frame["loss_es99_value"].to_list() == [one.loss_es99.value for answer in result.answers for one in answer.tried]


def test_the_result_is_the_same_however_it_is_made() -> None:
    """One or two threads; names as text or one by one; only the seed matters."""
    grids = {"liq_ltv": GRIDS["liq_ltv"]}
    one = of(vary="liq_ltv", max_es99_bps=90.0, grids=grids, threads=1)
    two = of(vary=["liq_ltv"], max_es99_bps=90.0, grids=grids, threads=2)
    assert one.to_json() == two.to_json()
    assert of(vary="liq_ltv", max_es99_bps=90.0, grids=grids, seed=4).loss_es99 != one.loss_es99


def test_the_result_has_the_fields_of_its_schema() -> None:
    """Also those of each answer; nothing in it that JSON does not have."""
    result = json.loads(of(vary="liq_ltv", max_es99_bps=90.0, grids={"liq_ltv": GRIDS["liq_ltv"]}).to_json())
    assert result["schema"] == "ringfence.recommend/1"
    assert list(result) == [
        "schema", "inputs", "versions", "options", "name", "terms", "loss_es99", "prob_significant_loss", "pool_loss_es99", "loss_mean",
        "again", "binding", "answers", "evaluations", "defaults", "notices",
    ]  # fmt: skip
    for name in ("loss_es99", "prob_significant_loss", "pool_loss_es99", "loss_mean"):
        assert set(result[name]) == {"value", "low", "high", "unit", "definition"}
    assert (set(result["again"]), result["again"]["seed"]) == ({"seed", "loss_es99", "prob_significant_loss"}, SETTING["seed"] + 1)
    assert set(result["answers"][0]) == set(Answer.__dataclass_fields__)
    assert set(result["answers"][0]["next"]) == {"value", "loss_es99", "prob_significant_loss", "cost", "legal"}
    assert set(result["answers"][0]["tried"][0]) == {"value", "loss_es99", "prob_significant_loss"}
    assert result["terms"]["liq_ltv"] == result["answers"][0]["value"]
    assert result["options"]["bounds"] == {"lender_loss_es99": 90.0}
    assert (result["options"]["vary"], result["options"]["grids"]) == (["liq_ltv"], {"liq_ltv": GRIDS["liq_ltv"]})
    assert "supply_cap" not in result["terms"]


def test_progress_goes_from_nothing_to_all_and_may_stop_it() -> None:
    """Never back, never over the whole; what the listener raises comes out."""
    told: list[tuple[str, float]] = []
    of(vary="liq_ltv,reserve", max_es99_bps=90.0, progress=lambda text, part: told.append((text, part)))
    parts = [part for _, part in told]
    assert 0 < parts[0] < 0.1
    assert parts[-1] == 1.0
    assert max(parts) <= 1.0
    assert {text.rpartition(": ")[2] for text, _ in told} == {"liq_ltv", "reserve", "stress at the answer"}

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        of(vary="liq_ltv", max_es99_bps=90.0, progress=stop)


def refused() -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """What is refused: its name, the arguments, the words."""
    yield "no bound", {"vary": "liq_ltv"}, "--max-es99-bps: states no bound"
    for most in (-1.0, float("nan"), float("inf"), 10_001.0):
        yield f"bound {most}", {"vary": "liq_ltv", "max_es99_bps": most}, "is no bound; give a number of 0 to 10000"
    for most in (-0.1, 1.1, float("nan")):
        yield f"probability {most}", {"vary": "liq_ltv", "max_prob": most}, "--max-prob: "
    yield "no term", {"vary": "", "max_es99_bps": 50}, "'' is no term that can be varied"
    yield "no terms", {"vary": (), "max_es99_bps": 50}, "names no term"
    yield "unknown", {"vary": "lltv", "max_es99_bps": 50}, "'lltv' is no term that can be varied; there are liq_ltv, supply_cap"
    yield "twice", {"vary": "liq_ltv,reserve,liq_ltv", "max_es99_bps": 50}, "liq_ltv is named twice"
    yield "no fund", {"vary": "backstop_max_assets", "max_es99_bps": 50}, "has no [backstop]"
    yield "premium", {"vary": "premium", "max_es99_bps": 50}, "names no backstop to receive it"
    yield "grid of another", {"vary": "liq_ltv", "max_es99_bps": 50, "grids": {"reserve": "0"}}, "'reserve' is not varied"
    grids = {
        "": "is empty",
        "0.8:0.9": "is no grid",
        "0.9:0.8:0.01": "is empty",
        "0.8:0.9:0": "is empty",
        "0:1:0.00001": "has more than 10,000 values",
        "0.8,,0.9": "is empty",
        "high": "is not a decimal number",
        "-0.5": "is negative",
        "0.1234567890123456789": "more than 18 digits",
        "nan": "is not finite",
    }
    for text, reason in grids.items():
        yield f"grid {text!r}", {"vary": "liq_ltv", "max_es99_bps": 50, "grids": {"liq_ltv": text}}, reason
    yield "cap", {"vary": "supply_cap", "max_es99_bps": 50, "grids": {"supply_cap": "0,170000"}}, "under a cap of 0 nothing is lent"
    yield "loans", {"vary": "borrow_cap", "max_es99_bps": 50, "grids": {"borrow_cap": "0"}}, "under a cap of 0 nothing is lent"
    yield "digits", {"vary": "reserve", "max_es99_bps": 50, "grids": {"reserve": "0.1234567"}}, "more than 6 digits"
    yield "paths", {"vary": "liq_ltv", "max_es99_bps": 50, "paths": 0}, "paths"
    yield "horizon", {"vary": "liq_ltv", "max_es99_bps": 50, "horizon": 100}, "horizon"
    yield "no debt", {"vary": "liq_ltv", "max_es99_bps": 50, "book": replace(BOOK, debt=(0,) * len(BOOK))}, "owes nothing"
    yield "memory", {"vary": "liq_ltv", "max_es99_bps": 50, "paths": 2**30}, "of memory"
    yield "scenario", {"vary": "liq_ltv", "max_es99_bps": 50, "scenario": "depeg"}, "scenario: is a str"


REFUSED = {name: (given, words) for name, given, words in refused()}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_before_anything_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given, words = REFUSED[name]
    monkeypatch.setattr("ringfence.lab.stress_plan.run", None)
    with pytest.raises(InputError) as error:
        of(**given)
    assert words in str(error.value)


def test_runs_on_shares_of_lenders_who_leave() -> None:
    """Lenders who run are part of every evaluation, as of any stress run."""
    running = replace(WILD, lenders=Lenders(run_share=0.5, run_at_fall=0.1))
    result = of(vary="liq_ltv", max_es99_bps=300.0, grids={"liq_ltv": GRIDS["liq_ltv"]}, scenario=running)
    assert result.loss_es99 == result.stress.metrics["lender_loss_es99"]
    assert result.stress.metrics["stayers_loss_from_run"].value != 0


def test_the_search_is_over_a_product_of_grids_and_asks_for_little_of_it() -> None:
    """Fewer evaluations than the grids have values, on the default grids."""
    result = of(vary="liq_ltv,supply_cap,reserve", max_es99_bps=90.0, paths=100, horizon=DAY)
    assert result.evaluations <= 60
    assert len(list(itertools.chain.from_iterable(answer.tried for answer in result.answers))) <= 70
