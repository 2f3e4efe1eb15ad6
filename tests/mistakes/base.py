"""A small run that is right, for the tables to get wrong in one place."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

import fnn

L = fnn.layers

Table = dict[str, tuple[Callable[[], Any], type[Exception], str]]

X = np.linspace(-1, 1, 32, dtype=np.float32).reshape(8, 4)
Y = np.arange(8, dtype=np.int32) % 3
# A key as raw words: nothing has to be compiled to make it.
KEY = np.array([0, 1], np.uint32)


def recipe(**parts: Any) -> fnn.Recipe:
    """A classifier of 4 features into 3 classes, with some parts changed."""
    usual = {
        "model": L.Dense(4, 3),
        "loss": fnn.losses.SoftmaxCrossEntropy(),
        "optimizer": fnn.optimizers.SGD(0.1),
    }
    return fnn.Recipe(**{**usual, **parts})


def init(**parts: Any) -> fnn.TrainState:
    return fnn.init(recipe(**parts), KEY)  # pyright: ignore


def run(**parts: Any) -> tuple[fnn.Recipe, fnn.TrainState]:
    """A recipe and a state for it, all zeros: drawing one would compile."""
    made = recipe(**parts)
    shapes = jax.eval_shape(lambda: fnn.init(made, KEY))  # pyright: ignore
    return made, jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)


def step(x: Any = X, y: Any = Y, weight: Any = None, **parts: Any) -> Any:
    """One training step with something wrong."""
    return fnn.train_step(*run(**parts), (x, y, weight))


def regress(y: Any, loss: Any = None) -> Any:
    """One training step of a model with a single output."""
    loss = fnn.losses.MeanSquaredError() if loss is None else loss
    return step(y=y, model=L.Dense(4, 1), loss=loss)


def fit(**options: Any) -> Any:
    usual = {"data": (X, Y), "epochs": 1, "batch_size": 4}
    return fnn.fit(*run(), **{**usual, **options})


def put(array: np.ndarray, value: Any) -> np.ndarray:
    """A copy of an array with `value` in row 2."""
    changed = array.copy()
    changed[2] = value
    return changed
