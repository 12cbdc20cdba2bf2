"""The table of planted faults is complete, fits the sources as they are, and nobody's faults are left out."""

import ast
import re
import shlex
import shutil
import sys
from collections import Counter
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.table import FOLDER, KINDS, Change, Mutant, StaleTableError, function_span, read

ROOT = Path(__file__).resolve().parent.parent.parent
MUTANTS = read()
SINGLE = [mutant for mutant in MUTANTS if mutant.side != "twins"]
# Files of faults in the pool itself, for whose tests all of the pool's are taken.
POOL = ("contract", "model", "twins", "cover", "lockup", "permits")
# Files of faults whose every row names its test.
NAMING = ("lab", "around", "recommend", "report")
# Files of the search for terms, and of the fast stress engine and its figures; the exact engine is what the latter are held against.
RECOMMEND = "inputs/grids inputs/pool_text inputs/varied_terms lab/answers lab/judge lab/search lab/term_search".split()
# Files that read a result back, judge it and put it into words; what is drawn of it is all of `report`.
REPORT = "figure_text json_node result_reader verdict".split()
# Of `report`, what holds no rule: an empty file, names, parts, and how a page looks.
PLAIN = ("__init__.py", "keys.py", "parts.py", "page.css")
STRESS = "cohorts columns first_passage intervals kernel metrics paths philox rule sale shared_side shocks world".split()
STRESS += "around distribution histories wall".split()


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of everything that a mutant may change."""
    folders = ("model", "inputs", "ladder", "lab", "decisions", "report", "cli")
    for name in ("contracts", *(f"src/ringfence/{folder}" for folder in folders)):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_faults_are_half_in_the_contracts_and_half_in_the_model() -> None:
    """The pool has as many on either side; contracts without a twin have theirs on one side only, as ladder and stress engine have."""
    pool = Counter(mutant.side for mutant in MUTANTS if mutant.table in POOL)
    assert pool["contract"] == pool["model"] >= 140
    assert pool["twins"] >= 50
    count = Counter(mutant.side for mutant in SINGLE if mutant.table not in (*POOL, "leverage", "ladder", *NAMING))
    assert count["contract"] >= count["model"] >= 70


def test_every_file_of_the_table_has_its_tests() -> None:
    """Whoever adds a file names the tests that find its faults; tests of a file that is gone are named no more."""
    loader = SourceFileLoader("mutants_script_of_tables", str(ROOT / "scripts" / "mutants"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module: Any = module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    del sys.modules[loader.name]
    assert set(module.OWN) | set(POOL) == {path.stem for path in FOLDER.glob("*.toml")}
    named = [pattern for killers in module.OWN.values() for killer in killers for pattern in killer.command if pattern.startswith("tests/")]
    assert [pattern for pattern in named if not list(ROOT.glob(pattern))] == []


def test_a_row_that_names_its_test_names_one_there_is() -> None:
    """A file, and of -k the first word in the name of a function of it; in a table without tests of its own every row names one."""
    rows = [mutant for mutant in MUTANTS if mutant.test]
    assert {mutant.table for mutant in rows} == set(NAMING)
    assert all(mutant.test for mutant in MUTANTS if mutant.table in NAMING)
    for mutant in rows:
        file, option, words = shlex.split(mutant.test)
        assert option == "-k"
        assert re.search(rf"^def test_\w*{words.split()[0]}", (ROOT / file).read_text(), re.MULTILINE), mutant.name


def test_every_fault_has_a_name_of_its_own_a_kind_and_what_it_breaks() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name)] == []
    assert {mutant.kind for mutant in SINGLE} == set(KINDS)
    assert [mutant.name for mutant in MUTANTS if mutant.kind not in KINDS or len(mutant.breaks.split()) < 5] == []


def test_a_claim_of_equivalence_is_a_sentence_and_stays_rare() -> None:
    claims = [mutant for mutant in MUTANTS if mutant.equivalent]
    assert len(claims) * 10 < len(MUTANTS)
    assert [mutant.name for mutant in claims if len(mutant.equivalent.split()) < 10] == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_fault_fits_the_sources(mutant: Mutant, sources: Path) -> None:
    before = {change.file: (sources / change.file).read_text() for change in mutant.changes}
    mutant.apply(sources)
    for file, text in before.items():
        assert (sources / file).read_text() != text
        if file.endswith(".py"):
            ast.parse((sources / file).read_text())


def test_a_side_is_where_the_change_is() -> None:
    for mutant in MUTANTS:
        sides = Counter("contract" if change.file.startswith("contracts/") else "model" for change in mutant.changes)
        assert sides == (Counter(contract=1, model=1) if mutant.side == "twins" else Counter({mutant.side: 1})), mutant.name


def test_every_file_of_rules_has_its_faults() -> None:
    contracts = {str(path.relative_to(ROOT)) for path in (ROOT / "contracts").glob("*.vy")}
    # `errors.py` holds no rule, and `__init__.py` nothing.
    model = {str(path.relative_to(ROOT)) for path in (ROOT / "src/ringfence/model").glob("*.py")}
    model = {path for path in model if Path(path).name not in ("__init__.py", "errors.py")}
    ladder = {str(path.relative_to(ROOT)) for path in (ROOT / "src/ringfence/ladder").glob("[a-z]*.py")}
    stress = {f"src/ringfence/lab/{name}.py" for name in STRESS} | {f"src/ringfence/{name}.py" for name in RECOMMEND}
    decisions = {str(path.relative_to(ROOT)) for path in (ROOT / "src/ringfence/decisions").glob("[a-z]*.py")}
    report = {str(path.relative_to(ROOT)) for path in (ROOT / "src/ringfence/report").rglob("*.*") if path.suffix != ".pyc"}
    report = {path for path in report if Path(path).name not in PLAIN} | {f"src/ringfence/inputs/{name}.py" for name in REPORT}
    report.add("src/ringfence/cli/report.py")
    assert contracts | model | ladder | stress | decisions | report == {change.file for mutant in SINGLE for change in mutant.changes}


def test_a_table_that_does_not_fit_is_refused(sources: Path) -> None:
    file = "src/ringfence/model/rounding.py"
    with pytest.raises(StaleTableError, match="found 0 times"):
        Change(file, "div_down", "no such text", "").apply(sources)
    with pytest.raises(StaleTableError, match="found [0-9]+ times"):
        Change(file, "", "divisor", "").apply(sources)
    with pytest.raises(StaleTableError, match="0 functions are named"):
        Change(file, "nobody", "x", "").apply(sources)
    with pytest.raises(StaleTableError, match="no such file"):
        Change("contracts/nothing.vy", "", "x", "y").apply(sources)


def test_a_function_ends_where_the_next_one_begins() -> None:
    source = "@a\ndef first(\n    x: int,\n):\n    # inside\n    return 1\n\n\n# Between\n\n\n@b\ndef second():\n    return 2\n"
    assert source[slice(*function_span(source, "first"))] == "def first(\n    x: int,\n):\n    # inside\n    return 1\n\n\n"
    assert source[slice(*function_span(source, "second"))] == "def second():\n    return 2\n"
