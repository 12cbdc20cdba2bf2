"""Images of pools and their comparison."""

from ringfence.chain.collaborators import TokenContract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.isolation import compare, image
from ringfence.inputs.demo_result import Isolation


def test_equal_images_have_no_different_slots() -> None:
    """Every place counts once."""
    assert compare({"a": 1, "b": 2}, {"b": 2, "a": 1}) == Isolation(calm_pool_unchanged=True, slots_compared=2, slots_different=0)


def test_a_value_that_differs_and_a_slot_that_one_side_lacks_are_different() -> None:
    """One of each, on either side."""
    assert compare({"a": 1, "b": 2}, {"a": 1, "b": 3}).slots_different == 1
    assert compare({"a": 1, "b": 2}, {"a": 1}) == Isolation(calm_pool_unchanged=False, slots_compared=2, slots_different=1)
    assert compare({"a": 1}, {"a": 1, "b": 2}) == Isolation(calm_pool_unchanged=False, slots_compared=2, slots_different=1)


def test_an_image_has_every_slot_of_the_contract_and_its_balances(chain: EmbeddedChain) -> None:
    """A token as the contract: its total supply and two balances are its slots; what it holds of itself and of another token follows."""
    holder, spender = "0x" + "a1" * 20, "0x" + "b2" * 20
    token, other = TokenContract.deploy(chain, 6), TokenContract.deploy(chain, 18)
    token.mint(holder, 5)
    other.mint(token.address, 7)
    before = image(chain, token, token, other)
    assert sorted(before.values()) == [0, 5, 5, 7]
    token.approve(holder, spender, 9)
    assert compare(before, image(chain, token, token, other)) == Isolation(False, 5, 1)
