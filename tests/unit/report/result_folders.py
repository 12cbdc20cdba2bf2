"""Results of small worlds in folders, as the commands write them, for the tests of what is read back and drawn."""

import shutil
from dataclasses import replace
from pathlib import Path

from ringfence.inputs.book import read_book
from ringfence.inputs.curve_result import write_curve
from ringfence.inputs.pool_file import read_pool_file
from ringfence.inputs.prices import read_prices
from ringfence.inputs.recommend_result import write_recommend
from ringfence.inputs.results import write_replay
from ringfence.inputs.stress_result import write_stress
from ringfence.lab.recommend import recommend
from ringfence.lab.replay import replay
from ringfence.lab.stress import stress
from ringfence.ladder.survey import survey
from tests.unit.lab.recommend_worlds import BOOK, DAY, POOL, PRICE, WILD
from tests.unit.pages import ROOT

SAMPLE = ROOT / "src" / "ringfence" / "inputs" / "samples" / "eth_usdc"
KINDS = ("stress", "plain", "two", "recommend", "replay", "curve")
HOSTILE = """<script>alert(1)</script> "'$x^2$ ]]> &amp; | `code` [a](http://b.c)\n\x1b[31m\u202e\ud83d"""
"""A name that would do harm as HTML, SVG, Markdown, a formula or to a terminal."""


def make_all(folder: Path) -> None:
    """One result of each kind: a whole stress run with all that can be added, one without, one of two pools, and the other commands'."""
    history = folder / "march_2020.csv"
    rows = [f"{1_583_798_400 + 3_600 * hour},{price}" for hour, price in enumerate((200, 190, 160, 110, 130, 125))]
    history.write_text("\n".join(["timestamp,price", *rows]) + "\n")
    past = [read_prices(history, 18, 6)]
    for kind in KINDS:
        (folder / kind).mkdir()
    setting = {"paths": 1000, "horizon": 4 * DAY, "seed": 3}
    bounds = {"lender_loss_es99": 5000.0}
    found = stress([(BOOK, POOL)], WILD, start_prices=[PRICE], bounds=bounds, around=True, histories=past, **setting)  # type: ignore[arg-type]
    write_stress(found, folder / "stress")
    write_stress(stress([(BOOK, POOL)], WILD, start_prices=[PRICE], paths=60, horizon=DAY, causes=False), folder / "plain")
    other = replace(POOL, name="other")
    write_stress(stress([(BOOK, POOL), (BOOK, other)], WILD, start_prices=[PRICE, PRICE], paths=200, horizon=DAY), folder / "two")
    answer = recommend(
        BOOK, POOL, WILD, vary=["liq_ltv", "reserve"], max_es99_bps=300.0, start_price=PRICE, paths=300, horizon=4 * DAY, around=False
    )
    write_recommend(answer, folder / "recommend")
    pool = read_pool_file(SAMPLE / "terms.toml")
    book = read_book(SAMPLE / "book.csv", pool.collateral_decimals, pool.asset_decimals)
    prices = read_prices(SAMPLE / "prices.csv", pool.collateral_decimals, pool.asset_decimals)
    write_replay(replay(book, pool, prices), folder / "replay")
    write_curve(survey(book, pool, 2000 * 10**24), folder / "curve")


def copied(folder: Path, to: Path) -> Path:
    """A copy of a result to change."""
    shutil.copytree(folder, to)
    return to
