"""Inference compiled ahead of time: the same outputs, and what it refuses."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn

L = fnn.layers


def run() -> tuple[fnn.Recipe, fnn.TrainState]:
    model = L.Sequential(
        L.Dense(4, 8, bias=False),
        L.BatchNorm(8),
        L.LeakyReLU(0.2),
        L.Dropout(0.5),
        L.Dense(8, 3),
    )
    made = fnn.Recipe(model, fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
    return made, fnn.init(made, jax.random.key(0))


@pytest.fixture(scope="module")
def compiled() -> Any:
    return fnn.compile_predict(*run(), np.zeros((2, 4), np.float32))


def test_it_computes_what_predict_does(compiled: Any, rng: Any) -> None:
    x = rng.normal(size=(2, 4)).astype(np.float32)
    expected = jax.jit(fnn.predict)(*run(), x)
    for given in (x, jnp.asarray(x)):
        np.testing.assert_allclose(compiled(given), expected, rtol=1e-6, atol=1e-7)
    assert repr(compiled) == "CompiledPredict(shape=(2, 4), dtype=float32)"


def test_it_outlives_the_state_and_takes_a_shape() -> None:
    made, state = run()
    shape = jax.ShapeDtypeStruct((1, 4), np.float32)
    answer = fnn.compile_predict(made, state, shape)
    x = np.ones((1, 4), np.float32)
    before = np.asarray(answer(x))
    jax.tree.map(lambda leaf: leaf.delete(), state)
    assert np.asarray(answer(x)).tolist() == before.tolist()


def test_parameters_are_arguments_not_constants() -> None:
    made, state = run()
    answer = fnn.compile_predict(made, state, np.zeros((1, 4), np.float32))
    text = answer._program.as_text()
    for leaf in jax.tree.leaves((state.params, state.stats)):
        shape = ",".join(map(str, leaf.shape))
        assert f"f32[{shape}]" in text.splitlines()[0]


@pytest.mark.parametrize(
    ("x", "kind", "words"),
    [
        (
            np.zeros((3, 4), np.float32),
            ValueError,
            r"x must have shape \(2, 4\), which was compiled for, got \(3, 4\)\.",
        ),
        (np.zeros(4, np.float32), ValueError, r"\(2, 4\).* got \(4,\)\."),
        (
            np.zeros((2, 4)),
            TypeError,
            r"x must be float32, which was compiled for, got float64\. Write x\.ast",
        ),
        ([[0.0] * 4] * 2, TypeError, r"x must be a NumPy or JAX array, got list\."),
    ],
    ids=["rows", "one example", "dtype", "list"],
)
def test_another_x_is_named(compiled: Any, x: Any, kind: Any, words: str) -> None:
    with pytest.raises(kind, match=words):
        compiled(x)


@pytest.mark.parametrize(
    ("x", "kind", "words"),
    [
        (
            np.zeros((1, 5), np.float32),
            ValueError,
            r"model: layer 0: Dense.*\(4,\), got \(5,\)",
        ),
        (
            np.zeros((1, 4)),
            TypeError,
            r"x must be float32, as 64 bits are not enabled, got float64\. Write x\.as",
        ),
        ((1, 4), TypeError, r"x must be an array or a jax\.Shape.*got a tuple of 2\."),
        (np.zeros((1, 4), np.int32), TypeError, r"x must be floating, got int32\."),
        (np.zeros(4, np.float32), ValueError, r"x must have shape \(B, n\)"),
    ],
    ids=["features", "float64", "tuple", "int", "one example"],
)
def test_what_cannot_be_compiled_is_named(x: Any, kind: Any, words: str) -> None:
    with pytest.raises(kind, match=f"(?s){words}"):
        fnn.compile_predict(*run(), x)
