"""Times as a person reads them: moments in UTC, and lengths of time in their largest whole units."""

from datetime import UTC, datetime

LAST = 253_402_300_799  # the end of the year 9999
SIZES = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def moment(timestamp: int) -> str:
    """A time in unix seconds as date and time of day; what no calendar reaches is told as such."""
    if timestamp > LAST:
        return "after the year 9999"
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: int) -> str:
    """So many seconds, exactly: `7 days`, `1 day 2 hours`."""
    parts = []
    for unit, size in SIZES:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:,} {unit}{'' if count == 1 else 's'}")
    return " ".join(parts) or "0 seconds"
