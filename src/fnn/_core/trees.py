"""Small functions on pytrees that more than one room needs."""

from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp

WEIGHT = "w"


def like(value: Any, array: jax.Array) -> jax.Array:
    """A number as a scalar of the array's dtype, so that nothing is promoted."""
    return jnp.asarray(value, array.dtype)


def cast(tree: Any, dtype: Any) -> Any:
    """The same tree with its floating leaves in `dtype`; other leaves untouched."""

    def one(leaf: Any) -> Any:
        if jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
            return jnp.asarray(leaf, dtype)
        return leaf

    return jax.tree.map(one, tree)


def working_dtype(array: Any) -> Any:
    """The dtype to do sums in: the array's own, but float32 where that is narrower."""
    dtype = jnp.dtype(array.dtype)
    return dtype if dtype.itemsize >= 4 else jnp.dtype(jnp.float32)


def widest_dtype(arrays: Iterable[Any]) -> Any:
    """The widest of some arrays' working dtypes; float32 if there are none.

    Chosen by hand: strict promotion, which fnn runs under, promotes nothing.
    """
    dtypes = (working_dtype(array) for array in arrays)
    return max(dtypes, key=lambda d: d.itemsize, default=jnp.dtype(jnp.float32))


def square_root(value: jax.Array) -> jax.Array:
    """sqrt with slope 0 at 0, where JAX's is infinite and 0 times it NaN."""
    zero = value == 0
    root = jnp.sqrt(jnp.where(zero, jnp.ones_like(value), value))
    return jnp.where(zero, jnp.zeros_like(value), root)


def map_weights(function: Callable[[Any], Any], params: Any) -> Any:
    """Apply `function` to the weight matrices, the leaves named "w"; zeros elsewhere.

    Biases, scales and shifts of normalization and learned slopes are not weights
    (errata H2).
    """

    def one(path: tuple[Any, ...], leaf: Any) -> Any:
        return function(leaf) if is_weight(path) else jnp.zeros_like(leaf)

    return jax.tree_util.tree_map_with_path(one, params)


def weights(params: Any) -> list[jax.Array]:
    """The weight matrices of a parameter tree: the leaves named "w"."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return [leaf for path, leaf in leaves if is_weight(path)]


def global_norm(tree: Any) -> jax.Array:
    """The Euclidean norm of all leaves together, safe against overflow, 0 at 0.

    The leaves are divided by the largest magnitude before they are squared, so
    the norm is finite whenever it can be represented.
    """
    leaves = jax.tree.leaves(tree)
    if not leaves:
        return jnp.zeros(())
    dtype = widest_dtype(leaves)
    wide = [leaf.astype(dtype) for leaf in leaves]
    largest = jnp.max(jnp.stack([jnp.max(jnp.abs(leaf)) for leaf in wide]))
    largest = jax.lax.stop_gradient(largest)
    scale = jnp.where(largest == 0, jnp.ones_like(largest), largest)
    total = sum(jnp.sum(jnp.square(leaf / scale)) for leaf in wide)
    return scale * square_root(jnp.asarray(total))


def is_weight(path: tuple[Any, ...]) -> bool:
    """True for the path of a weight matrix in a parameter tree."""
    return bool(path) and getattr(path[-1], "key", None) == WEIGHT
