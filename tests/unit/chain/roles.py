"""Accounts by role, and the time at which chains begin."""

LENDER = "0x" + "a1" * 20
BORROWER = "0x" + "b2" * 20
LIQUIDATOR = "0x" + "c3" * 20
NOBODY = "0x" + "00" * 20
START = 1_700_000_000
EVERYTHING = 2**256 - 1
