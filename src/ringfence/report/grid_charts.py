"""The drawings of searches: a term's tried values, and what lenders lose at other liquidation LTVs and in other depths."""

from typing import TYPE_CHECKING

from ringfence.inputs.figure_text import exact, figure, interval, number
from ringfence.inputs.result_records import Answer, Around, Row, Tried
from ringfence.inputs.verdict import MAX_PROBABILITY, BoundCheck
from ringfence.report.drawing import INK, RED, SAND, TEAL, grouped, percent, sheet, svg_of
from ringfence.report.parts import Chart, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOSS, WORST = "Lenders' loss", "Lenders' mean loss in the worst 1 % of futures"
LIGHT = 0.55
"""Cells darker than this have white figures."""
SIDE = 4
"""Tried values that are drawn to each side of the answer."""


def tried(answer: Answer, name: str, label: str, bound: BoundCheck | None) -> Chart:
    """What is bounded, lenders' expected shortfall or a probability, at each value that the search tried; `name` is the drawing's."""
    is_likely = bound is not None and bound.metric == MAX_PROBABILITY
    values = sorted(answer.tried, key=lambda one: one.value)
    is_part = answer.unit.startswith("part") and max(abs(one.value) for one in values) <= 1.0
    shown = percent if is_part else grouped
    chosen = float(answer.value)
    with sheet(300, left=66, bottom=54) as (drawn, axes):
        near = _near(values, chosen)
        at = [one.value for one in near]
        seen = [one.prob_significant_loss for one in near] if is_likely else [one.loss_es99 for one in near]
        curve = "lenders lose significantly" if is_likely else "lenders' ES 99 %"
        axes.fill_between(
            at,
            [one["low"] for one in seen],
            [one["high"] for one in seen],
            color=SAND,
            alpha=0.6,
            linewidth=0,
            label="95 % interval",
        )
        axes.plot(at, [one["value"] for one in seen], color=INK, marker="o", markersize=4.5, label=curve)
        if bound is not None:
            axes.axhline(bound.most, color=TEAL, linestyle=(0, (1, 1)), linewidth=2.4, label=f"bound, {_most(bound)}")
            # Far beyond the bound nothing is decided any more.
            top = max(one["high"] for one in seen)
            axes.set_ylim(0, max(min(top, 4 * bound.most), 1.2 * bound.most) * 1.1 if bound.most > 0 else top * 1.1 or 1.0)
        axes.axvline(chosen, color=RED, linestyle=(0, (5, 2)), label=f"answer, {shown(chosen)}")
        axes.xaxis.set_major_formatter(shown)
        axes.yaxis.set_major_formatter(percent if is_likely else grouped)
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel(f"{label}{'' if is_part else ', ' + answer.unit}")
        axes.set_ylabel("part of futures" if is_likely else "bp of supply")
        axes.legend(loc="best")
        told = f"the answer is {shown(chosen)}; of {len(values)} values tried {len(near)} near it are drawn"
        svg = svg_of(drawn, name, f"{'Significant losses of lenders' if is_likely else LOSS} against {label}", told)
    rows = [
        (
            shown(one.value) if is_part else number(one.value),
            number(one.loss_es99["value"]),
            interval(one.loss_es99["low"], one.loss_es99["high"]),
            number(one.prob_significant_loss["value"], "probability"),
            interval(one.prob_significant_loss["low"], one.prob_significant_loss["high"], "probability"),
        )
        for one in values
    ]
    head = (label, "lenders' ES 99 %, bp of supply", "95 % interval", "significant loss, % of futures", "95 % interval")
    return Chart(
        name,
        f"Tried: {label}",
        svg,
        f"{'How often lenders lose significantly' if is_likely else WORST}; {told}.",
        Table(f"Values tried for {label}", head, rows),
    )


def _most(bound: BoundCheck) -> str:
    return percent(bound.most) if bound.metric == MAX_PROBABILITY else f"{exact(bound.most)} bp"


def _near(values: list[Tried], chosen: float) -> list[Tried]:
    """So many to both sides of the answer as a person looks at."""
    place = min(range(len(values)), key=lambda i: abs(values[i].value - chosen))
    return values[max(0, place - SIDE) : place + SIDE + 1]


def heatmap(around: Around, bound: BoundCheck | None) -> Chart:
    """Lenders' expected shortfall for each liquidation LTV and each depth: figures in the cells, the run's own framed, its bound drawn."""
    rows, columns = len(around.liq_ltv), len(around.depth)
    figures = [[cell.get("value") for cell in row] for row in around.lender_loss_es99]
    top = max((value for row in figures for value in row if value is not None), default=0.0) or 1.0
    edges = [] if bound is None else _edges(figures, bound.most)
    if bound is not None:
        top = max(top, 4 * bound.most)  # cells that all keep the bound are not dark
    with sheet(96 + 34 * rows, left=76, right=14, top=12, bottom=56) as (drawn, axes):
        from matplotlib.patches import Rectangle

        axes.grid(False)
        for i, row in enumerate(figures):
            for j, value in enumerate(row):
                _cell(axes, i, j, value, top, around.legal[i][j])
        for (x0, y0), (x1, y1) in edges:
            for colour, width in (("white", 7), (TEAL, 3.6)):  # cased, so that it shows on every cell
                axes.plot([x0, x1], [y0, y1], color=colour, linewidth=width, solid_capstyle="projecting", zorder=2 + (width < 5))
        i, j = around.own
        axes.add_patch(Rectangle((j - 0.43, i - 0.40), 0.86, 0.80, fill=False, edgecolor=INK, linewidth=2.4))
        axes.set_xlim(-0.5, columns - 0.5)
        axes.set_ylim(-0.5, rows - 0.5)
        axes.set_xticks(range(columns), [f"× {depth:g}" for depth in around.depth])
        axes.set_yticks(range(rows), [percent(ltv) for ltv in around.liq_ltv])
        axes.tick_params(length=0)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.set_xlabel("market depth, as a multiple of the scenario's")
        axes.set_ylabel("liquidation LTV")
        own = around.lender_loss_es99[i][j]
        told = (
            f"framed is the run's own cell, {figure(own['value'], own['low'], own['high'], 'bp of supply')}"
            if own
            else "the run's own cell is empty"
        )
        svg = svg_of(drawn, "heatmap", "Lenders' loss by liquidation LTV and depth", told)
    line = f", the line is the bound of {exact(bound.most)} bp" if bound is not None and edges else ""
    caption = (
        f"Lenders' mean loss in the worst 1 % of {number(around.paths)} futures, bp of supply; {told}{line}; hatched terms are forbidden "
        "by the protocol."
    )
    shown = [
        (percent(ltv), *(_told(cell, is_legal) for cell, is_legal in zip(cells, legal, strict=True)))
        for ltv, cells, legal in zip(around.liq_ltv, around.lender_loss_es99, around.legal, strict=True)
    ]
    head = ("liquidation LTV", *(f"depth × {depth:g}" for depth in around.depth))
    return Chart(
        "heatmap",
        "Liquidation LTV and market depth",
        svg,
        caption,
        Table("Lenders' ES 99 %, bp of supply, with 95 % intervals", head, shown),
    )


def _cell(axes: "Axes", i: int, j: int, value: float | None, top: float, is_legal: bool) -> None:
    from matplotlib.colors import to_hex, to_rgb
    from matplotlib.patches import Rectangle

    if value is None:
        axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor="white", edgecolor="#9aa5b1", hatch="////", linewidth=0.5))
        return
    weight = min(max(value, 0.0) / top, 1.0) ** 0.5
    light, dark = to_rgb("#f4f1e8"), to_rgb("#7a1027")
    red, green, blue = ((1 - weight) * a + weight * b for a, b in zip(light, dark, strict=True))
    colour = to_hex((red, green, blue))
    axes.add_patch(
        Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=1, hatch=None if is_legal else "////")
    )
    axes.text(j, i, number(value), ha="center", va="center", fontsize=13, color="white" if weight > LIGHT else INK)


def _edges(figures: list[list[float | None]], most: float) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The sides between neighbouring cells of which one keeps the bound and the other does not."""
    found = []
    for i, row in enumerate(figures):
        for j, value in enumerate(row):
            if value is None:
                continue
            right = row[j + 1] if j + 1 < len(row) else None
            if right is not None and (value <= most) != (right <= most):
                found.append(((j + 0.5, i - 0.5), (j + 0.5, i + 0.5)))
            above = figures[i + 1][j] if i + 1 < len(figures) else None
            if above is not None and (value <= most) != (above <= most):
                found.append(((j - 0.5, i + 0.5), (j + 0.5, i + 0.5)))
    return found


def _told(cell: Row, is_legal: bool) -> str:
    if not cell:
        return "" if is_legal else "forbidden"
    return f"{number(cell['value'])} ({interval(cell['low'], cell['high'])})"
