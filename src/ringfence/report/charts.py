"""The drawings of a stress run: what is lost and how surely, where the debt lies, what explains the loss, and who bears it.

Each takes plain figures and gives a drawing with the table behind it. Losses are basis points (bp) of supply unless an axis says otherwise.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ringfence.inputs.figure_text import exact, figure, interval, number
from ringfence.inputs.result_records import Distribution, PoolRecord, Row
from ringfence.inputs.stress_result import Metric
from ringfence.inputs.verdict import MAX_PROBABILITY, BoundCheck
from ringfence.report.drawing import BLUE, INK, ORANGE, QUIET, RED, SAND, TEAL, WIDTH, grouped, percent, sheet, svg_of
from ringfence.report.parts import Chart, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BP = "bp of supply"
EXCEEDED = (0.5, 0.2, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001)
"""Probabilities whose losses the table behind the curve has."""
BP_OF_ONE = 10_000.0
LOWEST = 0.0009
"""The foot of an axis of probabilities, under the last thousandth."""
HEIGHT = 300
NARROW = 0.03
"""From here to 1 powers of ten alone would be too few marks."""


def exceedance(distribution: Distribution, metrics: Mapping[str, Metric], bound: BoundCheck | None, significant: float = 0.01) -> Chart:
    """How likely a loss beyond each size is, for the pool and for its lenders, with value at risk and expected shortfall; what is
    `significant` (part of supply) matters to a bound of its probability."""
    with sheet(330, left=66, bottom=54) as (drawn, axes):
        for losses, label, look in (
            (distribution.loss, "the pool, whoever bears it", {"color": BLUE, "linestyle": (0, (5, 2))}),
            (distribution.lender_loss, "its lenders", {"color": INK, "linestyle": "-"}),
        ):
            axes.step(*_tail(distribution.levels, losses), where="post", label=label, **look)
        worst = max(distribution.loss[-1], distribution.lender_loss[-1], 1e-9)
        axes.set_yscale("log")
        axes.set_ylim(LOWEST, 1.0)
        axes.set_yticks([1, 0.1, 0.01, 0.001], ["100 %", "10 %", "1 %", "0.1 %"])
        axes.minorticks_off()
        axes.set_xlim(0, worst * 1.05)
        for name, marker, level, text in (("loss_var99", "s", 0.01, "VaR 99 %"), ("lender_loss_es99", "D", 0.0032, "lenders' ES 99 %")):
            metric = metrics[name]
            axes.plot([metric.low, metric.high], [level, level], color=RED, linewidth=3, solid_capstyle="butt")
            axes.plot([metric.value], [level], marker=marker, color=RED, markersize=7, linestyle="none", label=f"{text}, with interval")
        if bound is not None and bound.metric == MAX_PROBABILITY:
            _corner(axes, bound.most, BP_OF_ONE * significant, worst)
        elif bound is not None and bound.most <= worst * 1.05:
            axes.axvline(bound.most, color=TEAL, linestyle=(0, (1, 1)), linewidth=2.4, label=f"bound, {exact(bound.most)} bp")
        axes.legend(loc="best")
        axes.set_xlabel("loss over the horizon, bp of supply")
        axes.set_ylabel("part of futures that lose more")
        axes.xaxis.set_major_formatter(grouped)
        told = "; ".join(f"{100 * part:g} % lose more than {number(_at(distribution, 1000 - 1000 * part)[0])} bp" for part in (0.05, 0.01))
        svg = svg_of(drawn, "exceedance", "How likely a larger loss is", told)
    rows = [(f"{100 * part:g} %", *(number(loss) for loss in _at(distribution, 1000 * (1 - part)))) for part in EXCEEDED]
    caption = (
        "Read: at 1 % on the left, one future in a hundred loses more than where the curve passes. The bars are 95 % intervals; the "
        "height of the ES mark has no meaning, as it is a mean over the worst 1 %."
    )
    table = Table("Loss that is exceeded, bp of supply", ("part of futures that lose more", "pool", "lenders"), rows)
    return Chart("exceedance", "Loss distribution", svg, caption, table)


def _corner(axes: "Axes", most: float, loss: float, worst: float) -> None:
    """The bound of a probability: the lenders' curve has to pass below the line where it reaches the loss that is significant."""
    at = max(most, LOWEST)
    axes.set_xlim(0, max(worst, loss) * 1.05)
    axes.plot(
        [0, loss, loss], [at, at, LOWEST], color=TEAL, linestyle=(0, (1, 1)), linewidth=2.4, label=f"bound, {percent(most)} of futures"
    )


def _tail(levels: Sequence[float], losses: Sequence[float]) -> tuple[list[float], list[float]]:
    """Losses and how many futures lose more, down to the last thousandth."""
    kept = [(loss, max(1.0 - level / 1000.0, LOWEST)) for level, loss in zip(levels, losses, strict=True)]
    return [loss for loss, _ in kept], [part for _, part in kept]


def _at(distribution: Distribution, level: float) -> tuple[float, float]:
    """Quantiles at the first level that is so high."""
    place = next((i for i, found in enumerate(distribution.levels) if found >= level - 1e-6), len(distribution.levels) - 1)
    return distribution.loss[place], distribution.lender_loss[place]


def wall(pool: PoolRecord, name: str) -> Chart:
    """How much debt becomes liquidatable at each fall, and what would be lost if nobody came before it."""
    most = max(pool.wall, key=lambda row: row["added_debt"])
    last = _last_of_interest(pool.wall)
    step = min((after["fall"] - before["fall"] for before, after in pairwise(pool.wall)), default=0.01) or 0.01
    shown = [row for row in pool.wall if row["fall"] <= last]
    with sheet(HEIGHT, left=66, right=18, bottom=54) as (drawn, axes):
        axes.bar(
            [row["fall"] for row in shown],
            [row["added_debt"] for row in shown],
            width=0.88 * step,
            color=BLUE,
            label="becomes liquidatable",
        )
        axes.plot(
            [row["fall"] for row in shown],
            [row["insolvent_loss"] for row in shown],
            color=RED,
            linestyle=(0, (5, 2)),
            label="owed beyond worth, if unsold",
        )
        top = max(row["added_debt"] for row in shown) or 1.0
        axes.set_ylim(0, top * 1.25)
        axes.set_xlim(-0.01, last + 0.01)
        axes.xaxis.set_major_formatter(percent)
        axes.yaxis.set_major_formatter(grouped)
        axes.set_xlabel("fall of the price from the start")
        axes.set_ylabel("debt, asset")
        axes.legend(loc="upper left")
        told = f"most, {number(most['added_debt'])} asset, becomes liquidatable at a fall of {100 * most['fall']:.0f} %"
        svg = svg_of(drawn, name, "Debt that becomes liquidatable at each fall", told)
    rows = [
        (percent(row["fall"]), number(row["price"]), *(number(row[of]) for of in ("added_debt", "liquidatable_debt", "insolvent_loss")))
        for row in shown
        if round(100 * row["fall"]) % 5 == 0 or row is most
    ]
    table = Table(
        "The wall; rows between these are in result.json",
        ("fall", "price", "becomes liquidatable there, asset", "liquidatable in all, asset", "owed beyond worth, asset"),
        rows,
    )
    return Chart(name, "The wall", svg, f"By the book alone, exactly, a bar for each {percent(step)}: {told}.", table)


def _last_of_interest(rows: Sequence[Row]) -> float:
    """The fall behind which no debt is added any more, and a little."""
    whole = rows[-1]["liquidatable_debt"]
    return next((min(row["fall"] + 0.05, 0.95) for row in rows if row["liquidatable_debt"] >= 0.995 * whole), 0.95)


def shocks(pool: PoolRecord, name: str) -> Chart:
    """What a single fall costs with the scenario's depth and without its limit."""
    with sheet(HEIGHT, left=66, bottom=54) as (drawn, axes):
        falls = [0.0, *(row["fall"] for row in pool.shocks)]
        axes.plot(
            falls, [0.0, *(row["loss"] for row in pool.shocks)], color=INK, marker="o", markersize=4.5, label="with the scenario's depth"
        )
        axes.plot(
            falls,
            [0.0, *(row["loss_without_depth"] for row in pool.shocks)],
            color=BLUE,
            linestyle=(0, (5, 2)),
            marker="s",
            markersize=4,
            label="buyers take everything",
        )
        if pool.reserve > 0:
            axes.axhline(pool.reserve, color=TEAL, linestyle=(0, (1, 1)), linewidth=2.2, label="the reserve")
        axes.set_xlim(0, 0.92)
        axes.set_ylim(0, None)
        axes.xaxis.set_major_formatter(percent)
        axes.yaxis.set_major_formatter(grouped)
        axes.set_xlabel("one fall in the first step, kept to the end")
        axes.set_ylabel("loss, asset")
        axes.legend(loc="upper left")
        first = next((row for row in pool.shocks if row["loss"] > pool.reserve), None)
        told = (
            f"the first fall that costs more than the reserve: {percent(first['fall'])}"
            if first
            else "no fall up to 90 % costs more than the reserve"
        )
        svg = svg_of(drawn, name, "Loss against a single fall", told)
    rows = [(percent(row["fall"]), *(number(row[of]) for of in ("liquidatable_debt", "loss", "loss_without_depth"))) for row in pool.shocks]
    table = Table("Loss against a single fall, asset", ("fall", "debt liquidatable there", "loss with depth", "loss without"), rows)
    return Chart(name, "Loss against a single fall", svg, f"No chance in it; {told}.", table)


def bars(
    name: str,
    title: str,
    entries: Sequence[tuple[str, Metric]],
    axis: str,
    caption: str,
    told: str,
    *,
    bound: float | None = None,
) -> Chart:
    """Figures below each other with their intervals and their values written beside them; what is below 0 goes to the left, hatched."""
    longest = max(len(label) for label, _ in entries)
    left = min(200, 22 + int(7.9 * longest))
    with sheet(54 + 40 * len(entries) + 22, left=left, right=20, top=10, bottom=52) as (drawn, axes):
        least, most = min(0.0, *(m.low for _, m in entries)), max(*(m.high for _, m in entries), bound or 0.0, 0.0)
        span = (most - least) or 1.0
        for place, (_, metric) in enumerate(entries):
            is_loss = metric.value >= 0
            axes.barh(
                place, metric.value, height=0.5, color=BLUE if is_loss else "white", edgecolor=BLUE, hatch=None if is_loss else "////"
            )
            axes.plot([metric.low, metric.high], [place, place], color=INK, linewidth=1.6)
            for end in (metric.low, metric.high):
                axes.plot([end, end], [place - 0.12, place + 0.12], color=INK, linewidth=1.6)
            axes.annotate(
                number(metric.value, metric.unit),
                (max(metric.high, 0.0), place),
                (6, 0),
                textcoords="offset points",
                va="center",
                fontsize=13,
            )
        if bound is not None:
            axes.axvline(bound, color=TEAL, linestyle=(0, (1, 1)), linewidth=2.4)
        axes.axvline(0, color=QUIET, linewidth=0.9)
        axes.set_yticks(range(len(entries)), [label for label, _ in entries])
        axes.set_ylim(len(entries) - 0.5, -0.5)
        axes.set_xlim(least - 0.04 * span, most + 0.2 * span)
        axes.yaxis.grid(False)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_formatter(percent if entries[0][1].unit == "probability" else grouped)
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel(axis)
        svg = svg_of(drawn, name, title, told)
    rows = [
        (label, number(metric.value, metric.unit), interval(metric.low, metric.high, metric.unit), metric.definition)
        for label, metric in entries
    ]
    return Chart(name, title, svg, caption, Table(f"{title}, {axis}", ("", "value", "95 % interval", "definition"), rows, frozenset({3})))


def stack(name: str, title: str, entries: Sequence[tuple[str, Metric]], axis: str, caption: str) -> Chart:
    """Parts of a whole in one bar, each with its own look, named below."""
    looks = ((BLUE, None), (SAND, "////"), ("white", "\\\\\\\\"), (ORANGE, "xx"), (RED, "--"))
    with sheet(96 + 26 * len(entries), left=18, right=18, top=8, bottom=46 + 26 * len(entries)) as (drawn, axes):
        start = 0.0
        for (label, metric), (colour, hatch) in zip(entries, looks, strict=False):
            part = max(metric.value, 0.0)
            axes.barh(
                0,
                part,
                left=start,
                height=0.7,
                color=colour,
                edgecolor=INK,
                hatch=hatch,
                linewidth=0.8,
                label=f"{label}: {number(metric.value)}",
            )
            start += part
        axes.set_xlim(0, start or 1.0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_formatter(grouped)
        axes.set_xlabel(axis)
        drawn.legend(loc="lower left", bbox_to_anchor=(10 / WIDTH, 0.0), fontsize=13, labelspacing=0.45, handleheight=1.0)
        told = "; ".join(f"{label} {number(metric.value)}" for label, metric in entries)
        svg = svg_of(drawn, name, title, told)
    rows = [(label, number(m.value), interval(m.low, m.high), m.definition) for label, m in entries]
    return Chart(name, title, svg, caption, Table(f"{title}, {axis}", ("", "value", "95 % interval", "definition"), rows, frozenset({3})))


def sizing(pool: PoolRecord, name: str) -> Chart:
    """How likely each size of reserve is not to suffice."""
    rows = pool.reserve_sizing
    least = min((row["ruin"] for row in rows if row["ruin"] > 0), default=0.001) / 3
    with sheet(HEIGHT, left=70, bottom=54) as (drawn, axes):
        sizes = [row["reserve"] for row in rows]
        axes.fill_between(
            sizes,
            [max(row["low"], least) for row in rows],
            [max(row["high"], least) for row in rows],
            color=SAND,
            alpha=0.55,
            linewidth=0,
            label="95 % interval",
        )
        axes.plot(sizes, [max(row["ruin"], least) for row in rows], color=INK, marker="o", markersize=4, label="does not suffice")
        axes.axvline(pool.reserve, color=RED, linestyle=(0, (5, 2)), label="the reserve at the start")
        axes.set_yscale("log")
        axes.set_ylim(least, 1.0)
        ticks = [part for part in ((1, 0.1, 0.01, 0.001, 0.0001) if least < NARROW else (1, 0.5, 0.2, 0.1, 0.05)) if part >= least]
        axes.set_yticks(ticks, [percent(part) for part in ticks])
        axes.minorticks_off()
        axes.set_xlim(0, max(sizes) * 1.03 or 1.0)
        axes.xaxis.set_major_formatter(grouped)
        axes.set_xlabel("reserve at the start, asset")
        axes.set_ylabel("part of futures")
        axes.legend(loc="best")
        own = min(rows, key=lambda row: abs(row["reserve"] - pool.reserve))
        told = (
            f"a reserve of {number(own['reserve'])} asset does not suffice in {figure(own['ruin'], own['low'], own['high'], 'probability')}"
        )
        svg = svg_of(drawn, name, "How large a reserve suffices", told)
    shown = [
        (number(row["reserve"]), percent(row["part_of_supply"]), *(number(row[of], "probability") for of in ("ruin", "low", "high")))
        for row in rows
    ]
    head = ("reserve, asset", "of supply", "does not suffice, % of futures", "from", "to")
    return Chart(name, "Reserve sizing", svg, f"Read: {told}.", Table("Sizes of the reserve", head, shown))
