"""Smoothed curves against loops in plain Python."""

from functools import partial
from typing import Any

import jax
import numpy as np
import pytest

from fnn.metrics import exponential_average, trailing_mean


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("correct", [True, False])
@pytest.mark.parametrize("decay", [0.0, 0.3, 0.9, 0.999999])
def test_exponential_average(
    decay: float, correct: bool, rng: np.random.Generator
) -> None:
    values = rng.normal(2, 1, (40, 3))
    expected, v = [], np.zeros(3)
    for n, row in enumerate(values, start=1):
        v = decay * v + (1 - decay) * row
        expected.append(v / (1 - decay**n) if correct else v)
    average = partial(exponential_average, correct=correct)
    for got in (average(values, decay), jax.jit(average)(values, decay)):
        np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-12)


@pytest.mark.usefixtures("x64")
def test_the_average_is_bias_corrected() -> None:
    np.testing.assert_allclose(exponential_average(np.full(5, 3.0)), 3.0, rtol=1e-12)
    by_hand = (0.9 * 0.1 * 1 + 0.1 * 2) / (1 - 0.9**2)
    got = exponential_average(np.array([1.0, 2.0]))
    np.testing.assert_allclose(got, [1.0, by_hand])


def test_float32_and_a_decay_of_almost_one(rng: np.random.Generator) -> None:
    values = rng.normal(size=2000).astype(np.float32)
    got = exponential_average(np.full(2000, 3, np.float32), 0.9999)
    np.testing.assert_allclose(got, np.full(2000, 3), rtol=3e-5)
    # After n steps with decay -> 1 it is the plain mean.
    mean = np.cumsum(values, dtype=float) / np.arange(1, 2001)
    got = exponential_average(values, 1 - 1e-7)
    np.testing.assert_allclose(got, mean, atol=1e-3)


@pytest.mark.parametrize("window", [1, 2, 7, 40, 100])
@pytest.mark.parametrize("shape", [(40,), (40, 3)])
def test_trailing_mean(
    window: int, shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    values = rng.normal(1e4, 1, shape).astype(np.float32)
    wide = values.astype(float)
    expected = [wide[max(0, n - window) : n].mean(axis=0) for n in range(1, 41)]
    for f in (trailing_mean, jax.jit(trailing_mean, static_argnums=1)):
        got = f(values, window)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_a_nan_leaves_the_window(rng: np.random.Generator) -> None:
    values = rng.normal(size=20).astype(np.float32)
    values[5] = np.nan
    bad = np.isnan(np.asarray(trailing_mean(values, 4)))
    np.testing.assert_array_equal(np.flatnonzero(bad), [5, 6, 7, 8])
    bad = np.isnan(np.asarray(exponential_average(values)))
    np.testing.assert_array_equal(np.flatnonzero(bad), np.arange(5, 20))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda x: trailing_mean(x, 0), ValueError, "window must be at least 1, got 0"),
        (lambda x: trailing_mean(x[:0], 2), ValueError, "values must have shape"),
        (lambda x: trailing_mean([1.0], 2), TypeError, "values must be a NumPy"),
        (lambda x: exponential_average(x.astype(int)), TypeError, "must be floating"),
        (lambda x: exponential_average(x, 1.0), ValueError, "decay must be at least 0"),
        (lambda x: exponential_average(x, "slow"), TypeError, "decay must be a number"),
    ],
)
def test_mistakes(call: Any, kind: Any, words: str) -> None:
    with pytest.raises(kind, match=words):
        call(np.ones(4, np.float32))
