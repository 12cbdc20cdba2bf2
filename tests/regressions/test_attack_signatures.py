"""What can be done with somebody's signature but what it says, once, here, in time: nothing."""

from collections.abc import Callable

import pytest

from ringfence.chain.embedded import CHAIN_ID
from ringfence.chain.errors import Reverted
from ringfence.chain.pool import PoolContract
from ringfence.model.permits import Message, Signature
from ringfence.model.terms import MAX_UINT256, ZERO_ADDRESS
from tests.agreement.signatures import account, vrs
from tests.regressions.attacked import ATTACKER, ETH, HOUR, START, USD, VICTIM, Attacked

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141  # of secp256k1
NAME = "Ringfence pool"
TOO_LATE, NOT_SIGNED = "permit: too late", "permit: not signed by the owner"
KINDS = ("Permit", "OperatorPermit")


class Signed:
    """An owner with a key, 1,000 dollars lent and 10 ether as collateral; signatures for the attacker."""

    def __init__(self, kind: str) -> None:
        self.scene, self.kind, self.owner = Attacked(), kind, account(7)
        self.scene.pool.deposit(VICTIM, 1_000 * USD, self.owner, START)
        self.scene.pool.supply_collateral(VICTIM, 10 * ETH, self.owner, START)
        self.granted = 100 * USD * 10**6 if kind == "Permit" else 1
        self.deadline = START + HOUR

    def sign(
        self, signer: str | None = None, pool: str | None = None, chain_id: int = CHAIN_ID, nonce: int = 0
    ) -> tuple[int, bytes, bytes]:
        message = Message(pool or self.scene.pool.address, self.kind, self.owner, ATTACKER, self.granted, nonce, self.deadline)
        return vrs(Signature(signer or self.owner, message), NAME, chain_id)

    def use(self, signature: tuple[int, bytes, bytes], pool: PoolContract | None = None, **changed: object) -> None:
        given = {"owner": self.owner, "other": ATTACKER, "granted": self.granted, "deadline": self.deadline} | changed
        pool = pool or self.scene.pool
        call: Callable[..., None] = pool.permit if self.kind == "Permit" else pool.permit_operator
        call(ATTACKER, *given.values(), signature, self.scene.now)

    def refused(self, *arguments: object, **changed: object) -> str:
        before = self.rights()
        with pytest.raises(Reverted) as refusal:
            self.use(*arguments, **changed)  # type: ignore[arg-type]
        assert self.rights() == before
        return refusal.value.reason

    def rights(self) -> tuple[int, int, bool]:
        pool = self.scene.pool
        return pool.nonces(self.owner), pool.allowance(self.owner, ATTACKER), pool.is_operator(self.owner, ATTACKER)

    def is_granted(self) -> bool:
        pool = self.scene.pool
        return pool.allowance(self.owner, ATTACKER) == self.granted if self.kind == "Permit" else pool.is_operator(self.owner, ATTACKER)


@pytest.fixture(params=KINDS)
def signed(request: pytest.FixtureRequest) -> Signed:
    return Signed(request.param)


def test_a_signature_grants_what_it_says_once(signed: Signed) -> None:
    """The control: it works, until the last second of its deadline, and a second time it is worth nothing."""
    signed.scene.wait(HOUR)
    signature = signed.sign()
    signed.use(signature)
    assert signed.is_granted()
    assert signed.refused(signature) == NOT_SIGNED
    if signed.kind == "Permit":
        signed.scene.pool.transfer_from(ATTACKER, signed.owner, ATTACKER, signed.granted, signed.scene.now)
        assert signed.refused(signature) == NOT_SIGNED
        assert signed.scene.pool.balance_of(ATTACKER) == signed.granted


def test_a_signature_is_worth_nothing_after_its_deadline(signed: Signed) -> None:
    """A second later it is refused, and a later deadline is not what was signed."""
    signature = signed.sign()
    signed.scene.wait(HOUR + 1)
    assert signed.refused(signature) == TOO_LATE
    assert signed.refused(signature, deadline=signed.deadline + HOUR) == NOT_SIGNED


def test_a_signature_for_one_pool_is_worth_nothing_in_another(signed: Signed) -> None:
    """Of the same name and terms but its address: the address is signed."""
    other = Attacked(chain=signed.scene.chain, asset=signed.scene.asset, collateral=signed.scene.collateral)
    assert signed.refused(signed.sign(), other.pool) == NOT_SIGNED
    assert signed.refused(signed.sign(pool=other.pool.address)) == NOT_SIGNED


def test_a_signature_for_one_chain_is_worth_nothing_on_another(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the chain splits after the signature and one side takes a new id: the same pool, state and account are there."""
    assert signed.refused(signed.sign(chain_id=1)) == NOT_SIGNED
    monkeypatch.setattr("ringfence.chain.embedded.CHAIN_ID", CHAIN_ID + 1)
    split = signed.scene.chain.copy()
    there = PoolContract(split, signed.scene.pool.address, signed.scene.pool.artifact)
    assert there.call("DOMAIN_SEPARATOR") != signed.scene.pool.call("DOMAIN_SEPARATOR")
    assert signed.refused(signed.sign(), there) == NOT_SIGNED
    signed.use(signed.sign(chain_id=CHAIN_ID + 1), there)
    assert there.nonces(signed.owner) == 1
    signed.use(signed.sign())


@pytest.mark.parametrize("nonce", [1, 2, 2**256 - 1])
def test_a_signature_of_another_nonce_is_worth_nothing(signed: Signed, nonce: int) -> None:
    """Later ones do not jump the queue."""
    assert signed.refused(signed.sign(nonce=nonce)) == NOT_SIGNED


def test_one_nonce_serves_both_kinds_and_neither_passes_for_the_other() -> None:
    """An operator's permit is no allowance and the other way round, though the same words are signed; and using one voids the other."""
    operator, allowance = Signed("OperatorPermit"), Signed("Permit")
    allowance.scene = operator.scene
    allowance.granted = 1
    assert allowance.refused(operator.sign()) == NOT_SIGNED
    assert operator.refused(allowance.sign()) == NOT_SIGNED
    waiting = allowance.sign()
    operator.use(operator.sign())
    assert allowance.refused(waiting) == NOT_SIGNED
    allowance.use(allowance.sign(nonce=1))
    assert operator.scene.pool.nonces(operator.owner) == 2


def test_a_bent_signature_is_good_for_nothing_more(signed: Signed) -> None:
    """With s turned over (the other root) it recovers to the same signer: in place of the signed one, never besides it."""
    v, r, s = signed.sign()
    bent = 55 - v, r, (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    signed.use(bent)
    assert signed.is_granted()
    assert signed.refused((v, r, s)) == NOT_SIGNED
    assert signed.refused(bent) == NOT_SIGNED
    assert signed.scene.pool.nonces(signed.owner) == 1


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_nobody_is_the_zero_account(signed: Signed, v: int) -> None:
    """What recovers to nobody grants nothing in the name of the zero account, nor of anybody."""
    _, r, s = signed.sign()
    for broken in ((v, r, s), (27, bytes(32), bytes(32)), (28, b"\xff" * 32, s), (27, r, b"\xff" * 32)):
        assert signed.refused(broken) == NOT_SIGNED
        assert signed.refused(broken, owner=ZERO_ADDRESS) == NOT_SIGNED


def test_nothing_that_is_signed_can_be_changed(signed: Signed) -> None:
    """Another owner, another taker, a larger amount or a no turned to a yes: not what was signed."""
    signature = signed.sign()
    changes: list[dict[str, object]] = [{"owner": VICTIM}, {"other": VICTIM}, {"deadline": MAX_UINT256}]
    changes += [{"granted": MAX_UINT256}, {"granted": signed.granted + 1}] if signed.kind == "Permit" else [{"granted": False}]
    for changed in changes:
        assert signed.refused(signature, **changed) == NOT_SIGNED
    assert signed.refused(signed.sign(signer=account(8))) == NOT_SIGNED


def test_a_permit_used_in_front_of_its_sender_has_done_its_work(signed: Signed) -> None:
    """Who submits another's permit first reverts the sender's own and changes nothing: what it grants is granted, to whom it names."""
    signature = signed.sign()
    signed.use(signature)
    assert signed.is_granted()
    assert not signed.scene.pool.is_operator(signed.owner, VICTIM)
    assert signed.refused(signature) == NOT_SIGNED


def test_an_operator_moves_positions_and_no_lender_s_share() -> None:
    """The whole of an operator's power: all collateral without debt, and loans on it; the 1,000 dollars lent stay."""
    signed = Signed("OperatorPermit")
    signed.use(signed.sign())
    pool, owner, now = signed.scene.pool, signed.owner, signed.scene.now
    pool.borrow(ATTACKER, 1_000 * USD, ATTACKER, owner, now)
    pool.withdraw_collateral(ATTACKER, 9 * ETH, ATTACKER, owner, now)
    shares = pool.balance_of(owner)
    for name, arguments in {
        "redeem": (shares, ATTACKER, owner),
        "withdraw": (1, ATTACKER, owner),
        "transfer_from": (owner, ATTACKER, shares),
    }.items():
        assert signed.scene.refused(name, ATTACKER, *arguments, now) == "erc20: allowance too low"
    # And an allowance moves no position.
    pool.approve(VICTIM, ATTACKER, MAX_UINT256)
    pool.supply_collateral(VICTIM, ETH, VICTIM, now)
    assert signed.scene.refused("withdraw_collateral", ATTACKER, 1, ATTACKER, VICTIM, now) == "pool: caller is no operator"
