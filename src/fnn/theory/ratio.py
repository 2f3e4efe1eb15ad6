"""How much deltas change through a whole network, before lengths have settled."""

import math

from fnn._core.checks import check_size
from fnn._core.theory_checks import check_network, check_positive
from fnn.layers import Layer
from fnn.theory.expectations import check_activation, moments


def log_gradient_ratio(
    activation: Layer,
    depth: int,
    weight_variance: float,
    bias_variance: float = 0.0,
    input_square: float = 1.0,
) -> float:
    """log10 of the length of deltas before the first layer over that after the last.

        1/2 sum_l log10 (weight_variance E[phi'(sqrt(q_l) z)^2]),  l = 1 ... depth

    with q_1 = weight_variance input_square + bias_variance and the others from
    `length_map`. Negative where gradients vanish. The transient matters: tanh under
    LeCun's weights is critical, and still loses a factor of 15 in 150 layers.
    Source: Schoenholz et al., 2017.

    Args:
        activation: an elementwise layer, or a PReLU or LearnedSwish as it starts.
        depth: the number of layers.
        weight_variance: n_in times the variance of a weight.
        bias_variance: of a bias.
        input_square: the mean square of the entries of an input.

    Raises:
        TypeError: the activation does not act entry by entry.
        ValueError: a number is out of its range, or the activation not finite.

    Example:
        >>> import fnn
        >>> round(log_gradient_ratio(fnn.layers.Sigmoid(), 50, 1.0), 1)
        -31.4
        >>> round(log_gradient_ratio(fnn.layers.ReLU(), 150, 1.0), 3)
        -22.577
    """
    check_activation(activation)
    check_size("depth", depth)
    check_network(weight_variance, bias_variance)
    check_positive("input_square", input_square)
    q, total = weight_variance * input_square + bias_variance, 0.0
    for _ in range(depth):
        at_q = moments(activation, q)
        total += math.log10(weight_variance * at_q.slope_square) / 2
        q = weight_variance * at_q.value_square + bias_variance
    return total
