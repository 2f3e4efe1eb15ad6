"""A smaller model of the same form: less capacity against overfitting."""

import dataclasses
from typing import Any

from fnn._core.layer_checks import check_layer, inside
from fnn._core.planning_checks import check_resizable, check_share
from fnn.layers import BatchNorm, LayerNorm, RMSNorm, Sequential
from fnn.layers.base import Layer


def shrink(model: Layer, factor: float = 0.5) -> Layer:
    """The same model with every hidden width multiplied by `factor`.

    Inputs and outputs of the model keep their sizes. A width becomes
    max(1, round(factor width)); the number of layers stays. Widths are the `n_in` and
    `n_out` of a layer, such as Dense and Maxout, and the features of a normalization.
    What stands around a layer of as many outputs as inputs, such as `Residual` and
    `Repeat`, is as wide as what comes before it.

    Halving the widths quarters the parameters between hidden layers. The new model is
    drawn anew, by `fnn.init`.

    Args:
        model: usually `fnn.layers.mlp(...)` or a `Sequential`.
        factor: between 0 and 1.

    Returns:
        A model of the same type.

    Raises:
        TypeError: no layer, or no number.
        ValueError: the factor is out of its range, or a layer has sizes of a name that
            is not known here; the message says which.

    Example:
        >>> import fnn
        >>> small = shrink(fnn.layers.mlp((64, 100, 50, 10)))
        >>> small == fnn.layers.mlp((64, 50, 25, 10))
        True
    """
    check_layer("model", model, Layer, strict=True)
    check_share("factor", factor)
    with inside("model"):
        return _shrunk(model, factor, False, False)


def _shrunk(layer: Any, factor: float, before: bool, after: bool) -> Any:
    """The layer, with whether the widths before and after it are hidden ones."""

    def scaled(width: int, hidden: bool) -> int:
        return max(1, round(factor * width)) if hidden else width

    if isinstance(layer, Sequential):
        return _sequence(layer, factor, before, after)
    if _is_around(layer):
        with inside(type(layer).__name__):
            smaller = _shrunk(layer.layer, factor, before, after)
        return dataclasses.replace(layer, layer=smaller)
    if isinstance(layer, BatchNorm | LayerNorm | RMSNorm):
        return dataclasses.replace(layer, n=scaled(layer.n, before))
    if _is_map(layer):
        sizes: Any = {
            "n_in": scaled(layer.n_in, before),
            "n_out": scaled(layer.n_out, after),
        }
        return dataclasses.replace(layer, **sizes)
    fields = {
        field.name: getattr(layer, field.name) for field in dataclasses.fields(layer)
    }
    static = [f.name for f in dataclasses.fields(layer) if f.metadata.get("static")]
    sizes = {name: fields[name] for name in static if type(fields[name]) is int}
    inner = [
        name for name in fields if name not in static and _has_layers(fields[name])
    ]
    check_resizable(layer, sizes, inner)
    return layer


def _sequence(model: Sequential, factor: float, before: bool, after: bool) -> Any:
    """Between two layers of a sequence that change the width all widths are hidden."""
    changing = [index for index, layer in enumerate(model.layers) if _changes(layer)]
    layers = []
    for index, layer in enumerate(model.layers):
        behind = before
        if _changes(layer):
            behind = after if index == changing[-1] else True
        with inside(f"layer {index}"):
            layers.append(_shrunk(layer, factor, before, behind))
        before = behind
    return dataclasses.replace(model, layers=tuple(layers))


def _has_layers(value: Any) -> bool:
    parts = value if isinstance(value, tuple) else (value,)
    return any(isinstance(part, Layer) for part in parts)


def _is_map(layer: Any) -> bool:
    return hasattr(layer, "n_in") and hasattr(layer, "n_out")


def _is_around(layer: Any) -> bool:
    return isinstance(getattr(layer, "layer", None), Layer)


def _changes(layer: Any) -> bool:
    """Whether a layer sets the width of what follows."""
    if isinstance(layer, Sequential):
        return any(map(_changes, layer.layers))
    # A residual block must keep its width, and what may keep it keeps it.
    return _is_map(layer) or (_is_around(layer) and len(set(_ends(layer))) > 1)


def _ends(layer: Any) -> tuple[int, ...]:
    """The widths before and after a layer, or nothing where it takes any."""
    if isinstance(layer, Sequential):
        widths = [width for part in layer.layers for width in _ends(part)]
        return (widths[0], widths[-1]) if widths else ()
    if _is_around(layer):
        return _ends(layer.layer)
    return (layer.n_in, layer.n_out) if _is_map(layer) else ()
