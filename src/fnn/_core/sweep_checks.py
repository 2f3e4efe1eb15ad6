"""Checks of what sweeps, searches, ensembles and cross-validation are given."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core.checks import check_kind, describe
from fnn._core.layer_checks import check_same_arrays


def check_keys(keys: Any) -> None:
    """Raise unless `keys` is a typed key of jax.random, or a vector of some."""
    typed = isinstance(keys, jax.Array) and jnp.issubdtype(
        keys.dtype, jax.dtypes.prng_key
    )
    if not typed or keys.ndim > 1:
        raise TypeError(
            "keys must be a key or a vector of keys, as jax.random.key(0) or "
            f"jax.random.split(key, runs), got {describe(keys)}."
        )
    if not keys.size:
        raise ValueError("keys must hold at least one key.")


def check_recipes(recipes: Any, kind: type) -> None:
    """Raise unless `recipes` are one or more recipes."""
    if not isinstance(recipes, Sequence) or not recipes:
        raise TypeError(
            f"recipes must be an fnn.Recipe or a sequence of them, got {recipes!r}."
        )
    for index, recipe in enumerate(recipes):
        check_kind(f"recipes[{index}]", recipe, kind, "an fnn.Recipe")


def check_number_of_keys(keys: jax.Array, recipes: Sequence[Any]) -> None:
    """Raise unless there is one key, or one for each recipe."""
    if keys.ndim and len(keys) != len(recipes):
        raise ValueError(
            f"keys must be one key or one for each of {len(recipes)} recipes, "
            f"got {len(keys)}."
        )


def check_states(states: Any, kind: type) -> None:
    """Raise unless `states` are one or more states."""
    # A state is a tuple too, but one of its parts is no state.
    if not isinstance(states, Sequence) or not states:
        raise TypeError(
            f"states must be a sequence of fnn.TrainState, got {describe(states)}."
        )
    for index, state in enumerate(states):
        check_kind(f"states[{index}]", state, kind, "an fnn.TrainState")


def check_number_of_states(states: Sequence[Any], recipes: Sequence[Any]) -> None:
    """Raise unless there is one state for each recipe."""
    if len(states) != len(recipes):
        raise ValueError(
            f"states must be one for each of {len(recipes)} recipes, got {len(states)}."
        )


def check_state_arrays(
    states: Sequence[Any], runs: Sequence[int], expected: Any, parts: Sequence[str]
) -> None:
    """Raise unless parts of some runs' states have the arrays of their recipe."""
    for run in runs:
        for part in parts:
            owner = "optimizer" if part == "opt_state" else "model"
            wanted, got = getattr(expected, part), getattr(states[run], part)
            check_same_arrays(f"states[{run}].{part}", wanted, got, owner)


def check_run_number(run: int, runs: int) -> None:
    """Raise IndexError unless a sweep has this run; -1 is the last."""
    if not -runs <= run < runs:
        raise IndexError(f"run must be from 0 to {runs - 1}, got {run}.")


def check_equal_steps(steps: Sequence[int]) -> None:
    """Raise unless runs that go on in one order have made equally many steps."""
    if len(set(steps)) > 1:
        raise ValueError(
            "states must have made equally many steps for order='shared', got "
            f"{min(steps)} and {max(steps)}. Write order='own'."
        )


def check_one_output(shapes: Sequence[tuple[int, ...]]) -> None:
    """Raise unless all networks give outputs of one shape."""
    if len(set(shapes)) > 1:
        raise ValueError(
            "recipes must give outputs of one shape, got "
            f"{' and '.join(map(str, dict.fromkeys(shapes)))}."
        )


def check_folds(folds: Any, kind: type, rows: int, weight: Any = None) -> None:
    """Raise unless `folds` are folds of so many rows with these weights."""
    if not isinstance(folds, Sequence) or not folds:
        raise TypeError(
            "folds must be a sequence of folds, as fnn.data.k_fold makes, got "
            f"{describe(folds)}."
        )
    for index, fold in enumerate(folds):
        check_kind(f"folds[{index}]", fold, kind, "a fold of fnn.data.k_fold")
        for part, numbers in zip(("train", "test"), fold, strict=True):
            name = f"folds[{index}].{part}"
            _check_rows(name, numbers, rows)
            own = 1 if weight is None else np.asarray(weight)[np.asarray(numbers)]
            if np.sum(own) == 0:
                raise ValueError(
                    f"{name} must have weights with a sum above 0, got 0. Leave "
                    "examples of weight 0 out of the data, or cut other folds."
                )
        both = np.intersect1d(*fold)
        if both.size:
            raise ValueError(
                f"folds[{index}] must have no row in both parts, got row {both[0]} in "
                "train and in test."
            )


def check_no_early_stopping(training: Any) -> None:
    """Raise if a search that stops runs itself is given a rule to stop them."""
    if training.get("early_stopping") is not None:
        raise ValueError(
            "early_stopping must not be given to fnn.successive_halving, which stops "
            "runs itself. Use it with fnn.random_search."
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


def _check_rows(name: str, numbers: Any, rows: int) -> None:
    vector = isinstance(numbers, np.ndarray | jax.Array) and numbers.ndim == 1
    if not vector or not jnp.issubdtype(numbers.dtype, jnp.integer):
        raise TypeError(
            f"{name} must be row numbers, an integer array of shape (R,), got "
            f"{describe(numbers)}. For a mask write np.flatnonzero(mask)."
        )
    numbers = np.asarray(numbers)
    if not numbers.size:
        raise ValueError(f"{name} must not be empty.")
    if numbers.min() < 0 or numbers.max() >= rows:
        raise ValueError(
            f"{name} must be row numbers from 0 to {rows - 1}, got "
            f"{numbers.min()} to {numbers.max()}."
        )
