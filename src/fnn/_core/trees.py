"""Small functions on pytrees that more than one room needs."""

from collections.abc import Callable
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


def map_weights(function: Callable[[Any], Any], params: Any) -> Any:
    """Apply `function` to the weight matrices, the leaves named "w"; zeros elsewhere.

    Biases, scales and shifts of normalization and learned slopes are not weights
    (errata H2).
    """

    def one(path: tuple[Any, ...], leaf: Any) -> Any:
        return function(leaf) if _is_weight(path) else jnp.zeros_like(leaf)

    return jax.tree_util.tree_map_with_path(one, params)


def weights(params: Any) -> list[jax.Array]:
    """The weight matrices of a parameter tree: the leaves named "w"."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return [leaf for path, leaf in leaves if _is_weight(path)]


def global_norm(tree: Any) -> jax.Array:
    """The Euclidean norm of all leaves together, safe against overflow, 0 at 0.

    The leaves are divided by the largest magnitude before they are squared, so
    the norm is finite whenever it can be represented.
    """
    leaves = jax.tree.leaves(tree)
    if not leaves:
        return jnp.zeros(())
    dtype = jnp.result_type(jnp.float32, *leaves)
    leaves = [leaf.astype(dtype) for leaf in leaves]
    largest = jnp.max(jnp.stack([jnp.max(jnp.abs(leaf)) for leaf in leaves]))
    largest = jax.lax.stop_gradient(largest)
    zero = largest == 0
    scale = jnp.where(zero, jnp.ones_like(largest), largest)
    total = sum(jnp.sum(jnp.square(leaf / scale)) for leaf in leaves)
    root = jnp.sqrt(jnp.where(zero, jnp.ones_like(largest), total))
    return jnp.where(zero, jnp.zeros_like(largest), scale * root)


def _is_weight(path: tuple[Any, ...]) -> bool:
    return bool(path) and getattr(path[-1], "key", None) == WEIGHT
