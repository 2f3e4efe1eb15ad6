"""Checks of what a plan or a change of a network is asked for; `checks` says how."""

from typing import Any

import jax

from fnn._core.checks import (
    Range,
    check_choice,
    check_number,
    check_range,
    check_size,
    is_python_number,
)
from fnn._core.data_checks import check_array, check_examples
from fnn._core.layer_checks import ShapeError

TASKS = ("classification", "binary", "multilabel", "regression")


def check_shapes(batch: Any) -> None:
    """Raise unless a batch is made of arrays or of `jax.ShapeDtypeStruct`."""
    check_examples(batch)
    for name, value in zip(("x", "y", "weight"), batch, strict=False):
        if value is not None and not isinstance(value, jax.ShapeDtypeStruct):
            check_array(name, value)


def check_share(name: str, value: Any) -> None:
    """Raise unless `value` is a Python number between 0 and 1."""
    if not is_python_number(value):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    check_range(name, value, Range(above=0, below=1))


def check_resizable(layer: Any, sizes: dict[str, Any], inner: list[str]) -> None:
    """Raise ShapeError for a layer with sizes, or layers inside, of unknown meaning."""
    if sizes or inner:
        names = ", ".join([*sizes, *inner])
        raise ShapeError(
            f"{layer} must have its sizes as n_in and n_out to be shrunk, got {names}. "
            "Build the smaller model by hand."
        )


def check_task(task: Any, n_features: Any, n_outputs: Any, rows: Any) -> None:
    """Raise unless a task is known and its numbers of inputs, outputs, rows fit."""
    check_choice("task", task, TASKS)
    check_size("n_features", n_features)
    check_size("rows", rows)
    check_size("n_outputs", n_outputs, at_least=2 if task == "classification" else 1)
    if task == "binary" and n_outputs != 1:
        raise ValueError(
            f"n_outputs must be 1 for a yes-or-no answer, got {n_outputs}. For classes "
            "write task='classification', for several answers 'multilabel'."
        )


def check_stopping(min_delta: Any, target: Any) -> None:
    """Raise TypeError unless these are numbers; the value to stop at may be None."""
    check_number("EarlyStopping.min_delta", min_delta)
    if target is not None:
        check_number("EarlyStopping.target", target)
