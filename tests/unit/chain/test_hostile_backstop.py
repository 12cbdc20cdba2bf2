"""The mock that stands for a bad backstop is bad in the ways it says, and who counts only what arrived is fooled by none of them."""

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.backstop import deploy_backstop
from ringfence.chain.collaborators import TokenContract
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.model.terms import WAD

SOMEBODY = "0x" + "ab" * 20
HELD, ASKED = 1_000, 100
DAY = 86_400


def setting() -> tuple[EmbeddedChain, TokenContract, Contract, Contract]:
    """A chain, a token, a caller that stands for a pool, and the mock with tokens to pay from."""
    chain = EmbeddedChain(timestamp=1_700_000_000)
    token = TokenContract.deploy(chain, 6)
    caller = Contract.create(chain, load("mocks/covered_mock"), SOMEBODY)
    mock = Contract.create(chain, load("mocks/backstop_mock"), SOMEBODY)
    token.mint(mock.address, HELD)
    return chain, token, caller, mock


# Mode: what the caller counts, what it holds then, whether the call succeeded.
@pytest.mark.parametrize(
    ("mode", "counted", "held", "is_answered"),
    [
        (0, 100, 100, True),
        (1, 0, 0, False),
        (2, 0, 0, False),
        (3, 50, 50, True),
        (4, 100, 200, True),
        (6, 100, 100, True),
        (7, 0, 0, True),
        (8, 0, 0, False),
    ],
)
def test_what_counts_is_what_arrived(mode: int, counted: int, held: int, is_answered: bool) -> None:
    """At most what was asked, whatever the mock says, and nothing when it fails or burns all the gas it is given."""
    _, token, caller, mock = setting()
    mock.transact(SOMEBODY, "set", mode, token.address)
    assert caller.transact(SOMEBODY, "draw", mock.address, token.address, ASKED) == counted
    assert (token.balance_of(caller.address), caller.call("is_answered")) == (held, is_answered)


def test_one_that_takes_takes_only_what_it_was_allowed() -> None:
    """With an allowance it could; then nothing is counted, and no subtraction fails."""
    _, token, caller, mock = setting()
    token.mint(caller.address, 500)
    caller.transact(SOMEBODY, "forward", token.address, token.calldata("approve", mock.address, ASKED))
    mock.transact(SOMEBODY, "set", 8, token.address)
    assert caller.transact(SOMEBODY, "draw", mock.address, token.address, ASKED) == 0
    assert token.balance_of(caller.address) == 400


def test_one_that_calls_back_remembers_how_that_ended() -> None:
    """A call that succeeds and one that does not; it pays all the same."""
    _, token, caller, mock = setting()
    mock.transact(SOMEBODY, "set", 5, token.address)
    for function, is_let_in in (("totalSupply", True), ("mint", False)):
        data = token.calldata("totalSupply") if function == "totalSupply" else b"\x00" * 4
        mock.transact(SOMEBODY, "set_call", token.address, data)
        before = token.balance_of(caller.address)
        assert caller.transact(SOMEBODY, "draw", mock.address, token.address, ASKED) == ASKED
        assert token.balance_of(caller.address) - before == ASKED
        assert (mock.call("is_called"), mock.call("is_let_in")) == (True, is_let_in)


@pytest.mark.parametrize(("mode", "arrives"), [(2, 100), (3, 0), (4, 0)])
def test_a_fund_whose_token_refuses_fails_its_caller_softly(mode: int, arrives: int) -> None:
    """A token without answers pays; one that refuses (a blocked pool) makes the draw bring nothing, and the cover stays as it was."""
    chain, _, caller, _ = setting()
    token = Contract.create(chain, load("mocks/odd_erc20_mock"), SOMEBODY, 6)
    fund = deploy_backstop(chain, token.address, 10 * DAY, creator=SOMEBODY)
    fund.set_cover(SOMEBODY, caller.address, HELD, WAD)
    fund.seal(SOMEBODY)
    token.transact(SOMEBODY, "mint", fund.address, HELD)
    token.transact(SOMEBODY, "set", mode)
    assert caller.transact(SOMEBODY, "draw", fund.address, token.address, ASKED) == arrives
    assert caller.call("is_answered") is (arrives > 0)
    assert fund.cover_left(caller.address) == HELD - arrives
