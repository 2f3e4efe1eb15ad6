"""What one layer does to the length of a signal and to the correlation of two.

A layer is z' = W phi(z) + b, with W_ij of variance weight_variance / n_in and b_i of
variance bias_variance, so wide that sums are expectations. q is the variance of a
pre-activation, c the correlation of those of two inputs.
"""

from fnn._core.theory_checks import (
    check_correlation,
    check_network,
    check_not_negative,
    check_positive,
)
from fnn.layers import Layer
from fnn.theory.expectations import (
    check_activation,
    moments,
    pair_moments,
    value_at_zero,
)


def length_map(
    activation: Layer,
    q: float,
    weight_variance: float,
    bias_variance: float = 0.0,
    keep: float = 1.0,
) -> float:
    """The next layer's variance of a pre-activation.

        q' = weight_variance / keep * E[phi(sqrt(q) z)^2] + bias_variance

    Source: Poole et al., 2016; with dropout Schoenholz et al., 2017.

    Args:
        activation: an elementwise layer, or a PReLU or LearnedSwish as it starts. It
            may have a kink at 0, but should be smooth elsewhere.
        q: the variance of this layer's pre-activations.
        weight_variance: n_in times the variance of a weight; 1 LeCun's, 2 He's.
        bias_variance: of a bias.
        keep: the share of activations that dropout keeps, 1 - rate.

    Raises:
        TypeError: the activation does not act entry by entry.
        ValueError: a number is out of its range, or the activation not finite.

    Example:
        >>> import fnn
        >>> round(length_map(fnn.layers.ReLU(), 3.0, weight_variance=2.0), 12)
        3.0
    """
    check_activation(activation)
    check_not_negative("q", q)
    check_network(weight_variance, bias_variance, keep)
    if q == 0:
        second = value_at_zero(activation) ** 2
    else:
        second = moments(activation, q).value_square
    return weight_variance / keep * second + bias_variance


def correlation_map(
    activation: Layer,
    c: float,
    q: float,
    weight_variance: float,
    bias_variance: float = 0.0,
    keep: float = 1.0,
) -> float:
    """The next layer's correlation of two inputs, both of variance q.

        c' = (weight_variance * E[phi(u1) phi(u2)] + bias_variance) / q'

    with u1, u2 normal, of variance q and correlation c, and q' from `length_map`.
    Dropout keeps other units for each input: it is in q' only, so that even equal
    inputs part. Source: Poole et al., 2016; Schoenholz et al., 2017.

    Args:
        activation: as in `length_map`.
        c: the correlation of this layer's pre-activations.
        q: their variance.
        weight_variance: n_in times the variance of a weight.
        bias_variance: of a bias.
        keep: the share of activations that dropout keeps, 1 - rate.

    Raises:
        TypeError: the activation does not act entry by entry.
        ValueError: a number is out of its range, or the activation not finite.

    Example:
        >>> import fnn
        >>> round(correlation_map(fnn.layers.ReLU(), 0.0, 1.0, 2.0), 12)  # 1 / pi
        0.318309886184
    """
    check_activation(activation)
    check_correlation("c", c)
    check_positive("q", q)
    check_network(weight_variance, bias_variance, keep)
    product, _ = pair_moments(activation, c, q)
    length = length_map(activation, q, weight_variance, bias_variance, keep)
    return (weight_variance * product + bias_variance) / length
