"""A call that a pool refuses after it has counted interest takes back what the rate model remembered, on the contract and in the model."""

from tests.agreement.twins import LENDERS, LIQUIDATOR, Twins
from tests.agreement.worlds import plain_world


def test_a_refused_loan_leaves_the_rate_at_target_where_it_was() -> None:
    """Two pools that differ by refused calls alone count the same interest."""
    from dataclasses import replace

    both = Twins(replace(plain_world(), rate=("adaptive", 10**9)))
    both.act("deposit", LENDERS[0], 10**22, LENDERS[0])
    both.pass_time(12)
    both.act("accrue", LIQUIDATOR)
    model = both.pool._rate_model
    before = dict(model.remembered)
    for _ in range(3):
        both.pass_time(86_400)
        assert both.act("borrow", LENDERS[1], 10**40, LENDERS[1], LENDERS[1])[0] == "refused"
        assert model.remembered == before
    both.act("accrue", LIQUIDATOR)
    assert model.remembered[both.pool.address] < before[both.pool.address]
    slot = both.chain.call(both.rate_address, bytes.fromhex(_selector()) + bytes.fromhex(both.pool.address[2:].rjust(64, "0")))
    assert int.from_bytes(slot, "big") == model.rate_at_target(both.pool.address)


def _selector() -> str:
    from ringfence.chain.keccak import keccak256

    return keccak256(b"rate_at_target(address)")[:4].hex()
