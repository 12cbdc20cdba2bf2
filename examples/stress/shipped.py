"""Every scenario that ships, on one pool: what it costs, and whether what it says of itself is borne out. Exit code 1 if not."""

import sys
import textwrap

from ringfence import read_book, read_pool_file, read_scenario, stress
from ringfence.inputs.scenario_file import NAMES

SAMPLE = "src/ringfence/inputs/samples/eth_usdc"
PATHS, HORIZON = 200, 7 * 86_400

pool = read_pool_file(f"{SAMPLE}/terms.toml")
book = read_book(f"{SAMPLE}/book.csv", pool.collateral_decimals, pool.asset_decimals)
broken = []
for name in NAMES:
    scenario = read_scenario(name)
    result = stress([(book, pool)], scenario, start_prices=[2000.0], paths=PATHS, horizon=HORIZON)
    mean, worst = (result.metrics[metric].value / 100 for metric in ("loss_mean", "loss_es99"))
    print(f"{name}: of supply {mean:.1f} % is lost, {worst:.1f} % in the worst 1 % of paths")
    for kind in ("fails", "holds"):
        checks = [claim for claim in result.claims if claim.kind == kind]
        is_borne_out = all(claim.held for claim in checks)
        broken += [] if is_borne_out else [f"{name}, what {kind}"]
        print(textwrap.fill(f"{kind}: {result.scenario[kind]}", 79, initial_indent="  ", subsequent_indent="    "))
        print(f"    {'borne out' if is_borne_out else 'NOT BORNE OUT'}:")
        print("\n".join(f"      {claim.claim}{'' if claim.held else ' is not so'}" for claim in checks))
print(f"not borne out: {', '.join(broken)}" if broken else f"what {len(NAMES)} scenarios say of themselves is borne out")
sys.exit(1 if broken else 0)
