"""What is kept of the forward pass for the way back, as small as it can be."""

from typing import Any

import jax

from fnn._core.component import Component


class Signs(Component):
    """An array of which backward needs to know only where it is positive.

    It holds the array itself as long as that is kept for other reasons as well, else a
    mask, a byte for each entry.
    """

    array: Any

    def read(self, dtype: Any) -> jax.Array:
        """An array with the same signs, in a floating dtype."""
        return self.array.astype(dtype)


def exchange(tape: Any, array: jax.Array, other: jax.Array) -> Any:
    """The tape with `other` wherever it holds `array`, that very object."""
    return jax.tree.map(lambda leaf: other if leaf is array else leaf, tape)


def masks_for_signs(tape: Any, *kept: jax.Array) -> Any:
    """The tape with masks in place of arrays that are kept for their signs alone.

    Args:
        tape: of any layer.
        kept: arrays that stay in memory although they may not be on the tape.

    Returns:
        The tape, in which an array shared with another layer or with `kept` stays the
        same array, and each other one in a `Signs` is a mask.
    """
    nodes = jax.tree.leaves(tape, is_leaf=_is_signs)
    shared = {id(node) for node in (*nodes, *kept)}
    masks: dict[int, Signs] = {}

    def one(node: Any) -> Any:
        if not _is_signs(node) or id(node.array) in shared:
            return node
        # One mask for one array: a stack stores it once.
        return masks.setdefault(id(node.array), Signs(node.array > 0))

    return jax.tree.map(one, tape, is_leaf=_is_signs)


def _is_signs(node: Any) -> bool:
    return isinstance(node, Signs)
