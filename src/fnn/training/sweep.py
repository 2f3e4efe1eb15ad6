"""Many networks trained at once, each with its own recipe and key."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from fnn._core.checks import check_choice
from fnn._core.sweep_checks import (
    check_keys,
    check_number_of_keys,
    check_number_of_states,
    check_recipes,
    check_run_number,
    check_states,
)
from fnn.data.base import as_batch
from fnn.training.base import Recipe, TrainState
from fnn.training.chunks import Data, Plan
from fnn.training.early_stopping import EarlyStopping, check_early_stopping
from fnn.training.ensemble import predict_stacks
from fnn.training.evaluate import Metric, names_of
from fnn.training.many import Group, picked, train_many


@dataclasses.dataclass(frozen=True, eq=False)
class Sweep:
    """What `fnn.sweep` trained.

    Attributes:
        recipes: one for each run.
        loss: (runs, epochs) mean training loss; NaN after a run stopped.
        validation: for "loss" and each metric, (runs, epochs) on validation data.
        epochs: (runs,) how many epochs each run was trained.
        best_epoch: (runs,) the number, from 1, of the epoch that its state stands
            after: the last, unless it may stop early.
        stacks: the states, stacked over the runs of equal structure.
        places: for each run, its stack and its row in it.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> keys = jax.random.split(jax.random.key(0), 3)
        >>> found = fnn.sweep(recipe, keys, fnn.data.digits(), epochs=1)
        >>> found.state(2).params[0]["w"].shape, sorted(found.ranking().tolist())
        ((64, 16), [0, 1, 2])
        >>> found.predict(fnn.data.digits().x).shape
        (3, 1797, 10)
    """

    recipes: tuple[Recipe, ...]
    loss: np.ndarray
    validation: dict[str, np.ndarray]
    epochs: np.ndarray
    best_epoch: np.ndarray
    stacks: tuple[TrainState, ...] = dataclasses.field(repr=False)
    places: tuple[tuple[int, int], ...] = dataclasses.field(repr=False)

    def state(self, run: int) -> TrainState:
        """The trained state of one run."""
        check_run_number(run, len(self.places))
        stack, row = self.places[run]
        return jax.tree.map(lambda leaf: leaf[row], self.stacks[stack])

    def predict(self, x: Any) -> jax.Array:
        """(runs, B, ...) every run's outputs for x (B, n), in inference mode.

        The outputs of all runs must have one shape.
        """
        runs: list[list[int]] = [[] for _ in self.stacks]
        for run, (stack, _) in enumerate(self.places):
            runs[stack].append(run)
        return predict_stacks(self.recipes, runs, self.stacks, x)

    def last(self, monitor: str = "loss") -> np.ndarray:
        """(runs,) "loss" or a metric on the validation data, of each run's state.

        The last value, or under early stopping that of the best epoch. Without
        validation data "loss" is the training loss.
        """
        curves = self.validation or {"loss": self.loss}
        hint = "Pass its function in metrics."
        check_choice("monitor", monitor, tuple(curves), hint)
        return curves[monitor][np.arange(len(self.recipes)), self.best_epoch - 1]

    def ranking(self, monitor: str = "loss", maximize: bool = False) -> np.ndarray:
        """(runs,) the runs, best value of `last` first, NaN last."""
        last = self.last(monitor)
        return np.argsort(-last if maximize else last, kind="stable")


def sweep(
    recipes: Recipe | Sequence[Recipe],
    keys: jax.Array,
    data: Any,
    *,
    epochs: int,
    batch_size: int = 32,
    validation: Any = None,
    metrics: Sequence[Metric] = (),
    early_stopping: EarlyStopping | None = None,
    order: str = "own",
    states: Sequence[TrainState] | None = None,
    chunk: int | None = None,
) -> Sweep:
    """Train one network for each recipe and key, many at a time under one `vmap`.

    Recipes of equal structure differ by their numbers alone: they are stacked and
    trained in chunks of one size, the last one filled up, so that one program serves
    them all, compiled once whatever the numbers are and however many. On a CPU a run
    is therefore the same to the last bit in a sweep of 1 or of 1,000. Each other
    structure (a width, an activation, a depth) is a program of its own. Restarts are
    one recipe with many keys.

    Chunks of one structure are trained side by side: one on each core of a CPU, one on
    each accelerator there is; under `jax.default_device` on that one alone.

    Args:
        recipes: one for each run, or one for all.
        keys: (runs,) keys of `jax.random`, or one for all: runs with equal keys see
            the same initial weights and the same order of examples.
        data: an `fnn.Batch` or a tuple (x, y) or (x, y, weight).
        epochs: passes over the data, at most.
        batch_size: examples in a step.
        validation: examples to evaluate on after each epoch.
        metrics: functions of (predictions, targets), such as those of `fnn.metrics`.
        early_stopping: each run stops by this rule, as in `fnn.fit`, and its state is
            that of its best epoch; a chunk ends when all its runs have stopped.
        order: "own", each run takes the examples in the order of its own key, as
            `fnn.fit` would; "shared", all in that of the first run, which is faster,
            as one shuffle and one batch serve all. With one key for all the orders
            are the same. A run is then the same to the last bit in any sweep of
            shared order whose first run has the same key.
        states: to go on from, one for each run, instead of initial ones; for a shared
            order all after the same number of steps. Each goes on with its own key;
            `keys` do not count then.
        chunk: runs trained together. By default a power of two: on a CPU up to 16, as
            many as 4 MiB, a core's cache, hold of what `fnn.memory_plan` counts; on an
            accelerator up to 1,024, as many as half its free memory holds (of 4 GiB if
            it does not tell) and its share of the runs needs.

    Returns:
        A `Sweep`: the loss curves, the validation curves and the trained states.

    Raises:
        TypeError: dtypes or parts do not fit.
        ValueError: the numbers of recipes and keys differ; shapes or values do not fit;
            a metric gives no single number.

    Example:
        >>> import fnn
        >>> recipes = [
        ...     fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...         fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam(rate))
        ...     for rate in (1e-6, 1e-2)]
        >>> found = fnn.sweep(recipes, jax.random.key(0), fnn.data.digits(), epochs=2)
        >>> found.loss.shape, int(found.ranking()[0]), int(found.state(1).step)
        ((2, 2), 1, 112)
    """
    check_choice("order", order, ("own", "shared"))
    train = as_batch(data)
    judge = None if validation is None else as_batch(validation)
    names = names_of(metrics)
    if early_stopping is not None:
        check_early_stopping(early_stopping, judge, names)
    recipes, keys = paired(recipes, keys)
    if states is not None:
        check_states(states, TrainState)
        check_number_of_states(states, recipes)
    groups = train_many(
        Plan(epochs, batch_size, tuple(metrics), early_stopping),
        recipes,
        keys,
        Data(train, judge, None),
        states=states,
        shared=order == "shared",
        chunk=chunk,
    )
    return as_sweep(recipes, groups)


def as_sweep(recipes: Sequence[Recipe], groups: Sequence[Group]) -> Sweep:
    """The outcomes of groups of runs, each in its run's place."""
    places: dict[int, tuple[int, int]] = {}
    for stack, (runs, _) in enumerate(groups):
        places |= {run: (stack, row) for row, run in enumerate(runs)}
    order = np.argsort([run for runs, _ in groups for run in runs])
    curves = [outcome._replace(state=None) for _, outcome in groups]
    told = jax.tree.map(lambda *parts: np.concatenate(parts)[order], *curves)
    return Sweep(
        tuple(recipes),
        told.loss.astype(float),
        {name: curve.astype(float) for name, curve in told.validation.items()},
        told.epochs,
        told.best_epoch,
        tuple(outcome.state for _, outcome in groups),
        tuple(places[run] for run in range(len(recipes))),
    )


def paired(
    recipes: Recipe | Sequence[Recipe], keys: jax.Array
) -> tuple[list[Recipe], jax.Array]:
    """One recipe and one key for each run."""
    check_keys(keys)
    if isinstance(recipes, Recipe):
        recipes = [recipes] * (len(keys) if keys.ndim else 1)
    check_recipes(recipes, Recipe)
    check_number_of_keys(keys, recipes)
    if not keys.ndim:
        keys = picked(picked(keys, None), [0] * len(recipes))
    return list(recipes), keys
