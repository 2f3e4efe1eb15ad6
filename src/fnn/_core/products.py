"""Matrix products, which may take rounded inputs and sum in float32.

The precision in force is JAX's own setting, `jax.default_matmul_precision`, for it is
part of the key of every cache of JAX: no function compiled or traced with it is used
without it, whoever wrapped what in `jax.jit`. A variable of ours would be in no key.
XLA:CPU accepts the setting and ignores it, so what it says is written out here.
"""

import contextlib
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.core import ShapedArray
from jax.experimental.layout import Layout, with_layout_constraint
from jax.interpreters import ad, batching, mlir

from fnn._core.layer_checks import check_equation

ALGORITHMS = {"bfloat16": "BF16_BF16_F32", "float16": "F16_F16_F32"}
_INPUTS = {algorithm: dtype for dtype, algorithm in ALGORITHMS.items()}


def inputs_rounded(dtype: str, like: jax.Array) -> contextlib.AbstractContextManager:
    """Products traced inside round their inputs, if `like` is float32."""
    if like.dtype != jnp.float32:
        return contextlib.nullcontext()
    return jax.default_matmul_precision(ALGORITHMS[dtype])


def product(equation: str, a: jax.Array, b: jax.Array) -> jax.Array:
    """`jnp.einsum` of two arrays, in the precision in force.

    Inside a `MixedPrecision` the inputs are rounded to its dtype, and what is summed
    and returned is float32. Autodiff sees a bilinear function, and not the rounding:
    its derivatives are products of the same kind, which round theirs.

    Args:
        equation: such as "i,io->o"; each letter stands in two of the three places.
        a: the first array.
        b: the second array.

    Raises:
        ValueError: the equation is another one, inside a `MixedPrecision` or not.

    Example:
        >>> x, w = jnp.ones(2), jnp.full((2, 1), 1 + 2**-10)
        >>> product("i,io->o", x, w).tolist()
        [2.001953125]
        >>> with inputs_rounded("bfloat16", x):
        ...     product("i,io->o", x, w).tolist()
        [2.0]
    """
    check_equation(equation)
    setting = jax.config.jax_default_matmul_precision  # pyright: ignore
    if setting not in _INPUTS or not a.dtype == b.dtype == jnp.float32:
        return jnp.einsum(equation, a, b)
    inputs, out = equation.split("->")
    axes = (*inputs.split(","), out)
    return _rounded().bind(a, b, axes=axes, dtype=_INPUTS[setting])


# A product of rounded inputs that `jnp.einsum` alone cannot be: the transpose of one
# that sums bfloat16 in float32 multiplies float32 with bfloat16 and returns bfloat16.
# With the axes named by letters, a transpose is a permutation of the three names, and
# a batch one more letter, so what `vmap` makes of it is one matrix product again.
@cache
def _rounded() -> Any:
    # Not above: its import is slow, and most networks do without.
    from jax.extend.core import Primitive

    made = Primitive("rounded_product")
    made.def_impl(partial(jax.jit, static_argnames=("axes", "dtype"))(_multiply))
    made.def_abstract_eval(_shape)
    ad.defbilinear(made, _transpose_a, _transpose_b)
    batching.primitive_batchers[made] = _batch
    anywhere = mlir.lower_fun(_multiply, multiple_results=False)
    on_cpu = mlir.lower_fun(_multiply_rows, multiple_results=False)
    mlir.register_lowering(made, anywhere)
    mlir.register_lowering(made, on_cpu, platform="cpu")
    return made


def _multiply(
    a: jax.Array, b: jax.Array, *, axes: tuple[str, str, str], dtype: str
) -> jax.Array:
    return jnp.einsum(
        f"{axes[0]},{axes[1]}->{axes[2]}",
        a.astype(dtype),
        b.astype(dtype),
        precision=lax.Precision.DEFAULT,
        preferred_element_type=jnp.float32,
    )


def _multiply_rows(
    a: jax.Array, b: jax.Array, *, axes: tuple[str, str, str], dtype: str
) -> jax.Array:
    """The same for XLA:CPU, which multiplies 16-bit numbers as such only where the
    left array is contracted along its rows in memory; else it makes them float32.
    """
    kept = [letter for letter in axes[0] if letter in axes[2]]
    summed = [letter for letter in axes[0] if letter not in axes[2]]
    order = "".join(kept + summed)
    if order != axes[0]:
        a = jnp.einsum(f"{axes[0]}->{order}", a.astype(dtype))
        a = with_layout_constraint(a, Layout(tuple(range(a.ndim))))
    return _multiply(a, b, axes=(order, *axes[1:]), dtype=dtype)


def _shape(a: Any, b: Any, *, axes: tuple[str, str, str], dtype: str) -> ShapedArray:
    del dtype
    sizes = dict(zip(axes[0] + axes[1], a.shape + b.shape, strict=True))
    return ShapedArray(tuple(sizes[letter] for letter in axes[2]), jnp.float32)


def _transpose_a(
    dy: jax.Array, a: Any, b: jax.Array, *, axes: tuple[str, str, str], dtype: str
) -> jax.Array:
    del a
    return _rounded().bind(dy, b, axes=(axes[2], axes[1], axes[0]), dtype=dtype)


def _transpose_b(
    dy: jax.Array, a: jax.Array, b: Any, *, axes: tuple[str, str, str], dtype: str
) -> jax.Array:
    del b
    return _rounded().bind(a, dy, axes=(axes[0], axes[2], axes[1]), dtype=dtype)


def _batch(
    inputs: Any, places: Any, *, axes: tuple[str, str, str], dtype: str
) -> tuple[jax.Array, int]:
    letter = next(c for c in "zyxwvutsrqponmlkjihgfedcba" if c not in "".join(axes))
    names = list(axes)
    for index, place in enumerate(places):
        if place is not None:
            names[index] = names[index][:place] + letter + names[index][place:]
    axes = (names[0], names[1], letter + names[2])
    return _rounded().bind(*inputs, axes=axes, dtype=dtype), 0
