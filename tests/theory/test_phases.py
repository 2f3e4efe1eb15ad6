"""Fixed points, depth scales and phases; tables of depth scales and ratios."""

import math
from typing import Any

import pytest

from fnn import layers as L
from fnn import theory as T
from fnn.theory.expectations import moments
from fnn.theory.roots import bisect, first_root

CRITICAL = 1.7609546396
INF = math.inf

# Tanh at bias variance 0.05: weight variance, xi_q, xi_c, 6 xi_c (C5, C6).
DEPTHS = [
    (1.0, 1.748, 3.627, 21.8),
    (1.3, 1.785, 7.834, 47.0),
    (1.5, 1.683, 15.791, 94.7),
    (1.7, 1.558, 74.92, 449.5),
    (1.75, 1.528, 426.2, 2557),
    (1.8, 1.498, 125.8, 754.7),
    (2.0, 1.388, 25.21, 151.3),
    (2.5, 1.180, 11.80, 70.8),
    (3.0, 1.041, 9.05, 54.3),
    (4.0, 0.873, 6.98, 41.9),
]


def printed(value: float) -> Any:
    """Equal to every digit of a number as it was written down."""
    digits = len(f"{value}".partition(".")[2]) if value != int(value) else 0
    return pytest.approx(value, abs=0.501 * 10.0**-digits)


@pytest.mark.parametrize(("weight_variance", "xi_q", "xi_c", "depth"), DEPTHS)
def test_depth_scales(
    weight_variance: float, xi_q: float, xi_c: float, depth: float
) -> None:
    result = T.phase(L.Tanh(), weight_variance, 0.05)
    assert result.xi_q == pytest.approx(xi_q, abs=5.01e-4)
    assert result.xi_c == pytest.approx(xi_c, rel=5e-4)
    assert result.trainable_depth == printed(depth)
    assert result.trainable_depth == 6 * result.xi_c
    below = weight_variance < CRITICAL
    assert result.phase == ("ordered" if below else "chaotic")
    assert (result.c_star == 1) == below
    if below:
        # Correlations then fall as deltas do.
        assert result.xi_gradient == pytest.approx(result.xi_c, rel=1e-9)


def test_depth_scales_at_criticality() -> None:
    point = T.critical(L.Tanh(), bias_variance=0.05)
    result = T.phase(L.Tanh(), *point[:2])
    assert result.xi_q == pytest.approx(1.521, abs=5e-4)
    assert (result.xi_c, result.xi_gradient, result.trainable_depth) == (INF,) * 3
    assert result.phase == "critical"


def test_lengths_and_gains() -> None:
    """C1 and C2."""
    for weight_variance, q in [(1.0, 0.193593), (2.0, 0.721762), (4.0, 2.19549)]:
        result = T.phase(L.Tanh(), weight_variance, 0.05)
        assert result.q_star == printed(q)
    for weight_variance, chi in [(1.0, 0.759032), (1.7, 0.986741), (2.5, 1.13352)]:
        result = T.phase(L.Tanh(), weight_variance, 0.05)
        assert result.chi_1 == printed(chi)
        assert result.xi_gradient == pytest.approx(1 / abs(math.log(result.chi_1)))
    assert T.phase(L.Tanh(), 2.0, 0.05).c_star == printed(0.744082)
    assert T.phase(L.Tanh(), 2.0).chi_1 == pytest.approx(1.1055, abs=5e-5)


def test_fixed_points_are_fixed_and_attract() -> None:
    result = T.phase(L.Tanh(), 2.5, 0.05)
    args = (2.5, 0.05)
    q = result.q_star
    assert T.length_map(L.Tanh(), q, *args) == pytest.approx(q, rel=1e-13)
    step = 1e-4
    after = T.length_map(L.Tanh(), q + step, *args) - q
    assert math.log(step / after) == pytest.approx(1 / result.xi_q, rel=1e-3)
    c = result.c_star
    assert T.correlation_map(L.Tanh(), c, q, *args) == pytest.approx(c, rel=1e-12)
    after = T.correlation_map(L.Tanh(), c + step, q, *args) - c
    assert math.log(step / after) == pytest.approx(1 / result.xi_c, rel=1e-3)


def test_which_tanh_networks_of_150_layers_train() -> None:
    """C6: weight variances between about 1.6 and 2.0."""
    deep = [T.phase(L.Tanh(), s, 0.05).trainable_depth for s in (1.55, 1.6, 2.0, 2.05)]
    assert deep[0] < 150
    assert deep[1] > 150
    assert deep[2] > 150
    assert deep[3] < 150


@pytest.mark.parametrize(
    ("keep", "best", "xi_c"),
    [(0.99, 1.76, 14.5), (0.95, 1.82, 6.8), (0.9, 1.82, 4.68), (0.8, 1.72, 2.94)],
)
def test_dropout_leaves_nothing_critical(keep: float, best: float, xi_c: float) -> None:
    """C7: the largest depth scale at any weight variance, here beside the best."""
    results = [T.phase(L.Tanh(), best + d, 0.05, keep) for d in (-0.3, 0.0, 0.3)]
    assert all(result.c_star < 1 for result in results)
    assert results[1].xi_c == max(result.xi_c for result in results)
    assert results[1].xi_c == pytest.approx(
        xi_c, abs=0.501 * 10 ** (-1 - (keep < 0.95))
    )


@pytest.mark.parametrize("weight_variance", [1.0, 2.0, 3.0])
def test_relu(weight_variance: float) -> None:
    """C8: chi_1 is half the weight variance at every length."""
    result = T.phase(L.ReLU(), weight_variance)
    assert result.chi_1 == pytest.approx(weight_variance / 2, rel=1e-13)
    assert result.q_star == {1.0: 0, 2.0: 1, 3.0: INF}[weight_variance]
    names = {1.0: "ordered", 2.0: "critical", 3.0: "chaotic"}
    assert result.phase == names[weight_variance]
    assert result.c_star == 1
    if weight_variance == 2:
        assert (result.xi_q, result.xi_c, result.xi_gradient) == (INF,) * 3
    else:
        rate = abs(math.log(weight_variance / 2))
        assert result.xi_c == pytest.approx(1 / rate)
        assert result.xi_gradient == pytest.approx(1 / rate)


def test_relu_with_biases() -> None:
    assert T.phase(L.ReLU(), 1.0, 0.1).q_star == pytest.approx(0.2, rel=1e-13)
    assert T.phase(L.ReLU(), 2.0, 0.1).q_star == INF


@pytest.mark.parametrize(
    ("layer", "weight_variance", "q_star", "chi_1"),
    [
        (L.Tanh(), 1.0, 0.0, 1.0),
        (L.Tanh(), 0.5, 0.0, 0.5),
        (L.Identity(), 1.0, 1.0, 1.0),
        (L.Identity(), 2.0, INF, 2.0),
        (L.GELU(), 2.0, 0.0, 0.5),
        (L.Swish(), 2.0, 0.0, 0.5),
        (L.SELU(), 1.0, 1.0, 1.0715749925),
        (L.SELU(), 5.0, INF, 5 * 1.0507009873554805**2 / 2),
        (L.Sigmoid(), 103.00755, 45.62428, 1.0),
        (L.PReLU(), 2 / (1 + 1 / 16), 1.0, 1.0),
    ],
)
def test_ends_of_the_length_map(
    layer: Any, weight_variance: float, q_star: float, chi_1: float
) -> None:
    result = T.phase(layer, weight_variance)
    assert result.q_star == pytest.approx(q_star, rel=2e-7)
    assert result.chi_1 == pytest.approx(chi_1, rel=1e-7)


def test_orthogonal_inputs_stay_so_under_selu() -> None:
    result = T.phase(L.SELU(), 1.0)
    assert result.c_star == pytest.approx(0, abs=1e-12)
    # E[selu'] squared is the slope of its correlation map at 0.
    assert result.xi_c == pytest.approx(33.604342, abs=1e-5)


# log10 of first over last delta at depth 50 and 150, unit inputs, no biases.
RATIOS = [
    (L.Sigmoid(), 1.0, -31.4, -94.1),
    (L.Sigmoid(), 2.0, -25.0, -74.8),
    (L.Tanh(), 1.0, -0.92, -1.16),
    # The table this is from has 3.09 and, for ELU, 1.16: wrong in the last digit.
    (L.Tanh(), 2.0, 0.91, 3.08),
    (L.ReLU(), 1.0, -7.53, -22.6),
    (L.ReLU(), 2.0, 0.0, 0.0),
    (L.LeakyReLU(0.2), 1.0, -7.10, -21.3),
    (L.LeakyReLU(0.2), 2.0, 0.43, 1.28),
    (L.ELU(), 1.0, -1.24, -1.72),
    (L.ELU(), 2.0, 1.15, 2.15),
    (L.SELU(), 1.0, 0.75, 2.25),
    (L.Swish(), 2.0, -6.88, -21.9),
    (L.Softplus(), 2.0, -2.49, -5.34),
    (L.GELU(), 2.0, -5.72, -20.8),
    (L.Identity(), 1.0, 0.0, 0.0),
    (L.Identity(), 2.0, 7.53, 22.6),
]


@pytest.mark.parametrize(("layer", "weight_variance", "at_50", "at_150"), RATIOS)
def test_ratio_of_deltas(
    layer: Any, weight_variance: float, at_50: float, at_150: float
) -> None:
    for depth, expected in ((50, at_50), (150, at_150)):
        result = T.log_gradient_ratio(layer, depth, weight_variance)
        digits = 1 if abs(expected) > 20 else 2
        assert result == pytest.approx(expected, abs=0.501 * 10**-digits)


def test_the_ratio_tends_to_the_gain() -> None:
    more = T.log_gradient_ratio(L.Tanh(), 80, 2.5, 0.05)
    less = T.log_gradient_ratio(L.Tanh(), 79, 2.5, 0.05)
    gain = T.phase(L.Tanh(), 2.5, 0.05).chi_1
    assert more - less == pytest.approx(math.log10(gain) / 2, rel=1e-9)
    # C8: half of 150 log10 2.
    result = T.log_gradient_ratio(L.ReLU(), 150, 1.0, input_square=7.0)
    assert result == pytest.approx(-75 * math.log10(2), rel=1e-12)


def test_the_ratio_starts_from_the_input() -> None:
    """Its first pre-activations have variance 2.5 * 0.3 + 0.05."""
    ratios = [
        T.log_gradient_ratio(L.Tanh(), depth, 2.5, 0.05, input_square=0.3)
        for depth in (1, 2)
    ]
    q, log_ratio = 2.5 * 0.3 + 0.05, 0.0
    for ratio in ratios:
        log_ratio += math.log10(2.5 * moments(L.Tanh(), q).slope_square) / 2
        assert ratio == pytest.approx(log_ratio, rel=1e-12)
        q = T.length_map(L.Tanh(), q, 2.5, 0.05)


def test_roots() -> None:
    assert bisect(lambda x: x * x - 2, 0.0, 2.0) == pytest.approx(2**0.5, rel=1e-15)
    assert bisect(lambda x: 2 - x * x, 0.0, 2.0) == pytest.approx(2**0.5, rel=1e-15)
    assert first_root(lambda x: x - 3, [1.0, 3.0]) == 3
    assert first_root(lambda x: x - 3, [1.0, 2.0]) is None
    root = first_root(lambda x: (x - 3) * (x - 5), [10.0, 4.0, 1.0])
    assert root == pytest.approx(5)
