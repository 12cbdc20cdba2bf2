"""The tables of docs/oracles.md are those that tests/regressions/test_oracle_in_trouble.py holds to a pool, cell by cell."""

import re

from tests.regressions.test_oracle_in_trouble import ROWS, STATES, cell
from tests.unit.pages import ROOT

PAGE = (ROOT / "docs" / "oracles.md").read_text(encoding="utf-8")


def cells(line: str) -> list[str]:
    return [text.strip() for text in line.strip().strip("|").split("|")]


def table(first: str) -> list[list[str]]:
    """The rows of the table whose first column has this name, its head first."""
    lines = PAGE[PAGE.index(f"| {first} |") :].splitlines()
    rows = lines[: next(number for number, line in enumerate(lines) if not line.startswith("|"))]
    return [cells(row) for number, row in enumerate(rows) if number != 1]


def test_the_page_has_every_cell() -> None:
    """Nothing that is tried is undocumented, and nothing documented is untried."""
    head, *rows = table("call")
    assert head == ["call", *STATES]
    assert [row[0].replace("`", "") for row in rows] == list(ROWS)
    for row in rows:
        assert row[1:] == [cell(row[0].replace("`", ""), state) for state in STATES], row[0]


def test_the_page_names_every_refusal() -> None:
    """Each error of the contract, and none that it has not; a pool's own are in contracts/Pool.vy."""
    contract = (ROOT / "contracts" / "GuardedOracle.vy").read_text(encoding="utf-8")
    pool = (ROOT / "contracts" / "Pool.vy").read_text(encoding="utf-8")
    named = set(re.findall(r'"((?:oracle|pool): [^"]+)"', PAGE))
    raised = set(re.findall(r'"(oracle: [^"]+)"', contract))
    assert raised <= named
    assert named - raised == {"oracle: no valid price", "pool: over max_ltv"}
    assert [text for text in named - raised if f'"{text}"' not in pool] == []
