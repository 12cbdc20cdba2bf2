"""The files of a replay of two loans through three prices, and its command line."""

BOOK = "account,collateral,debt\nalice,1,1600\nbob,1,900\n"
PRICES = "timestamp,price\n0,2000\n60,1900\n120,1800\n"
TERMS = """[pool]
collateral_decimals = 18
asset_decimals = 6
supply = "3000"
[terms]
max_ltv = "0.80"
liq_ltv = "0.86"
incentive_base = "0.05"
"""
FILES = {"book.csv": BOOK, "terms.toml": TERMS, "prices.csv": PRICES}
REPLAY = ["replay", "--book", "book.csv", "--terms", "terms.toml", "--prices", "prices.csv", "--out", "out"]
