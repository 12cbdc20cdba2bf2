"""The properties can fail: each of their tests, run on a contract with one planted fault, says that its law is broken."""

import importlib
from collections import Counter

import pytest

from tests.stateful.faults import FAULTS, Fault
from tests.stateful.market import LawBroken
from tests.stateful.planting import CONTRACTS, plant

LAWS = (
    "conservation",
    "debt_is_the_sum",
    "lenders_never_lose_without_a_loss_event",
    "healthy_is_untouchable",
    "a_first_sale_never_hurts",
    "liquidation_improves",
    "isolation",
    "no_free_lunch",
    "always_exit",
    "waterfall_order",
    "slicing_gains_nothing",
)
# Compiling a pool takes seconds: three in every run, all of them at night.
QUICK = {
    "who is healthy by nothing is sold",
    "a rate model remembers the last pool that asked",
    "withdrawals burn rounded down",
}


def test_every_law_has_a_fault() -> None:
    """No law goes untested, no fault is listed twice, and each says of a law that there is."""
    assert set(LAWS) == {fault.law for fault in FAULTS}
    assert max(Counter(fault.name for fault in FAULTS).values()) == 1
    assert {fault.name for fault in FAULTS} >= QUICK


def test_every_fault_fits_the_contracts() -> None:
    """Who edits a contract edits the faults with it: each old text stands there once, so that the nightly run can plant it."""
    changes = [(fault.name, (CONTRACTS / fault.file).read_text().count(old)) for fault in FAULTS for old, _ in fault.changes]
    assert [name for name, count in changes if count != 1] == []


@pytest.mark.parametrize(
    "fault",
    [pytest.param(fault, marks=() if fault.name in QUICK else pytest.mark.nightly, id=fault.name.replace(" ", "_")) for fault in FAULTS],
)
def test_a_fault_breaks_its_law(fault: Fault) -> None:
    """On the faulty contract the short version of the property's test, with its usual seeds, raises LawBroken and nothing else."""
    check = importlib.import_module(f"tests.stateful.test_{fault.law}").check
    with pytest.raises(LawBroken):
        check(plant(fault))
