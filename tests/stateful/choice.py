"""Where random choices come from: hypothesis, which can replay and shrink them, or a seeded generator. One interface, so that terms and
moves are written once."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Choice(Protocol):
    """Whoever decides."""

    def number(self, low: int, high: int) -> int:
        """An integer, both ends included."""
        ...

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        ...


class Drawn:
    """Choices drawn by hypothesis; `draw` is that of `st.data()` or of a composite strategy."""

    def __init__(self, draw: Callable[..., Any]) -> None:
        self._draw = draw

    def number(self, low: int, high: int) -> int:
        result: int = self._draw(st.integers(low, high))
        return result

    def pick(self, options: Sequence[T]) -> T:
        return options[self._draw(st.integers(0, len(options) - 1))]


class Seeded:
    """Choices of a generator: the same seed, the same choices."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def pick(self, options: Sequence[T]) -> T:
        return options[self._random.randrange(len(options))]
