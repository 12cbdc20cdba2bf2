"""Metrics as others define them, by name, so that a figure of theirs and one of ours can be set side by side; ours stay the default.

They apply another's definition to our paths: their simulations differ in prices, agents and protocol. In a pool of ours a sale books its
loss at once, so that bad debt is what was booked and what is still open.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PeerMetric:
    """A quantile at `level` (thousandths; None: the mean) of a column of `lab/columns.py`, in asset, under the peer's name."""

    name: str
    column: str
    level: int | None
    definition: str


PEER_METRICS: Mapping[str, tuple[PeerMetric, ...]] = {
    "gauntlet": (
        PeerMetric(
            "var",
            "loss",
            950,
            "VaR as described in risk.gauntlet.network/faq: 95th percentile of the net insolvent debt (debt beyond collateral, summed over "
            "insolvent accounts) at the end of a run; here with the losses that sales booked",
        ),
        PeerMetric(
            "lar",
            "liquidated",
            950,
            "LaR as described in risk.gauntlet.network/faq: 95th percentile of what a run liquidates; here the debt that sales retired",
        ),
    ),
    "chaos": (
        PeerMetric(
            "var",
            "loss_1d",
            950,
            "VaR as described by Chaos Labs (governance.aave.com/t/11603): 95th percentile of the protocol's losses from bad debt of "
            "under-collateralised accounts over 24 hours",
        ),
        PeerMetric(
            "evar",
            "loss_1d",
            990,
            "Extreme VaR as described by Chaos Labs (governance.aave.com/t/11603): 99th percentile of the same losses over 24 hours",
        ),
    ),
    "crvusdrisk": (
        PeerMetric(
            "bad_debt",
            "unhealthy_end",
            None,
            "bad debt as in github.com/xenophonlabs/crvUSDrisk, src/metrics/controller.py: the whole debt of users with negative health, "
            "there the mean over a run; here the debt unhealthy and unsold at the end, mean over paths",
        ),
    ),
}
