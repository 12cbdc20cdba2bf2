"""Paths on a Dask cluster: the figures of threads, bit for bit, and a clear word when there is no cluster."""

import socket
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from ringfence.inputs.errors import InputError
from ringfence.inputs.scenario import Liquidators, Market, PriceModel, Scenario
from ringfence.lab import cluster
from ringfence.lab.cluster import run_on_cluster
from ringfence.lab.layout import World
from ringfence.lab.run import Outcome, run
from ringfence.lab.world import world_from_arrays
from tests.unit.lab.test_replay_rules import UNIT, make_pool

PATHS, STEPS = 600, 240
SEED = 5


def make_world() -> World:
    """A hundred loans near their limit, a wild price and a thin market, so that many paths sell and lose."""
    rng = np.random.default_rng(1)
    debt = rng.uniform(100, 10_000, 100)
    collateral = debt / rng.uniform(0.6, 0.8, 100)
    pool = make_pool(int(2 * debt.sum()) * UNIT, reserve=int(debt.sum() / 100) * UNIT, rate=10**9)
    scenario = Scenario(
        "wild",
        PriceModel("gbm", volatility=1.5),
        market=Market(a=4 / collateral.sum(), b=0.8, recovery=7200, cascade=0.3),
        liquidators=Liquidators(order="random", outages_per_year=20, outage_length=18_000),
    )
    return world_from_arrays(collateral, debt, pool, scenario, 1.0, STEPS)


@pytest.fixture(scope="module")
def threads() -> Outcome:
    """What threads give."""
    outcome = run(make_world(), seed=SEED, paths=PATHS, threads=2)
    assert (outcome.field("sales") > 0).sum() > 200
    assert (outcome.field("loss") > 0).sum() > 30
    return outcome


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def scheduler(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a scheduler with so many worker processes, on a free port of this machine."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=request.param, threads_per_worker=1, processes=True, host="127.0.0.1", scheduler_port=0, dashboard_address=None
    ) as local:  # fmt: skip
        yield local.scheduler_address


@pytest.mark.slow
def test_a_cluster_gives_what_threads_give(scheduler: str, threads: Outcome) -> None:
    """Every figure of every path is the same float, whoever has computed it; progress ends at the number of paths."""
    told: list[tuple[int, int]] = []
    outcome = run_on_cluster(make_world(), seed=SEED, paths=PATHS, scheduler=scheduler, progress=lambda *done: told.append(done))
    for name in ("fields", "waits", "fund"):
        assert getattr(outcome, name).tobytes() == getattr(threads, name).tobytes()
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert (len(told), told[-1]) == (3, (PATHS, PATHS))


def test_nobody_answers() -> None:
    """A free port of this machine, and what is no address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(InputError, match=f"^--scheduler: no scheduler answers at '{address}' within 0.5 s; start one with"):
            run_on_cluster(make_world(), seed=1, paths=1, scheduler=address, timeout=0.5)
    with pytest.raises(InputError, match="^--scheduler: 'over there' is no address of a scheduler; start one with"):
        run_on_cluster(make_world(), seed=1, paths=1, scheduler="over there", timeout=0.5)


def test_a_scheduler_without_workers() -> None:
    """It is said, after the time given."""
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=0, processes=True, host="127.0.0.1", scheduler_port=0, dashboard_address=None) as local,
        pytest.raises(InputError, match="' has no workers within 0.5 s; start some with `dask worker tcp://127.0.0.1:"),
    ):
        run_on_cluster(make_world(), seed=1, paths=1, scheduler=local.scheduler_address, timeout=0.5)


@pytest.mark.slow
def test_a_worker_with_other_sources_is_refused(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here another version of a library is claimed than the workers have."""
    here = cluster.versions()
    monkeypatch.setattr(cluster, "versions", OtherVersions(here | {"numba": "0.1"}))
    with pytest.raises(InputError, match=f"has numba {here['numba']} \\(here 0.1\\), so that figures could differ; install the same"):
        run_on_cluster(make_world(), seed=1, paths=1, scheduler=scheduler)


class OtherVersions:
    """Tells other versions in this process than in a worker, which unpickles the function itself."""

    def __init__(self, claimed: dict[str, str]) -> None:
        self.claimed = claimed

    def __call__(self) -> dict[str, str]:
        return self.claimed

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return _function_of_cluster, ("versions",)


def _function_of_cluster(name: str) -> object:
    return getattr(sys.modules.get("ringfence.lab.cluster") or cluster, name)


def test_the_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"a cluster needs dask and distributed; pip install 'ringfence\[lab,cluster\]'"):
        run_on_cluster(make_world(), seed=1, paths=1, scheduler="tcp://127.0.0.1:8786")
