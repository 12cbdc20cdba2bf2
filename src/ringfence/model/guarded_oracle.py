"""An oracle that reads two independent sources, and says when it cannot tell a price; twin of contracts/GuardedOracle.vy.

Each side is one feed, or two whose quotient is the price. Both sides usable and close: (lower, higher). One usable, or both but too far
apart: (0, the highest usable). None: Revert. Gas is not modelled: a feed that burns it all raises Revert here, as one that reverts.
"""

from typing import NamedTuple, Protocol

from .errors import Revert
from .rounding import div_up, mul_div_down, mul_div_down_capped
from .terms import MAX_UINT256, WAD

PRICE_DECIMALS = 36
MAX_DECIMALS = 18
MAX_AGE = 7 * 24 * 3600


class Token(Protocol):
    """Anything with decimals; raises Revert when it has none."""

    def decimals(self) -> int:
        """Return the decimals of a whole token."""
        ...


class Feed(Token, Protocol):
    """A price feed like Chainlink's AggregatorV3; raises Revert when it fails, answers too little or burns its gas."""

    def latest_round_data(self) -> tuple[int, int, int, int, int]:
        """Return (round_id, answer, started_at, updated_at, answered_in_round): whole token's price times 10^decimals, seconds."""
        ...


class Clock(Protocol):
    """Whoever keeps the time of the block."""

    @property
    def timestamp(self) -> int:
        """Return the block's time in seconds."""
        ...


class Side(NamedTuple):
    """One source: base is collateral in X, quote is asset in X; without a quote X is the asset. Ages in seconds."""

    base: Feed
    base_max_age: int
    quote: Feed | None = None
    quote_max_age: int = 0


class GuardedOracle:
    """Two-sided prices from one or two sources; bounds are prices times 1e36, the divergence is WAD of the lower price.

    Raises Revert when a parameter is out of its range, or when there is no price at the start.
    """

    __slots__ = ("_clock", "max_divergence", "max_price", "min_price", "scale_a", "scale_b", "side_a", "side_b")

    def __init__(
        self,
        collateral: Token,
        asset: Token,
        a: Side | None,
        b: Side | None,
        min_price: int,
        max_price: int,
        max_divergence: int,
        *,
        clock: Clock,
    ) -> None:
        # Under 2^256 - 1, so that a price cut to 256 bits is out of bounds.
        if not 0 < min_price < max_price < MAX_UINT256:
            raise Revert("oracle: price bounds out of range")
        side_a = _checked(a)
        if b is None:
            if max_divergence != 0:
                raise Revert("oracle: max_divergence out of range")
        else:
            _checked(b)
            if side_a.base is b.base:
                raise Revert("oracle: both sides have the same base feed")
            if not 0 < max_divergence < WAD:
                raise Revert("oracle: max_divergence out of range")
        # Read from the tokens, so that nobody can misstate them.
        exponent = PRICE_DECIMALS + _decimals(asset) - _decimals(collateral)
        self.side_a, self.side_b = side_a, b
        self.scale_a = _scale(side_a, exponent)
        self.scale_b = 0 if b is None else _scale(b, exponent)
        self.min_price, self.max_price, self.max_divergence = min_price, max_price, max_divergence
        self._clock = clock
        # A feed of something else, upside down or with other decimals, is found here, before anybody lends on it.
        if self.prices()[0] == 0:
            raise Revert("oracle: no price to start with")

    def prices(self) -> tuple[int, int]:
        """Return (low, high); raises Revert when no side can be used."""
        is_a, low_a, high_a = self._price(self.side_a, self.scale_a)
        if self.side_b is None:
            if not is_a:
                raise Revert("oracle: no usable price")
            return low_a, high_a
        is_b, low_b, high_b = self._price(self.side_b, self.scale_b)
        if not (is_a or is_b):
            raise Revert("oracle: no usable price")
        high = max(high_a, high_b)
        # Nobody can tell which of the two is right, so nobody borrows, and nobody is sold who is healthy on either.
        if not (is_a and is_b) or self._is_apart(min(low_a, low_b), high):
            return 0, high
        return min(low_a, low_b), high

    def _is_apart(self, low: int, high: int) -> bool:
        # Measured on the lower price, which is stricter than on the higher one.
        return high - low > mul_div_down(low, self.max_divergence, WAD)

    def _price(self, side: Side, scale: int) -> tuple[bool, int, int]:
        # A side's price rounded down and rounded up, for new risk and for sales; zeros if it has none that can be used.
        base = self._answer(side.base, side.base_max_age)
        if base == 0:
            return False, 0, 0
        quote = 1
        if side.quote is not None:
            quote = self._answer(side.quote, side.quote_max_age)
            if quote == 0:
                return False, 0, 0
        low = mul_div_down_capped(base, scale, quote, MAX_UINT256)
        high = div_up(base * scale, quote)
        if low < self.min_price or high > self.max_price:
            return False, 0, 0
        return True, low, high

    def _answer(self, feed: Feed, max_age: int) -> int:
        # A feed's answer, 0 if it has none that can be used; nothing that a feed does can make this raise.
        try:
            _, answer, _, updated_at, _ = feed.latest_round_data()
        except Revert:
            return 0
        now = self._clock.timestamp
        if answer <= 0 or updated_at == 0 or updated_at > now or now - updated_at > max_age:
            return 0
        return answer


# Inside, at creation


def _checked(side: Side | None) -> Side:
    if side is None:
        raise Revert("oracle: no base feed")
    if side.base is side.quote:
        raise Revert("oracle: base and quote are the same feed")
    if not 0 < side.base_max_age <= MAX_AGE:
        raise Revert("oracle: max_age out of range")
    if side.quote is None:
        if side.quote_max_age != 0:
            raise Revert("oracle: no quote feed")
    elif not 0 < side.quote_max_age <= MAX_AGE:
        raise Revert("oracle: max_age out of range")
    return side


def _scale(side: Side, exponent: int) -> int:
    quote_decimals = 0
    if side.quote is not None:
        quote_decimals = _decimals(side.quote)
    scale: int = 10 ** (exponent + quote_decimals - _decimals(side.base))
    return scale


def _decimals(token: Token) -> int:
    try:
        decimals = token.decimals()
    except Revert:
        raise Revert("oracle: no decimals") from None
    if decimals > MAX_DECIMALS:
        raise Revert("oracle: over 18 decimals")
    return decimals
