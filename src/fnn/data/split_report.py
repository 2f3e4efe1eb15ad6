"""Whether two parts of a data set are alike."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from fnn._core.feature_checks import check_same_features
from fnn.data.base import as_batch
from fnn.data.preprocessing import Standardize


class SplitReport(NamedTuple):
    """What `split_report` found.

    Attributes:
        classes: (K,) the labels that occur in either part, in order; None where
            targets are no labels.
        train_shares: (K,) share of each in the first part, or None.
        test_shares: (K,) share of each in the second, or None.
        drift: (n,) how far the mean of each feature moves from the first part to the
            second, in the first part's standard deviations.
        noise: the standard deviation of a drift if chance alone split the data; of
            many features some drift by three times as much.
    """

    classes: np.ndarray | None
    train_shares: np.ndarray | None
    test_shares: np.ndarray | None
    drift: np.ndarray
    noise: float


def split_report(train: Any, test: Any) -> SplitReport:
    """Compare class shares and feature means of two parts of a data set.

    A part that was not drawn at random, the last months, another hospital, has other
    shares or means: what is measured on it is then not what will be met (selection
    bias).

        drift_j = (mean_test x_j - mean_train x_j) / deviation_train x_j
        noise   = sqrt(1 / B_train + 1 / B_test)

    A feature that never varies in the first part has the deviation 1.

    Args:
        train: an `fnn.Batch` or a tuple (x, y) or (x, y, weight).
        test: likewise, of the same features.

    Returns:
        Shares, drift and noise.

    Raises:
        TypeError: dtypes do not fit.
        ValueError: the features are not as many, or values are not finite.

    Example:
        >>> from fnn.data import digits, stratified_split
        >>> report = split_report(*stratified_split(digits()))
        >>> bool(abs(report.test_shares - report.train_shares).max() < 0.002)
        True
        >>> bool(abs(report.drift).max() < 4 * report.noise)
        True
    """
    train, test = as_batch(train), as_batch(test)
    check_same_features(train.x, test.x)
    scale = Standardize.fit(np.asarray(train.x, np.float64))
    drift = scale(np.asarray(test.x, np.float64)).mean(axis=0)
    noise = float(np.sqrt(1 / len(train.x) + 1 / len(test.x)))
    labels = [np.asarray(part.y) for part in (train, test)]
    if any(y.ndim != 1 or not jnp.issubdtype(y.dtype, jnp.integer) for y in labels):
        return SplitReport(None, None, None, drift, noise)
    classes = np.unique(np.concatenate(labels))
    first, second = (np.mean(y[:, None] == classes, axis=0) for y in labels)
    return SplitReport(classes, first, second, drift, noise)
