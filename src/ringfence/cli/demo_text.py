"""The demo for people: 80 columns, plain where there is no terminal, every number with its unit, amounts cut and never rounded up;
the parts of a whole are rounded so that they make 100 %."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.markup import escape

from ringfence.decisions.buyer import Buyer
from ringfence.inputs.demo_result import DemoResult, Freeze, FundFigures, Step
from ringfence.inputs.errors import printable
from ringfence.inputs.results import PoolFigures
from ringfence.inputs.samples import Sample
from ringfence.model.terms import WAD

if TYPE_CHECKING:
    from rich.console import Console

    from ringfence.lab.shared_side import SharedSide

WIDTH = 80
MINUTE = 60
GAP_PERCENT = 10
"""A price that falls by so much from one row to the next is told even when nothing is sold."""
POOL_WIDTHS = (-9, 9, 11, 11, 9, 9, 9)
STREAM_WIDTHS = (5, 8, 4, 8, 9, 7, 8, 7, 4)
OUTCOME_WIDTHS = (-20, 11, 11, 11, -19)
"""Widths of columns, below 0 for those that are aligned to the left."""
PER_AMOUNT = 100_000
BAR_WIDTH = 32
SHARE_PRICE_DECIMALS = 30
"""A whole lender share has six decimals more than the asset, and share prices are times 1e36."""


def cut(units: int, decimals: int, digits: int = 2) -> str:
    """Base units as a grouped decimal with so many digits behind the point; the rest is cut."""
    whole, fraction = divmod(abs(units) * 10**digits // 10**decimals, 10**digits)
    shown = f"{whole:,}.{fraction:0{digits}d}" if digits else f"{whole:,}"
    return f"-{shown}" if units < 0 else shown


def percent(part: int, whole: int) -> str:
    """A part in per cent of the whole, cut to two digits behind the point."""
    return f"{cut(part * 10_000 // whole, 2)} %" if whole else "-"


def shares_of_whole(parts: Sequence[int]) -> list[str]:
    """Each part in per cent of their sum with two digits behind the point: cut, and what is missing to 100 % given to those that lost
    most by it."""
    whole = sum(parts)
    if whole == 0:
        return ["-"] * len(parts)
    hundredths = [part * 10_000 // whole for part in parts]
    by_loss = sorted(range(len(parts)), key=lambda place: parts[place] * 10_000 % whole, reverse=True)
    for place in by_loss[: 10_000 - sum(hundredths)]:
        hundredths[place] += 1
    return [f"{cut(each, 2)} %" for each in hundredths]


def short_percent(ratio: int) -> str:
    """A WAD in per cent, cut to two digits behind the point, without zeros at the end."""
    return f"{cut(ratio, 16).rstrip('0').rstrip('.')} %"


class DemoText:
    """Writes the demo to a console as it happens."""

    def __init__(self, console: "Console", samples: Sequence[Sample], buyer: Buyer) -> None:
        """The samples are the falling one, the doubtful one and the calm one."""
        self._console, self._samples, self._buyer = console, samples, buyer
        self._falling, self._doubtful, self._calm = samples
        self._asset, self._asset_decimals = self._falling.asset, self._falling.pool.asset_decimals

    def opening(self) -> None:
        """What will be seen and why it matters, the pools, and the rule of sale."""
        falling, asset = self._falling, self._asset
        self._print(
            _bold(f"Three lending pools on one chain: {falling.name} crashes, two feeds disagree about"),
            _bold(f"{self._doubtful.name}, {self._calm.name} stays calm.") + " Watch who pays, in which order, and who is",
            f"not touched.{self._backstop()}",
            "",
            _columns(POOL_WIDTHS, "pool", "positions", "loans", "supply", "reserve", "price", "lowest"),
            _dim(_columns(POOL_WIDTHS, "", "", asset, asset, asset, asset, asset)),
            *(self._pool_line(sample) for sample in self._samples),
            "",
            *textwrap.wrap(self._rule(), WIDTH),
            "",
            _bold(f"{falling.name} on {_day(self._crash())}") + ": each line is one liquidate_many, worst position first",
        )
        self._stream_heading()

    def step(self, step: Step) -> None:
        """One row of prices, if anything happened."""
        if step.pool != self._falling.name:
            return
        if step.price * 100 <= step.price_before * (100 - GAP_PERCENT):
            self._gap(step)
        if step.sales:
            self._sold(step)

    def ending(self, result: DemoResult, shared: "SharedSide") -> None:
        """Who paid, what froze, how the pools stand, and what was proven."""
        crashed, _, quiet = result.pools
        self._print("")
        self._waterfall(crashed.figures, result.fund)
        self._freeze(result.freeze)
        self._outcome(result)
        self._isolation(result)
        self._shared(quiet.figures, shared)
        self._identities(result)

    def written(self, file: str) -> None:
        """Where the result file is."""
        if file != "-":
            self._print("", f"Result written to {escape(printable(file, 200))}")

    def _print(self, *lines: str) -> None:
        for line in lines:
            self._console.print(line.rstrip(), soft_wrap=True)

    def _amount(self, units: int) -> str:
        return f"{cut(units, self._asset_decimals)} {self._asset}"

    # At the start

    def _backstop(self) -> str:
        fund = self._falling.pool.fund
        return f" One backstop of {cut(fund.assets, self._asset_decimals, 0)} {self._asset} stands behind their reserves." if fund else ""

    def _pool_line(self, sample: Sample) -> str:
        amounts = (sum(sample.book.debt), sample.pool.supply, sample.pool.reserve)
        prices = (sample.prices.prices[0], min(sample.prices.prices))
        whole = (cut(amount, self._asset_decimals, 0) for amount in amounts)
        return _columns(POOL_WIDTHS, sample.name, f"{len(sample.book):,}", *whole, *(_price(sample, price) for price in prices))

    def _rule(self) -> str:
        terms, buyer = self._falling.pool.terms, self._buyer
        more = buyer.slope * PER_AMOUNT * 10**self._asset_decimals
        return (
            f"Over a loan-to-value of {short_percent(terms.liq_ltv)} a position is sold, down to {short_percent(terms.target_ltv)}. "
            f"The incentive is {short_percent(terms.incentive_base)} and rises {short_percent(terms.incentive_rise * MINUTE)} a minute, "
            f"to {short_percent(terms.incentive_max)} at most; the buyer here waits for {short_percent(buyer.least)}, and "
            f"{short_percent(more)} more for every {PER_AMOUNT:,} {self._asset} to pay. "
            f"{self._window()}Positions that wait are unhealthy and unsold."
        )

    def _window(self) -> str:
        window = self._falling.pool.terms.solvent_window
        return f"Under water the incentive grows from nothing within {window // MINUTE} minutes. " if window else ""

    def _crash(self) -> int:
        """When the deepest fall from one row to the next happens."""
        times, prices = self._falling.prices.timestamps, self._falling.prices.prices
        return max(zip(prices, prices[1:], times[1:], strict=False), key=lambda row: row[0] * WAD // row[1])[2]

    # As it happens

    def _stream_heading(self) -> None:
        asset = self._asset
        self._print(
            "",
            _columns(STREAM_WIDTHS, "", "", "pos.", "buyer", "", "reserve", "backstop", "lenders", "pos."),
            _columns(STREAM_WIDTHS, "time", "price", "sold", "pays", "incentive", "loses", "loses", "lose", "wait"),
            _dim(_columns(STREAM_WIDTHS, "UTC", asset, "", asset, "%", asset, asset, asset, "")),
        )

    def _gap(self, step: Step) -> None:
        fall = percent(step.price_before - step.price, step.price_before)
        shown = _columns(STREAM_WIDTHS[:2], _clock(step.timestamp), _price(self._falling, step.price))
        self._print(f"{shown}  " + _bold(f"fell {fall} in one block: {step.insolvent} positions owe more than they hold"))

    def _sold(self, step: Step) -> None:
        offers = [sale.incentive for sale in step.sales]
        least, most = cut(min(offers), 16), cut(max(offers), 16)
        shown = _columns(
            STREAM_WIDTHS[:5],
            _clock(step.timestamp),
            _price(self._falling, step.price),
            f"{len(step.sales):,}",
            cut(step.payment, self._asset_decimals, 0),
            least if least == most else f"{least}-{most}",
        )
        borne = step.borne_by
        parts = ((borne.reserve, "yellow"), (borne.backstop, "magenta"), (borne.lenders, "red"))
        losses = (self._loss(amount, colour, width) for (amount, colour), width in zip(parts, STREAM_WIDTHS[5:8], strict=True))
        self._print("  ".join((shown, *losses, f"{step.waiting:>{STREAM_WIDTHS[8]},}")))

    def _loss(self, amount: int, colour: str, width: int) -> str:
        if amount == 0:
            return f"{'-':>{width}}"
        whole = cut(amount, self._asset_decimals, 0)
        return f"[{colour}]{'<1' if whole == '0' else whole:>{width}}[/{colour}]"

    # At the end

    def _waterfall(self, figures: PoolFigures, fund: FundFigures) -> None:
        """The debt that was sold off, and who paid it, in their order."""
        whole = figures.debt_retired + figures.loss
        parts = (
            ("collateral", figures.debt_retired, "green"),
            ("reserve", figures.loss_from_reserve, "yellow"),
            ("backstop", figures.loss_from_backstop, "magenta"),
            ("lenders", figures.loss_from_lenders, "red"),
        )
        self._print(_bold(f"Who paid the {self._amount(whole)} of debt that was sold off in {self._falling.name}"))
        shares = shares_of_whole([amount for _, amount, _ in parts])
        for place, ((who, amount, colour), share) in enumerate(zip(parts, shares, strict=True), start=1):
            bar = self._bar(amount, whole)
            self._print(f" {place}. {who:<10}  {self._amount(amount):>17}  {share:>8}  [{colour}]{bar}[/{colour}]")
        interest = figures.reserve_after - figures.reserve_before - figures.penalty + figures.loss_from_reserve
        self._print(
            f"The reserve began with {self._amount(figures.reserve_before)}, got {self._amount(interest)} of interest",
            f"and {self._amount(figures.penalty)} of borrowers' penalties; {self._amount(figures.reserve_after)} are left.",
            f"The backstop paid {self._up_to_limit(figures)} and got {self._amount(fund.premium)} of premium from all",
            f"pools; {self._amount(fund.after)} are left, {self._amount(fund.left[self._calm.name])} of them for {self._calm.name}.",
            "",
        )

    def _up_to_limit(self, figures: PoolFigures) -> str:
        fund = self._falling.pool.fund
        limit = fund.limit if fund else 0
        return "its limit" if figures.loss_from_backstop == limit else f"less than its limit of {self._amount(limit)}"

    def _freeze(self, freeze: Freeze) -> None:
        """What two feeds that disagree did, and who could borrow where meanwhile."""
        low, high = (_price(self._doubtful, price) for price in (freeze.low, freeze.high))
        lent = [attempt.pool for attempt in freeze.attempts if not attempt.refusal]
        refused = [f'{attempt.pool} refuses, "{attempt.refusal}"' for attempt in freeze.attempts if attempt.refusal]
        asked = cut(freeze.attempts[0].assets, self._asset_decimals, 0)
        head = f"{freeze.pool} at {_clock(freeze.timestamp)}"
        text = (
            f"{head}: for {freeze.seconds // MINUTE} minutes one feed says {low} {self._asset}, the other {high}. Nobody can borrow there "
            f"meanwhile, and the higher price decides on sales: {freeze.sold} are made; by the lower, {freeze.doubted} of "
            f"{len(self._doubtful.book)} positions would be sold. Asked for {asked} {self._asset} on ample collateral in that second, "
            f"{' and '.join(sorted(lent))} {'lend' if len(lent) > 1 else 'lends'}; {'; '.join(refused) or 'nobody refuses'}."
        )
        first, *others = textwrap.wrap(text, WIDTH)
        self._print(first.replace(head, _bold(head)), *others, "")

    def _bar(self, part: int, whole: int) -> str:
        """As long as the part of the whole, one sign at least if there is any."""
        sign = "#" if self._console.options.ascii_only else "█"
        return sign * max(part * BAR_WIDTH // whole if whole else 0, part > 0)

    def _outcome(self, result: DemoResult) -> None:
        self._print(_bold(_columns(OUTCOME_WIDTHS, "at the end", *(pool.name for pool in result.pools), "")))
        first, *others = (list(self._facts(pool.figures)) for pool in result.pools)
        for row, (label, value, unit) in enumerate(first):
            self._print(_columns(OUTCOME_WIDTHS, label, value, *(facts[row][1] for facts in others), unit))
        verdicts = [_coloured(pool.figures.solvent, "yes", "no", OUTCOME_WIDTHS[1]) for pool in result.pools]
        self._print("  ".join((_columns(OUTCOME_WIDTHS[:1], "solvent"), *verdicts, "no loss to lenders")), "")

    def _facts(self, figures: PoolFigures) -> Iterator[tuple[str, str, str]]:
        """Label, value and unit of each row of the outcome."""
        asset = self._asset
        yield "sales", f"{figures.sales:,}", "sales"
        yield "loss", cut(figures.loss, self._asset_decimals), asset
        yield "loss not booked yet", cut(figures.unrealised_loss, self._asset_decimals), asset
        yield "share price, before", cut(figures.share_price_before, SHARE_PRICE_DECIMALS, 6), f"{asset} a lender share"
        yield "share price, after", cut(figures.share_price_after, SHARE_PRICE_DECIMALS, 6), f"{asset} a lender share"
        yield "unhealthy and unsold", f"{figures.unhealthy_at_end:,}", "positions"

    def _isolation(self, result: DemoResult) -> None:
        isolation = result.isolation
        verdict = _coloured(isolation.calm_pool_unchanged, "none differs", f"{isolation.slots_different} differ")
        self._print(
            _bold("Isolation") + f": {self._calm.name} again, on a chain where the other pools never existed.",
            f"{isolation.slots_compared} storage slots and token balances compared: {verdict}.",
            "",
        )

    def _shared(self, figures: PoolFigures, shared: "SharedSide") -> None:
        name = self._calm.name
        change, earned = shared.left[name] - shared.brought[name], figures.supply_after - figures.supply_before
        self._print(
            _bold("Without isolation") + " (a model for comparison, not a contract of ours): with one",
            f"supply, reserve and cover for {self._falling.name} and {name}, the lenders of {name}",
            f"would have {_moved(change)} {self._amount(abs(change))}; here they {_moved(earned)} {self._amount(abs(earned))}.",
            "",
        )

    def _identities(self, result: DemoResult) -> None:
        broken = [identity for identity in result.identities if not identity.holds]
        count = len(result.identities)
        verdict = _coloured(not broken, "to the unit", f"but for {len(broken)}, in base units")
        self._print(_bold("Balance") + f": {count} sums of payments, loans, losses and tokens hold {verdict}.")
        self._print(*(f"  {each.name}: {each.left} is not {each.right}" for each in broken))


def _columns(widths: Sequence[int], *cells: str) -> str:
    """Cells in columns of these widths, two blanks between them."""
    return "  ".join(f"{cell:<{-width}}" if width < 0 else f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _bold(text: str) -> str:
    return f"[bold]{text.rstrip()}[/bold]"


def _dim(text: str) -> str:
    return f"[dim]{text.rstrip()}[/dim]"


def _coloured(good: bool, yes: str, no: str, width: int = 0) -> str:
    return f"[green]{yes:>{width}}[/green]" if good else f"[red]{no:>{width}}[/red]"


def _price(sample: Sample, price: int) -> str:
    return cut(price, 36 + sample.pool.asset_decimals - sample.pool.collateral_decimals)


def _moved(change: int) -> str:
    return "lost" if change < 0 else "earned"


def _clock(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%H:%M")


def _day(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d")
