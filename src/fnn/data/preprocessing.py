"""Scale inputs, one-hot encode labels, split a data set."""

from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core.checks import check_order, check_size
from fnn._core.component import Component, number
from fnn._core.data_checks import (
    check_array,
    check_fraction,
    check_inputs,
    check_labels,
)
from fnn.data.base import Batch, as_batch, take


class Standardize(Component):
    """(x - mean) / deviation for each feature, with numbers taken from training data.

    Fit it on the training data alone and apply it to all. A feature that never varies
    gets the deviation 1.

    Attributes:
        mean: (n,) of the training data.
        deviation: (n,) biased standard deviation of the training data, or a scalar.

    Example:
        >>> train = np.array([[0.0, 7.0], [2.0, 7.0]], np.float32)
        >>> scale = Standardize.fit(train)
        >>> scale(train).tolist(), scale(np.array([[4.0, 7.0]], np.float32)).tolist()
        ([[-1.0, 0.0], [1.0, 0.0]], [[3.0, 0.0]])
    """

    mean: Any
    deviation: Any

    @classmethod
    def fit(cls, x: np.ndarray, shared: bool = False) -> Self:
        """Take mean and deviation of each feature from training data.

        Args:
            x: (B, n) training inputs.
            shared: use one deviation for all features. Right for pixels: each in its
                own units would make the border, where ink is rare, the loudest.
        """
        check_inputs(x)
        # Sums of many float32 numbers: taken in float64, then brought back.
        wide = np.asarray(x, np.float64)
        centered = wide - wide.mean(axis=0)
        # Ten times 0.1 has a mean that is not quite 0.1.
        centered = np.where(np.ptp(wide, axis=0) == 0, 0.0, centered)
        deviation = np.sqrt(np.square(centered).mean(axis=None if shared else 0))
        deviation = np.where(deviation > 0, deviation, 1.0)
        return cls(wide.mean(axis=0).astype(x.dtype), deviation.astype(x.dtype))

    def __call__(self, x: Any) -> Any:
        """Standardize x of shape (..., n)."""
        return (x - _aligned(self.mean, x)) / _aligned(self.deviation, x)


class MinMax(Component):
    """Map each feature's range in the training data to [low, high].

        (x - minimum) (high - low) / (maximum - minimum) + low

    Fit it on the training data alone and apply it to all: other data may lie outside.
    A feature that never varies becomes `low`. One outlier sets the scale for all other
    examples; `Standardize` suffers less.

    Attributes:
        minimum: (n,) of the training data.
        span: (n,) maximum - minimum of the training data, or 1 where that is 0.
        low: where the minimum goes.
        high: where the maximum goes.

    Example:
        >>> train = np.array([[0.0, 7.0], [4.0, 7.0]], np.float32)
        >>> scale = MinMax.fit(train, -1.0, 1.0)
        >>> scale(train).tolist(), scale(np.array([[6.0, 7.0]], np.float32)).tolist()
        ([[-1.0, -1.0], [1.0, -1.0]], [[2.0, -1.0]])
    """

    minimum: Any
    span: Any
    low: Any = number(default=0.0)
    high: Any = number(default=1.0)

    @classmethod
    def fit(cls, x: np.ndarray, low: float = 0.0, high: float = 1.0) -> Self:
        """Take the range of each feature from training data.

        Args:
            x: (B, n) training inputs.
            low: where the minimum goes; -1 for inputs on both sides of 0.
            high: where the maximum goes, above `low`.
        """
        check_inputs(x)
        check_order("low", low, high)
        array = np.asarray(x)
        span = np.ptp(array, axis=0)
        span = np.where(span > 0, span, np.ones_like(span))
        ends = (np.asarray(end, array.dtype) for end in (low, high))
        return cls(array.min(axis=0), span, *ends)

    def __call__(self, x: Any) -> Any:
        """Scale x of shape (..., n)."""
        share = (x - _aligned(self.minimum, x)) / _aligned(self.span, x)
        return share * (self.high - self.low) + self.low


def one_hot(labels: Any, classes: int) -> jax.Array:
    """Rows with a 1 in the label's column.

    Args:
        labels: (B,) integers from 0 to classes - 1.
        classes: number of columns K.

    Returns:
        (B, K) in the default float dtype.

    Raises:
        TypeError: the labels are not an array of integers.
        ValueError: a concrete label is out of range.

    Example:
        >>> one_hot(np.array([2, 0]), 3).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    check_size("classes", classes)
    check_array("labels", labels)
    check_labels(labels, classes, name="labels")
    return jax.nn.one_hot(jnp.asarray(labels), classes, dtype=jnp.result_type(float))


def stratified_split(
    data: Batch, fraction: float = 0.2, seed: int = 0
) -> tuple[Batch, Batch]:
    """Split off a share of the examples, with the same share of every class.

    Class sizes are rounded so that the total is right: the classes with the largest
    remainders get one more. The order within both parts is that of the data.

    Args:
        data: examples with integer labels y of shape (B,).
        fraction: share of the second part, between 0 and 1.
        seed: another seed gives another split.

    Returns:
        (first, second), such as training and test data.

    Raises:
        TypeError: y does not hold integer labels.
        ValueError: a part would be empty.

    Example:
        >>> from fnn.data.digits import digits
        >>> train, test = stratified_split(digits(), 0.2)
        >>> len(train.x), len(test.x), np.bincount(test.y).tolist()
        (1438, 359, [36, 36, 35, 37, 36, 36, 36, 36, 35, 36])
    """
    data = as_batch(data)
    check_labels(data.y)
    labels = np.asarray(data.y)
    check_fraction(fraction, len(labels))
    total = round(len(labels) * fraction)
    classes, counts = np.unique(labels, return_counts=True)
    shares = counts * (total / len(labels))
    sizes = np.floor(shares).astype(int)
    largest = np.argsort(sizes - shares, kind="stable")[: total - sizes.sum()]
    sizes[largest] += 1
    random = np.random.default_rng(seed)
    second = np.zeros(len(labels), bool)
    for label, size in zip(classes, sizes, strict=True):
        members = random.permutation(np.flatnonzero(labels == label))
        second[members[:size]] = True
    return take(data, ~second), take(data, second)


def _aligned(numbers: Any, x: Any) -> Any:
    """Numbers of the features with leading axes of length 1, as many as x has."""
    return numbers.reshape((1,) * (x.ndim - numbers.ndim) + numbers.shape)
