"""Every storage slot of the pool and of its tokens, beside the value that the model says it has."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import product
from typing import Any

from ringfence.chain.artifacts import Artifact
from ringfence.chain.layout import entry_slot
from ringfence.model.erc20 import Ledger
from ringfence.model.pool import NOTHING, Pool

entry_slot = lru_cache(maxsize=None)(entry_slot)

CLOCK_RUNS = 2**127

# How the contract packs what the model keeps apart.
SCALARS: dict[str, Callable[[Pool], int]] = {
    "packed_supply": lambda pool: pool._totals.supply_assets << 64 | pool._totals.accrued_at,
    "packed_debt": lambda pool: pool._totals.debt_assets << 128 | pool._totals.debt_shares,
    "packed_reserve": lambda pool: pool._totals.reserve_assets << 64 | pool._totals.interest_dust,
    "premium_owed": lambda pool: pool._totals.premium_owed,
    "erc20.total_supply": lambda pool: pool._shares.total_supply,
}


def _packed_position(pool: Pool, account: str) -> int:
    held = pool._positions.get(account, NOTHING)
    return held.collateral << 128 | (CLOCK_RUNS if held.unhealthy_since else 0) | held.debt_shares


ENTRIES: dict[str, Callable[[Pool, str], int]] = {
    "packed_positions": _packed_position,
    "unhealthy_since": lambda pool, account: pool._positions.get(account, NOTHING).unhealthy_since,
    "unlocks_at": lambda pool, account: pool._unlocks_at.get(account, 0),
    "permits.nonces": lambda pool, account: pool._nonces.get(account, 0),
    "erc20.balance_of": lambda pool, account: pool._shares.balances.get(account, 0),
}
PAIRS: dict[str, Callable[[Pool], dict[tuple[str, str], Any]]] = {
    "operators": lambda pool: pool._operators,
    "erc20.allowances": lambda pool: pool._shares.allowances,
}


class PoolStorage:
    """The slots of one pool for a fixed set of accounts; raises KeyError when the contract has a variable without a twin."""

    def __init__(self, artifact: Artifact, accounts: Iterable[str]) -> None:
        known = tuple(accounts)
        layout = {name: entry.slot for name, entry in artifact.layout.items()}
        strangers = set(layout) - SCALARS.keys() - ENTRIES.keys() - PAIRS.keys()
        if strangers:
            raise KeyError(f"variables of the contract without a twin: {sorted(strangers)}")
        self.scalars = [(name, layout[name], expected) for name, expected in SCALARS.items()]
        self.entries = [
            (name, expected, {account: entry_slot(layout[name], account) for account in known}) for name, expected in ENTRIES.items()
        ]
        self.pairs = [
            (name, expected, {pair: entry_slot(layout[name], *pair) for pair in product(known, repeat=2)})
            for name, expected in PAIRS.items()
        ]

    def slot(self, variable: str, account: str) -> int:
        """Where an account's entry of a mapping lies."""
        return next(entries for name, _, entries in self.entries if name == variable)[account]

    def difference(self, read: Callable[[str, int], int], pool: Pool) -> str:
        """Name the first slot that differs, with both values; empty if none does.

        Pairs of accounts are read where the model ever wrote one; `nonzero` tells of all others.
        """
        address = pool.address
        for name, slot, expected in self.scalars:
            if read(address, slot) != expected(pool):
                return f"{name}: contract {read(address, slot):#x}, model {expected(pool):#x}"
        for name, expected_entry, entries in self.entries:
            for account, slot in entries.items():
                if read(address, slot) != expected_entry(pool, account):
                    return f"{name}[{account}]: contract {read(address, slot):#x}, model {expected_entry(pool, account):#x}"
        for name, expected_pairs, pairs in self.pairs:
            for pair, value in expected_pairs(pool).items():
                slot = pairs[pair]
                if read(address, slot) != value:
                    return f"{name}[{pair}]: contract {read(address, slot):#x}, model {int(value):#x}"
        return ""

    def nonzero(self, pool: Pool) -> dict[int, int]:
        """All slots that the model says are not zero: the contract must have these and no other."""
        values = {slot: expected(pool) for _, slot, expected in self.scalars}
        for _, expected_entry, entries in self.entries:
            values |= {slot: expected_entry(pool, account) for account, slot in entries.items()}
        for _, expected_pairs, pairs in self.pairs:
            values |= {pairs[pair]: int(value) for pair, value in expected_pairs(pool).items()}
        return {slot: value for slot, value in values.items() if value}


class TokenStorage:
    """The balances of one token, and what its owners let the pool take."""

    def __init__(self, artifact: Artifact, accounts: Iterable[str], spender: str) -> None:
        layout = {name.removeprefix("erc20."): entry.slot for name, entry in artifact.layout.items()}
        balances = layout["balanceOf" if "balanceOf" in layout else "balance_of"]
        allowances = layout["allowance" if "allowance" in layout else "allowances"]
        self.slots = [
            (account, entry_slot(balances, account), (account, spender), entry_slot(allowances, account, spender)) for account in accounts
        ]

    def difference(self, read: Callable[[str, int], int], address: str, ledger: Ledger) -> str:
        """Name the first balance or allowance that differs, with both values; empty if none does."""
        balances, allowances = ledger.balances, ledger.allowances
        for account, balance_slot, pair, allowance_slot in self.slots:
            if read(address, balance_slot) != balances.get(account, 0):
                return f"balance of {account}: contract {read(address, balance_slot)}, model {balances.get(account, 0)}"
            if read(address, allowance_slot) != allowances.get(pair, 0):
                return f"allowance of {account}: contract {read(address, allowance_slot)}, model {allowances.get(pair, 0)}"
        return ""
