"""Critical initialization: weights and biases that keep signals and deltas."""

import math
from typing import NamedTuple

from fnn._core.checks import check_kind, check_size
from fnn._core.theory_checks import (
    check_critical_q,
    check_not_negative,
    check_one_given,
    no_critical_point,
)
from fnn.initializers import Initializer, Normal, Orthogonal, VarianceScaling, Zeros
from fnn.layers import Layer
from fnn.theory.expectations import (
    check_activation,
    moments,
    value_at_zero,
    within_reach,
)
from fnn.theory.roots import first_root

# A variance of biases below this, relative to q, is 0 spoiled by rounding.
_ROUNDING = 1e-12
_SHORT = 1e-4


class Critical(NamedTuple):
    """A point where chi_1 = 1 at a fixed point of the length map.

    Fields:
        weight_variance: n_in times the variance of a weight.
        bias_variance: of a bias.
        q_star: the variance of pre-activations that is kept.
        length_slope: dq'/dq at q_star. Below 1 signals of other lengths tend to
            q_star; above 1, as for GELU and swish, they leave it by this factor a
            layer, and inputs must be scaled to start at q_star.
    """

    weight_variance: float
    bias_variance: float
    q_star: float
    length_slope: float


def critical(
    activation: Layer, *, q: float | None = None, bias_variance: float | None = None
) -> Critical:
    """The critical point of an activation.

        weight_variance = 1 / E[phi'(sqrt(q) z)^2]
        bias_variance   = q - weight_variance E[phi(sqrt(q) z)^2]

    Give the length of signals q or the bias variance. Without either: q = 1 where
    that leaves a bias variance of at least 0, else the shortest signal that is kept
    without biases. With a bias variance: q = 1 if it fits, as for ReLU, which keeps
    every q; else the smallest q that fits, which for tanh without biases is 0.
    Source: Poole et al., 2016; Pennington et al., 2017.

    Args:
        activation: an elementwise layer, or a PReLU or LearnedSwish as it starts.
        q: the variance of pre-activations to be kept.
        bias_variance: of a bias.

    Raises:
        TypeError: the activation does not act entry by entry.
        ValueError: there is no such point, as for softplus; or both q and a bias
            variance are given.

    Example:
        >>> import fnn
        >>> [round(value, 6) for value in critical(fnn.layers.Tanh())[:3]]
        [2.153303, 0.150965, 1.0]
        >>> point = critical(fnn.layers.Tanh(), bias_variance=0.05)
        >>> round(point.weight_variance, 6)
        1.760955
    """
    check_activation(activation)
    check_one_given(q, bias_variance)
    if q is not None:
        check_not_negative("q", q)
        point = _at(activation, q)
        check_critical_q(activation, q, point.bias_variance)
        return point
    if bias_variance is not None:
        check_not_negative("bias_variance", bias_variance)
    at_one = _at(activation, 1.0)
    if bias_variance is None and at_one.bias_variance >= 0:
        return at_one
    wanted = bias_variance or 0.0
    if abs(at_one.bias_variance - wanted) < _ROUNDING:
        return at_one
    if wanted == 0 and _is_kept_near_zero(activation):
        return _at(activation, 0.0)
    root = first_root(
        lambda q: _at(activation, q).bias_variance - wanted,
        (10 ** (step / 8) for step in range(-64, 65)),
    )
    if root is None:
        raise no_critical_point(activation, bias_variance)
    return _at(activation, root)._replace(bias_variance=wanted)


def critical_initializers(
    activation: Layer,
    *,
    q: float | None = None,
    bias_variance: float | None = None,
    orthogonal: bool = False,
) -> tuple[Initializer, Initializer]:
    """The initializers of weights and biases that `critical` asks for.

    For the Dense layers after an activation, of equal widths if orthogonal.

    Args:
        activation: as in `critical`.
        q: the variance of pre-activations to be kept.
        bias_variance: of a bias.
        orthogonal: whether weights are a multiple of orthogonal matrices, which keep
            not only the mean of the singular values but, for smooth activations,
            all of them (`isometric_q`).

    Returns:
        `(weight_initializer, bias_initializer)`, as `fnn.layers.Dense` takes them.

    Raises:
        TypeError, ValueError: as in `critical`.

    Example:
        >>> import fnn
        >>> weights, biases = critical_initializers(fnn.layers.ReLU())
        >>> fnn.layers.Dense(
        ...     64, 64, weight_initializer=weights, bias_initializer=biases)
        Dense(n_in=64, n_out=64, weight_initializer=VarianceScaling(scale=2.0))
    """
    point = critical(activation, q=q, bias_variance=bias_variance)
    biases = Normal(point.bias_variance) if point.bias_variance > 0 else Zeros()
    if orthogonal:
        return Orthogonal(math.sqrt(point.weight_variance)), biases
    return VarianceScaling(point.weight_variance), biases


def weight_variance_of(
    initializer: Initializer, n_in: int, n_out: int | None = None
) -> float:
    """n_in times the variance of a weight: the weight_variance of this room.

    Args:
        initializer: of a weight matrix of shape (n_in, n_out).
        n_in: number of inputs.
        n_out: number of outputs; n_in if not given.

    Raises:
        TypeError: not an initializer, or a width not an integer.

    Example:
        >>> import fnn
        >>> weight_variance_of(fnn.initializers.He(), 64)
        2.0
        >>> weight_variance_of(fnn.initializers.Glorot(), 64, 192)
        0.5
    """
    expected = "an initializer such as fnn.initializers.He()"
    check_kind("initializer", initializer, Initializer, expected)
    n_out = n_in if n_out is None else n_out
    check_size("n_in", n_in)
    check_size("n_out", n_out)
    return float(n_in * initializer.variance((n_in, n_out)))


def _at(activation: Layer, q: float) -> Critical:
    near = within_reach(q)
    at_q = moments(activation, near)
    weight_variance = 1 / at_q.slope_square
    bias_variance = near - weight_variance * at_q.value_square
    if abs(bias_variance) < _ROUNDING * near:
        bias_variance = 0.0
    length_slope = weight_variance * at_q.z_value_slope / math.sqrt(near)
    return Critical(weight_variance, bias_variance, float(q), length_slope)


def _is_kept_near_zero(activation: Layer) -> bool:
    """Whether weights critical for q = 0 let short signals fade to it, not grow.

    Those of GELU grow, although its dq'/dq is 1 at 0.
    """
    if value_at_zero(activation) != 0:
        return False
    gain = _at(activation, 0.0).weight_variance
    return gain * moments(activation, _SHORT).value_square < _SHORT
