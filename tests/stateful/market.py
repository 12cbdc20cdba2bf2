"""One shipped pool on the embedded chain, with everything that laws look at: totals, positions, balances, events, exact fractions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NamedTuple

from ringfence.chain.artifacts import Artifact, load
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.chain.layout import entry_slot
from ringfence.model.terms import MAX_UINT256, VIRTUAL_SHARES, WAD, ZERO_ADDRESS, Terms
from tests.stateful.setting import CREATOR, DAY, Setting, as_arguments

LENDERS = ("0x" + "a1" * 20, "0x" + "a2" * 20)
BORROWERS = tuple("0x" + f"b{n}" * 20 for n in range(1, 5))
LIQUIDATOR = "0x" + "c3" * 20
UNDERWRITER = "0x" + "d4" * 20
ACCOUNTS = (*LENDERS, *BORROWERS, LIQUIDATOR, CREATOR)
START = 1_700_000_000
PRICE_SCALE = 10**36
MAX_VALUE = 2**160 - 1
WEALTH = 2**160  # of each token, for each account: nothing here fails for want of money
STANDING_STILL = ("transfer", "transferFrom", "approve", "set_operator")  # what does not accrue
ANSWERS, REVERTS = 0, 1  # modes of the oracle and rate mocks

# Artifacts by name that take the place of the shipped ones.
Build = Mapping[str, Artifact]
SHIPPED: Build = MappingProxyType({})


class Totals(NamedTuple):
    """What a pool counts, in base units and shares."""

    supply_assets: int
    supply_shares: int
    debt_assets: int
    debt_shares: int
    reserve_assets: int
    premium_owed: int

    @property
    def cash(self) -> int:
        return self.supply_assets + self.reserve_assets + self.premium_owed - self.debt_assets

    @property
    def lender_share(self) -> Fraction:
        """Worth of one lender share, asset base units."""
        return Fraction(self.supply_assets + 1, self.supply_shares + VIRTUAL_SHARES)

    @property
    def debt_share(self) -> Fraction:
        """Worth of one debt share, asset base units."""
        return Fraction(self.debt_assets + 1, self.debt_shares + VIRTUAL_SHARES)

    def debt_of(self, debt_shares: int) -> int:
        """What these shares owe, rounded up."""
        return ceil_div(debt_shares * (self.debt_assets + 1), self.debt_shares + VIRTUAL_SHARES)


class Position(NamedTuple):
    """A borrower's side as stored."""

    collateral: int
    debt_shares: int
    unhealthy_since: int


class Call(NamedTuple):
    """One transaction on the pool; `refusal` is None if it went through, else the contract's text."""

    caller: str
    name: str
    arguments: tuple[Any, ...]
    output: Any = None
    events: tuple[tuple[Any, ...], ...] = ()
    refusal: str | None = None

    def logged(self, name: str) -> list[tuple[Any, ...]]:
        """Values of the events of this name."""
        return [values for event, *values in self.events if event == name]


class LawBroken(AssertionError):
    """A property of the protocol that did not hold. Nothing else in this folder raises it."""


class Law:
    """Watches every transaction on a market; raises LawBroken from `after`. `seen` counts what it had to judge."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def before(self, market: "Market", call: Call) -> Any:
        """What must be remembered from before the transaction."""

    def after(self, market: "Market", call: Call, memory: Any) -> None:
        """Judge a transaction that went through."""


def demand(holds: bool, law: str, **values: Any) -> None:
    """Raise LawBroken with the values that show it, unless the law holds."""
    if not holds:
        raise LawBroken(f"{law}: {', '.join(f'{name}={value}' for name, value in values.items())}")


def ceil_div(x: int, divisor: int) -> int:
    return -(-x // divisor)


class Grounds:
    """What pools stand on: a chain, two tokens, an oracle and a rate model, all mocks unless given; a backstop if it is put here."""

    def __init__(
        self,
        asset_decimals: int,
        collateral_decimals: int,
        *,
        oracle: Contract | None = None,
        rate_model: Contract | None = None,
        chain: EmbeddedChain | None = None,
    ) -> None:
        self.backstop: Contract | None = None
        self.chain = chain or EmbeddedChain(timestamp=START)
        self.asset = Contract.create(self.chain, load("mocks/erc20_mock"), LIQUIDATOR, asset_decimals)
        self.collateral = Contract.create(self.chain, load("mocks/erc20_mock"), LIQUIDATOR, collateral_decimals)
        self.oracle = oracle or Contract.create(self.chain, load("mocks/oracle_mock"), LIQUIDATOR)
        self.rate_model = rate_model or Contract.create(self.chain, load("mocks/rate_mock"), LIQUIDATOR)
        for account in ACCOUNTS:
            self.asset.transact(account, "mint", account, WEALTH)
            self.collateral.transact(account, "mint", account, WEALTH)


def make_backstop(grounds: Grounds, build: Build) -> Contract:
    """A fund without covers, not yet sealed."""
    artifact = build.get("Backstop") or load("Backstop")
    return Contract.create(grounds.chain, artifact, LIQUIDATOR, grounds.asset.address, "backstop", "BACK", 10 * DAY)


def seal(backstop: Contract, asset: Contract, fund: int) -> None:
    """No more covers; an underwriter brings the fund."""
    backstop.transact(LIQUIDATOR, "seal")
    if fund > 0:
        asset.transact(UNDERWRITER, "mint", UNDERWRITER, fund)
        asset.transact(UNDERWRITER, "approve", backstop.address, fund)
        backstop.transact(UNDERWRITER, "deposit", fund, UNDERWRITER)


@dataclass
class Market:
    """A pool under watch. Everything goes through `act`, so that no transaction on the pool is missed by a law.

    Where the setting has a cover there is a backstop, that of the grounds if they have one; whoever shares it seals it.
    """

    setting: Setting
    build: Build = field(default_factory=dict)
    grounds: Grounds | None = None
    laws: Sequence[Law] = ()
    tally: Counter[str] = field(default_factory=Counter)
    is_fund_shared: bool = False
    acts: int = 0

    def __post_init__(self) -> None:
        setting, sender = self.setting, LIQUIDATOR
        self.artifact = self.build.get("Pool") or load("Pool")
        grounds = self.grounds or Grounds(setting.asset_decimals, setting.collateral_decimals)
        self.chain, self.asset, self.collateral = grounds.chain, grounds.asset, grounds.collateral
        self.oracle, self.rate_model = grounds.oracle, grounds.rate_model
        self.backstop = (grounds.backstop or make_backstop(grounds, self.build)) if setting.cover else None
        self.terms: Terms = replace(
            setting.terms,
            asset=self.asset.address,
            collateral=self.collateral.address,
            oracle=self.oracle.address,
            rate_model=self.rate_model.address,
            backstop=self.backstop.address if self.backstop else ZERO_ADDRESS,
        )
        self.pool = Contract.create(self.chain, self.artifact, sender, as_arguments(self.terms), "pool", "POOL")
        if self.backstop and setting.cover:
            self.backstop.transact(sender, "set_cover", self.pool.address, *setting.cover[1:])
            if not self.is_fund_shared:
                seal(self.backstop, self.asset, setting.cover.fund)
        self.low = self.high = 0
        self.donated = {self.asset.address: 0, self.collateral.address: 0}
        for account in ACCOUNTS:
            self.asset.transact(account, "approve", self.pool.address, MAX_UINT256)
            self.collateral.transact(account, "approve", self.pool.address, MAX_UINT256)
        self._accrued_at = self.now
        self._count_setting()
        self._balance_slot = load("mocks/erc20_mock").layout["erc20.balance_of"].slot
        self._balance_slots: dict[str, int] = {}

    # The world around the pool

    @property
    def now(self) -> int:
        return self.chain.timestamp

    def set_prices(self, low: int, high: int) -> None:
        """Let the oracle answer these prices, cut to what a price can be."""
        low, high = min(low, MAX_UINT256), min(max(1, high), MAX_UINT256)
        self.low, self.high = low, high
        self.oracle.transact(LIQUIDATOR, "set", ANSWERS, low, high)

    def set_rate(self, rate: int, mode: int = ANSWERS) -> None:
        """Let the rate model answer this rate (WAD a second), or fail; one that is no mock goes its own way."""
        if ("set", 2) in self.rate_model.interface.functions:
            self.rate_model.transact(LIQUIDATOR, "set", mode, rate)

    def break_oracle(self) -> None:
        """Let the oracle fail until prices are set again."""
        self.oracle.transact(LIQUIDATOR, "set", REVERTS, self.low, self.high)

    def pass_time(self, seconds: int) -> None:
        if seconds > 0:
            self.chain.advance_to(self.now + seconds)

    def donate(self, caller: str, token: Contract, amount: int) -> None:
        """Send tokens to the pool past its books."""
        token.transact(caller, "transfer", self.pool.address, amount)
        self.donated[token.address] += amount

    def is_locked(self, lender: str) -> bool:
        return self.terms.lockup > 0 and self.now < self.pool.call("locked_until", lender)

    @property
    def in_fund(self) -> int:
        """What the backstop holds, 0 if there is none."""
        return self.balance(self.asset, self.backstop.address) if self.backstop else 0

    @property
    def cover_left(self) -> int:
        """What the backstop would pay now, 0 if there is none."""
        left: int = self.backstop.call("cover_left", self.pool.address) if self.backstop else 0
        return left

    # Transactions on the pool

    def act(self, caller: str, name: str, *arguments: Any) -> Call:
        """One transaction on the pool, judged by every law; a refusal is counted and returned."""
        call = Call(caller, name, arguments)
        memories = [law.before(self, call) for law in self.laws]
        try:
            output = self.pool.transact(caller, name, *arguments)
        except Reverted as refusal:
            if refusal.is_halt:
                raise
            self.tally[f"{name} refused: {refusal.reason or 'without a reason'}"] += 1
            return call._replace(refusal=refusal.reason)
        call = call._replace(output=output, events=tuple(self.pool.events))
        self.acts += 1
        if name not in STANDING_STILL:
            self._accrued_at = self.now
        self._count(call)
        for law, memory in zip(self.laws, memories, strict=True):
            law.after(self, call, memory)
        return call

    def _count_setting(self) -> None:
        setting, terms = self.setting, self.terms
        self.tally[f"{setting.family} incentive"] += 1
        self.tally[f"asset of {setting.asset_decimals} decimals"] += 1
        self.tally[f"collateral of {setting.collateral_decimals} decimals"] += 1
        for term in ("target_ltv", "min_debt", "penalty", "reserve_factor", "creator_fee", "solvent_window", "premium", "lockup"):
            self.tally[f"with {term}" if getattr(terms, term) > 0 else f"without {term}"] += 1

    def _count(self, call: Call) -> None:
        self.tally[call.name] += 1
        for sale in call.logged("Liquidate"):
            borrower, loss = sale[1], sale[8]
            self.tally["sale full" if self.position(borrower).debt_shares == 0 else "sale partial"] += 1
            self.tally["sale with a loss" if loss > 0 else "sale without a loss"] += 1
        for _, _, from_reserve, from_backstop, from_lenders, from_premium in call.logged("LossRealised"):
            self.tally["loss on the reserve"] += from_reserve > 0
            self.tally["loss on the backstop"] += from_backstop > 0
            self.tally["loss on the premium"] += from_premium > 0
            self.tally["loss on lenders"] += from_lenders > 0

    # The pool as stored, asked of its views, so that nothing here depends on how it packs its storage

    def totals(self) -> Totals:
        """Totals as stored: what the pool shows as of the second in which it last accrued."""
        return Totals(*self.pool.call("state", at=self._accrued_at)[:6])

    def totals_now(self) -> Totals:
        """Totals as if accrued now."""
        return Totals(*self.pool.call("state")[:6])

    def position(self, borrower: str) -> Position:
        """A position; nothing of it depends on the time."""
        return Position(*self.pool.call("position", borrower))

    def positions(self) -> dict[str, Position]:
        return {account: self.position(account) for account in ACCOUNTS}

    def shares_of(self, lender: str) -> int:
        shares: int = self.pool.call("balanceOf", lender)
        return shares

    def balance(self, token: Contract, owner: str) -> int:
        """Tokens of an account, read from the token's storage."""
        if owner not in self._balance_slots:
            self._balance_slots[owner] = entry_slot(self._balance_slot, owner)
        return self.chain.storage(token.address, self._balance_slots[owner])

    # What positions are worth, worked out here from the protocol's formulas and not asked of the contract

    def value(self, collateral: int, price: int) -> int:
        return min(MAX_VALUE, collateral * price // PRICE_SCALE)

    def limit(self, collateral: int, price: int) -> int:
        """Most debt that is still healthy."""
        return self.value(collateral, price) * self.terms.liq_ltv // WAD

    def is_healthy(self, position: Position, totals: Totals) -> bool:
        return totals.debt_of(position.debt_shares) <= self.limit(position.collateral, self.high)

    def elapsed(self, position: Position) -> int:
        """Seconds that the clock of the sale has run."""
        seconds = self.now - position.unhealthy_since
        return seconds if 0 < position.unhealthy_since and seconds <= self.terms.sale_timeout else 0

    def edge_price(self, position: Position, totals: Totals) -> int:
        """The lowest price at which a position with collateral and debt is healthy; one unit less and it is not."""
        needed = ceil_div(totals.debt_of(position.debt_shares) * WAD, self.terms.liq_ltv)
        return ceil_div(needed * PRICE_SCALE, position.collateral)
