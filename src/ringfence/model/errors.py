"""What the model raises; the texts themselves stand beside the checks, word for word as in the contracts.

Exception tree:

    Revert      a call that the contract would revert; the state is as before; str() is the contract's text, "" for a bare revert
"""


class Revert(Exception):
    """A refused call: the text is the contract's revert reason, empty where the contract reverts without one (overflow, reentry)."""
