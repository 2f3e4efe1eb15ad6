"""Every model on the same folds of a data set, and what came of it."""

import time
from typing import NamedTuple, Protocol

import jax
import numpy as np

import fnn
from fnn.cli.networks import linear, multilayer
from fnn.cli.significance import corrected_t_test
from fnn.data import Batch, Fold, Standardize, take

# The model that every other one is tested against, chosen before anything is seen.
REFERENCE = "fnn network"


class Model(Protocol):
    """A row of the table; its `str` tells how it is made."""

    def predict(self, train: Batch, x: np.ndarray, fold: int) -> np.ndarray:
        """Train on a fold, its number counted from 0, and predict for x."""
        ...


class Cell(NamedTuple):
    """One model on one data set.

    Attributes:
        model: its row.
        data: its column.
        scores: accuracy or R2 on the test part of each fold.
        mean: of the scores.
        spread: their standard deviation, with folds - 1 in the divisor.
        best: whether no other model's mean is higher.
        p_value: of the difference from `REFERENCE`, by `corrected_t_test`; None for
            that model itself.
        seconds: of each fold, training and prediction; what compiles is in the first.
    """

    model: str
    data: str
    scores: list[float]
    mean: float
    spread: float
    best: bool
    p_value: float | None
    seconds: list[float]


def compare(
    name: str, data: Batch, rows: dict[str, Model], parts: list[tuple[Batch, Batch]]
) -> list[Cell]:
    """The column of a data set: every model trained and tested on the same parts.

    Args:
        name: of the data set.
        data: all of it, for its kind.
        rows: the models by name, `REFERENCE` among them.
        parts: training and test part of each fold.
    """
    metric = jax.jit(fnn.metrics.accuracy if is_labelled(data) else fnn.metrics.r2)
    scores: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    for model, row in rows.items():
        scores[model], seconds[model] = [], []
        for fold, (train, test) in enumerate(parts):
            start = time.perf_counter()
            prediction = row.predict(train, test.x, fold)
            seconds[model].append(time.perf_counter() - start)
            scores[model].append(float(metric(prediction, test.y)))
    means = {model: float(np.mean(found)) for model, found in scores.items()}
    highest = max(means.values())
    test_share = sum(len(test.x) for _, test in parts) / sum(
        len(train.x) for train, _ in parts
    )

    def p_value(model: str) -> float | None:
        if model == REFERENCE:
            return None
        pairs = zip(scores[model], scores[REFERENCE], strict=True)
        return corrected_t_test([a - b for a, b in pairs], test_share)

    return [
        Cell(
            model,
            name,
            found,
            means[model],
            spread=float(np.std(found, ddof=1)),
            best=means[model] == highest,
            p_value=p_value(model),
            seconds=seconds[model],
        )
        for model, found in scores.items()
    ]


def cut(data: Batch, folds: int, seed: int) -> list[Fold]:
    """Folds of training parts of one size, for which a network compiles once.

    The sizes that come differ by at most one, so no fold loses more than one example,
    and it loses it for every model.
    """
    if is_labelled(data):
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
    if is_labelled(data):
        return train, test
    scale = Standardize.fit(train.y)
    return train._replace(y=scale(train.y)), test._replace(y=scale(test.y))


def models(data: Batch, rows: int, seed: int) -> dict[str, Model]:
    """Every row of the table.

    Args:
        data: the whole set, for its shapes.
        rows: training examples of a fold.
        seed: of whatever is random.
    """
    from fnn.cli.baselines import Estimator, classifiers, regressors

    features, classes = data.x.shape[1], count_classes(data)
    estimators = (classifiers if classes else regressors)(seed)
    return {
        REFERENCE: multilayer(features, classes, rows, seed),
        "fnn linear": linear(features, classes, rows, seed),
        **{name: Estimator(made, classes) for name, made in estimators.items()},
    }


def is_labelled(data: Batch) -> bool:
    """Whether the targets are labels (B,) and not values (B, 1)."""
    return data.y.ndim == 1


def count_classes(data: Batch) -> int:
    """The number of classes, or 0 if the targets are values."""
    return int(data.y.max()) + 1 if is_labelled(data) else 0
