"""What stops a command before it is done, beside bad input.

Exception tree:

    Exception
      Interrupted    Ctrl-C or SIGTERM while a command ran; the parser of the command line would answer with a line of its own
      Misuse         arguments that name no command; str() is one line: what is wrong, and where the help is
"""


class Interrupted(Exception):
    """Ctrl-C or SIGTERM while a command ran."""


class Misuse(Exception):
    """Arguments that name no command."""
