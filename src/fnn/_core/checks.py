"""Every check of a user's input, and its wording, in three files side by side.

A message names the argument, says what was expected, what came, and what to do.
Shapes and dtypes are known while tracing and are always checked; values only where
they are concrete, so a check never costs anything inside a compiled step.

Here are the checks of numbers and parts; in `layer_checks` those of layers and the
shapes between them, in `data_checks` those of examples.
"""

import numbers
import reprlib
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
        # Only a bound that is itself infinite lets an infinity in.
        inside = np.isfinite(values) | (values == self.at_least)
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
        got = repr(value) if np.isscalar(value) else describe(value)
        raise TypeError(f"{name} must be an integer, got {got}.")
    if value < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {value}.")


def check_order(name: str, smaller: Any, larger: Any) -> None:
    """Raise ValueError unless one Python number is below another."""
    if is_python_number(smaller) and is_python_number(larger) and smaller >= larger:
        raise ValueError(f"{name} must be below {larger:g}, got {smaller:g}.")


def check_kind(name: str, value: Any, kind: Any, expected: str) -> None:
    """Raise TypeError unless `value` is an instance of `kind`."""
    if isinstance(value, kind):
        return
    hint = f" Write {value.__name__}(...)." if isinstance(value, type) else ""
    raise TypeError(f"{name} must be {expected}, got {describe(value)}.{hint}")


def check_function(name: str, value: Any, expected: str) -> None:
    """Raise TypeError unless `value` can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be {expected}, got {describe(value)}.")


def check_functions(name: str, values: Any, expected: str) -> None:
    """Raise TypeError unless `values` is a list or a tuple of functions."""
    if not isinstance(values, list | tuple):
        raise TypeError(
            f"{name} must be a tuple of {expected}, got {describe(values)}. "
            f"Write {name}=(function,)."
        )
    for index, value in enumerate(values):
        if not callable(value):
            raise TypeError(
                f"{name} must be a tuple of {expected}, got {describe(value)} at "
                f"{index}."
            )


def check_choice(
    name: str, value: Any, choices: tuple[str, ...], hint: str = ""
) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    # A dtype is equal to its name, and no name.
    if not isinstance(value, str) or value not in choices:
        words = " or ".join(map(repr, choices))
        raise ValueError(f"{name} must be {words}, got {value!r}. {hint}".rstrip())


def check_given(name: str, value: Any, reason: str) -> None:
    """Raise ValueError if an argument that another one needs is missing."""
    if value is None:
        raise ValueError(f"{name} must be given for {reason}, got None.")


def check_distinct(name: str, values: tuple[str, ...]) -> None:
    """Raise ValueError if two names are the same."""
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(
            f"{name} must have distinct names, got {twice[0]!r} twice. Give one a "
            "`__name__` of its own."
        )


def check_names(name: str, values: Any, choices: tuple[str, ...]) -> None:
    """Raise unless `values` is a tuple of some of `choices`."""
    if not isinstance(values, tuple):
        raise TypeError(
            f"{name} must be a tuple of names, such as ({choices[0]!r},), "
            f"got {describe(values)}."
        )
    for value in values:
        check_choice(name, value, choices)


def check_number(name: str, value: Any) -> None:
    """Raise TypeError unless `value` is a number or an array."""
    if is_python_number(value) or hasattr(value, "dtype"):
        return
    hint = ""
    if callable(value):
        hint = " For a rate that changes write a schedule, as fnn.schedules.Cosine."
    raise TypeError(
        f"{name} must be a number or an array, got {describe(value)}.{hint}"
    )


def check_instance(name: str, value: Any, expected: str) -> None:
    """Raise TypeError for a class or a plain function in place of a part."""
    if isinstance(value, type):
        raise TypeError(
            f"{name} must be {expected}, got {describe(value)}. Write "
            f"{value.__name__}(...)."
        )
    if callable(value):
        raise TypeError(f"{name} must be {expected}, got {describe(value)}.")


def check_key(key: Any) -> None:
    """Raise TypeError unless `key` is one key of jax.random."""
    shape = getattr(key, "shape", None)
    dtype = getattr(key, "dtype", None)
    if dtype is not None and jnp.issubdtype(dtype, jax.dtypes.prng_key):
        if shape == ():
            return
    elif dtype == np.uint32 and shape == _raw_key_shape():
        return
    raise TypeError(
        f"key must be one key such as jax.random.key(0), got {describe(key)}."
    )


def check_batch_size(batch_size: Any, rows: int) -> None:
    """Raise unless 1 <= batch_size <= rows."""
    check_size("batch_size", batch_size)
    if batch_size > rows:
        raise ValueError(
            f"batch_size must be at most the number of examples, {rows}, "
            f"got {batch_size}."
        )


def describe(value: Any) -> str:
    """What a value is, in a few words."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype} of shape {tuple(value.shape)}"
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__}"
    kind = type(value).__name__
    if isinstance(value, list | tuple | dict):
        return f"a {kind}" if hasattr(value, "_fields") else f"a {kind} of {len(value)}"
    shown = reprlib.repr(value)
    return shown if value is None or shown.startswith(kind) else f"{kind} {shown}"


def _raw_key_shape() -> tuple[int, ...]:
    return jax.eval_shape(lambda: jax.random.key_data(jax.random.key(0))).shape
