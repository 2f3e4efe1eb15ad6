"""One pass over the data as one program."""

from typing import Any

import jax
from jax import lax

from fnn._core.checks import check_batch_size
from fnn.data import Batch, take
from fnn.data.epochs import epoch_indices
from fnn.training.base import Info, Recipe, TrainState, check_data
from fnn.training.step import train_step


def train_epoch(
    recipe: Recipe, state: TrainState, data: Any, batch_size: int
) -> tuple[TrainState, Info]:
    """Shuffle on the device and train on every full batch, in one `lax.scan`.

    Pure; compile it with `jax.jit(fnn.train_epoch, static_argnames="batch_size")`. The
    order is a function of the state's key and of the epoch, which is the number of
    steps made over the number of steps in an epoch.

    Args:
        recipe: what to train and how.
        state: from `fnn.init` or what came before.
        data: an `fnn.Batch` or a tuple (x, y) or (x, y, weight) of all examples.
        batch_size: examples in a step. Those that do not fill a batch are left out;
            another epoch leaves out others.

    Returns:
        (state, info): the state after the epoch, and an `Info` whose entries have one
        element for each step.

    Raises:
        TypeError: dtypes do not fit.
        ValueError: shapes or concrete values do not fit.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> state, info = fnn.train_epoch(recipe, state, fnn.data.digits(), 64)
        >>> info.loss.shape
        (28,)
    """
    data = check_data(recipe, state, data)
    rows = len(data.x)
    check_batch_size(batch_size, rows)
    data = jax.tree.map(jax.numpy.asarray, data)
    epoch = state.step // (rows // batch_size)
    return train_on(
        recipe, state, data, epoch_indices(state.key, epoch, rows, batch_size)
    )


def train_on(
    recipe: Recipe, state: TrainState, data: Batch, indices: jax.Array
) -> tuple[TrainState, Info]:
    """Make one step for each row of indices (steps, batch size) into the data."""

    def body(state: TrainState, indices: jax.Array) -> tuple[TrainState, Info]:
        return train_step(recipe, state, take(data, indices))

    return lax.scan(body, state, indices)
