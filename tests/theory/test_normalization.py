"""Normalized activations, SELU's map, and what normalization does to deltas."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn import layers as L
from fnn import theory as T
from fnn.theory.expectations import moments


@pytest.mark.parametrize(
    ("layer", "a", "b"),
    [
        (L.Tanh(), 1.467414, 0.388542),
        (L.ReLU(), 1.414214, 0.0),
        (L.ELU(), 1.223429, 0.074220),
        # .966015 and .258486 in the table this is from: a grid with a node at the kink.
        (L.SELU(), 0.966026, 0.258446),
    ],
)
def test_gaussian_normalized(layer: Any, a: float, b: float) -> None:
    """C16."""
    result = T.gaussian_normalized(layer)
    assert result == pytest.approx((a, b), abs=1e-6)
    a, b = result
    at_one = moments(layer, 1.0)
    square = a * a * at_one.value_square + 2 * a * b * at_one.value + b * b
    assert square == pytest.approx(1, rel=1e-14)
    assert a * a * at_one.slope_square == pytest.approx(1, rel=1e-14)


def test_selu_normalized_in_closed_form() -> None:
    """E selu = 0 and E selu^2 = 1, so b = sqrt(1 - a^2)."""
    tail = math.erfc(math.sqrt(2)) / 2
    slope_square = 1.0507009873554805**2 * (
        0.5 + 1.6732632423543772**2 * math.exp(2) * tail
    )
    a, b = T.gaussian_normalized(L.SELU())
    assert a == pytest.approx(1 / math.sqrt(slope_square), rel=1e-13)
    assert b == pytest.approx(math.sqrt(1 - 1 / slope_square), rel=1e-13)


def test_selu_map() -> None:
    """C15."""
    assert T.moment_map(L.SELU(), 0.0, 1.0) == pytest.approx((0, 1), abs=1e-14)
    jacobian = T.moment_map_jacobian(L.SELU(), 0.0, 1.0)
    expected = [[0, 0.08883476], [0, 0.78264788]]
    np.testing.assert_allclose(jacobian, expected, atol=6e-9)
    assert np.linalg.norm(jacobian, 2) == pytest.approx(0.78767336, abs=6e-9)
    assert jacobian.dtype == np.float64


@pytest.mark.parametrize("layer", [L.SELU(), L.ReLU(), L.Tanh(), L.Softplus()])
def test_moment_map_jacobian_is_the_derivative(layer: Any) -> None:
    mean, variance, step = 0.3, 1.2, 1e-5

    def after(mean: float, variance: float) -> np.ndarray:
        return np.array(T.moment_map(layer, mean, variance, 0.4, 0.9))

    columns = [
        after(mean + step, variance) - after(mean - step, variance),
        after(mean, variance + step) - after(mean, variance - step),
    ]
    columns = [column / (2 * step) for column in columns]
    result = T.moment_map_jacobian(layer, mean, variance, 0.4, 0.9)
    np.testing.assert_allclose(result, np.stack(columns, axis=1), atol=1e-9)


@pytest.mark.parametrize("mean", [-3.0, -0.37, 0.61])
def test_a_kink_beside_the_mean_costs_no_accuracy(mean: float) -> None:
    """ReLU: E = m Phi(m / s) + s phi(m / s), E of squares (m^2 + v) Phi + m s phi."""
    variance = 1.7
    s = math.sqrt(variance)
    share = math.erfc(-mean / s / math.sqrt(2)) / 2
    density = math.exp(-(mean**2) / (2 * variance)) / math.sqrt(2 * math.pi)
    first = mean * share + s * density
    second = (mean**2 + variance) * share + mean * s * density
    result = T.moment_map(L.ReLU(), mean, variance, weight_sum=1.0)
    assert result == pytest.approx((first, second - first**2), rel=1e-12)


def test_normalized_gains() -> None:
    """C17."""
    assert T.normalized_gain(L.ReLU()) == pytest.approx(
        math.pi / (math.pi - 1), rel=1e-13
    )
    assert T.normalized_gain(L.ReLU()) == pytest.approx(1.466942, abs=5e-7)
    assert T.normalized_gain(L.ReLU(), centered=False) == pytest.approx(1, rel=1e-13)
    assert T.normalized_gain(L.Identity()) == pytest.approx(1, rel=1e-13)
    for layer in (L.Tanh(), L.ELU(), L.SELU(), L.GELU(), L.Sigmoid()):
        assert T.normalized_gain(layer) > 1
        assert T.normalized_gain(layer, centered=False) <= T.normalized_gain(layer)
    # Errata T15: 1.4e4 in norm after 50 layers.
    assert T.normalized_gain(L.ReLU()) ** 25 == pytest.approx(1.4e4, rel=0.05)


def test_where_layer_norm_stands_decides() -> None:
    """ReLU, width 1000: before the activation it does what RMSNorm does."""
    width, depth, networks = 1000, 6, 6
    relu, layer, rms = L.ReLU(), L.LayerNorm(width), L.RMSNorm(width)
    orders = {
        "layer norm, relu": ((layer, relu), False),
        "rms norm, relu": ((rms, relu), False),
        "relu, layer norm": ((relu, layer), True),
        "relu, rms norm": ((relu, rms), False),
    }

    def ratios(key: Any) -> Any:
        keys = jax.random.split(key, depth + 3)
        ws = jax.lax.map(
            lambda k: jax.random.normal(k, (width, width)) / math.sqrt(width), keys[3:]
        )
        delta = jax.random.normal(keys[1], (width,))

        def ratio(parts: Any) -> Any:
            def block(z: Any, w: Any) -> Any:
                for part in parts:
                    params, stats = part.init(key)
                    z, _, _ = part.forward(params, stats, z, key, train=False)
                return z @ w, None

            # The first block settles what enters the others.
            z, _ = block(jax.random.normal(keys[0], (width,)), ws[0])
            _, back = jax.vjp(lambda z: jax.lax.scan(block, z, ws[1:])[0], z)
            return jnp.sum(back(delta)[0] ** 2) / jnp.sum(delta**2)

        return jnp.stack([ratio(parts) for parts, _ in orders.values()])

    keys = jax.random.split(jax.random.key(17), networks)
    found = np.asarray(jax.jit(lambda keys: jax.lax.map(ratios, keys))(keys), float)
    for column, (order, (_, centered)) in zip(found.T, orders.items(), strict=True):
        gain = T.normalized_gain(relu, centered=centered)
        relative = column / gain ** (depth - 1)
        error = relative.std(ddof=1) / math.sqrt(networks)
        assert error < 0.25, order
        assert abs(relative.mean() - 1) < 3 * error, order


def test_networks_with_batch_norm_have_this_gain() -> None:
    """C17 and errata T15: ReLU, width 1000, batch 512, 3 % a layer."""
    width, batch, depth = 1000, 512, 5
    norm, relu = L.BatchNorm(width), L.ReLU()

    def ratio(key: Any) -> Any:
        keys = jax.random.split(key, depth + 3)
        params, stats = norm.init(key)

        def block(z: Any, key: Any) -> Any:
            def one(z: Any) -> Any:
                return norm.forward(params, stats, z, key, train=True)[0]

            x = relu.function(jax.vmap(one, axis_name="batch")(z))
            w = jax.random.normal(key, (width, width)) / math.sqrt(width)
            return x @ w, None

        z, _ = block(jax.random.normal(keys[0], (batch, width)), keys[2])
        _, back = jax.vjp(lambda z: jax.lax.scan(block, z, keys[3:])[0], z)
        delta = jax.random.normal(keys[1], (batch, width))
        return jnp.sum(back(delta)[0] ** 2) / jnp.sum(delta**2)

    found = float(jax.jit(ratio)(jax.random.key(18))) ** (1 / depth)
    assert found == pytest.approx(T.normalized_gain(relu), rel=0.03)


def test_what_they_refuse() -> None:
    with pytest.raises(ValueError, match="variance must be above 0"):
        T.moment_map(L.SELU(), 0.0, 0.0)
    with pytest.raises(ValueError, match="mean must be finite"):
        T.moment_map_jacobian(L.SELU(), math.nan, 1.0)
    with pytest.raises(TypeError, match="activation must be"):
        T.normalized_gain(L.Softmax())  # pyright: ignore
