"""Searches over places in a row, from the safest (0) to the one that is wanted most: which is the last that holds?

Pure functions of a predicate; whoever asks remembers answers, if asking is dear.
"""

from collections.abc import Callable

Holds = Callable[[int], bool]
PROBES = 16
LOOKED_AT = 32


def bisected(holds: Holds, count: int) -> int | None:
    """The last place that holds, if all places up to it hold and none after it; None if the first does not.

    Asks the two ends and then at most ceil(log2(count - 1)) places between them.
    """
    if not holds(0):
        return None
    if count == 1 or holds(count - 1):
        return count - 1
    return _between(holds, 0, count - 1)


def probed(holds: Holds, count: int) -> int | None:
    """As `bisected`, but where the first place does not hold, though order is a law for all but the first ones, it looks at `PROBES` places
    spread evenly, the last first, and goes outward from one that holds; None if none does."""
    found = bisected(holds, count)
    if found is None:
        probes = {place * (count - 1) // PROBES for place in range(1, PROBES)}
        start = next((place for place in sorted(probes, reverse=True) if holds(place)), None)
        return None if start is None else _outward(holds, start, count)
    return found


def scanned(holds: Holds, count: int) -> int | None:
    """The last place that holds, whatever the others do; None if none does."""
    return next((place for place in reversed(range(count)) if holds(place)), None)


def from_place(holds: Holds, count: int, start: int) -> int | None:
    """As `bisected`, by galloping from a place near which the edge is thought to be: outward by 1, 2, 4, ... places while they hold, else
    back by as many until one holds, and bisecting what was leapt over.

    Of places that do not hold one after the other it finds an edge near the start, which is why it is taken where order is no law.
    """
    if holds(start):
        return _outward(holds, start, count)
    reach = 1
    while start - reach > 0:
        if holds(start - reach):
            return _between(holds, start - reach, start - reach // 2)
        reach *= 2
    return _between(holds, 0, start - reach // 2) if start > 0 and holds(0) else None


def beyond(holds: Holds, likely: Holds, count: int, place: int | None) -> int | None:
    """The last place that holds after one that was found (None: none was), for rows in which order is only likely: places beyond it, at
    most `LOOKED_AT` spread evenly, the last first, of which only those that are `likely` to hold are asked; then outward from it."""
    first = 0 if place is None else place + 1
    looked = {count - 1 - number * (count - first) // LOOKED_AT for number in range(LOOKED_AT)} if first < count else set()
    further = next((each for each in sorted(looked, reverse=True) if each >= first and likely(each) and holds(each)), None)
    return place if further is None else _outward(holds, further, count)


def _outward(holds: Holds, start: int, count: int) -> int:
    """The edge beyond a place that holds."""
    last, reach = start, 1
    while last < count - 1:
        place = min(start + reach, count - 1)
        if not holds(place):
            return _between(holds, last, place)
        last, reach = place, reach * 2
    return last


def _between(holds: Holds, last: int, first: int) -> int:
    """The last place that holds, where `last` does and `first` does not."""
    while first - last > 1:
        middle = (last + first) // 2
        if holds(middle):
            last = middle
        else:
            first = middle
    return last
