"""The automatic road."""

import jax

from fnn.data import Batch
from fnn.gradients.base import batch_loss
from fnn.layers.base import Layer, Tree
from fnn.losses import Loss
from fnn.penalties import Penalty


def autodiff(
    model: Layer,
    loss: Loss,
    params: Tree,
    stats: Tree,
    batch: Batch,
    key: jax.Array,
    penalty: Penalty | None = None,
) -> tuple[jax.Array, Tree, Tree]:
    """Gradients by `jax.grad` of the loss. It never sees a layer's `backward`.

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
        >>> value, _, gradients = autodiff(
        ...     model, loss, params, (), batch, jax.random.key(0))
        >>> float(value), gradients["w"].tolist()
        (2.0, [[2.0], [2.0]])
    """
    differentiate = jax.value_and_grad(batch_loss, argnums=2, has_aux=True)
    (value, stats), gradients = differentiate(
        model, loss, params, stats, batch, key, penalty
    )
    return value, stats, gradients
