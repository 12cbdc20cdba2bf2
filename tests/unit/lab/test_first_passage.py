"""First passage and the exact engine are two ways to one answer: who is sold at which step, and for how much."""

from random import Random

import numpy as np
import pytest

from ringfence.inputs.pool_file import FixedRateTerms, Fund, KinkedRateTerms
from ringfence.inputs.scenario import Liquidators
from ringfence.lab.first_passage import NEVER, closed_form, crossings, first_passage
from ringfence.lab.micro import micro_path
from ringfence.lab.micro_pool import StressPool
from ringfence.model.terms import WAD
from tests.unit.lab.small_worlds import HOUR, UNIT, scenario, stressed

START_PRICE = 2000.0
WILLING = scenario(liquidators=Liquidators(min_profit=-1e30))
"""Nobody minds what rounding costs, so that dust is sold as everything else is."""


def a_pool(random: Random, decimals: tuple[int, int] = (18, 18), dust: bool = False) -> StressPool:
    """A book around its liquidation LTV, with terms that the closed form knows."""
    positions = []
    for _ in range(random.randint(1, 30)):
        held = random.choice([random.uniform(0.01, 10), random.randint(1, 5)])
        positions.append((held, held * START_PRICE * random.choice([0.5, 0.75, 0.8, 0.81, random.uniform(0.3, 0.98)])))
    pool = stressed(
        *positions,
        supply=500_000,
        reserve=random.choice([0, 100, 100_000]),
        rate=FixedRateTerms(random.choice([0, 0, 10**9, 3 * 10**10])),
        decimals=decimals,
        penalty=random.choice([0, WAD // 100, WAD // 10]),
        reserve_factor=random.choice([0, WAD // 10]),
        reserve_target=WAD // 50,
        creator_fee=random.choice([0, WAD // 10]),
        fee_recipient="0x" + "fe" * 20,
    )
    if not dust:
        return pool
    book, units = pool.book, [random.randint(1, 50) for _ in range(5)]
    more = type(book)(
        (*book.accounts, *(f"dust {place}" for place in range(5))),
        (*book.collateral, *units),
        (*book.debt, *(max(1, int(each * START_PRICE * random.uniform(0.4, 0.9) * 10 ** (decimals[1] - decimals[0]))) for each in units)),
    )
    return StressPool(pool.file, more)


def a_path(random: Random, steps: int) -> list[float]:
    """Multiples of the price, with falls."""
    path, rough = [1.0], random.choice([0.05, 0.15])
    for _ in range(steps):
        path.append(path[-1] * max(0.5, random.gauss(1.0, rough)))
    return path


def test_both_sell_the_same_at_the_same_step_to_the_unit() -> None:
    """Steps, payments, losses and every total; dust, few decimals, interest and an emptied pool included."""
    sales = losses = never = emptied = 0
    for seed in range(200):
        random = Random(seed)
        pool = a_pool(random, random.choice([(18, 18), (18, 6), (8, 6), (6, 18)]), dust=random.random() < 0.5)
        path = a_path(random, random.randint(1, 40))
        exact = micro_path([pool], WILLING, [START_PRICE], [path], [True] * len(path))[0]
        walked = first_passage(pool, START_PRICE, path, HOUR)
        assert [(sale.step, sale.place, sale.sale) for sale in exact.sales] == list(walked.sales), seed
        assert exact.after[:6] == walked.after[:6], seed
        sales += len(walked.sales)
        losses += sum(sale.loss > 0 for _, _, sale in walked.sales)
        never += walked.steps.count(NEVER)
        emptied += walked.after.debt_shares == 0
    assert sales > 1000 and losses > 100 and never > 1000 and emptied > 2, (sales, losses, never, emptied)


def test_a_hair_lower_is_lower() -> None:
    """A position between two thresholds that are a billionth apart is sold at the second."""
    path = [1.0, 0.9, 0.9 * (1 - 1e-9)]
    debt = START_PRICE * 0.8 * 0.9 * (1 - 5e-10)
    pool = stressed((1, debt))
    assert first_passage(pool, START_PRICE, path, HOUR).steps == tuple(closed_form(pool, START_PRICE, path, HOUR).steps.tolist()) == (2,)


def test_rounding_can_sell_above_the_running_minimum() -> None:
    """A debt of 3 units becomes 4 with the first unit of interest, so that 10 collateral worth 4 no longer bear it, though the price has
    risen since the step in which they did."""
    pool = stressed((10, 3), (10**6, 1000), decimals=(0, 0), rate=FixedRateTerms(111 * 10**9))
    path = [1.0, 0.4, 0.45, 0.45]
    walked = first_passage(pool, 1.0, path, HOUR)
    assert walked.steps == (3, 0)
    exact = micro_path([pool], WILLING, [1.0], [path], [True] * 4)[0]
    assert [(sale.step, sale.place, sale.sale) for sale in exact.sales] == list(walked.sales)


def test_the_closed_form_is_within_its_rounding() -> None:
    """Two units a sale and 1e-12 of the debt; the same steps, as long as no threshold stands within a millionth of a position's number."""
    clear = sales = losses = 0
    for seed in range(100):
        random = Random(seed)
        pool, path = a_pool(random), a_path(random, 60)
        walked, closed = first_passage(pool, START_PRICE, path, HOUR), closed_form(pool, START_PRICE, path, HOUR)
        if _is_near(pool, path):
            continue
        clear += 1
        sold = [sale for _, _, sale in walked.sales]
        sales += len(sold)
        losses += sum(sale.loss > 0 for sale in sold)
        assert tuple(closed.steps.tolist()) == walked.steps
        room = (2 * len(sold) + 1e-12 * sum(pool.book.debt)) / UNIT
        assert closed.liquidated == pytest.approx(walked.liquidated / UNIT, rel=0, abs=room)
        assert closed.loss == pytest.approx(walked.loss / UNIT, rel=0, abs=room)
        assert closed.paid == pytest.approx(sum(sale.payment for sale in sold) / UNIT, rel=0, abs=room)
        assert closed.penalty == pytest.approx(sum(sale.penalty for sale in sold) / UNIT, rel=0, abs=room)
        collateral = sum(sale.collateral for sale in sold) / UNIT
        assert closed.collateral_sold == pytest.approx(collateral, rel=1e-12, abs=2 * len(sold) / UNIT)
    assert clear > 80 and sales > 500 and losses > 50, (clear, sales, losses)


def _is_near(pool: StressPool, path: list[float]) -> bool:
    """Whether floats cannot be sure of a position at some step."""
    rate = pool.file.rate
    assert isinstance(rate, FixedRateTerms)
    index = (1 + rate.rate * HOUR / WAD) ** np.arange(len(path))
    numbers = np.array([owed / held for held, owed in zip(pool.book.collateral, pool.book.debt, strict=True)])
    thresholds = START_PRICE * 0.8 * np.array(path) / index
    return bool(np.min(np.abs(numbers[:, None] / thresholds[1:] - 1.0)) < 1e-6)


def test_crossings_by_hand() -> None:
    """The first step from 1 on whose threshold is below the ratio; equal is not below; step 0 does not count."""
    thresholds = np.array([0.1, 9.0, 7.0, 8.0, 3.0])
    assert crossings(np.array([10.0, 9.0, 8.0, 7.0, 3.5, 3.0, 1.0]), thresholds).tolist() == [1, 2, 2, 4, 4, 0, 0]


@pytest.mark.parametrize(
    "pool",
    [
        stressed((1, 1), target_ltv=WAD // 2),
        stressed((1, 1), incentive_slope=1),
        stressed((1, 1), incentive_rise=1, sale_timeout=1),
        stressed((1, 1), solvent_window=1, sale_timeout=2),
        stressed((1, 1), fund=Fund(1, 1, 1)),
        stressed((1, 1), rate=KinkedRateTerms(0, 0, 0, 0)),
        stressed((1, 1), incentive_base=0),
    ],
)
def test_what_the_closed_form_does_not_know_is_refused(pool: StressPool) -> None:
    """Never approximated silently."""
    for engine in (first_passage, closed_form):
        with pytest.raises(ValueError, match="first passage"):
            engine(pool, START_PRICE, [1.0, 1.0], HOUR)
