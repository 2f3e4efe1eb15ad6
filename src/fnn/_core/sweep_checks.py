"""Checks of what a sweep and a search are given."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core.checks import check_kind, describe


def check_keys(keys: Any) -> None:
    """Raise unless `keys` is a typed key of jax.random, or a vector of them."""
    typed = isinstance(keys, jax.Array) and jnp.issubdtype(
        keys.dtype, jax.dtypes.prng_key
    )
    if not typed or keys.ndim > 1:
        raise TypeError(
            "keys must be a key or a vector of keys, as jax.random.key(0) or "
            f"jax.random.split(key, runs), got {describe(keys)}."
        )


def check_recipes(recipes: Any, kind: type, keys: jax.Array) -> None:
    """Raise unless `recipes` are one or more recipes, as many as there are keys."""
    if not isinstance(recipes, Sequence) or not recipes:
        raise TypeError(
            f"recipes must be an fnn.Recipe or a sequence of them, got {recipes!r}."
        )
    for index, recipe in enumerate(recipes):
        check_kind(f"recipes[{index}]", recipe, kind, "an fnn.Recipe")
    if keys.ndim and len(keys) != len(recipes):
        raise ValueError(
            f"keys must be one key or one for each of {len(recipes)} recipes, "
            f"got {len(keys)}."
        )


def check_values(values: Any, ranges: tuple[type, ...]) -> None:
    """Raise unless each name has some values, or one of the kinds of range."""
    known = "".join(f", an fnn.{kind.__name__}" for kind in ranges)
    for name, choices in values.items():
        if isinstance(choices, ranges):
            continue
        if isinstance(choices, str) or not isinstance(choices, Sequence | np.ndarray):
            raise TypeError(
                f"values[{name!r}] must be a sequence of values{known}, "
                f"got {choices!r}."
            )
        if not len(choices):
            raise ValueError(f"values[{name!r}] must not be empty.")
