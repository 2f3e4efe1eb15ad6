"""What finite width does to ReLU networks: the spread of lengths, and dead starts."""

import math
from collections.abc import Sequence

import jax
import numpy as np
from jax.scipy.special import digamma, zeta

from fnn._core.checks import check_size
from fnn._core.theory_checks import check_widths


def relu_log_gain(width: int) -> tuple[float, float]:
    """Mean and variance of ln r, r the factor on a squared length in one layer.

    For a ReLU layer of He's weights, with as many inputs as outputs, forward or
    backward. k of n units are active, and r = (2 / n) chi^2 with k degrees of freedom:

        E ln r   = ln(4 / n) + E psi(k / 2)
        Var ln r = E psi'(k / 2) + Var psi(k / 2),   k ~ Bin(n, 1/2) given k > 0

    Logarithms add up over layers, so after L of them ln of the squared length is
    about normal, and its median, exp(L E ln r), falls although its mean is kept.
    All is conditional on at least one active unit; see `born_dead`.
    Source: the law behind Hanin, 2018, exact for each layer.

    Args:
        width: n.

    Returns:
        `(mean, variance)`.

    Raises:
        TypeError, ValueError: `width` is not an integer of at least 1.

    Example:
        >>> mean, variance = relu_log_gain(100)
        >>> round(mean, 8), round(variance, 8)
        (-0.02542089, 0.05193999)
    """
    check_size("width", width)
    k = np.arange(1, width + 1)
    ways = [
        math.lgamma(width + 1) - math.lgamma(i + 1) - math.lgamma(width - i + 1)
        for i in k
    ]
    share = np.exp(np.array(ways) - width * math.log(2))
    share /= share.sum()
    with jax.enable_x64(True):
        psi = np.asarray(digamma(k / 2))
        psi_slope = np.asarray(zeta(np.full(width, 2.0), k / 2))
    center = float(share @ psi)
    spread = float(share @ (psi_slope + (psi - center) ** 2))
    return math.log(4 / width) + center, spread


def relu_fourth_moment(widths: Sequence[int]) -> float:
    """E[length^4] / E[length^2]^2 of a He-initialized ReLU network: prod (1 + 5 / n).

    About exp(5 beta), beta = `inverse_width_sum(widths)`. At depth 150 and width 100
    the mean square is carried by rare draws of the weights: the ratio is 1508.
    Source: Hanin, 2018.

    Args:
        widths: of the hidden layers.

    Raises:
        TypeError, ValueError: not a sequence of integers of at least 1.

    Example:
        >>> round(relu_fourth_moment((100,) * 150))
        1508
    """
    check_widths(widths)
    return math.exp(math.fsum(math.log1p(5 / n) for n in widths))


def inverse_width_sum(widths: Sequence[int]) -> float:
    """beta = sum 1 / n: how far a network of finite width is from mean-field theory.

    Gradients of a ReLU network vary by e^(5 beta) where beta is about 1 or more.
    Source: Hanin, 2018.

    Args:
        widths: of the hidden layers.

    Raises:
        TypeError, ValueError: not a sequence of integers of at least 1.

    Example:
        >>> inverse_width_sum((50, 50, 100))
        0.05
    """
    check_widths(widths)
    return math.fsum(1 / n for n in widths)


def born_dead(widths: Sequence[int]) -> float:
    """The probability that a ReLU network passes nothing of one input, at its start.

        P = 1 - prod (1 - 2^-n)

    Exact without biases, for weights of any symmetric distribution: each unit of a
    layer with a nonzero input is inactive with probability 1/2, independently.
    Source: Lu et al., Dying ReLU and initialization, 2019; Rister and Rubin, 2017.

    Args:
        widths: of the hidden layers.

    Raises:
        TypeError, ValueError: not a sequence of integers of at least 1.

    Example:
        >>> round(born_dead((8,) * 150), 6)
        0.444054
    """
    check_widths(widths)
    # An inactive layer of one unit is no rarer than an active one: log1p(-1/2).
    return -math.expm1(math.fsum(math.log1p(-(2.0**-n)) for n in widths))
