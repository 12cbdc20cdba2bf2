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
    """Three digits or more, whole from 100 on, hundredths of what is a part; never an exponent below 1e15."""
    scaled = 100 * value if unit in PERCENT else value
    if not math.isfinite(scaled):
        return "not a number" if math.isnan(scaled) else ("more than can be said" if scaled > 0 else "less than can be said")
    size = abs(scaled)
    if size >= 1e15:
        return f"{scaled:.3g}"
    return _signed(f"{scaled:,.{0 if size >= 100 or size == int(size) else 1 if size >= 10 else 2 if size >= 0.1 else 3}f}")


def exact(value: float, unit: str = "") -> str:
    """What somebody stated, a term or a bound: as many digits as it has, up to nine."""
    scaled = 100 * value if unit in PERCENT else value
    if not math.isfinite(scaled) or abs(scaled) >= 1e9:
        return number(value, unit)
    text = f"{scaled:.9f}".rstrip("0").rstrip(".") if abs(scaled) < 1 else f"{scaled:.9g}"
    whole, point, rest = text.partition(".")
    return _signed(f"{int(whole):,}{point}{rest}" if whole.lstrip("-") not in ("", "0") else text)


def _signed(text: str) -> str:
    """Digits grouped by narrow spaces, a true minus, and no minus before zero."""
    text = text.replace(",", GROUP)
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text.replace("-", "\u2212", 1)


def interval(low: float, high: float, unit: str = "") -> str:
    """`38.2 to 54.1`."""
    return f"{number(low, unit)} to {number(high, unit)}"


def figure(value: float, low: float, high: float, unit: str = "") -> str:
    """`45.8 (38.2 to 54.1) bp of supply`."""
    return f"{number(value, unit)} ({interval(low, high, unit)}) {shown_unit(unit)}".rstrip()
