"""What a run rests on: its assumptions in words, what was left to defaults, its sources with their digests, and how to make it again."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from ringfence.inputs.figure_text import number
from ringfence.inputs.result_records import CurveRecord, RecommendRecord, ReplayRecord, StressRecord
from ringfence.inputs.times import duration
from ringfence.report.parts import Card
from ringfence.report.run import Run
from ringfence.report.words import WAD, assumptions, grouped_digits, terms_in_words

RISKIEST = (
    "riskiest first, which flatters: docs/methods.md measured mean losses up to half too small in mild markets, and 10 to 16 % too large "
    "in wild ones, against an order drawn at random; run the other orders where the answer is close"
)
BOOTSTRAP = f"percentile bootstrap over futures, {number(1000)} seeded draws, 95 %"
HOURS = 3_600


def cards(run: Run) -> Iterator[Card]:
    """All of it, the assumptions first."""
    stress = run.stress
    if stress is not None:
        yield Card(f"Assumptions: scenario {stress.scenario['name']}", tuple(_assumed(stress)))
        yield Card("Pools at the start, amounts in whole tokens", tuple(_pools(stress)))
    notices = dict.fromkeys((*_notices(run), *(stress.notices if stress else ())))
    left = ", ".join(run.defaults) or "none"
    yield Card(
        "What to know",
        (("left to defaults", left), *((f"notice {place}", told) for place, told in enumerate(map(grouped_digits, notices), 1))),
    )
    yield Card("Sources, by SHA-256", tuple(_digests(run)))
    yield Card("How it was run", tuple(_options(run)))


def _assumed(stress: StressRecord) -> Iterator[tuple[str, str]]:
    if stress.scenario["description"]:
        yield "in its words", str(stress.scenario["description"])
    yield from assumptions(stress.scenario)
    order = str(stress.scenario["liquidators"]["order"])
    yield "order of sale", RISKIEST if order == "riskiest-first" else f"{order}; nobody knows which it will be"
    yield "intervals", BOOTSTRAP


def _pools(stress: StressRecord) -> Iterator[tuple[str, str]]:
    for pool in stress.pools:
        told = (
            f"supply {number(pool.supply)}, debt {number(pool.debt)} of {number(pool.positions)} positions, "
            f"reserve {number(pool.reserve)}, collateral {number(pool.collateral)}, start price {number(pool.start_price)}; "
            f"{terms_in_words(pool.terms, pool.reserve, pool.supply)}"
        )
        yield pool.name, told


def _notices(run: Run) -> tuple[str, ...]:
    return run.record.notices if isinstance(run.record, StressRecord | RecommendRecord) else ()


def _digests(run: Run) -> Iterator[tuple[str, str]]:
    found: dict[str, str] = dict(run.record.origin.inputs)
    if run.stress is not None:
        found |= {one.file: one.sha256 for one in run.stress.replays}
    for file, digest in found.items():
        yield PurePath(file).name, digest


def _options(run: Run) -> Iterator[tuple[str, str]]:
    origin = run.record.origin
    yield "versions", ", ".join(f"{name} {version}" for name, version in origin.versions.items())
    for name, value in origin.options.items():
        yield name.replace("_", " "), _option(name, value)


def _option(name: str, value: object) -> str:
    if name == "horizon" and isinstance(value, int):
        return duration(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_option('', one)}" for key, one in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value[:50]) + (f" and {len(value) - 50} more" if len(value) > 50 else "") or "none"
    return str(value)


def command(run: Run) -> str:
    """A command that makes the result again, with the files named as the result names them; order of files as far as their names tell."""
    record = run.record
    names = [PurePath(file).name for file in record.origin.inputs]
    match record:
        case ReplayRecord():
            return _line(
                "replay",
                {"book": _first(names, 0), "terms": _first(names, 1), "prices": _first(names, 2)},
                record.origin.options,
                ("engine", "column"),
            )
        case CurveRecord():
            price = record.origin.options.get("price")
            return _line("curve", {"book": _first(names, 0), "terms": _first(names, 1), "price": str(price) if price else "PRICE"}, {}, ())
        case RecommendRecord():
            return _of_recommendation(record, names)
        case _:
            return _of_stress(record, names)


def _of_recommendation(record: RecommendRecord, names: list[str]) -> str:
    options = record.origin.options
    vary, grids, price = options.get("vary"), options.get("grids"), options.get("start_price")
    given = {"book": _first(names, 0), "terms": _first(names, 1), "scenario": _scenario(names, 2)}
    given |= {"price": str(price)} if price else {}
    given |= _bound_options(record.bounds) | {"vary": ",".join(str(one) for one in vary) if isinstance(vary, list) else "TERMS"}
    parts = ["ringfence recommend"]
    parts += ["--sure"] if options.get("sure") is True else []
    parts += [f"--grid {shlex.quote(f'{name}={values}')}" for name, values in (grids.items() if isinstance(grids, dict) else ())]
    if record.stress is not None:
        parts += [] if record.stress.around is not None else ["--no-around"]
        parts += [f"--history {shlex.quote(PurePath(one.file).name)}" for one in record.stress.replays]
    return _joined(parts, given | _world(options))


def _of_stress(record: StressRecord, names: list[str]) -> str:
    parts = ["ringfence stress"]
    for place, pool in enumerate(record.pools):
        parts += [f"--book {shlex.quote(_first(names, 2 * place))}", f"--terms {shlex.quote(_first(names, 2 * place + 1))}"]
        parts += [f"--price {pool.start_price:.12g}"]
    given = {"scenario": _scenario(names, 2 * len(record.pools))} | _world(record.origin.options) | _bound_options(record.bounds)
    if len(record.pools) > 1:
        given["correlation"] = str(record.scenario.get("correlation", 1))
    if record.around is not None:
        parts.append("--around")
    parts += [f"--history {shlex.quote(PurePath(one.file).name)}" for one in record.replays]
    return _joined(parts, given)


def _world(options: Mapping[str, object]) -> dict[str, str]:
    horizon = options.get("horizon")
    hours = horizon // HOURS if isinstance(horizon, int) and horizon % HOURS == 0 else None
    length = f"{hours // 24}d" if hours and hours % 24 == 0 else f"{hours}h" if hours else str(horizon)
    return {"paths": str(options.get("paths")), "horizon": length, "seed": str(options.get("seed"))} | (
        {"significant-loss": str(options["significant"])} if "significant" in options else {}
    )


def _bound_options(bounds: Mapping[str, float]) -> dict[str, str]:
    names = {"lender_loss_es99": "max-es99-bps", "prob_significant_lender_loss": "max-prob"}
    return {names[name]: f"{most:.12g}" for name, most in bounds.items() if name in names}


def _scenario(names: list[str], place: int) -> str:
    return _first(names, place)


def _first(names: list[str], place: int) -> str:
    return names[place] if place < len(names) else "FILE"


def _line(name: str, given: Mapping[str, str], options: Mapping[str, object], more: tuple[str, ...]) -> str:
    return _joined([f"ringfence {name}"], dict(given) | {key: str(options[key]) for key in more if key in options})


def _joined(parts: list[str], given: Mapping[str, str]) -> str:
    return " \\\n    ".join([*parts, *(f"--{name} {shlex.quote(value)}" for name, value in given.items()), "--out DIR"])


def pool_terms(terms: Mapping[str, str]) -> str:
    """The terms of a replay or a curve, without what the pool began with."""
    return terms_in_words(terms, 0.0, 0.0).replace(", no reserve at the start", "")


def whole(amount: int, terms: Mapping[str, str], name: str = "asset_decimals") -> float:
    """An amount in base units as whole tokens."""
    return float(amount / 10 ** int(terms[name]))


def part_of(amount: int) -> str:
    """A WAD as per cent."""
    return f"{number(100 * amount / WAD)} %"
