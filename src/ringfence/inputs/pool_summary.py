"""The result of `ringfence pool show`: one deployed pool at one block; the file format is `ringfence.pool/1`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ringfence.inputs.results import our_version
from ringfence.model import shares
from ringfence.model.terms import WAD

if TYPE_CHECKING:
    import polars

POOL_SCHEMA = "ringfence.pool/1"
STATE = ("supply_assets", "supply_shares", "debt_assets", "debt_shares", "reserve_assets", "premium_owed")


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a pool; `symbol` is what it calls itself, made printable, empty if it does not."""

    address: str
    symbol: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Account:
    """One account in a pool. Base units; `health` is WAD, None without debt or while the oracle fails; `locked_until` is in unix seconds,
    of the last deposit under a lock-up, 0 without one."""

    address: str
    lender_shares: int
    lent_assets: int
    withdrawable_assets: int
    locked_until: int
    collateral: int
    debt: int
    unhealthy_since: int
    health: int | None


@dataclass(frozen=True, slots=True)
class Cover:
    """What the pool's backstop pays it: at most `max_assets` for ever (asset base units), and `max_share` of the fund (WAD)."""

    max_assets: int
    max_share: int
    drawn: int
    left: int
    is_sealed: bool


@dataclass(frozen=True, slots=True)
class PoolSummary:
    """A pool at a block, interest counted to its time. Base units; prices times 1e36, None while the oracle fails."""

    chain_id: int
    block: int
    timestamp: int
    address: str
    name: str
    symbol: str
    pool_id: str
    asset: Token
    collateral: Token
    terms: Mapping[str, int | str]
    state: Mapping[str, int]
    prices: tuple[int, int] | None
    rate: int | None
    account: Account | None
    cover: Cover | None = None
    """None without a backstop, and where its address does not answer as one."""

    @property
    def cash(self) -> int:
        """What can be lent or withdrawn now (asset base units)."""
        return shares.cash(self._totals)

    @property
    def utilisation(self) -> int:
        """Debt to supply (WAD, down), 0 without supply."""
        return self.state["debt_assets"] * WAD // self.state["supply_assets"] if self.state["supply_assets"] else 0

    @property
    def share_price(self) -> int:
        """floor((supply_assets + 1) * 1e36 / (supply_shares + 1e6)), 1e30 at the start."""
        return shares.share_price(self._totals)

    @property
    def _totals(self) -> shares.Totals:
        # The dust of interest is not told.
        return shares.Totals(**self.state, accrued_at=self.timestamp, interest_dust=0)

    def to_dict(self) -> dict[str, Any]:
        """What `ringfence pool show --json` prints; amounts as strings."""
        account = None
        if self.account is not None:
            account = {name: _text(value) for name, value in asdict(self.account).items()}
        return {
            "schema": POOL_SCHEMA,
            "versions": {"ringfence": our_version()},
            "chain_id": self.chain_id,
            "block": self.block,
            "timestamp": self.timestamp,
            "address": self.address,
            "name": self.name,
            "symbol": self.symbol,
            "pool_id": self.pool_id,
            "asset": asdict(self.asset),
            "collateral": asdict(self.collateral),
            "terms": {name: str(value) for name, value in self.terms.items()},
            "state": {name: str(value) for name, value in self.state.items()},
            "cash": str(self.cash),
            "utilisation": str(self.utilisation),
            "share_price": str(self.share_price),
            "prices": None if self.prices is None else {"low": str(self.prices[0]), "high": str(self.prices[1])},
            "rate": _text(self.rate),
            "cover": None if self.cover is None else {name: _cover_text(value) for name, value in asdict(self.cover).items()},
            "account": account,
        }

    def to_polars(self) -> "polars.DataFrame":
        """One row: which pool, when, its totals and prices, amounts as text since they outgrow 64 bits; needs the `lab` extra."""
        import polars

        shown = self.to_dict()
        low, high = (shown["prices"] or {"low": None, "high": None}).values()
        times = {"chain_id": self.chain_id, "block": self.block, "timestamp": self.timestamp}
        texts = {"address": self.address, "name": self.name, **shown["state"], "price_low": low, "price_high": high}
        texts |= {name: shown[name] for name in ("cash", "utilisation", "share_price", "rate")}
        schema = dict.fromkeys(times, polars.Int64) | dict.fromkeys(texts, polars.String)
        return polars.DataFrame([times | texts], schema=schema)

    def to_json(self) -> str:
        """`to_dict` as text."""
        return json.dumps(self.to_dict(), indent=2) + "\n"


def _cover_text(value: int | bool) -> str | bool:
    return value if isinstance(value, bool) else str(value)


def _text(value: int | str | None) -> str | None:
    return None if value is None else str(value)
