"""Many networks trained at once, each with its own recipe and key."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from fnn._core.checks import check_batch_size, check_choice, check_size
from fnn._core.sweep_checks import check_keys, check_recipes
from fnn.data import Batch
from fnn.data.base import as_batch
from fnn.training.base import Recipe, TrainState, check_data, check_recipe, init
from fnn.training.epoch import train_epoch
from fnn.training.evaluate import Metric, evaluate, names_of


@dataclasses.dataclass(frozen=True)
class Sweep:
    """What `fnn.sweep` trained.

    Attributes:
        recipes: one for each run.
        loss: (runs, epochs) mean training loss.
        validation: for "loss" and each metric, (runs, epochs) on validation data.
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
    """

    recipes: tuple[Recipe, ...]
    loss: np.ndarray
    validation: dict[str, np.ndarray]
    stacks: tuple[TrainState, ...] = dataclasses.field(repr=False)
    places: tuple[tuple[int, int], ...] = dataclasses.field(repr=False)

    def state(self, run: int) -> TrainState:
        """The state of one run after its last epoch."""
        stack, row = self.places[run]
        return jax.tree.map(lambda leaf: leaf[row], self.stacks[stack])

    def last(self, monitor: str = "loss") -> np.ndarray:
        """(runs,) the last value of "loss" or a metric on the validation data.

        Without validation data "loss" is the training loss.
        """
        curves = self.validation or {"loss": self.loss}
        hint = "Pass its function in metrics."
        check_choice("monitor", monitor, tuple(curves), hint)
        return curves[monitor][:, -1]

    def ranking(self, monitor: str = "loss", maximize: bool = False) -> np.ndarray:
        """(runs,) the runs, best last value first, NaN last."""
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
    states: Sequence[TrainState] | None = None,
    chunk: int = 16,
) -> Sweep:
    """Train one network for each recipe and key, many at a time under one `vmap`.

    Recipes of equal structure differ by their numbers alone: they are stacked and
    trained in chunks of one size, the last one filled up, so that one program serves
    them all, compiled once whatever the numbers are and however many. On a CPU a run
    is therefore the same to the last bit in a sweep of 1 or of 1,000. Each other
    structure (a width, an activation, a depth) is a program of its own. Restarts are
    one recipe with many keys.

    Args:
        recipes: one for each run, or one for all.
        keys: (runs,) keys of `jax.random`, or one for all: runs with equal keys see
            the same initial weights and the same order of examples.
        data: an `fnn.Batch` or a tuple (x, y) or (x, y, weight).
        epochs: passes over the data.
        batch_size: examples in a step.
        validation: examples to evaluate on after each epoch.
        metrics: functions of (predictions, targets), such as those of `fnn.metrics`.
        states: to go on from, one for each run, instead of initial ones.
        chunk: runs trained together. Their arrays should fit the cache of a CPU; an
            accelerator wants hundreds.

    Returns:
        A `Sweep`: the loss curves, the validation curves and the trained states.

    Raises:
        TypeError: dtypes or parts do not fit.
        ValueError: the numbers of recipes and keys differ; shapes or values do not fit.

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
    recipes, keys = _paired(recipes, keys)
    check_size("epochs", epochs)
    check_size("chunk", chunk)
    plan = _Plan(epochs, batch_size, tuple(metrics))
    names = names_of(plan.metrics)
    data = jax.tree.map(jnp.asarray, as_batch(data))
    if validation is not None:
        validation = jax.tree.map(jnp.asarray, as_batch(validation))
    loss = np.empty((len(recipes), plan.epochs))
    curves: dict[str, np.ndarray] = {}
    if validation is not None:
        curves = {name: np.empty_like(loss) for name in names}
    stacks: list[TrainState] = []
    places: dict[int, tuple[int, int]] = {}
    for runs in _groups(recipes):
        _check_run(plan, recipes[runs[0]], keys[0], data, validation)
        group = (
            _stack([recipes[run] for run in runs]),
            keys[np.asarray(runs)],
            None if states is None else _stack([states[run] for run in runs]),
        )
        state, (group_loss, values) = _in_chunks(plan, chunk, group, data, validation)
        loss[runs] = group_loss
        for name, value in values.items():
            curves[name][runs] = value
        places |= {run: (len(stacks), row) for row, run in enumerate(runs)}
        stacks.append(state)
    ordered = tuple(places[run] for run in range(len(recipes)))
    return Sweep(tuple(recipes), loss, curves, tuple(stacks), ordered)


class _Plan(NamedTuple):
    """How each run is trained; hashable, static where it is compiled."""

    epochs: int
    batch_size: int
    metrics: tuple[Metric, ...]


def _check_run(
    plan: _Plan, recipe: Recipe, key: jax.Array, data: Batch, validation: Any
) -> None:
    check_recipe(recipe)
    state = jax.eval_shape(init, recipe, key)
    check_data(recipe, state, data)
    check_batch_size(plan.batch_size, len(data.x))
    if validation is not None:
        check_data(recipe, state, validation)


def _in_chunks(
    plan: _Plan, chunk: int, group: Any, data: Batch, validation: Any
) -> Any:
    """Train a group's runs, `chunk` at a time, and put the results together."""
    runs = len(group[1])
    parts = []
    for first in range(0, runs, chunk):
        # The last chunk is filled with its group's last run.
        rows = np.minimum(np.arange(first, first + chunk), runs - 1)
        part = jax.tree.map(lambda leaf, rows=rows: leaf[rows], group)
        parts.append(_train_chunk(plan, part, data, validation))
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves)[:runs], *parts)


@functools.partial(jax.jit, static_argnums=0)
def _train_chunk(plan: _Plan, chunk: Any, data: Batch, validation: Any) -> Any:
    def one(recipe: Recipe, key: jax.Array, state: Any) -> tuple[TrainState, Any]:
        def epoch(state: TrainState, _: None) -> tuple[TrainState, Any]:
            state, info = train_epoch(recipe, state, data, plan.batch_size)
            values = {}
            if validation is not None:
                values = evaluate(recipe, state, validation, plan.metrics)
            return state, (jnp.mean(info.loss), values)

        started = init(recipe, key) if state is None else state
        return lax.scan(epoch, started, length=plan.epochs)

    return jax.vmap(one)(*chunk)


def _paired(
    recipes: Recipe | Sequence[Recipe], keys: jax.Array
) -> tuple[list[Recipe], jax.Array]:
    """One recipe and one key for each run."""
    check_keys(keys)
    if isinstance(recipes, Recipe):
        recipes = [recipes] * (len(keys) if keys.ndim else 1)
    check_recipes(recipes, Recipe, keys)
    keys = keys if keys.ndim else jnp.broadcast_to(keys, len(recipes))
    return list(recipes), keys


def _groups(recipes: Sequence[Recipe]) -> list[list[int]]:
    """The runs of each structure."""
    groups: dict[Any, list[int]] = {}
    for run, recipe in enumerate(recipes):
        leaves, structure = jax.tree.flatten(recipe)
        shapes = tuple(np.shape(leaf) for leaf in leaves)
        groups.setdefault((structure, shapes), []).append(run)
    return list(groups.values())


def _stack(trees: Sequence[Any]) -> Any:
    return jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *trees)
