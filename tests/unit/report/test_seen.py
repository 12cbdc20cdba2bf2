"""What a decision must not miss: a bound of a probability, one large loan, debt unsold at the end, and two runs weighed by one measure."""

import re
from pathlib import Path
from typing import Any

import pytest

from ringfence.inputs.verdict import BROKEN, HELD
from ringfence.report import charts, drawing, grid_charts
from ringfence.report.comparison import Comparison, comparison
from ringfence.report.judgement import main_reason, moves, weakest_assumption
from ringfence.report.page import page, page_of
from ringfence.report.recommended import sections as of_terms
from ringfence.report.run import Run, read_run
from ringfence.report.sections import sections
from tests.unit.report import hand_made

for needed in ("matplotlib", "jinja2"):
    pytest.importorskip(needed, reason="reports need the lab extra")

PROBABILITY = "prob_significant_lender_loss"


def run_of(folder: Path, bounds: dict[str, float], **other: Any) -> Run:
    """A stress run with these bounds and no others; worlds that ship hold the probability, too."""
    options = hand_made.stress()["options"] | {"bounds": bounds}
    worlds = [hand_made.shipped("black-thursday", 170.0, held=True), hand_made.shipped("frozen-feed", 130.0, held=False)]
    for world, part in zip(worlds, (0.045, 0.012), strict=True):
        world["metrics"][PROBABILITY] = hand_made.metric(part, 0.9 * part, 1.1 * part, "probability")
    return read_run(hand_made.written(folder, hand_made.stress(**({"options": options, "scenarios": worlds} | other))))


def said(run: Run, start: str) -> list[str]:
    """Lines of the box that begin so."""
    return [line for line in page_of(run, drawn=False).verdict_lines if line.startswith(start)]


def recommended(folder: Path) -> Run:
    """The recommendation, asked for by a probability alone."""
    hand_made.written(folder / "stress", hand_made.stress())
    result = hand_made.recommendation()
    return read_run(hand_made.written(folder, result | {"options": result["options"] | {"bounds": {PROBABILITY: 0.022}}}))


def test_the_pool_itself_is_told_beside_a_bound_of_a_probability(tmp_path: Path) -> None:
    """5 % of futures beside 2 % of its lenders is more than twice the bound of 2.2 %, and not of 2.6 %."""
    assert said(run_of(tmp_path, {PROBABILITY: 0.022}), "Before reserve") == [
        "Before reserve and backstop the pool loses significantly in 5 (4 to 6) % of futures: the bound rests on their being there."
    ]
    assert said(run_of(tmp_path, {PROBABILITY: 0.026}), "Before reserve") == []


def test_a_broken_bound_rests_on_nothing(tmp_path: Path) -> None:
    """The pool's own loss is told, and no more of it."""
    run = run_of(tmp_path, {"lender_loss_es99": 110.0})
    assert run.verdict.kind == BROKEN
    assert said(run, "Before reserve") == [
        "Before reserve and backstop the pool loses 410 (360 to 460) bp of supply in its worst 1 % of futures."
    ]


def test_worlds_that_ship_are_told_of_what_is_bounded(tmp_path: Path) -> None:
    """In the box, in the sentence, in bars with the bound's line, and how long and how many they are."""
    run = run_of(tmp_path, {PROBABILITY: 0.022})
    assert said(run, "It breaks") == ["It breaks the bound in 1 of 2 shipped scenarios, which are drawn to hurt, within 7 days."]
    (found,) = [one for one in sections(run) if one.name == "scenarios"]
    assert list(found.lead) == [
        "The same book and terms in each world that ships, 300 futures of 7 days. Worst is black-thursday: lenders lose significantly in "
        "4.50 (4.05 to 4.95) % of futures.",
        "The bound of 2.2 % of futures is broken in 1 of 2: black-thursday.",
    ]
    assert [row[1] for row in found.charts[0].table.rows] == ["4.50", "1.20"]
    longer = hand_made.stress()["options"] | {"horizon": 2_592_000, "bounds": {"lender_loss_es99": 150.0}}
    (found,) = [one for one in sections(run_of(tmp_path, {}, options=longer)) if one.name == "scenarios"]
    assert found.charts[0].caption == (
        "7 days and 300 futures each: worlds drawn to hurt, not forecasts. The dotted line is the bound, stated for the run, over 30 days."
    )


def test_worlds_of_an_older_run_may_lack_the_probability(tmp_path: Path) -> None:
    """Then nothing is drawn of it, and nothing told."""
    run = run_of(tmp_path, {PROBABILITY: 0.022}, scenarios=hand_made.stress()["scenarios"])
    assert said(run, "It breaks") == []
    (found,) = [one for one in sections(run) if one.name == "scenarios"]
    assert found.charts == ()


def test_the_weakest_assumption_is_of_what_is_bounded(tmp_path: Path) -> None:
    """The worst world moves 2 to 4.5 %, the interval to 2.6 %; depth and causes were not measured of it and stand behind."""
    run = run_of(tmp_path, {PROBABILITY: 0.03})
    assert run.verdict.kind == HELD
    assert weakest_assumption(run) == (
        "That the world is as the scenario says: in the shipped scenario black-thursday instead, lenders lose significantly in "
        "4.50 (4.05 to 4.95) % of futures, beyond the bound of 3 %."
    )
    found = moves(run)
    assert [round(move.size, 6) for move in found[:2]] == [0.025, 0.006]
    assert found[1].figure == "lenders may lose significantly in 2.60 % of futures instead of 2"
    assert [move.decides for move in found] == [True] + [False] * (len(found) - 1)
    (depth,) = [move for move in found if move.changed == "with half of it"]
    assert depth.figure.endswith("; the probability that is bounded was not measured there")
    (near,) = [one for one in sections(run) if one.name == "heatmap"]
    assert near.lead[0].endswith(" Of the probability that is bounded nothing was measured here: no line is drawn.")


def test_none_of_n_futures_is_no_probability_of_zero(tmp_path: Path) -> None:
    """None of 2,000 may be 3 in 2,000, which a bound of 0.1 % does not bear."""
    none = hand_made.metrics() | {PROBABILITY: hand_made.metric(0.0, 0.0, 0.0, "probability")}
    (move,) = [one for one in moves(run_of(tmp_path, {PROBABILITY: 0.001}, metrics=none)) if one.assumption == "The number of futures"]
    assert (move.size, move.decides) == (0.0015, True)


def test_a_recommendation_by_a_probability_speaks_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends the first term, the column of one step further, and the drawing of the tried values with its bound."""
    axes: list[Any] = []

    def seen(figure: Any, *told: str) -> str:
        axes.extend(figure.axes)
        return drawing.svg_of(figure, *told)

    monkeypatch.setattr(grid_charts, "svg_of", seen)
    run = recommended(tmp_path)
    assert "at 85.5 % lenders lose significantly in 2.40 (1.68 to 3.36) % of futures." in main_reason(run)
    (terms, *_) = of_terms(run)
    assert terms.first is not None
    assert terms.first.head[-1] == "one step further, significant losses of lenders"
    assert terms.first.rows[0][-1] == "at 85.5 %: 2.40 (1.68 to 3.36) % of futures"
    lines = {line.get_label(): [tuple(map(float, point)) for point in line.get_xydata()] for line in axes[0].lines}
    assert lines["lenders lose significantly"] == [(0.8, 0.011), (0.85, 0.02), (0.855, 0.024)]
    assert {y for _, y in lines["bound, 2.2 %"]} == {0.022}
    assert axes[0].yaxis.get_major_formatter()(0.02) == "2 %"
    assert terms.charts[0].caption.startswith("How often lenders lose significantly; ")


def test_the_bound_of_a_probability_is_a_corner_of_the_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the loss that is significant, here 1 % of supply, 100 bp, no more futures than the bound."""
    kept: list[Any] = []

    def seen(figure: Any, *told: str) -> str:
        kept.extend(figure.axes)
        return drawing.svg_of(figure, *told)

    monkeypatch.setattr(charts, "svg_of", seen)
    next(iter(sections(run_of(tmp_path, {PROBABILITY: 0.022}))))
    (line,) = [line for line in kept[0].lines if line.get_label() == "bound, 2.2 % of futures"]
    assert [tuple(map(float, point)) for point in line.get_xydata()] == [(0, 0.022), (100, 0.022), (100, 0.0009)]


@pytest.mark.parametrize(("part", "told"), [(0.68, ["One loan is 68 % of the debt."]), (0.2, [])])
def test_the_largest_loan_is_seen(tmp_path: Path, part: float, told: list[str]) -> None:
    """A key figure always, a line of the box where it is more than a fifth of the debt."""
    metrics = hand_made.metrics() | {"concentration_largest": hand_made.metric(part, part, part, "part of debt")}
    run = run_of(tmp_path, {}, metrics=metrics)
    assert said(run, "One loan") == told
    key = page_of(run, drawn=False).keys[-1]
    assert (key.label, key.value, key.interval, key.unit) == ("Largest loan", f"{100 * part:.0f}", "", "% of debt")


def test_the_largest_loan_of_several_pools_is_that_of_each(tmp_path: Path) -> None:
    """With the pool's name, and only of the pool that has it."""
    pools = [
        hand_made.pool(name=name, metrics={"concentration_largest": hand_made.metric(part, part, part, "part of debt")})
        for name, part in (("one", 0.1), ("two", 0.35))
    ]
    assert said(run_of(tmp_path, {}, pools=pools, around=None, scenarios=[], replays=[]), "One loan") == [
        "One loan is 35 % of the debt of two."
    ]


@pytest.mark.parametrize(
    ("notice", "told"),
    [
        ("unsold at the end: 1,250,000 asset of debt in 12 % of futures", True),
        ("book.csv: 3 loans are liquidatable at the start", False),
    ],
)
def test_what_is_unsold_at_the_end_stands_in_the_box(tmp_path: Path, notice: str, *, told: bool) -> None:
    """Not in the model card alone, and in the digits of the page."""
    run = run_of(tmp_path, {}, notices=[notice])
    expected = f"{notice[0].upper()}{notice[1:]}.".replace(",", "\u202f")
    assert (expected in page_of(run, drawn=False).verdict_lines) is told


def both(tmp_path: Path, mine: dict[str, float], others: dict[str, float], **other: Any) -> Comparison:
    this = run_of(tmp_path / "a", mine)
    return comparison(this, run_of(tmp_path / "b", others, **other))


def test_two_runs_are_weighed_by_one_measure(tmp_path: Path) -> None:
    """Lenders' 120 bp keep 500 and break 100: whatever the other was made with, the bounds of this one count for both."""
    assert both(tmp_path / "1", {"lender_loss_es99": 500.0}, {"lender_loss_es99": 100.0}).sections[0].lead[0] == (
        "Both by the bounds of this: keeps the bound (this); keeps the bound (the other)."
    )
    assert both(tmp_path / "2", {"lender_loss_es99": 100.0}, {PROBABILITY: 0.5}).sections[0].lead[0] == (
        "Both by the bounds of this: breaks the bound (this); breaks the bound (the other)."
    )
    assert both(tmp_path / "3", {}, {"lender_loss_es99": 100.0}).sections[0].lead[0] == (
        "No verdict: no bound was stated (this); no verdict: no bound was stated (the other)."
    )


def test_what_differs_is_told_in_words(tmp_path: Path) -> None:
    """Figures and options by the names that the page has for them; a switch that was not given is off."""
    options = {name: value for name, value in hand_made.stress()["options"].items() if name != "around"}
    options |= {"horizon": 2_592_000, "paths": 10_000, "bounds": {PROBABILITY: 0.05}}
    found = both(tmp_path, {"lender_loss_es99": 150.0}, {}, options=options).sections[0]
    rows = {row[0]: tuple(row[1:]) for row in found.tables[1].rows}
    assert rows == {
        "futures": ("2\u202f000", "10\u202f000"),
        "horizon": ("7 days", "30 days"),
        "bound on lenders' ES 99 %": ("150 bp of supply", "not given"),
        "bound on significant losses": ("not given", "5 % of futures"),
        "neighbours looked at (--around)": ("yes", "no"),
    }
    assert "Lenders lose in the worst 1 %" in [row[0] for row in found.tables[0].rows]
    assert not [row for row in found.tables[0].rows if "_" in row[0]]


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"terms.toml": "12" * 32, "new.csv": "ab" * 32}, []),
        ({"terms.toml": "12" * 32, "new.csv": "cd" * 32}, [("SHA-256 of book.csv (the other: new.csv)", "ab" * 8, "cd" * 8)]),
        ({"terms.toml": "56" * 32, "book.csv": "ab" * 32}, [("SHA-256 of terms.toml", "12" * 8, "56" * 8)]),
        ({"terms.toml": "12" * 32}, [("SHA-256 of book.csv", "ab" * 8, "none")]),
    ],
)
def test_a_renamed_file_is_one_file(tmp_path: Path, inputs: dict[str, str], told: list[tuple[str, ...]]) -> None:
    """Nothing if it holds the same, one row if not."""
    for name, held in (("a", {"book.csv": "ab" * 32, "terms.toml": "12" * 32}), ("b", inputs)):
        hand_made.written(tmp_path / name, hand_made.stress(inputs=held))
    found = comparison(read_run(tmp_path / "a"), read_run(tmp_path / "b")).sections[0]
    rows = [tuple(row) for table in found.tables if table.caption.startswith("What they were made from") for row in table.rows]
    assert rows == told


def test_numbers_are_grouped_in_one_way(tmp_path: Path) -> None:
    """Nowhere by a comma, neither in what a search wrote nor in a notice."""
    result = hand_made.recommendation(notices=["book.csv: 9 of 249 loans are liquidatable, 456,830 of debt"])
    result["answers"][0]["next"]["cost"] = "46.1 bp more on 10,000 futures"
    hand_made.written(tmp_path / "stress", hand_made.stress(notices=["1,131 of 2,000 futures"]))
    text = page(read_run(hand_made.written(tmp_path, result)))
    shown = re.sub(r"<svg.*?</svg>|<style>.*?</style>|<meta[^>]*>", "", text, flags=re.DOTALL)
    assert re.findall(r"\d,\d{3}\b", shown) == []
    assert "456\u202f830 of debt" in shown
    assert "46.1 bp more" not in shown


def test_an_answer_that_asks_for_more_than_the_pool_has_is_told_beside_the_verdict(tmp_path: Path) -> None:
    """It was found with the later terms at their safest: a reserve that is not there."""
    told = "liq_ltv: nothing of its grid keeps the bound with reserve as the file has them; found with them safest"
    hand_made.written(tmp_path / "stress", hand_made.stress())
    run = read_run(hand_made.written(tmp_path, hand_made.recommendation() | {"notices": ["a finer step would", told]}))
    assert said(run, "Liq_ltv") == [
        "Liq_ltv: nothing of its grid keeps the bound with reserve as the file has them; found with them safest."
    ]
    assert said(run, "A finer") == []
