"""What the documents say is there, and what they compute comes out so."""

import csv
import doctest
import json
import re
import runpy
import subprocess
import sys
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ringfence.cli import main
from ringfence.inputs.book import Book
from ringfence.inputs.demo_result import DemoPool, Isolation
from ringfence.inputs.pool_file import Fund, read_pool_file
from ringfence.inputs.prices import read_prices
from ringfence.inputs.results import SALES_COLUMNS, PoolFigures
from ringfence.inputs.scenario import Claim, Feed, Lenders, Liquidators, Market, Oracle, PriceModel, Scenario
from tests.unit.pages import PLACE, ROOT, anchors, blocks, column, commands, links, missing, pages, prose, sections, spans, title

CONCEPTS, RESULTS = ROOT / "docs" / "concepts.md", ROOT / "docs" / "results.md"
SAMPLE = ROOT / "src" / "ringfence" / "inputs" / "samples" / "eth_usdc"
EVERYTHING = Scenario(
    "everything",
    PriceModel("gbm", volatility=1.0),
    oracle=Oracle((Feed(heartbeat=7200),)),
    market=Market(a=0.1, cascade=0.5),
    liquidators=Liquidators(latency=3600),
    lenders=Lenders(0.1, 0.1),
    claims=(Claim("fails", "loss_mean", ">", 0.0),),
)
"""A scenario that leaves nothing out, so that every variant of it is run."""
IDEAS = [
    "Isolation",
    "Maintenance and initial margin",
    "Price divergence",
    "Liquidation incentive structures",
    "Auction or sale",
    "Penalty",
    "Fee distribution",
    "Insurance fund",
    "Default-fund mutualisation",
    "Reinsurance layer",
    "Loss waterfall",
    "Lender lock-up",
    "Insolvency protection",
    "Fragility",
    "Liquidation wall",
    "Liquidations at risk",
    "Cascade",
    "Oracle gap",
    "Reserve sizing",
    "Order of sale",
    "Terms from a bound",
    "Permits",
]
# The project speaks of itself alone: not of how it is made, nor on which machine, nor of where packages come from.
FOREIGN = {
    "how it is made": r"(?i)\bsessions?\b|\bissue #?\d+|(?<![\w&/])#\d+\b",
    "somebody's machine": r"(?<![\w.])/(?:work|tmp|home|root|Users)\b|\.\./shared",
    "where packages come from": r"pypi\.org|pythonhosted|npmjs\.",
}

POOR = ("--max-paid-per-row", "100000")
END = "the end of a command, with exit code"


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", pages(), ids=title)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Files, folders and headings, in this page or another."""
    lost = []
    for target in links(read(page)):
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (fragment and fragment not in anchors(read(file))):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("page", [*pages(), *sorted(ROOT.glob("examples/*/output.txt"))], ids=title)
def test_a_page_speaks_of_the_project_alone(page: Path) -> None:
    """Nothing in it needs somebody's machine or history to be understood."""
    found = {what: match[0] for what, pattern in FOREIGN.items() if (match := re.search(pattern, read(page)))}
    assert found == {}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("as the last session found", "how it is made"),
        ("see #12", "how it is made"),
        ("closes Issue 7", "how it is made"),
        ("in /tmp/x", "somebody's machine"),
        ("from ../shared/data", "somebody's machine"),
        ("at https://pypi.org/simple", "where packages come from"),
    ],
)
def test_what_does_not_belong_into_a_page_is_seen(text: str, what: str) -> None:
    """Each kind of it."""
    assert [kind for kind, pattern in FOREIGN.items() if re.search(pattern, text)] == [what]


@pytest.mark.parametrize("page", pages(), ids=title)
def test_every_file_and_name_is_there(page: Path) -> None:
    """Whatever stands in code signs and begins with a folder of the repository, with `::name` for what a file defines."""
    places = [span for span in spans(read(page)) if PLACE.fullmatch(span)]
    assert [reason for place in places if (reason := missing(place))] == []


@pytest.mark.parametrize("page", pages(), ids=title)
def test_every_command_is_there(page: Path) -> None:
    """Commands and options of `ringfence`, targets of make, scripts."""
    assert [reason for command in commands(read(page)) if (reason := unknown(command))] == []


def unknown(command: str) -> str:
    """What a command names that is not there; empty if all is, or if it is no command of ours."""
    words = re.sub(r"^\S*bin/", "", command).split()
    if words[:1] == ["make"] and len(words) > 1:
        return "" if re.search(rf"^{re.escape(words[1])}:", read(ROOT / "Makefile"), re.MULTILINE) else f"make has no {words[1]}"
    if words[:1] in (["python"], ["pytest"]) and len(words) > 1 and words[1].endswith(".py"):
        return missing(words[1]) if PLACE.fullmatch(words[1]) else ""
    if words[:1] == ["ringfence"] and len(words) > 1:
        return unknown_option(words)
    return missing(words[0]) if words and PLACE.fullmatch(words[0]) else ""


def unknown_option(words: list[str]) -> str:
    # A command of a group has options of its own; `--help` behind anything else is that of the command.
    named = [word for word in words[1:3] if re.fullmatch(r"[a-z][a-z-]*", word)]
    listed = options(*named)
    if not listed:
        return f"ringfence has no {words[1]}"
    given = {word.partition("=")[0].rstrip(",.;") for word in words[1:] if word.startswith("-") and word != "-"}
    return f"ringfence {words[1]} has no {', '.join(sorted(given - listed))}" if given - listed else ""


@cache
def options(*command: str) -> set[str]:
    """What `--help` lists for a command, or for `ringfence` itself; nothing if there is no such command."""
    start = [sys.executable, "-c", "from ringfence.cli.main import main; main()"]
    done = subprocess.run([*start, *command, "--help"], capture_output=True, text=True, check=False)
    return set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", done.stdout)) if done.returncode == 0 else set()


def test_what_is_not_there_is_seen() -> None:
    """Files, names, commands, options, targets and scripts that do not exist, beside those that do."""
    assert missing("src/ringfence/model/liquidation.py::sale") == ""
    assert missing("src/ringfence/model/pool.py::Pool.borrow") == ""
    assert missing("contracts/liquidation.vy::_sale") == missing("contracts/Pool.vy::LossRealised") == ""
    assert missing("src/ringfence/model/liquidation.py::sell") == "src/ringfence/model/liquidation.py has no sell"
    assert missing("contracts/liquidation.vy::sale") == "contracts/liquidation.vy has no sale"
    assert missing("contracts/Liquidation.vy") == "contracts/Liquidation.vy is not there"
    assert unknown("ringfence replay --book b.csv --engine chain") == unknown(".venv/bin/ringfence demo --json FILE") == ""
    assert unknown("ringfence replay --loud, and so on") == "ringfence replay has no --loud"
    assert unknown("ringfence sell") == "ringfence has no sell"
    assert unknown("make demo") == unknown("scripts/lint --fix") == unknown("python scripts/one_whale.py --fall 0.7") == ""
    assert unknown("pytest tests/unit/test_doc.py") == "tests/unit/test_doc.py is not there"
    assert unknown("make money") == "make has no money"
    assert unknown("scripts/sell") == "scripts/sell is not there"
    assert spans("a `b\nc` d\n\n```\n`e`\n```\n") == ["b c"]


def environment_of(tools: Path) -> dict[str, str]:
    """The environment in which examples are recorded; `make demo` is the demo there, without the set-up."""
    environment: dict[str, str] = runpy.run_path(str(ROOT / "scripts" / "record_examples"))["environment"](tools)
    (tools / "make").write_text('#!/bin/sh\n[ "$*" = demo ] && exec ringfence demo\n', encoding="utf-8")
    (tools / "make").chmod(0o755)
    return environment


def typed(commands: list[str], folder: Path) -> list[tuple[int, list[str]]]:
    """Types commands one after the other into one shell, with `python` and `ringfence` of these sources: exit codes and printed lines."""
    given = environment_of(folder / "tools")
    lines = "".join(f"{command}\nprintf '\\n{END} %d\\n' $?\n" for command in commands)
    done = subprocess.run(
        ["bash", "-c", lines],
        cwd=folder,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    parts = re.split(rf"\n{END} (\d+)\n", done.stdout)
    return [(int(code), printed.splitlines()) for printed, code in zip(parts[::2], parts[1::2], strict=False)]


def typed_and_shown(text: str) -> list[tuple[str, list[str]]]:
    """What a page's console blocks show: each command with the lines below it."""
    shown: list[tuple[str, list[str]]] = []
    for line in "".join(blocks(text, "console")).splitlines():
        if line.startswith("$ "):
            shown.append((line[2:], []))
        else:
            shown[-1][1].append(line)
    return shown


def is_shown(expected: list[str], printed: list[str]) -> bool:
    """Whether lines are those printed, where `...` stands for any number of them."""
    pattern = "".join("(?:.*\n)*?" if line == "..." else re.escape(line.rstrip()) + "\n" for line in expected)
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in printed)) is not None


@pytest.mark.parametrize("page", [page for page in pages() if re.search("^(>>> |```console)", read(page), re.MULTILINE)], ids=title)
def test_what_a_page_shows_is_what_comes_out(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands succeed and print the lines below them; its Python, from first to last, runs where the commands end, or in the
    repository if there are none."""
    shown = typed_and_shown(read(page))
    *done, (_, folder) = typed([command for command, _ in shown] + ["pwd"], tmp_path)
    assert len(done) == len(shown)
    for (command, expected), (code, printed) in zip(shown, done, strict=True):
        assert code == 0, (command, printed)
        assert is_shown(expected, printed), (command, expected, printed)
    monkeypatch.chdir(folder[0] if shown else ROOT)
    assert failures("\n".join(blocks(read(page), "python"))) == ""


def failures(text: str) -> str:
    """What goes wrong in examples of Python, empty if nothing."""
    told: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(doctest.DocTestParser().get_doctest(text, {}, "page", None, 0), out=told.append)
    return "".join(told)


def test_what_the_quick_start_explains_is_said_somewhere() -> None:
    """Each message in its table, whose `...` stands for a value, is one of the readers'."""
    sources = "".join(read(path) for path in (ROOT / "src" / "ringfence" / "inputs").glob("*.py"))
    messages = column(read(ROOT / "docs" / "quickstart.md"), "it says")
    assert len(messages) > 4
    assert [part for message in messages for part in message.split("...") if part not in sources] == []


def test_lines_left_out_are_the_only_difference() -> None:
    """What is not printed, or not in that order, is seen."""
    printed = ["one", "two  ", "three"]
    assert is_shown(["one", "two", "three"], printed)
    assert is_shown(["...", "three"], printed)
    assert is_shown(["one", "..."], printed)
    assert not is_shown(["one", "three"], printed)
    assert not is_shown(["...", "two", "one", "..."], printed)
    assert not is_shown(["one", "two"], printed)
    assert failures(">>> 1 + 1\n2\n") == ""
    assert "Expected:\n    3\nGot:\n    2" in failures(">>> 1 + 1\n3\n")


# The page of ideas


def test_every_idea_has_its_section() -> None:
    """In the order of the table at the top, which links to each."""
    text = read(CONCEPTS)
    assert list(sections(text, 2)) == IDEAS
    assert re.findall(r"^\| \[[^\]]*\]\(#([\w-]+)\) \|", text, re.MULTILINE) == [idea.lower().replace(" ", "-") for idea in IDEAS]


@pytest.mark.parametrize("idea", IDEAS)
def test_an_idea_is_told_whole(idea: str) -> None:
    """What it means, our rule, a number, then the code, the test and the command, each of which exists."""
    section = sections(read(CONCEPTS), 2)[idea]
    assert all(re.search(rf"^\*\*{part}", section, re.MULTILINE) for part in ("Means", "Rule", "Number"))
    assert blocks(section, "python")
    code, tests, shown = (spans(match[1]) for match in re.findall(r"(?ms)^- (?:code|test|command): ((.*?))(?=^- |\Z)", section))
    assert len(re.findall(r"^- (?:code|test|command): ", section, re.MULTILINE)) == 3
    assert code
    assert tests
    assert all("::" in place and place.startswith(("contracts/", "src/")) for place in code)
    assert all(re.fullmatch(r"tests/.*::test_\w+", place) for place in tests)
    assert [place for place in (*code, *tests) if missing(place)] == []
    assert re.match(r"ringfence \w+|python examples/|pytest tests/", shown[0])


def test_what_is_not_built_is_said() -> None:
    """None of these ideas is left unbuilt, so nothing claims to be."""
    text = read(CONCEPTS)
    unbuilt = {idea for idea, section in sections(text, 2).items() if re.search(r"\b[Nn]ot\s+built", section)}
    assert unbuilt == set()


# The page of results


def fields_of(section: str, *deeper: str) -> list[str]:
    """The documented fields of a section, or of a section in it."""
    text = sections(read(RESULTS), 2)[section]
    for heading in deeper:
        text = sections(text, 3)[heading]
    return column(text, "field")


def replayed(folder: Path, *more: str, terms: Path = SAMPLE / "terms.toml") -> dict[str, Any]:
    """The result of a replay of the sample."""
    files = ["--book", str(SAMPLE / "book.csv"), "--terms", str(terms), "--prices", str(SAMPLE / "prices.csv")]
    assert main.run(["replay", *files, "--out", str(folder), *more]) == 0
    result: dict[str, Any] = json.loads(read(folder / "result.json"))
    return result


def test_the_fields_of_a_replay_are_documented(tmp_path: Path) -> None:
    """Each with its place in the file, those that appear only under some options too."""
    page = "result.json of a replay"
    fixed = tmp_path / "fixed.toml"
    fixed.write_text(read(SAMPLE / "terms.toml").partition("[rate]")[0], encoding="utf-8")
    result = replayed(tmp_path / "a", "--max-paid-per-row", "1e6", "--min-incentive", "0.01")
    plain = replayed(tmp_path / "b", terms=fixed)
    assert fields_of(page) == list(result)
    assert fields_of(page, "versions") == list(result["versions"])
    assert fields_of(page, "options") == list(result["options"])
    assert list(plain["options"]) == ["engine", "column"]
    kinked = list(result["terms"])[-4:]
    moving = tmp_path / "adaptive.toml"
    moving.write_text(read(fixed) + '[rate]\nmodel = "adaptive"\nrate_at_target_per_year = "0.04"\n', encoding="utf-8")
    adaptive = list(replayed(tmp_path / "c", terms=moving)["terms"])[-1]
    covered = tmp_path / "covered.toml"
    named = read(fixed).replace("[terms]", f'[terms]\nbackstop = "0x{"b5" * 20}"')
    covered.write_text(named + "[backstop]\nassets = 100000\n", encoding="utf-8")
    fund = list(replayed(tmp_path / "d", terms=covered)["terms"])[-3:]
    assert fields_of(page, "terms") == [*list(result["terms"])[:-4], "rate_rate", *kinked, adaptive, *fund]
    assert list(plain["terms"]) == [*list(result["terms"])[:-4], "rate_rate"]
    assert fields_of(page, "pool") == list(result["pool"]) == [*(field.name for field in fields(PoolFigures)), "solvent"]


def test_the_columns_of_sales_are_documented(tmp_path: Path) -> None:
    """In the order of the file."""
    replayed(tmp_path / "result")
    with open(tmp_path / "result" / "sales.csv", encoding="utf-8", newline="") as file:
        assert fields_of("sales.csv") == next(csv.reader(file)) == list(SALES_COLUMNS)


def test_the_fields_of_a_demo_are_documented() -> None:
    """As in the recorded result, which a test holds against the command."""
    result = json.loads(read(ROOT / "examples" / "demo" / "result.json"))
    page = "The result of the demo"
    assert fields_of(page) == list(result)
    assert {tuple(pool) for pool in result["pools"]} == {tuple(fields_of(page, "pools"))}
    assert set(fields_of(page, "pools")) - {"name", "crashed", "solvent"} <= {field.name for field in fields(PoolFigures)}
    assert fields_of(page, "isolation") == list(result["isolation"]) == [field.name for field in fields(Isolation)]
    assert {"name", "crashed"} <= {field.name for field in fields(DemoPool)}


def test_the_fields_of_a_check_are_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """Here with their units, on the page of the command with its figures."""
    assert main.run(["check", str(SAMPLE / "terms.toml"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    page, check = "The result of a check", read(ROOT / "docs" / "check.md")
    assert fields_of(page) == column(check, "field") == list(result)
    assert {tuple(bound) for bound in result["bounds"]} == {tuple(fields_of(page, "bounds"))}
    assert column(check, "figure") == list(result["meaning"])


def test_the_fields_of_a_stress_run_are_documented() -> None:
    """Those of the file, of each part of it, and the columns of its paths: of a run with everything that there can be."""
    pytest.importorskip("numba", reason="stress needs the lab extra")
    from ringfence.lab.peer_metrics import PEER_METRICS
    from ringfence.lab.stress import stress

    pool = read_pool_file(SAMPLE / "terms.toml")
    covered = replace(pool, fund=Fund(assets=10**9, max_assets=10**9, max_share=10**18))
    book = Book(("a",), (10**18,), (10**9,))
    found = stress(
        [(book, covered), (book, covered)],
        EVERYTHING,
        start_prices=[2000.0, 2000.0],
        paths=2,
        horizon=30 * 86_400,
        definitions=list(PEER_METRICS),
        bounds={"lender_loss_es99": 50.0},
    )
    result, page = found.to_dict(), "The result of a stress run"
    more = stress(
        [(book, pool)],
        EVERYTHING,
        start_prices=[2000.0],
        paths=2,
        horizon=86_400,
        causes=False,
        bounds={"lender_loss_es99": 50.0},
        around=True,
        histories=[read_prices(SAMPLE / "prices.csv", pool.collateral_decimals, pool.asset_decimals)],
    ).to_dict()
    assert fields_of(page) == list(more)
    assert list(more)[: len(result)] == list(result)
    assert fields_of(page, "options of a stress run") == list(more["options"])
    assert [name for name in more["options"] if name != "around"] == list(result["options"])
    assert fields_of(page, "replays") == list(more["replays"][0])
    assert fields_of(page, "scenarios") == list(more["scenarios"][0])
    assert fields_of(page, "around") == list(more["around"])
    assert fields_of(page, "claims") == list(result["claims"][0])
    assert fields_of(page, "pools of a stress run") == list(result["pools"][0])
    assert fields_of(page, "a row of the wall") == list(result["pools"][0]["wall"][0])
    assert fields_of(page, "a size of the reserve") == list(result["pools"][0]["reserve_sizing"][0])
    assert fields_of(page, "distribution") == list(result["distribution"])
    assert fields_of(page, "a metric") == list(result["metrics"]["loss_mean"])
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", sections(sections(read(RESULTS), 2)[page], 3)["metrics"], re.MULTILINE)
    assert rows == [(name, metric["unit"], metric["definition"]) for name, metric in result["metrics"].items()]
    assert {name for each in result["pools"] for name in each["metrics"]} <= {name for name, _, _ in rows}
    assert fields_of("paths.parquet") == list(found.paths)


def summed(side: str, figures: dict[str, Any]) -> int:
    """A sum of figures by their names."""
    return sum(int(figures[name]) for name in side.split(" + "))


def test_the_identities_hold(tmp_path: Path) -> None:
    """Where buyers wait and lenders lose, where money is short, and in the demo. Rounding seldom leaves a whole unit, so `surplus` is 0 in
    all of them, and its identity is held against the one that every replay proves."""
    results = [replayed(tmp_path / name, *options)["pool"] for name, options in (("a", ("--min-incentive", "0.03")), ("b", POOR))]
    demo = json.loads(read(ROOT / "examples" / "demo" / "result.json"))["pools"]
    page = sections(read(RESULTS), 2)
    for section, pools in ((page["result.json of a replay"], results), (page["The result of the demo"], demo)):
        identities = [identity.split(" = ") for identity in column(section, "identity")]
        assert identities
        assert [sides for sides in identities for pool in pools if summed(sides[0], pool) != summed(sides[1], pool)] == []
        figures = {name for sides in identities for side in sides for name in side.split(" + ")}
        never = {name for name in figures if not any(int(pool[name]) for pool in pools)}
        assert never <= {"surplus", "premium_owed_after", "loss_from_backstop", "loss_from_premium"}
    proven = read(ROOT / "src" / "ringfence" / "lab" / "tally.py")
    replays = column(page["result.json of a replay"], "identity")
    assert [identity for identity in replays[:2] if f'"{identity.replace("_", " ")}"' not in proven] == []


def test_sums_of_sales_are_the_figures(tmp_path: Path) -> None:
    """As the page says."""
    pool = replayed(tmp_path / "result", "--min-incentive", "0.03")["pool"]
    with open(tmp_path / "result" / "sales.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    said = re.search(r"The sums of (.*?) are (.*?) of `result.json`", prose(read(RESULTS)), re.DOTALL)
    assert said is not None
    pairs = list(zip(spans(said[1]), spans(said[2]), strict=True))
    assert len(pairs) == 5
    assert [sum(int(row[name]) for row in rows) for name, _ in pairs] == [int(pool[figure]) for _, figure in pairs]
    assert len(rows) == pool["sales"]
