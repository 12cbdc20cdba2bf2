"""The sample pools that ship with the package: files of the formats everybody uses, read by the readers everybody uses.

They are synthetic; `scripts/make_sample_book` makes them.
"""

from dataclasses import dataclass, replace
from importlib.resources import as_file, files

from ringfence.inputs.book import Book, read_book
from ringfence.inputs.fit import check_book, check_terms
from ringfence.inputs.pool_file import STAND_INS, Fund, PoolFile, read_pool_file
from ringfence.inputs.prices import Prices, read_prices
from ringfence.model.terms import WAD

FALLING = "eth_usdc"
CALM = "gold_usdc"
DOUBTFUL = "btc_usdc"
FUND = Fund(assets=500_000 * 10**6, max_assets=150_000 * 10**6, max_share=WAD * 3 // 10)
"""The backstop of the demo, USDC: 500,000, of which each pool may draw 150,000, and no more than 30 %."""
PREMIUM = WAD // 20
"""What pools pay it, of their interest."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A pool to be, its book, and prices to move it by; accounts are 0x addresses, the pool is called COLLATERAL/ASSET.

    `second` is what another feed tells at the same times; without it there is one feed.
    """

    pool: PoolFile
    book: Book
    prices: Prices
    second: Prices | None = None

    @property
    def name(self) -> str:
        """COLLATERAL/ASSET."""
        return self.pool.name

    @property
    def collateral(self) -> str:
        """What the collateral is called."""
        return self.pool.name.partition("/")[0]

    @property
    def asset(self) -> str:
        """What the asset is called."""
        return self.pool.name.partition("/")[2]


def read_sample(name: str) -> Sample:
    """A shipped sample, `FALLING`, `CALM` or `DOUBTFUL`; raises InputError if its files are not in the package or were changed into what
    does not fit."""
    source = files("ringfence.inputs").joinpath("samples", name)
    with as_file(source.joinpath("terms.toml")) as terms:
        pool = read_pool_file(terms)
    with as_file(source.joinpath("book.csv")) as file:
        book = read_book(file, pool.collateral_decimals, pool.asset_decimals)
    with as_file(source.joinpath("prices.csv")) as file:
        prices = read_prices(file, pool.collateral_decimals, pool.asset_decimals)
    second = None
    if source.joinpath("second.csv").is_file():
        with as_file(source.joinpath("second.csv")) as file:
            second = read_prices(file, pool.collateral_decimals, pool.asset_decimals)
    check_terms(pool)
    check_book(book, pool)
    return Sample(pool, book, prices, second)


def insured(sample: Sample) -> Sample:
    """The sample with the demo's backstop behind its reserve."""
    terms = replace(sample.pool.terms, backstop=STAND_INS["backstop"], premium=PREMIUM)
    return replace(sample, pool=replace(sample.pool, terms=terms, fund=FUND))
