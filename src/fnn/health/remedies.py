"""Remedies: each makes a new model from a model, and changes one thing in it.

They work through every container: `Sequential`, `Repeat`, `Residual`, `ReZero`,
`Checkpoint`, `MixedPrecision`, `Tied`.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

from fnn._core.component import Component
from fnn.initializers import Initializer, LeCun, Zeros
from fnn.layers import (
    BatchNorm,
    Dense,
    Elementwise,
    LayerNorm,
    LearnedSwish,
    PReLU,
    Repeat,
    Residual,
    RMSNorm,
    Sequential,
    Softmax,
)
from fnn.layers.base import Layer
from fnn.theory import critical, critical_initializers, phase, weight_variance_of

ACTIVATIONS = (Elementwise, PReLU, LearnedSwish)
NORMALIZATIONS = (BatchNorm, LayerNorm, RMSNorm)
_CRITICAL = 1e-6
_SATURATING = 4.0


def change(part: Any, function: Callable[[Any], Any]) -> Any:
    """The same part with `function` applied to every part inside, innermost first."""
    if isinstance(part, tuple):
        return tuple(change(item, function) for item in part)
    if not isinstance(part, Component):
        return part
    changed = {
        field.name: change(getattr(part, field.name), function)
        for field in dataclasses.fields(part)  # pyright: ignore[reportArgumentType]
        if not field.metadata.get("static")
    }
    return function(dataclasses.replace(part, **changed))  # pyright: ignore


def found(part: Any, kinds: Any) -> list[Any]:
    """The parts of some kinds inside a part, in the order of the forward pass."""
    seen: list[Any] = []

    def look(part: Any) -> Any:
        if isinstance(part, kinds):
            seen.append(part)
        return part

    change(part, look)
    return seen


def replace_activation(model: Layer, activation: Layer) -> Layer:
    """Another activation everywhere; weights are left to `redraw`.

    Example:
        >>> import fnn
        >>> model = fnn.layers.mlp((4, 8, 3), fnn.layers.Sigmoid())
        >>> replace_activation(model, fnn.layers.ReLU()).layers[1]
        ReLU()
    """
    return change(
        model, lambda part: activation if isinstance(part, ACTIVATIONS) else part
    )


@functools.lru_cache
def initializers_for(activation: Layer) -> tuple[Initializer, Initializer]:
    """Of weights and biases before an activation: its own where they are critical.

    Otherwise those of `fnn.theory.critical_initializers`, if it has a critical point:
    GELU's and swish's own let deltas fade.

    Example:
        >>> import fnn
        >>> initializers_for(fnn.layers.ReLU())
        (He(), Zeros())
        >>> weights, biases = initializers_for(fnn.layers.GELU())
        >>> round(weights.scale, 3), round(biases.entry_variance, 3)
        (2.194, 0.067)
    """
    own: Initializer = getattr(activation, "initializer", LeCun())
    if abs(phase(activation, weight_variance_of(own, 1)).chi_1 - 1) < _CRITICAL:
        return own, Zeros()
    try:
        point = critical(activation)
    except ValueError:
        return own, Zeros()
    # Sigmoid is critical only where z is so large that nearly every unit is saturated.
    if point.q_star > _SATURATING:
        return own, Zeros()
    return critical_initializers(activation)


def redraw(
    model: Layer, weights: Initializer, biases: Initializer | None = None
) -> Any:
    """Another initializer of every Dense; the last one, if it stands alone, has LeCun.

    Example:
        >>> import fnn
        >>> model = fnn.layers.mlp((4, 8, 3))
        >>> redraw(model, fnn.initializers.Orthogonal()).layers[0].weight_initializer
        Orthogonal()
    """

    def drawn(weights: Initializer, biases: Initializer) -> Callable[[Any], Any]:
        def one(part: Any) -> Any:
            if not isinstance(part, Dense):
                return part
            return dataclasses.replace(  # pyright: ignore[reportUnknownVariableType]
                part, weight_initializer=weights, bias_initializer=biases
            )

        return one

    biases = Zeros() if biases is None else biases
    if isinstance(model, Sequential) and isinstance(model.layers[-1], Dense):
        *body, head = model.layers
        return Sequential(
            layers=(
                *(change(layer, drawn(weights, biases)) for layer in body),
                drawn(LeCun(), Zeros())(head),
            )
        )
    return change(model, drawn(weights, biases))


def redraw_for_activation(model: Layer) -> Layer:
    """`redraw` by the initializers that fit the model's first activation."""
    activations = found(model, ACTIVATIONS)
    if not activations:
        return redraw(model, LeCun())
    return redraw(model, *initializers_for(activations[0]))


def remove_normalization(model: Layer) -> Layer:
    """No normalization; every Dense before one has a bias again.

    Example:
        >>> import fnn
        >>> model = fnn.layers.mlp((4, 8, 3), normalization=fnn.layers.BatchNorm)
        >>> remove_normalization(model) == fnn.layers.mlp((4, 8, 3))
        True
    """

    def one(part: Any) -> Any:
        if isinstance(part, Dense):
            return dataclasses.replace(part, bias=True)  # pyright: ignore
        if isinstance(part, Sequential):
            kept = (p for p in part.layers if not isinstance(p, NORMALIZATIONS))
            return Sequential(layers=tuple(kept))
        return part

    return change(model, one)


def add_normalization(model: Layer, normalization: Callable[[int], Layer]) -> Layer:
    """A normalization after every Dense that has a layer after it.

    Example:
        >>> import fnn
        >>> model = add_normalization(fnn.layers.mlp((4, 8, 3)), fnn.layers.BatchNorm)
        >>> model == fnn.layers.mlp((4, 8, 3), normalization=fnn.layers.BatchNorm)
        True
    """

    def grown(part: Any, outermost: bool = False) -> Any:
        if not isinstance(part, Sequential):
            return part
        layers: list[Layer] = []
        for layer in part.layers:
            if not isinstance(layer, Dense) or (outermost and layer is part.layers[-1]):
                layers.append(layer)
                continue
            norm = normalization(layer.n_out)
            bias = layer.bias and not isinstance(norm, BatchNorm)
            layers += [dataclasses.replace(layer, bias=bias), norm]  # pyright: ignore
        return Sequential(layers=tuple(layers))

    if not isinstance(model, Sequential):
        return change(model, grown)
    inner = tuple(change(layer, grown) for layer in model.layers)
    return grown(Sequential(layers=inner), outermost=True)


def add_residual(model: Layer) -> Layer:
    """y = x + s f(x) around each block that keeps its width, s = 1 / sqrt(blocks).

    A block is what a `Repeat` repeats, or in a `Sequential` a Dense of equal widths and
    what follows it up to the next.

    Example:
        >>> import fnn
        >>> add_residual(fnn.layers.mlp((4, 8, 8, 3)))  # doctest: +ELLIPSIS
        Sequential(Dense(...), ReLU(), Residual(layer=Sequential(...)), Dense(...))
    """
    if isinstance(model, Repeat) and not isinstance(model.layer, Residual):
        block = Residual(model.layer, scale=1 / math.sqrt(model.n))
        return dataclasses.replace(model, layer=block)  # pyright: ignore
    if not isinstance(model, Sequential):
        return model
    groups: list[list[Layer]] = [[]]
    for layer in model.layers:
        if isinstance(layer, Dense):
            groups.append([])
        groups[-1].append(layer)
    blocks = [_keeps_width(group) for group in groups]
    scale = 1 / math.sqrt(max(1, sum(blocks)))
    layers: list[Layer] = []
    for group, block in zip(groups, blocks, strict=True):
        if block:
            layers.append(Residual(Sequential(layers=tuple(group)), scale=scale))
        else:
            layers += [add_residual(layer) for layer in group]
    return Sequential(layers=tuple(layers))


def _keeps_width(group: list[Layer]) -> bool:
    first = group[0] if group else None
    if not isinstance(first, Dense) or first.n_in != first.n_out:
        return False
    return len(group) > 1 and not any(isinstance(layer, Repeat) for layer in group)


def remove_output_activation(model: Layer) -> Layer:
    """Without the activation or softmax that a `Sequential` ends with.

    Example:
        >>> import fnn
        >>> parts = fnn.layers.Dense(4, 3), fnn.layers.Softmax()
        >>> remove_output_activation(fnn.layers.Sequential(*parts))
        Sequential(Dense(n_in=4, n_out=3))
    """
    assert isinstance(model, Sequential)
    layers = model.layers
    while isinstance(layers[-1], (*ACTIVATIONS, Softmax)):
        layers = layers[:-1]
    return Sequential(layers=layers)
