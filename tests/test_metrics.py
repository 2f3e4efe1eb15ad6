"""Metrics against loops in plain Python."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn.metrics import accuracy, binary_accuracy, confusion_matrix

CLASSES = 4
ROWS = 60


def case(rng: np.random.Generator) -> tuple[Any, Any]:
    """Logits (B, K) and labels (B,), about half of them right."""
    labels = rng.integers(0, CLASSES, ROWS)
    logits = rng.normal(size=(ROWS, CLASSES)) + 1.5 * np.eye(CLASSES)[labels]
    return logits.astype(np.float32), labels


def decide(row: np.ndarray) -> int:
    return max(range(CLASSES), key=lambda k: row[k])


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "int8"])
def test_accuracy_and_confusion_matrix(dtype: str, rng: np.random.Generator) -> None:
    logits, labels = case(rng)
    target = labels.astype(dtype)
    counts = np.zeros((CLASSES, CLASSES), int)
    for row, label in zip(logits, labels, strict=True):
        counts[label, decide(row)] += 1
    right = sum(decide(row) == k for row, k in zip(logits, labels, strict=True))
    assert 0 < right < ROWS
    for jit in (lambda f: f, jax.jit):
        assert float(jit(accuracy)(logits, target)) == pytest.approx(right / ROWS)
        matrix = jit(confusion_matrix)(logits, target)
        np.testing.assert_array_equal(matrix, counts)
        assert matrix.dtype == jnp.int32


@pytest.mark.parametrize("metric", [accuracy, confusion_matrix])
def test_rows_for_targets(metric: Any, rng: np.random.Generator) -> None:
    """Soft or one-hot rows stand for the class of their highest entry."""
    logits, labels = case(rng)
    soft = (0.1 + 0.3 * np.eye(CLASSES)[labels]).astype(np.float32)
    np.testing.assert_array_equal(metric(logits, soft), metric(logits, labels))


def test_extremes(rng: np.random.Generator) -> None:
    _, labels = case(rng)
    right = np.eye(CLASSES, dtype=np.float32)[labels]
    assert float(accuracy(right, labels)) == 1  # pyright: ignore
    assert float(accuracy(-right, labels)) == 0  # pyright: ignore


@pytest.mark.parametrize("dtype", ["int32", "bool", "float32"])
@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_binary_accuracy(
    dtype: str, threshold: float, rng: np.random.Generator
) -> None:
    prediction = rng.normal(size=(ROWS, 3)).astype(np.float32)
    target = rng.integers(0, 2, (ROWS, 3))
    right = [
        (p > threshold) == (t == 1)
        for p, t in zip(prediction.ravel(), target.ravel(), strict=True)
    ]
    got = binary_accuracy(prediction, target.astype(dtype), threshold)  # pyright: ignore
    assert 0 < sum(right) < len(right)
    assert float(got) == pytest.approx(np.mean(right), rel=1e-6)


def test_a_prediction_on_the_threshold_says_no() -> None:
    on = jnp.zeros((1, 1))
    assert float(binary_accuracy(on, jnp.zeros((1, 1), jnp.int32))) == 1


@pytest.mark.parametrize("metric", [accuracy, confusion_matrix])
def test_one_output_has_no_highest(metric: Any) -> None:
    """Class 0 would always win; the message says what to use."""
    with pytest.raises(ValueError, match="binary_accuracy"):
        metric(jnp.ones((5, 1)), jnp.zeros(5, jnp.int32))
    with pytest.raises(ValueError, match="binary_accuracy"):
        metric(jnp.ones((5, 1)), jnp.ones((5, 1)))
