"""One term of a pool as a person reads it: parts as per cent, amounts as whole tokens, times in words."""

from ringfence.inputs.bounds import shown_decimal
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, UNITS
from ringfence.inputs.times import duration
from ringfence.model.terms import ZERO_ADDRESS

CAPS = {"supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}
NO_PARTS = ("incentive_rise", "incentive_slope")
"""Ratios for each second or each unit of health, not parts of a whole."""
NONE = "none"


def term_text(name: str, value: int | str, decimals: int, symbol: str) -> str:
    """A term with its unit; `none` where no address is named and where a cap is as high as caps go."""
    if isinstance(value, str):
        return NONE if value == ZERO_ADDRESS else value
    if value == CAPS.get(name):
        return NONE
    match UNITS[name]:
        case "ratio":
            return shown_decimal(value, 18) if name in NO_PARTS else f"{shown_decimal(value, 16)} %"
        case "amount":
            return f"{shown_decimal(value, decimals)} {symbol or 'asset'}"
        case _:
            return duration(value)
