"""`inputs/pool_text.py`: what is written is read as what it was, whatever it was."""

import random
from dataclasses import fields, replace
from pathlib import Path

import pytest

from ringfence.inputs.book import Book, read_book
from ringfence.inputs.pool_file import (
    MAX_BORROW_CAP,
    MAX_SUPPLY_CAP,
    UNITS,
    AdaptiveRateTerms,
    FixedRateTerms,
    Fund,
    KinkedRateTerms,
    PoolFile,
    RateTerms,
    read_pool_file,
)
from ringfence.inputs.pool_text import book_text, terms_text, written_terms
from ringfence.model.terms import WAD, YEAR_SECONDS, ZERO_ADDRESS, Terms

NAMES = ("ETH/USDC", 'a "quoted" name', "back\\slash", "a # b = [c]", "naïve ünïcode €", "'")
STARTER = Path(__file__).resolve().parents[3] / "src" / "ringfence" / "inputs" / "starter"


def rate(draw: random.Random) -> RateTerms:
    """Any of the three kinds, from years' rates of few and of many digits."""

    def per_second(most: int) -> int:
        return draw.choice((draw.randint(0, 100) * WAD // 100, draw.randint(0, most))) // YEAR_SECONDS

    match draw.randint(0, 2):
        case 0:
            return FixedRateTerms(per_second(8 * WAD))
        case 1:
            return AdaptiveRateTerms(draw.randint(WAD // 1000, 2 * WAD) // YEAR_SECONDS)
        case _:
            return KinkedRateTerms(per_second(WAD), draw.randint(0, WAD), per_second(WAD), per_second(50 * WAD))


def pool(draw: random.Random) -> PoolFile:
    """A pool of any terms that a file can hold."""
    decimals = draw.choice((0, 2, 6, 18, 24))
    given: dict[str, int | str] = {}
    for name, unit in UNITS.items():
        match unit:
            case "address":
                given[name] = draw.choice((ZERO_ADDRESS, f"0x{draw.getrandbits(160):040x}"))
            case "amount":
                given[name] = draw.choice((0, draw.getrandbits(100), 10**decimals * draw.randint(1, 10**9)))
            case "ratio":
                given[name] = draw.choice((0, draw.randint(1, 99) * WAD // 100, draw.randint(0, 2 * WAD), 3 * 10**37))
            case _:
                given[name] = draw.choice((0, draw.randint(0, 10**6)))
    given |= {
        "supply_cap": draw.choice((MAX_SUPPLY_CAP, 0, 5)),
        "borrow_cap": draw.choice((MAX_BORROW_CAP, 0, 5)),
        "backstop": "0x" + "b5" * 20,
    }
    given |= {"fee_recipient": "0x" + "fe" * 20, "asset": "0x" + "a5" * 20}
    fund = Fund(draw.randint(1, 10**20), draw.randint(1, 10**20), draw.randint(1, WAD))
    return PoolFile(
        terms=Terms(**given),  # type: ignore[arg-type]
        rate=rate(draw),
        collateral_decimals=draw.choice((0, 8, 18, 27)),
        asset_decimals=decimals,
        supply=draw.getrandbits(100),
        reserve=draw.choice((0, draw.getrandbits(60))),
        name=draw.choice(NAMES),
        fund=draw.choice((None, fund)),
    )


def test_terms_are_read_as_what_was_written(tmp_path: Path) -> None:
    """Three hundred pools; every field, and no digit cut."""
    draw = random.Random(11)
    seen = set()
    for _ in range(300):
        made = pool(draw)
        (tmp_path / "terms.toml").write_text(
            terms_text(made, ["A heading", ""], {"liq_ltv": "a note", "reserve": "another"}), encoding="utf-8"
        )
        read = read_pool_file(tmp_path / "terms.toml")
        assert read.notices == ()
        assert replace(read, source=None) == made
        seen |= {type(made.rate), made.fund is None, made.name}
    assert len(seen) == 3 + 2 + len(NAMES)


@pytest.mark.parametrize("per_year", ["0", "0.05", "0.0375", "1", "2", "0.3333", "0.123456789"])
def test_a_rate_is_written_as_a_person_would(per_year: str) -> None:
    """By the fewest digits that make the same rate of a second of."""
    digits = len(per_year.partition(".")[2])
    per_second = int(per_year.replace(".", "")) * 10 ** (18 - digits) // YEAR_SECONDS
    text = terms_text(replace(pool(random.Random(1)), rate=FixedRateTerms(per_second)))
    assert f'per_year = "{per_year}"' in text


def test_the_files_to_start_from_are_written_as_they_are(tmp_path: Path) -> None:
    """Each term of the starter's file with its own value, and its loans."""
    starter = read_pool_file(STARTER / "terms.toml")
    book = read_book(STARTER / "book.csv", starter.collateral_decimals, starter.asset_decimals)
    (tmp_path / "terms.toml").write_text(terms_text(starter))
    (tmp_path / "book.csv").write_text(book_text(book, starter))
    assert replace(read_pool_file(tmp_path / "terms.toml"), source=None) == replace(starter, source=None)
    again = read_book(tmp_path / "book.csv", starter.collateral_decimals, starter.asset_decimals)
    assert replace(again, source=None) == replace(book, source=None)
    for line in ('liq_ltv = "0.85"', 'incentive_rise = "0.000041666666666667"', "sale_timeout = 3600", 'slope_above_per_year = "2"'):
        assert line in terms_text(starter).splitlines()
    assert "supply_cap" not in terms_text(starter)


def test_every_book_is_read_as_what_was_written(tmp_path: Path) -> None:
    """Accounts with signs that mean something in CSV, amounts of one unit and of many digits, debts of 0."""
    draw = random.Random(12)
    accounts = ("plain", "a,b", 'a "b"', "semi;colon", "ünïcode", "0x" + "1" * 40, "'")
    for _ in range(100):
        collateral_decimals, decimals = draw.choice((0, 8, 18)), draw.choice((0, 6, 18))
        made = replace(pool(draw), collateral_decimals=collateral_decimals, asset_decimals=decimals)
        book = Book(
            accounts, tuple(1 + draw.getrandbits(90) for _ in accounts), tuple(draw.choice((0, 1, draw.getrandbits(90))) for _ in accounts)
        )
        (tmp_path / "book.csv").write_text(book_text(book, made), encoding="utf-8")
        read = read_book(tmp_path / "book.csv", collateral_decimals, decimals)
        assert (read.accounts, read.collateral, read.debt, read.notices) == (book.accounts, book.collateral, book.debt, ())


def test_a_note_stands_behind_its_key_alone() -> None:
    """Also where two tables have a key of one meaning: what the backstop pays at most is `backstop_max_assets`."""
    made = replace(pool(random.Random(2)), fund=Fund(10, 5, WAD), name="x")
    text = terms_text(made, ["top"], {"backstop_max_assets": "of the fund", "reserve": "of the pool"})
    assert text.startswith("# top\n\n[pool]\n")
    noted = {line.split(" = ")[0]: line.partition("# ")[2] for line in text.splitlines() if " = " in line and "# " in line}
    assert noted == {"max_assets": "of the fund", "reserve": "of the pool"}


def test_terms_in_a_result_are_those_of_the_file() -> None:
    """All that are no addresses, without the quotes; a cap that limits nothing is left out."""
    made = replace(pool(random.Random(3)), asset_decimals=6)
    made = replace(made, terms=replace(made.terms, liq_ltv=WAD * 3 // 4, supply_cap=MAX_SUPPLY_CAP, borrow_cap=1_500_000, lockup=7))
    shown = written_terms(made)
    assert (shown["liq_ltv"], shown["borrow_cap"], shown["lockup"]) == ("0.75", "1.5", "7")
    assert "supply_cap" not in shown
    assert set(shown) | {"supply_cap"} == {field.name for field in fields(Terms) if UNITS[field.name] != "address"}
