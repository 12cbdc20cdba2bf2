"""A whole system on one embedded chain beside its models: a factory, its pools, the backstop that covers some of them, what they share.

After every act: what it returned or why it was refused, events, every storage value of the contract acted on and of the backstop, token
balances; and no other pool's storage, balances or remembered rate has moved. Now and then every view, and the storage of everything.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from random import Random
from typing import Any, NoReturn

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.factory import pool_address
from ringfence.model.adaptive_rate import AdaptiveRate
from ringfence.model.erc20 import Ledger
from ringfence.model.fixed_rate import FixedRate
from ringfence.model.kinked_rate import KinkedRate
from ringfence.model.pool import Pool
from ringfence.model.terms import MAX_UINT256, ZERO_ADDRESS, Terms
from tests.agreement import test_factory
from tests.agreement.mocks import OracleMock
from tests.agreement.storage import TokenStorage, entry_slot
from tests.agreement.system_fund import Fund, Slots
from tests.agreement.system_seat import Seat
from tests.agreement.system_worlds import SystemWorld
from tests.agreement.twins import CREATOR, DEPLOYER, FUNDS, PEOPLE, START, Difference, Outcome, Twins

RATES: dict[str, tuple[str, Callable[..., Any]]] = {
    "fixed": ("FixedRate", FixedRate),
    "kinked": ("KinkedRate", KinkedRate),
    "adaptive": ("AdaptiveRate", AdaptiveRate),
}


class Factory(test_factory.Twins):
    """The factory and its model, whose blueprint makes pools of the model."""

    def __init__(self, system: "System") -> None:
        super().__init__(system)  # type: ignore[arg-type]
        self.system = system
        self.pools: dict[str, Pool] = {}

    def _create(self, terms: Terms, name: str, symbol: str) -> str:
        system = self.system
        address = pool_address(self.contract.address, terms, name, symbol)
        self.pools[address] = Pool(
            terms,
            asset=system.twins.get(terms.asset, Ledger()),
            collateral=system.twins.get(terms.collateral, Ledger()),
            oracle=system.twins.get(terms.oracle, OracleMock()),
            rate_model=system.twins.get(terms.rate_model, FixedRate(0)),
            backstop=system.twins.get(terms.backstop),
            now=system.chain.timestamp,
            address=address,
        )
        return address

    def act(self, terms: Terms, caller: str) -> Outcome:
        """Ask both for a pool."""
        self.system.note("create_pool", caller)
        try:
            outcome = self.create_pool(terms, caller=caller)
        except AssertionError:
            self.system.fail("contract and model differ in how this ends, or in its event")
        self.system.counts["operations"] += 1
        self.system.counts["done: create_pool" if outcome[0] == "ok" else f"text: {outcome[1]}"] += 1
        self.system.check_beside(None)
        return outcome


class System:
    """Everything, on both sides. `counts` says what has happened; `counts["operations"]` are acts compared."""

    def __init__(self, world: SystemWorld, rng: Random, *, counts: Counter[str] | None = None, trace: bool = False) -> None:
        self.world, self.rng, self.trace = world, rng, trace
        self.counts: Counter[str] = Counter() if counts is None else counts
        self.history: list[str] = []
        self.chain = EmbeddedChain(timestamp=START)
        # What stands for a contract in the model, by its address.
        self.twins: dict[str, Any] = {}
        self.seats: list[Seat] = []
        self.tokens = [self._with_twin(self.create("mocks/erc20_mock", decimals), Ledger()) for decimals in world.decimals]
        self.rates = [self._rate(*rate) for rate in world.rates]
        self.factory = Factory(self)
        self.fund = Fund(self, self.tokens[0], world.cooldown)
        # Before the first pool there is nothing beside the factory to look at.
        self.check_beside: Callable[[Seat | None], None] = lambda _: None
        made = [Seat(self, number, plan) for number, plan in enumerate(world.pools)]
        self._seal(made)
        buyers = [seat.buyer.address for seat in made]
        self.accounts = (*PEOPLE, *buyers, self.fund.contract.address, *(seat.pool.address for seat in made), ZERO_ADDRESS)
        self._give_tokens(made)
        self.balances = {token.address: TokenStorage(token.artifact, self.accounts, self.fund.contract.address) for token in self.tokens}
        self.fund.set_up_storage(self.accounts)
        for seat in made:
            seat.set_up_storage(self.accounts)
        self.seats = made
        self.fund.twin.events.clear()
        self.check_beside = self._check_beside
        self._next_seat = 0

    # Setting up

    def create(self, name: str, *arguments: Any) -> Contract:
        """A contract of ours."""
        return Contract.create(self.chain, load(name), DEPLOYER, *arguments)

    def _with_twin(self, contract: Contract, twin: Any) -> Contract:
        self.twins[contract.address] = twin
        return contract

    def _rate(self, kind: str, *parameters: int) -> Contract:
        name, model = RATES[kind]
        return self._with_twin(self.create(name, *parameters), model(*parameters))

    def _seal(self, made: Sequence[Seat]) -> None:
        for seat in made:
            if seat.plan.backstop == "covered":
                cover = seat.pool.address, seat.plan.max_assets, seat.plan.max_share
                self.fund.contract.set_cover(CREATOR, *cover)
                self.fund.twin.set_cover(CREATOR, *cover)
        self.fund.contract.seal(CREATOR)
        self.fund.twin.seal(CREATOR)

    def _give_tokens(self, made: Sequence[Seat]) -> None:
        # Everybody has all tokens and lets every pool, and the backstop, take them; the outsider has nothing.
        for token in self.tokens:
            twin = self.twins[token.address]
            spenders = [seat.pool.address for seat in made if token in (seat.asset, seat.collateral)]
            spenders += [self.fund.contract.address] if token is self.tokens[0] else []
            for owner in PEOPLE[:-1]:
                self._mint(token, twin, owner)
                for spender in spenders:
                    token.transact(owner, "approve", spender, MAX_UINT256)
                    twin.approve(owner, spender, MAX_UINT256)
        for seat in made:
            buyer = seat.buyer.address
            for token in self.tokens:
                self._mint(token, self.twins[token.address], buyer)
            for other in made:
                seat.buyer.transact(DEPLOYER, "approve", other.asset.address, other.pool.address)
                other.asset_twin.approve(buyer, other.pool.address, MAX_UINT256)

    def _mint(self, token: Contract, twin: Ledger, owner: str) -> None:
        token.transact(DEPLOYER, "mint", owner, FUNDS)
        twin.mint(owner, FUNDS)

    def remembered(self, pool: str) -> tuple[str, int]:
        """Where the adaptive model keeps what it remembers of a pool."""
        model = self.rates[0]
        return model.address, entry_slot(model.artifact.layout["remembered"].slot, pool)

    # Time

    @property
    def now(self) -> int:
        """Time of the next act (seconds)."""
        return self.chain.timestamp

    def pass_time(self, seconds: int) -> None:
        """Begin a later block; the feeds mostly go on speaking, and one of them now and then does not."""
        self.note("pass_time", seconds)
        if seconds > 0:
            self.chain.advance_to(self.now + seconds)
        for seat in self.seats:
            if seat.guard and self.rng.random() < 0.9:
                seat.guard.refresh()

    # Taking back

    def everything(self) -> list[tuple[Any, str, Any]]:
        """All that models hold, as (owner, attribute, value)."""
        ledgers = [*(self.twins[token.address] for token in self.tokens), self.fund.twin._shares]
        held = [(ledger, name) for ledger in ledgers for name in ("balances", "allowances", "total_supply")]
        held += [(self.fund.twin, name) for name in ("_drawn", "_notices", "events")]
        held += [(self.twins[self.rates[0].address], "remembered")]
        for seat in self.seats:
            held += [(seat.pool, name) for name in ("_totals", "_positions", "_operators", "_unlocks_at", "_nonces", "events")]
            held += [(seat.pool._shares, name) for name in ("balances", "allowances", "total_supply")]
        return [(owner, name, copy(getattr(owner, name))) for owner, name in held]

    def put_back(self, saved: list[tuple[Any, str, Any]]) -> None:
        """Make all models as they were. Their lists and mappings stay the same objects, because others hold them."""
        for owner, name, value in saved:
            held = getattr(owner, name)
            if isinstance(held, dict):
                held.clear()
                held.update(value)
            elif isinstance(held, list):
                held[:] = value
            else:
                setattr(owner, name, value)

    # Comparing

    def check_token(self, token: Contract, twin: Ledger) -> None:
        """Compare all balances of a token, and what the backstop may take. Raises Difference."""
        if found := self.balances[token.address].difference(self.chain._evm.storage, token.address, twin):
            self.fail(f"token {token.address}: {found}")

    def _check_beside(self, acted: Seat | None) -> None:
        # The backstop is compared after every act; of the pools only the one acted on may have moved.
        for seat in self.seats:
            if seat is not acted and seat.has_moved():
                self.fail(f"isolation: pool {seat.number} has moved")
        self.fund.check()
        if acted is not None:
            acted.look()
            self.check_rate(acted)

    def check_rate(self, seat: Seat) -> None:
        """Compare what the adaptive model remembers of a pool. Raises Difference."""
        model, slot = self.remembered(seat.pool.address)
        remembered = self.twins[model].remembered
        found, expected = self.chain.storage(model, slot), remembered.get(seat.pool.address, 0)
        if found != expected:
            self.fail(f"rate remembered for pool {seat.number}: contract {found}, model {expected}")

    def check_all(self, rng: Random) -> None:
        """Compare the whole storage of every contract that has a twin, and all views of the next pool. Raises Difference."""
        state = self.chain.state()
        for seat in self.seats:
            self._check_whole(state[seat.pool.address].storage, seat.storage.nonzero(seat.pool), f"pool {seat.number}")
        self._check_whole(state[self.fund.contract.address].storage, self.fund.nonzero(), "backstop")
        for token in self.tokens:
            self._check_whole(state[token.address].storage, self._ledger(token), f"token {token.address}")
        model = self.rates[0]
        known = {self.remembered(pool)[1]: value for pool, value in self.twins[model.address].remembered.items() if value}
        self._check_whole(state[model.address].storage, known, "adaptive rate")
        for seat in self.seats:
            self.factory.compare_index(seat.terms.asset, seat.terms.collateral)
        seat = self.seats[self._next_seat % len(self.seats)]
        self._next_seat += 1
        seat._views.all(rng)
        self.fund.check_views()
        self.counts["whole states compared"] += 1

    def _ledger(self, token: Contract) -> Slots:
        twin, layout = self.twins[token.address], token.artifact.layout
        values = {layout["erc20.total_supply"].slot: twin.total_supply}
        values |= {entry_slot(layout["erc20.balance_of"].slot, owner): value for owner, value in twin.balances.items()}
        values |= {entry_slot(layout["erc20.allowances"].slot, *pair): value for pair, value in twin.allowances.items()}
        return {slot: value for slot, value in values.items() if value}

    def _check_whole(self, found: Mapping[int, int], expected: Slots, what: str) -> None:
        if found != expected:
            strange = sorted(set(found.items()) ^ set(expected.items()))
            self.fail(f"storage of {what} as a whole: {strange[:6]}")

    def fail(self, text: str) -> NoReturn:
        """Raise Difference, naming the act that led to it."""
        raise Difference(f"{self.history[-1] if self.history else 'start'}: {text}")

    def note(self, name: str, *arguments: Any) -> None:
        """Remember what is about to be done."""
        Twins._note(self, name, *arguments)  # type: ignore[arg-type]
