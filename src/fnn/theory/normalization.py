"""Activations normalized, and what mean and variance do from layer to layer."""

import math

import numpy as np

from fnn._core.theory_checks import check_positive, check_real
from fnn.layers import Layer
from fnn.theory.expectations import Moments, check_activation, moments


def gaussian_normalized(activation: Layer) -> tuple[float, float]:
    """a > 0 and b such that a phi + b keeps lengths and deltas under N(0, 1) inputs.

        E[(a phi + b)^2] = 1,  E[(a phi')^2] = 1

    so a = 1 / sqrt(E phi'^2), and b is the larger root of its equation; there is one
    for every phi, as Var phi <= E phi'^2 (Poincare). With LeCun's weights and q = 1
    the network is then critical.
    Source: Lu, Gould and Ajanthan, Bidirectionally self-normalizing networks, 2020.

    Args:
        activation: an elementwise layer, or a PReLU or LearnedSwish as it starts.

    Returns:
        `(a, b)`.

    Raises:
        TypeError: the activation does not act entry by entry.

    Example:
        >>> import fnn
        >>> a, b = gaussian_normalized(fnn.layers.Tanh())
        >>> round(a, 6), round(b, 6)
        (1.467414, 0.388542)
    """
    check_activation(activation)
    at_one = moments(activation, 1.0)
    a = 1 / math.sqrt(at_one.slope_square)
    mean = a * at_one.value
    # For linear phi the root is that of 0, spoiled by rounding.
    rest = max(mean**2 - a * a * at_one.value_square + 1, 0.0)
    return a, math.sqrt(rest) - mean


def normalized_gain(activation: Layer, centered: bool = True) -> float:
    """The factor on squared deltas at each layer of a network with normalization.

    Normalization makes every pre-activation N(0, 1) whatever W is, and divides deltas
    by the deviation it found. Before the activation that is the one of W phi: over a
    batch weight_variance Var phi, as the batch's mean is subtracted; over the units
    weight_variance E[phi^2], as their mean, with W between, is about 0 whatever phi's
    is. Backward, deltas are multiplied by W and slopes too, and W's variance cancels:

        gain = E[phi'^2] / Var phi     centered
        gain = E[phi'^2] / E[phi^2]    not

    Directly after the activation LayerNorm subtracts the mean of phi itself: centered.
    As Var phi <= E[phi'^2], with equality for linear phi only, centered normalization
    makes the deltas of every nonlinear network explode, ReLU's by pi / (pi - 1) =
    1.467 a layer. For infinite width and batches; weights of LeCun's variance where
    normalization follows the activation.
    Source: Yang et al., A mean field theory of batch normalization, 2019.

    Args:
        activation: an elementwise layer, or a PReLU or LearnedSwish as it starts.
        centered: True for BatchNorm, and LayerNorm after the activation; False for
            RMSNorm, and LayerNorm before the activation.

    Raises:
        TypeError: the activation does not act entry by entry.

    Example:
        >>> import fnn
        >>> round(normalized_gain(fnn.layers.ReLU()), 6)
        1.466942
    """
    check_activation(activation)
    at_one = moments(activation, 1.0)
    mean = at_one.value if centered else 0.0
    return at_one.slope_square / (at_one.value_square - mean**2)


def moment_map(
    activation: Layer,
    mean: float,
    variance: float,
    weight_sum: float = 0.0,
    weight_square_sum: float = 1.0,
) -> tuple[float, float]:
    """Mean and variance of activations, from those of the layer before.

    A unit whose weights sum to omega, their squares to tau, receives a normal z of mean
    omega mean and variance tau variance; returned are E phi(z) and Var phi(z). SELU has
    its constants from the fixed point (0, 1) of this map at omega = 0, tau = 1.
    Source: Klambauer et al., 2017.

    Args:
        activation: an elementwise layer, or a PReLU or LearnedSwish as it starts.
        mean: of the activations before.
        variance: of the activations before.
        weight_sum: omega.
        weight_square_sum: tau.

    Returns:
        `(mean, variance)`.

    Raises:
        TypeError: the activation does not act entry by entry.
        ValueError: a number is out of its range.

    Example:
        >>> import fnn
        >>> result = moment_map(fnn.layers.SELU(), 0.0, 1.0)
        >>> [abs(round(value, 12)) for value in result]
        [0.0, 1.0]
    """
    _, after = _layer(activation, mean, variance, weight_sum, weight_square_sum)
    return after.value, after.value_square - after.value**2


def moment_map_jacobian(
    activation: Layer,
    mean: float,
    variance: float,
    weight_sum: float = 0.0,
    weight_square_sum: float = 1.0,
) -> np.ndarray:
    """The derivative of `moment_map` in (mean, variance).

    A fixed point attracts if every eigenvalue is below 1 in magnitude. With z of mean m
    and variance v, d E f / dm = E f' and, by Stein's lemma, d E f / dv =
    E[s f'] / (2 sqrt(v)), s = (z - m) / sqrt(v); for f = phi and f = phi^2.
    Source: Klambauer et al., 2017.

    Args:
        activation, mean, variance, weight_sum, weight_square_sum: as in `moment_map`.

    Returns:
        (2, 2) in float64, rows (mean, variance) of the output, columns of the input.

    Raises:
        TypeError, ValueError: as in `moment_map`.

    Example:
        >>> import fnn
        >>> jacobian = moment_map_jacobian(fnn.layers.SELU(), 0.0, 1.0)
        >>> abs(jacobian.round(6)).tolist()
        [[0.0, 0.088835], [0.0, 0.782648]]
    """
    root, at = _layer(activation, mean, variance, weight_sum, weight_square_sum)
    mean_row = np.array([at.slope, at.z_slope / (2 * root)])
    square_row = np.array([2 * at.value_slope, at.z_value_slope / root])
    rows = np.stack([mean_row, square_row - 2 * at.value * mean_row])
    return rows * np.array([weight_sum, weight_square_sum])


def _layer(
    activation: Layer,
    mean: float,
    variance: float,
    weight_sum: float,
    weight_square_sum: float,
) -> tuple[float, Moments]:
    check_activation(activation)
    check_real("mean", mean)
    check_positive("variance", variance)
    check_real("weight_sum", weight_sum)
    check_positive("weight_square_sum", weight_square_sum)
    q = weight_square_sum * variance
    return math.sqrt(q), moments(activation, q, weight_sum * mean)
