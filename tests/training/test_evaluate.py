"""Inference: no dropout, running statistics, and the loss of a data set."""

from typing import Any

import jax
import numpy as np
import pytest

import fnn
from fnn.metrics import accuracy
from tests.training.runs import FULL, PLAIN, STEP, clouds, softmax_cross_entropy


@pytest.fixture(scope="module")
def trained() -> tuple[fnn.TrainState, fnn.Batch]:
    """A few steps away from running means of 0 and variances of 1."""
    data = clouds(np.random.default_rng(0))
    state = fnn.init(FULL, jax.random.key(0))
    for _ in range(5):
        state, _ = STEP(FULL, state, data)
    return state, data


def logits(state: fnn.TrainState, x: np.ndarray) -> np.ndarray:
    """FULL in inference, in float64."""
    dense, norm, _, _, last = jax.tree.map(
        lambda leaf: np.asarray(leaf, float), state.params
    )
    running = jax.tree.map(lambda leaf: np.asarray(leaf, float), state.stats[1])
    z = x.astype(float) @ dense["w"]
    z = (z - running["mean"]) / np.sqrt(running["variance"] + 1e-5)
    a = np.maximum(norm["gamma"] * z + norm["beta"], 0)
    return a @ last["w"] + last["b"]


def test_predict_is_inference(trained: Any) -> None:
    state, data = trained
    got = fnn.predict(FULL, state, data.x)
    np.testing.assert_allclose(got, logits(state, data.x), rtol=1e-4, atol=1e-5)
    # One example as well, which has no batch to take statistics from.
    one = fnn.predict(FULL, state, data.x[:1])
    np.testing.assert_allclose(one, got[:1], rtol=1e-5, atol=1e-6)


def test_running_statistics_move_by_a_tenth(trained: Any) -> None:
    """keep = 0.9 (errata H4): the next ones from the batch that a step sees."""
    state, data = trained
    after, _ = STEP(FULL, state, data)
    z = data.x.astype(float) @ np.asarray(state.params[0]["w"], float)
    for name, seen in (("mean", z.mean(axis=0)), ("variance", z.var(axis=0))):
        old, new = (np.asarray(s.stats[1][name], float) for s in (state, after))
        np.testing.assert_allclose(new, 0.9 * old + 0.1 * seen, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_evaluate(trained: Any, weighted: bool, rng: np.random.Generator) -> None:
    state, data = trained
    weight = rng.uniform(0, 2, len(data.x)).astype(np.float32) if weighted else None
    z = logits(state, data.x)
    losses = softmax_cross_entropy(z, data.y)
    evaluate = jax.jit(fnn.evaluate, static_argnames="metrics")
    got = evaluate(FULL, state, data._replace(weight=weight), metrics=(accuracy,))
    assert set(got) == {"loss", "accuracy"}
    expected = np.average(losses, weights=weight)
    assert float(got["loss"]) == pytest.approx(expected, rel=1e-5)
    right = np.mean(z.argmax(axis=1) == data.y)
    assert float(got["accuracy"]) == pytest.approx(right, rel=1e-6)


def test_evaluate_leaves_the_penalty_out(rng: np.random.Generator) -> None:
    data = clouds(rng)
    penalized = fnn.Recipe(
        PLAIN.model, PLAIN.loss, PLAIN.optimizer, fnn.penalties.L2(10.0)
    )
    state = fnn.init(PLAIN, jax.random.key(0))
    losses = [
        fnn.evaluate(recipe, state, data)["loss"] for recipe in (PLAIN, penalized)
    ]
    expected = softmax_cross_entropy(fnn.predict(PLAIN, state, data.x), data.y).mean()
    np.testing.assert_allclose(losses, [expected] * 2, rtol=1e-5)


def test_a_metric_is_reported_under_its_name(rng: np.random.Generator) -> None:
    class Largest:
        def __call__(self, prediction: Any, target: Any) -> Any:
            del target
            return prediction.max()

    data = clouds(rng)
    state = fnn.init(PLAIN, jax.random.key(0))
    got = fnn.evaluate(PLAIN, state, data, (Largest(),))
    expected = np.asarray(fnn.predict(PLAIN, state, data.x)).max()
    assert float(got["Largest"]) == pytest.approx(expected, rel=1e-6)
