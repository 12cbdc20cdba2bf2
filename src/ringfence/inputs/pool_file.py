"""A pool's terms file: TOML with a [pool], a [terms], a [rate] and, where one is to be simulated, a [backstop], read into the integers that
contract and model take.

Units are one table, `UNITS`: ratios are WAD (1e18 = 100 %), amounts asset base units, the rest seconds or addresses.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ringfence.inputs.checksum import problem_of
from ringfence.inputs.decimals import ceil_scaled, exact_scaled, floor_scaled
from ringfence.inputs.errors import InputError, NotExact, printable, quoted
from ringfence.inputs.notices import cut_notice
from ringfence.inputs.tables import Source
from ringfence.inputs.toml_file import FloatLiteral, parsed, read_text, spelled
from ringfence.model.adaptive_rate import MAX_RATE_AT_TARGET, MIN_RATE_AT_TARGET
from ringfence.model.terms import WAD, YEAR_SECONDS, ZERO_ADDRESS, Terms

WORD = 2**256
RATIO_DIGITS = 18
MAX_COLLATERAL_DECIMALS = 255
MAX_ASSET_DECIMALS = 249
"""Lender shares have six decimals more, and decimals are a byte."""
TRANSFER_LIMIT = 2**128
"""What one transfer of tokens may carry, in base units, stays below it."""
MAX_NAME_BYTES = 64
MAX_RATE = 2**128
"""WAD per year; a rate model refuses as much per second, and a pool counts 800 % a year at most."""
MAX_SUPPLY_CAP = 2**127 - 1
MAX_BORROW_CAP = (2**127 - 1) // 10**6

UNITS: Mapping[str, str] = {
    "asset": "address", "collateral": "address", "oracle": "address", "rate_model": "address",
    "backstop": "address", "fee_recipient": "address",
    "max_ltv": "ratio", "liq_ltv": "ratio", "target_ltv": "ratio",
    "incentive_base": "ratio", "incentive_rise": "ratio", "incentive_slope": "ratio", "incentive_max": "ratio",
    "penalty": "ratio", "reserve_factor": "ratio", "reserve_target": "ratio", "creator_fee": "ratio", "premium": "ratio",
    "supply_cap": "amount", "borrow_cap": "amount", "min_debt": "amount",
    "solvent_window": "seconds", "sale_timeout": "seconds", "lockup": "seconds",
}  # fmt: skip
POOL_KEYS = ("collateral_decimals", "asset_decimals", "supply", "reserve", "name")
RATE_KEYS = {
    "fixed": ("per_year",),
    "kinked": ("base_per_year", "kink", "slope_below_per_year", "slope_above_per_year"),
    "adaptive": ("rate_at_target_per_year",),
}
NEEDED_TERMS = ("max_ltv", "liq_ltv")
BACKSTOP_REMEDIES = {
    "assets": "write what its underwriters bring, in whole asset tokens, or leave [backstop] out",
    "max_assets": "write the most that it pays to this pool, in whole asset tokens, or leave the key out for all it has",
    "max_share": "write the largest part of it that this pool may draw, or leave the key out for all of it",
}
BACKSTOP_KEYS = tuple(BACKSTOP_REMEDIES)
MAX_KEYS_TOLD = 8
"""A table of more keys is not told in one line."""
STAND_INS = {
    "asset": "0xA5" + "00" * 18 + "A5",
    "collateral": "0xC0" + "00" * 18 + "C0",
    "oracle": "0x0A" + "00" * 18 + "0A",
    "rate_model": "0x4A" + "00" * 18 + "4A",
    "backstop": "0xB5" + "00" * 18 + "B5",
    "fee_recipient": "0xFE" + "00" * 18 + "FE",
}
"""What a simulated pool is made of; of an address in the file it only matters whether it is set."""


@dataclass(frozen=True, slots=True)
class FixedRateTerms:
    """One rate (WAD per second)."""

    rate: int = 0


@dataclass(frozen=True, slots=True)
class KinkedRateTerms:
    """A base rate (WAD per second), the kink (WAD of utilisation) and the slopes around it (WAD per second per unit of utilisation)."""

    base: int
    kink: int
    slope_below: int
    slope_above: int


@dataclass(frozen=True, slots=True)
class AdaptiveRateTerms:
    """The rate at 90 % utilisation to begin with (WAD per second); it moves from there by itself."""

    rate_at_target: int


RateTerms = FixedRateTerms | KinkedRateTerms | AdaptiveRateTerms


@dataclass(frozen=True, slots=True)
class Fund:
    """A backstop as a simulation has it: what its underwriters bring, and the most that the pool may draw: so much in all (both asset base
    units), and such a share (WAD) of the fund."""

    assets: int
    max_assets: int
    max_share: int

    @property
    def limit(self) -> int:
        """What the pool can draw before any premium is paid (asset base units)."""
        return min(self.max_assets, self.assets * self.max_share // WAD)


@dataclass(frozen=True, slots=True)
class PoolFile:
    """A pool to be: its tokens' decimals, what lenders and the reserve bring (asset base units), its terms and its rate.

    Addresses in `terms` are as the file gives them, the zero address where it is silent. Bounds are not checked here.
    """

    terms: Terms
    rate: RateTerms
    collateral_decimals: int
    asset_decimals: int
    supply: int
    reserve: int = 0
    name: str = "pool"
    source: Source | None = None
    notices: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Terms that no pool goes without and that the file does not hold; in `terms` they are 0."""
    fund: Fund | None = None
    """What stands behind the backstop in a simulation; None: nothing."""

    @property
    def file(self) -> str:
        """The file's path, or what a message calls terms without one."""
        return self.source.path if self.source else "terms"


def read_pool_file(path: str | os.PathLike[str]) -> PoolFile:
    """Reads a terms file; raises InputError for what is not TOML, an unknown or missing key, a float, and a value out of range.

    A cut digit is rounded down for supply, reserve and caps, up for min_debt, with a notice.
    """
    text, source = read_text(path, "a terms file is a page of TOML")
    tables = parsed(source.path, text, 'write each term as name = "0.80"', "terms are flat tables: [pool], [terms], [rate]")
    return _Reader(source.path, text, tables).pool_file(source)


class _Reader:
    """Takes a parsed terms file apart, key by key; what is left over is unknown."""

    def __init__(self, file: str, text: str, tables: dict[str, Any]) -> None:
        self._file, self._text, self._tables, self._cuts = file, text, tables, 0

    def pool_file(self, source: Source) -> PoolFile:
        self._known("", self._tables, ("pool", "terms", "rate", "backstop"))
        pool, terms, rate = self._table("pool"), self._table("terms"), self._table("rate")
        self._known("pool", pool, POOL_KEYS)
        self._known("terms", terms, UNITS)
        for key in ("collateral_decimals", "asset_decimals", "supply"):
            if key not in pool:
                raise self._error(
                    "pool", key, "is missing", "write what lenders bring" if key == "supply" else "write the token's decimals"
                )
        collateral_decimals = self._number("pool", pool, "collateral_decimals", 0, MAX_COLLATERAL_DECIMALS + 1)
        asset_decimals = self._number("pool", pool, "asset_decimals", 0, MAX_ASSET_DECIMALS + 1)
        given = self._terms(terms, asset_decimals)
        fund = self._fund(given, asset_decimals)
        return PoolFile(
            terms=given,
            rate=self._rate(rate),
            collateral_decimals=collateral_decimals,
            asset_decimals=asset_decimals,
            supply=self._amount("pool", pool, "supply", asset_decimals),
            reserve=self._amount("pool", pool, "reserve", asset_decimals),
            name=self._name(pool),
            source=source,
            notices=cut_notice(self._file, self._cuts, f"supply, reserve{', fund' if fund else ''} and caps down, min_debt up"),
            missing=tuple(name for name in NEEDED_TERMS if name not in terms),
            fund=fund,
        )

    def _terms(self, table: dict[str, Any], asset_decimals: int) -> Terms:
        given: dict[str, Any] = {name: self._term(table, name, unit, asset_decimals) for name, unit in UNITS.items()}
        defaults = {"incentive_max": given["incentive_base"], "supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}
        given |= {name: default for name, default in defaults.items() if name not in table}
        if given["asset"] == given["collateral"] != ZERO_ADDRESS:
            raise self._error("terms", "collateral", "is the asset", "a pool lends one token against another")
        if given["creator_fee"] > 0 and given["fee_recipient"] == ZERO_ADDRESS:
            raise self._error(
                "terms", "fee_recipient", "is missing while creator_fee is above 0", "write the 0x address that receives the fee"
            )
        return Terms(**given)

    def _fund(self, terms: Terms, asset_decimals: int) -> Fund | None:
        if "backstop" not in self._tables:
            return None
        table = self._table("backstop")
        self._known("backstop", table, BACKSTOP_KEYS)
        if terms.backstop == ZERO_ADDRESS:
            problem = "is the zero address, which means none," if "backstop" in self._table("terms") else "is missing"
            raise self._error(
                "terms", "backstop", f"{problem} while there is a [backstop]", "write its 0x address, in a simulation any that is not zero"
            )
        assets = self._amount("backstop", table, "assets", asset_decimals)
        max_assets = self._amount("backstop", table, "max_assets", asset_decimals) if "max_assets" in table else assets
        max_share = self._number("backstop", table, "max_share", RATIO_DIGITS, WAD + 1) if "max_share" in table else WAD
        for key, value in zip(BACKSTOP_KEYS, (assets, max_assets, max_share), strict=True):
            if value == 0:
                problem = "is 0, so that nothing is covered" if key in table else "is missing"
                raise self._error("backstop", key, problem, BACKSTOP_REMEDIES[key])
        return Fund(assets, max_assets, max_share)

    def _term(self, table: dict[str, Any], name: str, unit: str, asset_decimals: int) -> int | str:
        match unit:
            case "address":
                return self._address(table, name)
            case "amount":
                return self._amount("terms", table, name, asset_decimals)
            case "ratio":
                return self._number("terms", table, name, RATIO_DIGITS, WORD)
            case _:
                return self._number("terms", table, name, 0, WORD)

    def _rate(self, table: dict[str, Any]) -> RateTerms:
        model = table.get("model", "fixed" if not table else "")
        if not isinstance(model, str) or model not in RATE_KEYS:
            problem = f"{quoted(str(model))} is unknown" if model else "is missing"
            raise self._error("rate", "model", problem, 'take "fixed", "kinked" or "adaptive"')
        self._known("rate", table, ("model", *RATE_KEYS[model]))
        if model == "fixed":
            return FixedRateTerms(self._per_second(table, "per_year"))
        if model == "adaptive":
            return AdaptiveRateTerms(self._rate_at_target(table, "rate_at_target_per_year"))
        return KinkedRateTerms(
            base=self._per_second(table, "base_per_year"),
            kink=self._number("rate", table, "kink", RATIO_DIGITS, WAD + 1),
            slope_below=self._per_second(table, "slope_below_per_year"),
            slope_above=self._per_second(table, "slope_above_per_year"),
        )

    def _rate_at_target(self, table: dict[str, Any], key: str) -> int:
        at_target = self._per_second(table, key)
        if not MIN_RATE_AT_TARGET <= at_target <= MAX_RATE_AT_TARGET:
            problem = f"{quoted(str(table[key]))} is out of range" if key in table else "is missing"
            raise self._error("rate", key, problem, 'write a rate of "0.001" to "2", 0.1 % to 200 % a year')
        return at_target

    def _per_second(self, table: dict[str, Any], key: str) -> int:
        return self._number("rate", table, key, RATIO_DIGITS, MAX_RATE) // YEAR_SECONDS

    def _number(self, section: str, table: dict[str, Any], key: str, digits: int, limit: int) -> int:
        if key not in table:
            return 0
        try:
            return exact_scaled(self._digits(section, key, table[key]), digits, limit)
        except NotExact as err:
            most = " and at most 1" if key in ("kink", "max_share") else ""
            raise self._error(section, key, str(err), f"{self._remedy(digits)}{most}") from err

    def _amount(self, section: str, table: dict[str, Any], key: str, decimals: int) -> int:
        if key not in table:
            return 0
        scaled = ceil_scaled if key == "min_debt" else floor_scaled
        try:
            value, cut = scaled(self._digits(section, key, table[key]), decimals, WORD if section == "terms" else TRANSFER_LIMIT)
        except NotExact as err:
            raise self._error(section, key, str(err), "write whole asset tokens, a decimal of 0 or more") from err
        self._cuts += cut
        return value

    def _digits(self, section: str, key: str, value: Any) -> str:
        if isinstance(value, FloatLiteral):
            raise self._error(
                section, key, f"{printable(value)} is a float, which is not exact", f'write it as a string: {key} = "{printable(value)}"'
            )
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise self._error(section, key, f"{quoted(str(value))} is not a number", f'write {key} = "..." with a decimal')
        return value if isinstance(value, str) else spelled(value)

    def _address(self, table: dict[str, Any], key: str) -> str:
        value = table.get(key, ZERO_ADDRESS)
        problem = problem_of(value) if isinstance(value, str) else "is not an address"
        if problem:
            raise self._error("terms", key, f"{quoted(str(value))} {problem}", 'write "0x" and 40 hexadecimal digits')
        return str(value).lower()

    def _name(self, pool: dict[str, Any]) -> str:
        name = pool.get("name", "pool")
        if not isinstance(name, str) or not name.isprintable() or not 0 < len(name.encode("utf-8", "replace")) <= MAX_NAME_BYTES:
            raise self._error("pool", "name", f"{quoted(str(name))} is no name", f"write a printable text of 1 to {MAX_NAME_BYTES} bytes")
        return name

    def _table(self, name: str) -> dict[str, Any]:
        table = self._tables.get(name, {})
        if not isinstance(table, dict):
            raise InputError(self._file, f"[{name}] is not a table", column=name, remedy=f"write [{name}] on a line of its own")
        return table

    def _known(self, section: str, table: dict[str, Any], known: Iterable[str]) -> None:
        unknown = [key for key in table if key not in known]
        if unknown:
            kind = "key" if section else "table"
            raise self._error(
                section,
                unknown[0],
                f"unknown {kind}: {printable(', '.join(unknown), 120)}",
                _known_instead(unknown[0], tuple(known)),
            )

    def _error(self, section: str, key: str, reason: str, remedy: str) -> InputError:
        return InputError(self._file, reason, row=self._row(section, key), column=f"[{section}] {key}" if section else key, remedy=remedy)

    def _row(self, section: str, key: str) -> int | None:
        """The line where the key stands, if it is written plainly; tomllib does not tell."""
        current = ""
        for row, line in enumerate(self._text.split("\n"), start=1):
            if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
                current = header[1]
                if not section and current == key:
                    return row
            elif current == section and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
                return row
        return None

    @staticmethod
    def _remedy(digits: int) -> str:
        return (
            f"write a decimal of 0 or more with at most {digits} digits after the point" if digits else "write a whole number of 0 or more"
        )


def _known_instead(key: str, known: Sequence[str]) -> str:
    """What an unknown key was probably to be, and what else there is, as far as a line can tell."""
    from difflib import get_close_matches

    found = get_close_matches(key[:MAX_NAME_BYTES].lower().replace("-", "_"), known, n=1)
    said = [f"did you mean {found[0]}?"] if found else []
    if len(known) <= MAX_KEYS_TOLD:
        said.append(f"known are {', '.join(known)}")
    elif not found:
        said.append("`ringfence init` writes a file that explains every key")
    return " ".join(said)


def terms_with_stand_ins(terms: Terms) -> Terms:
    """The terms of a simulated pool: each address that is needed or set becomes a fixed stand-in, the rest stays as it is."""
    always = ("asset", "collateral", "oracle", "rate_model")
    given = {field.name: getattr(terms, field.name) for field in fields(Terms)}
    for name, stand_in in STAND_INS.items():
        given[name] = stand_in if name in always or given[name] != ZERO_ADDRESS else ZERO_ADDRESS
    return Terms(**given)
