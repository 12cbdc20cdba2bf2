"""A run's page and its Markdown, beside its result."""

from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.inputs.results import REPORT_FILE, SUMMARY_FILE

if TYPE_CHECKING:
    from ringfence.report.comparison import Comparison
    from ringfence.report.run import Run

NEEDED = ("matplotlib", "jinja2")
"""What a page is drawn with; of the `lab` extra."""


def write_report(folder: Path) -> None:
    """Writes `report.html` and `report.md` into a folder that holds a result; raises InputError for a result that cannot be believed."""
    from ringfence.report.run import read_run

    for name, text in files_of(read_run(folder)).items():
        (folder / name).write_text(text, encoding="utf-8")


def files_of(run: "Run", beside: "Comparison | None" = None) -> dict[str, str]:
    """The texts of a run's report by the names of their files."""
    from ringfence.report.page import page
    from ringfence.report.summary import summary

    return {REPORT_FILE: page(run, beside), SUMMARY_FILE: summary(run, beside)}


def missing() -> list[str]:
    """Of the libraries that a page needs, those that are not installed."""
    from importlib.util import find_spec

    return [name for name in NEEDED if find_spec(name) is None]
