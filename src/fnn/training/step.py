"""One step of training."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core import keys
from fnn._core.trees import global_norm
from fnn.data import Batch
from fnn.gradients.statistics import statistics, watched_gradient
from fnn.training.base import Info, Recipe, TrainState, check_data


def train_step(
    recipe: Recipe, state: TrainState, batch: Any
) -> tuple[TrainState, Info]:
    """Compute the loss, its gradient, the update: pure, for the caller to compile.

        step = jax.jit(fnn.train_step, donate_argnums=1)
        recipe = jax.device_put(recipe)

    With donation the old state's memory is reused, and the old state is gone.

    Args:
        recipe: what to train and how.
        state: from `fnn.init` or the step before.
        batch: an `fnn.Batch` or a tuple (x, y) or (x, y, weight).

    Returns:
        (state, info): the state after the step, and the loss before it.

    Raises:
        TypeError: dtypes do not fit.
        ValueError: shapes do not fit the model or the loss; the message names the
            layer. Values (finite x, labels in range) are checked only where they are
            concrete, which inside `jax.jit` they are not.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((4, 8, 3)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> batch = fnn.Batch(jnp.ones((5, 4)), jnp.array([0, 1, 2, 0, 1]))
        >>> state, info = jax.jit(fnn.train_step)(recipe, state, batch)
        >>> int(state.step), info.loss.shape
        (1, ())
    """
    batch = check_data(recipe, state, batch)
    key = keys.for_step(state.key, state.step)
    loss, stats, gradients, seen = _gradients(recipe, state, batch, key)
    updates, opt_state = recipe.optimizer.update(
        gradients, state.opt_state, state.params
    )
    params = jax.tree.map(jnp.add, state.params, updates)
    norm = global_norm(gradients) if "gradient_norm" in recipe.report else None
    measured = None
    if seen is not None:
        measured = statistics(recipe.model, seen, state.params, gradients, updates)
    state = TrainState(params, stats, opt_state, state.key, state.step + 1)
    return state, Info(loss, norm, measured)


def _gradients(
    recipe: Recipe, state: TrainState, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Any, Any, jax.Array | None]:
    """(loss, stats, gradients, seen): by the recipe's road, watched if it reports."""
    given = (
        recipe.model,
        recipe.loss,
        state.params,
        state.stats,
        batch,
        key,
        recipe.penalty,
    )
    if "statistics" in recipe.report:
        return watched_gradient(recipe.gradient, *given)
    return *recipe.gradient(*given), None
