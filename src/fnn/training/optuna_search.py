"""Optuna proposes the points, fnn trains them side by side."""

from collections.abc import Mapping
from typing import Any, Unpack

import jax
import numpy as np

from fnn._core.checks import check_given, check_size
from fnn._core.sweep_checks import check_values
from fnn.training.base import Recipe, TrainState
from fnn.training.points import LogUniform, Point, Uniform, Values
from fnn.training.search import Build, Search, Training, built
from fnn.training.sweep import sweep


def optuna_search(
    study: Any,
    build: Build,
    values: Mapping[str, Values],
    key: jax.Array,
    data: Any,
    validation: Any,
    *,
    runs: int,
    together: int = 16,
    monitor: str = "loss",
    **training: Unpack[Training],
) -> Search:
    """Train the points that an Optuna study asks for, many at a time in one program.

    The study's sampler learns from every run: it is Bayesian by default. Its direction
    says whether larger is better; a run that diverged is told as failed. fnn does not
    import Optuna: `pip install 'fnn[optuna]'`.

    Args:
        study: of `optuna.create_study`, with one objective.
        build: makes an `fnn.Recipe`, called with one value for each name.
        values: for each name an `fnn.Uniform`, an `fnn.LogUniform`, or values to choose
            from.
        key: of every run.
        data: an `fnn.Batch` or a tuple (x, y) or (x, y, weight) to train on.
        validation: examples to judge by.
        runs: how many points.
        together: points asked for before any of them is answered.
        monitor: "loss" or the name of a metric.
        training: `epochs`, and `batch_size`, `metrics`, `chunk` and `early_stopping` of
            `fnn.sweep`.

    Returns:
        A `Search`, of these runs and not of earlier ones in the study.

    Raises:
        TypeError: `build` makes no recipe, or values are neither sequence nor range.
        ValueError: no values for a name; what `fnn.sweep` raises.

    Example:
        >>> import optuna  # doctest: +SKIP
        >>> study = optuna.create_study(direction="minimize")  # doctest: +SKIP
        >>> found = optuna_search(study, build, {"rate": LogUniform(1e-5, 1e-1)},
        ...     key, train, test, runs=64, epochs=5)  # doctest: +SKIP
    """
    check_given("validation", validation, "a search")
    check_size("runs", runs)
    check_size("together", together)
    check_values(values, ranges=(Uniform, LogUniform))
    sign = -1 if study.direction.name == "MAXIMIZE" else 1
    points, recipes = list[Point](), list[Recipe]()
    scores, states = list[float](), list[TrainState]()
    epochs = list[int]()
    while len(points) < runs:
        trials = [study.ask() for _ in range(min(together, runs - len(points)))]
        asked = [_point(trial, values) for trial in trials]
        made = built(build, asked)
        found = sweep(
            made, key, data, validation=validation, order="shared", **training
        )
        last = found.last(monitor)
        for trial, score in zip(trials, last, strict=True):
            # To Optuna a trial without a value has failed.
            study.tell(trial, float(score) if np.isfinite(score) else None)
        points += asked
        recipes += made
        scores += last.tolist()
        epochs += found.epochs.tolist()
        states += [found.state(run) for run in range(len(made))]
    best = int(np.argsort(sign * np.asarray(scores), kind="stable")[0])
    return Search(
        points, recipes, np.asarray(scores), np.asarray(epochs), best, states[best]
    )


def _point(trial: Any, values: Mapping[str, Values]) -> Point:
    return {name: _suggested(trial, name, choices) for name, choices in values.items()}


def _suggested(trial: Any, name: str, choices: Values) -> Any:
    if isinstance(choices, Uniform | LogUniform):
        log = isinstance(choices, LogUniform)
        return trial.suggest_float(name, choices.low, choices.high, log=log)
    return trial.suggest_categorical(name, list(choices))
