"""What others offer a buyer."""

import pytest

from ringfence.decisions.peer_incentive import morpho_incentive

WAD = 10**18
# Liquidation LTV and incentive factor as published, in millionths.
PUBLISHED = {
    980_000: 1_006_036,
    965_000: 1_010_611,
    945_000: 1_016_777,
    915_000: 1_026_167,
    860_000: 1_043_841,
    770_000: 1_074_114,
    625_000: 1_126_761,
    385_000: 1_150_000,
}


@pytest.mark.parametrize(("liq_ltv", "factor"), PUBLISHED.items())
def test_morphos_incentive_is_the_published_one(liq_ltv: int, factor: int) -> None:
    """To the six digits that are published, rounded to the nearest."""
    assert (WAD + morpho_incentive(liq_ltv * 10**12) + 5 * 10**11) // 10**12 == factor


def test_morphos_incentive_is_at_most_15_percent() -> None:
    """The factor would pass 1.15 where 0.3 (1 - LTV) = 0.15 / 1.15, at an LTV of 1 - 0.5 / 1.15."""
    reached = WAD - WAD * 100 // 230
    assert morpho_incentive(0) == morpho_incentive(reached - 10**12) == 15 * 10**16
    assert morpho_incentive(reached + 10**12) < 15 * 10**16


def test_morphos_incentive_is_nothing_at_an_ltv_of_1() -> None:
    """There is no room for it."""
    assert morpho_incentive(WAD) == 0
