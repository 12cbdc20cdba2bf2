"""First passage: without frictions a position is sold in full at the first step at which the pool's threshold falls under its own number.

The second reference of the stress engines, made of other parts than `lab/micro.py`: no pool, no market, nobody who decides. A position's
number is r = debt_shares / collateral, the threshold of step k is t_k = price_k * liq_ltv / index_k, and the position is sold at the first
k >= 1 with t_k < r: what is liquidated and lost follows from the running minimum of t. Valid for full close, a fixed incentive, a rate that
is fixed or 0, no backstop, and a world without frictions: depth and capital without end, no costs, a perfect oracle, somebody always there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ringfence.inputs.pool_file import FixedRateTerms, PoolFile, terms_with_stand_ins
from ringfence.lab.micro_pool import StressPool
from ringfence.ladder.amounts import Floats, Places
from ringfence.ladder.band import SLACK, band
from ringfence.ladder.ladder import Ladder
from ringfence.model import interest, liquidation
from ringfence.model.liquidation import Position, Sale
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, VIRTUAL_SHARES, WAD

NEVER = 0
"""The step of a position that no step sells; nothing is sold at step 0."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One path, exact: the step of each position's sale by its place (0: never), the sales in their order, and the totals at the end."""

    steps: tuple[int, ...]
    sales: tuple[tuple[int, int, Sale], ...]
    """(step, place, sale)."""
    after: Totals

    @property
    def loss(self) -> int:
        """Debt that no sale paid for (asset base units)."""
        return sum(sale.loss for _, _, sale in self.sales)

    @property
    def liquidated(self) -> int:
        """Debt retired by sales, losses included (asset base units)."""
        return sum(sale.debt_retired + sale.loss for _, _, sale in self.sales)


class ClosedForm(NamedTuple):
    """One path in floats (whole tokens): the step of each position's sale by its place (0: never), and the sums over all sales."""

    steps: Places
    liquidated: float
    paid: float
    penalty: float
    collateral_sold: float
    loss: float


def first_passage(stressed: StressPool, start_price: float, multiples: Sequence[float], step: int) -> Passage:
    """The exact first passage of a book, to the unit what `micro_path` does in a world without frictions.

    `start_price` is whole asset tokens per whole collateral token, `multiples` of it are for every step of `step` seconds from 0 on.
    Raises ValueError for terms beyond the module's conditions.
    """
    _check(stressed.file)
    return _Walk(stressed).play(start_price, multiples, step)


def closed_form(stressed: StressPool, start_price: float, multiples: Sequence[float], step: int) -> ClosedForm:
    """The same in floats, by one running minimum and one search for all positions.

    Amounts are within two base units a sale and 1e-12 of the debt of the exact ones, as long as no threshold comes as close to a
    position's number: within two units of its debt. Raises ValueError for terms beyond the module's conditions.
    """
    file, terms = stressed.file, stressed.file.terms
    rate = _check(file)
    collateral = np.array([amount / 10**file.collateral_decimals for amount in stressed.book.collateral])
    debt = np.array([amount / 10**file.asset_decimals for amount in stressed.book.debt])
    prices = start_price * np.asarray(multiples, dtype=np.float64)
    index = (1.0 + interest.growth(rate, step) / WAD) ** np.arange(len(prices))
    steps = crossings(debt / collateral, prices * (terms.liq_ltv / WAD) / index)
    sold = steps != NEVER
    price, owed, held = prices[steps[sold]], debt[sold] * index[steps[sold]], collateral[sold]
    incentive = terms.incentive_base / WAD
    affordable = held * price / (1.0 + incentive)
    penalty = np.clip(affordable / owed - 1.0, 0.0, terms.penalty / WAD) * owed
    paid = np.minimum(affordable, owed + penalty)
    return ClosedForm(
        steps=steps,
        liquidated=float(owed.sum()),
        paid=float(paid.sum()),
        penalty=float(penalty.sum()),
        collateral_sold=float((paid * (1.0 + incentive) / price).sum()),
        loss=float(np.maximum(0.0, owed - paid).sum()),
    )


def crossings(ratios: Floats, thresholds: Floats) -> Places:
    """For each ratio the first step from 1 on whose threshold is below it; 0 where there is none."""
    falling = np.minimum.accumulate(thresholds[1:])
    # The running minimum never rises: turned round, the first entry below a ratio is found by a search.
    steps = len(falling) - np.searchsorted(falling[::-1], ratios, side="left") + 1
    found: Places = np.where(steps <= len(falling), steps, NEVER)
    return found


def _check(file: PoolFile) -> int:
    """The rate (WAD per second) of terms that the module is valid for."""
    terms = file.terms
    beyond = {
        "target_ltv": terms.target_ltv,
        "incentive_rise": terms.incentive_rise,
        "incentive_slope": terms.incentive_slope,
        "solvent_window": terms.solvent_window,
        "premium": terms.premium,
    }
    given = [name for name, amount in beyond.items() if amount > 0] + ["[backstop]"] * (file.fund is not None)
    if given or not isinstance(file.rate, FixedRateTerms):
        raise ValueError(f"first passage is for full close, a fixed incentive and a fixed rate, not for {', '.join(given) or 'this rate'}")
    if terms.incentive_base == 0:
        raise ValueError("first passage needs an incentive: nobody comes without")
    return file.rate.rate


class _Walk:
    """One path under way: the totals as sales and interest leave them, and who is sold."""

    def __init__(self, stressed: StressPool) -> None:
        self._file, self._book, self._terms = stressed.file, stressed.book, terms_with_stand_ins(stressed.file.terms)
        self._rate = _check(stressed.file)
        self._ladder, totals = Ladder.of_book(self._book, self._terms.liq_ltv)
        supply, reserve = self._file.supply, self._file.reserve
        self._totals = totals._replace(supply_assets=supply, supply_shares=supply * VIRTUAL_SHARES, reserve_assets=reserve)
        self._fewest_shares = min((debt * VIRTUAL_SHARES for debt in self._book.debt if debt > 0), default=1)
        self._steps = np.full(len(self._book), NEVER, dtype=np.int64)
        self._sales: list[tuple[int, int, Sale]] = []
        self._refused = False

    def play(self, start_price: float, multiples: Sequence[float], step: int) -> Passage:
        scale = Fraction(PRICE_SCALE) * Fraction(10) ** (self._file.asset_decimals - self._file.collateral_decimals)
        least = float("inf")
        for number in range(1, len(multiples)):
            if self._rate > 0:
                self._totals, _ = interest.accrue(self._totals, self._terms, self._rate, number * step)
            price = int(Fraction(start_price * multiples[number]) * scale)
            bounds = band(price, self._terms.liq_ltv, self._totals)
            # Whoever is left had r <= least, and is unhealthy now only if r * (1 + doubt / shares) > t: see ladder/band.py.
            if self._refused or bounds.threshold < least * (1.0 + bounds.doubt / self._fewest_shares) * (1.0 + SLACK):
                self._sell(price, number)
            least = min(least, bounds.certain)
        return Passage(tuple(self._steps.tolist()), tuple(self._sales), self._totals)

    def _sell(self, price: int, number: int) -> None:
        places = self._ladder.liquidatable(price, self._totals)
        self._refused = False
        for place in places[self._steps[places] == NEVER].tolist():
            position = Position(self._book.collateral[place], self._book.debt[place] * VIRTUAL_SHARES)
            sale = liquidation.sale(self._terms, self._totals, position, price, 0, MAX_UINT256)
            if sale.refusal:
                self._refused = True
                continue
            after, from_reserve = liquidation.after_sale(self._totals, sale)
            self._totals, _, _ = liquidation.bear(after, sale.loss - from_reserve)
            self._steps[place] = number
            self._sales.append((number, place, sale))
