"""The result of a demo and its file."""

import json
from dataclasses import fields

from ringfence.inputs.demo_result import DemoPool, DemoResult, Freeze, FundFigures, Identity, Isolation, LossShares, Step
from ringfence.inputs.results import PoolFigures, SaleRow

FIGURES = PoolFigures(**{field.name: number for number, field in enumerate(fields(PoolFigures), start=1)})
UNTOUCHED = Isolation(calm_pool_unchanged=True, slots_compared=7, slots_different=0)
TOUCHED = Isolation(calm_pool_unchanged=False, slots_compared=7, slots_different=1)
FROZEN, FUND = Freeze("A/B", 0, 60, 1, 2, 0, 0, ()), FundFigures(0, 0, 0, 0, {})
EQUAL, UNEQUAL = Identity("this = that", 5, 5), Identity("this = that", 5, 6)


def test_the_file_has_the_pinned_keys_in_their_order() -> None:
    """`ringfence.demo/1`: amounts as strings of base units, counts as integers."""
    result = DemoResult((DemoPool("A/B", True, FIGURES),), UNTOUCHED, (EQUAL,), FROZEN, FUND)
    assert json.loads(result.to_json()) == result.to_dict()
    assert list(result.to_dict()) == ["schema", "pools", "isolation"]
    assert result.to_dict()["schema"] == "ringfence.demo/1"
    assert list(result.to_dict()["pools"][0].items()) == [
        ("name", "A/B"),
        ("crashed", True),
        ("solvent", False),
        ("sales", FIGURES.sales),
        ("loss", str(FIGURES.loss)),
        ("loss_from_reserve", str(FIGURES.loss_from_reserve)),
        ("loss_from_backstop", str(FIGURES.loss_from_backstop)),
        ("loss_from_lenders", str(FIGURES.loss_from_lenders)),
        ("share_price_before", str(FIGURES.share_price_before)),
        ("share_price_after", str(FIGURES.share_price_after)),
    ]
    assert list(result.to_dict()["isolation"].items()) == [("calm_pool_unchanged", True), ("slots_compared", 7), ("slots_different", 0)]


def test_a_demo_holds_when_everything_balances_and_nothing_was_touched() -> None:
    """One unit or one slot is enough for it not to."""
    assert DemoResult((), UNTOUCHED, (EQUAL, EQUAL), FROZEN, FUND).holds
    assert not DemoResult((), UNTOUCHED, (EQUAL, UNEQUAL), FROZEN, FUND).holds
    assert not DemoResult((), TOUCHED, (EQUAL,), FROZEN, FUND).holds


def test_loss_shares_add_up_by_who_bore_them() -> None:
    """Each part with its own kind; the whole is their sum."""
    both = LossShares(1, 2, 3, 4) + LossShares(10, 20, 30, 40)
    assert both == LossShares(reserve=11, backstop=22, lenders=33, premium=44)
    assert both.total == 110


def test_a_step_sums_its_sales() -> None:
    """Payment and collateral of one `liquidate_many`."""
    sales = tuple(SaleRow(0, account, 10**n, 0, 0, 3 * 10**n, 0, 0, 1) for n, account in enumerate("abc"))
    assert Step("A/B", 0, 1, 1, sales=sales).payment == 111
    assert Step("A/B", 0, 1, 1, sales=sales).collateral_sold == 333
    assert Step("A/B", 0, 1, 1).payment == 0
