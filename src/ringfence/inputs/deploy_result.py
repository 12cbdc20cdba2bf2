"""The result of `ringfence deploy`: what is planned or done, and what was checked; the file format is `ringfence.deploy/1`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.results import our_version

if TYPE_CHECKING:
    import polars

DEPLOY_SCHEMA = "ringfence.deploy/1"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at before anything is sent, and what was found; `is_odd`: nothing breaks, and yet it is hardly meant."""

    what: str
    holds: bool
    found: str
    is_odd: bool = False


@dataclass(frozen=True, slots=True)
class SentStep:
    """One transaction: `to` is None where it creates; `gas` is an estimate until it is sent, then what was used."""

    what: str
    nonce: int
    to: str | None
    creates: str | None
    gas: int
    transaction: str | None


@dataclass(frozen=True, slots=True)
class DeployResult:
    """A deployment, planned or done. Terms are in base units, as the contract has them."""

    pool_file: PoolFile
    chain_id: int
    genesis: str
    sender: str
    factory: str
    blueprint: str | None
    rate_model: str
    pool: str
    pool_id: str
    terms: Mapping[str, str]
    checks: tuple[Check, ...]
    steps: tuple[SentStep, ...]
    is_sent: bool

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against it."""
        return all(check.holds for check in self.checks)

    @property
    def gas(self) -> int:
        """Gas of all steps."""
        return sum(step.gas for step in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """What `ringfence deploy --json` prints."""
        source = self.pool_file.source
        names = ("chain_id", "genesis", "sender", "factory", "blueprint", "rate_model", "pool", "pool_id")
        return {
            "schema": DEPLOY_SCHEMA,
            "inputs": {Path(source.path).name: source.sha256} if source else {},
            "versions": {"ringfence": our_version()},
            "is_sent": self.is_sent,
            **{name: getattr(self, name) for name in names},
            "terms": dict(self.terms),
            "checks": [asdict(check) for check in self.checks],
            "steps": [asdict(step) for step in self.steps],
        }

    def to_polars(self) -> "polars.DataFrame":
        """The transactions, one row each; needs the `lab` extra."""
        import polars

        schema = {column.name: polars.Int64 if column.name in ("nonce", "gas") else polars.String for column in fields(SentStep)}
        return polars.DataFrame([asdict(step) for step in self.steps], schema=schema)

    def to_json(self) -> str:
        """`to_dict` as text."""
        return json.dumps(self.to_dict(), indent=2) + "\n"
