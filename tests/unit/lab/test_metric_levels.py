"""Which part of the paths a metric looks at, by a thousand of them that lose 1, 2, ..., 1,000."""

import numpy as np
import pytest

from ringfence.lab.columns import PoolStart
from ringfence.lab.metrics import Setting, measure
from ringfence.lab.outcome import FIELD, NAMES, WAIT_STEPS
from ringfence.lab.run import Outcome

DAY = 86_400
START = PoolStart("pool", supply=10_000.0, debt=8000.0, reserve=0.0)


def test_each_level_is_its_own() -> None:
    """VaR at 99 % is the 990th, ES at 97.5 % the mean of the last 25; so for liquidations, which are twice the losses."""
    fields = np.zeros((1000, 1, len(NAMES)))
    for name, times in (("loss", 1.0), ("liquidated", 2.0), ("liquidated_1d", 0.5)):
        fields[:, 0, FIELD[name]] = times * np.arange(1.0, 1001.0)
    fields[:, 0, FIELD["supply_end"]], fields[:, 0, FIELD["share_price_end"]] = 10_000.0, 1.0
    found = measure(Outcome(fields, np.zeros((1000, 1, len(WAIT_STEPS))), np.zeros((1000, 4))), [START], Setting(3600, 30 * DAY), seed=1)
    values = {name: metric.value for name, metric in found.together.items()}
    assert (values["loss_var95"], values["loss_var99"]) == (950.0, 990.0)
    assert values["loss_es975"] == pytest.approx(np.arange(976, 1001).mean())
    assert values["loss_es99"] == values["loss_es99_asset"] == pytest.approx(np.arange(991, 1001).mean())
    assert (values["liquidations_var95"], values["liquidations_var99"]) == (1900.0, 1980.0)
    assert (values["liquidations_var95_1d"], values["liquidations_var99_1d"]) == (475.0, 495.0)


def test_a_wait_is_no_longer_than_the_path() -> None:
    """In two steps nobody waits three, whatever the class of three reaches to."""
    waits = np.zeros((1, 1, len(WAIT_STEPS)))
    waits[0, 0, WAIT_STEPS.index(2)] = 1.0
    fields = np.zeros((1, 1, len(NAMES)))
    for steps, hours in ((2, 2.0), (100, WAIT_STEPS[WAIT_STEPS.index(2) + 1] - 1.0)):
        found = measure(Outcome(fields, waits, np.zeros((1, 4))), [START], Setting(3600, steps * 3600), seed=1)
        assert found.together["time_to_liquidate_p95"].value == hours
    waits[0, 0] = 0.0
    waits[0, 0, -2] = 1.0
    found = measure(Outcome(fields, waits, np.zeros((1, 4))), [START], Setting(3600, 2 * 3600), seed=1)
    assert found.together["time_to_liquidate_p95"].value == 2.0
