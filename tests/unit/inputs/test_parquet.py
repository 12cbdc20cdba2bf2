"""Parquet says the same as the CSV it was made from; what is no table of plain columns is refused."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ringfence.inputs.book import read_book
from ringfence.inputs.errors import InputError
from ringfence.inputs.prices import read_prices

pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs the lab extra")
parquet = pytest.importorskip("pyarrow.parquet")

TEXT = ["1.5", "0.1", "2000"]


def written(folder: Path, columns: dict[str, Any], **options: Any) -> Path:
    """A Parquet file with these columns."""
    path = folder / "table.parquet"
    parquet.write_table(pyarrow.table(columns), path, **options)
    return path


@pytest.mark.parametrize(
    "values",
    [
        pyarrow.array(TEXT),
        pyarrow.array(TEXT, pyarrow.large_string()),
        pyarrow.array(TEXT).dictionary_encode(),
        pyarrow.array([1.5, 0.1, 2000.0]),
        pyarrow.array([1.5, 0.1, 2000.0], pyarrow.float32()),
        pyarrow.array([Decimal(text) for text in TEXT], pyarrow.decimal128(38, 18)),
        pyarrow.array([Decimal(text) for text in TEXT], pyarrow.decimal256(76, 18)),
    ],
    ids=["text", "large text", "dictionary", "float", "single float", "decimal", "wide decimal"],
)
def test_an_amount_is_the_same_in_every_type(tmp_path: Path, values: Any) -> None:
    """0.1 as a float of 32 or 64 bits is 0.1, as a CSV writer would have put it, not its binary expansion."""
    book = read_book(written(tmp_path, {"account": ["a", "b", "c"], "collateral": values, "debt": values}), 18, 6)
    assert book.collateral == (15 * 10**17, 10**17, 2000 * 10**18)
    assert book.debt == (1_500_000, 100_000, 2_000_000_000)
    assert book.notices == ()


def test_integers_are_exact_beyond_a_float(tmp_path: Path) -> None:
    """Times and amounts of 64 bits."""
    path = written(tmp_path, {"timestamp": [1, 2], "price": pyarrow.array([2**63 + 1, 1], pyarrow.uint64())})
    assert read_prices(path, 36, 0).prices == (2**63 + 1, 1)


def test_candles_in_many_row_groups_keep_their_order(tmp_path: Path) -> None:
    """Batches do not matter."""
    count = 40_000
    path = written(tmp_path, {"timestamp": list(range(count)), "close": [1.25] * count}, row_group_size=999)
    prices = read_prices(path, 0, 0)
    assert prices.timestamps == tuple(range(count))
    assert set(prices.prices) == {125 * 10**34}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([1.0, None, 3.0], "row 2, column debt: is empty"),
        ([1.0, float("nan"), 3.0], "row 2, column debt: 'nan' is not finite"),
        ([1.0, 2.0, float("-inf")], "row 3, column debt: '-inf' is not finite"),
        ([1.0, -2.0, 3.0], "row 2, column debt: '-2.0' is negative"),
        ([True, False, True], "column debt: is of type bool; store text, integers, decimals or floats"),
        ([[1], [2], [3]], "column debt: is of type list"),
        ([b"1", b"2", b"3"], "column debt: is of type binary"),
        (["1", "2", "x" * 200_000], "row 3, column debt: a text of 200,000 bytes"),
    ],
)
def test_values_that_are_no_amounts_are_refused(tmp_path: Path, column: list[Any], expected: str) -> None:
    """By row and column, as in a CSV; the first row is 1."""
    path = written(tmp_path, {"account": ["a", "b", "c"], "collateral": [1, 2, 3], "debt": column})
    with pytest.raises(InputError) as caught:
        read_book(path, 18, 6)
    assert str(caught.value).startswith(f"{path}: {expected}")


def test_missing_columns_and_rows_are_refused(tmp_path: Path) -> None:
    """As in a CSV."""
    with pytest.raises(InputError, match="column debt is missing"):
        read_book(written(tmp_path, {"account": ["a"], "collateral": [1]}), 18, 6)
    with pytest.raises(InputError, match="has no rows"):
        read_book(written(tmp_path, {"account": pyarrow.array([], pyarrow.string()), "collateral": [], "debt": []}), 18, 6)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """Cut anywhere, or with any byte changed in its footer."""
    path = written(tmp_path, {"account": ["a", "b"], "collateral": [1, 2], "debt": [1, 2]})
    whole = path.read_bytes()
    for end in range(4, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(InputError, match="is not a readable Parquet file"):
            read_book(path, 18, 6)


def test_without_the_library_the_refusal_says_what_to_install(tmp_path: Path) -> None:
    """In a process that cannot import pyarrow, the rest of the package works and Parquet names its extra."""
    path = written(tmp_path, {"account": ["a"], "collateral": [1], "debt": [1]})
    script = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from ringfence.inputs.book import read_book\n"
        "from ringfence.inputs.errors import InputError\n"
        f"try: read_book({str(path)!r}, 18, 6)\n"
        "except InputError as err: print(err)\n"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert (
        shown == f"{path}: is a Parquet file and pyarrow is not installed; pip install '.[lab]' where Ringfence was cloned, or give CSV\n"
    )
