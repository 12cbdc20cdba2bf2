"""What shares are worth, and what lenders may do, is the same in contracts/shares.vy, Pool.vy and the model, for totals of any size."""

from collections import Counter
from random import Random

import pytest

from ringfence.model import shares
from ringfence.model.errors import Revert
from ringfence.model.shares import Totals
from ringfence.model.terms import VIRTUAL_SHARES
from tests.agreement.planted import BORROWER, NOW, PlantedPool, Surroundings, outcome_of
from tests.agreement.test_limits import PLAIN
from tests.agreement.worlds import spread

# Contract's name, model's name; each takes an amount or an account.
OF_AMOUNT = (
    ("convertToShares", "convert_to_shares"),
    ("convertToAssets", "convert_to_assets"),
    ("previewDeposit", "preview_deposit"),
    ("previewMint", "preview_mint"),
    ("previewWithdraw", "preview_withdraw"),
    ("previewRedeem", "preview_redeem"),
)
OF_ACCOUNT = (("maxDeposit", "max_deposit"), ("maxMint", "max_mint"), ("maxWithdraw", "max_withdraw"), ("maxRedeem", "max_redeem"))


@pytest.fixture(scope="module")
def pool() -> PlantedPool:
    """A pool with a supply cap that totals reach."""
    return Surroundings().pool(PLAIN | {"supply_cap": 10**30})


def draw_totals(rng: Random) -> Totals:
    """Totals that cash can pay for: share prices of every size, some on either side of being wiped out."""
    supply_shares = rng.choice((0, spread(rng, 1, 2**192 - 1), spread(rng, 1, 10**36)))
    wiped_out = max(0, (supply_shares + VIRTUAL_SHARES) // shares.WIPED_OUT - 1)
    usual = supply_shares // VIRTUAL_SHARES
    supply_assets = rng.choice(
        (usual, usual * rng.randint(1, 5), wiped_out, wiped_out + 1, max(0, wiped_out - 1), spread(rng, 1, 2**128), 10**30)
    )
    reserve_assets = rng.choice((0, spread(rng, 1, 10**30)))
    most = min(2**128 - 1, supply_assets + reserve_assets)
    debt_assets = rng.choice((0, most, rng.randint(0, most)))
    return Totals(supply_assets, supply_shares, debt_assets, min(2**127 - 1, debt_assets * 10**6), reserve_assets, 0, NOW, 0)


def test_conversions_previews_and_maxima_are_the_same(pool: PlantedPool) -> None:
    """For 3,000 totals, wiped out, over the cap and without cash among them, all ten answer alike for any amount and any owner."""
    rng = Random("shares")
    counts: Counter[str] = Counter()
    balance_slot = pool.storage.slot("erc20.balance_of", BORROWER)
    for _ in range(3_000):
        totals = draw_totals(rng)
        held = rng.choice((0, totals.supply_shares, rng.randint(0, totals.supply_shares)))
        pool.plant(totals)
        pool.model._shares.balances = {BORROWER: held}
        pool.surroundings.chain._evm.insert_account_storage(pool.contract.address, balance_slot, held)
        amount = rng.choice((0, 1, held, spread(rng, 1, 2**192), spread(rng, 1, 10**30)))
        for name, twin in OF_AMOUNT:
            assert pool.ask(name, amount) == outcome_of(getattr(pool.model, twin), amount, NOW), (name, amount, totals)
        for name, twin in OF_ACCOUNT:
            answer = outcome_of(getattr(pool.model, twin), BORROWER, NOW)
            assert pool.ask(name, BORROWER) == answer, (name, held, totals)
            counts[f"{name} > 0"] += answer[0] == "ok" and answer[1] > 0
        _count(counts, totals, pool)
    assert len(counts) == 8, counts
    assert min(counts.values()) > 100, counts


def _count(counts: Counter[str], totals: Totals, pool: PlantedPool) -> None:
    is_wiped_out = shares.is_wiped_out(totals.supply_assets, totals.supply_shares)
    counts["wiped out"] += is_wiped_out
    counts["nearly wiped out"] += not is_wiped_out and shares.is_wiped_out(totals.supply_assets - 1, totals.supply_shares)
    counts["over the cap"] += totals.supply_assets >= pool.terms.supply_cap
    counts["no cash"] += shares.cash(totals) == 0


def test_what_may_be_deposited_is_accepted_and_one_more_is_not(pool: PlantedPool) -> None:
    """The model, which the driver proves equal, accepts max_deposit and refuses one unit more."""
    rng = Random("rooms")
    refused = 0
    for _ in range(200):
        pool.plant(draw_totals(rng))
        room = pool.model.max_deposit(BORROWER, NOW)
        pool.model._asset.balances[BORROWER] = 2**200
        pool.model._asset.allowances[BORROWER, pool.contract.address] = 2**200
        with pytest.raises(Revert, match="supply cap reached|wiped out|worth nothing"):
            pool.model.deposit(BORROWER, room + 1, BORROWER, NOW)
        if room:
            assert pool.model.deposit(BORROWER, room, BORROWER, NOW) > 0
        refused += 1
    assert refused == 200
