"""The price of vault shares on a chain. Twin of `model.vault_price.VaultPrice`."""

from typing import Self

from ringfence.chain.artifacts import load
from ringfence.chain.collaborators import DEPLOYER, OracleContract
from ringfence.chain.contract import Chain


class VaultPriceContract(OracleContract):
    """An oracle for the shares of an ERC-4626 vault; rates are assets (base units) for `unit` shares (base units)."""

    __slots__ = ()

    @classmethod
    def deploy(cls, chain: Chain, vault: str, base: str, *, unit: int, max_growth_per_day: int, min_rate: int, max_rate: int) -> Self:
        """A new price of this vault's shares; growth is WAD. Raises Reverted naming what is out of its range."""
        return cls.create(chain, load("VaultPrice"), DEPLOYER, vault, base, unit, max_growth_per_day, min_rate, max_rate)

    def checkpoint(self, caller: str) -> None:
        """Count growth anew from what is believed now."""
        self.transact(caller, "checkpoint")

    def anchor(self) -> tuple[int, int]:
        """(rate, seconds): what growth is counted from, and since when."""
        rate, since = self.call("anchor")
        return int(rate), int(since)

    def rate(self) -> tuple[int, int]:
        """(what the vault says, what of it counts); raises Reverted when the vault fails or is out of bounds."""
        says, counts = self.call("rate")
        return int(says), int(counts)
