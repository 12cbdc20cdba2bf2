"""What one lender side over several books would have lost: a model for comparison, not a contract of ours.

Rule, prices and buyer are those of isolated pools. The one difference: supply, reserve, debt and cover of all books are counted together,
so that a loss in one book is borne by the lenders of all. With a single book this is the isolated pool itself, to the unit, which its test
holds it to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ringfence.decisions.buyer import Buyer
from ringfence.decisions.order import sale_order, waits
from ringfence.inputs.pool_file import terms_with_stand_ins
from ringfence.inputs.samples import Sample
from ringfence.lab.model_engine import rate_model
from ringfence.model import interest, liquidation, shares
from ringfence.model.liquidation import Position
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256

NOBODY = ""


@dataclass(frozen=True, slots=True)
class SharedSide:
    """How it ended: the totals, and what the lenders of each book brought and have (asset base units), by the name of the sample."""

    totals: Totals
    brought: dict[str, int]
    left: dict[str, int]


def shared_side(samples: Sequence[Sample], buyer: Buyer) -> SharedSide:
    """Play several samples of one asset against one supply and one reserve; raises ValueError unless they have the same terms and rate."""
    if len({(terms_with_stand_ins(sample.pool.terms), sample.pool.rate) for sample in samples}) != 1:
        raise ValueError(f"samples {', '.join(sample.name for sample in samples)}: terms and rate must be the same")
    side = _Side(samples, buyer)
    rows = sorted(
        (time, index, price)
        for index, sample in enumerate(samples)
        for time, price in zip(sample.prices.timestamps, sample.prices.prices, strict=True)
    )
    for time, index, price in rows:
        side.accrue(time)
        side.sell(side.books[index], price)
    return side.result()


class _Position:
    """An account of a book: collateral, debt shares, and since when it is unhealthy (0: it is not, or nobody has said so)."""

    __slots__ = ("holds", "since")

    def __init__(self, collateral: int, debt_shares: int) -> None:
        self.holds = Position(collateral, debt_shares)
        self.since = 0


class _Side:
    """Totals over all books."""

    def __init__(self, samples: Sequence[Sample], buyer: Buyer) -> None:
        self._terms, self._rate, self._buyer = samples[0].pool.terms, rate_model(samples[0].pool.rate), buyer
        self._samples = samples
        # One side has one cover, however many books stand on it.
        self._cover = samples[0].pool.fund.limit if samples[0].pool.fund else 0
        self._totals = Totals(0, 0, 0, 0, 0, 0, min(sample.prices.timestamps[0] for sample in samples), 0)
        self._minted: list[int] = []
        self.books = [self._open(sample) for sample in samples]

    def accrue(self, now: int) -> None:
        """Count interest up to a time."""
        totals = self._totals
        if now > totals.accrued_at:
            rate = self._rate.rate(NOBODY, totals.debt_assets, totals.supply_assets, now - totals.accrued_at)
            self._totals, _ = interest.accrue(totals, self._terms, rate, now)

    def sell(self, book: Sequence[_Position], price: int) -> None:
        """Set the clocks of a book at its price (times 1e36), and sell, worst first, whatever offers the buyer enough."""
        chosen = []
        for place, position in enumerate(book):
            self._set_clock(position, price)
            if position.since and self._is_wanted(position, price):
                chosen.append(sale_order(place, position.holds.collateral, position.holds.debt_shares))
        for _, place in sorted(chosen):
            self._sell_one(book[place], price)

    def result(self) -> SharedSide:
        """What lenders have."""
        totals = self._totals
        left = [shares.lender_assets_down(minted, totals.supply_assets, totals.supply_shares) for minted in self._minted]
        return SharedSide(
            totals=totals,
            brought={sample.name: sample.pool.supply for sample in self._samples},
            left={sample.name: assets for sample, assets in zip(self._samples, left, strict=True)},
        )

    def _open(self, sample: Sample) -> list[_Position]:
        """The lenders of a sample bring supply and reserve, its borrowers collateral, and take their loans."""
        totals, file = self._totals, sample.pool
        minted = shares.lender_shares_down(file.supply, totals.supply_assets, totals.supply_shares)
        self._minted.append(minted)
        self._totals = totals._replace(
            supply_assets=totals.supply_assets + file.supply,
            supply_shares=totals.supply_shares + minted,
            reserve_assets=totals.reserve_assets + file.reserve,
        )
        return [_Position(held, self._borrow(debt)) for held, debt in zip(sample.book.collateral, sample.book.debt, strict=True)]

    def _borrow(self, debt: int) -> int:
        totals = self._totals
        minted = shares.debt_shares_up(debt, totals.debt_assets, totals.debt_shares)
        self._totals = totals._replace(debt_assets=totals.debt_assets + debt, debt_shares=totals.debt_shares + minted)
        return minted

    def _set_clock(self, position: _Position, price: int) -> None:
        now = self._totals.accrued_at
        if liquidation.is_healthy(self._terms.liq_ltv, self._totals, position.holds, price):
            position.since = 0
        elif position.since == 0 or now - position.since > self._terms.sale_timeout:
            position.since = now

    def _priced(self, position: _Position, price: int) -> liquidation.Sale:
        seconds = liquidation.elapsed(position.since, self._terms.sale_timeout, self._totals.accrued_at)
        return liquidation.sale(self._terms, self._totals, position.holds, price, seconds, MAX_UINT256)

    def _is_wanted(self, position: _Position, price: int) -> bool:
        sale = self._priced(position, price)
        return not sale.refusal and not waits(sale.incentive, self._buyer.wanted(sale.payment))

    def _sell_one(self, position: _Position, price: int) -> None:
        sale = self._priced(position, price)
        if sale.refusal:
            return
        totals, from_reserve = liquidation.after_sale(self._totals, sale)
        covered = min(sale.loss - from_reserve, self._cover)
        self._cover -= covered
        self._totals, _, _ = liquidation.bear(totals, sale.loss - from_reserve - covered)
        position.holds = Position(position.holds.collateral - sale.collateral, position.holds.debt_shares - sale.debt_shares)
        self._set_clock(position, price)
