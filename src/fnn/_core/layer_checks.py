"""Checks of layers and of the shapes between them; `checks` says how."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core.checks import check_instance, check_size, describe


class ShapeError(ValueError):
    """An array with the wrong shape reached a layer; containers add where."""


@contextlib.contextmanager
def inside(where: str) -> Iterator[None]:
    """Prefix a ShapeError from within with the place it came from."""
    try:
        yield
    except ShapeError as error:
        raise ShapeError(f"{where}: {error}") from None


def check_input(layer: Any, n: int, x: Any) -> None:
    """Raise ShapeError unless x is one example with n features."""
    if jnp.shape(x) == (n,):
        return
    hint = ""
    if jnp.ndim(x) == 2:
        hint = (
            " A layer takes one example; for a batch call fnn.predict, or "
            'jax.vmap with axis_name="batch".'
        )
    raise ShapeError(
        f"{layer} takes an input of shape ({n},), got {jnp.shape(x)}.{hint}"
    )


def check_keeps_shape(container: str, layer: Any, x: Any, y: Any) -> None:
    """Raise ShapeError unless a layer's output y has the shape of its input x."""
    if jnp.shape(y) != jnp.shape(x):
        raise ShapeError(
            f"{container} needs a layer that keeps the shape {jnp.shape(x)}, got "
            f"{jnp.shape(y)} from {layer}. Give it as many outputs as inputs."
        )


def check_same_shape(prediction: Any, target: Any) -> None:
    """Raise ShapeError unless one example's target has its prediction's shape."""
    expected, got = jnp.shape(prediction), jnp.shape(target)
    if expected == got:
        return
    if expected == (1,) and got == ():
        hint = "Write y[:, None]."
    elif got == (1,):
        hint = "For integer labels write y[:, 0]."
    else:
        hint = "Change the targets, or the size of the last layer."
    raise ShapeError(
        f"the target y must have the shape of the model's output, {expected} for one "
        f"example, got {got}. {hint}"
    )


def check_same_arrays(name: str, expected: Any, got: Any, part: str = "model") -> None:
    """Raise ValueError unless two trees have arrays of the same shapes in all places.

    Dtypes may differ: a state can be cast.
    """
    if _structure(expected) == _structure(got):
        # A sweep goes on from many states: their places are named only if they differ.
        return
    shapes = [_shapes(expected), _shapes(got)]
    for place in sorted(set().union(*shapes)):
        wanted, came = (tree.get(place, "no array") for tree in shapes)
        if wanted != came:
            raise ValueError(
                f"{name} must be of this recipe's {part}, with {wanted} at "
                f"{name}{place}, got {came}. Use the recipe that the state came from, "
                "or fnn.init with this one."
            )


def check_matrix_shape(shape: tuple[int, ...]) -> None:
    """Raise ValueError unless `shape` is that of a weight matrix."""
    if len(shape) != 2:
        raise ValueError(
            f"shape must be that of a matrix, (n_in, n_out), got {shape}. Use Zeros or "
            "Constant for vectors."
        )


def check_equation(equation: Any) -> None:
    """Raise ValueError unless each letter stands in two of an equation's places."""
    places = re.fullmatch("([a-zA-Z]*),([a-zA-Z]*)->([a-zA-Z]*)", str(equation))
    letters = "".join(places.groups()) if places else ""
    once = places and all(len(set(place)) == len(place) for place in places.groups())
    if not once or any(letters.count(letter) != 2 for letter in letters):
        raise ValueError(
            "equation must name the axes by letters, each in two of three places, "
            f"such as 'i,io->o', got {equation!r}."
        )


def check_batch_axis(layer: str, axis: str) -> None:
    """Raise ValueError unless at least two examples lie along the axis."""
    try:
        size = lax.axis_size(axis)
    except NameError:
        raise ValueError(
            f"{layer} with train=True needs the examples of a batch along an axis "
            f'named "{axis}". Call fnn.train_step, or map over the batch with '
            f'jax.vmap(..., axis_name="{axis}"); for inference pass train=False.'
        ) from None
    if size == 1:
        raise ValueError(
            f"{layer} with train=True needs a batch of at least 2 examples, got 1: "
            "the variance of one example is 0. Use a larger batch, or LayerNorm."
        )


def check_layer(name: str, layer: Any, base: type, strict: bool = False) -> None:
    """Raise TypeError for a class, a function or a list in place of a layer.

    With `strict` for anything that is not a layer. JAX rebuilds parts with other
    things in the place of layers, so that is only for what a user wrote.
    """
    if isinstance(layer, base):
        return
    check_instance(name, layer, "a layer such as fnn.layers.ReLU()")
    if isinstance(layer, list):
        raise TypeError(
            f"{name} must be a layer, got a list. Write fnn.layers.Sequential(layer, "
            "layer, ...), each layer an argument of its own."
        )
    if strict:
        raise TypeError(
            f"{name} must be a layer such as fnn.layers.ReLU(), got {describe(layer)}."
        )


def check_has_weights(model: Any, count: int) -> None:
    """Raise ValueError if a model has no layers with weights."""
    if count == 0:
        raise ValueError(
            'the model must have a layer with weights, parameters named "w", to be '
            f"diagnosed, got {model}."
        )


def check_sizes(sizes: Any) -> None:
    """Raise unless `sizes` is a sequence of at least two widths."""
    if not isinstance(sizes, list | tuple):
        raise TypeError(
            "sizes must be a tuple of widths from input to output, such as "
            f"(64, 32, 10), got {describe(sizes)}."
        )
    if len(sizes) < 2:
        raise ValueError(
            f"sizes must name at least input and output, got {sizes!r}. "
            "Write (n_in, ..., n_out)."
        )
    for index, size in enumerate(sizes):
        check_size(f"sizes[{index}]", size)


def _structure(tree: Any) -> tuple[Any, list[tuple[int, ...]]]:
    leaves, structure = jax.tree.flatten(tree)
    return structure, [jnp.shape(leaf) for leaf in leaves]


def _shapes(tree: Any) -> dict[str, tuple[int, ...]]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path): jnp.shape(leaf) for path, leaf in leaves}
