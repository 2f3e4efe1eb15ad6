"""Every check of a user's input, and its wording, in one place.

A message names the argument, says what was expected, what came, and what to do.
Shapes and dtypes are known while tracing and are always checked; values only where
they are concrete, so a check never costs anything inside a compiled step.
"""

import contextlib
import numbers
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer


class Range(NamedTuple):
    """The interval a number must lie in; None leaves a side open."""

    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None

    def contains(self, values: np.ndarray) -> np.ndarray:
        inside = np.isfinite(values)
        if self.above is not None:
            inside &= values > self.above
        if self.at_least is not None:
            inside &= values >= self.at_least
        if self.below is not None:
            inside &= values < self.below
        if self.at_most is not None:
            inside &= values <= self.at_most
        return inside

    def __str__(self) -> str:
        words = (
            ("above", self.above),
            ("at least", self.at_least),
            ("below", self.below),
            ("at most", self.at_most),
        )
        parts = [f"{word} {bound:g}" for word, bound in words if bound is not None]
        return " and ".join(parts) or "finite"


class ShapeError(ValueError):
    """An array with the wrong shape reached a layer; containers add where."""


def is_python_number(value: Any) -> bool:
    """True for Python and NumPy real numbers; False for bools, arrays, tracers."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)


def is_concrete(value: Any) -> bool:
    """True when the values of an array can be looked at now."""
    return value is not None and not isinstance(value, Tracer)


def check_range(name: str, value: Any, allowed: Range) -> None:
    """Raise ValueError unless every entry of `value` lies in `allowed`."""
    values = np.asarray(value, dtype=float)
    if not allowed.contains(values).all():
        got = value if values.ndim == 0 else values[~allowed.contains(values)][0]
        raise ValueError(f"{name} must be {allowed}, got {got}.")


def check_size(name: str, value: Any, at_least: int = 1) -> None:
    """Raise unless `value` is a Python or NumPy integer of at least `at_least`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}.")
    if value < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {value}.")


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


def check_layers(layers: Any, base: type) -> None:
    """Raise TypeError for a class or a plain function in place of a layer."""
    for index, layer in enumerate(layers):
        if isinstance(layer, type):
            raise TypeError(
                f"layer {index} is the class {layer.__name__}: write an instance, "
                f"{layer.__name__}(...)."
            )
        if callable(layer) and not isinstance(layer, base):
            raise TypeError(
                f"layer {index} is a function, {layer!r}: write a layer such as "
                "fnn.layers.ReLU()."
            )


@contextlib.contextmanager
def inside(where: str) -> Iterator[None]:
    """Prefix a ShapeError from within with the place it came from."""
    try:
        yield
    except ShapeError as error:
        raise ShapeError(f"{where}: {error}") from None


def check_key(key: Any) -> None:
    """Raise TypeError unless `key` is one key of jax.random."""
    shape = getattr(key, "shape", None)
    dtype = getattr(key, "dtype", None)
    if dtype is not None and jnp.issubdtype(dtype, jax.dtypes.prng_key):
        if shape == ():
            return
    elif dtype == np.uint32 and shape in ((2,), (4,)):
        return
    raise TypeError(
        f"key must be one key such as jax.random.key(0), got {_describe(key)}."
    )


def check_inputs(x: Any, name: str = "x") -> None:
    """Raise unless `x` is a non-empty floating array (B, ...), finite if concrete."""
    check_array(name, x)
    if jnp.ndim(x) < 2:
        raise ValueError(
            f"{name} must have shape (B, n): one row an example; got {jnp.shape(x)}. "
            f"For one example write {name}[None]."
        )
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise TypeError(
            f"{name} must be floating, got {x.dtype}. Write {name}.astype(np.float32)."
        )
    if 0 in jnp.shape(x):
        raise ValueError(f"{name} is empty: its shape is {jnp.shape(x)}.")
    check_finite(name, x)


def check_array(name: str, value: Any) -> None:
    """Raise TypeError unless `value` is a NumPy or JAX array."""
    if not isinstance(value, np.ndarray | np.generic | jax.Array):
        raise TypeError(
            f"{name} must be a NumPy or JAX array, got {type(value).__name__}. "
            f"Write np.asarray({name})."
        )


def check_finite(name: str, value: Any) -> None:
    """Raise ValueError if a concrete floating array holds a NaN or an infinity."""
    if not is_concrete(value) or not jnp.issubdtype(value.dtype, jnp.floating):
        return
    finite = np.isfinite(np.asarray(value, dtype=np.float64))
    if not finite.all():
        row = int(np.argwhere(~finite)[0][0]) if finite.ndim else 0
        raise ValueError(
            f"{name} must be finite, got {int((~finite).sum())} NaN or infinite "
            f"entries, the first in row {row}. Remove or replace them."
        )


def check_batch(x: Any, y: Any, weight: Any) -> None:
    """Raise unless x (B, ...), y (B, ...) and weight (B,) or None fit together."""
    check_inputs(x)
    check_array("y", y)
    rows = jnp.shape(x)[0]
    if jnp.shape(y)[:1] != (rows,):
        raise ValueError(
            f"y must have one row an example: x has {rows} rows, "
            f"y has shape {jnp.shape(y)}."
        )
    check_finite("y", y)
    if weight is None:
        return
    check_array("weight", weight)
    if jnp.shape(weight) != (rows,):
        raise ValueError(f"weight must have shape ({rows},), got {jnp.shape(weight)}.")
    check_finite("weight", weight)
    if is_concrete(weight):
        values = np.asarray(weight)
        if (values < 0).any() or values.sum() == 0:
            raise ValueError(
                "weight must be at least 0 with a sum above 0, "
                f"got a minimum of {values.min()} and a sum of {values.sum()}."
            )


def check_batch_size(batch_size: Any, rows: int) -> None:
    """Raise unless 1 <= batch_size <= rows."""
    check_size("batch_size", batch_size)
    if batch_size > rows:
        raise ValueError(
            f"batch_size must be at most the number of examples, {rows}, "
            f"got {batch_size}."
        )


def check_labels(y: Any, classes: int, name: str = "y") -> None:
    """Raise unless integer labels, where concrete, lie in 0 .. classes - 1."""
    if not is_concrete(y):
        return
    values = np.asarray(y)
    wrong = (values < 0) | (values >= classes)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"{name} must hold labels 0 to {classes - 1}, one for each of {classes} "
            f"outputs, got {values.reshape(-1)[row]} in row {row}."
        )


def check_probabilities(y: Any) -> None:
    """Raise unless targets, where concrete, lie in [0, 1]."""
    if not is_concrete(y):
        return
    values = np.asarray(y)
    wrong = ~((values >= 0) & (values <= 1))
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise ValueError(
            f"y must lie in 0 to 1 for this loss, got {values[wrong][0]} in row {row}."
        )


def check_same_shape(prediction: Any, target: Any) -> None:
    """Raise ShapeError unless one example's target has its prediction's shape."""
    if jnp.shape(prediction) == jnp.shape(target):
        return
    hint = ""
    if jnp.shape(prediction) == (1,) and jnp.shape(target) == ():
        hint = " Write y[:, None]."
    raise ShapeError(
        f"one example's target has shape {jnp.shape(target)}, its prediction "
        f"{jnp.shape(prediction)}: they must be equal.{hint}"
    )


def _describe(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype} of shape {tuple(value.shape)}"
    return f"{type(value).__name__} {value!r}"
