# pragma version 0.4.3
"""
@title A pool's oracle that reads two independent sources, and says when it cannot tell a price
@license MIT
@notice Each side is one Chainlink feed, or two whose quotient is the price. Both sides usable and close: (lower, higher). One usable, or
    both but too far apart: (0, the highest usable), which stops new risk and sells only what is unhealthy on the kindest price. None:
    a revert. Nobody owns it, nothing changes. Twin of src/ringfence/model/guarded_oracle.py.
"""

from interfaces import IAggregator
from interfaces import IOracle

import rounding

implements: IOracle

# One source. base: collateral in X, quote: asset in X, price = base / quote; without a quote X is the asset. Ages in seconds.
struct Side:
    base: IAggregator
    base_max_age: uint256
    quote: IAggregator
    quote_max_age: uint256

WAD: constant(uint256) = 10**18
PRICE_DECIMALS: constant(uint256) = 36
# Then a scale is a whole power of ten under 2^256: at least 10^(36 - 18 - 18), at most 10^(36 + 18 + 18).
MAX_DECIMALS: constant(uint256) = 18
MAX_AGE: constant(uint256) = 7 * 24 * 3600
ANSWER_SIZE: constant(uint256) = 160

# A feed that burns all it is given leaves enough for the others: four times this is within what a pool gives its oracle.
FEED_GAS: constant(uint256) = 400_000
# A call gets at most 63/64 of what is left; 10,000 are more than reaching a cold account costs. With less, a sound feed could be made to
# look dead by whoever sends little gas, so the whole call is refused then.
GAS_BEFORE: constant(uint256) = FEED_GAS * 64 // 63 + 10_000

collateral: public(immutable(address))
asset: public(immutable(address))
side_a: public(immutable(Side))
side_b: public(immutable(Side))
scale_a: public(immutable(uint256))
scale_b: public(immutable(uint256))
min_price: public(immutable(uint256))
max_price: public(immutable(uint256))
max_divergence: public(immutable(uint256))


@deploy
def __init__(collateral_: address, asset_: address, a: Side, b: Side, min_price_: uint256, max_price_: uint256, max_divergence_: uint256):
    # Under 2^256 - 1, so that a price cut to 256 bits is out of bounds.
    assert 0 < min_price_ and min_price_ < max_price_ and max_price_ < max_value(uint256), "oracle: price bounds out of range"
    self._check_side(a)
    if b.base.address == empty(address):
        assert b.base_max_age == 0 and b.quote.address == empty(address) and b.quote_max_age == 0, "oracle: no base feed"
        assert max_divergence_ == 0, "oracle: max_divergence out of range"
    else:
        self._check_side(b)
        assert a.base.address != b.base.address, "oracle: both sides have the same base feed"
        assert 0 < max_divergence_ and max_divergence_ < WAD, "oracle: max_divergence out of range"
    collateral = collateral_
    asset = asset_
    side_a = a
    side_b = b
    # Read from the tokens, so that nobody can misstate them.
    exponent: uint256 = PRICE_DECIMALS + self._decimals(asset_) - self._decimals(collateral_)
    scale_a = self._scale(a, exponent)
    scale_b = self._scale(b, exponent)
    min_price = min_price_
    max_price = max_price_
    max_divergence = max_divergence_
    # A feed of something else, upside down or with other decimals, is found here, before anybody lends on it.
    low: uint256 = 0
    high: uint256 = 0
    low, high = self._prices()
    assert low > 0, "oracle: no price to start with"


@external
@view
def prices() -> (uint256, uint256):
    return self._prices()


@internal
@view
def _prices() -> (uint256, uint256):
    is_a: bool = False
    low_a: uint256 = 0
    high_a: uint256 = 0
    is_a, low_a, high_a = self._price(side_a, scale_a)
    if side_b.base.address == empty(address):
        assert is_a, "oracle: no usable price"
        return low_a, high_a
    is_b: bool = False
    low_b: uint256 = 0
    high_b: uint256 = 0
    is_b, low_b, high_b = self._price(side_b, scale_b)
    assert is_a or is_b, "oracle: no usable price"
    high: uint256 = max(high_a, high_b)
    # Nobody can tell which of the two is right, so nobody borrows, and nobody is sold who is healthy on either.
    if not (is_a and is_b) or self._is_apart(min(low_a, low_b), high):
        return 0, high
    return min(low_a, low_b), high


@internal
@view
def _is_apart(low: uint256, high: uint256) -> bool:
    # Measured on the lower price, which is stricter than on the higher one.
    return high - low > rounding._mul_div_down(low, max_divergence, WAD)


@internal
@view
def _price(side: Side, scale: uint256) -> (bool, uint256, uint256):
    # A side's price rounded down and rounded up, for new risk and for sales; zeros if it has none that can be used.
    base: uint256 = self._answer(side.base.address, side.base_max_age)
    if base == 0:
        return False, 0, 0
    quote: uint256 = 1
    if side.quote.address != empty(address):
        quote = self._answer(side.quote.address, side.quote_max_age)
        if quote == 0:
            return False, 0, 0
    low: uint256 = rounding._mul_div_down_capped(base, scale, quote, max_value(uint256))
    rest: uint256 = convert(uint256_mulmod(base, scale, quote) > 0, uint256)
    if low < min_price or low > max_price - rest:
        return False, 0, 0
    return True, low, low + rest


@internal
@view
def _answer(feed: address, max_age: uint256) -> uint256:
    # A feed's answer, 0 if it has none that can be used; nothing that a feed does can make this revert.
    assert msg.gas >= GAS_BEFORE, "oracle: too little gas"
    is_answered: bool = False
    output: Bytes[ANSWER_SIZE] = b""
    is_answered, output = raw_call(
        feed,
        method_id("latestRoundData()"),
        max_outsize=ANSWER_SIZE,
        gas=FEED_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not is_answered or len(output) < ANSWER_SIZE:
        return 0
    # As whole words: a number of a round that is not of its type would revert, and no rule asks for it.
    round_id: uint256 = 0
    answer: int256 = 0
    started_at: uint256 = 0
    updated_at: uint256 = 0
    answered_in: uint256 = 0
    round_id, answer, started_at, updated_at, answered_in = abi_decode(output, (uint256, int256, uint256, uint256, uint256))
    if answer <= 0 or updated_at == 0 or updated_at > block.timestamp or block.timestamp - updated_at > max_age:
        return 0
    return convert(answer, uint256)


# Inside, at creation


@internal
@pure
def _check_side(side: Side):
    assert side.base.address != empty(address), "oracle: no base feed"
    assert side.base.address != side.quote.address, "oracle: base and quote are the same feed"
    assert 0 < side.base_max_age and side.base_max_age <= MAX_AGE, "oracle: max_age out of range"
    if side.quote.address == empty(address):
        assert side.quote_max_age == 0, "oracle: no quote feed"
    else:
        assert 0 < side.quote_max_age and side.quote_max_age <= MAX_AGE, "oracle: max_age out of range"


@internal
@view
def _scale(side: Side, exponent: uint256) -> uint256:
    if side.base.address == empty(address):
        return 0
    quote_decimals: uint256 = 0
    if side.quote.address != empty(address):
        quote_decimals = self._decimals(side.quote.address)
    return 10 ** (exponent + quote_decimals - self._decimals(side.base.address))


@internal
@view
def _decimals(token: address) -> uint256:
    is_answered: bool = False
    output: Bytes[32] = b""
    is_answered, output = raw_call(
        token, method_id("decimals()"), max_outsize=32, is_static_call=True, revert_on_failure=False
    )
    assert is_answered and len(output) == 32, "oracle: no decimals"
    decimals: uint256 = convert(output, uint256)
    assert decimals <= MAX_DECIMALS, "oracle: over 18 decimals"
    return decimals
