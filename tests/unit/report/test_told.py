"""What a page and its Markdown say of a run that was written by hand: sentences, key figures, the model card, and the page around them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ringfence.report import model_card
from ringfence.report.page import page, page_of
from ringfence.report.run import Run, read_run
from ringfence.report.sections import sections
from ringfence.report.summary import summary
from tests.unit.report import hand_made

for needed in ("matplotlib", "jinja2"):
    pytest.importorskip(needed, reason="reports need the lab extra")

GROUP = "\u202f"
NAME = "$x^2$ <b>&\"'</b> [a](http://b.c) `c` | d"


def run_of(folder: Path, **other: Any) -> Run:
    return read_run(hand_made.written(folder, hand_made.stress(**other)))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The stress run that was written by hand."""
    return run_of(tmp_path)


def recommended(folder: Path) -> Run:
    """The recommendation with the run beside it."""
    hand_made.written(folder / "stress", hand_made.stress())
    return read_run(hand_made.written(folder, hand_made.recommendation()))


def test_each_section_says_its_figures_in_a_sentence(run: Run) -> None:
    """Of the reserve that would suffice in all but one future of a hundred, of the highest LTV at the scenario's own depth, and so on."""
    said = {section.name: " ".join(section.lead) for section in sections(run)}
    assert said["distribution"] == (
        "The pool loses 40 (30 to 50) bp of supply on average over 7 days, and 410 (360 to 460) bp of supply in the worst 1 % of futures; "
        "its lenders lose 120 (90 to 160) bp of supply in theirs."
    )
    assert said["waterfall"].endswith(
        "of 40 bp of supply lost on average, most falls on the reserve, 23 (21 to 27) bp of supply. "
        "The reserve does not suffice in 3 (2.50 to 3.60) % of futures."
    )
    assert said["wall-0"] == (
        f"The most debt, 20{GROUP}000 asset (36.4 % of all), becomes liquidatable as the price passes a fall of 25 %. "
        "300 asset is liquidatable at the start."
    )
    assert said["shocks-0"] == (
        f"A fall of 50 % in one step costs 3{GROUP}250 asset, 3.25 % of supply; 1{GROUP}525 if buyers took everything at its price."
    )
    assert said["heatmap"].endswith(" At the scenario's depth the bound is kept up to 85 %.")
    assert "without each cause: market depth explains most, 21 (15 to 26) bp of supply of the 40 lost on average" in said["causes"]
    assert said["sizing-0"] == (
        f"A reserve of 1{GROUP}400 asset (1.40 % of supply) would suffice in all but 0.40 (0.32 to 0.57) % of futures; the pool starts "
        "with 700."
    )
    assert said["earnings"] == (
        "Lenders earn 4.10 (3.80 to 4.40) % a year after losses. Withdrawability: cash is below 5 % of supply in 7.25 (6.20 to 8.30) % of "
        "time."
    )
    assert said["scenarios"].endswith(
        "Worst is black-thursday: lenders' ES 99 % is 170 (136 to 204) bp of supply. "
        "The bound of 150 bp of supply is broken in 1 of 2: black-thursday."
    )
    assert "solvent in 0 of 1." in said["replays"]


def test_a_sentence_of_the_whole_loss_stands_where_it_is_twice_the_bound(tmp_path: Path) -> None:
    """The pool's own 410 bp is more than twice the 150 that lenders may bear; 290 is not."""
    assert [line for line in page_of(run_of(tmp_path), drawn=False).verdict_lines if line.startswith("Before reserve")] == [
        "Before reserve and backstop the pool loses 410 (360 to 460) bp of supply in its worst 1 % of futures: the bound rests on their "
        "being there."
    ]
    less = hand_made.metrics() | {"loss_es99": hand_made.metric(290.0, 260.0, 310.0)}
    assert not [line for line in page_of(run_of(tmp_path, metrics=less), drawn=False).verdict_lines if line.startswith("Before reserve")]


@pytest.mark.parametrize(("most", "count"), [(120.0, 2), (130.0, 1), (150.0, 1), (170.0, 0), (900.0, 0)])
def test_worlds_that_break_the_bound_are_counted(tmp_path: Path, most: float, count: int) -> None:
    """Lenders lose 170 bp in one and 130 in the other; what is at the bound keeps it."""
    hand_made.written(tmp_path, hand_made.stress())
    said = page_of(read_run(tmp_path, {"lender_loss_es99": most}), drawn=False).verdict_lines
    (told,) = [line for line in said if "shipped scenarios" in line]
    assert told.startswith(f"It breaks the bound in {count} of 2 shipped scenarios, ")


def test_key_figures_are_in_their_units(run: Run) -> None:
    """Parts in hundredths, with what they are of; and the verdict has its sign beside its words."""
    assert [(key.label, key.value, key.interval, key.unit) for key in page_of(run, drawn=False).keys] == [
        ("Lenders lose in the worst 1 %", "120", "(90 to 160)", "bp of supply"),
        ("Lenders lose significantly", "2", "(1.50 to 2.60)", "% of futures"),
        ("The pool loses in the worst 1 %", "410", "(360 to 460)", "bp of supply"),
        ("The pool loses on average", "40", "(30 to 50)", "bp of supply"),
        ("Reserve does not suffice", "3", "(2.50 to 3.60)", "% of futures"),
        ("Lenders earn after losses", "4.10", "(3.80 to 4.40)", "% a year"),
    ]
    assert '<h2 id="verdict"><span class="sign" aria-hidden="true">!</span> Keeps the bound, but not surely</h2>' in page(run)


def test_the_model_card_has_defaults_notices_and_whole_digests(tmp_path: Path) -> None:
    """Of the recommendation, of the run beside it, and of the history that it was replayed through."""
    hand_made.written(tmp_path / "stress", hand_made.stress(defaults=["market"]))
    cards = {card.title: dict(card.entries) for card in model_card.cards(read_run(hand_made.written(tmp_path, hand_made.recommendation())))}
    assert cards["What to know"] == {
        "left to defaults": "market",
        "notice 1": "a notice of the search",
        "notice 2": "a notice of the run",
    }
    assert cards["Sources, by SHA-256"] == {
        "book.csv": "ab" * 32,
        "terms.toml": "12" * 32,
        "scenario.toml": "34" * 32,
        "march.csv": "cd" * 32,
    }
    assert cards["How it was run"]["versions"] == "ringfence 0.1.0"
    assert cards["How it was run"]["horizon"] == "7 days"
    assumed = cards["Assumptions: scenario wild"]
    assert assumed["order of sale"] == "random; nobody knows which it will be"
    assert assumed["in its words"] == "a wild week"


def test_the_model_card_says_which_order_of_sale_flatters(tmp_path: Path) -> None:
    """And by how much it was measured to."""
    world = hand_made.scenario()
    world["liquidators"]["order"] = "riskiest-first"
    (card, *_) = model_card.cards(run_of(tmp_path, scenario=world))
    assert dict(card.entries)["order of sale"].startswith("riskiest first, which flatters: ")


def test_a_command_makes_the_result_again(tmp_path: Path) -> None:
    """With every option that decides a figure, to the last digit."""
    bounds = {"lender_loss_es99": 150.0, "prob_significant_lender_loss": 0.05}
    run = run_of(tmp_path / "s", options=hand_made.stress()["options"] | {"bounds": bounds})
    assert model_card.command(run).replace(" \\\n   ", "") == (
        "ringfence stress --book book.csv --terms terms.toml --price 2012.5 --around --history march.csv --scenario scenario.toml "
        "--paths 2000 --horizon 7d --seed 5 --significant-loss 0.01 --max-es99-bps 150 --max-prob 0.05 --out DIR"
    )
    assert model_card.command(recommended(tmp_path / "r")).replace(" \\\n   ", "") == (
        "ringfence recommend --history march.csv --book book.csv --terms terms.toml --scenario scenario.toml --price 2012.5 "
        "--max-es99-bps 150 --vary liq_ltv --paths 2000 --horizon 7d --seed 5 --significant-loss 0.01 --out DIR"
    )


def test_each_drawing_has_a_name_of_its_own_and_its_table(tmp_path: Path) -> None:
    """Every id in it begins with its name, it says what it shows, and the table behind it says of what its rows and columns are."""
    text = page(recommended(tmp_path))
    figures = re.findall(r"<figure>.*?</figure>", text, re.DOTALL)
    assert len(figures) == 10
    for figure in figures:
        (svg,) = re.findall(r"<svg .*?</svg>", figure, re.DOTALL)
        ids = re.findall(r'\bid="([^"]+)"', svg)
        name = ids[0].removesuffix("-title")
        assert ids[:2] == [f"{name}-title", f"{name}-desc"]
        assert [one for one in ids if not one.startswith(f"{name}-")] == []
        assert f'<h2 id="{name}"' not in svg
        assert len(re.findall(r"<title[^>]*>[^<]+</title><desc[^>]*>[^<]{10,}</desc>", svg)) == 1
        table = figure.partition("<details>")[2]
        heads = re.findall(r"<th\b[^>]*>", table)
        assert len(heads) >= 3
        assert [head for head in heads if not re.match(r'<th scope="(?:col|row)"', head)] == []
        assert table.count('<th scope="row">') == table.count("<tr>") - 1


def test_a_policy_forbids_whatever_a_page_might_fetch(run: Run) -> None:
    """No script, from wherever; styles that stand in the page alone."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert page(run).count(f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n') == 1


def test_hostile_names_are_texts(tmp_path: Path) -> None:
    """No markup in the page, no formula in a drawing, no link in Markdown."""
    pool = hand_made.pool(name=NAME)
    worlds = [hand_made.shipped("$x^2$", 170.0, held=True), hand_made.shipped("<b>", 130.0, held=True)]
    run = run_of(tmp_path, pools=[pool], scenarios=worlds, notices=[NAME])
    text = page(run)
    assert "<b>" not in text
    assert "&lt;b&gt;&amp;" in text
    drawn = re.findall(r"<text [^>]*>([^<]*)</text>", text)
    assert {"$x^2$", "&lt;b&gt;"} <= set(drawn)
    told = summary(run)
    assert "\\$x^2\\$ \\<b\\>\\&\"'\\</b\\> \\[a\\](http://b.c) \\`c\\` \\| d" in told
    assert "\n## $" not in told


def test_an_exit_code_gates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1 where a bound is broken, whatever else; 0 where it is kept, not surely, or not judged."""
    from ringfence.cli.main import run as ringfence

    folder = str(hand_made.written(tmp_path, hand_made.stress()))
    for bound, code, kind in ((["--max-es99-bps", "119"], 1, "broken"), ([], 0, "unsure"), (["--max-es99-bps", "160"], 0, "held")):
        assert ringfence(["report", folder, "--json", *bound]) == code
        assert json.loads(capsys.readouterr().out)["verdict"] == kind
    hand_made.written(tmp_path, hand_made.stress(defaults=["market"]))
    assert ringfence(["report", folder]) == 0
    assert ringfence(["report", folder, "--max-es99-bps", "119"]) == 1
