"""Results written by hand, so that no two figures are alike: whatever is read, drawn or told from the wrong place shows."""

import json
from pathlib import Path
from typing import Any

ETH, USDC = 10**18, 10**6
WAD = 10**18
LEVELS = (0, 500, 800, 900, 950, 975, 990, 995, 999, 1000)
FALLS = tuple(place / 20 for place in range(13))
ADDED = (300, 100, 200, 900, 4_000, 20_000, 9_000, 6_000, 5_000, 3_500, 2_600, 1_800, 1_600)
"""Debt that becomes liquidatable at each of FALLS, all of 55,000."""


def metric(value: float, low: float, high: float, unit: str = "bp of supply", definition: str = "") -> dict[str, Any]:
    """As a result stores it."""
    return {"value": value, "low": low, "high": high, "unit": unit, "definition": definition or f"what is {value}"}


def metrics() -> dict[str, Any]:
    """Causes and bearers that add up to a mean loss of 40 bp; lenders' expected shortfall is 120 bp."""
    return {
        "loss_mean": metric(40.0, 30.0, 50.0),
        "loss_var95": metric(101.0, 91.0, 111.0),
        "loss_var99": metric(310.0, 280.0, 350.0),
        "loss_es975": metric(255.0, 225.0, 275.0),
        "loss_es99": metric(410.0, 360.0, 460.0),
        "lender_loss_mean": metric(14.0, 11.0, 17.0),
        "lender_loss_es99": metric(120.0, 90.0, 160.0),
        "prob_significant_loss": metric(0.05, 0.04, 0.06, "probability"),
        "prob_significant_lender_loss": metric(0.02, 0.015, 0.026, "probability"),
        "borne_by_reserve": metric(23.0, 21.0, 27.0),
        "borne_by_backstop": metric(2.0, 1.0, 3.0),
        "borne_by_lenders": metric(10.0, 8.0, 12.0),
        "borne_by_premium": metric(0.0, 0.0, 0.0),
        "borne_by_nobody_yet": metric(5.0, 4.0, 6.0),
        "liquidations_mean": metric(2_100.0, 2_000.0, 2_200.0, "asset"),
        "liquidations_var99": metric(9_300.0, 9_000.0, 9_700.0, "asset"),
        "reserve_ruin": metric(0.03, 0.025, 0.036, "probability"),
        "lender_net_yield": metric(0.041, 0.038, 0.044, "part a year"),
        "withdrawability": metric(0.0725, 0.062, 0.083, "part of time"),
        "loss_from_oracle_gap": metric(8.0, 6.0, 9.0),
        "loss_from_depth": metric(21.0, 15.0, 26.0),
        "loss_from_latency": metric(13.0, 11.0, 18.0),
        "loss_remainder": metric(-2.0, -3.0, -1.0),
        "amplification_by_cascades": metric(5.5, 5.0, 7.0),
        "revenue_lenders": metric(900.0, 880.0, 920.0, "asset"),
        "revenue_buyers": metric(310.0, 290.0, 330.0, "asset"),
    }


def terms(**other: str) -> dict[str, str]:
    """Terms in base units, as a result stores them."""
    zero = "0x" + "00" * 20
    names = ("asset", "collateral", "oracle", "rate_model", "backstop", "fee_recipient")
    numbers = (
        "incentive_slope reserve_factor reserve_target creator_fee premium min_debt solvent_window sale_timeout lockup rate_base"
    ).split()
    parts = {"max_ltv": 80, "liq_ltv": 85, "target_ltv": 0, "incentive_base": 4, "incentive_max": 5, "penalty": 1}
    return {
        "name": "ETH/USDC",
        "collateral_decimals": "18",
        "asset_decimals": "6",
        **dict.fromkeys(names, zero),
        **dict.fromkeys(numbers, "0"),
        **{name: str(hundredths * WAD // 100) for name, hundredths in parts.items()},
        "incentive_rise": "0",
        "supply_cap": str(224_000 * USDC),
        "borrow_cap": str((2**127 - 1) // 10**6),
        **other,
    }


def pool(**other: Any) -> dict[str, Any]:
    """100,000 of supply, 55,000 of debt, a reserve of 700."""
    wall = [
        {"fall": fall, "price": 2_000 * (1 - fall), "liquidatable_debt": float(sum(ADDED[: place + 1])), "added_debt": float(added)}
        | {"insolvent_loss": 37.0 * max(0, place - 2) ** 2}
        for place, (fall, added) in enumerate(zip(FALLS, ADDED, strict=True))
    ]
    shocks = [
        {"fall": place / 10, "price": 2_000 * (1 - place / 10), "liquidatable_debt": 5_000.0 * place, "loss": 130.0 * place**2}
        | {"loss_without_depth": 61.0 * place**2}
        for place in range(1, 10)
    ]
    sizing = [
        {"reserve": reserve, "part_of_supply": reserve / 100_000, "ruin": ruin, "low": 0.8 * ruin, "high": 1.3 * ruin + 0.0005}
        for reserve, ruin in ((0.0, 0.2), (350.0, 0.08), (700.0, 0.03), (1_400.0, 0.004), (2_800.0, 0.0))
    ]
    return {
        "name": "ETH/USDC",
        "supply": 100_000.0,
        "debt": 55_000.0,
        "reserve": 700.0,
        "collateral": 47.0,
        "start_price": 2_012.5,
        "positions": 12,
        "terms": terms(),
        "shocks": shocks,
        "wall": wall,
        "reserve_sizing": sizing,
        "metrics": {},
        **other,
    }


def scenario(**other: Any) -> dict[str, Any]:
    """A world of which a report speaks."""
    return {
        "name": "wild",
        "description": "a wild week",
        "fails": "",
        "holds": "",
        "prices": {"kind": "gbm", "volatility": 1.5, "jumps_per_year": 40.0, "block": 24, "returns": 0, "row_seconds": 3600},
        "oracle": {"feeds": [{"heartbeat": 14_400, "deviation": 0.03, "delay": 60}], "max_age": 7200},
        "market": {"a": 0.5, "b": 1.0, "recovery": 14_400, "cascade": 0.2, "per_book": True},
        "liquidators": {"gas": 12.0, "min_profit": 5.0, "latency": 300, "order": "random", "capital": None},
        "lenders": {"run_share": 0.0, "run_at_fall": 0.0, "low_cash": 0.05},
        "step": 600,
        "correlation": 1.0,
        "start": None,
    } | other


def around() -> dict[str, Any]:
    """Four LTVs by four depths; the run's own cell is in the second row and the third column, the last cell is forbidden."""
    lenders = [[92.0, 62.0, 32.0, 12.0], [203.0, 143.0, 118.0, 33.0], [304.0, 204.0, 155.0, 63.0], [404.0, 305.0, 205.0, 0.0]]
    grids = [[[{"value": v + more, "low": 0.9 * v, "high": 2 * v} for v in row] for row in lenders] for more in (0.0, 40.0)]
    forbidden = [[*row[:-1], None] if place == 3 else row for grid in grids for place, row in enumerate(grid)]
    legal = [[True] * 4, [True] * 4, [True] * 4, [True, True, True, False]]
    shared = {"paths": 700, "liq_ltv": [0.8, "0.85", 0.9, 0.95], "depth": [0.25, 0.5, 1.0, 2.0], "own": [1, 2]}
    return shared | {"lender_loss_es99": forbidden[:4], "loss_es99": forbidden[4:], "legal": legal, "unit": "bp of supply"}


def shipped(name: str, worst: float, *, held: bool) -> dict[str, Any]:
    """A scenario that ships, and its figures of this pool."""
    claims = [{"kind": "fails", "claim": "loss_mean > 0", "held": held}, {"kind": "holds", "claim": "reserve_ruin < 0.5", "held": True}]
    found = {"loss_mean": metric(worst / 3, 0.0, worst), "lender_loss_es99": metric(worst, 0.8 * worst, 1.2 * worst)}
    shared = {"name": name, "title": name.title(), "horizon": 604_800, "paths": 300, "metrics": found}
    return shared | {"claims": claims, "defaults": []}


def replayed() -> dict[str, Any]:
    """A history that was replayed."""
    told = {"file": "march.csv", "sha256": "cd" * 32, "column": "price", "from": 1_583_798_400, "to": 1_584_403_200, "rows": 169}
    return told | {"worst_fall": 0.31, "final_move": -0.2, "lender_loss": 3.5, "solvent": False, "sales": 17, "pool": {}}


def stress(**other: Any) -> dict[str, Any]:
    """A whole stress run, its bound of 150 bp kept but not surely."""
    losses = (0.0, 3.0, 40.0, 80.0, 101.0, 180.0, 310.0, 390.0, 520.0, 600.0)
    lenders = (0.0, 0.0, 7.0, 15.0, 33.0, 60.0, 88.0, 110.0, 150.0, 210.0)
    options = {"paths": 2_000, "horizon": 604_800, "seed": 5, "significant": 0.01, "bounds": {"lender_loss_es99": 150.0}, "around": True}
    return {
        "schema": "ringfence.stress/1",
        "inputs": {"book.csv": "ab" * 32, "terms.toml": "12" * 32, "scenario.toml": "34" * 32},
        "versions": {"ringfence": "0.1.0", "numpy": "2.4.6"},
        "options": options,
        "scenario": scenario(),
        "defaults": [],
        "notices": ["a notice of the run"],
        "claims": [
            {"kind": "fails", "claim": "loss_mean > 900", "held": False},
            {"kind": "holds", "claim": "loss_mean < 50", "held": True},
        ],
        "metrics": metrics(),
        "distribution": {"levels": list(LEVELS), "loss": list(losses), "lender_loss": list(lenders)},
        "pools": [pool()],
        "around": around(),
        "scenarios": [shipped("black-thursday", 170.0, held=True), shipped("frozen-feed", 130.0, held=False)],
        "replays": [replayed()],
        **other,
    }


def recommendation(**other: Any) -> dict[str, Any]:
    """One term, found at 85 %."""

    def tried(value: str, worst: float, part: float) -> dict[str, Any]:
        probability = {"value": part, "low": 0.7 * part, "high": 1.4 * part}
        return {
            "value": value,
            "loss_es99": {"value": worst, "low": 0.8 * worst, "high": 1.3 * worst},
            "prob_significant_loss": probability,
        }

    answer = {
        "term": "liq_ltv",
        "goal": "highest",
        "value": "0.85",
        "low": "0.82",
        "high": "0.87",
        "unit": "part",
        "before": "0.8",
        "step": "0.005",
        "binding": "loss_es99",
        "sentence": "the highest that keeps the bound",
        "next": tried("0.855", 166.0, 0.024) | {"cost": "46 bp more", "legal": True},
        "tried": [tried("0.855", 166.0, 0.024), tried("0.8", 70.0, 0.011), tried("0.85", 120.0, 0.02)],
    }
    options = {"paths": 2_000, "horizon": 604_800, "seed": 5, "significant": 0.01, "vary": ["liq_ltv"], "grids": {}, "start_price": 2012.5}
    figures = metrics()
    return {
        "schema": "ringfence.recommend/1",
        "inputs": {"book.csv": "ab" * 32, "terms.toml": "12" * 32, "scenario.toml": "34" * 32},
        "versions": {"ringfence": "0.1.0"},
        "options": options | {"bounds": {"lender_loss_es99": 150.0}},
        "name": "ETH/USDC",
        "terms": {"liq_ltv": "0.85"},
        "loss_es99": figures["lender_loss_es99"],
        "prob_significant_loss": figures["prob_significant_lender_loss"],
        "pool_loss_es99": figures["loss_es99"],
        "loss_mean": figures["lender_loss_mean"],
        "binding": ["loss_es99"],
        "answers": [answer],
        "evaluations": 9,
        "defaults": [],
        "notices": ["a notice of the search"],
        **other,
    }


def written(folder: Path, result: dict[str, Any]) -> Path:
    """The result in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(result))
    return folder
