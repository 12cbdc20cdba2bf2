"""The backstop of a system and its model: acts, storage, views, and what pools asked it for."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ringfence.chain.backstop import deploy_backstop
from ringfence.chain.contract import Contract
from ringfence.model.backstop import Backstop
from tests.agreement import backstops
from tests.agreement.planted import outcome_of
from tests.agreement.storage import entry_slot
from tests.agreement.twins import CREATOR, LENDERS, OPERATOR, Outcome

if TYPE_CHECKING:
    from tests.agreement.system_twins import System

UNDERWRITERS = (*LENDERS, OPERATOR, CREATOR)

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
