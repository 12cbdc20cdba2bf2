"""The page of stress: its world is a scenario that leaves nothing out, and gives the figures that the page shows."""

import re
from pathlib import Path

import pytest

from ringfence.cli.stress_table import BLOCKS
from ringfence.inputs.price_model import MODELS
from ringfence.inputs.scenario_file import NAMES, read_scenario
from tests.unit.pages import ROOT, blocks, sections
from tests.unit.test_docs import is_shown, typed

pytest.importorskip("numba", reason="stress needs the lab extra")

PAGE = (ROOT / "docs" / "stress.md").read_text(encoding="utf-8")


def test_the_world_of_the_page_gives_its_figures(tmp_path: Path) -> None:
    """The command and the table of seeds; nothing of it is left to a default."""
    (tmp_path / "world.toml").write_text(blocks(PAGE, "toml")[0], encoding="utf-8")
    assert read_scenario(tmp_path / "world.toml").defaults == ()
    command, *expected = blocks(PAGE, "text")[0].removeprefix("$ ").splitlines()
    seeded = [f"{command} --no-causes --seed {seed} | grep -E '^(mean|ES 99 %)  '" for seed in (1, 2, 3)]
    start, (code, printed), *seeds = typed(["ringfence init .", command, *seeded], tmp_path)
    assert (start[0], code) == (0, 0)
    assert is_shown(expected, printed), printed
    shown = [tuple(float(figure) for figure in re.findall(r"[\d.]+", line)) for line in re.findall(r"^\| \d \| .*$", PAGE, re.MULTILINE)]
    tables = [[line for line in lines if not line.startswith("notice: ")] for _, lines in seeds]
    found = [[float(figure) for line in lines for figure in re.findall(r"[\d.]+", line.removeprefix("ES 99 %"))] for lines in tables]
    assert [row[0] for row in shown] == [1, 2, 3]
    assert [list(row[1:]) for row in shown] == [[*(round(x, 1) for x in row[:3]), *(round(x) for x in row[3:6])] for row in found]


def test_every_block_of_the_table_is_explained() -> None:
    """In the table of blocks, or in a section of its own."""
    told = sections(PAGE, 2)["How to read it"] + sections(PAGE, 2)["Several pools"]
    assert [title for title, _ in BLOCKS if title not in told] == []
    choice = sections(PAGE, 2)["Choosing a scenario"]
    assert [name for name in (*NAMES, *MODELS) if f"`{name}`" not in choice] == []
