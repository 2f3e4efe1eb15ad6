"""The two networks of `fnn compare`, each one recipe a task and none a data set."""

from typing import NamedTuple

import jax
import numpy as np

import fnn
from fnn.data import Batch

_predict = jax.jit(fnn.predict)


class Network(NamedTuple):
    """A recipe and how long to train it.

    Attributes:
        recipe: what to train and how.
        epochs: passes over the training examples.
        batch_size: examples in a step.
        seed: of initial weights, order and dropout, together with the fold's number.
    """

    recipe: fnn.Recipe
    epochs: int
    batch_size: int
    seed: int

    def predict(self, train: Batch, x: np.ndarray, fold: int) -> np.ndarray:
        """Train on a fold, its number counted from 0, and predict."""
        key = jax.random.fold_in(jax.random.key(self.seed), fold)
        state, _ = fnn.fit(
            self.recipe,
            fnn.init(self.recipe, key),
            train,
            epochs=self.epochs,
            batch_size=self.batch_size,
        )
        return np.asarray(_predict(self.recipe, state, x))

    def __str__(self) -> str:
        return f"{self.recipe}, epochs {self.epochs}, batch {self.batch_size}"


def multilayer(features: int, classes: int, rows: int, seed: int) -> Network:
    """A multilayer perceptron.

    Args:
        features: number of inputs.
        classes: number of classes, or 0 for one value to be predicted.
        rows: training examples of a fold.
        seed: of whatever is random.
    """
    epochs, batch_size = 60, min(32, rows)
    steps = epochs * (rows // batch_size)
    rate = fnn.schedules.Cosine(0.003, total_steps=steps, warmup_steps=steps // 20)
    if classes:
        model = fnn.layers.mlp(
            (features, 128, 64, classes),
            normalization=fnn.layers.BatchNorm,
            dropout=0.2,
        )
        loss, optimizer = fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.AdamW(rate)
        recipe = fnn.Recipe(model, loss, optimizer)
    else:
        # Few examples and much noise: a smaller network, held back by a penalty.
        model = fnn.layers.mlp((features, 32, 16, 1), dropout=0.1)
        loss, optimizer = fnn.losses.HalfSquaredError(), fnn.optimizers.Adam(rate)
        recipe = fnn.Recipe(model, loss, optimizer, fnn.penalties.L2(0.03))
    return Network(recipe, epochs, batch_size, seed)


def linear(features: int, classes: int, rows: int, seed: int) -> Network:
    """A network without hidden layer, with the minimum of scikit-learn's linear models.

    It stands in the table as a check: the two rows should agree.

    Args:
        features: number of inputs.
        classes: number of classes, or 0 for one value to be predicted.
        rows: training examples of a fold, all of which make one batch.
        seed: of the initial weights of the regression.
    """
    epochs = 400
    rate = fnn.schedules.Cosine(0.05, total_steps=epochs)
    optimizer = fnn.optimizers.Adam(rate)
    if classes:
        # Two classes share one weight vector as w / 2 and -w / 2: half of |w|^2.
        strength = (2 if classes == 2 else 1) / rows
        recipe = fnn.classic.softmax_regression(
            features, classes, strength=strength, optimizer=optimizer
        )
    else:
        loss, penalty = fnn.losses.HalfSquaredError(), fnn.penalties.L2(1 / rows)
        recipe = fnn.Recipe(fnn.layers.Dense(features, 1), loss, optimizer, penalty)
    return Network(recipe, epochs, batch_size=rows, seed=seed)
