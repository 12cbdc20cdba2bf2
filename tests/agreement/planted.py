"""The shipped pool with any storage one likes: its pure rules can then be asked for inputs that no short history leads to."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.model.erc20 import Ledger
from ringfence.model.errors import Revert
from ringfence.model.liquidation import Position
from ringfence.model.pool import NOTHING, Pool
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256, ZERO_ADDRESS, Terms
from tests.agreement.mocks import OracleMock, RateMock
from tests.agreement.storage import PoolStorage
from tests.agreement.worlds import NUMBERS

DEPLOYER, BORROWER, BUYER, CREATOR = ("0x" + pair * 20 for pair in ("d0", "b0", "c0", "f0"))
# Late enough for a clock to have run for any time that a term can name.
NOW = 2**63

Outcome = tuple[str, Any]


class Surroundings:
    """One chain with two tokens, an oracle and a rate model that anybody can set; the buyer has tokens without end."""

    def __init__(self) -> None:
        self.chain = EmbeddedChain(timestamp=NOW)
        self.asset, self.collateral = self._create("mocks/erc20_mock", 18), self._create("mocks/erc20_mock", 18)
        self.oracle, self.rate_model = self._create("mocks/oracle_mock"), self._create("mocks/rate_mock")
        self.asset.transact(DEPLOYER, "mint", BUYER, 2**255)
        self.collateral.transact(DEPLOYER, "mint", BUYER, 2**255)

    def _create(self, name: str, *arguments: Any) -> Contract:
        return Contract.create(self.chain, load(name), DEPLOYER, *arguments)

    def set_prices(self, low: int, high: int) -> None:
        """Set what the oracle answers."""
        self.oracle.transact(DEPLOYER, "set", 0, low, high)

    def terms(self, numbers: Mapping[str, int]) -> Terms:
        """The terms with these numbers and the addresses of these surroundings."""
        recipient = CREATOR if numbers["creator_fee"] else ZERO_ADDRESS
        named: tuple[Any, ...] = (
            self.asset.address,
            self.collateral.address,
            self.oracle.address,
            self.rate_model.address,
            ZERO_ADDRESS,
            recipient,
        )
        return Terms(*named, *(numbers[field] for field in NUMBERS))

    def create(self, terms: Terms) -> Contract:
        """Deploy the shipped pool; raises Reverted with the constructor's text."""
        values = tuple(getattr(terms, field) for field in terms.__slots__)
        return Contract.create(self.chain, load("Pool"), DEPLOYER, values, "Pool", "POOL")

    def pool(self, numbers: Mapping[str, int]) -> "PlantedPool":
        """A new pool, empty until something is planted in it."""
        return PlantedPool(self, self.terms(numbers))


class PlantedPool:
    """A shipped pool whose storage is written, not grown; `model` holds what the storage should be, for packing and comparison."""

    def __init__(self, surroundings: Surroundings, terms: Terms) -> None:
        self.surroundings = surroundings
        self.terms = terms
        self.contract = surroundings.create(terms)
        self.storage = PoolStorage(self.contract.artifact, (BORROWER, BUYER, CREATOR))
        self.rate_twin = RateMock()
        self.model = Pool(
            terms,
            asset=Ledger(),
            collateral=Ledger(),
            oracle=OracleMock(),
            rate_model=self.rate_twin,
            now=NOW,
            address=self.contract.address,
        )

    @cached_property
    def _is_funded(self) -> bool:
        # Collateral for any sale, and the right to take any payment.
        surroundings = self.surroundings
        surroundings.collateral.transact(BUYER, "transfer", self.contract.address, 2**160)
        surroundings.asset.transact(BUYER, "approve", self.contract.address, MAX_UINT256)
        return True

    def plant(self, totals: Totals, position: Position = NOTHING, unhealthy_since: int = 0) -> None:
        """Write totals and the borrower's position into the contract; lender shares lie with nobody."""
        self.expect(totals, position, unhealthy_since)
        slots = self.storage.nonzero(self.model)
        insert = self.surroundings.chain._evm.insert_account_storage
        for slot in self._slots:
            insert(self.contract.address, slot, slots.get(slot, 0))

    def expect(self, totals: Totals, position: Position, unhealthy_since: int) -> None:
        """Say what the storage should hold now."""
        model = self.model
        model._totals = totals
        model._shares.total_supply = totals.supply_shares
        model._positions = {BORROWER: position._replace(unhealthy_since=unhealthy_since)}

    @cached_property
    def _slots(self) -> list[int]:
        return [slot for _, slot, _ in self.storage.scalars] + [entries[BORROWER] for _, _, entries in self.storage.entries]

    def difference(self) -> str:
        """Name the first slot that is not as expected; empty if none is."""
        return self.storage.difference(self.surroundings.chain.storage, self.model)

    def ask(self, name: str, *arguments: Any) -> Outcome:
        """Ask a view: ("ok", value) or ("refused", text)."""
        return outcome_of(self.contract.call, name, *arguments)

    def buy(self, max_payment: int) -> Outcome:
        """Let the buyer liquidate the borrower: ("ok", value) or ("refused", text)."""
        assert self._is_funded
        return outcome_of(self.contract.transact, BUYER, "liquidate", BORROWER, max_payment, 0, BUYER, b"")


def outcome_of(call: Callable[..., Any], *arguments: Any) -> Outcome:
    """What a call answers on either side, or why it is refused; a machine that halts is neither."""
    try:
        return "ok", call(*arguments)
    except Reverted as refusal:
        return ("halted", refusal.halt) if refusal.is_halt else ("refused", refusal.reason)
    except Revert as refusal:
        return "refused", str(refusal)
