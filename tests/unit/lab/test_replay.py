"""The fast replay against the rule as it is written, read naively: every row looks at every position, after every sale."""

import random
from collections import Counter
from dataclasses import dataclass, field, fields
from fractions import Fraction

from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, FixedRateTerms, KinkedRateTerms, PoolFile, terms_with_stand_ins
from ringfence.inputs.prices import Prices
from ringfence.lab.replay import replay
from ringfence.model.erc20 import Ledger
from ringfence.model.errors import Revert
from ringfence.model.fixed_rate import FixedRate
from ringfence.model.kinked_rate import KinkedRate
from ringfence.model.limits import broken
from ringfence.model.pool import Pool
from ringfence.model.terms import MAX_UINT256, WAD, ZERO_ADDRESS, Terms

YEAR = 31_536_000


def make_terms(**given: int | str) -> Terms:
    """Terms of a plain pool, with what a test changes."""
    plain: dict[str, int | str] = {name.name: 0 for name in fields(Terms)}
    plain |= dict.fromkeys(("asset", "collateral", "oracle", "rate_model", "backstop", "fee_recipient"), ZERO_ADDRESS)
    plain |= {"max_ltv": 80 * WAD // 100, "liq_ltv": 86 * WAD // 100, "incentive_base": 5 * WAD // 100, "incentive_max": 5 * WAD // 100}
    plain |= {"supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}
    return Terms(**(plain | given))  # type: ignore[arg-type]


@dataclass
class Feed:
    quote: int = MAX_UINT256

    def prices(self) -> tuple[int, int]:
        return self.quote, self.quote


@dataclass
class Naive:
    """The replay as `docs/replay.md` says it, with no thought of speed."""

    book: Book
    pool_file: PoolFile
    prices: Prices
    max_paid: int | None = None
    min_incentive: int | None = None
    counts: Counter[str] = field(default_factory=Counter)
    rows: list[tuple[int, ...]] = field(default_factory=list)
    interest: int = 0
    from_reserve: int = 0
    from_lenders: int = 0
    surplus: int = 0

    def run(self) -> dict[str, int]:
        terms = terms_with_stand_ins(self.pool_file.terms)
        asset, collateral, self.feed = Ledger(), Ledger(), Feed()
        rate = self.pool_file.rate
        model = (
            FixedRate(rate.rate)
            if isinstance(rate, FixedRateTerms)
            else KinkedRate(rate.base, rate.kink, rate.slope_below, rate.slope_above)
        )
        now = self.prices.timestamps[0]
        self.pool = pool = Pool(terms, asset=asset, collateral=collateral, oracle=self.feed, rate_model=model, now=now, address="pool")
        for purse in ("lender", "liquidator"):
            asset.mint(purse, 2**180)
            asset.approve(purse, "pool", MAX_UINT256)
        if self.pool_file.supply:
            pool.deposit("lender", self.pool_file.supply, "lender", now)
        if self.pool_file.reserve:
            pool.add_to_reserve("lender", self.pool_file.reserve, now)
        for name, held, debt in zip(self.book.accounts, self.book.collateral, self.book.debt, strict=True):
            collateral.mint(name, held)
            collateral.approve(name, "pool", held)
            pool.supply_collateral(name, held, name, now)
            if debt:
                pool.borrow(name, debt, name, name, now)
                assert pool.debt_of(name, now) == debt
        for now, price in zip(self.prices.timestamps, self.prices.prices, strict=True):
            self.now, self.feed.quote = now, price
            del pool.events[:]
            pool.accrue("keeper", self.now)
            self.interest += sum(event[1] for event in pool.events if event[0] == "Accrue")
            if self.min_incentive is not None:
                self.set_clocks()
            self.sell()
        return self.figures()

    def unhealthy(self) -> list[str]:
        """Worst first, ties in book order."""
        names = [name for name in self.book.accounts if not self.pool.is_healthy(name, self.now)]

        def key(name: str) -> tuple[int, Fraction]:
            held, debt_shares, _ = self.pool.position(name)
            return (0, Fraction(0)) if held == 0 else (1, -Fraction(debt_shares, held))

        return sorted(names, key=key)

    def set_clocks(self) -> None:
        for name in self.book.accounts:
            if self.pool.position(name)[2] and self.pool.is_healthy(name, self.now):
                self.pool.unflag("keeper", name, self.now)
                self.counts["unflagged"] += 1
        for name in self.unhealthy():
            self.pool.flag("keeper", name, self.now)
            self.counts["flagged"] += 1

    def sell(self) -> None:
        left = self.max_paid
        passed: set[str] = set()
        while left != 0:
            names = [name for name in self.unhealthy() if name not in passed]
            if not names:
                return
            paid = self.sell_one(names[0], MAX_UINT256 if left is None else left)
            if paid is None:
                passed.add(names[0])
            elif left is not None:
                left -= paid
        self.counts["money spent"] += 1

    def sell_one(self, name: str, most: int) -> int | None:
        if self.min_incentive is not None:
            try:
                if self.pool.quote_liquidation(name, most, self.now)[4] < self.min_incentive:
                    self.counts["waited"] += 1
                    return None
            except Revert:
                self.counts["refused"] += 1
                return None
        held, supply = self.pool.position(name)[1], self.pool.state(self.now)[0]
        del self.pool.events[:]
        try:
            paid, sold = self.pool.liquidate("liquidator", name, most, 0, "liquidator", b"", self.now)
        except Revert:
            self.counts["refused"] += 1
            return None
        event = next(event for event in self.pool.events if event[0] == "Liquidate")
        self.counts["whole" if event[7] == held else "part"] += 1
        self.counts["loss"] += event[10] > 0
        realised = [event for event in self.pool.events if event[0] == "LossRealised"]
        self.from_reserve += sum(event[3] for event in realised)
        self.from_lenders += sum(event[5] for event in realised)
        self.surplus += self.pool.state(self.now)[0] - supply + sum(event[5] for event in realised)
        self.rows.append((self.now, self.book.accounts.index(name), paid, event[5], event[6], sold, event[9], event[10], self.feed.quote))
        return paid

    def figures(self) -> dict[str, int]:
        terms, state = self.pool_file.terms, self.pool.state(self.now)
        debts = {name: self.pool.debt_of(name, self.now) for name in self.book.accounts}
        values = {name: min(2**160 - 1, self.pool.position(name)[0] * self.feed.quote // 10**36) for name in self.book.accounts}
        return {
            "supply_after": state[0],
            "reserve_after": state[4],
            "debt_after": state[2],
            "paid": sum(row[2] for row in self.rows),
            "debt_retired": sum(row[3] for row in self.rows),
            "penalty": sum(row[4] for row in self.rows),
            "collateral_sold": sum(row[5] for row in self.rows),
            "loss": sum(row[7] for row in self.rows),
            "loss_from_reserve": self.from_reserve,
            "loss_from_lenders": self.from_lenders,
            "surplus": self.surplus,
            "interest": self.interest,
            "sales": len(self.rows),
            "positions_sold": len({row[1] for row in self.rows}),
            "positions_sold_at_start": len({row[1] for row in self.rows if row[0] == self.prices.timestamps[0]}),
            "unhealthy_at_end": sum(debts[name] > values[name] * terms.liq_ltv // WAD for name in debts),
            "insolvent_at_end": sum(values[name] < debts[name] for name in debts),
            "unrealised_loss": sum(max(0, debts[name] - values[name]) for name in debts),
            "share_price_after": (state[0] + 1) * 10**36 // (state[1] + 10**6),
        }


def random_case(seed: int) -> Naive:
    """A book, terms and prices in which much happens: from pools of a few units to pools of 18 decimals."""
    rng = random.Random(seed)
    unit = rng.choice([1, 1, 7, 10**3, 10**6, 10**18])
    collateral_unit = rng.choice([1, 10**3, 10**18])
    count = rng.randint(1, 9)
    start = 10**36 * unit // collateral_unit * rng.choice([1, 3, 50])
    collateral = [rng.randint(1, 40) * collateral_unit for _ in range(count)]
    worth = [held * start // 10**36 for held in collateral]
    debt = [int(value * rng.choice([0.2, 0.6, 0.7, 0.75, 0.75, 0.79, 0.99])) for value in worth]
    total = sum(debt)
    while True:
        terms = random_terms(rng, unit)
        if not broken(terms_with_stand_ins(terms)):
            break
    debt = [owed if owed >= terms.min_debt else 0 for owed in debt]
    rate = rng.choice([FixedRateTerms(0), FixedRateTerms(WAD // YEAR // 4), KinkedRateTerms(10**8, 8 * 10**17, 10**9, 10**11)])
    pool = PoolFile(terms, rate, 18, 6, total + rng.choice([0, total // 2, total * 3, 10]), rng.choice([0, 0, total // 50, total]))
    times, prices = random_prices(rng, start)
    max_paid = rng.choice([None, None, rng.randint(1, max(1, total)), max(1, total // 7), 1])
    patience = rng.choice([None, None, 0, terms.incentive_base, (terms.incentive_base + terms.incentive_max) // 2, terms.incentive_max])
    names = tuple(f"account {place}" for place in range(count))
    return Naive(Book(names, tuple(collateral), tuple(debt)), pool, Prices(times, prices), max_paid, patience)


def random_terms(rng: random.Random, unit: int) -> Terms:
    liq_ltv = rng.choice([60, 77, 86, 93]) * WAD // 100
    base = rng.choice([0, 1, 3, 5]) * WAD // 100
    top = base + rng.choice([0, 2, 6]) * WAD // 100
    timeout = rng.choice([600, 3600])
    rises, slopes = rng.random() < 0.5, rng.random() < 0.4
    return make_terms(
        max_ltv=liq_ltv - WAD // 50,
        liq_ltv=liq_ltv,
        target_ltv=rng.choice([0, 0, liq_ltv * 9 // 10, liq_ltv - WAD // 50]),
        incentive_base=base,
        incentive_max=top,
        incentive_rise=-(-(top - base) // timeout) if rises else 0,
        incentive_slope=rng.choice([WAD // 4, WAD]) if slopes else 0,
        penalty=rng.choice([0, WAD // 100, WAD // 5]),
        reserve_factor=rng.choice([0, WAD // 10]),
        reserve_target=rng.choice([0, WAD // 20]),
        min_debt=rng.choice([0, 0, 3, 10]) * unit,
        solvent_window=rng.choice([0, 300]),
        sale_timeout=timeout,
    )


def random_prices(rng: random.Random, start: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    now, price = rng.choice([0, 1_700_000_000]), start
    times, prices = [], []
    for _ in range(rng.randint(1, 14)):
        times.append(now)
        prices.append(max(1, price))
        now += rng.choice([1, 60, 300, 700, 86_400, YEAR // 4])
        price = price * rng.choice([40, 80, 90, 95, 98, 99, 100, 100, 103, 110, 130]) // 100
    return tuple(times), tuple(prices)


def test_every_figure_and_sale_is_that_of_the_naive_reading() -> None:
    """A thousand random pools: the same sales in the same order, and the same figures to the unit."""
    counts: Counter[str] = Counter()
    for seed in range(1000):
        case = random_case(seed)
        expected = case.run()
        result = replay(case.book, case.pool_file, case.prices, max_paid_per_row=case.max_paid, min_incentive=case.min_incentive)
        rows = [
            (
                sale.timestamp,
                case.book.accounts.index(sale.account),
                sale.payment,
                sale.debt_retired,
                sale.penalty,
                sale.collateral_sold,
                sale.incentive,
                sale.loss,
                sale.price,
            )
            for sale in result.sales
        ]
        assert rows == case.rows, f"seed {seed}"
        assert {name: getattr(result.pool, name) for name in expected} == expected, f"seed {seed}"
        counts += case.counts
        counts["surplus"] += result.pool.surplus > 0
        counts["sold at start"] += result.pool.positions_sold_at_start
        counts["unhealthy at end"] += result.pool.unhealthy_at_end
        counts["insolvent at end"] += result.pool.insolvent_at_end
    least = {
        "whole": 1500,
        "part": 1500,
        "loss": 1500,
        "refused": 2000,
        "waited": 3000,
        "flagged": 8000,
        "unflagged": 200,
        "money spent": 900,
    }
    least |= {"sold at start": 900, "unhealthy at end": 1200, "insolvent at end": 800, "surplus": 20}
    assert not {name: counts[name] for name, number in least.items() if counts[name] < number}
