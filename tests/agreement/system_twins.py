"""A whole system on one embedded chain beside its models: a factory, its pools, the backstop that covers some of them, what they share.

After every act: what it returned or why it was refused, events, every storage value of the contract acted on and of the backstop, token
balances; and no other pool's storage, balances or remembered rate has moved. Now and then every view, and the storage of everything.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from random import Random
from typing import Any, NoReturn

from ringfence.chain.artifacts import load
from ringfence.chain.backstop import deploy_backstop
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.factory import pool_address
from ringfence.model.adaptive_rate import AdaptiveRate
from ringfence.model.backstop import Backstop
from ringfence.model.erc20 import Ledger
from ringfence.model.fixed_rate import FixedRate
from ringfence.model.kinked_rate import KinkedRate
from ringfence.model.pool import Pool
from ringfence.model.single_price import SinglePrice
from ringfence.model.terms import MAX_UINT256, WAD, ZERO_ADDRESS, Terms
from tests.agreement import backstops, feeds, test_factory, views
from tests.agreement.mocks import Buyer, FeedMock, OracleMock
from tests.agreement.planted import outcome_of
from tests.agreement.storage import PoolStorage, TokenStorage, entry_slot
from tests.agreement.system_worlds import GUARD_AGE, Plan, SystemWorld
from tests.agreement.tally import SaleWitness
from tests.agreement.twins import CREATOR, DEPLOYER, FUNDS, LENDERS, OPERATOR, PEOPLE, START, Difference, Outcome, Twins
from tests.agreement.worlds import NUMBERS

UNDERWRITERS = (*LENDERS, OPERATOR, CREATOR)
FEED_DECIMALS = 18
MAX_PAUSE = 40 * 86_400
RATES: dict[str, tuple[str, Callable[..., Any]]] = {
    "fixed": ("FixedRate", FixedRate),
    "kinked": ("KinkedRate", KinkedRate),
    "adaptive": ("AdaptiveRate", AdaptiveRate),
}

Slots = dict[int, int]


class WatchedBackstop(Backstop):
    """The model, which also remembers what pools asked for: (asked, paid), paid being None where it refused."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.asked: list[tuple[int, int | None]] = []

    def cover(self, caller: str, amount: int) -> int:
        self.asked.append((amount, None))
        paid = super().cover(caller, amount)
        self.asked[-1] = amount, paid
        return paid


class Guard:
    """A guarded oracle over two feeds that anybody can set, given prices as a mock is given them."""

    def __init__(self, chain: EmbeddedChain, plan: Plan, tokens: tuple[str, str]) -> None:
        world = plan.world
        self.chain, self.divergence = chain, plan.max_divergence
        # A feed's unit of a whole token's price, in base units per base unit times 1e36.
        self.scale = 10 ** (36 + world.asset_decimals - world.collateral_decimals - FEED_DECIMALS)
        self.feeds = [feeds.Feed.make(chain, FEED_DECIMALS, self._answer(world.price), chain.timestamp) for _ in range(2)]
        sources = [feeds.Source(feed, GUARD_AGE) for feed in self.feeds]
        decimals = (world.collateral_decimals, world.asset_decimals)
        bounds = max(1, world.price // 10**9), world.price * 10**9
        self.contract, self.twin = feeds.make_oracles(chain, tokens, decimals, sources, *bounds, plan.max_divergence)

    def set(self, mode: int, low: int, high: int) -> None:
        """Make the two sides answer so; a low price of 0 is two sides too far apart, a price that cannot be is two sides that fail."""
        now = self.chain.timestamp
        if mode or not 0 < high or low > high:
            self.feeds[0].set(mode or feeds.ANSWERS, 0 if mode == 0 else self._answer(high), now)
            self.feeds[1].set(feeds.ANSWERS, self._answer(high), max(0, now - GUARD_AGE - 1))
            return
        answer = self._answer(high)
        self.feeds[0].set(feeds.ANSWERS, self._answer(low) if low else answer - answer * self.divergence // WAD * 2, now)
        self.feeds[1].set(feeds.ANSWERS, answer, now)

    def refresh(self) -> None:
        """Say the same once more, now."""
        for feed in self.feeds:
            feed.set(feed.twin.mode, feed.twin.answer, self.chain.timestamp)

    def _answer(self, price: int) -> int:
        return max(1, min(price // self.scale, 2**255 - 1))


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


class Fund:
    """The backstop and its model."""

    def __init__(self, system: "System", asset: Contract, cooldown: int) -> None:
        self.system = system
        self.contract = deploy_backstop(system.chain, asset.address, cooldown, creator=CREATOR)
        self.twin = WatchedBackstop(system.twins[asset.address], cooldown, creator=CREATOR, address=self.contract.address)
        self.asset, self.asset_twin = asset, system.twins[asset.address]
        system.twins[self.contract.address] = self.twin
        self._turns = self._endless_questions()

    def set_up_storage(self, accounts: Sequence[str]) -> None:
        """Work out where everything lies that these accounts can have here."""
        slots = {name: entry.slot for name, entry in self.contract.artifact.layout.items()}
        self.sealed = slots.pop("is_sealed")
        self.supply = slots.pop("erc20.total_supply")
        self.allowances = slots.pop("erc20.allowances")
        twin, held = self.twin, self.twin._shares.balances
        tables: dict[str, Callable[[str], int]] = {
            "max_assets": lambda account: twin._max_assets.get(account, 0),
            "max_share_wad": lambda account: twin._max_share_wad.get(account, 0),
            "drawn": lambda account: twin._drawn.get(account, 0),
            "packed_notices": self._packed_notice,
            "erc20.balance_of": lambda account: held.get(account, 0),
        }
        if tables.keys() != slots.keys():
            raise KeyError(f"variables of the backstop without a twin: {sorted(tables.keys() ^ slots.keys())}")
        self.entries = [(name, who, entry_slot(slot, who), tables[name]) for name, slot in slots.items() for who in accounts]

    def _packed_notice(self, account: str) -> int:
        amount, opens_at = self.twin._notices.get(account, (0, 0))
        return amount << 64 | opens_at

    def nonzero(self) -> Slots:
        """All slots that the model says are not zero."""
        shares = self.twin._shares
        values = {self.sealed: int(self.twin.is_sealed), self.supply: shares.total_supply}
        values |= {slot: expected(who) for _, who, slot, expected in self.entries}
        values |= {entry_slot(self.allowances, *pair): left for pair, left in shares.allowances.items()}
        return {slot: value for slot, value in values.items() if value}

    def check(self) -> None:
        """Compare events and storage; raises Difference."""
        read, address = self.system.chain._evm.storage, self.contract.address
        events, expected_events = self.contract.events, self.twin.events
        if events != expected_events:
            self.system.fail(f"backstop's events: contract {events}, model {expected_events}")
        expected_events.clear()
        for name, who, slot, expected in self.entries:
            if read(address, slot) != expected(who):
                self.system.fail(f"backstop's {name}[{who}]: contract {read(address, slot)}, model {expected(who)}")
        shares = self.twin._shares
        if read(address, self.supply) != shares.total_supply:
            self.system.fail(f"backstop's shares: contract {read(address, self.supply)}, model {shares.total_supply}")
        for pair, left in shares.allowances.items():
            if read(address, entry_slot(self.allowances, *pair)) != left:
                self.system.fail(f"backstop's allowance {pair}: model {left}")

    def act(self, name: str, caller: str, *arguments: Any) -> Outcome:
        """Do one thing on both sides; raises Difference."""
        system, counts = self.system, self.system.counts
        system.note(f"backstop.{name}", caller, *arguments)
        on_contract = outcome_of(getattr(self.contract, name), caller, *arguments)
        on_model = outcome_of(getattr(self.twin, name), caller, *arguments)
        if on_contract != on_model:
            system.fail(f"contract {on_contract}, model {on_model}")
        counts["operations"] += 1
        counts[f"done: backstop.{name}" if on_contract[0] == "ok" else f"text: {on_contract[1]}"] += 1
        if on_contract[0] == "ok" and name in ("redeem", "withdraw"):
            counts["left after a draw" if sum(self.twin._drawn.values()) else "left by notice, nothing drawn"] += 1
        self.twin.asked.clear()
        system.check_token(self.asset, self.asset_twin)
        system.check_beside(None)
        self._check_views(next(self._turns))
        return on_contract

    def check_views(self) -> None:
        """Compare every view for every underwriter and pool. Raises Difference."""
        for names, arguments in self._questions():
            self._check_views((names, arguments))

    def _questions(self) -> Iterator[tuple[Sequence[str], tuple[Any, ...]]]:
        yield backstops.PLAIN, ()
        yield from ((backstops.BY_POOL, (seat.pool.address,)) for seat in self.system.seats)
        for owner in UNDERWRITERS:
            yield backstops.BY_OWNER, (owner,)
            yield backstops.BY_OWNER_AND_TIME, (owner, self.system.now)
            yield backstops.BY_AMOUNT, (self.twin.balance_of(owner),)

    def _endless_questions(self) -> Iterator[tuple[Sequence[str], tuple[Any, ...]]]:
        while True:
            yield from self._questions()

    def _check_views(self, question: tuple[Sequence[str], tuple[Any, ...]]) -> None:
        names, arguments = question
        for name in names:
            on_contract = outcome_of(getattr(self.contract, name), *arguments)
            on_model = outcome_of(getattr(self.twin, name), *arguments)
            if on_contract != on_model:
                self.system.fail(f"then backstop.{name}{arguments}: contract {on_contract}, model {on_model}")


class Seat(Twins):
    """One pool of the system: what `operations.py` does to a pool of its own is done to this one among others."""

    def __init__(self, system: "System", number: int, plan: Plan) -> None:
        self.system, self.number, self.plan, self.world = system, number, plan, plan.world
        self.counts, self.trace, self.history, self.chain = system.counts, system.trace, system.history, system.chain
        self.lowered = []
        self.asset, self.collateral = system.tokens[plan.asset], system.tokens[plan.collateral]
        self.asset_twin, self.collateral_twin = system.twins[self.asset.address], system.twins[self.collateral.address]
        self.buyer, self.buyer_twin = system.create("mocks/reenter_mock"), Buyer()
        self.guard: Guard | None = None
        # The pool that this one's buyer will act in during its callback, if any; and whether the act at hand has called it back.
        self.elsewhere: Seat | None = None
        self.is_buying = False
        self._set_up_oracle()
        self._set_up_terms()
        outcome, address = system.factory.act(self.terms, DEPLOYER)
        if outcome != "ok":
            self.fail(f"the world's own terms are refused: {address}")
        self.contract = Contract(self.chain, address, load("Pool"))
        self.pool = system.factory.pools[address]
        self.pool.callbacks[self.buyer.address] = self.buyer_twin.on_liquidation

    def _set_up_oracle(self) -> None:
        system, plan, price = self.system, self.plan, self.world.price
        self.oracle_twin, self.feed_twin = OracleMock(), FeedMock()
        if plan.oracle == "guarded":
            self.guard = Guard(self.chain, plan, (self.collateral.address, self.asset.address))
            self.oracle = self.guard.contract
            system.twins[self.oracle.address] = self.guard.twin
        elif plan.oracle == "single":
            self.feed = system.create("mocks/feed_mock")
            self.oracle = system.create("SinglePrice", self.feed.address)
            system.twins[self.oracle.address] = SinglePrice(self.feed_twin)
        else:
            self.oracle = system.create("mocks/oracle_mock")
            system.twins[self.oracle.address] = self.oracle_twin
        self.set_prices(0, price, price)

    def _set_up_terms(self) -> None:
        system, plan, terms = self.system, self.plan, self.world.terms
        backstop = ZERO_ADDRESS if plan.backstop == "none" else system.fund.contract.address
        recipient = CREATOR if terms["creator_fee"] else ZERO_ADDRESS
        named = (self.asset.address, self.collateral.address, self.oracle.address, system.rates[plan.rate].address, backstop, recipient)
        self.terms = Terms(*named, *(terms[field] for field in NUMBERS))

    def set_up_storage(self, accounts: Sequence[str]) -> None:
        """Work out where everything lies that these accounts can have here, and remember how it stands."""
        self.accounts = tuple(accounts)
        self.storage = PoolStorage(self.contract.artifact, accounts)
        self.tokens = [
            (contract, twin, TokenStorage(contract.artifact, accounts, self.pool.address))
            for contract, twin in ((self.asset, self.asset_twin), (self.collateral, self.collateral_twin))
        ]
        own = [slot for _, slot, _ in self.storage.scalars]
        own += [slot for _, _, entries in self.storage.entries for slot in entries.values()]
        balances = [
            (token.address, entry_slot(token.artifact.layout["erc20.balance_of"].slot, self.pool.address)) for token, _, _ in self.tokens
        ]
        self.places = [(self.pool.address, slot) for slot in own] + balances + [self.system.remembered(self.pool.address)]
        self.witness = SaleWitness(self)
        self._views = views.Rotation(self)
        self.look()

    def look(self) -> None:
        """Remember every storage word, both balances and the rate remembered for this pool."""
        read = self.chain._evm.storage
        self.image = [read(*place) for place in self.places]

    def has_moved(self) -> bool:
        """Whether any of these is no longer as it was at the last look."""
        read = self.chain._evm.storage
        return [read(*place) for place in self.places] != self.image

    # Time and surroundings

    def pass_time(self, seconds: int) -> None:
        """Begin a later block for everybody."""
        self.system.pass_time(min(seconds, MAX_PAUSE))

    def set_prices(self, mode: int, low: int, high: int) -> None:
        """Set what the oracle answers, as far as its kind can."""
        if self.guard is None:
            super().set_prices(mode, low, high)
            return
        self._note("set_prices", mode, low, high)
        self.guard.set(mode, low, high)

    def donate(self, is_asset: bool, amount: int) -> None:
        """Give this pool tokens that it does not know of."""
        super().donate(is_asset, amount)
        self.look()

    def is_troubled(self) -> bool:
        """Whether nobody can borrow here, whatever the collateral."""
        prices = self.pool._try_prices()
        return prices is None or prices[0] == 0

    def plan_callback(self, target: str, calldata: bytes, twin: Callable[[], Any] | None) -> None:
        """Set the call that this pool's buyer makes when it is called back; none of the system's other pools hears of it."""
        super().plan_callback(target, calldata, twin)
        self.elsewhere = None

    def plan_elsewhere(self, other: "Seat", name: str, *arguments: Any) -> None:
        """Let the buyer act in another pool while this one is closed."""
        buyer = self.buyer.address

        def on_model() -> Any:
            return getattr(other.pool, name)(buyer, *arguments, self.now)

        self.plan_callback(other.contract.address, other.contract.calldata(name, *arguments), on_model)
        self.elsewhere = other

    # Acting

    def _on_model(self, name: str, caller: str, arguments: Sequence[Any]) -> Outcome:
        self.is_buying = caller == self.buyer.address and self.elsewhere is not None
        if not self.is_buying:
            return super()._on_model(name, caller, arguments)
        # Each pool of the model takes back its own; what others did in a callback of a sale that is refused is taken back here.
        saved = self.system.everything()
        outcome = super()._on_model(name, caller, arguments)
        if outcome[0] != "ok":
            self.system.put_back(saved)
        return outcome

    def check(self) -> None:
        """Compare this pool, its tokens, the backstop; and nothing else may have moved. Raises Difference."""
        super().check()
        if self.elsewhere is not None and self.is_buying:
            self.elsewhere.check_visited()
            self.counts["acted elsewhere in a callback"] += self.buyer_twin.is_let_in
        self.system.check_beside(self)

    def check_visited(self) -> None:
        """Compare all of this pool after an act that began in another one. Raises Difference."""
        Twins.check(self)
        events, expected = self.contract.events, self.pool.events
        if events != expected:
            self.fail(f"events of pool {self.number}: contract {events}, model {expected}")
        expected.clear()
        self.system.check_rate(self)
        self.look()

    def _count(self, name: str, outcome: Outcome) -> None:
        super()._count(name, outcome)
        counts = self.counts
        counts["operations"] += 1
        self._count_draws(outcome)
        if name == "borrow":
            self._count_borrowing(outcome)
        if outcome[0] != "ok":
            return
        counts[f"pool {self.number}: {name}"] += 1
        if name in ("withdraw", "redeem", "transfer", "transferFrom") and self.terms.lockup:
            counts["lock-up passed"] += any(event[0] == "Transfer" and self.pool._unlocks_at.get(event[1]) for event in self.pool.events)
        for event in self.pool.events:
            if event[0] == "LossRealised":
                for layer, part in zip(("reserve", "backstop", "lenders", "premium"), event[3:], strict=True):
                    counts[f"borne by {layer}"] += part > 0

    def _count_draws(self, outcome: Outcome) -> None:
        counts, fund = self.counts, self.system.fund.twin
        for asked, paid in fund.asked:
            if outcome[0] != "ok":
                counts["draw: taken back"] += bool(paid)
            elif paid is None:
                counts["draw: refused"] += 1
            elif paid == asked:
                counts["draw: full"] += 1
            elif paid:
                counts["draw: partial"] += 1
            else:
                counts["draw: exhausted" if fund.cover_of(self.pool.address)[2] else "draw: fund is empty"] += 1
        fund.asked.clear()

    def _count_borrowing(self, outcome: Outcome) -> None:
        if outcome[0] == "ok":
            troubled = [seat for seat in self.system.seats if seat is not self and seat.is_troubled()]
            self.counts["borrowed while another pool's oracle is in trouble"] += bool(troubled)
        elif self.is_troubled():
            is_apart = self.pool._try_prices() is not None
            self.counts["new risk stopped: feeds apart" if is_apart else "new risk stopped: no price"] += 1

    def _note(self, name: str, *arguments: Any) -> None:
        super()._note(f"pool {self.number}: {name}", *arguments)


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

    def _check_whole(self, found: Slots, expected: Slots, what: str) -> None:
        if found != expected:
            strange = sorted(set(found.items()) ^ set(expected.items()))
            self.fail(f"storage of {what} as a whole: {strange[:6]}")

    def fail(self, text: str) -> NoReturn:
        """Raise Difference, naming the act that led to it."""
        raise Difference(f"{self.history[-1] if self.history else 'start'}: {text}")

    def note(self, name: str, *arguments: Any) -> None:
        """Remember what is about to be done."""
        Twins._note(self, name, *arguments)  # type: ignore[arg-type]
