"""A deployed pool as tables for people: whole tokens, cut and never rounded up, with their units."""

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ringfence.cli.replay_table import tokens
from ringfence.cli.term_text import term_text
from ringfence.inputs.bounds import shown_decimal
from ringfence.inputs.pool_summary import Account, Cover, PoolSummary
from ringfence.inputs.times import moment
from ringfence.model.terms import PRICE_SCALE, WAD, YEAR_SECONDS, ZERO_ADDRESS

FAILING = "the oracle gives none now"


def pool_tables(found: PoolSummary) -> list[Table]:
    """What the pool is, what it holds, its terms, and the account's part in it if one was asked for."""
    tables = [_identity(found), _state(found), _terms(found)]
    if found.terms["backstop"] != ZERO_ADDRESS:
        tables.append(_cover(found, found.cover))
    if found.account is not None:
        tables.append(_account(found, found.account))
    return tables


def _identity(found: PoolSummary) -> Table:
    table = _empty(f"{found.name} ({found.symbol})", "")
    for token, what in ((found.asset, "asset"), (found.collateral, "collateral")):
        table.add_row(what, f"{token.symbol or 'no symbol'}, {token.decimals} decimals, {token.address}")
    table.add_row("pool", found.address)
    table.add_row("seen", f"chain {found.chain_id}, block {found.block}, {moment(found.timestamp)}")
    table.add_row("id", found.pool_id)
    return table


def _state(found: PoolSummary) -> Table:
    table = _empty("state", found.asset.symbol or "asset")
    for name in ("supply_assets", "debt_assets", "reserve_assets", "premium_owed"):
        table.add_row(name.removesuffix("_assets").replace("_", " "), tokens(found.state[name], found.asset.decimals))
    table.add_row("cash", tokens(found.cash, found.asset.decimals))
    table.add_row("utilisation", _percent(found.utilisation))
    table.add_row("share price", shown_decimal(found.share_price // 10**18, 12))
    table.add_row("rate", "the rate model gives none now" if found.rate is None else f"{_yearly(found.rate)} a year")
    if found.prices is None:
        table.add_row("price", FAILING)
    else:
        for side, price in zip(("low", "high"), found.prices, strict=True):
            scaled = price * 10**found.collateral.decimals // PRICE_SCALE
            table.add_row(f"{side} price of one {found.collateral.symbol or 'collateral'}", tokens(scaled, found.asset.decimals))
    return table


def _terms(found: PoolSummary) -> Table:
    table = _empty("terms", "")
    for name, value in found.terms.items():
        table.add_row(name, term_text(name, value, found.asset.decimals, found.asset.symbol))
    return table


def _cover(found: PoolSummary, cover: Cover | None) -> Table:
    table = _empty("cover", found.asset.symbol or "asset")
    if cover is None:
        table.add_row("none", "what is at the backstop's address is no fund that answers for this pool")
        return table
    for name in ("left", "drawn", "max_assets"):
        table.add_row(name.replace("_", " "), tokens(getattr(cover, name), found.asset.decimals))
    table.add_row("max share", f"{_percent(cover.max_share)} of the fund")
    table.add_row("sealed", "yes" if cover.is_sealed else "no: the fund's creator can still change it")
    return table


def _account(found: PoolSummary, account: Account) -> Table:
    table = _empty(f"account {account.address}", "")
    asset, collateral = found.asset, found.collateral
    table.add_row("lent", f"{tokens(account.lent_assets, asset.decimals)} {asset.symbol}")
    table.add_row("can be withdrawn now", f"{tokens(account.withdrawable_assets, asset.decimals)} {asset.symbol}")
    if account.locked_until > found.timestamp:
        table.add_row("locked until", moment(account.locked_until))
    table.add_row("collateral", f"{tokens(account.collateral, collateral.decimals)} {collateral.symbol}")
    table.add_row("debt", f"{tokens(account.debt, asset.decimals)} {asset.symbol}")
    if account.debt:
        table.add_row("health", FAILING if account.health is None else f"{shown_decimal(account.health // 10**14, 4)} (sold below 1)")
    if account.unhealthy_since:
        table.add_row("unhealthy since", moment(account.unhealthy_since))
    return table


def _empty(title: str, unit: str) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(title)
    table.add_column(unit, justify="left", overflow="fold")
    return table


def _yearly(rate: int) -> str:
    """A rate per second as per cent a year, to the nearest hundredth: a year of what was cut for a second is not the whole."""
    return f"{shown_decimal((rate * YEAR_SECONDS * 10_000 + WAD // 2) // WAD, 2)} %"


def _percent(wad: int) -> str:
    return f"{shown_decimal(wad * 10_000 // WAD, 2)} %"
