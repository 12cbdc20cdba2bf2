"""What the commands that speak to a real chain share: their options, the password, and one line for whatever goes wrong there."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ringfence.cli.exit_codes import BAD_INPUT, DONE
from ringfence.cli.stops import Misuse
from ringfence.inputs.errors import InputError, NotExact

if TYPE_CHECKING:
    from ringfence.chain.keystore import Keystore, Signer
    from ringfence.chain.rpc import Node
    from ringfence.chain.sender import Waiting

Command = Callable[..., Any]
MAX_PASSWORD_BYTES = 4096


class Failed(Exception):
    """What the chain refuses; str() is one line, and the exit code is 1."""


def rpc_option(command: Command) -> Command:
    """The node."""
    return click.option("--rpc", required=True, metavar="URL", help="The node: http://HOST:PORT or https://HOST/PATH.")(command)


def json_option(command: Command) -> Command:
    """The result for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result on standard output and nothing else.")(command)


def chain_option(command: Command) -> Command:
    """A guard against the wrong chain."""
    return click.option("--chain-id", type=int, metavar="N", help="Refuse any other chain.")(command)


def sending_options(command: Command) -> Command:
    """The account, and how and whether it sends."""
    for option in reversed(
        (
            click.option("--keystore", required=True, metavar="FILE", help="The account's keystore (JSON, version 3)."),
            click.option("--password-file", metavar="FILE", help="Its password is the first line of this file; asked for if left out."),
            click.option("--journal", metavar="FILE", help="Where every transaction is written down before it is sent."),
            click.option("--max-fee-gwei", default="100", show_default=True, metavar="GWEI", help="Never pay more for a unit of gas."),
            click.option("--confirmations", default=1, show_default=True, type=click.IntRange(1, 1000), help="Blocks that must hold it."),
            click.option("--timeout", default=600, show_default=True, type=click.IntRange(1, 86_400), help="Seconds to wait for each."),
            click.option("--dry-run", is_flag=True, help="Say what would be done, and stop."),
            click.option("--yes", is_flag=True, help="Send. Without it nothing is signed or sent."),
        )
    ):
        command = option(command)
    return command


@contextmanager
def answering(node: "Node") -> Iterator[None]:
    """What a node or a contract does wrong becomes one line: a node's silence is bad input, a refusal has failed."""
    from ringfence.chain.errors import ChainError, NodeError, Reverted
    from ringfence.chain.live_pool import refused

    try:
        yield
    except NodeError as err:
        raise InputError("--rpc", f"{node.name} {err}") from err
    except Reverted as err:
        raise Failed(f"the contract refuses: {refused(err)}") from err
    except ChainError as err:
        raise Failed(str(err)) from err


def node_at(url: str, chain_id: int | None) -> "Node":
    """The node, which answers and is on the chain that was asked for; raises InputError."""
    from ringfence.chain.errors import NodeError
    from ringfence.chain.rpc import Node

    try:
        node = Node(url)
    except NodeError as err:
        raise InputError("--rpc", str(err)) from err
    with answering(node):
        found = node.chain_id()
    if chain_id not in (None, found):
        raise InputError("--chain-id", f"the node is on chain {found}, not on {chain_id}")
    return node


def ceiling_of(text: str) -> int:
    """The most that is paid for a unit of gas, in wei; raises InputError."""
    from ringfence.inputs.decimals import exact_scaled

    try:
        ceiling = exact_scaled(text, 9, 10**18)
    except NotExact as err:
        raise InputError("--max-fee-gwei", str(err), remedy="write gwei, a decimal") from err
    if ceiling == 0:
        raise InputError("--max-fee-gwei", "is 0")
    return ceiling


def waiting_of(timeout: int, confirmations: int) -> "Waiting":
    """How long to wait for a receipt."""
    from ringfence.chain.sender import Waiting

    return Waiting(timeout=timeout, confirmations=confirmations)


def unlocked(keystore: "Keystore", password_file: str | None) -> "Signer":
    """The account with its key open; the password comes from a file or a person, never from the command line."""
    if password_file is None:
        if not sys.stdin.isatty():
            raise InputError("--password-file", "is missing, and nobody is there to be asked", remedy="name a file with the password")
        return keystore.unlock(click.prompt(f"Password for {keystore.address}", hide_input=True, err=True, default="", show_default=False))
    try:
        with open(password_file, "rb") as file:
            content = file.read(MAX_PASSWORD_BYTES + 1)
        if len(content) > MAX_PASSWORD_BYTES:
            raise InputError(password_file, "is too long to be a password", column="--password-file")
        return keystore.unlock(content.decode("utf-8").split("\n")[0].rstrip("\r"))
    except OSError as err:
        raise InputError(password_file, (err.strerror or "cannot be read").lower(), column="--password-file") from err
    except UnicodeDecodeError as err:
        raise InputError(password_file, "is not UTF-8 text", column="--password-file") from err


def check_consent(yes: bool, dry_run: bool) -> None:
    """Sending and only looking exclude each other; raises Misuse."""
    if yes and dry_run:
        raise Misuse("--yes sends and --dry-run does not: give one of them.")


def address_of(text: str, option: str) -> str:
    """An address in lower case; raises InputError."""
    from ringfence.inputs.checksum import problem_of

    if problem := problem_of(text):
        raise InputError(option, problem, remedy='write "0x" and 40 hexadecimal digits')
    return text.lower()


def not_sent(dry_run: bool) -> int:
    """Says that nothing was sent, which is the end of a dry run and a mistake without one; the exit code."""
    if dry_run:
        say("Nothing was sent.")
        return DONE
    say("ringfence: nothing was sent; --yes sends, --dry-run only looks")
    return BAD_INPUT


def say(text: str) -> None:
    """Progress, on standard error."""
    click.echo(text, err=True)


def ether(wei: int) -> str:
    """Wei as ether, to six digits, rounded up: it is what must be there."""
    return f"{-(-wei // 10**12) / 10**6:,.6f}".rstrip("0").rstrip(".")
