"""The liquidation rule in floats, for the fast engine; the same rule as `model/liquidation.py`, to which its agreement test holds it.

Amounts are whole tokens, fractions 1 = 100 %, so nothing is rounded; everything else stands as it stands there.
"""

from ringfence.lab.jitted import jit


@jit
def incentive(base: float, rise: float, slope: float, most: float, health: float, seconds: float) -> float:
    """Discount offered to a buyer: the base, plus what time and missing health add, capped."""
    return min(most, base + rise * seconds + slope * (1.0 - health))


@jit
def phase_in(offered: float, payable: float, seconds: float, window: float) -> float:
    """Incentive during the window: what the collateral can pay at once, what lenders would pay for by and by."""
    if offered <= payable or seconds >= window:
        return offered
    return payable + (offered - payable) * seconds / window


@jit
def close_amount(target_ltv: float, min_debt: float, value: float, debt: float, offered: float, penalty: float) -> float:
    """Debt to repay so that the position ends at its target; all without a target, or if a rest under min_debt would stay."""
    if target_ltv == 0.0:
        return debt
    counted = target_ltv * (1.0 + offered) * (1.0 + penalty)
    if counted >= 1.0:
        return debt
    amount = min(debt, (debt - target_ltv * value) / (1.0 - counted))
    # Where the penalty is cut to what is left, the target is met by selling all: what floats leave over is no debt.
    if debt - amount < max(min_debt, 1e-12 * debt):
        return debt
    return amount
