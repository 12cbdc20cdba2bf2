"""Contracts that no compiler would write: puppets that stand in for an oracle, rate model or backstop, and what they can be made to do.

A puppet passes every call on to the code it was last given; calldata of exactly one word, which no ABI call has, gives it another. That of
a backstop runs the code in its own name, so that it keeps its covers and its money whatever it becomes.
"""

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.keccak import selector
from tests.stateful.market import LIQUIDATOR, START, Grounds
from tests.stateful.setting import DAY, Setting

PUPPET = bytes.fromhex(
    "36602014602257"  # calldata of one word: on to `set`
    "365f5f37"  # copy the calldata
    "5f5f365f5f5f545af1"  # call the code at slot 0 with it, with all gas
    "3d5f5f3e"  # copy the answer
    "601e57"  # on to `answer` if it succeeded
    "3d5ffd"
    "5b3d5ff3"  # answer
    "5b5f355f5500"  # set
)
IN_ITS_OWN_NAME = bytes.fromhex(
    "36602014602357"  # calldata of one word: on to `set`
    "365f5f37"  # copy the calldata
    "5f5f365f61ffff545af4"  # run the code at slot 65,535, which no contract here uses, with all gas
    "3d5f5f3e"  # copy the answer
    "601f57"  # on to `answer` if it succeeded
    "3d5ffd"
    "5b3d5ff3"  # answer
    "5b5f3561ffff5500"  # set
)
NO_CODE = "0x" + "dd" * 20
FAILS_WITH_ALL_GAS = bytes.fromhex("fe")  # invalid opcode: whatever gas it was given is gone
ANSWERS_A_MEGABYTE = bytes.fromhex("621000005ff3")
REVERTS_WITH_A_MEGABYTE = bytes.fromhex("621000005ffd")
WRITES = bytes.fromhex("60015f5560205ff3")  # refused where calls are static
ANSWERS_THE_LARGEST = bytes.fromhex("5f195f525f1960205260405ff3")  # 2^256 - 1, twice


def place(chain: EmbeddedChain, runtime: bytes) -> str:
    """Deploy this runtime code as it is."""
    return chain.deploy(LIQUIDATOR, bytes.fromhex("61" + f"{len(runtime):04x}" + "80600a5f395ff3") + runtime)


def reenters(pool: str) -> bytes:
    """Code that calls `accrue()` of the pool and answers twice whether it was let in, 0 if not."""
    call = "63" + selector("accrue()").hex() + "5f52" + "5f5f6004601c5f73" + pool.removeprefix("0x") + "5af1"
    return bytes.fromhex(call + "805f52602052" + "60405ff3")


class Puppet(Contract):
    """A mock behind a puppet: answers as the mock does until it is told otherwise."""

    __slots__ = ("mock",)

    @classmethod
    def of(cls, chain: EmbeddedChain, mock: str) -> "Puppet":
        """A puppet that answers as the mock of this name."""
        artifact = load(f"mocks/{mock}")
        puppet = cls(chain, place(chain, PUPPET), artifact)
        puppet.mock = Contract.create(chain, artifact, LIQUIDATOR).address
        puppet.become(puppet.mock)
        return puppet

    def become(self, address: str) -> None:
        """Pass calls on to the code at this address from now on."""
        self.chain.transact(LIQUIDATOR, self.address, bytes(12) + bytes.fromhex(address.removeprefix("0x")))


class PuppetBackstop(Contract):
    """The shipped backstop in a puppet's name: it covers and pays as it does until it is told otherwise."""

    __slots__ = ()

    @classmethod
    def over(cls, chain: EmbeddedChain, asset: str) -> "PuppetBackstop":
        """A fund of this asset, not yet sealed."""
        artifact = load("Backstop")
        puppet = cls(chain, place(chain, IN_ITS_OWN_NAME), artifact)
        puppet.become(Contract.create(chain, artifact, LIQUIDATOR, asset, "backstop", "BACK", 10 * DAY).address)
        return puppet

    def become(self, address: str) -> None:
        """Run the code at this address from now on."""
        self.chain.transact(LIQUIDATOR, self.address, bytes(12) + bytes.fromhex(address.removeprefix("0x")))

    def misbehave(self, mode: int, asset: str) -> None:
        """Do as the mock of a backstop does in this mode."""
        mock = Contract.create(self.chain, load("mocks/backstop_mock"), LIQUIDATOR)
        self.become(mock.address)
        Contract(self.chain, self.address, mock.artifact).transact(LIQUIDATOR, "set", mode, asset)


def puppet_grounds(setting: Setting) -> Grounds:
    """Grounds whose oracle, rate model and backstop are puppets."""
    chain = EmbeddedChain(timestamp=START)
    oracle, rate_model = Puppet.of(chain, "oracle_mock"), Puppet.of(chain, "rate_mock")
    grounds = Grounds(setting.asset_decimals, setting.collateral_decimals, chain=chain, oracle=oracle, rate_model=rate_model)
    grounds.backstop = PuppetBackstop.over(chain, grounds.asset.address)
    return grounds
