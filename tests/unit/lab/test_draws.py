"""What a bootstrap draws: every path as often, and tails that are looked at far enough."""

import numpy as np

from ringfence.lab.intervals import Quantile, Shortfall, _counts, _Plan, _Tail


def test_every_path_is_drawn_as_often() -> None:
    """Of 400 draws of 50 paths each has 50, and each path 400 within five of its standard deviations, 20."""
    counts = np.concatenate(list(_counts(50, 3, 400)))
    assert counts.shape == (400, 50)
    assert (counts.sum(axis=1) == 50.0).all()
    assert np.abs(counts.sum(axis=0) - 400.0).max() < 100.0
    assert counts.max() >= 4.0


def test_tails_hold_what_draws_need() -> None:
    """Figures of draws that look at the largest values alone are those of all values, draw by draw."""
    values = np.random.default_rng(6).normal(size=3000) - 5.0
    counts = np.concatenate(list(_counts(3000, 7, 60)))
    for level in (900, 950, 990):
        tail = _Tail(values)
        tail.widen(level)
        cumulated = tail.cumulated(counts)
        assert cumulated.shape[1] < 3000
        for draw, quantile, shortfall in zip(counts, tail.quantile(cumulated, level), tail.shortfall(cumulated, level), strict=True):
            drawn = np.sort(np.repeat(values, draw.astype(int)))[::-1]
            kept = 3 * (1000 - level)
            assert quantile == drawn[kept]
            assert abs(shortfall - drawn[:kept].mean()) < 1e-12
    asked = [Quantile(values, 990), Shortfall(values, 990)]
    assert _Plan(asked, 3000).of(counts).shape == (2, 60)
