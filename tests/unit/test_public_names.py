"""`import ringfence`: the names that are public, each as documented, and none of them loaded before it is used."""

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import ringfence
from ringfence.cli.init import STARTER, place

PUBLIC = [
    "Book",
    "InputError",
    "Ladder",
    "NoAnswer",
    "Pool",
    "PoolFile",
    "Prices",
    "Revert",
    "Scenario",
    "Terms",
    "read_book",
    "read_pool_file",
    "read_prices",
    "read_scenario",
    "recommend",
    "replay",
    "stress",
]
HEAVY = ["numpy", "pyrevm", "eth_abi", "click", "rich", "polars", "pyarrow", "numba"]
NEEDED = {"Ladder": ["numpy"]}
"""What a name cannot do without."""


@pytest.fixture
def starter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that `ringfence init` gives, to be in."""
    from importlib.resources import files

    monkeypatch.chdir(tmp_path)
    place(".", {name: files("ringfence.inputs").joinpath("starter", name).read_bytes() for name in STARTER})
    return tmp_path


def in_process(program: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_the_names_are_frozen() -> None:
    """A name is a promise: this list changes with a line in the changelog."""
    assert sorted(ringfence.__all__) == PUBLIC
    assert set(PUBLIC) <= set(dir(ringfence))
    assert in_process("from ringfence import *; print(*sorted(name for name in globals() if name[0] != '_'))").split() == PUBLIC


def test_nothing_is_loaded_until_it_is_used() -> None:
    """`import ringfence` loads no module of its own and no package; each name loads what it needs and nothing heavy."""
    shown = in_process("import sys, ringfence; print(*[name for name in sys.modules if name.startswith('ringfence.')])")
    assert shown.split() == []
    for name in PUBLIC:
        program = f"import sys, ringfence; ringfence.{name}; print(*[name for name in {HEAVY} if name in sys.modules])"
        assert in_process(program).split() == NEEDED.get(name, []), name


def test_each_name_is_what_its_module_holds() -> None:
    """The object itself, also for those who look for types: the imports that only a type checker sees are the same."""
    tree = ast.parse(Path(ringfence.__file__).read_text(encoding="utf-8"))
    seen = {alias.name: node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert {name: seen[name] for name in PUBLIC} == ringfence._HOMES
    for name in PUBLIC:
        value = getattr(ringfence, name)
        assert value.__module__ == ringfence._HOMES[name]
        assert value.__doc__


def test_an_unknown_name_is_refused_as_by_any_module() -> None:
    """By the import statement and by attribute."""
    with pytest.raises(AttributeError, match="module 'ringfence' has no attribute 'pool'"):
        _ = ringfence.pool
    with pytest.raises(ImportError, match="cannot import name 'ladders' from 'ringfence'"):
        exec("from ringfence import ladders", {})  # noqa: S102  the statement itself is tested


def test_the_documented_example_runs(starter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines in the package's docstring, in a folder made by `ringfence init`."""
    documented = ringfence.__doc__ or ""
    example = textwrap.dedent("\n".join(line for line in documented.splitlines() if line.startswith("    ")))
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102  an example is there to be run
    assert capsys.readouterr().out == "True 0\n"
    result = names["result"]
    assert result.to_dict()["schema"] == "ringfence.replay/1"  # type: ignore[attr-defined]
    pytest.importorskip("polars", reason="frames need the lab extra")
    assert len(result.to_polars()) == result.pool.sales > 0  # type: ignore[attr-defined]


def test_a_pool_can_be_made_of_what_is_public(starter: Path) -> None:
    """Terms of a file, two tokens, a price and a rate; a refused call raises Revert, a bad file InputError."""
    from ringfence.inputs.pool_file import terms_with_stand_ins
    from ringfence.model.erc20 import Ledger
    from ringfence.model.fixed_rate import FixedRate

    class OneToOne:
        def prices(self) -> tuple[int, int]:
            return 10**36, 10**36

    terms = terms_with_stand_ins(ringfence.read_pool_file("terms.toml").terms)
    assert isinstance(terms, ringfence.Terms)
    pool = ringfence.Pool(terms, asset=Ledger(), collateral=Ledger(), oracle=OneToOne(), rate_model=FixedRate(0), now=0)
    with pytest.raises(ringfence.Revert):
        pool.deposit("lender", 10, "lender", 0)
    with pytest.raises(ringfence.InputError, match="absent.toml: no such file"):
        ringfence.read_pool_file("absent.toml")
