"""Lock-up and consent by signature, second by second, on contract and model at once: a fault that both share is seen here."""

from dataclasses import replace
from typing import Any

import pytest

from ringfence.model.permits import Message, Signature
from ringfence.model.terms import MAX_UINT256, ZERO_ADDRESS
from tests.agreement.twins import BORROWERS, CREATOR, LENDERS, OPERATOR, OUTSIDER, Twins
from tests.agreement.worlds import plain_world
from tests.unit.model.test_rules_in_figures import FAST, PER_CENT, E, done, refused

LENDER, OTHER = LENDERS
BORROWER = BORROWERS[0]
LOCKUP = 600
LOCKED, NO_OPERATOR = "pool: shares are locked", "pool: caller is no operator"
LATE, UNSIGNED = "permit: too late", "permit: not signed by the owner"
SHARE = 10**6 * E  # of one asset


def start(lockup: int = LOCKUP, *, rate: int = 0, **terms: int) -> Twins:
    """A pool to which the first lender has just lent a thousand; the operator may move the lender's shares."""
    twins = Twins(replace(plain_world(lockup=lockup, **terms), rate=("fixed", rate)))
    done(twins, "approve", LENDER, OPERATOR, MAX_UINT256)
    done(twins, "deposit", LENDER, 1_000 * E, LENDER)
    return twins


# Lock-up

WAYS_OUT: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "withdraw": ("withdraw", LENDER, (E, LENDER, LENDER)),
    "redeem": ("redeem", LENDER, (SHARE, LENDER, LENDER)),
    "transfer": ("transfer", LENDER, (OTHER, SHARE)),
    "withdraw by another": ("withdraw", OPERATOR, (E, OPERATOR, LENDER)),
    "transfer by another": ("transferFrom", OPERATOR, (LENDER, OPERATOR, SHARE)),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_no_way_out_before_the_lock_up_has_passed(way: str) -> None:
    """At 0 and at 599 seconds every way is closed, at 600 it is open."""
    name, caller, arguments = WAYS_OUT[way]
    twins = start()
    refused(twins, LOCKED, name, caller, *arguments)
    twins.pass_time(LOCKUP - 1)
    refused(twins, LOCKED, name, caller, *arguments)
    twins.pass_time(1)
    done(twins, name, caller, *arguments)


def test_what_can_be_taken_out_is_nothing_while_locked() -> None:
    """The max functions say 0 to the last second, then all."""
    twins = start()
    for seconds, most in ((0, 0), (LOCKUP - 1, 0), (1, 1_000 * E)):
        twins.pass_time(seconds)
        assert twins.contract.call("maxWithdraw", LENDER) == most
        assert twins.contract.call("maxRedeem", LENDER) == most * 10**6


@pytest.mark.parametrize("name", ["deposit", "mint"])
def test_every_deposit_locks_all_shares_anew(name: str) -> None:
    """Who lends again after 500 seconds waits until 1,100."""
    twins = start()
    twins.pass_time(500)
    done(twins, name, LENDER, SHARE, LENDER)
    assert twins.contract.call("locked_until", LENDER) == twins.now + LOCKUP
    twins.pass_time(LOCKUP - 1)
    refused(twins, LOCKED, "withdraw", LENDER, 1, LENDER, LENDER)
    twins.pass_time(1)
    done(twins, "withdraw", LENDER, 1_000 * E, LENDER, LENDER)


def test_nobody_locks_anothers_shares_unasked() -> None:
    """A gift is refused until the receiver has made the giver an operator; then it locks the receiver, not the giver."""
    twins = start()
    twins.pass_time(LOCKUP)
    refused(twins, NO_OPERATOR, "deposit", OTHER, E, LENDER)
    refused(twins, NO_OPERATOR, "mint", OTHER, SHARE, LENDER)
    done(twins, "withdraw", LENDER, E, LENDER, LENDER)
    done(twins, "set_operator", LENDER, OTHER, True)
    done(twins, "deposit", OTHER, E, LENDER)
    refused(twins, LOCKED, "withdraw", LENDER, E, LENDER, LENDER)
    assert twins.contract.call("locked_until", OTHER) == 0


def test_without_lock_up_gifts_are_free_and_shares_too() -> None:
    """A pool without the term asks for no consent, and lets everybody out in the same second."""
    twins = start(0)
    done(twins, "deposit", OTHER, E, LENDER)
    done(twins, "withdraw", LENDER, 1_001 * E, LENDER, LENDER)


def test_shares_that_are_received_are_not_locked() -> None:
    """Nor are those of their owner by it; and a transfer of nothing moves no locked share."""
    twins = start()
    done(twins, "transfer", LENDER, OTHER, 0)
    done(twins, "transferFrom", OPERATOR, LENDER, OTHER, 0)
    twins.pass_time(LOCKUP)
    done(twins, "transfer", LENDER, OTHER, SHARE)
    done(twins, "withdraw", OTHER, E, OTHER, OTHER)
    done(twins, "deposit", OPERATOR, E, OPERATOR)
    # Who acts is locked, the owner is not.
    done(twins, "withdraw", OPERATOR, E, OPERATOR, LENDER)
    done(twins, "transferFrom", OPERATOR, LENDER, OTHER, SHARE)


def test_the_creators_shares_are_not_locked() -> None:
    """A second's fee is minted, and can be taken out in the same second."""
    twins = start(rate=FAST, creator_fee=25 * PER_CENT)
    done(twins, "supply_collateral", BORROWER, E, BORROWER)
    done(twins, "borrow", BORROWER, 500 * E, BORROWER, BORROWER)
    twins.pass_time(1)
    done(twins, "accrue", OUTSIDER)
    held = twins.contract.call("balanceOf", CREATOR)
    assert held > 0
    done(twins, "redeem", CREATOR, held, CREATOR, CREATOR)


# Consent by signature


def signed(twins: Twins, kind: str, other: str, granted: int, deadline: int, *, nonce: int = 0, **changed: Any) -> Signature:
    """What the lender signs, with what is named changed."""
    message = Message(twins.pool.address, kind, LENDER, other, granted, nonce, deadline)
    return Signature(changed.pop("signer", LENDER), message._replace(**changed))


KINDS = {"permit": "Permit", "permit_operator": "OperatorPermit"}


def grant(twins: Twins, name: str, signature: Signature, deadline: int = MAX_UINT256, other: str = OTHER) -> Any:
    """One unit, or the right to act, brought by an outsider."""
    return twins.act(name, OUTSIDER, LENDER, other, 1, deadline, signature)


def granted(twins: Twins) -> tuple[int, bool]:
    return twins.contract.call("allowance", LENDER, OTHER), twins.contract.call("is_operator", LENDER, OTHER)


@pytest.mark.parametrize("name", KINDS)
def test_a_signature_is_good_once(name: str) -> None:
    """It grants what was signed, to whom, and by whom; then its nonce is used, for messages of either kind."""
    twins = start()
    good = signed(twins, KINDS[name], OTHER, 1, MAX_UINT256)
    other = signed(twins, "Permit" if name == "permit_operator" else "OperatorPermit", OTHER, 1, MAX_UINT256)
    assert grant(twins, name, good) == ("ok", None)
    assert granted(twins) == ((1, False) if name == "permit" else (0, True))
    assert not twins.contract.call("is_operator", OUTSIDER, OTHER)
    assert twins.contract.call("allowance", LENDER, OUTSIDER) == 0
    assert twins.contract.call("nonces", LENDER) == 1
    assert grant(twins, name, good) == ("refused", UNSIGNED)
    assert grant(twins, "permit" if name == "permit_operator" else "permit_operator", other) == ("refused", UNSIGNED)
    assert grant(twins, name, signed(twins, KINDS[name], OTHER, 1, MAX_UINT256, nonce=1)) == ("ok", None)


@pytest.mark.parametrize("name", KINDS)
def test_a_deadline_is_the_last_second(name: str) -> None:
    twins = start()
    last = twins.now + 10
    signature = signed(twins, KINDS[name], OTHER, 1, last)
    twins.pass_time(11)
    assert grant(twins, name, signature, last) == ("refused", LATE)
    # Nor does it help to name another deadline than the one that was signed, later or sooner.
    assert grant(twins, name, signature, MAX_UINT256) == ("refused", UNSIGNED)
    assert grant(twins, name, signed(twins, KINDS[name], OTHER, 1, MAX_UINT256), twins.now) == ("refused", UNSIGNED)
    signature = signed(twins, KINDS[name], OTHER, 1, twins.now)
    assert grant(twins, name, signature, twins.now) == ("ok", None)


WRONG: dict[str, dict[str, Any]] = {
    "signed by another": {"signer": OTHER},
    "signed by nobody": {"signer": ZERO_ADDRESS},
    "for another contract": {"contract": "0x" + "77" * 20},
    "in another's name": {"owner": OTHER},
    "for somebody else": {"other": OPERATOR},
    "for less": {"granted": 0},
    "out of turn": {"nonce": 1},
    "until another time": {"deadline": MAX_UINT256 - 1},
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", KINDS)
def test_what_was_not_signed_is_refused(name: str, wrong: str) -> None:
    """Every field of the message counts, and the other kind of message with the same fields is another one."""
    twins = start()
    fields: dict[str, Any] = {"kind": KINDS[name], "other": OTHER, "granted": 1, "deadline": MAX_UINT256} | WRONG[wrong]
    kind, other, amount, deadline = (fields.pop(field) for field in ("kind", "other", "granted", "deadline"))
    assert grant(twins, name, signed(twins, kind, other, amount, deadline, **fields)) == ("refused", UNSIGNED)
    swapped = "Permit" if name == "permit_operator" else "OperatorPermit"
    assert grant(twins, name, signed(twins, swapped, OTHER, 1, MAX_UINT256)) == ("refused", UNSIGNED)
    assert granted(twins) == (0, False)


@pytest.mark.parametrize("name", KINDS)
def test_nobody_signs_for_nobody(name: str) -> None:
    """What no key has signed recovers to the zero account: it grants nothing of that account's either."""
    twins = start()
    message = Message(twins.pool.address, KINDS[name], ZERO_ADDRESS, OTHER, 1, 0, MAX_UINT256)
    signature = Signature(ZERO_ADDRESS, message)
    assert twins.act(name, OUTSIDER, ZERO_ADDRESS, OTHER, 1, MAX_UINT256, signature) == ("refused", UNSIGNED)
