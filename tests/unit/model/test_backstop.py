"""The backstop's rules in figures that can be worked out by hand, and what its page says of them."""

import doctest
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.model.backstop import MAX_COOLDOWN, WINDOW, Backstop
from ringfence.model.erc20 import Ledger
from ringfence.model.errors import Revert
from ringfence.model.terms import MAX_UINT128, MAX_UINT256, WAD, ZERO_ADDRESS

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "backstop.md"
NOW, COOLDOWN = 1_700_000_000, 864_000
UNIT = 10**6


def made(*covers: tuple[str, int, int], is_sealed: bool = True) -> tuple[Backstop, Ledger]:
    """A fund over a plain token, with an underwriter who has plenty of it."""
    asset = Ledger()
    fund = Backstop(asset, COOLDOWN, creator="creator")
    for pool, max_assets, max_share_wad in covers:
        fund.set_cover("creator", pool, max_assets, max_share_wad)
    if is_sealed:
        fund.seal("creator")
    for owner in ("underwriter", "another"):
        asset.mint(owner, MAX_UINT128)
        asset.approve(owner, fund.address, MAX_UINT256)
    return fund, asset


def test_a_layer_has_an_attachment_a_limit_and_an_exhaustion() -> None:
    """Losses beyond a reserve of 20, one after another, against a cover of 60 and half of a fund of 100: 50 in all, and 0 from then on."""
    fund, _ = made(("pool", 60, WAD // 2))
    fund.deposit("underwriter", 100, "underwriter")
    assert fund.cover("pool", 30) == 30
    # Half of 70 + 30, less 30.
    assert fund.cover_left("pool") == 20
    assert fund.cover("pool", 30) == 20
    assert (fund.cover("pool", 1), fund.cover_left("pool")) == (0, 0)
    # Premium of 40 makes half of 90 + 50 less 50 = 20; max_assets leaves 10 of it.
    fund._asset.mint(fund.address, 40)
    assert fund.cover_left("pool") == 10
    assert fund.cover_of("pool") == (60, WAD // 2, 50)


def test_a_limit_that_falls_below_what_was_drawn_leaves_nothing() -> None:
    """Half of 100 is drawn, then another pool draws the rest: half of 0 + 50 is less than 50, and nothing is left, not a debt."""
    fund, _ = made(("pool", 1_000, WAD // 2), ("greedy", 1_000, WAD))
    fund.deposit("underwriter", 100, "underwriter")
    assert fund.cover("pool", 1_000) == 50
    assert fund.cover("greedy", 1_000) == 50
    assert (fund.cover_left("pool"), fund.cover_left("greedy"), fund.cover("pool", 1)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("caller", "arguments", "text"),
    [
        ("underwriter", ("pool", 1, 1), "backstop: caller is not the creator"),
        ("creator", (ZERO_ADDRESS, 1, 1), "backstop: account is zero"),
        ("creator", ("backstop", 1, 1), "backstop: covers itself"),
        ("creator", ("covered", 1, 1), "backstop: pool is already covered"),
        ("creator", ("pool", 0, 1), "backstop: cover is zero"),
        ("creator", ("pool", 1, 0), "backstop: cover is zero"),
        ("creator", ("pool", MAX_UINT128 + 1, 1), "backstop: over 128 bits"),
        ("creator", ("pool", 1, WAD + 1), "backstop: share over 100 %"),
    ],
)
def test_a_cover_is_refused(caller: str, arguments: tuple[str, int, int], text: str) -> None:
    """Each bound with its text, and the creator after the seal; at the bounds it is taken."""
    fund, _ = made(("covered", MAX_UINT128, WAD), is_sealed=False)
    with pytest.raises(Revert, match=re.escape(text)):
        fund.set_cover(caller, *arguments)
    fund.set_cover("creator", "pool", MAX_UINT128, WAD)
    fund.seal("creator")
    for again in (lambda: fund.set_cover("creator", "third", 1, 1), lambda: fund.seal("creator")):
        with pytest.raises(Revert, match="backstop: sealed"):
            again()


def test_a_window_is_open_from_the_end_of_the_cooldown_for_two_days() -> None:
    """One second before, the first second, the last second, one second after."""
    for wait, is_open in ((COOLDOWN - 1, False), (COOLDOWN, True), (COOLDOWN + WINDOW, True), (COOLDOWN + WINDOW + 1, False)):
        fund, asset = made()
        amount = fund.deposit("underwriter", 100 * UNIT, "underwriter")
        fund.request_redeem("underwriter", amount, NOW)
        assert fund.max_redeem("underwriter", NOW + wait) == (amount if is_open else 0)
        if is_open:
            assert fund.redeem("underwriter", amount, "underwriter", "underwriter", NOW + wait) == 100 * UNIT
            assert asset.balance_of("underwriter") == MAX_UINT128
        else:
            with pytest.raises(Revert, match="cooldown has not passed" if wait < COOLDOWN else "expired"):
                fund.redeem("underwriter", amount, "underwriter", "underwriter", NOW + wait)


def test_a_notice_is_used_up_in_parts_and_replaced_by_the_next() -> None:
    """100 shares' worth under notice leave as 40 and 60, no more; a second notice makes the first one void."""
    fund, _ = made()
    amount = fund.deposit("underwriter", 200, "underwriter")
    fund.request_redeem("underwriter", amount // 2, NOW)
    assert fund.notice_of("underwriter", NOW) == (amount // 2, NOW + COOLDOWN, NOW + COOLDOWN + WINDOW)
    later = NOW + COOLDOWN
    assert fund.withdraw("underwriter", 40, "underwriter", "underwriter", later) == amount // 5
    with pytest.raises(Revert, match="more than is under notice"):
        fund.withdraw("underwriter", 61, "underwriter", "underwriter", later)
    fund.request_redeem("underwriter", amount // 2, later)
    with pytest.raises(Revert, match="cooldown has not passed"):
        fund.withdraw("underwriter", 60, "underwriter", "underwriter", later)


def test_shares_under_notice_stay_and_the_others_move() -> None:
    """60 of 100 under notice: 40 move, 41 do not, all do when the notice has expired."""
    fund, _ = made()
    amount = fund.deposit("underwriter", 100, "underwriter")
    fund.request_redeem("underwriter", amount * 6 // 10, NOW)
    with pytest.raises(Revert, match="shares are under notice"):
        fund.transfer("underwriter", "another", amount * 4 // 10 + 1, NOW)
    assert fund.transfer("underwriter", "another", amount * 4 // 10, NOW)
    assert fund.transfer("underwriter", "another", 0, NOW)
    with pytest.raises(Revert, match="shares are under notice"):
        fund.transfer("underwriter", "another", 1, NOW + COOLDOWN + WINDOW)
    assert fund.transfer("underwriter", "another", amount * 6 // 10, NOW + COOLDOWN + WINDOW + 1)


def test_a_fund_at_a_billionth_of_its_price_takes_no_deposits_until_premium_revives_it() -> None:
    """1e24 shares for 1e18: (left + 1) * 1e15 <= 1e24 + 1e6 while at most 1e9 - 1 is left."""
    for left, is_wiped_out in ((10**9 - 1, True), (10**9, False)):
        fund, asset = made(("pool", MAX_UINT128, WAD))
        fund.deposit("underwriter", 10**18, "underwriter")
        assert fund.cover("pool", 10**18 - left) == 10**18 - left
        assert (fund.max_deposit("another") == 0) is is_wiped_out
        asset.mint(fund.address, 10**12)
        assert fund.deposit("another", 10**12, "another") > 0


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (lambda fund: fund.deposit("underwriter", 0, "underwriter"), "backstop: amount is worth nothing"),
        (lambda fund: fund.mint("underwriter", 0, "underwriter"), "backstop: amount is worth nothing"),
        (lambda fund: fund.deposit("underwriter", 1, ZERO_ADDRESS), "backstop: account is zero"),
        (lambda fund: fund.deposit("underwriter", MAX_UINT128 - 99, "underwriter"), "backstop: over 128 bits"),
        (lambda fund: fund.request_redeem("underwriter", 0, NOW), "backstop: amount is zero"),
        (lambda fund: fund.redeem("underwriter", 0, "underwriter", "underwriter", NOW), "backstop: amount is worth nothing"),
        (lambda fund: fund.redeem("another", 10**6, "another", "underwriter", NOW), "erc20: allowance too low"),
        (lambda fund: fund.cover("stranger", 1), "backstop: pool is not covered"),
    ],
)
def test_an_act_is_refused(act: Callable[[Backstop], object], text: str) -> None:
    """Nothing for nothing, nobody for nobody; the fund is as it was."""
    fund, _ = made(("pool", 10, WAD))
    fund.deposit("underwriter", 100, "underwriter")
    events = list(fund.events)
    with pytest.raises(Revert, match=re.escape(text)):
        act(fund)
    assert (fund.events, fund.total_assets(), fund.total_supply()) == (events, 100, 100 * 10**6)


# The page


def test_the_page_computes_what_it_says() -> None:
    """Its worked example, run as written."""
    page = PAGE.read_text(encoding="utf-8")
    examples = doctest.DocTestParser().get_doctest(page, {}, "backstop.md", None, 0)
    told: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(examples, out=told.append).failed == 0, "".join(told)
    assert len(examples.examples) >= 14


def test_the_page_names_every_refusal() -> None:
    """Each text of the contract, and no other; the longest cooldown and the window as they are."""
    page = PAGE.read_text(encoding="utf-8")
    source = (ROOT / "contracts" / "Backstop.vy").read_text(encoding="utf-8")
    assert set(re.findall(r"`(backstop: [^`]+)`", page)) == set(re.findall(r'"(backstop: [^"]+)"', source))
    assert (MAX_COOLDOWN, WINDOW) == (31_536_000, 172_800)
    assert "two days" in page


def test_the_page_quotes_the_gas_that_was_measured() -> None:
    """Every figure of its table is in the recorded results."""
    figures = json.loads((ROOT / "bench" / "results" / "gas_backstop.json").read_text(encoding="utf-8"))["gas"]
    table = PAGE.read_text(encoding="utf-8").partition("## Gas")[2]
    quoted = {int(figure.replace(",", "")) for figure in re.findall(r"(?<=[|; ])\d{2,3},\d{3}(?= ?[;|])", table)}
    assert len(quoted) == 11
    assert quoted <= set(figures.values())
