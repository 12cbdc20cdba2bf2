"""The price of vault shares is the same on both sides, whatever vault, base price, time and checkpoints do; and refused alike."""

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.model.errors import Revert
from ringfence.model.terms import MAX_UINT128, MAX_UINT256, PRICE_SCALE, WAD, ZERO_ADDRESS
from ringfence.model.vault_price import VaultPrice
from tests.agreement.mocks import REVERT, SHORT, OracleMock
from tests.agreement.planted import BUYER, DEPLOYER, outcome_of
from tests.agreement.twins import BORROWERS, LENDERS, LIQUIDATOR, Twins
from tests.agreement.worlds import plain_world, spread

START = 1_700_000_000
DAY = 86_400
HONEST, BURN, SET = 0, 3, 4
ROUNDS, STEPS = 130, 170
WHOLE = 10**18


class VaultTwin:
    """Twin of vault_mock.vy in its mode 4: answers the rate it was told for a whole unit of 1e18 shares, or fails."""

    def __init__(self) -> None:
        self.mode, self.answer = SET, 0

    def convert_to_assets(self, shares: int) -> int:
        if self.mode != SET:
            raise Revert("vault mock: fails")
        if shares * self.answer > MAX_UINT256:
            raise Revert("")
        return shares * self.answer // WHOLE


class Both:
    """A vault, a base oracle and a chain's clock on both sides; a price is made on them."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self.chain = chain
        self.vault = Contract.create(chain, load("mocks/vault_mock"), DEPLOYER, ZERO_ADDRESS, 18)
        self.base = Contract.create(chain, load("mocks/oracle_mock"), DEPLOYER)
        self.vault_twin, self.base_twin = VaultTwin(), OracleMock()

    def set_vault(self, mode: int, answer: int) -> None:
        self.vault.transact(DEPLOYER, "set", mode, answer)
        self.vault_twin.mode, self.vault_twin.answer = mode, answer

    def set_base(self, mode: int, low: int, high: int) -> None:
        self.base.transact(DEPLOYER, "set", mode, low, high)
        self.base_twin.set(mode, low, high)

    def create(self, *parameters: int) -> tuple[Any, Any]:
        """The outcomes of making a price with unit, growth, min_rate, max_rate."""
        on_contract = outcome_of(
            Contract.create, self.chain, load("VaultPrice"), DEPLOYER, self.vault.address, self.base.address, *parameters
        )
        return on_contract, outcome_of(lambda: VaultPrice(self.vault_twin, self.base_twin, *parameters, clock=self.chain))


def same(on_contract: Any, on_model: Any) -> bool:
    """Answers are equal, and so are refusals with a text of this oracle; what fails below it fails here, with whatever text."""
    if on_contract[0] == "ok" or on_model[0] == "ok":
        return bool(on_contract == on_model)
    ours = [outcome[1] for outcome in (on_contract, on_model) if str(outcome[1]).startswith("vault price: ")]
    return len(set(ours)) < 2 and len(ours) != 1


def test_a_random_life_is_the_same_on_both_sides() -> None:
    """Over twenty thousand states: rates that creep, leap and fall, vaults and bases that fail, checkpoints at any time."""
    rng = Random("vault price")
    done: Counter[str] = Counter()
    for _ in range(ROUNDS):
        both = Both(EmbeddedChain(timestamp=START))
        # Assets for 1e18 shares.
        answer = spread(rng, 10**6, 2**100)
        unit = rng.choice((WHOLE, 10**24, spread(rng, WHOLE // 10**3, 2**100)))
        rate = unit * answer // WHOLE
        low_bound, high_bound = max(1, rate // rng.choice((1, 2, 10))), min(MAX_UINT128, max(rate, 1) * rng.choice((1, 2, 100)))
        both.set_vault(SET, answer)
        both.set_base(0, PRICE_SCALE, PRICE_SCALE)
        made, twin = both.create(unit, rng.choice((0, WAD // 1_000, WAD // 100, WAD)), low_bound, high_bound)
        assert made[0] == twin[0], (made, twin)
        if made[0] != "ok":
            done["refused at creation"] += 1
            continue
        contract, model = made[1], twin[1]
        for _ in range(STEPS):
            step(rng, both, answer, done)
            if rng.random() < 0.3:
                before = model.anchor
                outcomes = outcome_of(contract.transact, BUYER, "checkpoint"), outcome_of(model.checkpoint, BUYER)
                assert same(*outcomes), outcomes
                done["checkpoint moved" if model.anchor != before else "checkpoint moved nothing"] += 1
            outcomes = outcome_of(contract.call, "prices"), outcome_of(model.prices)
            assert same(*outcomes), outcomes
            done[kind_of(both, model, outcomes[1])] += 1
            rates = outcome_of(contract.call, "rate"), outcome_of(model.rate)
            assert same(*rates), rates
            assert contract.call("anchor") == model.anchor
            done["compared"] += 1
    assert done["compared"] > 20_000, done
    kinds = ("held back", "in full", "out of bounds", "vault fails", "base fails", "checkpoint moved", "checkpoint moved nothing")
    assert min(done[kind] for kind in kinds) > 300, done


def step(rng: Random, both: Both, answer: int, done: Counter[str]) -> None:
    """Let time pass, and vault and base do something."""
    both.chain.advance_to(both.chain.timestamp + rng.choice((1, 12, 3_600, DAY, rng.randint(1, 100 * DAY))))
    kind = rng.random()
    if kind < 0.1:
        both.set_vault(rng.choice((REVERT, SHORT, BURN)), answer)
    elif kind < 0.8:
        percent = rng.choice((100, rng.randint(99, 102), rng.randint(90, 130), rng.randint(1, 300), 0))
        both.set_vault(SET, answer * percent // 100)
    if rng.random() < 0.3:
        low = rng.choice((0, 1, spread(rng, 1, MAX_UINT256), spread(rng, 1, 2**140)))
        high = rng.choice((low, spread(rng, 1, MAX_UINT256)))
        both.set_base(rng.choice((0, 0, 0, 0, REVERT, SHORT)), low, high)


def kind_of(both: Both, model: VaultPrice, outcome: Any) -> str:
    """Why a price is what it is."""
    if outcome[0] == "ok":
        says, counts = model.rate()
        return "held back" if counts < says else "in full"
    if outcome[1] == "vault price: rate out of bounds":
        return "out of bounds"
    return "vault fails" if both.vault_twin.mode != SET else "base fails"


LEGAL = (WHOLE, WAD // 100, 10**5, 10**7)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (LEGAL, ""),
        ((0, *LEGAL[1:]), "vault price: unit out of range"),
        ((2**128, *LEGAL[1:]), "vault price: unit out of range"),
        ((2**128 - 1, 0, 1, 2**128 - 1), ""),
        ((WHOLE, WAD, *LEGAL[2:]), ""),
        ((WHOLE, WAD + 1, *LEGAL[2:]), "vault price: growth over 100 % a day"),
        ((WHOLE, 0, 0, 10**7), "vault price: min_rate is zero"),
        ((WHOLE, 0, 10**6 + 1, 10**6), "vault price: min_rate over max_rate"),
        ((WHOLE, 0, 10**6, 10**6), ""),
        ((WHOLE, 0, 1, 2**128 - 1), ""),
        ((WHOLE, 0, 1, 2**128), "vault price: max_rate over 128 bits"),
        ((WHOLE, 0, 10**6 + 1, 10**7), "vault price: rate out of bounds"),
        ((WHOLE, 0, 1, 10**6 - 1), "vault price: rate out of bounds"),
    ],
)
def test_parameters_are_accepted_or_refused_by_both(parameters: tuple[int, ...], text: str) -> None:
    """Accepted at each bound, refused beyond with one text; the vault says 1e6 for a whole share."""
    both = Both(EmbeddedChain(timestamp=START))
    both.set_vault(SET, 10**6)
    on_contract, on_model = both.create(*parameters)
    if text:
        assert on_contract == on_model == ("refused", text)
    else:
        assert (on_contract[0], on_model[0]) == ("ok", "ok")
        assert on_contract[1].call("anchor") == on_model[1].anchor == (10**6 * parameters[0] // WHOLE, START)


def test_a_leap_counts_at_its_pace_and_a_fall_at_once() -> None:
    """1 % a day from 1.00: the vault leaps to 1.50, and 1.01 counts after a day, 1.02 after two; it falls to 0.80, and 0.80 counts."""
    both = Both(EmbeddedChain(timestamp=START))
    both.set_vault(SET, 10**6)
    both.set_base(0, 2 * PRICE_SCALE, 3 * PRICE_SCALE)
    contract, model = (outcome[1] for outcome in both.create(WHOLE, WAD // 100, 10**5, 10**7))
    for days, says, counts in ((0, 150, 100), (1, 150, 101), (2, 150, 102), (50, 150, 150), (51, 80, 80), (52, 160, 152)):
        if days > 0:
            both.chain.advance_to(START + days * DAY)
        both.set_vault(SET, says * 10**4)
        # A whole share is 1e18 units; asset units per share unit times 1e36.
        expected = counts * 10**4 * 2 * PRICE_SCALE // WHOLE, counts * 10**4 * 3 * PRICE_SCALE // WHOLE
        assert contract.call("prices") == model.prices() == expected


def test_a_checkpoint_takes_back_room_that_was_not_used() -> None:
    """1 % a day, 100 days, the vault grew to 1.10: a leap to 1.90 counts in full up to 2.00 without a checkpoint, with one only to 1.10."""
    both = Both(EmbeddedChain(timestamp=START))
    both.set_vault(SET, 10**6)
    both.set_base(0, PRICE_SCALE, PRICE_SCALE)
    contract, model = (outcome[1] for outcome in both.create(WHOLE, WAD // 100, 10**5, 10**7))
    both.chain.advance_to(START + 100 * DAY)
    both.set_vault(SET, 19 * 10**5)
    assert contract.call("rate") == model.rate() == (19 * 10**5, 19 * 10**5)
    both.set_vault(SET, 11 * 10**5)
    contract.transact(BUYER, "checkpoint")
    model.checkpoint(BUYER)
    both.set_vault(SET, 19 * 10**5)
    assert contract.call("rate") == model.rate() == (19 * 10**5, 11 * 10**5)
    # Pushed down and back within a moment, a checkpoint in between: nothing is held against it.
    both.set_vault(SET, 10**6)
    contract.transact(BUYER, "checkpoint")
    model.checkpoint(BUYER)
    both.set_vault(SET, 11 * 10**5)
    assert contract.call("rate") == model.rate() == (11 * 10**5, 11 * 10**5)


class PoolAsVault:
    """A model pool as a vault: its views take the time."""

    def __init__(self, both: Twins) -> None:
        self.both = both

    def convert_to_assets(self, shares: int) -> int:
        return self.both.pool.convert_to_assets(shares, self.both.now)


def test_shares_of_a_pool_have_the_same_price_on_both_sides() -> None:
    """Interest, deposits, exits and losses of the pool inside, over days, with checkpoints: to the unit."""
    rng = Random("pool as vault")
    kinked = ("kinked", 10**9, 9 * WAD // 10, 10**9, 10**11)
    compared = fell = grew = 0
    for _ in range(10):
        both = Twins(replace(plain_world(), rate=kinked))
        base, base_twin = Contract.create(both.chain, load("mocks/oracle_mock"), DEPLOYER), OracleMock()
        base.transact(DEPLOYER, "set", 0, PRICE_SCALE, PRICE_SCALE)
        base_twin.set(0, PRICE_SCALE, PRICE_SCALE)
        parameters = 10**36, WAD // 1_000, 10**25, 10**37
        contract = Contract.create(both.chain, load("VaultPrice"), DEPLOYER, both.contract.address, base.address, *parameters)
        model = VaultPrice(PoolAsVault(both), base_twin, *parameters, clock=both.chain)
        both.act("deposit", LENDERS[0], 10**22, LENDERS[0])
        for borrower in BORROWERS:
            both.act("supply_collateral", borrower, 10**18, borrower)
            both.act("borrow", borrower, 1_600 * 10**18, borrower, borrower)
        for _ in range(30):
            before = outcome_of(model.prices)
            both.pass_time(rng.choice((12, 3_600, DAY, 10 * DAY)))
            if rng.random() < 0.5:
                name, receivers = rng.choice((("deposit", 1), ("withdraw", 2)))
                both.act(name, LENDERS[0], 10**20, *(LENDERS[0],) * receivers)
            if rng.random() < 0.1:
                price = rng.choice((1_000, 1_500)) * PRICE_SCALE
                both.set_prices(0, price, price)
                both.act("liquidate", LIQUIDATOR, rng.choice(BORROWERS), MAX_UINT256, 0, LIQUIDATOR, b"")
            if rng.random() < 0.3:
                assert same(outcome_of(contract.transact, BUYER, "checkpoint"), outcome_of(model.checkpoint, BUYER))
            outcome = outcome_of(model.prices)
            assert same(outcome_of(contract.call, "prices"), outcome)
            assert contract.call("anchor") == model.anchor
            compared += 1
            grew += outcome[1] > before[1]
            fell += outcome[1] < before[1]
    assert compared == 300
    assert grew > 100
    assert fell >= 10
