"""`ringfence curve` as a person runs it."""

import hashlib
import json
from pathlib import Path

import pytest

from ringfence.cli.main import run
from tests.unit.cli.small_replay import FILES

CURVE = ["curve", "--book", "book.csv", "--terms", "terms.toml", "--price", "2000"]
PRICE = "give the price of a whole collateral token in whole asset tokens"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a book of two loans (1,600 and 900 on one collateral each) and terms of 86 %, to be in."""
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        Path(name).write_text(content)
    return tmp_path


def test_the_curve_is_shown_and_written(capsys: pytest.CaptureFixture[str]) -> None:
    """At 1,800 alice's collateral bears 1,548 and she owes 1,600; at 1,000 she lacks 600 and bob is liquidatable too."""
    assert run([*CURVE, "--shock-step", "0.1", "--out", "out"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == "pool: 2 accounts, liq_ltv 0.86, price 2000"
    table = {cells[0]: cells[2:] for cells in (line.split() for line in lines if " % " in line[:8])}
    assert table["0"] == ["0", "0.00", "0.00", "0.00", "0", "0.00"]
    assert table["10"] == ["1", "1.00", "1,600.00", "1,600.00", "0", "0.00"]
    assert table["50"] == ["2", "2.00", "2,500.00", "900.00", "1", "600.00"]
    assert "largest position 64.00 % of the debt, ten largest 100.00 %, as 1.85 equal ones" in lines
    assert "most debt becomes liquidatable at a fall of 10 %: 1,600.000000 asset" in lines
    assert "sold at once, nothing is lost to a fall of 20 %" in lines
    assert lines[-1] == "written to out"
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line != line.rstrip()] == []
    written = json.loads(Path("out/result.json").read_text())
    assert written["schema"] == "ringfence.curve/1"
    assert written["inputs"] == {name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in ("book.csv", "terms.toml")}
    assert written["options"] == {"price": str(2000 * 10**24), "shock_step": str(10**17)}
    assert written["curve"][5] == {
        "shock": str(5 * 10**17),
        "price": str(1000 * 10**24),
        "positions": 2,
        "collateral": str(2 * 10**18),
        "debt": "2500000000",
        "wall": "900000000",
        "insolvent": 1,
        "loss": "600000000",
    }
    assert len(Path("out/curve.csv").read_text().splitlines()) == 11


def test_json_is_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """The table moves to standard error; without --out nothing is written."""
    before = sorted(path.name for path in Path().iterdir())
    assert run([*CURVE, "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["curve"]) == 20
    assert "of it new" in err
    assert sorted(path.name for path in Path().iterdir()) == before


def test_of_many_rows_some_are_shown_and_all_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty rows, between which nothing is left out of the sums."""
    assert run([*CURVE, "--shock-step", "0.001", "--out", "out"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if " % " in line[:8]]
    assert [line[0] for line in lines] == [f"{5 * number}" for number in range(20)]
    assert sum(float(line[5].replace(",", "")) for line in lines) == 2_500
    assert len(Path("out/curve.csv").read_text().splitlines()) == 1_001


def test_the_reserve_is_set_beside_the_loss(capsys: pytest.CaptureFixture[str]) -> None:
    """What it bears, what it does not bear even at first, and nothing where nothing is lost."""
    Path("terms.toml").write_text(FILES["terms.toml"].replace('supply = "3000"', 'supply = "3000"\nreserve = "600"'))
    assert run(CURVE) == 0
    assert "sold at once, the reserve of 600.000000 bears the loss to a fall of 50 %" in capsys.readouterr().out
    assert run([*CURVE[:-1], "500"]) == 0
    out, err = capsys.readouterr()
    assert "sold at once, more is lost at the price itself than the reserve holds" in out
    assert err == "notice: --price: 2 of 2 loans are under water at it; is it the price of collateral in asset?\n"
    Path("book.csv").write_text("account,collateral,debt\nalice,1,0\n")
    assert run(CURVE) == 0
    out, _ = capsys.readouterr()
    assert "sold at once" not in out and "largest" not in out and "becomes liquidatable" not in out


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--price", "0"], f"--price: is not above 0 in base units; {PRICE}"),
        (["--price", "1e-30"], f"--price: is not above 0 in base units; {PRICE}"),
        (["--price", "cheap"], f"--price: 'cheap' is not a decimal number; {PRICE}"),
        (["--price", "1e60"], f"--price: '1e60' does not fit: too large; {PRICE}"),
        (["--shock-step", "0"], "--shock-step: is not from 0.001 to 1; give a decimal, 0.05 for 5 %"),
        (["--shock-step", "1.1"], "--shock-step: is not from 0.001 to 1; give a decimal, 0.05 for 5 %"),
        (["--shock-step", "-0.1"], "--shock-step: '-0.1' is negative; give a decimal, 0.05 for 5 %"),
        (["--book", "nobody.csv"], "nobody.csv: no such file or directory; give the path of a readable file"),
        (["--out", "book.csv"], "book.csv: column --out: is not a folder; name a new folder"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(more: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and the folder as it was."""
    before = sorted(path.name for path in Path().iterdir())
    assert run([*CURVE, *more]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"ringfence: {expected}\n")
    assert sorted(path.name for path in Path().iterdir()) == before


def test_a_book_that_does_not_fit_the_pool_is_refused_as_by_a_replay(capsys: pytest.CaptureFixture[str]) -> None:
    """With the row."""
    Path("book.csv").write_text("account,collateral,debt\nalice,1,1600\nbob,0,900\n")
    assert run(CURVE) == 2
    assert capsys.readouterr().err.startswith("ringfence: book.csv: row 3, column collateral: account 'bob': collateral is 0")
    Path("book.csv").write_text("account,collateral,debt\nalice,1,3001\n")
    assert run(CURVE) == 2
    assert "supply of 3000" in capsys.readouterr().err


def test_a_replay_and_a_curve_take_each_others_place(capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that holds a former result may hold any."""
    replay = ["replay", "--book", "book.csv", "--terms", "terms.toml", "--prices", "prices.csv", "--out", "out"]
    for command, files in ((replay, {"result.json", "sales.csv"}), ([*CURVE, "--out", "out"], {"result.json", "curve.csv"})) * 2:
        assert run(command) == 0
        assert {path.name for path in Path("out").iterdir()} == files
    capsys.readouterr()
