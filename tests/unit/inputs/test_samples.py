"""The samples that ship: what is in them, and that the script makes them to the byte."""

import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.inputs.samples import CALM, FALLING, Sample, read_sample
from ringfence.model.terms import WAD

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "src/ringfence/inputs/samples"


@pytest.fixture(scope="module")
def falling() -> Sample:
    return read_sample(FALLING)


@pytest.fixture(scope="module")
def calm() -> Sample:
    return read_sample(CALM)


def test_the_script_makes_what_ships(tmp_path: Path) -> None:
    """Nothing in the samples was changed by hand."""
    subprocess.run([sys.executable, ROOT / "scripts/make_sample_book", "--out", tmp_path], check=True, capture_output=True)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(made) == 3 * 3 + 1
    assert made == {path.relative_to(SHIPPED): path.read_bytes() for path in SHIPPED.rglob("*") if path.is_file()}


def test_another_seed_makes_another_book(tmp_path: Path) -> None:
    """The seed is what the books come from."""
    script = [sys.executable, ROOT / "scripts/make_sample_book", "--out", tmp_path, "--seed", "1"]
    subprocess.run(script, check=True, capture_output=True)
    book = Path(FALLING, "book.csv")
    assert (tmp_path / book).read_bytes() != (SHIPPED / book).read_bytes()


def test_a_sample_is_read_whole(falling: Sample, calm: Sample) -> None:
    """100 positions each, nothing cut or ignored, tokens called by the pool's name."""
    for sample in (falling, calm):
        assert len(sample.book) == 100
        assert (sample.pool.notices, sample.book.notices, sample.prices.notices) == ((), (), ())
    assert (falling.name, falling.collateral, falling.asset) == ("ETH/USDC", "ETH", "USDC")
    assert (calm.name, calm.collateral, calm.asset) == ("GOLD/USDC", "GOLD", "USDC")


def test_every_loan_is_within_max_ltv_at_the_first_price(falling: Sample, calm: Sample) -> None:
    """The books can be borrowed honestly, at the price that stands when they are."""
    for sample in (falling, calm):
        price = sample.prices.prices[0]
        for collateral, debt in zip(sample.book.collateral, sample.book.debt, strict=True):
            assert debt >= sample.pool.terms.min_debt
            assert debt * WAD <= collateral * price // 10**36 * sample.pool.terms.max_ltv


def test_one_falls_by_55_per_cent_with_a_gap_and_the_other_stays(falling: Sample, calm: Sample) -> None:
    """The story that the demo tells; both have the same rows of time, ten accounts in both books, and the same terms."""
    first = falling.prices.prices[0]
    assert min(falling.prices.prices) * 100 == first * 45
    falls = [1 - after / before for before, after in zip(falling.prices.prices, falling.prices.prices[1:], strict=False)]
    assert max(falls) == pytest.approx(0.22, abs=1e-4)
    assert sorted(falls)[-2] < 0.03
    assert all(abs(price / calm.prices.prices[0] - 1) <= 0.006 for price in calm.prices.prices)
    assert falling.prices.timestamps == calm.prices.timestamps
    assert len(set(falling.book.accounts) & set(calm.book.accounts)) == 10
    assert falling.pool.terms == calm.pool.terms and falling.pool.rate == calm.pool.rate
