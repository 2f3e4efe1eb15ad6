"""The third witness: formulas written once more, in NumPy, in extended precision.

Gradients are compared with central differences of the NumPy formula in 80-bit floats,
extrapolated: no rule of fnn or JAX takes part.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from tests.layers.test_against_numpy import differences

pytestmark = pytest.mark.usefixtures("x64")

N = 4
Wide = np.longdouble


def softmax(z: np.ndarray) -> np.ndarray:
    powers = np.exp(z - z.max())
    return powers / powers.sum()


def log_softmax(z: np.ndarray) -> np.ndarray:
    return np.log(softmax(z))


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def barron(x: Any, alpha: Any, c: Any) -> Any:
    """The general formula as in the paper, for alpha with no limit to take."""
    b = abs(Wide(alpha) - 2)
    return b / alpha * (((x / c) ** 2 / b + 1) ** (Wide(alpha) / 2) - 1)


ROW = np.array([0.1, 0.2, 0.3, 0.4])
ANSWERS = np.array([0.0, 1.0, 1.0, 0.25])
VALUES = np.array([0.5, -1.0, 2.0, 0.0])
SIGNS = np.array([1, -1, -1, 1])

S = fnn.losses

LOSSES: dict[str, tuple[fnn.losses.Loss, Any, Callable[..., Any]]] = {
    "SoftmaxCrossEntropy, label": (
        S.SoftmaxCrossEntropy(),
        np.array(2),
        lambda z, y: -log_softmax(z)[y],
    ),
    "SoftmaxCrossEntropy, row": (
        S.SoftmaxCrossEntropy(),
        ROW,
        lambda z, y: -(y * log_softmax(z)).sum(),
    ),
    "SoftmaxCrossEntropy, row that sums to 2": (
        S.SoftmaxCrossEntropy(),
        2 * ROW,
        lambda z, y: -(y * log_softmax(z)).sum(),
    ),
    "SoftmaxCrossEntropy, label smoothed by 0": (
        S.SoftmaxCrossEntropy(label_smoothing=0.0),
        np.array(2),
        lambda z, y: -log_softmax(z)[y],
    ),
    "SoftmaxCrossEntropy, smoothed label": (
        S.SoftmaxCrossEntropy(label_smoothing=0.25),
        np.array(2),
        lambda z, y: -(0.75 * log_softmax(z)[y] + 0.25 * log_softmax(z).mean()),
    ),
    "SoftmaxCrossEntropy, smoothed row": (
        S.SoftmaxCrossEntropy(label_smoothing=0.25),
        ROW,
        lambda z, y: -((0.75 * y + 0.0625) * log_softmax(z)).sum(),
    ),
    "SoftmaxFocal, label": (
        S.SoftmaxFocal(),
        np.array(2),
        lambda z, y: -((1 - softmax(z)[y]) ** 2) * log_softmax(z)[y],
    ),
    "SoftmaxFocal, row": (
        S.SoftmaxFocal(gamma=0.5),
        ROW,
        lambda z, y: -(y * np.sqrt(1 - softmax(z)) * log_softmax(z)).sum(),
    ),
    "SoftmaxFocal, gamma 0": (
        S.SoftmaxFocal(gamma=0.0),
        np.array(2),
        lambda z, y: -log_softmax(z)[y],
    ),
    "SigmoidCrossEntropy": (
        S.SigmoidCrossEntropy(),
        ANSWERS,
        lambda z, y: -(y * np.log(sigmoid(z)) + (1 - y) * np.log(sigmoid(-z))).sum(),
    ),
    "SigmoidCrossEntropy, weighted": (
        S.SigmoidCrossEntropy(positive_weight=3.0),
        ANSWERS,
        lambda z, y: (
            -(3 * y * np.log(sigmoid(z)) + (1 - y) * np.log(sigmoid(-z))).sum()
        ),
    ),
    "SigmoidFocal": (
        S.SigmoidFocal(gamma=2.0, positive_weight=3.0),
        ANSWERS,
        lambda z, y: (
            -(
                3 * y * sigmoid(-z) ** 2 * np.log(sigmoid(z))
                + (1 - y) * sigmoid(z) ** 2 * np.log(sigmoid(-z))
            ).sum()
        ),
    ),
    "SigmoidFocal, gamma 0": (
        S.SigmoidFocal(gamma=0.0),
        ANSWERS,
        lambda z, y: -(y * np.log(sigmoid(z)) + (1 - y) * np.log(sigmoid(-z))).sum(),
    ),
    "MeanSquaredError": (
        S.MeanSquaredError(),
        VALUES,
        lambda p, y: ((p - y) ** 2).sum() / 4,
    ),
    "HalfSquaredError": (
        S.HalfSquaredError(),
        VALUES,
        lambda p, y: ((p - y) ** 2).sum() / 2,
    ),
    "MeanAbsoluteError": (
        S.MeanAbsoluteError(),
        VALUES,
        lambda p, y: np.abs(p - y).sum() / 4,
    ),
    "Huber": (
        S.Huber(0.75),
        VALUES,
        lambda p, y: (
            np.where(
                np.abs(p - y) <= 0.75,
                (p - y) ** 2 / 2,
                0.75 * np.abs(p - y) - Wide(0.75) ** 2 / 2,
            ).sum()
            / 4
        ),
    ),
    **{
        f"GeneralRobust, alpha {alpha}": (
            S.GeneralRobust(alpha, 0.5),
            VALUES,
            lambda p, y, alpha=alpha: barron(p - y, alpha, 0.5).sum() / 4,
        )
        for alpha in (3.0, 1.5, 1.0, 0.25, -0.5, -2.0, -100.0)
    },
    "GeneralRobust, alpha 2": (
        S.GeneralRobust(2.0, 0.5),
        VALUES,
        lambda p, y: ((p - y) ** 2).sum() / 0.5 / 4,
    ),
    "GeneralRobust, alpha 0": (
        S.GeneralRobust(0.0, 0.5),
        VALUES,
        lambda p, y: np.log(2 * (p - y) ** 2 + 1).sum() / 4,
    ),
    "GeneralRobust, alpha -inf": (
        S.GeneralRobust(-np.inf, 0.5),
        VALUES,
        lambda p, y: (1 - np.exp(-2 * (p - y) ** 2)).sum() / 4,
    ),
    "Hinge": (
        S.Hinge(),
        SIGNS,
        lambda f, y: np.maximum(0, 1 - y * f).sum() / 4,
    ),
    "SquaredHinge": (
        S.SquaredHinge(),
        SIGNS,
        lambda f, y: (np.maximum(0, 1 - y * f) ** 2).sum() / 4,
    ),
}

# Losses of probabilities, which the test draws from 0 to 1.
PROBABILITY_LOSSES: dict[str, tuple[fnn.losses.Loss, Any, Callable[..., Any]]] = {
    "CategoricalCrossEntropy, label": (
        S.CategoricalCrossEntropy(),
        np.array(2),
        lambda p, y: -np.log(p[y]),
    ),
    "CategoricalCrossEntropy, row": (
        S.CategoricalCrossEntropy(),
        ROW,
        lambda p, y: -(y * np.log(p)).sum(),
    ),
    "CategoricalCrossEntropy, below the floor": (
        S.CategoricalCrossEntropy(floor=0.99),
        ROW,
        lambda p, y: -(y * (np.log(Wide(0.99)) - 1 + p / Wide(0.99))).sum(),
    ),
    "BinaryCrossEntropy": (
        S.BinaryCrossEntropy(),
        ANSWERS,
        lambda p, y: -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(),
    ),
}


@pytest.mark.parametrize("name", [*LOSSES, *PROBABILITY_LOSSES])
def test_loss(name: str, rng: np.random.Generator) -> None:
    loss, target, formula = {**LOSSES, **PROBABILITY_LOSSES}[name]
    z = rng.normal(size=N) * 2
    if name in PROBABILITY_LOSSES:
        z = rng.uniform(0.05, 0.9, N)
    for kink in (VALUES, VALUES - 0.75, VALUES + 0.75, -1, 1):
        if name in LOSSES:  # no kink of |r|, Huber or a hinge within a step
            z = np.where(np.abs(z - kink) < 1e-3, 0.3, z)
    value = formula(z.astype(Wide), target)
    got = loss.value(jnp.asarray(z), jnp.asarray(target))
    np.testing.assert_allclose(got, float(value), rtol=1e-12)
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
@pytest.mark.parametrize("smoothing", [None, 0.25])
def test_a_label_that_is_no_class_gives_nan(label: int, smoothing: Any) -> None:
    """Where it cannot raise, in a compiled step, it must not pass for another class."""
    loss = fnn.losses.SoftmaxCrossEntropy(smoothing)
    z, y = jnp.zeros(4), jnp.array(label)
    for function in (loss.value, loss.gradient, jax.grad(loss.value)):
        assert np.isnan(jax.jit(function)(z, y)).all()


def test_no_label_smoothing_is_no_leaf() -> None:
    assert jax.tree.leaves(fnn.losses.SoftmaxCrossEntropy()) == []
    assert jax.tree.leaves(fnn.losses.SoftmaxCrossEntropy(0.0)) == [0.0]
