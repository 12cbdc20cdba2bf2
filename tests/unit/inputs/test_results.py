"""Result files: names, types and order as fixed."""

import csv
import json
from dataclasses import fields
from pathlib import Path

import pytest

from ringfence.inputs.results import PoolFigures, ReplayResult, SaleRow, is_result_folder, write_replay

BIG = 2**200
AMOUNTS = (
    "supply_before supply_after reserve_before reserve_after premium_owed_after debt_before interest debt_after debt_retired paid"
    " penalty surplus collateral_sold loss loss_from_reserve loss_from_backstop loss_from_lenders loss_from_premium"
    " unrealised_loss share_price_before share_price_after"
).split()
COUNTS = "sales positions_sold positions_sold_at_start unhealthy_at_end insolvent_at_end".split()


def figures(**given: int) -> PoolFigures:
    """Figures of 0, with what a test changes."""
    return PoolFigures(**({field.name: 0 for field in fields(PoolFigures)} | given))


def result(pool: PoolFigures) -> ReplayResult:
    """A result with one sale."""
    sale = SaleRow(60, "alice, =1+1", BIG, 2, 3, 4, 5, 6, 7)
    return ReplayResult(pool, (sale,), {"book.csv": "aa"}, {"ringfence": "1"}, {"engine": "model"}, {"liq_ltv": "1"})


def test_amounts_are_strings_and_counts_integers() -> None:
    """Readers of JSON keep 53 bits of a number and all of a string."""
    shown = result(figures(**dict.fromkeys(AMOUNTS, BIG), **dict.fromkeys(COUNTS, 3))).to_dict()
    assert list(shown)[:3] == ["schema", "inputs", "versions"]
    assert shown["schema"] == "ringfence.replay/1"
    assert {name: shown["pool"][name] for name in AMOUNTS} == dict.fromkeys(AMOUNTS, str(BIG))
    assert {name: shown["pool"][name] for name in COUNTS} == dict.fromkeys(COUNTS, 3)
    assert set(shown["pool"]) == {*AMOUNTS, *COUNTS, "solvent"}


@pytest.mark.parametrize(
    ("given", "solvent"),
    [({}, True), ({"loss": 5, "loss_from_reserve": 5}, True), ({"loss_from_lenders": 1}, False), ({"insolvent_at_end": 1}, False)],
)
def test_solvent_means_no_lender_lost_and_none_stands_to_lose(given: dict[str, int], solvent: bool) -> None:
    """What the reserve bore does not count."""
    assert figures(**given).to_dict()["solvent"] is solvent


def test_the_files_hold_the_result_and_a_row_a_sale(tmp_path: Path) -> None:
    """`sales.csv` in base units under its fixed columns, any account name quoted."""
    write_replay(result(figures()), tmp_path)
    assert json.loads((tmp_path / "result.json").read_text("utf-8")) == result(figures()).to_dict()
    with open(tmp_path / "sales.csv", encoding="utf-8", newline="") as file:
        header, row = list(csv.reader(file))
    assert header == "timestamp,account,payment,debt_retired,penalty,collateral_sold,incentive,loss,price".split(",")
    assert row == ["60", "alice, =1+1", str(BIG), "2", "3", "4", "5", "6", "7"]


def test_sales_are_a_frame_too() -> None:
    """One row a sale, amounts as text."""
    pytest.importorskip("polars", reason="frames need the lab extra")
    frame = result(figures()).to_polars()
    assert frame.columns == [field.name for field in fields(SaleRow)]
    assert frame.row(0) == (60, "alice, =1+1", str(BIG), "2", "3", "4", "5", "6", "7")


def test_only_a_folder_with_a_result_and_nothing_else_is_a_result_folder(tmp_path: Path) -> None:
    """Somebody's own file keeps a folder from being replaced."""
    assert not is_result_folder(tmp_path)
    write_replay(result(figures()), tmp_path)
    assert is_result_folder(tmp_path)
    (tmp_path / "notes.txt").touch()
    assert not is_result_folder(tmp_path)
    (tmp_path / "notes.txt").unlink()
    for content in ("{}", "[]", "x", '{"schema": 1}', '{"schema": "other/1"}', "[" * 100_000):
        (tmp_path / "result.json").write_text(content)
        assert not is_result_folder(tmp_path)
