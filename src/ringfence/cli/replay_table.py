"""The figures of a replay as a table for people: whole tokens, cut and never rounded up, with their units."""

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ringfence.inputs.results import PoolFigures, ReplayResult, SaleRow
from ringfence.model.terms import WAD

SHOWN_DIGITS = 6
AMOUNTS = (
    ("debt at the start", "debt_before"),
    ("interest", "interest"),
    ("paid by buyers", "paid"),
    ("  of it debt retired", "debt_retired"),
    ("  of it penalty", "penalty"),
    ("  of it rounding", "surplus"),
    ("debt at the end", "debt_after"),
    ("supply at the start", "supply_before"),
    ("supply at the end", "supply_after"),
    ("reserve at the start", "reserve_before"),
    ("reserve at the end", "reserve_after"),
    ("premium owed at the end", "premium_owed_after"),
    ("loss", "loss"),
    ("  borne by the reserve", "loss_from_reserve"),
    ("  borne by the backstop", "loss_from_backstop"),
    ("  borne by lenders", "loss_from_lenders"),
    ("  borne by the premium owed", "loss_from_premium"),
    ("loss not yet booked", "unrealised_loss"),
)
NEXT_TO_NOTHING = WAD // 1000
"""An incentive below it is hardly one: who buys for it must want the collateral."""
OPTIONAL = ("surplus", "premium_owed_after", "loss_from_backstop", "loss_from_premium")
"""Shown only when there is any."""


def tokens(units: int, decimals: int) -> str:
    """Base units as whole tokens with grouped digits, cut to six behind the point; what is less than that, but not 0, says so."""
    digits = min(decimals, SHOWN_DIGITS)
    shown = units // 10 ** (decimals - digits)
    if units == 0:
        return "0"
    if shown == 0:
        return f"< 0.{'0' * (digits - 1)}1"
    whole, fraction = divmod(shown, 10**digits)
    return f"{whole:,}.{fraction:0{digits}d}" if digits else f"{whole:,}"


def replay_table(result: ReplayResult, asset_decimals: int, collateral_decimals: int) -> Table:
    """Amounts, then counts."""
    pool = result.pool
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("unit")
    for label, name in AMOUNTS:
        amount = getattr(pool, name)
        if amount or name not in OPTIONAL:
            table.add_row(label, tokens(amount, asset_decimals), "asset")
    table.add_row("collateral sold", tokens(pool.collateral_sold, collateral_decimals), "collateral")
    table.add_row("sales", f"{pool.sales:,}", "")
    if given_away := [sale for sale in result.sales if sale.incentive < NEXT_TO_NOTHING]:
        table.add_row("  incentive < 0.1 %", f"{len(given_away):,}", f"{_paid(given_away, asset_decimals)} asset paid")
    table.add_row("positions sold", f"{pool.positions_sold:,}", f"{pool.positions_sold_at_start:,} of them in the first row")
    table.add_row("unhealthy at the end", f"{pool.unhealthy_at_end:,}", "positions over liq_ltv")
    table.add_row("insolvent at the end", f"{pool.insolvent_at_end:,}", "positions owing over their worth")
    table.add_row("lender share price", _change(pool.share_price_before, pool.share_price_after), "end over start")
    return table


def verdict(pool: PoolFigures, asset_decimals: int) -> str:
    """One line: solvent, or what lenders have lost or stand to lose; and who waits unsold."""
    left = pool.unhealthy_at_end
    waiting = f"; {counted(left, 'position')} {'waits' if left == 1 else 'wait'} unsold" if left else ""
    if pool.solvent:
        return f"[green]solvent[/green]: no lender lost, no debt is left without its collateral{waiting}"
    parts = []
    if pool.loss_from_lenders:
        parts.append(f"lenders lost {tokens(pool.loss_from_lenders, asset_decimals)} asset")
    if pool.insolvent_at_end:
        one = pool.insolvent_at_end == 1
        parts.append(
            f"{counted(pool.insolvent_at_end, 'position')} {'owes' if one else 'owe'} {tokens(pool.unrealised_loss, asset_decimals)} asset "
            f"more than {'it is' if one else 'they are'} worth"
        )
    return f"[red]not solvent[/red]: {', '.join(parts)}{waiting}"


def counted(count: int, noun: str) -> str:
    """A count with its noun, in its grammar."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _paid(sales: list[SaleRow], asset_decimals: int) -> str:
    return tokens(sum(sale.payment for sale in sales), asset_decimals)


def _change(before: int, after: int) -> str:
    """The quotient, cut to nine digits."""
    whole, fraction = divmod(after * 10**9 // before, 10**9)
    return f"{whole}.{fraction:09d}"
