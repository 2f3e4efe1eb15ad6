"""What a road is: the loss of a batch, on which all roads agree.

A road is a function

    road(model, loss, params, stats, batch, key, penalty=None)
        -> (value, stats, gradients)

with the gradients like `params`. All roads compute the derivative of `batch_loss`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.batch_axis import BATCH, batch_sum
from fnn.data import Batch
from fnn.layers.base import Layer, Tree
from fnn.losses import Loss
from fnn.penalties import Penalty

Road = Callable[..., tuple[jax.Array, Tree, Tree]]


def over_batch(function: Callable[..., Any], batch: Batch, key: jax.Array) -> Any:
    """Call `function(x, y, share, key)` for each example, along the axis "batch".

    `share` is the example's weight over the sum of all weights. What the function
    returns must be the same for all examples: a sum over the batch, or no batch at all.
    """
    rows = len(batch.x)
    if batch.weight is None:
        shares = jnp.full(rows, 1 / rows, batch.x.dtype)
    else:
        weight = jnp.asarray(batch.weight, batch.x.dtype)
        total = jnp.sum(weight)
        # A batch in which all weights are 0 has the loss 0, not 0 / 0.
        shares = weight / jnp.where(total > 0, total, jnp.ones_like(total))

    def example(x: jax.Array, y: jax.Array, share: jax.Array, row: jax.Array) -> Any:
        return function(x, y, share, jax.random.fold_in(key, row))

    mapped = jax.vmap(example, out_axes=None, axis_name=BATCH)
    return mapped(batch.x, batch.y, shares, jnp.arange(rows))


def batch_loss(
    model: Layer,
    loss: Loss,
    params: Tree,
    stats: Tree,
    batch: Batch,
    key: jax.Array,
    penalty: Penalty | None = None,
) -> tuple[jax.Array, Tree]:
    """The weighted mean of the examples' losses, plus the penalty.

    Returns:
        (value, stats): a scalar, and the statistics after a pass in training mode.
    """

    def example(x: jax.Array, y: jax.Array, share: jax.Array, key: jax.Array) -> Any:
        prediction, new_stats, _ = model.forward(params, stats, x, key, train=True)
        return batch_sum(loss.weighted_value(prediction, y, share)), new_stats

    value, stats = over_batch(example, batch, key)
    return with_penalty(value, penalty, params), stats


def with_penalty(value: jax.Array, penalty: Penalty | None, params: Tree) -> jax.Array:
    """The loss plus the penalty, in the loss's dtype."""
    if penalty is None:
        return value
    return value + penalty.value(params).astype(value.dtype)
