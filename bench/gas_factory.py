#!/usr/bin/env python3
"""Gas of making a pool: the blueprint and the factory once, a rate model and create_pool for each pool; and of finding one.

    bench/gas_factory.py [--json FILE]        fetches anvil by scripts/fetch_anvil, or takes ANVIL=/path/to/anvil

A figure is `gasUsed` of the receipt of a whole transaction, alone in its block. The terms are those of an ordinary pool, its tokens plain.
`deployed alone` is the same pool without a factory: what the blueprint saves in calldata it pays in copying.
"""

import argparse
import json
from pathlib import Path

from chain import terms_of
from gas import ARTIFACTS, Contract, Node, account, node

from ringfence.chain.artifacts import load
from ringfence.chain.contract import initcode
from ringfence.chain.factory import blueprint_initcode, terms_id
from ringfence.chain.pool import terms_tuple

NAME, SYMBOL = "Ringfence ETH/USDC", "rfUSDC"


def measure(chain: Node) -> dict[str, int]:
    """Gas by what is done."""
    maker = account("deployer")
    asset, collateral = chain.deploy("mocks/erc20_mock", 6), chain.deploy("mocks/erc20_mock", 18)
    oracle = chain.deploy("mocks/oracle_mock")
    figures = {}

    def create(what: str, code: bytes) -> str:
        receipt = chain.transact(maker, None, "0x" + code.hex())
        figures[what] = int(receipt["gasUsed"], 16)
        return str(receipt["contractAddress"])

    blueprint = create("blueprint of the pool", blueprint_initcode(load("Pool")))
    address = create("factory", initcode(load("PoolFactory"), (blueprint,)))
    rate = create("rate model, kinked", initcode(load("KinkedRate"), (10**9, 9 * 10**17, 10**9, 10**10)))
    factory = Contract("PoolFactory", address, load("PoolFactory").interface)
    first, second = (terms_tuple(terms_of(asset.address, collateral.address, oracle.address, rate)) for _ in range(2))
    second = (*second[:-4], 10**9, *second[-3:])
    for what, terms in (("create_pool, the first of a pair of tokens", first), ("create_pool, another of that pair", second)):
        figures[what] = int(chain.send(maker, factory, "create_pool", terms, NAME, SYMBOL)["gasUsed"], 16)
    create("the same pool deployed alone", initcode(load("Pool"), (first, NAME, SYMBOL)))
    assert chain.read(factory, "pool_count", asset.address, collateral.address) == 2
    terms = terms_of(asset.address, collateral.address, oracle.address, rate)
    assert int(chain.read(factory, "pool_of", terms_id(terms)), 16) > 0
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    with node(ARTIFACTS) as chain:
        figures = measure(chain)
        version = chain.rpc("web3_clientVersion")
    print(f"gas of whole transactions, {version}")
    for what, gas in figures.items():
        print(f"  {what:48}{gas:12,}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"node": version, "gas": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
