"""Cross-validation: every example is in the test part of exactly one fold."""

from typing import Any, NamedTuple

import numpy as np

from fnn._core.checks import check_size
from fnn._core.sampling_checks import check_class_labels, check_splits


class Fold(NamedTuple):
    """Row numbers of one fold, both parts in rising order.

    `fnn.data.take(data, fold.train)` makes a batch of them; `fnn.cross_validate` trains
    on all folds at once.

    Attributes:
        train: rows to train on.
        test: rows to evaluate on.
    """

    train: np.ndarray
    test: np.ndarray


def k_fold(rows: int, n_splits: int = 5, seed: int = 0) -> list[Fold]:
    """Cut the examples, shuffled, into k parts; each is the test part once.

    The sizes of the test parts differ by at most one. The same cut as scikit-learn's
    KFold makes of the same permutation.

    Args:
        rows: number of examples.
        n_splits: number of folds k, from 2 to `rows`.
        seed: another seed gives another cut.

    Returns:
        The k folds.

    Raises:
        TypeError: a size is not an integer.
        ValueError: `n_splits` is not between 2 and `rows`.

    Example:
        >>> folds = k_fold(10, 3)
        >>> [len(fold.test) for fold in folds]
        [4, 3, 3]
        >>> sorted(row for fold in folds for row in fold.test.tolist())
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    check_size("rows", rows)
    check_splits(n_splits, rows)
    order = np.random.default_rng(seed).permutation(rows)
    parts = np.array_split(order, n_splits)
    return [_fold(np.sort(part), rows) for part in parts]


def stratified_k_fold(labels: Any, n_splits: int = 5, seed: int = 0) -> list[Fold]:
    """Cut the examples into k parts with the same share of every class in each.

    The examples are dealt out like cards, class after class: of n_c examples of a class
    each test part gets n_c / k, rounded down or up, and the sizes of the parts differ
    by at most one. A class with fewer than k examples is absent from some test parts.

    Args:
        labels: (B,) integer labels.
        n_splits: number of folds k, from 2 to B.
        seed: another seed gives another cut.

    Returns:
        The k folds.

    Raises:
        TypeError: labels are not an array of integers.
        ValueError: `n_splits` is not between 2 and B.

    Example:
        >>> labels = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1])
        >>> [labels[fold.test].tolist() for fold in stratified_k_fold(labels, 3)]
        [[0, 0, 1], [0, 0, 1], [0, 0, 1]]
    """
    check_class_labels(labels)
    labels = np.asarray(labels)
    check_splits(n_splits, len(labels))
    # Shuffled, then sorted by class, the order within a class staying random.
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    parts = (np.sort(order[first::n_splits]) for first in range(n_splits))
    return [_fold(part, len(labels)) for part in parts]


def _fold(test: np.ndarray, rows: int) -> Fold:
    return Fold(np.setdiff1d(np.arange(rows), test, assume_unique=True), test)
