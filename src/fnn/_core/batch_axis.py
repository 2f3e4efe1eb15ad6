"""The batch is the axis named "batch", which `jax.vmap` adds around one example."""

import jax
from jax import lax

from fnn._core.products import product

BATCH = "batch"


def batch_sum(value: jax.Array) -> jax.Array:
    """The sum over the batch of a vector gradient."""
    return lax.psum(value, BATCH)


def outer_sum(x: jax.Array, dz: jax.Array) -> jax.Array:
    """The sum over the batch of the outer products x dz^T, as one matrix product.

    dW[i, o] = sum_b x[b, i] dz[b, o]. Under `vmap`, `all_gather` is the batched array
    itself, so this costs what autodiff's product costs. An outer product for each
    example and a sum after it would be a broadcast multiply and a reduction.

    Args:
        x: (n_in,) of each example.
        dz: (n_out,) of each example.

    Returns:
        (n_in, n_out), the same for every example.
    """
    rows, deltas = lax.all_gather((x, dz), BATCH)
    return product("bi,bo->io", rows, deltas)
