"""Wrong slopes of activations, each one that somebody has derived by hand."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn import layers as L
from fnn.layers import batch_sum
from tests.catalogue import WIDTH
from tests.gradients.planted import Planted, own, rule, slope, term


def both_sides(z: jax.Array, positive: Any, other: Any) -> jax.Array:
    return jnp.where(z > 0, positive, other)


def sigmoid(z: Any) -> jax.Array:
    return jax.nn.sigmoid(z)


def cdf(z: jax.Array) -> jax.Array:
    return jax.scipy.stats.norm.cdf(z)


ACTIVATIONS: dict[str, Planted] = {
    "Tanh: slope of the input": Planted(
        slope(L.Tanh, lambda s, z, _: 1 - z * z, of_input=True), "input"
    ),
    "Tanh: not squared": Planted(slope(L.Tanh, lambda s, a, _: 1 - a), "input"),
    "Tanh: root of the slope": Planted(
        slope(L.Tanh, lambda s, a, right: jnp.sqrt(right)), "input"
    ),
    "Sigmoid: without beta (A3)": Planted(
        slope(L.Sigmoid, lambda s, a, _: a * (1 - a), 1.7), "input", 1 / 1.7
    ),
    "Sigmoid: beta squared": Planted(
        slope(L.Sigmoid, lambda s, a, right: s.beta * right, 1.7), "input", 1.7
    ),
    "Sigmoid: sign of exp(z) (A7)": Planted(
        slope(L.Sigmoid, lambda s, a, right: -right), "input", -1.0
    ),
    "Sigmoid: slope of the input": Planted(
        slope(L.Sigmoid, lambda s, z, _: z * (1 - z), of_input=True), "input"
    ),
    "Sigmoid: 1 - a missing": Planted(slope(L.Sigmoid, lambda s, a, _: a), "input"),
    "ReLU: mask inverted": Planted(
        slope(L.ReLU, lambda s, a, right: 1 - right), "input"
    ),
    "ReLU: mask missing": Planted(
        slope(L.ReLU, lambda s, a, _: jnp.ones_like(a)), "input"
    ),
    "ReLU: mask of the gradient": Planted(
        rule(L.ReLU, lambda p, t, dy, dx, dp: (jnp.where(dy > 0, dy, 0), dp)), "input"
    ),
    "ReLU: slope 1 at 0 (E1)": Planted(
        slope(L.ReLU, lambda s, z, _: (z >= 0).astype(z.dtype), of_input=True), "input"
    ),
    "LeakyReLU: sides swapped (E3)": Planted(
        slope(L.LeakyReLU, lambda s, a, _: both_sides(a, s.slope, 1.0), 2.0), "input"
    ),
    "LeakyReLU: slope forgotten": Planted(
        slope(L.LeakyReLU, lambda s, a, _: both_sides(a, 1.0, 0.0)), "input"
    ),
    "LeakyReLU: slope 1 at 0 (E2)": Planted(
        slope(
            L.LeakyReLU,
            lambda s, z, _: jnp.where(z >= 0, 1.0, s.slope),
            0.3,
            of_input=True,
        ),
        "input",
    ),
    "PReLU: slope's gradient of all z (E2)": Planted(
        rule(
            L.PReLU,
            lambda p, z, dy, dx, dp: (dx, {"slope": batch_sum(jnp.sum(z * dy))}),
        ),
        "slope",
    ),
    "PReLU: slope's gradient a mean": Planted(
        term(L.PReLU, "slope", lambda g: g / WIDTH), "slope", 1 / WIDTH
    ),
    "PReLU: slope's gradient of |z|": Planted(
        term(L.PReLU, "slope", lambda g: -g), "slope", -1.0
    ),
    "PReLU: batch sum missing": Planted(
        rule(
            L.PReLU,
            lambda p, z, dy, dx, dp: (
                dx,
                {"slope": own(jnp.sum(both_sides(z, 0.0, z * dy)))},
            ),
        ),
        "slope",
    ),
    "PReLU: a ReLU's dz": Planted(
        rule(L.PReLU, lambda p, z, dy, dx, dp: (both_sides(z, dy, 0.0), dp)), "input"
    ),
    "ELU: without alpha": Planted(
        slope(L.ELU, lambda s, a, _: both_sides(a, 1.0, a + 1), 1.3), "input"
    ),
    "ELU: exp of the output": Planted(
        slope(L.ELU, lambda s, a, _: both_sides(a, 1.0, s.alpha * jnp.exp(a))), "input"
    ),
    "SELU: scale forgotten": Planted(
        slope(L.SELU, lambda s, a, right: right / 1.0507009873554805),
        "input",
        1 / 1.0507009873554805,
    ),
    "SELU: alpha not scaled": Planted(
        slope(L.SELU, lambda s, a, right: both_sides(a, right, a + 1.6732632423543772)),
        "input",
    ),
    "Softplus: sigmoid of the output": Planted(
        slope(L.Softplus, lambda s, a, _: sigmoid(a)), "input"
    ),
    "Softplus: the complement": Planted(
        slope(L.Softplus, lambda s, a, right: 1 - right), "input"
    ),
    "Swish: beta missing (E8)": Planted(
        slope(
            L.Swish,
            lambda s, z, _: (
                sigmoid(s.beta * z) + z * sigmoid(s.beta * z) * sigmoid(-s.beta * z)
            ),
            1.7,
        ),
        "input",
    ),
    "Swish: product rule's second term missing": Planted(
        slope(L.Swish, lambda s, z, _: sigmoid(s.beta * z), 1.7), "input"
    ),
    "LearnedSwish: x for x^2 (E8)": Planted(
        rule(
            L.LearnedSwish,
            lambda p, z, dy, dx, dp: (
                dx,
                {
                    "beta": batch_sum(
                        jnp.sum(
                            dy * z * sigmoid(p["beta"] * z) * sigmoid(-p["beta"] * z)
                        )
                    )
                },
            ),
        ),
        "beta",
    ),
    "LearnedSwish: 1 - s missing": Planted(
        rule(
            L.LearnedSwish,
            lambda p, z, dy, dx, dp: (
                dx,
                {"beta": batch_sum(jnp.sum(dy * z * z * sigmoid(p["beta"] * z)))},
            ),
        ),
        "beta",
    ),
    "GELU: term of the density missing": Planted(
        slope(L.GELU, lambda s, z, _: cdf(z)), "input"
    ),
    "GELU: density not normalized": Planted(
        slope(L.GELU, lambda s, z, _: cdf(z) + z * jnp.exp(-z * z / 2)), "input"
    ),
    "GELU: slope of its approximation (E17)": Planted(
        slope(L.GELU, lambda s, z, _: L.GELUTanh().derivative(z)), "input"
    ),
    "GELUTanh: slope of the exact one (E17)": Planted(
        slope(L.GELUTanh, lambda s, z, _: L.GELU().derivative(z)), "input"
    ),
    "Softmax: elementwise (B6)": Planted(
        rule(L.Softmax, lambda p, t, dy, dx, dp: (dy * t * (1 - t), dp)), "input"
    ),
    "Softmax: a term missing (E6)": Planted(
        rule(L.Softmax, lambda p, t, dy, dx, dp: (dy * t, dp)), "input"
    ),
    "Softmax: mean not weighted by p": Planted(
        rule(L.Softmax, lambda p, t, dy, dx, dp: (t * (dy - jnp.mean(dy)), dp)), "input"
    ),
}
