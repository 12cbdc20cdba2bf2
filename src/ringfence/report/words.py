"""Terms, scenarios and times in words, from the base units and tables that a result holds."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ringfence.inputs.figure_text import GROUP, exact, figure, number
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, UNITS
from ringfence.inputs.times import LAST, duration
from ringfence.inputs.verdict import MAX_PROBABILITY

WAD = 10**18
MINUTE = 60
DATE = re.compile(r"(?<!\d)(20[0-9]{2})-([01][0-9])-([0-3][0-9])(?!\d)")
COMMAS = re.compile(r"(?<![\w,./-])\d{1,3}(?:,\d{3})+(?![\w,])")
BINDING = {"loss_es99": "the bound on lenders' ES 99 %", "prob_significant_loss": "the bound on significant losses"}
"""What binds, in words."""
TERMS = {
    "liq_ltv": "liquidation LTV",
    "max_ltv": "borrowing LTV",
    "target_ltv": "LTV after a sale",
    "supply_cap": "supply cap",
    "borrow_cap": "borrow cap",
    "reserve": "reserve at the start",
    "backstop_max_assets": "most from the backstop",
    "penalty": "penalty",
    "incentive_base": "incentive at once",
    "incentive_rise": "rise of the incentive",
    "incentive_slope": "slope of the incentive",
    "incentive_max": "largest incentive",
    "premium": "premium",
}
"""What a term is called in a sentence."""
PRICES = {
    "history": "the hours of a history, one after the other",
    "bootstrap": "blocks of {block} rows drawn from a history of {returns} returns, each {row}",
    "profile": "a crash that somebody drew",
    "gbm": "a random walk of {volatility} volatility a year, {jumps:g} jumps a year",
    "ou": "a peg: the price is pulled back, {volatility} volatility a year",
    "garch": "GARCH(1,1) with Student's t, fitted to {returns} returns",
    "tail": "blocks of {block} rows of a history of {returns} returns, its ends by a fitted generalised Pareto law",
    "depeg": "a peg that breaks {jumps:g} times a year",
}


def binding_text(name: str) -> str:
    """What binds: a stated bound, one of the protocol's by its name, or the end of a grid."""
    if name.startswith(("terms:", "pool:", "rate:")):
        return f'the protocol\'s bound "{name}"'
    return BINDING.get(name, f"the {name}" if name.startswith("end of the grid") else name)


def told_bounded(metric: str, value: float, low: float, high: float) -> str:
    """What a bounded figure is, as the end of a sentence."""
    if metric == MAX_PROBABILITY:
        return f"lenders lose significantly in {figure(value, low, high, 'probability')}"
    return f"lenders' ES 99 % is {figure(value, low, high, 'bp of supply')}"


def grouped_digits(text: str) -> str:
    """A sentence from elsewhere with its 1,000 as this page writes it."""
    return COMMAS.sub(lambda found: found.group().replace(",", GROUP), text)


def part(text: str) -> str:
    """A WAD as per cent."""
    return f"{exact(100 * int(text) / WAD)} %"


def terms_in_words(terms: Mapping[str, str], reserve: float, supply: float) -> str:
    """What the terms of a pool say, the ones that matter most first."""
    told = [f"liquidation LTV {part(terms['liq_ltv'])}", f"borrowing up to {part(terms['max_ltv'])}"]
    told.append(f"sold back to {part(terms['target_ltv'])}" if int(terms["target_ltv"]) else "sold whole")
    told.append(_incentive(terms))
    told.append(f"penalty {part(terms['penalty'])}")
    share = f" ({number(100 * reserve / supply)} % of supply)" if supply > 0 else ""
    told.append(f"reserve {number(reserve)}{share}" if reserve > 0 else "no reserve at the start")
    asset = 10 ** int(terms["asset_decimals"])
    for name, most in (("supply_cap", MAX_SUPPLY_CAP), ("borrow_cap", MAX_BORROW_CAP)):
        if int(terms[name]) != most:
            told.append(f"{TERMS[name]} {number(int(terms[name]) / asset)}")
    return ", ".join(told)


def _incentive(terms: Mapping[str, str]) -> str:
    rise = int(terms["incentive_rise"]) * MINUTE
    told = f"incentive {part(terms['incentive_base'])}"
    if rise:
        told += f", +{number(100 * rise / WAD)} % a minute"
    if int(terms["incentive_slope"]):
        told += f", slope {number(int(terms['incentive_slope']) / WAD)}"
    return told if int(terms["incentive_max"]) == int(terms["incentive_base"]) else f"{told} up to {part(terms['incentive_max'])}"


def told_term(name: str, text: str, terms: Mapping[str, str]) -> str:
    """A term in base units with its unit; texts and what is not a term of the contract as they are."""
    if not (text.isdecimal() and text.isascii() and len(text) < 80):
        return text
    match UNITS.get(name):
        case "ratio" if name == "incentive_rise":
            return f"{number(100 * MINUTE * int(text) / WAD)} % a minute"
        case "ratio" if name == "incentive_slope":
            return exact(int(text) / WAD)
        case "ratio":
            return part(text)
        case "amount":
            most = {"supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}.get(name)
            return "none" if int(text) == most else number(int(text) / 10 ** int(terms["asset_decimals"]))
        case "seconds":
            return duration(int(text))
        case _:
            return text


def term_value(name: str, text: str) -> str:
    """An answer as a person reads it: parts as per cent, a rise by the minute, amounts grouped."""
    if not text:
        return "none"
    try:
        value = float(text)
    except ValueError:
        return text
    if name in ("supply_cap", "borrow_cap", "reserve", "backstop_max_assets"):
        return number(value)
    if name == "incentive_rise":
        return f"{number(100 * value * MINUTE)} % a minute"
    return exact(value) if name == "incentive_slope" else f"{exact(100 * value)} %"


def data_date(files: Iterable[str]) -> str:
    """The dates that the names of the data files hold, for there is no other date of the data; empty without any."""
    found = sorted({"-".join(match.groups()) for file in files for match in DATE.finditer(file)})
    return f"data of {' and '.join(found)}" if found else ""


def day(timestamp: int) -> str:
    """A date in UTC."""
    return datetime.fromtimestamp(min(timestamp, LAST), UTC).strftime("%Y-%m-%d")


def assumptions(scenario: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the scenario takes to be so, a sentence for each part of the world."""
    prices, market, who, lenders = (scenario[name] for name in ("prices", "market", "liquidators", "lenders"))
    yield "prices", _prices(prices) + f"; a step is {duration(scenario['step'])}"
    yield "oracle", _oracle(scenario["oracle"])
    yield "depth", _market(market)
    yield "liquidators", _liquidators(who)
    run = f"{exact(100 * lenders['run_share'])} % of them leave once the price has fallen by {exact(100 * lenders['run_at_fall'])} %"
    yield "lenders", run if lenders["run_share"] else "nobody runs"
    yield "nobody else", "nobody borrows, repays, deposits or tops up: the book is that of the start, less what is sold"


def _prices(prices: Mapping[str, Any]) -> str:
    pattern = PRICES.get(prices["kind"], "{kind}")
    return pattern.format(
        kind=prices["kind"],
        block=int(prices["block"]),
        returns=number(prices["returns"]),
        row=duration(int(prices["row_seconds"])),
        volatility=f"{exact(100 * prices['volatility'])} %",
        jumps=prices["jumps_per_year"],
    )


def _oracle(oracle: Mapping[str, Any]) -> str:
    told = []
    for feed in oracle["feeds"]:
        if feed.get("fixed") is not None:
            told.append("a price that never moves")
            continue
        beat = f"publishes every {duration(int(feed['heartbeat']))}" if feed["heartbeat"] else "publishes at every step"
        moved = f" and on moves of {exact(100 * feed['deviation'])} %" if 0 < feed["deviation"] < 1 else ""
        late = f", {duration(int(feed['delay']))} late" if feed["delay"] else ", without delay"
        told.append(beat + moved + late + (", frozen for a time" if feed.get("frozen") else ""))
    age = f"; a price older than {duration(int(oracle['max_age']))} does not count" if oracle["max_age"] else "; a price of any age counts"
    return f"{' and '.join(told) or 'none'}{age}"


def _market(market: Mapping[str, Any]) -> str:
    if not market["a"]:
        return "endless: the market takes any amount at its price"
    of = "the book's collateral" if market["per_book"] else "whole collateral tokens"
    back = f"half of a sale is forgotten after {duration(int(market['recovery']))}" if market["recovery"] else "forgotten at the next step"
    return (
        f"selling Q brings price / (1 + {market['a']:.4g} Q^{market['b']:.3g}), Q in {of}; {back}; the oracle sees "
        f"{exact(100 * market['cascade'])} % of it"
    )


def _liquidators(who: Mapping[str, Any]) -> str:
    capital = "unlimited capital" if who.get("capital") is None else f"capital {number(float(who['capital']))} asset a step"
    late = f"{duration(int(who['latency']))} late" if who["latency"] else "at once"
    away = ", sometimes away" if who.get("outages") or who.get("outages_per_year") else ""
    return f"{late}{away}, {capital}, gas {number(who['gas'])} and least profit {number(who['min_profit'])} asset a sale, {who['order']}"
