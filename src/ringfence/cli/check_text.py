"""A check of terms for people: what they mean, the bounds with their headroom, and the verdict; numbers are cut, never rounded up."""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ringfence.cli.demo_text import cut, short_percent
from ringfence.cli.show import show_table
from ringfence.inputs.bounds import ASSET, NUMBER, RATIO, RATIO_PER_SECOND, SECONDS, Measure, if_missing, shown_decimal
from ringfence.inputs.check import CheckedBound, CheckResult
from ringfence.inputs.errors import printable
from ringfence.inputs.meaning import borne_before_lenders, first_offer, lent_at_most
from ringfence.inputs.pool_file import UNITS, AdaptiveRateTerms, FixedRateTerms
from ringfence.model.terms import WAD, YEAR_SECONDS

if TYPE_CHECKING:
    from rich.console import Console

MINUTE = 60
SIGNS = {"at most": "<=", "below": "<", "above": ">"}
SHOWN_UNITS = {RATIO: " %", RATIO_PER_SECOND: " %/s", SECONDS: " s", ASSET: " asset", NUMBER: ""}
SHOWN_DIGITS = 4
LARGE = 10**12
"""What is larger is shown by its power of ten."""


class CheckText:
    """Writes a check to a console."""

    def __init__(self, console: "Console", result: CheckResult) -> None:
        self._console, self._result = console, result
        self._pool, self._terms = result.pool, result.pool.terms

    def show(self) -> None:
        """The bounds, the meaning if all hold, what may not be meant, the verdict."""
        self._print(f"[bold]{escape(printable(self._pool.name))}[/bold]: {escape(printable(self._pool.file, 200))}", "")
        show_table(self._console, self._bounds())
        if self._result.facts:
            for part in (self._way_down, self._sale, self._loss, self._interest):
                title, *said = part()
                self._print("", f"[bold]{title}[/bold]", *(line for text in said for line in self._wrapped(text)))
        self._print("", *(line for remark in self._result.remarks for line in self._wrapped(f"Note: {remark}.")))
        self._verdict()

    def _print(self, *lines: str) -> None:
        for line in lines:
            self._console.print(line, soft_wrap=True)

    def _wrapped(self, text: str, indent: str = "") -> list[str]:
        """Plain text as lines without a trailing blank, which a console's own wrapping leaves; a text that fits keeps its blanks."""
        width = self._console.width
        if len(text) + len(indent) <= width:
            return [escape(indent + text)]
        return [escape(line) for line in textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=2 * indent)]

    # What the terms mean

    def _ratio(self, name: str) -> str:
        return short_percent(self._result.facts[name].value or 0)

    def _way_down(self) -> Iterator[str]:
        """The price and loan-to-value at each step, from where a position owes all that it may."""
        terms, facts = self._terms, self._result.facts
        target = f"down to {short_percent(terms.target_ltv)}" if terms.target_ltv else "whole"
        most = short_percent(terms.incentive_max)
        steps = [
            (terms.max_ltv, "it may not borrow more"),
            (terms.liq_ltv, f"below this price it is sold, {target}"),
            (facts["ltv_loss"].value or WAD, f"below, not all of a {most} incentive is there to be paid"),
            (WAD, "below, it owes more than it is worth"),
        ]
        if terms.penalty:
            steps.insert(2, (facts["ltv_penalty_cut"].value or WAD, f"below, at a {most} incentive the penalty is cut"))
        yield "The way down of a position that owes all it may at a price of 100"
        yield f"{'price':>8}  {'LTV':>8}"
        for ltv, event in sorted(steps, key=lambda step: step[0]):
            yield f"{cut(terms.max_ltv * 10**4 // ltv, 2):>8}  {cut(ltv, 16):>6} %  {event}"

    def _sale(self) -> Iterator[str]:
        terms = self._terms
        liq_ltv = short_percent(terms.liq_ltv)
        yield "A sale"
        if terms.target_ltv:
            yield f"At {liq_ltv} one sale takes {self._ratio('part_sold_at_sale')} of the debt{self._unless_dust()}."
        else:
            yield "One sale may take the whole debt, since there is no target_ltv."
        first, most = self._ratio("incentive_at_sale_first"), self._ratio("incentive_at_sale_most")
        yield (
            f"At {liq_ltv} a position has a margin of {self._ratio('margin_at_sale')} of its collateral's value. A sale of the whole debt "
            f"takes {most if first == most else f'{first} to {most}'} of that value for the incentive and {self._ratio('penalty_at_sale')} "
            f"for the penalty; {self._ratio('left_at_sale')} are left before anybody else pays."
        )
        yield self._offer()
        if terms.min_debt:
            first, most = (self._facts_amount(f"buyer_earns_on_min_debt_{which}") for which in ("first", "most"))
            earned = most if first == most else f"{first} to {most}"
            yield f"The smallest loan, {self._amount(terms.min_debt)}, earns its buyer {earned} before costs."

    def _unless_dust(self) -> str:
        return f", or all where less than {self._amount(self._terms.min_debt)} would be left" if self._terms.min_debt else ""

    def _offer(self) -> str:
        """How the incentive moves."""
        terms, facts = self._terms, self._result.facts
        said = [f"The incentive is {short_percent(terms.incentive_base)}"]
        if (seconds := facts["seconds_to_incentive_max"].value) is not None:
            said.append(f"rises {short_percent(terms.incentive_rise * MINUTE)} a minute on the clock")
            said.append(f"is {short_percent(terms.incentive_max)} after {span(seconds)}")
        if terms.incentive_slope:
            said.append(f"grows {short_percent(terms.incentive_slope // 100)} for each 1 % of missing health")
        if len(said) == 1:
            said.append("does not move")
        clock = f" The clock starts anew after {span(terms.sale_timeout)}." if terms.sale_timeout else ""
        window = (
            f"What the collateral cannot pay is offered from nothing up to the whole within {span(terms.solvent_window)}."
            if terms.solvent_window
            else "What the collateral cannot pay is offered at once, at the cost of reserve and lenders."
        )
        return f"{', '.join(said[:-1])} and {said[-1]}.{clock} {window}"

    def _loss(self) -> Iterator[str]:
        yield "A loss"
        lent, fund = lent_at_most(self._pool), self._pool.fund
        if lent == 0:
            yield "Nothing can be lent, so nothing can be lost."
            return
        whole = "all of the supply" if lent == self._pool.supply else f"as much as borrow_cap allows, {self._amount(lent)},"
        given = f"With {whole} lent at {short_percent(self._terms.max_ltv)} and a reserve of {self._amount(self._pool.reserve)}"
        given += f" and {self._amount(fund.limit)} from the backstop, lenders lose nothing" if fund else ", lenders lose nothing"
        if borne_before_lenders(self._pool) >= lent:
            yield f"{given} from a fall of any depth."
        else:
            yield f"{given} from {self._falls_borne()}; from a deeper one they do."

    def _falls_borne(self) -> str:
        """The fall that reserve and backstop bear, by what buyers are paid."""
        first, most = first_offer(self._terms), self._terms.incentive_max
        asking = "nothing" if first == 0 else f"no more than {short_percent(first)}"
        taken, paid = self._ratio("fall_at_once_without_loss_to_lenders"), self._ratio("fall_at_once_without_loss_at_incentive_max")
        at_most = f"of {paid} at once if buyers get all of {short_percent(most)}"
        return f"a fall {at_most}" if first == most else f"a fall of {taken} at once if buyers ask for {asking}, but only {at_most}"

    def _interest(self) -> Iterator[str]:
        terms, facts, rate = self._terms, self._result.facts, self._pool.rate
        yield "Interest"
        unused, kink, full = (self._rate(name) for name in ("rate_unused", "rate_at_kink", "rate_full"))
        if isinstance(rate, FixedRateTerms):
            yield f"Borrowers pay {full} a year."
        elif isinstance(rate, AdaptiveRateTerms):
            yield (
                f"To begin with, borrowers pay {unused} a year at no utilisation, {kink} at 90 %, {full} with all lent out; "
                "the rate rises while more than 90 % are lent out and falls while less are."
            )
        else:
            yield f"Borrowers pay {unused} a year at no utilisation, {kink} at {short_percent(rate.kink)}, {full} with all lent out."
        reserve = ""
        if facts["interest_to_reserve"].value:
            years = facts["years_to_fill_reserve"].value
            time = "" if years is None else f", {cut(years, 18, 1)} years of it"
            target = short_percent(terms.reserve_target)
            reserve = f", {self._ratio('interest_to_reserve')} to the reserve until it has {target} of the debt{time}"
        creator = f", {self._ratio('interest_to_creator')} to fee_recipient" if terms.creator_fee else ""
        premium = f", {self._ratio('interest_to_backstop')} to the backstop" if terms.premium else ""
        yield f"{self._ratio('interest_to_lenders')} of it stay with lenders{creator}{premium}{reserve}."
        if terms.lockup:
            yield f"Each deposit locks all that its lender has in the pool for {span(terms.lockup)}."

    def _rate(self, name: str) -> str:
        # A rate a second is a sum of up to five numbers that were cut, so a year of it may be short by five units for each second.
        return short_percent((self._result.facts[name].value or 0) + 5 * YEAR_SECONDS)

    def _facts_amount(self, name: str) -> str:
        return self._amount(self._result.facts[name].value or 0)

    def _amount(self, units: int) -> str:
        return f"{shown_number(units, self._pool.asset_decimals)} asset"

    # The bounds

    def _bounds(self) -> Table:
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        table.add_column("")
        table.add_column("bound", ratio=1)
        for name in ("value", "limit", "headroom"):
            table.add_column(name, justify="right", no_wrap=True)
        for bound in self._result.bounds:
            table.add_row("ok" if bound.holds else "[red]NO[/red]", escape(bound.sentence), *self._numbers(bound))
        return table

    def _numbers(self, bound: CheckedBound) -> tuple[str, str, str]:
        measure = bound.measure
        if measure is None:
            return "-", "-", "-"
        value, limit, headroom = (shown_number(each, self._digits(measure)) for each in (measure.value, measure.limit, measure.headroom))
        unit = SHOWN_UNITS[measure.unit]
        if measure.unit == ASSET:
            return value, f"{SIGNS[measure.side]} {limit}", f"{headroom}{unit}"
        return f"{value}{unit}", f"{SIGNS[measure.side]} {limit}{unit}", f"{headroom}{unit}"

    def _digits(self, measure: Measure) -> int:
        """Behind the point: two fewer in per cent, and whole tokens instead of base units."""
        if measure.unit == ASSET:
            return self._pool.asset_decimals
        return measure.digits - 2 if measure.unit in (RATIO, RATIO_PER_SECOND) else measure.digits

    def _verdict(self) -> None:
        bounds = self._result.bounds
        broken = [bound for bound in bounds if not bound.holds]
        if not broken:
            self._print(f"[green]all {len(bounds)} bounds hold[/green]")
            return
        self._print(f"[red]{len(broken)} of {len(bounds)} bounds {'is' if len(broken) == 1 else 'are'} broken[/red]; change these terms:")
        for bound in broken:
            values = ", ".join(
                f"{name} = {self._spelled(name, value)}{if_missing(name, self._pool.missing)}" for name, value in bound.terms.items()
            )
            self._print(*self._wrapped(f"{bound.sentence} ({values})", indent="  "))

    def _spelled(self, name: str, value: str) -> str:
        """A term as its file spells it, amounts too."""
        return shown_decimal(int(value), self._pool.asset_decimals) if UNITS.get(name, "amount") == "amount" else value


def shown_number(value: int, digits: int) -> str:
    """An integer with so many digits behind the point, cut to four of them, grouped; large ones by their power of ten."""
    if abs(value) >= LARGE * 10**digits:
        power = len(str(abs(value))) - 1
        return f"{'-' if value < 0 else ''}{cut(abs(value), power, 2)}e{power - digits}"
    shown = cut(value, digits, min(digits, SHOWN_DIGITS))
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    if value and shown in ("0", "-0"):
        return f"< 0.{'0' * (SHOWN_DIGITS - 1)}1"
    return shown


def span(seconds: int) -> str:
    """Seconds as people say them, in at most two units."""
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", MINUTE), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:,} {unit}")
    return " ".join(parts[:2]) or "0 s"
