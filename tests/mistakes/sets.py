"""Mistakes with folds, balance, generators, readers, metrics and classic units."""

# pyright: reportArgumentType=false

import numpy as np

import fnn
from fnn import classic, data, metrics
from tests.mistakes.base import KEY, Table, X, Y, put

TABLE: Table = {
    "more folds than rows": (
        lambda: data.k_fold(3, 5),
        ValueError,
        r"n_splits must be at most the number of examples, 3, got 5\.",
    ),
    "one fold": (
        lambda: data.k_fold(8, 1),
        ValueError,
        r"n_splits must be at least 2, got 1\.",
    ),
    "folds by float labels": (
        lambda: data.stratified_k_fold(X[:, 0], 2),
        TypeError,
        r"labels must be class numbers, integers of shape \(B,\), got floa",
    ),
    "more stratified folds than rows": (
        lambda: data.stratified_k_fold(Y, 9),
        ValueError,
        r"n_splits must be at most the number of examples, 8, got 9\.",
    ),
    "class without examples": (
        lambda: data.class_weights(np.array([0, 2])),
        ValueError,
        "labels must hold every class from 0 to 2, got none of class 1:",
    ),
    "class without a weight": (
        lambda: data.example_weights(Y, np.ones(2)),
        ValueError,
        r"labels must be class numbers from 0 to 1, got 2 in row 2\. Renu",
    ),
    "weight of a class negative": (
        lambda: data.example_weights(Y, np.array([1.0, -1.0, 1.0])),
        ValueError,
        r"weights must be at least 0, got -1\.0\.",
    ),
    "shares that do not sum to 1": (
        lambda: data.resample(fnn.Batch(X, Y), [0.5, 0.5, 0.5]),
        ValueError,
        r"shares must sum to 1, got 1\.5\. Divide them by their sum\.",
    ),
    "low above high": (
        lambda: data.MinMax.fit(X, 1.0, 0.0),
        ValueError,
        r"low must be below 0, got 1\.",
    ),
    "range of labels": (
        lambda: data.MinMax.fit(Y[:, None]),
        TypeError,
        r"x must be floating, got int32\. Write x\.astype\(np\.float32\)\.",
    ),
    "xor with an int for a key": (
        lambda: data.xor(0, 8),
        TypeError,
        r"key must be one key such as jax\.random\.key\(0\), got int 0\.",
    ),
    "noise negative": (
        lambda: data.moons(KEY, 8, -0.1),
        ValueError,
        r"noise must be at least 0, got -0\.1\.",
    ),
    "no arms": (
        lambda: data.spirals(KEY, 8, 0),
        ValueError,
        r"classes must be at least 1, got 0\.",
    ),
    "CSV file that is not there": (
        lambda: data.read_csv("/nowhere.csv"),
        FileNotFoundError,
        r"path must be that of a file, got '/nowhere\.csv'\.",
    ),
    "IDX file that is not there": (
        lambda: data.read_idx("/nowhere.idx"),
        FileNotFoundError,
        r"path must be that of a file, got '/nowhere\.idx'\.",
    ),
    "NPZ file a number": (
        lambda: data.read_npz(3),
        TypeError,
        r"path must be a string or a pathlib\.Path, got int 3\.",
    ),
    "AUC of labels": (
        lambda: metrics.roc_auc(np.zeros((8, 3), np.float32), Y),
        ValueError,
        r"prediction and target must have the same shape, got \(8, 3\) and",
    ),
    "AUC against class numbers": (
        lambda: metrics.roc_auc(X[:, 0], Y),
        ValueError,
        r"target must be 0 and 1, got 2 in row 2\. For class numbers writ",
    ),
    "ROC of two columns": (
        lambda: metrics.roc_curve(X[:, :2], np.zeros((8, 2))),
        ValueError,
        r"prediction must have shape \(B,\) or \(B, 1\) with B at least 1, g",
    ),
    "precision's average": (
        lambda: metrics.precision(np.zeros((8, 3), np.float32), Y, "weighted"),
        ValueError,
        r"average must be 'macro' or 'micro' or 'none', got 'weighted'\.",
    ),
    "recall with a label K": (
        lambda: metrics.recall(np.zeros((8, 3), np.float32), put(Y, 3)),
        ValueError,
        r"target must be class numbers from 0 to 2, got 3 in row 2\. Renu",
    ),
    "F1 of scores": (
        lambda: metrics.f1(X[:, 0], Y),
        ValueError,
        r"prediction must be \(B, K\) and target \(B,\) or \(B, K\), got \(8,\)",
    ),
    "Brier score of no probabilities": (
        lambda: metrics.brier_score(2 * np.ones((8, 3), np.float32), Y, logits=False),
        ValueError,
        r"prediction must lie in 0 to 1 with logits=False, got 2\.0 in ro",
    ),
    "no bins": (
        lambda: metrics.expected_calibration_error(np.zeros((8, 3), np.float32), Y, 0),
        ValueError,
        r"bins must be at least 1, got 0\.",
    ),
    "R2 of one row": (
        lambda: metrics.r2(X[:1], X[:1]),
        ValueError,
        r"prediction must have shape \(B,\) or \(B, K\) with B at least 2, g",
    ),
    "R2 against a column": (
        lambda: metrics.r2(X[:, 0], X[:, :1]),
        ValueError,
        r"prediction and target must have the same shape, got \(8,\) and \(",
    ),
    "perceptron on class numbers": (
        lambda: classic.perceptron_fit(X, 2 * Y),
        ValueError,
        r"targets must be 0 and 1, got 2 in row 1\.",
    ),
    "perceptron without epochs": (
        lambda: classic.perceptron_fit(X, Y % 2, epochs=0),
        ValueError,
        r"epochs must be at least 1, got 0\.",
    ),
    "perceptron's bias input 0": (
        lambda: classic.perceptron_fit(X, Y % 2, bias_input=0.0),
        ValueError,
        "bias_input must not be 0: its weight would never move and the",
    ),
    "threshold unit of a list": (
        lambda: classic.McCullochPitts([1.0, 1.0], 0.5)(X),
        TypeError,
        r"McCullochPitts\.weights must be an array \(n,\) or \(n, K\), got a",
    ),
    "threshold unit of other inputs": (
        lambda: classic.McCullochPitts(np.ones(3, np.float32), 0.5)(X),
        ValueError,
        "x must have 3 inputs along its last axis, one for each weight,",
    ),
    "logistic regression of nothing": (
        lambda: classic.logistic_regression(0),
        ValueError,
        r"Dense\.n_in must be at least 1, got 0\.",
    ),
}
