"""What may be said of a bound: every combination of values, intervals, bounds, defaults and paths."""

from dataclasses import dataclass
from itertools import combinations, product

import pytest

from ringfence.inputs.errors import InputError
from ringfence.inputs.verdict import (
    BROKEN,
    HELD,
    LEAST_PATHS,
    MAX_ES99,
    MAX_PROBABILITY,
    NONE,
    UNSOLD,
    UNSURE,
    BoundCheck,
    Verdict,
    checks,
    verdict,
)

NAN, INF = float("nan"), float("inf")
DEFAULTS = ("prices", "oracle", "market", "liquidators", "lenders", "start price")


@dataclass(frozen=True)
class Given:
    """A metric as any result has it."""

    value: float
    low: float
    high: float
    unit: str = "bp of supply"


ES99 = {MAX_ES99: Given(45.8, 38.0, 54.0)}


def kind(value: float, low: float, high: float, most: float, defaults: tuple[str, ...] = (), paths: int | None = 10_000) -> str:
    return verdict(checks({MAX_ES99: Given(value, low, high)}, {MAX_ES99: most}, paths=paths), defaults).kind


@pytest.mark.parametrize(
    ("most", "expected"),
    [(54.0, HELD), (60.0, HELD), (53.9, UNSURE), (45.8, UNSURE), (45.7, BROKEN), (38.0, BROKEN), (10.0, BROKEN), (0.0, BROKEN)],
)
def test_a_bound_is_kept_surely_not_surely_or_broken(most: float, expected: str) -> None:
    """By where the bound lies: beyond the interval, within its upper part, under the value; an end itself is still within."""
    assert kind(45.8, 38.0, 54.0, most) == expected


def test_no_defaults_give_a_good_verdict() -> None:
    """All 64 sets of defaults, whatever value, interval, bounds and paths: held only of the empty one, and broken is never hidden."""
    numbers = (0.0, 10.0, 50.0, 50.1, 1e9)
    seen = dict.fromkeys((BROKEN, UNSURE, NONE, HELD), 0)
    for count in range(len(DEFAULTS) + 1):
        for defaults in combinations(DEFAULTS, count):
            for value, spread, most, paths in product(numbers, (0.0, 5.0), numbers, (None, 10, LEAST_PATHS, 10_000)):
                found = kind(value, value - spread, value + spread, most, defaults, paths)
                seen[found] += 1
                if defaults:
                    assert found == (BROKEN if value > most else NONE)
                elif found == HELD:
                    assert value + spread <= most
                    assert paths is None or paths >= LEAST_PATHS
                else:
                    assert found == (BROKEN if value > most else UNSURE)
    assert min(seen.values()) > 10


def test_what_is_not_a_number_keeps_no_bound() -> None:
    """Neither does what is beyond all numbers."""
    assert kind(NAN, 0.0, 1.0, 50.0) == BROKEN
    assert kind(INF, 0.0, INF, 50.0) == BROKEN
    assert kind(1.0, 0.0, NAN, 50.0) == UNSURE
    assert kind(1.0, 0.0, INF, 50.0) == UNSURE


def test_without_a_bound_there_is_no_verdict() -> None:
    """However good the figures are."""
    assert verdict((), ()).kind == NONE
    assert verdict((), ()).sentence == "No verdict: no bound was stated"
    assert verdict((), ("market",)).sentence == "No verdict: depth was left to its default"
    assert verdict((), ("liquidators",)).sentence == "No verdict: the liquidators were left to their default"
    assert (
        verdict((), ("oracle", "market", "start price")).sentence
        == "No verdict: the oracle, depth and the start price were left to defaults"
    )


def test_of_several_bounds_the_worst_decides() -> None:
    """Kept, kept not surely and broken beside each other; the broken one is told first."""
    metrics = {MAX_ES99: Given(45.8, 38.0, 54.0), MAX_PROBABILITY: Given(0.01, 0.005, 0.02, "probability")}
    found = {
        bounds: verdict(checks(metrics, {MAX_ES99: bounds[0], MAX_PROBABILITY: bounds[1]}, paths=10_000))
        for bounds in product((60.0, 50.0, 40.0), (0.03, 0.015, 0.001))
    }
    rank = [HELD, UNSURE, BROKEN]
    for (es99, probability), told in found.items():
        parts = [(60.0, 50.0, 40.0).index(es99), (0.03, 0.015, 0.001).index(probability)]
        assert told.kind == rank[max(parts)]
    told = found[60.0, 0.001]
    assert told.sentence == "Breaks the bound"
    assert told.reasons[0] == "the probability that lenders lose significantly: 1 (0.50 to 2) % of futures, bound 0.1 % of futures"
    assert found[60.0, 0.03].sentence == "Keeps the bounds"
    assert found[50.0, 0.03].sentence == "Keeps the bounds, but not surely"


def test_few_futures_are_never_sure() -> None:
    """The worst 1 % of under a thousand are under ten; and what none of n shows may still happen in 3 / n of them."""
    assert kind(0.0, 0.0, 0.0, 50.0, paths=LEAST_PATHS - 1) == UNSURE
    assert kind(0.0, 0.0, 0.0, 50.0, paths=LEAST_PATHS) == HELD
    none = {MAX_PROBABILITY: Given(0.0, 0.0, 0.0, "probability")}
    assert verdict(checks(none, {MAX_PROBABILITY: 0.001}, paths=2999)).kind == UNSURE
    assert verdict(checks(none, {MAX_PROBABILITY: 0.001}, paths=3000)).kind == HELD
    assert "0.1 %" in verdict(checks(none, {MAX_PROBABILITY: 0.0009}, paths=3000)).reasons[-1]


def test_every_reason_for_doubt_is_told() -> None:
    """The interval that reaches beyond, and the futures that are too few."""
    told = verdict(checks(ES99, {MAX_ES99: 50.0}, paths=300)).reasons
    assert told[1:] == (
        "the interval of lenders' mean loss in the worst 1 % of futures reaches beyond the bound",
        "the worst 1 % of 300 futures are too few for a sure interval",
    )


def test_a_figure_beside_its_bound_shows_on_which_side_it_is() -> None:
    """Rounded alike, they get more digits."""
    near = BoundCheck(MAX_ES99, 50.0, 50.004, 40.0, 60.0, "bp of supply")
    assert near.sentence.endswith("50.0 (40 to 60) bp of supply, to more digits 50.004, bound 50 bp of supply")


def test_claims_that_are_not_borne_out_are_told() -> None:
    """They change no verdict: a scenario may claim a loss that does not come."""
    told = verdict(checks(ES99, {MAX_ES99: 60.0}, paths=10_000), (), ["loss_mean > 0"])
    assert told.kind == HELD
    assert told.reasons[-1] == "the scenario claims loss_mean > 0, which this run does not bear out"


@pytest.mark.parametrize("most", [NAN, INF, -1.0])
def test_a_bound_is_a_number_of_zero_or_more(most: float) -> None:
    """Others are refused."""
    with pytest.raises(InputError, match="is no bound"):
        checks(ES99, {MAX_ES99: most})


def test_a_bound_needs_its_metric() -> None:
    """A run without it is refused, not passed."""
    with pytest.raises(InputError, match="no metric 'prob_significant_lender_loss'"):
        checks(ES99, {MAX_PROBABILITY: 0.1})


def test_a_broken_bound_alone_ends_with_one() -> None:
    """Of the four kinds of verdict: a command fails for none of the others."""
    found = {kind: Verdict(kind, "", ()).is_broken for kind in (BROKEN, UNSURE, NONE, HELD)}
    assert found == {BROKEN: True, UNSURE: False, NONE: False, HELD: False}


def test_debt_that_is_still_to_be_sold_speaks_against_a_bound_that_is_kept() -> None:
    """Of all notices that one alone; a broken bound stays broken, and no verdict none."""
    notices = ["a finer step would", f"{UNSOLD}in 5 % of the futures"]
    kept = verdict(checks(ES99, {MAX_ES99: 60.0}, paths=10_000), notices=notices)
    assert (kept.kind, kept.reasons[-1], len(kept.reasons)) == (UNSURE, notices[1], 2)
    assert verdict(checks(ES99, {MAX_ES99: 60.0}, paths=10_000), notices=notices[:1]).kind == HELD
    assert verdict(checks(ES99, {MAX_ES99: 1.0}, paths=10_000), notices=notices).kind == BROKEN
    assert verdict(checks(ES99, {MAX_ES99: 60.0}, paths=10_000), ["market"], notices=notices).kind == NONE
