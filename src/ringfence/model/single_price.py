"""One feed as a pool's oracle, low and high the same price; twin of contracts/SinglePrice.vy."""

from typing import Protocol


class Feed(Protocol):
    """Anything with one price: asset base units per collateral base unit, times 1e36; raises Revert when it has none."""

    def price(self) -> int:
        """Return the price."""
        ...


class SinglePrice:
    """An oracle that answers with its feed's price on both sides."""

    __slots__ = ("feed",)

    def __init__(self, feed: Feed) -> None:
        self.feed = feed

    def prices(self) -> tuple[int, int]:
        """Return (low, high), both the feed's price times 1e36."""
        price = self.feed.price()
        return price, price
