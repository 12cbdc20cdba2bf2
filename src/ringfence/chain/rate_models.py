"""The contract of the rate model that a pool file names."""

from dataclasses import astuple

from ringfence.chain.artifacts import load
from ringfence.chain.collaborators import DEPLOYER, RateContract
from ringfence.chain.contract import Chain
from ringfence.inputs.pool_file import RateTerms


def rate_model_of(rate: RateTerms) -> tuple[str, tuple[int, ...]]:
    """Name and constructor arguments of the contract for a file's [rate]: it is called as its terms are."""
    return type(rate).__name__.removesuffix("Terms"), astuple(rate)


def deploy_rate_model(chain: Chain, rate: RateTerms) -> RateContract:
    """The rate model that a pool file names, deployed. Raises Reverted if it is over its bounds."""
    name, values = rate_model_of(rate)
    return RateContract.create(chain, load(name), DEPLOYER, *values)
