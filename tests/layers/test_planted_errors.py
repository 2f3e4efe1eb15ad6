"""Planted errors in the newer layers; each must be caught, as in tests/gradients."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.layers import (
    ELU,
    GELU,
    LeakyReLU,
    LearnedSwish,
    Maxout,
    PReLU,
    RMSNorm,
    Softplus,
    Swish,
)
from tests.catalogue import ROWS, WIDTH
from tests.gradients.witnesses import check_backward

pytestmark = pytest.mark.usefixtures("x64")


class LeakyReLUSidesSwapped(LeakyReLU):
    """Errata E3: max(slope z, z) with a slope above 1."""

    def derivative(self, a: jax.Array) -> jax.Array:
        return jnp.where(a > 0, self.slope, 1.0)


class PReLUSlopeGradientWhole(PReLU):
    """Errata E2: df/dslope is min(z, 0), not z."""

    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        dz, _ = super().backward(params, tape, dy)
        return dz, {"slope": fnn.layers.batch_sum(jnp.sum(tape * dy))}


class ELUWithoutAlpha(ELU):
    def derivative(self, a: jax.Array) -> jax.Array:
        return jnp.where(a > 0, 1.0, a + 1)


class SoftplusOfTheOutput(Softplus):
    def derivative(self, a: jax.Array) -> jax.Array:
        return jax.nn.sigmoid(a)


class SwishBetaMissing(Swish):
    def derivative(self, z: jax.Array) -> jax.Array:
        s = jax.nn.sigmoid(self.beta * z)
        return s + z * s * (1 - s)


class LearnedSwishBetaGradient(LearnedSwish):
    """x s (1 - s), not x^2 s (1 - s): the factor of the sigmoid alone."""

    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        dz, _ = super().backward(params, tape, dy)
        s = jax.nn.sigmoid(params["beta"] * tape)
        dbeta = jnp.sum(dy * tape * s * (1 - s))
        return dz, {"beta": fnn.layers.batch_sum(dbeta)}


class GELUTermMissing(GELU):
    def derivative(self, z: jax.Array) -> jax.Array:
        return jax.scipy.stats.norm.cdf(z)


class MaxoutAllPieces(Maxout):
    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        x, largest = tape
        return super().backward(params, (x, jnp.ones_like(largest)), dy)


class RMSNormScaleConstant(RMSNorm):
    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        _, dparams = super().backward(params, tape, dy)
        return tape[1] * params["gamma"] * dy, dparams


ERRORS: dict[str, Callable[[], fnn.layers.Layer]] = {
    "LeakyReLU: sides swapped": lambda: LeakyReLUSidesSwapped(2.0),
    "PReLU: slope's gradient of all z": PReLUSlopeGradientWhole,
    "ELU: without alpha": lambda: ELUWithoutAlpha(1.3),
    "Softplus: sigmoid of the output": SoftplusOfTheOutput,
    "Swish: beta missing": lambda: SwishBetaMissing(1.7),
    "LearnedSwish: x for x^2": LearnedSwishBetaGradient,
    "GELU: term of the density missing": GELUTermMissing,
    "Maxout: all pieces": lambda: MaxoutAllPieces(WIDTH, WIDTH, 3),
    "RMSNorm: scale constant": lambda: RMSNormScaleConstant(WIDTH),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_wrong_layer_is_caught(name: str, rng: np.random.Generator) -> None:
    with pytest.raises(AssertionError, match="relative difference"):
        check_backward(ERRORS[name](), rng, WIDTH, ROWS)
