"""Checks of matrices of features and of series of values; `checks` says how."""

from typing import Any

import jax.numpy as jnp

from fnn._core.checks import check_size
from fnn._core.data_checks import check_array, check_inputs


def check_rows(x: Any, name: str = "x") -> None:
    """Raise unless x is a finite floating matrix (B, n)."""
    check_inputs(x, name)
    if jnp.ndim(x) != 2:
        raise ValueError(
            f"{name} must have shape (B, n), got {jnp.shape(x)}. Write "
            f"{name}.reshape(len({name}), -1)."
        )


def check_components(count: Any, shape: tuple[int, ...]) -> None:
    """Raise unless there are that many directions in data of this shape."""
    check_size("n", count)
    if count > min(shape):
        raise ValueError(
            f"n must be at most {min(shape)}, the smaller of {shape[0]} examples and "
            f"{shape[1]} features, got {count}."
        )


def check_same_features(train: Any, test: Any) -> None:
    """Raise unless two parts of a data set have the same features."""
    check_rows(train, "train.x")
    check_rows(test, "test.x")
    if jnp.shape(train)[1] != jnp.shape(test)[1]:
        raise ValueError(
            f"test.x must have the {jnp.shape(train)[1]} features of train.x, got "
            f"{jnp.shape(test)[1]}."
        )


def check_series(values: Any) -> None:
    """Raise unless values are floating, one or more along the first axis."""
    check_array("values", values)
    if jnp.ndim(values) == 0 or 0 in jnp.shape(values):
        raise ValueError(
            "values must have shape (T, ...) with T at least 1, got "
            f"{jnp.shape(values)}."
        )
    if not jnp.issubdtype(values.dtype, jnp.floating):
        raise TypeError(
            f"values must be floating, got {values.dtype}. Write "
            "values.astype(np.float32)."
        )
