"""`ringfence deploy`: says what deploying a pool would do and cost, and does it when told to."""

import os
from typing import TYPE_CHECKING

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
from ringfence.cli.term_text import CAPS, NONE, term_text
from ringfence.inputs.pool_file import UNITS

if TYPE_CHECKING:
    from ringfence.chain.deployment import Place, Plan
    from ringfence.chain.journal import Journal
    from ringfence.chain.keystore import Keystore
    from ringfence.chain.rpc import Node
    from ringfence.chain.sender import Waiting
    from ringfence.inputs.deploy_result import DeployResult
    from ringfence.inputs.pool_file import PoolFile


@click.command("deploy")
@rpc_option
@click.option("--terms", required=True, metavar="FILE", help="The pool's terms, with the addresses of its tokens and its oracle.")
@click.option("--factory", metavar="ADDRESS", help="Make the pool in this factory; without it a blueprint and a factory are deployed, too.")
@click.option("--symbol", default="RFP", show_default=True, metavar="TEXT", help="The symbol of the lender shares, up to 16 bytes.")
@chain_option
@sending_options
@json_option
def command(
    rpc: str, terms: str, factory: str | None, symbol: str, chain_id: int | None, keystore: str, password_file: str | None,
    journal: str | None, max_fee_gwei: str, confirmations: int, timeout: int, dry_run: bool, yes: bool, as_json: bool,
) -> int:  # fmt: skip
    """Deploy a pool of these terms, with its rate model: shows the plan and stops, unless --yes is given.

    Every address is known before anything is sent. Each transaction is written into a journal first; after an interruption the same
    command goes on where it stopped, and deploys nothing twice. Exits with 1 if anything speaks against it.
    """
    from ringfence.chain.keystore import read_keystore
    from ringfence.inputs.pool_file import read_pool_file

    check_consent(yes, dry_run)
    tell(lambda: "nothing was sent")
    pool = read_pool_file(terms)
    for notice in pool.notices:
        say(f"notice: {notice}")
    account, ceiling = read_keystore(keystore), ceiling_of(max_fee_gwei)
    made_in = None if factory is None else address_of(factory, "--factory")
    path = journal or f"{terms}.journal.jsonl"
    node = node_at(rpc, chain_id)
    try:
        with answering(node):
            if yes:
                result = _sent(pool, node, account, password_file, path, made_in, symbol, ceiling, waiting_of(timeout, confirmations))
            else:
                result = _planned(pool, node, account.address, path, made_in, symbol, ceiling)
    except Failed as err:
        say(f"ringfence: {err}")
        return FAILED
    if as_json:
        click.echo(result.to_json(), nl=False)
    return _ending(result, dry_run)


def _planned(pool: "PoolFile", node: "Node", sender: str, path: str, factory: str | None, symbol: str, ceiling: int) -> "DeployResult":
    """The plan with its costs and what speaks against it, shown."""
    from ringfence.chain.deployment import finished, place_of, plan_of, result
    from ringfence.chain.journal import Journal

    if os.path.exists(path):
        with Journal(path) as records:
            if records.records:
                plan = _begun(pool, node, sender, records, factory, symbol)
                if done := finished(plan, pool, records):
                    say(f"The deployment in the journal {path} is done.")
                    return done
                mined = len(records.of("mined", succeeded=True))
                of_all = f"{mined} of {len(plan.steps)} transactions of it are mined"
                say(f"The deployment in the journal {path} has begun, {of_all}; --yes goes on with it.")
                return result(plan, pool, [], [0] * len(plan.steps))
    return _examined(plan_of(pool, place_of(node, sender), factory, symbol), pool, node, ceiling)


def _begun(pool: "PoolFile", node: "Node", sender: str, records: "Journal", factory: str | None, symbol: str) -> "Plan":
    """The plan that a journal was begun for; refused if it is another one than is asked for now."""
    from ringfence.chain.deployment import check_same, plan_of, resumed

    plan = plan_of(pool, resumed(records.records, _here(node, sender)), factory, symbol)
    check_same(plan, records)
    return plan


def _examined(plan: "Plan", pool: "PoolFile", node: "Node", ceiling: int) -> "DeployResult":
    from ringfence.chain.deployment import checks, gas_of, result
    from ringfence.chain.rpc import BlockView
    from ringfence.chain.sender import current_fees, gas_limit, gwei
    from ringfence.inputs.deploy_result import Check

    fees = current_fees(node, ceiling)
    found, gas = checks(plan, pool, BlockView(node, node.block())), gas_of(plan, node)
    # The chain wants what all limits allow to be there.
    limits = gas_limit(sum(gas))
    cost, balance = limits * fees.max_fee, node.balance(plan.sender)
    enough = Check("ether", balance >= cost, f"{ether(balance)} are there, at most {ether(cost)} are needed")
    planned = result(plan, pool, [*found, enough], gas)
    _show(planned)
    say(f"About {planned.gas:,} gas, limits of {limits:,}; at {gwei(fees.max_fee)} gwei at most {ether(cost)} ether.")
    return planned


def _sent(
    pool: "PoolFile", node: "Node", account: "Keystore", password_file: str | None, path: str, factory: str | None, symbol: str,
    ceiling: int, waiting: "Waiting",
) -> "DeployResult":  # fmt: skip
    """The deployment done, or gone on with; nothing is sent while anything speaks against it, and no password asked for."""
    from ringfence.chain.deployment import deploy, place_of, plan_of
    from ringfence.chain.journal import Journal
    from ringfence.chain.sender import Sender, sent_of

    with Journal(path) as records:
        checks = []
        if records.records:
            plan = _begun(pool, node, account.address, records, factory, symbol)
            say(f"Going on with the deployment in the journal {path}.")
        else:
            plan = plan_of(pool, place_of(node, account.address), factory, symbol)
            planned = _examined(plan, pool, node, ceiling)
            checks = list(planned.checks)
            if not planned.holds:
                return planned
        signer = unlocked(account, password_file)
        tell(lambda: sent_of(plan.steps, plan.nonce, records))
        try:
            return deploy(plan, pool, node, Sender(node, signer, records, plan.chain_id, ceiling, waiting, say), records, checks)
        except BaseException:
            if records.of("sent"):
                say(f"What was sent stands in {path}; the same command goes on from there.")
            raise


def _here(node: "Node", sender: str) -> "Place":
    """The chain and the account; which nonce comes next the journal tells."""
    from ringfence.chain.deployment import Place

    return Place(node.chain_id(), node.genesis(), sender, 0)


def _ending(result: "DeployResult", dry_run: bool) -> int:
    if result.is_sent:
        say(f"The pool is at {result.pool}.")
        return DONE
    if not result.holds:
        say("Nothing was sent: what is marked above speaks against it.")
        return FAILED
    return not_sent(dry_run)


def _show(result: "DeployResult") -> None:
    """The plan for a person: where, what, and what was looked at."""
    say(f"Chain {result.chain_id}, account {result.sender}, first nonce {result.steps[0].nonce}.")
    for number, step in enumerate(result.steps, start=1):
        say(f"  {number}. {step.what}: {step.creates}, about {step.gas:,} gas")
    if result.blueprint is not None:
        say("  No --factory was given, so a factory is deployed as well; the next pool can name it.")
    say("Fixed for ever (what is not shown is 0, an address or a cap that is not shown is none):")
    for name, value in result.terms.items():
        shown = term_text(name, value if UNITS[name] == "address" else int(value), result.pool_file.asset_decimals, "asset")
        if shown != NONE and (value != "0" or name in CAPS):
            say(f"  {name} = {shown}")
    for check in result.checks:
        mark = "BROKEN" if not check.holds else "NOTE  " if check.is_odd else "ok    "
        say(f"  {mark}  {check.what}: {check.found}")
