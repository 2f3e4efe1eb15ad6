"""Checks of what theory is asked, and of answers there are none to; see `checks`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fnn._core.checks import Range, check_number, check_range, check_size, describe

_AT_LEAST_0, _ABOVE_0 = Range(at_least=0), Range(above=0)


def check_positive(name: str, value: Any) -> None:
    """Raise unless `value` is a number above 0."""
    _check(name, value, _ABOVE_0)


def check_not_negative(name: str, value: Any) -> None:
    """Raise unless `value` is a number of at least 0."""
    _check(name, value, _AT_LEAST_0)


def check_real(name: str, value: Any) -> None:
    """Raise unless `value` is a finite number."""
    _check(name, value, Range())


def check_network(weight_variance: Any, bias_variance: Any, keep: Any = 1.0) -> None:
    """Raise unless these are the variances and the share kept of a random network."""
    check_positive("weight_variance", weight_variance)
    check_not_negative("bias_variance", bias_variance)
    _check("keep", keep, Range(above=0, at_most=1))


def check_correlation(name: str, value: Any) -> None:
    """Raise unless `value` lies in [-1, 1]."""
    _check(name, value, Range(at_least=-1, at_most=1))


def check_share(name: str, value: Any) -> None:
    """Raise unless `value` lies strictly between 0 and 1."""
    _check(name, value, Range(above=0, below=1))


def check_widths(widths: Any) -> None:
    """Raise unless `widths` is a sequence of widths."""
    if not isinstance(widths, Sequence) or isinstance(widths, str):
        raise TypeError(
            "widths must be a tuple with the width of each hidden layer, such as "
            f"(64, 64), got {describe(widths)}."
        )
    for index, width in enumerate(widths):
        check_size(f"widths[{index}]", width)


def check_two_units(shape: tuple[int, ...]) -> None:
    """Raise ValueError unless a centered weight matrix has two rows and columns."""
    if min(shape) < 2:
        raise ValueError(
            f"shape must have widths of at least 2 for centered weights, got {shape}: "
            "what has one entry and sum 0 is 0."
        )


def check_finite_activation(activation: Any, z: np.ndarray, values: np.ndarray) -> None:
    """Raise ValueError unless an activation and its slope are finite where asked."""
    wrong = ~np.isfinite(values)
    if wrong.any():
        raise ValueError(
            "activation must be finite, with a finite slope, wherever theory looks, "
            f"got {values[wrong][0]} from {activation} at {z[wrong][0]:g}."
        )


def check_one_given(q: Any, bias_variance: Any) -> None:
    """Raise ValueError if both are given: each follows from the other."""
    if q is not None and bias_variance is not None:
        raise ValueError(
            f"bias_variance must be left out where q is given, got {bias_variance}: it "
            "follows from q."
        )


def check_critical_q(activation: Any, q: float, bias_variance: float) -> None:
    """Raise ValueError if the bias variance of a critical point is negative."""
    if bias_variance < 0:
        raise ValueError(
            f"q must be such that {activation} can be critical there, got {q:g}, where "
            f"the bias variance would have to be {bias_variance:g}: slopes keep the "
            "length of deltas only with weights that lengthen the signal. Leave q out, "
            "and the critical point of another length is looked for."
        )


def check_has_slope(activation: Any, mean: float, slope_square: float) -> None:
    """Raise ValueError where an activation is flat: no weights make up for that."""
    if slope_square == 0:
        raise ValueError(
            f"mean must be where {activation} has a slope, got {mean:g}: it is flat "
            "for signals around there, and no weights bring deltas back through it."
        )


def no_critical_point(activation: Any, bias_variance: float | None) -> ValueError:
    """The error for an activation without the critical point that was asked for."""
    if bias_variance is None:
        return ValueError(
            f"{activation} has no critical point: at every length of the signal, "
            "weights that keep the length of deltas lengthen the signal, and the bias "
            "variance would have to be negative. Center the activation, or normalize."
        )
    return ValueError(
        f"bias_variance must be one at which {activation} can be critical, got "
        f"{bias_variance:g}: at no length of the signal do weights keep both the "
        "signal and its deltas. Leave it out, or give q."
    )


def no_isometry(activation: Any, variance: float, spread: float) -> ValueError:
    """The error for an activation whose Jacobian cannot be made so isometric."""
    return ValueError(
        f"variance must be one that signals of some length have, got {variance:g}: the "
        f"squared singular values of {activation} have variance {spread:g} for the "
        "shortest signals, and for no others the one asked for."
    )


def _check(name: str, value: Any, allowed: Range) -> None:
    check_number(name, value)
    check_range(name, value, allowed)
