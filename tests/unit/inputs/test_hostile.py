"""Ten thousand damaged files: each is either read, and then every value is within its bounds, or refused in one line; never another error.

All of them are part of the normal run, 1,250 of each of eight kinds, from a seed of its own.
"""

import gzip
import hashlib
import io
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from ringfence.cli.main import run
from ringfence.inputs.book import read_book
from ringfence.inputs.check import check_pool
from ringfence.inputs.errors import InputError
from ringfence.inputs.fit import check_terms
from ringfence.inputs.pool_file import MAX_ASSET_DECIMALS, MAX_COLLATERAL_DECIMALS, MAX_RATE, UNITS, FixedRateTerms, read_pool_file
from ringfence.inputs.prices import LAST_SECOND, read_prices
from ringfence.inputs.tables import Source
from ringfence.model.terms import WAD, YEAR_SECONDS, Terms

FILES_OF_A_KIND = 1_250
RUNS = 400
BOOK = "account,collateral,debt\n" + "".join(f"a{row},{row + 1}.5,1e{row % 4}\n" for row in range(40))
PRICES = "timestamp,open,high,low,close\n" + "".join(f"{1000 + row},1,2,0.5,1{row:03}\n" for row in range(40))
TERMS = """[pool]
collateral_decimals = 18
asset_decimals = 6
supply = "100000"
reserve = "10"
[terms]
max_ltv = "0.80"
liq_ltv = "0.86"
target_ltv = "0.5"
incentive_base = "0.05"
incentive_max = "0.06"
incentive_rise = "0.0001"
solvent_window = 60
sale_timeout = 3600
penalty = "0.01"
reserve_factor = "0.1"
reserve_target = "0.02"
supply_cap = "1e6"
[rate]
model = "kinked"
base_per_year = "0.05"
kink = "0.9"
slope_below_per_year = "0.1"
slope_above_per_year = "2"
"""
POISON = [b'"', b"\n", b"nan", b"inf", b"-", b"1e999999999", b"\0", b"[[[[", b"'''", b",", b"\xef\xbb\xbf", b"9" * 200, b"\xff\xfe", b"\r"]
VALUES = [
    "0", "-0", "1", "-1", "0.0", "1e-30", "1e30", "1e999999999", "1e-999999999", "nan", "-inf", "", " ", "+5", ".5", "5.", "1_0", "0x10",
    "1,5", "١",
    "true", "9" * 77, "9" * 400, "0." + "0" * 90 + "1", "340282366920938463463.374607431768211455", "a1", "a\tb", "\u202e", "é" * 40,
]  # fmt: skip


def as_parquet(content: str, rng: random.Random) -> bytes:
    """The same table as Parquet: as text, or with the types that a reader of CSV would guess."""
    csv = pytest.importorskip("pyarrow.csv", reason="Parquet needs the lab extra")
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")
    out = io.BytesIO()
    try:
        header = dict.fromkeys(content.splitlines()[0].split(","), "string")
        text = csv.ConvertOptions(column_types=header if rng.random() < 0.5 else {}, strings_can_be_null=rng.random() < 0.5)
        table = csv.read_csv(io.BytesIO(content.encode()), convert_options=text)
    except pyarrow.ArrowInvalid:  # no table any more, so nothing that could be stored as one
        return content.encode()
    parquet.write_table(table, out, row_group_size=rng.choice([7, 1_000]))
    return out.getvalue()


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Up to thirty changes: bits turned, bytes lost, added, the end cut off, poison put in."""
    changed = bytearray(data)
    for _ in range(rng.choice([0, 1, 1, 2, 5, 30])):
        place = rng.randrange(len(changed) + 1)
        match rng.randrange(5):
            case 0 if changed:
                changed[place % len(changed)] ^= 1 << rng.randrange(8)
            case 1:
                del changed[place : place + rng.randrange(1, 10)]
            case 2:
                changed[place:place] = rng.randbytes(rng.randrange(1, 10))
            case 3 if rng.random() < 0.2:
                del changed[place:]
            case _:
                changed[place:place] = rng.choice(POISON)
    return bytes(changed)


def rewritten(table: str, rng: random.Random) -> str:
    """The table with some fields replaced by strange values, rows swapped, doubled or dropped, columns dropped, doubled or renamed."""
    rows = [line.split(",") for line in table.splitlines()]
    for _ in range(rng.choice([0, 1, 1, 1, 2, 4])):
        row = rng.randrange(1, len(rows))
        match rng.randrange(12):
            case 0:
                other = rng.randrange(1, len(rows))
                rows[row], rows[other] = rows[other], rows[row]
            case 1:
                rows.insert(row, list(rows[row]))
            case 2:
                del rows[row]
            case 3:
                column = rng.randrange(len(rows[0]))
                rows = [[*line[:column], *line[column + 1 :]] for line in rows]
            case 4:
                rows = [[*line, line[-1]] for line in rows]
            case 5:
                rows[0][rng.randrange(len(rows[0]))] = rng.choice(VALUES)
            case _ if rows[row]:
                rows[row][rng.randrange(len(rows[row]))] = rng.choice(VALUES)
        if len(rows) < 3 or not rows[0]:
            break
    return "\n".join(",".join(line) for line in rows) + "\n"


def rewritten_terms(terms: str, rng: random.Random) -> str:
    """The terms with some values replaced, keys moved to other tables, doubled, dropped, renamed or added."""
    lines = terms.splitlines()
    for _ in range(rng.choice([0, 1, 1, 1, 2, 4])):
        place = rng.randrange(len(lines))
        key, _, value = lines[place].partition(" = ")
        match rng.randrange(10):
            case 0:
                del lines[place]
            case 1:
                lines.insert(rng.randrange(len(lines)), lines[place])
            case 2:
                lines[place] = f"{rng.choice(list(UNITS))} = {value}"
            case 3:
                lines.insert(7, f"{rng.choice(list(UNITS))} = {spelled(rng)}")
            case _ if value:
                lines[place] = f"{key} = {spelled(rng)}"
    return "\n".join(lines) + "\n"


def spelled(rng: random.Random) -> str:
    """A value as TOML: text, an integer, and what is neither."""
    number = rng.choice([0, 1, 5, 60, 10**20, 2**255, 2**256, -1])
    ratio = f"{rng.random() * rng.choice([0.01, 0.5, 1, 3]):.{rng.randrange(20)}f}"
    text = rng.choice([ratio, ratio, ratio, str(number), rng.choice(VALUES), "0x" + "1" * 40])
    escaped = text.replace("\\", "").replace('"', "").replace("\t", "")
    return rng.choice([f'"{escaped}"', f'"{escaped}"', f'"{escaped}"', str(number), "true", "[]", "{}", "1.5", "nan", "2020-01-01"])


def is_source(source: Source | None, content: bytes) -> bool:
    """Whether the digest is that of the file."""
    return source is not None and source.sha256 == hashlib.sha256(content).hexdigest()


def read_sound_book(path: Path) -> int:
    """Accounts once each, amounts that one transfer can carry, rows in their order; how many."""
    book = read_book(path, 18, 6)
    assert 0 < len(book.accounts) == len(book.collateral) == len(book.debt) == len(book.rows) == len(set(book.accounts))
    assert all(account.isprintable() and account == account.strip() != "" for account in book.accounts)
    assert all(0 <= amount < 2**128 for amount in (*book.collateral, *book.debt))
    assert all(before < after for before, after in zip(book.rows, book.rows[1:], strict=False))
    assert is_source(book.source, path.read_bytes())
    return len(book)


def read_sound_prices(path: Path) -> int:
    """Times that rise, prices above 0 in one word; how many."""
    prices = read_prices(path, 18, 6)
    assert 0 < len(prices.timestamps) == len(prices.prices)
    assert all(before < after for before, after in zip(prices.timestamps, prices.timestamps[1:], strict=False))
    assert 0 <= prices.timestamps[0] and prices.timestamps[-1] <= LAST_SECOND
    assert all(0 < price < 2**256 for price in prices.prices)
    assert is_source(prices.source, path.read_bytes())
    return len(prices)


def read_sound_terms(path: Path) -> int:
    """Every number within its word and every check of it an answer, the same as the one before a replay; whether the terms hold."""
    pool = read_pool_file(path)
    for field in fields(Terms):
        value = getattr(pool.terms, field.name)
        assert len(value) == 42 if isinstance(value, str) else 0 <= value < 2**256
    assert 0 <= pool.collateral_decimals <= MAX_COLLATERAL_DECIMALS and 0 <= pool.asset_decimals <= MAX_ASSET_DECIMALS
    assert 0 <= pool.supply < 2**128 and 0 <= pool.reserve < 2**128
    assert pool.name.isprintable() and 0 < len(pool.name.encode()) <= 64
    rates = [pool.rate.rate] if isinstance(pool.rate, FixedRateTerms) else [pool.rate.base, pool.rate.slope_below, pool.rate.slope_above]
    assert all(0 <= rate <= MAX_RATE // YEAR_SECONDS for rate in rates)
    assert isinstance(pool.rate, FixedRateTerms) or 0 <= pool.rate.kink <= WAD
    assert is_source(pool.source, path.read_bytes())
    result = check_pool(pool)
    result.to_json()
    try:
        check_terms(pool)
    except InputError:
        assert not result.holds
        return 0
    assert result.holds or pool.supply > pool.terms.supply_cap
    return int(result.holds)


def packed(content: bytes, rng: random.Random) -> bytes:
    """Gzipped, the archive itself damaged every third time."""
    archive = gzip.compress(content, 1, mtime=0)
    return damaged(archive, rng) if rng.random() < 0.3 else archive


def table_bytes(table: str, rng: random.Random) -> bytes:
    """A table changed by fields or by bytes."""
    return rewritten(table, rng).encode() if rng.random() < 0.5 else damaged(table.encode(), rng)


def parquet_bytes(table: str, rng: random.Random) -> bytes:
    """A table changed by fields and stored as Parquet, or stored and then changed by bytes."""
    stored = as_parquet(rewritten(table, rng) if rng.random() < 0.6 else table, rng)
    return stored if rng.random() < 0.6 else damaged(stored, rng)


Make = Callable[[random.Random], bytes]
KINDS: dict[str, tuple[Make, Callable[[Path], int]]] = {
    "book": (lambda rng: table_bytes(BOOK, rng), read_sound_book),
    "gzipped book": (lambda rng: packed(table_bytes(BOOK, rng), rng), read_sound_book),
    "Parquet book": (lambda rng: parquet_bytes(BOOK, rng), read_sound_book),
    "prices": (lambda rng: table_bytes(PRICES, rng), read_sound_prices),
    "gzipped prices": (lambda rng: packed(table_bytes(PRICES, rng), rng), read_sound_prices),
    "Parquet prices": (lambda rng: parquet_bytes(PRICES, rng), read_sound_prices),
    "terms by bytes": (lambda rng: damaged(TERMS.encode(), rng), read_sound_terms),
    "terms by keys": (lambda rng: rewritten_terms(TERMS, rng).encode(), read_sound_terms),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_damaged_file_is_sound_or_refused_in_one_line(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing else is raised, no library speaks by itself, and of both outcomes there are many."""
    make, read = KINDS[kind]
    rng, outcomes = random.Random(kind), Counter[str]()
    path = tmp_path / "file"
    for _ in range(FILES_OF_A_KIND):
        path.write_bytes(make(rng))
        try:
            found = read(path)
        except InputError as err:
            line = str(err)
            assert line.startswith(str(path)), line
            assert line.isprintable() and len(line) < 1_000, line
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
            outcomes["terms that hold"] += found if "terms" in kind else 0
    assert outcomes["read"] > FILES_OF_A_KIND // 6
    assert outcomes["refused"] > FILES_OF_A_KIND // 4
    assert "terms" not in kind or outcomes["terms that hold"] > 100
    assert capfd.readouterr() == ("", "")


def test_there_are_ten_thousand() -> None:
    """As many as promised."""
    assert FILES_OF_A_KIND * len(KINDS) == 10_000


def test_a_command_on_damaged_files_does_or_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A replay in which one to three of the files are damaged: done, or bad input in one line; a check of the terms fails besides."""
    rng, codes = random.Random("replay"), Counter[tuple[str, int]]()
    makers = (("book", BOOK, rewritten), ("terms", TERMS, rewritten_terms), ("prices", PRICES, rewritten))
    replay = ["replay", "--json", *(part for name, *_ in makers for part in (f"--{name}", str(tmp_path / name)))]
    for _ in range(RUNS):
        chosen = rng.sample(range(3), rng.choice([1, 1, 2, 3]))
        for place, (name, good, damage) in enumerate(makers):
            (tmp_path / name).write_text(damage(good, rng) if place in chosen else good, encoding="utf-8")
        patience = rng.choice([[], ["--min-incentive", "0.055"], ["--max-paid-per-row", "1000"]])
        for command in ([*replay, *patience], ["check", str(tmp_path / "terms")]):
            code = run(command)
            out, err = capsys.readouterr()
            assert code in ((0, 2) if command[0] == "replay" else (0, 1, 2)), err
            if code == 2:
                assert out == ""
                assert [line for line in err.splitlines() if not line.startswith("notice: ")] == [err.splitlines()[-1]], err
            codes[command[0], code] += 1
    assert min(codes["replay", 0], codes["replay", 2], codes["check", 0], codes["check", 2], 10 * codes["check", 1]) > RUNS // 8, codes
