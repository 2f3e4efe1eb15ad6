"""Counts of right and wrong decisions, and the ratios of them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from fnn._core.data_checks import check_answers, check_predictions
from fnn._core.metric_checks import check_average, check_decisions
from fnn.metrics.base import floating


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
        (K, K) int32: row i, column j counts examples of class i predicted as j. A
        traced label that is no class counts nowhere; a concrete one raises.

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
    return cells.at[labels, predicted].add(1, wrap_negative_indices=False)


def precision(
    prediction: jax.Array, target: jax.Array, average: str = "macro"
) -> jax.Array:
    """Of the examples given to a class, the share that belongs there: TP / (TP + FP).

    A class to which nothing was given has precision 0 (errata J3).

    With K outputs the decision is the highest one. With a single output, a logit, the
    decision is yes above 0, and what is scored is the class yes alone. For two outputs
    that score, scikit-learn's "binary", is entry 1 of "none".

    Args:
        prediction: (B, K) logits or probabilities, or (B, 1) logits.
        target: (B,) integer labels, or (B, K) rows whose highest entry is the class;
            (B, 1) of 0 and 1 for one output.
        average: "macro", the mean of all K classes, those without examples included;
            "micro", the ratio of the counts of all classes together; "none", a value
            for each class. Static.

    Returns:
        A scalar in [0, 1], or (K,).

    Raises:
        ValueError: the shapes do not fit, or an unknown average.

    Example:
        >>> logits = jnp.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]])
        >>> precision(logits, jnp.array([0, 1, 1]), "none").tolist()
        [0.5, 1.0]
    """
    counts = _counts(prediction, target, average)
    return _ratio(counts.right, counts.right + counts.false, prediction, average)


def recall(
    prediction: jax.Array, target: jax.Array, average: str = "macro"
) -> jax.Array:
    """Of the examples of a class, the share that was found: TP / (TP + FN).

    A class without examples has recall 0 (errata J3).

    Args:
        prediction: (B, K) logits or probabilities, or (B, 1) logits.
        target: (B,) integer labels, or (B, K) rows; see `precision`.
        average: "macro", "micro" or "none"; see `precision`.

    Returns:
        A scalar in [0, 1], or (K,).

    Raises:
        ValueError: the shapes do not fit, or an unknown average.

    Example:
        >>> logits = jnp.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]])
        >>> recall(logits, jnp.array([0, 1, 1]), "none").tolist()
        [1.0, 0.5]
    """
    counts = _counts(prediction, target, average)
    return _ratio(counts.right, counts.right + counts.missed, prediction, average)


def f1(prediction: jax.Array, target: jax.Array, average: str = "macro") -> jax.Array:
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

    0 for a class that neither has examples nor was given any (errata J3). The macro
    average is the mean of the classes' F1, not the F1 of the mean precision and recall.

    Args:
        prediction: (B, K) logits or probabilities, or (B, 1) logits.
        target: (B,) integer labels, or (B, K) rows; see `precision`.
        average: "macro", "micro" or "none"; see `precision`.

    Returns:
        A scalar in [0, 1], or (K,).

    Raises:
        ValueError: the shapes do not fit, or an unknown average.

    Example:
        >>> logits = jnp.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [0.0, 1.0]])
        >>> f1(logits, jnp.array([0, 1, 1, 0]), "none").tolist()
        [0.5, 0.5]
    """
    counts = _counts(prediction, target, average)
    everything = 2 * counts.right + counts.false + counts.missed
    return _ratio(2 * counts.right, everything, prediction, average)


class _Counts(NamedTuple):
    right: jax.Array
    false: jax.Array
    missed: jax.Array


def _counts(prediction: jax.Array, target: jax.Array, average: str) -> _Counts:
    """True positives, false positives and false negatives of each class, int32."""
    check_average(average)
    check_decisions(prediction, target)
    if prediction.shape[1] == 1:
        said, true = prediction > 0, target.astype(bool)
        pairs = (said & true, said & ~true, ~said & true)
        return _Counts(*(jnp.sum(p, axis=0, dtype=jnp.int32) for p in pairs))
    cells = confusion_matrix(prediction, target)
    right = jnp.diagonal(cells)
    # Rows are the true classes, columns the predicted ones.
    given, there = (jnp.sum(cells, axis=axis, dtype=jnp.int32) for axis in (0, 1))
    return _Counts(right, given - right, there - right)


def _ratio(
    part: jax.Array, whole: jax.Array, prediction: jax.Array, average: str
) -> jax.Array:
    """part / whole with 0 / 0 = 0, over the classes as `average` says."""
    if average == "micro":
        part, whole = (jnp.sum(n, dtype=jnp.int32) for n in (part, whole))
    dtype = floating(prediction).dtype
    # The numerator of an empty whole is 0 as well.
    ratio = part.astype(dtype) / jnp.maximum(whole, 1).astype(dtype)
    return jnp.mean(ratio) if average == "macro" else ratio


def _labels(prediction: jax.Array, target: jax.Array) -> tuple[jax.Array, jax.Array]:
    check_predictions(prediction, target)
    rows = target.ndim == 2
    labels = jnp.argmax(target, axis=1) if rows else jnp.asarray(target, jnp.int32)
    return labels.astype(jnp.int32), jnp.argmax(prediction, axis=1).astype(jnp.int32)
