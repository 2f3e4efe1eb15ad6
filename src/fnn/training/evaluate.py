"""Loss and metrics on a data set."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.batch_axis import batch_sum
from fnn._core.checks import check_distinct, check_functions
from fnn.gradients.base import over_batch
from fnn.training.base import Recipe, TrainState, check_data, predict

Metric = Callable[[jax.Array, jax.Array], jax.Array]


def evaluate(
    recipe: Recipe, state: TrainState, data: Any, metrics: Sequence[Metric] = ()
) -> dict[str, jax.Array]:
    """The loss and the metrics of a data set, in inference mode.

    Pure; compile it with `jax.jit(fnn.evaluate, static_argnames="metrics")`. Metrics
    count every example once, whatever its weight: leave padding out. To a loss of a
    whole batch, such as `fnn.losses.Dice`, the data set is one batch.

    Args:
        recipe: gives model and loss.
        state: gives parameters and statistics.
        data: an `fnn.Batch` or a tuple (x, y) or (x, y, weight).
        metrics: functions of (predictions, targets), such as those of `fnn.metrics`.

    Returns:
        "loss", the weighted mean of the examples' losses without the penalty, and each
        metric under its function's name.

    Raises:
        TypeError: dtypes do not fit.
        ValueError: shapes or concrete values do not fit.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> data, metrics = fnn.data.digits(), (fnn.metrics.accuracy,)
        >>> sorted(fnn.evaluate(recipe, state, data, metrics))
        ['accuracy', 'loss']
    """
    data = check_data(recipe, state, data)
    names = names_of(metrics)
    data = jax.tree.map(jnp.asarray, data)
    predictions = predict(recipe, state, data.x)

    def example(prediction: Any, y: Any, share: Any, key: Any) -> jax.Array:
        del key
        return batch_sum(recipe.loss.weighted_value(prediction, y, share))

    loss = over_batch(example, data._replace(x=predictions), jax.random.key(0))
    values = (loss, *(metric(predictions, data.y) for metric in metrics))
    return dict(zip(names, values, strict=True))


def names_of(metrics: Sequence[Metric]) -> tuple[str, ...]:
    """The names that `evaluate` reports under: "loss", then the metrics' names."""
    check_functions("metrics", metrics, "functions of (predictions, targets)")
    own = (getattr(metric, "__name__", type(metric).__name__) for metric in metrics)
    names = ("loss", *own)
    check_distinct("metrics", names)
    return names
