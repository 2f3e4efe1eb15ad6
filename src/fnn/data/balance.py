"""Classes of unequal size: weigh their examples, or sample them."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from fnn._core.checks import check_size
from fnn._core.data_checks import check_labels
from fnn._core.sampling_checks import (
    check_class_labels,
    check_no_class_missing,
    check_shares,
    check_weights_of_classes,
)
from fnn.data.base import Batch, as_batch, take


def class_weights(labels: Any, classes: int | None = None) -> np.ndarray:
    """Balanced weights: class k with B_k of the B examples gets B / (K B_k).

    The examples of each class then weigh B / K together, and all of them B. These are
    scikit-learn's "balanced" weights.

    Args:
        labels: (B,) integer labels from 0 to K - 1.
        classes: number of classes K; one more than the highest label if not given.

    Returns:
        (K,) in the default float dtype.

    Raises:
        TypeError: labels are not an array of integers.
        ValueError: a label is out of range, or a class has no examples.

    Example:
        >>> class_weights(np.array([0, 0, 0, 0, 1])).tolist()
        [0.625, 2.5]
    """
    if classes is not None:
        check_size("classes", classes)
    check_class_labels(labels, classes)
    labels = np.asarray(labels)
    classes = int(labels.max()) + 1 if classes is None else classes
    check_class_labels(labels, classes)
    counts = np.bincount(labels, minlength=classes)
    check_no_class_missing(counts)
    weights = len(labels) / (len(counts) * counts)
    return weights.astype(jnp.result_type(float))


def example_weights(labels: Any, weights: Any) -> Any:
    """The weight of each example's class, for `Batch.weight`.

    With it the loss is sum_b weight_b loss_b / sum_b weight_b: this is how fnn weighs
    classes, for every loss (errata F12). Batch normalization counts each example once.

    Args:
        labels: (B,) integer labels from 0 to K - 1, concrete.
        weights: (K,) weights of the classes, as `class_weights` gives them.

    Returns:
        (B,) in the dtype of `weights`.

    Raises:
        TypeError: labels are not an array of integers.
        ValueError: a label has no weight, or a weight is below 0.

    Example:
        >>> example_weights(np.array([1, 0, 1]), np.array([0.5, 2.0])).tolist()
        [2.0, 0.5, 2.0]
    """
    check_weights_of_classes(weights)
    check_class_labels(labels, len(weights))
    return weights[labels]


def resample(
    data: Batch, shares: Any = None, size: int | None = None, seed: int = 0
) -> Batch:
    """Draw examples so that the classes have given shares.

    A class that gets fewer places than it has examples is under-sampled: some examples
    are left out, none is taken twice. One that gets more is over-sampled: every example
    is taken as often as any other, up to one. Resample the training data alone, after
    the split, or copies of an example stand on both sides.

    Args:
        data: examples with integer labels y of shape (B,) from 0 to K - 1.
        shares: (K,) shares of the classes, with the sum 1; equal ones for the classes
            that have examples if not given.
        size: how many examples to draw; as many as there are if not given.
        seed: another seed gives another sample.

    Returns:
        A batch, in the order of the data.

    Raises:
        TypeError: y does not hold integer labels.
        ValueError: the shares do not fit.

    Example:
        >>> data = Batch(np.arange(8.0)[:, None], np.array([0, 0, 0, 0, 0, 0, 1, 1]))
        >>> resample(data, seed=0).y.tolist(), resample(data, (0.5, 0.5), 4).y.tolist()
        ([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1])
    """
    data = as_batch(data)
    check_labels(data.y)
    labels = np.asarray(data.y)
    check_class_labels(labels, int(labels.max()) + 1)
    counts = np.bincount(labels)
    if shares is None:
        shares = (counts > 0) / np.count_nonzero(counts)
    check_shares(shares, counts)
    size = len(labels) if size is None else size
    check_size("size", size)
    random = np.random.default_rng(seed)
    rows = []
    for label, places in enumerate(_places(np.asarray(shares, float), size)):
        members = random.permutation(np.flatnonzero(labels == label))
        # Once around the shuffled class after another; the last time not quite.
        rows.append(np.resize(members, places) if places else members[:0])
    return take(data, np.sort(np.concatenate(rows)))


def _places(shares: np.ndarray, size: int) -> np.ndarray:
    """Whole numbers in these shares with the sum `size`, by largest remainders."""
    exact = shares / shares.sum() * size
    places = np.floor(exact).astype(int)
    places[np.argsort(places - exact, kind="stable")[: size - places.sum()]] += 1
    return places
