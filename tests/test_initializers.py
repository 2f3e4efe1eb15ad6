"""Initial weights: variance, shape of the distribution, orthogonality, dtype.

Statistics are taken with fixed keys, so that they cannot fail by chance.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn.initializers import (
    Constant,
    Glorot,
    He,
    Initializer,
    LeCun,
    Normal,
    Orthogonal,
    ScaledIdentity,
    VarianceScaling,
    Zeros,
)

KEY = 20
SHAPE = (400, 300)
SCALED: dict[str, tuple[Callable[..., Initializer], float]] = {
    "Glorot": (Glorot, 2 / 700),
    "He": (He, 2 / 400),
    "LeCun": (LeCun, 1 / 400),
    "fan_in": (functools.partial(VarianceScaling, 1.7), 1.7 / 400),
    "fan_out": (functools.partial(VarianceScaling, 1.7, "fan_out"), 1.7 / 300),
    "fan_avg": (functools.partial(VarianceScaling, 1.7, "fan_avg"), 1.7 / 350),
}
MATRICES: dict[str, Callable[..., Initializer]] = {
    **{name: make for name, (make, _) in SCALED.items()},
    "Orthogonal": Orthogonal,
    "ScaledIdentity": ScaledIdentity,
}


def draw(initializer: Initializer, dtype: Any = "float32", key: int = KEY) -> Any:
    return np.asarray(initializer(jax.random.key(key), SHAPE, jnp.dtype(dtype)))


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize("name", SCALED)
def test_variance(name: str, distribution: str) -> None:
    make, variance = SCALED[name]
    initializer = make(distribution=distribution)
    assert initializer.variance(SHAPE) == pytest.approx(variance, rel=1e-12)
    w = draw(initializer).astype(float)
    # The fourth moment over the squared second is 3 for a normal variable and 9/5 for
    # a uniform one; the variance of a sample variance is that less 1, over w.size.
    kurtosis = {"normal": 3, "uniform": 9 / 5}[distribution]
    error = np.sqrt((kurtosis - 1) / w.size)
    assert abs(np.square(w).mean() / variance - 1) < 4 * error
    assert abs(w.mean()) < 4 * np.sqrt(variance / w.size)
    fourth = np.mean(w**4) / np.square(w).mean() ** 2
    assert fourth == pytest.approx(kurtosis, rel=0.05)


@pytest.mark.parametrize("name", SCALED)
def test_uniform_reaches_its_bounds_and_no_further(name: str) -> None:
    make, variance = SCALED[name]
    largest = np.abs(draw(make(distribution="uniform"))).max()
    bound = np.sqrt(3 * variance)
    assert 0.999 * bound < largest <= bound * (1 + 1e-6)


@pytest.mark.parametrize("name", SCALED)
def test_normal_is_not_cut_off(name: str) -> None:
    """As in PyTorch; JAX and Keras cut at two deviations (errata I8)."""
    make, variance = SCALED[name]
    share = np.mean(np.abs(draw(make())) > 2 * np.sqrt(variance))
    expected = 0.0455003
    assert abs(share - expected) < 4 * np.sqrt(expected / np.prod(SHAPE))


@pytest.mark.parametrize(("n_in", "n_out"), [(7, 4), (4, 7), (6, 6), (1, 3)])
@pytest.mark.usefixtures("x64")
def test_orthogonal(n_in: int, n_out: int, seed: int) -> None:
    initializer = Orthogonal(gain=1.5)
    w = np.asarray(initializer(jax.random.key(seed), (n_in, n_out), jnp.float64))
    small = w.T @ w if n_in >= n_out else w @ w.T
    np.testing.assert_allclose(small, 1.5**2 * np.eye(min(n_in, n_out)), atol=1e-12)
    # Rows and columns of given lengths: the mean square has no spread at all.
    variance = 1.5**2 / max(n_in, n_out)
    assert initializer.variance((n_in, n_out)) == pytest.approx(variance, rel=1e-12)
    assert np.square(w).mean() == pytest.approx(variance, rel=1e-12)


def test_orthogonal_is_uniform() -> None:
    """A QR without the correction of signs leans to one side of the diagonal."""
    keys = jax.random.split(jax.random.key(KEY), 1000)
    w = np.asarray(jax.vmap(lambda k: Orthogonal()(k, (3, 3), jnp.float32))(keys))
    # Every entry has mean 0 and variance 1/3; half of all matrices are reflections.
    assert np.abs(w.mean(axis=0)).max() < 4 * np.sqrt(1 / 3 / 1000)
    reflections = np.mean(np.linalg.det(w) < 0)
    assert abs(reflections - 0.5) < 4 * np.sqrt(0.25 / 1000)


def test_zeros_and_constant() -> None:
    np.testing.assert_array_equal(draw(Zeros()), np.zeros(SHAPE))
    np.testing.assert_array_equal(draw(Constant(0.25)), np.full(SHAPE, 0.25))
    assert Zeros().variance(SHAPE) == Constant(0.25).variance(SHAPE) == 0
    vector = Constant(0.25)(jax.random.key(0), (3,), jnp.float32)
    np.testing.assert_array_equal(vector, np.full(3, 0.25))


def test_normal_has_one_variance_for_every_shape() -> None:
    initializer = Normal(0.3)
    for shape in [SHAPE, (120_000,)]:
        assert initializer.variance(shape) == 0.3
        w = np.asarray(initializer(jax.random.key(KEY), shape, jnp.float32), float)
        assert w.shape == shape
        assert abs(np.square(w).mean() / 0.3 - 1) < 4 * np.sqrt(2 / w.size)
        assert abs(w.mean()) < 4 * np.sqrt(0.3 / w.size)
        fourth = np.mean(w**4) / np.square(w).mean() ** 2
        assert fourth == pytest.approx(3, rel=0.05)
    np.testing.assert_array_equal(draw(Normal(0.0)), np.zeros(SHAPE))
    with pytest.raises(ValueError, match="entry_variance must be at least 0"):
        Normal(-0.1)


def test_normal_at_no_variance_has_a_finite_slope() -> None:
    """The variance is a number that can be learned; sqrt alone has slope inf at 0."""

    def total(variance: Any) -> jax.Array:
        return jnp.sum(Normal(variance)(jax.random.key(KEY), (3,), jnp.float32))

    assert np.isfinite(jax.grad(total)(0.0))


@pytest.mark.parametrize(("n_in", "n_out"), [(3, 3), (2, 4), (4, 2)])
def test_scaled_identity(n_in: int, n_out: int) -> None:
    initializer = ScaledIdentity(1.5)
    w = np.asarray(initializer(jax.random.key(KEY), (n_in, n_out), jnp.float32))
    np.testing.assert_array_equal(w, 1.5 * np.eye(n_in, n_out))
    variance = initializer.variance((n_in, n_out))
    assert np.square(w).mean() == pytest.approx(variance, rel=1e-12)
    assert ScaledIdentity() == ScaledIdentity(1.0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.usefixtures("x64")
def test_dtypes(dtype: str) -> None:
    others = (He(distribution="uniform"), Zeros(), Constant(0.5), Normal(0.5))
    makers = (*(make() for make in MATRICES.values()), *others)
    for initializer in makers:
        w = initializer(jax.random.key(KEY), (6, 5), jnp.dtype(dtype))
        assert w.dtype == jnp.dtype(dtype), initializer


def test_low_precision_keeps_the_variance() -> None:
    for initializer in (LeCun(), Orthogonal()):
        w = draw(initializer, "bfloat16").astype(float)
        assert np.square(w).mean() == pytest.approx(1 / 400, rel=0.02)


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4)])
def test_only_matrices(name: str, shape: tuple[int, ...]) -> None:
    initializer = MATRICES[name]()
    with pytest.raises(ValueError, match=r"matrix, \(n_in, n_out\), got"):
        initializer(jax.random.key(0), shape, jnp.float32)
    with pytest.raises(ValueError, match=r"matrix, \(n_in, n_out\), got"):
        initializer.variance(shape)


@pytest.mark.parametrize("shape", [(100, 10), (3, 7)])
def test_weights_are_those_of_one_call_of_jax(shape: tuple[int, ...]) -> None:
    """They are drawn as a vector, which is no reason to be others."""
    key = jax.random.key(0)
    deviation = jnp.sqrt(jnp.float32(2 / shape[0]))
    normal = deviation * jax.random.normal(key, shape)
    np.testing.assert_array_equal(He()(key, shape, jnp.float32), normal)
    uniform = He(distribution="uniform")(key, shape, jnp.float32)
    bound = np.sqrt(3) * deviation
    drawn = jax.random.uniform(key, shape, minval=-1, maxval=1)
    np.testing.assert_array_equal(uniform, bound.astype(jnp.float32) * drawn)


@pytest.mark.parametrize("name", sorted(set(MATRICES) - {"ScaledIdentity"}))
def test_a_draw_is_a_function_of_its_key(name: str) -> None:
    initializer = MATRICES[name]()
    np.testing.assert_array_equal(draw(initializer), draw(initializer))
    correlation = np.vdot(draw(initializer), draw(initializer, key=KEY + 1))
    size = initializer.variance(SHAPE) * np.prod(SHAPE)
    assert abs(correlation) < 5 / np.sqrt(np.prod(SHAPE)) * size


@pytest.mark.parametrize(
    "make",
    [Orthogonal, lambda gain: VarianceScaling(gain**2)],
    ids=["Orthogonal", "VarianceScaling"],
)
def test_gain_is_a_factor_and_a_leaf(make: Callable[[Any], Initializer]) -> None:
    def total(gain: Any) -> jax.Array:
        w = make(gain)(jax.random.key(KEY), (3, 3), jnp.float32)
        return jnp.vdot(w, jnp.arange(9, dtype=w.dtype).reshape(3, 3))

    values, slopes = jax.vmap(jax.value_and_grad(total))(jnp.array([1.0, 2.0]))
    np.testing.assert_allclose(values[1], 2 * values[0], rtol=1e-5)
    np.testing.assert_allclose(slopes, [values[0]] * 2, rtol=1e-5)
