"""The shipped contract on the embedded chain and the model, side by side: every act is done on both, and everything is compared.

What is compared after every act: what it returned or why it was refused, the pool's events in their order, every storage slot of the pool,
every token balance and allowance, conservation, and some views in turn; all views and the machine's whole storage when asked for.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from ringfence.chain.artifacts import Artifact, load, read
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import CHAIN_ID, EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.model import shares
from ringfence.model.adaptive_rate import AdaptiveRate
from ringfence.model.erc20 import Ledger
from ringfence.model.errors import Revert
from ringfence.model.fixed_rate import FixedRate
from ringfence.model.kinked_rate import KinkedRate
from ringfence.model.liquidation import Position
from ringfence.model.permits import Signature
from ringfence.model.pool import Pool
from ringfence.model.single_price import SinglePrice
from ringfence.model.terms import MAX_UINT256, ZERO_ADDRESS, Terms
from tests.agreement import views
from tests.agreement.mocks import REVERT, BackstopMock, Buyer, FeedMock, OddToken, OracleMock, RateMock
from tests.agreement.signatures import account, vrs
from tests.agreement.storage import PoolStorage, TokenStorage
from tests.agreement.tally import SaleWitness
from tests.agreement.worlds import NUMBERS, Start, World

START = 1_700_000_000
DEPLOYER = "0x" + "d0" * 20


LENDERS = (account(1), account(2))
BORROWERS = tuple(account(number) for number in range(3, 8))
OPERATOR, LIQUIDATOR, CREATOR = account(8), account(9), account(10)
# Has neither tokens nor rights.
OUTSIDER = account(11)
PEOPLE = (*LENDERS, *BORROWERS, OPERATOR, LIQUIDATOR, CREATOR, OUTSIDER)
FUNDS = 2**200
# What the contract calls differently.
MODEL_NAMES = {"transferFrom": "transfer_from"}
# Calls of the pool that do not depend on the time.
TIMELESS = frozenset(("approve", "set_operator"))

Outcome = tuple[str, Any]


class Difference(AssertionError):
    """Contract and model disagree."""


class Twins:
    """One world on both sides. `now` is the time of the next act (seconds); `counts` says what has happened."""

    def __init__(self, world: World, *, artifacts: Path | None = None, counts: Counter[str] | None = None, trace: bool = False) -> None:
        self.world = world
        self.counts: Counter[str] = Counter() if counts is None else counts
        self.trace = trace
        self.history: list[str] = []
        self.lowered: list[tuple[Contract, Ledger, str]] = []
        self.chain = EmbeddedChain(timestamp=START)
        self._artifacts = artifacts
        self._set_up_surroundings()
        self._set_up_pool()
        self._fund()
        self.witness = SaleWitness(self)
        self._views = views.Rotation(self)
        if world.start != Start():
            self._plant(world.start)

    # Setting up

    def _artifact(self, name: str) -> Artifact:
        if self._artifacts and (path := self._artifacts / f"{name}.json").is_file():
            return read(name, json.loads(path.read_text()))
        return load(name)

    def _create(self, name: str, *arguments: Any) -> Contract:
        return Contract.create(self.chain, self._artifact(name), DEPLOYER, *arguments)

    def _set_up_surroundings(self) -> None:
        world = self.world
        token = {True: "mocks/odd_erc20_mock", False: "mocks/erc20_mock"}
        self.asset = self._create(token[world.is_asset_odd], world.asset_decimals)
        self.collateral = self._create(token[world.is_collateral_odd], world.collateral_decimals)
        self.asset_twin = OddToken() if world.is_asset_odd else Ledger()
        self.collateral_twin = OddToken() if world.is_collateral_odd else Ledger()
        self.buyer = self._create("mocks/reenter_mock")
        self.buyer_twin = Buyer()
        self.oracle_twin, self.feed_twin, self.rate_twin = OracleMock(), FeedMock(), RateMock()
        if world.is_single_price:
            self.feed = self._create("mocks/feed_mock")
            self.oracle = self._create("SinglePrice", self.feed.address)
        else:
            self.oracle = self._create("mocks/oracle_mock")
        self._set_up_rate(*world.rate)
        self.backstop = self._create("mocks/backstop_mock")
        self.backstop_twin = BackstopMock(self.asset_twin, self.backstop.address)
        self.set_backstop(0)
        self.set_prices(0, world.price, world.price)

    def _set_up_rate(self, kind: str, *parameters: Any) -> None:
        models: dict[str, tuple[str, Callable[..., Any]]] = {
            "fixed": ("FixedRate", FixedRate),
            "kinked": ("KinkedRate", KinkedRate),
            "adaptive": ("AdaptiveRate", AdaptiveRate),
        }
        if kind in models:
            name, model = models[kind]
            self.rate_address, self.rate_of_model = self._create(name, *parameters).address, model(*parameters)
            return
        # What has no code answers nothing, which counts as a failure.
        self.rate_mock = self._create("mocks/rate_mock")
        self.rate_address, self.rate_of_model = (self.rate_mock.address if kind == "mock" else OUTSIDER), self.rate_twin
        self.set_rate(*(parameters or (REVERT, 0)))

    def _set_up_pool(self) -> None:
        world = self.world
        recipient = CREATOR if world.terms["creator_fee"] else ZERO_ADDRESS
        named: tuple[Any, ...] = (
            self.asset.address,
            self.collateral.address,
            self.oracle.address,
            self.rate_address,
            self.backstop.address if world.has_backstop else ZERO_ADDRESS,
            recipient,
        )
        self.terms = Terms(*named, *(world.terms[field] for field in NUMBERS))
        artifact = self._artifact("Pool")
        in_order = tuple(getattr(self.terms, field) for field in self.terms.__slots__)
        self.contract = Contract.create(self.chain, artifact, DEPLOYER, in_order, "Pool", "POOL")
        self.pool = Pool(
            self.terms,
            asset=self.asset_twin,
            collateral=self.collateral_twin,
            oracle=SinglePrice(self.feed_twin) if world.is_single_price else self.oracle_twin,
            rate_model=self.rate_of_model,
            backstop=self.backstop_twin if world.has_backstop else None,
            now=START,
            address=self.contract.address,
        )
        self.pool.callbacks[self.buyer.address] = self.buyer_twin.on_liquidation
        for twin in (self.asset_twin, self.collateral_twin):
            if isinstance(twin, OddToken):
                twin.pool = self.pool.address
        self.accounts = (*PEOPLE, self.buyer.address, self.backstop.address, self.contract.address, ZERO_ADDRESS)
        self.storage = PoolStorage(artifact, self.accounts)
        self.tokens = [
            (contract, twin, TokenStorage(contract.artifact, self.accounts, self.pool.address))
            for contract, twin in ((self.asset, self.asset_twin), (self.collateral, self.collateral_twin))
        ]

    def _fund(self) -> None:
        for token, twin, _ in self.tokens:
            for owner in (*PEOPLE[:-1], self.buyer.address):
                self._mint(token, twin, owner, FUNDS)
            for owner in PEOPLE[:-1]:
                self.allow(token, twin, owner, MAX_UINT256)
            self.buyer.transact(DEPLOYER, "approve", token.address, self.pool.address)
            twin.approve(self.buyer.address, self.pool.address, MAX_UINT256)

    def _mint(self, token: Contract, twin: Ledger, receiver: str, amount: int) -> None:
        token.transact(DEPLOYER, "mint", receiver, amount)
        twin.mint(receiver, amount)

    def _plant(self, start: Start) -> None:
        # A pool with a past, written into both sides, with the tokens that back it.
        lender, borrower = LENDERS[0], BORROWERS[0]
        pool = self.pool
        pool._totals = pool._totals._replace(
            supply_assets=start.supply_assets,
            supply_shares=start.supply_shares,
            debt_assets=start.debt_assets,
            debt_shares=start.debt_shares,
        )
        pool._shares.total_supply = pool._shares.balances[lender] = start.supply_shares
        pool._positions[borrower] = Position(start.collateral, start.debt_shares)
        for slot, value in self.storage.nonzero(pool).items():
            self.write_slot(slot, value)
        self._mint(self.asset, self.asset_twin, pool.address, start.supply_assets - start.debt_assets)
        self._mint(self.collateral, self.collateral_twin, pool.address, start.collateral)
        self.check()

    def write_slot(self, slot: int, value: int) -> None:
        """Put a value into the contract's storage, as if it had come there by its own calls."""
        self.chain._evm.insert_account_storage(self.contract.address, slot, value)

    # Time and surroundings

    @property
    def now(self) -> int:
        """Time of the next act (seconds)."""
        return self.chain.timestamp

    def pass_time(self, seconds: int) -> None:
        """Begin a later block; 0 seconds stay in this one."""
        self._note("pass_time", seconds)
        if seconds > 0:
            self.chain.advance_to(self.now + seconds)

    def set_prices(self, mode: int, low: int, high: int) -> None:
        """Set what the oracle answers; a single feed has one price (high) and cannot fail."""
        self._note("set_prices", mode, low, high)
        if self.world.is_single_price:
            self.feed.transact(DEPLOYER, "set_price", high)
            self.feed_twin.answer = high
        else:
            self.oracle.transact(DEPLOYER, "set", mode, low, high)
            self.oracle_twin.set(mode, low, high)

    def set_rate(self, mode: int, answer: int) -> None:
        """Set what the rate mock answers, where the world has one."""
        if self.world.rate[0] == "none":
            mode = REVERT
        self._note("set_rate", mode, answer)
        if self.world.rate[0] in ("mock", "none"):
            self.rate_mock.transact(DEPLOYER, "set", mode, answer)
            self.rate_twin.set(mode, answer)

    def set_backstop(self, mode: int) -> None:
        """Let the backstop pay, or fail in a way of its own."""
        self._note("set_backstop", mode)
        self.backstop.transact(DEPLOYER, "set", mode, self.asset.address)
        self.backstop_twin.mode = mode

    def fill_backstop(self, amount: int) -> None:
        """Give the backstop assets, and something to call in the pool that it covers."""
        self._note("fill_backstop", amount)
        self._mint(self.asset, self.asset_twin, self.backstop.address, amount)
        self.backstop.transact(DEPLOYER, "set_call", self.contract.address, self.contract.calldata("accrue"))

    def set_token_mode(self, mode: int) -> None:
        """Let the world's odd tokens misbehave."""
        if not self.is_odd:
            return
        self._note("set_token_mode", mode)
        for token, twin, _ in self.tokens:
            if isinstance(twin, OddToken):
                token.transact(DEPLOYER, "set", mode)
                twin.mode = mode

    def allow(self, token: Contract, twin: Ledger, owner: str, amount: int) -> None:
        """Let the pool take up to an amount of the owner's tokens."""
        self._note("allow", token.address, owner, amount)
        token.transact(owner, "approve", self.pool.address, amount)
        twin.approve(owner, self.pool.address, amount)
        if amount < MAX_UINT256:
            self.lowered.append((token, twin, owner))

    def be_kind(self) -> None:
        """End what keeps tokens from moving: odd behaviour, and allowances that were lowered."""
        self.set_token_mode(0)
        for token, twin, owner in self.lowered:
            self.allow(token, twin, owner, MAX_UINT256)
        self.lowered.clear()

    def donate(self, is_asset: bool, amount: int) -> None:
        """Give the pool tokens that it does not know of."""
        self._note("donate", is_asset, amount)
        token, twin, _ = self.tokens[0 if is_asset else 1]
        self._mint(token, twin, self.pool.address, amount)

    def strip_collateral(self, borrower: str) -> None:
        """Take a position's collateral away on both sides, the tokens staying behind."""
        self._note("strip_collateral", borrower)
        held = self.pool._positions[borrower]
        self.pool._positions[borrower] = held._replace(collateral=0)
        slot = self.storage.slot("packed_positions", borrower)
        self.write_slot(slot, self.chain.storage(self.contract.address, slot) % 2**128)

    def plan_callback(self, target: str, calldata: bytes, twin: Callable[[], Any] | None) -> None:
        """Set the call that the buyer's callback makes, on both sides."""
        self._note("plan_callback", target, calldata.hex())
        self.buyer.transact(DEPLOYER, "set", target, calldata)
        self.buyer_twin.set(twin)

    # Acting

    def act(self, name: str, caller: str, *arguments: Any) -> Outcome:
        """Call one function of the pool on both sides; return ("ok", value) or ("refused", text). Raises Difference."""
        self._note(name, caller, *arguments)
        self.witness.before(name, arguments)
        on_contract = self._on_contract(name, caller, arguments)
        events = self.contract.events if on_contract[0] == "ok" else []
        on_model = self._on_model(name, caller, arguments)
        if on_contract != on_model and not self._is_excused(on_contract, on_model):
            self.fail(f"contract {_short(on_contract)}, model {_short(on_model)}")
        if events != self.pool.events:
            self.fail(f"events: contract {_short(events)}, model {_short(self.pool.events)}")
        self._count(name, on_contract)
        self.check()
        if caller == self.buyer.address:
            self._check_buyer()
        self.pool.events.clear()
        self._views.some()
        return on_contract

    def _on_contract(self, name: str, caller: str, given: Sequence[Any]) -> Outcome:
        arguments = as_contract_takes(given)
        try:
            if caller != self.buyer.address:
                return "ok", self.contract.transact(caller, name, *arguments)
            function = self.contract.interface.functions[name, len(arguments)]
            calldata = self.buyer.calldata("forward", self.contract.address, function.encode(arguments))
            return "ok", function.decode(self.chain.transact(DEPLOYER, self.buyer.address, calldata))
        except Reverted as refusal:
            return ("halted", refusal.halt) if refusal.is_halt else ("refused", refusal.reason)

    def _on_model(self, name: str, caller: str, arguments: Sequence[Any]) -> Outcome:
        method = getattr(self.pool, MODEL_NAMES.get(name, name))
        tokens = [(twin, dict(twin.balances), dict(twin.allowances)) for _, twin, _ in self.tokens] if self.is_odd else []
        called = self.buyer_twin.is_called, self.buyer_twin.is_let_in
        try:
            return "ok", method(caller, *arguments) if name in TIMELESS else method(caller, *arguments, self.now)
        except Revert as refusal:
            # A token that refuses to go out after another came in: the pool is taken back by the model, its tokens are ours.
            for twin, balances, allowances in tokens:
                twin.balances, twin.allowances = balances, allowances
            self.buyer_twin.is_called, self.buyer_twin.is_let_in = called
            return "refused", str(refusal)
        except Exception as crash:  # a model that crashes differs from any contract
            return "crashed", repr(crash)[:200]

    @property
    def is_odd(self) -> bool:
        """Whether a token of this world can misbehave."""
        return self.world.is_asset_odd or self.world.is_collateral_odd

    def _is_excused(self, on_contract: Outcome, on_model: Outcome) -> bool:
        # The contract sends collateral first, the model takes the payment first: where an odd collateral does not go and the buyer cannot
        # pay either, each names what it met first.
        stays = ("", "odd erc20 mock: fails", "transfer: token refused")
        unpaid = (*stays, "erc20: allowance too low", "erc20: balance too low", "transfer: too little arrived")
        is_refused_twice = on_contract[0] == on_model[0] == "refused" and on_contract[1] in stays and on_model[1] in unpaid
        return self.world.is_collateral_odd and is_refused_twice

    def _count(self, name: str, outcome: Outcome) -> None:
        if outcome[0] == "ok":
            self.counts[f"done: {name}"] += 1
            self.witness.after(name, outcome[1])
        else:
            self.counts[f"refused: {name}"] += 1
            self.counts[f"text: {outcome[1]}"] += 1

    # Comparing

    def check(self) -> None:
        """Compare every storage value and token balance, and what must be conserved. Raises Difference."""
        slot_of = self.chain._evm.storage  # without the chain's wrapper: a hundred readings an act
        if found := self.storage.difference(slot_of, self.pool):
            self.fail(found)
        for token, twin, slots in self.tokens:
            if found := slots.difference(slot_of, token.address, twin):
                self.fail(f"token {token.address}: {found}")
        if not self.is_odd:
            self._check_conservation()

    def _check_conservation(self) -> None:
        # Both sides have the same balances and totals by now, so one sum speaks for both.
        address = self.pool.address
        if self.asset_twin.balance_of(address) < shares.cash(self.pool._totals):
            self.fail("conservation: less of the asset than cash")
        if self.collateral_twin.balance_of(address) < sum(held.collateral for held in self.pool._positions.values()):
            self.fail("conservation: less collateral than positions hold")

    def _check_buyer(self) -> None:
        expected = self.buyer_twin.is_called, self.buyer_twin.is_let_in
        found = self.buyer.call("is_called"), self.buyer.call("is_let_in")
        if found != expected:
            self.fail(f"callback (called, let in): contract {found}, model {expected}")

    def check_all(self, rng: Random) -> None:
        """Compare every view for every account, and the machine's whole storage of the pool. Raises Difference."""
        self._views.all(rng)
        stored = self.chain.state()[self.contract.address].storage
        if stored != self.storage.nonzero(self.pool):
            strange = set(stored.items()) ^ set(self.storage.nonzero(self.pool).items())
            self.fail(f"storage as a whole: {_short(sorted(strange))}")

    def fail(self, text: str) -> NoReturn:
        """Raise Difference, naming the act that led to it."""
        raise Difference(f"{self.history[-1] if self.history else 'start'}: {text}")

    def _note(self, name: str, *arguments: Any) -> None:
        line = f"{name}({', '.join(_name(argument) for argument in arguments)})"
        self.history[:] = [line]
        if self.trace:
            print(line, flush=True)  # noqa: T201 (the driver's --trace)


def as_contract_takes(arguments: Sequence[Any]) -> list[Any]:
    """The arguments with every signature as v, r and s."""
    taken: list[Any] = []
    for argument in arguments:
        taken += vrs(argument, "Pool", CHAIN_ID) if isinstance(argument, Signature) else (argument,)
    return taken


def _name(argument: Any) -> str:
    if isinstance(argument, list):
        return f"[{', '.join(_name(item) for item in argument)}]"
    if isinstance(argument, str):
        return argument[:10] if len(argument) == 42 else argument
    if isinstance(argument, bytes) and len(argument) > 8:
        return f"{len(argument)} bytes"
    return "MAX" if argument == MAX_UINT256 else repr(argument)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 800 else text[:800] + "..."
