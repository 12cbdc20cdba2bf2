"""A backstop and its twin side by side: every act on both, outcomes, events, storage and token balances compared after each.

Worlds are drawn from a `random.Random`: cooldowns, limits, tokens that misbehave, amounts beside every bound.
"""

from collections import Counter
from random import Random
from typing import Any

from ringfence.chain.artifacts import load
from ringfence.chain.backstop import backstop_storage, deploy_backstop
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.layout import Values
from ringfence.model.backstop import MAX_COOLDOWN, WINDOW, Backstop
from ringfence.model.erc20 import Ledger
from ringfence.model.terms import MAX_UINT128, MAX_UINT256, WAD, ZERO_ADDRESS
from tests.agreement.mocks import OddToken
from tests.agreement.planted import outcome_of
from tests.agreement.twins import Difference
from tests.agreement.worlds import spread

CREATOR = "0x" + "c0" * 20
UNDERWRITERS = tuple("0x" + pair * 20 for pair in ("a1", "a2", "a3"))
POOLS = tuple("0x" + pair * 20 for pair in ("b1", "b2", "b3"))
# One pool is never covered: the last.
PEOPLE = (CREATOR, *UNDERWRITERS, *POOLS, ZERO_ADDRESS)
START = 1_700_000_000
FUNDS = 2**130
DECIMALS = (6, 8, 18)

# Views and what each is asked about.
BY_AMOUNT = ("convert_to_shares", "convert_to_assets", "preview_deposit", "preview_redeem", "preview_mint", "preview_withdraw")
BY_POOL = ("cover_left", "cover_of")
BY_OWNER = ("balance_of", "max_deposit", "max_mint")
BY_OWNER_AND_TIME = ("notice_of", "max_withdraw", "max_redeem")
PLAIN = ("total_supply", "total_assets", "window")


class World:
    """One fund on each side; `counts` says how often each act succeeded ("done: deposit") and was refused, by text."""

    def __init__(self, rng: Random, *, is_odd: bool, counts: Counter[str]) -> None:
        self.rng, self.counts, self.is_odd = rng, counts, is_odd
        self.chain = EmbeddedChain(timestamp=START)
        self.decimals = rng.choice(DECIMALS)
        self.unit = rng.choice((1, 100, 10**self.decimals, 10**self.decimals * 1_000, 2**100))
        name = "mocks/odd_erc20_mock" if is_odd else "mocks/erc20_mock"
        self.token = Contract.create(self.chain, load(name), CREATOR, self.decimals)
        self.token_twin: Ledger = OddToken() if is_odd else Ledger()
        self.cooldown = rng.choice((1, 60, 86_400, 10 * 86_400, MAX_COOLDOWN, rng.randint(1, MAX_COOLDOWN)))
        self.fund = deploy_backstop(self.chain, self.token.address, self.cooldown, creator=CREATOR)
        self.twin = Backstop(self.token_twin, self.cooldown, creator=CREATOR, address=self.fund.address)
        if isinstance(self.token_twin, OddToken):
            self.token_twin.pool = self.fund.address
        self.accounts = (*PEOPLE, self.fund.address)
        self.storage = backstop_storage(self.accounts)
        for owner in UNDERWRITERS:
            self.give(owner, FUNDS)
            self.token.transact(owner, "approve", self.fund.address, MAX_UINT256)
            self.token_twin.approve(owner, self.fund.address, MAX_UINT256)

    # Surroundings

    @property
    def now(self) -> int:
        """Time of the next act (seconds)."""
        return self.chain.timestamp

    def give(self, receiver: str, amount: int) -> None:
        """Make tokens; given to the fund they are what a premium is."""
        self.token.transact(CREATOR, "mint", receiver, amount)
        self.token_twin.mint(receiver, amount)

    def set_token_mode(self, mode: int) -> None:
        """Let the token misbehave."""
        if isinstance(self.token_twin, OddToken):
            self.token.transact(CREATOR, "set", mode)
            self.token_twin.mode = mode

    def wait_until(self, time: int) -> None:
        """Begin a later block; an earlier time changes nothing."""
        if time > self.now:
            self.chain.advance_to(time)

    # Acts

    def act(self, name: str, caller: str, *arguments: Any) -> tuple[str, Any]:
        """Do one thing on both sides; raises Difference."""
        on_contract = outcome_of(getattr(self.fund, name), caller, *arguments)
        events = self.fund.events if on_contract[0] == "ok" else []
        on_model = outcome_of(getattr(self.twin, name), caller, *arguments)
        where = f"{name}({caller}, {', '.join(map(str, arguments))})"
        if on_contract != on_model:
            raise Difference(f"{where}: contract {on_contract}, model {on_model}")
        if events != self.twin.events:
            raise Difference(f"{where}: events: contract {events}, model {self.twin.events}")
        self.twin.events.clear()
        self.counts[f"done: {name}" if on_contract[0] == "ok" else f"text: {on_contract[1]}"] += 1
        self.check(where)
        return on_contract

    def check(self, where: str) -> None:
        """Compare every storage value and token balance; raises Difference."""
        found, expected = self.storage.read(self.chain, self.fund.address), self._expected()
        for variable, values in found.items():
            if values != expected[variable]:
                raise Difference(f"{where}: {variable}: contract {values}, model {expected[variable]}")
        for account in self.accounts:
            on_contract, on_model = self.token.call("balanceOf", account), self.token_twin.balance_of(account)
            if on_contract != on_model:
                raise Difference(f"{where}: tokens of {account}: contract {on_contract}, model {on_model}")

    def _expected(self) -> dict[str, Values]:
        twin, ledger = self.twin, self.twin._shares
        notices = {owner: twin._notices.get(owner, (0, 0)) for owner in self.accounts}
        pairs = {(owner, spender): ledger.allowances.get((owner, spender), 0) for owner in self.accounts for spender in self.accounts}
        return {
            "is_sealed": int(twin.is_sealed),
            "max_assets": {pool: twin._max_assets.get(pool, 0) for pool in self.accounts},
            "max_share_wad": {pool: twin._max_share_wad.get(pool, 0) for pool in self.accounts},
            "drawn": {pool: twin._drawn.get(pool, 0) for pool in self.accounts},
            "packed_notices": {owner: amount << 64 | opens_at for owner, (amount, opens_at) in notices.items()},
            "erc20.balance_of": {owner: ledger.balance_of(owner) for owner in self.accounts},
            "erc20.allowances": pairs,
            "erc20.total_supply": ledger.total_supply,
        }

    def check_view(self, name: str, *arguments: Any) -> None:
        """Compare one view; raises Difference."""
        on_contract, on_model = outcome_of(getattr(self.fund, name), *arguments), outcome_of(getattr(self.twin, name), *arguments)
        if on_contract != on_model:
            raise Difference(f"{name}{arguments}: contract {on_contract}, model {on_model}")
        self.counts["views"] += 1

    def check_views(self, owner: str, pool: str, amount: int, at: int) -> None:
        """Compare every view, for these; raises Difference."""
        for name in PLAIN:
            self.check_view(name)
        for names, arguments in ((BY_AMOUNT, (amount,)), (BY_POOL, (pool,)), (BY_OWNER, (owner,)), (BY_OWNER_AND_TIME, (owner, at))):
            for name in names:
                self.check_view(name, *arguments)
        self.check_view("allowance", owner, pool)

    # Random acts

    def amount(self, *near: int) -> int:
        """A number of asset or share units: beside what is named, ordinary, or at the edge of what fits."""
        rng = self.rng
        kind = rng.random()
        if near and kind < 0.6:
            return max(0, min(MAX_UINT256, rng.choice(near) + rng.choice((0, 0, 0, 1, -1))))
        if kind < 0.9:
            return spread(rng, 1, self.unit * 10**6)
        return rng.choice((0, 1, MAX_UINT128, MAX_UINT128 + 1, MAX_UINT256))

    def some_act(self) -> None:
        """One random act, as likely to succeed as not."""
        names, weights = zip(*MOVES.items(), strict=True)
        getattr(self, f"_{self.rng.choices(names, weights)[0]}")()

    def some_sealing(self) -> None:
        """Covers of any size, refused ones among them, then the seal; deposits are refused before."""
        rng = self.rng
        self.act("deposit", UNDERWRITERS[0], 1_000, UNDERWRITERS[0])
        self.act("cover", POOLS[0], 1)
        self.check_views(UNDERWRITERS[0], POOLS[0], self.amount(), self.now)
        for _ in range(rng.randint(4, 12)):
            pool = rng.choice((*POOLS[:2], *POOLS[:2], ZERO_ADDRESS, self.fund.address))
            most = rng.choice((0, self.unit, self.unit * 10**5, MAX_UINT128, MAX_UINT128, MAX_UINT128 + 1))
            share = rng.choice((0, 1, WAD // 3, WAD * 9 // 10, WAD, WAD, WAD + 1))
            self.act("set_cover", rng.choice((CREATOR,) * 9 + UNDERWRITERS[:1]), pool, most, share)
        self.act("seal", rng.choice((CREATOR, UNDERWRITERS[0])))
        if not self.twin.is_sealed:
            self.act("seal", CREATOR)
        self.act("set_cover", CREATOR, POOLS[2], 1, 1)
        self.act("seal", CREATOR)

    def _deposit(self) -> None:
        caller = self.rng.choice(UNDERWRITERS)
        self.act("deposit", caller, self.amount(), self._receiver(caller))

    def _mint(self) -> None:
        caller = self.rng.choice(UNDERWRITERS)
        # In a fund with nothing left a preview can be beyond 256 bits.
        usual = outcome_of(self.twin.preview_deposit, self.unit)[1] or 10**6
        amount = self.amount(usual, 10**6, self.twin.max_mint(caller))
        self.act("mint", caller, amount, self._receiver(caller))

    def _request(self) -> None:
        caller = self.rng.choice(UNDERWRITERS)
        held = self.twin.balance_of(caller)
        self.act("request_redeem", caller, self.amount(held, held // 2), self.now)

    def _redeem(self) -> None:
        owner = self._leaver()
        noticed = self.twin.notice_of(owner, self.now)[0]
        amount = self.amount(noticed, noticed, noticed // 2, noticed // 3)
        self.act("redeem", self._caller_for(owner), amount, self._receiver(owner), owner, self.now)

    def _withdraw(self) -> None:
        owner = self._leaver()
        most = self.twin.max_withdraw(owner, self.now)
        self.act("withdraw", self._caller_for(owner), self.amount(most, most, most // 2), self._receiver(owner), owner, self.now)

    def _transfer(self) -> None:
        caller = self.rng.choice(UNDERWRITERS)
        held, noticed = self.twin.balance_of(caller), self.twin.notice_of(caller, self.now)[0]
        self.act("transfer", caller, self._receiver(caller), self.amount(held // 2, held, held - noticed), self.now)

    def _transfer_from(self) -> None:
        caller, owner = self.rng.choice(UNDERWRITERS), self.rng.choice(UNDERWRITERS)
        held, noticed = self.twin.balance_of(owner), self.twin.notice_of(owner, self.now)[0]
        self.act("transfer_from", caller, owner, self._receiver(owner), self.amount(held // 2, held, held - noticed), self.now)

    def _approve(self) -> None:
        caller, spender = self.rng.choice(UNDERWRITERS), self.rng.choice(UNDERWRITERS)
        self.act("approve", caller, spender, self.rng.choice((MAX_UINT256, MAX_UINT256, self.twin.balance_of(caller), self.amount())))

    def _cover(self) -> None:
        pool = self.rng.choice((*POOLS[:2] * 4, POOLS[2]))
        left = self.twin.cover_left(pool)
        self.act("cover", pool, self.amount(left, left // 2, left // 10, left // 100, 0))

    def _premium(self) -> None:
        self.set_token_mode(0)
        amounts = (0, 1, spread(self.rng, 1, self.unit * 1_000), MAX_UINT128)
        self.give(self.fund.address, self.rng.choices(amounts, (10, 10, 20, 1))[0])
        self.counts["done: premium"] += 1

    def _pass_time(self) -> None:
        # Often to the first or last second of a window, or to one beside it.
        rng = self.rng
        notice = self.twin._notices.get(rng.choice(UNDERWRITERS), (0, 0))[1]
        edge = rng.choice((notice, notice + WINDOW)) + rng.choice((-1, 0, 0, 1))
        self.wait_until(rng.choice((edge, edge, edge, self.now + rng.choice((1, 12, 3_600, self.cooldown, self.cooldown + WINDOW)))))

    def _misbehave(self) -> None:
        self.set_token_mode(self.rng.choice((0, 0, 1, 2, 2, 3, 4, 5)))

    def _receiver(self, usual: str) -> str:
        return self.rng.choice((usual,) * 8 + (*UNDERWRITERS, ZERO_ADDRESS, self.fund.address if self.rng.random() < 0.2 else usual))

    def _caller_for(self, owner: str) -> str:
        return self.rng.choice((owner,) * 4 + UNDERWRITERS)

    def _leaver(self) -> str:
        # Mostly somebody whose window is open.
        ready = [owner for owner in UNDERWRITERS if self.twin.max_redeem(owner, self.now)]
        return self.rng.choice(ready) if ready and self.rng.random() < 0.8 else self.rng.choice(UNDERWRITERS)


# How often each is drawn, of all.
MOVES = {
    "deposit": 10,
    "mint": 6,
    "request": 16,
    "redeem": 14,
    "withdraw": 12,
    "transfer": 8,
    "transfer_from": 8,
    "approve": 5,
    "cover": 10,
    "premium": 4,
    "pass_time": 14,
    "misbehave": 4,
}


def run(operations: int, seed: int | str, episode: int = 300) -> Counter[str]:
    """So many acts in worlds of `episode` acts each, views compared beside them; returns the counts, raises Difference."""
    counts: Counter[str] = Counter()
    for number in range(0, operations, episode):
        rng = Random(f"{seed} {number}")
        world = World(rng, is_odd=rng.random() < 0.4, counts=counts)
        try:
            world.some_sealing()
            for _ in range(episode):
                world.some_act()
                if rng.random() < 0.1:
                    world.check_views(rng.choice(PEOPLE), rng.choice(POOLS), world.amount(), world.now + rng.choice((0, 1, world.cooldown)))
        except Difference as difference:
            raise Difference(f"seed {seed}, episode {number}: {difference}") from None
    return counts
