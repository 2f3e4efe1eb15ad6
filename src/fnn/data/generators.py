"""Small data sets made on the spot, each a pure function of its key.

All are traceable: `rows` and `classes` are sizes, noise and turns are numbers.
"""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.checks import check_key, check_size
from fnn._core.sampling_checks import check_noise
from fnn._core.trees import like
from fnn.data.base import Batch


def xor(key: jax.Array, rows: int, noise: Any = 0.1) -> Batch:
    """The four corners of a square around 0; opposite corners are of one class.

    Class 1 where the signs of the corner (+-1, +-1) differ. No line separates them.

    Args:
        key: a key of `jax.random`.
        rows: number of examples; the corners take turns.
        noise: standard deviation around the corners.

    Returns:
        x (rows, 2) in the default float dtype, y (rows,) int32.

    Raises:
        TypeError: `key` is no key.
        ValueError: `rows` is below 1, or the noise below 0.

    Example:
        >>> data = xor(jax.random.key(0), 4, noise=0.0)
        >>> data.x.tolist(), data.y.tolist()
        ([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    number = _numbers(key, rows, noise)
    first, second = number // 2 % 2, number % 2
    corners = jnp.stack([first, second], axis=1).astype(jnp.result_type(float))
    return Batch(_blur(key, 2 * corners - 1, noise), first ^ second)


def spirals(
    key: jax.Array, rows: int, classes: int = 2, turns: Any = 1.0, noise: Any = 0.05
) -> Batch:
    """Arms of one spiral, a class each: r from 0 to 1 over some turns.

    The point at radius r of arm k lies at the angle 2 pi (turns r + k / classes).

    Args:
        key: a key of `jax.random`.
        rows: number of examples; the classes take turns.
        classes: number of arms.
        turns: how often an arm goes around.
        noise: standard deviation around the arms.

    Returns:
        x (rows, 2) in the default float dtype, y (rows,) int32.

    Raises:
        TypeError: `key` is no key.
        ValueError: `rows` or `classes` is below 1, or the noise below 0.

    Example:
        >>> data = spirals(jax.random.key(0), 300, classes=3)
        >>> data.x.shape, jnp.bincount(data.y).tolist()
        ((300, 2), [100, 100, 100])
    """
    check_size("classes", classes)
    label = _numbers(key, rows, noise) % classes
    radius = _uniform(key, (rows,))
    share = label.astype(radius.dtype) / classes
    angle = 2 * jnp.pi * (like(turns, radius) * radius + share)
    x = radius[:, None] * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    return Batch(_blur(key, x, noise), label)


def moons(key: jax.Array, rows: int, noise: Any = 0.1) -> Batch:
    """Two half circles of radius 1, each reaching into the other.

    Class 0 is the upper half of the circle around (0, 0), class 1 the lower half of
    that around (1, 1/2).

    Args:
        key: a key of `jax.random`.
        rows: number of examples; the classes take turns.
        noise: standard deviation around the half circles.

    Returns:
        x (rows, 2) in the default float dtype, y (rows,) int32.

    Raises:
        TypeError: `key` is no key.
        ValueError: `rows` is below 1, or the noise below 0.

    Example:
        >>> data = moons(jax.random.key(0), 100)
        >>> data.x.shape, jnp.bincount(data.y).tolist()
        ((100, 2), [50, 50])
    """
    label = _numbers(key, rows, noise) % 2
    angle = jnp.pi * _uniform(key, (rows,))
    lower = label.astype(angle.dtype)
    side = 1 - 2 * lower
    x = [lower + side * jnp.cos(angle), lower / 2 + side * jnp.sin(angle)]
    return Batch(_blur(key, jnp.stack(x, axis=1), noise), label)


def sine(key: jax.Array, rows: int, noise: Any = 0.1) -> Batch:
    """A regression of one input: y = sin(pi x) and noise, x uniform on [-1, 1].

    Args:
        key: a key of `jax.random`.
        rows: number of examples.
        noise: standard deviation of y around the curve.

    Returns:
        x (rows, 1) and y (rows, 1) in the default float dtype.

    Raises:
        TypeError: `key` is no key.
        ValueError: `rows` is below 1, or the noise below 0.

    Example:
        >>> data = sine(jax.random.key(0), 50, noise=0.0)
        >>> bool(jnp.allclose(data.y, jnp.sin(jnp.pi * data.x)))
        True
    """
    _numbers(key, rows, noise)
    x = 2 * _uniform(key, (rows, 1)) - 1
    return Batch(x, _blur(key, jnp.sin(jnp.pi * x), noise))


def friedman(
    key: jax.Array, rows: int, n_features: int = 10, noise: Any = 1.0
) -> Batch:
    """A regression with interaction, curvature and inputs that do not matter.

        y = 10 sin(pi x_1 x_2) + 20 (x_3 - 1/2)^2 + 10 x_4 + 5 x_5 + noise

    with all inputs uniform on [0, 1]; those from x_6 on have no effect.

    Source: J. Friedman, Multivariate adaptive regression splines, 1991.

    Args:
        key: a key of `jax.random`.
        rows: number of examples.
        n_features: number of inputs, at least 5.
        noise: standard deviation of y.

    Returns:
        x (rows, n_features) and y (rows, 1) in the default float dtype.

    Raises:
        TypeError: `key` is no key.
        ValueError: a size is too small, or the noise below 0.

    Example:
        >>> data = friedman(jax.random.key(0), 20)
        >>> data.x.shape, data.y.shape
        ((20, 10), (20, 1))
    """
    check_size("n_features", n_features, at_least=5)
    _numbers(key, rows, noise)
    x = _uniform(key, (rows, n_features))
    y = 10 * jnp.sin(jnp.pi * x[:, 0] * x[:, 1]) + 20 * jnp.square(x[:, 2] - 0.5)
    y = y + 10 * x[:, 3] + 5 * x[:, 4]
    return Batch(x, _blur(key, y[:, None], noise))


def _numbers(key: Any, rows: Any, noise: Any) -> jax.Array:
    """Check the arguments that all generators have, and count the examples."""
    check_key(key)
    check_size("rows", rows)
    check_noise(noise)
    return jnp.arange(rows, dtype=jnp.int32)


def _uniform(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    return jax.random.uniform(jax.random.fold_in(key, 0), shape)


def _blur(key: jax.Array, values: jax.Array, noise: Any) -> jax.Array:
    draws = jax.random.normal(jax.random.fold_in(key, 1), values.shape, values.dtype)
    return values + like(noise, values) * draws
