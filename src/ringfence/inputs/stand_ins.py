"""Who acts in a simulated pool: fixed accounts, the same whatever the pool is made of."""

LENDER = "0x1E9D" + "00" * 18
LIQUIDATOR = "0x11D0" + "00" * 18
UNDERWRITER = "0x0D37" + "00" * 18
"""Also creates the backstop, and sets its one cover."""
COOLDOWN = 10 * 86_400
"""Nobody gives notice in a simulation, so that any would do."""
FIRST_BORROWER = 0xB0 << 152
FUNDS = 2**200
"""What lender and liquidator hold each (asset base units): more than any run can spend, and far from overflowing when added up."""


def borrower(place: int) -> str:
    """The account at this place in the book."""
    return f"0x{FIRST_BORROWER + place:040x}"
