"""The scenarios that ship say what fails and what holds in them: run, it is so, on a book of falling ether and on a calm one."""

import pytest

from ringfence.inputs.samples import CALM, FALLING, read_sample
from ringfence.inputs.scenario_file import NAMES, read_scenario
from ringfence.lab.stress import stress

DAYS = 7 * 86_400
PATHS = 200
"""Of `depeg`, which needs a default, 11 % of the paths have one within a week: none would come in one of 10^10 such runs."""


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("book", [FALLING, CALM])
def test_what_a_scenario_says_is_so(name: str, book: str) -> None:
    """Every claim of both sentences, and nothing of it is left to a default but the price to start from."""
    sample = read_sample(book)
    result = stress([(sample.book, sample.pool)], read_scenario(name), paths=PATHS, horizon=DAYS, seed=1, threads=2)
    assert [claim.claim for claim in result.claims if not claim.held] == []
    assert {claim.kind for claim in result.claims} == {"fails", "holds"}
    assert result.defaults == ("start price",)
