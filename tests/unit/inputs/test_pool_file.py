"""Terms files: names as fixed, decimals exact, and nothing unknown taken silently."""

from pathlib import Path

import pytest

from ringfence.inputs.errors import InputError
from ringfence.inputs.pool_file import (
    STAND_INS,
    AdaptiveRateTerms,
    FixedRateTerms,
    Fund,
    KinkedRateTerms,
    PoolFile,
    read_pool_file,
    terms_with_stand_ins,
)
from ringfence.model.terms import WAD, ZERO_ADDRESS

POOL = '[pool]\ncollateral_decimals = 18\nasset_decimals = 6\nsupply = "1000"\n'
ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


def read(folder: Path, content: str | bytes) -> PoolFile:
    """What a file with this content says."""
    path = folder / "terms.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_pool_file(path)


def refusal(folder: Path, content: str | bytes) -> str:
    """The line that refuses it."""
    with pytest.raises(InputError) as caught:
        read(folder, content)
    line = str(caught.value)
    assert "\n" not in line
    return line.removeprefix(str(folder / "terms.toml"))


def test_each_unit_is_read_as_fixed(tmp_path: Path) -> None:
    """Ratios in WAD, rise per second, amounts by the asset's decimals, seconds as they are; a year is 31,536,000 s."""
    pool = read(
        tmp_path,
        POOL
        + f"""
reserve = "2.5"
name = "ETH/USDC"
[terms]
liq_ltv = "0.86"
max_ltv = "0.80"
target_ltv = "0.5"
incentive_base = "0.005"
incentive_rise = "0.000041666666666667"
incentive_slope = 2
incentive_max = "6e-2"
penalty = "0.01"
reserve_factor = "0.1"
reserve_target = 1
creator_fee = "0.05"
fee_recipient = "{ADDRESS}"
supply_cap = "5000.5"
borrow_cap = 0
min_debt = "500"
solvent_window = 1200
sale_timeout = "3600"
[rate]
model = "kinked"
base_per_year = "0.02"
kink = "0.8"
slope_below_per_year = "0.05"
slope_above_per_year = "3"
""",
    )
    terms = pool.terms
    assert (pool.name, pool.supply, pool.reserve) == ("ETH/USDC", 1000_000_000, 2_500_000)
    assert (terms.liq_ltv, terms.max_ltv, terms.target_ltv) == (86 * 10**16, 80 * 10**16, 50 * 10**16)
    assert (terms.incentive_base, terms.incentive_rise, terms.incentive_max) == (5 * 10**15, 41666666666667, 6 * 10**16)
    assert (terms.incentive_slope, terms.reserve_target) == (2 * WAD, WAD)
    assert (terms.supply_cap, terms.borrow_cap, terms.min_debt) == (5_000_500_000, 0, 500_000_000)
    assert (terms.solvent_window, terms.sale_timeout) == (1200, 3600)
    assert terms.fee_recipient == ADDRESS.lower()
    expected = [value * 10**16 // 31_536_000 for value in (2, 5, 300)]
    assert pool.rate == KinkedRateTerms(expected[0], 8 * 10**17, expected[1], expected[2])


@pytest.mark.parametrize(("per_year", "per_second"), [("0.001", 31_709_791), ("0.04", 1_268_391_679), ("2", 63_419_583_967)])
def test_an_adaptive_rate_is_its_start(tmp_path: Path, per_year: str, per_second: int) -> None:
    """A second's rate is a year's by 31,536,000, rounded down; accepted at both bounds."""
    pool = read(tmp_path, f'{POOL}[rate]\nmodel = "adaptive"\nrate_at_target_per_year = "{per_year}"\n')
    assert pool.rate == AdaptiveRateTerms(per_second)


def test_what_is_omitted_has_the_fixed_default(tmp_path: Path) -> None:
    """0; incentive_max the base; caps their largest legal value; rate fixed, 0."""
    pool = read(tmp_path, POOL + '[terms]\nincentive_base = "0.05"\n')
    assert pool.terms.incentive_max == 5 * 10**16
    assert (pool.terms.supply_cap, pool.terms.borrow_cap) == (2**127 - 1, (2**127 - 1) // 10**6)
    assert (pool.terms.liq_ltv, pool.terms.min_debt, pool.terms.sale_timeout, pool.terms.asset) == (0, 0, 0, ZERO_ADDRESS)
    assert (pool.rate, pool.reserve, pool.name) == (FixedRateTerms(0), 0, "pool")


def test_a_cap_of_zero_stays_zero_and_an_explicit_incentive_max_too(tmp_path: Path) -> None:
    """An explicit value is never taken for an omission."""
    terms = read(tmp_path, POOL + '[terms]\nincentive_base = "0.05"\nincentive_max = 0\nsupply_cap = "0"\n').terms
    assert (terms.incentive_max, terms.supply_cap) == (0, 0)


def test_a_fixed_rate_is_cut_to_the_second(tmp_path: Path) -> None:
    """floor(WAD per year / 31,536,000)."""
    assert read(tmp_path, POOL + '[rate]\nmodel = "fixed"\nper_year = "0.05"\n').rate == FixedRateTerms(1585489599)


def test_digits_beyond_the_asset_are_cut_for_the_pool_with_one_notice(tmp_path: Path) -> None:
    """Supply, reserve and caps down, min_debt up."""
    pool = read(
        tmp_path, POOL.replace("1000", "1.9999999") + 'reserve = "0.1234567"\n[terms]\nmin_debt = "1.0000001"\nborrow_cap = "1.9999999"\n'
    )
    assert (pool.supply, pool.reserve, pool.terms.min_debt, pool.terms.borrow_cap) == (1_999_999, 123_456, 1_000_001, 1_999_999)
    assert [notice.split(": ", 1)[1] for notice in pool.notices] == [
        "4 amounts with digits beyond the token's decimals cut (supply, reserve and caps down, min_debt up)"
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ": column [pool] collateral_decimals: is missing"),
        ("[pool]\ncollateral_decimals = 18\nasset_decimals = 6\n", ": column [pool] supply: is missing"),
        (
            POOL + "[terms]\nliq_ltv = 0.86\n",
            ': row 6, column [terms] liq_ltv: 0.86 is a float, which is not exact; write it as a string: liq_ltv = "0.86"',
        ),
        (POOL + "[terms]\nliq_ltv = 1e-1\n", 'write it as a string: liq_ltv = "1e-1"'),
        (POOL + "[terms]\nliq_ltv = nan\n", "is a float"),
        (
            POOL + '[terms]\nliqltv = "0.86"\n',
            ": row 6, column [terms] liqltv: unknown key: liqltv; did you mean liq_ltv?",
        ),
        (
            POOL + "decimals = 5\n",
            ": row 5, column [pool] decimals: unknown key: decimals; did you mean asset_decimals? known are collateral_decimals,",
        ),
        (POOL + '[tems]\nliq_ltv = "0.86"\n', ": row 5, column tems: unknown table: tems; did you mean terms? known are pool, terms, rate"),
        ('liq_ltv = "0.86"\n' + POOL, ": row 1, column liq_ltv: unknown table: liq_ltv"),
        (POOL + '[rate]\nmodel = "kinked"\nper_year = "0.05"\n', ": row 7, column [rate] per_year: unknown key"),
        (
            POOL + '[rate]\nmodel = "adaptive"\nrate_at_target_per_year = "0.0009"\n',
            ': row 7, column [rate] rate_at_target_per_year: \'0.0009\' is out of range; write a rate of "0.001" to "2"',
        ),
        (POOL + '[rate]\nmodel = "adaptive"\nrate_at_target_per_year = "2.1"\n', "'2.1' is out of range"),
        (POOL + '[rate]\nmodel = "adaptive"\n', ": column [rate] rate_at_target_per_year: is missing"),
        (POOL + '[rate]\nmodel = "adaptive"\nper_year = "0.05"\n', ": row 7, column [rate] per_year: unknown key"),
        (POOL + '[rate]\nper_year = "0.05"\n', ": column [rate] model: is missing"),
        (POOL + '[rate]\nmodel = "random"\n', "'random' is unknown"),
        (POOL + "[rate]\nmodel = [1]\n", "is unknown"),
        (
            POOL + '[rate]\nmodel = "kinked"\nkink = "1.1"\n',
            ": row 7, column [rate] kink: '1.1' does not fit: too large; write a decimal of 0 or more with at "
            "most 18 digits after the point and at most 1",
        ),
        (POOL + '[rate]\nmodel = "fixed"\nper_year = "-0.05"\n', "'-0.05' is negative"),
        (POOL + '[terms]\nliq_ltv = "0.1234567890123456789"\n', "has more than 18 digits after the point"),
        (POOL + '[terms]\nliq_ltv = "1e999999999"\n', "does not fit"),
        (POOL + f"[terms]\nliq_ltv = {'9' * 200}\n", "does not fit"),
        (POOL + f"[terms]\nliq_ltv = {'9' * 5000}\n", ": not TOML: Exceeds the limit"),
        (POOL + "[terms]\nliq_ltv = -1\n", "'-1' is negative"),
        (POOL + "[terms]\nliq_ltv = true\n", "'True' is not a number"),
        (POOL + "[terms]\nliq_ltv = 2020-01-01\n", "is not a number"),
        (POOL + "[terms]\nliq_ltv = []\n", "is not a number"),
        (POOL + '[terms]\nsale_timeout = "1.5"\n', "'1.5' is not a whole number"),
        (POOL + '[terms]\nfee_recipient = "0x12"\n', "'0x12' is not an address"),
        (POOL + "[terms]\nfee_recipient = 0\n", "'0' is not an address"),
        (POOL + '[terms]\ncreator_fee = "0.1"\n', ": column [terms] fee_recipient: is missing while creator_fee is above 0"),
        (POOL + f'[terms]\nasset = "{ADDRESS}"\ncollateral = "{ADDRESS.lower()}"\n', "is the asset"),
        (POOL.replace("= 6", "= 250"), ": row 3, column [pool] asset_decimals: '250' does not fit"),
        (POOL.replace("= 18", "= 256"), "'256' does not fit"),
        (POOL.replace('"1000"', '"-1"'), ": row 4, column [pool] supply: '-1' is negative"),
        (POOL.replace('"1000"', '"3.5e32"'), ": row 4, column [pool] supply: '3.5e32' does not fit"),
        (POOL.replace('"1000"', '"nan"'), "'nan' is not finite"),
        (POOL + 'name = ""\n', "'' is no name"),
        (POOL + f'name = "{"é" * 33}"\n', "is no name"),
        (POOL + 'name = "a\\tb"\n', "is no name"),
        (POOL + "[pool]\n", ": row 5, column 6: not TOML: Cannot declare ('pool',) twice"),
        (POOL + "[terms\n", ": row 5"),
        ("pool = 1\n", "[pool] is not a table"),
        ("[[pool]]\nsupply = 1\n", "[pool] is not a table"),
        ("a = " + "[" * 100_000, ": is nested too deeply"),
        ("#" * 300_000, ": is larger than 262,144 bytes"),
    ],
)
def test_bad_terms_are_refused_with_key_reason_and_remedy(tmp_path: Path, content: str, expected: str) -> None:
    """One line says where, why and what to do."""
    assert expected in refusal(tmp_path, content)


@pytest.mark.parametrize(("content", "expected"), [(b"[pool]\nname = '\xff'\n", ": row 2: byte '0xff' is not UTF-8"), (b"\0", "not TOML")])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    """With the row where there is one."""
    assert expected in refusal(tmp_path, content)


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    """As editors of some systems write it."""
    assert read(tmp_path, b"\xef\xbb\xbf" + POOL.encode()).supply == 1000_000_000


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """A missing file and a folder."""
    for path, reason in ((tmp_path / "absent.toml", "no such file"), (tmp_path, "is a directory")):
        with pytest.raises(InputError, match=reason):
            read_pool_file(path)


def test_stand_ins_take_the_place_of_what_is_needed_or_set(tmp_path: Path) -> None:
    """A simulated pool needs four parts; of the others only whether they are set counts."""
    given = read(tmp_path, POOL + f'[terms]\nfee_recipient = "{ADDRESS}"\n').terms
    terms = terms_with_stand_ins(given)
    assert [getattr(terms, name) for name in STAND_INS] == [
        ZERO_ADDRESS if name == "backstop" else stand_in for name, stand_in in STAND_INS.items()
    ]
    assert len({terms.asset, terms.collateral, terms.oracle, terms.rate_model, terms.fee_recipient}) == 5


WITH_BACKSTOP = POOL + f'[terms]\nbackstop = "{ADDRESS}"\npremium = "0.1"\nlockup = 3600\n'


def test_what_stands_behind_a_backstop_is_read(tmp_path: Path) -> None:
    """Whole tokens, cut, and a share; without limits the pool may draw all there is; without the table there is nothing."""
    assert read(tmp_path, WITH_BACKSTOP).fund is None
    terms = read(tmp_path, WITH_BACKSTOP).terms
    assert (terms.backstop, terms.premium, terms.lockup) == (ADDRESS.lower(), WAD // 10, 3_600)
    pool = read(tmp_path, WITH_BACKSTOP + '[backstop]\nassets = "500.0000019"\nmax_assets = 300\nmax_share = "0.25"\n')
    assert pool.fund == Fund(500_000_001, 300_000_000, WAD // 4)
    assert pool.fund.limit == 500_000_001 // 4
    assert len(pool.notices) == 1
    whole = read(tmp_path, WITH_BACKSTOP + "[backstop]\nassets = 500\n").fund
    assert whole == Fund(500_000_000, 500_000_000, WAD)
    assert whole.limit == 500_000_000


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ("assets = 0", "row 10, column [backstop] assets: is 0, so that nothing is covered; write what its underwriters bring"),
        ("", "column [backstop] assets: is missing; write what its underwriters bring"),
        ("max_assets = 5", "column [backstop] assets: is missing; write what its underwriters bring, in whole asset tokens, or"),
        ("assets = 5\nmax_assets = 0", "row 11, column [backstop] max_assets: is 0, so that nothing is covered; write the most"),
        ('assets = 5\nmax_share = "0"', "row 11, column [backstop] max_share: is 0, so that nothing is covered; write the largest part"),
        (
            'assets = 5\nmax_share = "1.01"',
            "row 11, column [backstop] max_share: '1.01' does not fit: too large; write a decimal of 0 or more",
        ),
        ("assets = 5\nmax_shares = 1", "row 11, column [backstop] max_shares: unknown key: max_shares; did you mean max_share? known are"),
        ("assets = 5.5", "row 10, column [backstop] assets: 5.5 is a float, which is not exact"),
        (f"assets = {2**128}", "row 10, column [backstop] assets: "),
    ],
)
def test_a_fund_that_cannot_be_is_refused(tmp_path: Path, lines: str, line: str) -> None:
    """With its row, and what to do."""
    assert refusal(tmp_path, WITH_BACKSTOP + f"[backstop]\n{lines}\n").startswith(f": {line}")


def test_a_fund_needs_the_backstop_of_the_terms(tmp_path: Path) -> None:
    """A pool that names none never draws."""
    told = refusal(tmp_path, POOL + "[backstop]\nassets = 5\n")
    remedy = "write its 0x address, in a simulation any that is not zero"
    assert told == f": column [terms] backstop: is missing while there is a [backstop]; {remedy}"
    told = refusal(tmp_path, POOL + f'[terms]\nbackstop = "{ZERO_ADDRESS}"\n[backstop]\nassets = 5\n')
    assert told == f": row 6, column [terms] backstop: is the zero address, which means none, while there is a [backstop]; {remedy}"
