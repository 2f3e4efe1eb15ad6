"""Mistakes in the folds of a cross-validation."""

# pyright: reportArgumentType=false

from typing import Any

import jax
import numpy as np

import fnn
from fnn.data.folds import Fold
from tests.mistakes.base import KEY, Table, X, Y, recipe

KEYS = jax.random.wrap_key_data(np.stack([KEY] * 2))
FOLD = Fold(np.arange(6), np.arange(6, 8))


def validate(*folds: Any, weight: Any = None, **options: Any) -> Any:
    usual = {"epochs": 1, "batch_size": 4}
    return fnn.cross_validate(
        [recipe()] * 2, KEYS, (X, Y, weight), folds=folds, **(usual | options)
    )


TABLE: Table = {
    "a mask for a fold": (
        lambda: validate(FOLD._replace(train=np.arange(8) < 6)),
        TypeError,
        r"folds\[0\].train must be row numbers, .* \(R,\), got bool .*flatnonzero",
    ),
    "a list for a fold": (
        lambda: validate(FOLD, FOLD._replace(test=[6, 7])),
        TypeError,
        r"folds\[1\].test must be row numbers, an integer array .* got a list of 2",
    ),
    "float rows of a fold": (
        lambda: validate(FOLD._replace(test=np.array([6.0, 7.0]))),
        TypeError,
        r"folds\[0\].test must be row numbers, .* got float64 of shape \(2,\)",
    ),
    "a matrix of rows": (
        lambda: validate(FOLD._replace(train=np.arange(6)[:, None] + np.zeros(2, int))),
        TypeError,
        r"folds\[0\].train must be row numbers, .* got int64 of shape \(6, 2\)",
    ),
    "a row in both parts of a fold": (
        lambda: validate(FOLD, FOLD._replace(test=np.arange(5, 8))),
        ValueError,
        r"folds\[1\] must have no row in both parts, got row 5 in train and in test",
    ),
    "a fold of test weights 0": (
        lambda: validate(FOLD, weight=(np.arange(8) < 6).astype(np.float32)),
        ValueError,
        r"folds\[0\].test must have weights with a sum above 0, got 0\. Leave",
    ),
    "a fold of training weights 0": (
        lambda: validate(FOLD, weight=(np.arange(8) >= 6).astype(np.float32)),
        ValueError,
        r"folds\[0\].train must have weights with a sum above 0, got 0\. Leave",
    ),
    "folds a number": (
        lambda: fnn.cross_validate(recipe(), KEYS, (X, Y), folds=5, epochs=1),
        TypeError,
        "folds must be a sequence of folds, as fnn.data.k_fold makes, got int 5",
    ),
    "a fold of bare rows": (
        lambda: validate((np.arange(4), np.arange(4, 8))),
        TypeError,
        r"folds\[0\] must be a fold of fnn.data.k_fold, got a tuple of 2",
    ),
    "a fold without a test part": (
        lambda: validate(FOLD, FOLD._replace(test=np.arange(0))),
        ValueError,
        r"folds\[1\].test must not be empty",
    ),
    "a fold of other data": (
        lambda: validate(FOLD._replace(train=np.arange(3, 9))),
        ValueError,
        r"folds\[0\].train must be row numbers from 0 to 7, got 3 to 8",
    ),
    "a batch larger than a fold": (
        lambda: validate(FOLD, batch_size=7),
        ValueError,
        "batch_size must be at most the number of examples, 6, got 7",
    ),
}
