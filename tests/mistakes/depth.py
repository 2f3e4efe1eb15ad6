"""Mistakes with sweeps, plans, theory and health."""

# pyright: reportArgumentType=false

import jax
import numpy as np

import fnn
from fnn import data, metrics, schedules, theory
from tests.mistakes.base import KEY, L, Table, X, Y, recipe, run

ONE, TANH = {"epochs": 1, "batch_size": 4}, L.Tanh()
KEYS = jax.random.wrap_key_data(np.stack([KEY] * 3))
FIRST = jax.random.wrap_key_data(KEY)

TABLE: Table = {
    "three keys for two recipes": (
        lambda: fnn.sweep([recipe()] * 2, KEYS, (X, Y), **ONE),
        ValueError,
        "keys must be one key or one for each of 2 recipes, got 3",
    ),
    "a seed for keys": (
        lambda: fnn.sweep([recipe()], 0, (X, Y), **ONE),
        TypeError,
        r"keys must be a key or a vector of keys, .*jax.random.split.*got int 0",
    ),
    "numbers for recipes": (
        lambda: fnn.sweep([1], FIRST, (X, Y), **ONE),
        TypeError,
        r"recipes\[0\] must be an fnn.Recipe, got int 1",
    ),
    "chunks of none": (
        lambda: fnn.sweep(recipe(), FIRST, (X, Y), **ONE, chunk=0),
        ValueError,
        "chunk must be at least 1, got 0",
    ),
    "a plan for no data": (
        lambda: fnn.memory_plan(recipe(), 0),
        TypeError,
        r"data must be an fnn.Batch or a tuple \(x, y\) .*, got int 0",
    ),
    "an array for a number of rows": (
        lambda: data.k_fold(X, 2),
        TypeError,
        r"rows must be an integer, got float32 of shape \(8, 4\)",
    ),
    "more components than features": (
        lambda: data.PCA.fit(X, 9),
        ValueError,
        "n must be at most 4, the smaller of 8 examples and 4 features, got 9",
    ),
    "temperature of other targets": (
        lambda: metrics.temperature(X, Y[:3]),
        ValueError,
        r"prediction must be \(B, K\) and target .*got \(8, 4\) and \(3,\)",
    ),
    "a drop before the start": (
        lambda: schedules.MultiStep(0.1, (10, -3)),
        ValueError,
        r"MultiStep.boundaries must be at least 0, got -3",
    ),
    "phase by name": (
        lambda: theory.phase("tanh", 1.0),
        TypeError,
        r"activation must be a layer .*fnn.layers.Tanh\(\).*got str 'tanh'",
    ),
    "phase of softmax": (
        lambda: theory.phase(L.Softmax(), 1.0),
        TypeError,
        r"activation must be a layer that acts entry by entry.*got Softmax\(\)",
    ),
    "negative variance": (
        lambda: theory.phase(TANH, -1.0),
        ValueError,
        "weight_variance must be above 0, got -1.0",
    ),
    "critical, told twice": (
        lambda: theory.critical(TANH, q=1.0, bias_variance=0.1),
        ValueError,
        "bias_variance must be left out where q is given, got 0.1: it follows from q",
    ),
    "no steps to diagnose": (
        lambda: fnn.diagnose(*run(), (X, Y), steps=0),
        ValueError,
        "steps must be at least 1, got 0",
    ),
    "diagnose without targets": (
        lambda: fnn.diagnose(*run(), X),
        TypeError,
        r"data must be an fnn.Batch or a tuple .*got float32 of shape \(8, 4\)",
    ),
    "cure from a key": (
        lambda: fnn.cure(recipe(), KEY, (X, Y)),
        TypeError,
        r"state must be an fnn.TrainState, from fnn.init, got uint32 of shape \(2,\)",
    ),
    "unit variance of other inputs": (
        lambda: fnn.unit_variance(*run(), X[:, :2]),
        ValueError,
        r"Dense\(n_in=4, n_out=3\) takes an input of shape \(4,\), got \(2,\)",
    ),
}
