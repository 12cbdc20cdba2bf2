"""The documentation site: every page has its place, every public name its entry, and what is built says all and fetches nothing."""

import importlib
import importlib.util
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import is_dataclass
from html.parser import HTMLParser
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

import ringfence
from ringfence.cli.commands import COMMANDS
from tests.unit.pages import LINK, ROOT, prose

DOCS, API = ROOT / "docs", ROOT / "docs" / "api"
DIRECTIVE = re.compile(r"^\.\. auto(class|function|exception|module):: ([\w.]+)$", re.MULTILINE)
INPUTS = ROOT / "src" / "ringfence" / "inputs"
RESULTS = sorted(file.stem for file in INPUTS.glob("*.py") if "def to_json" in file.read_text(encoding="utf-8"))
"""The modules that define what a command writes or prints."""
NOTEBOOK = ROOT / "examples" / "notebook" / "pool.ipynb"


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def builder() -> ModuleType:
    loader = SourceFileLoader("build_docs_script", str(ROOT / "scripts" / "build_docs"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def entries() -> dict[str, str]:
    """What the pages of the Python interface have an entry for, and of which kind."""
    return {name: kind for page in API.glob("*.md") for kind, name in DIRECTIVE.findall(read(page))}


def test_every_page_has_its_place_in_the_order() -> None:
    """The first page lists all of docs/, that of the Python interface all of its own; none is listed twice."""
    for first, pages in ((DOCS / "index.md", DOCS.glob("*.md")), (API / "index.md", API.glob("*.md"))):
        listed = Counter(link for link in LINK.findall(read(first)) if re.fullmatch(r"\w+\.md", link))
        assert set(listed) - {"security.md"} == {page.name for page in pages} - {"index.md", "security.md"}
        assert [name for name, count in listed.items() if count > 1 and name != "security.md"] == []


def test_every_public_name_has_its_entry() -> None:
    """What `from ringfence import ...` gives."""
    assert {f"ringfence.{name}" for name in ringfence.__all__} - set(entries()) == set()


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_has_its_entry(name: str) -> None:
    """The classes of the results, by the module that defines them; parts of parts may be left out."""
    module = importlib.import_module(f"ringfence.inputs.{name}")
    own = [each for each in vars(module).values() if is_dataclass(each) and each.__module__ == module.__name__]
    whole = {each.__name__ for each in own if hasattr(each, "to_json") or hasattr(each, "to_polars")}
    assert whole - {entry.rpartition(".")[2] for entry in entries()} == set()
    assert whole


def test_every_command_is_told_of() -> None:
    """The page of the command line names the page of each."""
    told = re.findall(r"`ringfence (\w+)`", read(DOCS / "commands.md"))
    assert sorted(told) == sorted(COMMANDS)


def test_what_has_an_entry_is_there() -> None:
    """Each name can be imported from where its entry says."""
    for name, kind in entries().items():
        module, _, attribute = name.rpartition(".")
        if kind == "module":
            importlib.import_module(name)
        else:
            assert hasattr(importlib.import_module(module), attribute), name


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    """By page and target; one to a file outside docs/ leads to a page with the file's text, one into a block of code is none."""
    site = builder().Site(tmp_path)
    page = DOCS / "check.md"
    site.pages[page] = "check.md"
    text = "[a](../contracts/limits.vy) [b](../contracts/gone.vy)\n```text\n[c](gone)\n```\n"
    text += "[d](#here) [e](https://example.org) [f](../../outside)"
    found = site.linked(text, page)
    assert found == text.replace("../contracts/limits.vy", "source/contracts/limits.vy.md")
    assert site.lost == [f"docs/check.md: {link} leads nowhere" for link in ("../contracts/gone.vy", "../../outside")]


class Built(HTMLParser):
    """A built page: what it loads, and the words of its main part."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.text: list[str] = []
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.depth += tag == "article" or (tag == "article" and self.depth > 0)
        if tag in ("script", "img", "iframe", "source", "video") or (tag == "link" and given.get("rel") != "canonical"):
            self.loads += [given.get("src") or given.get("href") or ""]

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "article"

    def handle_data(self, data: str) -> None:
        if self.depth:
            self.text.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once."""
    for needed in ("sphinx", "myst_nb", "furo", "sphinx_copybutton"):
        pytest.importorskip(needed, reason="the site is built with the packages of `make docs`")
    folder = tmp_path_factory.mktemp("site") / "docs"
    script = [sys.executable, str(ROOT / "scripts" / "build_docs"), "--into", str(folder)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def built(page: Path) -> Built:
    parser = Built()
    parser.feed(read(page))
    return parser


@pytest.mark.slow
def test_what_is_built_fetches_nothing(site: Path) -> None:
    """No page loads anything from elsewhere, nor does a style sheet."""
    pages = [*site.rglob("*.html")]
    assert len(pages) > 50
    assert {load for page in pages for load in built(page).loads if re.match(r"(?:[a-z]+:)?//", load)} == set()
    sheets = [*site.rglob("*.css")]
    assert sheets
    assert [sheet.name for sheet in sheets if re.search(r"url\(['\"]?(?:https?:)?//|@import", read(sheet))] == []


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text))


@pytest.mark.slow
def test_nothing_of_a_page_is_lost(site: Path) -> None:
    """Every word of the prose, as often as it is there: a generator may take what begins a line for something of its own."""
    pages = sorted(DOCS.glob("*.md"))
    assert len(pages) > 20
    for page in pages:
        plain = re.sub(r"^ *\d+\. ", "", re.sub(r"(\[[^\]]*\])\([^)]*\)", r"\1", prose(read(page))), flags=re.MULTILINE)
        assert words(plain) - words(" ".join(built(site / f"{page.stem}.html").text)) == Counter(), page.name


@pytest.mark.slow
def test_every_command_is_on_the_page_of_the_command_line(site: Path) -> None:
    """With its help as it is printed, groups within groups."""
    text = "".join(built(site / "commands.html").text)
    helps = builder().commands()
    assert helps.count("Usage: ringfence") > 10
    assert [line for line in helps.splitlines() if line.startswith("  --") and line not in text] == []


@pytest.mark.slow
def test_examples_stand_with_their_output(site: Path) -> None:
    """What was recorded, below what was run."""
    for output in sorted(ROOT.glob("examples/*/output.txt")):
        text = "".join(built(site / "examples" / f"{output.parent.name}.html").text)
        assert read(output).rstrip() in text, output.parent.name


def test_the_notebook_is_kept_with_what_it_shows() -> None:
    """Every cell was run, in order; none ended in an error, none tells where it ran; each chart says in words what it is."""
    cells = [cell for cell in json.loads(read(NOTEBOOK))["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} <= {"display_data", "execute_result", "stream"}
    assert not re.search(
        r"(?<![\w.])/(?:work|tmp|home|root|Users)\b", json.dumps([output for output in outputs if "image" not in str(output)])
    )
    charts = [cell for cell in cells if any("image/png" in output.get("data", {}) for output in cell["outputs"])]
    assert len(charts) >= 3
    assert all(cell["metadata"]["mystnb"]["image"]["alt"] for cell in charts)
