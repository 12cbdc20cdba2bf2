"""A scenario with what its file left to be fitted: the right fit of the right figures in the right fields."""

from pathlib import Path

import pytest

from ringfence.inputs.errors import InputError
from ringfence.inputs.scenario_file import read_scenario
from ringfence.lab.fits import fit_tail
from ringfence.lab.fitted import fitted
from ringfence.lab.paths import path_prices
from tests.unit.inputs.scenario_files import fill, read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with histories and quotes."""
    return fill(tmp_path, hours=2_000)


def test_quotes_become_a_depth(folder: Path) -> None:
    """These are of a constant product market with a reserve of 1,000: a = 0.001, b = 1."""
    found = fitted(read(folder, '[market]\nquotes = "quotes.csv"\nrecovery = "1h"\ncascade = "0.5"\n')).market
    assert (found.a, found.b) == (pytest.approx(0.001, rel=0.02), pytest.approx(1, rel=0.01))
    assert (found.quotes, found.recovery, found.cascade) == ((), 3_600, 0.5)


def test_a_history_becomes_tails(folder: Path) -> None:
    """At the part of the returns that the file asks for at each end; the returns stay, for they are still drawn."""
    scenario = read(folder, '[prices]\nmodel = "tail"\nfit = "long.csv"\ntail_part = "0.1"\n')
    found = fitted(scenario).prices
    assert (found.threshold_low, found.shape_low, found.scale_low) == fit_tail(scenario.prices.returns, 0.9)[:3]
    assert (found.threshold_high, found.shape_high, found.scale_high) == fit_tail(scenario.prices.returns, 0.9)[3:]
    assert (found.to_fit, found.returns) == ("", scenario.prices.returns)
    assert 0.09 < sum(move < found.threshold_low for move in found.returns) / len(found.returns) < 0.11
    assert len(path_prices(fitted(scenario), 1, 0, 24)) == 25


@pytest.mark.slow
def test_a_history_becomes_a_garch(folder: Path) -> None:
    """Its variance in the long run is that of the data, 2 % an hour; the history is not needed any more."""
    found = fitted(read(folder, '[prices]\nmodel = "garch"\nfit = "clusters.csv"\n')).prices
    assert found.omega / (1 - found.alpha - found.beta) == pytest.approx(0.02**2, rel=0.5)
    assert found.degrees > 2 and found.alpha > 0
    assert (found.to_fit, found.returns) == ("", ())


def test_what_cannot_be_fitted_is_refused_by_the_file(folder: Path) -> None:
    """In one line, with the reason of the fit."""
    lines = (folder / "quotes.csv").read_text().splitlines()
    (folder / "alike.csv").write_text("\n".join([lines[0]] + ["10,0.01"] * 9) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"scenario.toml: column \[market\] quotes: cannot be fitted: .*too alike.*; give quotes of"):
        fitted(read(folder, '[market]\nquotes = "alike.csv"\n'))
    falling = [lines[0]] + [f"{amount},{1 / amount}" for amount in range(10, 100, 10)]
    (folder / "falling.csv").write_text("\n".join(falling) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="impact does not rise with the amount.*; give quotes of one market at one time, or"):
        fitted(read(folder, '[market]\nquotes = "falling.csv"\n'))


def test_a_scenario_without_fits_is_as_it_was() -> None:
    """Nothing is touched."""
    scenario = read_scenario("depeg")
    assert fitted(scenario) == scenario
