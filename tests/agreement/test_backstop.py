"""The shipped backstop and the model are one: whatever is done, in whatever world, both answer, refuse, log and store the same."""

from collections import Counter
from random import Random

import pytest

from ringfence.chain.backstop import deploy_backstop
from ringfence.model.backstop import MAX_COOLDOWN, WINDOW, Backstop
from ringfence.model.erc20 import Ledger
from ringfence.model.errors import Revert
from ringfence.model.terms import MAX_UINT256, WAD, ZERO_ADDRESS
from tests.agreement import backstops
from tests.agreement.backstops import CREATOR, POOLS, START, UNDERWRITERS, World
from tests.agreement.planted import outcome_of
from tests.agreement.twins import Difference

OPERATIONS = 42_000
# Each of these at least so often, or the run has not proven much; it sees at least twice as much.
LEAST = {
    "done: deposit": 900,
    "done: mint": 500,
    "done: request_redeem": 2_000,
    "done: redeem": 200,
    "done: withdraw": 300,
    "done: transfer": 800,
    "done: transfer_from": 400,
    "done: approve": 900,
    "done: cover": 1_000,
    "done: premium": 700,
    "done: set_cover": 90,
    "done: seal": 70,
    "text: backstop: account is zero": 400,
    "text: backstop: amount is worth nothing": 2_000,
    "text: backstop: amount is zero": 200,
    "text: backstop: caller is not the creator": 100,
    "text: backstop: cooldown has not passed": 500,
    "text: backstop: cover is zero": 60,
    "text: backstop: covers itself": 80,
    "text: backstop: more than is under notice": 200,
    "text: backstop: no notice was given, or it has expired": 500,
    "text: backstop: not sealed": 100,
    "text: backstop: over 128 bits": 600,
    "text: backstop: pool is already covered": 100,
    "text: backstop: pool is not covered": 700,
    "text: backstop: sealed": 100,
    "text: backstop: share over 100 %": 20,
    "text: backstop: shares are under notice": 400,
    "text: backstop: wiped out": 200,
    "text: erc20: allowance too low": 1_000,
    "text: erc20: balance too low": 800,
    "text: erc20: receiver is zero": 100,
    "text: odd erc20 mock: fails": 70,
    "text: transfer: token refused": 60,
    "text: transfer: too little arrived": 20,
    "views": 30_000,
}


def test_forty_thousand_operations_agree() -> None:
    """Every kind of act succeeds and every refusal is met, in plain worlds and with tokens that misbehave."""
    counts = backstops.run(OPERATIONS, 1)
    assert {name: counts[name] for name in LEAST if counts[name] < LEAST[name]} == {}


@pytest.mark.nightly
def test_four_hundred_thousand_operations_agree() -> None:
    """The same for ten times as long, with another seed."""
    counts = backstops.run(420_000, 1_000)
    assert {name: counts[name] for name in LEAST if counts[name] < LEAST[name] * 8} == {}


def _window_a_second_longer(self: Backstop, owner: str, now: int) -> tuple[int, int]:
    amount, opens_at = self._notices.get(owner, (0, 0))
    return (0, 0) if now > opens_at + WINDOW + 1 else (amount, opens_at)


def test_a_difference_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window one second longer in the model ends a run, naming the seed and the episode that show it again."""
    monkeypatch.setattr(Backstop, "_notice", _window_a_second_longer)
    with pytest.raises(Difference, match=r"seed 1, episode \d+: .*contract.*model"):
        backstops.run(OPERATIONS, 1)


@pytest.mark.parametrize("cooldown", [0, 1, MAX_COOLDOWN, MAX_COOLDOWN + 1, MAX_UINT256])
def test_a_cooldown_is_within_a_second_and_a_year(cooldown: int) -> None:
    """Accepted at the bounds, refused beyond with one text."""
    world = World(Random("cooldown"), is_odd=False, counts=Counter())
    is_legal = 1 <= cooldown <= MAX_COOLDOWN
    for create in (
        lambda: deploy_backstop(world.chain, world.token.address, cooldown, creator=CREATOR),
        lambda: Backstop(Ledger(), cooldown, creator=CREATOR),
    ):
        outcome = outcome_of(create)
        assert outcome[0] == "ok" if is_legal else outcome == ("refused", "backstop: cooldown")


def test_it_names_itself_as_it_was_made() -> None:
    """Name, symbol, asset, creator, cooldown; six decimals more than the asset."""
    world = World(Random("names"), is_odd=False, counts=Counter())
    fund = deploy_backstop(world.chain, world.token.address, 86_400, creator=CREATOR, name="Default fund", symbol="DF")
    assert [fund.call(view) for view in ("name", "symbol", "asset", "decimals")] == [
        "Default fund",
        "DF",
        world.token.address,
        world.decimals + 6,
    ]
    assert (fund.creator, fund.cooldown, fund.is_sealed) == (CREATOR, 86_400, False)


def test_a_refused_act_leaves_the_model_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that refuses at the very end takes back shares, notice, allowance and events with it."""
    asset = Ledger()
    fund = Backstop(asset, 60, creator=CREATOR)
    lender, spender = UNDERWRITERS[:2]
    fund.set_cover(CREATOR, POOLS[0], 100, WAD)
    fund.seal(CREATOR)
    asset.mint(lender, 1_000)
    asset.approve(lender, fund.address, 1_000)
    minted = fund.deposit(lender, 1_000, lender)
    fund.request_redeem(lender, minted, START)
    fund.approve(lender, spender, minted)
    events = list(fund.events)

    def refuse(*_: object) -> bool:
        raise Revert("transfer: token refused")

    monkeypatch.setattr(Ledger, "transfer", refuse)
    with pytest.raises(Revert, match="token refused"):
        fund.redeem(spender, minted, spender, lender, START + 60)
    with pytest.raises(Revert, match="token refused"):
        fund.cover(POOLS[0], 10)
    assert (fund.balance_of(lender), fund.total_supply(), fund.allowance(lender, spender)) == (minted, minted, minted)
    assert fund.notice_of(lender, START + 60) == (minted, START + 60, START + 60 + WINDOW)
    assert fund.cover_of(POOLS[0]) == (100, WAD, 0)
    assert fund.events == events
    assert fund.cover_left(ZERO_ADDRESS) == 0
