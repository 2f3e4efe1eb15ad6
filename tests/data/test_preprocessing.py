"""Standardization, ranges, one-hot rows, stratified splits."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler

import fnn
from fnn.data import MinMax, Standardize, one_hot, stratified_split


def test_standardize(rng: np.random.Generator) -> None:
    """Offsets a thousand deviations large, which float32 sums would drown in."""
    offset, spread = 1000 * rng.normal(size=5), rng.uniform(0.5, 2, 5)
    x = (offset + spread * rng.normal(size=(4000, 5))).astype(np.float32)
    scale = Standardize.fit(x)
    np.testing.assert_allclose(scale.mean, x.mean(axis=0, dtype=float), rtol=1e-6)
    np.testing.assert_allclose(scale.deviation, x.std(axis=0, dtype=float), rtol=1e-6)
    z = scale(x)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z.mean(axis=0, dtype=float), np.zeros(5), atol=1e-3)
    np.testing.assert_allclose(z.std(axis=0, dtype=float), np.ones(5), rtol=1e-3)


def test_standardize_with_numbers_of_the_training_data(
    rng: np.random.Generator,
) -> None:
    train, test = rng.normal(2, 3, (2, 50, 4))
    scale = Standardize.fit(train)
    expected = (test - train.mean(axis=0)) / train.std(axis=0)
    np.testing.assert_allclose(scale(test), expected, rtol=1e-12)
    # One example, and a compiled program, take the same numbers.
    np.testing.assert_allclose(scale(test[0]), expected[0], rtol=1e-12)
    narrow = jax.tree.map(lambda leaf: leaf.astype(np.float32), scale)
    compiled = jax.jit(lambda scale, x: scale(x))(narrow, test.astype(np.float32))
    np.testing.assert_allclose(compiled, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [3, 10, 49])
def test_a_constant_feature_has_deviation_1(rows: int, dtype: Any) -> None:
    """Also where the mean of equal numbers is not that number, as of ten 0.1."""
    x = np.stack([np.full(rows, 0.1), np.arange(rows)], axis=1).astype(dtype)
    scale = Standardize.fit(x)
    assert scale.deviation[0] == 1
    np.testing.assert_allclose(scale(x)[:, 0], np.zeros(rows), atol=1e-15)
    other = np.array([[2.1, 0.0]], dtype)
    np.testing.assert_allclose(scale(other)[:, 0], [2.0], rtol=1e-6)


def test_one_deviation_for_all(rng: np.random.Generator) -> None:
    x = rng.normal([1, 5, 9], [0.1, 1, 3], (200, 3))
    scale = Standardize.fit(x, shared=True)
    variance = x.var(axis=0).mean()
    np.testing.assert_allclose(scale.deviation, np.sqrt(variance), rtol=1e-12)
    expected = (x - x.mean(axis=0)) / np.sqrt(variance)
    np.testing.assert_allclose(scale(x), expected, rtol=1e-12, atol=1e-12)


def test_one_deviation_of_nothing_but_constants() -> None:
    assert Standardize.fit(np.full((10, 2), 0.1), shared=True).deviation == 1


@pytest.mark.parametrize("ends", [(0.0, 1.0), (-1.0, 1.0)])
def test_min_max(ends: tuple[float, float], rng: np.random.Generator) -> None:
    train, test = rng.normal(2, 3, (2, 50, 4))
    train[:, 3] = 0.1
    scale = MinMax.fit(train, *ends)
    theirs = MinMaxScaler(ends).fit(train)
    np.testing.assert_allclose(scale(train), theirs.transform(train), atol=1e-12)
    np.testing.assert_allclose(scale(test), theirs.transform(test), atol=1e-12)
    np.testing.assert_allclose(scale(test[0]), scale(test)[0], rtol=1e-12)
    assert scale(train)[:, :3].min() == pytest.approx(ends[0], abs=1e-12)
    assert scale(train)[:, :3].max() == pytest.approx(ends[1], abs=1e-12)
    narrow = MinMax.fit(train.astype(np.float32), *ends)(train.astype(np.float32))
    assert narrow.dtype == np.float32
    with pytest.raises(ValueError, match="low must be below 1, got 1"):
        MinMax.fit(train, 1.0, 1.0)


@pytest.mark.parametrize("dtype", ["int32", "uint8", "int64"])
def test_one_hot(dtype: str, rng: np.random.Generator) -> None:
    labels = rng.integers(0, 6, 20)
    for rows in (
        one_hot(labels.astype(dtype), 6),
        jax.jit(one_hot, static_argnums=1)(labels.astype(dtype), 6),
    ):
        np.testing.assert_array_equal(rows, np.eye(6)[labels])
        assert rows.dtype == jnp.float32
    with jax.enable_x64(True):
        assert one_hot(labels.astype(dtype), 6).dtype == jnp.float64


def numbered(labels: np.ndarray, array: Any = np.asarray) -> fnn.Batch:
    """Examples whose only feature and whose weight are their row number."""
    rows = np.arange(len(labels), dtype=np.float32)
    return fnn.Batch(array(rows[:, None]), array(labels), array(rows + 1))


@pytest.mark.parametrize("fraction", [0.01, 0.2, 1 / 3, 0.5, 0.77, 0.99])
@pytest.mark.parametrize("sizes", [(50, 50), (100, 7, 1), (33, 33, 34, 5, 90), (200,)])
def test_stratified_split(
    sizes: tuple[int, ...], fraction: float, rng: np.random.Generator
) -> None:
    # Labels are names of classes: they need not count from 0.
    names = rng.permutation(np.arange(-3, 30))[: len(sizes)]
    labels = rng.permutation(np.repeat(names, sizes))
    first, second = stratified_split(numbered(labels), fraction, seed=1)
    assert abs(len(second.x) - fraction * len(labels)) <= 0.5
    both = np.concatenate([first.x, second.x])[:, 0]
    np.testing.assert_array_equal(np.sort(both), np.arange(len(labels)))
    for part in (first, second):
        rows = part.x[:, 0].astype(int)
        assert (np.diff(rows) > 0).all()
        np.testing.assert_array_equal(part.y, labels[rows])
        np.testing.assert_array_equal(part.weight, rows + 1)
    counts = np.array([np.sum(second.y == name) for name in names])
    shares = np.array(sizes) * len(second.x) / len(labels)
    assert (np.abs(counts - shares) < 1).all()
    # Classes that got one more are those that the rounding cost most.
    remainders = shares - np.floor(shares)
    more = counts > np.floor(shares)
    assert remainders[more].min(initial=1) >= remainders[~more].max(initial=0) - 1e-9


def test_a_seed_is_a_split() -> None:
    data = numbered(np.arange(60) % 3)
    one, same, other = (stratified_split(data, 0.3, seed)[1].x for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_split_has_no_order() -> None:
    """Every example is in the second part of some split."""
    data = numbered(np.arange(20) % 2)
    seen = {
        row
        for seed in range(60)
        for row in stratified_split(data, 0.2, seed)[1].x[:, 0].tolist()
    }
    assert seen == set(range(20))


def test_splitting_arrays_on_a_device() -> None:
    labels = np.arange(30) % 3
    for got, expected in zip(
        stratified_split(numbered(labels, jnp.asarray)),
        stratified_split(numbered(labels)),
        strict=True,
    ):
        np.testing.assert_array_equal(got.x, expected.x)
