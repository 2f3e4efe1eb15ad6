"""The phase of a random network: whether signals and deltas fade, stay or grow."""

import math
from typing import NamedTuple

from fnn._core.theory_checks import check_network
from fnn.layers import Layer
from fnn.theory.expectations import (
    LONGEST,
    SHORTEST,
    check_activation,
    moments,
    pair_moments,
    within_reach,
)
from fnn.theory.roots import bisect

# Two numbers of the theory closer than this are the same: what it costs to compute one.
TOLERANCE = 1e-9
# How far the length map must have turned round before a fixed point is believed.
_TURNED = 1e-12


class Phase(NamedTuple):
    """What `phase` predicts of a network.

    Fields:
        q_star: the variance of pre-activations deep in the network: where the length
            map leads from q = 1. 0 and infinity are possible; the other fields are
            then the limits q -> 0 and q -> infinity. Where every q is kept, as by
            ReLU under He's weights, it is 1.
        c_star: the correlation of two inputs deep in the network.
        chi_1: the factor on the square of deltas at each layer toward the input.
        xi_q: layers in which the distance of q from q_star falls by e (grows, where
            q_star is 0 or infinity and the length itself falls or grows).
        xi_c: layers in which the distance of c from c_star falls by e.
        xi_gradient: layers in which the square of deltas changes by a factor of e.
        phase: "ordered" (chi_1 < 1: deltas vanish), "chaotic" (chi_1 > 1: they
            explode) or "critical".
        trainable_depth: 6 xi_c, a rule of thumb.

    A depth scale is infinite where nothing falls exponentially, as at criticality.
    """

    q_star: float
    c_star: float
    chi_1: float
    xi_q: float
    xi_c: float
    xi_gradient: float
    phase: str
    trainable_depth: float


def phase(
    activation: Layer,
    weight_variance: float,
    bias_variance: float = 0.0,
    keep: float = 1.0,
) -> Phase:
    """Where signals and deltas tend to in a deep wide random network.

    With q* the fixed point of `length_map` and c* the one of `correlation_map`, u1 and
    u2 normal of variance q* and correlation c*,

        chi_1           = weight_variance / keep * E[phi'(sqrt(q*) z)^2]
        1 / xi_q        = -ln |dq'/dq|, dq'/dq = weight_variance / keep
                          * E[z phi phi'] / sqrt(q*), without phi''
        1 / xi_c        = |ln (weight_variance * E[phi'(u1) phi'(u2)])|
        1 / xi_gradient = |ln chi_1|

    With keep < 1 equal inputs part, c* < 1 always, and nothing is critical for c: xi_c
    is finite for every weight variance.
    Source: Poole et al., 2016; Schoenholz et al., 2017.

    Args:
        activation: an elementwise layer, or a PReLU or LearnedSwish as it starts.
        weight_variance: n_in times the variance of a weight; `weight_variance_of`
            computes it from an initializer.
        bias_variance: of a bias.
        keep: the share of activations that dropout keeps, 1 - rate.

    Raises:
        TypeError: the activation does not act entry by entry.
        ValueError: a number is out of its range, or the activation not finite.

    Example:
        >>> import fnn
        >>> result = phase(fnn.layers.Tanh(), 2.0, 0.05)
        >>> round(result.q_star, 6), round(result.c_star, 6), result.phase
        (0.721762, 0.744082, 'chaotic')
        >>> round(result.trainable_depth, 1)
        151.3
    """
    check_activation(activation)
    check_network(weight_variance, bias_variance, keep)
    gain = weight_variance / keep
    q_star = _follow_length(activation, gain, bias_variance)
    q = within_reach(q_star)
    at_q = moments(activation, q)
    length = gain * at_q.value_square + bias_variance
    chi_1 = gain * at_q.slope_square
    along = gain * at_q.z_value_slope / math.sqrt(q)
    c_star, across = _follow_correlation(
        activation, q, length, weight_variance, bias_variance
    )
    xi_c = _depth(across)
    return Phase(
        q_star=q_star,
        c_star=c_star,
        chi_1=chi_1,
        xi_q=_depth(along),
        xi_c=xi_c,
        xi_gradient=_depth(chi_1),
        phase=_name(chi_1),
        trainable_depth=6 * xi_c,
    )


def _follow_length(activation: Layer, gain: float, bias_variance: float) -> float:
    """The fixed point of the length map nearest to 1, in the direction it goes."""

    def growth(q: float) -> float:
        second = moments(activation, q).value_square
        return (gain * second + bias_variance) / q - 1

    start = growth(1.0)
    if abs(start) < _TURNED:
        return 1.0
    factor = math.sqrt(2.0) if start > 0 else math.sqrt(0.5)
    before, q = 1.0, factor
    while SHORTEST < q < LONGEST:
        if growth(q) * math.copysign(1, start) < -_TURNED:
            return bisect(growth, min(before, q), max(before, q))
        before, q = q, q * factor
    return math.inf if start > 0 else 0.0


def _follow_correlation(
    activation: Layer,
    q: float,
    length: float,
    weight_variance: float,
    bias_variance: float,
) -> tuple[float, float]:
    """c* and weight_variance E[phi'(u1) phi'(u2)] there.

    c' - c is convex in c on [0, 1] and not negative at 0, so Newton's steps from 0
    never pass its first root.
    """

    def one_layer(c: float) -> tuple[float, float, float]:
        product, slopes = pair_moments(activation, c, q)
        across = weight_variance * slopes
        return (weight_variance * product + bias_variance) / length, across, c

    after, across, c = one_layer(1.0)
    stays = after > 1 - TOLERANCE
    if stays and across * q / length < 1 + TOLERANCE:
        return 1.0, across
    c = 0.0
    for _ in range(100):
        after, across, c = one_layer(c)
        downhill = 1 - across * q / length
        step = (after - c) / downhill if downhill > 0 else 0.0
        if step < _TURNED:
            break
        c = min(c + step, 1.0)
    return c, across


def _depth(factor: float) -> float:
    """Layers in which something multiplied by this at each changes by e."""
    if factor == 0:
        return 0.0
    rate = abs(math.log(abs(factor)))
    return 1 / rate if rate > TOLERANCE else math.inf


def _name(chi_1: float) -> str:
    if abs(chi_1 - 1) < TOLERANCE:
        return "critical"
    return "ordered" if chi_1 < 1 else "chaotic"
