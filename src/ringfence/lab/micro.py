"""The exact engine: stress paths of one pool, or of several in lockstep, position by position in the model's integers.

Slow and right: the reference of `lab/kernel.py`, and the engine for terms that no faster one takes. The world is floats (prices, depth,
what a buyer earns); what the pool does with it is integers, and must balance to the unit.

A step is, pool by pool in the order given: the market moves and recovers; the feeds publish; interest; running lenders leave; clocks are
set; liquidators look once at every position that is unhealthy, and was when they saw it; the premium is paid.
"""

import math
import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ringfence.inputs.errors import InputError, quoted
from ringfence.inputs.fit import check_book, check_terms
from ringfence.inputs.pool_file import STAND_INS
from ringfence.inputs.scenario import Scenario
from ringfence.inputs.stand_ins import COOLDOWN, UNDERWRITER
from ringfence.lab.micro_market import within
from ringfence.lab.micro_pool import START, MicroPool, Quote, StressPool, address_of
from ringfence.lab.micro_side import PRICE_DIGITS, PathOutcome, Side
from ringfence.lab.tally import require
from ringfence.model.backstop import Backstop
from ringfence.model.erc20 import Ledger
from ringfence.model.errors import Revert
from ringfence.model.pool import Oracle, Pool
from ringfence.model.single_price import SinglePrice
from ringfence.model.terms import MAX_UINT128, WAD
from ringfence.model.vault_price import VaultPrice

SHARE_DIGITS = 6
"""Digits that lender shares have beyond their asset's."""
FINER = 10**12
"""Shares that a price asks an upstream pool about, beside a whole one: its rate then has the asset's decimals and twelve more."""
ORDER_STREAM = 3000
Path = tuple[Sequence[Sequence[float]], Sequence[bool], Sequence[float] | None]
Scenarios = Scenario | Sequence[Scenario]


def micro_path(
    pools: Sequence[StressPool],
    scenario: Scenarios,
    start_prices: Sequence[float],
    multiples: Sequence[Sequence[float]],
    present: Sequence[bool],
    *,
    permutation: Sequence[float] | None = None,
) -> list[PathOutcome]:
    """Plays one path and returns what became of each pool.

    `scenario` is one for all pools, or one each with the same step; `start_prices` are whole asset tokens per whole collateral token;
    `multiples` [pool][step] of them, from step 0 on; `present` [step] says whether liquidators are there, who in the first scenario's
    windows of outage are not in any case; `permutation` is a number a place, by which the order "random" sorts, the same for all pools.
    Raises InputError for pools that cannot be set up, ValueError for lengths that do not fit, ConservationError if amounts do not balance.
    """
    return MicroWorld(pools, scenario, start_prices).play(multiples, present, permutation)


def micro(
    pools: Sequence[StressPool],
    scenario: Scenarios,
    start_prices: Sequence[float],
    seed: int,
    paths: int,
    steps: int,
    *,
    first: int = 0,
    told: Callable[[int, float], None] | None = None,
) -> list[list[PathOutcome]]:
    """Plays `paths` paths from number `first` on, each by its own random numbers; returns them by path and pool.

    `told` is called after every path with the paths done and the seconds that all will take, judged by those. Raises as `micro_path`.
    """
    # To set a pool up costs more than a quiet path: it is done once, and every path takes a copy.
    world = pickle.dumps(MicroWorld(pools, scenario, start_prices))
    _drawn(pools, scenario, seed, first, steps)  # compiles what draws, which the clock shall not count
    begin = time.perf_counter()
    outcomes = []
    for done in range(1, paths + 1):
        copy: MicroWorld = pickle.loads(world)
        outcomes.append(copy.play(*_drawn(pools, scenario, seed, first + done - 1, steps)))
        if told is not None:
            told(done, (time.perf_counter() - begin) / done * paths)
    return outcomes


def estimate_seconds(
    pools: Sequence[StressPool], scenario: Scenarios, start_prices: Sequence[float], seed: int, paths: int, steps: int
) -> float:
    """Seconds that so many paths will take, judged by the first; raises as `micro_path`."""
    told: list[float] = []
    micro(pools, scenario, start_prices, seed, 1, steps, told=lambda _, seconds: told.append(seconds))
    return told[0] * paths


@dataclass(slots=True)
class Clock:
    """The second of the block."""

    timestamp: int = START


class _ShareVault:
    """An upstream pool as a vault whose shares are collateral."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool, self._clock = pool, clock

    def convert_to_assets(self, shares: int) -> int:
        """What so many lender shares are worth now."""
        return self._pool.convert_to_assets(shares, self._clock.timestamp)


class MicroWorld:
    """Pools, people and money as they stand at the start of a path."""

    def __init__(self, pools: Sequence[StressPool], scenario: Scenarios, start_prices: Sequence[float]) -> None:
        self._scenarios = _by_pool(scenario, len(pools))
        if not len(pools) == len(start_prices) > 0 or not all(0.0 < price < math.inf for price in start_prices):
            raise ValueError(f"{len(pools)} pools need as many start prices above 0, not {list(start_prices)}")
        for pool in pools:
            check_terms(pool.file)
            check_book(pool.book, pool.file)
        self._clock = Clock()
        self._fund_asset = Ledger()
        self._backstop = self._fund(pools)
        self._fund_before = self._fund_holds()
        self._sides: list[Side] = []
        for number, (pool, price) in enumerate(zip(pools, start_prices, strict=True)):
            self._sides.append(self._side(pool, number, price))

    def play(self, multiples: Sequence[Sequence[float]], present: Sequence[bool], permutation: Sequence[float] | None) -> list[PathOutcome]:
        """One path; the world is worn out by it."""
        steps = len(present) - 1
        if len(multiples) != len(self._sides) or steps < 1 or any(len(path) != steps + 1 for path in multiples):
            raise ValueError(f"{len(self._sides)} pools need as many paths of {steps + 1} multiples, and one step at least")
        if not all(0.0 < multiple < math.inf for path in multiples for multiple in path):
            raise ValueError("multiples of the price must be above 0 and finite")
        common = self._scenarios[0]
        for step in range(1, steps + 1):
            self._clock.timestamp = START + step * common.step
            is_present = bool(present[step]) and not within(common.liquidators.outages, step * common.step)
            for side, path in zip(self._sides, multiples, strict=True):
                side.play_step(step, float(path[step]), is_present, permutation)
        outcomes = [side.outcome(steps) for side in self._sides]
        self._prove_fund()
        return outcomes

    def _fund(self, pools: Sequence[StressPool]) -> Backstop | None:
        """One fund with all that the sections [backstop] bring; it covers the pools that have one."""
        covers = [(address_of(number), pool.file.fund) for number, pool in enumerate(pools) if pool.file.fund is not None]
        if not covers:
            return None
        decimals = {pool.file.asset_decimals for pool in pools if pool.file.fund is not None}
        if len(decimals) > 1:
            raise ValueError(f"pools under one backstop have one asset, not assets of {sorted(decimals)} decimals")
        backstop = Backstop(self._fund_asset, COOLDOWN, creator=UNDERWRITER, address=STAND_INS["backstop"])
        for address, fund in covers:
            if fund.max_assets:  # a fund has no cover of 0: the pool is one of those it does not cover
                backstop.set_cover(UNDERWRITER, address, fund.max_assets, fund.max_share)
            self._fund_asset.mint(UNDERWRITER, fund.assets)
        backstop.seal(UNDERWRITER)
        assets = self._fund_asset.balance_of(UNDERWRITER)
        self._fund_asset.approve(UNDERWRITER, backstop.address, assets)
        backstop.deposit(UNDERWRITER, assets, UNDERWRITER)
        return backstop

    def _side(self, stressed: StressPool, number: int, start_price: float) -> Side:
        file, quote, vault = stressed.file, Quote(), None
        oracle: Oracle = SinglePrice(quote)
        digits = PRICE_DIGITS + file.asset_decimals - file.collateral_decimals
        if stressed.collateral_from is not None:
            oracle = vault = self._vault_price(stressed, number, oracle)
            # The base prices the upstream asset, whose decimals are fewer than its shares'.
            digits += SHARE_DIGITS
        own = self._scenarios[number]
        pool = MicroPool(
            stressed,
            number,
            oracle=oracle,
            quote=quote,
            asset=Ledger() if file.fund is None else self._fund_asset,
            backstop=None if file.fund is None else self._backstop,
            running=int(Fraction(own.lenders.run_share) * file.supply),
        )
        return Side(pool, own, start_price, digits, vault)

    def _vault_price(self, stressed: StressPool, number: int, base: Oracle) -> VaultPrice:
        """The price of an upstream pool's shares: what they are worth is believed, from the least unit up to a doubling a day."""
        upstream = stressed.collateral_from
        if upstream is None or not 0 <= upstream < number:
            raise ValueError(f"pool {number}: its collateral comes from an earlier pool, not from {upstream}")
        vault = self._sides[upstream].pool
        decimals = vault.file.asset_decimals + SHARE_DIGITS
        if stressed.file.collateral_decimals != decimals:
            raise InputError(
                stressed.file.file,
                f"{stressed.file.collateral_decimals} is not what the shares of {vault.file.name} have",
                column="[pool] collateral_decimals",
                remedy=f"write {decimals}",
            )
        try:
            return VaultPrice(
                _ShareVault(vault.pool, self._clock), base, 10**decimals * FINER, WAD, 1, MAX_UINT128, clock=self._clock
            )  # fmt: skip
        except Revert as err:
            raise InputError(stressed.file.file, f"its collateral has no price: {quoted(str(err))}", remedy="take fewer decimals") from err

    def _fund_holds(self) -> int:
        return 0 if self._backstop is None else self._fund_asset.balance_of(self._backstop.address)

    def _prove_fund(self) -> None:
        covered = [side.pool.flows for side in self._sides if side.pool.file.fund is not None]
        brought, drawn = sum(flows.premium_paid for flows in covered), sum(flows.parts[1] for flows in covered)
        require("fund before + premium paid = fund after + cover", self._fund_before + brought, self._fund_holds() + drawn)


def _by_pool(scenario: Scenarios, pools: int) -> list[Scenario]:
    scenarios = [scenario] * pools if isinstance(scenario, Scenario) else list(scenario)
    if len(scenarios) != pools or len({own.step for own in scenarios}) > 1:
        raise ValueError(f"{pools} pools need one scenario, or as many, all with the same step")
    return scenarios


def _drawn(pools: Sequence[StressPool], scenario: Scenarios, seed: int, path: int, steps: int) -> Path:
    """Multiples by pool, presence by step, and the permutation of the order "random"."""
    import numpy as np

    from ringfence.lab.paths import fill_path, fill_presence, path_table
    from ringfence.lab.philox import uniforms

    scenarios = _by_pool(scenario, len(pools))
    common = scenarios[0]
    # One pool alone is its own factor.
    correlation = common.correlation if len(pools) > 1 else 1.0
    multiples = np.empty((len(pools), steps + 1))
    for number, own in enumerate(scenarios):
        table = path_table(own.prices, own.step, steps)
        fill_path(table.kind, table.values, table.series, seed, path, number, correlation, multiples[number])
    people = common.liquidators
    starts = np.array([window.start for window in people.outages], dtype=np.float64)
    ends = np.array([window.end for window in people.outages], dtype=np.float64)
    present = np.empty(steps + 1, dtype=np.bool_)
    fill_presence(seed, path, common.step, starts, ends, people.outages_per_year, float(people.outage_length), present)
    permutation = None
    if any(own.liquidators.order == "random" for own in scenarios):
        permutation = [uniforms(seed, path, ORDER_STREAM, place)[0] for place in range(max(len(pool.book) for pool in pools))]
    return multiples.tolist(), present.tolist(), permutation
