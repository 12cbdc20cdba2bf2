"""A result is read back figure by figure from its own place, and refused where it contradicts itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.inputs.errors import InputError
from ringfence.inputs.result_reader import read_result
from ringfence.inputs.result_records import RecommendRecord, StressRecord
from tests.unit.report import hand_made

Result = dict[str, Any]


def stress_of(folder: Path, result: Result | None = None) -> StressRecord:
    found = read_result(hand_made.written(folder, result or hand_made.stress()))
    assert isinstance(found, StressRecord)
    return found


def test_every_figure_from_its_own_place(tmp_path: Path) -> None:
    """Of a stress run: no two of these are alike in the file."""
    found = stress_of(tmp_path)
    told = found.metrics["lender_loss_es99"]
    assert (told.value, told.low, told.high, told.unit, told.definition) == (120.0, 90.0, 160.0, "bp of supply", "what is 120.0")
    assert (found.paths, found.horizon, found.seed, found.significant) == (2_000, 604_800, 5, 0.01)
    assert found.bounds == {"lender_loss_es99": 150.0}
    assert found.notices == ("a notice of the run",)
    assert [(claim.kind, claim.claim, claim.held) for claim in found.claims] == [
        ("fails", "loss_mean > 900", False),
        ("holds", "loss_mean < 50", True),
    ]
    assert found.distribution is not None
    assert (found.distribution.levels[4], found.distribution.loss[4], found.distribution.lender_loss[4]) == (950, 101.0, 33.0)
    pool = found.pools[0]
    assert (pool.supply, pool.debt, pool.reserve, pool.collateral, pool.start_price, pool.positions) == (
        *(100_000.0, 55_000.0, 700.0, 47.0),
        *(2_012.5, 12),
    )
    assert pool.wall[5] == {"fall": 0.25, "price": 1_500.0, "liquidatable_debt": 25_500.0, "added_debt": 20_000.0, "insolvent_loss": 333.0}
    assert pool.shocks[2] == {"fall": 0.3, "price": 1_400.0, "liquidatable_debt": 15_000.0, "loss": 1_170.0, "loss_without_depth": 549.0}
    assert pool.reserve_sizing[1] == {
        "reserve": 350.0,
        "part_of_supply": 0.0035,
        "ruin": 0.08,
        "low": 0.8 * 0.08,
        "high": 1.3 * 0.08 + 0.0005,
    }


def test_every_figure_from_its_own_place_around_a_run(tmp_path: Path) -> None:
    """Its neighbours, the worlds that ship, the histories."""
    found = stress_of(tmp_path)
    near = found.around
    assert near is not None
    assert (near.paths, near.liq_ltv, near.depth, near.own) == (700, (0.8, 0.85, 0.9, 0.95), (0.25, 0.5, 1.0, 2.0), (1, 2))
    assert (near.lender_loss_es99[1][0]["value"], near.loss_es99[1][0]["value"]) == (203.0, 243.0)
    assert near.lender_loss_es99[0][1] == {"value": 62.0, "low": 0.9 * 62.0, "high": 124.0}
    assert (near.lender_loss_es99[3][3], near.legal[3]) == ({}, (True, True, True, False))
    assert [(one.name, one.metrics["lender_loss_es99"].value, one.paths, one.horizon) for one in found.scenarios] == [
        ("black-thursday", 170.0, 300, 604_800),
        ("frozen-feed", 130.0, 300, 604_800),
    ]
    (past,) = found.replays
    assert (past.file, past.sha256, past.first, past.last, past.rows) == ("march.csv", "cd" * 32, 1_583_798_400, 1_584_403_200, 169)
    assert (past.worst_fall, past.final_move, past.lender_loss, past.solvent, past.sales) == (0.31, -0.2, 3.5, False, 17)


def recommended(folder: Path, **other: Any) -> RecommendRecord:
    hand_made.written(folder / "stress", hand_made.stress())
    found = read_result(hand_made.written(folder, hand_made.recommendation(**other)))
    assert isinstance(found, RecommendRecord)
    return found


def test_every_figure_from_its_own_place_of_a_recommendation(tmp_path: Path) -> None:
    """Its file calls lenders' loss `loss_es99`, and the pool's `pool_loss_es99`."""
    found = recommended(tmp_path)
    values = {name: metric.value for name, metric in found.metrics.items()}
    assert values == {"lender_loss_es99": 120.0, "prob_significant_lender_loss": 0.02, "loss_es99": 410.0, "lender_loss_mean": 14.0}
    (answer,) = found.answers
    assert (answer.value, answer.low, answer.high, answer.before, answer.next_value) == ("0.85", "0.82", "0.87", "0.8", "0.855")
    assert answer.next_loss["value"] == 166.0
    assert answer.cost == "46 bp more"
    assert [(one.value, one.loss_es99["value"], one.prob_significant_loss["value"]) for one in answer.tried] == [
        *((0.855, 166.0, 0.024), (0.8, 70.0, 0.011)),
        (0.85, 120.0, 0.02),
    ]
    assert found.bounds == {"lender_loss_es99": 150.0}
    assert found.stress is not None
    assert found.stress.paths == 2_000


def test_a_recommendation_and_its_run_belong_together(tmp_path: Path) -> None:
    """The bounded figure is the same to the last digit, or the two are of different runs."""
    with pytest.raises(InputError, match=r"its loss_es99 is not that of stress/result\.json"):
        recommended(tmp_path, loss_es99=hand_made.metric(120.000001, 90.0, 160.0))


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("ringfence.stress/2", "newer than 'ringfence.stress/1'"),
        ("ringfence.demo/1", "is a result of another kind"),
        ("other.stress/1", "none of Ringfence's"),
        ("a.ringfence.stress/1", "none of Ringfence's"),
    ],
)
def test_another_schema_is_refused(tmp_path: Path, schema: str, reason: str) -> None:
    """Of another version, of another command, of another program."""
    with pytest.raises(InputError, match=reason):
        stress_of(tmp_path, hand_made.stress(schema=schema))


CONTRADICTIONS: list[tuple[str, Callable[[Result], Any]]] = [
    ("metrics.loss_mean has an interval from 60 down to 50", lambda r: r["metrics"]["loss_mean"].update(low=60.0)),
    ("has an interval from 60 down to 50", lambda r: r["scenarios"][0]["metrics"].update(x=hand_made.metric(55.0, 60.0, 50.0))),
    ("has an interval from 2 down to 1", lambda r: r["around"]["lender_loss_es99"][0].__setitem__(0, hand_made.metric(1.0, 2.0, 1.0))),
    ("metrics has no 'borne_by_reserve'", lambda r: r["metrics"].pop("borne_by_reserve")),
    ("pools is empty", lambda r: r["pools"].clear()),
    ("options.paths is 0", lambda r: r["options"].update(paths=0)),
    ("options.paths is no count", lambda r: r["options"].update(paths=-1)),
    ("options.significant is 5, not within 0 to 1", lambda r: r["options"].update(significant=5.0)),
    ("lender_loss_es99 is -5, not within", lambda r: r["options"]["bounds"].update(lender_loss_es99=-5)),
    ("distribution has lists of different lengths", lambda r: r["distribution"]["loss"].pop()),
    ("distribution has lists of different lengths", lambda r: r["distribution"]["lender_loss"].append(999.0)),
    ("distribution.loss does not rise", lambda r: r["distribution"]["loss"].reverse()),
    ("levels out of 0 to 1000", lambda r: r["distribution"]["levels"].__setitem__(-1, 1_001)),
    ("levels out of 0 to 1000", lambda r: r["distribution"]["levels"].__setitem__(0, -1)),
    ("around.own is no cell of the table", lambda r: r["around"].update(own=[4, 0])),
    ("around.own is no cell of the table", lambda r: r["around"].update(own=[0, 4])),
    ("around.own is no cell of the table", lambda r: r["around"].update(own=[1])),
    ("around.own is no cell of the table", lambda r: r["around"].update(own=[])),
    ("around.own has 3 entries", lambda r: r["around"].update(own=[1, 1, 1])),
    ("is no table of 4 rows and 4 columns", lambda r: r["around"]["lender_loss_es99"][2].pop()),
    ("is no table of 4 rows and 4 columns", lambda r: r["around"]["legal"].pop()),
    ("around.liq_ltv does not rise", lambda r: r["around"]["liq_ltv"].reverse()),
    ("terms.asset_decimals is 256, more than 255", lambda r: r["pools"][0]["terms"].update(asset_decimals="256")),
    ("terms.liq_ltv is no text of digits", lambda r: r["pools"][0]["terms"].update(liq_ltv="0.85")),
    ("scenario.liquidators.latency is no number", lambda r: r["scenario"]["liquidators"].update(latency="5 minutes")),
    ("scenario.oracle.feeds[0].delay is no number", lambda r: r["scenario"]["oracle"]["feeds"][0].update(delay=None)),
    ("pools[0].wall[3] has no 'insolvent_loss'", lambda r: r["pools"][0]["wall"][3].pop("insolvent_loss")),
    ("pools[0].supply is -1, not within", lambda r: r["pools"][0].update(supply=-1)),
]


@pytest.mark.parametrize(("reason", "change"), CONTRADICTIONS, ids=[f"{n}-{reason[:30]}" for n, (reason, _) in enumerate(CONTRADICTIONS)])
def test_what_contradicts_itself_is_refused(tmp_path: Path, reason: str, change: Callable[[Result], Any]) -> None:
    """In one line, with the place: what no run could have written is not drawn."""
    result = hand_made.stress()
    change(result)
    with pytest.raises(InputError) as refused:
        stress_of(tmp_path, result)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_contradicts_what_a_recommendation_is(tmp_path: Path) -> None:
    """It has a bound, or it would be none."""
    options = hand_made.recommendation()["options"]
    for bounds in ({}, {"bounds": {}}):
        without = {name: value for name, value in options.items() if name != "bounds"} | bounds
        with pytest.raises(InputError, match="states no bounds"):
            recommended(tmp_path, options=without)
