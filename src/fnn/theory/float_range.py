"""The depth at which a linear chain leaves the range of its float format."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from fnn._core.checks import check_choice, check_size
from fnn._core.theory_checks import check_positive

_DTYPES = ("float16", "bfloat16", "float32", "float64")
# Deeper than this, nothing is looked for.
_DEEPEST = 100_000


class LinearChain(NamedTuple):
    """What `linear_chain` predicts.

    Fields:
        output: factor^depth.
        weight_gradient: factor^(2 depth - 1).
        overflow_layer: the first depth at which `output` is infinite, or None.
        vanishing_layer: the first depth at which `output` is 0, or None.
        gradient_overflow_layer: the first depth at which `weight_gradient` is infinite.
        gradient_vanishing_layer: the first depth at which `weight_gradient` is 0.
    """

    output: float
    weight_gradient: float
    overflow_layer: int | None
    vanishing_layer: int | None
    gradient_overflow_layer: int | None
    gradient_vanishing_layer: int | None


def overflow_layer(factor: float, dtype: Any = "float32") -> int | None:
    """The first L at which factor^L is infinite, multiplied up one layer at a time.

    Each product is rounded to `dtype`, as in a network: in bfloat16 1.5^L so computed
    overflows at 220, one later than 1.5^L rounded once. (errata I3, T16)

    Args:
        factor: what one layer multiplies a signal or a delta with, such as
            sqrt(chi_1) or the 1.5 of 1.5 I.
        dtype: "float16", "bfloat16", "float32" or "float64".

    Returns:
        L, or None if no L up to 100,000 does.

    Raises:
        ValueError: `factor` is not above 0, or `dtype` not one of these.

    Example:
        >>> [overflow_layer(1.5, d) for d in ("float16", "float32", "float64")]
        [28, 219, 1751]
    """
    return _first(factor, dtype, np.isinf)


def vanishing_layer(factor: float, dtype: Any = "float32") -> int | None:
    """The first L at which factor^L is 0, multiplied down one layer at a time.

    Each product is rounded to `dtype`. On CPU, XLA flushes products below the smallest
    normal number to 0 in bfloat16, float32 and float64; in float16 it computes in
    float32 and rounds, so that subnormal results stay. There 0.7^L never comes to 0:
    0.7 times the smallest number rounds to that number again. A device that keeps all
    subnormals has its zeros later, in float32 for 0.5 at 150. (errata I4, T16)

    Args:
        factor: as in `overflow_layer`.
        dtype: "float16", "bfloat16", "float32" or "float64".

    Returns:
        L, or None if no L up to 100,000 does.

    Raises:
        ValueError: `factor` is not above 0, or `dtype` not one of these.

    Example:
        >>> [vanishing_layer(0.5, d) for d in ("float16", "float32", "float64")]
        [25, 127, 1023]
    """
    return _first(factor, dtype, lambda power: power == 0)


def linear_chain(factor: float, depth: int, dtype: Any = "float32") -> LinearChain:
    """What happens to a linear network of weights factor I: the notes' example.

    With input 1 its output is y = factor^depth, and the gradient of y^2 / 2 in one
    weight is factor^(2 depth - 1), the same in every layer up to rounding: it overflows
    and vanishes at half the depth. Both as `dtype` has them. At depth 150 the output of
    1.5 I is a finite float32, against the notes; the gradient is not. (errata I2 to I5)

    Args:
        factor: on the diagonal of every weight matrix.
        depth: the number of layers.
        dtype: "float16", "bfloat16", "float32" or "float64".

    Raises:
        TypeError: `depth` is not an integer.
        ValueError: a number is out of its range, or `dtype` not one of these.

    Example:
        >>> chain = linear_chain(1.5, 150)
        >>> f"{chain.output:.4e}", chain.weight_gradient
        ('2.5923e+26', inf)
        >>> chain.overflow_layer, chain.gradient_overflow_layer
        (219, 110)
    """
    check_size("depth", depth)
    up, down = overflow_layer(factor, dtype), vanishing_layer(factor, dtype)
    powers = _powers(factor, dtype, 2 * depth - 1)
    return LinearChain(
        output=powers[min(depth, len(powers)) - 1],
        weight_gradient=powers[-1],
        overflow_layer=up,
        vanishing_layer=down,
        gradient_overflow_layer=_half(up),
        gradient_vanishing_layer=_half(down),
    )


def _half(layer: int | None) -> int | None:
    """The first depth whose 2 depth - 1 is at least this."""
    return None if layer is None else layer // 2 + 1


def _first(factor: float, dtype: Any, reached: Any) -> int | None:
    powers = _powers(factor, dtype, _DEEPEST)
    return len(powers) if reached(powers[-1]) else None


def _powers(factor: float, dtype: Any, count: int) -> list[float]:
    """factor^1, factor^2, ...: count of them, or fewer if all others equal the last."""
    check_positive("factor", factor)
    name = getattr(dtype, "__name__", str(dtype))
    check_choice("dtype", name, _DTYPES)
    kind = np.dtype(jnp.dtype(name))
    smallest = 0.0 if name == "float16" else float(jnp.finfo(kind).tiny)
    scale, power = kind.type(factor), kind.type(1)
    powers: list[float] = []
    with np.errstate(over="ignore", under="ignore"):
        while len(powers) < count:
            power = kind.type(power * scale)
            value = float(power)
            if abs(value) < smallest:
                power, value = kind.type(0), 0.0
            if powers and value == powers[-1]:
                break
            powers.append(value)
    return powers
