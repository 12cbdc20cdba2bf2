"""What a page says first, sentence by sentence, of figures that were written by hand."""

from pathlib import Path
from typing import Any

import pytest

from ringfence.inputs.verdict import HELD, NONE, UNSURE
from ringfence.report.judgement import Move, main_reason, moves, weakest_assumption
from ringfence.report.run import Run, read_run
from tests.unit.report import hand_made

GROUP = "\u202f"


def run_of(folder: Path, most: float | None = None, **other: Any) -> Run:
    """A stress run, with another bound than its own if one is given."""
    bounds = None if most is None else {"lender_loss_es99": most}
    return read_run(hand_made.written(folder, hand_made.stress(**other)), bounds)


def with_metrics(**other: tuple[float, float, float]) -> dict[str, Any]:
    """Some of the metrics with other figures in their own units."""
    found = hand_made.metrics()
    return {"metrics": found | {name: hand_made.metric(*ends, found[name]["unit"]) for name, ends in other.items()}}


def test_what_is_judged(tmp_path: Path) -> None:
    """A bound that is stated here before that of the run; lenders' shortfall alone is drawn; few futures are never sure."""
    assert run_of(tmp_path).bounds == {"lender_loss_es99": 150.0}
    run = run_of(tmp_path, 160.0)
    assert (run.bounds, run.verdict.kind) == ({"lender_loss_es99": 160.0}, HELD)
    assert run.verdict.reasons[1:] == ("the scenario claims loss_mean > 900, which this run does not bear out",)
    options = hand_made.stress()["options"]
    few = run_of(tmp_path, options=options | {"paths": 60, "bounds": {"lender_loss_es99": 160.0}})
    assert few.verdict.kind == UNSURE
    probable = run_of(tmp_path, options=options | {"bounds": {"prob_significant_lender_loss": 0.05}})
    assert (probable.verdict.kind, probable.bound) == (HELD, None)


def test_what_is_judged_of_a_recommendation(tmp_path: Path) -> None:
    """Defaults of the run beside it are its own, too."""
    hand_made.written(tmp_path / "stress", hand_made.stress(defaults=["market", "oracle"]))
    run = read_run(hand_made.written(tmp_path, hand_made.recommendation(defaults=["oracle"])))
    assert run.defaults == ("oracle", "market")
    assert run.verdict.kind == NONE


def test_the_largest_cause_and_who_bears_it(tmp_path: Path) -> None:
    """Of 40 bp the depth explains 21, which is 52 %, and the reserve bears 23, which is 57.5 %."""
    assert main_reason(run_of(tmp_path)) == (
        "The largest cause of loss is the market's depth: 21 (15 to 26) of the 40 bp of supply that the pool loses on average, 52 %; "
        "the reserve bears 58 % of it."
    )
    spared = with_metrics(loss_remainder=(-30.0, -33.0, -27.0), borne_by_lenders=(28.0, 25.0, 31.0))
    assert "is the market's depth: 21 (15 to 26)" in main_reason(run_of(tmp_path, **spared))
    assert main_reason(run_of(tmp_path, **spared)).endswith("; lenders bear 70 % of it.")
    latest = main_reason(run_of(tmp_path, **with_metrics(loss_from_latency=(22.0, 20.0, 24.0), borne_by_nobody_yet=(24.0, 20.0, 25.0))))
    assert latest.startswith("The largest cause of loss is latency and outages of liquidators: 22 (20 to 24) of the 40 bp")
    assert latest.endswith("; 60 % of it is still open at the end, and nobody bears it yet.")
    without = {name: metric for name, metric in hand_made.metrics().items() if not name.startswith("loss_from")}
    del without["loss_remainder"]
    assert main_reason(run_of(tmp_path, metrics=without)) == (
        "The pool loses 40 (30 to 50) bp of supply on average; the reserve bears 58 % of it. What causes it was not asked (--causes)."
    )


def test_the_largest_cause_of_no_loss(tmp_path: Path) -> None:
    """Nothing is lost only where no future loses anything."""
    may_be = run_of(tmp_path, **with_metrics(loss_es99=(9.0, 0.0, 20.0)))
    assert main_reason(may_be).startswith("The largest cause of loss is ")
    none = run_of(tmp_path, **with_metrics(loss_es99=(0.0, 0.0, 0.0)))
    assert main_reason(none) == f"In none of 2{GROUP}000 futures anything is lost, by anybody."


def test_a_default_is_the_weakest_assumption(tmp_path: Path) -> None:
    """Before anything that was measured, with what rests on it."""
    assert weakest_assumption(run_of(tmp_path, 130.0, defaults=["oracle", "market"])) == (
        "Left to defaults, which are the best case: the oracle, depth. The run takes it that the oracle shows the market's price at every "
        "step, exactly and at once; the market takes any amount at its price, and forgets it at once; in one future of a hundred more "
        f"than 9{GROUP}300 asset of debt is sold so."
    )
    assert weakest_assumption(run_of(tmp_path, defaults=["lenders"])) == (
        "Left to defaults, which are the best case: lenders. The run takes it that no lender runs; the 120 (90 to 160) bp of supply of "
        "lenders' loss rest on it."
    )


def of(found: list[Move], start: str) -> Move:
    return next(move for move in found if move.assumption.startswith(start))


def test_half_the_depth_is_that_of_the_run_itself(tmp_path: Path) -> None:
    """The cell beside the run's own, of the lenders' table: 143 instead of 118 bp, which keeps a bound of 150 and breaks one of 130."""
    for most, decides in ((130.0, True), (150.0, False), (110.0, False)):
        move = of(moves(run_of(tmp_path, most)), "The market's depth")
        assert move.changed == "with half of it"
        assert move.figure == "lenders' ES 99 % is 143 (129 to 286) bp of supply instead of 118 (of 700 futures)"
        assert (move.size, move.decides) == (25.0, decides)
    assert weakest_assumption(run_of(tmp_path, 130.0)) == (
        "The market's depth: with half of it, lenders' ES 99 % is 143 (129 to 286) bp of supply instead of 118 (of 700 futures), beyond "
        "the bound of 130."
    )
    kinder = run_of(tmp_path, 110.0, scenarios=[hand_made.shipped("calm", 100.0, held=True)])
    assert weakest_assumption(kinder) == (
        "That the world is as the scenario says: in the shipped scenario calm instead, lenders' ES 99 % is 100 (80 to 120) bp of supply, "
        "within the bound of 110."
    )


def test_the_weakest_where_several_decide(tmp_path: Path) -> None:
    """Half the depth, then a world that ships, then the interval; where none decides, what moves most."""
    found = []
    for left_out in ((), ("around",), ("around", "scenarios")):
        result = {name: value for name, value in hand_made.stress().items() if name not in left_out}
        run = read_run(hand_made.written(tmp_path, result), {"lender_loss_es99": 130.0})
        found.append(weakest_assumption(run).partition(":")[0])
    assert found == ["The market's depth", "That the world is as the scenario says", "The number of futures"]
    assert weakest_assumption(run_of(tmp_path, 1e4)).endswith("black-thursday instead, lenders' ES 99 % is 170 (136 to 204) bp of supply.")


def test_moves_are_in_order(tmp_path: Path) -> None:
    """What decides first, then by size: the worst world costs 50 bp more, the interval's end 40, half the depth 25."""
    deep = with_metrics(loss_from_depth=(70.0, 60.0, 80.0))
    found = moves(run_of(tmp_path, 165.0, **deep))
    assert [(move.assumption.split()[0], move.size, move.decides) for move in found] == [
        ("That", 50.0, True),
        ("The", 70.0, False),
        ("The", 40.0, False),
        ("The", 25.0, False),
        ("Latency", 13.0, False),
        ("The", 8.0, False),
    ]
    assert found[0].changed == "in the shipped scenario black-thursday instead"
    assert found[2].figure == "lenders' ES 99 % may be as high as 160 bp of supply instead of 120"


@pytest.mark.parametrize(("order", "a", "told"), [("riskiest-first", 0.5, True), ("random", 0.5, False), ("riskiest-first", 0.0, False)])
def test_an_order_of_sale_that_flatters_is_told(tmp_path: Path, order: str, a: float, told: bool) -> None:
    """Where the market's depth makes an order matter."""
    world = hand_made.scenario()
    world["liquidators"]["order"], world["market"]["a"] = order, a
    found = [move.figure for move in moves(run_of(tmp_path, scenario=world)) if move.assumption == "The order of sale"]
    assert [figure.endswith("here up to 40 bp of supply more of mean loss") for figure in found] == [True] * told
