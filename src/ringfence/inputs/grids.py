"""The grids of a recommendation as a person gives them: `liq_ltv=0.8:0.9:0.01`, `supply_cap=1000000,2000000`, `liq_ltv=morpho`."""

from collections.abc import Mapping, Sequence

from ringfence.inputs.decimals import exact_scaled
from ringfence.inputs.errors import InputError, NotExact, quoted
from ringfence.inputs.pool_file import TRANSFER_LIMIT, WORD, PoolFile
from ringfence.inputs.varied_terms import CAP_NAMES, VARIED
from ringfence.model.terms import ZERO_ADDRESS

OPTION, VARY = "--grid", "--vary"
MOST_VALUES = 10_000
NAMED = {"liq_ltv": {"morpho": "0.385,0.625,0.77,0.86,0.915,0.945,0.965,0.98"}}
"""Term: name: values. The liquidation LTVs above 0 that Morpho Blue has enabled."""
REMEDY = "give from:to:step, or values with commas between them"
Grids = Mapping[str, tuple[int, ...]]


def check_vary(vary: Sequence[str], pool: PoolFile) -> None:
    """The terms can be varied, each once, in such a pool; else InputError."""
    if not vary:
        raise InputError(VARY, "names no term", remedy=f"name one of {', '.join(VARIED)}")
    for place, name in enumerate(vary):
        if name not in VARIED:
            raise InputError(VARY, f"{quoted(name)} is no term that can be varied", remedy=f"there are {', '.join(VARIED)}")
        if name in vary[:place]:
            raise InputError(VARY, f"{name} is named twice", remedy="name each term once, the most important first")
    if "backstop_max_assets" in vary and pool.fund is None:
        raise InputError(VARY, f"backstop_max_assets: {pool.file} has no [backstop]", remedy="write one, with its assets")
    if "premium" in vary and pool.terms.backstop == ZERO_ADDRESS:
        raise InputError(VARY, f"premium: {pool.file} names no backstop to receive it", remedy="write backstop and [backstop]")


def read_grids(given: Mapping[str, str], vary: Sequence[str], pool: PoolFile) -> Grids:
    """The values of each grid that is given, rising, in the units of `varied_terms`; raises InputError for what is no grid of such a pool.

    Expects terms that `check_vary` lets pass.
    """
    for name in given:
        if name not in vary:
            raise InputError(OPTION, f"{quoted(name)} is not varied", remedy=f"{VARY} names {', '.join(vary)}")
    return {name: _checked(name, _values(name, text.strip(), pool)) for name, text in given.items()}


def _values(name: str, text: str, pool: PoolFile) -> list[int]:
    text = NAMED.get(name, {}).get(text, text)
    parts = text.split(":")
    if len(parts) == 1:
        return [_value(name, part, pool) for part in text.split(",")] if text else []
    if len(parts) != 3:
        raise InputError(OPTION, f"{name}: {quoted(text)} is no grid", remedy=REMEDY)
    first, last, step = (_value(name, part, pool) for part in parts)
    if step == 0 or last < first:
        raise InputError(OPTION, f"{name}: {quoted(text)} is empty", remedy="give a step above 0, and an end that is not before the start")
    if (last - first) // step >= MOST_VALUES:
        raise InputError(OPTION, f"{name}: {quoted(text)} has more than {MOST_VALUES:,} values", remedy="give a larger step")
    return list(range(first, last + 1, step))


def _value(name: str, text: str, pool: PoolFile) -> int:
    digits = VARIED[name].digits(pool)
    try:
        return exact_scaled(text.strip(), digits, TRANSFER_LIMIT if VARIED[name].is_amount else WORD)
    except NotExact as err:
        named = f"; or one of {', '.join(NAMED[name])}" if name in NAMED else ""
        raise InputError(
            OPTION, f"{name}: {err}", remedy=f"give decimals of 0 or more, {digits} digits after the point at most{named}"
        ) from err


def _checked(name: str, values: Sequence[int]) -> tuple[int, ...]:
    if not values:
        raise InputError(OPTION, f"{name}: is empty", remedy=REMEDY)
    rising = tuple(sorted(set(values)))
    if len(rising) > MOST_VALUES:
        raise InputError(OPTION, f"{name}: {len(rising):,} values are more than {MOST_VALUES:,}", remedy="give fewer")
    if name in CAP_NAMES and rising[0] == 0:
        raise InputError(OPTION, f"{name}: under a cap of 0 nothing is lent", remedy="give caps above 0")
    return rising
