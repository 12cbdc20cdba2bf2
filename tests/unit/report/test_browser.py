"""Reports in a real browser: nothing complains, nothing is fetched, nothing is cut, on a desktop, a phone and paper.

CHROMIUM names a browser; else the one that is installed. Without any these tests skip.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ringfence.report.write import write_report
from tests.unit.report.result_folders import KINDS, copied

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
PAGES = {"stress": (3, 5), "plain": (2, 4), "two": (3, 6), "recommend": (3, 6), "replay": (1, 3), "curve": (1, 4)}
"""Sheets of A4, at least and at most."""
SLACK = 1.5
"""Pixels by which a text may pass an edge: how letters are measured."""
OVERLAPS = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('figure > svg')) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]).filter(t => t[1].width > 0);
    for (const [i, [text, box]] of texts.entries()) {
      const beyond = [frame.left - box.left, box.right - frame.right, frame.top - box.top, box.bottom - frame.bottom];
      if (Math.max(...beyond) > SLACK) found.push(`cut: ${text}`);
      for (const [other, beside] of texts.slice(i + 1)) {
        const across = Math.min(box.right, beside.right) - Math.max(box.left, beside.left);
        const down = Math.min(box.bottom, beside.bottom) - Math.max(box.top, beside.top);
        // Boxes of lines are higher than letters.
        if (across > SLACK && down > SLACK + 0.25 * Math.min(box.height, beside.height)) found.push(`over each other: ${text} | ${other}`);
      }
    }
  }
  return found;
}""".replace("SLACK", str(SLACK))
MARGIN = "() => [...document.styleSheets[0].cssRules].find(rule => rule instanceof CSSPageRule).style.margin"
LETTERS = """() => [...document.querySelectorAll('figure > svg')].map(svg => {
  const width = svg.getBoundingClientRect().width;
  const sizes = [...svg.querySelectorAll('text')].map(text => parseFloat(text.style.fontSize));
  return [width, Math.min(...sizes) * width / 480 * 72 / 96];
})"""
BEYOND = """() => [...document.querySelectorAll('body *')]
  .filter(e => !e.closest('.scroll') && !e.closest('svg') && !e.closest('details:not([open])'))
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(e => e.tagName + ': ' + e.textContent.slice(0, 60))"""


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """One browser for all tests here."""
    pytest.importorskip("playwright", reason="opening reports needs playwright")
    found = os.environ.get("CHROMIUM") or next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        pytest.skip("no Chromium is installed: scripts/fetch_chromium, or set CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def reports(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of each kind of result, and one whose names are as long and as hostile as can be."""
    folder = tmp_path_factory.mktemp("reports")
    for kind in KINDS:
        write_report(copied(results / kind, folder / kind))
    long = copied(results / "two", folder / "long")
    text = (long / "result.json").read_text()
    (long / "result.json").write_text(
        text.replace('"name": "other"', f'"name": "{"W" * 150}"').replace('"name": "wild"', '"name": "<b>$x$"')
    )
    write_report(long)
    return folder


def opened(browser: "Browser", file: Path, size: str) -> "tuple[Page, list[str], list[str]]":
    """The page as it stands there, with what it told on the console and asked of anybody."""
    width, height = SIZES[size]
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    told: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_load_state("networkidle")
    return page, told, asked


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [*KINDS, "long"])
def test_a_page_opens_clean_and_fits(browser: "Browser", reports: Path, kind: str, size: str) -> None:
    """No word on the console, no request but for the file, no scrolling sideways, no text in a drawing cut or over another."""
    file = reports / kind / "report.html"
    page, told, asked = opened(browser, file, size)
    assert told == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    assert page.evaluate(BEYOND) == []
    assert page.evaluate(OVERLAPS) == []
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    page.context.close()


def test_what_overlaps_or_is_cut_is_seen(browser: "Browser", tmp_path: Path) -> None:
    """By the same script, in a drawing made so."""
    drawn = ((0, 50, "over each"), (5, 52, "other"), (180, 90, "cut off"), (0, 90, "fine"))
    texts = "".join(f'<text x="{x}" y="{y}">{text}</text>' for x, y, text in drawn)
    (tmp_path / "x.html").write_text(f'<figure><svg width="200" height="100" viewBox="0 0 200 100">{texts}</svg></figure>')
    page, _, _ = opened(browser, tmp_path / "x.html", "desktop")
    assert page.evaluate(OVERLAPS) == ["over each other: over each | other", "cut: cut off"]
    page.context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_can_be_used_by_everybody(browser: "Browser", reports: Path, kind: str) -> None:
    """axe finds no violation, with all tables open: contrast, names, heads of tables, order of headings."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python").Axe()
    page, _, _ = opened(browser, reports / kind / "report.html", "desktop")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = axe.run(page)
    assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]] == []
    assert len(found.response["passes"]) > 10
    page.context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_prints_on_a_few_sheets(browser: "Browser", reports: Path, kind: str, tmp_path: Path) -> None:
    """Of A4."""
    page, _, _ = opened(browser, reports / kind / "report.html", "desktop")
    file = tmp_path / "report.pdf"
    page.pdf(path=str(file), prefer_css_page_size=True, print_background=True)
    content = file.read_bytes()
    sheets = len(re.findall(rb"/Type\s*/Page\b", content))
    assert PAGES[kind][0] <= sheets <= PAGES[kind][1]
    sizes = {tuple(round(float(side)) for side in box.split()) for box in re.findall(rb"/MediaBox\s*\[([^\]]+)\]", content)}
    assert sizes <= {(0, 0, 595, 842), (0, 0, 596, 842)}
    page.context.close()


def test_letters_of_printed_drawings_can_be_read(browser: "Browser", reports: Path) -> None:
    """7 points at least, though two drawings stand beside each other; the width is that between the margins of A4."""
    page, _, _ = opened(browser, reports / "stress" / "report.html", "desktop")
    page.emulate_media(media="print")
    margin = float(page.evaluate(MARGIN).split()[1].removesuffix("mm"))
    page.set_viewport_size({"width": int((210 - 2 * margin) / 25.4 * 96), "height": 1000})
    found: list[list[float]] = page.evaluate(LETTERS)
    assert len(found) >= 8
    assert min(points for _, points in found) >= 7
    assert max(width for width, _ in found) <= 370
    page.context.close()


def sheets_of_drawings(content: bytes) -> list[set[bytes]]:
    """Of each outermost figure in a tagged PDF, the sheets on which anything of it stands: its own, and those of all that it holds."""
    objects = dict(re.findall(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", content, re.DOTALL))

    def below(number: bytes) -> list[bytes]:
        # Marks that stand on another sheet than their element have a dictionary of their own, which names the sheet.
        kids = re.sub(rb"<<.*?>>", b"", objects[number].partition(b"/K ")[2], flags=re.DOTALL)
        return re.findall(rb"(\d+) 0 R", kids.partition(b"/")[0])

    def sheets(number: bytes) -> set[bytes]:
        return set(re.findall(rb"/Pg (\d+) 0 R", objects[number])).union(*map(sheets, below(number)))

    def drawings(number: bytes) -> Iterator[set[bytes]]:
        if b"/S /Figure" in objects[number]:
            yield sheets(number)
            return
        for kid in below(number):
            yield from drawings(kid)

    (root,) = [number for number, content in objects.items() if b"/S /Document" in content]
    return list(drawings(root))


def printed(page: "Page", *, push: int, style: str = "") -> bytes:
    """The page as a tagged PDF, all of it moved down by so many millimetres."""
    page.add_style_tag(content=f"body {{ padding-top: {push}mm !important; }} {style}")
    return page.pdf(prefer_css_page_size=True, print_background=True, tagged=True)


def test_no_drawing_is_on_two_sheets(browser: "Browser", reports: Path) -> None:
    """By the PDF itself, wherever on a sheet a drawing begins: picture and caption stay together."""
    for kind, pushes in {"stress": range(0, 250, 40), "recommend": (0, 130), "two": (0, 130), "curve": (0, 60, 120)}.items():
        page, _, _ = opened(browser, reports / kind / "report.html", "desktop")
        count = page.evaluate("document.querySelectorAll('figure').length")
        for push in pushes:
            found = sheets_of_drawings(printed(page, push=push))
            assert [len(sheets) for sheets in found] == [1] * count, (kind, push)
        page.context.close()


def test_a_drawing_on_two_sheets_is_seen(browser: "Browser", reports: Path) -> None:
    """By the same reading of the PDF: without the rule that keeps them together, and where a picture is longer than a sheet."""
    split = "figure, section { break-inside: auto !important; }"
    long = "figure { display: block !important; } figure > svg { height: 400mm !important; }"
    for style, pushes, all_of_them in ((split, range(0, 250, 10), False), (long, (0,), True)):
        page, _, _ = opened(browser, reports / "stress" / "report.html", "desktop")
        found = [len(sheets) for push in pushes for sheets in sheets_of_drawings(printed(page, push=push, style=style))]
        assert max(found) > 1
        assert not all_of_them or min(found) > 1
        page.context.close()
