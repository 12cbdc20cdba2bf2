"""Writes a run's page and its Markdown beside its result."""

from pathlib import Path

from ringfence.inputs.results import REPORT_FILE, SUMMARY_FILE
from ringfence.report.page import page
from ringfence.report.run import read_run
from ringfence.report.summary import summary

NEEDED = ("matplotlib", "jinja2")
"""What a page is drawn with; of the `lab` extra."""


def write_report(folder: Path) -> None:
    """Writes `report.html` and `report.md` into a folder that holds a result; raises InputError for a result that cannot be believed."""
    run = read_run(folder)
    (folder / REPORT_FILE).write_text(page(run), encoding="utf-8")
    (folder / SUMMARY_FILE).write_text(summary(run), encoding="utf-8")


def missing() -> list[str]:
    """Of the libraries that a page needs, those that are not installed."""
    from importlib.util import find_spec

    return [name for name in NEEDED if find_spec(name) is None]
