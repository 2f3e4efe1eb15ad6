"""One step of training."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core import keys
from fnn._core.trees import global_norm
from fnn.data import Batch
from fnn.gradients.sizes import weight_sizes
from fnn.gradients.statistics import statistics, watched_gradient
from fnn.training.base import Info, Recipe, TrainState, check_data, check_opt_state


def train_step(
    recipe: Recipe, state: TrainState, batch: Any
) -> tuple[TrainState, Info]:
    """Compute the loss, its gradient, the update: pure, for the caller to compile.

        step = jax.jit(functools.partial(fnn.train_step, recipe), donate_argnums=0)

    With donation the old state's memory is reused, and the old state is gone. Here the
    recipe's numbers are constants of the program. Where they change from step to step
    they can be its arguments, a few microseconds a call slower:

        step = jax.jit(fnn.train_step, donate_argnums=1)
        recipe = jax.device_put(recipe)

    Args:
        recipe: what to train and how.
        state: from `fnn.init` or the step before.
        batch: an `fnn.Batch` or a tuple (x, y) or (x, y, weight).

    Returns:
        (state, info): the state after the step, and the loss before it.

    Raises:
        TypeError: dtypes do not fit.
        ValueError: shapes do not fit the model or the loss, and the message names the
            layer; the state is of another model or optimizer. Values (finite x, labels
            in range) are checked only where they are concrete, which inside `jax.jit`
            they are not.

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
    check_opt_state(recipe, state)
    key = keys.for_step(state.key, state.step)
    loss, stats, gradients, told = _gradients(recipe, state, batch, key)
    # The update overwrites the parameters where the state is donated. As long as they
    # might still be read XLA would copy them first.
    loss, gradients, told = lax.optimization_barrier((loss, gradients, told))
    updates, opt_state = recipe.optimizer.update(
        gradients, state.opt_state, state.params
    )
    params = jax.tree.map(jnp.add, state.params, updates)
    norm = global_norm(gradients) if "gradient_norm" in recipe.report else None
    measured = None
    if told is not None:
        seen, weight, gradient = told
        update = weight_sizes(recipe.model, updates)
        measured = statistics(recipe.model, params, seen, weight, gradient, update)
    state = TrainState(params, stats, opt_state, state.key, state.step + 1)
    return state, Info(loss, norm, measured)


def _gradients(
    recipe: Recipe, state: TrainState, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Any, Any, tuple[jax.Array, jax.Array, jax.Array] | None]:
    """(loss, stats, gradients, told): by the recipe's road, watched if it reports.

    What is told is what was seen, and the sizes of the weights and their gradients.
    """
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
        loss, stats, gradients, seen = watched_gradient(recipe.gradient, *given)
        weight = weight_sizes(recipe.model, state.params)
        gradient = weight_sizes(recipe.model, gradients)
        return loss, stats, gradients, (seen, weight, gradient)
    return *recipe.gradient(*given), None
