"""Mistakes with preprocessing and metrics."""

import numpy as np

import fnn
from fnn import data
from tests.mistakes.base import KEY, Table, X, Y, put

PREDICTION = np.zeros((8, 3), np.float32)

TABLE: Table = {
    "one_hot out of range": (
        lambda: data.one_hot(Y, 2),
        ValueError,
        "labels must be class numbers from 0 to 1, got 2 in row 2",
    ),
    "one_hot of floats": (
        lambda: data.one_hot(X[:, 0], 3),
        TypeError,
        r"labels must be class numbers.*got float32.*labels.astype\(np.int32\)",
    ),
    "one_hot with no classes": (
        lambda: data.one_hot(Y, 0),
        ValueError,
        "classes must be at least 1, got 0",
    ),
    "split by float labels": (
        lambda: data.stratified_split(fnn.Batch(X, X[:, 0])),
        TypeError,
        r"y must be class numbers, integers of .* got float32 of shape \(8,\)",
    ),
    "split by rows": (
        lambda: data.stratified_split(fnn.Batch(X, np.eye(8, 3, dtype=np.int32))),
        TypeError,
        r"y must be class numbers, integers .*got int32 of shape \(8, 3\).*np.argmax",
    ),
    "fraction 1.2": (
        lambda: data.stratified_split(fnn.Batch(X, Y), 1.2),
        ValueError,
        "fraction must lie between 0 and 1 .*got 1.2 of 8 examples",
    ),
    "fraction that leaves nothing": (
        lambda: data.stratified_split(fnn.Batch(X, Y), 0.01),
        ValueError,
        "fraction must .*leave examples in both parts, got 0.01 of 8 examples",
    ),
    "fraction a string": (
        lambda: data.stratified_split(fnn.Batch(X, Y), "20%"),  # pyright: ignore
        TypeError,
        "fraction must be a number, got str '20%'",
    ),
    "standardize labels": (
        lambda: data.Standardize.fit(Y[:, None]),
        TypeError,
        r"x must be floating, got int32. Write x.astype\(np.float32\)",
    ),
    "batches larger than the data": (
        lambda: data.batches(fnn.Batch(X, Y), 9, KEY),  # pyright: ignore
        ValueError,
        "batch_size must be at most the number of examples, 8, got 9",
    ),
    "batches with an int for a key": (
        lambda: data.batches(fnn.Batch(X, Y), 4, 0),  # pyright: ignore
        TypeError,
        "key must be one key .*got int 0",
    ),
    "accuracy of one output": (
        lambda: fnn.metrics.accuracy(PREDICTION[:, :1], Y),  # pyright: ignore
        ValueError,
        "prediction must have at least two outputs, got 1.*binary_accuracy",
    ),
    "accuracy against another shape": (
        lambda: fnn.metrics.accuracy(PREDICTION, PREDICTION[:, :2]),  # pyright: ignore
        ValueError,
        r"prediction must be \(B, K\) and target .*got \(8, 3\) and \(8, 2\)",
    ),
    "accuracy against floats": (
        lambda: fnn.metrics.accuracy(PREDICTION, X[:, 0]),  # pyright: ignore
        TypeError,
        "target must be class numbers, .*got float32",
    ),
    "accuracy of a list": (
        lambda: fnn.metrics.accuracy(PREDICTION.tolist(), Y),  # pyright: ignore
        TypeError,
        "prediction must be a NumPy or JAX array, got list",
    ),
    "confusion with a label K": (
        lambda: fnn.metrics.confusion_matrix(PREDICTION, put(Y, 3)),  # pyright: ignore
        ValueError,
        "target must be class numbers from 0 to 2, got 3 in row 2",
    ),
    "binary accuracy of labels": (
        lambda: fnn.metrics.binary_accuracy(PREDICTION, Y),  # pyright: ignore
        ValueError,
        r"prediction and target must have the same shape, got \(8, 3\) and \(8,\)",
    ),
}
