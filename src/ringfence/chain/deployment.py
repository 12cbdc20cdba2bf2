"""Deploying a pool on a real chain: what would be done, what speaks against it, and doing it so that an interruption costs nothing.

The plan names every address before anything is sent. All of it stands in the journal's first line; a later run goes on with that plan.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

from ringfence.chain.artifacts import load
from ringfence.chain.backstop import BackstopContract
from ringfence.chain.collaborators import OracleContract, RateContract, TokenContract
from ringfence.chain.contract import initcode
from ringfence.chain.created import created_address
from ringfence.chain.errors import ChainError, NodeError, NotSent, Reverted
from ringfence.chain.factory import FactoryContract, blueprint_code, blueprint_initcode, pool_address, terms_id
from ringfence.chain.journal import Journal
from ringfence.chain.pool import PoolContract, terms_tuple
from ringfence.chain.rate_models import rate_model_of
from ringfence.chain.rpc import BlockView, Node
from ringfence.chain.sender import Sender, Step
from ringfence.inputs.bounds import broken_bounds, shown_decimal
from ringfence.inputs.deploy_result import Check, DeployResult, SentStep
from ringfence.inputs.errors import InputError, printable
from ringfence.inputs.pool_file import FixedRateTerms, PoolFile
from ringfence.model.terms import YEAR_SECONDS, ZERO_ADDRESS, Terms

NEEDED = ("asset", "collateral", "oracle")
LIKELY_PRICES = (Fraction(1, 10**6), Fraction(10**12))
"""What one collateral is hardly ever worth less or more than, in whole assets: beyond it decimals have been forgotten or counted twice."""
MAX_SYMBOL_BYTES = 16
SIGNIFICANT = 6
# Gas, as the chain counts it; only to say what a step costs before it can be tried.
TRANSACTION_GAS, CREATION_GAS, BYTE_GAS, DATA_GAS, SLOT_GAS = 21_000, 32_000, 200, 16, 22_100


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a deployment does, from one nonce of one account on one chain; addresses are those that will be."""

    chain_id: int
    genesis: str
    sender: str
    nonce: int
    factory: str
    blueprint: str | None
    rate_model: str
    pool: str
    name: str
    symbol: str
    terms: Terms
    steps: tuple[Step, ...]

    def to_record(self) -> dict[str, Any]:
        """The journal's first line; two plans are the same if these are."""
        return {
            "kind": "plan",
            "chain_id": self.chain_id,
            "genesis": self.genesis,
            "sender": self.sender,
            "nonce": self.nonce,
            "factory": self.factory,
            "pool": self.pool,
            "steps": [{"what": step.what, "creates": step.creates, "digest": step.digest} for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class Place:
    """Where a deployment begins: chain, account and its next nonce."""

    chain_id: int
    genesis: str
    sender: str
    nonce: int


def place_of(node: Node, sender: str) -> Place:
    """The account's place now; raises NotSent while transactions of it are on their way, for then nobody knows its next nonce."""
    nonce, pending = node.nonce(sender), node.nonce(sender, "pending")
    if pending > nonce:
        raise NotSent(f"{pending - nonce} transactions of {sender} are on their way; wait for them")
    return Place(node.chain_id(), node.genesis(), sender, nonce)


def plan_of(pool: PoolFile, place: Place, factory: str | None, symbol: str) -> Plan:
    """The steps: a blueprint and a factory if none is given, a rate model unless the terms name one, the pool. Raises InputError."""
    _check_addresses(pool)
    if not 0 < len(symbol.encode("utf-8", "replace")) <= MAX_SYMBOL_BYTES or not symbol.isprintable():
        raise InputError("--symbol", f"is no symbol, a printable text of 1 to {MAX_SYMBOL_BYTES} bytes")
    steps: list[Step] = []

    def create(what: str, code: bytes) -> str:
        address = created_address(place.sender, place.nonce + len(steps))
        steps.append(Step(what, None, code, address))
        return address

    blueprint = None
    if factory is None:
        blueprint = create("put the pool's blueprint on the chain", blueprint_initcode(load("Pool")))
        factory = create("create the factory", initcode(load("PoolFactory"), (blueprint,)))
    terms = pool.terms
    if terms.rate_model == ZERO_ADDRESS:
        name, values = rate_model_of(pool.rate)
        terms = replace(terms, rate_model=create(f"create the rate model, {name}", initcode(load(name), values)))
    address = pool_address(factory, terms, pool.name, symbol)
    call = load("PoolFactory").interface.functions["create_pool", 3].encode((terms_tuple(terms), pool.name, symbol))
    steps.append(Step("create the pool", factory, call, address))
    return Plan(
        place.chain_id, place.genesis, place.sender, place.nonce, factory, blueprint, terms.rate_model, address, pool.name, symbol, terms,
        tuple(steps),
    )  # fmt: skip


def _check_addresses(pool: PoolFile) -> None:
    if missing := [name for name in NEEDED if getattr(pool.terms, name) == ZERO_ADDRESS]:
        said, remedy = ("is missing", "its address") if len(missing) == 1 else ("are missing", "their addresses")
        raise InputError(pool.file, said, column=f"[terms] {', '.join(missing)}", remedy=f"a pool on a chain needs {remedy}")
    if pool.terms.rate_model != ZERO_ADDRESS and pool.rate != FixedRateTerms():
        raise InputError(
            pool.file, "is there beside [rate]", column="[terms] rate_model", remedy="name a deployed rate model, or have one deployed"
        )


# What speaks against it


def checks(plan: Plan, pool: PoolFile, view: BlockView) -> list[Check]:
    """Every bound, and every contract that the pool will rest on, as far as it can be asked; nothing is believed for its address alone."""
    broken = broken_bounds(plan.terms)
    found = [Check("terms", False, sentence) for sentence in broken] or [Check("terms", True, "keep every bound")]
    found.append(_token(view, "asset", plan.terms.asset, pool.asset_decimals, plan.sender))
    found.append(_token(view, "collateral", plan.terms.collateral, pool.collateral_decimals, plan.sender))
    found.append(_answer(view, "oracle", plan.terms.oracle, lambda: _price(view, plan.terms.oracle, pool)))
    if all(step.creates != plan.rate_model for step in plan.steps):
        found.append(_answer(view, "rate_model", plan.rate_model, lambda: _rate(view, plan)))
    if plan.terms.backstop != ZERO_ADDRESS:
        found.append(_answer(view, "backstop", plan.terms.backstop, lambda: _backstop(view, plan, pool.asset_decimals)))
    if plan.blueprint is None:
        found.append(_answer(view, "factory", plan.factory, lambda: _factory(view, plan)))
        found += _pair(view, plan, found[-1])
    taken = [step.creates for step in plan.steps if step.creates and view.code(step.creates)]
    found += [Check("addresses", False, f"{address} has code already; is the node behind?") for address in taken]
    return found


def _answer(view: BlockView, what: str, address: str, ask: Callable[[], tuple[bool, str] | tuple[bool, str, bool]]) -> Check:
    if not view.code(address):
        return Check(what, False, f"{address} has no code on this chain")
    try:
        holds, detail, *is_odd = ask()
    except Reverted as err:
        return Check(what, False, f"{address} refuses: {printable(str(err)) or 'without a reason'}")
    except NodeError:
        raise
    except ChainError as err:
        return Check(what, False, f"{address} does not answer as it must: {printable(str(err), 160)}")
    return Check(what, holds, f"{address} {detail}", is_odd=any(is_odd))


def _token(view: BlockView, what: str, address: str, decimals: int, sender: str) -> Check:
    token = TokenContract(view, address, load("mocks/erc20_mock"))

    def ask() -> tuple[bool, str]:
        found = token.decimals
        token.balance_of(sender)
        return found == decimals, f"has {found} decimals" + ("" if found == decimals else f", the file says {decimals}")

    return _answer(view, what, address, ask)


def _price(view: BlockView, address: str, pool: PoolFile) -> tuple[bool, str, bool]:
    low, high = OracleContract(view, address, load("mocks/oracle_mock")).prices()
    # A price of one base unit is scaled by 1e36; of whole tokens, by the decimals of both too.
    whole = [(price * 10**pool.collateral_decimals, 36 + pool.asset_decimals) for price in (low, high)]
    shown = [significant(*each) for each in whole]
    detail = f"answers {shown[0]} to {shown[1]} asset for one collateral"
    if not 0 < low <= high:
        return False, f"{detail}, which no pool can use now", False
    least, most = LIKELY_PRICES
    is_odd = not all(least <= Fraction(value, 10**digits) <= most for value, digits in whole)
    return True, f"{detail}: hardly what it is worth, look at the decimals" if is_odd else detail, is_odd


def significant(value: int, digits: int) -> str:
    """An integer with so many digits behind the point, as a decimal that is cut to its first six that count, never in its whole part."""
    cut = 10 ** min(digits, max(0, len(str(value)) - SIGNIFICANT))
    return shown_decimal(value // cut * cut, digits)


def _backstop(view: BlockView, plan: Plan, decimals: int) -> tuple[bool, str, bool]:
    """A fund of another asset never pays; one that is sealed without the pool never will; an open one may yet."""
    fund = BackstopContract(view, plan.terms.backstop, load("Backstop"))
    if (asset := str(fund.call("asset"))) != plan.terms.asset:
        return False, f"pays {asset}, which is not the pool's asset", False
    max_assets, max_share, _ = fund.cover_of(plan.pool)
    left, sealed = fund.cover_left(plan.pool), fund.is_sealed
    if max_assets == 0 or max_share == 0:
        if sealed:
            return False, "is sealed and does not cover this pool, so it never will", False
        return True, f"does not cover {plan.pool} yet, and is not sealed: its creator has to do both before it pays anything", True
    detail = f"covers this pool up to {shown_decimal(max_assets, decimals)} asset, {shown_decimal(left, decimals)} of it now"
    return True, detail if sealed else f"{detail}; it is not sealed, so its creator can still take that back", not sealed


def _rate(view: BlockView, plan: Plan) -> tuple[bool, str]:
    rate = RateContract(view, plan.rate_model, load("mocks/rate_mock")).rate(plan.pool, 0, 0, 1)
    return True, f"answers {shown_decimal(rate * YEAR_SECONDS, 16)} % a year without debt"


def _factory(view: BlockView, plan: Plan) -> tuple[bool, str]:
    factory = FactoryContract.at(view, plan.factory)
    if not is_of(view.code(plan.factory), "PoolFactory"):
        return False, "is not the factory of this version"
    if view.code(factory.blueprint()) != blueprint_code(load("Pool")):
        return False, "makes pools of another version"
    if (pool := factory.pool_of(plan.terms)) is not None:
        return False, f"has the pool of these terms already: {pool}"
    return True, "is the factory of this version"


def _pair(view: BlockView, plan: Plan, factory: Check) -> list[Check]:
    """The other pools of the two tokens in this factory: a rate model that is deployed anew makes the same terms another pool."""
    if not factory.holds:
        return []
    contract, pair = FactoryContract.at(view, plan.factory), (plan.terms.asset, plan.terms.collateral)
    if (count := contract.pool_count(*pair)) == 0:
        return [Check("pair", True, "this factory has no pool of these two tokens yet")]
    there = "a pool" if count == 1 else f"{count:,} pools"
    last = contract.pool_at(*pair, count - 1)
    said = f"this factory has {there} of these two tokens already, the last at {last}; is another one meant?"
    return [Check("pair", True, said, is_odd=True)]


def is_of(code: bytes, name: str) -> bool:
    """Whether code on a chain is that of a shipped contract: the compiled code, and behind it the words that were fixed at creation."""
    artifact = load(name)
    return code.startswith(artifact.deployed_bytecode) and len(code) - len(artifact.deployed_bytecode) == artifact.immutables


# What it costs


def gas_of(plan: Plan, node: Node) -> list[int]:
    """Gas for each step: tried on the node where it can be, computed from sizes where it rests on a step before it."""
    return [_tried(step, plan.sender, node) or _computed(step) for step in plan.steps]


def _tried(step: Step, sender: str, node: Node) -> int:
    try:
        # What has no code yet answers nothing, and costs next to nothing: not what it will.
        return node.estimate_gas(sender, step.to, step.data) if step.to is None or node.code(step.to) else 0
    except ChainError:
        return 0


def _computed(step: Step) -> int:
    sent = TRANSACTION_GAS + CREATION_GAS + DATA_GAS * len(step.data)
    if step.to is None:
        return sent + BYTE_GAS * len(step.data)
    pool = load("Pool")
    return sent + BYTE_GAS * (len(pool.deployed_bytecode) + pool.immutables) + len(pool.bytecode) // 2 + 5 * SLOT_GAS


# Doing it


def deploy(plan: Plan, pool: PoolFile, node: Node, sender: Sender, journal: Journal, found: list[Check]) -> DeployResult:
    """Run what has not happened yet of the plan, then hold what is there against it; the result has the checks that were made before.

    Raises NotSent, Unfinished, Reverted, NodeError.
    """
    if journal.of("plan"):
        check_same(plan, journal)
    else:
        journal.write(**plan.to_record())
    receipts = [sender.run(step, plan.nonce + i) for i, step in enumerate(plan.steps)]
    verify(plan, BlockView(node, node.block()))
    journal.write(kind="done", pool=plan.pool)
    return result(plan, pool, found, [receipt.gas_used for receipt in receipts], [receipt.hash for receipt in receipts])


def check_same(plan: Plan, journal: Journal) -> None:
    """Raises InputError unless the journal was begun for this plan."""
    if journal.of("plan") != [plan.to_record()]:
        raise InputError(journal.path, "is the journal of another deployment", remedy="name another with --journal")


def finished(plan: Plan, pool: PoolFile, journal: Journal) -> DeployResult | None:
    """What a journal that is done says of its plan, None if it is not done."""
    mined = [journal.of("mined", nonce=plan.nonce + i, succeeded=True) for i in range(len(plan.steps))]
    if not journal.of("done", pool=plan.pool) or not all(mined):
        return None
    return result(plan, pool, [], [int(each[0]["gas_used"]) for each in mined], [str(each[0]["hash"]) for each in mined])


def verify(plan: Plan, view: BlockView) -> None:
    """What is on the chain is what was planned, to the byte; raises ChainError saying what is not."""
    pool, factory = PoolContract(view, plan.pool, load("Pool")), FactoryContract.at(view, plan.factory)
    expected = {
        "the pool's code": is_of(view.code(plan.pool), "Pool"),
        "the factory's code": is_of(view.code(plan.factory), "PoolFactory"),
        "the factory's blueprint": view.code(factory.blueprint()) == blueprint_code(load("Pool")),
        "the pool of these terms": factory.pool_of(plan.terms) == plan.pool,
        "the pool's terms": pool.terms() == plan.terms,
        "the pool's name": (pool.call("name"), pool.call("symbol")) == (plan.name, plan.symbol),
    }
    wrong = [what for what, holds in expected.items() if not holds]
    if wrong:
        raise ChainError(f"after the deployment these are not as planned: {', '.join(wrong)}")


def resumed(records: list[dict[str, Any]], place: Place) -> Place:
    """The place where a journal's deployment began; raises NotSent if it began on another chain or for another account."""
    begun = records[0]
    for name, here in (("chain_id", place.chain_id), ("genesis", place.genesis), ("sender", place.sender)):
        if begun.get(name) != here:
            raise NotSent(f"the journal is of {name} {printable(str(begun.get(name)))}, here it is {here}")
    nonce = begun.get("nonce")
    if not isinstance(nonce, int):
        raise NotSent("the journal does not say at which nonce it began")
    return replace(place, nonce=nonce)


def result(plan: Plan, pool: PoolFile, found: list[Check], gas: list[int], hashes: list[str] | None = None) -> DeployResult:
    """The plan as a result: with hashes if it was carried out."""
    steps = [
        SentStep(step.what, plan.nonce + i, step.to, step.creates, gas[i], hashes[i] if hashes else None)
        for i, step in enumerate(plan.steps)
    ]
    return DeployResult(
        pool_file=pool,
        chain_id=plan.chain_id,
        genesis=plan.genesis,
        sender=plan.sender,
        factory=plan.factory,
        blueprint=plan.blueprint,
        rate_model=plan.rate_model,
        pool=plan.pool,
        pool_id="0x" + terms_id(plan.terms).hex(),
        terms=dict(_terms(plan.terms)),
        checks=tuple(found),
        steps=tuple(steps),
        is_sent=hashes is not None,
    )


def _terms(terms: Terms) -> Iterator[tuple[str, str]]:
    for field in fields(Terms):
        yield field.name, str(getattr(terms, field.name))
