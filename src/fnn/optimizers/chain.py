"""Optimizers one after the other."""

from fnn._core.checks import check_kind
from fnn.optimizers.base import EXPECTED, Optimizer, Tree, as_optimizer


class Chain(Optimizer):
    """Each part's updates are the next part's gradients.

    Args:
        parts: transforms, then an optimizer, as positional arguments.

    Example:
        >>> import jax.numpy as jnp
        >>> from fnn.optimizers import SGD, ClipByGlobalNorm
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
