# pragma version 0.4.3
"""
@title One feed as a pool's oracle: low and high are the same price
@license MIT
@notice Wraps any contract with `price()` (times 1e36). Twin of src/ringfence/model/single_price.py.
"""

from interfaces import IFeed
from interfaces import IOracle

implements: IOracle

feed: public(immutable(IFeed))


@deploy
def __init__(source: IFeed):
    feed = source


@external
@view
def prices() -> (uint256, uint256):
    price: uint256 = staticcall feed.price()
    return price, price
