"""The order of examples as a pure function of (key, epoch)."""

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core import keys
from fnn._core.checks import check_batch_size

_PACKED_BITS = 14


def epoch_indices(
    key: jax.Array, epoch: jax.Array | int, n: int, batch_size: int
) -> jax.Array:
    """Which examples each step of one epoch takes.

    A shuffle of 0 .. n-1, cut into rows. The n mod batch_size examples that are left
    over are other ones in every epoch.

    Args:
        key: the key of the run.
        epoch: number of the epoch, an integer, which may be traced.
        n: number of examples.
        batch_size: examples in a batch.

    Returns:
        (n // batch_size, batch_size) int32.

    Raises:
        ValueError: `batch_size` is not between 1 and n.

    Example:
        >>> rows = epoch_indices(jax.random.key(0), 0, n=10, batch_size=4)
        >>> rows.shape, len(set(rows.ravel().tolist()))
        ((2, 4), 8)
    """
    check_batch_size(batch_size, n)
    steps = n // batch_size
    order = permutation(keys.for_shuffle(key, epoch), n)
    return order[: steps * batch_size].reshape(steps, batch_size)


def permutation(key: jax.Array, n: int) -> jax.Array:
    """A random order of 0 .. n-1, by sorting random bits.

    Up to 2^14 examples the index sits in the low bits of the word that is sorted, so
    that one operand is moved; at least 18 random bits stay above it. Beyond that the
    words and the indices are sorted together. Several times faster than
    `jax.random.permutation`, which sorts more than once.

    Args:
        key: a key of `jax.random`.
        n: number of examples.

    Returns:
        (n,) int32.

    Example:
        >>> sorted(permutation(jax.random.key(0), 5).tolist())
        [0, 1, 2, 3, 4]
    """
    bits = jax.random.bits(key, (n,), jnp.uint32)
    index_bits = max(n - 1, 1).bit_length()
    indices = jnp.arange(n, dtype=jnp.uint32)
    if index_bits <= _PACKED_BITS:
        mask = jnp.uint32(2**index_bits - 1)
        order = lax.sort((bits & ~mask) | indices, is_stable=False) & mask
    else:
        _, order = lax.sort((bits, indices), num_keys=1, is_stable=False)
    return order.astype(jnp.int32)
