"""Curves made smooth, such as that of the training loss."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core.checks import Range, check_number, check_range, check_size, is_concrete
from fnn._core.feature_checks import check_series
from fnn._core.trees import like
from fnn.metrics.base import floating


def exponential_average(
    values: Any, decay: Any = 0.9, correct: bool = True
) -> jax.Array:
    """The exponential weighted average of all values so far, at each of them.

        v_n = decay v_(n-1) + (1 - decay) x_n,  v_0 = 0,
        average_n = v_n / (1 - decay^n)

    a weighted mean in which the value k steps back weighs decay^k: about the last
    1 / (1 - decay) values count. Without the correction the first ones are drawn to 0
    (errata G10).

    Args:
        values: (T, ...) floating, averaged along the first axis.
        decay: share of the average that survives a step, in [0, 1).
        correct: whether to divide by 1 - decay^n. Static.

    Returns:
        (T, ...), in float32 or wider.

    Raises:
        TypeError: the values are not a floating array.
        ValueError: the decay is out of its range, or there is no value.

    Example:
        >>> values = jnp.array([4.0, 1.0])
        >>> exponential_average(values, 0.5).tolist()
        [4.0, 2.0]
        >>> exponential_average(values, 0.5, correct=False).tolist()
        [2.0, 1.5]
    """
    check_series(values)
    check_number("decay", decay)
    if is_concrete(decay):
        check_range("decay", decay, Range(at_least=0, below=1))
    values = floating(values)
    decay = like(decay, values)

    def step(v: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        v = decay * v + (1 - decay) * x
        return v, v

    _, averages = lax.scan(step, jnp.zeros_like(values[0]), values)
    if not correct:
        return averages
    # 1 - decay^n without cancellation, for a decay that is almost 1.
    share = -jnp.expm1(_counts(values) * jnp.log(decay))
    return averages / share


def trailing_mean(values: Any, window: int) -> jax.Array:
    """The plain mean of the last `window` values, at each of them.

    The first ones are means of as many as there are.

    Args:
        values: (T, ...) floating, averaged along the first axis.
        window: number of values in a mean. Static.

    Returns:
        (T, ...), in float32 or wider.

    Raises:
        TypeError: the values are not a floating array.
        ValueError: the window is below 1, or there is no value.

    Example:
        >>> trailing_mean(jnp.array([2.0, 4.0, 9.0]), 2).tolist()
        [2.0, 3.0, 6.5]
    """
    check_series(values)
    check_size("window", window)
    values = floating(values)
    rest = (1,) * (values.ndim - 1)
    # Not by differences of one running sum: a NaN would stay in it for ever.
    sums = lax.reduce_window(
        values,
        jnp.zeros((), values.dtype),
        lax.add,
        (window, *rest),
        (1, *rest),
        [(window - 1, 0), *[(0, 0)] * len(rest)],
    )
    return sums / jnp.minimum(_counts(values), window)


def _counts(values: jax.Array) -> jax.Array:
    """1, 2, ..., T, along the first axis of values (T, ...)."""
    counts = jnp.arange(1, len(values) + 1, dtype=values.dtype)
    return counts.reshape(-1, *(1,) * (values.ndim - 1))
