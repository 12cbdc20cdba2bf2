"""The page of comparisons has the figures of the records in bench/results, and its scripts still make them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.pages import ROOT

pytest.importorskip("numba", reason="the scripts need the lab extra")

PAGE = (ROOT / "docs" / "comparisons.md").read_text(encoding="utf-8")
WORDS = " ".join(PAGE.split())


def record(name: str) -> dict[str, Any]:
    """A file of bench/results."""
    found: dict[str, Any] = json.loads((ROOT / "bench" / "results" / f"{name}.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(autouse=True)
def neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benches and scripts are imported as they find one another."""
    for folder in ("bench", "scripts"):
        monkeypatch.syspath_prepend(str(ROOT / folder))


def test_every_table_is_that_of_its_script() -> None:
    """Word for word, from the records."""
    import floats
    import notebook
    import whale_figures

    made = [whale_figures.text(record("whale")), floats.text(record("floats")), notebook.text(record("notebook"))]
    tables = [part for text in made for part in text.split("\n\n") if part.startswith("|")]
    assert len(tables) == 6
    assert [table for table in tables if table not in PAGE] == []


def test_what_is_said_of_whales_is_recorded() -> None:
    """The figures in the sentences, and what they conclude."""
    from whale_figures import few

    found = record("whale")
    rows = {row["liq_ltv"]: row for row in found["rows"]}
    first, second = rows[93], rows[79]
    assert found["highest_on_paths"] == [93, 79]
    assert rows[80]["on_paths"][1] == 1_680_962
    months, often = 100 * first["whale"]["loses_anything"], 100 * first["whale"]["prob_significant_loss"]["value"]
    shortfall = {ltv: (rows[ltv]["whale"]["loss_es99"]["value"], rows[ltv]["loans"]["loss_es99"]["value"]) for ltv in (79, 93)}
    assert f"in {few(months)} months of 100 and over 1 % of supply in {few(often)}; its ES 99 % is {few(shortfall[93][0])} bp" in WORDS
    assert f"it is {few(100 * second['whale']['loses_anything'])} months of 100 and {few(shortfall[79][0])} bp" in WORDS
    assert f"a factor of {shortfall[93][0] / shortfall[79][0]:.0f} lies between" in WORDS
    one = {ltv: rows[ltv]["one"]["loss_es99"]["value"] for ltv in (79, 86, 93)}
    assert f"has at 0.93 an ES 99 % of {few(one[93])} bp beside the whale's {few(shortfall[93][0])}" in WORDS
    assert f"at 0.79 the book's ES 99 % is {few(shortfall[79][1])} bp and that of the one loan {few(one[79])}, at 0.86" in WORDS
    assert f"at 0.86 {few(rows[86]['loans']['loss_es99']['value'])} and {few(one[86])}." in WORDS
    early = [100 * rows[86][side]["sold_on_first_day"] for side in ("one", "loans")]
    assert "at 0.86 {:.0f} % of its debt on the first day, of the book's {:.0f} %".format(*early) in WORDS
    # Their intervals do not even meet, so that the order is no accident of the paths.
    assert rows[86]["one"]["loss_es99"]["high"] < rows[86]["loans"]["loss_es99"]["low"]
    owed = [360_380_000 * ltv / 100 / found["debt"] for ltv in (79, 93)]
    assert [round(times) for times in owed] == [15, 17]
    kept = {side: found["highest"][side]["150"]["value"] for side in ("whale", "loans")}
    assert f"the whale allows 0.{kept['whale']} and the book 0.{kept['loans']}" in WORDS


def test_what_is_said_of_floats_is_recorded() -> None:
    """The figures in the sentences, and what they conclude."""
    found = record("floats")
    fine, coarse = found["18 decimals"], found["6 decimals"]
    assert (fine["at_hours"]["missed"], fine["at_hours"]["refused"]) == (0, 0)
    assert coarse["at_hours"]["wrong_owed_most"] < 10**6 // 1_000
    widths = [coarse["widths"]["median"], coarse["widths"]["most"], fine["widths"]["median"], fine["widths"]["most"]]
    assert all(f"{width:.1e}" in WORDS for width in widths)
    whole = fine["sales"]["all"]
    assert f"{whole['paid'] / 1e24:.1f} million tokens where loans are closed whole, are off by {whole['payment_sum'] / 1e18:.8f}" in WORDS
    assert f"Yet {whole['leaves_debt']} of those {whole['sales']:,} sales leave a debt" in WORDS
    assert max(whole["left_most"], fine["sales"]["to a target"]["left_most"]) < 4e14
    assert f"and {whole['refused_for_collateral']} would be refused" in WORDS
    margins = [sold["refused_with_margin_most"] for sold in coarse["sales"].values()]
    assert all(sold["refused_with_margin"] == 0 for sold in fine["sales"].values())
    assert f"payments of {max(margins) / 1e6:.2f} tokens or less" in WORDS
    books = fine["books"]
    assert books["exact_imbalance"] == coarse["books"]["exact_imbalance"] == 0
    assert (books["replays"], books["replays_out_of_balance"], coarse["books"]["replays_out_of_balance"]) == (20, 20, 1)
    assert f"{books['imbalance']:,} units ({books['imbalance'] / 1e18:.6f} tokens)" in WORDS
    assert f"Of {books['sales']:,} sales {books['sales_only_in_floats'] + books['sales_only_exact']} are made by one rule only" in WORDS
    assert f"{books['paid_in_those'] / 1e18:.4f} tokens are paid for them" in WORDS
    assert f"differ by {books['loss_apart'] / 1e18:.3f} tokens and debts by {books['debt_apart'] / 1e18:.2f}" in WORDS
    assert 1.5 < found["seconds"]["ladder_over_scan"] < 2.5
    assert 3 < found["seconds"]["sale_exact_us"] / found["seconds"]["sale_float_us"] < 4


def test_the_whale_comes_out_as_recorded(recorded_data: Path) -> None:
    """Every figure at the LTV that the second path allows, of all 10,000 months."""
    import whale_figures

    recorded = record("whale")
    found = whale_figures.measure(recorded_data, recorded["paths"], range(79, 80))
    row = next(row for row in recorded["rows"] if row["liq_ltv"] == 79)
    again = found["rows"][0]
    assert found["inputs"] == recorded["inputs"]
    assert again["on_paths"] == row["on_paths"]
    for side in ("whale", "one", "loans"):
        assert again[side]["loses_anything"] == row[side]["loses_anything"]
        for name in whale_figures.METRICS:
            ends = [[metric[end] for end in ("value", "low", "high")] for metric in (again[side][name], row[side][name])]
            assert ends[0] == pytest.approx(ends[1], rel=1e-6), name


def test_what_is_said_of_the_loop_is_recorded() -> None:
    """The figures in the sentences, and what they conclude."""
    found = record("notebook")
    markets, made, all_five = found["markets"], found["synthetic"], found["together"]
    assert all(24 < market["loop"]["seconds"] < 28 for market in markets)
    spent = [market["command"]["seconds"] for market in markets]
    assert f"the whole command {min(spent):.1f} to {max(spent):.1f}: **{all_five['loop_over_command']:.1f} times less for all five" in WORDS
    assert f"{all_five['loop']['seconds'] / all_five['command_with_causes']['seconds']:.1f} times less where the run is repeated" in WORDS
    assert f"the engine takes {all_five['loop_over_engine']:.0f} times less" in WORDS
    apart = {market["market"]: market for market in markets if market["loop"]["loss_es99"] != market["engine"]["loss_es99"]}
    assert list(apart) == ["WBTC"]
    shortfall = [apart["WBTC"][way]["loss_es99"] for way in ("loop", "engine", "command")]
    assert "it is {:.1f} bp beside {:.1f}".format(*shortfall[:2]) in WORDS
    assert f"the run says {shortfall[2]:.1f} there" in WORDS
    assert f"hardly faster than the loop ({made['loop_over_command']:.1f} times)" in WORDS
    assert f"the engine is {made['loop_over_engine']:.0f} times faster on those paths" in WORDS
    recorded = next(race for race in record("stress")["races"] if race["positions"] == made["loans"])
    assert f"{found['race']['ratio']:.0f} times in this run and {recorded['ratio']:.0f} when it was recorded" in WORDS
    ruled, free, whole = made["rules"].values()
    assert f"({ruled['cohorts']:,} cohorts and {ruled['us']:.1f} microseconds a path-step" in WORDS
    assert f"without the costs {free['cohorts']:,} and {free['us']:.1f}; with loans sold whole, too, {whole['us']:.1f})" in WORDS
    loop = made["loop"]
    assert f"{loop['paths']} of {made['paths']:,} paths, whose tenths took" in WORDS
    assert f"took {loop['fastest_part_over_mean']:.2f} to {loop['slowest_part_over_mean']:.2f} of their mean" in WORDS
    assert f"its load was {found['load_before']} before and {found['load_after']} after" in WORDS
