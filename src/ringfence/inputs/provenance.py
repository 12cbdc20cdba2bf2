"""What a result was made from, as its file tells it: digests of the inputs, and the terms in base units."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path

from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.tables import Source
from ringfence.model.terms import Terms


def digests(read: Iterable[Source | None]) -> dict[str, str]:
    """The SHA-256 of each file by its name, by its path as given where two files have one name; None stands for no file."""
    sources = [source for source in read if source]
    names = [Path(source.path).name for source in sources]
    return {name if names.count(name) == 1 else source.path: source.sha256 for name, source in zip(names, sources, strict=True)}


def shown_terms(pool: PoolFile) -> dict[str, str]:
    """The whole terms file in base units."""
    decimals = {"collateral_decimals": str(pool.collateral_decimals), "asset_decimals": str(pool.asset_decimals)}
    rate = {f"rate_{name}": str(value) for name, value in asdict(pool.rate).items()}
    fund = {f"backstop_{name}": str(value) for name, value in asdict(pool.fund).items()} if pool.fund else {}
    return {"name": pool.name, **decimals, **{field.name: str(getattr(pool.terms, field.name)) for field in fields(Terms)}, **rate, **fund}
