"""Singular values: predicted moments, isometry, and what a network really has."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn import initializers
from fnn import layers as L
from fnn import theory as T

DEPTH = 150


@pytest.mark.parametrize(
    ("layer", "gain", "gaussian", "orthogonal"),
    [(L.Identity(), 1.0, DEPTH, 0.0), (L.ReLU(), 2.0, 2 * DEPTH, DEPTH)],
)
def test_moments_at_criticality(
    layer: Any, gain: float, gaussian: float, orthogonal: float
) -> None:
    """C11."""
    for kind, expected in ((False, gaussian), (True, orthogonal)):
        mean, variance = T.jacobian_moments(layer, gain, 0.0, DEPTH, orthogonal=kind)
        assert mean == pytest.approx(1, abs=1e-11)
        assert variance == pytest.approx(expected, abs=1e-9)


def test_tanh_with_short_signals_is_nearly_isometric() -> None:
    """C11: q* = 1/64, 150 layers."""
    point = T.critical(L.Tanh(), q=1 / 64)
    results = [
        T.jacobian_moments(L.Tanh(), *point[:2], DEPTH, orthogonal=kind)
        for kind in (True, False)
    ]
    assert [mean for mean, _ in results] == pytest.approx([1, 1], abs=1e-11)
    assert results[0][1] == pytest.approx(0.253, abs=5e-4)
    assert results[1][1] == pytest.approx(150.25, abs=5e-3)


def test_moments_away_from_criticality() -> None:
    mean, variance = T.jacobian_moments(L.ReLU(), 1.0, 0.0, 10)
    assert mean == pytest.approx(2.0**-10, rel=1e-12)
    assert variance == pytest.approx(20 * 2.0**-20, rel=1e-12)
    assert T.jacobian_moments(L.Identity(), 2.0, 0.0, 5000) == (math.inf, math.inf)


@pytest.mark.parametrize(("depth", "small_q_law"), [(150, 0.01443), (10_000, 0.00177)])
def test_isometric_q(depth: int, small_q_law: float) -> None:
    """The law 8 L q^2 holds for small q; the exact q is a little above it."""
    q = T.isometric_q(L.Tanh(), depth, 0.25)
    assert math.sqrt(0.25 / (8 * depth)) == pytest.approx(small_q_law, abs=5e-6)
    assert small_q_law < q < 1.1 * small_q_law
    point = T.critical(L.Tanh(), q=q)
    _, variance = T.jacobian_moments(L.Tanh(), *point[:2], depth, orthogonal=True)
    assert variance == pytest.approx(0.25, rel=1e-9)
    tiny = T.isometric_q(L.Tanh(), depth, 1e-8)
    assert tiny == pytest.approx(math.sqrt(1e-8 / (8 * depth)), rel=1e-4)


@pytest.mark.parametrize("layer", [L.ReLU(), L.Identity()])
def test_nothing_makes_relu_isometric(layer: Any) -> None:
    with pytest.raises(ValueError, match="variance must be one that signals of some"):
        T.isometric_q(layer, DEPTH, 0.25)


def test_what_jacobians_refuse() -> None:
    with pytest.raises(ValueError, match="depth must be at least 1"):
        T.jacobian_moments(L.Tanh(), 1.0, 0.0, 0)
    with pytest.raises(ValueError, match="variance must be above 0"):
        T.isometric_q(L.Tanh(), 150, 0.0)
    with pytest.raises(TypeError, match="model must be a layer"):
        T.input_jacobian_singular_values("tanh", (), (), jnp.ones(3))  # pyright: ignore


@pytest.mark.usefixtures("x64")
def test_singular_values_of_a_linear_map(rng: np.random.Generator) -> None:
    layer = L.Dense(5, 3)
    params, stats = layer.init(jax.random.key(0))
    x = jnp.asarray(rng.normal(size=5))
    result = T.input_jacobian_singular_values(layer, params, stats, x)
    expected = np.linalg.svd(np.asarray(params["w"]), compute_uv=False)
    np.testing.assert_allclose(result, expected, rtol=1e-12)


@pytest.mark.parametrize("orthogonal", [True, False])
@pytest.mark.usefixtures("x64")
def test_a_network_has_the_moments_predicted(orthogonal: bool) -> None:
    """Width 300: lengths vary by 8 % a layer, slopes by a tenth of that at q = 0.05."""
    width, depth, q = 300, 10, 0.05
    weights, biases = T.critical_initializers(L.Tanh(), q=q, orthogonal=orthogonal)
    dense = L.Dense(width, width, weight_initializer=weights, bias_initializer=biases)
    model = L.Repeat(L.Sequential(L.Tanh(), dense), depth)
    params, stats = model.init(jax.random.key(5))
    z = jax.random.normal(jax.random.key(6), (width,), jnp.float64)
    z = z * jnp.sqrt(q / jnp.mean(z * z))
    values = T.input_jacobian_singular_values(model, params, stats, z)
    squares = np.square(np.asarray(values))
    point = T.critical(L.Tanh(), q=q)
    mean, variance = T.jacobian_moments(
        L.Tanh(), *point[:2], depth, orthogonal=orthogonal
    )
    assert squares.mean() == pytest.approx(mean, rel=0.1)
    spread = squares.var() / squares.mean() ** 2
    # 0.16 for orthogonal weights, of the squared length; 10.16 for Gaussian ones.
    assert spread == pytest.approx(variance, rel=0.25 if orthogonal else 0.1)


def test_the_notes_linear_network() -> None:
    dense = L.Dense(4, 4, weight_initializer=initializers.ScaledIdentity(1.5))
    model = L.Repeat(dense, DEPTH)
    params, stats = model.init(jax.random.key(0))
    values = T.input_jacobian_singular_values(model, params, stats, jnp.ones(4))
    np.testing.assert_allclose(values, np.full(4, 1.5**DEPTH), rtol=1e-5)
    # Compiled once for any number on the diagonal: it is a leaf.
    mean, variance = T.jacobian_moments(L.Identity(), 2.25, 0.0, DEPTH, orthogonal=True)
    assert math.sqrt(mean) == pytest.approx(1.5**DEPTH, rel=1e-11)
    assert variance == 0
