"""A batch, and how it is cut from a data set."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from fnn._core.checks import check_key
from fnn._core.data_checks import check_batch, check_examples
from fnn.data.epochs import epoch_indices


class Batch(NamedTuple):
    """Examples along the first axis; a whole data set is a batch as well.

    Attributes:
        x: (B, n) inputs, floating.
        y: (B, ...) targets: (B,) integer labels, or (B, K).
        weight: (B,) weights of the examples, or None for equal ones.

    Example:
        >>> Batch(np.zeros((4, 3), np.float32), np.zeros(4, np.int32)).x.shape
        (4, 3)
    """

    x: Any
    y: Any
    weight: Any = None


def as_batch(data: Any) -> Batch:
    """An `fnn.Batch` or a tuple (x, y) or (x, y, weight) as a batch that fits together.

    Raises:
        TypeError: it is no such tuple, or its dtypes are wrong.
        ValueError: its shapes or concrete values are wrong.
    """
    check_examples(data)
    data = Batch(*data)
    check_batch(*data)
    return data


def take(data: Batch, rows: Any) -> Batch:
    """The examples with these row numbers, as a batch.

    Args:
        data: the examples.
        rows: (R,) integers from 0 to B - 1, repeated as often as you like. An index
            out of range raises for NumPy arrays, but not for JAX arrays.

    Example:
        >>> data = Batch(np.arange(6.0).reshape(3, 2), np.array([0, 1, 2]))
        >>> take(data, np.array([2, 0])).y.tolist()
        [2, 0]
    """
    return jax.tree.map(lambda array: array[rows], data)


def batches(
    data: Batch, batch_size: int, key: jax.Array, epoch: int = 0
) -> Iterator[Batch]:
    """One epoch as a Python iterator over shuffled batches.

    The order is a pure function of (key, epoch): the one `fnn.train_epoch` takes for a
    state that began with this key. Examples that do not fill a batch are left out of
    this epoch; another epoch leaves out others.

    Args:
        data: the examples.
        batch_size: examples in a batch.
        key: a key of `jax.random`.
        epoch: number of the epoch.

    Raises:
        ValueError: the data are empty or do not fit together, or `batch_size` is more
            than their number.

    Example:
        >>> data = Batch(np.ones((10, 2), np.float32), np.arange(10))
        >>> [batch.x.shape for batch in batches(data, 4, jax.random.key(0))]
        [(4, 2), (4, 2)]
    """
    data = as_batch(data)
    check_key(key)
    rows = np.asarray(epoch_indices(key, epoch, len(data.x), batch_size))
    return (take(data, row) for row in rows)
