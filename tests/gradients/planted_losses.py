"""Wrong gradients of losses; the source notes' own first (A8, A9, F1-F8).

A loss is asked at predictions (ROWS, WIDTH): logits, or probabilities where it takes
those. The first example of a hinge lies on the margin.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from fnn import losses as S
from fnn.layers import batch_sum
from tests.catalogue import WIDTH as K
from tests.gradients.planted import Planted


def wrong(base: Any, change: Callable[..., Any], *args: Any) -> Planted:
    """A loss with the gradient `change(loss, prediction, target, right)`."""

    class Wrong(base):
        def gradient(self, prediction: Any, target: Any) -> Any:
            right = super().gradient(prediction, target)
            return change(self, prediction, target, right)

    Wrong.__name__ = f"Wrong{base.__name__}"
    return Planted(Wrong(*args), "gradient")


def times(base: Any, factor: float, *args: Any) -> Planted:
    """A loss whose gradient is wrong by a factor."""
    planted = wrong(base, lambda s, p, y, right: factor * right, *args)
    return planted._replace(factor=factor)


def overlap(
    base: Any, a: float, b: float, smooth: float, change: Callable[..., Any]
) -> Planted:
    """A Dice or Tversky with the slope change(V, D, y, a (1 - y) - b y).

    V is the value, D the denominator hits + a false + b missed + smooth.
    """

    class Wrong(base):
        def weighted_gradient(self, prediction: Any, target: Any, share: Any) -> Any:
            p, y = prediction, target
            weight = share * batch_sum((share > 0).astype(share.dtype))
            miss = a * p * (1 - y) + b * (1 - p) * y
            total = batch_sum(weight * jnp.sum(miss))
            whole = batch_sum(weight * jnp.sum(p * y)) + total + smooth
            return weight * change(total / whole, whole, y, a * (1 - y) - b * y)

    Wrong.__name__ = f"Wrong{base.__name__}"
    return Planted(Wrong(), "gradient")


def sigmoid(z: Any) -> jax.Array:
    return jax.nn.sigmoid(z)


def one_hot(p: Any, y: Any) -> jax.Array:
    return jax.nn.one_hot(y, p.size, dtype=p.dtype)


# By the row of the catalogue that has the targets.
LOSSES: dict[str, dict[str, Planted]] = {
    "HalfSquaredError": {
        "y - a, the notes' sign (A8)": times(S.HalfSquaredError, -1.0),
        "factor 2 (C4)": times(S.HalfSquaredError, 2.0),
        "a mean over the outputs (F2)": times(S.HalfSquaredError, 1 / K),
        "slope of a sigmoid that is not there (A12)": wrong(
            S.HalfSquaredError, lambda s, p, y, right: right * p * (1 - p)
        ),
    },
    "MeanSquaredError": {
        "no 2 (F2)": times(S.MeanSquaredError, 0.5),
        "no 1/K (F2)": times(S.MeanSquaredError, float(K)),
    },
    "MeanAbsoluteError": {
        "r for its sign": wrong(
            S.MeanAbsoluteError, lambda s, p, y, right: (p - y) / K
        ),
        "no 1/K": times(S.MeanAbsoluteError, float(K)),
        "sign": times(S.MeanAbsoluteError, -1.0),
    },
    "Huber": {
        "not cut": wrong(S.Huber, lambda s, p, y, right: (p - y) / K, 0.7),
        "delta forgotten beyond it": wrong(
            S.Huber,
            lambda s, p, y, right: jnp.where(
                jnp.abs(p - y) <= s.delta, right, jnp.sign(p - y) / K
            ),
            0.7,
        ),
        "divided by delta (F3)": times(S.Huber, 1 / 0.7, 0.7),
    },
    "GeneralRobust": {
        "scale once (F10)": times(S.GeneralRobust, 0.8, -1.5, 0.8),
        "exponent alpha / 2 (F10)": wrong(
            S.GeneralRobust,
            lambda s, p, y, right: right * (1 + ((p - y) / 0.8) ** 2 / 3.5),
            -1.5,
            0.8,
        ),
    },
    "GeneralRobust:alpha 2": {
        "not the limit": wrong(
            S.GeneralRobust, lambda s, p, y, right: right / (1 + (p - y) ** 2), 2.0
        )
    },
    "Hinge": {
        "no margin": wrong(S.Hinge, lambda s, p, y, right: -y / K),
        "sign": times(S.Hinge, -1.0),
        "label forgotten": wrong(S.Hinge, lambda s, p, y, right: -jnp.abs(right)),
        "half a slope at the margin (F4)": wrong(
            S.Hinge, lambda s, p, y, right: jnp.where(y * p == 1, -y / (2 * K), right)
        ),
    },
    "SquaredHinge": {
        "no 2": times(S.SquaredHinge, 0.5),
        "no margin": wrong(
            S.SquaredHinge, lambda s, p, y, right: -2 * y * (1 - y * p) / K
        ),
        "a hinge's": wrong(S.SquaredHinge, lambda s, p, y, right: jnp.sign(right) / K),
    },
    "SigmoidCrossEntropy": {
        "both logs of the prediction (A9)": wrong(
            S.SigmoidCrossEntropy, lambda s, p, y, right: sigmoid(p) - 1
        ),
        "slope of the sigmoid once more (F7)": wrong(
            S.SigmoidCrossEntropy,
            lambda s, p, y, right: right * sigmoid(p) * sigmoid(-p),
        ),
        "on probabilities (F6)": wrong(
            S.SigmoidCrossEntropy,
            lambda s, p, y, right: (sigmoid(p) - y) / (sigmoid(p) * sigmoid(-p)),
        ),
        "z - y": wrong(S.SigmoidCrossEntropy, lambda s, p, y, right: p - y),
    },
    "SigmoidCrossEntropy:weighted": {
        "weight forgotten": wrong(
            S.SigmoidCrossEntropy, lambda s, p, y, right: sigmoid(p) - y, 2.5
        ),
        "weight on both answers": wrong(
            S.SigmoidCrossEntropy, lambda s, p, y, right: 2.5 * (sigmoid(p) - y), 2.5
        ),
    },
    "SigmoidFocal": {
        "fading constant": wrong(
            S.SigmoidFocal,
            lambda s, p, y, right: (
                (1 - y) * sigmoid(p) ** 2.3 - 2.5 * y * sigmoid(-p) ** 2.3
            ),
            1.3,
            2.5,
        ),
        "a cross-entropy's": wrong(
            S.SigmoidFocal,
            lambda s, p, y, right: (1 - y) * sigmoid(p) - 2.5 * y * sigmoid(-p),
            1.3,
            2.5,
        ),
    },
    "SoftmaxCrossEntropy:rows": {
        "the target's one missing (F8)": wrong(
            S.SoftmaxCrossEntropy, lambda s, p, y, right: jax.nn.softmax(p)
        ),
        "only the true class": wrong(
            S.SoftmaxCrossEntropy, lambda s, p, y, right: y * right
        ),
        "y - p": times(S.SoftmaxCrossEntropy, -1.0),
        "a mean over the classes (F5)": times(S.SoftmaxCrossEntropy, 1 / K),
    },
    "SoftmaxCrossEntropy:smoothed": {
        "target not smoothed": wrong(
            S.SoftmaxCrossEntropy,
            lambda s, p, y, right: jax.nn.softmax(p) - one_hot(p, y),
            0.2,
        ),
        "softmax elementwise (B6)": wrong(
            S.SoftmaxCrossEntropy,
            lambda s, p, y, right: -one_hot(p, y) * (1 - jax.nn.softmax(p)),
            0.2,
        ),
    },
    "SoftmaxFocal": {
        "fading constant": wrong(
            S.SoftmaxFocal,
            lambda s, p, y, right: (
                (1 - jax.nn.softmax(p)[y]) ** 2 * (jax.nn.softmax(p) - one_hot(p, y))
            ),
        ),
        "a cross-entropy's": wrong(
            S.SoftmaxFocal,
            lambda s, p, y, right: jax.nn.softmax(p) - one_hot(p, y),
        ),
    },
    "CategoricalCrossEntropy:rows": {
        "sign": times(S.CategoricalCrossEntropy, -1.0),
        "p - y, that of the logits (F8)": wrong(
            S.CategoricalCrossEntropy, lambda s, p, y, right: p - y
        ),
    },
    "BinaryCrossEntropy": {
        "both logs of the prediction (A9)": wrong(
            S.BinaryCrossEntropy, lambda s, p, y, right: -1 / p
        ),
        "answers no forgotten": wrong(
            S.BinaryCrossEntropy, lambda s, p, y, right: -y / p
        ),
        "sign of 1 - p forgotten": wrong(
            S.BinaryCrossEntropy, lambda s, p, y, right: -y / p - (1 - y) / (1 - p)
        ),
        "p - y, that of the logits (F6)": wrong(
            S.BinaryCrossEntropy, lambda s, p, y, right: p - y
        ),
    },
    "Dice": {
        "denominator constant (F11)": overlap(
            S.Dice, 0.5, 0.5, 0.5, lambda v, whole, y, up: up / whole
        ),
        "sign": overlap(
            S.Dice, 0.5, 0.5, 0.5, lambda v, whole, y, up: (v * (y + up) - up) / whole
        )._replace(factor=-1.0),
        "the quotient rule's sign": overlap(
            S.Dice, 0.5, 0.5, 0.5, lambda v, whole, y, up: (up + v * (y + up)) / whole
        ),
    },
    "Tversky": {
        "alpha and beta swapped": overlap(
            S.Tversky,
            0.7,
            0.3,
            1.0,
            lambda v, whole, y, up: (up - v * (y + up)) / whole,
        ),
        "denominator constant": overlap(
            S.Tversky, 0.3, 0.7, 1.0, lambda v, whole, y, up: up / whole
        ),
    },
}
