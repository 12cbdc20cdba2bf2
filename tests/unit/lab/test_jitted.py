"""The compiled decisions are the plain ones, and what was compiled from other sources is never used."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numba import config

from ringfence.decisions import buyer, depth
from ringfence.lab import jitted

PLACES = [
    (used, price, a, b)
    for used in (0.0, 1e-9, 3.0, 4e5)
    for price in (0.3, 0.97, 1.0, 2_000.0)
    for a in (0.0, 1e-6, 0.3)
    for b in (0.4, 1.0)
]


@pytest.mark.parametrize(
    ("compiled", "plain", "calls"),
    [
        (jitted.recovered, depth.recovered_plain, [(used, kept, 1e-6) for used in (0.0, 1e-6, 5.0) for kept in (0.0, 0.5, 1.0)]),
        (jitted.proceeds, depth.proceeds_plain, [(12.5, *place) for place in PLACES]),
        (jitted.marginal, depth.marginal_plain, [(used, a, b) for used, _, a, b in PLACES]),
        (jitted.most_sold, depth.most_sold_plain, [(part, a, b) for _, part, a, b in PLACES]),
        (jitted.size, buyer.size_plain, [(5.0, room, money) for room in (-1.0, 3.0, math.inf) for money in (0.0, 4.0, math.inf)]),
        (jitted.profit, buyer.profit_plain, [(10.0, 7.0, gas) for gas in (0.0, 2.5, 4.0)]),
        (jitted.is_worth, buyer.is_worth_plain, [(p, 1.0, i, 0.05) for p in (0.5, 1.0, 2.0) for i in (0.01, 0.05, 0.1)]),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_a_compiled_decision_is_the_plain_one(
    compiled: Callable[..., float], plain: Callable[..., float], calls: list[tuple[float, ...]]
) -> None:
    """For every kind of argument, edges included, to the last digits of a power."""
    assert [compiled(*call) for call in calls] == pytest.approx([plain(*call) for call in calls], rel=1e-15)


def test_a_changed_source_is_compiled_anew(tmp_path: Path) -> None:
    """A change in any file of compiled functions, whoever calls them, changes where all are kept; one in another file does not."""
    for name, text in {
        "decisions/depth.py": "def proceeds_plain(): 1",
        "lab/paths.py": "from ringfence.lab.jitted import jit",
        "lab/tally.py": "plain",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = jitted.sources_hash(tmp_path)
    (tmp_path / "lab/tally.py").write_text("other")
    assert jitted.sources_hash(tmp_path) == before
    seen = {before}
    for name in ("decisions/depth.py", "lab/paths.py"):
        (tmp_path / name).write_text((tmp_path / name).read_text() + "\n# more")
        seen.add(jitted.sources_hash(tmp_path))
    assert len(seen) == 3


def test_a_function_of_the_caller_keeps_its_own_place() -> None:
    """Compiling leaves numba's setting as it was, for whoever else compiles in this process."""
    before = config.CACHE_DIR
    doubled = jitted.jit(double)
    assert config.CACHE_DIR == before
    assert doubled(np.float64(2.0)) == 4.0


def double(number: float) -> float:
    """Something to compile."""
    return 2.0 * number
