"""Random numbers by counter: the published words, numpy's words, and the laws of uniform and normal numbers.

Random tests have fixed seeds; a p-value under 1e-5 fails, so of right programs one in 100,000 would fail at another seed.
"""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from numba import njit
from scipy import special, stats

from ringfence.lab import philox
from ringfence.lab.jitted import word

UNLIKELY = 1e-5
PI = (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89, 0x452821E638D01377, 0xBE5466CF34E90C6C)
VECTORS = [
    ((0,) * 6, "16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b 7e68b68aec7ba23b"),
    ((2**64 - 1,) * 6, "87b092c3013fe90b 438c3c67be8d0224 9cc7d7c69cd777b6 a09caebf594f0ba0"),
    (PI, "a528f45403e61d95 38c72dbd566e9788 a5a1610e72fd18b5 57bd43b5e52b7fe6"),
]
"""The known answers that its authors publish with Random123: counter and key in, four words out."""


@pytest.mark.parametrize(("words", "answer"), VECTORS, ids=["zeros", "ones", "pi"])
def test_the_published_words(words: tuple[int, ...], answer: str) -> None:
    """Philox4x64-10 as published."""
    assert " ".join(f"{int(out):016x}" for out in philox.philox(*(word(number) for number in words))) == answer


@pytest.mark.parametrize("place", [(0, 0, 0, 1), (7, 3, 1, 4), (2**62 + 5, 2**40, 4001, 2**33), (2**63 - 1, 2**63 - 1, 3000, 2**63 - 1)])
def test_the_words_are_numpys(place: tuple[int, int, int, int]) -> None:
    """numpy's generator of the same key, told the counter before ours, gives the same block."""
    seed, path, stream, step = place
    counter, key = np.array([step - 1, path, stream, 0], np.uint64), np.array([seed, 0], np.uint64)
    assert [int(out) for out in philox.block(*place)] == np.random.Philox(counter=counter, key=key).random_raw(4).tolist()


@njit
def many(seed: int, count: int) -> np.ndarray:
    """The four uniform numbers of `count` steps of one stream."""
    out = np.empty((count, 4))
    for step in range(count):
        out[step] = philox.uniforms(seed, 2, 1, step)
    return out


def test_uniform_numbers_are_uniform_and_independent() -> None:
    """Each place in the block is uniform on (0, 1); places, and neighbours in the stream, are uncorrelated."""
    drawn = many(11, 100_000)
    assert 0.0 < drawn.min() and drawn.max() < 1.0
    for place in range(4):
        assert stats.kstest(drawn[:, place], "uniform").pvalue > UNLIKELY
    joined = np.column_stack([drawn[:-1], drawn[1:]])
    correlations = np.corrcoef(joined, rowvar=False)[np.triu_indices(8, 1)]
    assert np.abs(correlations).max() < 5.5 / math.sqrt(len(joined))  # 28 pairs, each over that with probability 4e-8


def test_uniform_numbers_never_reach_0_or_1() -> None:
    """The extreme words give the extreme numbers 2^-53 and 1 - 2^-53, exactly."""
    assert philox._uniform(word(0)) == 2.0**-53
    assert philox._uniform(word(2**64 - 1)) == 1.0 - 2.0**-53


def test_every_coordinate_gives_other_numbers() -> None:
    """Seed, path, stream and step each change all four."""
    here = philox.uniforms(5, 6, 7, 8)
    for other in [(6, 6, 7, 8), (5, 7, 7, 8), (5, 6, 8, 8), (5, 6, 7, 9)]:
        assert not set(here) & set(philox.uniforms(*other))
    assert philox.uniforms(5, 6, 7, 8) == here


def test_normal_is_the_inverse_to_fifteen_digits() -> None:
    """Against scipy's inverse, in the middle and in both tails down to 2^-53."""
    random = np.random.default_rng(1)
    tail = 10.0 ** -random.uniform(0.3, 15.9, 5_000)
    places = np.concatenate([random.random(5_000), tail, 1.0 - tail, [2.0**-53, 1.0 - 2.0**-53]])
    places = places[(places > 0.0) & (places < 1.0)]
    ours, theirs = np.array([philox.normal(place) for place in places]), special.ndtri(places)
    assert len(places) > 14_000
    assert np.abs(ours - theirs).max() <= 3e-15 * np.abs(theirs).max()
    away = np.abs(theirs) > 1e-3
    assert (np.abs(ours / theirs - 1.0)[away]).max() < 3e-15


def test_normal_numbers_are_normal() -> None:
    """What is drawn and inverted has the normal distribution, with its first four moments."""
    drawn = np.array([philox.normal(uniform) for uniform in many(12, 50_000).ravel()])
    assert stats.kstest(drawn, "norm").pvalue > UNLIKELY
    count = drawn.size  # standard errors of the moments of a normal sample: 1, 2, 15 and 96 over the count, as variances
    for power, expected, variance in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]:
        assert abs((drawn**power).mean() - expected) < 4.5 * math.sqrt(variance / count)


def test_phi_undoes_normal() -> None:
    """phi(normal(u)) = u, with full digits where u is small."""
    for uniform in [2.0**-53, 1e-9, 0.01, 0.3, 0.5, 0.8, 0.999]:
        assert philox.phi(philox.normal(uniform)) == pytest.approx(uniform, rel=2e-14)


PLAIN = """
import json
from ringfence.lab import philox
words = philox.block(2**62 + 5, 2**40, 4001, 2**33)
print(json.dumps([hasattr(philox.block, "py_func"), words, philox.uniforms(5, 6, 7, 8), [philox.normal(u) for u in (1e-12, 0.2, 0.97)]]))
"""


def test_plain_python_gives_the_same_words() -> None:
    """With NUMBA_DISABLE_JIT=1, and without a warning of overflow; normal numbers to the last digits."""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    run = subprocess.run([sys.executable, "-W", "error", "-c", PLAIN], env=environment, capture_output=True, text=True, check=True)
    compiled, words, uniforms, normals = json.loads(run.stdout)
    assert not compiled
    assert words == [int(out) for out in philox.block(2**62 + 5, 2**40, 4001, 2**33)]
    assert uniforms == list(philox.uniforms(5, 6, 7, 8))
    assert normals == pytest.approx([philox.normal(u) for u in (1e-12, 0.2, 0.97)], rel=1e-15)
