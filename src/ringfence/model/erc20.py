"""A small ERC-20: balances and allowances; twin of contracts/erc20.vy.

A pool keeps its lender shares in one, and is given one for each token it moves. Amounts are base units; accounts are strings.
"""

from typing import Any

from .errors import Revert
from .terms import MAX_UINT256, ZERO_ADDRESS

Event = tuple[Any, ...]
# What to put back, newest last: (mapping, key, former value or None).
Undo = list[tuple[dict[Any, Any], Any, Any]]


class Ledger:
    """Balances, allowances and total supply, with the contract's checks; raises Revert with its texts.

    `events` collects what the contract would log, if given; `undo` collects former values, so that the owner can take writes back.
    """

    __slots__ = ("allowances", "balances", "events", "total_supply", "undo")

    def __init__(self, events: list[Event] | None = None, undo: Undo | None = None) -> None:
        self.balances: dict[str, int] = {}
        self.allowances: dict[tuple[str, str], int] = {}
        self.total_supply = 0
        self.events = events
        self.undo = undo

    def balance_of(self, owner: str) -> int:
        """Return the balance of an account."""
        return self.balances.get(owner, 0)

    def allowance(self, owner: str, spender: str) -> int:
        """Return what the spender may still move for the owner."""
        return self.allowances.get((owner, spender), 0)

    def transfer(self, caller: str, receiver: str, amount: int) -> bool:
        """Move the caller's tokens."""
        self.move(caller, receiver, amount)
        return True

    def transfer_from(self, caller: str, owner: str, receiver: str, amount: int) -> bool:
        """Move the owner's tokens, as far as the caller is allowed."""
        allowed = self._allowed(owner, caller, amount)
        self.move(owner, receiver, amount)
        self._lower(owner, caller, allowed, amount)
        return True

    def approve(self, caller: str, spender: str, amount: int) -> bool:
        """Let the spender move up to an amount of the caller's tokens; 2^256 - 1 never falls."""
        self._write(self.allowances, (caller, spender), amount)
        if self.events is not None:
            self.events.append(("Approval", caller, spender, amount))
        return True

    def spend(self, owner: str, spender: str, amount: int) -> None:
        """Use up an allowance."""
        self._lower(owner, spender, self._allowed(owner, spender, amount), amount)

    def move(self, sender: str, receiver: str, amount: int) -> None:
        """Move tokens, whoever asks."""
        if receiver == ZERO_ADDRESS:
            raise Revert("erc20: receiver is zero")
        balance = self.balances.get(sender, 0)
        if balance < amount:
            raise Revert("erc20: balance too low")
        balances = self.balances
        if self.undo is not None:
            self.undo += ((balances, sender, balance), (balances, receiver, balances.get(receiver)))
        balances[sender] = balance - amount
        balances[receiver] = balances.get(receiver, 0) + amount
        if self.events is not None:
            self.events.append(("Transfer", sender, receiver, amount))

    def mint(self, receiver: str, amount: int) -> None:
        """Make tokens."""
        if self.total_supply + amount > MAX_UINT256:
            raise Revert("")
        self.total_supply += amount
        self._write(self.balances, receiver, self.balances.get(receiver, 0) + amount)
        if self.events is not None:
            self.events.append(("Transfer", ZERO_ADDRESS, receiver, amount))

    def burn(self, owner: str, amount: int) -> None:
        """Destroy tokens."""
        balance = self.balances.get(owner, 0)
        if balance < amount:
            raise Revert("erc20: balance too low")
        self._write(self.balances, owner, balance - amount)
        self.total_supply -= amount
        if self.events is not None:
            self.events.append(("Transfer", owner, ZERO_ADDRESS, amount))

    def _allowed(self, owner: str, spender: str, amount: int) -> int:
        allowed = self.allowances.get((owner, spender), 0)
        if allowed < amount:
            raise Revert("erc20: allowance too low")
        return allowed

    def _lower(self, owner: str, spender: str, allowed: int, amount: int) -> None:
        if allowed < MAX_UINT256:
            self._write(self.allowances, (owner, spender), allowed - amount)

    def _write(self, mapping: dict[Any, int], key: Any, amount: int) -> None:
        if self.undo is not None:
            self.undo.append((mapping, key, mapping.get(key)))
        mapping[key] = amount
