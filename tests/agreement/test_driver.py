"""The driver finds what differs: a fault planted on either side ends it with exit code 1 and one line that says where."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.chain import artifacts
from ringfence.model import interest, liquidation, rounding, shares
from tests.agreement import driver
from tests.agreement.twins import Difference

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = Path(artifacts.__file__).parent / "artifacts"


def _offered_at_once(offered: int, payable: int, seconds: int, window: int) -> int:
    return offered


def _debt_down(amount: int, debt_assets: int, debt_shares: int) -> int:
    return rounding.div_down(amount * (debt_assets + 1), debt_shares + 10**6)


def _never_wiped_out(supply_assets: int, supply_shares: int) -> bool:
    return False


def _expired_a_second_early(unhealthy_since: int, sale_timeout: int, now: int) -> int:
    return 0 if unhealthy_since == 0 or now - unhealthy_since >= sale_timeout else now - unhealthy_since


# One fault each: where, what, and what stands there instead.
FAULTS = {
    "a window that does not phase": (liquidation, "phase_in", _offered_at_once),
    "a debt rounded down": (shares, "debt_up", _debt_down),
    "deposits into a pool that is wiped out": (shares, "is_wiped_out", _never_wiped_out),
    "a timeout one second short": (liquidation, "elapsed", _expired_a_second_early),
    "interest of a faster rate": (interest, "MAX_RATE", interest.MAX_RATE + 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_model_is_found(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Within 16,000 operations, naming the seed and the episode that show it again."""
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises(Difference, match=r"seed 1, episode \d+, operation \d+: .*(contract|model)"):
        driver.run(16_000, 1)


def test_a_fault_in_the_artifact_is_found_by_the_command(tmp_path: Path) -> None:
    """A pool that refuses with another text, in a folder of its own: exit code 1, one line, and no traceback."""
    document = json.loads((SHIPPED / "Pool.json").read_text())
    changed = document["bytecode"]["object"].replace(b"dust would stay".hex(), b"dust could stay".hex())
    assert changed != document["bytecode"]["object"], "the text no longer lies in the bytecode in one piece: take another"
    document["bytecode"]["object"] = changed
    (tmp_path / "Pool.json").write_text(json.dumps(document))
    ended = _command("--operations", "4000", "--artifacts", str(tmp_path))
    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.startswith("difference: seed 1, episode ")
    assert ended.stdout.count("\n") == 1
    assert "dust could stay" in ended.stdout


def test_without_a_fault_the_command_says_so() -> None:
    """Exit code 0 and one line with the count; the same seed is the same run."""
    first, second = (_command("--operations", "300", "--seed", "9", "--counts") for _ in range(2))
    assert (first.returncode, first.stderr) == (0, "")
    assert "no difference in 300 operations (2 worlds)" in first.stdout
    assert first.stdout.splitlines()[:-1] == second.stdout.splitlines()[:-1]


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = os.environ | {"PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, "-m", "tests.agreement.driver", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
