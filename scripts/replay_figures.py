"""Makes the figures of docs/replay.md: real loans through two real crashes, and the one-whale scenario.

    python scripts/replay_figures.py DATA

DATA holds the loans and candles that docs/replay.md names. Everything is made in a temporary folder by the commands that the page shows;
the tables go to standard output as they stand in the page.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent
LOANS = "loans_2024-01-30.csv"
CANDLES = "eth_usdt_1h_2017_2021.csv.gz"
PRICE = "2368.790966212669583495"
PERIODS = {"March 2020": ("2020-03-10", "2020-03-16"), "May 2021": ("2021-05-15", "2021-05-25")}
COLUMNS = ("close", "low")
WHALES = (("0.93", "0.40", "20904419.67"), ("0.94", "0.40", "20904419.67"), ("0.79", "0.70", "5000000"), ("0.80", "0.70", "5000000"))
AMOUNTS = (
    "debt_before",
    "interest",
    "paid",
    "debt_retired",
    "penalty",
    "surplus",
    "debt_after",
    "supply_after",
    "reserve_after",
    "collateral_sold",
)
LOSSES = ("loss", "loss_from_reserve", "loss_from_lenders", "unrealised_loss")
COUNTS = ("sales", "positions_sold", "positions_sold_at_start", "unhealthy_at_end", "insolvent_at_end")


def script(name: str, *arguments: str | Path) -> None:
    """Runs a script beside this one, which says what it made on standard error."""
    subprocess.run([sys.executable, SCRIPTS / name, *arguments], check=True, stdout=sys.stderr)


def replay(folder: Path, prices: Path, *more: str) -> dict[str, str | int]:
    """The figures of one replay."""
    command = [sys.executable, "-c", "from ringfence.cli.main import main; main()", "replay", "--json"]
    files = ["--book", folder / "book.csv", "--terms", folder / "terms.toml", "--prices", prices]
    done = subprocess.run([*command, *files, *more], check=True, capture_output=True, text=True)
    pool: dict[str, str | int] = json.loads(done.stdout)["pool"]
    return pool


def tokens(value: str | int) -> str:
    """Base units of 18 decimals as whole tokens, cut to six digits."""
    whole, fraction = divmod(int(value) // 10**12, 10**6)
    return f"{whole:,}.{fraction:06d}"


def table(names: list[str], rows: list[tuple[str, list[str]]]) -> str:
    """A table of Markdown, values to the right."""
    head = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    return "\n".join(head + [f"| {label} | " + " | ".join(values) + " |" for label, values in rows])


def crashes(data: Path, folder: Path) -> str:
    """Real loans through both crashes, at closes and at lows."""
    script("make_book.py", data / LOANS, "--market", "WETH", "--out", folder)
    results, names = [], []
    for name, (first, last) in PERIODS.items():
        prices = folder / f"{first}.csv"
        script("make_prices.py", data / CANDLES, "--from", first, "--to", last, "--first-close", PRICE, "--out", prices)
        for column in COLUMNS:
            results.append(replay(folder, prices, "--column", column))
            names.append(f"{name}, {column}")
    rows = [(name, [f"{result[name]:,}" for result in results]) for name in COUNTS]
    rows += [(name, [tokens(result[name]) for result in results]) for name in AMOUNTS + LOSSES]
    rows.append(("share_price_after", [f"{int(result['share_price_after']) / 10**30:.9f}" for result in results]))
    return table(names, rows)


def whales(folder: Path) -> str:
    """The one-whale scenario."""
    results = []
    for liq_ltv, fall, money in WHALES:
        script("one_whale.py", "--liq-ltv", liq_ltv, "--fall", fall, "--out", folder)
        results.append(replay(folder, folder / "prices.csv", "--max-paid-per-row", money))
    names = [f"{liq_ltv}, -{fall.removeprefix('0.')} %" for liq_ltv, fall, _ in WHALES]
    rows = [("money a step", [f"{float(money):,.2f}" for _, _, money in WHALES])]
    rows += [(name, [str(result[name]) for result in results]) for name in ("sales", "insolvent_at_end")]
    rows += [(name, [tokens(result[name]) for result in results]) for name in ("loss", "unrealised_loss")]
    return table(names, rows)


def main() -> None:
    """Prints the digests of the data and the two tables."""
    data = Path(sys.argv[1])
    for name in (LOANS, CANDLES):
        print(f"`{name}` {hashlib.sha256((data / name).read_bytes()).hexdigest()}")
    with tempfile.TemporaryDirectory() as folder:
        print(f"\n{crashes(data, Path(folder))}\n\n{whales(Path(folder))}")


if __name__ == "__main__":
    main()
