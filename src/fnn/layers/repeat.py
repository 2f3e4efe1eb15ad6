"""Equal layers one after another, compiled once whatever their number."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core.checks import check_size
from fnn._core.component import Component, static
from fnn._core.layer_checks import check_keeps_shape, check_layer, inside
from fnn._core.tape import masks_for_signs
from fnn.layers.base import Layer, Tree

_OUTPUT = -1


class Repeat(Layer):
    """One layer applied n times, each time with parameters of its own.

    Parameters and statistics have a leading axis of length n. Forward and backward
    are each one `lax.scan`, so compile time does not grow with n.

    The tape keeps each distinct array of the layer's own tape once: the output of
    a Tanh is the input of the Dense after it. A layer's output is the input of the
    next, so where both are needed only inputs are stored, and the backward scan
    carries the output down. Autodiff of the same scan stores two or three arrays
    where this stores one.

    Args:
        layer: what is repeated, often a `Sequential`; it must keep the shape.
        n: how many times.

    Raises:
        ShapeError: a ValueError; the layer changes the shape.

    Example:
        >>> import fnn
        >>> block = fnn.layers.Sequential(fnn.layers.Tanh(), fnn.layers.Dense(8, 8))
        >>> params, stats = Repeat(block, 150).init(jax.random.key(0))
        >>> params[1]["w"].shape
        (150, 8, 8)
    """

    layer: Layer
    n: int = static()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layer("Repeat.layer", self.layer, Layer)
        check_size("Repeat.n", self.n)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        return jax.vmap(self.layer.init)(jax.random.split(key, self.n))

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        def body(x: jax.Array, slices: Tree) -> tuple[jax.Array, Tree]:
            params, stats, index = slices
            y, stats, packed = _apply(self, params, stats, x, key, index, train)
            return y, (stats, packed)

        y, (stats, packed) = lax.scan(body, x, (params, stats, jnp.arange(self.n)))
        return y, stats, (packed, y)

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        packed, y = tape

        def body(carry: Tree, slices: Tree) -> tuple[Tree, Tree]:
            dy, y = carry
            params, packed = slices
            dx, dparams = self.layer.backward(params, packed.unpack(y), dy)
            return (dx, packed.input_or(y)), dparams

        (dx, _), dparams = lax.scan(
            body, (dy, y), (params, packed), length=self.n, reverse=True
        )
        return dx, dparams


class Tied(Layer):
    """One layer applied n times with one set of parameters: the recurrent case.

    Parameters are those of the layer itself, and so are statistics, which pass from
    one application to the next. With delta^l the gradient at application l,

        dC/dW = sum_l dC/dW^l,

    the sum over all applications, as in backpropagation through time. With W = 1.5 I
    or 0.5 I this is the notes' chain in which one weight is multiplied n times
    (errata I1 to I5). The tape is that of `Repeat`.

    Args:
        layer: what is applied; it must keep the shape.
        n: how many times.

    Raises:
        ShapeError: a ValueError; the layer changes the shape.

    Example:
        >>> import fnn
        >>> block = fnn.layers.Sequential(fnn.layers.Tanh(), fnn.layers.Dense(8, 8))
        >>> params, stats = Tied(block, 150).init(jax.random.key(0))
        >>> params[1]["w"].shape
        (8, 8)
    """

    layer: Layer
    n: int = static()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layer("Tied.layer", self.layer, Layer)
        check_size("Tied.n", self.n)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        return self.layer.init(key)

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        def body(carry: Tree, index: jax.Array) -> tuple[Tree, Tree]:
            x, stats = carry
            y, stats, packed = _apply(self, params, stats, x, key, index, train)
            return (y, stats), packed

        (y, stats), packed = lax.scan(body, (x, stats), jnp.arange(self.n))
        return y, stats, (packed, y)

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        packed, y = tape

        def body(carry: Tree, packed: _Packed) -> tuple[Tree, None]:
            dy, y, total = carry
            dx, dparams = self.layer.backward(params, packed.unpack(y), dy)
            total = jax.tree.map(jnp.add, total, dparams)
            return (dx, packed.input_or(y), total), None

        zeros = jax.tree.map(jnp.zeros_like, params)
        start = (dy, y, zeros)
        (dx, _, dparams), _ = lax.scan(body, start, packed, length=self.n, reverse=True)
        return dx, dparams


def _apply(
    stack: Repeat | Tied,
    params: Tree,
    stats: Tree,
    x: jax.Array,
    key: jax.Array,
    index: jax.Array,
    train: bool,
) -> tuple[jax.Array, Tree, "_Packed"]:
    """One application of a stack's layer, with its tape packed."""
    name = type(stack).__name__
    layer_key = jax.random.fold_in(key, index)
    with inside(name):
        y, stats, tape = stack.layer.forward(params, stats, x, layer_key, train)
    check_keeps_shape(name, stack.layer, x, y)
    return y, stats, _pack(tape, x, y)


class _Packed(Component):
    """A tape without its repetitions.

    `slots` says, for each leaf of the tape, which of `arrays` it is, or that it is
    the layer's output, which the next layer stores as its input.
    """

    arrays: tuple[Any, ...]
    slots: tuple[int, ...] = static()
    treedef: Any = static()
    input_slot: int | None = static()

    def unpack(self, y: jax.Array) -> Tree:
        leaves = [y if slot == _OUTPUT else self.arrays[slot] for slot in self.slots]
        return jax.tree.unflatten(self.treedef, leaves)

    def input_or(self, y: jax.Array) -> jax.Array:
        """The layer's input, which is the output of the one below; y if not stored."""
        return y if self.input_slot is None else self.arrays[self.input_slot]


def _pack(tape: Tree, x: jax.Array, y: jax.Array) -> _Packed:
    # With its input stored, the output comes free: see `_Packed.unpack`.
    input_is_stored = any(leaf is x for leaf in jax.tree.leaves(tape))
    tape = masks_for_signs(tape, *((y,) if input_is_stored else ()))
    leaves, treedef = jax.tree.flatten(tape)
    # Identity of tracers, not equality of values: known while tracing, and exact.
    distinct: dict[int, Any] = {id(leaf): leaf for leaf in leaves}
    output_is_carried = id(x) in distinct and id(y) in distinct and x is not y
    if output_is_carried:
        del distinct[id(y)]
    place = {identity: slot for slot, identity in enumerate(distinct)}
    slots = tuple(place.get(id(leaf), _OUTPUT) for leaf in leaves)
    input_slot = place[id(x)] if output_is_carried else None
    return _Packed(tuple(distinct.values()), slots, treedef, input_slot)
