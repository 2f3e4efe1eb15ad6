"""The singular values of the input-output Jacobian, predicted and measured."""

import math

import jax
import jax.numpy as jnp

from fnn._core.checks import check_size
from fnn._core.layer_checks import check_layer
from fnn._core.theory_checks import check_positive, check_real, no_isometry
from fnn.layers import Layer
from fnn.layers.base import Tree
from fnn.theory.expectations import check_activation, moments
from fnn.theory.phases import phase
from fnn.theory.roots import first_root


def jacobian_moments(
    activation: Layer,
    weight_variance: float,
    bias_variance: float,
    depth: int,
    orthogonal: bool = False,
) -> tuple[float, float]:
    """Mean and variance of the squared singular values of a deep wide network.

    J is the product of `depth` layers D W, D the diagonal matrix of slopes and W
    square. At the fixed point q*, with mu_k = E[phi'(sqrt(q*) z)^(2k)],

        mean     = chi_1^depth,  chi_1 = weight_variance mu_1
        variance = mean^2 depth (mu_2 / mu_1^2 - 1 - s),  s = 0 orthogonal, -1 Gaussian

    A network with mean 1 and variance near 0 is dynamically isometric: every direction
    passes unchanged. ReLU never is, for mu_2 / mu_1^2 = 2 at every q.
    Source: Pennington, Schoenholz and Ganguli, 2017.

    Args:
        activation: an elementwise layer, or a PReLU or LearnedSwish as it starts.
        weight_variance: n_in times the variance of a weight.
        bias_variance: of a bias.
        depth: the number of layers.
        orthogonal: whether weights are multiples of orthogonal matrices, not Gaussian.

    Returns:
        `(mean, variance)`.

    Raises:
        TypeError: the activation does not act entry by entry.
        ValueError: a number is out of its range.

    Example:
        >>> import fnn
        >>> jacobian_moments(fnn.layers.Identity(), 1.0, 0.0, 150, orthogonal=True)
        (1.0, 0.0)
        >>> mean, variance = jacobian_moments(fnn.layers.ReLU(), 2.0, 0.0, 150)
        >>> round(mean, 6), round(variance, 6)
        (1.0, 300.0)
    """
    check_activation(activation)
    check_size("depth", depth)
    network = phase(activation, weight_variance, bias_variance)
    spread = _slope_spread(activation, network.q_star) + (0 if orthogonal else 1)
    try:
        mean = network.chi_1**depth
        return mean, mean**2 * depth * spread
    except OverflowError:
        return math.inf, math.inf


def isometric_q(
    activation: Layer, depth: int, variance: float, mean: float = 0.0
) -> float:
    """The length of signals at which squared singular values have this variance.

    For orthogonal weights at the critical point of that q, where their mean is 1:
    solves depth (mu_2 / mu_1^2 - 1) = variance, exactly. For tanh the left side is
    about 8 depth q^2 where q is small. With a mean of pre-activations ReLU has such a
    q as well: where a share variance / depth of them is below 0.

    Args:
        activation: an elementwise layer, or a PReLU or LearnedSwish as it starts.
        depth: the number of layers.
        variance: of the squared singular values.
        mean: of pre-activations, given by biases.

    Returns:
        q, for `critical` or `critical_initializers(..., orthogonal=True)`; with a mean
        for `centered_critical` or `centered_initializers`.

    Raises:
        TypeError: the activation does not act entry by entry.
        ValueError: there is no such q, as for ReLU without a mean.

    Example:
        >>> import fnn
        >>> from fnn.theory import critical
        >>> q = isometric_q(fnn.layers.Tanh(), depth=150, variance=0.25)
        >>> point = critical(fnn.layers.Tanh(), q=q)
        >>> _, variance = jacobian_moments(
        ...     fnn.layers.Tanh(), *point[:2], depth=150, orthogonal=True)
        >>> round(variance, 6)
        0.25
    """
    check_activation(activation)
    check_size("depth", depth)
    check_positive("variance", variance)
    check_real("mean", mean)

    def excess(q: float) -> float:
        return depth * _slope_spread(activation, q, mean) - variance

    q = first_root(excess, (10 ** (step / 8) for step in range(-96, 65)))
    if q is None:
        spread = depth * _slope_spread(activation, 0.0, mean)
        raise no_isometry(activation, variance, spread)
    return q


def input_jacobian_singular_values(
    model: Layer, params: Tree, stats: Tree, x: jax.Array
) -> jax.Array:
    """The singular values of d model(x) / dx at one example, largest first.

    Measured by reverse-mode automatic differentiation of the forward pass as it is
    for inference. A matrix of (outputs, inputs) is formed and decomposed.

    Args:
        model: any layer.
        params: its parameters.
        stats: its statistics.
        x: (n_in,).

    Returns:
        (min(n_in, n_out),) of x's dtype.

    Raises:
        TypeError: `model` is not a layer.
        ShapeError: a ValueError; x is not one example.

    Example:
        >>> import fnn
        >>> model = fnn.layers.Dense(
        ...     3, 3, weight_initializer=fnn.initializers.ScaledIdentity(1.5))
        >>> params, stats = model.init(jax.random.key(0))
        >>> input_jacobian_singular_values(model, params, stats, jnp.ones(3)).tolist()
        [1.5, 1.5, 1.5]
    """
    check_layer("model", model, Layer, strict=True)
    return _singular_values(model, params, stats, x)


@jax.jit
def _singular_values(model: Layer, params: Tree, stats: Tree, x: Tree) -> jax.Array:
    def output(x: jax.Array) -> jax.Array:
        y, _, _ = model.forward(params, stats, x, jax.random.key(0), train=False)
        return y

    return jnp.linalg.svd(jax.jacrev(output)(x), compute_uv=False)


def _slope_spread(activation: Layer, q: float, mean: float = 0.0) -> float:
    """mu_2 / mu_1^2 - 1: the relative variance of squared slopes."""
    at_q = moments(activation, q, mean)
    return at_q.slope_fourth / at_q.slope_square**2 - 1
