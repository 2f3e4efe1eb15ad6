"""Keras on its JAX backend: `model.fit`."""

import os
from typing import Any

import numpy as np

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.runners.loops import calls
from benchmarks.turns import Candidates, Run, serve

os.environ["KERAS_BACKEND"] = "jax"  # before the import reads it

import keras


def _model(case: Case) -> Any:
    layers = [keras.layers.Dense(size, "relu") for size in case.sizes[1:-1]]
    model = keras.Sequential(
        [
            keras.Input((case.sizes[0],)),
            *layers,
            keras.layers.Dense(case.sizes[-1]),
        ]
    )
    model.set_weights([array for pair in cases.weights(case) for array in pair])
    return model


def _compiled(case: Case, **options: Any) -> Any:
    model = _model(case)
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
    """The same; Keras asks for the steps of an epoch at once, its JAX backend loops."""
    return steps(case, steps_per_execution=case.steps)


def epochs(case: Case, **options: Any) -> Run:
    """Whole epochs, without the examples that fill no batch: others drop them too."""
    x, y = cases.data(case)
    full = len(x) // case.batch_size
    rows = full * case.batch_size
    model = _compiled(case, **options)
    return _fits(case, model, x[:rows], y[:rows], epochs=case.steps // full)


def fused_epochs(case: Case) -> Run:
    """The same with the steps of an epoch asked for at once."""
    return epochs(case, steps_per_execution=case.rows // case.batch_size)


def forward(case: Case) -> Run:
    """`predict_on_batch`, compiled."""
    return calls(case, _model(case).predict_on_batch)


_STEPS = {"fit, steps_per_execution": fused, "fit": steps}
_FORWARD = {"predict_on_batch": forward}
CANDIDATES: Candidates = {
    "C1": _STEPS,
    "C1 fit": {"fit, steps_per_execution": fused_epochs, "fit": epochs},
    "C2": _STEPS,
    "C2 fit": {"fit, steps_per_execution": fused_epochs},
    "C7 1": _FORWARD,
    "C7 4096": _FORWARD,
    "C8": {"fit": steps},
}

if __name__ == "__main__":
    serve(CANDIDATES)
