"""Centered weights: critical for every activation, at every length and mean."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn import layers as L
from fnn import theory as T

ACTIVATIONS = [
    L.Tanh(),
    L.Sigmoid(),
    L.Softplus(),
    L.Swish(),
    L.GELU(),
    L.ELU(),
    L.SELU(),
    L.ReLU(),
    L.LeakyReLU(0.1),
    L.PReLU(),
]


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: type(a).__name__)
def test_there_is_a_critical_point_everywhere(
    activation: Any, rng: np.random.Generator
) -> None:
    """Poincare: the bias variance is not negative, whatever q and mean are."""
    for _ in range(10):
        q, mean = float(10 ** rng.uniform(-6, 2)), float(rng.uniform(0, 3))
        point = T.centered_critical(activation, q, mean)
        assert point.weight_variance > 0
        assert 0 <= point.bias_variance <= q
        assert point.q_star == q


def test_where_nothing_is_to_center() -> None:
    """phi is odd and z without mean: the same point as without centering."""
    for q in (0.01, 1.0, 30.0):
        assert T.centered_critical(L.Tanh(), q) == pytest.approx(
            T.critical(L.Tanh(), q=q), rel=1e-10
        )


def test_sigmoid_is_tanh() -> None:
    """sigmoid(z) = (1 + tanh(z / 2)) / 2: z twice as long, weights four times."""
    for q in (0.01, 1.0, 10.0):
        tanh = T.centered_critical(L.Tanh(), q)
        sigmoid = T.centered_critical(L.Sigmoid(), 4 * q)
        assert sigmoid.weight_variance == pytest.approx(16 * tanh.weight_variance)
        assert sigmoid.bias_variance == pytest.approx(4 * tanh.bias_variance, rel=1e-8)
        assert sigmoid.length_slope == pytest.approx(tanh.length_slope)


def test_relu_in_closed_form() -> None:
    """ReLU at mean 0: E phi'^2 = 1/2, Var phi = q (1/2 - 1/(2 pi))."""
    point = T.centered_critical(L.ReLU(), 3.0)
    assert point.weight_variance == pytest.approx(2)
    assert point.bias_variance == pytest.approx(3 / np.pi)
    assert point.length_slope == pytest.approx(1 - 1 / np.pi)


def test_the_slope_of_the_length_map() -> None:
    """Against a difference quotient of it."""
    for activation in (L.Softplus(), L.ReLU(), L.Sigmoid()):
        at = T.centered_critical(activation, 0.7, 0.4)
        below, above = (
            (q - point.bias_variance) / point.weight_variance
            for q in (0.7 - 1e-5, 0.7 + 1e-5)
            for point in (T.centered_critical(activation, q, 0.4),)
        )
        slope = at.weight_variance * (above - below) / 2e-5
        assert at.length_slope == pytest.approx(slope, rel=1e-6)


def test_relu_can_be_isometric_with_a_mean() -> None:
    """mu_2 / mu_1^2 - 1 = P(z < 0) / P(z > 0), z normal of this mean and variance."""
    q = T.isometric_q(L.ReLU(), 150, 1.0, mean=1.0)
    below = (1 + jax.scipy.special.erf(-1 / np.sqrt(2 * q))) / 2
    assert 150 * below / (1 - below) == pytest.approx(1, rel=1e-4)
    assert T.isometric_q(L.ReLU(), 150, 1.0, 2.0) == pytest.approx(4 * q)
    with pytest.raises(ValueError, match="variance must be one that signals of some"):
        T.isometric_q(L.ReLU(), 150, 1.0)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("shape", [(6, 6), (7, 4), (3, 9), (2, 2)])
def test_centered_orthogonal(shape: tuple[int, int], seed: int) -> None:
    initializer = T.CenteredOrthogonal(3.0)
    w = initializer(jax.random.key(seed), shape, jnp.float64)
    assert w.shape == shape
    np.testing.assert_allclose(w.sum(0), 0, atol=1e-12)
    np.testing.assert_allclose(w.sum(1), 0, atol=1e-12)
    rank = min(shape) - 1
    singular = np.linalg.svd(np.asarray(w), compute_uv=False)
    expected = [3.0] * rank + [0.0]
    np.testing.assert_allclose(singular, expected, atol=1e-12)
    mean_square = float(jnp.mean(jnp.square(w)))
    assert initializer.variance(shape) == pytest.approx(mean_square)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="shape must have widths of at least 2"):
        T.CenteredOrthogonal().variance((1, 4))
    with pytest.raises(ValueError, match="shape must be that of a matrix"):
        T.CenteredOrthogonal()(jax.random.key(0), (4,), jnp.float32)
    with pytest.raises(ValueError, match=r"CenteredOrthogonal.gain must be above 0"):
        T.CenteredOrthogonal(0.0)
    with pytest.raises(ValueError, match="q must be above 0"):
        T.centered_critical(L.Tanh(), 0.0)
    with pytest.raises(ValueError, match=r"mean must be where ReLU\(\) has a slope"):
        T.centered_critical(L.ReLU(), 1e-3, -2.0)
    with pytest.raises(TypeError, match="activation must be"):
        T.centered_critical(L.Softmax(), 1.0)  # pyright: ignore


@pytest.mark.usefixtures("x64")
def test_a_softplus_network_of_these_keeps_its_signal(seed: int) -> None:
    """Three layers in one: q around the mean after each, as wide as can be had."""
    q, mean, n = 0.8, 0.5, 1000
    weights, biases = T.centered_initializers(L.Softplus(), q, mean)
    dense = L.Dense(n, n, weight_initializer=weights, bias_initializer=biases)
    model = L.Repeat(L.Sequential(L.Softplus(), dense), 3)
    keys = jax.random.split(jax.random.key(seed), 2)
    params, stats = model.init(keys[0])
    z = mean + q**0.5 * jax.random.normal(keys[1], (n,), jnp.float64)
    y, _, _ = model.forward(params, stats, z, keys[0], train=False)
    # Five standard deviations of a mean and of a mean of squares.
    assert np.mean(y) == pytest.approx(mean, abs=5 * (q / n) ** 0.5)
    assert np.var(y) == pytest.approx(q, abs=5 * q * (2 / n) ** 0.5)
