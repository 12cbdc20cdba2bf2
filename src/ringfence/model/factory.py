"""Where pools are made and found; twin of contracts/PoolFactory.vy."""

from collections.abc import Callable
from typing import Any

from .errors import Revert
from .terms import Terms

Blueprint = Callable[[Terms, str, str], str]
"""Makes a pool of (terms, name, symbol) and returns its address; raises Revert with the text of the first bound that the terms break."""


class PoolFactory:
    """Makes one pool for each terms, out of its blueprint, and remembers it. The terms stand for their hash, the contract's id."""

    __slots__ = ("_pool_of", "_pools", "blueprint", "events")

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.events: list[tuple[Any, ...]] = []
        self._pool_of: dict[Terms, str] = {}
        self._pools: dict[tuple[str, str], list[str]] = {}

    def create_pool(self, terms: Terms, name: str, symbol: str) -> str:
        """Make the pool of these terms and return its address; raises Revert for terms that have one, and for a broken bound."""
        # The same terms have one pool. Who comes first chooses its name, and nothing else.
        if terms in self._pool_of:
            raise Revert("factory: these terms have a pool")
        pool = self.blueprint(terms, name, symbol)
        self._pool_of[terms] = pool
        self._pools.setdefault((terms.asset, terms.collateral), []).append(pool)
        self.events.append(("PoolCreated", terms, pool, terms.asset, terms.collateral, terms))
        return pool

    def pool_of(self, terms: Terms) -> str | None:
        """Return the pool of these terms, None if there is none."""
        return self._pool_of.get(terms)

    def pool_count(self, asset: str, collateral: str) -> int:
        """Return how many pools lend this asset against this collateral."""
        return len(self._pools.get((asset, collateral), ()))

    def pool_at(self, asset: str, collateral: str, i: int) -> str:
        """Return the i-th of them, counted from 0 in the order of creation; raises Revert where there is none."""
        if i >= self.pool_count(asset, collateral):
            raise Revert("factory: no such pool")
        return self._pools[asset, collateral][i]
