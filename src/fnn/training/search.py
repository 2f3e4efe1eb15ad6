"""Hyperparameter search: many recipes from one function, trained as a sweep.

A search is given `build`, a function that makes a recipe from named values, and for
each name the values to try. Runs whose recipes differ only in numbers (learning rates,
penalties, dropout rates) train in one program; a width or an activation is a program of
its own. All runs start from one key, so that they differ by their values alone, and see
the examples in one order, which their program shares.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Required, TypedDict, Unpack

import jax
import numpy as np

from fnn._core.checks import check_function, check_given, check_size
from fnn._core.sweep_checks import check_no_early_stopping
from fnn.training.base import Recipe, TrainState
from fnn.training.early_stopping import EarlyStopping
from fnn.training.evaluate import Metric
from fnn.training.points import Point, Values, grid_points, random_points
from fnn.training.sweep import sweep

Build = Callable[..., Recipe]


class Options(TypedDict, total=False):
    """The keyword arguments that a search hands to `fnn.sweep`."""

    batch_size: int
    metrics: Sequence[Metric]
    early_stopping: EarlyStopping | None
    chunk: int | None


class Training(Options, total=False):
    """The same, with how long to train."""

    epochs: Required[int]


class Search(NamedTuple):
    """What a search tried, and how it went.

    Attributes:
        points: the values of each run, by name.
        recipes: the recipe of each run.
        scores: (runs,) the monitored value of a run's state, which stands after its
            last epoch, or its best under early stopping; NaN or infinite if it
            diverged.
        epochs: (runs,) how many epochs each run was trained.
        best: the number of the best run; of a halving, among those trained longest.
        state: its trained state.
    """

    points: list[Point]
    recipes: list[Recipe]
    scores: np.ndarray
    epochs: np.ndarray
    best: int
    state: TrainState


def grid(
    build: Build,
    values: Mapping[str, Sequence[Any]],
    key: jax.Array,
    data: Any,
    validation: Any,
    *,
    monitor: str = "loss",
    maximize: bool = False,
    **training: Unpack[Training],
) -> Search:
    """Train at every combination of some values.

    Args:
        build: makes an `fnn.Recipe`, called with one value for each name.
        values: for each name, the values to try.
        key: of every run.
        data: an `fnn.Batch` or a tuple (x, y) or (x, y, weight) to train on.
        validation: examples to judge by.
        monitor: "loss" or the name of a metric.
        maximize: whether larger is better; for the loss it is not.
        training: `epochs`, and `batch_size`, `metrics`, `early_stopping` and `chunk` of
            `fnn.sweep`.

    Returns:
        A `Search`.

    Raises:
        TypeError: `build` makes no recipe, or values are neither sequence nor range.
        ValueError: no values for a name; what `fnn.sweep` raises.

    Example:
        >>> import fnn
        >>> train, test = fnn.data.stratified_split(fnn.data.digits())
        >>> def build(rate, width):
        ...     return fnn.Recipe(fnn.layers.mlp((64, width, 10)),
        ...         fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam(rate))
        >>> found = fnn.grid(build, {"rate": (1e-6, 1e-2), "width": (8, 16)},
        ...     jax.random.key(0), train, test, epochs=2)
        >>> len(found.points), found.points[found.best]["rate"]
        (4, 0.01)
    """
    points = grid_points(values)
    return _judged(build, points, key, data, validation, monitor, maximize, training)


def random_search(
    build: Build,
    values: Mapping[str, Values],
    key: jax.Array,
    data: Any,
    validation: Any,
    *,
    runs: int,
    monitor: str = "loss",
    maximize: bool = False,
    **training: Unpack[Training],
) -> Search:
    """Train at random points. Of several numbers few matter, and a grid repeats those.

    Source: Bergstra and Bengio, 2012.

    Args:
        build: makes an `fnn.Recipe`, called with one value for each name.
        values: for each name an `fnn.Uniform`, an `fnn.LogUniform`, or values to choose
            from with equal chances.
        key: of every run, and of the points.
        data: an `fnn.Batch` or a tuple (x, y) or (x, y, weight) to train on.
        validation: examples to judge by.
        runs: how many points.
        monitor: "loss" or the name of a metric.
        maximize: whether larger is better; for the loss it is not.
        training: `epochs`, and `batch_size`, `metrics`, `early_stopping` and `chunk` of
            `fnn.sweep`.

    Returns:
        A `Search`.

    Raises:
        TypeError: `build` makes no recipe, or values are neither sequence nor range.
        ValueError: no values for a name; what `fnn.sweep` raises.

    Example:
        >>> import fnn
        >>> train, test = fnn.data.stratified_split(fnn.data.digits())
        >>> def build(rate):
        ...     return fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...         fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam(rate))
        >>> found = fnn.random_search(build, {"rate": fnn.LogUniform(1e-5, 1e-1)},
        ...     jax.random.key(0), train, test, runs=8, epochs=2)
        >>> found.points[found.best]["rate"] > 1e-3
        True
    """
    points = random_points(values, key, runs)
    return _judged(build, points, key, data, validation, monitor, maximize, training)


def successive_halving(
    build: Build,
    values: Mapping[str, Values],
    key: jax.Array,
    data: Any,
    validation: Any,
    *,
    runs: int,
    epochs: int,
    factor: int = 3,
    monitor: str = "loss",
    maximize: bool = False,
    **training: Unpack[Options],
) -> Search:
    """Train many random points a little, the best of them longer, and so on.

    After each round the best 1 / factor of the runs go on, from where they are, until
    they had `factor` times as many epochs; the last round ends at `epochs`. There are
    as many rounds as `factor` divides into runs and epochs, and one. A schedule sees
    the same steps as in one long run.

    Source: Jamieson and Talwalkar, 2016.

    Args:
        build: makes an `fnn.Recipe`, called with one value for each name.
        values: for each name an `fnn.Uniform`, an `fnn.LogUniform`, or values to choose
            from with equal chances.
        key: of every run, and of the points.
        data: an `fnn.Batch` or a tuple (x, y) or (x, y, weight) to train on.
        validation: examples to judge by.
        runs: how many points in the first round.
        epochs: of the longest runs.
        factor: of how many runs one goes on.
        monitor: "loss" or the name of a metric.
        maximize: whether larger is better; for the loss it is not.
        training: `batch_size`, `metrics` and `chunk` of `fnn.sweep`.

    Returns:
        A `Search`; `epochs` tells how far each run came.

    Raises:
        TypeError: `build` makes no recipe, or values are neither sequence nor range.
        ValueError: no values for a name; what `fnn.sweep` raises.

    Example:
        >>> import fnn
        >>> train, test = fnn.data.stratified_split(fnn.data.digits())
        >>> def build(rate):
        ...     return fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...         fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam(rate))
        >>> found = fnn.successive_halving(build, {"rate": fnn.LogUniform(1e-5, 1e-1)},
        ...     jax.random.key(0), train, test, runs=9, epochs=9)
        >>> sorted(found.epochs.tolist())
        [1, 1, 1, 1, 1, 1, 3, 3, 9]
    """
    check_size("factor", factor, at_least=2)
    check_no_early_stopping(training)
    check_given("validation", validation, "a search")
    check_size("epochs", epochs)
    points = random_points(values, key, runs)
    recipes = built(build, points)
    rounds = _floor_log(min(runs, epochs), factor)
    given, scores = np.zeros(runs, int), np.full(runs, np.nan)
    alive, states = np.arange(runs), list[TrainState]()
    for left in range(rounds, -1, -1):
        more = epochs // factor**left - int(given[alive[0]])
        found = sweep(
            [recipes[run] for run in alive],
            key,
            data,
            validation=validation,
            order="shared",
            states=states or None,
            epochs=more,
            **training,
        )
        given[alive] += more
        scores[alive] = found.last(monitor)
        # Best first, so that the last round's first run is the best of all.
        order = found.ranking(monitor, maximize)[: max(1, len(alive) // factor)]
        alive, states = alive[order], [found.state(run) for run in order]
    return Search(points, recipes, scores, given, int(alive[0]), states[0])


def _floor_log(value: int, base: int) -> int:
    """How often `base` divides into `value`: exact, as a quotient of logs is not."""
    count = 0
    while value >= base:
        value //= base
        count += 1
    return count


def built(build: Build, points: Sequence[Point]) -> list[Recipe]:
    """The recipe of each point."""
    check_function("build", build, "a function that makes an fnn.Recipe")
    return [build(**point) for point in points]


def _judged(
    build: Build,
    points: list[Point],
    key: jax.Array,
    data: Any,
    validation: Any,
    monitor: str,
    maximize: bool,
    training: Training,
) -> Search:
    """All points, trained to the end."""
    check_given("validation", validation, "a search")
    recipes = built(build, points)
    found = sweep(recipes, key, data, validation=validation, order="shared", **training)
    best = int(found.ranking(monitor, maximize)[0])
    scores = found.last(monitor)
    return Search(points, recipes, scores, found.epochs, best, found.state(best))
