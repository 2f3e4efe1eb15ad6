"""Statistics of every layer, beside a NumPy pass through the same network."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn

pytestmark = pytest.mark.usefixtures("x64")

L = fnn.layers
WIDTH, ROWS, DEPTH = 5, 7, 4
ROADS = {"autodiff": fnn.autodiff, "backprop": fnn.backprop}


def recipe(model: Any, road: Any, optimizer: Any = None) -> fnn.Recipe:
    return fnn.Recipe(
        model,
        fnn.losses.HalfSquaredError(),
        optimizer or fnn.optimizers.SGD(0.1),
        gradient=road,
        penalty=fnn.penalties.L2(0.01),
        report=("statistics",),
    )


def deep() -> fnn.layers.Layer:
    block = L.Sequential(L.Tanh(), L.Dense(WIDTH, WIDTH))
    return L.Sequential(L.Dense(WIDTH, WIDTH), L.Repeat(block, DEPTH), L.ReLU())


def data(rng: np.random.Generator) -> fnn.Batch:
    return fnn.Batch(rng.normal(size=(ROWS, WIDTH)), rng.normal(size=(ROWS, WIDTH)))


def rms(x: Any) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


@pytest.mark.parametrize("road", ROADS)
def test_statistics_are_those_of_a_pass_by_hand(
    road: str, rng: np.random.Generator
) -> None:
    made = recipe(deep(), ROADS[road])
    state = fnn.init(made, jax.random.key(0))
    batch = data(rng)
    new, info = jax.jit(fnn.train_step)(made, state, batch)
    first, (_, stack), _ = jax.tree.map(np.asarray, state.params)
    w = [first["w"], *stack["w"]]
    b = [first["b"], *stack["b"]]
    z, a = [batch.x @ w[0] + b[0]], []
    for layer in range(1, DEPTH + 1):
        a.append(np.tanh(z[-1]))
        z.append(a[-1] @ w[layer] + b[layer])
    a.append(np.maximum(z[-1], 0))
    delta = (a[-1] - batch.y) / ROWS * (z[-1] > 0)
    deltas = [delta]
    for layer in range(DEPTH, 0, -1):
        delta = delta @ w[layer].T * (1 - a[layer - 1] ** 2)
        deltas.insert(0, delta)
    inputs = [batch.x, *a[:-1]]
    gradients = [
        x.T @ d + 0.01 * weights
        for x, d, weights in zip(inputs, deltas, w, strict=True)
    ]
    expected = {
        "z": [rms(x) for x in z],
        "a": [rms(x) for x in a],
        "delta": [rms(x) for x in deltas],
        "weight": [rms(x) for x in w],
        "gradient": [rms(x) for x in gradients],
        "update": [0.1 * rms(x) for x in gradients],
        "dead": [np.nan] * DEPTH + [np.mean((z[-1] <= 0).all(axis=0))],
        "saturated": [np.mean(1 - x**2 < 0.05) for x in a[:-1]] + [np.nan],
    }
    for name, values in expected.items():
        told = getattr(info.statistics, name)
        np.testing.assert_allclose(told, values, rtol=1e-12, err_msg=name)
    plain, _ = jax.jit(fnn.train_step)(
        dataclasses.replace(made, report=()), state, batch
    )
    for one, other in zip(jax.tree.leaves(new), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("road", ROADS)
def test_every_container_is_looked_into(road: str, rng: np.random.Generator) -> None:
    dense = L.Dense(WIDTH, WIDTH, bias=False)
    model = L.Sequential(
        dense,
        L.BatchNorm(WIDTH),
        L.Tanh(),
        L.Repeat(L.Residual(L.Repeat(L.Sequential(dense, L.ReLU()), 2), 0.5), 3),
        L.Checkpoint(L.Sequential(dense, L.Sigmoid())),
        L.ReZero(L.Sequential(L.BatchNorm(WIDTH), dense)),
        L.Dropout(0.2),
        L.Maxout(WIDTH, WIDTH, 2),
    )
    made = recipe(model, ROADS[road], fnn.optimizers.Adam())
    state = fnn.init(made, jax.random.key(0))
    new, info = jax.jit(fnn.train_step)(made, state, data(rng))
    assert jax.tree.structure(new) == jax.tree.structure(state)
    told = info.statistics
    assert told is not None
    assert [len(values) for values in told] == [1 + 6 + 1 + 1 + 1] * 8
    assert np.isfinite(told.delta).all()
    measured = np.isfinite(np.asarray(told.a))
    # ReZero's Dense and Maxout have no activation after them.
    assert measured.tolist() == [True] * 8 + [False] * 2
    # ReZero's branch is shut at first: no gradient passes.
    assert np.flatnonzero(np.asarray(told.delta) == 0).tolist() == [8]


def test_the_whole_range_of_float32_is_measured() -> None:
    """Gradients of 1e-30, whose squares are 0 in float32, and outputs of 1e30."""
    scale = fnn.initializers.ScaledIdentity(1e-15)
    grow = fnn.initializers.ScaledIdentity(1e15)
    model = L.Sequential(
        L.Dense(WIDTH, WIDTH, weight_initializer=scale),
        L.Dense(WIDTH, WIDTH, weight_initializer=scale),
        L.Dense(WIDTH, WIDTH, weight_initializer=grow),
        L.Dense(WIDTH, WIDTH, weight_initializer=grow),
    )
    made = recipe(model, fnn.backprop)
    with jax.enable_x64(False):
        state = fnn.init(made, jax.random.key(0))
        batch = fnn.Batch(
            np.ones((1, WIDTH), np.float32), np.zeros((1, WIDTH), np.float32)
        )
        _, info = fnn.train_step(made, state, batch)
    told = info.statistics
    assert told is not None
    np.testing.assert_allclose(told.z, [1e-15, 1e-30, 1e-15, 1], rtol=1e-5)
    np.testing.assert_allclose(told.delta, [1e15, 1e30, 1e15, 1], rtol=1e-5)


def test_statistics_of_an_epoch_have_a_row_a_step(rng: np.random.Generator) -> None:
    made = recipe(deep(), fnn.backprop)
    state = fnn.init(made, jax.random.key(0))
    x = rng.normal(size=(20, WIDTH))
    run = jax.jit(fnn.train_epoch, static_argnames="batch_size")
    _, info = run(made, state, (x, x), batch_size=5)
    assert info.statistics.delta.shape == (4, DEPTH + 1)
    assert jnp.isfinite(info.statistics.update).all()
