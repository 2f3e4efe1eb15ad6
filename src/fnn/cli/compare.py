"""`fnn compare`: networks beside the models of scikit-learn, on the same folds."""

import sys
import time
from typing import Any, NamedTuple

import jax
import numpy as np
from rich.console import Console
from rich.table import Table

import fnn
from fnn._core.checks import Range, check_range
from fnn.cli.networks import RECIPES, Predictor, linear, multilayer
from fnn.cli.options import Compare, check_seed, print_json
from fnn.data import Batch, Fold, Standardize, take


class Cell(NamedTuple):
    """One model on one data set.

    Attributes:
        model: its row.
        data: its column.
        scores: accuracy or R2 on the test part of each fold.
        mean: of the scores.
        spread: their standard deviation, with folds - 1 in the divisor.
        best: whether no other model's mean is higher.
        seconds: of each fold, training and prediction; what compiles is in the first.
    """

    model: str
    data: str
    scores: list[float]
    mean: float
    spread: float
    best: bool
    seconds: list[float]


def run(options: Compare, started: float) -> int:
    """Train every model on every fold and tell; returns the exit status.

    Args:
        options: the flags.
        started: reading of `time.perf_counter` when the command began.

    Raises:
        ValueError: a flag is out of its range.
    """
    check_seed(options.seed)
    # Beyond 40, a class of wine would be missing from some test parts.
    check_range("--folds", options.folds, Range(at_least=2, at_most=40))
    if not options.data:
        raise ValueError("--data must name at least one data set.")
    try:
        from fnn.cli.baselines import load
    except ModuleNotFoundError as error:
        if error.name != "sklearn":
            raise
        told = "fnn: sklearn is not installed: pip install 'fnn[sklearn]'"
        print(told, file=sys.stderr)
        return 2
    console = console_for(options.json)
    cells: list[Cell] = []
    columns: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(options.data):
        data = load(name)
        columns[name] = describe(data)
        console.print(in_words(name, columns[name]))
        cells += compare(name, data, options.folds, options.seed)
    seconds = time.perf_counter() - started
    if options.json:
        print_json(
            {
                "data": columns,
                "cells": [cell._asdict() for cell in cells],
                "recipes": RECIPES,
                "folds": options.folds,
                "seed": options.seed,
                "seconds": seconds,
            }
        )
        return 0
    console.print()
    console.print(score_table(cells, columns))
    console.print(
        f"* best mean of its column; +- standard deviation over {options.folds} folds"
    )
    console.print("\nseconds of all folds: training, prediction and what compiles")
    console.print(second_table(cells, columns))
    console.print(f"\n{seconds:.1f} seconds in all, seed {options.seed}")
    return 0


def console_for(json: bool) -> Console:
    """Where to tell a human: stdout is for the JSON object if that is asked."""
    return Console(stderr=json, highlight=False, soft_wrap=True)


def compare(name: str, data: Batch, folds: int, seed: int) -> list[Cell]:
    """Every model on the same folds of one data set."""
    labels = data.y.ndim == 1
    # Pixels share their units, see `Standardize.fit`; other features do not.
    shared = name == "digits"
    parts = [prepare(data, fold, shared) for fold in cut(data, folds, seed)]
    metric = jax.jit(fnn.metrics.accuracy if labels else fnn.metrics.r2)
    drafts: list[Cell] = []
    for model, predict in models(data, len(parts[0][0].x), seed).items():
        scores, seconds = [], []
        for number, (train, test) in enumerate(parts):
            start = time.perf_counter()
            prediction = predict(train, test.x, number)
            seconds.append(time.perf_counter() - start)
            scores.append(float(metric(prediction, test.y)))
        spread = float(np.std(scores, ddof=1))
        mean = float(np.mean(scores))
        drafts.append(Cell(model, name, scores, mean, spread, False, seconds))
    highest = max(cell.mean for cell in drafts)
    return [cell._replace(best=cell.mean == highest) for cell in drafts]


def cut(data: Batch, folds: int, seed: int) -> list[Fold]:
    """Folds of training parts of one size, for which a network compiles once.

    The sizes that come differ by at most one, so no fold loses more than one example,
    and it loses it for every model.
    """
    if data.y.ndim == 1:
        parts = fnn.data.stratified_k_fold(data.y, folds, seed)
    else:
        parts = fnn.data.k_fold(len(data.x), folds, seed)
    size = min(len(fold.train) for fold in parts)
    return [Fold(fold.train[:size], fold.test) for fold in parts]


def prepare(data: Batch, fold: Fold, shared: bool) -> tuple[Batch, Batch]:
    """Training and test part, with scales from the training part.

    Values to be predicted are standardized too, which R2 does not see.
    """
    train, test = take(data, fold.train), take(data, fold.test)
    scale = Standardize.fit(train.x, shared)
    train, test = (part._replace(x=scale(part.x)) for part in (train, test))
    if data.y.ndim == 1:
        return train, test
    scale = Standardize.fit(train.y)
    return train._replace(y=scale(train.y)), test._replace(y=scale(test.y))


def models(data: Batch, rows: int, seed: int) -> dict[str, Predictor]:
    """Every row of the table, as a function that trains and predicts.

    Args:
        data: the whole set, for its shapes.
        rows: training examples of a fold.
        seed: of whatever is random.
    """
    from fnn.cli.baselines import classifiers, predict, regressors

    labels, features = data.y.ndim == 1, data.x.shape[1]
    classes = int(data.y.max()) + 1 if labels else 0
    found: dict[str, Predictor] = {
        "fnn network": multilayer(features, classes, rows, seed),
        "fnn linear": linear(features, classes, rows, seed),
    }
    make = classifiers if labels else regressors

    def fitted(estimator: Any) -> Predictor:
        return lambda train, x, _: predict(estimator, train, x, classes)

    return found | {name: fitted(estimator) for name, estimator in make(seed).items()}


def describe(data: Batch) -> dict[str, Any]:
    """What a column is: its sizes and its metric."""
    labels = data.y.ndim == 1
    return {
        "examples": len(data.x),
        "features": data.x.shape[1],
        "classes": int(data.y.max()) + 1 if labels else None,
        "metric": "accuracy" if labels else "R2",
    }


def in_words(name: str, column: dict[str, Any]) -> str:
    """A column in words."""
    classes = f"{column['classes']} classes, " if column["classes"] else ""
    return (
        f"{name}: {column['examples']:,} examples, {column['features']} features, "
        f"{classes}{column['metric']}"
    )


def score_table(cells: list[Cell], columns: dict[str, dict[str, Any]]) -> Table:
    """Mean and spread of each cell, for a human: accuracies in percent."""
    words = {}
    for cell in cells:
        factor, digits = (100, 1) if columns[cell.data]["classes"] else (1, 3)
        mean, spread = factor * cell.mean, factor * cell.spread
        text = f"{mean:.{digits}f} +- {spread:.{digits}f}"
        best = f"[bold]{text}*[/]" if cell.best else f"{text} "
        words[cell.model, cell.data] = best
    metrics = (
        "% right " if column["classes"] else "R2 " for column in columns.values()
    )
    grid = _grid(["", *(f"{name} " for name in columns)])
    grid.add_row("", *metrics)
    for model in _rows(cells):
        grid.add_row(model, *(words[model, name] for name in columns))
    return grid


def second_table(cells: list[Cell], columns: dict[str, dict[str, Any]]) -> Table:
    """What each cell took, all folds together."""
    seconds = {(cell.model, cell.data): sum(cell.seconds) for cell in cells}
    grid = _grid(["", *columns])
    for model in _rows(cells):
        grid.add_row(model, *(f"{seconds[model, name]:.2f}" for name in columns))
    return grid


def _rows(cells: list[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.model for cell in cells))


def _grid(heads: list[str]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for number, _ in enumerate(heads):
        grid.add_column(justify="right" if number else "left", no_wrap=True)
    grid.add_row(*heads)
    return grid
