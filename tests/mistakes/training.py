"""Mistakes in how parts are joined and how they are trained."""

import jax

import fnn
from fnn.metrics import accuracy
from tests.mistakes.base import KEY, L, Table, X, Y, fit, recipe, run, step

ONE = (X[:1], Y[:1])
NORM = L.BatchNorm(4)

MODELS: Table = {
    "first layer": (
        lambda: jax.jit(fnn.predict)(*run(), X[:, :3]),
        ValueError,
        r"model: Dense.*n_in=4.* takes an input of shape \(4,\), got \(3,\)",
    ),
    "n_in in the middle": (
        lambda: step(model=L.Sequential(L.Dense(4, 5), L.Tanh(), L.Dense(6, 3))),
        ValueError,
        r"model: layer 2: Dense\(n_in=6.* shape \(6,\), got \(5,\)",
    ),
    "n_in inside a Residual": (
        lambda: step(model=L.Sequential(L.Tanh(), L.Residual(L.Dense(5, 5)))),
        ValueError,
        r"model: layer 1: Residual: Dense\(n_in=5.* shape \(5,\), got \(4,\)",
    ),
    "n_in inside a Repeat": (
        lambda: step(
            model=L.Repeat(L.Sequential(L.Dense(4, 5), L.Tanh(), L.Dense(6, 4)), 3)
        ),
        ValueError,
        r"model: Repeat: layer 2: Dense\(n_in=6.* shape \(6,\), got \(5,\)",
    ),
    "features of a norm": (
        lambda: step(model=L.Sequential(L.Dense(4, 3, bias=False), L.BatchNorm(4))),
        ValueError,
        r"model: layer 1: BatchNorm\(n=4\) .* shape \(4,\), got \(3,\)",
    ),
    "Residual of another shape": (
        lambda: step(model=L.Sequential(L.Residual(L.Dense(4, 3)))),
        ValueError,
        r"model: layer 0: Residual needs .*keeps the shape \(4,\), got \(3,\)",
    ),
    "Repeat of another shape": (
        lambda: step(model=L.Sequential(L.Repeat(L.Dense(4, 3), 2))),
        ValueError,
        r"model: layer 0: Repeat needs .*keeps the shape \(4,\), got \(3,\)",
    ),
    "a whole batch without vmap": (
        lambda: L.Dense(4, 3).forward(run()[1].params, (), X, KEY, True),  # pyright: ignore
        ValueError,
        r"Dense.*shape \(4,\), got \(8, 4\). .*one example.*fnn.predict.*jax.vmap",
    ),
    "batch norm without a batch": (
        lambda: L.BatchNorm(4).forward((), (), X[0], KEY, True),  # pyright: ignore
        ValueError,
        'BatchNorm with train=True needs .*named "batch".*train=False',
    ),
    "batch norm under an unnamed vmap": (
        lambda: jax.vmap(lambda x: L.BatchNorm(4).forward((), (), x, KEY, True))(X),  # pyright: ignore
        ValueError,
        'BatchNorm with train=True needs .*named "batch".*axis_name="batch"',
    ),
    "batch norm on one example": (
        lambda: jax.jit(fnn.train_step)(
            *run(model=L.Sequential(L.Dense(4, 3, bias=False), L.BatchNorm(3))), ONE
        ),
        ValueError,
        "BatchNorm with train=True needs a batch of at least 2 .*got 1.*LayerNorm",
    ),
}

VERBS: Table = {
    "no epochs": (
        lambda: fit(epochs=0),
        ValueError,
        "epochs must be at least 1, got 0",
    ),
    "half an epoch": (
        lambda: fit(epochs=2.5),
        TypeError,
        "epochs must be an integer, got 2.5",
    ),
    "batch_size 0": (
        lambda: fit(batch_size=0),
        ValueError,
        "batch_size must be at least 1, got 0",
    ),
    "batch_size 0 in train_epoch": (
        lambda: fnn.train_epoch(*run(), (X, Y), 0),
        ValueError,
        "batch_size must be at least 1, got 0",
    ),
    "batch_size negative": (
        lambda: fnn.train_epoch(*run(), (X, Y), -4),
        ValueError,
        "batch_size must be at least 1, got -4",
    ),
    "batch_size float": (
        lambda: fit(batch_size=4.0),
        TypeError,
        "batch_size must be an integer, got 4.0",
    ),
    "batch_size larger than the data": (
        lambda: fit(batch_size=9),
        ValueError,
        "batch_size must be at most the number of examples, 8, got 9",
    ),
    "validation with other features": (
        lambda: fit(validation=(X[:, :3], Y)),
        ValueError,
        r"model: Dense.* shape \(4,\), got \(3,\)",
    ),
    "validation labels": (
        lambda: fit(validation=(X, Y + 1)),
        ValueError,
        "y must be class numbers from 0 to 2, got 3 in row 2",
    ),
    "metrics a function": (
        lambda: fit(metrics=accuracy),
        TypeError,
        r"metrics must be a tuple.*got the function accuracy. Write metrics=\(",
    ),
    "metrics a name": (
        lambda: fnn.evaluate(*run(), (X, Y), ("accuracy",)),  # pyright: ignore
        TypeError,
        r"metrics must be a tuple of .*got str 'accuracy' at 0",
    ),
    "two metrics of one name": (
        lambda: fit(metrics=(accuracy, accuracy)),
        ValueError,
        "metrics must have distinct names, got 'accuracy' twice. Give",
    ),
    "on_epoch a function": (
        lambda: fit(on_epoch=print),
        TypeError,
        r"on_epoch must be a tuple.*got the function print. Write on_epoch=\(",
    ),
    "early stopping without validation": (
        lambda: fit(early_stopping=fnn.EarlyStopping()),
        ValueError,
        "validation must be given for early_stopping, got None",
    ),
    "early stopping on an unknown value": (
        lambda: fit(
            validation=(X, Y), early_stopping=fnn.EarlyStopping(monitor="accuracy")
        ),
        ValueError,
        "EarlyStopping.monitor must be 'loss', got 'accuracy'. Pass .*metrics",
    ),
    "early stopping a number": (
        lambda: fit(validation=(X, Y), early_stopping=5),
        TypeError,
        "early_stopping must be an fnn.EarlyStopping or None, got int 5",
    ),
    "patience 0": (
        lambda: fnn.EarlyStopping(patience=0),
        ValueError,
        "EarlyStopping.patience must be at least 1, got 0",
    ),
    "min_delta negative": (
        lambda: fnn.EarlyStopping(min_delta=-0.1),
        ValueError,
        "EarlyStopping.min_delta must be at least 0, got -0.1",
    ),
    "state and recipe swapped": (
        lambda: fnn.train_step(*reversed(run()), (X, Y)),  # pyright: ignore
        TypeError,
        "recipe must be an fnn.Recipe, got a TrainState",
    ),
    "state left out": (
        lambda: fnn.train_step(recipe(), (X, Y), None),  # pyright: ignore
        TypeError,
        "state must be an fnn.TrainState, from fnn.init, got a tuple of 2",
    ),
    "parameters for a state": (
        lambda: fnn.evaluate(recipe(), run()[1].params, (X, Y)),  # pyright: ignore
        TypeError,
        "state must be an fnn.TrainState, from fnn.init, got a dict of 2",
    ),
    "state of another recipe": (
        lambda: fnn.train_step(run(model=L.mlp((4, 3)))[0], run()[1], (X, Y)),
        ValueError,
        r"state.params must be of this recipe's model, .* at state.params\['b'\]",
    ),
    "state of another width": (
        lambda: fnn.evaluate(recipe(model=L.Dense(4, 5)), run()[1], (X, Y)),
        ValueError,
        r"state.params must be .*\(5,\) at state.params\['b'\], got \(3,\).*fnn.init",
    ),
    "state without running means": (
        lambda: fnn.evaluate(
            recipe(model=NORM), run(model=NORM)[1]._replace(stats=()), (X, Y)
        ),
        ValueError,
        r"state.stats must be .*\(4,\) at state.stats\['mean'\], got no array",
    ),
}

TABLE: Table = {**MODELS, **VERBS}
