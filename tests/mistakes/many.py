"""Mistakes with many networks at once: sweeps, ensembles and searches."""

# pyright: reportArgumentType=false

from typing import Any

import jax
import numpy as np

import fnn
from tests.mistakes.base import KEY, L, Table, X, Y, put, recipe, run

KEYS = jax.random.wrap_key_data(np.stack([KEY] * 2))
NO_KEYS = jax.random.wrap_key_data(np.zeros((0, 2), np.uint32))
FIRST = jax.random.wrap_key_data(KEY)
STATE = run()[1]


def sweep(*recipes: Any, **options: Any) -> Any:
    usual = {"epochs": 1, "batch_size": 4}
    return fnn.sweep(recipes or recipe(), KEYS, (X, Y), **(usual | options))


def rates(*values: Any) -> Any:
    return sweep(*(recipe(optimizer=fnn.optimizers.SGD(value)) for value in values))


def halving(**options: Any) -> Any:
    usual = {"validation": (X, Y), "runs": 3, "epochs": 3}
    values = {"rate": [0.1]}
    return fnn.successive_halving(
        lambda rate: recipe(), values, FIRST, (X, Y), **(usual | options)
    )


def stopping(**options: Any) -> Any:
    return sweep(validation=(X, Y), early_stopping=fnn.EarlyStopping(**options))


def per_class(prediction: Any, target: Any) -> Any:
    return prediction.mean(axis=0)


RECIPES: Table = {
    "a negative rate in the second recipe": (
        lambda: rates(np.float32(0.1), np.asarray(-0.1, np.float32)),
        ValueError,
        r"SGD.learning_rate must be at least 0, got -0\.1",
    ),
    "a function for the second rate": (
        lambda: rates(0.1, lambda step: 0.1),
        TypeError,
        "SGD.learning_rate must be a number or an array, got the function .*schedule",
    ),
    "no keys": (
        lambda: fnn.sweep(recipe(), NO_KEYS, (X, Y), epochs=1),
        ValueError,
        r"keys must hold at least one key\.",
    ),
    "a state of another width in a sweep": (
        lambda: sweep(states=[STATE, run(model=L.Dense(4, 5))[1]]),
        ValueError,
        r"states\[1\].params must be of this recipe's model, with \(3,\) at .*\(5,\)",
    ),
    "a state of another optimizer in a sweep": (
        lambda: sweep(states=[STATE, run(optimizer=fnn.optimizers.Adam())[1]]),
        ValueError,
        r"states\[1\].opt_state must be of this recipe's optimizer, with no array at",
    ),
    "an ensemble's state of another width": (
        lambda: fnn.ensemble(recipe(), [STATE, run(model=L.Dense(4, 5))[1]], X),
        ValueError,
        r"states\[1\].params must be of this recipe's model, with \(3,\) at .*\(5,\)",
    ),
    "an ensemble's x a list": (
        lambda: fnn.ensemble(recipe(), [STATE], X.tolist()),
        TypeError,
        "x must be a NumPy or JAX array, got list",
    ),
    "an ensemble's x not finite": (
        lambda: fnn.ensemble(recipe(), [STATE], put(X, np.nan)),
        ValueError,
        "x must be finite, got 4 NaN",
    ),
    "a metric of several numbers in a sweep": (
        lambda: sweep(validation=(X, Y), metrics=(per_class,)),
        ValueError,
        r"metrics must give one number each, got float32 of shape \(3,\) from per_cl",
    ),
    "a word for min_delta": (
        lambda: stopping(min_delta="small"),
        TypeError,
        "EarlyStopping.min_delta must be a number or an array, got str 'small'",
    ),
    "a run that is not there": (
        lambda: fnn.Sweep((), X, {}, Y, Y, (), ((0, 0), (0, 1))).state(99),
        IndexError,
        "run must be from 0 to 1, got 99",
    ),
}

SEARCHES: Table = {
    "a grid without validation": (
        lambda: fnn.grid(
            lambda: recipe(), {}, FIRST, (X, Y), None, epochs=1, batch_size=4
        ),
        ValueError,
        "validation must be given for a search, got None",
    ),
    "a halving without validation": (
        lambda: halving(validation=None),
        ValueError,
        "validation must be given for a search, got None",
    ),
    "an Optuna search without validation": (
        lambda: fnn.optuna_search(
            None, lambda: recipe(), {}, FIRST, (X, Y), None, runs=1, epochs=1
        ),
        ValueError,
        "validation must be given for a search, got None",
    ),
    "a number for the key of a random search": (
        lambda: fnn.random_search(
            lambda: recipe(), {}, 0, (X, Y), (X, Y), runs=1, epochs=1
        ),
        TypeError,
        r"key must be one key such as jax.random.key\(0\), got int 0",
    ),
}

TABLE: Table = {
    **RECIPES,
    **SEARCHES,
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
}
