"""Laws of the layout that import-linter cannot say: what the model stands on, and what may not be loaded at the start."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import ringfence

PACKAGE = Path(ringfence.__file__).parent
HEAVY = ("pyrevm", "numpy", "eth_abi", "rich.table", "rich.progress", "rich.console", "polars", "numba")


def imported(path: Path) -> set[str]:
    """Names of the modules that a file imports anywhere in it; a leading dot stands for the file's own folder."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(), path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def test_the_model_stands_on_the_standard_library_alone() -> None:
    """Whoever reads the model needs nothing but Python: its files import the standard library and each other."""
    files = sorted((PACKAGE / "model").rglob("*.py"))
    foreign = {
        (path.name, name)
        for path in files
        for name in imported(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not re.match(r"ringfence\.model\b|\.(?!\.)", name)
    }
    assert files
    assert foreign == set()


def test_the_command_line_starts_without_what_it_may_not_need() -> None:
    """`ringfence --help` answers at once, because heavy packages are imported where they are used."""
    program = f"import sys, ringfence.cli.main; print(*[name for name in {HEAVY} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []
