"""Randomness as a pure function of (key, step, layer, example).

A training state carries one key that never changes. Every use folds in what it is
for, so randomness that nothing reads is dead code, and any step of any run can be
replayed from its number.
"""

import jax
import jax.numpy as jnp

_INIT, _STEP, _SHUFFLE, _POINT = range(4)


def stored(key: jax.Array) -> jax.Array:
    """The form a state carries: the raw words of a key of the default kind.

    A typed key among the outputs of a compiled function costs about 3 us a call.
    A key of another kind keeps its type, which says how to read it.
    """
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return jnp.copy(key)
    default = str(jax.config.jax_default_prng_impl)  # pyright: ignore
    if str(jax.random.key_impl(key)) != default:
        return key
    return jax.random.key_data(key)


def for_init(key: jax.Array) -> jax.Array:
    """The key that initial parameters are drawn with."""
    return jax.random.fold_in(_typed(key), _INIT)


def for_step(key: jax.Array, step: jax.Array) -> jax.Array:
    """The key of one training step."""
    return jax.random.fold_in(jax.random.fold_in(_typed(key), _STEP), step)


def for_shuffle(key: jax.Array, epoch: jax.Array | int) -> jax.Array:
    """The key that one epoch is shuffled with."""
    return jax.random.fold_in(jax.random.fold_in(_typed(key), _SHUFFLE), epoch)


def for_point(key: jax.Array, run: int) -> jax.Array:
    """The key that one point of a random search is drawn with."""
    return jax.random.fold_in(jax.random.fold_in(_typed(key), _POINT), run)


def _typed(key: jax.Array) -> jax.Array:
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return key
    return jax.random.wrap_key_data(key)
