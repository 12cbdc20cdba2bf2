"""The table of docs/oracles.md, cell by cell: what works in a pool while its oracle's feeds are stale, broken or apart.

Shown on the contracts and on the model at once: every call is made to both, and they must answer, refuse and log alike.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from ringfence.chain.collaborators import FixedRateContract, TokenContract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.chain.pool import deploy_pool
from ringfence.inputs.samples import FALLING, read_sample
from ringfence.model.erc20 import Ledger
from ringfence.model.fixed_rate import FixedRate
from ringfence.model.pool import Pool
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, Terms
from tests.agreement.feeds import ANSWERS, BURNS, REVERTS, SHORT, Feed, Source, make_oracles
from tests.agreement.planted import outcome_of

LENDER, OTHER, BUYER = ("0x" + pair * 20 for pair in ("a1", "a2", "c3"))
# Who has no debt, a small one, one that is too large for 1,800, the same under a running clock, one that recovered under a running clock.
FREE, HEALTHY, UNSAFE, FLAGGED, RECOVERED = ("0x" + pair * 20 for pair in ("b0", "b1", "b2", "b3", "b4"))
DEBTS = {HEALTHY: 8_000, UNSAFE: 15_500, FLAGGED: 15_500, RECOVERED: 15_000}
ETH, USDC = 10**18, 10**6
HOUR = 3_600
START = 1_767_268_800
UNIT = USDC * PRICE_SCALE // ETH  # one USDC an ETH
TERMS = read_sample(FALLING).pool.terms  # max_ltv 80 %, liq_ltv 85 %
NO_PRICE, OVER_MAX_LTV = "oracle: no valid price", "pool: over max_ltv"

Call = tuple[str, tuple[Any, ...]]


class World:
    """A pool on both sides under a guarded oracle of one or two sides; it ends a minute after a fall to 1,700, at 1,800 and 1,790."""

    def __init__(self, sides: int) -> None:
        self.chain = EmbeddedChain(timestamp=START)
        asset, collateral = TokenContract.deploy(self.chain, 6), TokenContract.deploy(self.chain, 18)
        through_usd = Source(self._feed(8, 2_000), HOUR, self._feed(8, 1), 24 * HOUR)
        self.sources = [through_usd, Source(self._feed(18, 2_000), HOUR)][:sides]
        tokens = (collateral.address, asset.address)
        divergence = WAD // 50 if sides == 2 else 0
        oracle, twin = make_oracles(self.chain, tokens, (18, 6), self.sources, 100 * UNIT, 50_000 * UNIT, divergence)
        rate = FixedRateContract.deploy(self.chain, 0)
        addresses = {"asset": asset.address, "collateral": collateral.address, "oracle": oracle.address, "rate_model": rate.address}
        self.terms: Terms = replace(TERMS, **addresses)
        self.contract: Any = deploy_pool(self.chain, self.terms)
        ledgers = Ledger(), Ledger()
        self.model = Pool(
            self.terms,
            asset=ledgers[0],
            collateral=ledgers[1],
            oracle=twin,
            rate_model=FixedRate(0),
            now=START,
            address=self.contract.address,
        )
        for token in (asset, collateral, *ledgers):
            for who in (LENDER, OTHER, BUYER, FREE, *DEBTS):
                token.mint(who, 10**24)  # type: ignore[attr-defined]
                token.approve(who, self.contract.address, MAX_UINT256)  # type: ignore[attr-defined]
        self._begin()

    def _feed(self, decimals: int, whole: int) -> Feed:
        return Feed.make(self.chain, decimals, whole * 10**decimals, START)

    @property
    def now(self) -> int:
        return self.chain.timestamp

    def _begin(self) -> None:
        self.act("deposit", LENDER, 200_000 * USDC, LENDER)
        for borrower in (FREE, *DEBTS):
            self.act("supply_collateral", borrower, 10 * ETH, borrower)
        for borrower, debt in DEBTS.items():
            self.act("borrow", borrower, debt * USDC, borrower, borrower)
        self.chain.advance_to(START + 10 * HOUR)
        self.say(1_700, 1_700)
        for borrower in (FLAGGED, RECOVERED):
            self.act("flag", OTHER, borrower)
        self.chain.advance_to(self.now + 60)
        self.say(1_800, 1_790)

    def say(self, *prices: int) -> None:
        """Whole USDC an ETH for each side, fresh; a USDC is a USD."""
        for source, price in zip(self.sources, prices, strict=False):
            set_feed(source.base, price, self.now)
            if source.quote:
                set_feed(source.quote, 1, self.now)

    def arguments(self, name: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        is_timeless = name in ("set_operator", "position", "balance_of")
        return arguments if is_timeless else (*arguments, self.now)

    def act(self, name: str, *arguments: Any) -> Any:
        """A call that must succeed, on both sides."""
        outcome = self._both(self.contract, self.model, name, arguments)
        assert outcome[0] == "ok", (name, outcome)
        return outcome[1]

    def _both(self, contract: Any, model: Any, name: str, arguments: tuple[Any, ...]) -> tuple[str, Any]:
        model.events.clear()
        given = self.arguments(name, arguments)
        outcome = outcome_of(getattr(contract, name), *given)
        assert outcome == outcome_of(getattr(model, name), *given), (name, arguments)
        if name not in VIEWS and outcome[0] == "ok":
            assert contract.events == model.events, (name, arguments)
        return outcome

    def attempt(self, *calls: Call) -> list[Any]:
        """What calls in a row come to on both sides, a refusal as its text; nothing of them stays."""
        model = deepcopy(self.model, {id(self.chain): self.chain})
        snapshot = self.chain.snapshot()
        try:
            return [self._both(self.contract, model, name, arguments)[1] for name, arguments in calls]
        finally:
            self.chain.revert(snapshot)

    def sold_at(self, call: Call) -> int:
        """The price in the event of a sale, which is made and taken back."""
        snapshot = self.chain.snapshot()
        try:
            name, arguments = call
            getattr(self.contract, name)(*arguments, self.now)
            (high,) = {event[-1] for event in self.contract.events if event[0] == "Liquidate"}
            return int(high)
        finally:
            self.chain.revert(snapshot)

    def limit(self, collateral: int, price: int, ltv: int) -> int:
        """The debt that collateral bears, by the rule of docs/protocol.md."""
        return collateral * price // PRICE_SCALE * ltv // WAD


VIEWS = ("health", "is_healthy", "quote_liquidation", "position", "balance_of", "debt_of")


def set_feed(feed: Feed, whole: int, updated_at: int) -> None:
    feed.set(ANSWERS, whole * 10 ** feed.twin.decimals(), updated_at)


# What can be wrong with a feed; each is put to it as it stands.

STALE = {"stale": lambda feed, now: feed.set(ANSWERS, feed.twin.answer, now - 24 * HOUR - 1)}
BAD: dict[str, Callable[[Feed, int], None]] = {
    "reverts": lambda feed, now: feed.set(REVERTS, feed.twin.answer, now),
    "answers 159 bytes": lambda feed, now: feed.set(SHORT, feed.twin.answer, now),
    "burns all gas": lambda feed, now: feed.set(BURNS, feed.twin.answer, now),
    "answers 0": lambda feed, now: feed.set(ANSWERS, 0, now),
    "answers less": lambda feed, now: feed.set(ANSWERS, -feed.twin.answer, now),
    "was never updated": lambda feed, _: feed.set(ANSWERS, feed.twin.answer, 0),
    "is of the future": lambda feed, now: feed.set(ANSWERS, feed.twin.answer, now + 1),
    "is out of bounds": lambda feed, now: feed.set(ANSWERS, feed.twin.answer // 100 or 1, now),
    "is out of bounds above": lambda feed, now: feed.set(ANSWERS, feed.twin.answer * 100, now),
    "is of over 256 bits": lambda feed, now: feed.set(ANSWERS, 2**255 - 1, now),
}
# Column of the table -> sides, what may be wrong with A, with B, and (low, high) in whole USDC, None without a price.
STATES: dict[str, tuple[int, dict[str, Any], dict[str, Any], tuple[int, int] | None]] = {
    "close": (2, {}, {}, (1_790, 1_800)),
    "apart": (2, {}, {"apart": lambda feed, now: set_feed(feed, 1_500, now)}, (0, 1_800)),
    "A stale": (2, STALE, {}, (0, 1_790)),
    "A bad": (2, BAD, {}, (0, 1_790)),
    "B stale": (2, {}, STALE, (0, 1_800)),
    "B bad": (2, {}, BAD, (0, 1_800)),
    "both stale": (2, STALE, STALE, None),
    "A stale, B bad": (2, STALE, BAD, None),
    "A bad, B stale": (2, BAD, STALE, None),
    "both bad": (2, BAD, BAD, None),
    "fresh": (1, {}, {}, (1_800, 1_800)),
    "stale": (1, STALE, {}, None),
    "bad": (1, BAD, {}, None),
}


def variants(world: World, state: str) -> Iterator[str]:
    """Bring the world into each kind of a state, by each feed of a side, and name it."""
    _, wrong_a, wrong_b, _ = STATES[state]
    troubles = [wrong_a, wrong_b][: len(world.sources)]
    pairs = [(a, b) for a in troubles[0] or [""] for b in (troubles[1] if len(troubles) == 2 else {}) or [""]]
    if len(wrong_a) > 1 and len(wrong_b) > 1:
        pairs = [(a, b) for a, b in pairs if a == b]
    for pair in pairs:
        for feed in world.sources[0].feeds if pair[0] else [None]:
            world.say(1_800, 1_790)
            if feed:
                troubles[0][pair[0]](feed, world.now)
            if pair[1]:
                troubles[1][pair[1]](world.sources[1].base, world.now)
            yield f"A {pair[0] or 'sound'}{' (quote)' if feed and feed is not world.sources[0].base else ''}, B {pair[1] or 'sound'}"


# The rows of the table. Each makes its call, holds the outcome to the (low, high) that the state should give, and answers with the word
# that belongs into the cell.

Prices = tuple[int, int] | None


def plain(name: str, *arguments: Any) -> Callable[[World, Prices], str]:
    """A call that needs no price: it works."""

    def row(world: World, _: Prices) -> str:
        (outcome,) = world.attempt((name, arguments))
        return (word(outcome) or outcome) if isinstance(outcome, str) else "yes"

    return row


def word(outcome: Any) -> str:
    """The word for a refusal, "" if it is none or one of another kind."""
    return {NO_PRICE: "no", OVER_MAX_LTV: "frozen"}.get(outcome, "") if isinstance(outcome, str) else ""


def most(is_allowed: Callable[[int], bool]) -> int:
    """The largest number under 2^80 that is allowed, where every smaller one is."""
    found = 0
    for bit in reversed(range(80)):
        if is_allowed(found + (1 << bit)):
            found += 1 << bit
    return found


def borrow(world: World, prices: Prices) -> str:
    outcome = world.attempt(("borrow", (HEALTHY, 500 * USDC, HEALTHY, HEALTHY)))[0]
    if word(outcome) or prices is None:
        return word(outcome)
    room = world.limit(10 * ETH, prices[0] * UNIT, world.terms.max_ltv) - 8_000 * USDC
    assert isinstance(world.attempt(("borrow", (HEALTHY, room, HEALTHY, HEALTHY)))[0], int)
    assert world.attempt(("borrow", (HEALTHY, room + 1, HEALTHY, HEALTHY))) == [OVER_MAX_LTV]
    return "low"


def withdraw_collateral(world: World, prices: Prices) -> str:
    outcome = world.attempt(("withdraw_collateral", (HEALTHY, 1, HEALTHY, HEALTHY)))[0]
    if word(outcome) or prices is None:
        return word(outcome)
    room = most(lambda x: x <= 10 * ETH and world.limit(10 * ETH - x, prices[0] * UNIT, world.terms.max_ltv) >= 8_000 * USDC)
    assert world.attempt(("withdraw_collateral", (HEALTHY, room, HEALTHY, HEALTHY))) == [None]
    assert world.attempt(("withdraw_collateral", (HEALTHY, room + 1, HEALTHY, HEALTHY))) == [OVER_MAX_LTV]
    return "low"


def since(world: World, *call: Any) -> int:
    """The clock of the flagged position after a call, which must succeed."""
    outcome, position = world.attempt((call[0], call[1:]), ("position", (FLAGGED,)))
    assert not isinstance(outcome, str), outcome
    return int(position[2])


def paid_in(world: World, prices: Prices, call: Callable[[int], tuple[Any, ...]], is_short: Callable[[int, int], bool]) -> str:
    """The clock stops at the least amount that makes the position healthy at `high`; without a price it never does."""
    running = world.attempt(("position", (FLAGGED,)))[0][2]
    assert running > 0
    if prices is None:
        assert since(world, *call(10_000 * USDC)) == running
        return "kept"
    least = most(lambda x: is_short(x, prices[1] * UNIT)) + 1
    assert since(world, *call(least)) == 0
    assert since(world, *call(least - 1)) == running
    return "high"


def repay_flagged(world: World, prices: Prices) -> str:
    limit = 0 if prices is None else world.limit(10 * ETH, prices[1] * UNIT, world.terms.liq_ltv)
    return paid_in(world, prices, lambda x: ("repay", OTHER, x, FLAGGED), lambda x, _: 15_500 * USDC - x > limit)


def supply_flagged(world: World, prices: Prices) -> str:
    def is_short(x: int, high: int) -> bool:
        return world.limit(10 * ETH + x, high, world.terms.liq_ltv) < 15_500 * USDC

    return paid_in(world, prices, lambda x: ("supply_collateral", OTHER, x, FLAGGED), is_short)


def liquidate(world: World, prices: Prices) -> str:
    call = ("liquidate", (BUYER, UNSAFE, MAX_UINT256, 0, BUYER, b""))
    refused = world.attempt(("liquidate", (BUYER, RECOVERED, MAX_UINT256, 0, BUYER, b"")), call)
    if prices is None:
        return word(refused[1]) if refused[0] == refused[1] else ""
    # 15,000 on 10 ETH is healthy at 1,790 and not at 1,500: only the kindest price counts.
    assert refused[0] == "pool: position is healthy"
    assert min(refused[1]) > 0
    return "high" if world.sold_at(call) == prices[1] * UNIT else ""


def liquidate_many(world: World, prices: Prices) -> str:
    one = ("liquidate", (BUYER, UNSAFE, MAX_UINT256, 0, BUYER, b""))
    many = ("liquidate_many", (BUYER, [RECOVERED, UNSAFE, FREE], MAX_UINT256, 0, BUYER, b""))
    (outcome,) = world.attempt(many)
    if prices is None:
        return word(outcome)
    assert [outcome] == world.attempt(one)
    return "high" if world.sold_at(many) == prices[1] * UNIT else ""


def flag(world: World, prices: Prices) -> str:
    wrong, outcome, (*_, running) = world.attempt(("flag", (OTHER, RECOVERED)), ("flag", (OTHER, UNSAFE)), ("position", (UNSAFE,)))
    if prices is None:
        return word(outcome)
    return "high" if (wrong, outcome, running) == ("pool: position is healthy", None, world.now) else ""


def unflag(world: World, prices: Prices) -> str:
    wrong, outcome, (*_, running) = world.attempt(("unflag", (OTHER, FLAGGED)), ("unflag", (OTHER, RECOVERED)), ("position", (RECOVERED,)))
    if prices is None:
        return word(outcome)
    return "high" if (wrong, outcome, running) == ("pool: position is unhealthy", None, 0) else ""


def health(world: World, prices: Prices) -> str:
    outcome, is_healthy = world.attempt(("health", (RECOVERED,)), ("is_healthy", (RECOVERED,)))
    if prices is None:
        return word(outcome) if outcome == is_healthy else ""
    expected = world.limit(10 * ETH, prices[1] * UNIT, world.terms.liq_ltv) * WAD // (15_000 * USDC)
    return "high" if (outcome, is_healthy) == (expected, True) else ""


def health_without_debt(world: World, _: Prices) -> str:
    return "yes" if world.attempt(("health", (FREE,)), ("is_healthy", (FREE,))) == [MAX_UINT256, True] else "no"


def quote(world: World, prices: Prices) -> str:
    call = ("liquidate", (BUYER, UNSAFE, MAX_UINT256, 0, BUYER, b""))
    (outcome,) = world.attempt(("quote_liquidation", (UNSAFE, MAX_UINT256)))
    if prices is None:
        return word(outcome)
    assert world.attempt(("quote_liquidation", (RECOVERED, MAX_UINT256))) == [(0,) * 6]
    return "high" if [outcome[:2]] == world.attempt(call) else ""


# Row -> how it is tried, and its words where there are two prices, where `low` is 0, and where there is none.
YES = ("yes", "yes", "yes")
PAYS_IN = ("high", "high", "kept")
AT_LOW = ("low", "frozen", "no")
AT_HIGH = ("high", "high", "no")
ROWS: dict[str, tuple[Callable[[World, Prices], str], tuple[str, str, str]]] = {
    "deposit": (plain("deposit", OTHER, 1_000 * USDC, OTHER), YES),
    "mint": (plain("mint", OTHER, 10**15, OTHER), YES),
    "withdraw": (plain("withdraw", LENDER, 1_000 * USDC, LENDER, LENDER), YES),
    "redeem": (plain("redeem", LENDER, 10**15, LENDER, LENDER), YES),
    "transfer": (plain("transfer", LENDER, OTHER, 10**15), YES),
    "add_to_reserve": (plain("add_to_reserve", OTHER, USDC), YES),
    "accrue": (plain("accrue", OTHER), YES),
    "set_operator": (plain("set_operator", HEALTHY, OTHER, True), YES),
    "supply_collateral": (plain("supply_collateral", UNSAFE, ETH, UNSAFE), YES),
    "supply_collateral, clock runs": (supply_flagged, PAYS_IN),
    "repay": (plain("repay", UNSAFE, 1_000 * USDC, UNSAFE), YES),
    "repay, clock runs": (repay_flagged, PAYS_IN),
    "repay, all, clock runs": (plain("repay", FLAGGED, MAX_UINT256, FLAGGED), YES),
    "withdraw_collateral, without debt": (plain("withdraw_collateral", FREE, 10 * ETH, FREE, FREE), YES),
    "withdraw_collateral, with debt": (withdraw_collateral, AT_LOW),
    "borrow": (borrow, AT_LOW),
    "liquidate": (liquidate, AT_HIGH),
    "liquidate_many": (liquidate_many, AT_HIGH),
    "flag": (flag, AT_HIGH),
    "unflag": (unflag, AT_HIGH),
    "unflag, without debt": (plain("unflag", OTHER, FREE), YES),
    "health, is_healthy": (health, AT_HIGH),
    "health, is_healthy, without debt": (health_without_debt, YES),
    "quote_liquidation": (quote, AT_HIGH),
}


def cell(name: str, state: str) -> str:
    """What stands in the table."""
    prices = STATES[state][3]
    return ROWS[name][1][2 if prices is None else 1 if prices[0] == 0 else 0]


@pytest.mark.parametrize("state", STATES)
def test_each_cell_of_the_table_is_so(state: str) -> None:
    """In every kind of the state, whichever feed of a side is to blame, for every call."""
    counts = Counter[str]()
    sides, wrong_a, wrong_b, whole = STATES[state]
    world = World(sides)
    expected = None if whole is None else (whole[0] * UNIT, whole[1] * UNIT)
    for variant in variants(world, state):
        counts["kinds"] += 1
        assert outcome_of(world.model._oracle.prices) == (("ok", expected) if expected else ("refused", "oracle: no usable price")), variant
        for name, (row, _) in ROWS.items():
            assert row(world, whole) == cell(name, state), (variant, name)
    kinds = max(1, len(wrong_a)) * (2 if wrong_a else 1) * (1 if len(wrong_a) > 1 and len(wrong_b) > 1 else max(1, len(wrong_b)))
    assert counts["kinds"] == kinds


@pytest.mark.parametrize("state", STATES)
def test_no_state_of_an_oracle_blocks_who_pays_in_or_leaves(state: str) -> None:
    """Repaying, adding collateral, a lender's withdrawal and collateral without debt: never refused, in the table as in the pool."""
    names = ("repay", "supply_collateral", "withdraw", "redeem", "deposit", "mint", "withdraw_collateral, without debt")
    rows = [name for name in ROWS if name in names or name.endswith("clock runs")]
    assert len(rows) == 10
    assert {cell(name, state) for name in rows} <= {"yes", "high", "kept"}


def test_a_refusal_by_the_oracle_is_told_from_others() -> None:
    """A cell's word comes from the text alone."""
    assert (word(NO_PRICE), word(OVER_MAX_LTV), word("pool: no debt"), word(7)) == ("no", "frozen", "", "")
    world = World(1)
    world.sources[0].base.set(REVERTS, 0, 0)
    with pytest.raises(Reverted, match=NO_PRICE):
        world.contract.flag(OTHER, UNSAFE, world.now)
