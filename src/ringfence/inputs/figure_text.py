"""Figures as a person reads them: grouped digits, a unit, and the interval in brackets, `45.8 (38.2 to 54.1) bp of supply`."""

import math

PERCENT = {
    "probability": "% of futures",
    "part of time": "% of time",
    "part a year": "% a year",
    "part of interest": "% of interest",
    "part of debt": "% of debt",
}
"""Units that are parts of one and are shown in hundredths, with what the number is followed by then."""
GROUP = "\u202f"
"""A narrow space that no line breaks at."""


def shown_unit(unit: str) -> str:
    """What stands behind the number."""
    return PERCENT.get(unit, unit)


def number(value: float, unit: str = "") -> str:
    """About three or four digits that matter, hundredths of what is a part; never an exponent below 1e15."""
    scaled = 100 * value if unit in PERCENT else value
    if not math.isfinite(scaled):
        return "not a number" if math.isnan(scaled) else ("more than can be said" if scaled > 0 else "less than can be said")
    size = abs(scaled)
    if size >= 1e15:
        return f"{scaled:.3g}"
    places = 0 if size >= 1000 or size == int(size) else 1 if size >= 100 else 2 if size >= 0.1 else 3
    text = f"{scaled:,.{places}f}".replace(",", GROUP)
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text.replace("-", "\u2212", 1)


def interval(low: float, high: float, unit: str = "") -> str:
    """`38.2 to 54.1`."""
    return f"{number(low, unit)} to {number(high, unit)}"


def figure(value: float, low: float, high: float, unit: str = "") -> str:
    """`45.8 (38.2 to 54.1) bp of supply`."""
    return f"{number(value, unit)} ({interval(low, high, unit)}) {shown_unit(unit)}".rstrip()
