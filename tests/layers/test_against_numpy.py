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

pytestmark = pytest.mark.usefixtures("quickly_compiled", "x64")

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


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def elu(x: np.ndarray, alpha: Any) -> np.ndarray:
    return np.where(x > 0, x, alpha * (np.exp(x) - 1))


def erf(x: np.ndarray) -> np.ndarray:
    """exp(-x^2) times a series of positive terms, so that nothing cancels."""
    term = total = 2 / np.sqrt(Wide(np.pi)) * x * np.exp(-(x**2))
    for n in range(1, 100):
        term = term * 2 * x**2 / (2 * n + 1)
        total = total + term
    return total


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    u = np.sqrt(2 / Wide(np.pi)) * (x + Wide(0.044715) * x**3)
    return x / 2 * (1 + tanh(u))


def maxout(p: Any, x: np.ndarray) -> np.ndarray:
    pieces = [
        dense({"w": p["w"][:, :, k], "b": p["b"][:, k]}, x)
        for k in range(p["b"].shape[1])
    ]
    return np.max(pieces, axis=0)


def rms_norm(p: Any, x: np.ndarray) -> np.ndarray:
    square = (x**2).mean(axis=1, keepdims=True)
    return p["gamma"] * x / np.sqrt(square + Wide("1e-5"))


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
    "LeakyReLU": (L.LeakyReLU(2.0), lambda p, x: np.where(x > 0, x, 2 * x)),
    "PReLU": (L.PReLU(), lambda p, x: np.maximum(x, 0) + p["slope"] * np.minimum(x, 0)),
    "ELU": (L.ELU(1.3), lambda p, x: elu(x, Wide(1.3))),
    "SELU": (
        L.SELU(),
        lambda p, x: Wide(1.0507009873554805) * elu(x, Wide(1.6732632423543772)),
    ),
    "Softplus": (L.Softplus(), lambda p, x: np.log(1 + np.exp(x))),
    "Swish": (L.Swish(1.7), lambda p, x: x * sigmoid(Wide(1.7) * x)),
    "LearnedSwish": (L.LearnedSwish(), lambda p, x: x * sigmoid(p["beta"] * x)),
    "GELU": (L.GELU(), lambda p, x: x / 2 * (1 + erf(x / np.sqrt(Wide(2))))),
    "GELUTanh": (L.GELUTanh(), lambda p, x: gelu_tanh(x)),
    "Maxout": (L.Maxout(N, 3, 2), maxout),
    "RMSNorm": (L.RMSNorm(N), rms_norm),
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
