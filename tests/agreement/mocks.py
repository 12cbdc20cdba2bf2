"""Twins of contracts/mocks: what the pool meets outside itself, as plain Python objects that answer and fail alike."""

from collections.abc import Callable
from typing import Any

from ringfence.model.erc20 import Ledger
from ringfence.model.errors import Revert

REVERT, SHORT, LONG = 1, 2, 3
FEE, SILENT, FALSE, FAILING, SURCHARGE = 1, 2, 3, 4, 5


class OracleMock:
    """Twin of oracle_mock.vy: an answer too short, or too low a price, is for the pool to judge, so a short one is `high` = 0 here."""

    def __init__(self) -> None:
        self.mode, self.low, self.high = 0, 0, 0

    def set(self, mode: int, low: int, high: int) -> None:
        self.mode, self.low, self.high = mode, low, high

    def prices(self) -> tuple[int, int]:
        if self.mode in (REVERT, SHORT):
            raise Revert("oracle mock: fails")
        return self.low, self.high


class FeedMock:
    """Twin of feed_mock.vy."""

    def __init__(self) -> None:
        self.answer = 0

    def price(self) -> int:
        return self.answer


class RateMock:
    """Twin of rate_mock.vy; fewer than 32 bytes are no answer."""

    def __init__(self) -> None:
        self.mode, self.answer = 0, 0

    def set(self, mode: int, answer: int) -> None:
        self.mode, self.answer = mode, answer

    def rate(self, pool: str, debt_assets: int, supply_assets: int, elapsed: int) -> int:
        if self.mode in (REVERT, SHORT):
            raise Revert("rate mock: fails")
        return self.answer

    def update(self, caller: str, debt_assets: int, supply_assets: int, elapsed: int) -> int:
        return self.rate(caller, debt_assets, supply_assets, elapsed)


class OddToken(Ledger):
    """Twin of odd_erc20_mock.vy as a pool meets it: what the pool refuses in its answer is raised here with the pool's text."""

    __slots__ = ("mode", "pool")

    def __init__(self) -> None:
        super().__init__()
        self.mode = 0
        self.pool = ""

    def transfer(self, caller: str, receiver: str, amount: int) -> bool:
        self._shift(caller, receiver, amount)
        return True

    def transfer_from(self, caller: str, owner: str, receiver: str, amount: int) -> bool:
        allowed = self.allowances.get((owner, caller), 0)
        if allowed < amount:
            raise Revert("")
        if self.mode == FEE and amount >= 100 and receiver == self.pool and self.balances.get(owner, 0) >= amount:
            raise Revert("transfer: too little arrived")
        self._shift(owner, receiver, amount)
        self.allowances[owner, caller] = allowed - amount
        return True

    def _shift(self, sender: str, receiver: str, amount: int) -> None:
        if self.mode == FAILING:
            raise Revert("odd erc20 mock: fails")
        if self.mode == FALSE:
            raise Revert("transfer: token refused")
        taken = amount + (amount // 100 if self.mode == SURCHARGE else 0)
        arrived = amount - (amount // 100 if self.mode == FEE else 0)
        if self.balances.get(sender, 0) < taken:
            raise Revert("")
        self.balances[sender] = self.balances.get(sender, 0) - taken
        self.balances[receiver] = self.balances.get(receiver, 0) + arrived


class Buyer:
    """Twin of reenter_mock.vy: a liquidator whose callback makes one more call and remembers how it ended."""

    def __init__(self) -> None:
        self.is_called = False
        self.is_let_in = False
        self.calls: Callable[[], Any] | None = None

    def set(self, calls: Callable[[], Any] | None) -> None:
        self.calls = calls
        self.is_called = self.is_let_in = False

    def on_liquidation(self, payment: int, data: bytes) -> None:
        self.is_called = True
        try:
            if self.calls is not None:
                self.calls()
            self.is_let_in = True
        except Revert:
            self.is_let_in = False


class BackstopMock:
    """Twin of backstop_mock.vy, with a re-entrance that the pool does not let in."""

    REVERT, BURN, HALF, TWICE, REENTER, SHORT, LIE, TAKE = range(1, 9)

    def __init__(self, asset: Ledger, address: str) -> None:
        self.asset, self.address = asset, address
        self.mode = 0

    def cover(self, caller: str, amount: int) -> int:
        if self.mode in (self.REVERT, self.BURN, self.TAKE):
            raise Revert("backstop mock: fails")
        due = {self.HALF: amount // 2, self.TWICE: 2 * amount, self.LIE: 0}.get(self.mode, amount)
        self.asset.transfer(self.address, caller, min(due, self.asset.balance_of(self.address)))
        return amount

    def snapshot(self) -> int:
        return self.mode

    def restore(self, snapshot: int) -> None:
        self.mode = snapshot
