"""Checks of what metrics are given; `checks` says how."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from fnn._core.checks import check_choice, describe, is_concrete, is_python_number
from fnn._core.data_checks import (
    check_answers,
    check_array,
    check_finite,
    check_predictions,
)

AVERAGES = ("macro", "micro", "none")


def check_average(average: Any, choices: tuple[str, ...] = AVERAGES) -> None:
    """Raise ValueError unless `average` is one of the ways to average over classes."""
    check_choice("average", average, choices)


def check_metric_values(values: dict[str, Any]) -> None:
    """Raise ValueError unless each metric gave one number, for a curve of them."""
    for name, value in values.items():
        if not is_python_number(value) and getattr(value, "shape", None) != ():
            raise ValueError(
                f"metrics must give one number each, got {describe(value)} from {name}."
            )


def check_decisions(prediction: Any, target: Any) -> None:
    """Raise unless outputs (B, K) fit labels or rows, or one output (B, 1) answers."""
    check_array("prediction", prediction)
    if jnp.ndim(prediction) == 2 and jnp.shape(prediction)[1] == 1:
        check_answers(prediction, target)
        check_zero_one(target)
    else:
        check_predictions(prediction, target)


def check_scores(prediction: Any, target: Any, one: bool = False) -> None:
    """Raise unless finite scores and answers 0 or 1 have one shape (B,) or (B, K).

    With `one` only (B,) and (B, 1) are allowed.
    """
    check_answers(prediction, target)
    shape = jnp.shape(prediction)
    if len(shape) not in (1, 2) or 0 in shape or (one and shape[1:] not in ((), (1,))):
        allowed = "(B,) or (B, 1)" if one else "(B,) or (B, K)"
        raise ValueError(
            f"prediction must have shape {allowed} with B at least 1, got {shape}."
        )
    check_zero_one(target)
    check_finite("prediction", prediction)


def check_zero_one(target: Any) -> None:
    """Raise unless targets, where concrete, are 0 or 1."""
    if not is_concrete(target):
        return
    values = np.asarray(target)
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise ValueError(
            f"target must be 0 and 1, got {values[wrong][0]} in row {row}. For class "
            "numbers write fnn.data.one_hot(target, classes)."
        )


def check_confidences(prediction: Any, logits: bool) -> None:
    """Raise unless concrete probabilities lie in [0, 1]; logits may be anything."""
    if logits or not is_concrete(prediction):
        return
    values = np.asarray(prediction)
    wrong = ~((values >= 0) & (values <= 1))
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise ValueError(
            f"prediction must lie in 0 to 1 with logits=False, got {values[wrong][0]} "
            f"in row {row}. For logits write logits=True."
        )


def check_regression(prediction: Any, target: Any) -> None:
    """Raise unless values and targets have one shape (B,) or (B, K), at least 2 rows.

    The variance of one target is 0.
    """
    check_answers(prediction, target)
    shape = jnp.shape(prediction)
    if len(shape) not in (1, 2) or shape[0] < 2 or 0 in shape:
        raise ValueError(
            f"prediction must have shape (B,) or (B, K) with B at least 2, got {shape}."
        )
