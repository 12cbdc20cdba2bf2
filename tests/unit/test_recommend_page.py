"""The page of recommend: its table of terms is what the code has, and every field of a result stands on it."""

import re
from pathlib import Path

import pytest

from ringfence.inputs.grids import NAMED
from ringfence.inputs.recommend_result import Answer, NextStep, RecommendResult
from ringfence.inputs.varied_terms import BISECT, GALLOP, PROBE, SCAN, VARIED, default_grid
from ringfence.lab.search import PROBES
from tests.unit.lab.recommend_worlds import BOOK, covered
from tests.unit.pages import ROOT, column, sections

PAGE = (ROOT / "docs" / "recommend.md").read_text(encoding="utf-8")
SAID = {BISECT: "halving", PROBE: "halving", GALLOP: "outward, then halving", SCAN: "all, from the smallest"}


def rows(text: str) -> dict[str, list[str]]:
    """The cells of each row of the first table whose first column is code."""
    return {
        cells[0].strip("` "): [cell.strip() for cell in cells[1:]]
        for cells in (line.strip("| ").split(" | ") for line in re.findall(r"^\| `.*$", text, re.MULTILINE))
    }


def test_every_term_stands_with_its_goal_and_its_search() -> None:
    table = rows(sections(PAGE, 2)["What can be varied"])
    assert list(table) == list(VARIED)
    for name, (goal, _, search, *_) in table.items():
        assert (goal, search) == (VARIED[name].goal, SAID[VARIED[name].search])


def test_the_grids_are_those_of_the_page() -> None:
    """Of ratios to the digit: ends and step."""
    told = 0
    for name, cells in rows(sections(PAGE, 2)["What can be varied"]).items():
        if figures := re.fullmatch(r"([\d.]+) to ([\d.]+) by ([\d.]+)", cells[1]):
            first, last, step = (round(float(figure) * 10**18) for figure in figures.groups())
            grid = default_grid(name, covered(), sum(BOOK.debt))
            assert (grid[0], grid[-1], grid[1] - grid[0]) == (first, last, step), name
            told += 1
    assert told == 6


def test_the_ltvs_of_the_venue_are_told() -> None:
    assert NAMED["liq_ltv"]["morpho"].replace(",", ", ") in PAGE


def test_the_probes_are_told() -> None:
    assert PROBES - 1 == 15
    assert "fifteen values across the grid" in PAGE.replace("\n", " ")


@pytest.mark.parametrize(("heading", "kind"), [("The files", RecommendResult), ("The files", Answer), ("The files", NextStep)])
def test_every_field_stands_on_the_page(heading: str, kind: type) -> None:
    """In its section; what a result holds besides for Python is not written."""
    told = set(re.findall(r"`(\w+)`", sections(PAGE, 2)[heading]))
    assert [name for name in kind.__dataclass_fields__ if name not in told | {"pool", "book", "stress"}] == []
    assert column(PAGE, "file")[0] == "terms.toml"


def test_the_figures_of_real_loans_are_two_seeds_that_agree() -> None:
    """Each term's intervals overlap, whatever is written beside them."""
    for table in re.findall(r"(?:^\| \d \| `.*\n)+", sections(PAGE, 2)["Real loans"], re.MULTILINE):
        cells = [[cell.strip(" *`") for cell in line.strip("|").split("|")] for line in table.splitlines()]
        ends = {(row[0], row[1]): [float(end.replace(",", "")) for end in row[4].split(" to ")] for row in cells}
        assert len(ends) == 6
        for (seed, term), (low, high) in ends.items():
            other = ends[("2" if seed == "1" else "1"), term]
            assert low <= other[1] and other[0] <= high
            value = next(float(row[3].replace(",", "")) for row in cells if (row[0], row[1]) == (seed, term))
            assert low <= value <= high


def test_the_script_of_the_figures_is_named() -> None:
    assert Path(ROOT / "scripts" / "recommend_figures.py").is_file()
    assert "scripts/recommend_figures.py" in PAGE
