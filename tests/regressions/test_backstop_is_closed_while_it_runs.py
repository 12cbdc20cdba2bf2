"""A token with hooks is let into a backstop by none of its functions, views included, while a deposit, an exit or a draw is under way."""

from pathlib import Path

import pytest

from ringfence.chain.artifacts import Artifact
from ringfence.chain.backstop import BackstopContract, deploy_backstop
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.model.terms import MAX_UINT256, WAD, ZERO_ADDRESS
from tests.compiled import compiled

CREATOR, UNDERWRITER, POOL = ("0x" + pair * 20 for pair in ("c0", "a1", "b1"))
COOLDOWN = 864_000


@pytest.fixture(scope="module")
def hook_token() -> Artifact:
    """The token, compiled."""
    return compiled(Path(__file__).with_name("hook_token.vy"))


@pytest.fixture
def setting(hook_token: Artifact) -> tuple[Contract, BackstopContract]:
    """The token and a fund over it, with an underwriter whose window is open for half of the shares."""
    chain = EmbeddedChain(timestamp=1_700_000_000)
    token = Contract.create(chain, hook_token, CREATOR)
    fund = deploy_backstop(chain, token.address, COOLDOWN, creator=CREATOR)
    # The token itself is a covered pool, so that nothing but the lock stops its call of `cover`.
    for pool in (POOL, token.address):
        fund.set_cover(CREATOR, pool, 10**9, WAD)
    fund.seal(CREATOR)
    for holder in (UNDERWRITER, token.address):
        token.transact(CREATOR, "mint", holder, 10**9)
    token.transact(UNDERWRITER, "approve", fund.address, MAX_UINT256)
    half = fund.deposit(UNDERWRITER, 10**8, UNDERWRITER) // 2
    fund.request_redeem(UNDERWRITER, half, chain.timestamp)
    chain.advance_to(chain.timestamp + COOLDOWN)
    return token, fund


def inner_calls(fund: BackstopContract) -> dict[str, bytes]:
    """Every function of the fund, with arguments that it takes when it is open; views of state first."""
    names = [
        *("totalAssets", "totalSupply"),
        *((name, 10**6) for name in ("convertToShares", "convertToAssets")),
        *((f"preview{name}", 10**6) for name in ("Deposit", "Mint", "Withdraw", "Redeem")),
        *((name, UNDERWRITER) for name in ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem", "balanceOf", "notice_of")),
        ("cover_left", POOL),
        ("cover_of", POOL),
        ("allowance", UNDERWRITER, POOL),
        ("cover", 1),
        ("approve", POOL, 1),
        ("transfer", POOL, 0),
        ("transferFrom", UNDERWRITER, POOL, 0),
        ("request_redeem", 1),
    ]
    calls = [(name,) if isinstance(name, str) else name for name in names]
    return {call[0]: fund.calldata(*call) for call in calls}


@pytest.mark.parametrize("act", ["deposit", "mint", "redeem", "withdraw", "cover"])
def test_nobody_is_let_in(setting: tuple[Contract, BackstopContract], act: str) -> None:
    """From within each act that moves the token, each function is refused; outside, the same call works."""
    token, fund = setting
    now = fund.chain.timestamp
    acts = {
        "deposit": lambda: fund.deposit(UNDERWRITER, 1_000, UNDERWRITER),
        "mint": lambda: fund.mint(UNDERWRITER, 10**6, UNDERWRITER),
        "redeem": lambda: fund.redeem(UNDERWRITER, 10**6, UNDERWRITER, UNDERWRITER, now),
        "withdraw": lambda: fund.withdraw(UNDERWRITER, 1_000, UNDERWRITER, UNDERWRITER, now),
        "cover": lambda: fund.cover(POOL, 1_000),
    }
    for name, data in inner_calls(fund).items():
        token.transact(CREATOR, "set", fund.address, data)
        assert acts[act]() > 0
        assert (token.call("calls"), token.call("let_in")) == (1, 0), name
        token.transact(CREATOR, "set", ZERO_ADDRESS, b"")
        if name != "cover":  # which is for pools alone
            fund.chain.transact(UNDERWRITER, fund.address, data)
