"""Small runs that the tests of training share, so that they compile once."""

from typing import Any

import jax
import numpy as np

import fnn

L = fnn.layers

STEP = jax.jit(fnn.train_step)
EPOCH = jax.jit(fnn.train_epoch, static_argnames="batch_size")

# Everything that a state can hold: running means, dropout, moments.
FULL = fnn.Recipe(
    L.Sequential(
        L.Dense(4, 8, bias=False),
        L.BatchNorm(8),
        L.ReLU(),
        L.Dropout(0.3),
        L.Dense(8, 3),
    ),
    fnn.losses.SoftmaxCrossEntropy(),
    fnn.optimizers.Adam(0.02),
)
PLAIN = fnn.Recipe(
    L.mlp((4, 6, 3), L.Tanh()),
    fnn.losses.SoftmaxCrossEntropy(),
    fnn.optimizers.SGD(1.0),
)


def clouds(
    rng: np.random.Generator, rows: int = 50, dtype: Any = np.float32
) -> fnn.Batch:
    """Three overlapping clouds of points in four dimensions."""
    y = (np.arange(rows) % 3).astype(np.int32)
    x = rng.normal(size=(rows, 4)) + 2 * np.eye(3, 4)[y]
    return fnn.Batch(x.astype(dtype), y)


def same(one: Any, other: Any, rtol: float = 0.0) -> None:
    """Two trees agree leaf by leaf; exactly, unless a tolerance is given."""
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        scale = np.abs(np.asarray(b, float)).max(initial=0)
        np.testing.assert_allclose(a, b, rtol=0, atol=rtol * scale)


def bits(state: fnn.TrainState) -> list[bytes]:
    """Every array of a state to the last bit."""
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(state)]


def softmax_cross_entropy(logits: Any, y: Any) -> np.ndarray:
    """The losses of the examples, in float64."""
    z = np.asarray(logits, float)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return -np.log((p / p.sum(axis=1, keepdims=True))[np.arange(len(z)), y])
