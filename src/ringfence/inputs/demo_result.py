"""What a demo says: what happened to each pool row by row, how it ended, and whether the calm pool noticed anything.

Units as in `results`: amounts are base units of their token, incentives WAD, prices and share prices times 1e36, times unix seconds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ringfence.inputs.results import PoolFigures, SaleRow

if TYPE_CHECKING:
    import polars

DEMO_SCHEMA = "ringfence.demo/1"
SHOWN_FIGURES = (
    "solvent",
    "sales",
    "loss",
    "loss_from_reserve",
    "loss_from_backstop",
    "loss_from_lenders",
    "share_price_before",
    "share_price_after",
)


@dataclass(frozen=True, slots=True)
class LossShares:
    """Who bore a loss (asset base units), in the order of the waterfall."""

    reserve: int = 0
    backstop: int = 0
    lenders: int = 0
    premium: int = 0

    def __add__(self, other: "LossShares") -> "LossShares":
        return LossShares(
            self.reserve + other.reserve, self.backstop + other.backstop, self.lenders + other.lenders, self.premium + other.premium
        )

    @property
    def total(self) -> int:
        """The whole loss."""
        return self.reserve + self.backstop + self.lenders + self.premium


@dataclass(frozen=True, slots=True)
class Step:
    """One row of prices in one pool, of two feeds the higher one, and what its buyers did: the sales of one `liquidate_many`, in order.

    `insolvent` positions owed more than their collateral was worth before these sales; `waiting` ones are unhealthy after them, with a
    buyer who waits for more. `surplus` (asset base units) is what rounding gave to lenders.
    """

    pool: str
    timestamp: int
    price_before: int
    price: int
    insolvent: int = 0
    waiting: int = 0
    sales: tuple[SaleRow, ...] = ()
    surplus: int = 0
    borne_by: LossShares = LossShares()

    @property
    def payment(self) -> int:
        """What buyers paid (asset base units)."""
        return sum(sale.payment for sale in self.sales)

    @property
    def collateral_sold(self) -> int:
        """What buyers got (collateral base units)."""
        return sum(sale.collateral_sold for sale in self.sales)


@dataclass(frozen=True, slots=True)
class DemoPool:
    """One pool at the end of the demo."""

    name: str
    crashed: bool
    figures: PoolFigures

    def to_dict(self) -> dict[str, Any]:
        """The pool as the result file has it."""
        figures = self.figures.to_dict()
        return {"name": self.name, "crashed": self.crashed, **{name: figures[name] for name in SHOWN_FIGURES}}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A newcomer's loan (asset base units) in one pool, on ample collateral; `refusal` is what the pool answered, empty if it lent."""

    pool: str
    assets: int
    refusal: str


@dataclass(frozen=True, slots=True)
class Freeze:
    """A pool whose two feeds were too far apart: from when, for how many seconds, what they told at first (times 1e36), how many of its
    positions the lower one would have sold and how many were sold; and who could borrow where in that second."""

    pool: str
    timestamp: int
    seconds: int
    low: int
    high: int
    doubted: int
    sold: int
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class FundFigures:
    """A backstop (asset base units): what its underwriters brought, what it paid, the premium it got, what it holds, and what each pool
    could still draw, by name."""

    before: int
    paid: int
    premium: int
    after: int
    left: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Isolation:
    """The calm pool compared with itself on a chain where the other pool never existed."""

    calm_pool_unchanged: bool
    slots_compared: int
    slots_different: int


@dataclass(frozen=True, slots=True)
class Identity:
    """Two amounts that must be equal, and what they are."""

    name: str
    left: int
    right: int

    @property
    def holds(self) -> bool:
        """Equal to the unit."""
        return self.left == self.right


@dataclass(frozen=True, slots=True)
class DemoResult:
    """How a demo ended."""

    pools: Sequence[DemoPool]
    isolation: Isolation
    identities: Sequence[Identity]
    freeze: Freeze
    fund: FundFigures

    @property
    def holds(self) -> bool:
        """Every identity holds, and the calm pool noticed nothing."""
        return self.isolation.calm_pool_unchanged and all(identity.holds for identity in self.identities)

    def to_dict(self) -> dict[str, Any]:
        """The content of the result file."""
        return {
            "schema": DEMO_SCHEMA,
            "pools": [pool.to_dict() for pool in self.pools],
            "isolation": {
                "calm_pool_unchanged": self.isolation.calm_pool_unchanged,
                "slots_compared": self.isolation.slots_compared,
                "slots_different": self.isolation.slots_different,
            },
        }

    def to_polars(self) -> "polars.DataFrame":
        """The pools, one row each: amounts as text since they outgrow 64 bits; needs the `lab` extra."""
        import polars

        types = {"crashed": polars.Boolean, "solvent": polars.Boolean, "sales": polars.Int64}
        schema = {name: types.get(name, polars.String) for name in ("name", "crashed", *SHOWN_FIGURES)}
        return polars.DataFrame([pool.to_dict() for pool in self.pools], schema=schema)

    def to_json(self) -> str:
        """`to_dict` as the text of the result file."""
        return json.dumps(self.to_dict(), indent=2) + "\n"
