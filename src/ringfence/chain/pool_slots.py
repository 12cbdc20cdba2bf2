"""A pool's totals and positions read straight from its storage: what its views answer in the block of the last accrual, but at once.

Words are packed as contracts/Pool.vy says beside its variables.
"""

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Chain
from ringfence.chain.layout import entry_slot
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT128

CLOCK_RUNS = 1 << 127
MAX_UINT64 = 2**64 - 1


class PoolSlots:
    """The slots of one deployed pool; nothing is accrued by reading them."""

    def __init__(self, chain: Chain, pool: str) -> None:
        layout = load("Pool").layout
        self._chain, self._pool = chain, pool
        self._supply, self._supply_shares = layout["packed_supply"].slot, layout["erc20.total_supply"].slot
        self._debt, self._reserve = layout["packed_debt"].slot, layout["packed_reserve"].slot
        self._premium = layout["premium_owed"].slot
        self._positions = layout["packed_positions"].slot
        self._clocks = layout["unhealthy_since"].slot

    @property
    def debt_assets(self) -> int:
        """What borrowers owe together (asset base units), as of the last accrual."""
        return self._chain.storage(self._pool, self._debt) >> 128

    def totals(self) -> Totals:
        """What the pool counts, as of the last accrual; the interest dust is left 0, as `state` leaves it out."""
        read, pool = self._chain.storage, self._pool
        supply, debt = read(pool, self._supply), read(pool, self._debt)
        return Totals(
            supply_assets=supply >> 64,
            supply_shares=read(pool, self._supply_shares),
            debt_assets=debt >> 128,
            debt_shares=debt & MAX_UINT128,
            reserve_assets=read(pool, self._reserve) >> 64,
            premium_owed=read(pool, self._premium),
            accrued_at=supply & MAX_UINT64,
            interest_dust=0,
        )

    def position(self, borrower: str) -> tuple[int, int, int]:
        """(collateral, debt_shares, unhealthy_since) as `position` answers."""
        word = self._chain.storage(self._pool, entry_slot(self._positions, borrower))
        since = self._chain.storage(self._pool, entry_slot(self._clocks, borrower)) if word & CLOCK_RUNS else 0
        return word >> 128, word & (CLOCK_RUNS - 1), since
