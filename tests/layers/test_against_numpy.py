"""The third witness: formulas written once more, in NumPy, in extended precision.

`forward` values are compared directly. Gradients are compared with central differences
of the NumPy formula in 80-bit floats, extrapolated: no rule of fnn or JAX takes part.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from tests.gradients.witnesses import pullbacks

pytestmark = pytest.mark.usefixtures("x64")

L = fnn.layers
N, ROWS = 4, 5
Wide = np.longdouble


def exp(x: Any) -> Any:
    return np.exp(x)


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def normalized(x: np.ndarray, axis: int) -> np.ndarray:
    centered = x - x.mean(axis=axis, keepdims=True)
    variance = (centered**2).mean(axis=axis, keepdims=True)
    return centered / np.sqrt(variance + Wide("1e-5"))


def tanh(x: np.ndarray) -> np.ndarray:
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


def dense(p: Any, x: np.ndarray) -> np.ndarray:
    return np.array([[sum(row * column) for column in p["w"].T] for row in x]) + p["b"]


def stack(p: Any, x: np.ndarray) -> np.ndarray:
    for w, b in zip(p[0]["w"], p[0]["b"], strict=True):
        x = tanh(dense({"w": w, "b": b}, x))
    return x


LAYERS: dict[str, tuple[fnn.layers.Layer, Callable[[Any, np.ndarray], np.ndarray]]] = {
    "Dense": (L.Dense(N, 3), dense),
    "Identity": (L.Identity(), lambda p, x: x),
    "ReLU": (L.ReLU(), lambda p, x: np.maximum(x, 0)),
    "Sigmoid": (L.Sigmoid(1.7), lambda p, x: 1 / (1 + exp(-Wide(1.7) * x))),
    "Tanh": (L.Tanh(), lambda p, x: tanh(x)),
    "Softmax": (L.Softmax(), lambda p, x: softmax(x)),
    "BatchNorm": (
        L.BatchNorm(N),
        lambda p, x: p["gamma"] * normalized(x, 0) + p["beta"],
    ),
    "LayerNorm": (
        L.LayerNorm(N),
        lambda p, x: p["gamma"] * normalized(x, 1) + p["beta"],
    ),
    "Residual": (L.Residual(L.Tanh()), lambda p, x: x + tanh(x)),
    "Repeat": (L.Repeat(L.Sequential(L.Dense(N, N), L.Tanh()), 3), stack),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name: str, rng: np.random.Generator) -> None:
    layer, formula = LAYERS[name]
    params, stats = layer.init(jax.random.key(0))
    params = jax.tree.map(lambda p: p + 0.3 * rng.normal(size=p.shape), params)
    x = rng.normal(size=(ROWS, N))
    x = np.where(np.abs(x) < 1e-2, 0.5, x)  # no kink of ReLU within a step
    wide = jax.tree.map(lambda p: np.asarray(p, Wide), params)
    y = formula(wide, x.astype(Wide))
    dy = rng.normal(size=y.shape)
    keys = jax.random.split(jax.random.key(1), ROWS)

    def forward(x: jax.Array, key: jax.Array) -> jax.Array:
        return layer.forward(params, stats, x, key, train=True)[0]

    got = jax.vmap(forward, axis_name="batch")(jnp.asarray(x), keys)
    np.testing.assert_allclose(got, y.astype(float), rtol=1e-12, atol=1e-13)

    hand, auto = pullbacks(layer, params, stats, jnp.asarray(x), dy, jax.random.key(1))
    slopes = differences(lambda x: (formula(wide, x) * dy).sum(), x.astype(Wide))
    leaves, treedef = jax.tree.flatten(wide)

    def of_parameter(index: int, changed: np.ndarray) -> Any:
        params = treedef.unflatten([*leaves[:index], changed, *leaves[index + 1 :]])
        return (formula(params, x.astype(Wide)) * dy).sum()

    slopes = [
        slopes,
        *(
            differences(functools.partial(of_parameter, index), leaf)
            for index, leaf in enumerate(leaves)
        ),
    ]
    for road in (hand, auto):
        for got, expected in zip(jax.tree.leaves(road), slopes, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-11)


def log_softmax(z: np.ndarray) -> np.ndarray:
    return np.log(softmax(z[None])[0])


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


LOSSES: dict[str, tuple[fnn.losses.Loss, Any, Callable[..., Any]]] = {
    "SoftmaxCrossEntropy, label": (
        fnn.losses.SoftmaxCrossEntropy(),
        np.array(2),
        lambda z, y: -log_softmax(z)[y],
    ),
    "SoftmaxCrossEntropy, row": (
        fnn.losses.SoftmaxCrossEntropy(),
        np.array([0.1, 0.2, 0.3, 0.4]),
        lambda z, y: -(y * log_softmax(z)).sum(),
    ),
    "SigmoidCrossEntropy": (
        fnn.losses.SigmoidCrossEntropy(),
        np.array([0.0, 1.0, 1.0, 0.25]),
        lambda z, y: -(y * np.log(sigmoid(z)) + (1 - y) * np.log(sigmoid(-z))).sum(),
    ),
    "MeanSquaredError": (
        fnn.losses.MeanSquaredError(),
        np.array([0.5, -1.0, 2.0, 0.0]),
        lambda p, y: ((p - y) ** 2).sum() / 4,
    ),
    "HalfSquaredError": (
        fnn.losses.HalfSquaredError(),
        np.array([0.5, -1.0, 2.0, 0.0]),
        lambda p, y: ((p - y) ** 2).sum() / 2,
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_loss(name: str, rng: np.random.Generator) -> None:
    loss, target, formula = LOSSES[name]
    z = rng.normal(size=N) * 2
    value = formula(z.astype(Wide), target)
    got = loss.value(jnp.asarray(z), jnp.asarray(target))
    np.testing.assert_allclose(got, float(value), rtol=1e-13)
    slopes = differences(lambda z: formula(z, target), z.astype(Wide))
    by_hand = loss.gradient(jnp.asarray(z), jnp.asarray(target))
    by_jax = jax.grad(loss.value)(jnp.asarray(z), jnp.asarray(target))
    np.testing.assert_allclose(by_hand, slopes, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(by_jax, slopes, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("scale", [1e3, -1e3, 1e30])
def test_cross_entropies_neither_overflow_nor_lose_sight(scale: float) -> None:
    """At logits of 1000 the loss is the distance, its gradient a probability."""
    z = jnp.array([scale, 0.0])
    softmax_loss, sigmoid_loss = (
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.losses.SigmoidCrossEntropy(),
    )
    expected = max(scale, 0.0) - 0.0
    assert float(softmax_loss.value(z, jnp.array(1))) == pytest.approx(expected)
    gradient = softmax_loss.gradient(z, jnp.array(1))
    np.testing.assert_allclose(gradient, [scale > 0, -float(scale > 0)], atol=1e-12)
    zero = jnp.zeros(2)
    both = float(sigmoid_loss.value(z, zero))
    assert both == pytest.approx(max(scale, 0.0) + np.log(2))
    np.testing.assert_allclose(sigmoid_loss.gradient(z, zero), [scale > 0, 0.5])


@pytest.mark.parametrize("label", [-1, 4, 100])
def test_a_label_that_is_no_class_gives_nan(label: int) -> None:
    """Where it cannot raise, in a compiled step, it must not pass for another class."""
    loss = fnn.losses.SoftmaxCrossEntropy()
    assert np.isnan(jax.jit(loss.value)(jnp.zeros(4), jnp.array(label)))


def differences(function: Callable[[np.ndarray], Any], at: np.ndarray) -> np.ndarray:
    """Central differences with one extrapolation, entry by entry, in 80 bits."""
    slopes = np.zeros(at.shape)

    def slope(index: Any, h: Any) -> Any:
        step = np.zeros_like(at)
        step[index] = h
        return (function(at + step) - function(at - step)) / (2 * h)

    for index in np.ndindex(at.shape):
        h = Wide("1e-4")
        slopes[index] = float((4 * slope(index, h / 2) - slope(index, h)) / 3)
    return slopes
