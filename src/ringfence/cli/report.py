"""`ringfence report`: reads a folder of results, draws its page, says what may be said of its bounds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ringfence.cli.exit_codes import DONE, FAILED
from ringfence.cli.signals import heed
from ringfence.inputs.errors import InputError

if TYPE_CHECKING:
    from ringfence.report.comparison import Comparison
    from ringfence.report.page import Page
    from ringfence.report.run import Run

REPORT_SCHEMA = "ringfence.report/1"
STYLES = {"broken": "bold red", "unsure": "bold yellow", "none": "bold", "held": "bold green"}


@click.command("report")
@click.argument("folder", metavar="DIR")
@click.option("--compare", metavar="DIR2", help="Another result of the same kind, to stand beside.")
@click.option("--max-es99-bps", metavar="BP", help="Exit code 1 if lenders lose more on average in the worst 1 % of futures.")
@click.option("--max-prob", metavar="DECIMAL", help="Exit code 1 if a significant loss of lenders is likelier; 0 to 1.")
@click.option("--markdown", is_flag=True, help="Print the Markdown summary on standard output and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print verdict, reasons and bounds on standard output and nothing else.")
def command(folder: str, compare: str | None, max_es99_bps: str | None, max_prob: str | None, markdown: bool, as_json: bool) -> int:
    """Draw the page of a result, DIR/report.html and DIR/report.md, and say whether it keeps its bounds."""
    if markdown and as_json:
        raise InputError("--markdown", "and --json both want standard output", remedy="give one of them")
    _check_installed()
    from ringfence.cli.out_file import write_out_file
    from ringfence.cli.run_options import bounds_of
    from ringfence.inputs.results import SUMMARY_FILE
    from ringfence.inputs.verdict import BROKEN
    from ringfence.report.comparison import comparison
    from ringfence.report.page import page_of
    from ringfence.report.run import read_run
    from ringfence.report.write import files_of

    bounds = bounds_of(max_es99_bps, max_prob)
    run = read_run(Path(folder), bounds)
    beside = None if compare is None else comparison(run, read_run(Path(compare), bounds))
    shown = page_of(run, beside, drawn=False)
    heed()
    files = files_of(run, beside)
    for name, text in files.items():
        write_out_file(str(Path(folder, name)), text, "DIR")
    if markdown:
        click.echo(files[SUMMARY_FILE], nl=False)
    elif as_json:
        click.echo(json.dumps(_told(run, shown, beside), indent=2, allow_nan=False))
    else:
        _show(shown, folder)
    return FAILED if shown.verdict_kind == BROKEN else DONE


def _check_installed() -> None:
    from ringfence.report.write import missing

    if names := missing():
        remedy = "make lab, or pip install '.[lab]', where Ringfence was cloned"
        raise InputError("report", f"needs {', '.join(names)}, which {'is' if len(names) == 1 else 'are'} not installed", remedy=remedy)


def _told(run: "Run", shown: "Page", beside: "Comparison | None") -> Mapping[str, Any]:
    """What the page begins with, for programs."""
    told: dict[str, Any] = {
        "schema": REPORT_SCHEMA,
        "title": shown.title,
        "verdict": shown.verdict_kind,
        "sentence": shown.verdict,
        "reasons": list(shown.verdict_lines),
        "main_reason": shown.reason,
        "weakest_assumption": shown.weakest,
        "defaults": list(run.defaults),
        "bounds": [
            {
                "metric": check.metric,
                "most": check.most,
                "value": check.value,
                "low": check.low,
                "high": check.high,
                "unit": check.unit,
                "held": check.held,
                "sure": check.sure,
            }
            for check in run.checks
        ],
    }
    return told if beside is None else told | {"differences": [one.to_dict() for one in beside.differences]}


def _show(shown: "Page", folder: str) -> None:
    from textwrap import wrap

    from rich.console import Console

    from ringfence.inputs.errors import printable
    from ringfence.inputs.results import REPORT_FILE

    console = Console(highlight=False)
    console.out(f"{shown.title}: {shown.verdict}", style=STYLES[shown.verdict_kind], highlight=False)
    main = f"main reason: {shown.reason}" if shown.reason else ""
    weakest = f"weakest assumption: {shown.weakest}" if shown.weakest else ""
    for line in (*shown.verdict_lines, main, weakest):
        for place, text in enumerate(wrap(line, console.width - 2, break_on_hyphens=False)):
            console.out(f"{'  ' if place else ''}{text}", highlight=False)
    console.out(f"written to {printable(str(Path(folder, REPORT_FILE)), 200)}", highlight=False)
