"""Terms, worlds, answers, replays and curves put into words, from base units and tables that were written by hand."""

from pathlib import Path
from typing import Any

import pytest

from ringfence.inputs.result_records import CurveRecord, Origin, ReplayRecord
from ringfence.inputs.verdict import BROKEN, NONE
from ringfence.report import exact_pages, recommended, words
from ringfence.report.run import read_run
from ringfence.report.summary import summary
from ringfence.report.write import NEEDED, files_of, missing
from tests.unit.report import hand_made

GROUP = "\u202f"
WAD = 10**18


def test_terms_are_told_in_their_units() -> None:
    """LTVs of supply as per cent, a rise by the minute, caps in whole tokens and only where there are any."""
    plain = hand_made.terms()
    assert words.terms_in_words(plain, 700.0, 100_000.0) == (
        "liquidation LTV 85 %, borrowing up to 80 %, sold whole, incentive 4 % up to 5 %, penalty 1 %, reserve 700 (0.70 % of supply), "
        f"supply cap 224{GROUP}000"
    )
    other = hand_made.terms(
        target_ltv=str(75 * WAD // 100),
        incentive_rise=str(WAD // 10_000),
        incentive_slope=str(WAD // 4),
        supply_cap=str(2**127 - 1),
        borrow_cap=str(90_000 * 10**6),
    )
    assert words.terms_in_words(other, 0.0, 100_000.0) == (
        "liquidation LTV 85 %, borrowing up to 80 %, sold back to 75 %, incentive 4 %, +0.60 % a minute, slope 0.25 up to 5 %, "
        f"penalty 1 %, no reserve at the start, borrow cap 90{GROUP}000"
    )


@pytest.mark.parametrize(
    ("term", "text", "told"),
    [
        ("liq_ltv", "0.855", "85.5 %"),
        ("reserve", "1400", f"1{GROUP}400"),
        ("incentive_rise", "0.000166666667", "1.00 % a minute"),
        ("incentive_slope", "0.25", "0.25"),
        ("incentive_base", "0.04", "4 %"),
        ("penalty", "", "none"),
        ("penalty", "as before", "as before"),
    ],
)
def test_answers_are_told_in_their_units(term: str, text: str, told: str) -> None:
    """As a person reads them, whatever a file holds."""
    assert words.term_value(term, text) == told


def world_of(**tables: dict[str, Any]) -> dict[str, str]:
    """What is assumed of a world in which some tables have other values."""
    world = hand_made.scenario()
    return dict(words.assumptions(world | {name: world[name] | table for name, table in tables.items()}))


def test_a_world_is_told_table_by_table() -> None:
    """What is late is late, what is limited has a limit, and who runs runs."""
    told = world_of()
    assert told["prices"] == "a random walk of 150 % volatility a year, 40 jumps a year; a step is 10 minutes"
    assert told["oracle"] == "publishes every 4 hours and on moves of 3 %, 1 minute late; a price older than 2 hours does not count"
    assert told["depth"] == (
        "selling Q brings price / (1 + 0.5 Q^1), Q in the book's collateral; half of a sale is forgotten after 4 hours; the oracle sees "
        "20 % of it"
    )
    assert told["liquidators"] == "5 minutes late, unlimited capital, gas 12 and least profit 5 asset a sale, random"
    assert told["lenders"] == "nobody runs"


def test_another_world_is_told_as_it_is() -> None:
    """Each of these the other way."""
    feed = {"heartbeat": 0, "deviation": 0.0, "delay": 0}
    told = world_of(
        oracle={"feeds": [feed], "max_age": 0},
        market={"a": 0.0},
        liquidators={"capital": 5_000.0, "latency": 0, "outages_per_year": 3.0},
        lenders={"run_share": 0.3, "run_at_fall": 0.25},
    )
    assert told["oracle"] == "publishes at every step, without delay; a price of any age counts"
    assert told["depth"] == "endless: the market takes any amount at its price"
    assert (
        told["liquidators"] == f"at once, sometimes away, capital 5{GROUP}000 asset a step, gas 12 and least profit 5 asset a sale, random"
    )
    assert told["lenders"] == "30 % of them leave once the price has fallen by 25 %"


def replay_of(*, solvent: bool, **options: Any) -> ReplayRecord:
    """A replay in which no two amounts are alike, in whole tokens 1, 2, 3 and so on."""
    names = [name for name, _ in (*exact_pages.REPLAYED, *exact_pages.COUNTS)]
    amounts = {name: place * 10**6 for place, (name, _) in enumerate(exact_pages.REPLAYED, 1)}
    counts = {name: 50 + place for place, (name, _) in enumerate(exact_pages.COUNTS)}
    assert set(names) == {*amounts, *counts}
    return ReplayRecord(Origin({}, {}, options), hand_made.terms(), amounts | counts, solvent)


def test_a_replay_is_told_as_it_went() -> None:
    """Who bore what, and whether buyers' money was limited; never a good verdict."""
    told = exact_pages.of_replay(replay_of(solvent=True))
    assert (told.verdict_kind, told.verdict) == (NONE, "No verdict: came through this history, with no market depth in it")
    assert told.reason == ("Lenders bear 10 asset, the reserve 8, the backstop 9. 50 sales retired 3 of 1 asset of debt.")
    assert told.weakest.startswith("No market depth: buyers take everything that is for sale at once")
    keys = {key.label: key.value for key in told.keys}
    assert keys == {
        "Loss": "7",
        "Borne by lenders": "10",
        "Still open": "12",
        "Sales": "50",
        "Debt retired": "3",
        "Reserve at the end": "14",
    }
    lost = exact_pages.of_replay(replay_of(solvent=False, max_paid_per_row=5))
    assert (lost.verdict_kind, lost.verdict) == (BROKEN, "Did not come through this history")
    assert lost.weakest.startswith("No market depth: buyers' money is limited in each row")


def curve() -> CurveRecord:
    """Three rows: 10 of debt at once, 30 more at a fall of 10 %, 60 more at 20 %, where 8 would be lost."""
    rows = tuple(
        {"shock": fall * WAD // 100, "price": (2_000 - 20 * fall) * 10**24, "positions": place, "insolvent": place - 1}
        | {"debt": debt * 10**6, "wall": new * 10**6, "loss": loss * 10**6}
        for place, (fall, debt, new, loss) in enumerate(((0, 10, 10, 0), (10, 40, 30, 1), (20, 100, 60, 8)), 1)
    )
    pool = {"accounts": 3, "collateral": 2 * 10**18, "debt": 100 * 10**6, "supply": 300 * 10**6, "reserve": 5 * 10**6}
    concentration = {"positions": 3, "largest": 6 * WAD // 10, "top_10": WAD, "herfindahl": WAD // 2}
    return CurveRecord(Origin({}, {}, {}), hand_made.terms(), pool, concentration, rows)


def test_a_curve_is_told_row_by_row() -> None:
    """In whole tokens, with the price per token; what is lost is what exceeds the reserve."""
    pytest.importorskip("matplotlib", reason="reports need the lab extra")
    told = exact_pages.of_curve(curve())
    (section,) = told.sections
    assert told.reason == "Most debt, 60 asset, becomes liquidatable at a fall of 20 %; beyond a fall of 20 % it exceeds the reserve."
    assert section.tables[0].head[3:] == ("debt liquidatable, asset", "of it, new in this row", "loss if sold there, asset")
    assert [tuple(row) for row in section.tables[0].rows] == [
        ("0 %", "1", "0", "10", "10", "0"), ("10 %", "2", "1", "40", "30", "1"), ("20 %", "3", "2", "100", "60", "8"),
    ]  # fmt: skip
    assert [row[1] for row in section.charts[0].table.rows] == [f"2{GROUP}000", f"1{GROUP}800", f"1{GROUP}600"]
    assert [(key.label, key.value) for key in told.keys][3:5] == [("Largest position", "60 %"), ("Ten largest", "100 %")]


def test_the_answers_table_has_what_was_and_what_more_would_cost(tmp_path: Path) -> None:
    """And says it where the protocol forbids a step, or the grid has none."""
    answer = hand_made.recommendation()["answers"][0]
    forbidden = answer | {"next": {"value": "0.86", "loss_es99": None, "prob_significant_loss": None, "cost": "forbidden", "legal": False}}
    result = hand_made.recommendation(answers=[answer, forbidden, answer | {"next": None}])
    run = read_run(hand_made.written(tmp_path, result))
    assert run.recommendation is not None
    rows = [tuple(row) for row in recommended.answers(run.recommendation).rows]
    assert rows[0] == (
        *("liquidation LTV", "85 %", "82 to 87 %", "80 %", "highest", "the bound on lenders' ES 99 %"),
        "at 85.5 %: 166 (133 to 216) bp of supply",
    )
    assert [row[-1] for row in rows[1:]] == ["at 86 %: forbidden by the protocol", "no further value on the grid"]


def test_markdown_has_what_a_pull_request_asks(tmp_path: Path) -> None:
    """Verdict with its sign, five figures, the answer and what binds; no line can end within a number."""
    hand_made.written(tmp_path / "stress", hand_made.stress())
    lines = summary(read_run(hand_made.written(tmp_path, hand_made.recommendation()))).splitlines()
    assert lines[0] == "## ETH/USDC: ! Keeps the bound, but not surely"
    assert lines[lines.index("|---|---:|---:|---|") + 1 :][:6] == [
        "| Lenders lose in the worst 1 % | 120 | 90 to 160 | bp of supply |",
        "| Lenders lose significantly | 2 | 1.50 to 2.60 | % of futures |",
        "| The pool loses in the worst 1 % | 410 | 360 to 460 | bp of supply |",
        "| The pool loses on average | 40 | 30 to 50 | bp of supply |",
        "| Reserve does not suffice | 3 | 2.50 to 3.60 | % of futures |",
        "",
    ]
    assert "| liquidation LTV | 85 % | 82 to 87 % | 80 % | the bound on lenders' ES 99 % |" in lines
    assert f"- Scenario wild: 2{GROUP}000 futures of 7 days, seed 5" in lines


def test_files_hold_what_their_names_say(tmp_path: Path) -> None:
    """The page and its Markdown; and nothing is missing where both can be drawn."""
    for needed in NEEDED:
        pytest.importorskip(needed, reason="reports need the lab extra")
    found = files_of(read_run(hand_made.written(tmp_path, hand_made.stress())))
    assert {name: text.partition("\n")[0][:14] for name, text in found.items()} == {
        "report.html": "<!DOCTYPE html",
        "report.md": "## ETH/USDC: !"[:14],
    }
    assert missing() == []
