"""Dropout."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.component import number
from fnn._core.trees import like
from fnn.layers.base import Layer, Tree


class Dropout(Layer):
    """In training, each entry is 0 with probability `rate`, else x / (1 - rate).

    The scaling keeps the expectation, so inference is the identity (errata H3).
    With the mask m of zeros and ones, y = m x / (1 - rate) and
    dC/dx = m dC/dy / (1 - rate). Source: Srivastava et al., 2014, whose p keeps.

    Args:
        rate: probability of dropping an entry, in [0, 1).

    Example:
        >>> key = jax.random.key(0)
        >>> y, _, _ = Dropout(0.5).forward((), (), jnp.ones(6), key, train=True)
        >>> sorted(set(y.tolist()))
        [0.0, 2.0]
    """

    rate: Any = number(at_least=0, below=1)

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        if not train:
            return x, stats, ()
        # Drawn in float32 whatever x is, so that a pass in float64 drops the same.
        drawn = jax.random.uniform(key, x.shape, jnp.float32)
        kept = drawn >= like(self.rate, drawn)
        return self._scaled(kept, x), stats, kept

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        del params
        return self._scaled(tape, dy), ()

    def _scaled(self, kept: jax.Array, x: jax.Array) -> jax.Array:
        return jnp.where(kept, x / (1 - like(self.rate, x)), jnp.zeros_like(x))
