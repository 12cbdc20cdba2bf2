"""One pool of a system beside its model, and the guarded oracle that it may have."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.model.single_price import SinglePrice
from ringfence.model.terms import WAD, ZERO_ADDRESS, Terms
from tests.agreement import feeds, views
from tests.agreement.mocks import Buyer, FeedMock, OracleMock
from tests.agreement.storage import PoolStorage, TokenStorage, entry_slot
from tests.agreement.system_worlds import GUARD_AGE, Plan
from tests.agreement.tally import SaleWitness
from tests.agreement.twins import CREATOR, DEPLOYER, Outcome, Twins
from tests.agreement.worlds import NUMBERS

if TYPE_CHECKING:
    from tests.agreement.system_twins import System

FEED_DECIMALS = 18
MAX_PAUSE = 40 * 86_400


class Guard:
    """A guarded oracle over two feeds that anybody can set, given prices as a mock is given them."""

    def __init__(self, chain: EmbeddedChain, plan: Plan, tokens: tuple[str, str]) -> None:
        world = plan.world
        self.chain, self.divergence = chain, plan.max_divergence
        # A feed's unit of a whole token's price, in base units per base unit times 1e36.
        self.scale: int = 10 ** (36 + world.asset_decimals - world.collateral_decimals - FEED_DECIMALS)
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
