"""Threshold units, and networks of them."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.classic_checks import check_unit_input, check_unit_weights
from fnn._core.component import Component, number
from fnn._core.trees import like, working_dtype


class McCullochPitts(Component):
    """The threshold unit: y = 1 if sum_i w_i x_i > theta, else 0.

    Strict: on the threshold the unit is silent (errata D1). The paper of 1943 fires
    there, so thresholds belong between the sums that occur: w = (1, 1), theta = 1 is
    AND here and OR there.

    Source: W. McCulloch and W. Pitts, A logical calculus of the ideas immanent in
    nervous activity, 1943.

    Args:
        weights: (n,) of one unit, or (n, K) of K units side by side; integers are
            taken as floats, and narrow floats are summed in float32.
        theta: the threshold, a scalar or (K,).

    Raises:
        TypeError: the unit is called with other than arrays.
        ValueError: shapes do not fit, found when the unit is called.

    Example:
        >>> conjunction = McCullochPitts(jnp.array([1.0, 1.0]), 1.5)
        >>> conjunction(jnp.array([[0, 0], [0, 1], [1, 0], [1, 1]])).tolist()
        [0.0, 0.0, 0.0, 1.0]
    """

    weights: Any = number()
    theta: Any = number()

    def __call__(self, x: Any) -> jax.Array:
        """The answers, 0 or 1, to inputs of shape (..., n): (...) or (..., K)."""
        check_unit_weights(self.weights, self.theta)
        check_unit_input(self.weights.shape[0], x)
        weights = jnp.asarray(self.weights)
        floating = jnp.issubdtype(weights.dtype, jnp.floating)
        dtype = working_dtype(weights) if floating else jnp.result_type(float)
        h = jnp.matmul(x.astype(dtype), weights.astype(dtype), precision="highest")
        theta = jnp.broadcast_to(like(self.theta, h), h.shape)
        return (h > theta).astype(dtype)


class ThresholdNetwork(Component):
    """Layers of threshold units, the answers of one the inputs of the next.

    Args:
        layers: a tuple of `McCullochPitts`, from input to output.

    Example:
        >>> negation = McCullochPitts(jnp.array([-1.0]), -0.5)
        >>> ThresholdNetwork((negation,))(jnp.array([[0.0], [1.0]])).tolist()
        [1.0, 0.0]
    """

    layers: tuple[McCullochPitts, ...]

    def __call__(self, x: Any) -> jax.Array:
        """The answers of the last layer to inputs of shape (..., n)."""
        for layer in self.layers:
            x = layer(x)
        return x


def xor_network() -> ThresholdNetwork:
    """XOR as "one of them, but not both": OR and AND, then OR AND NOT AND.

    No single unit computes it, whatever its weights: its sums would have to be above
    theta at (0, 1) and (1, 0), and so above 2 theta together, but at most 2 theta at
    (0, 0) and (1, 1), which have the same total.

    Example:
        >>> xor_network()(jnp.array([[0, 0], [0, 1], [1, 0], [1, 1]])).tolist()
        [0.0, 1.0, 1.0, 0.0]
    """
    hidden = McCullochPitts(jnp.array([[1.0, 1.0], [1.0, 1.0]]), jnp.array([0.5, 1.5]))
    return ThresholdNetwork((hidden, McCullochPitts(jnp.array([1.0, -1.0]), 0.5)))
