"""The page on security names every attack that is tested and every function that changes anything, and nothing that is not there."""

import re

import pytest

from ringfence.chain.artifacts import load
from tests.unit.pages import ROOT, names, sections, spans

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ATTACKS = sorted((ROOT / "tests" / "regressions").glob("test_attack_*.py"))
CONTRACTS = sorted(path.stem for path in (ROOT / "contracts").glob("[A-Z]*.vy"))


def tables() -> dict[str, str]:
    """The parts of the list of attacks, by the file of tests that their heading names."""
    found = sections(sections(PAGE, 2)["What was tried"], 3)
    return {re.sub(r".*`(.*)`", r"\1", heading): text for heading, text in found.items()}


def rows(text: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_every_file_of_attacks_has_its_table() -> None:
    """Both ways; there are several of them."""
    assert sorted(tables()) == [path.relative_to(ROOT).as_posix() for path in ATTACKS]
    assert len(ATTACKS) >= 7


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_every_attack_is_in_its_table_once(path: object) -> None:
    """And every test named without a file is one of that file."""
    file = ROOT / str(path)
    named = [span for span in spans(tables()[file.relative_to(ROOT).as_posix()]) if span.startswith("test_")]
    assert sorted(named) == sorted(name for name in names(file) if name.startswith("test_"))


def test_every_row_has_a_failure_an_answer_and_a_test() -> None:
    """No row is a promise alone."""
    counted = 0
    for text in tables().values():
        for row in rows(text):
            assert len(row) == 3, row
            assert row[0] and row[1]
            assert re.search(r"`(tests/[\w/]+\.py(::\w+)?|test_\w+)`", row[2]), row
            counted += 1
    assert counted > 100


def test_every_function_that_changes_anything_is_in_the_tables() -> None:
    """Of every shipped contract, by name, once; and none that does not exist."""
    functions = set()
    for contract in CONTRACTS:
        abi = [item for item in load(contract).abi if item["type"] == "function"]
        functions |= {f"{contract}.{item['name']}" for item in abi if item["stateMutability"] not in ("view", "pure")}
    named = [span for span in spans(sections(PAGE, 2)["Who can do what"]) if re.fullmatch(r"[A-Z]\w+\.\w+", span)]
    assert sorted(named) == sorted(functions)
    assert len(functions) > 35


def test_contracts_without_functions_that_change_anything_are_named() -> None:
    """So that who looks for them finds that they were not forgotten."""
    without = {
        name
        for name in CONTRACTS
        if all(item.get("stateMutability") in ("view", "pure", None) or item["type"] != "function" for item in load(name).abi)
    }
    assert without == {"GuardedOracle", "SinglePrice"}
    assert without <= set(spans(sections(PAGE, 2)["Who can do what"]))
