"""`lab/stress.py`: what a run is made of, from Python."""

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="stress needs the lab extra")

from ringfence.inputs.book import Book
from ringfence.inputs.errors import InputError
from ringfence.inputs.pool_file import Fund, PoolFile, read_pool_file
from ringfence.inputs.scenario import Claim, Feed, Liquidators, Market, Oracle, PriceModel, Scenario, Window
from ringfence.inputs.stress_result import write_stress
from ringfence.inputs.verdict import UNSOLD
from ringfence.lab import memory
from ringfence.lab.memory import available_memory, shown_gib
from ringfence.lab.stress import stress

POOL = read_pool_file(Path(__file__).resolve().parents[3] / "src" / "ringfence" / "inputs" / "starter" / "terms.toml")
ETH = 10**POOL.collateral_decimals
USDC = 10**POOL.asset_decimals
BOOK = Book(("alice", "bob", "carol"), (ETH, 2 * ETH, 5 * ETH), (1600 * USDC, 3000 * USDC, 6000 * USDC))
WILD = Scenario("wild", PriceModel("gbm", volatility=2.0))
DAY = 86_400


def pool_of(**changes: object) -> PoolFile:
    """The starter's pool, with a supply and a reserve that suit the book."""
    return replace(POOL, **({"supply": 20_000 * USDC, "reserve": 0} | changes))  # type: ignore[arg-type]


def test_only_what_differs_is_run_again() -> None:
    """A perfect world has no other; each fault of a scenario has one, and `causes=False` none."""
    fault = {
        "loss_with_perfect_oracle": replace(WILD, oracle=Oracle((Feed(delay=3600),))),
        "loss_with_infinite_depth": replace(WILD, market=Market(a=0.01)),
        "loss_with_no_latency": replace(WILD, liquidators=Liquidators(outages=(Window(0, DAY),))),
    }
    totals: list[int] = []

    def told(_: int, total: int) -> None:
        totals.append(total)

    for name, scenario in fault.items():
        found = stress([(BOOK, pool_of())], scenario, start_prices=[2000.0], paths=20, horizon=DAY, progress=told)
        assert {column for column in found.paths if column.startswith("loss_with_")} == {name}
        assert set(totals) == {40}
    found = stress([(BOOK, pool_of())], WILD, start_prices=[2000.0], paths=20, horizon=DAY)
    assert not [column for column in found.paths if column.startswith("loss_with_")]
    late = stress([(BOOK, pool_of())], fault["loss_with_no_latency"], start_prices=[2000.0], paths=20, horizon=DAY, causes=False)
    assert "loss_from_latency" not in late.metrics


def test_an_outage_explains_its_loss() -> None:
    """Nobody comes for the whole path: the loss is what the same paths with liquidators would not have lost, and all of it is open."""
    away = replace(WILD, liquidators=Liquidators(outages=(Window(0, 20 * DAY),)))
    found = stress([(BOOK, pool_of())], away, start_prices=[2000.0], paths=200, horizon=10 * DAY)
    metrics = {name: metric.value for name, metric in found.metrics.items()}
    assert metrics["loss_from_latency"] > 100
    assert metrics["borne_by_nobody_yet"] == pytest.approx(metrics["loss_mean"])
    assert metrics["loss_from_latency"] + metrics["loss_remainder"] == pytest.approx(metrics["loss_mean"])
    assert metrics["time_to_liquidate_p95"] > 24


def test_a_backstop_pays_after_the_reserve_and_before_lenders() -> None:
    """With a fund large enough no lender bears a booked loss, and what it pays is what they would have."""
    gap = Scenario("gap", PriceModel("profile", points=((DAY // 2, 1.0), (DAY // 2 + 3600, 0.5)), volatility=0.1))
    plain = stress([(BOOK, pool_of())], gap, start_prices=[2000.0], paths=50, horizon=DAY)
    fund = Fund(assets=10_000 * USDC, max_assets=10_000 * USDC, max_share=10**18)
    named = replace(POOL.terms, backstop="0x" + "b5" * 20)
    covered = stress([(BOOK, pool_of(fund=fund, terms=named))], gap, start_prices=[2000.0], paths=50, horizon=DAY)
    assert plain.metrics["borne_by_lenders"].value > 100
    assert covered.metrics["borne_by_lenders"].value == 0
    assert covered.metrics["borne_by_backstop"].value == pytest.approx(plain.metrics["borne_by_lenders"].value)
    drawn = covered.metrics["borne_by_backstop"].value / 10_000 * 20_000
    assert covered.metrics["backstop_draw_mean"].value == pytest.approx(drawn)
    assert "backstop_draw_mean" not in plain.metrics


BACKSTOP = "0x" + "b5" * 20
GAP = Scenario("gap", PriceModel("profile", points=((DAY // 2, 1.0), (DAY // 2 + 3600, 0.5)), volatility=0.1))


def covered(most: int, supply: int = 20_000 * USDC) -> PoolFile:
    """A pool that brings so much (USDC) to the backstop, and may draw as much as two bring."""
    fund = Fund(assets=most * USDC, max_assets=2 * most * USDC, max_share=10**18)
    return pool_of(fund=fund, supply=supply, terms=replace(POOL.terms, backstop=BACKSTOP))


@pytest.mark.parametrize("engine", ["fast", "exact"])
def test_what_others_draw_from_a_shared_backstop_is_lost_by_who_comes_too_late(engine: str) -> None:
    """Two equal pools lose L each in the same fall, and the fund F would have been enough for one: alone neither pool's lenders lose
    anything, together they lose 2 L - F, whoever was first. A third without cover loses as ever, and nothing for others."""
    fund, paths = 2 * 2000, 20
    pools = [(BOOK, covered(fund // 2)), (BOOK, covered(fund // 2)), (BOOK, pool_of())]
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        told.append((done, total))

    given = {"start_prices": [2000.0] * 3, "paths": paths, "horizon": DAY, "engine": engine}
    found = stress(pools, GAP, progress=tell, **given)  # type: ignore[arg-type]
    lost = found.paths["loss_from_lenders"].reshape(paths, 3)
    loss = lost[:, 2]
    assert (fund / 2 < loss).all() and (loss < fund).all()
    expected = (2 * loss - fund).mean()
    assert found.metrics["loss_from_other_pools"].value == pytest.approx(expected / 60_000 * 10_000, rel=1e-5)
    first, second, apart = (pool.metrics["loss_from_other_pools"] for pool in found.pools)
    assert first.value + second.value == pytest.approx(expected / 20_000 * 10_000, rel=1e-5)
    assert (first.value, second.value) == pytest.approx(tuple(lost[:, :2].mean(axis=0) / 20_000 * 10_000), rel=1e-5)
    assert apart.value == 0.0
    said = "what its lenders lose more because other pools drew on the shared backstop"
    assert all(said in metric.definition for metric in (first, second, found.metrics["loss_from_other_pools"]))
    assert "accounting check of the run" in apart.definition
    assert {total for _, total in told} == {3 * paths} and max(done for done, _ in told) == 3 * paths
    without = stress(pools, GAP, causes=False, **given)  # type: ignore[arg-type]
    assert "loss_from_other_pools" not in without.metrics
    assert ["loss_from_other_pools" in pool.metrics for pool in without.pools] == [False, False, True]


def test_a_backstop_that_suffices_for_all_is_no_contagion() -> None:
    """Others draw, and there is enough: nobody loses by it. One pool alone under a fund has nobody to lose by."""
    pools = [(BOOK, covered(10_000)), (BOOK, covered(10_000))]
    found = stress(pools, GAP, start_prices=[2000.0, 2000.0], paths=20, horizon=DAY)
    assert found.metrics["backstop_draw_mean"].value > 1000
    assert [pool.metrics["loss_from_other_pools"].value for pool in found.pools] == [0.0, 0.0]
    alone = stress(pools[:1], GAP, start_prices=[2000.0], paths=20, horizon=DAY)
    assert "accounting check of the run" in alone.metrics["loss_from_other_pools"].definition


def test_what_comes_as_a_price_is_said_to_be_left_out() -> None:
    """Where a pool lends against another's shares, in the metric's own words."""
    upper = Book(("dave",), (5000 * ETH,), (3900 * USDC,))
    given = {"start_prices": [2000.0, 1.0], "paths": 5, "horizon": DAY}
    for cover in (pool_of(), covered(100)):
        pools = [(BOOK, cover), (upper, cover)]
        for source, is_said in (([-1, 0], True), (None, False)):
            found = stress(pools, GAP, collateral_from=source, **given)  # type: ignore[arg-type]
            told = [table["loss_from_other_pools"].definition for table in (found.metrics, *(pool.metrics for pool in found.pools))]
            assert ["a loss that arrives as a price is not in it" in text for text in told] == [is_said, False, is_said]


def test_what_cover_saves_the_pool_below_counts_against_what_its_draw_costs() -> None:
    """The fund saves the shares that are collateral above, where nothing is lost then; alone under it the pool above, which may draw next
    to nothing, would lose what the formula of docs/composition.md says."""
    upper = Book(("dave",), (5000 * ETH,), (3900 * USDC,))
    at_once = replace(POOL.terms, incentive_base=POOL.terms.incentive_max, incentive_rise=0, solvent_window=0, target_ltv=0, penalty=0)
    crash = replace(GAP, prices=replace(GAP.prices, points=((DAY // 2, 1.0), (DAY // 2 + 3600, 0.3))))
    above = replace(covered(1), terms=replace(at_once, backstop=BACKSTOP))
    given = {"start_prices": [2000.0, 1.0], "paths": 20, "horizon": DAY, "collateral_from": [-1, 0]}
    found = stress([(BOOK, covered(8_000)), (upper, above)], crash, **given)  # type: ignore[arg-type]
    below, on_it = (pool.metrics["loss_from_other_pools"] for pool in found.pools)
    part = found.paths["loss_from_backstop"][0::2] / 20_000
    expected = (3900 - 5000 * (1 - part) / (1 + POOL.terms.incentive_max / 10**18) - 2).mean()
    assert expected > 100 and found.pools[1].metrics["lender_loss_mean"].value == below.value == 0.0
    assert on_it.value == pytest.approx(-expected / 20_000 * 10_000, rel=1e-3)
    assert "it is negative where" in on_it.definition


@pytest.mark.parametrize(("low", "lost"), [(0.8, False), (0.3, True)])
def test_a_pool_on_a_pool_loses_what_that_one_lets_through(low: float, lost: bool) -> None:
    """Collateral that is another pool's lender shares: its price moves with that pool's losses and with nothing else, and what it costs is
    the formula of docs/composition.md. The pool below is what it would be without."""
    gap = Scenario("gap", PriceModel("profile", points=((DAY // 2, 1.0), (DAY // 2 + 3600, low)), volatility=0.1))
    upper = Book(("dave",), (5000 * ETH,), (3900 * USDC,))
    at_once = replace(POOL.terms, incentive_base=POOL.terms.incentive_max, incentive_rise=0, solvent_window=0, target_ltv=0, penalty=0)
    pools = [(BOOK, pool_of()), (upper, pool_of(terms=at_once))]
    apart = stress(pools, gap, start_prices=[2000.0, 1.0], paths=20, horizon=DAY, causes=False)
    joined = stress(pools, gap, start_prices=[2000.0, 1.0], paths=20, horizon=DAY, causes=False, collateral_from=[-1, 0])
    below, alone = (found.pools[0].metrics for found in (joined, apart))
    assert {name for name in alone if below[name] != alone[name]} == {name for name in alone if name.startswith("shared_margin")}
    part = joined.paths["loss_from_lenders"][0::2] / 20_000
    expected = [max(0.0, 3900 - 5000 * (1 - p) / (1 + POOL.terms.incentive_max / 10**18)) for p in part]
    assert (min(part) > 0.2) == (min(expected) > 0) == lost
    assert joined.paths["loss"][1::2] == pytest.approx(expected, rel=1e-3, abs=1e-9)  # interest of half a day is in the share price


def test_a_start_price_that_nobody_gives_is_inferred_and_told() -> None:
    """It counts as a default, and is noticed."""
    found = stress([(BOOK, pool_of())], WILD, paths=5, horizon=DAY)
    assert found.defaults == ("start price",)
    assert found.pools[0].start_price == pytest.approx(2000.0, rel=0.01)
    assert "inferred" in found.notices[0]


def test_doubtful_inputs_are_noticed() -> None:
    """A price upside down; a backstop that nobody has funded."""
    named = replace(POOL.terms, backstop="0x" + "b5" * 20)
    found = stress([(BOOK, pool_of(terms=named))], WILD, start_prices=[0.0005], paths=5, horizon=DAY)
    assert "3 of 3 loans are under water at the start, 10,600 of debt; is 0.0005 the price in asset?" in found.notices[0]
    assert "the backstop pays nothing" in found.notices[1]
    assert "ES 99 % of 5 paths rests on the worst path" in found.notices[2]
    hourly = replace(WILD, oracle=Oracle((Feed(heartbeat=3600),)))
    found = stress([(BOOK, pool_of())], hourly, start_prices=[1650.0], paths=1_000, horizon=3600)
    assert found.notices[:2] == (
        "book: 2 of 3 loans are liquidatable at the start, 4,600 of debt",
        "a feed publishes every 3,600 s and a step is 3,600 s: it shows every price, so that no oracle gap can show; a finer step would",
    )
    assert found.notices[2:] == ()
    found = stress([(BOOK, pool_of())], WILD, start_prices=[1550.0], paths=1_000, horizon=3600)
    assert found.notices[0] == "book: 1 of 3 loans are under water at the start, 1,600 of debt, whose loss is in every path"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"scenario": "cascade"}, "scenario: is a str"),
        ({"horizon": "30d"}, "horizon: is a str"),
        ({"start_prices": 15}, "start prices: are a int"),
    ],
)
def test_the_wrong_kind_of_argument_is_refused_with_what_to_give(wrong: dict[str, object], reason: str) -> None:
    """From Python as from the command line."""
    given: dict[str, object] = {"scenario": WILD, "start_prices": [2000.0], "horizon": DAY, "paths": 2} | wrong
    with pytest.raises(InputError, match=reason):
        stress([(BOOK, pool_of())], given.pop("scenario"), **given)  # type: ignore[arg-type]


def test_the_same_numbers_come_as_a_table(tmp_path: Path) -> None:
    """In memory and from the file."""
    polars = pytest.importorskip("polars")
    found = stress([(BOOK, pool_of())], WILD, start_prices=[2000.0], paths=7, horizon=DAY)
    write_stress(found, tmp_path)
    assert polars.read_parquet(tmp_path / "paths.parquet").equals(found.to_polars(), null_equal=True)
    assert found.to_polars().shape == (7, len(found.paths))


def test_what_stops_the_progress_stops_the_run() -> None:
    """While paths are run, and while their figures are made."""

    class Enough(Exception):
        pass

    for limit in (1, 20):

        def stop(done: int, _: int, limit: int = limit) -> None:
            if done >= limit:
                raise Enough

        with pytest.raises(Enough):
            stress([(BOOK, pool_of())], WILD, start_prices=[2000.0], paths=20, horizon=DAY, progress=stop)


@pytest.mark.parametrize(
    ("prices", "reason"), [([], None), ([1.0, 2.0], "2 for 1 pools"), ([0.0], "0.0 is not above 0"), ([float("nan")], "nan is not above 0")]
)
def test_start_prices_must_fit(prices: list[float], reason: str | None) -> None:
    """One a pool, above 0; an empty list is none given."""
    if reason is None:
        assert stress([(BOOK, pool_of())], WILD, start_prices=prices, paths=2, horizon=DAY).defaults == ("start price",)
        return
    with pytest.raises(InputError, match=reason):
        stress([(BOOK, pool_of())], WILD, start_prices=prices, paths=2, horizon=DAY)


def test_memory_is_what_the_system_and_the_group_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The smaller of the two; a group without a bound bounds nothing."""
    free = available_memory()
    assert free is not None
    assert free > 1 << 20
    (tmp_path / "memory.max").write_text("5000000\n")
    (tmp_path / "memory.current").write_text("2000000\n")
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    assert available_memory() == 3_000_000
    with pytest.raises(InputError, match=r"paths: 100 paths of 24 steps need about .* of memory, 2.9 MiB are free; run fewer paths"):
        stress([(BOOK, pool_of())], WILD, start_prices=[2000.0], paths=100, horizon=DAY)
    (tmp_path / "memory.max").write_text("max\n")
    later = available_memory()
    assert later is not None
    assert later > 1 << 26
    assert (shown_gib(3 << 30), shown_gib(5 << 20)) == ("3.0 GiB", "5.0 MiB")


def test_both_engines_say_the_same(tmp_path: Path) -> None:
    """Two pools under one backstop, with all frictions: the exact engine's metrics are the fast one's, to the roundings of six decimals."""
    fund = Fund(assets=300 * USDC, max_assets=200 * USDC, max_share=10**18 // 2)
    terms = replace(POOL.terms, backstop="0xb5" + "00" * 19, premium=10**17)
    pools = [(BOOK, pool_of(terms=terms, fund=fund, reserve=reserve * USDC)) for reserve in (1, 30)]
    late = Oracle((Feed(heartbeat=3600, deviation=0.02, delay=7200),))
    world = replace(WILD, oracle=late, market=Market(0.05, 0.7, 3600, 0.5), liquidators=Liquidators(gas=5.0, latency=3600), correlation=0.5)
    given = {"start_prices": [2000.0, 2000.0], "paths": 40, "horizon": 10 * DAY, "seed": 4}
    said: list[str] = []
    fast = stress(pools, world, **given)  # type: ignore[arg-type]
    exact = stress(pools, world, engine="exact", notify=said.append, **given)  # type: ignore[arg-type]
    assert [line.startswith("the exact engine will take about ") for line in said] == [True]
    assert fast.metrics["loss_mean"].value > 0 and fast.metrics["backstop_draw_mean"].value > 0
    assert fast.metrics.keys() == exact.metrics.keys()
    for name, metric in fast.metrics.items():
        assert exact.metrics[name].value == pytest.approx(metric.value, rel=1e-5, abs=1e-3), name
    write_stress(exact, tmp_path)
    with pytest.raises(InputError, match="'slow' is unknown"):
        stress(pools, world, engine="slow", **given)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="does not run on a cluster"):
        stress(pools, world, engine="exact", scheduler="tcp://127.0.0.1:1", **given)  # type: ignore[arg-type]


def test_claims_about_causes_need_causes() -> None:
    """Without the further runs the claims that speak of them are passed over, with a notice; the others are judged."""
    claims = (Claim("fails", "loss_mean", ">", 0.0), Claim("fails", "loss_from_latency", ">", 0.0))
    world = replace(WILD, claims=claims, liquidators=Liquidators(latency=3600))
    given = {"start_prices": [2000.0], "paths": 20, "horizon": DAY}
    assert [claim.claim for claim in stress([(BOOK, pool_of())], world, **given).claims] == [claim.text for claim in claims]  # type: ignore[arg-type]
    found = stress([(BOOK, pool_of())], world, causes=False, **given)  # type: ignore[arg-type]
    assert [claim.claim for claim in found.claims] == ["loss_mean > 0"]
    assert "1 of the scenario's claims are not judged: they speak of causes, which were not asked for" in found.notices


def test_a_horizon_that_ends_before_the_sales_do_is_told() -> None:
    """Nobody comes for two days, and the price has fallen on the first: after one day all of the debt is there to be sold, after three it
    is sold, and what is said of the shorter one beside its verdict."""
    away = Liquidators(outages=(Window(0, 2 * DAY),))
    fall = Scenario("fall", PriceModel("profile", points=((3600, 0.82),)), liquidators=away)
    book = Book(("alice",), (10 * ETH,), (15_000 * USDC,))
    short, long = (
        stress([(book, pool_of())], fall, start_prices=[2000.0], paths=3, horizon=days * DAY, bounds={"lender_loss_es99": 9_000.0})
        for days in (1, 3)
    )
    told = [notice for notice in short.notices if notice.startswith(UNSOLD)]
    assert len(told) == 1
    assert told[0].startswith("unsold at the end: 100 % of the debt that became liquidatable is still unsold after 1 day, in 100 %")
    assert told[0] in short.verdict().reasons
    assert not [notice for notice in long.notices if notice.startswith(UNSOLD)]
