"""What is drawn, and the table behind it: every point where its figure says, of figures that were written by hand."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ringfence.inputs.result_records import StressRecord
from ringfence.inputs.stress_result import Metric
from ringfence.inputs.verdict import BoundCheck
from ringfence.report import charts, drawing, grid_charts
from ringfence.report.parts import Chart
from ringfence.report.run import Run, read_run
from tests.unit.report import hand_made

pytest.importorskip("matplotlib", reason="reports need the lab extra")

BOUND = BoundCheck("lender_loss_es99", 150.0, 120.0, 90.0, 160.0, "bp of supply")
GROUP = "\u202f"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The axes of what was drawn, as they went into the file."""
    kept: list[Any] = []

    def seen(figure: Any, *told: str) -> str:
        kept.extend(figure.axes)
        return drawing.svg_of(figure, *told)

    for module in (charts, grid_charts):
        monkeypatch.setattr(module, "svg_of", seen)
    yield kept
    assert kept, "nothing was drawn"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The stress run that was written by hand."""
    return read_run(hand_made.written(tmp_path, hand_made.stress()))


@pytest.fixture
def stress(run: Run) -> StressRecord:
    """What it holds."""
    assert run.stress is not None
    return run.stress


def lines(axes: Any) -> dict[str, list[tuple[float, float]]]:
    """The points of each line that has a label."""
    return {line.get_label(): [tuple(map(float, point)) for point in line.get_xydata()] for line in axes.lines}


def bars(axes: Any) -> list[tuple[float, float, float, float]]:
    """Left, bottom, width and height of each bar."""
    return [(bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()) for bar in axes.patches]


def corners(axes: Any) -> list[list[float]]:
    """Of the only band."""
    (band,) = axes.collections
    return [[round(float(value), 9) for value in point] for point in band.get_paths()[0].vertices]


def rows(chart: Chart) -> dict[str, tuple[str, ...]]:
    """The table behind it, by the name of each row."""
    return {row[0]: tuple(row[1:]) for row in chart.table.rows}


def test_the_distribution_is_drawn_as_it_is(stress: StressRecord, drawn: list[Any]) -> None:
    """Half of all futures lose more than their median, one in a hundred more than the quantile at 99 %."""
    assert stress.distribution is not None
    chart = charts.exceedance(stress.distribution, stress.metrics, BOUND)
    found = lines(drawn[0])
    part = [1.0, 0.5, 0.2, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001, 0.0009]
    for label, losses in (("its lenders", stress.distribution.lender_loss), ("the pool, whoever bears it", stress.distribution.loss)):
        assert [x for x, _ in found[label]] == list(losses)
        assert [y for _, y in found[label]] == pytest.approx(part)
    assert found["VaR 99 %, with interval"] == [(310.0, 0.01)]
    assert [x for x, _ in found["lenders' ES 99 %, with interval"]] == [120.0]
    spans = {tuple(line.get_xdata()) for line in drawn[0].lines}
    assert {(280.0, 350.0), (90.0, 160.0)} <= spans
    assert [x for x, _ in found["bound, 150 bp"]] == [150.0, 150.0]
    assert chart.table.rows == [
        ("50 %", "3", "0"), ("20 %", "40", "7"), ("10 %", "80", "15"), ("5 %", "101", "33"), ("2.5 %", "180", "60"),
        ("1 %", "310", "88"), ("0.5 %", "390", "110"), ("0.1 %", "520", "150"),
    ]  # fmt: skip
    assert chart.table.head == ("part of futures that lose more", "pool", "lenders")
    assert "5 % lose more than 101 bp; 1 % lose more than 310 bp" in chart.svg


def test_the_wall_is_drawn_as_it_is(stress: StressRecord, drawn: list[Any]) -> None:
    """A bar at each fall as high as the debt that becomes liquidatable there."""
    chart = charts.wall(stress.pools[0], "wall")
    assert [left + width / 2 for left, _, width, _ in bars(drawn[0])] == pytest.approx(list(hand_made.FALLS))
    assert [height for *_, height in bars(drawn[0])] == list(hand_made.ADDED)
    unsold = [(row["fall"], row["insolvent_loss"]) for row in stress.pools[0].wall]
    assert lines(drawn[0])["owed beyond worth, if unsold"] == unsold
    found = rows(chart)
    assert len(found) == 13
    assert found["25 %"] == (f"1{GROUP}500", f"20{GROUP}000", f"25{GROUP}500", "333")
    assert chart.table.head[1:] == ("price", "becomes liquidatable there, asset", "liquidatable in all, asset", "owed beyond worth, asset")
    assert f"most, 20{GROUP}000 asset, becomes liquidatable at a fall of 25 %" in chart.caption


def test_the_wall_is_drawn_until_no_debt_is_added(stress: StressRecord, drawn: list[Any]) -> None:
    """All of it, and not much further."""
    pool = stress.pools[0]
    whole = pool.wall[7]["liquidatable_debt"]
    flat = tuple(row if place < 8 else {**row, "added_debt": 0.0, "liquidatable_debt": whole} for place, row in enumerate(pool.wall))
    charts.wall(replace(pool, wall=flat), "wall")
    assert sum(height for *_, height in bars(drawn[0])) == whole
    assert len(bars(drawn[0])) <= 9


def test_shocks_are_drawn_as_they_are(stress: StressRecord, drawn: list[Any]) -> None:
    """From nothing at no fall; with depth a fall of 30 % is the first to cost more than the reserve, without its limit one of 40 %."""
    chart = charts.shocks(stress.pools[0], "shocks")
    found = lines(drawn[0])
    falls = [place / 10 for place in range(10)]
    assert found["with the scenario's depth"] == [(fall, pytest.approx(13_000 * fall**2)) for fall in falls]
    assert found["buyers take everything"] == [(fall, pytest.approx(6_100 * fall**2)) for fall in falls]
    assert {y for _, y in found["the reserve"]} == {700.0}
    assert "the first fall that costs more than the reserve: 30 %" in chart.caption
    assert rows(chart)["30 %"] == (f"15{GROUP}000", f"1{GROUP}170", "549")
    assert chart.table.head == ("fall", "debt liquidatable there", "loss with depth", "loss without")


def test_bars_are_as_long_as_their_figures(stress: StressRecord, drawn: list[Any]) -> None:
    """Each with the two ends of its interval, its value beside it, and what is below 0 to the left."""
    names = ("loss_from_depth", "loss_from_latency", "loss_remainder")
    entries = [(name, stress.metrics[name]) for name in names]
    chart = charts.bars("causes", "What causes", entries, "bp", "", "told", bound=17.0)
    axes = drawn[0]
    assert [(left, width) for left, _, width, _ in bars(axes)] == [(0.0, 21.0), (0.0, 13.0), (0.0, -2.0)]
    whiskers = [[tuple(map(float, point)) for point in line.get_xydata()] for line in axes.lines]
    for place, (low, high) in enumerate(((15.0, 26.0), (11.0, 18.0), (-3.0, -1.0))):
        assert [(low, place), (high, place)] in whiskers
        for end in (low, high):
            assert [(end, place - 0.12), (end, place + 0.12)] in whiskers
    assert [(17.0, 0.0), (17.0, 1.0)] in whiskers
    assert [text.get_text() for text in axes.texts] == ["21", "13", "\u22122"]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(names)
    assert rows(chart)["loss_from_depth"] == ("21", "15 to 26", "what is 21.0")
    assert rows(chart)["loss_remainder"] == ("\u22122", "\u22123 to \u22121", "what is -2.0")


def test_bars_are_in_hundredths_where_they_are_parts(stress: StressRecord, drawn: list[Any]) -> None:
    """The axis and the figures beside, not the lengths."""
    chart = charts.bars("parts", "Parts", [("a", stress.metrics["reserve_ruin"])], "of futures", "", "told")
    assert [width for *_, width, _ in bars(drawn[0])] == [0.03]
    assert [text.get_text() for text in drawn[0].texts] == ["3"]
    assert drawn[0].xaxis.get_major_formatter()(0.03) == "3 %"
    assert rows(chart)["a"] == ("3", "2.50 to 3.60", "what is 0.03")


def test_the_parts_of_a_whole_follow_each_other(stress: StressRecord, drawn: list[Any]) -> None:
    """Each begins where the one before it ends; what is below 0 takes no room."""
    entries = [(name, stress.metrics[f"borne_by_{name}"]) for name in ("reserve", "lenders")]
    entries += [("rest", stress.metrics["loss_remainder"]), ("nobody", stress.metrics["borne_by_nobody_yet"])]
    chart = charts.stack("waterfall", "Who bears", entries, "bp", "")
    assert [(left, width) for left, _, width, _ in bars(drawn[0])] == [(0.0, 23.0), (23.0, 10.0), (33.0, 0.0), (33.0, 5.0)]
    assert drawn[0].get_xlim() == (0.0, 38.0)
    assert rows(chart)["lenders"] == ("10", "8 to 12", "what is 10.0")
    assert "reserve: 23" in chart.svg


def test_sizes_of_the_reserve_are_drawn_as_they_are(stress: StressRecord, drawn: list[Any]) -> None:
    """The part of futures in which each does not suffice, its interval as a band; a ruin of 0 stands at the foot of the axis."""
    chart = charts.sizing(stress.pools[0], "sizing")
    found = lines(drawn[0])
    least = 0.004 / 3
    assert found["does not suffice"] == [(0.0, 0.2), (350.0, 0.08), (700.0, 0.03), (1_400.0, 0.004), (2_800.0, least)]
    assert {x for x, _ in found["the reserve at the start"]} == {700.0}
    band = corners(drawn[0])
    for point in ([350.0, 0.064], [350.0, 0.1045], [700.0, 0.024], [700.0, 0.0395], [1_400.0, 0.0032], [1_400.0, 0.0057]):
        assert point in band
    assert rows(chart)["700"] == ("0.7 %", "3", "2.40", "3.95")
    assert "a reserve of 700 asset does not suffice in 3 (2.40 to 3.95) % of futures" in chart.caption


def test_tried_values_are_drawn_in_their_order(tmp_path: Path, drawn: list[Any]) -> None:
    """Whatever the order of the search was; the answer and the bound are lines."""
    run = read_run(hand_made.written(tmp_path, hand_made.recommendation()))
    assert run.recommendation is not None
    chart = grid_charts.tried(run.recommendation.answers[0], "tried-0", "liquidation LTV", BOUND)
    found = lines(drawn[0])
    assert found["lenders' ES 99 %"] == [(0.8, 70.0), (0.85, 120.0), (0.855, 166.0)]
    assert {x for x, _ in found["answer, 85 %"]} == {0.85}
    assert {y for _, y in found["bound, 150 bp"]} == {150.0}
    band = corners(drawn[0])
    for x, worst in ((0.8, 70.0), (0.85, 120.0), (0.855, 166.0)):
        assert [x, round(0.8 * worst, 9)] in band
        assert [x, round(1.3 * worst, 9)] in band
    assert list(chart.table.rows) == [
        ("80 %", "70", "56 to 91", "1.10", "0.77 to 1.54"),
        ("85 %", "120", "96 to 156", "2", "1.40 to 2.80"),
        ("85.5 %", "166", "133 to 216", "2.40", "1.68 to 3.36"),
    ]


def test_a_heat_map_has_each_figure_in_its_cell(stress: StressRecord, drawn: list[Any]) -> None:
    """Depth to the right, LTV upwards; framed is the run's own cell, and the line runs between what keeps the bound and what does not."""
    assert stress.around is not None
    chart = grid_charts.heatmap(stress.around, BOUND)
    axes = drawn[0]
    told = {(round(text.get_position()[0]), round(text.get_position()[1])): text.get_text() for text in axes.texts}
    cells = [["92", "62", "32", "12"], ["203", "143", "118", "33"], ["304", "204", "155", "63"], ["404", "305", "205"]]
    assert told == {(j, i): text for i, row in enumerate(cells) for j, text in enumerate(row)}
    frames = [bar for bar in axes.patches if not bar.get_fill()]
    assert [(frame.get_x() + frame.get_width() / 2, frame.get_y() + frame.get_height() / 2) for frame in frames] == [
        (pytest.approx(2.0), pytest.approx(1.0))
    ]
    edges = {tuple(sorted(tuple(map(float, point)) for point in line.get_xydata())) for line in axes.lines}
    assert edges == {
        ((-0.5, 0.5), (0.5, 0.5)),
        ((0.5, 0.5), (0.5, 1.5)),
        ((0.5, 1.5), (1.5, 1.5)),
        ((1.5, 1.5), (2.5, 1.5)),
        ((2.5, 1.5), (2.5, 2.5)),
    }
    assert [label.get_text() for label in axes.get_xticklabels()] == ["× 0.25", "× 0.5", "× 1", "× 2"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["80 %", "85 %", "90 %", "95 %"]
    hatched = [(bar.get_x() + 0.5, bar.get_y() + 0.5) for bar in axes.patches if bar.get_hatch()]
    assert hatched == [(3.0, 3.0)]
    assert rows(chart)["95 %"] == ("404 (364 to 808)", "305 (274 to 610)", "205 (184 to 410)", "forbidden")
    assert "framed is the run's own cell, 118 (106 to 236) bp of supply, the line is the bound of 150 bp" in chart.caption


@pytest.mark.parametrize("draw", [charts.wall, charts.shocks, charts.sizing])
def test_a_drawing_has_its_own_name_in_its_ids(stress: StressRecord, draw: Callable[..., Chart], drawn: list[Any]) -> None:
    """So that two of a kind can stand in one page."""
    for name in ("one", "two"):
        assert f'id="{name}-title"' in draw(stress.pools[0], name).svg
    assert len(drawn) == 2


def test_whiskers_end_where_intervals_do(drawn: list[Any]) -> None:
    """Of a figure outside its own interval, too, as a percentile bootstrap may give it."""
    charts.bars("odd", "Odd", [("a", Metric(5.0, 6.0, 7.0, "bp of supply", ""))], "bp", "", "told")
    assert [(6.0, 0.0), (7.0, 0.0)] in [[tuple(map(float, point)) for point in line.get_xydata()] for line in drawn[0].lines]
