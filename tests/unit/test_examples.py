"""The examples print what they are recorded to print, and what records them tells every difference."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.inputs.scenario_file import NAMES as NAMES_OF_SCENARIOS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
NAMES = sorted(readme.parent.name for readme in EXAMPLES.glob("*/README.md"))
README = """# Counting

```sh
python -c 'for n in (1, 2, 3): print(n, "little ringfence", " ")'
```

Not to be run:

```
false
```

```sh
mkdir build
echo '{}' >build/result.json
```
"""


def record(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`scripts/record_examples` with these arguments."""
    command = [sys.executable, ROOT / "scripts" / "record_examples", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def output(name: str) -> str:
    return (EXAMPLES / name / "output.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_an_example_prints_what_is_recorded(name: str) -> None:
    """The commands of its README, to the letter; the difference is the message of the failure."""
    done = record("--check", name)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout == f"{name}: as recorded\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_is_fit_for_any_terminal(name: str) -> None:
    """80 columns, no colours, no blanks at the ends of lines, and no place on somebody's machine."""
    lines = output(name).splitlines()
    assert lines
    assert [line for line in lines if len(line) > 80 or line != line.rstrip() or "\x1b" in line] == []
    assert str(ROOT) not in output(name)
    assert "/tmp" not in output(name)


def test_every_example_is_in_the_list() -> None:
    """Each with a README and a recording."""
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert NAMES == ["contracts", "cover", "crash", "curve", "demo", "one_loan", "one_whale", "patience", "recommend", "report", "stress"]
    assert all(f"[{name}]({name}/README.md)" in listed for name in NAMES)
    # The two others are run by name, and by `make docs`.
    assert {folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()} == {*NAMES, "scenarios", "notebook"}


def test_one_whale_has_the_figures_that_are_known_from_elsewhere() -> None:
    """0.93 in the short fall; 0.79 in the long one, where 0.80 leaves 1,680,962 dollars."""
    text = output("one_whale")
    assert "no loss from 0.50 up to 0.93, a loss at each of 0.94 to 0.98" in text
    assert "no loss from 0.50 up to 0.79, a loss at each of 0.80 to 0.98" in text
    assert "0.80      58       1,680,962" in text
    assert "1,680,962.446990   asset" in text


def test_who_gave_the_discount_in_patience_lost_it() -> None:
    """Terms and patience move the figures as its README says: a Dutch auction ends where buyers are content, and waiting costs lenders."""
    rows = [line.split() for line in output("patience").splitlines() if line.split()[2:3] == ["%"]]
    found = {(row[0], int(row[1])): (float(row[5]), int(row[-1].replace(",", ""))) for row in rows}
    assert sorted(found) == [(terms, wanted) for terms in ("dutch", "fixed", "phased") for wanted in (1, 2, 3)]
    assert {found["fixed", wanted] for wanted in (1, 2, 3)} == {found["fixed", 1]}
    assert found["fixed", 1][0] == 5
    assert [found["dutch", wanted][0] for wanted in (1, 2, 3)] == [1, 2, 3]
    assert found["phased", 1][1] == 0 < found["dutch", 1][1] < found["fixed", 1][1] < found["dutch", 3][1] < found["phased", 3][1]


def test_stress_says_what_its_readme_promises() -> None:
    """All seven worlds are there, and all that is claimed of them is borne out; a joint pool costs lenders what pools apart do not."""
    text = output("stress")
    assert re.findall(r"^([\w-]+): of supply", text, re.MULTILINE) == list(NAMES_OF_SCENARIOS)
    assert text.count("borne out:\n") == 14
    assert "not so" not in text
    assert "NOT" not in text
    shared = {line[:22].strip(): float(line.split()[-5]) for line in text.splitlines() if line.startswith("borne for others")}
    assert shared["borne for others here"] == 0 < shared["borne for others there"]


def test_a_recording_is_made_kept_and_compared(tmp_path: Path) -> None:
    """Only blocks of sh are run, blanks at the ends are dropped; a check changes nothing and shows line by line what differs."""
    folder = tmp_path / "counting"
    folder.mkdir()
    (folder / "README.md").write_text(README, encoding="utf-8")
    assert record("--check", "--folder", tmp_path).returncode == 1
    assert [path.name for path in folder.iterdir()] == ["README.md"]
    assert record("--folder", tmp_path).returncode == 0
    text = (folder / "output.txt").read_text(encoding="utf-8")
    assert text == "1 little ringfence\n2 little ringfence\n3 little ringfence\n"
    assert (folder / "result.json").read_text(encoding="utf-8") == "{}\n"
    assert record("--check", "--folder", tmp_path, "counting").stdout == "counting: as recorded\n"
    wrong = text.replace("2 little", "7 little")
    (folder / "output.txt").write_text(wrong, encoding="utf-8")
    (folder / "result.json").write_text("{ }\n", encoding="utf-8")
    done = record("--check", "--folder", tmp_path)
    assert done.returncode == 1
    for line in ("-7 little ringfence", "+2 little ringfence", "-{ }", "+{}"):
        assert line in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1].endswith("record anew: scripts/record_examples counting")
    assert (folder / "output.txt").read_text(encoding="utf-8") == wrong


def test_an_example_that_fails_is_not_recorded(tmp_path: Path) -> None:
    """Its output and exit code are shown, the others go on."""
    for name, command in (("bad", "echo so far; (exit 3); echo and on"), ("good", "echo fine")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "README.md").write_text(f"```sh\n{command}\n```\n", encoding="utf-8")
    (tmp_path / "bad" / "output.txt").write_text("former\n", encoding="utf-8")
    (tmp_path / "good" / "output.txt").write_text("fine\n", encoding="utf-8")
    done = record("--folder", tmp_path)
    assert done.returncode == 1
    assert done.stdout == "bad: its commands end with exit code 3\nso far\n\ngood: as recorded\n"
    assert (tmp_path / "bad" / "output.txt").read_text(encoding="utf-8") == "former\n"
    assert record("--folder", tmp_path, "ugly").returncode == 2
