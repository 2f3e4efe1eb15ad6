"""Mistakes with many networks at once: sweeps, ensembles, cross-validation."""

# pyright: reportArgumentType=false

from typing import Any

import jax
import numpy as np

import fnn
from fnn.data.folds import Fold
from tests.mistakes.base import KEY, L, Table, X, Y, recipe, run

KEYS = jax.random.wrap_key_data(np.stack([KEY] * 2))
FIRST = jax.random.wrap_key_data(KEY)
STATE = run()[1]
FOLD = Fold(np.arange(6), np.arange(6, 8))


def sweep(**options: Any) -> Any:
    usual = {"epochs": 1, "batch_size": 4}
    return fnn.sweep(recipe(), KEYS, (X, Y), **(usual | options))


def validate(*folds: Any, **options: Any) -> Any:
    usual = {"epochs": 1, "batch_size": 4}
    return fnn.cross_validate(
        [recipe()] * 2, KEYS, (X, Y), folds=folds, **(usual | options)
    )


def halving(**options: Any) -> Any:
    return fnn.successive_halving(
        lambda rate: recipe(),
        {"rate": [0.1]},
        FIRST,
        (X, Y),
        (X, Y),
        runs=3,
        epochs=3,
        **options,
    )


TABLE: Table = {
    "a sweep's early stopping without validation": (
        lambda: sweep(early_stopping=fnn.EarlyStopping()),
        ValueError,
        "validation must be given for early_stopping, got None",
    ),
    "a sweep's early stopping on an unknown value": (
        lambda: sweep(validation=(X, Y), early_stopping=fnn.EarlyStopping("accuracy")),
        ValueError,
        "EarlyStopping.monitor must be 'loss', got 'accuracy'. Pass .*metrics",
    ),
    "a sweep's early stopping a number": (
        lambda: sweep(early_stopping=5),
        TypeError,
        "early_stopping must be an fnn.EarlyStopping or None, got int 5",
    ),
    "a key for an order": (
        lambda: sweep(order="first"),
        ValueError,
        "order must be 'own' or 'shared', got 'first'",
    ),
    "one state for states": (
        lambda: sweep(states=STATE),
        TypeError,
        r"states\[0\] must be an fnn.TrainState, got a dict",
    ),
    "a generator of states": (
        lambda: sweep(states=(state for state in [STATE] * 2)),
        TypeError,
        "states must be a sequence of fnn.TrainState, got generator",
    ),
    "a state too few": (
        lambda: sweep(states=[STATE]),
        ValueError,
        "states must be one for each of 2 recipes, got 1",
    ),
    "states of other ages in one order": (
        lambda: sweep(states=[STATE, STATE._replace(step=np.int32(4))], order="shared"),
        ValueError,
        "states must have made equally many steps for order='shared', got 0 and 4",
    ),
    "early stopping in a halving": (
        lambda: halving(early_stopping=fnn.EarlyStopping()),
        ValueError,
        "early_stopping must not be given to fnn.successive_halving, which stops",
    ),
    "an ensemble of one state": (
        lambda: fnn.ensemble(recipe(), STATE, X),
        TypeError,
        r"states\[0\] must be an fnn.TrainState, got a dict",
    ),
    "an ensemble of none": (
        lambda: fnn.ensemble(recipe(), [], X),
        TypeError,
        "states must be a sequence of fnn.TrainState, got a list of 0",
    ),
    "an ensemble with a recipe too many": (
        lambda: fnn.ensemble([recipe()] * 3, [STATE] * 2, X),
        ValueError,
        "states must be one for each of 3 recipes, got 2",
    ),
    "an ensemble of unlike outputs": (
        lambda: fnn.ensemble(
            [recipe(), recipe(model=L.Dense(4, 2))],
            [STATE, run(model=L.Dense(4, 2))[1]],
            X,
        ),
        ValueError,
        r"recipes must give outputs of one shape, got \(8, 3\) and \(8, 2\)",
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
