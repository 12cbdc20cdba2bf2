"""Isolated lending pools: the exact model, the readers of its inputs, and replay.

Every name is loaded when it is first used, so that `import ringfence` costs next to nothing.

    from ringfence import read_book, read_pool_file, read_prices, replay

    pool = read_pool_file("terms.toml")
    decimals = pool.collateral_decimals, pool.asset_decimals
    result = replay(read_book("book.csv", *decimals), pool, read_prices("prices.csv", *decimals))
    print(result.pool.solvent, result.pool.loss_from_lenders)

`result.to_dict()` is the content of `result.json`; `result.to_polars()` is a table of the sales and needs the `lab` extra.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringfence.inputs.book import Book, read_book
    from ringfence.inputs.errors import InputError, NoAnswer
    from ringfence.inputs.pool_file import PoolFile, read_pool_file
    from ringfence.inputs.prices import Prices, read_prices
    from ringfence.inputs.scenario import Scenario
    from ringfence.inputs.scenario_file import read_scenario
    from ringfence.lab.recommend import recommend
    from ringfence.lab.replay import replay
    from ringfence.lab.stress import stress
    from ringfence.ladder.ladder import Ladder
    from ringfence.model.errors import Revert
    from ringfence.model.pool import Pool
    from ringfence.model.terms import Terms

__all__ = [
    "Book",
    "InputError",
    "Ladder",
    "NoAnswer",
    "Pool",
    "PoolFile",
    "Prices",
    "Revert",
    "Scenario",
    "Terms",
    "read_book",
    "read_pool_file",
    "read_prices",
    "read_scenario",
    "recommend",
    "replay",
    "stress",
]

_HOMES = {
    "Book": "ringfence.inputs.book",
    "InputError": "ringfence.inputs.errors",
    "Ladder": "ringfence.ladder.ladder",
    "NoAnswer": "ringfence.inputs.errors",
    "Pool": "ringfence.model.pool",
    "PoolFile": "ringfence.inputs.pool_file",
    "Prices": "ringfence.inputs.prices",
    "Revert": "ringfence.model.errors",
    "Scenario": "ringfence.inputs.scenario",
    "Terms": "ringfence.model.terms",
    "read_book": "ringfence.inputs.book",
    "read_pool_file": "ringfence.inputs.pool_file",
    "read_prices": "ringfence.inputs.prices",
    "read_scenario": "ringfence.inputs.scenario_file",
    "recommend": "ringfence.lab.recommend",
    "replay": "ringfence.lab.replay",
    "stress": "ringfence.lab.stress",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'ringfence' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
