"""Exact laws of finite width, against their sums in mpmath and against networks."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from fnn import theory as T


@pytest.mark.parametrize(
    ("width", "mean", "variance"),
    [
        (64, -0.04010860, 0.08299735),
        (100, -0.02542089, 0.05193999),
        (256, -0.00982866, 0.01981871),
    ],
)
def test_relu_log_gain(width: int, mean: float, variance: float) -> None:
    """C13."""
    result = T.relu_log_gain(width)
    assert result == pytest.approx((mean, variance), abs=6e-9)


@pytest.mark.parametrize("width", [1, 2, 5, 64])
def test_relu_log_gain_against_mpmath(width: int) -> None:
    with mp.workdps(30):
        ks = range(1, width + 1)
        share = [mp.binomial(width, k) / (mp.mpf(2) ** width - 1) for k in ks]
        psi = [mp.digamma(mp.mpf(k) / 2) for k in ks]
        psi_slope = [mp.polygamma(1, mp.mpf(k) / 2) for k in ks]
        center = mp.fdot(share, psi)
        mean = mp.log(mp.mpf(4) / width) + center
        square = mp.fdot(share, [a + b**2 for a, b in zip(psi_slope, psi, strict=True)])
        expected = float(mean), float(square - center**2)
    assert T.relu_log_gain(width) == pytest.approx(expected, rel=1e-12)


def test_depth_150_width_100() -> None:
    """C13: median e^-3.81, deviation of the logarithm 2.79, fourth moment 1508."""
    mean, variance = T.relu_log_gain(100)
    assert 150 * mean == pytest.approx(-3.81, abs=5e-3)
    assert math.sqrt(150 * variance) == pytest.approx(2.79, abs=5e-3)
    assert T.relu_fourth_moment((100,) * 150) == pytest.approx(1508, abs=0.5)
    assert T.inverse_width_sum((100,) * 150) == pytest.approx(1.5, rel=1e-14)


def test_fourth_moment_is_about_the_exponential() -> None:
    widths = (1000, 2000, 500)
    beta = T.inverse_width_sum(widths)
    assert beta == pytest.approx(0.0035, rel=1e-14)
    assert T.relu_fourth_moment(widths) == pytest.approx(math.exp(5 * beta), rel=1e-4)
    assert T.relu_fourth_moment((2,)) == pytest.approx(3.5, rel=1e-15)


def test_relu_networks_have_this_law() -> None:
    """C13: width 64, 50 layers, 400 networks; theory -2.005 and 4.15."""
    width, depth, networks = 64, 50, 400

    def log_square(key: Any) -> Any:
        def layer(carry: Any, key: Any) -> tuple[Any, None]:
            x, log = carry
            w = jax.random.normal(key, (width, width)) * math.sqrt(2 / width)
            x = jax.nn.relu(x @ w)
            square = jnp.sum(x * x)
            return (x / jnp.sqrt(square), log + jnp.log(square)), None

        x = jnp.full(width, 1 / math.sqrt(width))
        keys = jax.random.split(key, depth)
        return jax.lax.scan(layer, (x, jnp.zeros(())), keys)[0][1]

    keys = jax.random.split(jax.random.key(13), networks)
    logs = np.asarray(jax.jit(jax.vmap(log_square))(keys), float)
    mean, variance = (depth * value for value in T.relu_log_gain(width))
    assert mean == pytest.approx(-2.005, abs=5e-4)
    assert variance == pytest.approx(4.15, abs=5e-3)
    error = math.sqrt(variance / networks)
    assert abs(logs.mean() - mean) < 3 * error
    # Far enough from the law of infinite width, ln 1 = 0.
    assert abs(mean) > 10 * error
    assert abs(logs.var() / variance - 1) < 3 * math.sqrt(2 / networks)


@pytest.mark.parametrize(
    ("width", "depth", "expected"),
    [
        (2, 10, 0.943686),
        (4, 50, 0.960321),
        (8, 150, 0.444054),
        (16, 150, 0.002286),
    ],
)
def test_born_dead(width: int, depth: int, expected: float) -> None:
    """C14."""
    assert T.born_dead((width,) * depth) == pytest.approx(expected, abs=6e-7)


def test_born_dead_is_exact_where_it_is_small() -> None:
    assert T.born_dead((60,)) == pytest.approx(2.0**-60, rel=1e-15)
    assert T.born_dead((1, 2)) == pytest.approx(1 - 0.5 * 0.75, rel=1e-15)


def test_networks_are_born_dead_that_often() -> None:
    depth, networks = 10, 2000

    def dead(key: Any) -> Any:
        ws = jax.random.normal(key, (depth, 3, 3))
        x, _ = jax.lax.scan(lambda x, w: (jax.nn.relu(x @ w), None), jnp.ones(3), ws)
        return jnp.all(x == 0)

    keys = jax.random.split(jax.random.key(14), networks)
    share = float(np.mean(jax.jit(jax.vmap(dead))(keys)))
    expected = T.born_dead((3,) * depth)
    assert abs(share - expected) < 3 * math.sqrt(expected * (1 - expected) / networks)


def test_what_widths_must_be() -> None:
    for function in (T.born_dead, T.relu_fourth_moment, T.inverse_width_sum):
        with pytest.raises(TypeError, match="widths must be a tuple"):
            function(3)  # pyright: ignore
        with pytest.raises(ValueError, match=r"widths\[1\] must be at least 1, got 0"):
            function((3, 0))
    with pytest.raises(ValueError, match="width must be at least 1"):
        T.relu_log_gain(0)
