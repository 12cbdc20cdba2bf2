"""Makes the one-whale scenario: one huge loan at its liquidation LTV, a price that falls in even steps, little money a step.

    python scripts/one_whale.py --liq-ltv 0.80 --fall 0.70 --out DIR
    ringfence replay --book DIR/book.csv --terms DIR/terms.toml --prices DIR/prices.csv --max-paid-per-row 5000000

The loan is at exactly liq_ltv of its collateral at the price of 1; the first row is already one step down, and each further
row, a minute later, one more, to the end of the fall. A sale gives Morpho's incentive for that LTV,
1 / (1 - 0.3 (1 - liq_ltv)) - 1, at most 15 %, rounded down, and takes all it can: no target, no penalty, no window, no
interest. Supply is 1.5 times the debt. All amounts are exact decimals.
"""

import argparse
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

STEP = Decimal("0.005")
START = 1_600_000_000
STEP_SECONDS = 60
TERMS = """\
[pool]
name = "one whale"
collateral_decimals = 18
asset_decimals = 18
supply = "{supply}"

[terms]
liq_ltv = "{liq_ltv}"
max_ltv = "{max_ltv}"
incentive_base = "{incentive}"
incentive_max = "{incentive}"
"""


def incentive(liq_ltv: Decimal) -> Decimal:
    """Morpho's liquidation incentive for an LTV, as a part of the payment, cut to 18 digits."""
    factor = 1 / (1 - Decimal("0.3") * (1 - liq_ltv))
    return min(factor - 1, Decimal("0.15")).quantize(Decimal("1e-18"), ROUND_DOWN)


def prices(fall: Decimal) -> list[Decimal]:
    """The price after each step, the first already one step down."""
    return [1 - STEP * step for step in range(1, int(fall / STEP) + 1)]


def main() -> None:
    """Writes the three files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--liq-ltv", type=Decimal, required=True)
    parser.add_argument("--fall", type=Decimal, required=True, help="the whole fall as a part of the first price, 0.40 for 40 %%")
    parser.add_argument("--collateral", type=Decimal, default=Decimal(360380000))
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    debt = arguments.collateral * arguments.liq_ltv
    terms = TERMS.format(
        supply=debt * Decimal("1.5"),
        liq_ltv=arguments.liq_ltv,
        max_ltv=arguments.liq_ltv * Decimal("0.99"),
        incentive=incentive(arguments.liq_ltv),
    )
    rows = [f"{START + STEP_SECONDS * row},{price}\n" for row, price in enumerate(prices(arguments.fall))]
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "book.csv").write_text(f"account,collateral,debt\nwhale,{arguments.collateral},{debt}\n", encoding="utf-8")
    (arguments.out / "terms.toml").write_text(terms, encoding="utf-8")
    (arguments.out / "prices.csv").write_text("timestamp,price\n" + "".join(rows), encoding="utf-8")
    print(f"{arguments.out}: {len(rows)} rows, debt {debt}, incentive {incentive(arguments.liq_ltv)}")


if __name__ == "__main__":
    main()
