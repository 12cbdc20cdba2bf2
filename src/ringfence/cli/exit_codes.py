"""What the exit code of a command says."""

DONE = 0
FAILED = 1
"""A check or a verdict failed."""
BAD_INPUT = 2
NO_ANSWER = 3
INTERRUPTED = 130
"""By Ctrl-C; as shells count, 128 and the number of the signal, so 143 by SIGTERM."""
