"""`ringfence check` as a person runs it: verdict, headroom, meaning; bad files in one line."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from ringfence.cli.check_text import shown_number, span
from ringfence.cli.main import run

STARTER = files("ringfence.inputs").joinpath("starter", "terms.toml").read_text(encoding="utf-8")


@pytest.fixture
def terms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The terms that `ringfence init` gives, in the folder to be in, before a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    path = Path("terms.toml")
    path.write_text(STARTER, encoding="utf-8")
    return path


def change(path: Path, **lines: str) -> None:
    """Gives keys other values, or adds them under [terms]."""
    text = path.read_text(encoding="utf-8")
    for key, value in lines.items():
        text, count = re.subn(rf"^{key} = .*$", f"{key} = {value}", text, flags=re.MULTILINE)
        if not count:
            text = text.replace("[terms]\n", f"[terms]\n{key} = {value}\n")
    path.write_text(text, encoding="utf-8")


def shown(capsys: pytest.CaptureFixture[str], *, code: int = 0) -> str:
    """What the check of terms.toml prints, all of it on standard output, in 80 columns and without a colour."""
    assert run(["check", "terms.toml"]) == code
    out, err = capsys.readouterr()
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
    return out


def test_terms_that_hold_are_explained(terms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0; the headroom of a bound, the way down, a sale, a loss, interest, by figures worked out by hand.

    Price 100 at 80 %: 100 * 80 / 85 = 94.117..; a loss at 6 % begins at an LTV of 1 / 1.06 = 94.339.. %, a price of 84.8. Of the value at
    85 %: incentive 0.85 * 1.01 * 0.005 = 0.429.. % and 0.85 * 1.01 * 0.06 = 5.151 %, penalty 0.85 %, left 15 - 0.85 - 5.151 =
    8.999 %. Sold: (0.85 - 0.80) / (1 - 0.80 * 1.005 * 1.01) / 0.85 = 31.293.. %. 5.5 % at 0.25 % a minute: 22 minutes. Lenders: 1 - 0.80
    * (1 - 1500 / 250000) = 20.48 %, and at 6 % 1 - 0.80 * 1.06 * (1 - 1500 / 250000) = 15.708.. %. Interest at the
    kink: 1 + 0.9 * 6 = 6.4 %; 0.02 / (0.064 * 0.1) = 3.125 years.
    """
    out = shown(capsys)
    assert re.search(r"^ok +max_ltv must be below liq_ltv +80 % +< 85 % +5 %$", out, re.MULTILINE)
    assert re.search(r"^ok +supply must be at most +250,000 +<= 1.70e32 +1.70e32 asset$", out, re.MULTILINE)
    assert "   94.11   85.00 %  below this price it is sold, down to 80 %\n" in out
    assert "   84.80   94.33 %  below, not all of a 6 % incentive is there to be paid\n" in out
    text = " ".join(out.split())
    for said in (
        "At 85 % one sale takes 31.29 % of the debt, or all where less than 500 asset would be left.",
        "a margin of 15 % of its collateral's value. A sale of the whole debt takes 0.42 % to 5.15 % of that value for the incentive and"
        " 0.85 % for the penalty; 8.99 % are left before anybody else pays.",
        "The incentive is 0.5 %, rises 0.25 % a minute on the clock and is 6 % after 22 min. The clock starts anew after 1 h. What the"
        " collateral cannot pay is offered from nothing up to the whole within 20 min.",
        "The smallest loan, 500 asset, earns its buyer 2.5 asset to 30 asset before costs.",
        "With all of the supply lent at 80 % and a reserve of 1,500 asset, lenders lose nothing from a fall of 20.48 % at once if buyers"
        " ask for nothing, but only of 15.7 % at once if buyers get all of 6 %; from a deeper one they do.",
        "Borrowers pay 1 % a year at no utilisation, 6.4 % at 90 %, 26.4 % with all lent out.",
        "90 % of it stay with lenders, 10 % to the reserve until it has 2 % of the debt, 3.1 years of it.",
    ):
        assert said in text, said
    assert out.endswith("\nall 28 bounds hold\n")
    assert "Note" not in out


def test_all_broken_bounds_are_told_at_once(terms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1; each in a sentence with its values, marked in the table with what is beyond; no meaning."""
    change(terms, max_ltv='"0.85"', penalty='"0.21"', incentive_max='"0.2"', sale_timeout="7200")
    out = shown(capsys, code=1)
    assert re.search(r"^NO +max_ltv must be below liq_ltv +85 % +< 85 % +0 %$", out, re.MULTILINE)
    assert re.search(r"^NO +penalty must be at most 0.2 +21 % +<= 20 % +-1 %$", out, re.MULTILINE)
    assert re.search(r"^NO +liq_ltv \* \(1 \+ incentive_max\) +102 % +< 100 % +-2 %$", out, re.MULTILINE)
    assert out.endswith(
        "\n3 of 28 bounds are broken; change these terms:\n"
        "  max_ltv must be below liq_ltv (max_ltv = 0.85, liq_ltv = 0.85)\n"
        "  penalty must be at most 0.2 (penalty = 0.21)\n"
        "  liq_ltv * (1 + incentive_max) must be below 1 (liq_ltv = 0.85, incentive_max =\n    0.2)\n"
    )
    assert "way down" not in out


def test_a_single_broken_bound_is_told(terms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In its grammar; a supply over its cap is one."""
    change(terms, supply_cap='"249999.5"')
    assert shown(capsys, code=1).endswith(
        "\n1 of 28 bounds is broken; change these terms:\n  supply must be at most supply_cap (supply = 250000, supply_cap = 249999.5)\n"
    )


def test_json_is_alone_on_standard_output(terms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table moves to standard error, where it is as without."""
    for code in (0, 1):
        table = shown(capsys, code=code)
        assert run(["check", "terms.toml", "--json"]) == code
        out, err = capsys.readouterr()
        assert json.loads(out)["schema"] == "ringfence.check/1"
        assert json.loads(out)["holds"] is (code == 0)
        assert err == table
        change(terms, penalty='"0.21"')


def test_what_may_not_be_meant_is_noted(terms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0: legal is legal."""
    change(terms, reserve_target="0", min_debt="0")
    out = shown(capsys)
    assert "\nNote: min_debt is 0: a debt that is not worth a buyer's costs may stay unsold.\n" in out
    assert "Note: reserve_target is 0: no interest goes to the reserve" in out


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"borrow_cap": '"100000"'}, "With as much as borrow_cap allows, 100,000 asset, lent at 80 % and a reserve of 1,500 asset,"),
        ({"borrow_cap": '"1000"'}, "lent at 80 % and a reserve of 1,500 asset, lenders lose nothing from a fall of any depth."),
        ({"incentive_base": '"0.06"', "solvent_window": "0"}, "nothing from a fall of 15.7 % at once if buyers get all of 6 %; from"),
        ({"target_ltv": "0"}, "One sale may take the whole debt, since there is no target_ltv."),
        (
            {"incentive_rise": "0", "incentive_base": '"0.06"', "solvent_window": "0", "sale_timeout": "0"},
            "The incentive is 6 % and does not move. What the collateral cannot pay is offered at once, at the cost of reserve and",
        ),
        (
            {"incentive_slope": '"0.5"'},
            "rises 0.25 % a minute on the clock, is 6 % after 22 min and grows 0.5 % for each 1 % of missing health. The clock",
        ),
        ({"min_debt": "0"}, "At 85 % one sale takes 31.29 % of the debt."),
        ({"supply": "0"}, "Nothing can be lent, so nothing can be lost."),
        ({"penalty": "0"}, "and 0 % for the penalty; 9.9 % are left"),
        (
            {"creator_fee": '"0.05"', "fee_recipient": f'"0x{"1" * 40}"'},
            "85 % of it stay with lenders, 5 % to fee_recipient, 10 % to the reserve",
        ),
        ({"reserve_factor": "0"}, "100 % of it stay with lenders."),
    ],
)
def test_each_kind_of_terms_is_said_in_its_words(terms: Path, capsys: pytest.CaptureFixture[str], lines: dict[str, str], said: str) -> None:
    """What a term is without, too."""
    change(terms, **lines)
    assert said in " ".join(shown(capsys).split())


def test_a_fixed_rate_is_said(terms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One figure; without [rate] it is nothing, and noted."""
    text = STARTER[: STARTER.index("[rate]")]
    terms.write_text(text + '[rate]\nmodel = "fixed"\nper_year = "0.05"\n')
    assert "Borrowers pay 5 % a year.\n" in shown(capsys)
    terms.write_text(text)
    out = shown(capsys)
    assert "Borrowers pay 0 % a year.\n" in out
    assert "Note: the rate is 0: lenders earn nothing.\n" in out


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("liqltv = 1", "row {row}, column [terms] liqltv: unknown key: liqltv; did you mean liq_ltv?\n"),
        ("penalty = 0.1", 'row {row}, column [terms] penalty: 0.1 is a float, which is not exact; write it as a string: penalty = "0.1"'),
        ('creator_fee = "0.1"', "column [terms] fee_recipient: is missing while creator_fee is above 0; write the 0x address that"),
        ('premium = "-0.1"', "row {row}, column [terms] premium: '-0.1' is negative; write a decimal of 0 or more"),
        ("lockup = 60.5", "row {row}, column [terms] lockup: 60.5 is a float, which is not exact; write it as a string: lockup = "),
        ('backstop = "0x1"', "row {row}, column [terms] backstop: '0x1' is not an address; write \"0x\" and 40 hexadecimal digits"),
        ("penalty 5", "row {row}, column 9: not TOML: Expected '=' after a key in a key/value pair; write each term as name = "),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_bad_input(terms: Path, capsys: pytest.CaptureFixture[str], line: str, expected: str) -> None:
    """Exit code 2 and one line, as for every command; a broken bound is a failed check, exit code 1."""
    text = STARTER.replace("[terms]\n", f"[terms]\n{line}\n", 1)
    if line.startswith("penalty"):
        text = text.replace('penalty = "0.01" ', "#")
    terms.write_text(text, encoding="utf-8")
    row = text.splitlines().index(line) + 1
    assert run(["check", "terms.toml"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"ringfence: terms.toml: {expected.format(row=row)}")
    assert err.count("\n") == 1


def test_a_cut_amount_is_noticed(terms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, so that the check itself stays clean."""
    change(terms, supply='"250000.0000001"')
    assert run(["check", "terms.toml"]) == 0
    assert capsys.readouterr().err == (
        "notice: terms.toml: 1 amount with digits beyond the token's decimals cut (supply, reserve and caps down, min_debt up)\n"
    )


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0, 18, "0"),
        (5 * 10**17, 18, "0.5"),
        (123_456, 0, "123,456"),
        (1_999_999, 6, "1.9999"),
        (-1_999_999, 6, "-1.9999"),
        (1, 18, "< 0.0001"),
        (10**12 - 1, 0, "999,999,999,999"),
        (10**12, 0, "1.00e12"),
        (2**127 - 1, 6, "1.70e32"),
        (-(10**36), 16, "-1.00e20"),
    ],
)
def test_a_number_is_cut_and_grouped(value: int, digits: int, text: str) -> None:
    """Four digits behind the point at most, none that says nothing; what is small but there says so."""
    assert shown_number(value, digits) == text


def test_seconds_are_said_as_people_do() -> None:
    """Two units at most."""
    shown = {0: "0 s", 59: "59 s", 60: "1 min", 1_330: "22 min 10 s", 3_600: "1 h", 90_061: "1 d 1 h", 86_400 * 1_000: "1,000 d"}
    assert {seconds: span(seconds) for seconds in shown} == shown


def test_a_backstop_without_funds_is_noted(terms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the file does not say, the falls above leave out: a reader is told before trusting them."""
    change(terms, backstop=f'"0x{"b5" * 20}"', premium='"0.05"')
    note = "Note: nothing is said of what the backstop has, so it bears nothing here and in a replay; a [backstop] with assets gives it"
    assert f"{note} some." in " ".join(shown(capsys).split())
    terms.write_text(terms.read_text(encoding="utf-8") + "[backstop]\nassets = 50_000\n", encoding="utf-8")
    assert "Note" not in shown(capsys)


def test_backstop_premium_and_lockup_are_said(terms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What each amounts to; their bounds are among all others, with headroom."""
    text = STARTER.replace("[terms]\n", f'[terms]\nbackstop = "0x{"b5" * 20}"\npremium = "0.05"\nlockup = 86400\n', 1)
    terms.write_text(text + "[backstop]\nassets = 10000\nmax_share = 1e-1\n".replace("1e-1", '"0.1"'), encoding="utf-8")
    out = " ".join(shown(capsys).split())
    assert "a reserve of 1,500 asset and 1,000 asset from the backstop, lenders lose nothing from a fall of" in out
    assert "85 % of it stay with lenders, 5 % to the backstop, 10 % to the reserve until it has" in out
    assert "Each deposit locks all that its lender has in the pool for 1 d." in out
    assert "premium must be at most 1 5 % <= 100 % 95 %" in out
    assert re.search(r"ok lockup must be below (2\^64 )?(seconds )?86,400 s <= 1.84e19 s", out)
    assert "a premium needs a backstop" in out
