"""The toxic spiral: where a sale raises the loan-to-value of what it leaves, so that the next sale has more to do."""

from collections import Counter
from dataclasses import fields
from fractions import Fraction
from random import Random

from ringfence.model import liquidation, shares
from ringfence.model.liquidation import Position
from ringfence.model.shares import Totals
from ringfence.model.terms import PRICE_SCALE, WAD, ZERO_ADDRESS, Terms

CASES = 6_000
DAY = 86_400


def test_under_the_rule_of_others_a_sale_raises_the_ltv_iff_it_is_over_1_by_1_plus_the_incentive() -> None:
    """Their rule: whoever repays x takes collateral worth x (1 + i), whatever is left. Exact fractions on the same draws as ours below;
    (D - x) / (V - x (1 + i)) > D / V is V < D (1 + i)."""
    rng = Random(1)
    seen: Counter[str] = Counter()
    for _ in range(CASES):
        debt, value, offered = rng.randrange(10**6, 10**15), rng.randrange(10**6, 10**15), Fraction(rng.randrange(1, 20), 100)
        if rng.random() < 0.2:
            debt -= debt % 100  # so that this, where it neither rises nor falls, is a whole number
            value = int(debt * (1 + offered))
        repaid = min(Fraction(debt), value / (1 + offered)) * Fraction(rng.randrange(1, 100), 100)
        before, after = Fraction(debt, value), (debt - repaid) / (value - repaid * (1 + offered))
        assert (after > before) == (before > 1 / (1 + offered))
        seen["rises" if after > before else "falls" if after < before else "stays"] += 1
    assert min(seen[kind] for kind in ("rises", "falls", "stays")) > 100


def test_under_ours_no_sale_raises_the_ltv_beyond_rounding() -> None:
    """Any terms, any price, any part sold, by the exact model: with collateral C' of C left, the debt D' < D C' / C + 1 + r, a unit and one
    debt share's worth r. On the same positions the rule of others raises it in most of the sales that the collateral cannot pay for."""
    rng = Random(2)
    seen: Counter[str] = Counter()
    for _ in range(CASES):
        terms, totals, position, price = draw(rng)
        debt = shares.debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares)
        sold = liquidation.sale(terms, totals, position, price, rng.choice((0, rng.randrange(2 * DAY))), rng.randrange(1, debt))
        if sold.refusal:
            seen[sold.refusal] += 1
            continue
        after, _ = liquidation.after_sale(totals, sold)
        collateral = position.collateral - sold.collateral
        left = shares.debt_up(position.debt_shares - sold.debt_shares, after.debt_assets, after.debt_shares)
        worth = Fraction(totals.debt_assets + 1, totals.debt_shares + 10**6)
        assert left < Fraction(debt * collateral, position.collateral) + 1 + worth
        seen["a share is worth over a unit"] += worth > 1
        covered = liquidation.value_down(position.collateral, price) * WAD >= debt * (WAD + sold.incentive)
        seen["whole" if collateral == 0 else "part, covered" if covered else "part, not covered"] += 1
        # The very same payment at the rule of others: debt falls by what is paid.
        if collateral > 0 and not covered:
            theirs = Fraction(debt - sold.payment, collateral) > Fraction(debt, position.collateral)
            seen["others raise it" if theirs else "others do not"] += 1
    assert min(seen[kind] for kind in ("part, covered", "part, not covered", "a share is worth over a unit")) > CASES // 10
    assert seen["others raise it"] > 20 * seen["others do not"]


def draw(rng: Random) -> tuple[Terms, Totals, Position, int]:
    """Terms, a pool whose debt share is worth some millionths of a unit or some units, and an unhealthy position in it."""
    debt, others = rng.randrange(10**6, 10**15), rng.randrange(1, 10**15)
    grown = Fraction(rng.randrange(100, 300) * rng.choice((1, 10**6)), 100)
    held = rng.randrange(10**8, 10**20)
    debt_shares = int(debt * 10**6 / grown)
    totals = Totals(2 * (debt + others), 2 * (debt + others) * 10**6, debt + others, debt_shares + int(others * 10**6 / grown), 0, 0, 1, 0)
    debt = shares.debt_up(debt_shares, totals.debt_assets, totals.debt_shares)
    ltv = rng.uniform(0.87, 1.0) if rng.random() < 0.5 else rng.uniform(0.95, 1.6)
    base, window = rng.randrange(1, 12) * WAD // 100, rng.choice((0, DAY // 2))
    given: dict[str, object] = {field.name: ZERO_ADDRESS if field.type in (str, "str") else 0 for field in fields(Terms)}
    given |= {"max_ltv": 80 * WAD // 100, "liq_ltv": 86 * WAD // 100, "target_ltv": rng.choice((0, 75 * WAD // 100))}
    given |= {"incentive_base": base, "incentive_max": base + WAD // 50, "incentive_slope": rng.choice((0, WAD // 10))}
    given |= {"penalty": rng.choice((0, WAD // 100)), "solvent_window": window, "sale_timeout": DAY, "min_debt": rng.choice((0, 10**5))}
    return Terms(**given), totals, Position(held, debt_shares), int(debt / ltv * PRICE_SCALE / held)  # type: ignore[arg-type]
