"""`ringfence pool`: looks at a deployed pool, and lends, borrows and pays back on it when told to."""

from typing import TYPE_CHECKING, Any

import click

from ringfence.cli.account_options import (
    Failed,
    address_of,
    answering,
    ceiling_of,
    chain_option,
    check_consent,
    ether,
    json_option,
    node_at,
    not_sent,
    rpc_option,
    say,
    sending_options,
    unlocked,
    waiting_of,
)
from ringfence.cli.exit_codes import DONE, FAILED
from ringfence.cli.signals import tell
from ringfence.inputs.errors import InputError

if TYPE_CHECKING:
    from ringfence.chain.keystore import Keystore
    from ringfence.chain.live_pool import Act
    from ringfence.chain.rpc import Node
    from ringfence.chain.sender import Waiting
    from ringfence.inputs.pool_summary import PoolSummary

PIPED_WIDTH = 140
"""Wide enough that no address and no id is broken where no terminal says otherwise."""
LARGEST_ACT = 250_000
"""Gas that no act of one account takes more of; for those that cannot be tried before an approval."""
ACTS = {
    "deposit": "Lend AMOUNT of the asset.",
    "withdraw": "Take AMOUNT of what is lent out, or `all`.",
    "borrow": "Borrow AMOUNT of the asset.",
    "repay": "Pay back AMOUNT of the asset, or `all`.",
    "supply-collateral": "Add AMOUNT of the collateral.",
    "withdraw-collateral": "Take AMOUNT of the collateral out, or `all`.",
}


@click.group("pool", no_args_is_help=True)
def command() -> None:
    """Look at a deployed pool, lend to it, borrow from it.

    The pool's code must be that of this version. Amounts are whole tokens. Whatever spends shows what it would do and stops, unless --yes
    is given.
    """


@command.command("show")
@click.argument("address")
@rpc_option
@click.option("--account", metavar="ADDRESS", help="Also show what this account has and owes.")
@chain_option
@json_option
def show(address: str, rpc: str, account: str | None, chain_id: int | None, as_json: bool) -> int:
    """Show a pool's terms and state at the latest block."""
    from ringfence.chain.live_pool import open_pool, summary
    from ringfence.chain.rpc import BlockView

    pool = address_of(address, "ADDRESS")
    who = None if account is None else address_of(account, "--account")
    node = node_at(rpc, chain_id)
    try:
        with answering(node):
            found = summary(open_pool(BlockView(node, node.block()), pool), who)
    except Failed as err:
        say(f"ringfence: {err}")
        return FAILED
    if as_json:
        click.echo(found.to_json(), nl=False)
    _table(found, err=as_json)
    return DONE


def _table(found: "PoolSummary", *, err: bool) -> None:
    from rich.console import Console

    from ringfence.cli.pool_text import pool_tables
    from ringfence.cli.show import show_table

    console = Console(stderr=err, highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    for number, table in enumerate(pool_tables(found)):
        if number:
            console.print()
        show_table(console, table)


def _act_command(name: str, sentence: str) -> click.Command:
    @click.argument("address")
    @click.argument("amount")
    @rpc_option
    @chain_option
    @sending_options
    def run(address: str, amount: str, **given: Any) -> int:
        return _act(name, address_of(address, "ADDRESS"), amount, **given)

    run.__doc__ = sentence
    return click.command(name)(run)


for _name, _sentence in ACTS.items():
    command.add_command(_act_command(_name, _sentence))


def _act(
    name: str, address: str, amount: str, *, rpc: str, chain_id: int | None, keystore: str, password_file: str | None, journal: str | None,
    max_fee_gwei: str, confirmations: int, timeout: int, dry_run: bool, yes: bool,
) -> int:  # fmt: skip
    from ringfence.chain.keystore import read_keystore

    check_consent(yes, dry_run)
    tell(lambda: "nothing was sent")
    account, ceiling = read_keystore(keystore), ceiling_of(max_fee_gwei)
    node = node_at(rpc, chain_id)
    try:
        with answering(node):
            if not yes:
                _shown(name, address, amount, node, account.address, ceiling)
                return not_sent(dry_run)
            _run(name, address, amount, node, account, password_file, journal, ceiling, waiting_of(timeout, confirmations))
            _told(node, address, account.address)
    except Failed as err:
        say(f"ringfence: {err}")
        return FAILED
    return DONE


def _shown(name: str, address: str, amount: str, node: "Node", sender: str, ceiling: int) -> "Act":
    """What the act would do and cost, said; raises what stands in its way."""
    from ringfence.chain.errors import NotSent
    from ringfence.chain.live_pool import act, open_pool
    from ringfence.chain.rpc import BlockView
    from ringfence.chain.sender import current_fees, gas_limit, gwei

    planned = act(open_pool(BlockView(node, node.block()), address), sender, name, amount)
    fees = current_fees(node, ceiling)
    say(f"Chain {node.chain_id()}, account {sender}, pool {address}.")
    for number, step in enumerate(planned.steps, start=1):
        say(f"  {number}. {step.what}")
    for note in planned.notes:
        say(f"  {note}")
    gas = sum(node.estimate_gas(sender, step.to, step.data) for step in planned.steps[: None if planned.is_tried else -1])
    gas += 0 if planned.is_tried else LARGEST_ACT
    cost, balance = gas_limit(gas) * fees.max_fee, node.balance(sender)
    say(f"  about {gas:,} gas; at {gwei(fees.max_fee)} gwei at most {ether(cost)} ether")
    if balance < cost:
        raise NotSent(f"{sender} has {ether(balance)} ether, up to {ether(cost)} are needed for gas")
    return planned


def _run(
    name: str, address: str, amount: str, node: "Node", account: "Keystore", password_file: str | None, path: str | None, ceiling: int,
    waiting: "Waiting",
) -> None:  # fmt: skip
    """Send the act, after what earlier runs have left open is known; the password is asked for when the plan is there to be read."""
    from ringfence.chain.deployment import place_of
    from ringfence.chain.errors import NotSent
    from ringfence.chain.journal import Journal
    from ringfence.chain.live_pool import settle
    from ringfence.chain.sender import Sender, sent_of

    place = place_of(node, account.address)
    path = path or f"ringfence-{place.chain_id}-{place.sender[:10]}.journal.jsonl"
    owner = {"kind": "account", "chain_id": place.chain_id, "genesis": place.genesis, "sender": place.sender}
    with Journal(path) as records:
        if not records.records:
            records.write(**owner)
        elif records.records[0] != owner:
            raise InputError(path, "is the journal of another account or chain", remedy="name another with --journal")
        if happened := settle(records, node):
            raise NotSent(f"since an earlier run ended: {'; '.join(happened)}. Look at the pool, then give the command again")
        planned = _shown(name, address, amount, node, account.address, ceiling)
        signer = unlocked(account, password_file)
        tell(lambda: sent_of(planned.steps, place.nonce, records))
        sender = Sender(node, signer, records, place.chain_id, ceiling, waiting, say)
        try:
            for i, step in enumerate(planned.steps):
                sender.run(step, place.nonce + i)
        except BaseException:
            if any(records.of("sent", nonce=place.nonce + i) for i in range(len(planned.steps))):
                say(f"What was sent stands in {path}.")
            raise


def _told(node: "Node", address: str, account: str) -> None:
    """What the account has in the pool now; the act is done, so a node that does not answer any more changes nothing."""
    from ringfence.chain.errors import ChainError
    from ringfence.chain.live_pool import open_pool, shown, summary
    from ringfence.chain.rpc import BlockView

    try:
        found = summary(open_pool(BlockView(node, node.block()), address), account)
    except ChainError:
        return
    if (held := found.account) is not None:
        lent, collateral = shown(held.lent_assets, found.asset), shown(held.collateral, found.collateral)
        say(f"{account} now has {lent} lent, {collateral} of collateral and a debt of {shown(held.debt, found.asset)}.")
