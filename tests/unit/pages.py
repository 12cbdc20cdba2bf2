"""How the tests of the documents read Markdown: pages, links, headings, code spans, blocks, tables; and what a page may name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("contracts", "src", "tests", "scripts", "docs", "examples", "bench", "requirements")
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
PLACE = re.compile(rf"((?:{'|'.join(FOLDERS)})/[\w./*-]*[\w*])(?:::([\w.]+))?")


def pages() -> list[Path]:
    """Every Markdown page that people read."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob("bench/**/*.md")])


def title(page: Path) -> str:
    """The page as a test is named for it."""
    return page.relative_to(ROOT).as_posix()


def prose(text: str) -> str:
    """The text without its blocks of code, whose headings and links are none; joined where a line ends within a paragraph."""
    return BLOCK.sub("", text)


def spans(text: str) -> list[str]:
    """What stands in code signs within the prose; a line's end within them is a blank."""
    return [CODE.sub(r"\1", found) for found in CODE.findall(re.sub(r"(?<=\S)\n(?=\S)(?![-|#>]|\d+\.)[ ]*", " ", prose(text)))]


def blocks(text: str, language: str) -> list[str]:
    """The blocks of code of a language."""
    return [block for name, block in BLOCK.findall(text) if name == language]


def links(text: str) -> list[str]:
    """Where the links of the prose lead."""
    return [target for target in LINK.findall(prose(text)) if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """The fragments by which the headings can be reached."""
    found = re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower().replace("`", "")).replace(" ", "-") for heading in found}


def sections(text: str, level: int) -> dict[str, str]:
    """The parts of a page under each heading of a level, up to the next heading of that level or above."""
    mark = re.compile(rf"^(#{{1,{level}}}) (.*)$", re.MULTILINE)
    heads = [*mark.finditer(text)]
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return {head[2]: text[head.end() : end] for head, end in zip(heads, ends, strict=True) if len(head[1]) == level}


def column(text: str, name: str) -> list[str]:
    """What stands in code signs in the first column of the first table whose first column has this name."""
    table = re.search(rf"^\| {name} \|.*\n\|[-|]+\|\n((?:\|.*\n?)+)", text, re.MULTILINE)
    return re.findall(r"^\| `([^`]+)` \|", table[1], re.MULTILINE) if table else []


def commands(text: str) -> Iterator[str]:
    """Every command that a page shows, in its prose or in a block, with continued lines joined and comments dropped."""
    yield from spans(text)
    for _, block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            yield re.sub(r"\s+#.*", "", line.strip().removeprefix("$ "))


def missing(place: str) -> str:
    """Why `path` or `path::name` leads nowhere; empty if it leads somewhere."""
    path, _, name = place.partition("::")
    if not any(ROOT.glob(path)):
        return f"{path} is not there"
    return "" if not name or name in names(ROOT / path) else f"{path} has no {name}"


def names(path: Path) -> set[str]:
    """What a file defines: functions, classes, their methods and values in Python; functions, structs, events, constants in Vyper."""
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".vy", ".vyi"):
        return set(re.findall(r"^(?:def|struct|event) (\w+)", text, re.MULTILINE)) | set(re.findall(r"^(\w+): ", text, re.MULTILINE))
    found: set[str] = set()
    for node in ast.parse(text, path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
        if isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found
