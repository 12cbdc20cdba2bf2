"""Claims: what a scenario says of its result, checked by a grammar of one comparison."""

import math
from pathlib import Path

import pytest

from ringfence.inputs.claims import check_claims, claims_of
from ringfence.inputs.errors import InputError
from ringfence.inputs.scenario import Claim, Scenario
from ringfence.inputs.scenario_file import read_scenario

METRICS = {"loss_mean": 12.0, "loss_es99": 40.0, "loss_from_other_pools": 0.0, "never": math.nan}


def claiming(folder: Path, fails: str) -> Scenario:
    """A scenario with one claim."""
    path = folder / "s.toml"
    path.write_text(f'[claims]\nfails = "{fails}"\n', encoding="utf-8")
    return read_scenario(path)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("loss_mean > 0", True),
        ("loss_mean > 12", False),
        ("loss_mean >= 12", True),
        ("loss_mean<=1.2e1", True),
        ("loss_mean < 12", False),
        ("loss_from_other_pools = 0", True),
        ("loss_mean = -12", False),
        ("loss_mean < loss_es99", True),
        ("loss_es99 <= loss_mean", False),
        ("never > 0", False),
        ("never <= 0", False),
    ],
)
def test_a_claim_is_what_its_comparison_says(tmp_path: Path, text: str, held: bool) -> None:
    """Against a number or another metric; what is no number bears nothing out."""
    assert [found for _, found in claims_of(claiming(tmp_path, text), METRICS)] == [held]


def test_a_claim_is_told_as_it_was_written(tmp_path: Path) -> None:
    """With the blanks where they belong, and exact enough to recognise."""
    assert claims_of(claiming(tmp_path, "loss_mean<=1.25e1"), METRICS) == [("loss_mean <= 12.5", True)]
    assert Claim("holds", "a", "=", "b").text == "a = b"


def test_an_unknown_metric_is_refused_before_anything_runs(tmp_path: Path) -> None:
    """On either side, with what was probably meant."""
    for text in ("loss_meen > 0", "loss_mean > loss_meen"):
        with pytest.raises(InputError) as caught:
            check_claims(claiming(tmp_path, text), METRICS)
        assert str(caught.value).startswith(
            f"{tmp_path}/s.toml: column [claims] fails: 'loss_meen' is no metric; did you mean loss_mean? known are loss_es99, "
        )
    check_claims(claiming(tmp_path, "loss_mean > loss_es99"), METRICS)
