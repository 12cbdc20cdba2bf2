"""Terms as people read them."""

import pytest

from ringfence.cli.term_text import term_text
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP
from ringfence.model.terms import ZERO_ADDRESS


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("backstop", ZERO_ADDRESS, "none"),
        ("oracle", "0x" + "12" * 20, "0x" + "12" * 20),
        ("liq_ltv", 855 * 10**15, "85.5 %"),
        ("incentive_slope", 5 * 10**17, "0.5"),  # per unit of health, no part of a whole
        ("supply_cap", MAX_SUPPLY_CAP, "none"),
        ("supply_cap", 1_500_000, "1.5 USDC"),
        ("supply_cap", 0, "0 USDC"),  # a cap that lets nobody in is not none
        ("borrow_cap", MAX_BORROW_CAP, "none"),
        ("borrow_cap", MAX_SUPPLY_CAP, f"{MAX_SUPPLY_CAP // 10**6}.{MAX_SUPPLY_CAP % 10**6} USDC"),
        ("lockup", 604_800, "7 days"),
    ],
)
def test_each_unit(name: str, value: int | str, shown: str) -> None:
    """Exact, with the unit; `none` only where nothing binds."""
    assert term_text(name, value, 6, "USDC") == shown
