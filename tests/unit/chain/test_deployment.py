"""What a deployment would do follows from the terms, the account and its nonce alone; what is missing or said twice is refused."""

from dataclasses import replace

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.deployment import Place, is_of, plan_of, resumed, significant
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import NotSent
from ringfence.chain.factory import FactoryContract
from ringfence.chain.pool import PoolContract
from ringfence.inputs.errors import InputError
from ringfence.inputs.pool_file import AdaptiveRateTerms, FixedRateTerms, KinkedRateTerms, PoolFile, RateTerms
from ringfence.model.terms import WAD, YEAR_SECONDS, ZERO_ADDRESS, Terms
from tests.agreement.test_limits import PLAIN

SENDER, ORACLE = "0x" + "5e" * 20, "0x" + "0a" * 20
KINKED = KinkedRateTerms(1, 2, 3, 4)


def pool_file(rate: RateTerms = KINKED, **addresses: str) -> PoolFile:
    """A pool of plain terms."""
    given = dict.fromkeys(("asset", "collateral", "oracle", "rate_model", "backstop", "fee_recipient"), ZERO_ADDRESS)
    given |= {"asset": "0x" + "a5" * 20, "collateral": "0x" + "c0" * 20, "oracle": ORACLE} | addresses
    return PoolFile(Terms(**given, **PLAIN), rate, 18, 6, 0, name="Pool")  # type: ignore[arg-type]


def place(nonce: int = 0) -> Place:
    """The account's place on some chain."""
    return Place(31337, "0x" + "00" * 32, SENDER, nonce)


def test_the_steps_carried_out_lead_to_the_addresses_named() -> None:
    """On a chain that runs them one by one, whatever the nonce; the pool has the terms, the rate model the numbers."""
    for nonce in (0, 3, 127, 128):
        chain = EmbeddedChain()
        token = Contract.create(chain, load("mocks/erc20_mock"), "0x" + "99" * 20, 6)
        for _ in range(nonce):
            chain.transact(SENDER, SENDER, b"")
        plan = plan_of(pool_file(asset=token.address), place(nonce), None, "RFP")
        for step in plan.steps:
            if step.to is None:
                assert chain.deploy(SENDER, step.data) == step.creates
            else:
                chain.transact(SENDER, step.to, step.data)
        pool = PoolContract(chain, plan.pool, load("Pool"))
        assert pool.terms() == plan.terms
        assert plan.terms.rate_model == plan.rate_model != ZERO_ADDRESS
        assert FactoryContract.at(chain, plan.factory).pool_of(plan.terms) == plan.pool
        assert Contract(chain, plan.rate_model, load("KinkedRate")).call("slope_above") == 4
        for address, name in ((plan.pool, "Pool"), (plan.factory, "PoolFactory"), (plan.rate_model, "KinkedRate")):
            assert is_of(chain.code(address), name)
            assert not is_of(chain.code(address) + b"\x00", name)
            assert not is_of(chain.code(address), "SinglePrice")


def test_what_is_given_is_not_deployed() -> None:
    """A factory, a rate model: only what is missing is a step."""
    factory, model = "0x" + "fa" * 20, "0x" + "4a" * 20
    named = pool_file(FixedRateTerms(), rate_model=model)
    counts = [len(plan_of(pool, place(), made_in, "RFP").steps) for pool in (pool_file(), named) for made_in in (None, factory)]
    assert counts == [4, 2, 3, 1]
    assert plan_of(named, place(), factory, "RFP").terms.rate_model == model


def test_every_rate_model_that_a_file_can_name_is_deployed() -> None:
    """By its own contract, with its own numbers."""
    chain = EmbeddedChain()
    for rate in (FixedRateTerms(7), KINKED, AdaptiveRateTerms(WAD // 10 // YEAR_SECONDS)):
        (step, _) = plan_of(pool_file(rate), place(chain.nonce(SENDER)), ORACLE, "RFP").steps
        assert chain.deploy(SENDER, step.data) == step.creates
        assert is_of(chain.code(step.creates or ""), type(rate).__name__.removesuffix("Terms"))


@pytest.mark.parametrize("name", ["asset", "collateral", "oracle"])
def test_an_address_that_every_pool_needs_is_asked_for(name: str) -> None:
    """A simulated pool goes without, a real one cannot."""
    with pytest.raises(InputError, match=rf"\[terms\] {name}: is missing"):
        plan_of(pool_file(**{name: ZERO_ADDRESS}), place(), None, "RFP")


def test_missing_addresses_are_told_together() -> None:
    """Who left all three out learns so in one go."""
    nothing = dict.fromkeys(("asset", "collateral", "oracle"), ZERO_ADDRESS)
    with pytest.raises(InputError, match=r"\[terms\] asset, collateral, oracle: are missing; a pool on a chain needs their addresses$"):
        plan_of(pool_file(**nothing), place(), None, "RFP")


def test_a_rate_is_given_in_one_way() -> None:
    """A deployed rate model beside numbers for a new one: which is meant?"""
    with pytest.raises(InputError, match=r"\[terms\] rate_model: is there beside \[rate\]"):
        plan_of(pool_file(rate_model=ORACLE), place(), None, "RFP")


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [(0, 18, "0"), (1, 24, "0.000000000000000000000001"), (123_456_789, 18, "0.000000000123456"), (123_456_789, 2, "1234567"),
     (123_456_789, 5, "1234.56"), (2_000_000, 3, "2000"), (7, 0, "7")],
)  # fmt: skip
def test_a_price_never_rounds_to_nothing(value: int, digits: int, shown: str) -> None:
    """Six digits that count, however small; a whole part is never cut."""
    assert significant(value, digits) == shown


@pytest.mark.parametrize("symbol", ["", "x" * 17, "é" * 9, "a\nb"])
def test_a_symbol_is_short_and_printable(symbol: str) -> None:
    """16 bytes at most."""
    with pytest.raises(InputError, match="--symbol"):
        plan_of(pool_file(), place(), None, symbol)
    assert plan_of(pool_file(), place(), None, "x" * 16).symbol == "x" * 16


def test_a_journal_is_gone_on_with_where_it_began_and_nowhere_else() -> None:
    """At its own nonce; another chain, another beginning of it, another account, or no nonce are refused."""
    begun = plan_of(pool_file(), place(9), None, "RFP").to_record()
    assert resumed([begun], place(12)) == place(9)
    for change in ({"chain_id": 1}, {"genesis": "0x" + "01" * 32}, {"sender": ORACLE}, {"nonce": None}):
        with pytest.raises(NotSent):
            resumed([begun | change], place(12))
    assert replace(place(12), nonce=9) == place(9)
