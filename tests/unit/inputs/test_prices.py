"""Prices: exact, in order, above zero."""

import gzip
from pathlib import Path

import pytest

from ringfence.inputs.errors import InputError
from ringfence.inputs.prices import read_prices

CANDLES = "timestamp,open,high,low,close,volume\n60,1,4,0.5,2,9\n120,2,5,1,3.25,9\n"


def written(folder: Path, content: str | bytes) -> Path:
    """A file with this content."""
    path = folder / "prices.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def refusal(path: Path, column: str | None = None) -> str:
    """The line that refuses the prices."""
    with pytest.raises(InputError) as caught:
        read_prices(path, 18, 6, column)
    line = str(caught.value)
    assert "\n" not in line
    return line.removeprefix(str(path))


def test_a_price_is_asset_units_per_collateral_unit_times_1e36(tmp_path: Path) -> None:
    """2,000 whole asset of 6 decimals for one whole collateral of 18: 2000 * 10^(36 + 6 - 18)."""
    prices = read_prices(written(tmp_path, "timestamp,price\n0,2000\n1,2e3\n2,0.000000000000000000000001\n"), 18, 6)
    assert prices.timestamps == (0, 1, 2)
    assert prices.prices == (2000 * 10**24, 2000 * 10**24, 1)
    assert prices.column == "price"


def test_digits_that_a_price_cannot_keep_are_cut_down(tmp_path: Path) -> None:
    """The price is a floor, and a longer decimal is no fault of the file."""
    prices = read_prices(written(tmp_path, "timestamp,price\n0,1.9999999999999999999999999\n"), 18, 6)
    assert prices.prices == (1999999999999999999999999,)
    assert prices.notices == ()


def test_a_collateral_of_many_decimals_shifts_the_other_way(tmp_path: Path) -> None:
    """36 + asset - collateral may be negative: then whole digits are cut."""
    assert read_prices(written(tmp_path, "timestamp,price\n0,1234\n"), 38, 0).prices == (12,)


@pytest.mark.parametrize(("column", "expected"), [(None, (2, 3.25)), ("close", (2, 3.25)), ("low", (0.5, 1)), ("high", (4, 5))])
def test_candles_are_read_by_their_column(tmp_path: Path, column: str | None, expected: tuple[float, float]) -> None:
    """`close` unless another is named; other candle columns raise no notice, strangers do."""
    prices = read_prices(written(tmp_path, CANDLES), 0, 0, column)
    assert [price / 10**36 for price in prices.prices] == list(expected)
    assert [notice.split(": ", 1)[1] for notice in prices.notices] == ["1 further column ignored: volume"]


def test_a_price_column_goes_before_close(tmp_path: Path) -> None:
    """The default is `price` where there is one."""
    prices = read_prices(written(tmp_path, "timestamp,close,price\n1,5,7\n"), 0, 0)
    assert (prices.column, prices.prices) == ("price", (7 * 10**36,))


def test_whole_seconds_may_be_spelled_as_numbers(tmp_path: Path) -> None:
    """A time is judged by its value, as spreadsheets write it."""
    assert read_prices(written(tmp_path, "timestamp,price\n1.5e9,1\n1500000060.0,1\n"), 0, 0).timestamps == (1_500_000_000, 1_500_000_060)


def test_gzip_is_seen_by_content(tmp_path: Path) -> None:
    """The name does not matter."""
    assert len(read_prices(written(tmp_path, gzip.compress(CANDLES.encode())), 0, 0)) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ": is empty"),
        ("timestamp,price\n", ": has no rows"),
        ("timestamp,open\n1,2\n", ": column price is missing; prices have the columns timestamp and price; found: timestamp, open"),
        ("time,price\n1,2\n", ": column timestamp is missing"),
        ("timestamp,price\n1,1\n1,1\n", ": row 3, column timestamp: '1' repeats the row before"),
        ("timestamp,price\n2,1\n1,1\n", ": row 3, column timestamp: '1' is earlier than the row before (2)"),
        ("timestamp,price\n-1,1\n", ": row 2, column timestamp: '-1' is negative"),
        ("timestamp,price\n1.5,1\n", ": row 2, column timestamp: '1.5' is not a whole number; give unix seconds"),
        ("timestamp,price\n2020-01-01,1\n", ": row 2, column timestamp: '2020-01-01' is not a decimal number; give unix seconds"),
        ("timestamp,price\n1583798400000,1\n", "lies after the year 9999; give unix seconds, not milliseconds"),
        ("timestamp,price\n1e999999999,1\n", ": row 2, column timestamp: '1e999999999' does not fit"),
        ("timestamp,price\n,1\n", ": row 2, column timestamp: is empty"),
        ("timestamp,price\n1,0\n", ": row 2, column price: '0' is not above 0"),
        ("timestamp,price\n1,-0.0\n", ": row 2, column price: '-0.0' is not above 0"),
        ("timestamp,price\n1,1e-25\n", ": row 2, column price: '1e-25' is not above 0"),
        ("timestamp,price\n1,-3\n", ": row 2, column price: '-3' is negative"),
        ("timestamp,price\n1,nan\n", ": row 2, column price: 'nan' is not finite"),
        ("timestamp,price\n1,inf\n", ": row 2, column price: 'inf' is not finite"),
        ("timestamp,price\n1,\n", ": row 2, column price: is empty"),
        ("timestamp,price\n1,1e54\n", ": row 2, column price: '1e54' does not fit"),
        ("timestamp,price\n1,1e999999999\n", ": row 2, column price: '1e999999999' does not fit"),
        ("timestamp,price,price\n1,1,1\n", ": row 1: column price is there 2 times"),
    ],
)
def test_bad_prices_are_refused_with_row_column_reason_and_remedy(tmp_path: Path, content: str, expected: str) -> None:
    """One line says where, why and what to do."""
    assert expected in refusal(written(tmp_path, content))


def test_a_column_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    """No other takes its place."""
    assert refusal(written(tmp_path, "timestamp,price\n1,1\n"), "low").startswith(": column low is missing")
