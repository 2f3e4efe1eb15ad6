"""The bundled digits, and batches in the order of the compiled epoch."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.data import batches, digits, take


def test_digits() -> None:
    data = digits()
    assert (data.x.shape, data.x.dtype) == ((1797, 64), np.float32)
    assert (data.y.shape, data.y.dtype) == ((1797,), np.int32)
    assert data.weight is None
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    np.testing.assert_array_equal(np.bincount(data.y), counts)
    np.testing.assert_array_equal(np.unique(data.x), np.arange(17))
    # Taken from scikit-learn's copy of the same data, 1.9.1, load_digits(): the sum of
    # all pixels; of pixels times column, from 0; of labels times row, from 0.
    assert data.x.sum(dtype=float) == 561_718
    assert (data.x.astype(float) @ np.arange(64)).sum() == 17_660_653
    assert data.y.astype(int) @ np.arange(1797) == 7_264_791


def test_digits_are_a_copy_each_time() -> None:
    digits().x[:] = 0
    assert digits().x.any()


def examples(
    rng: np.random.Generator, rows: int = 22, dtype: Any = np.float32
) -> fnn.Batch:
    x = rng.normal(size=(rows, 3)).astype(dtype)
    y = rng.integers(0, 4, rows).astype(np.int32)
    return fnn.Batch(x, y, rng.uniform(0.5, 2, rows).astype(dtype))


@pytest.mark.parametrize("array", [np.asarray, jnp.asarray], ids=["numpy", "jax"])
def test_take(array: Any, rng: np.random.Generator) -> None:
    data = examples(rng)
    rows = np.array([5, 0, 5])
    taken = take(jax.tree.map(array, data), rows)
    for got, source in zip(taken, data, strict=True):
        np.testing.assert_array_equal(got, [source[5], source[0], source[5]])
    assert take(data._replace(weight=None), rows).weight is None


def test_batches_are_each_example_once(rng: np.random.Generator) -> None:
    data = examples(rng)
    made = list(batches(data, 5, jax.random.key(1)))
    assert [batch.x.shape for batch in made] == [(5, 3)] * 4
    rows = [
        int(np.flatnonzero((data.x == x).all(axis=1))[0])
        for batch in made
        for x in batch.x
    ]
    assert len(set(rows)) == 20
    for name in ("y", "weight"):
        got = np.concatenate([getattr(batch, name) for batch in made])
        np.testing.assert_array_equal(got, getattr(data, name)[rows])


@pytest.mark.usefixtures("x64")
def test_batches_take_the_order_of_train_epoch(rng: np.random.Generator) -> None:
    """The same parameters after two epochs of the scan and of the Python loop."""
    data, key = examples(rng, dtype=float), jax.random.key(int(rng.integers(2**31)))
    # Steps as large as these do not commute: another order ends elsewhere.
    recipe = fnn.Recipe(
        fnn.layers.Dense(3, 4),
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.optimizers.Momentum(1.0),
    )
    start = fnn.init(recipe, key)
    epoch = jax.jit(fnn.train_epoch, static_argnames="batch_size")
    step = jax.jit(fnn.train_step)

    def loop(epochs: tuple[int, ...]) -> Any:
        state = start
        for number in epochs:
            for batch in batches(data, 5, key, number):
                state, _ = step(recipe, state, batch)
        return state

    state, _ = epoch(recipe, start, data, batch_size=5)
    state, _ = epoch(recipe, state, data, batch_size=5)
    same, other = loop((0, 1)), loop((1, 0))
    np.testing.assert_allclose(state.params["w"], same.params["w"], atol=1e-9)
    assert np.abs(state.params["w"] - other.params["w"]).max() > 1e-3


def test_batches_of_a_state_carry_on_with_its_key(rng: np.random.Generator) -> None:
    """The raw words in a state give the order of the key that it began with."""
    data, key = examples(rng), jax.random.key(3)
    recipe = fnn.Recipe(
        fnn.layers.Dense(3, 4), fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.SGD()
    )
    raw = fnn.init(recipe, key).key
    for one, other in zip(batches(data, 5, key), batches(data, 5, raw), strict=True):
        np.testing.assert_array_equal(one.x, other.x)
