"""`scripts/mutants` believes no test that fails anyway, names what found a fault, fails for what nobody found, leaves nothing behind."""

import json
import sys
import tempfile
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.table import Change, Mutant, read

ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDING = "src/ringfence/model/rounding.py"
# 7 / 2 is 4 when it is rounded up. Imports the model of the copy that it runs in.
CHECK = ("-c", "from ringfence.model.rounding import div_up\nif div_up(7, 2) != 4: raise SystemExit('7 / 2 is not 4')")


def fault(name: str, old: str, new: str, equivalent: str = "") -> Mutant:
    return Mutant(name, "model", "rounding", "what is rounded up", equivalent, (Change(ROUNDING, "div_up", old, new),))


FOUND = fault("rounds-down", "(x + divisor - 1) // divisor", "x // divisor")
HARMLESS = fault("other-order", "(x + divisor - 1) // divisor", "(divisor - 1 + x) // divisor")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The script as a module, with one quick test of its own, and temporary folders where the test can see them."""
    loader = SourceFileLoader("mutants_script", str(ROOT / "scripts" / "mutants"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module: Any = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, loader.name, module)
    loader.exec_module(module)
    module.KILLERS, module.AGREEMENT = (module.Killer("division", CHECK, ("model",)),), ()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return module


@pytest.fixture
def call(script: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Run the script's command line on a table of our own; whatever happens, no file stays."""

    def run(mutants: list[Mutant], *arguments: str) -> int:
        monkeypatch.setattr(script, "read", lambda: mutants)
        monkeypatch.setattr(sys, "argv", ["mutants", *arguments])
        exit_code: int = script.main()
        assert list((tmp_path / "temporary").iterdir()) == []
        return exit_code

    return run


def test_a_found_fault_is_named_with_its_test(call: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call([FOUND], "--json", str(tmp_path / "out.json")) == 0
    (outcome,) = json.loads((tmp_path / "out.json").read_text())
    assert (outcome["name"], outcome["verdict"], outcome["killer"], outcome["test"]) == (
        "rounds-down",
        "killed",
        "division",
        "7 / 2 is not 4",
    )
    assert "1 found by division" in capsys.readouterr().out


def test_a_fault_that_nobody_finds_fails(call: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert call([FOUND, HARMLESS]) == 1
    assert "1 survived: other-order" in capsys.readouterr().out


def test_a_declared_equivalent_passes_with_its_proof_and_fails_when_it_is_found(
    call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call([fault("other-order", "(x + divisor - 1) // divisor", "(divisor - 1 + x) // divisor", "a sum has no order")]) == 0
    assert "other-order: equivalent, a sum has no order" in capsys.readouterr().out
    assert call([fault("rounds-down", "(x + divisor - 1) // divisor", "x // divisor", "it is said to be the same")]) == 1
    assert "declared equivalent, yet killed" in capsys.readouterr().out


def test_a_test_that_fails_without_a_fault_is_not_believed(
    script: Any, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    script.KILLERS = (script.Killer("broken", ("-c", "raise SystemExit('always')"), ("model",)),)
    assert call([FOUND]) == 2
    assert "broken fails without any fault: always" in capsys.readouterr().err


def test_a_table_that_does_not_fit_says_where(call: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert call([fault("stale", "no such text", "")]) == 2
    assert f"{ROUNDING}, div_up: found 0 times instead of once: 'no such text'" in capsys.readouterr().err


def test_an_unknown_name_is_refused(call: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert call([FOUND], "--only", "nobody") == 2
    assert "no such mutant: nobody" in capsys.readouterr().err


def test_an_interruption_leaves_nothing(script: Any, call: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(script, "failure", interrupted)
    assert call([FOUND]) == 130


def test_a_test_that_hangs_is_ended(script: Any, tmp_path: Path) -> None:
    endless = script.Killer("endless", ("-c", "while True: pass"), ("model",), timeout=1)
    assert script.failure(endless, tmp_path) == "no end after 1 s"


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("..\nFAILED tests/a.py::test_b[half, and more] - assert 1 == 2\n1 failed\n", "tests/a.py::test_b[half, and more]"),
        ("difference: seed 1, episode 2, operation 30: repay(0xac, 5): contract 1, model 2\n", "seed 1, episode 2, operation 30: repay"),
        ("Traceback\nValueError: no\n\n", "ValueError: no"),
        ("", "no output"),
    ],
)
def test_the_line_that_names_what_failed(script: Any, output: str, line: str) -> None:
    assert script.evidence(output) == line


def test_a_sample_is_half_and_half_and_follows_its_seed(script: Any) -> None:
    mutants = read()
    drawn = [script.chosen(mutants, [], 6, seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    for sample in drawn:
        assert [mutant.side for mutant in sample] == ["contract"] * 3 + ["model"] * 3
        assert not any(mutant.equivalent for mutant in sample)


def test_a_fault_is_sought_where_it_is(script: Any) -> None:
    """The tests of its contract alone, or of its module soon; the driver, which is quick, comes first."""
    by_table = {mutant.table: mutant for mutant in read()}
    assert {killer.name for killer in script.killers_of(by_table["leverage"])} == {"leverage"}
    (named,) = script.killers_of(by_table["lab"])
    assert (named.name, named.compiled) == (by_table["lab"].test, False)
    script.AGREEMENT = ("limits",)
    (limits, *_) = [mutant for mutant in read() if mutant.changes[0].file == "contracts/limits.vy"]
    assert [killer.name for killer in script.killers_of(limits)] == ["division", "limits, agreement"]


def test_nothing_that_was_compiled_before_is_found(script: Any, tmp_path: Path) -> None:
    """Each copy of the sources compiles into a folder of its own, if at all."""
    says = "import os; raise SystemExit(' '.join(os.environ[n] for n in ('NUMBA_DISABLE_JIT', 'NUMBA_CACHE_DIR')))"
    for compiled, disabled in ((True, "0"), (False, "1")):
        killer = script.Killer("says", ("-c", says), ("model",), compiled=compiled)
        assert script.failure(killer, tmp_path) == f"{disabled} {tmp_path / 'compiled'}"


def test_only_contracts_that_contain_a_module_are_recompiled(script: Any) -> None:
    contracts = ROOT / "contracts"
    assert "rounding" in script.imported(contracts, contracts / "Pool.vy")
    assert "Pool" in script.imported(contracts, contracts / "Pool.vy")
    assert script.imported(contracts, contracts / "FixedRate.vy") == {"FixedRate"}
