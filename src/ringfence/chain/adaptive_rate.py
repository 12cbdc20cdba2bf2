"""The adaptive rate model on a chain. Twin of `model.adaptive_rate.AdaptiveRate`."""

from typing import Self

from ringfence.chain.artifacts import load
from ringfence.chain.collaborators import DEPLOYER, RateContract
from ringfence.chain.contract import Chain
from ringfence.chain.layout import entry_slot


class AdaptiveRateContract(RateContract):
    """A rate that rises while more than 90 % are lent out and falls while less are; what it remembers is by pool."""

    __slots__ = ()

    @classmethod
    def deploy(cls, chain: Chain, rate_at_target: int) -> Self:
        """A new model with this initial rate at target, WAD per second. Raises Reverted if it is not between 0.1 % and 200 % a year."""
        return cls.create(chain, load("AdaptiveRate"), DEPLOYER, rate_at_target)

    @property
    def initial_rate_at_target(self) -> int:
        """Where every pool starts, WAD per second."""
        return int(self.call("initial_rate_at_target"))

    def rate_at_target(self, pool: str) -> int:
        """The pool's rate at target as of its last update, WAD per second."""
        return int(self.call("rate_at_target", pool))

    def remembered(self, pool: str) -> int:
        """The same as it is stored, in WAD per second * 1e18; 0 before the pool's first update."""
        return self.chain.storage(self.address, entry_slot(self.artifact.layout["remembered"].slot, pool))
