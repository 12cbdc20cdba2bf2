"""`lab/metrics.py`: from what paths leave behind to figures, by hand where a hand can, and sums that must come out."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from ringfence.inputs.stress_result import Metric
from ringfence.lab.columns import PoolStart, columns_of, compared, joined_start
from ringfence.lab.intervals import Floats
from ringfence.lab.metrics import CAUSES, NO_CASCADE, NO_RUN, Measured, Setting, bytes_needed, measure
from ringfence.lab.outcome import FIELD, NAMES, WAIT_STEPS
from ringfence.lab.peer_metrics import PEER_METRICS
from ringfence.lab.run import Outcome

DAY = 86_400
ONE = PoolStart("pool", supply=1000.0, debt=800.0, reserve=20.0, positions=4, largest=0.4, herfindahl=0.3)
MONTH = Setting(step=3600, horizon=30 * DAY)


def paths_of(columns: Mapping[str, Sequence[float]], start: PoolStart = ONE) -> Floats:
    """Fields of one pool: nothing happens but what the columns say."""
    count = len(next(iter(columns.values())))
    fields = np.zeros((count, 1, len(NAMES)))
    calm = {"supply_end": start.supply, "reserve_end": start.reserve, "debt_end": start.debt, "share_price_end": 1.0}
    for name, values in (calm | dict(columns)).items():
        fields[:, 0, FIELD[name]] = values
    return fields


def measured(
    fields: Floats,
    starts: Sequence[PoolStart] = (ONE,),
    setting: Setting = MONTH,
    waits: Floats | None = None,
    fund: Floats | None = None,
    **more: object,
) -> Measured:
    count, pools, _ = fields.shape
    outcome = Outcome(
        fields, np.zeros((count, pools, len(WAIT_STEPS))) if waits is None else waits, np.zeros((count, 4)) if fund is None else fund
    )
    return measure(outcome, starts, setting, seed=1, **more)  # type: ignore[arg-type]


def of(fields: Floats, **more: object) -> Mapping[str, Metric]:
    return measured(fields, **more).together  # type: ignore[arg-type]


def test_losses_are_basis_points_of_supply() -> None:
    """Twenty paths, one of them with a loss of 40 of 1,000, another of 20, so 300 bp of the mean twentieth."""
    loss = [40.0, 20.0] + [0.0] * 18
    found = of(paths_of({"loss": loss, "realised_loss": loss, "loss_from_lenders": loss}))
    assert found["loss_mean"].value == pytest.approx(30.0)
    assert found["loss_mean_asset"].value == pytest.approx(3.0)
    assert found["loss_var95"].value == 200.0
    assert found["loss_var99"].value == 400.0
    assert found["loss_es975"].value == found["loss_es99"].value == pytest.approx(400.0)
    assert found["loss_es99_asset"].value == pytest.approx(40.0)
    assert found["prob_significant_loss"].value == 0.1
    assert found["expected_loss_per_year"].value == pytest.approx(30.0 * 365 / 30)
    assert found["lender_loss_mean"].value == found["borne_by_lenders"].value == pytest.approx(30.0)
    assert found["reserve_ruin"].value == 0.1
    assert "more than 1 % of supply over 30 days" in found["prob_significant_loss"].definition


def test_significant_means_more_than_the_limit() -> None:
    """A loss of exactly 1 % is not; the limit can be another."""
    fields = paths_of({"loss": [10.0, 10.1, 51.0, 0.0]})
    assert of(fields)["prob_significant_loss"].value == 0.5
    assert of(fields, setting=Setting(3600, 30 * DAY, significant=0.05))["prob_significant_loss"].value == 0.25


def test_what_is_open_is_the_lenders_once_the_reserve_is_used_up() -> None:
    """Open loss of 50 over a reserve of 20 leaves 30 for lenders; nothing has been booked."""
    found = of(paths_of({"loss": [50.0], "unrealised_loss": [50.0], "reserve_needed": [50.0]}))
    assert found["loss_mean"].value == found["borne_by_nobody_yet"].value == pytest.approx(500.0)
    assert found["lender_loss_mean"].value == pytest.approx(300.0)
    assert found["reserve_ruin"].value == 1.0
    assert found["reserve_needed_p99"].value == pytest.approx(50.0)
    assert found["lender_net_yield"].value == pytest.approx(-0.03 * 365 / 30)
    covered = of(paths_of({"loss": [15.0], "unrealised_loss": [15.0]}))
    assert (covered["reserve_ruin"].value, covered["lender_loss_mean"].value) == (0.0, 0.0)
    whole = of(paths_of({"loss": [2000.0], "unrealised_loss": [2000.0]}))
    assert whole["lender_net_yield"].value == pytest.approx(-365 / 30)


def test_the_reserve_needed_counts_booked_and_open_losses() -> None:
    """The reserve of 20 paid all of itself, lenders paid 7, 5 are open: 32 would have done."""
    booked = {"loss": [32.0], "realised_loss": [27.0], "unrealised_loss": [5.0], "loss_from_reserve": [20.0], "loss_from_lenders": [7.0]}
    found = of(paths_of(booked | {"reserve_end": [0.0], "reserve_needed": [32.0], "supply_end": [993.0], "share_price_end": [0.993]}))
    assert found["reserve_needed_p99"].value == pytest.approx(32.0)
    earlier = of(paths_of({"loss": [9.0], "realised_loss": [9.0], "reserve_needed": [9.0], "reserve_end": [40.0]}))
    assert earlier["reserve_needed_p99"].value == pytest.approx(9.0)


def test_a_yield_is_a_year_s() -> None:
    """1 % in 73 days is 5 % a year, not compounded."""
    found = of(paths_of({"share_price_end": [1.01]}), setting=Setting(3600, 73 * DAY))
    assert found["lender_net_yield"].value == pytest.approx(0.05)


def test_only_what_the_horizon_reaches_is_told() -> None:
    """Losses within 1, 7 and 30 days need a horizon of as many; so does what a peer looks at after a day."""
    fields = paths_of({"loss": [1.0]})
    suffixes = {name[len("loss_mean_") :] for name in of(fields) if name.startswith("loss_mean_")}
    assert suffixes == {"1d", "7d", "30d", "asset"}
    week = of(fields, setting=Setting(3600, 7 * DAY), definitions=list(PEER_METRICS))
    assert {name[len("loss_mean_") :] for name in week if name.startswith("loss_mean_")} == {"1d", "7d", "asset"}
    assert {"chaos_var", "chaos_evar"} <= week.keys()
    hours = of(fields, setting=Setting(3600, DAY // 2), definitions=list(PEER_METRICS))
    assert not {name for name in hours if name.endswith(("_1d", "_7d", "_30d")) or name.startswith("chaos")}
    assert "over 12 hours" in hours["loss_mean"].definition


def test_the_causes_and_their_remainder_add_up_to_the_loss() -> None:
    """Whatever the variants say, path by path; a variant that is as the base explains nothing."""
    random = np.random.default_rng(4)
    base, *others = (random.exponential(size=500) for _ in range(4))
    fields = paths_of({"loss": base})
    variants = {name: compared(paths_of({"loss": other}), [ONE]) for name, other in zip(CAUSES, others, strict=True)}
    found = of(fields, variants=variants)
    names = [name for name, _ in CAUSES.values()]
    assert names == ["loss_from_oracle_gap", "loss_from_depth", "loss_from_latency"]
    parts = [found[name].value for name in (*names, "loss_remainder")]
    assert math.fsum(parts) == pytest.approx(found["loss_mean"].value, rel=1e-13)
    for name, other in zip(names, others, strict=True):
        assert found[name].value == pytest.approx((base.mean() - other.mean()) * 10, rel=1e-9)
    alone = of(fields, variants={})
    assert [alone[name].value for name in names] == [0.0, 0.0, 0.0]
    assert alone["loss_remainder"].value == alone["loss_mean"].value
    assert not set(names) & of(fields).keys()


def test_cascades_and_runs_are_what_is_lost_with_them_and_not_without() -> None:
    """Loss 5 with and 3 without a cascade; a share of 0.97 with and 0.99 without a run."""
    fields = paths_of({"loss": [5.0], "share_price_end": [0.97]})
    variants = {
        NO_CASCADE: compared(paths_of({"loss": [3.0]}), [ONE]),
        NO_RUN: compared(paths_of({"loss": [5.0], "share_price_end": [0.99]}), [ONE]),
    }
    found = of(fields, variants=variants)
    assert found["amplification_by_cascades"].value == pytest.approx(20.0)
    assert found["stayers_loss_from_run"].value == pytest.approx(200.0)


def test_revenue_by_party_adds_up() -> None:
    """Interest 100: reserve 10, premium 5, creator 3, lenders 82; a penalty of 7, an incentive of 9, and 0.5 that rounding left."""
    flows = {"interest": [100.0], "interest_to_reserve": [10.0], "premium": [5.0], "creator_fee": [3.0], "penalty": [7.0]}
    sales = {"incentive": [9.0], "buyer_profit": [4.0], "gas": [2.0]}
    moved = {"loss_from_lenders": [30.0], "run_withdrawn": [40.0], "supply_end": [1000.0 + 85.0 + 0.5 - 30.0 - 40.0]}
    found = of(paths_of(flows | sales | moved))
    parties = {name: found[f"revenue_{name}"].value for name in ("lenders", "creator", "reserve", "backstop", "buyers")}
    assert parties == pytest.approx({"lenders": 82.5, "creator": 3.0, "reserve": 17.0, "backstop": 5.0, "buyers": 9.0})
    sources = sum(found[name].value for name in ("interest_mean", "penalty_mean", "revenue_buyers", "revenue_rounding"))
    assert sum(parties.values()) == pytest.approx(sources, rel=1e-13)
    assert found["revenue_rounding"].value == pytest.approx(0.5)
    assert sum(found[name].value for name in ("buyer_profit", "buyer_gas", "buyer_to_market")) == pytest.approx(9.0)


def test_time_to_liquidate_pools_all_paths_by_debt() -> None:
    """96 of 100 waited an hour at most, 4 seven of them; a class of two steps counts as its longest."""
    waits = np.zeros((2, 1, len(WAIT_STEPS)))
    waits[0, 0, WAIT_STEPS.index(1)] = 94.0
    waits[1, 0, WAIT_STEPS.index(6)] = 6.0
    found = of(paths_of({"loss": [0.0, 0.0]}), waits=waits)
    assert found["time_to_liquidate_p95"].value == 7.0
    waits[0, 0, WAIT_STEPS.index(1)] = 194.0
    assert of(paths_of({"loss": [0.0, 0.0]}), waits=waits)["time_to_liquidate_p95"].value == 1.0
    waits[1, 0, -1] = 900.0
    assert of(paths_of({"loss": [0.0, 0.0]}), waits=waits)["time_to_liquidate_p95"].value == 720.0
    assert of(paths_of({"loss": [0.0]}))["time_to_liquidate_p95"].value == 0.0


def two_pools() -> tuple[Floats, tuple[PoolStart, PoolStart]]:
    """Two paths: in the first pool A loses 30 that its lenders bear, in the second nothing happens."""
    a = PoolStart("a", supply=100.0, debt=60.0, reserve=0.0, positions=1, largest=1.0, herfindahl=1.0, is_covered=True)
    b = PoolStart("b", supply=300.0, debt=240.0, reserve=10.0, positions=2, largest=0.5, herfindahl=0.5)
    lost = {"loss": [30.0, 0.0], "realised_loss": [30.0, 0.0], "loss_from_lenders": [30.0, 0.0], "supply_end": [70.0, 100.0]}
    fields = np.concatenate([paths_of(lost | {"share_price_end": [0.7, 1.0]}, a), paths_of({"loss": [0.0, 0.0]}, b)], axis=1)
    return fields, (a, b)


def test_several_pools_are_added_up_and_told_apart() -> None:
    """Sums over pools together, each pool by itself; basis points of all supply, and of its own."""
    fields, starts = two_pools()
    found = measured(fields, starts)
    assert found.together["loss_mean"].value == pytest.approx(15 / 400 * 10_000)
    assert [pool["loss_mean"].value for pool in found.pools] == pytest.approx([15 / 100 * 10_000, 0.0])
    assert found.together["reserve_ruin"].value == 0.5
    assert found.together["lender_net_yield"].value == pytest.approx(-15 / 400 * 365 / 30)
    assert joined_start(starts).largest == pytest.approx(0.4)
    assert joined_start(starts).herfindahl == pytest.approx(0.2**2 + 2 * 0.4**2)
    assert measured(paths_of({"loss": [1.0]})).pools == ()


def test_a_shared_pool_spreads_a_loss_and_isolated_ones_do_not() -> None:
    """A's 30 less B's reserve of 10 leave 20, of which B's lenders, with three quarters of the supply, would bear 15; here they bear 0."""
    fields, starts = two_pools()
    found = measured(fields, starts)
    a, b = found.pools
    assert found.together["shared_margin_loss_mean"].value == pytest.approx(10 / 400 * 10_000)
    assert found.together["shared_margin_loss_es99"].value == pytest.approx(20 / 400 * 10_000)
    assert found.together["shared_margin_spread"].value == pytest.approx(7.5 / 400 * 10_000)
    assert b["shared_margin_loss_mean"].value == b["shared_margin_spread"].value == pytest.approx(7.5 / 300 * 10_000)
    assert (a["shared_margin_spread"].value, a["shared_margin_loss_mean"].value) == (0.0, pytest.approx(2.5 / 100 * 10_000))
    assert [pool["loss_from_other_pools"].value for pool in found.pools] == [0.0, 0.0]
    assert (found.together["isolated_pools_hurt"].value, found.together["shared_margin_pools_hurt"].value) == (0.5, 1.0)


def test_a_loss_that_nothing_in_the_pool_explains_is_seen() -> None:
    """Supply that is less than interest, losses and exits leave went somewhere else: where pools share nothing, the figure checks that."""
    gone = of(paths_of({"supply_end": [960.0], "share_price_end": [0.96]}))
    assert gone["loss_from_other_pools"].value == pytest.approx(400.0)
    assert of(paths_of({"supply_end": [1000.0 - 1e-9]}))["loss_from_other_pools"].value == 0.0


def test_what_others_drew_is_the_haircut_less_that_of_drawing_alone() -> None:
    """B's lenders lose 12 and 0 where they would have lost 4 and 0 alone: 4 of 300 in the mean; A's 30 is its own. Of all pools the sum."""
    fields, starts = two_pools()
    fields[:, 1, FIELD["loss_from_lenders"]] = [12.0, 0.0]
    found = measured(fields, starts, alone={0: np.array([30.0, 0.0]), 1: np.array([4.0, 0.0])})
    assert [pool["loss_from_other_pools"].value for pool in found.pools] == pytest.approx([0.0, 4 / 300 * 10_000])
    assert found.together["loss_from_other_pools"].value == pytest.approx(4 / 400 * 10_000)
    assert "summed over the pools that share it" in found.together["loss_from_other_pools"].definition
    asked = measured(fields, starts, alone={0: None, 1: None})
    assert not [table for table in (asked.together, *asked.pools) if "loss_from_other_pools" in table]


def test_the_reserve_that_several_pools_need_is_split_by_hindsight() -> None:
    """A would have needed 30 in one path, B 50 in the other: the sum of each path, and it says so; apart they need 80."""
    fields, starts = two_pools()
    fields[:, :, FIELD["reserve_needed"]] = [[30.0, 0.0], [0.0, 50.0]]
    found = measured(fields, starts)
    assert [pool["reserve_needed_p99"].value for pool in found.pools] == [30.0, 50.0]
    assert found.together["reserve_needed_p99"].value == 50.0
    assert "hindsight" in found.together["reserve_needed_p99"].definition
    assert not [pool for pool in found.pools if "hindsight" in pool["reserve_needed_p99"].definition]


def test_liquidations_at_risk_have_tails_as_losses_have() -> None:
    """Of 1 to 200 the worst 2.5 % are 196 to 200, the worst 1 % 199 and 200; within a day a tenth of it."""
    sold = np.arange(1.0, 201.0)
    found = of(paths_of({"liquidated": sold, "liquidated_1d": sold / 10}))
    assert found["liquidations_es975"].value == pytest.approx(198.0)
    assert found["liquidations_es99"].value == pytest.approx(199.5)
    assert found["liquidations_es99_1d"].value == pytest.approx(19.95)
    for suffix in ("", "_1d", "_7d", "_30d"):
        assert {f"liquidations_{label}{suffix}" for label in ("mean", "var95", "var99", "es975", "es99")} <= found.keys()


def test_the_interval_of_a_wait_is_no_narrower_than_its_class() -> None:
    """All wait six or seven hours, which is one class: 7, from 6 to 7. Nobody knows it more closely, however many paths there are."""
    waits = np.zeros((50, 1, len(WAIT_STEPS)))
    waits[:, 0, WAIT_STEPS.index(6)] = 1.0
    found = of(paths_of({"loss": [0.0] * 50}), waits=waits)["time_to_liquidate_p95"]
    assert (found.value, found.low, found.high) == (7.0, 6.0, 7.0)
    assert "from the least wait of its lowest class to the longest of its highest" in found.definition
    waits[:5, 0, WAIT_STEPS.index(12)] = 0.55
    found = of(paths_of({"loss": [0.0] * 50}), waits=waits)["time_to_liquidate_p95"]
    assert (found.value, found.low, found.high) == (15.0, 6.0, 15.0)
    waits[:, 0, -1] = 900.0
    found = of(paths_of({"loss": [0.0] * 50}), waits=waits, setting=Setting(3600, 30 * DAY))["time_to_liquidate_p95"]
    assert found.high == 720.0 and found.low <= found.value


def test_a_backstop_breaks_even_where_premium_is_draw() -> None:
    """It is drawn for 6 of 100 in one path of two within 73 days, that is 15 % a year; the covered pool earned 20 of interest."""
    fields, starts = two_pools()
    fields[:, :, FIELD["interest"]] = [[20.0, 500.0], [20.0, 500.0]]
    fields[:, :, FIELD["supply_end"]] += [[20.0, 500.0], [20.0, 500.0]]
    fund = np.array([[94.0, 6.0, 1.0, 2.0], [102.0, 0.0, 0.0, 2.0]])
    found = of(fields, starts=starts, fund=fund, setting=Setting(3600, 73 * DAY, cover=100.0))
    assert found["backstop_draw_mean"].value == 3.0
    assert found["backstop_exhausted"].value == 0.5
    assert found["backstop_premium_mean"].value == 2.0
    assert found["backstop_breakeven_a_year"].value == pytest.approx(0.15)
    assert found["backstop_breakeven_premium"].value == pytest.approx(0.15)
    assert found["backstop_net_yield"].value == pytest.approx(-0.05)
    assert not [name for name in of(paths_of({"loss": [0.0]})) if name.startswith("backstop")]


def test_others_definitions_come_under_their_names() -> None:
    """With the source in each; ours stay as they are."""
    loss = [float(i) for i in range(100)]
    columns = {"loss": loss, "loss_1d": [value / 2 for value in loss], "liquidated": [2 * value for value in loss], "unhealthy_end": loss}
    plain, asked = of(paths_of(columns)), of(paths_of(columns), definitions=list(PEER_METRICS))
    added = {name: metric for name, metric in asked.items() if name not in plain}
    assert {name: metric.value for name, metric in added.items()} == {
        "gauntlet_var": 94.0,
        "gauntlet_lar": 188.0,
        "chaos_var": 47.0,
        "chaos_evar": 49.0,
        "crvusdrisk_bad_debt": 49.5,
    }
    assert all(
        "risk.gauntlet" in text or "governance.aave" in text or "github.com" in text for text in (m.definition for m in added.values())
    )
    assert {name: asked[name] for name in plain} == plain


def test_every_metric_says_what_it_is_and_holds_its_value() -> None:
    """A unit, a definition, finite figures; the promised names are there."""
    random = np.random.default_rng(8)
    fields = paths_of({name: random.exponential(size=300) for name in NAMES if not name.endswith("_end")})
    found = of(fields, variants={})
    promised = (
        "loss_mean loss_var95 loss_var99 loss_es975 loss_es99 prob_significant_loss liquidations_mean liquidations_var95 reserve_ruin "
        "liquidations_es975 liquidations_es99 "
        "time_to_liquidate_p95 loss_from_oracle_gap loss_from_depth loss_from_latency lender_net_yield revenue_lenders revenue_creator "
        "revenue_reserve revenue_backstop revenue_buyers"
    ).split()
    assert set(promised) <= found.keys()
    for name, metric in found.items():
        assert metric.unit and len(metric.definition) > 15, name
        assert math.isfinite(metric.value), name
        assert metric.low <= metric.value <= metric.high or name.startswith(("loss_var", "lender_loss_var", "liquidations_var")), name


def test_columns_know_every_field() -> None:
    """Nothing of an outcome is dropped."""
    assert set(NAMES) <= columns_of(paths_of({"loss": [0.0]})[:, 0], ONE).keys()


def test_memory_is_told_before_it_is_taken() -> None:
    """More paths, more pools and more variants need more; a million paths of one pool are gigabytes, not terabytes."""
    assert bytes_needed(10_000, 1, 0) < bytes_needed(20_000, 1, 0) < bytes_needed(20_000, 2, 0) < bytes_needed(20_000, 2, 3)
    assert bytes_needed(20_000, 2, 3, alone=2) == bytes_needed(20_000, 2, 3) + 2 * 20_000 * 8
    assert 1e9 < bytes_needed(1_000_000, 1, 5) < 1e10
