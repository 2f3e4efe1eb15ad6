"""The compiled program of a sweep: a chunk of runs, each with its own recipe."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core.metric_checks import check_metric_values
from fnn.data import Batch, take
from fnn.data.epochs import epoch_indices
from fnn.data.folds import Fold
from fnn.training.base import Recipe, TrainState, init
from fnn.training.early_stopping import TRAINING_LOSS, EarlyStopping, Standing
from fnn.training.epoch import train_on
from fnn.training.evaluate import Metric, evaluate, names_of


class Plan(NamedTuple):
    """How every run is trained; hashable, static where it is compiled."""

    epochs: int
    batch_size: int
    metrics: tuple[Metric, ...] = ()
    early_stopping: EarlyStopping | None = None


class Job(NamedTuple):
    """What is a run's own. In a chunk every array has the runs as its first axis.

    Attributes:
        recipe: what to train and how.
        key: to start from.
        state: to go on from instead, or None.
        fold: the run's own rows of the data, or None for all.
    """

    recipe: Recipe
    key: Any
    state: TrainState | None
    fold: Fold | None


class Data(NamedTuple):
    """What all runs share.

    Attributes:
        train: the examples.
        validation: others to evaluate on after each epoch, or None.
        order: (key, epoch) if all runs take the examples in one order: that of this
            key, from this epoch on. None if each has its own.
    """

    train: Batch
    validation: Batch | None
    order: tuple[Any, Any] | None


class Outcome(NamedTuple):
    """What training made of a run.

    Attributes:
        state: the last, or the best of a run that may stop early.
        loss: (epochs,) mean training loss; NaN after the run stopped.
        validation: the same for "loss" and each metric on validation data.
        epochs: how many the run was trained.
        best_epoch: the number, from 1, of the epoch that `state` stands after.
    """

    state: Any
    loss: Any
    validation: Any
    epochs: Any
    best_epoch: Any


class _Run(NamedTuple):
    """A run under way."""

    state: TrainState
    best: TrainState | None
    standing: Standing | None
    curves: tuple[jax.Array, dict[str, jax.Array]]
    epochs: jax.Array


@functools.partial(jax.jit, static_argnums=0)
def train_chunk(plan: Plan, jobs: Job, data: Data) -> Outcome:
    """Train all runs of a chunk, until every one of them has stopped."""

    def under_way(carry: tuple[jax.Array, _Run]) -> jax.Array:
        number, runs = carry
        left = number < plan.epochs
        return left if runs.standing is None else left & ~runs.standing.stopped.all()

    def epoch(carry: tuple[jax.Array, _Run]) -> tuple[jax.Array, _Run]:
        number, runs = carry
        indices = None
        if data.order is not None:
            # Outside the `vmap`: one shuffle, and one gather in each step, for all.
            key, first = data.order
            rows = len(data.train.x)
            indices = epoch_indices(key, first + number, rows, plan.batch_size)
        train = functools.partial(_epoch, plan, data, number, indices)
        return number + 1, jax.vmap(train)(jobs, runs)

    started = jax.vmap(functools.partial(_started, plan, data))(jobs)
    carry = jnp.zeros((), jnp.int32), started
    return _outcome(lax.while_loop(under_way, epoch, carry)[1])


def _started(plan: Plan, data: Data, job: Job) -> _Run:
    state = init(job.recipe, job.key) if job.state is None else job.state
    curve = jnp.full(plan.epochs, jnp.nan)
    judged = data.validation is not None or job.fold is not None
    curves = curve, dict.fromkeys(names_of(plan.metrics) if judged else (), curve)
    rule, zero = plan.early_stopping, jnp.zeros((), jnp.int32)
    if rule is None:
        return _Run(state, None, None, curves, zero)
    return _Run(state, state, rule.start(), curves, zero)


def _epoch(
    plan: Plan, data: Data, number: jax.Array, indices: Any, job: Job, run: _Run
) -> _Run:
    """One run after one more epoch, or as it is if it has stopped."""
    state, validation = run.state, data.validation
    rows = len(data.train.x if job.fold is None else job.fold.train)
    if indices is None:
        epoch = state.step // (rows // plan.batch_size)
        indices = epoch_indices(state.key, epoch, rows, plan.batch_size)
    if job.fold is not None:
        indices = job.fold.train[indices]
        validation = take(data.train, job.fold.test)
    state, info = train_on(job.recipe, state, data.train, indices)
    values: dict[str, jax.Array] = {}
    if validation is not None:
        values = evaluate(job.recipe, state, validation, plan.metrics)
        check_metric_values(values)
    loss = jnp.mean(info.loss)
    curves = jax.tree.map(
        lambda curve, value: curve.at[number].set(jnp.asarray(value, curve.dtype)),
        run.curves,
        (loss, values),
    )
    rule = plan.early_stopping
    if rule is None or run.standing is None:
        return _Run(state, None, None, curves, run.epochs + 1)
    monitored = loss if rule.monitor == TRAINING_LOSS else values[rule.monitor]
    standing = rule.advance(run.standing, number, monitored)
    best = _choose(standing.place == number, state, run.best)
    after = _Run(state, best, standing, curves, run.epochs + 1)
    return _choose(run.standing.stopped, run, after)


def _choose(condition: jax.Array, one: Any, other: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), one, other)


def _outcome(runs: _Run) -> Outcome:
    loss, validation = runs.curves
    if runs.standing is None:
        return Outcome(runs.state, loss, validation, runs.epochs, runs.epochs)
    best_epoch = runs.standing.place + 1
    return Outcome(runs.best, loss, validation, runs.epochs, best_epoch)
