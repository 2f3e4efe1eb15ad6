"""One row for each public part; every row meets every property.

The key is the part's public name, with a variant after a colon. A layer maps WIDTH
features to WIDTH features, so that it also fits inside `Repeat` and `Residual`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fnn

WIDTH = 4
ROWS = 6

L = fnn.layers

LAYERS: dict[str, Callable[[], fnn.layers.Layer]] = {
    "Dense": lambda: L.Dense(WIDTH, WIDTH),
    "Dense:no bias": lambda: L.Dense(WIDTH, WIDTH, bias=False),
    "Identity": L.Identity,
    "ReLU": L.ReLU,
    "LeakyReLU": L.LeakyReLU,
    "LeakyReLU:slope above 1": lambda: L.LeakyReLU(2.0),
    "PReLU": L.PReLU,
    "PReLU:negative slope": lambda: L.PReLU(-0.7),
    "ELU": L.ELU,
    "ELU:alpha": lambda: L.ELU(1.3),
    "SELU": L.SELU,
    "Sigmoid": L.Sigmoid,
    "Sigmoid:beta": lambda: L.Sigmoid(1.7),
    "Tanh": L.Tanh,
    "Softplus": L.Softplus,
    "Swish": L.Swish,
    "Swish:beta": lambda: L.Swish(1.7),
    "LearnedSwish": L.LearnedSwish,
    "GELU": L.GELU,
    "GELUTanh": L.GELUTanh,
    "Softmax": L.Softmax,
    "Maxout": lambda: L.Maxout(WIDTH, WIDTH, 3),
    "BatchNorm": lambda: L.BatchNorm(WIDTH),
    "LayerNorm": lambda: L.LayerNorm(WIDTH),
    "RMSNorm": lambda: L.RMSNorm(WIDTH),
    "Dropout": lambda: L.Dropout(0.4),
    "Residual": lambda: L.Residual(L.Dense(WIDTH, WIDTH)),
    "Residual:scale": lambda: L.Residual(L.Dense(WIDTH, WIDTH), scale=0.3),
    "ReZero": lambda: L.ReZero(L.Sequential(L.Tanh(), L.Dense(WIDTH, WIDTH))),
    "Checkpoint": lambda: L.Checkpoint(
        L.Sequential(L.Tanh(), L.Dropout(0.3), L.Dense(WIDTH, WIDTH))
    ),
    "Checkpoint:every second layer": lambda: L.Repeat(
        L.Checkpoint(L.Repeat(L.Sequential(L.Tanh(), L.Dense(WIDTH, WIDTH)), 2)), 2
    ),
    "MixedPrecision": lambda: L.MixedPrecision(
        L.Sequential(L.Tanh(), L.Dense(WIDTH, WIDTH))
    ),
    "Tied": lambda: L.Tied(L.Sequential(L.Tanh(), L.Dense(WIDTH, WIDTH)), 3),
    "Tied:BatchNorm": lambda: L.Tied(
        L.Sequential(L.Dense(WIDTH, WIDTH, bias=False), L.BatchNorm(WIDTH), L.ReLU()), 3
    ),
    "Repeat": lambda: L.Repeat(L.Sequential(L.Tanh(), L.Dense(WIDTH, WIDTH)), 3),
    "Repeat:output first": lambda: L.Repeat(
        L.Sequential(L.Dense(WIDTH, WIDTH), L.Tanh()), 3
    ),
    "Repeat:of Repeat": lambda: L.Repeat(L.Repeat(L.Dense(WIDTH, WIDTH), 2), 2),
    "Sequential": lambda: L.Sequential(
        L.Dense(WIDTH, WIDTH, bias=False), L.BatchNorm(WIDTH), L.ReLU(), L.Dropout(0.3)
    ),
    "Sequential:empty": lambda: L.Sequential(),
    "mlp": lambda: L.mlp(
        (WIDTH, 5, WIDTH), L.Tanh(), normalization=L.LayerNorm, dropout=0.2
    ),
}

# Layers that refuse to be differentiated, which tests/layers/test_activations.py sees.
NOT_DIFFERENTIABLE: dict[str, Callable[[], fnn.layers.Layer]] = {
    "Heaviside": L.Heaviside,
}


def labels(rng: np.random.Generator) -> Any:
    return rng.integers(0, WIDTH, ROWS)


def values(rng: np.random.Generator) -> Any:
    return rng.normal(size=(ROWS, WIDTH))


def probabilities(rng: np.random.Generator) -> Any:
    return rng.dirichlet(np.ones(WIDTH), ROWS)


def signs(rng: np.random.Generator) -> Any:
    return rng.choice([-1, 1], (ROWS, WIDTH))


class AfterSoftmax(fnn.losses.Loss):
    """A loss on probabilities, made one on the logits that models here end in.

    Half softmax, half uniform: near 0 and 1 such a loss is ill-conditioned, and what
    is tested here is not its rounding.
    """

    loss: fnn.losses.Loss

    def value(self, prediction: Any, target: Any) -> Any:
        return self.loss.value(self._mixed(prediction), target)

    def gradient(self, prediction: Any, target: Any) -> Any:
        slope = self.loss.gradient(self._mixed(prediction), target)
        return self._through(prediction, slope)

    def weighted_value(self, prediction: Any, target: Any, share: Any) -> Any:
        return self.loss.weighted_value(self._mixed(prediction), target, share)

    def weighted_gradient(self, prediction: Any, target: Any, share: Any) -> Any:
        slope = self.loss.weighted_gradient(self._mixed(prediction), target, share)
        return self._through(prediction, slope)

    def _mixed(self, prediction: Any) -> Any:
        return (jax.nn.softmax(prediction) + 1 / prediction.size) / 2

    def _through(self, prediction: Any, slope: Any) -> Any:
        p = jax.nn.softmax(prediction)
        return p * (slope - jnp.sum(p * slope)) / 2


S = fnn.losses

LOSSES: dict[str, tuple[Callable[[], fnn.losses.Loss], Callable[..., Any]]] = {
    "SoftmaxCrossEntropy": (S.SoftmaxCrossEntropy, labels),
    "SoftmaxCrossEntropy:rows": (S.SoftmaxCrossEntropy, probabilities),
    "SoftmaxCrossEntropy:smoothed": (lambda: S.SoftmaxCrossEntropy(0.2), labels),
    "SoftmaxFocal": (S.SoftmaxFocal, labels),
    "SoftmaxFocal:rows": (lambda: S.SoftmaxFocal(0.7), probabilities),
    "SigmoidCrossEntropy": (S.SigmoidCrossEntropy, probabilities),
    "SigmoidCrossEntropy:weighted": (lambda: S.SigmoidCrossEntropy(2.5), probabilities),
    "SigmoidFocal": (lambda: S.SigmoidFocal(1.3, 2.5), probabilities),
    "CategoricalCrossEntropy": (
        lambda: AfterSoftmax(S.CategoricalCrossEntropy()),
        labels,
    ),
    "CategoricalCrossEntropy:rows": (
        lambda: AfterSoftmax(S.CategoricalCrossEntropy()),
        probabilities,
    ),
    "BinaryCrossEntropy": (
        lambda: AfterSoftmax(S.BinaryCrossEntropy()),
        probabilities,
    ),
    "Dice": (lambda: AfterSoftmax(S.Dice()), probabilities),
    "Tversky": (lambda: AfterSoftmax(S.Tversky()), probabilities),
    "MeanSquaredError": (S.MeanSquaredError, values),
    "HalfSquaredError": (S.HalfSquaredError, values),
    "MeanAbsoluteError": (S.MeanAbsoluteError, values),
    "Huber": (lambda: S.Huber(0.7), values),
    "GeneralRobust": (lambda: S.GeneralRobust(-1.5, 0.8), values),
    "GeneralRobust:alpha 0": (lambda: S.GeneralRobust(0.0), values),
    "GeneralRobust:alpha 2": (lambda: S.GeneralRobust(2.0), values),
    "GeneralRobust:alpha -inf": (lambda: S.GeneralRobust(-np.inf), values),
    "Hinge": (S.Hinge, signs),
    "SquaredHinge": (S.SquaredHinge, signs),
}

O = fnn.optimizers  # noqa: E741

OPTIMIZERS: dict[str, Callable[[], fnn.optimizers.Optimizer]] = {
    "SGD": lambda: O.SGD(0.1),
    "SGD:schedule": lambda: O.SGD(fnn.schedules.Cosine(0.1, 20, 5)),
    "Momentum": lambda: O.Momentum(0.1),
    "Momentum:nesterov": lambda: O.Momentum(0.1, nesterov=True),
    "Adam": lambda: O.Adam(0.1),
    "AdamW": lambda: O.AdamW(0.1),
    "AMSGrad": lambda: O.AMSGrad(0.1),
    "AMSGrad:raw": lambda: O.AMSGrad(0.1, form="raw"),
    "AMSGrad:paper": lambda: O.AMSGrad(0.1, form="paper"),
    "NAdam": lambda: O.NAdam(0.1),
    "NAdam:schedule": lambda: O.NAdam(0.1, form="schedule"),
    "Adagrad": lambda: O.Adagrad(0.1),
    "Adagrad:epsilon outside": lambda: O.Adagrad(0.1, epsilon_inside=False),
    "Adadelta": O.Adadelta,
    "RMSprop": lambda: O.RMSprop(0.1),
    "RMSprop:all": lambda: O.RMSprop(
        0.1, momentum=0.9, centered=True, epsilon_inside=False, momentum_form="trace"
    ),
    "Lion": lambda: O.Lion(0.1),
    "Muon": lambda: O.Muon(0.1, O.Adam(0.1)),
    "Muon:ends": lambda: O.Muon(0.1, O.AdamW(0.1), ends="muon"),
    "ClipByValue": lambda: O.ClipByValue(0.5),
    "AdaptiveClip": lambda: O.AdaptiveClip(0.1),
    "DecoupledWeightDecay": lambda: O.DecoupledWeightDecay(0.1),
    "SkipNonFinite": lambda: O.SkipNonFinite(O.Adam(0.1)),
    "Accumulate": lambda: O.Accumulate(O.Adam(0.1), 3),
    "ParameterAverage": lambda: O.ParameterAverage(O.Adam(0.1)),
    "ProximalL1": lambda: O.ProximalL1(O.SGD(0.1), 0.5, 0.1),
    "ClipByGlobalNorm": lambda: O.ClipByGlobalNorm(0.5),
    "Chain": lambda: O.Chain(O.ClipByGlobalNorm(0.5), O.Adam(0.1)),
    "Foreign": lambda: O.Foreign(O.SGD(0.1).init, O.SGD(0.1).update),
}

SCHEDULES: dict[str, Callable[[], fnn.schedules.Schedule]] = {
    "Constant": lambda: fnn.schedules.Constant(0.1),
    "Cosine": lambda: fnn.schedules.Cosine(0.1, 20, 5, end=0.01),
    "OneCycle": lambda: fnn.schedules.OneCycle(0.1, 20),
    "Warmup": lambda: fnn.schedules.Warmup(fnn.schedules.Linear(0.1, 20), 5),
    "Warmup:to a number": lambda: fnn.schedules.Warmup(0.1, 5),
    "Linear": lambda: fnn.schedules.Linear(0.1, 20, 0.01),
    "Step": lambda: fnn.schedules.Step(0.1, 7),
    "MultiStep": lambda: fnn.schedules.MultiStep(0.1, (7, 15)),
    "Exponential": lambda: fnn.schedules.Exponential(0.1, 0.9),
    "InverseTime": lambda: fnn.schedules.InverseTime(0.1, 0.1),
    "InverseSquareRoot": lambda: fnn.schedules.InverseSquareRoot(0.1, 5),
}

INITIALIZERS: dict[str, Callable[[], fnn.initializers.Initializer]] = {
    "Zeros": fnn.initializers.Zeros,
    "Constant": lambda: fnn.initializers.Constant(0.3),
    "Glorot": fnn.initializers.Glorot,
    "Glorot:uniform": lambda: fnn.initializers.Glorot(distribution="uniform"),
    "He": fnn.initializers.He,
    "LeCun": fnn.initializers.LeCun,
    "VarianceScaling": fnn.initializers.VarianceScaling,
    "VarianceScaling:all": lambda: fnn.initializers.VarianceScaling(
        1.5, "fan_out", distribution="uniform"
    ),
    "Orthogonal": fnn.initializers.Orthogonal,
    "Normal": lambda: fnn.initializers.Normal(0.05),
    "ScaledIdentity": lambda: fnn.initializers.ScaledIdentity(1.5),
}

PENALTIES: dict[str, Callable[[], fnn.penalties.Penalty]] = {
    "L1": lambda: fnn.penalties.L1(0.1),
    "L2": lambda: fnn.penalties.L2(0.1),
    "ElasticNet": lambda: fnn.penalties.ElasticNet(0.1, 0.2),
}

SCORES = jnp.array([0.5, 1.5, 0.5, -1.0])

METRICS: dict[str, Callable[[], tuple[Any, ...]]] = {
    "accuracy": lambda: (fnn.metrics.accuracy, jnp.eye(3), jnp.array([0, 1, 0])),
    "binary_accuracy": lambda: (
        fnn.metrics.binary_accuracy,
        jnp.ones((3, 1)),
        jnp.ones((3, 1), jnp.int32),
    ),
    "confusion_matrix": lambda: (
        fnn.metrics.confusion_matrix,
        jnp.eye(3),
        jnp.array([0, 1, 0]),
    ),
    "precision": lambda: (fnn.metrics.precision, jnp.eye(3), jnp.array([0, 1, 0])),
    "recall": lambda: (fnn.metrics.recall, jnp.eye(3), jnp.array([0, 1, 0])),
    "f1": lambda: (fnn.metrics.f1, jnp.eye(3), jnp.array([0, 1, 0])),
    "roc_curve": lambda: (fnn.metrics.roc_curve, SCORES, jnp.array([0, 1, 1, 0])),
    "roc_auc": lambda: (fnn.metrics.roc_auc, SCORES, jnp.array([0, 1, 1, 0])),
    "brier_score": lambda: (
        fnn.metrics.brier_score,
        jnp.zeros((3, 4)),
        jnp.array([0, 1, 0]),
    ),
    "expected_calibration_error": lambda: (
        fnn.metrics.expected_calibration_error,
        jnp.zeros((4, 4)),
        jnp.array([0, 1, 0, 2]),
    ),
    "temperature": lambda: (
        fnn.metrics.temperature,
        jnp.array([[4.0, 0.0]] * 4),
        jnp.array([0, 0, 1, 0]),
    ),
    "exponential_average": lambda: (fnn.metrics.exponential_average, SCORES),
    "trailing_mean": lambda: (partial(fnn.metrics.trailing_mean, window=2), SCORES),
    "r2": lambda: (fnn.metrics.r2, SCORES, jnp.array([0.0, 2.0, 2.0, 1.0])),
}

# Public names of a room that are not parts: contracts and helpers of derivations.
CONTRACTS = {
    "layers": {"Layer", "Elementwise", "batch_sum", "outer_sum"},
    "losses": {"Loss"},
    "optimizers": {"Optimizer", "ArrayOptimizer"},
    "schedules": {"Schedule"},
    "initializers": {"Initializer"},
    "penalties": {"Penalty"},
    "metrics": {"RocCurve"},
}

ROOMS: dict[str, dict[str, Any]] = {
    "layers": {**LAYERS, **NOT_DIFFERENTIABLE},
    "losses": LOSSES,
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "initializers": INITIALIZERS,
    "penalties": PENALTIES,
    "metrics": METRICS,
}


def part_names(table: dict[str, Any]) -> set[str]:
    """The public names a table covers."""
    return {key.split(":")[0] for key in table}
