"""Two runs of the same futures beside each other: differences path by path, checked by hand, and why others are not taken so."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ringfence.inputs.result_records import Origin, ReplayRecord
from ringfence.report.comparison import Change, Comparison, comparison
from ringfence.report.run import Run, read_run
from tests.unit.report import hand_made

polars = pytest.importorskip("polars", reason="paths are a Parquet table")

PATHS = 400
SUPPLY = 100_000.0
LOSS = np.array([max(0.0, 5.0 * (path - 250)) for path in range(PATHS)])
OPEN = np.where(np.arange(PATHS) % 3 == 0, 200.0, 0.0)
RESERVE = np.where(np.arange(PATHS) % 2 == 0, 50.0, -20.0)
STILL_OPEN = np.array([0.0 if path % 3 else 150.0 if path % 2 == 0 else 200.0 for path in range(PATHS)])
"""Of what is unrealised, what the reserve at the end does not bear; one below 0 bears nothing."""
SOLD = np.arange(PATHS) * 10.0
PAIRED = ("loss_mean", "loss_es99", "lender_loss_mean", "lender_loss_es99", "prob_significant_loss", "prob_significant_lender_loss")


def figures(loss: Any, lenders: Any) -> dict[str, float]:
    """What the metrics are by their definitions: means, means of the four worst of 400, parts beyond 1 % of supply."""
    losses = (("loss", "loss", loss), ("lender_loss", "lender_loss", lenders))
    found = {f"{name}_mean": float(values.mean()) / SUPPLY * 1e4 for name, _, values in losses}
    found |= {f"{name}_es99": float(np.sort(values)[-4:].mean()) / SUPPLY * 1e4 for name, _, values in losses}
    return found | {f"prob_significant_{name}": float((values > 0.01 * SUPPLY).mean()) for name, _, values in losses}


def made(folder: Path, kept: float, options: dict[str, Any] | None = None, **other: Any) -> Path:
    """A run in which the reserve bears this part of what lenders bear elsewhere, with its paths."""
    from_lenders = LOSS * (1.0 - kept)
    table = {"path": range(PATHS), "loss": LOSS, "loss_from_lenders": from_lenders, "unrealised_loss": OPEN}
    table |= {"reserve_end": RESERVE, "liquidated": SOLD}
    values = figures(LOSS, from_lenders + STILL_OPEN)
    found = hand_made.metrics()
    found |= {name: hand_made.metric(values[name], 0.5 * values[name], 1.5 * values[name], found[name]["unit"]) for name in PAIRED}
    found["liquidations_mean"] = hand_made.metric(float(SOLD.mean()), 1_900.0, 2_100.0, "asset")
    given = hand_made.stress(metrics=found, **other)
    given["options"] |= {"paths": PATHS} | (options or {})
    hand_made.written(folder, given)
    polars.DataFrame(table).sample(fraction=1.0, shuffle=True, seed=1).write_parquet(folder / "paths.parquet")
    return folder


def compared(this: Path, other: Path) -> tuple[Comparison, dict[str, Change]]:
    found = comparison(read_run(this), read_run(other))
    return found, {change.metric: change for change in found.differences}


def test_differences_are_taken_path_by_path(tmp_path: Path) -> None:
    """This less the other: lenders lose less where the reserve bears a tenth more, on every path that hurts them, and the pool the same."""
    found, changes = compared(made(tmp_path / "this", 0.1), made(tmp_path / "other", 0.0))
    assert "Both ran the same 400 futures: 7 differences are taken path by path" in found.sections[0].lead[1]
    for name in ("lender_loss_mean", "lender_loss_es99"):
        expected = figures(LOSS, 0.9 * LOSS + STILL_OPEN)[name] - figures(LOSS, LOSS + STILL_OPEN)[name]
        change = changes[name]
        assert expected < 0.0
        assert change.difference == pytest.approx(expected)
        assert change.low is not None
        assert change.high is not None
        assert change.low < change.difference < change.high < 0.0
        assert change.high - change.low < change.this[2] - change.this[1]
        assert (change.told, change.overlaps) == ("more than chance", True)
    for name in ("loss_mean", "loss_es99", "prob_significant_loss", "liquidations_mean"):
        assert (changes[name].low, changes[name].high, changes[name].told) == (0.0, 0.0, "not told from 0")
    _, back = compared(tmp_path / "other", tmp_path / "this")
    assert back["lender_loss_mean"].low == pytest.approx(-(changes["lender_loss_mean"].high or 0.0))


def test_paths_of_another_run_are_not_believed(tmp_path: Path) -> None:
    """They do not give the figures of the result beside them."""
    this, other = made(tmp_path / "this", 0.1), made(tmp_path / "other", 0.0)
    (this / "paths.parquet").write_bytes((other / "paths.parquet").read_bytes())
    found, changes = compared(this, other)
    assert "their paths.parquet cannot be read or is of another run" in found.sections[0].lead[1]
    assert all(change.low is None for change in changes.values())


def worlds() -> dict[str, dict[str, Any]]:
    """What makes futures others, by the reason that is told."""
    other = hand_made.scenario()
    other["prices"] = other["prices"] | {"volatility": 1.4}
    return {
        "their seed differs": {"options": {"seed": 6}},
        "their horizon differs": {"options": {"horizon": 86_400}},
        "their scenarios differ in prices": {"scenario": other},
        "their scenarios differ in step": {"scenario": hand_made.scenario(step=300)},
        "their scenarios differ in start": {"scenario": hand_made.scenario(start=1_900.0)},
        "their start prices differ": {"pools": [hand_made.pool(start_price=2_013.0)]},
    }


@pytest.mark.parametrize("reason", worlds())
def test_other_futures_are_told_apart(tmp_path: Path, reason: str) -> None:
    """Though there are as many of them: then intervals are compared, and the page says why."""
    found, changes = compared(made(tmp_path / "this", 0.1, **worlds()[reason]), made(tmp_path / "other", 0.0))
    assert found.sections[0].lead[1] == f"Compared by their intervals alone, for {reason}."
    assert all(change.low is None for change in changes.values())
    assert changes["lender_loss_mean"].told == "intervals overlap"


def test_other_futures_have_intervals_apart_or_not() -> None:
    """A value in common is enough, from either side."""
    low, high = (2.0, 1.0, 3.0), (3.5, 2.5, 4.5)
    for this, other in ((low, high), (high, low), (low, low), (low, (4.0, 3.0, 5.0))):
        assert Change("m", this, other, "bp of supply").told == "intervals overlap"
    for this, other in ((low, (4.0, 3.1, 5.0)), ((4.0, 3.1, 5.0), low)):
        assert Change("m", this, other, "bp of supply").told == "intervals apart"


@pytest.mark.parametrize(
    ("low", "high", "told"), [(-1.0, 1.0, "not told from 0"), (0.5, 1.0, "more than chance"), (-1.0, -0.5, "more than chance")]
)
def test_a_difference_path_by_path_is_chance_where_it_may_be_none(low: float, high: float, told: str) -> None:
    """Whichever way it goes."""
    assert Change("m", (2.0, 1.0, 3.0), (1.5, 1.0, 3.0), "bp of supply", low, high).told == told


def test_what_they_were_made_from_is_told_where_it_differs(tmp_path: Path) -> None:
    """Sizes, terms, the scenario, options, files; this before the other, and nothing that is the same."""
    pool = hand_made.pool(reserve=900.0, terms=hand_made.terms(penalty=str(2 * 10**16)))
    world = hand_made.scenario()
    world["market"]["a"] = 0.25
    digests = {"book.csv": "ef" * 32, "terms.toml": "12" * 32, "scenario.toml": "34" * 32}
    this = hand_made.stress(pools=[pool], scenario=world, inputs=digests)
    this["options"] |= {"significant": 0.02}
    hand_made.written(tmp_path / "this", this)
    found, _ = compared(tmp_path / "this", hand_made.written(tmp_path / "other", hand_made.stress()))
    assert [tuple(row) for row in found.sections[0].tables[1].rows] == [
        ("reserve", "900", "700"),
        ("penalty", "2 %", "1 %"),
        ("scenario market.a", "0.25", "0.5"),
        ("significant loss, part of supply", "0.02", "0.01"),
        ("SHA-256 of book.csv", "ef" * 8, "ab" * 8),
    ]


def test_an_exact_difference_is_this_less_the_other(tmp_path: Path) -> None:
    """Of two replays, to the unit, with its sign."""
    runs = [
        Run(tmp_path, ReplayRecord(Origin({}, {}, {}), hand_made.terms(), {"interest": interest, "sales": 3}, True))
        for interest in (1_000, 1_234)
    ]
    (section,) = comparison(*runs).sections
    assert [tuple(row) for row in section.tables[0].rows] == [("interest", "1\u202f000", "1\u202f234", "\u2212234")]
    assert section.lead == ("1 of 2 figures differ.",)
