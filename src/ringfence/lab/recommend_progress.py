"""How far a recommendation is: evaluations done of about as many as there will be, then the stress run at the answer."""

from collections.abc import Callable, Sequence

Progress = Callable[[str, float], None]
"""Called with what is being done and the part of the whole that is done; what it raises stops the search."""
A_TERM = 16
"""Evaluations of one term, of a grid of a few hundred values."""
LAST_RUN = 12
"""The stress run at the answer takes about as long as so many evaluations."""


class Told:
    """Tells a listener how far the search is; evaluations are counted as the runs begin and end."""

    def __init__(self, listener: Progress | None, terms: Sequence[str]) -> None:
        self._listener, self._terms = listener, terms
        self._name, self._done, self._part = "", 0, 0.0

    def term(self, name: str) -> None:
        """The search for this term begins."""
        self._name = name

    def run(self, done: int, of: int) -> None:
        """So many paths of an evaluation are done; (0, 0): as many as before."""
        if of:
            if done >= of:
                self._done, self._part = self._done + 1, 0.0
            else:
                self._part = done / of
        about = self._about
        self._tell(f"evaluation {self._done + 1} of about {about}: {self._name}", (self._done + self._part) / (about + LAST_RUN))

    def aside(self, _done: int, _of: int) -> None:
        """A run that is no evaluation goes on."""
        self.run(0, 0)

    def last(self, done: int, of: int) -> None:
        """So many paths of the stress run at the answer are done."""
        part = done / of if of else 0.0
        self._tell("stress at the answer", (self._done + part * LAST_RUN) / (self._done + LAST_RUN))

    @property
    def _about(self) -> int:
        """Evaluations in all: what the terms that are left will take on top."""
        left = len(self._terms) - (self._terms.index(self._name) if self._name in self._terms else 0)
        return max(self._done + left * A_TERM // 2, len(self._terms) * A_TERM)

    def _tell(self, text: str, part: float) -> None:
        if self._listener is not None:
            self._listener(text, min(part, 1.0))
