"""Leaky rectifiers: how fast inputs become alike, and the slope that prevents it."""

import math

from fnn._core.checks import check_size
from fnn._core.theory_checks import check_correlation, check_not_negative, check_share
from fnn.theory.roots import bisect


def leaky_relu_correlation(c: float, slope: float = 0.0, depth: int = 1) -> float:
    """The correlation of two inputs after `depth` critical leaky ReLU layers.

        C(c) = c + (1 - a)^2 / (pi (1 + a^2)) (sqrt(1 - c^2) - c acos c)

    depth times, with a the slope for negative inputs; weights of variance
    2 / (1 + a^2) / n_in and no biases. After 150 layers of ReLU two orthogonal inputs
    have correlation 0.9983: the network cannot tell them apart.
    Source: Cho and Saul, 2009; Zhang, Botev and Martens, 2022.

    Args:
        c: the correlation of the inputs.
        slope: a.
        depth: the number of layers.

    Raises:
        TypeError, ValueError: a number is out of its range.

    Example:
        >>> round(leaky_relu_correlation(0.0, depth=150), 8)
        0.99830771
    """
    check_correlation("c", c)
    check_not_negative("slope", slope)
    check_size("depth", depth)
    return _after(c, slope, depth)


def leaky_relu_slope(depth: int, eta: float = 0.9) -> float:
    """The smallest slope at which orthogonal inputs reach at most correlation eta.

    Solves C_f(0) = eta for the slope, with C_f = `leaky_relu_correlation` at this
    depth: tailored rectifiers, which train deep networks without shortcuts. 0, plain
    ReLU, where the network is shallow enough for it. Scale the activation by
    sqrt(2 / (1 + slope^2)), or leave that to `fnn.layers.LeakyReLU.initializer`.
    Source: Zhang, Botev and Martens, Deep learning without shortcuts, 2022.

    Args:
        depth: the number of nonlinear layers.
        eta: the largest correlation.

    Raises:
        TypeError, ValueError: a number is out of its range.

    Example:
        >>> round(leaky_relu_slope(150), 8)
        0.63762721
    """
    check_size("depth", depth)
    check_share("eta", eta)

    def excess(slope: float) -> float:
        return _after(0.0, slope, depth) - eta

    return bisect(excess, 0.0, 1.0) if excess(0.0) > 0 else 0.0


def _after(c: float, slope: float, depth: int) -> float:
    share = (1 - slope) ** 2 / (math.pi * (1 + slope**2))
    for _ in range(depth):
        c = min(c + share * (math.sqrt(1 - c * c) - c * math.acos(c)), 1.0)
    return c
