"""The learning-rate finder: one short run in which the rate grows."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from fnn._core.checks import (
    Range,
    check_batch_size,
    check_order,
    check_range,
    check_size,
)
from fnn._core.component import Component
from fnn.data import take
from fnn.data.epochs import epoch_indices
from fnn.metrics import exponential_average
from fnn.training.base import Recipe, TrainState, check_data, check_recipe
from fnn.training.step import train_step

_KEEP = 0.9


class LearningRates(NamedTuple):
    """What `fnn.find_learning_rate` saw.

    Attributes:
        rates: (steps,) learning rates, growing by a constant factor.
        losses: (steps,) loss before each step.
        smoothed: (steps,) their exponential weighted average, bias corrected.
        suggestion: a tenth of the rate at which the smoothed loss is lowest.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float


def find_learning_rate(
    recipe: Recipe,
    state: TrainState,
    data: Any,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 200,
    batch_size: int = 32,
) -> LearningRates:
    """Train with a rate that grows from step to step, and see where the loss falls.

    Step t of T takes the rate lowest (highest / lowest)^(t / (T - 1)). The losses l are
    smoothed, v_n = 0.9 v_{n-1} + 0.1 l_n over 1 - 0.9^n (errata G10). At the lowest
    point of the average the rate is about to be too high, so a tenth of it is the
    suggestion: a first guess, for a constant rate or a schedule's peak. The state is
    not changed. Source: Smith, 2017, and the rule that fastai made common.

    Args:
        recipe: what to train and how; the rate of its optimizer does not matter.
        state: from `fnn.init`.
        data: an `fnn.Batch` or a tuple (x, y) or (x, y, weight).
        lowest: the first rate.
        highest: the last.
        steps: how many, all in one compiled program.
        batch_size: examples in a step.

    Returns:
        The curve and the suggestion.

    Raises:
        TypeError: no part of the optimizer has a `learning_rate`.
        ValueError: a number is out of its range, or the data do not fit.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> found = fnn.find_learning_rate(recipe, state, fnn.data.digits())
        >>> 1e-4 < found.suggestion < 0.1
        True
    """
    check_recipe(recipe)
    check_size("steps", steps, at_least=2)
    check_range("lowest", lowest, Range(above=0))
    check_range("highest", highest, Range(above=0))
    check_order("lowest", lowest, highest)
    data = check_data(recipe, state, data)
    rows = len(data.x)
    check_batch_size(batch_size, rows)
    with_rate(recipe.optimizer, lowest)
    epochs = -(-steps // (rows // batch_size))
    orders = [
        epoch_indices(state.key, epoch, rows, batch_size) for epoch in range(epochs)
    ]
    rates = jnp.geomspace(lowest, highest, steps)
    recipe, data = jax.device_put((recipe, data))

    @jax.jit
    def run(recipe: Recipe, state: TrainState, data: Any, indices: Any) -> jax.Array:
        def body(state: TrainState, turn: Any) -> tuple[TrainState, jax.Array]:
            rate, rows = turn
            optimizer = with_rate(recipe.optimizer, rate)
            made = dataclasses.replace(recipe, optimizer=optimizer)
            state, info = train_step(made, state, take(data, rows))
            return state, info.loss

        return lax.scan(body, state, (rates, indices))[1]

    losses = np.asarray(run(recipe, state, data, jnp.concatenate(orders)[:steps]))
    smoothed = np.asarray(exponential_average(losses, _KEEP))
    return LearningRates(
        np.asarray(rates), losses, smoothed, suggest(np.asarray(rates), smoothed)
    )


def suggest(rates: np.ndarray, smoothed: np.ndarray) -> float:
    """A tenth of the rate at which the smoothed loss is lowest."""
    finite = np.where(np.isnan(smoothed), np.inf, smoothed)
    return float(rates[int(finite.argmin())] / 10)


def with_rate(optimizer: Any, rate: Any) -> Any:
    """The same optimizer with another learning rate, also inside a `Chain`.

    Raises:
        TypeError: it has none.
    """
    changed, count = _replaced(optimizer, rate)
    if not count:
        raise TypeError(
            f"recipe.optimizer must have a learning_rate to vary, got {optimizer}. "
            "Use one of fnn.optimizers."
        )
    return changed


def _replaced(part: Any, rate: Any) -> tuple[Any, int]:
    if isinstance(part, tuple):
        pairs = [_replaced(item, rate) for item in part]
        return tuple(item for item, _ in pairs), sum(count for _, count in pairs)
    if not isinstance(part, Component):
        return part, 0
    changes, total = {}, 0
    for field in dataclasses.fields(part):  # pyright: ignore[reportArgumentType]
        value = getattr(part, field.name)
        if field.name == "learning_rate":
            changes[field.name], count = rate, 1
        else:
            changes[field.name], count = _replaced(value, rate)
        total += count
    return (dataclasses.replace(part, **changes), total) if total else (part, 0)  # pyright: ignore
