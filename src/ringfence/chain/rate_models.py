"""The rate model that a pool file names, deployed."""

from ringfence.chain.adaptive_rate import AdaptiveRateContract
from ringfence.chain.collaborators import FixedRateContract, KinkedRateContract, RateContract
from ringfence.chain.contract import Chain
from ringfence.inputs.pool_file import AdaptiveRateTerms, FixedRateTerms, RateTerms


def deploy_rate_model(chain: Chain, rate: RateTerms) -> RateContract:
    """The rate model that a pool file names. Raises Reverted if it is over its bounds."""
    if isinstance(rate, FixedRateTerms):
        return FixedRateContract.deploy(chain, rate.rate)
    if isinstance(rate, AdaptiveRateTerms):
        return AdaptiveRateContract.deploy(chain, rate.rate_at_target)
    return KinkedRateContract.deploy(chain, rate.base, rate.kink, rate.slope_below, rate.slope_above)
