"""From what was measured to why: causes, ranked."""

from typing import Any

import numpy as np

from fnn.data import Batch
from fnn.health.case import Case, Cause
from fnn.health.data_causes import (
    labels_out_of_range,
    nonfinite_data,
    out_of_step,
    unscaled_inputs,
    unscaled_targets,
)
from fnn.health.network_causes import (
    activation,
    batch_norm,
    dead_units,
    depth,
    dropout,
    output_activation,
)
from fnn.health.report import HealthReport
from fnn.health.training_causes import (
    clipping,
    epsilon,
    learning_rate_high,
    learning_rate_low,
    momentum,
    penalty,
    weight_decay,
)
from fnn.health.weight_causes import (
    biases,
    equal_weights,
    nonfinite_weights,
    weights_off,
)
from fnn.training.base import Recipe, TrainState

# What comes first explains what comes after: data that are not finite make every loss
# NaN, inputs that are too large make any learning rate too high.
_RANKED = (
    nonfinite_data,
    labels_out_of_range,
    out_of_step,
    unscaled_inputs,
    unscaled_targets,
    output_activation,
    nonfinite_weights,
    equal_weights,
    biases,
    batch_norm,
    activation,
    dead_units,
    weights_off,
    dropout,
    penalty,
    weight_decay,
    clipping,
    epsilon,
    momentum,
    depth,
    learning_rate_high,
    learning_rate_low,
)


def causes(
    recipe: Recipe,
    state: TrainState,
    data: Any,
    report: HealthReport,
    *,
    epochs: int = 5,
    batch_size: int = 32,
) -> tuple[Cause, ...]:
    """Why a network does not learn, the most likely cause first; empty if it does.

    Each cause is a rule on the report, the recipe and the data. Data come before the
    model, the model before the optimizer: what comes first can explain the rest.

    Args:
        recipe: what is trained and how.
        state: the one that was diagnosed.
        data: all training examples, an `fnn.Batch` or a tuple (x, y) or (x, y, weight).
        report: from `fnn.diagnose`, on some of these examples.
        epochs: of the trial runs with which the remedy of a learning rate is found.
        batch_size: examples in a step.

    Returns:
        Causes, each with its evidence in words, its remedy, and the function `treat`.

    Example:
        >>> import jax, fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 32, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam(3.0))
        >>> data = fnn.data.digits()
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> report = fnn.diagnose(recipe, state, (data.x[:64], data.y[:64]))
        >>> [cause.name for cause in causes(recipe, state, data, report)]
        ['learning_rate_high']
    """
    data = Batch(*(None if part is None else np.asarray(part) for part in Batch(*data)))
    case = Case(recipe, state, data, report, epochs, batch_size)
    found = (rule(case) for rule in _RANKED)
    return tuple(cause for cause in found if cause is not None)
