"""Thousands of damaged files: each is either read or refused in one line, never with another error."""

import gzip
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.inputs.book import read_book
from ringfence.inputs.errors import InputError
from ringfence.inputs.pool_file import read_pool_file
from ringfence.inputs.prices import read_prices

BOOK = b"account,collateral,debt\n" + b"".join(b"a%d,%d.5,1e%d\n" % (row, row + 1, row % 5) for row in range(40))
PRICES = b"timestamp,open,high,low,close\n" + b"".join(b"%d,1,2,0.5,1.%d\n" % (1000 + row, row) for row in range(40))
TERMS = b"""[pool]
collateral_decimals = 18
asset_decimals = 6
supply = "100000"
[terms]
liq_ltv = "0.86"
incentive_base = "0.05"
[rate]
model = "fixed"
per_year = "0.05"
"""
POISON = [b'"', b"\n", b"nan", b"inf", b"-", b"1e999999999", b"\0", b"[[[[", b"'''", b",", b"\xef\xbb\xbf", b"9" * 200, b"\xff\xfe"]


def as_parquet(content: bytes) -> bytes:
    """The same table as Parquet."""
    import io

    csv = pytest.importorskip("pyarrow.csv", reason="Parquet needs the lab extra")
    parquet = pytest.importorskip("pyarrow.parquet")
    out = io.BytesIO()
    parquet.write_table(csv.read_csv(io.BytesIO(content)), out)
    return out.getvalue()


def damaged(content: bytes, rng: random.Random) -> bytes:
    """The content with up to thirty changes: bytes changed, lost, added, the end cut off, poison put in."""
    data = bytearray(content)
    for _ in range(rng.choice([0, 1, 1, 2, 5, 30])):
        place = rng.randrange(len(data) + 1)
        match rng.randrange(5):
            case 0 if data:
                data[place % len(data)] ^= 1 << rng.randrange(8)
            case 1:
                del data[place : place + rng.randrange(1, 10)]
            case 2:
                data[place:place] = rng.randbytes(rng.randrange(1, 10))
            case 3 if rng.random() < 0.2:
                del data[place:]
            case _:
                data[place:place] = rng.choice(POISON)
    return bytes(data)


def refusal(read: Callable[[Path], object], path: Path) -> str:
    """The line that refuses the file, empty if it is read."""
    try:
        read(path)
    except InputError as err:
        return str(err)
    return ""


SEEDS: dict[str, tuple[Callable[[], bytes], Callable[[Path], object]]] = {
    "book": (lambda: BOOK, lambda path: read_book(path, 18, 6)),
    "packed book": (lambda: gzip.compress(BOOK), lambda path: read_book(path, 18, 6)),
    "Parquet book": (lambda: as_parquet(BOOK), lambda path: read_book(path, 18, 6)),
    "prices": (lambda: PRICES, lambda path: read_prices(path, 18, 6)),
    "Parquet prices": (lambda: as_parquet(PRICES), lambda path: read_prices(path, 18, 6)),
    "terms": (lambda: TERMS, read_pool_file),
}


@pytest.mark.parametrize("kind", list(SEEDS))
def test_a_damaged_file_is_read_or_refused_in_one_line(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing else is raised, and no library speaks on standard output or error by itself."""
    make, read = SEEDS[kind]
    content, rng, outcomes = make(), random.Random(kind), Counter[str]()
    path = tmp_path / "file"
    for _ in range(400):
        path.write_bytes(damaged(content, rng))
        line = refusal(read, path)
        outcomes["refused" if line else "read"] += 1
        assert "\n" not in line
        assert not line or line.startswith(str(path))
        assert len(line) < 1000
    assert outcomes["read"] >= 40
    assert outcomes["refused"] >= 150
    assert capfd.readouterr() == ("", "")
