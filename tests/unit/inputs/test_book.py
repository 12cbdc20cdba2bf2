"""Books: what is read is exact, and what cannot be read is refused with the row and what to do."""

import gzip
import re
import time
import tracemalloc
from pathlib import Path

import pytest

from ringfence.inputs.book import Book, read_book
from ringfence.inputs.errors import InputError

HEADER = "account,collateral,debt\n"


def written(folder: Path, content: str | bytes, name: str = "book.csv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def refusal(path: Path) -> str:
    """The line that refuses the book: one line, naming the file."""
    with pytest.raises(InputError) as caught:
        read_book(path, 18, 6)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(str(path)), line
    return line.removeprefix(str(path))


def test_amounts_are_whole_tokens_and_become_base_units(tmp_path: Path) -> None:
    """Collateral by its decimals, debt by the asset's, both exactly, in book order."""
    book = read_book(written(tmp_path, HEADER + "alice,1.5,2000\nbob,0.000000000000000001,1e-6\ncarol,12e2,.5\n"), 18, 6)
    assert book.accounts == ("alice", "bob", "carol")
    assert book.collateral == (1_500_000_000_000_000_000, 1, 1200 * 10**18)
    assert book.debt == (2_000_000_000, 1, 500_000)
    assert book.notices == ()
    assert list(book.rows) == [2, 3, 4]


def test_digits_beyond_the_decimals_are_cut_for_the_pool_and_counted(tmp_path: Path) -> None:
    """Collateral down, debt up, one notice with the number of amounts."""
    book = read_book(written(tmp_path, HEADER + "a,1.99,1.01\nb,1,1.0000001\nc,1.0,1\n"), 0, 6)
    assert book.collateral == (1, 1, 1)
    assert book.debt == (1_010_000, 1_000_001, 1_000_000)
    assert [notice.split(": ")[1] for notice in book.notices] == [
        "2 amounts with digits beyond the token's decimals cut (collateral down, debt up)"
    ]


def test_further_columns_and_their_order_do_not_matter(tmp_path: Path) -> None:
    """They are ignored with one notice that names them."""
    book = read_book(written(tmp_path, "debt,owner,account,collateral,note\n5,x,a,7,y\n"), 0, 0)
    assert (book.accounts, book.collateral, book.debt) == (("a",), (7,), (5,))
    assert [notice.split(": ", 1)[1] for notice in book.notices] == ["2 further columns ignored: owner, note"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfaccount,collateral,debt\na,1,2\n",
        b"account,collateral,debt\r\na,1,2\r\n",
        b"account,collateral,debt\na,1,2",
        b"\naccount,collateral,debt\n\na,1,2\n\n\n",
        b'"account","collateral","debt"\n"a","1","2"\n',
        b" account , collateral , debt \n a , 1 , 2 \n",
        gzip.compress(b"account,collateral,debt\na,1,2\n"),
    ],
    ids=["byte-order mark", "CRLF", "no last newline", "blank lines", "quoted", "spaces", "gzip under a plain name"],
)
def test_the_same_table_in_another_dress_is_the_same_book(tmp_path: Path, content: bytes) -> None:
    """What spreadsheets and shells do to a CSV changes nothing."""
    book = read_book(written(tmp_path, content), 0, 0)
    assert (book.accounts, book.collateral, book.debt) == (("a",), (1,), (2,))


def test_blank_lines_here_and_there_are_no_fault(tmp_path: Path) -> None:
    """Only so many in a row are: a thousand of them between other rows are skipped."""
    book = read_book(written(tmp_path, HEADER + "".join(f"\na{place},1,1\n" for place in range(1_500))), 0, 0)
    assert len(book) == 1_500


def test_rows_are_those_an_editor_shows(tmp_path: Path) -> None:
    """Blank lines count, so that the row of a refusal can be found."""
    path = written(tmp_path, "\n" + HEADER + "a,1,2\n\n\nb,1,x\n")
    assert refusal(path).startswith(": row 6, column debt: 'x' is not a decimal number")
    assert list(read_book(written(tmp_path, "\n" + HEADER + "a,1,2\n\n\nb,1,1\n"), 0, 0).rows) == [3, 6]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ": is empty"),
        ("\n\n", ": is empty"),
        (HEADER, ": has no rows"),
        (
            "account,collateral\na,1\n",
            ": column debt is missing; a book has the columns account, collateral, debt; found: account, collateral",
        ),
        ("account;collateral;debt\na;1;2\n", "found: account;collateral;debt"),
        ("Account,Collateral,Debt\na,1,2\n", ": column account is missing"),
        ("a,1,2\nb,1,2\n", ": column account is missing"),
        ("account,collateral,debt,debt\na,1,2,3\n", ": row 1: column debt is there 2 times"),
        (HEADER + "a,1\n", ": row 2: 2 fields under 3 columns"),
        (HEADER + "a,1,2,3\n", ": row 2: 4 fields under 3 columns"),
        (HEADER + "a,1,000,2\n", ": row 2: 4 fields under 3 columns"),
        (HEADER + ",1,2\n", ": row 2, column account: is empty"),
        (HEADER + "a,,2\n", ": row 2, column collateral: is empty"),
        (HEADER + "a,1,\n", ": row 2, column debt: is empty"),
        (HEADER + "a,1,2\nb,1,2\na,3,4\n", ": row 4, column account: 'a' is already in row 2"),
        (HEADER + "a,1,2\n a ,3,4\n", ": row 3, column account: 'a' is already in row 2"),
        (HEADER + "a,-1,2\n", ": row 2, column collateral: '-1' is negative"),
        (HEADER + "a,1,-2\n", ": row 2, column debt: '-2' is negative"),
        (HEADER + "a,nan,2\n", ": row 2, column collateral: 'nan' is not finite"),
        (HEADER + "a,1,inf\n", ": row 2, column debt: 'inf' is not finite"),
        (HEADER + "a,0x10,2\n", ": row 2, column collateral: '0x10' is not a decimal number"),
        (HEADER + "a,1e999999999,2\n", ": row 2, column collateral: '1e999999999' does not fit"),
        (HEADER + f"a,{2**128},2\n", "does not fit"),
        (HEADER + "a,340282366920938463463.374607431768211456,2\n", ": row 2, column collateral"),
        (HEADER + 'a,1,"2\n', ": row 2: not CSV: unexpected end of data; is a quote not closed?"),
        (HEADER + 'a,"1"5,2\n', ": row 2: not CSV"),
        (HEADER + "a\x1b[31m,1,2\n", r": row 2, column account: 'a\x1b[31m' holds characters that cannot be printed"),
        (HEADER + f"{'a' * 200_000},1,2\n", ": row 2: not CSV: field larger than field limit"),
        (HEADER + f"a,{'9' * 1000},2\n", "(1,000 characters)' does not fit"),
    ],
)
def test_a_bad_book_is_refused_with_row_column_reason_and_remedy(tmp_path: Path, content: str, expected: str) -> None:
    """One line says where, why and what to do."""
    assert expected in refusal(written(tmp_path, content))


def test_the_largest_amounts_that_fit_are_taken(tmp_path: Path) -> None:
    """2^128 - 1 base units, one transfer's most."""
    book = read_book(written(tmp_path, HEADER + "a,340282366920938463463.374607431768211455,1\n"), 18, 18)
    assert book.collateral == (2**128 - 1,)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"account,collateral,debt\na,1,\x002\n", ": row 2: holds a NUL byte"),
        (b"account,collateral,debt\n\xff\xfe,1,2\n", ": row 2: byte '0xff' is not UTF-8"),
        ("account,collateral,debt\na,1,2\n".encode("utf-16"), ": row 1: "),
        (bytes(range(256)) * 10, ": row 1: "),
        (b"account,collateral,debt\ra,1,2\r", ": row 1: not CSV: new-line character"),
        (b"account,collateral,debt\n" + b"a" * 3_000_000, ": row 2: the line is longer than"),
        (b"account,collateral,debt\n" + b"\n" * 5000, ": row 1001: 1,000 blank lines in a row"),
        (gzip.compress(b"account,collateral,debt\na,1,2\n", mtime=0)[:-12], ": row 2: cannot be read on: "),
        (gzip.compress(b"account,collateral,debt\na,1,2\n", mtime=0)[:12] + b"xxxxxxxxxxxxxxxxxxx", ": row 1: cannot be read on: "),
        (b"\x1f\x8b", ": row 1: cannot be read on: "),
        (b"PAR1", ": is not a readable Parquet file"),
    ],
    ids=["nul", "latin", "utf-16", "binary", "old mac", "long line", "blank lines", "cut gzip", "bad gzip", "short gzip", "bad parquet"],
)
def test_bytes_that_are_no_table_are_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    """Binary, other encodings, damaged archives: a reason each."""
    if content == b"PAR1":
        pytest.importorskip("pyarrow", reason="Parquet needs the lab extra")
    assert refusal(written(tmp_path, content)).startswith(expected)


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, a file named .parquet that is none."""
    assert "no such file or directory" in refusal(tmp_path / "absent.csv")
    assert "is a directory" in refusal(tmp_path)
    assert "is not a Parquet file" in refusal(written(tmp_path, HEADER + "a,1,2\n", "book.parquet"))
    with pytest.raises(InputError, match="embedded null byte"):
        read_book("a\0b", 18, 6)


@pytest.mark.parametrize("unit", [b"\0", b"\n", b"a,1,2\n", b"account,collateral,debt\n"])
def test_a_gzip_bomb_costs_no_more_than_its_first_fault(tmp_path: Path, unit: bytes) -> None:
    """A hundred megabytes packed into one is refused in a moment, in a few megabytes."""
    length = 10**8
    packed = gzip.compress(b"account,collateral,debt\n" + unit * (length // len(unit)), 1)
    path = written(tmp_path, packed, "book.csv.gz")
    tracemalloc.start()
    started = time.perf_counter()
    refusal(path)
    seconds, peak = time.perf_counter() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 2
    assert peak < 20_000_000


def test_an_endless_line_is_refused_without_reading_it_all() -> None:
    """A device that never ends is refused at its first megabyte."""
    with pytest.raises(InputError, match="longer than"):
        read_book("/dev/zero", 18, 6)


def test_the_digest_is_of_the_bytes_that_were_read(tmp_path: Path) -> None:
    """SHA-256 of the file as it lies there, packed or not."""
    import hashlib

    content = (HEADER + "".join(f"a{place},1,1\n" for place in range(50_000))).encode()
    for stored in (content, gzip.compress(content)):
        book = read_book(written(tmp_path, stored), 18, 6)
        assert book.source is not None
        assert book.source.sha256 == hashlib.sha256(stored).hexdigest()
        assert len(book) == 50_000


def test_a_book_made_in_memory_says_so_when_it_is_refused() -> None:
    """Without a file a refusal names the account."""
    book = Book(("alice",), (1,), (2,))
    assert str(book.refuse(0, "debt", "is too much", "lend less")) == "book: column debt: account 'alice': is too much; lend less"


@pytest.mark.slow
def test_a_million_rows_take_seconds(tmp_path: Path) -> None:
    """Parsing is linear and light: measured 3 s and 300 MB for a million rows; ten times that is a fault."""
    path = tmp_path / "book.csv"
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEADER)
        file.writelines(f"0x{place:040x},{place % 977}.123456789012345678,{place % 991}.123456\n" for place in range(1, 1_000_001))
    started = time.perf_counter()
    assert len(read_book(path, 18, 6)) == 1_000_000
    assert time.perf_counter() - started < 30


def test_a_gzipped_file_is_read_as_gzip_reads_it(tmp_path: Path) -> None:
    """Member after member, zeros between and behind them skipped; what else lies behind is refused, and so is a wrong checksum."""
    head, tail = (
        gzip.compress(b"account,collateral,debt\n"),
        gzip.compress(b"a,1,2\n" + b"".join(b"b%d,1,2\n" % row for row in range(30_000))),
    )
    for content in (head + tail, head + b"\0" * 70_000 + tail + b"\0" * 9, gzip.compress(b"") + head + tail + gzip.compress(b"")):
        path = written(tmp_path, content)
        assert gzip.decompress(content).count(b"\n") == len(read_book(path, 18, 6)) + 1 == 30_002
    for content, reason in (
        (head + tail + b"\0junk", "Not a gzipped file (b'ju')"),
        (head + tail + b"\x1f", "Compressed file ended before the end-of-stream marker was reached"),
        (head + tail[:-8] + b"\0" * 8, "Error -3 while decompressing data: incorrect data check"),
    ):
        with pytest.raises(InputError, match=f"row [0-9]+: cannot be read on: {re.escape(reason)}; is the file whole"):
            read_book(written(tmp_path, content), 18, 6)
