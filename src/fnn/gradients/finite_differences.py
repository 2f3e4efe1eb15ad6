"""The slow road, which differentiates nothing."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree

from fnn.data import Batch
from fnn.gradients.base import batch_loss
from fnn.layers.base import Layer, Tree
from fnn.losses import Loss
from fnn.penalties import Penalty


def finite_differences(
    model: Layer,
    loss: Loss,
    params: Tree,
    stats: Tree,
    batch: Batch,
    key: jax.Array,
    penalty: Penalty | None = None,
) -> tuple[jax.Array, Tree, Tree]:
    """Gradients by central differences with one Richardson extrapolation.

    With D(h) = (C(w + h) - C(w - h)) / 2h, the estimate (4 D(h/2) - D(h)) / 3 has an
    error of order h^4. h is eps^(1/4), scaled by |w| where that is above 1. Four
    losses are computed for each parameter, so this is for small networks in float64:
    there the error is about 1e-12 of the loss, if no kink lies between w - h and w + h.

    Args:
        model: any layer.
        loss: a loss that fits the model's output.
        params: the parameters to differentiate by.
        stats: the statistics.
        batch: the examples, (B, n) and (B, ...).
        key: for the randomness of this pass, the same for every loss.
        penalty: added to the loss.

    Returns:
        (value, stats, gradients): the scalar loss, the statistics after the pass, and a
        tree like `params`.

    Example:
        >>> import fnn, numpy as np
        >>> model, loss = fnn.layers.Dense(2, 1), fnn.losses.HalfSquaredError()
        >>> params = {"w": np.ones((2, 1), np.float32), "b": np.zeros(1, np.float32)}
        >>> batch = fnn.Batch(np.ones((1, 2), np.float32), np.zeros((1, 1), np.float32))
        >>> _, _, gradients = finite_differences(
        ...     model, loss, params, (), batch, jax.random.key(0))
        >>> gradients["w"].round(3).tolist()
        [[2.0], [2.0]]
    """
    flat, unravel = ravel_pytree(params)

    def value(flat: jax.Array) -> jax.Array:
        return batch_loss(model, loss, unravel(flat), stats, batch, key, penalty)[0]

    def slope(index: jax.Array) -> jax.Array:
        w = flat[index]
        h = jnp.finfo(flat.dtype).eps ** 0.25 * jnp.maximum(jnp.abs(w), 1)

        def difference(h: jax.Array) -> jax.Array:
            # The step really taken, after rounding, is what must be divided by.
            up, down = w + h, w - h
            change = value(flat.at[index].set(up)) - value(flat.at[index].set(down))
            return change / (up - down)

        return (4 * difference(h / 2) - difference(h)) / 3

    slopes = lax.map(slope, jnp.arange(flat.size), batch_size=64)
    total, stats = batch_loss(model, loss, params, stats, batch, key, penalty)
    return total, stats, unravel(slopes)
