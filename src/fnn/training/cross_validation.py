"""Cross-validation: a network for each recipe and fold, many trained at a time."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from fnn._core.checks import check_choice
from fnn._core.sweep_checks import check_folds
from fnn.data.base import as_batch
from fnn.data.folds import Fold
from fnn.training.base import Recipe
from fnn.training.chunks import Data, Plan
from fnn.training.evaluate import Metric, names_of
from fnn.training.many import picked, train_many
from fnn.training.sweep import as_sweep, paired


class CrossValidation(NamedTuple):
    """What `fnn.cross_validate` measured.

    Attributes:
        recipes: one for each row.
        loss: (recipes, folds, epochs) mean training loss.
        validation: for "loss" and each metric, (recipes, folds, epochs) on the part of
            the fold that was not trained on.
    """

    recipes: tuple[Recipe, ...]
    loss: np.ndarray
    validation: dict[str, np.ndarray]

    def scores(self, monitor: str = "loss") -> np.ndarray:
        """(recipes, folds) "loss" or a metric, after the last epoch.

        Their mean over the folds estimates how good a recipe is. Their standard
        deviation is no error bar of it: the folds share their training examples.
        """
        hint = "Pass its function in metrics."
        check_choice("monitor", monitor, tuple(self.validation), hint)
        return self.validation[monitor][:, :, -1]


def cross_validate(
    recipes: Recipe | Sequence[Recipe],
    keys: jax.Array,
    data: Any,
    *,
    folds: Sequence[Fold],
    epochs: int,
    batch_size: int = 32,
    metrics: Sequence[Metric] = (),
    chunk: int | None = None,
) -> CrossValidation:
    """Train every recipe on every fold, many at a time, and judge each on the rest.

    Training rows are gathered batch by batch, test rows after each epoch; the data set
    itself is there once. A fold's numbers are those of `fnn.fit` with its recipe and
    key on `fnn.data.take(data, fold.train)`, to rounding: every example counts, in
    batches as large as there. So nothing is trimmed, nor padded with examples of weight
    0, which metrics would count and which would change the shuffle. Each size of fold,
    and each structure of recipe, is a program; k folds have at most two sizes.

    Args:
        recipes: one, or several to compare.
        keys: one for each recipe, or one for all. All folds of a recipe start from its
            key, so that they differ by their data alone.
        data: an `fnn.Batch` or a tuple (x, y) or (x, y, weight) of all examples.
        folds: of `fnn.data.k_fold` or `fnn.data.stratified_k_fold`.
        epochs: passes over a fold's training part.
        batch_size: examples in a step.
        metrics: functions of (predictions, targets), such as those of `fnn.metrics`.
        chunk: runs trained together, as in `fnn.sweep`.

    Returns:
        A `CrossValidation`.

    Raises:
        TypeError: dtypes or parts do not fit.
        ValueError: rows that the data do not have, in both parts or all of weight 0;
            what `fnn.sweep` raises.

    Example:
        >>> import fnn
        >>> data = fnn.data.digits()
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam(1e-2))
        >>> found = fnn.cross_validate(recipe, jax.random.key(0), data,
        ...     folds=fnn.data.stratified_k_fold(data.y, 3), epochs=5,
        ...     metrics=(fnn.metrics.accuracy,))
        >>> found.scores("accuracy").shape, bool(found.scores("accuracy").min() > 0.7)
        ((1, 3), True)
    """
    names_of(metrics)
    train = as_batch(data)
    check_folds(folds, Fold, len(train.x), train.weight)
    recipes, keys = paired(recipes, keys)
    # Every recipe with every fold: a recipe's folds are neighbours.
    runs = [(row, fold) for row in range(len(recipes)) for fold in folds]
    rows = [row for row, _ in runs]
    groups = train_many(
        Plan(epochs, batch_size, tuple(metrics)),
        [recipes[row] for row in rows],
        picked(keys, rows),
        Data(train, None, None),
        folds=[fold for _, fold in runs],
        chunk=chunk,
    )
    found = as_sweep([recipes[row] for row in rows], groups)
    shape = (len(recipes), len(folds), epochs)
    validation = {name: v.reshape(shape) for name, v in found.validation.items()}
    return CrossValidation(tuple(recipes), found.loss.reshape(shape), validation)
