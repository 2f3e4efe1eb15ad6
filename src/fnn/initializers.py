"""Initial weights, each distribution with its variance.

Weights are `(n_in, n_out)`. What matters for training is the variance, not the shape
of the distribution (errata I8): with n_in inputs the pre-activation has n_in times
the variance of a weight. "normal" is the plain normal distribution, as in PyTorch;
JAX and Keras cut theirs off at two standard deviations.
"""

import abc
import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.checks import check_choice
from fnn._core.component import Component, number, static
from fnn._core.layer_checks import check_matrix_shape
from fnn._core.trees import square_root, working_dtype


class Initializer(Component, abc.ABC):
    """`initializer(key, shape, dtype)` draws an array of that shape and dtype."""

    @abc.abstractmethod
    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Draw an array of `shape` and `dtype`."""

    @abc.abstractmethod
    def variance(self, shape: tuple[int, ...]) -> Any:
        """The variance of one entry of an array of `shape`."""


class Zeros(Initializer):
    """All zeros, variance 0: for biases. As weights they never break symmetry.

    Example:
        >>> Zeros()(jax.random.key(0), (2,), jnp.float32)
        Array([0., 0.], dtype=float32)
    """

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        del key
        return jnp.zeros(shape, dtype)

    def variance(self, shape: tuple[int, ...]) -> Any:
        del shape
        return 0.0


class Constant(Initializer):
    """All entries equal to `value`, variance 0.

    Example:
        >>> Constant(0.5)(jax.random.key(0), (2,), jnp.float32)
        Array([0.5, 0.5], dtype=float32)
    """

    value: Any = number()

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        del key
        return jnp.full(shape, self.value, dtype)

    def variance(self, shape: tuple[int, ...]) -> Any:
        del shape
        return 0.0


class Normal(Initializer):
    """A normal distribution with mean 0 and one variance for every shape.

    For the biases of a critical initialization (`fnn.theory.critical`).

    Example:
        >>> Normal(0.05).variance((64,))
        0.05
    """

    entry_variance: Any = number(at_least=0)

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        deviation = square_root(jnp.asarray(self.entry_variance, dtype))
        return deviation * _draw(jax.random.normal, key, shape, dtype)

    def variance(self, shape: tuple[int, ...]) -> Any:
        del shape
        return self.entry_variance


class ScaledIdentity(Initializer):
    """factor on the diagonal, 0 elsewhere; every draw is the same.

    Not random: its variance is the mean square of an entry,
    factor^2 / max(n_in, n_out), as for an `Orthogonal` of that gain. The notes'
    examples: 1.5 I explodes, 0.5 I vanishes (errata I2 to I5).

    Example:
        >>> ScaledIdentity(1.5)(jax.random.key(0), (2, 3), jnp.float32).tolist()
        [[1.5, 0.0, 0.0], [0.0, 1.5, 0.0]]
    """

    factor: Any = number(default=1.0)

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        del key
        n_in, n_out = _fans(shape)
        return jnp.asarray(self.factor, dtype) * jnp.eye(n_in, n_out, dtype=dtype)

    def variance(self, shape: tuple[int, ...]) -> Any:
        return self.factor**2 / max(_fans(shape))


class _Drawn(Initializer):
    """A normal or uniform distribution with mean 0; subclasses say its variance."""

    distribution: str = static(default="normal", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        name = f"{type(self).__name__}.distribution"
        check_choice(name, self.distribution, ("normal", "uniform"))

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        deviation = jnp.asarray(jnp.sqrt(self.variance(shape)), dtype)
        if self.distribution == "normal":
            return deviation * _draw(jax.random.normal, key, shape, dtype)
        # A uniform variable on (-a, a) has the variance a^2 / 3.
        bound = math.sqrt(3) * deviation
        uniform = functools.partial(jax.random.uniform, minval=-1, maxval=1)
        return bound * _draw(uniform, key, shape, dtype)


class Glorot(_Drawn):
    """Glorot (Xavier): variance = 2 / (n_in + n_out).

    A compromise between keeping the variance of the activations (1 / n_in) and
    that of the deltas (1 / n_out). Source: Glorot and Bengio, 2010.

    Args:
        distribution: "normal" or "uniform", on +- sqrt(3 variance).

    Example:
        >>> Glorot().variance((64, 64))
        0.015625
    """

    def variance(self, shape: tuple[int, ...]) -> Any:
        n_in, n_out = _fans(shape)
        return 2 / (n_in + n_out)


class He(_Drawn):
    """He (Kaiming): variance = 2 / n_in, critical for ReLU.

    ReLU passes half the squared signal, so the factor 2 keeps it from layer to
    layer. Source: He et al., 2015.

    Args:
        distribution: "normal" or "uniform", on +- sqrt(3 variance).

    Example:
        >>> He().variance((64, 10))
        0.03125
    """

    def variance(self, shape: tuple[int, ...]) -> Any:
        return 2 / _fans(shape)[0]


class LeCun(_Drawn):
    """LeCun: variance = 1 / n_in, critical for the identity, tanh and SELU.

    Source: LeCun et al., Efficient BackProp, 1998.

    Args:
        distribution: "normal" or "uniform", on +- sqrt(3 variance).

    Example:
        >>> LeCun().variance((64, 10))
        0.015625
    """

    def variance(self, shape: tuple[int, ...]) -> Any:
        return 1 / _fans(shape)[0]


class VarianceScaling(_Drawn):
    """variance = scale / n, with n the inputs, the outputs or their mean.

    The general form of the three above: He is scale 2 over "fan_in", LeCun scale 1,
    Glorot scale 1 over "fan_avg". A gain multiplies standard deviations, so its square
    belongs here. The scale is a number of the recipe and can be swept; the named
    forms have none to carry.

    Args:
        scale: factor on the variance.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "normal" or "uniform", on +- sqrt(3 variance).

    Example:
        >>> VarianceScaling(2.0).variance((64, 10)) == He().variance((64, 10))
        True
    """

    scale: Any = number(default=1.0, above=0)
    mode: str = static(default="fan_in")

    def __post_init__(self) -> None:
        super().__post_init__()
        modes = ("fan_in", "fan_out", "fan_avg")
        check_choice("VarianceScaling.mode", self.mode, modes)

    def variance(self, shape: tuple[int, ...]) -> Any:
        n_in, n_out = _fans(shape)
        fans = {"fan_in": n_in, "fan_out": n_out, "fan_avg": (n_in + n_out) / 2}
        return self.scale / fans[self.mode]


class Orthogonal(Initializer):
    """gain times a random matrix with orthonormal rows or columns.

    Uniform over such matrices (Haar). A square one keeps the length of every vector,
    forward and backward, at any depth. variance = gain^2 / max(n_in, n_out).
    Source: Saxe, McClelland and Ganguli, 2014.

    Example:
        >>> w = Orthogonal()(jax.random.key(0), (3, 3), jnp.float32)
        >>> bool(jnp.allclose(w.T @ w, jnp.eye(3), atol=1e-6))
        True
    """

    gain: Any = number(default=1.0, above=0)

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        n_in, n_out = _fans(shape)
        # No matrix is factored in less than float32: drawn there, then rounded.
        working = working_dtype(jax.ShapeDtypeStruct(shape, dtype))
        w = jax.random.orthogonal(key, n_in, m=n_out, dtype=working)
        return (jnp.asarray(self.gain, working) * w).astype(dtype)

    def variance(self, shape: tuple[int, ...]) -> Any:
        return self.gain**2 / max(_fans(shape))


def _draw(
    distribution: Callable[..., jax.Array],
    key: jax.Array,
    shape: tuple[int, ...],
    dtype: Any,
) -> jax.Array:
    """The same numbers as in one call, drawn as a vector.

    XLA:CPU unrolls short inner loops: a matrix takes two to four times as long to
    compile.
    """
    return distribution(key, (math.prod(shape),), dtype).reshape(shape)


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    check_matrix_shape(shape)
    return shape[0], shape[1]
