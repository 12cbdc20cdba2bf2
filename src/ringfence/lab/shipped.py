"""The scenarios that ship, played on a pool: what each costs it, and what of what the scenario claims is borne out there."""

from typing import Protocol

from ringfence.inputs.scenario import Scenario
from ringfence.inputs.scenario_file import NAMES, read_scenario
from ringfence.inputs.stress_result import ScenarioRun, StressResult
from ringfence.lab.stress_plan import Progress, part_of

MOST_PATHS = 1_000
HORIZON = 7 * 86_400
SHARE = 1_000
"""Of the progress of each; how many runs it makes, it knows itself."""
SHOWN = (
    "loss_mean",
    "loss_es99",
    "lender_loss_mean",
    "lender_loss_es99",
    "prob_significant_loss",
    "prob_significant_lender_loss",
    "reserve_ruin",
    "liquidations_mean",
    "time_to_liquidate_p95",
    "loss_from_oracle_gap",
    "loss_from_depth",
    "loss_from_latency",
    "withdrawability",
)


def size_of(paths: int) -> int:
    """About how many paths of the horizon of a month are run."""
    return min(paths, MOST_PATHS) * len(NAMES)


class Play(Protocol):
    """Runs the pool through a scenario."""

    def __call__(self, scenario: Scenario, *, paths: int, horizon: int, progress: Progress | None) -> StressResult: ...


def shipped(play: Play, paths: int, progress: Progress | None) -> tuple[ScenarioRun, ...]:
    """Every scenario that ships, over seven days and on at most so many paths, in the order of their names' list."""
    found, paths = [], min(paths, MOST_PATHS)
    for place, name in enumerate(NAMES):
        scenario = read_scenario(name)
        told = part_of(progress, place * SHARE, SHARE, len(NAMES) * SHARE)
        result = play(scenario, paths=paths, horizon=HORIZON, progress=told)
        found.append(
            ScenarioRun(
                name=name,
                title=name.replace("-", " ").capitalize(),
                description=scenario.description,
                fails=scenario.fails,
                holds=scenario.holds,
                horizon=HORIZON,
                paths=paths,
                metrics={metric: result.metrics[metric] for metric in SHOWN},
                claims=result.claims,
                defaults=result.defaults,
            )
        )
    return tuple(found)
