"""Every view of the pool on both sides, refusals included: a few after each act, all of them now and then."""

from collections.abc import Callable
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING, Any

from ringfence.chain.errors import Reverted
from ringfence.model.errors import Revert
from ringfence.model.terms import MAX_UINT256

if TYPE_CHECKING:
    from tests.agreement.twins import Twins

# Contract's name, model's name, kind of argument.
NO_ARGUMENT = (("totalSupply", "total_supply"), ("totalAssets", "total_assets"), ("state", "state"))
OF_ACCOUNT = (
    ("debt_of", "debt_of"),
    ("health", "health"),
    ("is_healthy", "is_healthy"),
    ("maxDeposit", "max_deposit"),
    ("maxMint", "max_mint"),
    ("maxWithdraw", "max_withdraw"),
    ("maxRedeem", "max_redeem"),
)
OF_AMOUNT = (
    ("convertToShares", "convert_to_shares"),
    ("convertToAssets", "convert_to_assets"),
    ("previewDeposit", "preview_deposit"),
    ("previewMint", "preview_mint"),
    ("previewWithdraw", "preview_withdraw"),
    ("previewRedeem", "preview_redeem"),
)
# Views that answer as stored.
TIMELESS = (("balanceOf", "balance_of"), ("position", "position"), ("locked_until", "locked_until"), ("nonces", "nonces"))


class Rotation:
    """Takes turns through views, accounts and amounts, so that each is asked often without all being asked every time."""

    def __init__(self, twins: "Twins") -> None:
        self.twins = twins
        self.rng = Random(7)
        one = [(name, twin, "none") for name, twin in NO_ARGUMENT]
        one += [(name, twin, "account") for name, twin in OF_ACCOUNT] + [(name, twin, "amount") for name, twin in OF_AMOUNT]
        one += [(name, twin, "stored") for name, twin in TIMELESS]
        self.turns = cycle(one)
        self.accounts = cycle(twins.accounts)

    def some(self) -> None:
        """Compare the next three views, and the quote for the next account."""
        account = next(self.accounts)
        for _ in range(3):
            name, twin, kind = next(self.turns)
            self._compare(name, twin, kind, account, self.amount(self.rng))
        self.quote(account, self.amount(self.rng))

    def all(self, rng: Random) -> None:
        """Compare every view, those of an account for every account."""
        for name, twin in NO_ARGUMENT:
            self._compare(name, twin, "none", "", 0)
        for name, twin in OF_AMOUNT:
            for amount in (0, 1, self.amount(rng), MAX_UINT256):
                self._compare(name, twin, "amount", "", amount)
        for account in self.twins.accounts:
            for name, twin in OF_ACCOUNT:
                self._compare(name, twin, "account", account, 0)
            for name, twin in TIMELESS:
                self._compare(name, twin, "stored", account, 0)
            for amount in (0, 1, self.amount(rng), MAX_UINT256):
                self.quote(account, amount)
            other = rng.choice(self.twins.accounts)
            self._ask("allowance", "allowance", (account, other), (account, other))
            self._ask("is_operator", "is_operator", (account, other), (account, other))
        self._constants()

    def quote(self, account: str, amount: int) -> None:
        """Compare what a sale would be."""
        self._ask("quote_liquidation", "quote_liquidation", (account, amount), (account, amount, self.twins.now))

    def amount(self, rng: Random) -> int:
        """An amount of the world's size, or an extreme one."""
        kind = rng.random()
        if kind < 0.1:
            return rng.choice((0, 1, 2**128 - 1, 2**128, MAX_UINT256))
        return rng.randint(0, 4 * self.twins.world.unit) * (10**6 if kind < 0.4 else 1)

    def _compare(self, name: str, twin: str, kind: str, account: str, amount: int) -> None:
        arguments: tuple[Any, ...] = {"none": (), "amount": (amount,)}.get(kind, (account,))
        self._ask(name, twin, arguments, arguments if kind == "stored" else (*arguments, self.twins.now))

    def _ask(self, name: str, twin: str, arguments: tuple[Any, ...], of_model: tuple[Any, ...]) -> None:
        twins = self.twins
        on_contract = _answer(twins.contract.call, name, *arguments)
        on_model = _answer(getattr(twins.pool, twin), *of_model)
        if on_contract != on_model:
            twins.fail(f"then {name}{arguments}: contract {on_contract}, model {on_model}")

    def _constants(self) -> None:
        # What the model does not have: the vault's labels.
        contract, world = self.twins.contract, self.twins.world
        expected = {"name": "Pool", "symbol": "POOL", "decimals": world.asset_decimals + 6, "asset": self.twins.asset.address}
        for name, value in expected.items():
            if contract.call(name) != value:
                self.twins.fail(f"then {name}(): contract {contract.call(name)}, expected {value}")
        terms = self.twins.pool.terms()
        if contract.call("terms") != tuple(getattr(terms, field) for field in terms.__slots__):
            self.twins.fail("then terms(): not what the pool was created with")


def _answer(ask: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    try:
        return "ok", ask(*arguments)
    except Reverted as refusal:
        return ("halted", refusal.halt) if refusal.is_halt else ("refused", refusal.reason)
    except Revert as refusal:
        return "refused", str(refusal)
    except Exception as crash:  # a model that crashes differs from any contract
        return "crashed", repr(crash)[:200]
