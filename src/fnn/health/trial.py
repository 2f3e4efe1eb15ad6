"""A short training, and the loss it leads to."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core.batch_axis import batch_sum
from fnn.data import Batch, Standardize
from fnn.gradients.base import over_batch
from fnn.health.remedies import change
from fnn.initializers import Zeros
from fnn.layers import Dense
from fnn.training.base import Recipe, TrainState, predict
from fnn.training.fit import fit


class ShortRun(NamedTuple):
    """A state after some epochs, and its loss on the data, without the penalty."""

    state: TrainState
    loss: float


def short_run(
    recipe: Recipe,
    state: TrainState,
    data: Batch,
    epochs: int,
    batch_size: int,
    targets: Standardize | None = None,
) -> ShortRun:
    """Train from a state, whose memory stays valid.

    Args:
        targets: what was done to the targets; the loss is told in their old units.
    """
    data = jax.tree.map(jnp.asarray, data)
    recipe = without_initializers(recipe)
    state, _ = fit(recipe, state, data, epochs=epochs, batch_size=batch_size)
    scale = (
        Standardize(np.float32(0.0), np.float32(1.0)) if targets is None else targets
    )
    return ShortRun(state, float(_loss(recipe, state, data, scale)))


@jax.jit
def _loss(recipe: Recipe, state: TrainState, data: Batch, scale: Any) -> jax.Array:
    """The loss in inference mode, predictions and targets taken back to old units."""

    def back(y: jax.Array) -> jax.Array:
        if not jnp.issubdtype(y.dtype, jnp.floating):
            return y
        mean, deviation = (
            jnp.asarray(n, y.dtype) for n in (scale.mean, scale.deviation)
        )
        return y * deviation + mean

    def example(prediction: Any, y: Any, share: Any, key: Any) -> jax.Array:
        del key
        return batch_sum(recipe.loss.weighted_value(back(prediction), back(y), share))

    predictions = predict(recipe, state, data.x)
    return over_batch(example, data._replace(x=predictions), jax.random.key(0))


def without_initializers(recipe: Recipe) -> Recipe:
    """Recipes that differ by how weights are drawn train by one compiled program."""

    def one(part: Any) -> Any:
        if not isinstance(part, Dense):
            return part
        zeros = Zeros()
        return dataclasses.replace(  # pyright: ignore
            part, weight_initializer=zeros, bias_initializer=zeros
        )

    model = change(recipe.model, one)
    return dataclasses.replace(recipe, model=model)  # pyright: ignore
