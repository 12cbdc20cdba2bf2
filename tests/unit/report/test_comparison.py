"""Two runs side by side: what differs, in what, and whether it is more than chance."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import polars
import pytest

from ringfence.inputs.errors import InputError
from ringfence.inputs.stress_result import write_stress
from ringfence.lab.stress import stress
from ringfence.report.comparison import Change, Comparison, comparison
from ringfence.report.page import page
from ringfence.report.run import read_run
from ringfence.report.summary import summary
from tests.unit.lab.recommend_worlds import BOOK, DAY, POOL, PRICE, USDC, WILD
from tests.unit.report.result_folders import KINDS, copied

PAIRED = {
    "loss_mean",
    "loss_es99",
    "lender_loss_mean",
    "lender_loss_es99",
    "prob_significant_loss",
    "prob_significant_lender_loss",
    "liquidations_mean",
}


@pytest.fixture(scope="module")
def larger(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of `results / "stress"` with a larger reserve, on the same futures."""
    folder = tmp_path_factory.mktemp("larger")
    pool = replace(POOL, reserve=2_000 * USDC)
    write_stress(stress([(BOOK, pool)], WILD, start_prices=[PRICE], paths=1000, horizon=4 * DAY, seed=3), folder)
    return folder


def compared(this: Path, other: Path) -> Comparison:
    return comparison(read_run(this), read_run(other))


def by_name(found: Comparison) -> dict[str, Change]:
    return {change.metric: change for change in found.differences}


def test_a_run_beside_itself_differs_in_nothing(results: Path) -> None:
    """Every difference is 0, and so are the ends of its interval where it is taken path by path."""
    found = by_name(compared(results / "stress", results / "stress"))
    assert {name for name, change in found.items() if change.low is not None} == PAIRED
    assert all(change.difference == 0.0 and change.overlaps for change in found.values())
    assert all(change.low == change.high == 0.0 for name, change in found.items() if name in PAIRED)
    assert "Nothing differs in what they were made from." in compared(results / "stress", results / "stress").sections[0].lead


def test_on_the_same_futures_a_difference_is_told_where_intervals_overlap(results: Path, larger: Path) -> None:
    """A larger reserve spares lenders on the very paths that hurt them: the two intervals overlap, that of the difference is off 0."""
    found = by_name(compared(larger, results / "stress"))
    change = found["lender_loss_mean"]
    assert change.difference < 0.0
    assert change.overlaps
    assert change.low is not None
    assert change.high is not None
    assert change.low <= change.difference <= change.high < 0.0
    assert change.high - change.low < change.this[2] - change.this[1]
    assert change.told == "more than chance"
    # What the pool loses is the same, whoever bears it: the reserve changes nobody's price.
    assert found["loss_mean"].told == "not told from 0"


def test_what_they_were_made_from_is_told(results: Path, larger: Path) -> None:
    """The reserve, and the options that differ, and nothing else."""
    section = compared(larger, results / "stress").sections[0]
    rows = {row[0]: tuple(row[1:]) for row in section.tables[1].rows}
    assert rows["reserve"] == ("2\u202f000", "500")
    assert set(rows) - {"reserve"} <= {"neighbours looked at (--around)", "bound on lenders' ES 99 %", "SHA-256 of march_2020.csv"}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [("seed", 4, "their seed differs"), ("paths", 999, "their number of futures differs"), ("horizon", 5, "their horizon differs")],
)
def test_other_futures_are_compared_by_their_intervals_alone(results: Path, tmp_path: Path, field: str, value: int, reason: str) -> None:
    """And the page says why."""
    folder = copied(results / "stress", tmp_path / "s")
    told = json.loads((folder / "result.json").read_text())
    told["options"][field] = value
    (folder / "result.json").write_text(json.dumps(told))
    found = compared(results / "stress", folder)
    assert all(change.low is None for change in found.differences)
    assert f"Compared by their intervals alone, for {reason}." in found.sections[0].lead


def test_paths_of_another_run_are_not_believed(results: Path, larger: Path, tmp_path: Path) -> None:
    """Nor are those that are missing, damaged, or of another number; the figures of result.json stay."""
    folder = copied(larger, tmp_path / "s")
    file = folder / "paths.parquet"
    whole = file.read_bytes()

    def is_paired() -> bool:
        return any(change.low is not None for change in compared(folder, results / "stress").differences)

    assert is_paired()
    shutil.copy(results / "stress" / "paths.parquet", file)
    assert not is_paired()
    for damaged in (b"", b"PAR1", whole[:-100], whole[:50] + b"\0" * 200 + whole[250:]):
        file.write_bytes(damaged)
        assert not is_paired()
    file.write_bytes(whole)
    polars.read_parquet(file).head(500).write_parquet(file)
    assert not is_paired()
    file.write_bytes(whole)
    polars.read_parquet(file).drop("loss").write_parquet(file)
    assert not is_paired()
    file.unlink()
    assert not is_paired()


def test_a_recommendation_stands_beside_a_stress_run(results: Path) -> None:
    """By the stress run that it holds; what is of different kinds otherwise is refused."""
    assert compared(results / "recommend", results / "stress").differences
    for this, other in (("replay", "curve"), ("stress", "replay"), ("curve", "two")):
        with pytest.raises(InputError, match="cannot stand beside"):
            compared(results / this, results / other)


@pytest.mark.parametrize("kind", KINDS)
def test_page_and_markdown_tell_it(results: Path, kind: str) -> None:
    """Of every kind: first of all sections in the page, the last part of the Markdown."""
    run = read_run(results / kind)
    found = comparison(run, run)
    text = page(run, found)
    assert text.index('<h2 id="compared">') < text.index("<h2 id=", text.index('<h2 id="compared">') + 1)
    assert "### What changed" in summary(run, found)


def test_exact_figures_are_subtracted(results: Path, tmp_path: Path) -> None:
    """Of replays, to the unit."""
    folder = copied(results / "replay", tmp_path / "r")
    told = json.loads((folder / "result.json").read_text())
    told["pool"]["interest"] = str(int(told["pool"]["interest"]) + 5)
    (folder / "result.json").write_text(json.dumps(told))
    section = compared(folder, results / "replay").sections[0]
    assert [row[0] for row in section.tables[0].rows] == ["interest"]
    assert section.tables[0].rows[0][-1] == "5"
