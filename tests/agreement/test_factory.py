"""The factory makes exactly the pools that its twin makes: refusals, index, events; and a pool's address says what the pool is."""

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.created import created_address
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.factory import FactoryContract, blueprint_code, blueprint_initcode, pool_address, terms_id
from ringfence.chain.keccak import keccak256
from ringfence.chain.pool import PoolContract, deploy_pool
from ringfence.model import limits
from ringfence.model.factory import PoolFactory
from ringfence.model.terms import MAX_UINT256, ZERO_ADDRESS, Terms
from tests.agreement.planted import BORROWER, BUYER, DEPLOYER, Surroundings, outcome_of
from tests.agreement.test_limits import EDGES, PLAIN
from tests.agreement.worlds import FAMILIES, draw_terms


class Twins:
    """A factory on a chain and its model, whose blueprint checks the bounds and puts pools where the contract would."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.contract = FactoryContract.deploy(around.chain, DEPLOYER)
        self.model = PoolFactory(self._create)

    def _create(self, terms: Terms, name: str, symbol: str) -> str:
        limits.check(terms)
        return pool_address(self.contract.address, terms, name, symbol)

    def create_pool(self, terms: Terms, name: str = "Pool", symbol: str = "POOL", caller: str = BUYER) -> tuple[str, Any]:
        """Both make the pool, or refuse with one text; how it ended."""
        self.model.events.clear()
        on_contract = outcome_of(self.contract.create_pool, caller, terms, name, symbol)
        assert on_contract == outcome_of(self.model.create_pool, terms, name, symbol)
        events = [(name, terms_id(terms), *values, given) for name, _, *values, given in self.model.events]
        assert [(*event[:-1], Terms(*event[-1])) for event in self.contract.events] == events
        return on_contract

    def compare_index(self, asset: str, collateral: str) -> int:
        """The same pools in the same order on both sides, and nothing behind them; how many."""
        count = self.contract.pool_count(asset, collateral)
        assert count == self.model.pool_count(asset, collateral)
        for i in range(count):
            assert self.contract.pool_at(asset, collateral, i) == self.model.pool_at(asset, collateral, i)
        for i in (count, MAX_UINT256):
            refused = outcome_of(self.contract.pool_at, asset, collateral, i)
            assert refused == outcome_of(self.model.pool_at, asset, collateral, i) == ("refused", "factory: no such pool")
        return count


@pytest.fixture(scope="module")
def around() -> Surroundings:
    """Tokens, an oracle and a rate model on one chain."""
    return Surroundings()


@pytest.fixture
def twins(around: Surroundings) -> Twins:
    """A new factory on both sides."""
    return Twins(around)


def test_a_blueprint_is_the_prefix_and_the_creating_code(around: Surroundings) -> None:
    """EIP-5202: 0xFE, 0x71, version 0 without data, then the initcode; it fits a chain and cannot be run."""
    artifact = load("Pool")
    address = around.chain.deploy(DEPLOYER, blueprint_initcode(artifact))
    assert around.chain.code(address) == blueprint_code(artifact) == b"\xfe\x71\x00" + artifact.bytecode
    assert len(artifact.bytecode) + 3 <= 24_576
    assert outcome_of(around.chain.call, address, b"")[0] == "halted"


@pytest.mark.parametrize("code", ["", "fe", "fe7100", "fe7101" + "00" * 40, "fd7100" + "00" * 40, "60" * 40])
def test_a_factory_is_refused_without_a_blueprint(around: Surroundings, code: str) -> None:
    """An account without code, a prefix without code behind it, other code, another version."""
    raw = bytes.fromhex(code)
    address = around.chain.deploy(DEPLOYER, bytes.fromhex(f"61{len(raw):04x}80600a3d393df3") + raw) if raw else BORROWER
    assert outcome_of(Contract.create, around.chain, load("PoolFactory"), DEPLOYER, address) == ("refused", "factory: not a blueprint")


def test_a_pool_is_the_one_that_its_terms_describe(twins: Twins) -> None:
    """Same code as a pool deployed by itself, the terms to the last one, the name given; decimals follow the asset."""
    terms = twins.around.terms(PLAIN)
    outcome, address = twins.create_pool(terms, "Ether lent", "rETH")
    assert outcome == "ok"
    chain = twins.around.chain
    pool, alone = PoolContract(chain, address, load("Pool")), deploy_pool(chain, terms, "Ether lent", "rETH")
    assert pool.terms() == alone.terms() == terms
    assert (pool.call("name"), pool.call("symbol"), pool.call("decimals")) == ("Ether lent", "rETH", 24)
    assert len(chain.code(address)) == len(chain.code(alone.address))
    assert chain.code(address).startswith(load("Pool").deployed_bytecode)
    assert pool.state(chain.timestamp)[:6] == (0,) * 6
    assert twins.contract.pool_of(terms) == address == twins.model.pool_of(terms)
    assert twins.contract.call("id_of", tuple(getattr(terms, name) for name in terms.__slots__)) == terms_id(terms)


def test_the_id_is_the_hash_of_the_24_words_of_the_terms(twins: Twins) -> None:
    """keccak256(abi_encode(terms)), each term a word, in the order of the struct."""
    terms = twins.around.terms(PLAIN)
    words = b"".join(
        int(value, 16).to_bytes(32, "big") if isinstance(value, str) else value.to_bytes(32, "big")
        for value in (getattr(terms, name) for name in terms.__slots__)
    )
    assert len(words) == 24 * 32
    assert terms_id(terms) == keccak256(words)


@pytest.mark.parametrize("text", EDGES)
def test_every_broken_bound_is_refused_with_its_own_text(twins: Twins, text: str) -> None:
    """What the pool's constructor says comes through; at the edge the pool is made. Nothing is remembered of a refusal."""
    within, beyond = EDGES[text]
    good, bad = (
        replace(twins.around.terms(PLAIN | {k: v for k, v in change.items() if k in PLAIN}), **change) for change in (within, beyond)
    )
    assert twins.create_pool(bad) == ("refused", text)
    assert twins.contract.pool_of(bad) is None
    assert twins.create_pool(good)[0] == "ok"
    assert twins.compare_index(good.asset, good.collateral) == 1
    assert twins.create_pool(bad) == ("refused", text)


def test_bounds_on_addresses_are_refused_with_their_own_text(twins: Twins) -> None:
    """As the bounds on numbers; and an incentive beyond any margin is named before the margin is."""
    plain = twins.around.terms(PLAIN)
    assert twins.create_pool(replace(plain, collateral=plain.asset)) == ("refused", "terms: asset is collateral")
    assert twins.create_pool(replace(plain, creator_fee=1)) == ("refused", "terms: fee_recipient")
    assert twins.create_pool(replace(plain, incentive_max=10**36)) == ("refused", "terms: incentive_max")
    assert twins.create_pool(replace(plain, creator_fee=1, fee_recipient=BUYER))[0] == "ok"


def test_an_asset_that_is_no_token_is_refused(twins: Twins) -> None:
    """The constructor asks it for its decimals: no code there, or an answer that is none."""
    terms = replace(twins.around.terms(PLAIN), asset=BORROWER)
    assert outcome_of(twins.contract.create_pool, BUYER, terms, "Pool", "POOL") == ("refused", "")
    assert twins.contract.pool_of(terms) is None


def test_the_same_terms_have_one_pool_whatever_its_name(twins: Twins) -> None:
    """A second one is refused to everybody; any other number in any term is another pool."""
    terms = twins.around.terms(PLAIN)
    assert twins.create_pool(terms)[0] == "ok"
    for caller, name in ((BUYER, "Pool"), (BORROWER, "Pool"), (BORROWER, "Another name")):
        assert twins.create_pool(terms, name, caller=caller) == ("refused", "factory: these terms have a pool")
    made = {twins.contract.pool_of(terms)}
    for change in ({"min_debt": 1}, {"lockup": 0, "penalty": 1}, {"fee_recipient": BUYER}, {"oracle": BORROWER}, {"rate_model": BORROWER}):
        outcome, address = twins.create_pool(replace(terms, **change))
        assert outcome == "ok"
        made.add(address)
    assert len(made) == 6
    assert twins.compare_index(terms.asset, terms.collateral) == 6
    assert twins.compare_index(terms.collateral, terms.asset) == 0


def test_who_is_quicker_can_choose_the_name_and_nothing_else(twins: Twins) -> None:
    """Squatting: the pool has exactly the terms, no owner, and works; whoever wanted another name finds it by its id."""
    terms = twins.around.terms(PLAIN)
    chain = twins.around.chain
    expected = pool_address(twins.contract.address, terms, "Honest", "OK")
    _, squatted = twins.create_pool(terms, "Scam", "SCAM", caller=BORROWER)
    assert squatted != expected, "an address commits to the name, too"
    assert twins.create_pool(terms, "Honest", "OK") == ("refused", "factory: these terms have a pool")
    pool = PoolContract(chain, squatted, load("Pool"))
    assert pool.terms() == terms
    twins.around.asset.transact(BUYER, "approve", squatted, 10**18)
    assert pool.deposit(BUYER, 10**18, BUYER, chain.timestamp) == 10**24
    assert pool.withdraw(BUYER, 10**18, BUYER, BUYER, chain.timestamp) == 10**24


def test_an_address_follows_from_the_terms_and_the_name_alone(around: Surroundings) -> None:
    """After a reorganisation that puts other pools first the same pool lies where it lay: who, when and in which order do not count."""
    one, other = around.terms(PLAIN), around.terms(PLAIN | {"min_debt": 7})
    snapshot = around.chain.snapshot()
    factory = FactoryContract.deploy(around.chain, DEPLOYER)
    first = [factory.create_pool(BUYER, terms, "Pool", "POOL") for terms in (one, other)]
    around.chain.revert(snapshot)
    assert FactoryContract.deploy(around.chain, DEPLOYER).address == factory.address
    around.chain.advance_to(around.chain.timestamp + 12)
    second = [factory.create_pool(BORROWER, terms, "Pool", "POOL") for terms in (other, one)]
    assert second == first[::-1]
    assert first == [pool_address(factory.address, terms, "Pool", "POOL") for terms in (one, other)]


def test_addresses_of_creations_are_those_of_a_chain(around: Surroundings) -> None:
    """By nonce: 0 is RLP's empty string, over 127 it takes a length, over 255 two bytes."""
    chain = EmbeddedChain()
    code = bytes.fromhex("5f5ff3")
    for nonce in range(300):
        assert chain.deploy(BUYER, code) == created_address(BUYER, nonce)


def program(to: str, data: bytes) -> bytes:
    """Creating code of a token whose every answer is whether a call of `data` to `to` succeeded (1 or 0)."""
    body = "61{size:04x}61{at:04x}5f39" + "5f5f61{size:04x}5f5f73" + to[2:] + "5af15f5260205ff3"
    at = len(bytes.fromhex(body.format(size=0, at=0)))
    code = bytes.fromhex(body.format(size=len(data), at=at)) + data
    return bytes.fromhex(f"61{len(code):04x}80600a3d393df3") + code


def test_a_token_cannot_come_back_while_its_pool_is_made(twins: Twins) -> None:
    """The constructor asks the asset for its decimals, with the right to read; the factory is closed meanwhile, its views included."""
    chain, contract = twins.around.chain, twins.contract
    terms = twins.around.terms(PLAIN)
    values = tuple(getattr(terms, name) for name in terms.__slots__)
    attempts = {
        "create another": contract.calldata("create_pool", values, "Pool", "POOL"),
        "read the count": contract.calldata("pool_count", terms.asset, terms.collateral),
        "read the index": contract.calldata("pool_of", bytes(32)),
    }
    for what, data in attempts.items():
        token = chain.deploy(DEPLOYER, program(contract.address, data))
        assert int.from_bytes(chain.call(token, b""), "big") == 1, f"{what}: alone it works"
        mine = replace(terms, asset=token)
        outcome, pool = twins.create_pool(mine)
        assert outcome == "ok"
        # Six decimals more than the token's 0, not than 1: the call from within failed.
        assert PoolContract(chain, pool, load("Pool")).call("decimals") == 6, what
        assert twins.contract.pool_of(mine) == pool
    assert twins.compare_index(terms.asset, terms.collateral) == 0


def test_random_terms_of_every_family_agree(twins: Twins) -> None:
    """Good, broken and repeated terms for two pairs of tokens, in any order; index and events the same after each."""
    rng = Random("factory")
    counts: Counter[str] = Counter()
    known: list[Terms] = []
    for i in range(120):
        terms = twins.around.terms(draw_terms(rng, FAMILIES[i % len(FAMILIES)], 10**21))
        if rng.random() < 0.5:
            terms = replace(terms, asset=terms.collateral, collateral=terms.asset)
        if rng.random() < 0.2 and known:
            terms = rng.choice(known)
        elif rng.random() < 0.25:
            terms = replace(terms, **rng.choice([beyond for _, beyond in EDGES.values()]))
        outcome, found = twins.create_pool(terms, rng.choice(("", "Pool", "x" * 64)), rng.choice(("", "P", "y" * 16)))
        counts[outcome if outcome == "ok" else found] += 1
        if outcome == "ok":
            known.append(terms)
    assert counts["ok"] > 60
    assert counts["factory: these terms have a pool"] > 10
    assert len(counts) > 8, "several bounds were broken"
    asset, collateral = twins.around.asset.address, twins.around.collateral.address
    assert twins.compare_index(asset, collateral) + twins.compare_index(collateral, asset) == counts["ok"]
    assert twins.contract.pool_of(replace(known[0], oracle=ZERO_ADDRESS)) is None
