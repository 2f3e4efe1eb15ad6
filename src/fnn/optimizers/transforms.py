"""What is done to gradients on their way to an optimizer, and how parts are joined."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.checks import check_kind
from fnn._core.component import number
from fnn._core.trees import global_norm, like
from fnn.optimizers.base import EXPECTED, Optimizer, Tree, as_optimizer


class ClipByGlobalNorm(Optimizer):
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

    def init(self, params: Tree) -> Tree:
        del params
        return ()

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


class Chain(Optimizer):
    """Each part's updates are the next part's gradients.

    Args:
        parts: transforms, then an optimizer, as positional arguments.

    Example:
        >>> from fnn.optimizers.sgd import SGD
        >>> optimizer = Chain(ClipByGlobalNorm(1.0), SGD(0.5))
        >>> gradients = {"w": jnp.array([3.0, 4.0])}
        >>> state = optimizer.init(gradients)
        >>> updates, _ = optimizer.update(gradients, state, gradients)
        >>> [round(step, 4) for step in updates["w"].tolist()]
        [-0.3, -0.4]
    """

    parts: tuple[Optimizer, ...]

    def __init__(self, *args: Optimizer, parts: tuple[Optimizer, ...] = ()) -> None:
        # JAX rebuilds a part by keyword, so `parts` is accepted by name as well.
        for index, part in enumerate(args):
            check_kind(f"part {index}", as_optimizer(part), Optimizer, EXPECTED)
        object.__setattr__(self, "parts", tuple(map(as_optimizer, args or parts)))

    def __repr__(self) -> str:
        return f"Chain({', '.join(map(repr, self.parts))})"

    def init(self, params: Tree) -> Tree:
        return tuple(part.init(params) for part in self.parts)

    def update(
        self, gradients: Tree, opt_state: Tree, params: Tree
    ) -> tuple[Tree, Tree]:
        new_states = []
        for part, state in zip(self.parts, opt_state, strict=True):
            gradients, state = part.update(gradients, state, params)
            new_states.append(state)
        return gradients, tuple(new_states)
