"""Property 7: what happens in one pool does not reach another."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.layout import StorageMap
from ringfence.chain.state import Account
from ringfence.model.terms import WAD, YEAR_SECONDS
from tests.stateful.choice import Seeded
from tests.stateful.machine import EFFORTS, LIVELY, too_few
from tests.stateful.market import (
    ACCOUNTS,
    BORROWERS,
    LIQUIDATOR,
    SHIPPED,
    START,
    Build,
    Call,
    Grounds,
    Law,
    Market,
    demand,
    make_backstop,
    seal,
)
from tests.stateful.moves import make_moves
from tests.stateful.setting import DAY, draw_setting

PAIRS = 120  # times effort
CALM_MOVES, MOVES = 12, 60  # the calm pool's before the other begins; the other's


class Isolation(Law):
    """After every transaction on the other pool the calm one is as it was, in its slots and its balances."""

    def __init__(self, calm: Market) -> None:
        super().__init__()
        self.calm, self.storage = calm, StorageMap(calm.artifact.layout, ACCOUNTS)
        self.values, self.tokens = self.read(), balances_of(calm)
        self.cover = cover_of(calm)

    def read(self) -> dict[str, Any]:
        return self.storage.read(self.calm.chain, self.calm.pool.address)

    def before(self, market: Market, call: Call) -> int:
        return self.calm.cover_left

    def after(self, market: Market, call: Call, memory: int) -> None:
        values, tokens = self.read(), balances_of(self.calm)
        changed = {name: (was, values[name]) for name, was in self.values.items() if values[name] != was}
        demand(not changed, "another pool's slots stay", call=call, changed=changed)
        demand(tokens == self.tokens, "another pool's balances stay", call=call, before=self.tokens, after=tokens)
        drawn = sum(loss[3] for loss in call.logged("LossRealised"))
        demand(cover_of(self.calm) == self.cover, "another pool's draws are not its own", call=call, cover=self.cover)
        left = self.calm.cover_left
        demand(memory - drawn <= left, "its cover falls by no more than another pool draws", call=call, was=memory, left=left)
        self.seen["judged"] += 1
        self.seen["draws on a shared fund"] += drawn > 0 and self.calm.backstop is not None
        self.seen["draws that lower another's cover"] += left < memory


def cover_of(market: Market) -> Any:
    """What a pool may draw, and has drawn; None without a backstop."""
    return market.backstop.call("cover_of", market.pool.address) if market.backstop else None


def balances_of(market: Market) -> tuple[int, int]:
    return market.balance(market.asset, market.pool.address), market.balance(market.collateral, market.pool.address)


def whole(market: Market) -> Account:
    """The pool's account as the machine has it: its nonce, its code and all its slots, also those that nobody thought of."""
    return market.chain.state()[market.pool.address]


def answers_of(market: Market, now: int) -> list[Any]:
    """What a pool says of its totals, debts and shares, now and later: here a rate model that remembered another pool would show."""
    answers = []
    for at in (now, now + DAY, now + YEAR_SECONDS):
        answers.append(market.pool.call("state", at=at))
        answers += [market.pool.call("debt_of", who, at=at) for who in BORROWERS]
        answers += [market.pool.call("maxRedeem", who, at=at) for who in ACCOUNTS]
    return answers


def shared_grounds(build: Build, asset_decimals: int, collateral_decimals: int) -> Grounds:
    """Grounds with a rate model that ships, for both pools."""
    chain = EmbeddedChain(timestamp=START)
    artifact = build.get("KinkedRate") or load("KinkedRate")
    slopes = (WAD * 2 // 100, WAD * 8 // 10, WAD * 5 // 100, WAD * 9 // 10)
    base, kink, below, above = (slopes[0] // YEAR_SECONDS, slopes[1], slopes[2] // YEAR_SECONDS, slopes[3] // YEAR_SECONDS)
    rate_model = Contract.create(chain, artifact, LIQUIDATOR, base, kink, below, above)
    return Grounds(asset_decimals, collateral_decimals, chain=chain, rate_model=rate_model)


def live_beside(build: Build, seed: int, tally: Counter[str]) -> None:
    """A life of one pool beside another; they share tokens, oracle, rate model, backstop and accounts; the calm one even gets its fees."""
    choice = Seeded(seed)
    setting = draw_setting(choice)
    grounds = shared_grounds(build, setting.asset_decimals, setting.collateral_decimals)
    grounds.backstop = make_backstop(grounds, build)
    calm = Market(draw_setting(choice), build, grounds, is_fund_shared=True)
    terms = replace(setting.terms, fee_recipient=calm.pool.address)
    market = Market(replace(setting, terms=terms), build, grounds, tally=tally, is_fund_shared=True)
    seal(grounds.backstop, grounds.asset, setting.cover.fund if setting.cover else setting.size)
    make_moves(calm, choice, CALM_MOVES)
    before, snapshot = whole(calm), calm.chain.snapshot()
    market.laws = [law := Isolation(calm)]
    make_moves(market, choice, MOVES)
    after, now = whole(calm), market.now
    demand(after == before, "another pool's account stays whole", before=before.storage, after=after.storage)
    answers = answers_of(calm, now)
    calm.chain.revert(snapshot)
    demand(answers == answers_of(calm, now), "another pool answers as if alone", seed=seed)
    tally.update(law.seen)
    tally["calm pools with debts"] += calm.totals().debt_shares > 0


def check(build: Build = SHIPPED, effort: int = 1) -> Counter[str]:
    tally: Counter[str] = Counter()
    for seed in range(PAIRS * effort):
        try:
            live_beside(build, seed, tally)
        except AssertionError as failure:
            failure.add_note(f"in the pair of seed {seed}")
            raise
    return tally


@pytest.mark.parametrize("effort", EFFORTS)
def test_isolation(effort: int) -> None:
    """Two pools share tokens, oracle, rate model, backstop and accounts, and one is the other's fee recipient. After every transaction on
    one of them, time and prices moving, each storage slot of the other and its balances of both tokens are as they were; at the end its
    whole account (every slot that is not zero, known here or not, code and nonce) equals what it was, and what it answers of totals, debts
    and shares at that time, a day and a year later is what it answers where the other pool never lived. What one draws on the fund is not
    the other's draw, and what the other may draw falls by no more. Tolerance: none. A pool calls only its tokens, its oracle, its rate
    model, its backstop and the buyer, and writes only its own storage. A seeded driver and not a machine of rules: the second half of the
    law compares two worlds."""
    counts = check(effort=effort)
    assert not too_few(
        counts,
        effort,
        {"judged": 4_000, "calm pools with debts": 50, "draws on a shared fund": 10, "draws that lower another's cover": 10}
        | {name: least // 3 for name, least in LIVELY.items()},
    )
