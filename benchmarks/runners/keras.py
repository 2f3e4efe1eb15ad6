"""Keras on its JAX backend: `model.fit`."""

import os
from typing import Any

import numpy as np

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.turns import Candidates, Run, serve

os.environ["KERAS_BACKEND"] = "jax"  # before the import reads it

import keras


def _compiled(case: Case, **options: Any) -> Any:
    layers = [keras.layers.Dense(size, "relu") for size in case.sizes[1:-1]]
    model = keras.Sequential(
        [
            keras.Input((case.sizes[0],)),
            *layers,
            keras.layers.Dense(case.sizes[-1]),
        ]
    )
    model.set_weights([array for pair in cases.weights(case) for array in pair])
    model.compile(
        keras.optimizers.Adam(case.rate, epsilon=1e-8),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        **options,
    )
    return model


def _weights(model: Any) -> Weights:
    arrays = [np.asarray(array) for array in model.get_weights()]
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def _fits(case: Case, model: Any, x: Any, y: Any, **options: Any) -> Run:
    def turn() -> None:
        model.fit(x, y, batch_size=case.batch_size, verbose=0, **options)

    return Run(turn, lambda: _weights(model))


def steps(case: Case, **options: Any) -> Run:
    """The batches of a turn in their order, as one epoch."""
    x, y = map(np.concatenate, zip(*cases.batches(case), strict=True))
    return _fits(case, _compiled(case, **options), x, y, shuffle=False)


def fused(case: Case) -> Run:
    """The same, the whole epoch an execution."""
    return steps(case, steps_per_execution=case.steps)


def epochs(case: Case, **options: Any) -> Run:
    """Whole epochs, without the examples that fill no batch: others drop them too."""
    x, y = cases.data(case)
    full = len(x) // case.batch_size
    rows = full * case.batch_size
    model = _compiled(case, **options)
    return _fits(case, model, x[:rows], y[:rows], epochs=case.steps // full)


def fused_epochs(case: Case) -> Run:
    """The same, each epoch an execution."""
    return epochs(case, steps_per_execution=case.rows // case.batch_size)


CANDIDATES: Candidates = {
    "C1": {"fit, steps_per_execution": fused, "fit": steps},
    "C1 fit": {"fit, steps_per_execution": fused_epochs, "fit": epochs},
    "C2": {"fit, steps_per_execution": fused, "fit": steps},
    "C8": {"fit": steps},
}

if __name__ == "__main__":
    serve(CANDIDATES)
