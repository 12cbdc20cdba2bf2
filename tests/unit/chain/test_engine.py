"""The engine on the contracts answers every call as the engine on the model does, and reads storage as the contract's views answer.

That whole replays agree is the business of tests/agreement/test_replay.py.
"""

import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from random import Random
from typing import Any

import pytest

from ringfence.chain.collaborators import DEPLOYER
from ringfence.chain.engine import ChainEngine
from ringfence.chain.errors import Reverted
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, STAND_INS, FixedRateTerms, Fund, KinkedRateTerms, RateTerms
from ringfence.inputs.samples import CALM, DOUBTFUL, FALLING, FUND, insured, read_sample
from ringfence.inputs.stand_ins import LIQUIDATOR, borrower
from ringfence.lab.model_engine import ModelEngine
from ringfence.lab.replay import Engine, replay
from ringfence.model.errors import Revert
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, ZERO_ADDRESS, Terms

UNIT = 10**18
START = 1_700_000_000
KINKED = KinkedRateTerms(10**9, WAD * 9 // 10, 10**8, 10**10)


def terms_of(**given: int | str) -> Terms:
    """Terms with stand-ins, as a replay gives them: a Dutch sale from 1 % to 6 % within the hour, a penalty, a reserve, a fee."""
    plain: dict[str, int | str] = {field.name: 0 for field in fields(Terms)}
    plain |= STAND_INS | {"backstop": ZERO_ADDRESS}
    plain |= {"max_ltv": 80 * WAD // 100, "liq_ltv": 86 * WAD // 100, "supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}
    plain |= {"incentive_base": WAD // 100, "incentive_rise": WAD // 20 // 3600 + 1, "incentive_max": 6 * WAD // 100, "sale_timeout": 3_600}
    plain |= {"penalty": WAD // 100, "reserve_factor": WAD // 10, "reserve_target": WAD // 50, "creator_fee": WAD // 10}
    return Terms(**plain | given)  # type: ignore[arg-type]


class Both:
    """The two engines, called alike."""

    def __init__(self) -> None:
        self.engines: tuple[ModelEngine, ChainEngine] = (ModelEngine(), ChainEngine())
        self.refused: Counter[str] = Counter()

    def __call__(self, name: str, *arguments: Any) -> Any:
        """The answer of a call, or the text of its refusal; the same from both, and both count the same afterwards."""
        expected, got = (outcome(getattr(engine, name), arguments) for engine in self.engines)
        assert got == expected, f"{name}{arguments}"
        if name != "open" or got is None:
            assert self.engines[1].totals() == self.engines[0].totals(), f"{name}{arguments}"
        self.refused[name] += isinstance(got, str) or (got is None and name in ("sell", "offer"))
        return got


def outcome(call: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """What a call returns, or the text of its refusal."""
    try:
        return call(*arguments)
    except Revert as refusal:
        return f"refused: {refusal}"


def test_it_has_the_shape_of_an_engine() -> None:
    """Every method of the protocol, with the same arguments, and a name."""
    methods = [name for name, _ in inspect.getmembers(Engine, inspect.isfunction) if not name.startswith("_")]
    assert len(methods) == 8
    for name in methods:
        ours, asked = (inspect.signature(getattr(kind, name)).parameters for kind in (ChainEngine, Engine))
        assert list(ours) == list(asked), name
    assert ChainEngine.name == "chain"


@pytest.mark.parametrize("rate", [FixedRateTerms(3 * 10**9), KINKED], ids=["fixed", "kinked"])
@pytest.mark.parametrize("seed", range(3))
def test_every_call_answers_as_on_the_model(seed: int, rate: RateTerms) -> None:
    """Random calls, refused ones among them, on a pool of eight loans: same answers, totals and positions after each."""
    rng, both, done = Random(seed), Both(), Counter[str]()
    both("open", terms_of(min_debt=UNIT // 10), rate, 10_000 * UNIT, 50 * UNIT, START)
    count, now, price = 8, START, 2_000
    for place in range(count):
        both("enter", place, UNIT // (place + 1), (1_700 - 20 * place) * UNIT // (place + 1))
    for _ in range(400):
        name, place = rng.choice(["advance", "advance", "sell", "offer", "offer", "set_clock", "position"]), rng.randrange(count)
        if name == "advance":
            now, price = now + rng.choice([1, 60, 900, 3_600]), max(1, price * rng.choice([96, 98, 100, 101, 103]) // 100)
            arguments: tuple[int, ...] = (now, price * PRICE_SCALE)
        elif name in ("sell", "offer"):
            arguments = (place, rng.choice([0, 1, UNIT // 100, rng.randint(1, 50 * UNIT), 300 * UNIT, MAX_UINT256]))
        else:
            arguments = (place, rng.random() < 0.7) if name == "set_clock" else (place,)
        done[name] += bool(both(name, *arguments)) or name == "set_clock"
    positions = [[engine.position(place) for place in range(count)] for engine in both.engines]
    assert positions[0] == positions[1]
    assert min(done["advance"], done["offer"], done["set_clock"], done["position"]) > 15
    assert done["sell"] >= 5
    assert min(both.refused["sell"], both.refused["offer"], both.refused["set_clock"]) > 3


def test_what_cannot_be_opened_or_entered_is_refused_alike() -> None:
    """Terms over a bound, a rate model over its own, a supply that no transfer carries, a loan beyond the price of everything."""
    both = Both()
    assert both("open", terms_of(penalty=WAD), FixedRateTerms(0), UNIT, 0, START) == "refused: terms: penalty"
    assert both("open", terms_of(), KinkedRateTerms(0, WAD + 1, 0, 0), UNIT, 0, START) == "refused: rate: kink over 100 %"
    assert both("open", terms_of(supply_cap=5), FixedRateTerms(0), 6, 0, START) == "refused: pool: supply cap reached"
    both("open", terms_of(max_ltv=1), FixedRateTerms(0), 2**127 - 1, 0, START)
    assert both("enter", 0, 1, 2**105) == "refused: pool: over max_ltv"
    assert both("enter", 1, 2**128, 0) == "refused: pool: over 128 bits"


def test_storage_is_read_as_the_views_answer() -> None:
    """Totals are `state`, positions are `position`: after interest, with a clock, after a sale, and of an account that never came."""
    engine = ChainEngine()
    engine.open(terms_of(), KINKED, 10_000 * UNIT, 50 * UNIT, START)
    for place in range(2):
        engine.enter(place, UNIT, (1_500 + 100 * place) * UNIT)
    engine.advance(START + 86_400, 1_800 * PRICE_SCALE)
    engine.set_clock(1, running=True)
    assert engine.sell(1, 100 * UNIT) is not None
    pool, now = engine._pool, START + 86_400
    assert engine.totals()[:7] == pool.state(now)
    assert all(figure > 0 for name, figure in engine.totals()._asdict().items() if name not in ("premium_owed", "interest_dust"))
    positions = [engine.position(place) for place in range(3)]
    assert positions == [pool.position(borrower(place)) for place in range(3)]
    assert [since for _, _, since in positions] == [0, now, 0]
    assert (positions[2], engine._slots.debt_assets) == ((0, 0, 0), pool.state(now)[2])


def test_a_price_is_told_when_somebody_asks_for_one() -> None:
    """Rows in which nothing is asked cost one transaction, the accrual; the next call that asks finds the price of its row."""
    engine = ChainEngine()
    engine.open(terms_of(), KINKED, 10_000 * UNIT, 0, START)
    engine.enter(0, UNIT, 1_500 * UNIT)
    told, accrued = engine._chain.nonce(DEPLOYER), engine._chain.nonce(LIQUIDATOR)
    for row in range(1, 11):
        engine.advance(START + row, (2_000 - row) * PRICE_SCALE)
    assert (engine._chain.nonce(DEPLOYER) - told, engine._chain.nonce(LIQUIDATOR) - accrued) == (0, 10)
    for _ in range(2):
        assert engine.offer(0, UNIT) == 0
        assert engine._feed.price() == 1_990 * PRICE_SCALE
    assert engine._chain.nonce(DEPLOYER) - told == 1
    engine.advance(START + 11, 1_700 * PRICE_SCALE)
    assert engine.sell(0, MAX_UINT256) is not None


def test_a_machine_that_stops_is_no_refusal() -> None:
    """A call that the machine itself stops (here at an invalid opcode) would be a sale left out silently; it is raised."""
    engine = ChainEngine()
    engine.open(terms_of(), KINKED, 10_000 * UNIT, 0, START)
    engine.enter(0, UNIT, 1_500 * UNIT)
    engine.advance(START + 60, 1_600 * PRICE_SCALE)
    assert engine.offer(0, MAX_UINT256)
    store_and_return_one_invalid_opcode = bytes.fromhex("60fe5f5360015ff3")
    engine._pool.address = engine._chain.deploy(DEPLOYER, store_and_return_one_invalid_opcode)
    for call in (engine.sell, engine.offer):
        with pytest.raises(Reverted) as stopped:
            call(0, MAX_UINT256)
        assert stopped.value.is_halt


@pytest.mark.parametrize("seed", range(3))
def test_a_backstop_pays_alike_up_to_its_limit(seed: int) -> None:
    """Sales that the reserve cannot pay for draw the limit of the fund, then lenders bear the rest; premium is owed meanwhile."""
    rng, both = Random(seed), Both()
    fund = Fund(assets=1_000 * UNIT, max_assets=rng.choice([200, 400]) * UNIT, max_share=rng.choice([WAD, WAD // 4]))
    both("open", terms_of(backstop=STAND_INS["backstop"], premium=WAD // 5), KINKED, 20_000 * UNIT, 5 * UNIT, START, fund)
    for place in range(8):
        both("enter", place, UNIT, (1_700 - 20 * place) * UNIT)
    both("advance", START + 86_400, 1_200 * PRICE_SCALE)
    sold = [both("sell", place, MAX_UINT256) for place in range(8)]
    reserve, backstop, lenders, premium = (sum(parts[kind] for _, parts in sold) for kind in range(4))
    assert min(reserve, lenders) > 0 == premium
    assert backstop == fund.limit
    assert both.engines[0].totals().premium_owed > 0


def test_a_backstop_without_funds_pays_nothing_alike() -> None:
    """Of an address alone nothing can be drawn, on the chain as little as in the model."""
    both = Both()
    both("open", terms_of(backstop=STAND_INS["backstop"], premium=WAD // 5, lockup=3_600), KINKED, 20_000 * UNIT, 5 * UNIT, START)
    both("enter", 0, UNIT, 1_700 * UNIT)
    both("advance", START + 86_400, 1_200 * PRICE_SCALE)
    _, (reserve, backstop, lenders, _) = both("sell", 0, MAX_UINT256)
    assert min(reserve, lenders) > 0 == backstop


@pytest.mark.parametrize("name", [FALLING, CALM, DOUBTFUL])
@pytest.mark.parametrize("min_incentive", [None, WAD // 50], ids=["at once", "patient"])
def test_a_replay_with_a_backstop_is_the_same_on_both(name: str, min_incentive: int | None) -> None:
    """Figures and sales of whole books; where buyers wait in the crash, the limit is used up before lenders lose."""
    sample = insured(read_sample(name))
    ours, theirs = (
        replay(sample.book, sample.pool, sample.prices, engine=engine, min_incentive=min_incentive)
        for engine in (ChainEngine(), ModelEngine())
    )
    assert (ours.pool, ours.sales, ours.terms) == (theirs.pool, theirs.sales, theirs.terms)
    assert ours.pool.premium_owed_after > 0
    hurt = name == FALLING and min_incentive is not None
    assert ours.pool.loss_from_backstop == (FUND.limit if hurt else 0)
    assert (ours.pool.loss_from_lenders > 0) == hurt
