"""Critical points, the initializers made of them, and where there are none."""

from typing import Any

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from fnn import initializers
from fnn import layers as L
from fnn import theory as T


@pytest.mark.parametrize(
    ("layer", "weight_variance", "bias_variance"),
    [
        (L.Tanh(), 2.153303, 0.150965),
        (L.ELU(), 1.496777, 0.034660),
        # .933164 and .066836 in the table this is from: a grid with a node at the
        # kink. tests/theory/test_maps.py has the closed form.
        (L.SELU(), 0.933206, 0.066794),
        (L.Swish(), 2.635169, 0.062472),
        (L.GELU(), 2.193700, 0.067192),
        (L.ReLU(), 2.0, 0.0),
        (L.Identity(), 1.0, 0.0),
    ],
)
def test_critical_at_length_1(
    layer: Any, weight_variance: float, bias_variance: float
) -> None:
    point = T.critical(layer)
    assert point == T.critical(layer, q=1.0)
    assert point.q_star == 1
    assert point.weight_variance == pytest.approx(weight_variance, abs=1e-6)
    assert point.bias_variance == pytest.approx(bias_variance, abs=1e-6)


def test_critical_points_of_gelu_and_swish_repel() -> None:
    """By mpmath: lengths beside q* leave it; those of tanh and ELU come to it."""
    with mp.workdps(20):

        def moment(f: Any) -> Any:
            return mp.quad(lambda z: f(z) * mp.npdf(z), [-12, -3, 0, 3, 12])

        slope = moment(lambda z: (mp.ncdf(z) + z * mp.npdf(z)) ** 2)
        # z gelu gelu' is d/dq of E[gelu^2] at q = 1.
        along = moment(lambda z: z**2 * mp.ncdf(z) * (mp.ncdf(z) + z * mp.npdf(z)))
    expected = float(along / slope)
    assert expected == pytest.approx(1.0671917, abs=1e-7)
    assert T.critical(L.GELU()).length_slope == pytest.approx(expected, rel=1e-12)
    assert T.critical(L.Swish()).length_slope > 1
    assert T.critical(L.Tanh()).length_slope < 1
    assert T.critical(L.ELU()).length_slope < 1


@pytest.mark.parametrize(
    ("bias_variance", "weight_variance", "tolerance"),
    [
        (2.01e-5, 1.0499956, 5e-8),
        (0.0025, 1.260094, 5e-7),
        (0.05, 1.7609546, 5e-8),
        (0.1, 1.986073, 5e-7),
        (0.0, 1.0, 1e-12),
    ],
)
def test_critical_line_of_tanh(
    bias_variance: float, weight_variance: float, tolerance: float
) -> None:
    """C3."""
    point = T.critical(L.Tanh(), bias_variance=bias_variance)
    assert point.weight_variance == pytest.approx(weight_variance, abs=tolerance)
    assert point.bias_variance == bias_variance
    if bias_variance == 2.01e-5:
        assert point.q_star == pytest.approx(0.0259186, abs=5e-8)
    result = T.phase(L.Tanh(), *point[:2])
    assert result.phase == "critical"
    assert result.q_star == pytest.approx(point.q_star, rel=1e-9, abs=1e-12)


def test_sigmoid_is_critical_without_biases_only() -> None:
    point = T.critical(L.Sigmoid())
    assert point.weight_variance == pytest.approx(103.00755, abs=1e-5)
    assert point.bias_variance == 0
    assert point.q_star == pytest.approx(45.62428, abs=1e-5)
    assert point.length_slope == pytest.approx(0.060, abs=5e-4)
    # 10.15 times LeCun's weights.
    assert point.weight_variance**0.5 == pytest.approx(10.15, abs=5e-3)
    with pytest.raises(ValueError, match=r"q must be .* got 1, .* be -5\.54335"):
        T.critical(L.Sigmoid(), q=1.0)


def test_softplus_is_never_critical() -> None:
    with pytest.raises(ValueError, match=r"Softplus\(\) has no critical point"):
        T.critical(L.Softplus())
    for q in (1.0, 10.0, 1e2, 1e4):
        with pytest.raises(ValueError, match="bias variance would have to be -"):
            T.critical(L.Softplus(), q=q)


def test_what_critical_refuses() -> None:
    with pytest.raises(ValueError, match="bias_variance must be one at which ReLU"):
        T.critical(L.ReLU(), bias_variance=0.1)
    # Critical at 0, but short signals grow there.
    with pytest.raises(ValueError, match="bias_variance must be one at which GELU"):
        T.critical(L.GELU(), bias_variance=0.0)
    with pytest.raises(ValueError, match="bias_variance must be left out"):
        T.critical(L.Tanh(), q=1.0, bias_variance=0.05)
    with pytest.raises(ValueError, match="q must be at least 0"):
        T.critical(L.Tanh(), q=-1.0)
    with pytest.raises(ValueError, match="bias_variance must be at least 0"):
        T.critical(L.Tanh(), bias_variance=-1.0)
    with pytest.raises(TypeError, match="activation must be"):
        T.critical(L.Softmax())  # pyright: ignore


def test_critical_initializers() -> None:
    weights, biases = T.critical_initializers(L.Tanh(), bias_variance=0.05)
    assert T.weight_variance_of(weights, 300) == pytest.approx(1.7609546, abs=5e-8)
    assert biases == initializers.Normal(0.05)
    weights, biases = T.critical_initializers(L.Tanh(), q=1 / 64, orthogonal=True)
    point = T.critical(L.Tanh(), q=1 / 64)
    assert isinstance(weights, initializers.Orthogonal)
    result = T.weight_variance_of(weights, 300)
    assert result == pytest.approx(point.weight_variance, rel=1e-12)
    assert biases == initializers.Normal(point.bias_variance)
    assert T.critical_initializers(L.ReLU()) == (
        initializers.VarianceScaling(2.0),
        initializers.Zeros(),
    )


@pytest.mark.parametrize(
    ("initializer", "n_in", "n_out", "expected"),
    [
        (initializers.He(), 64, 10, 2.0),
        (initializers.LeCun(), 64, 10, 1.0),
        (initializers.Glorot(), 64, None, 1.0),
        (initializers.Glorot(), 30, 90, 0.5),
        (initializers.ScaledIdentity(1.5), 64, None, 2.25),
        (initializers.Orthogonal(0.5), 64, None, 0.25),
        (initializers.Zeros(), 64, None, 0.0),
    ],
)
def test_weight_variance_of(
    initializer: Any, n_in: int, n_out: int | None, expected: float
) -> None:
    result = T.weight_variance_of(initializer, n_in, n_out)
    assert result == pytest.approx(expected, rel=1e-12)


def test_weight_variance_of_refuses() -> None:
    with pytest.raises(TypeError, match=r"initializer must be .* Write He\(...\)"):
        T.weight_variance_of(initializers.He, 3)  # pyright: ignore
    with pytest.raises(ValueError, match="n_out must be at least 1"):
        T.weight_variance_of(initializers.He(), 3, 0)


@pytest.mark.usefixtures("x64")
def test_a_network_of_these_keeps_its_signal() -> None:
    """Three layers in one: q* after each, within the spread of finite width."""
    weights, biases = T.critical_initializers(L.Tanh())
    dense = L.Dense(1000, 1000, weight_initializer=weights, bias_initializer=biases)
    model = L.Repeat(L.Sequential(L.Tanh(), dense), 3)
    params, stats = model.init(jax.random.key(3))
    z = jax.random.normal(jax.random.key(4), (1000,), jnp.float64)
    y, _, _ = model.forward(params, stats, z, jax.random.key(0), train=False)
    # Three standard deviations of a mean of 1000 squares.
    assert np.mean(np.square(y)) == pytest.approx(1, abs=3 * (2 / 1000) ** 0.5)
