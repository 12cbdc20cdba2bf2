"""Results that are damaged, foreign or made up: one line and no verdict, or a verdict that the file bears out."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.inputs.errors import InputError
from ringfence.inputs.verdict import HELD, LEAST_PATHS
from ringfence.report.page import page, page_of
from ringfence.report.run import Run, read_run
from ringfence.report.summary import summary
from tests.unit.report.result_folders import HOSTILE, KINDS, copied

TRIES = 3_000
EVERY = 10
"""Of those that are believed, every tenth is drawn."""
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 10**30, -1e300, 1e300, 0.5),
    *("", "0", "1", "-1", "x" * 3000, HOSTILE, "ringfence.stress/2", [], {}, [[]], {"a": 1}),
)


def places(value: Any, found: list[tuple[Any, Any]] | None = None) -> list[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    found = [] if found is None else found
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found.append((value, key))
        places(below, found)
    return found


def mutated(draw: random.Random, text: str) -> bytes:
    """The text with one to three faults: a value replaced, removed, swapped with another or scaled, or bytes cut, changed and doubled."""
    if draw.random() < 0.15:
        raw = bytearray(text.encode())
        at = draw.randrange(len(raw))
        match draw.randrange(3):
            case 0:
                return bytes(raw[:at])
            case 1:
                raw[at] = draw.randrange(256)
                return bytes(raw)
            case _:
                return bytes(raw[:at] + raw[at : at + draw.randrange(1, 200)] + raw[at:])
    value = json.loads(text)
    # The top of a file is small and decides: half of the faults are there.
    for _ in range(draw.randrange(1, 4)):
        found = places(value) if draw.random() < 0.5 else [(value, key) for key in value]
        container, key = draw.choice(found)
        match draw.randrange(4):
            case 0:
                del container[key]
            case 1:
                other, place = draw.choice(found)
                if place in other if isinstance(other, dict) else place < len(other):
                    container[key] = json.loads(json.dumps(other[place]))
            case 2 if isinstance(container[key], int | float) and not isinstance(container[key], bool):
                container[key] *= draw.choice((-1, 0, 1e-9, 2, 1e12))
            case _:
                container[key] = draw.choice(ODD)
    return json.dumps(value).encode()


def is_borne_out(folder: Path) -> bool:
    """Whether the file itself, read without our code, has bounds, all of them surely kept, and nothing left to defaults."""
    value = json.loads((folder / "result.json").read_text())
    stress = folder / "stress" / "result.json"
    told = json.loads(stress.read_text()) if stress.exists() else value
    bounds = value["options"]["bounds"]
    return (
        len(bounds) > 0
        and value["defaults"] == told["defaults"] == []
        and told["options"]["paths"] >= LEAST_PATHS
        and all(max(told["metrics"][name]["value"], told["metrics"][name]["high"]) <= most for name, most in bounds.items())
    )


def judged(folder: Path) -> Run | str:
    """The run, its verdict made; the reason where it was refused."""
    try:
        run = read_run(folder)
        page_of(run, drawn=False)
        summary(run)
    except InputError as refused:
        return str(refused)
    return run


@pytest.mark.slow
def test_no_damaged_result_has_a_verdict_that_it_does_not_bear_out(results: Path, tmp_path: Path) -> None:
    """Thousands of faults in every kind of result: refused in one line or judged by what is there; some of the latter are drawn, too."""
    draw = random.Random(20201)
    refused = good = believed = 0
    folders = {kind: copied(results / kind, tmp_path / kind) for kind in KINDS}
    texts = {kind: (folder / "result.json").read_text() for kind, folder in folders.items()}
    for _ in range(TRIES):
        kind = draw.choice(("stress", "stress", *KINDS))
        folder = folders[kind]
        (folder / "result.json").write_bytes(mutated(draw, texts[kind]))
        run = judged(folder)
        if isinstance(run, str):
            refused += 1
            assert "\n" not in run
            assert len(run) < 1_000
            continue
        if run.bounds and run.verdict.kind == HELD:
            good += 1
            assert is_borne_out(folder)
        believed += 1
        if believed % EVERY == 0:
            page(run)
    assert refused > TRIES // 2
    assert good > 20
    assert believed > 10 * EVERY


def test_a_recommendation_and_its_stress_run_belong_together(results: Path, tmp_path: Path) -> None:
    """A stress folder of another run is refused; a missing one is told."""
    folder = copied(results / "recommend", tmp_path / "r")
    shutil.copy(results / "plain" / "result.json", folder / "stress" / "result.json")
    with pytest.raises(InputError, match=r"its loss_es99 is not that of stress/result\.json"):
        read_run(folder)
    shutil.copy(results / "curve" / "result.json", folder / "stress" / "result.json")
    with pytest.raises(InputError, match="is no stress run"):
        read_run(folder)
    shutil.rmtree(folder / "stress")
    assert "The stress run beside the recommendation is missing" in page(read_run(folder))


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("ringfence.stress/2", "newer than 'ringfence.stress/1'"),
        ("ringfence.recommend/7", "newer than 'ringfence.recommend/1'"),
        ("ringfence.demo/1", "is a result of another kind"),
        ("ringfence.check/1", "is a result of another kind"),
        ("other.stress/1", "none of Ringfence's"),
        ("ringfence.stress/1 ", "none of Ringfence's"),
        ("", "none of Ringfence's"),
    ],
)
def test_another_schema_is_refused(results: Path, tmp_path: Path, schema: str, reason: str) -> None:
    """Of a later version, of another command, of another program."""
    folder = copied(results / "plain", tmp_path / "p")
    value = json.loads((folder / "result.json").read_text())
    (folder / "result.json").write_text(json.dumps(value | {"schema": schema}))
    with pytest.raises(InputError, match=reason):
        read_run(folder)


def test_a_folder_without_a_result_is_refused(tmp_path: Path) -> None:
    """No folder, a file, an empty folder."""
    (tmp_path / "file").touch()
    for name, reason in (("none", "no such folder"), ("file", "is no folder"), ("", "holds no result.json")):
        with pytest.raises(InputError, match=reason):
            read_run(tmp_path / name)


def test_what_decides_the_verdict_must_be_there(results: Path, tmp_path: Path) -> None:
    """A file without its defaults, its metrics, their ends or its paths is refused, not read as if it had none."""
    text = (results / "stress" / "result.json").read_text()
    (tmp_path / "s").mkdir()

    def refused(change: Callable[[Any], Any]) -> str:
        value = json.loads(text)
        change(value)
        (tmp_path / "s" / "result.json").write_text(json.dumps(value))
        with pytest.raises(InputError) as found:
            read_run(tmp_path / "s")
        return str(found.value)

    assert "has no 'defaults'" in refused(lambda value: value.pop("defaults"))
    assert "defaults is no list" in refused(lambda value: value.update(defaults="market"))
    assert "metrics has no 'lender_loss_es99'" in refused(lambda value: value["metrics"].pop("lender_loss_es99"))
    assert "has no 'high'" in refused(lambda value: value["metrics"]["lender_loss_es99"].pop("high"))
    assert "interval from" in refused(lambda value: value["metrics"]["lender_loss_es99"].update(high=-1.0))
    assert "is no number" in refused(lambda value: value["options"]["bounds"].update(lender_loss_es99="50"))
    assert "no metric 'made_up'" in refused(lambda value: value["options"]["bounds"].update(made_up=50))
    assert "options.paths is 0" in refused(lambda value: value["options"].update(paths=0))
    assert "pools is empty" in refused(lambda value: value.update(pools=[]))
