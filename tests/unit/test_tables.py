"""Whatever a user gets can be had as a table: each column's type, each row's place, no amount cut."""

import importlib
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from ringfence.inputs.book import Book
from ringfence.inputs.demo_result import DemoPool, DemoResult, Freeze, FundFigures, Isolation
from ringfence.inputs.deploy_result import DeployResult, SentStep
from ringfence.inputs.pool_file import read_pool_file
from ringfence.inputs.pool_summary import PoolSummary, Token
from ringfence.inputs.prices import Prices
from ringfence.inputs.recommend_result import Answer, Figure, RecommendResult, SecondLook, Tried
from ringfence.inputs.results import PoolFigures
from ringfence.inputs.stress_result import Metric, PoolStress, ReserveSize, Shock, StressResult, WallRow
from ringfence.ladder.ladder import Ladder
from ringfence.model.shares import Totals
from tests.unit.pages import ROOT

pl = pytest.importorskip("polars", reason="frames need the lab extra")

SOURCE = ROOT / "src" / "ringfence"
SAMPLE = SOURCE / "inputs" / "samples" / "eth_usdc" / "terms.toml"
HUGE = 2**127
"""More than 64 bits hold, and no float: its last digit would be lost."""
METRIC = Metric(1.5, 1.0, 2.0, "bp of supply", "what is lost")


def results() -> list[tuple[str, str]]:
    """Every class that is written or printed as JSON, as (module, name)."""
    found = []
    for file in sorted((SOURCE / "inputs").glob("*.py")):
        if "def to_json" in file.read_text(encoding="utf-8"):
            module = importlib.import_module(f"ringfence.inputs.{file.stem}")
            classes = [each for each in vars(module).values() if is_dataclass(each) and each.__module__ == module.__name__]
            found += [(file.stem, each.__name__) for each in classes if hasattr(each, "to_json")]  # type: ignore[union-attr]
    return found


@pytest.mark.parametrize(("module", "name"), [*results(), ("book", "Book"), ("prices", "Prices")])
def test_every_result_is_a_table_and_a_dictionary(module: str, name: str) -> None:
    """What a command writes, and what it reads; the documents say what a row is."""
    kind = getattr(importlib.import_module(f"ringfence.inputs.{module}"), name)
    assert callable(kind.to_polars)
    assert callable(kind.to_dict)
    assert f"`{name}`" in (ROOT / "docs" / "api" / "index.md").read_text(encoding="utf-8").partition("## Tables")[2]


def test_there_are_as_many_results_as_commands_write() -> None:
    """So that the search above has not gone blind."""
    assert {name for _, name in results()} >= {
        "CheckResult", "CurveResult", "DemoResult", "DeployResult", "PoolSummary", "RecommendResult", "ReplayResult", "StressResult",
    }  # fmt: skip


def test_a_book_is_a_table() -> None:
    """A row an account, amounts whole."""
    frame = Book(("a", "b"), (HUGE + 1, 0), (5, 10**30)).to_polars()
    assert frame.rows() == [("a", str(HUGE + 1), "5"), ("b", "0", str(10**30))]
    assert frame.schema == dict.fromkeys(("account", "collateral", "debt"), pl.String)
    assert Book((), (), ()).to_polars().schema == frame.schema


def test_prices_are_a_table() -> None:
    """A row a time; times can be computed with."""
    frame = Prices((1, 3_600), (HUGE + 1, 7)).to_polars()
    assert frame.rows() == [(1, str(HUGE + 1)), (3_600, "7")]
    assert frame.schema == {"timestamp": pl.Int64, "price": pl.String}
    assert Prices((), ()).to_polars().schema == frame.schema


def test_a_ladder_at_prices_is_a_table_and_a_dictionary() -> None:
    """The same in both, and a dictionary of it is JSON."""
    ladder = Ladder([10**18], [10**6 * 10**6], 8 * 10**17)
    found = ladder.at_risk([HUGE, 1], Totals(0, 0, 10**6, 10**12, 0, 0, 0, 0))
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    assert found.to_polars().to_dict(as_series=False) == found.to_dict()
    assert found.to_dict()["price"] == [str(HUGE), "1"]
    assert found.to_dict()["positions"] == [0, 1]


def test_a_demo_is_a_table_of_its_pools() -> None:
    """A row a pool, amounts as in the file."""
    figures = PoolFigures(**{field.name: HUGE + number for number, field in enumerate(fields(PoolFigures))} | {"sales": 3})
    demo = DemoResult(
        (DemoPool("A/B", True, figures),), Isolation(True, 1, 0), (), Freeze("A/B", 0, 1, 1, 2, 0, 0, ()), FundFigures(0, 0, 0, 0, {})
    )
    frame = demo.to_polars()
    assert frame.to_dicts() == [demo.to_dict()["pools"][0]]
    assert (frame["loss"].dtype, frame["sales"].dtype, frame["crashed"].dtype) == (pl.String, pl.Int64, pl.Boolean)


def test_a_deployment_is_a_table_of_its_transactions() -> None:
    """A row each, gas summable; what has no address yet is null."""
    steps = (SentStep("deploy", 4, None, "0xaa", 900_000, None), SentStep("lend", 5, "0xaa", None, 80_000, "0xbb"))
    plan = DeployResult(read_pool_file(SAMPLE), 1, "0x", "0x", "0x", None, "0x", "0x", "0x", {}, (), steps, False)
    frame = plan.to_polars()
    assert frame.columns == [field.name for field in fields(SentStep)]
    assert frame["gas"].sum() == plan.gas == 980_000
    assert frame["to"].to_list() == [None, "0xaa"]


def test_a_deployed_pool_is_a_row() -> None:
    """Rows of several blocks go together, with a failing oracle among them."""
    state = dict.fromkeys(("supply_assets", "supply_shares", "debt_assets", "debt_shares", "reserve_assets", "premium_owed"), HUGE)

    def at(block: int, prices: tuple[int, int] | None) -> PoolSummary:
        tokens = Token("0xa", "USDC", 6), Token("0xc", "WETH", 18)
        return PoolSummary(1, block, 12 * block, "0xd", "A/B", "rf", "0x", *tokens, {}, state, prices, None if prices is None else 5, None)

    frame = pl.concat([at(1, (7, 8)).to_polars(), at(2, None).to_polars()])
    assert frame["block"].to_list() == [1, 2]
    assert frame["supply_assets"].to_list() == [str(HUGE)] * 2
    assert frame.select("price_low", "price_high", "rate").rows() == [("7", "8", "5"), (None, None, None)]
    assert frame.schema["timestamp"] == pl.Int64


def stressed(pools: tuple[PoolStress, ...]) -> StressResult:
    return StressResult({"loss_mean": METRIC}, pools, (), {}, {}, {}, {}, paths={"path": [0, 1], "loss": [0.0, 2.5]})


def pool(**given: Any) -> PoolStress:
    return PoolStress("A/B", 1.0, 1.0, 0.0, 1.0, 1.0, 1, {}, **given)


def test_the_metrics_of_a_stress_run_are_a_table() -> None:
    """Those of all pools together, then those of each, with unit and definition."""
    result = stressed((pool(metrics={"loss_mean": METRIC, "loss_es99": METRIC}),))
    frame = result.metrics_to_polars()
    assert frame.columns == ["pool", "metric", "value", "low", "high", "unit", "definition"]
    assert frame.select("pool", "metric").rows() == [(None, "loss_mean"), ("A/B", "loss_mean"), ("A/B", "loss_es99")]
    assert frame.row(0)[2:] == (1.5, 1.0, 2.0, "bp of supply", "what is lost")
    assert stressed(()).metrics_to_polars().schema == frame.schema
    assert result.to_polars()["loss"].to_list() == [0.0, 2.5]


@pytest.mark.parametrize(
    ("rows", "table"),
    [
        ({"shocks": (Shock(0.1, 1.0, 2.0, 3.0, 4.0),)}, PoolStress.shocks_to_polars),
        ({"wall": (WallRow(0.1, 1.0, 2.0, 3.0, 4.0),)}, PoolStress.wall_to_polars),
        ({"reserve_sizing": (ReserveSize(0.1, 1.0, 2.0, 3.0, 4.0),)}, PoolStress.reserve_sizing_to_polars),
    ],
)
def test_what_a_stress_run_says_of_a_pool_is_tables(rows: dict[str, Any], table: Callable[[PoolStress], Any]) -> None:
    """Each row as it stands in the file; without rows the columns are the same."""
    ((name, (row,)),) = rows.items()
    frame = table(pool(**rows))
    assert frame.to_dicts() == [row.to_dict()] == pool(**rows).to_dict()[name]
    assert table(pool()).schema == frame.schema
    assert set(frame.dtypes) == {pl.Float64}


def test_a_recommendation_is_a_table_of_what_was_tried_and_one_of_answers() -> None:
    """Values as a terms file spells them; a cap that the file does not set has no value before."""
    tried = tuple(Tried(value, Figure(1.0, 0.5, 2.0), Figure(0.1, 0.0, 0.2)) for value in ("0.8", "0.85"))
    words = ("highest", "0.8", "0.7", "0.85", "", None, "0.05", "loss_es99", "it is")
    found = RecommendResult(
        "A/B", {}, METRIC, METRIC, METRIC, METRIC, SecondLook(2, METRIC, METRIC), (),
        (Answer("liq_ltv", *words, False, False, None, tried),), 2, {}, {}, {}, (), (),
        read_pool_file(SAMPLE), Book((), (), ()), stressed(()),
    )  # fmt: skip
    frame = found.to_polars()
    assert frame.select("term", "value", "loss_es99_value", "prob_significant_loss_high").rows() == [
        ("liq_ltv", "0.8", 1.0, 0.2), ("liq_ltv", "0.85", 1.0, 0.2),
    ]  # fmt: skip
    assert found.answers_to_polars().rows() == [("liq_ltv", "highest", None, "0.8", "0.7", "0.85", "", "loss_es99")]
