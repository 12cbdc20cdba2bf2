"""The factory on a chain, the blueprint its pools are made from, and what can be known of a pool before it is made."""

from typing import Self

from ringfence.chain.abi import encode_sequence
from ringfence.chain.artifacts import Artifact, load
from ringfence.chain.contract import Chain, Contract, initcode
from ringfence.chain.created import salted_address
from ringfence.chain.keccak import keccak256
from ringfence.chain.pool import terms_tuple
from ringfence.model.terms import ZERO_ADDRESS, Terms

BLUEPRINT_PREFIX = bytes.fromhex("fe7100")
"""EIP-5202: a blueprint of version 0 that carries no data."""
# Puts what follows these 10 bytes into memory and returns it as the code of the new contract.
_AS_CODE = "61{size:04x}80600a3d393df3"


def blueprint_code(artifact: Artifact) -> bytes:
    """The code of the blueprint of a contract."""
    return BLUEPRINT_PREFIX + artifact.bytecode


def blueprint_initcode(artifact: Artifact) -> bytes:
    """What a transaction carries to put the blueprint of a contract on a chain."""
    code = blueprint_code(artifact)
    return bytes.fromhex(_AS_CODE.format(size=len(code))) + code


def terms_id(terms: Terms) -> bytes:
    """The name of a pool in every factory: keccak256(abi_encode(terms))."""
    (codec,) = load("PoolFactory").interface.functions["id_of", 1].arguments
    return keccak256(encode_sequence((codec,), (terms_tuple(terms),)))


def pool_address(factory: str, terms: Terms, name: str, symbol: str) -> str:
    """Where a factory puts the pool of these terms under this name; the address commits to both."""
    return salted_address(factory, terms_id(terms), initcode(load("Pool"), (terms_tuple(terms), name, symbol)))


class FactoryContract(Contract):
    """One deployed factory. Twin of `model.factory.PoolFactory`."""

    __slots__ = ()

    @classmethod
    def deploy(cls, chain: Chain, sender: str) -> Self:
        """Put the pool's blueprint and a factory for it on a chain."""
        blueprint = chain.deploy(sender, blueprint_initcode(load("Pool")))
        return cls.create(chain, load("PoolFactory"), sender, blueprint)

    @classmethod
    def at(cls, chain: Chain, address: str) -> Self:
        """The factory at this address; nothing is checked."""
        return cls(chain, address, load("PoolFactory"))

    def create_pool(self, caller: str, terms: Terms, name: str, symbol: str) -> str:
        """Make the pool of these terms; its address. Raises Reverted for terms that have one, and for the first bound they break."""
        return str(self.transact(caller, "create_pool", terms_tuple(terms), name, symbol))

    def blueprint(self) -> str:
        """Where the code lies that pools are made from."""
        return str(self.call("blueprint"))

    def pool_of(self, terms: Terms) -> str | None:
        """The pool of these terms, None if there is none."""
        found = str(self.call("pool_of", terms_id(terms)))
        return None if found == ZERO_ADDRESS else found

    def pool_count(self, asset: str, collateral: str) -> int:
        """How many pools lend this asset against this collateral."""
        return int(self.call("pool_count", asset, collateral))

    def pool_at(self, asset: str, collateral: str, i: int) -> str:
        """The i-th of them, counted from 0; raises Reverted where there is none."""
        return str(self.call("pool_at", asset, collateral, i))
