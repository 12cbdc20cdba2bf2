"""What a stress run tells when it is asked for, for people: bounds, histories, the scenarios that ship, other terms and depths."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ringfence.cli.replay_table import counted
from ringfence.cli.stress_table import amount, shown_figure, shown_unit
from ringfence.inputs.errors import printable
from ringfence.inputs.stress_result import Around, HistoryRun, ScenarioRun, StressResult
from ringfence.inputs.times import duration
from ringfence.inputs.verdict import MAX_ES99, MAX_PROBABILITY, BoundCheck

BOUNDED = {MAX_ES99: "lenders' ES 99 %", MAX_PROBABILITY: "a significant loss of lenders"}
SHIPPED = ("loss_mean", "loss_es99", "lender_loss_es99", "reserve_ruin")


def bound_lines(result: StressResult) -> Iterator[tuple[str, str]]:
    """Each stated bound, whether it is kept, and what speaks against saying so; with its style."""
    for check in result.checks():
        metric = result.metrics[check.metric]
        value, low, high, most = (shown_figure(each, metric) for each in (check.value, check.low, check.high, check.most))
        said, style = _judged(check, bool(result.defaults))
        name = BOUNDED.get(check.metric, check.metric)
        yield f"bound {said}: {name} {value} {shown_unit(metric)} ({low} to {high}), at most {most}", style


def more_blocks(result: StressResult) -> Iterator[tuple[str, Table]]:
    """Titles and tables of what was asked for."""
    if result.replays:
        yield "through prices that have been; buyers take everything at once", _replays(result.replays)
    if result.scenarios:
        first = result.scenarios[0]
        yield f"the scenarios that ship, {counted(first.paths, 'path')} of {duration(first.horizon)} each", _scenarios(result.scenarios)
    if result.around:
        yield f"lenders' ES 99 % at other LTVs and depths, {counted(result.around.paths, 'path')}", _around(result.around)


def _judged(check: BoundCheck, is_best_case: bool) -> tuple[str, str]:
    if not check.held:
        return "broken", "red"
    if is_best_case:
        return "kept in the best case, which is no verdict", "yellow"
    if check.sure:
        return "kept", "green"
    return f"kept, but {check.doubt or 'the interval reaches beyond it'}", "yellow"


def _table(first: str) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(first, no_wrap=True)
    return table


def _replays(runs: tuple[HistoryRun, ...]) -> Table:
    table = _table("history")
    for name in ("rows", "worst fall\n%", "at the end\n%", "sales", "lenders lose\nbp of supply"):
        table.add_column(name, justify="right")
    for run in runs:
        moves = (f"{-100 * run.worst_fall:,.1f}", f"{100 * run.final_move:+,.1f}")
        table.add_row(escape(printable(run.file, 24)), f"{run.rows:,}", *moves, f"{run.pool.sales:,}", amount(run.lender_loss))
    return table


def _scenarios(runs: tuple[ScenarioRun, ...]) -> Table:
    table = _table("scenario")
    for name in ("loss, mean\nbp", "ES 99 %\nbp", "lenders' ES 99 %\nbp", "reserve short\n%"):
        table.add_column(name, justify="right")
    table.add_column("its claims")
    for run in runs:
        shown = [shown_figure(run.metrics[name].value, run.metrics[name]) for name in SHIPPED]
        borne_out = sum(claim.held for claim in run.claims)
        table.add_row(escape(printable(run.name, 20)), *shown, f"{borne_out} of {len(run.claims)} hold")
    return table


def _around(cells: Around) -> Table:
    table = _table("liq_ltv")
    row_of_own, column_of_own = cells.own
    for depth in cells.depth:
        table.add_column(f"depth x {depth:g}\n{cells.unit.split(' ')[0]}", justify="right")
    for place, (ltv, row) in enumerate(zip(cells.liq_ltv, cells.lender_loss_es99, strict=True)):
        shown = ["not legal" if cell is None else amount(cell.value) for cell in row]
        if place == row_of_own:
            shown[column_of_own] = f"as it is: {shown[column_of_own]}"
        table.add_row(f"{ltv:.6g}", *shown)
    return table
