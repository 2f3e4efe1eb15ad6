"""Activations chosen by number, so that one program holds the networks of a table."""

from typing import Any

import jax
import jax.numpy as jnp

import fnn
from fnn.layers.base import Elementwise

L = fnn.layers

CHOICES = {
    "sigmoid": L.Sigmoid(),
    "tanh": L.Tanh(),
    "relu": L.ReLU(),
    "gelu": L.GELU(),
    "selu": L.SELU(),
    "identity": L.Identity(),
}


class Chosen(Elementwise):
    """The activation of that number: every one is computed, one is kept."""

    number: Any = fnn.number(default=0)
    needs_input = True

    def function(self, z: jax.Array) -> jax.Array:
        return self._select([layer.function(z) for layer in CHOICES.values()])

    def derivative(self, z: jax.Array) -> jax.Array:
        return self._select(
            [
                layer.derivative(z if layer.needs_input else layer.function(z))
                for layer in CHOICES.values()
            ]
        )

    def _select(self, values: list[jax.Array]) -> jax.Array:
        return jax.lax.select_n(jnp.asarray(self.number, jnp.int32), *values)


def chosen(name: str) -> Chosen:
    return Chosen(jnp.asarray(list(CHOICES).index(name), jnp.int32))
