"""Whatever is wrong with a file: the exit code that is fixed, one line that says where, why and what to do, and nothing half-written.

Each fault is put to the command as a person would meet it; the readers' own tests know more of them.
"""

import gzip
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.cli.main import run
from tests.unit.cli.small_replay import BOOK, FILES, PRICES, REPLAY, TERMS

CHECK = ["check", "terms.toml"]
START = [sys.executable, "-B", "-c", "from ringfence.cli.main import main; main()"]

TOKENS = "give whole tokens as a decimal of 0 or more"
PRICE = "give the price of a whole collateral token in whole asset tokens"
SECONDS = "give unix seconds as a whole number"
READABLE = "give the path of a readable file"
BOOK_COLUMNS = "a book has the columns account, collateral, debt"
DECIMAL = "write a decimal of 0 or more with at most 18 digits after the point"
AMOUNT = "write whole asset tokens, a decimal of 0 or more"
BINARY = bytes(range(256)) * 8
PLAIN_TEXT = "give plain CSV text in UTF-8, not a binary file"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good book, terms and prices, to be in."""
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        Path(name).write_text(content)
    return tmp_path


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], *, code: int = 2) -> str:
    """The one line on standard error; nothing on standard output, and the folder as it was."""
    before = {path: path.lstat().st_mtime_ns for path in Path().iterdir()}
    assert run(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ringfence: ") and err.endswith("\n") and err.count("\n") == 1
    assert {path: path.lstat().st_mtime_ns for path in Path().iterdir()} == before
    return err.removeprefix("ringfence: ")[:-1]


def test_the_good_files_are_good(capsys: pytest.CaptureFixture[str]) -> None:
    """So that each fault below is the only one."""
    assert run(REPLAY) == run(CHECK) == 0
    capsys.readouterr()


FAULTS: list[tuple[str, str | bytes | None, str]] = [
    # missing, empty, binary
    ("book.csv", None, f"book.csv: no such file or directory; {READABLE}"),
    ("prices.csv", None, f"prices.csv: no such file or directory; {READABLE}"),
    ("terms.toml", None, f"terms.toml: no such file or directory; {READABLE}"),
    ("book.csv", "", "book.csv: is empty; the first line names the columns"),
    ("prices.csv", "", "prices.csv: is empty; the first line names the columns"),
    ("terms.toml", "", "terms.toml: column [pool] collateral_decimals: is missing; write the token's decimals"),
    ("book.csv", "account,collateral,debt\n", "book.csv: has no rows; a book needs at least one account"),
    ("prices.csv", "timestamp,price\n", "prices.csv: has no rows; prices need at least one row"),
    ("book.csv", BINARY, f"book.csv: row 1: holds a NUL byte; {PLAIN_TEXT}"),
    ("prices.csv", BINARY, f"prices.csv: row 1: holds a NUL byte; {PLAIN_TEXT}"),
    ("terms.toml", b"[pool]\n\xff\xfe", "terms.toml: row 2: byte '0xff' is not UTF-8; save the file as UTF-8 text"),
    ("terms.toml", b"\0" * 9, "terms.toml: row 1, column 1: not TOML: Invalid statement; write each term as name = \"0.80\""),
    ("book.csv", b"account,collateral,debt\n\xe9,1,1\n", "book.csv: row 2: byte '0xe9' is not UTF-8; save the file as UTF-8 text"),
    ("book.csv", BOOK.encode("utf-16"), "book.csv: row 1: holds a NUL byte; " + PLAIN_TEXT),
    ("book.csv", b"PK\x03\x04" + BINARY, f"book.csv: row 1: holds a NUL byte; {PLAIN_TEXT}"),
    (
        "book.csv",
        gzip.compress(BOOK.encode(), mtime=0)[:-9],
        "book.csv: row 4: cannot be read on: Compressed file ended before the end-of-stream marker was reached; is the file whole?",
    ),
    # wrong and missing columns
    ("book.csv", "account,collateral\na,1\n", f"book.csv: column debt is missing; {BOOK_COLUMNS}; found: account, collateral"),
    ("book.csv", "who,collateral,debt\na,1,1\n", f"book.csv: column account is missing; {BOOK_COLUMNS}; found: who, collateral, debt"),
    ("book.csv", "alice,1,1600\n", f"book.csv: column account is missing; {BOOK_COLUMNS}; found: alice, 1, 1600"),
    *(
        (name, content.replace(",", sign), f"{name}: row 1: fields are separated by {word}; save the file with commas between fields")
        for name, content in (("book.csv", BOOK), ("prices.csv", PRICES))
        for sign, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"))
    ),
    ("book.csv", "account,debt,collateral,debt\na,1,1,1\n", "book.csv: row 1: column debt is there 2 times; keep one"),
    (
        "prices.csv",
        "time,price\n0,1\n",
        "prices.csv: column timestamp is missing; prices have the columns timestamp and price; found: time, price",
    ),
    (
        "prices.csv",
        "timestamp,value\n0,1\n",
        "prices.csv: column price is missing; prices have the columns timestamp and price; found: timestamp, value",
    ),
    ("book.csv", BOOK + "carol,1\n", "book.csv: row 4: 2 fields under 3 columns; separate with commas and quote text that holds one"),
    ("book.csv", BOOK + "carol,1,000,5\n", "book.csv: row 4: 4 fields under 3 columns; separate with commas and quote text that holds one"),
    ("book.csv", BOOK + 'carol,1,"5\n', "book.csv: row 4: not CSV: unexpected end of data; is a quote not closed?"),
    # negative, NaN, infinite, overflowing, empty, no number
    ("book.csv", BOOK + "carol,-1,5\n", f"book.csv: row 4, column collateral: '-1' is negative; {TOKENS}"),
    ("book.csv", BOOK + "carol,1,-5\n", f"book.csv: row 4, column debt: '-5' is negative; {TOKENS}"),
    ("book.csv", BOOK + "carol,NaN,5\n", f"book.csv: row 4, column collateral: 'NaN' is not finite; {TOKENS}"),
    ("book.csv", BOOK + "carol,1,-inf\n", f"book.csv: row 4, column debt: '-inf' is not finite; {TOKENS}"),
    ("book.csv", BOOK + "carol,1e21,5\n", f"book.csv: row 4, column collateral: '1e21' does not fit: too large; {TOKENS}"),
    ("book.csv", BOOK + "carol,1,1e999999999\n", f"book.csv: row 4, column debt: '1e999999999' does not fit: too large; {TOKENS}"),
    ("book.csv", BOOK + "carol,,5\n", f"book.csv: row 4, column collateral: is empty; {TOKENS}"),
    ("book.csv", BOOK + "carol,1,$5\n", f"book.csv: row 4, column debt: '$5' is not a decimal number; {TOKENS}"),
    ("prices.csv", PRICES + "180,-1\n", f"prices.csv: row 5, column price: '-1' is negative; {PRICE}"),
    ("prices.csv", PRICES + "180,nan\n", f"prices.csv: row 5, column price: 'nan' is not finite; {PRICE}"),
    ("prices.csv", PRICES + "180,Infinity\n", f"prices.csv: row 5, column price: 'Infinity' is not finite; {PRICE}"),
    ("prices.csv", PRICES + "180,1e54\n", f"prices.csv: row 5, column price: '1e54' does not fit: too large; {PRICE}"),
    (
        "prices.csv",
        PRICES + "180,0\n",
        "prices.csv: row 5, column price: '0' is not above 0 (36 + asset - collateral = 24 digits are kept); remove the row or mend it",
    ),
    ("prices.csv", PRICES + "180,\n", f"prices.csv: row 5, column price: is empty; {PRICE}"),
    ("prices.csv", PRICES + "-180,1\n", f"prices.csv: row 5, column timestamp: '-180' is negative; {SECONDS}"),
    ("prices.csv", PRICES + "nan,1\n", f"prices.csv: row 5, column timestamp: 'nan' is not finite; {SECONDS}"),
    ("prices.csv", PRICES + "1e99,1\n", f"prices.csv: row 5, column timestamp: '1e99' does not fit: too large; {SECONDS}"),
    ("prices.csv", PRICES + "180.5,1\n", f"prices.csv: row 5, column timestamp: '180.5' is not a whole number; {SECONDS}"),
    ("prices.csv", PRICES + "noon,1\n", f"prices.csv: row 5, column timestamp: 'noon' is not a decimal number; {SECONDS}"),
    (
        "prices.csv",
        PRICES + "1583798400000,1\n",
        "prices.csv: row 5, column timestamp: '1583798400000' lies after the year 9999; give unix seconds, not milliseconds",
    ),
    ("terms.toml", TERMS.replace("0.86", "-0.86"), f"terms.toml: row 7, column [terms] liq_ltv: '-0.86' is negative; {DECIMAL}"),
    ("terms.toml", TERMS.replace("0.86", "nan"), f"terms.toml: row 7, column [terms] liq_ltv: 'nan' is not finite; {DECIMAL}"),
    ("terms.toml", TERMS.replace("0.86", "inf"), f"terms.toml: row 7, column [terms] liq_ltv: 'inf' is not finite; {DECIMAL}"),
    ("terms.toml", TERMS.replace("0.86", "1e99"), f"terms.toml: row 7, column [terms] liq_ltv: '1e99' does not fit: too large; {DECIMAL}"),
    (
        "terms.toml",
        TERMS.replace("0.86", "0.8600000000000000001"),
        f"terms.toml: row 7, column [terms] liq_ltv: '0.8600000000000000001' has more than 18 digits after the point; {DECIMAL}",
    ),
    ("terms.toml", TERMS.replace("3000", "-1"), f"terms.toml: row 4, column [pool] supply: '-1' is negative; {AMOUNT}"),
    ("terms.toml", TERMS.replace("3000", "nan"), f"terms.toml: row 4, column [pool] supply: 'nan' is not finite; {AMOUNT}"),
    ("terms.toml", TERMS.replace("3000", "1e40"), f"terms.toml: row 4, column [pool] supply: '1e40' does not fit: too large; {AMOUNT}"),
    (
        "terms.toml",
        TERMS.replace("= 6", "= 300"),
        "terms.toml: row 3, column [pool] asset_decimals: '300' does not fit: too large; write a whole number of 0 or more",
    ),
    (
        "terms.toml",
        TERMS.replace('"0.86"', "0.86"),
        'terms.toml: row 7, column [terms] liq_ltv: 0.86 is a float, which is not exact; write it as a string: liq_ltv = "0.86"',
    ),
    # accounts twice, times that do not rise
    ("book.csv", BOOK + "alice,1,5\n", "book.csv: row 4, column account: 'alice' is already in row 2; give each account one row"),
    ("book.csv", BOOK + ",1,5\n", "book.csv: row 4, column account: is empty; every row needs an account"),
    (
        "prices.csv",
        PRICES + "120,1\n",
        "prices.csv: row 5, column timestamp: '120' repeats the row before; sort the rows by time and keep one a second",
    ),
    (
        "prices.csv",
        PRICES + "119,1\n",
        "prices.csv: row 5, column timestamp: '119' is earlier than the row before (120); sort the rows by time and keep one a second",
    ),
    # unknown and missing keys, no TOML
    (
        "terms.toml",
        TERMS + "liqltv = 1\n",
        "terms.toml: row 9, column [terms] liqltv: unknown key: liqltv; did you mean liq_ltv?",
    ),
    (
        "terms.toml",
        TERMS + "whatever = 1\n",
        "terms.toml: row 9, column [terms] whatever: unknown key: whatever; `ringfence init` writes a file that explains every key",
    ),
    (
        "terms.toml",
        TERMS + "[rates]\n",
        "terms.toml: row 9, column rates: unknown table: rates; did you mean rate? known are pool, terms, rate, backstop",
    ),
    (
        "terms.toml",
        TERMS + '[rate]\nmodel = "fixed"\nper_month = 1\n',
        "terms.toml: row 11, column [rate] per_month: unknown key: per_month; known are model, per_year",
    ),
    (
        "terms.toml",
        TERMS + '[rate]\nmodel = "adaptive"\n',
        'terms.toml: column [rate] rate_at_target_per_year: is missing; write a rate of "0.001" to "2", 0.1 % to 200 % a year',
    ),
    ("terms.toml", TERMS.replace('supply = "3000"\n', ""), "terms.toml: column [pool] supply: is missing; write what lenders bring"),
    (
        "terms.toml",
        TERMS + "penalty\n",
        "terms.toml: row 9, column 8: not TOML: Expected '=' after a key in a key/value pair; write each term as name = \"0.80\"",
    ),
    (
        "terms.toml",
        TERMS + 'penalty = "0\n',
        "terms.toml: row 9, column 13: not TOML: Illegal character '\\n'; write each term as name = \"0.80\"",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "line"), FAULTS, ids=[f"{place}-{name}" for place, (name, *_) in enumerate(FAULTS)])
def test_a_fault_of_a_file_is_one_exact_line(name: str, content: str | bytes | None, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 from every command that reads the file."""
    path = Path(name)
    path.unlink()
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    for command in [REPLAY, [*REPLAY, "--json"], *([CHECK, [*CHECK, "--json"]] if name == "terms.toml" else [])]:
        assert refused(command, capsys) == line


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [fault for fault in FAULTS if ": row" in fault[2] and fault[0].endswith(".csv") and "cannot be read on" not in fault[2]],
)
def test_the_same_in_a_gzipped_file(name: str, content: str | bytes, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """To the letter, under the plain name and under .csv.gz."""
    data = content.encode() if isinstance(content, str) else content
    Path(name).write_bytes(gzip.compress(data))
    assert refused(REPLAY, capsys) == line
    Path(name).rename(f"{name}.gz")
    assert refused([f"{part}.gz" if part == name else part for part in REPLAY], capsys) == line.replace(name, f"{name}.gz")


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [fault for fault in FAULTS if re.search(r": row \d+, column \w+: '", fault[2]) and fault[0].endswith(".csv")],
)
def test_the_same_in_parquet(name: str, content: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By the same words; the first row is 1, where a CSV's is 2."""
    csv = pytest.importorskip("pyarrow.csv", reason="Parquet needs the lab extra")
    parquet = pytest.importorskip("pyarrow.parquet")
    header = content.splitlines()[0].split(",")
    text = csv.ConvertOptions(column_types=dict.fromkeys(header, "string"))
    parquet.write_table(csv.read_csv(io.BytesIO(content.encode()), convert_options=text), name)
    expected = re.sub(r"row (\d+)", lambda found: f"row {int(found[1]) - 1}", line)
    assert refused(REPLAY, capsys) == expected


def test_a_folder_and_a_damaged_parquet_file_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """By what they are."""
    for name in FILES:
        content = Path(name).read_bytes()
        Path(name).unlink()
        Path(name).mkdir()
        assert refused(REPLAY, capsys) == f"{name}: is a directory; {READABLE}"
        Path(name).rmdir()
        Path(name).write_bytes(content)
    Path("book.parquet").write_text(BOOK)
    command = [part.replace("book.csv", "book.parquet") for part in REPLAY]
    assert refused(command, capsys) == (
        "book.parquet: is not a Parquet file; its first bytes are not PAR1; was it cut short or named wrongly?"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the system's reason."""
    Path("book.csv").chmod(0)
    assert refused(REPLAY, capsys) == f"book.csv: permission denied; {READABLE}"


BEYOND: list[tuple[str, str]] = [
    ('max_ltv = "0"', "max_ltv must be above 0 (max_ltv = 0)"),
    ('liq_ltv = "0"', "max_ltv must be below liq_ltv (max_ltv = 0.8, liq_ltv = 0)"),
    ("max_ltv", "max_ltv must be above 0 (max_ltv = 0, for it is missing)"),
    ("liq_ltv", "max_ltv must be below liq_ltv (max_ltv = 0.8, liq_ltv = 0, for it is missing)"),
    ('liq_ltv = "1"', "liq_ltv must be below 1 (liq_ltv = 1)"),
    ('max_ltv = "0.86"', "max_ltv must be below liq_ltv (max_ltv = 0.86, liq_ltv = 0.86)"),
    ('target_ltv = "0.81"', "target_ltv must be at most max_ltv (target_ltv = 0.81, max_ltv = 0.8)"),
    ('incentive_max = "1e18"', f"incentive_max must be below 1e18 (incentive_max = 1{'0' * 18})"),
    ('incentive_max = "0.04"', "incentive_base must be at most incentive_max (incentive_base = 0.05, incentive_max = 0.04)"),
    ('incentive_rise = "0.06"', "incentive_rise must be at most incentive_max (incentive_rise = 0.06, incentive_max = 0.05)"),
    ('incentive_slope = "1000.1"', "incentive_slope must be at most 1000 (incentive_slope = 1000.1)"),
    ('penalty = "0.200000000000000001"', "penalty must be at most 0.2 (penalty = 0.200000000000000001)"),
    ('reserve_factor = "1.01"', "reserve_factor must be at most 1 (reserve_factor = 1.01)"),
    ('reserve_target = "1.01"', "reserve_target must be at most 1 (reserve_target = 1.01)"),
    ('creator_fee = "0.26"', "creator_fee must be at most 0.25 (creator_fee = 0.26)"),
    ('supply_cap = "170141183460469231731687303715884.105728"', f"supply_cap must be below 2^127 base units (supply_cap = {2**127})"),
    (
        'borrow_cap = "170141183460469231731687303.715885"',
        f"borrow_cap times 1e6 must be below 2^127 base units (borrow_cap = {2**127 // 10**6 + 1})",
    ),
    ('min_debt = "340282366920938463463374607431768.211456"', f"min_debt must be below 2^128 base units (min_debt = {2**128})"),
    ("sale_timeout = 18446744073709551616", f"sale_timeout must be below 2^64 seconds (sale_timeout = {2**64})"),
    ("solvent_window = 60", "solvent_window must be 0 or shorter than sale_timeout (solvent_window = 60, sale_timeout = 0)"),
    (
        'incentive_base = "0"',
        "one of incentive_base, incentive_rise and incentive_slope must be above 0 (incentive_base = 0, incentive_rise = 0, "
        "incentive_slope = 0)",
    ),
    ('incentive_base = "0.17"', "liq_ltv * (1 + incentive_max) must be below 1 (liq_ltv = 0.86, incentive_max = 0.17)"),
    ('liq_ltv = "0.8007"\ntarget_ltv = "0.8"', "target_ltv * 1.001 must be at most liq_ltv (target_ltv = 0.8, liq_ltv = 0.8007)"),
    (
        'incentive_max = "0.1"\nincentive_rise = "0.01"\nsale_timeout = 4',
        "incentive_rise must carry incentive_base to incentive_max within sale_timeout (incentive_rise = 0.01, sale_timeout = 4, "
        "incentive_base = 0.05, incentive_max = 0.1)",
    ),
    (
        'reserve_factor = "0.9"\ncreator_fee = "0.2"',
        "reserve_factor, premium and creator_fee together must be at most 1 (reserve_factor = 0.9, premium = 0, creator_fee = 0.2)",
    ),
    (f'premium = "1.1"\nbackstop = "0x{"b5" * 20}"', "premium must be at most 1 (premium = 1.1)"),
    ("lockup = 18446744073709551616", f"lockup must be below 2^64 seconds (lockup = {2**64})"),
    ('premium = "0.1"', f"a premium needs a backstop (premium = 0.1, backstop = 0x{'0' * 40})"),
]


def with_terms(lines: str) -> str:
    """The good terms with these in place of theirs or beside them, or without the one that has no value."""
    names = [line.split(" = ")[0] for line in lines.splitlines()]
    kept = [line for line in TERMS.splitlines() if line.split(" = ")[0] not in names]
    recipient = [f'fee_recipient = "0x{"1" * 40}"'] if "creator_fee" in names else []
    given = [line for line in lines.splitlines() if " = " in line]
    return "\n".join([*kept, *given, *recipient, ""])


@pytest.mark.parametrize(("lines", "sentence"), BEYOND, ids=[lines.split(" = ")[0] for lines, _ in BEYOND])
def test_terms_beyond_a_bound_are_told_by_their_sentence(lines: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For a replay they are bad input; a check of them fails, and neither writes anything."""
    Path("terms.toml").write_text(with_terms(lines))
    line = refused(REPLAY, capsys)
    assert line.startswith("terms.toml: column [terms]: ")
    assert sentence in line.removeprefix("terms.toml: column [terms]: ").replace("; change", ";").split("; ")
    assert run(CHECK) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert f"{sentence.split(' (', maxsplit=1)[0]} (" in " ".join(out.split())


def test_every_bound_has_terms_beyond_it_above() -> None:
    """But for those that the reader refuses first, because a file names them wrongly: two equal tokens, no recipient."""
    from ringfence.inputs.bounds import BOUNDS

    refused_first = {"terms: asset is collateral", "terms: fee_recipient"}
    told = {sentence.split(" (")[0] if "* (" not in sentence else "liq_ltv * (1 + incentive_max) must be below 1" for _, sentence in BEYOND}
    assert told == {bound.sentence for text, bound in BOUNDS.items() if text not in refused_first}


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        (
            "book.csv",
            BOOK + "carol,5,500.000001\n",
            "terms.toml: column [pool] supply: supply of 3000 (3000000000 base units) is under the debt "
            "in book.csv of 3000.000001 (3000000001 base units); raise it",
        ),
        (
            "terms.toml",
            with_terms('borrow_cap = "2499"'),
            "terms.toml: column [terms] borrow_cap: borrow_cap of 2499 (2499000000 base units) is under the debt "
            "in book.csv of 2500 (2500000000 base units); raise it",
        ),
        (
            "terms.toml",
            with_terms('supply_cap = "2999"'),
            "terms.toml: column [pool] supply: supply of 3000 (3000000000 base units) is over "
            "supply_cap of 2999 (2999000000 base units); lower it",
        ),
        (
            "terms.toml",
            with_terms('min_debt = "1000"'),
            "book.csv: row 3, column debt: account 'bob': debt of 900 (900000000 base units) is under "
            "min_debt of 1000 (1000000000 base units) in "
            "terms.toml; leave the account out or lower min_debt",
        ),
        (
            "book.csv",
            BOOK + "carol,0,1\n",
            "book.csv: row 4, column collateral: account 'carol': collateral is 0 while there is debt; a loan needs collateral; leave the "
            "account out",
        ),
        (
            "book.csv",
            BOOK + "carol,0,0\n",
            "book.csv: row 4, column collateral: account 'carol': collateral and debt are both 0; leave the account out",
        ),
    ],
)  # fmt: skip
def test_files_that_do_not_fit_each_other_are_refused(name: str, content: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Debt over supply, caps exceeded, too small a loan, one without collateral."""
    Path(name).write_text(content)
    assert refused(REPLAY, capsys) == line


@pytest.mark.parametrize(
    ("out", "line"),
    [
        ("book.csv", "book.csv: column --out: is not a folder; name a new folder"),
        ("book.csv/out", "book.csv/out: column --out: '{here}/book.csv' is no folder to write in; name a folder elsewhere"),
        (".", ".: column --out: holds other files; name a new folder, an empty one, or one with a former result only"),
        ("/proc/out", "/proc/out: column --out: cannot be written: no such file or directory; name a folder that can be written"),
        ("link", "link: column --out: is not a folder; name a new folder"),
    ],
)
def test_an_out_that_cannot_be_written_is_refused(here: Path, out: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything runs, as far as the system tells; /proc says so only at the end."""
    Path("link").symlink_to("nowhere")
    assert refused([*REPLAY[:-1], out], capsys) == line.format(here=here)


def test_the_folder_one_is_in_is_not_replaced(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A shell would be left in a folder that is gone; empty or with a former result, it is refused."""
    Path("empty").mkdir()
    monkeypatch.chdir("empty")
    command = [part if part not in FILES else f"../{part}" for part in REPLAY[:-1]]
    expected = "{}: column --out: is the folder you are in, which a result would replace; name another"
    assert refused([*command, "."], capsys) == expected.format(".")
    assert refused([*command, str(here / "empty")], capsys) == expected.format(here / "empty")


def children(folder: Path) -> list[str]:
    """What is in the folder, hidden scraps included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("out", ["out", "deep/new/out"])
@pytest.mark.parametrize("limit", [10, 200, 1_000])
def test_a_disk_that_takes_no_more_leaves_nothing(here: Path, out: str, limit: int) -> None:
    """Whichever file and byte it is at: exit code 2, one line, no folder that was not there; a former result stands."""
    program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); from ringfence.cli.main import main; main()"
    for former in (False, True):
        if former:
            assert subprocess.run([*START, *REPLAY[:-1], out], capture_output=True, check=False).returncode == 0
        before = {name: (here / name).read_bytes() for name in children(here) if (here / name).is_file()}
        done = subprocess.run([sys.executable, "-B", "-c", program, *REPLAY[:-1], out], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"ringfence: {out}: column --out: cannot be written: file too large; name a folder that can be written\n"
        assert {name: (here / name).read_bytes() for name in children(here) if (here / name).is_file()} == before
        assert former or children(here) == sorted(FILES)


@pytest.fixture
def tiny_disk(here: Path) -> Iterator[Path]:
    """A file system of 16 kB, for those who may make one."""
    folder = here / "disk"
    folder.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if not mount or not unmount:
        pytest.skip("no mount here")
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("a file system may not be made here")
    try:
        yield folder
    finally:
        subprocess.run([unmount, str(folder)], check=True)


def test_a_full_disk_leaves_nothing(tiny_disk: Path) -> None:
    """A real one: replay, demo and init each say so in one line, and take back what they began."""
    (tiny_disk / "filler").write_bytes(b"x" * 16_384)
    for arguments, line in (
        (
            [*REPLAY[:-1], "disk/out"],
            "disk/out: column --out: cannot be written: no space left on device; name a folder that can be written",
        ),
        (["init", "disk/pool"], "disk/pool: cannot be written: no space left on device; name a folder that can be written"),
        (["init", "disk"], "disk: cannot be written: no space left on device; name a folder that can be written"),
        (
            ["demo", "--json", "disk/demo.json"],
            "disk/demo.json: column --json: cannot be written: no space left on device; name a file that ",
        ),
    ):
        done = subprocess.run([*START, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.splitlines()[-1].startswith(f"ringfence: {line}")
        assert children(tiny_disk) == ["filler"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("moment", ["reading", "selling"])
@pytest.mark.parametrize("kind", ["csv", "csv.gz"])
def test_ctrl_c_leaves_nothing(here: Path, moment: str, kind: str) -> None:
    """While prices are read, and while the book is sold through them: exit code 130, one line, no folder, no scrap.

    The prices come through a pipe, so that it is known what the command is at: it waits for more of them, or has them all and a second or
    more of work before it.
    """
    os.mkfifo("pipe")
    rows = b"timestamp,price\n" + b"".join(b"%d,2000\n" % (60 * row) for row in range(500_000))
    data = gzip.compress(rows, 1) if kind == "csv.gz" else rows
    command = [*START, *[part.replace("prices.csv", "pipe") for part in REPLAY]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        with open("pipe", "wb") as pipe:
            pipe.write(data if moment == "selling" else data[: len(data) // 2])
            pipe.flush()
            if moment == "reading":
                time.sleep(0.1)
                process.send_signal(signal.SIGINT)
                process.wait(30)
        if moment == "selling":
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"ringfence: interrupted; nothing was written\n")
    assert children(here) == sorted([*FILES, "pipe"])
