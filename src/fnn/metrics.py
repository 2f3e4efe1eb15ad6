"""Metrics of predictions against targets; each is jit-able and takes a whole set."""

import jax
import jax.numpy as jnp

from fnn._core.data_checks import check_answers, check_predictions


def accuracy(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """The share of examples whose highest output is the target's class.

    Args:
        prediction: (B, K) logits or probabilities.
        target: (B,) integer labels, or (B, K) rows whose highest entry is the class.

    Returns:
        A scalar in [0, 1].

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> logits = jnp.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]])
        >>> float(accuracy(logits, jnp.array([0, 1, 1])))
        0.6666666865348816
    """
    labels, predicted = _labels(prediction, target)
    return jnp.mean((predicted == labels).astype(jnp.float32))


def binary_accuracy(
    prediction: jax.Array, target: jax.Array, threshold: float = 0.0
) -> jax.Array:
    """The share of entries on the target's side of the threshold.

    Args:
        prediction: (B, K) logits, K yes-or-no answers an example.
        target: (B, K) of 0 and 1.
        threshold: predictions above it say 1; 0 for logits, 0.5 for probabilities.

    Returns:
        A scalar in [0, 1].

    Raises:
        ValueError: the shapes differ.

    Example:
        >>> float(binary_accuracy(jnp.array([[2.0], [-1.0]]), jnp.array([[1], [1]])))
        0.5
    """
    check_answers(prediction, target)
    agree = (prediction > threshold) == (target.astype(prediction.dtype) > 0.5)
    return jnp.mean(agree.astype(jnp.float32))


def confusion_matrix(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """Counts of (true class, predicted class).

    Args:
        prediction: (B, K) logits or probabilities.
        target: (B,) integer labels, or (B, K) rows whose highest entry is the class.

    Returns:
        (K, K) int32: row i, column j counts examples of class i predicted as j.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> logits = jnp.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]])
        >>> confusion_matrix(logits, jnp.array([0, 1, 1])).tolist()
        [[1, 0], [1, 1]]
    """
    labels, predicted = _labels(prediction, target)
    classes = prediction.shape[1]
    cells = jnp.zeros((classes, classes), jnp.int32)
    return cells.at[labels, predicted].add(1)


def _labels(prediction: jax.Array, target: jax.Array) -> tuple[jax.Array, jax.Array]:
    check_predictions(prediction, target)
    rows = target.ndim == 2
    labels = jnp.argmax(target, axis=1) if rows else jnp.asarray(target, jnp.int32)
    return labels.astype(jnp.int32), jnp.argmax(prediction, axis=1).astype(jnp.int32)
