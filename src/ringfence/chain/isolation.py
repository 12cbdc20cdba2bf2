"""Whether two pools on two chains are the same to the last slot: how the isolation of pools is proven."""

from collections.abc import Hashable, Mapping

from ringfence.chain.collaborators import TokenContract
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.inputs.demo_result import Isolation


def compare(left: Mapping[Hashable, int], right: Mapping[Hashable, int]) -> Isolation:
    """Two images slot by slot; a slot that only one of them has is different."""
    places = left.keys() | right.keys()
    different = sum(left.get(place) != right.get(place) for place in places)
    return Isolation(calm_pool_unchanged=different == 0, slots_compared=len(places), slots_different=different)


def image(chain: EmbeddedChain, pool: Contract, *tokens: TokenContract) -> dict[Hashable, int]:
    """Every storage slot of the pool's contract that is not zero, and its balance of each token, by (address, slot) and token address."""
    storage = chain.state()[pool.address].storage
    slots: dict[Hashable, int] = {(pool.address, slot): value for slot, value in storage.items()}
    return slots | {token.address: token.balance_of(pool.address) for token in tokens}
