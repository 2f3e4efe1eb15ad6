"""One row for each public part; every row meets every property.

The key is the part's public name, with a variant after a colon. A layer maps WIDTH
features to WIDTH features, so that it also fits inside `Repeat` and `Residual`.
"""

from collections.abc import Callable
from typing import Any

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
    "Sigmoid": L.Sigmoid,
    "Sigmoid:beta": lambda: L.Sigmoid(1.7),
    "Tanh": L.Tanh,
    "Softmax": L.Softmax,
    "BatchNorm": lambda: L.BatchNorm(WIDTH),
    "LayerNorm": lambda: L.LayerNorm(WIDTH),
    "Dropout": lambda: L.Dropout(0.4),
    "Residual": lambda: L.Residual(L.Dense(WIDTH, WIDTH)),
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


def labels(rng: np.random.Generator) -> Any:
    return rng.integers(0, WIDTH, ROWS)


def values(rng: np.random.Generator) -> Any:
    return rng.normal(size=(ROWS, WIDTH))


def probabilities(rng: np.random.Generator) -> Any:
    return rng.dirichlet(np.ones(WIDTH), ROWS)


LOSSES: dict[str, tuple[Callable[[], fnn.losses.Loss], Callable[..., Any]]] = {
    "SoftmaxCrossEntropy": (fnn.losses.SoftmaxCrossEntropy, labels),
    "SoftmaxCrossEntropy:rows": (fnn.losses.SoftmaxCrossEntropy, probabilities),
    "SigmoidCrossEntropy": (fnn.losses.SigmoidCrossEntropy, probabilities),
    "MeanSquaredError": (fnn.losses.MeanSquaredError, values),
    "HalfSquaredError": (fnn.losses.HalfSquaredError, values),
}

O = fnn.optimizers  # noqa: E741

OPTIMIZERS: dict[str, Callable[[], fnn.optimizers.Optimizer]] = {
    "SGD": lambda: O.SGD(0.1),
    "SGD:schedule": lambda: O.SGD(fnn.schedules.Cosine(0.1, 20, 5)),
    "Momentum": lambda: O.Momentum(0.1),
    "Momentum:nesterov": lambda: O.Momentum(0.1, nesterov=True),
    "Adam": lambda: O.Adam(0.1),
    "ClipByGlobalNorm": lambda: O.ClipByGlobalNorm(0.5),
    "Chain": lambda: O.Chain(O.ClipByGlobalNorm(0.5), O.Adam(0.1)),
    "Foreign": lambda: O.Foreign(O.SGD(0.1).init, O.SGD(0.1).update),
}

SCHEDULES: dict[str, Callable[[], fnn.schedules.Schedule]] = {
    "Constant": lambda: fnn.schedules.Constant(0.1),
    "Cosine": lambda: fnn.schedules.Cosine(0.1, 20, 5, end=0.01),
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
}

PENALTIES: dict[str, Callable[[], fnn.penalties.Penalty]] = {
    "L1": lambda: fnn.penalties.L1(0.1),
    "L2": lambda: fnn.penalties.L2(0.1),
}

METRICS: dict[str, Callable[[], tuple[Any, Any, Any]]] = {
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
}

# Public names of a room that are not parts: contracts and helpers of derivations.
CONTRACTS = {
    "layers": {"Layer", "Elementwise", "batch_sum", "outer_sum"},
    "losses": {"Loss"},
    "optimizers": {"Optimizer", "ArrayOptimizer"},
    "schedules": {"Schedule"},
    "initializers": {"Initializer"},
    "penalties": {"Penalty"},
    "metrics": set(),
}

ROOMS: dict[str, dict[str, Any]] = {
    "layers": LAYERS,
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
