"""Epochs, validation, early stopping."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core.checks import check_batch_size, check_functions, check_size
from fnn._core.metric_checks import check_metric_values
from fnn.training.base import Recipe, TrainState, check_data, check_recipe
from fnn.training.early_stopping import (
    TRAINING_LOSS,
    EarlyStopping,
    check_early_stopping,
)
from fnn.training.epoch import train_epoch
from fnn.training.evaluate import Metric, evaluate, names_of


class Epoch(NamedTuple):
    """What `fnn.fit` tells after each epoch.

    Attributes:
        number: from 1.
        of: how many were asked for.
        loss: mean training loss over the steps of the epoch.
        validation: loss and metrics on the validation data; empty without them.
    """

    number: int
    of: int
    loss: float
    validation: dict[str, float]


class History(NamedTuple):
    """The course of a fit.

    Attributes:
        loss: (epochs,) mean training loss of each epoch.
        validation: for "loss" and each metric, (epochs,) values on validation data.
        best_epoch: number, from 1, of the epoch whose state was returned.
    """

    loss: np.ndarray
    validation: dict[str, np.ndarray]
    best_epoch: int


def fit(
    recipe: Recipe,
    state: TrainState,
    data: Any,
    *,
    epochs: int,
    batch_size: int = 32,
    validation: Any = None,
    metrics: Sequence[Metric] = (),
    early_stopping: EarlyStopping | None = None,
    on_epoch: Sequence[Callable[[TrainState, Epoch], Any]] = (),
) -> tuple[TrainState, History]:
    """Train for some epochs, each one compiled program, and keep a history.

    Args:
        recipe: what to train and how.
        state: from `fnn.init`, or one to go on from. It stays valid.
        data: an `fnn.Batch` or a tuple (x, y) or (x, y, weight) of training examples.
        epochs: passes over the data, at most.
        batch_size: examples in a step.
        validation: examples to evaluate on after each epoch.
        metrics: functions of (predictions, targets), such as those of `fnn.metrics`.
        early_stopping: stop early and return the best state; needs `validation`, unless
            it monitors the training loss.
        on_epoch: functions called with (state, epoch report) after each epoch. The
            next epoch reuses the state's memory: copy what shall be kept.

    Returns:
        (state, history).

    Raises:
        TypeError: dtypes or parts do not fit.
        ValueError: shapes, values or numbers do not fit.

    Example:
        >>> import fnn
        >>> train, test = fnn.data.stratified_split(fnn.data.digits())
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam(1e-2))
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> state, history = fnn.fit(recipe, state, train, epochs=3, validation=test)
        >>> history.loss.shape, bool(history.loss[-1] < history.loss[0])
        ((3,), True)
    """
    check_recipe(recipe)
    check_size("epochs", epochs)
    data = check_data(recipe, state, data)
    check_batch_size(batch_size, len(data.x))
    if validation is not None:
        validation = jax.device_put(check_data(recipe, state, validation))
    names = names_of(metrics)
    if early_stopping is not None:
        check_early_stopping(early_stopping, validation, names)
    check_functions("on_epoch", on_epoch, "functions of (state, epoch)")
    # One transfer here instead of one in every step.
    recipe, data = jax.device_put((recipe, data))
    state = _copy(state)
    best = state
    losses: list[Any] = []
    history: dict[str, list[Any]] = {}
    best_epoch = 0
    for number in range(1, epochs + 1):
        state, loss, values = _epoch(
            recipe, state, data, validation, batch_size, tuple(metrics)
        )
        losses.append(loss)
        for name, value in values.items():
            history.setdefault(name, []).append(value)
        best_epoch = number
        if early_stopping is None and not on_epoch:
            # Nobody asks yet: the next epoch is under way before this one ends.
            continue
        losses[-1] = float(loss)
        for series in history.values():
            series[-1] = float(series[-1])
        latest = {name: series[-1] for name, series in history.items()}
        for function in on_epoch:
            function(state, Epoch(number, epochs, losses[-1], latest))
        if early_stopping is not None:
            on_training = early_stopping.monitor == TRAINING_LOSS
            series = losses if on_training else history[early_stopping.monitor]
            best_epoch = early_stopping.best(series) + 1
            if best_epoch == number:
                best = _copy(state)
            if early_stopping.stops(series):
                break
    final = state if early_stopping is None else best
    losses, history = jax.device_get((losses, history))
    arrays = {name: np.asarray(series, float) for name, series in history.items()}
    return final, History(np.asarray(losses, float), arrays, best_epoch)


@functools.partial(jax.jit, static_argnums=(4, 5), donate_argnums=1)
def _epoch(
    recipe: Recipe,
    state: TrainState,
    data: Any,
    validation: Any,
    batch_size: int,
    metrics: tuple[Metric, ...],
) -> tuple[TrainState, jax.Array, dict[str, jax.Array]]:
    """(state, mean training loss, values on the validation data): one program."""
    state, info = train_epoch(recipe, state, data, batch_size)
    values = {}
    if validation is not None:
        values = evaluate(recipe, state, validation, metrics)
        check_metric_values(values)
    return state, jnp.mean(info.loss), values


# One program for all arrays, not one for each.
@jax.jit
def _copy(state: TrainState) -> TrainState:
    return jax.tree.map(jnp.copy, state)
