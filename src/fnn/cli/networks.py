"""The two networks of `fnn compare`, each one recipe a task and none a data set."""

from collections.abc import Callable

import jax
import numpy as np

import fnn
from fnn.data import Batch

_EPOCHS, _BATCH_SIZE = 60, 32
_LINEAR_STEPS = 400

# In words, for whoever reads the numbers.
RECIPES = {
    "classification": {
        "fnn network": (
            "hidden 128-64, relu, batch norm, dropout 0.2, AdamW 0.003, weight decay "
            "0.01, cosine, batch 32, epochs 60"
        ),
        "fnn linear": "softmax regression, L2 of scikit-learn's C=1, Adam",
    },
    "regression": {
        "fnn network": (
            "hidden 32-16, relu, dropout 0.1, L2 0.03, Adam 0.003, cosine, batch 32, "
            "epochs 60"
        ),
        "fnn linear": "ridge, L2 of scikit-learn's alpha=1, Adam",
    },
}

# From training examples, inputs to predict for and the fold's number, from 0.
Predictor = Callable[[Batch, np.ndarray, int], np.ndarray]

_predict = jax.jit(fnn.predict)


def multilayer(features: int, classes: int, rows: int, seed: int) -> Predictor:
    """A multilayer perceptron.

    Args:
        features: number of inputs.
        classes: number of classes, or 0 for one value to be predicted.
        rows: training examples of a fold.
        seed: of initial weights, order and dropout, together with the fold's number.
    """
    batch_size = min(_BATCH_SIZE, rows)
    steps = _EPOCHS * (rows // batch_size)
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
    return _trained(recipe, seed, _EPOCHS, batch_size)


def linear(features: int, classes: int, rows: int, seed: int) -> Predictor:
    """A network without hidden layer, with the minimum of scikit-learn's linear models.

    It stands in the table as a check: the two rows should agree.

    Args:
        features: number of inputs.
        classes: number of classes, or 0 for one value to be predicted.
        rows: training examples of a fold.
        seed: of the initial weights of the regression.
    """
    rate = fnn.schedules.Cosine(0.05, total_steps=_LINEAR_STEPS)
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
    return _trained(recipe, seed, _LINEAR_STEPS, batch_size=rows)


def _trained(recipe: fnn.Recipe, seed: int, epochs: int, batch_size: int) -> Predictor:
    def predict(train: Batch, x: np.ndarray, number: int) -> np.ndarray:
        key = jax.random.fold_in(jax.random.key(seed), number)
        state = fnn.init(recipe, key)
        state, _ = fnn.fit(recipe, state, train, epochs=epochs, batch_size=batch_size)
        return np.asarray(_predict(recipe, state, x))

    return predict
