# pragma version 0.4.3
"""
@title A feed that anybody can set
@license MIT
@notice Price in asset base units per 1 collateral base unit, times 1e36.
"""

price: public(uint256)


@external
def set_price(price: uint256):
    self.price = price
