"""The hand-derived road."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core.batch_axis import batch_sum
from fnn._core.tape import exchange, masks_for_signs
from fnn.data import Batch
from fnn.gradients.base import over_batch, with_penalty
from fnn.layers.base import Layer, Tree
from fnn.losses import Loss
from fnn.penalties import Penalty


def backprop(
    model: Layer,
    loss: Loss,
    params: Tree,
    stats: Tree,
    batch: Batch,
    key: jax.Array,
    penalty: Penalty | None = None,
) -> tuple[jax.Array, Tree, Tree]:
    """Gradients by the layers' own backward rules. It never calls `jax.grad`.

    For each example: forward through the layers, the loss's gradient, backward through
    the layers. The loss's gradient carries the example's share of the batch; from
    there every layer sums its parameters' gradient over the batch.

    Args:
        model: any layer.
        loss: a loss that fits the model's output.
        params: the parameters to differentiate by.
        stats: the statistics.
        batch: the examples, (B, n) and (B, ...).
        key: for the randomness of this pass.
        penalty: added to the loss.

    Returns:
        (value, stats, gradients): the scalar loss, the statistics after the pass, and a
        tree like `params`.

    Example:
        >>> import fnn, numpy as np
        >>> model, loss = fnn.layers.Dense(2, 1), fnn.losses.HalfSquaredError()
        >>> params = {"w": np.ones((2, 1), np.float32), "b": np.zeros(1, np.float32)}
        >>> batch = fnn.Batch(np.ones((1, 2), np.float32), np.zeros((1, 1), np.float32))
        >>> value, _, gradients = backprop(
        ...     model, loss, params, (), batch, jax.random.key(0))
        >>> float(value), gradients["w"].tolist()
        (2.0, [[2.0], [2.0]])
    """

    def example(x: jax.Array, y: jax.Array, share: jax.Array, key: jax.Array) -> Any:
        prediction, new_stats, tape = model.forward(params, stats, x, key, train=True)
        # Each is made once and kept. XLA would make the last layer's output, and the
        # loss's gradient, again where they are read, from more arrays than they are.
        tape = exchange(tape, prediction, lax.optimization_barrier(prediction))
        value = loss.weighted_value(prediction, y, share)
        dy = lax.optimization_barrier(loss.weighted_gradient(prediction, y, share))
        _, dparams = model.backward(params, masks_for_signs(tape), dy)
        return batch_sum(value), new_stats, dparams

    value, stats, gradients = over_batch(example, batch, key)
    if penalty is not None:
        gradients = jax.tree.map(jnp.add, gradients, penalty.gradient(params))
    return with_penalty(value, penalty, params), stats, gradients
