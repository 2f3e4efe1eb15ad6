"""Checks of threshold units and of the perceptron rule; `checks` says how."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from fnn._core.checks import check_choice, check_size, describe, is_concrete
from fnn._core.data_checks import check_array, check_finite, check_inputs


def check_unit_input(n: int, x: Any) -> None:
    """Raise unless the last axis of x holds the n inputs of a threshold unit."""
    check_array("x", x)
    if jnp.ndim(x) == 0 or jnp.shape(x)[-1] != n:
        raise ValueError(
            f"x must have {n} inputs along its last axis, one for each weight, got "
            f"shape {jnp.shape(x)}."
        )


def check_unit_weights(weights: Any, theta: Any) -> None:
    """Raise unless weights are (n,) with a scalar theta, or (n, K) with (K,)."""
    if not hasattr(weights, "shape"):
        raise TypeError(
            "McCullochPitts.weights must be an array (n,) or (n, K), got "
            f"{describe(weights)}. Write np.asarray(weights, np.float32)."
        )
    if jnp.ndim(weights) not in (1, 2) or jnp.shape(theta) != weights.shape[1:]:
        raise ValueError(
            "McCullochPitts takes weights (n,) with a scalar theta, or (n, K) with "
            f"theta (K,), got {jnp.shape(weights)} and {jnp.shape(theta)}."
        )


def check_perceptron(x: Any, targets: Any, start: Any, bias_input: Any) -> None:
    """Raise unless examples, targets, start and bias input fit together."""
    check_inputs(x)
    check_array("targets", targets)
    rows, features = jnp.shape(x)[0], jnp.shape(x)[-1]
    if jnp.ndim(x) != 2 or jnp.shape(targets)[:1] != (rows,) or targets.ndim > 2:
        raise ValueError(
            "x must be (P, n) and targets (P,) or (P, K), got "
            f"{jnp.shape(x)} and {jnp.shape(targets)}."
        )
    if is_concrete(targets):
        values = np.asarray(targets)
        wrong = (values != 0) & (values != 1)
        if wrong.any():
            row = int(np.argwhere(wrong)[0][0])
            raise ValueError(
                f"targets must be 0 and 1, got {values[wrong][0]} in row {row}."
            )
    expected = (features + 1, *jnp.shape(targets)[1:])
    if start is not None:
        check_array("start", start)
        if jnp.shape(start) != expected:
            raise ValueError(
                f"start must have shape {expected}, the weights of the {features} "
                f"inputs and of the bias input, got {jnp.shape(start)}."
            )
        check_finite("start", start)
    if is_concrete(bias_input) and float(bias_input) == 0:
        raise ValueError(
            "bias_input must not be 0: its weight would never move and the threshold "
            "would stay at 0. Write 1.0, or -1.0 for the same path with the bias "
            "weight negated."
        )


def check_perceptron_run(rule: Any, epochs: Any) -> None:
    """Raise unless the rule is known and there is at least one epoch."""
    check_choice("rule", rule, ("online", "batch"))
    check_size("epochs", epochs)
