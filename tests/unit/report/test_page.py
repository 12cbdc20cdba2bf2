"""The page of a result: self-contained, the same bytes for the same result, with everything that a committee asks, and nothing from a
file taken for markup."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ringfence.inputs.verdict import BROKEN, HELD, NONE, UNSURE
from ringfence.report.page import SIGNS, page, page_of
from ringfence.report.run import read_run
from ringfence.report.summary import summary
from ringfence.report.write import write_report
from tests.unit.report.result_folders import HOSTILE, KINDS, copied

SVG = "{http://www.w3.org/2000/svg}"
SECTIONS = {
    "Loss distribution", "Who bears the loss", "The wall", "Loss against a single fall", "Liquidation LTV and market depth",
    "What causes the loss", "Reserve sizing", "Who earns, and can lenders leave", "Isolation against shared margin",
    "Scenarios: what failed and what held", "Historical replays", "How far the figure moves",
}  # fmt: skip

WHOLE = ["distribution", "waterfall", "wall", "shocks", "sizing", "earnings"]
DRAWN = {
    "stress": [*WHOLE, "heatmap", "causes", "scenarios"],
    "plain": WHOLE,
    "two": [*WHOLE, "wall", "shocks", "sizing", "causes", "isolation"],
    "recommend": [*WHOLE, "causes", "tried liq_ltv", "tried reserve"],
    "replay": [],
    "curve": ["wall"],
}
"""What is drawn of each."""


class Outline(HTMLParser):
    """What a browser would see of a page: its elements and their attributes, headings, ids, and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[tuple[int, str]] = []
        self.texts: list[str] = []
        self._heading: int | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self._heading = int(tag[1])
            self.headings.append((self._heading, ""))

    def handle_endtag(self, tag: str) -> None:
        if re.fullmatch("h[1-6]", tag):
            self._heading = None

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._heading is not None:
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    def ids(self) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get("id"))]


def drawings(text: str) -> Iterator[ElementTree.Element]:
    """Every drawing, as XML, which is stricter than what a browser asks for."""
    for found in re.findall(r"<svg .*?</svg>", text, re.DOTALL):
        yield ElementTree.fromstring(found)


def changed(folder: Path, to: Path, **fields: Any) -> Path:
    """A copy of a result with other values at its top; a dict is merged into what is there."""
    copied(folder, to)
    value = json.loads((to / "result.json").read_text())
    for name, new in fields.items():
        value[name] = value[name] | new if isinstance(new, dict) else new
    (to / "result.json").write_text(json.dumps(value))
    return to


@pytest.fixture(scope="module")
def pages(results: Path) -> dict[str, str]:
    """The page of each kind of result."""
    return {kind: page(read_run(results / kind)) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_result_gives_the_same_bytes(results: Path, pages: dict[str, str], tmp_path: Path, kind: str) -> None:
    """From another folder, at another time: no clock, no random name, no place is in it."""
    write_report(copied(results / kind, tmp_path / "again"))
    assert (tmp_path / "again" / "report.html").read_text() == pages[kind]
    assert str(results) not in pages[kind].replace(str(results / "march_2020.csv"), "")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_fetched_and_nothing_runs(pages: dict[str, str], kind: str) -> None:
    """No script, no frame, no link or picture from elsewhere, and a policy that would forbid them."""
    outline = Outline(pages[kind])
    assert not {"script", "iframe", "object", "embed", "img", "form", "base"} & {tag for tag, _ in outline.elements}
    for tag, attributes in outline.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "xlink:href"):
            target = attributes.get(name)
            assert target is None or target.startswith(("#", "data:,")), (tag, target)
    policy = next(a["content"] for tag, a in outline.elements if tag == "meta" and a.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert not re.search(r"@import|url\((?!#)", pages[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_unique_and_what_is_named_is_there(pages: dict[str, str], kind: str) -> None:
    """Many drawings stand in one page: their clips and marks must not be taken for each other's."""
    outline = Outline(pages[kind])
    ids = outline.ids()
    assert len(ids) == len(set(ids))
    for _, attributes in outline.elements:
        for value in attributes.values():
            assert set(re.findall(r"url\(#([^)]+)\)", value or "")) <= set(ids)
        assert set((attributes.get("aria-labelledby") or "").split()) <= set(ids)
        assert (attributes.get("xlink:href") or "#")[1:] in {"", *ids}


@pytest.mark.parametrize("kind", KINDS)
def test_headings_are_in_order(pages: dict[str, str], kind: str) -> None:
    """One first, none skipped."""
    levels = [level for level, _ in Outline(pages[kind]).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("kind", KINDS)
def test_every_drawing_has_its_texts_and_its_table(pages: dict[str, str], kind: str) -> None:
    """A title, a description, a caption, and the figures in a table with heads of columns and rows."""
    text = pages[kind]
    count = 0
    for drawing in drawings(text):
        count += 1
        assert drawing.get("role") == "img"
        assert all((drawing.findtext(f"{SVG}{tag}") or "").strip() for tag in ("title", "desc"))
        assert all(float(size) >= 12 for size in re.findall(r"font-size: ([0-9.]+)px", ElementTree.tostring(drawing, encoding="unicode")))
    figures = re.findall(r"<figure>.*?</figure>", text, re.DOTALL)
    assert len(figures) == count
    for figure in figures:
        assert "<figcaption>" in figure
        assert re.search(r'<details>.*<th scope="col".*<th scope="row">.*</details>', figure, re.DOTALL)
    assert count == len(DRAWN[kind])


def test_a_whole_run_has_every_section(pages: dict[str, str]) -> None:
    """None of them says that something is missing; the plain run says of each how to get it."""
    titles = {title for level, title in Outline(pages["stress"]).headings if level == 2}
    assert titles >= SECTIONS
    assert 'class="missing"' not in pages["stress"]
    missing = re.findall(r'class="missing">([^<]+)<', pages["plain"])
    assert missing == [
        "Run ringfence stress --around to see it.",
        "The causes were not asked for: run ringfence stress with --causes.",
        "The shipped scenarios were not played: run ringfence stress --around.",
        "No history was replayed: run ringfence stress --history FILE.",
    ]


def test_the_verdict_comes_first_in_words_and_a_sign(results: Path, tmp_path: Path) -> None:
    """Kept, kept not surely, broken, none: each says so without its colour, with bound, figure and interval."""
    worst = json.loads((results / "stress" / "result.json").read_text())["metrics"]["lender_loss_es99"]
    cases = (
        (worst["high"] * 1.1, [], HELD, "Keeps the bound"),
        ((worst["value"] + worst["high"]) / 2, [], UNSURE, "Keeps the bound, but not surely"),
        (worst["value"] * 0.9, [], BROKEN, "Breaks the bound"),
        (worst["high"] * 1.1, ["market"], NONE, "No verdict: depth was left to its default"),
        (worst["value"] * 0.9, ["market"], BROKEN, "Breaks the bound"),
    )
    for number, (most, defaults, kind, sentence) in enumerate(cases):
        options = {"bounds": {"lender_loss_es99": most}}
        text = page(read_run(changed(results / "stress", tmp_path / str(number), options=options, defaults=defaults)))
        levels = Outline(text).headings
        assert levels[1] == (2, f"{SIGNS[kind]} {sentence}")
        box = text[text.index('<section class="verdict') : text.index("</section>")]
        assert f'class="verdict {kind}"' in box
        assert "bp of supply, bound " in box
        assert "<strong>Main reason.</strong>" in box
        assert "<strong>Weakest assumption.</strong>" in box


def test_a_default_is_the_weakest_assumption(results: Path, tmp_path: Path) -> None:
    """Before anything that was measured; with a figure that rests on it."""
    run = read_run(changed(results / "stress", tmp_path / "d", defaults=["oracle", "market"]))
    told = page_of(run, drawn=False).weakest
    assert told.startswith("Left to defaults, which are the best case: the oracle, depth.")
    assert "the market takes any amount at its price" in told
    assert re.search(r"more than [0-9\u202f]+ asset of debt is sold so", told)


def test_half_the_depth_is_the_weakest_assumption_where_it_decides(results: Path, tmp_path: Path) -> None:
    """Where the bound lies between the figure and that with half the depth."""
    value = json.loads((results / "stress" / "result.json").read_text())
    row, _ = value["around"]["own"]
    half = value["around"]["lender_loss_es99"][row][value["around"]["depth"].index(0.5)]["value"]
    own = value["metrics"]["lender_loss_es99"]["value"]
    assert own < half
    options = {"bounds": {"lender_loss_es99": (own + half) / 2}}
    told = page_of(read_run(changed(results / "stress", tmp_path / "d", options=options)), drawn=False).weakest
    assert told.startswith("The market's depth: with half of it, lenders' ES 99 % is ")
    assert "beyond the bound of" in told


def test_what_reserve_and_backstop_bear_is_told_beside_the_verdict(results: Path, tmp_path: Path) -> None:
    """Where the pool's own loss is more than twice what is bounded, and only there."""
    metrics = json.loads((results / "stress" / "result.json").read_text())["metrics"]
    for times, is_told in ((2.1, True), (1.9, False)):
        gross = metrics["loss_es99"] | {"value": times * 5000.0, "low": 0.0, "high": 1e5}
        run = read_run(changed(results / "stress", tmp_path / str(times), metrics={"loss_es99": gross}))
        told = [line for line in page_of(run, drawn=False).verdict_lines if line.startswith("Before reserve and backstop the pool loses")]
        assert len(told) == is_told


def test_a_recommendation_begins_with_its_answers(results: Path, pages: dict[str, str]) -> None:
    """In the box, then in a table with what they were, what binds and what one step further would cost."""
    value = json.loads((results / "recommend" / "result.json").read_text())
    shown = page_of(read_run(results / "recommend"), drawn=False)
    assert shown.verdict_lines[0].startswith("Recommended: liquidation LTV ")
    assert [level for level in Outline(pages["recommend"]).headings if level[0] == 2][2] == (2, "Recommended terms")
    percent = f"{100 * float(value['answers'][0]['value']):g}\u00a0%"
    assert re.search(rf'<th scope="row">liquidation LTV</th><td class="n">{percent}</td>', pages["recommend"])
    beyond = f"{100 * float(value['answers'][0]['next']['value']):g}\u00a0%"
    ended = f"The bound on lenders&#39; ES 99\u00a0% ends the liquidation LTV at {percent}: at {beyond} lenders&#39; ES 99\u00a0% is "
    assert ended in pages["recommend"]
    assert "The largest cause of loss is " in pages["recommend"]
    assert f"--price {value['options']['start_price']} " in pages["recommend"]


def test_every_metric_has_its_definition_in_the_page(results: Path, pages: dict[str, str]) -> None:
    """So that any figure can be checked."""
    value = json.loads((results / "two" / "result.json").read_text())
    texts = set(Outline(pages["two"].replace("\u00a0", " ")).texts)
    for name, metric in value["metrics"].items():
        assert {name, metric["definition"]} <= texts


def test_sources_and_how_to_make_it_again_are_told(results: Path, pages: dict[str, str]) -> None:
    """Digests in full, seed, versions, and a command."""
    for kind in ("replay", "curve"):
        value = json.loads((results / kind / "result.json").read_text())
        assert all(digest in pages[kind] for digest in value["inputs"].values())
    assert "--max-es99-bps 5000" in pages["stress"]
    assert "--history march_2020.csv" in pages["stress"]
    assert "--paths 1000" in pages["stress"]
    assert "ringfence recommend" in pages["recommend"]


def hostile(value: Any, keys: set[str]) -> Any:
    """Every text of these fields made hostile."""
    if isinstance(value, dict):
        return {key: HOSTILE if key in keys and isinstance(below, str) else hostile(below, keys) for key, below in value.items()}
    return [hostile(below, keys) for below in value] if isinstance(value, list) else value


TEXTS = {"name", "definition", "description", "fails", "holds", "title", "file", "column", "claim", "ringfence"} | {
    *("sentence", "cost", "unit", "term", "binding"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_names_stay_texts(results: Path, tmp_path: Path, kind: str) -> None:
    """In the page, in the drawings, and in Markdown: nothing in a file becomes markup, a formula, or something that a terminal obeys."""
    folder = copied(results / kind, tmp_path / kind)
    for file in (folder / "result.json", folder / "stress" / "result.json"):
        if file.exists():
            value = hostile(json.loads(file.read_text()), TEXTS) | {"notices": [HOSTILE] * 2}
            value["inputs"] = {HOSTILE: HOSTILE}
            file.write_text(json.dumps(value))
    run = read_run(folder)
    text = page(run)
    assert "<script" not in text.lower()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ud83d]", text)
    outline = Outline(text)
    assert not {"script", "a"} & {tag for tag, _ in outline.elements}
    assert len(outline.ids()) == len(set(outline.ids()))
    for _ in drawings(text):
        pass
    lines = summary(run)
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud83d]", lines)
    assert "<script" not in lines.replace("\\<script", "")
    assert "](http" not in lines.replace("\\](http", "")


def test_a_markdown_summary_is_short_and_whole(results: Path) -> None:
    """Verdict, five figures, what binds; tables with as many cells in each row."""
    for kind in KINDS:
        lines = summary(read_run(results / kind)).splitlines()
        assert lines[0].startswith("## ")
        assert len(lines) < 40
        rows = [line for line in lines if line.startswith("|")]
        assert len(rows) >= 7
        for row in rows:
            assert row.count("|") - row.count("\\|") in (5, 6)
    told = summary(read_run(results / "recommend"))
    assert "What binds: the bound on lenders' ES 99 %." in told


def test_without_its_stress_run_a_recommendation_still_has_its_figures(results: Path, tmp_path: Path) -> None:
    """Those that the recommendation itself holds."""
    import shutil

    folder = copied(results / "recommend", tmp_path / "r")
    shutil.rmtree(folder / "stress")
    run = read_run(folder)
    assert set(run.metrics) == {"lender_loss_es99", "prob_significant_lender_loss", "loss_es99", "lender_loss_mean"}
    assert run.verdict.kind == read_run(results / "recommend").verdict.kind


def test_a_replay_is_never_a_good_verdict(results: Path, tmp_path: Path) -> None:
    """Its market takes everything: it came through or it did not."""
    assert page_of(read_run(results / "replay"), drawn=False).verdict_kind == NONE
    pool = {"solvent": False, "loss_from_lenders": "5000000"}
    shown = page_of(read_run(changed(results / "replay", tmp_path / "r", pool=pool)), drawn=False)
    assert shown.verdict_kind == BROKEN
    assert "Lenders bear 5 asset" in shown.reason
