"""Mistakes in putting a recipe together and starting it."""

import numpy as np

import fnn
from fnn import optimizers
from tests.mistakes.base import KEY, L, Table, init, recipe

TABLE: Table = {
    "model not a layer": (
        lambda: init(model=lambda x: x),
        TypeError,
        "recipe.model must be one of fnn.layers, got the function",
    ),
    "model a list": (
        lambda: init(model=[L.Dense(4, 3)]),
        TypeError,
        "recipe.model must be one of fnn.layers, got a list of 1",
    ),
    "loss a name": (
        lambda: init(loss="mse"),
        TypeError,
        "recipe.loss must be one of fnn.losses, got str 'mse'",
    ),
    "loss a class": (
        lambda: init(loss=fnn.losses.MeanSquaredError),
        TypeError,
        r"recipe.loss .*the class MeanSquaredError. Write MeanSquaredError\(",
    ),
    "optimizer a name": (
        lambda: init(optimizer="adam"),
        TypeError,
        "recipe.optimizer must be one of fnn.optimizers, .*`init`.*got str 'adam'",
    ),
    "optimizer a class": (
        lambda: init(optimizer=optimizers.Adam),
        TypeError,
        r"recipe.optimizer must be .*the class Adam. Write Adam\(",
    ),
    "optimizer's class in a chain": (
        lambda: optimizers.Chain(optimizers.ClipByGlobalNorm(1.0), optimizers.Adam),  # pyright: ignore
        TypeError,
        r"part 1 must be one of fnn.optimizers.*class Adam. Write Adam\(",
    ),
    "number in a chain": (
        lambda: optimizers.Chain(1.0, optimizers.Adam()),  # pyright: ignore
        TypeError,
        "part 0 must be one of fnn.optimizers.*got float 1.0",
    ),
    "penalty a number": (
        lambda: init(penalty=1e-3),
        TypeError,
        "recipe.penalty must be one of fnn.penalties or None, got float 0.001",
    ),
    "gradient a name": (
        lambda: init(gradient="backprop"),
        TypeError,
        "recipe.gradient must be a road, fnn.autodiff or .*got str 'backprop'",
    ),
    "unknown report": (
        lambda: recipe(report=("gradient",)),
        ValueError,
        "report must be 'gradient_norm'.*got 'gradient'",
    ),
    "report not a tuple": (
        lambda: recipe(report="gradient_norm"),
        TypeError,
        r"report must be a tuple.*\('gradient_norm',\), got str",
    ),
    "recipe a model": (
        lambda: fnn.init(L.Dense(4, 3), KEY),  # pyright: ignore
        TypeError,
        "recipe must be an fnn.Recipe, got Dense",
    ),
    "key an int": (
        lambda: fnn.init(recipe(), 0),  # pyright: ignore
        TypeError,
        r"key must be one key such as jax.random.key\(0\), got int 0",
    ),
    "two keys": (
        lambda: fnn.init(recipe(), np.stack([KEY, KEY])),  # pyright: ignore
        TypeError,
        r"key must be one key .*got uint32 of shape \(2, 2\)",
    ),
    "key of another kind": (
        lambda: fnn.init(recipe(), np.zeros(4, np.uint32)),  # pyright: ignore
        TypeError,
        r"key must be one key .*got uint32 of shape \(4,\)",
    ),
}
