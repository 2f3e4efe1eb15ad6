"""Length and correlation maps against closed forms, and what they accept.

Numbers "C1" and so on are rows of the table of results the room was built from.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from fnn import layers as L
from fnn import theory as T
from fnn.theory.expectations import moments, pair_moments

LENGTHS = [1e-3, 0.3, 1.0, 10.0, 1e3, 1e6]
CORRELATIONS = [-1.0, -0.7, 0.0, 0.5, 0.99, 1 - 1e-8, 1.0]


class Erf(L.Elementwise):
    """A user's activation, whose expectations are known in closed form (C4)."""

    needs_input = True

    def function(self, z: jax.Array) -> jax.Array:
        return jax.scipy.special.erf(z)

    def derivative(self, z: jax.Array) -> jax.Array:
        return 2 / math.sqrt(math.pi) * jnp.exp(-z * z)


class Steep(Erf):
    """The same, with all its variation within a millionth of 0."""

    def function(self, z: jax.Array) -> jax.Array:
        return jax.scipy.special.erf(1e6 * z)


@pytest.mark.parametrize("q", LENGTHS)
def test_erf_has_closed_forms(q: float) -> None:
    """C4: Williams, 1997. asin(x / (1 + x)) is written as an atan, which is exact."""
    square = 2 / math.pi * math.atan2(2 * q, math.sqrt(1 + 4 * q))
    slope_square = 4 / math.pi / math.sqrt(1 + 4 * q)
    assert T.length_map(Erf(), q, 1.0) == pytest.approx(square, rel=1e-12)
    at_q = moments(Erf(), q)
    assert at_q.slope_square == pytest.approx(slope_square, rel=1e-12)
    # Stein: E[z phi phi'] / sqrt(q) = d/dq E[phi^2].
    along = 4 / math.pi / ((1 + 2 * q) * math.sqrt(1 + 4 * q))
    assert at_q.z_value_slope / math.sqrt(q) == pytest.approx(along, rel=1e-11)
    steep = 2 / math.pi * math.atan2(2e12 * q, math.sqrt(1 + 4e12 * q))
    assert T.length_map(Steep(), q, 1.0) == pytest.approx(steep, rel=1e-12)
    for c in CORRELATIONS:
        expected = 2 / math.pi * math.asin(2 * c * q / (1 + 2 * q)) / square
        result = T.correlation_map(Erf(), c, q, 1.0)
        assert result == pytest.approx(expected, abs=1e-12)
        _, slopes = pair_moments(Erf(), c, q)
        expected = 4 / math.pi / math.sqrt((1 + 2 * q) ** 2 - (2 * c * q) ** 2)
        assert slopes == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("slope", [0.0, 0.2, 2.0])
def test_kinks_cost_no_accuracy(slope: float) -> None:
    layer = L.LeakyReLU(slope)
    critical = 2 / (1 + slope**2)
    for q in LENGTHS:
        assert T.length_map(layer, q, critical) == pytest.approx(q, rel=1e-13)
    for c in CORRELATIONS:
        expected = T.leaky_relu_correlation(c, slope)
        result = T.correlation_map(layer, c, 3.0, critical)
        assert result == pytest.approx(expected, abs=1e-13)
        _, slopes = pair_moments(L.ReLU(), c, 1.0)
        angle = math.acos(c)
        assert slopes == pytest.approx((math.pi - angle) / (2 * math.pi), abs=1e-13)


def test_selu_against_mpmath() -> None:
    """A slope that jumps at 0, where a grid with a node at 0 errs by 5e-5."""
    scale, alpha = mp.mpf("1.05070098735548049342"), mp.mpf("1.67326324235437728482")
    with mp.workdps(20):
        slope_square = scale**2 * (0.5 + alpha**2 * mp.exp(2) * mp.ncdf(-2))
    at_one = moments(L.SELU(), 1.0)
    assert at_one.slope_square == pytest.approx(float(slope_square), rel=1e-13)
    assert at_one.slope_square == pytest.approx(1.0715749925, abs=1e-10)
    assert at_one.value_square == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize(
    ("weight_variance", "q"), [(1.0, 0.193593), (2.0, 0.721762), (4.0, 2.19549)]
)
def test_tanh_lengths(weight_variance: float, q: float) -> None:
    """C1, at bias variance 0.05."""
    assert T.length_map(L.Tanh(), q, weight_variance, 0.05) == pytest.approx(
        q, rel=2e-6
    )


def test_limits_of_the_length() -> None:
    assert T.length_map(L.Tanh(), 0.0, 2.0, 0.05) == 0.05
    assert T.length_map(L.Sigmoid(), 0.0, 2.0) == 0.5
    assert T.length_map(L.Tanh(), 1e8, 2.0) == pytest.approx(2.0, rel=1e-4)


def test_dropout_parts_equal_inputs() -> None:
    """C7: E[mask^2] = 1 / keep for one input, E[mask1 mask2] = 1 for two."""
    q = T.length_map(L.ReLU(), 1.0, 2.0, 0.1, keep=0.8)
    assert q == pytest.approx(1 / 0.8 + 0.1, rel=1e-13)
    c = T.correlation_map(L.ReLU(), 1.0, 1.0, 2.0, 0.1, keep=0.8)
    assert c == pytest.approx(1.1 / q, rel=1e-13)


@pytest.mark.parametrize("precision", [True, False])
def test_float64_whatever_jax_is_set_to(precision: bool) -> None:
    with jax.enable_x64(precision):
        q = T.length_map(L.Tanh(), 0.7, 2.0)
    with mp.workdps(20):
        expected: Any = mp.quad(
            lambda z: 2 * mp.tanh(mp.sqrt(0.7) * z) ** 2 * mp.npdf(z), [-12, -3, 3, 12]
        )
    assert q == pytest.approx(float(expected), rel=1e-14)


@pytest.mark.parametrize(
    ("learned", "fixed"),
    [(L.PReLU(), L.LeakyReLU(0.25)), (L.LearnedSwish(1.7), L.Swish(1.7))],
)
def test_learned_parameters_count_as_they_start(learned: Any, fixed: Any) -> None:
    results = [T.length_map(layer, 1.3, 2.0) for layer in (learned, fixed)]
    assert results[0] == pytest.approx(results[1], rel=1e-14)


class Pole(L.Elementwise):
    """Infinite at 0."""

    def function(self, z: jax.Array) -> jax.Array:
        return jnp.where(z > 0, jnp.full_like(z, np.inf), z)

    def derivative(self, a: jax.Array) -> jax.Array:
        return jnp.ones_like(a)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((L.Tanh, 1.0, 1.0), TypeError, r"activation must be .* Write Tanh\(...\)"),
        ((L.Maxout(2, 2, 2), 1.0, 1.0), TypeError, "acts entry by entry"),
        ((L.Softmax(), 1.0, 1.0), TypeError, "acts entry by entry"),
        ((L.Heaviside(), 1.0, 1.0), TypeError, "has no derivative"),
        ((Pole(), 1.0, 1.0), ValueError, r"activation must be finite.*got inf from"),
        ((L.Tanh(), -1.0, 1.0), ValueError, "q must be at least 0, got -1.0"),
        ((L.Tanh(), "1", 1.0), TypeError, "q must be a number"),
        ((L.Tanh(), 1.0, 0.0), ValueError, "weight_variance must be above 0"),
        ((L.Tanh(), 1.0, 1.0, -0.1), ValueError, "bias_variance must be at least 0"),
        ((L.Tanh(), 1.0, 1.0, 0.0, 0.0), ValueError, "keep must be above 0"),
        ((L.Tanh(), 1.0, 1.0, 0.0, 1.1), ValueError, "keep must be .* at most 1"),
    ],
)
def test_what_a_map_refuses(arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        T.length_map(*arguments)


def test_a_correlation_lies_between_its_bounds() -> None:
    with pytest.raises(ValueError, match="c must be at least -1 and at most 1"):
        T.correlation_map(L.Tanh(), 1.1, 1.0, 1.0)
    with pytest.raises(ValueError, match="q must be above 0"):
        T.correlation_map(L.Tanh(), 1.0, 0.0, 1.0)
