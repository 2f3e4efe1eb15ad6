"""Root mean squares of arrays whose squares may leave the range of floats."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from fnn._core.trees import WEIGHT, like, working_dtype
from fnn.gradients.walk import gather, has_weights, places
from fnn.layers.base import Layer, Tree

# In float32 squares of numbers below 1e-19 vanish and above 1e19 overflow. Those are
# averaged twice, of numbers scaled up and down, for root mean squares up to 2^18 and
# down to 2^12. Together they reach from 1e-31 to the largest number, of up to 2^16
# rows: what is infinite here is infinite, as whoever looks for overflow relies on.
_UP, _DOWN = 2.0**46, 2.0**-72
_SMALLEST = 1e-30


def root_mean_square(x: jax.Array) -> jax.Array:
    """A scalar of x (n,), in float32 at least."""
    wide = x.astype(working_dtype(x))
    total = _square_sum(wide)
    return lax.cond(
        _fits(total, wide.size),
        lambda: jnp.sqrt(total / wide.size),
        lambda: _scaled_root(wide),
    )


def weight_sizes(model: Layer, tree: Tree) -> jax.Array:
    """(L,) root mean squares of the weights in a tree built as the parameters are."""
    rows = np.flatnonzero([place.has_weights for place in places(model, tree)])

    def of_weights(measure: Callable[[jax.Array], jax.Array]) -> jax.Array:
        def one(params: Tree, lead: tuple[int, ...]) -> jax.Array:
            if not has_weights(params):
                return jnp.full((*lead, 1), jnp.nan)
            w = params[WEIGHT]
            wide = w.astype(working_dtype(w)).reshape(*lead, -1)
            return measure(wide)[..., None]

        return gather(model, tree, one, 1)[rows, 0]

    totals = of_weights(_square_sum)
    sizes = of_weights(lambda wide: jnp.full(wide.shape[:-1], wide.shape[-1]))
    return lax.cond(
        jnp.all(_fits(totals, sizes)),
        lambda: jnp.sqrt(totals / sizes),
        lambda: of_weights(_scaled_root),
    )


def _square_sum(wide: jax.Array) -> jax.Array:
    """(...) of x (..., n): a product of vectors, several times as fast as a sum."""
    return jnp.einsum("...i,...i->...", wide, wide, precision="highest")


def _fits(total: jax.Array, n: Any) -> jax.Array:
    """Whether no square that matters to a sum of n of them vanished or overflowed."""
    return (total > _SMALLEST * n) & jnp.isfinite(total)


def _scaled_root(wide: jax.Array) -> jax.Array:
    """(...) root mean squares of x (..., n), from whichever scale did not overflow."""
    scaled = [jnp.square(wide * like(scale, wide)) for scale in (_UP, _DOWN)]
    up, down = (jnp.sum(x / wide.shape[-1], axis=-1) for x in scaled)
    fits = jnp.isfinite(up)
    scale = jnp.where(fits, like(_UP, up), like(_DOWN, up))
    return jnp.sqrt(jnp.where(fits, up, down)) / scale
