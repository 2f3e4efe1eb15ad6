"""Generated data: what their formulas say, functions of their key, traceable."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn.data import friedman, moons, sine, spirals, xor

GENERATORS = {f.__name__: f for f in (xor, spirals, moons, sine, friedman)}


@pytest.mark.parametrize("name", GENERATORS)
def test_a_pure_function_of_its_key(name: str, seed: int) -> None:
    make, key = GENERATORS[name], jax.random.key(seed)
    data = make(key, 30)
    assert len(data.x) == len(data.y) == 30
    assert data.x.dtype == jnp.float32
    compiled = jax.jit(make, static_argnums=1)
    again = compiled(jax.random.key_data(key), 30)
    np.testing.assert_allclose(again.x, data.x, atol=1e-5)
    np.testing.assert_allclose(again.y, data.y, atol=1e-4)
    assert np.abs(compiled(jax.random.key(seed + 1), 30).x - data.x).max() > 0.01
    # Noise is a number: one program makes data sets of many.
    noises = jnp.array([0.0, 0.5])
    many = jax.vmap(lambda noise: make(key, 30, noise=noise))(noises)
    assert many.x.shape == (2, *data.x.shape)
    with jax.enable_x64(True):
        assert make(key, 30).x.dtype == jnp.float64


@pytest.mark.parametrize(("make", "noise"), [(xor, 0.2), (moons, 0.1), (sine, 0.3)])
def test_noise_has_its_deviation(make: Any, noise: float) -> None:
    key = jax.random.key(1)
    clean, noisy = make(key, 4000, noise=0.0), make(key, 4000, noise=noise)
    moved = noisy.y - clean.y if make is sine else noisy.x - clean.x
    assert float(jnp.std(moved)) == pytest.approx(noise, rel=0.05)
    assert abs(float(jnp.mean(moved))) < 0.02


def test_xor() -> None:
    data = xor(jax.random.key(0), 400)
    signs = np.sign(data.x)
    np.testing.assert_array_equal(signs[:, 0] != signs[:, 1], data.y)
    assert np.bincount(data.y).tolist() == [200, 200]


def test_spirals() -> None:
    data = spirals(jax.random.key(0), 301, classes=3, turns=1.5, noise=0.0)
    radius = np.linalg.norm(data.x, axis=1)
    assert radius.max() <= 1 + 1e-6
    # Turned back by what its radius says, each point lies on the ray of its class.
    angle = np.arctan2(data.x[:, 1], data.x[:, 0]) - 2 * np.pi * 1.5 * radius
    turn = (angle / (2 * np.pi) * 3 - np.asarray(data.y)) / 3
    np.testing.assert_allclose(turn - np.round(turn), np.zeros(301), atol=1e-4)
    assert np.bincount(data.y).tolist() == [101, 100, 100]


@pytest.mark.usefixtures("x64")
def test_turns_of_any_dtype() -> None:
    key, results = jax.random.key(0), []
    for turns in (2, 2.0, np.float32(2), jnp.array(2, jnp.int32)):
        results.append(np.asarray(spirals(key, 4, turns=turns).x))
    assert all((x == results[0]).all() for x in results)


def test_moons() -> None:
    data = moons(jax.random.key(0), 500, noise=0.0)
    upper, lower = (np.asarray(data.x)[np.asarray(data.y) == k] for k in (0, 1))
    np.testing.assert_allclose(np.linalg.norm(upper, axis=1), np.ones(250), rtol=1e-5)
    shifted = lower - [1, 0.5]
    np.testing.assert_allclose(np.linalg.norm(shifted, axis=1), np.ones(250), rtol=1e-5)
    assert upper[:, 1].min() >= -1e-6
    assert shifted[:, 1].max() <= 1e-6


def test_regressions() -> None:
    data = sine(jax.random.key(0), 500, noise=0.0)
    assert (float(data.x.min()) < -0.9, float(data.x.max()) > 0.9) == (True, True)
    np.testing.assert_allclose(data.y, np.sin(np.pi * np.asarray(data.x)), atol=1e-5)
    data = friedman(jax.random.key(0), 500, n_features=6, noise=0.0)
    a, b, c, d, e, _ = np.asarray(data.x, float).T
    y = 10 * np.sin(np.pi * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e
    np.testing.assert_allclose(data.y[:, 0], y, atol=1e-4)
    assert abs(np.corrcoef(np.asarray(data.x).T) - np.eye(6)).max() < 0.2


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: xor(0, 4), TypeError, "key must be one key"),  # pyright: ignore
        (lambda: moons(jax.random.key(0), 0), ValueError, "rows must be at least 1"),
        (
            lambda: sine(jax.random.key(0), 4, -1.0),
            ValueError,
            "noise must be at least",
        ),
        (lambda: sine(jax.random.key(0), 4, "a"), TypeError, "noise must be a number"),
        (lambda: spirals(jax.random.key(0), 4, 0), ValueError, "classes must be at"),
        (
            lambda: friedman(jax.random.key(0), 4, 4),
            ValueError,
            "n_features must be at",
        ),
    ],
)
def test_mistakes(call: Any, kind: Any, words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
