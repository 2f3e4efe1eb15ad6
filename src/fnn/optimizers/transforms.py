"""What is done to gradients on their way to an optimizer, and to its updates."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.component import number
from fnn._core.trees import global_norm, is_weight, like, square_root, working_dtype
from fnn.optimizers.base import Optimizer, Tree, next_step
from fnn.schedules.base import rate_at


class _Stateless(Optimizer):
    """A transform that carries nothing from one update to the next."""

    def init(self, params: Tree) -> Tree:
        del params
        return ()


class ClipByValue(_Stateless):
    """g <- g held between -limit and limit, entry by entry.

    This bends the direction; `ClipByGlobalNorm` keeps it (errata H11). A NaN stays
    visible. It carries no minus sign: put it in a `Chain` before an optimizer.

    Args:
        limit: the largest magnitude that passes unchanged.

    Example:
        >>> clip = ClipByValue(1.0)
        >>> gradients = {"w": jnp.array([3.0, -0.5, -2.0])}
        >>> clipped, _ = clip.update(gradients, clip.init(gradients), gradients)
        >>> clipped["w"].tolist()
        [1.0, -0.5, -1.0]
    """

    limit: Any = number(above=0)

    def update(
        self, gradients: Tree, opt_state: Tree, params: Tree
    ) -> tuple[Tree, Tree]:
        del params

        def clip(g: jax.Array) -> jax.Array:
            limit = like(self.limit, g)
            return jnp.clip(g, -limit, limit)

        return jax.tree.map(clip, gradients), opt_state


class ClipByGlobalNorm(_Stateless):
    """g <- g min(1, max_norm / |g|), with |g| the norm of all gradients together.

    The direction is kept. The norm neither overflows nor divides by 0 (errata H11).
    It carries no minus sign: put it in a `Chain` before an optimizer.

    Args:
        max_norm: the largest norm that passes unchanged.

    Example:
        >>> clip = ClipByGlobalNorm(1.0)
        >>> gradients = {"w": jnp.array([3.0, 4.0])}
        >>> clipped, _ = clip.update(gradients, clip.init(gradients), gradients)
        >>> [round(entry, 4) for entry in clipped["w"].tolist()]
        [0.6, 0.8]
    """

    max_norm: Any = number(above=0)

    def update(
        self, gradients: Tree, opt_state: Tree, params: Tree
    ) -> tuple[Tree, Tree]:
        del params
        norm = global_norm(gradients)
        largest = like(self.max_norm, norm)
        factor = largest / jnp.maximum(norm, largest)

        def shrink(g: jax.Array) -> jax.Array:
            return (g.astype(factor.dtype) * factor).astype(g.dtype)

        clipped = jax.tree.map(shrink, gradients)
        return clipped, opt_state


class AdaptiveClip(_Stateless):
    """Clip the gradient of each unit by the size of the unit's own weights.

        g_j <- g_j min(1, threshold max(|w_j|, epsilon) / |g_j|)

    For a weight matrix, a parameter named "w", w_j is the column of the weights into
    unit j; any other parameter, such as a bias, is one unit as a whole. Those of a
    `Repeat`, stacked along leading axes, are treated one by one. The norms neither
    overflow nor divide by 0. Every parameter is clipped, the last layer's too, which
    the paper leaves alone. Put it in a `Chain` before an optimizer. Source: Brock, De,
    Smith and Simonyan, 2021.

    Args:
        threshold: the largest ratio of the norms that passes unchanged.
        epsilon: the least norm that a unit counts with, so that one at 0 can move.

    Example:
        >>> clip = AdaptiveClip(0.1)
        >>> params = {"w": jnp.array([[3.0, 1.0], [4.0, 1.0]])}
        >>> gradients = {"w": jnp.array([[6.0, 0.1], [8.0, 0.0]])}
        >>> clipped, _ = clip.update(gradients, clip.init(params), params)
        >>> [[round(entry, 4) for entry in row] for row in clipped["w"].tolist()]
        [[0.3, 0.1], [0.4, 0.0]]
    """

    threshold: Any = number(default=0.01, above=0)
    epsilon: Any = number(default=1e-3, above=0)

    def update(
        self, gradients: Tree, opt_state: Tree, params: Tree
    ) -> tuple[Tree, Tree]:
        def clip(path: tuple[Any, ...], p: jax.Array, g: jax.Array) -> jax.Array:
            axis = -2 if is_weight(path) and p.ndim > 1 else -1
            dtype = working_dtype(p)
            wide, size = g.astype(dtype), _norm(p.astype(dtype), axis)
            size = jnp.maximum(size, like(self.epsilon, size))
            largest = like(self.threshold, size) * size
            factor = largest / jnp.maximum(_norm(wide, axis), largest)
            return (wide * factor).astype(g.dtype)

        return jax.tree_util.tree_map_with_path(clip, params, gradients), opt_state


class DecoupledWeightDecay(Optimizer):
    """Weights decay beside the optimizer: update <- update - learning_rate strength w.

    Only weight matrices decay, the parameters named "w" (errata H2). Put it in a
    `Chain` after an optimizer. With the optimizer's learning rate this is the decay of
    `AdamW`; at the default 1 it is that of the paper, which the learning rate does not
    scale (errata G7). Source: Loshchilov and Hutter, 2019.

    Args:
        strength: share of a weight that a step at learning rate 1 takes away.
        learning_rate: a number or a schedule.

    Example:
        >>> decay = DecoupledWeightDecay(0.1)
        >>> params = {"w": jnp.array([2.0]), "b": jnp.array([2.0])}
        >>> zeros = {"w": jnp.zeros(1), "b": jnp.zeros(1)}
        >>> updates, _ = decay.update(zeros, decay.init(params), params)
        >>> round(float(updates["w"][0]), 4), float(updates["b"][0])
        (-0.2, 0.0)
    """

    strength: Any = number(at_least=0)
    learning_rate: Any = number(default=1.0, at_least=0)

    def init(self, params: Tree) -> dict[str, jax.Array]:
        del params
        return {"step": jnp.zeros((), jnp.int32)}

    def update(
        self, gradients: Tree, opt_state: dict[str, jax.Array], params: Tree
    ) -> tuple[Tree, dict[str, jax.Array]]:
        step = opt_state["step"]
        rate = rate_at(self.learning_rate, step)

        def decay(path: tuple[Any, ...], p: jax.Array, update: jax.Array) -> jax.Array:
            if not is_weight(path):
                return update
            wide = p.astype(working_dtype(p))
            share = like(rate, wide) * like(self.strength, wide)
            return (update.astype(wide.dtype) - share * wide).astype(update.dtype)

        updates = jax.tree_util.tree_map_with_path(decay, params, gradients)
        return updates, {"step": next_step(step)}


def _norm(values: jax.Array, axis: int) -> jax.Array:
    """The norm along one axis, which is kept; safe as `global_norm` is."""
    if values.ndim == 0:
        return jnp.abs(values)
    largest = jax.lax.stop_gradient(jnp.max(jnp.abs(values), axis, keepdims=True))
    scale = jnp.where(largest == 0, jnp.ones_like(largest), largest)
    total = jnp.sum(jnp.square(values / scale), axis, keepdims=True)
    return scale * square_root(total)
