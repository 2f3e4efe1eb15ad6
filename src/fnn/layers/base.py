"""The contract of a layer, and what hand-derived backward rules are written with.

Letters used in all derivations: b runs over the batch, i over a layer's inputs, o
over its outputs. z is a pre-activation, a an activation, dy the gradient of the
loss with respect to a layer's output y, `delta` the one with respect to a z.
"""

import abc
import itertools
import warnings
from typing import Any, ClassVar

import jax
import numpy as np

from fnn._core.component import Component
from fnn._core.layer_checks import check_layer, inside
from fnn._core.tape import Signs
from fnn.initializers import Initializer, LeCun

Tree = Any


class Layer(Component, abc.ABC):
    """A function of parameters and one example, with its hand-derived derivative.

    The batch is an axis named "batch" that `jax.vmap` adds outside. Parameters and
    statistics are plain pytrees; a layer without them has `()`. `key` and `train`
    reach every layer; most do not look at them.

    `cancels_bias` is True where a constant added to the input changes nothing.
    """

    cancels_bias: ClassVar[bool] = False

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """Draw `(params, stats)`. A layer without either keeps this one."""
        del key
        return (), ()

    @abc.abstractmethod
    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        """Compute `(y, stats, tape)` of one example.

        The tape is what `backward` needs and the parameters do not say. Arrays put on
        it should be x, y or something small: a stack of layers stores each distinct
        array once.
        """

    @abc.abstractmethod
    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        """Compute `(dx, dparams)` from the gradient dy of the loss in y.

        `tape` comes from a forward pass with `train=True`. `dparams` is like `params`
        and summed over the axis "batch".
        """


class Elementwise(Layer):
    """a = f(z) for each entry: a subclass gives `function` and `derivative`.

    dC/dz = dC/da * f'(z), entry by entry. The derivative is written in terms of the
    output a, so that the tape holds nothing but a, which the next layer's tape holds
    as well. Where f' cannot be had from a, set `needs_input = True`: the tape then
    holds z, and `derivative` is given that. Where it follows from the sign of a alone,
    set `needs_sign = True`: `derivative` may then be given any array that is positive
    where a is, and the tape holds a mask where nothing else needs a.

    `initializer` draws the weights before this activation such that a signal neither
    fades nor grows from layer to layer, at least near zero. `steepest` is the largest
    slope of an activation that saturates, flat far from zero; None of the others.
    """

    needs_input: ClassVar[bool] = False
    needs_sign: ClassVar[bool] = False

    @property
    def initializer(self) -> Initializer:
        """Of the weights before this activation."""
        return LeCun()

    @property
    def steepest(self) -> Any:
        """The largest slope, of an activation that saturates."""
        return None

    @abc.abstractmethod
    def function(self, z: jax.Array) -> jax.Array:
        """a = f(z)."""

    @abc.abstractmethod
    def derivative(self, a: jax.Array, /) -> jax.Array:
        """f'(z), from a = f(z), or from z with `needs_input`."""

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        del params, key, train
        a = self.function(x)
        if self.needs_input:
            return a, stats, x
        return a, stats, Signs(a) if self.needs_sign else a

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        del params
        return dy * self.slopes(tape, dy.dtype), ()

    def slopes(self, tape: Tree, dtype: Any) -> jax.Array:
        """f'(z), from the tape; `dtype` is that of a."""
        return self.derivative(tape.read(dtype) if isinstance(tape, Signs) else tape)


class Sequential(Layer):
    """Layers one after another; parameters, statistics and tape are tuples.

    Forward is y = f_n(... f_1(x)); backward is the chain rule, last layer first.

    Args:
        layers: the layers in order, as positional arguments.

    Warns:
        UserWarning: a layer has a bias that the next one, a BatchNorm, subtracts
            again (errata H9).

    Example:
        >>> import fnn
        >>> model = Sequential(fnn.layers.Dense(4, 3), fnn.layers.ReLU())
        >>> params, stats = model.init(jax.random.key(0))
        >>> y, stats, tape = model.forward(
        ...     params, stats, jax.numpy.ones(4), jax.random.key(1), train=False)
        >>> y.shape
        (3,)
    """

    layers: tuple[Layer, ...]

    def __init__(self, *args: Layer, layers: tuple[Layer, ...] = ()) -> None:
        # JAX rebuilds a part by keyword, so `layers` is accepted by name as well.
        object.__setattr__(self, "layers", args or layers)
        for index, layer in enumerate(args):
            check_layer(f"layer {index}", layer, Layer, strict=True)
        # Here only what a user wrote arrives, so each model warns once.
        for index, (before, after) in enumerate(itertools.pairwise(args)):
            if after.cancels_bias and getattr(before, "bias", False):
                warnings.warn(
                    f"layer {index}, {before}, has a bias that layer {index + 1}, "
                    f"{after}, subtracts again: its gradient is 0. Write "
                    f"{type(before).__name__}(..., bias=False).",
                    stacklevel=2,
                )

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.layers))})"

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        # All keys at once: each call of the generator is some ten kernels to compile.
        indices = np.arange(len(self.layers), dtype=np.uint32)
        keys = jax.vmap(jax.random.fold_in, (None, 0))(key, indices)
        pairs = [layer.init(own) for layer, own in zip(self.layers, keys, strict=True)]
        return tuple(params for params, _ in pairs), tuple(stats for _, stats in pairs)

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        new_stats, tapes = [], []
        for index, layer in enumerate(self.layers):
            with inside(f"layer {index}"):
                x, stat, tape = layer.forward(
                    params[index],
                    stats[index],
                    x,
                    jax.random.fold_in(key, index),
                    train,
                )
            new_stats.append(stat)
            tapes.append(tape)
        return x, tuple(new_stats), tuple(tapes)

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        gradients: list[Tree] = []
        for layer, layer_params, layer_tape in zip(
            reversed(self.layers), reversed(params), reversed(tape), strict=True
        ):
            dy, gradient = layer.backward(layer_params, layer_tape, dy)
            gradients.append(gradient)
        return dy, tuple(reversed(gradients))
