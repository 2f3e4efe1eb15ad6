"""Checks of splits, weights of classes and generated data; `checks` says how."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from fnn._core.checks import check_size, describe, is_concrete, is_python_number
from fnn._core.data_checks import check_array, check_finite, check_labels


def check_splits(n_splits: Any, rows: int) -> None:
    """Raise unless `n_splits` is an integer from 2 to the number of examples."""
    check_size("n_splits", n_splits, at_least=2)
    if n_splits > rows:
        raise ValueError(
            f"n_splits must be at most the number of examples, {rows}, got {n_splits}."
        )


def check_class_labels(labels: Any, classes: int | None = None) -> None:
    """Raise unless `labels` is a non-empty concrete array of class numbers."""
    check_array("labels", labels)
    check_labels(labels, classes, name="labels")
    if len(labels) == 0:
        raise ValueError("labels must hold at least one label, got none.")


def check_no_class_missing(counts: Any) -> None:
    """Raise ValueError if a class has no example to share its weight."""
    missing = np.flatnonzero(np.asarray(counts) == 0)
    if len(missing):
        raise ValueError(
            f"labels must hold every class from 0 to {len(counts) - 1}, got none of "
            f"class {missing[0]}: its weight would be infinite. Renumber the classes, "
            "or give weights by hand."
        )


def check_weights_of_classes(weights: Any) -> None:
    """Raise unless weights of classes are a vector of finite numbers, at least 0."""
    check_array("weights", weights)
    if jnp.ndim(weights) != 1 or len(weights) == 0:
        raise ValueError(
            f"weights must have shape (K,), one a class, got {jnp.shape(weights)}."
        )
    check_finite("weights", weights)
    if is_concrete(weights) and (np.asarray(weights) < 0).any():
        raise ValueError(
            f"weights must be at least 0, got {np.asarray(weights).min()}."
        )


def check_shares(shares: Any, counts: Any) -> None:
    """Raise unless shares of classes are at least 0, sum to 1, and can be drawn."""
    values = np.asarray(shares, float)
    if values.ndim != 1 or not np.isfinite(values).all() or (values < 0).any():
        raise ValueError(
            "shares must be a number of at least 0 for each class, got "
            f"{np.array2string(values, threshold=8)}."
        )
    if abs(values.sum() - 1) > 1e-6:
        raise ValueError(
            f"shares must sum to 1, got {values.sum():g}. Divide them by their sum."
        )
    if len(values) < len(counts):
        raise ValueError(
            f"shares must have one entry for each of the {len(counts)} classes, got "
            f"{len(values)}."
        )
    for label, share in enumerate(values):
        if share > 0 and (label >= len(counts) or counts[label] == 0):
            raise ValueError(
                f"shares must be 0 for a class without examples, got {share:g} for "
                f"class {label}."
            )


def check_noise(noise: Any) -> None:
    """Raise unless a concrete noise is a number of at least 0."""
    if not is_python_number(noise) and not hasattr(noise, "dtype"):
        raise TypeError(f"noise must be a number, got {describe(noise)}.")
    if is_concrete(noise) and not float(noise) >= 0:
        raise ValueError(f"noise must be at least 0, got {noise}.")
