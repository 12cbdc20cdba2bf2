"""One pool of the exact engine: the model's own pool with its people, every position known beside it, every flow counted.

Nothing here decides: who is unhealthy the rule says, in what order and how much is sold `lab/micro.py` asks of `decisions`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ringfence.decisions.order import badness, sale_order
from ringfence.inputs.book import Book
from ringfence.inputs.errors import InputError, quoted
from ringfence.inputs.events import sale_of
from ringfence.inputs.pool_file import PoolFile, terms_with_stand_ins
from ringfence.inputs.stand_ins import FUNDS, LENDER, LIQUIDATOR, borrower
from ringfence.lab.micro_tally import Flows, Sold, prove_positions
from ringfence.lab.model_engine import rate_model
from ringfence.lab.suspects import Suspects
from ringfence.lab.tally import ConservationError, require
from ringfence.model import liquidation, shares
from ringfence.model.backstop import Backstop
from ringfence.model.erc20 import Ledger
from ringfence.model.errors import Revert
from ringfence.model.liquidation import Position, Sale
from ringfence.model.pool import Oracle, Pool
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256

RUNNER = "0x4055" + "00" * 18
SPENDER = "0x59E2" + "00" * 18
"""Where borrowers take their loans to: one account, because the model copies balances when a sale asks the backstop."""
START = 1_600_000_000
"""The pool's second at the start of a path; any would do that is not 0, which means a clock that stands."""


@dataclass(frozen=True, slots=True)
class StressPool:
    """A pool to be stressed: its terms and people, its book, and, if its collateral is the lender shares of an earlier pool, the place of
    that one among the pools."""

    file: PoolFile
    book: Book
    collateral_from: int | None = None


class Quote:
    """A feed that answers what it is told (asset base units per collateral base unit, times 1e36), or fails."""

    __slots__ = ("quote",)

    def __init__(self) -> None:
        self.quote: int | None = MAX_UINT256

    def price(self) -> int:
        """Return the price."""
        if self.quote is None:
            raise Revert("oracle: no valid price")
        return self.quote


def address_of(number: int) -> str:
    """The address of a path's pool by its place."""
    return f"0x9001{number:036x}"


class MicroPool:
    """One pool under way; `totals` are the pool's, `collateral` and `debt_shares` by place in the book."""

    def __init__(
        self,
        stressed: StressPool,
        number: int,
        *,
        oracle: Oracle,
        quote: Quote,
        asset: Ledger,
        backstop: Backstop | None,
        running: int,
    ) -> None:
        self.file, self.book, self.quote, self.oracle = stressed.file, stressed.book, quote, oracle
        # Lenders have been there for long: their lock-ups are over.
        self.terms = replace(terms_with_stand_ins(stressed.file.terms), lockup=0)
        self.asset, self.tokens, self.address = asset, Ledger(), address_of(number)
        self._has_clock = self.terms.incentive_rise > 0 or self.terms.solvent_window > 0
        try:
            self.pool = Pool(
                self.terms,
                asset=asset,
                collateral=self.tokens,
                oracle=oracle,
                rate_model=rate_model(self.file.rate),
                backstop=backstop,
                now=START,
                address=self.address,
            )
            self._lend(running)
        except Revert as err:
            raise InputError(
                self.file.file, f"the pool cannot be opened: {quoted(str(err))}", remedy="change supply, reserve or terms"
            ) from err
        self.collateral = list(self.book.collateral)
        self.debt_shares = [self._enter(place) for place in range(len(self.book))]
        self.totals = self._totals(START)
        self._prove_set_up()
        self.flows = Flows(self.terms, self.totals)
        self._suspects = Suspects(self.terms.liq_ltv)
        for place in range(len(self.book)):
            self._suspects.put(place, self.collateral[place], self.debt_shares[place])
        # Positions that a step must judge; all others wait in `_suspects`.
        self._active: set[int] = set()
        # By place: the step since which a position is unhealthy, and the second its clock runs from, where it does.
        self._unhealthy_from: dict[int, int] = {}
        self._clocks: dict[int, int] = {}

    # The set-up

    def _lend(self, running: int) -> None:
        for account in (LENDER, RUNNER, LIQUIDATOR):
            self.asset.mint(account, FUNDS)
            self.asset.approve(account, self.address, MAX_UINT256)
        for account, assets in ((RUNNER, running), (LENDER, self.file.supply - running)):
            if assets > 0:
                self.pool.deposit(account, assets, account, START)
        if self.file.reserve > 0:
            self.pool.add_to_reserve(LENDER, self.file.reserve, START)

    def _enter(self, place: int) -> int:
        account, collateral, debt = borrower(place), self.book.collateral[place], self.book.debt[place]
        try:
            if collateral > 0:
                self.tokens.mint(account, collateral)
                self.tokens.approve(account, self.address, collateral)
                self.pool.supply_collateral(account, collateral, account, START)
            minted = self.pool.borrow(account, debt, SPENDER, account, START) if debt > 0 else 0
        except Revert as err:
            raise self.book.refuse(place, "debt", f"the pool refuses the loan: {quoted(str(err))}", "change the row or the terms") from err
        self.pool.events.clear()
        return minted

    def _prove_set_up(self) -> None:
        # As in a replay: the first borrow of d mints d * 1e6 shares, and so does every further one, so that each owes what the book says.
        for place, debt in enumerate(self.book.debt):
            require(f"debt of account {self.book.accounts[place]} = the book's", self._debt(place), debt)

    # What happens in a step, in its order

    def accrue(self, now: int) -> None:
        """Interest up to a second."""
        self.pool.accrue(LIQUIDATOR, now)
        before, self.totals = self.totals, self._totals(now)
        for event in self.pool.events:
            if event[0] == "Accrue":
                self.flows.add_accrual(event, before, self.totals)
        self.pool.events.clear()

    def run(self, now: int) -> None:
        """Running lenders take out what cash allows."""
        held = self.pool.balance_of(RUNNER)
        owned, free = self.pool.convert_to_assets(held, now), shares.cash(self.totals)
        if min(owned, free) == 0:
            return
        if owned <= free:
            self.flows.withdrawn += self.pool.redeem(RUNNER, held, RUNNER, RUNNER, now)
        else:
            self.pool.withdraw(RUNNER, free, RUNNER, RUNNER, now)
            self.flows.withdrawn += free
        self._read(now)

    def price(self) -> int | None:
        """The oracle's high price (times 1e36); None while it fails."""
        try:
            high = self.oracle.prices()[1]
        except Revert:
            return None
        return high if high > 0 else None

    def unhealthy(self, price: int, step: int) -> list[int]:
        """Every position that is unhealthy at a price, in book order."""
        threshold = self._suspects.threshold(price, self.totals)
        self._active.update(self._suspects.take(threshold))
        found = []
        for place in sorted(self._active):
            if not self._is_healthy(place, self.totals, price):
                self._unhealthy_from.setdefault(place, step)
                found.append(place)
                continue
            self._unhealthy_from.pop(place, None)
            if not self._suspects.is_suspect(self.collateral[place], self.debt_shares[place], threshold):
                self._active.discard(place)
                self._suspects.put(place, self.collateral[place], self.debt_shares[place])
        return found

    def set_clocks(self, unhealthy: Sequence[int], now: int) -> None:
        """Somebody flags these, where their clock stands or has run out, and unflags all others; only where a sale looks at the clock."""
        if not self._has_clock:
            return
        for place in self._clocks.keys() - set(unhealthy):
            self.pool.unflag(LIQUIDATOR, borrower(place), now)
            del self._clocks[place]
        for place in unhealthy:
            if place not in self._clocks or now - self._clocks[place] > self.terms.sale_timeout:
                self.pool.flag(LIQUIDATOR, borrower(place), now)
                self._clocks[place] = now
        self.pool.events.clear()

    def was_unhealthy(self, places: Iterable[int], seen: tuple[Totals, int] | None) -> list[int]:
        """Those that, as they are now, would have been unhealthy at earlier totals and price; none where there was no price."""
        return [place for place in places if seen and not self._is_healthy(place, *seen)]

    def in_order(self, places: Iterable[int], order: str, keys: Sequence[float] | None) -> list[int]:
        """The order of sale: by debt per collateral, by debt at the start, or by a key a place; ties in book order."""

        def key(place: int) -> tuple[float, int]:
            match order:
                case "riskiest-first":
                    return sale_order(place, self.collateral[place], self.debt_shares[place])
                case "safest-first":
                    return badness(self.collateral[place], self.debt_shares[place]), place
                case "largest-first":
                    return -self.book.debt[place], place
                case "random" if keys is not None:
                    return keys[place], place
            raise ValueError(f"order {order!r} is unknown, or random without a permutation")

        return sorted(places, key=key)

    def quoted(self, place: int, price: int, max_payment: int, now: int) -> Sale:
        """The sale as the rule prices it, or its refusal."""
        seconds = liquidation.elapsed(self._clocks.get(place, 0), self.terms.sale_timeout, now)
        return liquidation.sale(self.terms, self.totals, self._position(place), price, seconds, max_payment)

    def sell(self, place: int, price: int, max_payment: int, step: int, now: int) -> Sale:
        """One liquidation; the position must be unhealthy and the sale not refused."""
        expected = self.quoted(place, price, max_payment, now)
        self.pool.liquidate(LIQUIDATOR, borrower(place), max_payment, 0, LIQUIDATOR, b"", now)
        logged = sale_of(self.pool.events)
        self.pool.events.clear()
        before, self.totals = self.totals, self._totals(now)
        if logged is None or logged[0] != expected:
            raise ConservationError(f"sale: what the pool sold, {logged}, is not what the rule says, {expected}")
        sale, parts = logged
        self.flows.add_sale(Sold(step, place, sale, parts), step - self._unhealthy_from[place], before, self.totals)
        self.collateral[place] -= sale.collateral
        self.debt_shares[place] -= sale.debt_shares
        self._after_sale(place, price)
        return sale

    def pay_premium(self, now: int) -> None:
        """What is owed to the backstop is paid as cash allows."""
        if self.totals.premium_owed > 0:
            self.pool.pay_premium(LIQUIDATOR, now)
            self.flows.premium_paid += sum(event[1] for event in self.pool.events if event[0] == "PayPremium")
            self._read(now)

    # What is left

    def open_loss(self, price: int) -> int:
        """Debt beyond the collateral's value at a price (asset base units)."""
        return sum(max(0, debt - liquidation.value_down(self.collateral[place], price)) for place, debt in self._open_debts())

    def unhealthy_debt(self, price: int) -> int:
        """Debt unhealthy at a price (asset base units)."""
        return sum(debt for place, debt in self._open_debts() if not self._is_healthy(place, self.totals, price))

    def runners_own(self, now: int) -> int:
        """What the shares of running lenders are worth (asset base units)."""
        return self.pool.convert_to_assets(self.pool.balance_of(RUNNER), now)

    def closed(self) -> int:
        """Positions that owe nothing, of those that did."""
        return sum(debt > 0 and owed == 0 for debt, owed in zip(self.book.debt, self.debt_shares, strict=True))

    def finish(self, steps: int) -> None:
        """Counts the waits that go on, and proves the path; raises ConservationError."""
        for place, since in self._unhealthy_from.items():
            self.flows.add_wait(steps - since, self._debt(place))
        self.flows.prove(self.totals)
        require("cash = tokens", shares.cash(self.totals), self.asset.balance_of(self.address))
        prove_positions(
            self.collateral,
            self.debt_shares,
            sum(self.book.collateral),
            self.flows.collateral_sold,
            self.totals,
            self.tokens.balance_of(self.address),
        )
        for place, holds in enumerate(zip(self.collateral, self.debt_shares, strict=True)):
            held, owed, _ = self.pool.position(borrower(place))
            require(f"collateral of account {self.book.accounts[place]} = the book's - what was sold", held, holds[0])
            require(f"debt shares of account {self.book.accounts[place]} = those borrowed - those burnt", owed, holds[1])

    # Inside

    def _after_sale(self, place: int, price: int) -> None:
        if self.debt_shares[place] == 0:
            self._active.discard(place)
        if self._is_healthy(place, self.totals, price):
            # A sale that heals ends the wait, and the pool stops the clock.
            del self._unhealthy_from[place]
            self._clocks.pop(place, None)
        elif self._has_clock:
            self._clocks[place] = self.pool.position(borrower(place))[2]

    def _open_debts(self) -> list[tuple[int, int]]:
        return [(place, self._debt(place)) for place, owed in enumerate(self.debt_shares) if owed > 0]

    def _debt(self, place: int) -> int:
        totals = self.totals
        return shares.debt_up(self.debt_shares[place], totals.debt_assets, totals.debt_shares)

    def _position(self, place: int) -> Position:
        return Position(self.collateral[place], self.debt_shares[place])

    def _is_healthy(self, place: int, totals: Totals, price: int) -> bool:
        return liquidation.is_healthy(self.terms.liq_ltv, totals, self._position(place), price)

    def _read(self, now: int) -> None:
        self.totals = self._totals(now)
        self.pool.events.clear()

    def _totals(self, now: int) -> Totals:
        # Their interest dust is not told, and nobody here needs it.
        return Totals(*self.pool.state(now), 0)
