"""The figures that docs/replay.md shows are the ones that come out today."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_figures_of_the_page_are_those_of_its_script(recorded_data: Path) -> None:
    """Digest by digest and table by table, word for word."""
    command = [sys.executable, ROOT / "scripts" / "replay_figures.py", recorded_data]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}
    made = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    page = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")
    parts = made.strip().split("\n\n")
    assert len(parts) == 3
    assert all(part in page for part in parts)
