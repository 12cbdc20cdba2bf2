"""The three sentences that a page begins with: the verdict's main reason, the weakest assumption, and by how much the figure moves."""

from collections.abc import Iterator
from dataclasses import dataclass

from ringfence.inputs.figure_text import exact, figure, number, shown_unit
from ringfence.inputs.result_records import Answer, StressRecord
from ringfence.inputs.stress_result import Metric
from ringfence.inputs.verdict import DEFAULTS, LEAST_PATHS, MAX_ES99, MAX_PROBABILITY, NONE_SEEN
from ringfence.report.run import Run
from ringfence.report.words import TERMS, binding_text, term_value, told_bounded

BP = "bp of supply"
CAUSES = {
    "loss_from_depth": "the market's depth",
    "loss_from_oracle_gap": "the oracle's gap",
    "loss_from_latency": "latency and outages of liquidators",
    "loss_remainder": "price gaps within one step, with what two causes cost together",
}
HALF = 0.5
DEPTH, WORLD, PATHS = "The market's depth", "That the world is as the scenario says", "The number of futures"
FLATTERS = "docs/methods.md measured it to flatter mild markets by up to half and to worsen wild ones by 10 to 16 %"
BEST_CASE = {
    "market": "the market takes any amount at its price, and forgets it at once",
    "oracle": "the oracle shows the market's price at every step, exactly and at once",
    "liquidators": "liquidators are always there at once, with unlimited capital and without costs",
    "start price": "the start price is guessed from the book",
    "prices": "prices move without drift and jumps, 80 % a year",
    "lenders": "no lender runs",
}


@dataclass(frozen=True, slots=True)
class Move:
    """What an assumption is worth: the figure with it changed, by how much (in `unit`), and whether that decides the verdict otherwise."""

    assumption: str
    changed: str
    figure: str
    size: float
    decides: bool
    unit: str = BP


def main_reason(run: Run) -> str:
    """What costs most, with its figure and with who bears it; of a recommendation, too, what ends its first term."""
    told = [] if run.stress is None else [_largest_cause(run.stress)]
    if run.recommendation is not None and run.recommendation.answers:
        told.insert(0, _first_end(run, run.recommendation.answers[0]))
    return " ".join(told)


def _first_end(run: Run, first: Answer) -> str:
    """What keeps the term that was asked for first from going further."""
    told = f"{_capital(binding_text(first.binding))} ends the {TERMS.get(first.term, first.term)} at {term_value(first.term, first.value)}"
    if not first.next_value:
        return f"{told}: no value beyond it was to be tried."
    there = f"at {term_value(first.term, first.next_value)}"
    if not first.next_loss:
        return f"{told}: {there} the protocol forbids it."
    is_part = run.by_probability and first.next_probability
    loss = first.next_probability if is_part else first.next_loss
    return f"{told}: {there} {told_bounded(MAX_PROBABILITY if is_part else MAX_ES99, loss['value'], loss['low'], loss['high'])}."


def _largest_cause(stress: StressRecord) -> str:
    metrics = stress.metrics
    if metrics["loss_es99"].high <= 0.0:
        return f"In none of {number(stress.paths)} futures anything is lost, by anybody."
    causes = {name: metrics[name] for name in CAUSES if name in metrics}
    if causes and metrics["loss_mean"].value > 0.0:
        name, largest = max(causes.items(), key=lambda one: one[1].value)
        mean = metrics["loss_mean"].value
        part = f", {100 * largest.value / mean:.0f} %" if largest.value <= mean else ""
        return (
            f"The largest cause of loss is {CAUSES[name]}: {_of(largest)} of the {number(mean)} {BP} that the pool loses on average{part}; "
            f"{_who_bears(stress)}."
        )
    return f"The pool loses {_of(metrics['loss_mean'])} {BP} on average; {_who_bears(stress)}. What causes it was not asked (--causes)."


def weakest_assumption(run: Run) -> str:
    """Defaults first; else what moves the figure across the bound, else what moves it most of all that the run measured."""
    if run.defaults:
        return _of_defaults(run)
    found = moves(run)
    if not found:
        return ""
    # A multiple of what was measured is likelier wrong than the whole world, and the intervals are told beside the verdict.
    chosen = next((move for kind in (DEPTH, WORLD, PATHS) for move in found if move.decides and move.assumption == kind), found[0])
    return f"{chosen.assumption}: {chosen.changed}, {chosen.figure}{_across(run, chosen)}."


def moves(run: Run) -> list[Move]:
    """What the run measured of its own assumptions, those that decide the verdict first, then by size."""
    stress = run.stress
    if stress is None:
        return []
    found = [*_of_depth(run, stress), *_of_paths(run, stress), *_of_scenarios(run, stress), *_of_causes(stress), *_of_order(stress)]
    bounded = "probability" if run.by_probability else BP
    return sorted(found, key=lambda move: (move.unit != bounded, (not move.decides, -move.size)))


def _of_defaults(run: Run) -> str:
    names = run.defaults
    told = "; ".join(BEST_CASE.get(name, name) for name in names)
    shown = ", ".join(DEFAULTS.get(name, name) for name in names)
    metrics = run.metrics
    figure_ = metrics.get("liquidations_var99") or metrics.get(MAX_ES99)
    if "market" in names and "liquidations_var99" in metrics and figure_ is not None:
        weight = f"; in one future of a hundred more than {number(figure_.value)} asset of debt is sold so"
    elif MAX_ES99 in metrics:
        worst = metrics[MAX_ES99]
        weight = f"; the {figure(worst.value, worst.low, worst.high, worst.unit)} of lenders' loss rest on it"
    else:
        weight = ""
    return f"Left to defaults, which are the best case: {shown}. The run takes it that {told}{weight}."


def _of_depth(run: Run, stress: StressRecord) -> Iterator[Move]:
    """Half the depth, by the neighbours that the run looked at."""
    near = stress.around
    if near is None or HALF not in near.depth:
        return
    row = near.lender_loss_es99[near.own[0]]
    half, own = row[near.depth.index(HALF)], row[near.own[1]]
    if half and own:
        told = (
            f"lenders' ES 99 % is {figure(half['value'], half['low'], half['high'], BP)} instead of {number(own['value'])} "
            f"(of {number(near.paths)} futures)"
        )
        told += "; the probability that is bounded was not measured there" if run.by_probability else ""
        yield Move(
            DEPTH, "with half of it", told, abs(half["value"] - own["value"]), not run.by_probability and _flips(run, stress, half["value"])
        )


def _of_paths(run: Run, stress: StressRecord) -> Iterator[Move]:
    worst = stress.metrics[_bounded(run)]
    told = f"lenders' ES 99 % may be as high as {number(worst.high)} {BP} instead of {number(worst.value)}"
    if run.by_probability:
        unit = shown_unit(worst.unit)
        told = f"lenders may lose significantly in {number(worst.high, worst.unit)} {unit} instead of {number(worst.value, worst.unit)}"
    if worst.high <= 0.0:
        told = f"that none of them hurts lenders still allows {number(NONE_SEEN / stress.paths, 'probability')} % that do"
    high = NONE_SEEN / stress.paths if run.by_probability and worst.high <= 0.0 else worst.high
    few = " (too few for a sure interval)" if stress.paths < LEAST_PATHS else ""
    yield Move(
        PATHS,
        f"with {number(stress.paths)} of them{few}",
        told,
        high - worst.value,
        _flips(run, stress, high),
        "probability" if run.by_probability else BP,
    )


def _of_scenarios(run: Run, stress: StressRecord) -> Iterator[Move]:
    """The shipped scenario that costs lenders most: a world that this one leaves out."""
    name = _bounded(run)
    told = [(found.metrics[name], found) for found in stress.scenarios if name in found.metrics]
    if not told:
        return
    worst, found = max(told, key=lambda one: one[0].value)
    own = stress.metrics[name].value
    yield Move(
        WORLD,
        f"in the shipped scenario {found.name} instead",
        told_bounded(name, worst.value, worst.low, worst.high),
        max(worst.value - own, 0.0),
        _flips(run, stress, worst.value),
        "probability" if run.by_probability else BP,
    )


def _of_causes(stress: StressRecord) -> Iterator[Move]:
    for name, assumption in CAUSES.items():
        if name in stress.metrics and name != "loss_remainder":
            metric = stress.metrics[name]
            yield Move(_capital(assumption), "without it", f"the pool's mean loss is {_of(metric)} {BP} smaller", abs(metric.value), False)


def _of_order(stress: StressRecord) -> Iterator[Move]:
    order = str(stress.scenario["liquidators"]["order"])
    if order == "riskiest-first" and stress.scenario["market"]["a"] > 0.0:
        mean = stress.metrics["loss_mean"].value
        told = f"{FLATTERS}: here up to {number(mean)} {BP} more of mean loss"
        yield Move("The order of sale", "riskiest first", told, 0.0, False)


def _flips(run: Run, stress: StressRecord, changed: float) -> bool:
    """Whether the change alone turns kept into broken, or the other way."""
    own = stress.metrics[_bounded(run)].value
    return run.led is not None and (own <= run.led.most) != (changed <= run.led.most)


def _bounded(run: Run) -> str:
    """The metric that the sentences speak of."""
    return MAX_PROBABILITY if run.by_probability else MAX_ES99


def _across(run: Run, move: Move) -> str:
    if not move.decides or run.led is None:
        return ""
    percent = " %" if run.by_probability else ""
    return f", {'within' if not run.led.held else 'beyond'} the bound of {exact(run.led.most, run.led.unit)}{percent}"


def _who_bears(stress: StressRecord) -> str:
    """Who pays the mean loss, the largest part first."""
    names = {
        "reserve": "the reserve",
        "backstop": "the backstop",
        "lenders": "lenders",
        "premium": "premium owed",
        "nobody_yet": "nobody yet",
    }
    mean = stress.metrics["loss_mean"].value
    parts = {told: stress.metrics[f"borne_by_{name}"].value for name, told in names.items() if f"borne_by_{name}" in stress.metrics}
    told, most = max(parts.items(), key=lambda one: one[1])
    if mean <= 0.0:
        return "nobody bears any"
    share = f"{100 * most / mean:.0f} % of it"
    if told == names["nobody_yet"]:
        return f"{share} is still open at the end, and nobody bears it yet"
    return f"{told} {'bear' if told == 'lenders' else 'bears'} {share}"


def _of(metric: Metric) -> str:
    return f"{number(metric.value)} ({number(metric.low)} to {number(metric.high)})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
