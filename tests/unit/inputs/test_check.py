"""A check as data: every bound once, exact numbers, and the file format that `docs/check.md` fixes."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.inputs.bounds import BOUNDS
from ringfence.inputs.check import CheckResult, check_pool
from ringfence.inputs.pool_file import read_pool_file
from ringfence.model.terms import WAD

ROOT = Path(__file__).resolve().parents[3]
TERMS = """[pool]
collateral_decimals = 18
asset_decimals = 6
supply = "1000"
[terms]
max_ltv = "0.80"
liq_ltv = "0.85"
incentive_base = "0.05"
supply_cap = "1500.5"
"""


@pytest.fixture
def result(tmp_path: Path) -> CheckResult:
    """The check of terms that hold."""
    path = tmp_path / "terms.toml"
    path.write_text(TERMS)
    return check_pool(read_pool_file(path))


def changed(result: CheckResult, **terms: int) -> CheckResult:
    """The check of the same pool with other terms."""
    return check_pool(replace(result.pool, terms=replace(result.pool.terms, **terms)))


def test_every_bound_is_there_once_and_the_supply_last(result: CheckResult) -> None:
    """In the order in which a contract checks them; the supply against its cap is the first deposit's check."""
    assert [bound.error for bound in result.bounds] == [*BOUNDS, "pool: supply cap reached"]
    assert result.holds
    assert result.bounds[-1].to_dict() == {
        "error": "pool: supply cap reached",
        "terms": {"supply": "1000000000", "supply_cap": "1500500000"},
        "sentence": "supply must be at most supply_cap",
        "holds": True,
        "value": "1000000000",
        "side": "at most",
        "limit": "1500500000",
        "headroom": "500500000",
        "unit": "asset base units",
    }


def test_numbers_are_exact_and_a_yes_or_no_has_none(result: CheckResult) -> None:
    """0.85 * 1.05 = 0.8925, to the last digit; null for what is not a number."""
    shown = {bound["error"]: bound for bound in result.to_dict()["bounds"]}
    over = shown["terms: incentive over margin"]
    assert (over["value"], over["side"], over["limit"], over["headroom"], over["unit"]) == ("0.8925", "below", "1", "0.1075", "ratio")
    assert over["terms"] == {"liq_ltv": "0.85", "incentive_max": "0.05"}
    for error in ("terms: fee_recipient", "terms: solvent_window"):
        assert {name: shown[error][name] for name in ("value", "side", "limit", "headroom", "unit")} == dict.fromkeys(
            ("value", "side", "limit", "headroom", "unit")
        )
        assert shown[error]["holds"] is True


def test_all_broken_bounds_are_there_with_what_is_beyond(result: CheckResult) -> None:
    """Several at once, each by how much; then there is no meaning, for a contract would not take the terms."""
    broken = changed(result, max_ltv=9 * WAD // 10, penalty=WAD // 4, supply_cap=5)
    assert not broken.holds
    beyond = {bound["error"]: bound["headroom"] for bound in broken.to_dict()["bounds"] if not bound["holds"]}
    assert beyond == {"terms: max_ltv": "-0.05", "terms: penalty": "-0.05", "pool: supply cap reached": "-999999995"}
    assert broken.to_dict()["meaning"] == {}
    assert broken.to_dict()["remarks"] == []


def test_the_document_says_what_was_read(result: CheckResult) -> None:
    """Schema, the file's digest, versions, verdict; the text is this document."""
    shown = result.to_dict()
    assert list(shown) == ["schema", "inputs", "versions", "holds", "bounds", "meaning", "remarks"]
    assert shown["schema"] == "ringfence.check/1"
    assert shown["inputs"] == {"terms.toml": hashlib.sha256(TERMS.encode()).hexdigest()}
    assert json.loads(result.to_json()) == shown
    assert result.to_json().endswith("}\n")


def test_terms_made_in_memory_can_be_checked(result: CheckResult) -> None:
    """Without a file there is no digest."""
    assert check_pool(replace(result.pool, source=None)).to_dict()["inputs"] == {}


def test_the_bounds_are_a_frame_too(result: CheckResult) -> None:
    """One row each, numbers as text."""
    pytest.importorskip("polars", reason="frames need the lab extra")
    frame = changed(result, penalty=WAD).to_polars()
    assert frame.columns == ["error", "sentence", "holds", "value", "side", "limit", "headroom", "unit"]
    assert frame.filter(~frame["holds"]).rows() == [
        ("terms: penalty", "penalty must be at most 0.2", False, "1", "at most", "0.2", "-0.8", "ratio")
    ]


def test_the_page_names_every_field_and_figure(result: CheckResult) -> None:
    """docs/check.md lists what a reader of the JSON may rely on: no figure is missing there, none is there in vain."""
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    shown = result.to_dict()
    for name in (*shown, *shown["bounds"][0], "value", "unit", "definition"):
        assert f"`{name}`" in page, name
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page, re.MULTILINE)
    assert {name: unit.strip() for name, unit in rows if name in shown["meaning"]} == {
        name: fact["unit"] for name, fact in shown["meaning"].items()
    }
