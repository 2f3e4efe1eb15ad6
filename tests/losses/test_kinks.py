"""Where a loss has no derivative, both roads give the one that is written down."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn

S = fnn.losses


def both_roads(loss: fnn.losses.Loss, prediction: Any, target: Any) -> list[np.ndarray]:
    """The hand-derived gradient and JAX's, in float32, compiled."""
    at = jnp.asarray(prediction, jnp.float32), jnp.asarray(target)
    return [np.asarray(jax.jit(f)(*at)) for f in (loss.gradient, jax.grad(loss.value))]


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_absolute_error_has_slope_0_at_0(zero: float) -> None:
    """Errata F1: the slope of `jnp.abs` at 0 is 1 in JAX."""
    for g in both_roads(S.MeanAbsoluteError(), [zero, 3.0], [0, 4]):
        np.testing.assert_array_equal(g, [0, -0.5])


def test_hinges_have_slope_0_at_the_margin() -> None:
    """Errata F4: that of `jnp.maximum` and of Optax is -1/2."""
    just_below = np.nextafter(np.float32(1), np.float32(0))
    for y in (-1, 1):
        f, labels = [y, y * just_below, 2 * y, 0], [y] * 4
        for g in both_roads(S.Hinge(), f, labels):
            np.testing.assert_array_equal(g, [0, -y / 4, 0, -y / 4])
        for g in both_roads(S.SquaredHinge(), f, labels):
            np.testing.assert_allclose(g, [0, -y * 2**-25, 0, -y / 2], atol=0)


def test_huber_is_as_steep_as_delta_from_delta_on() -> None:
    for g in both_roads(S.Huber(0.5), [0.5, -0.5, 0.0, 1e30], np.zeros(4)):
        np.testing.assert_allclose(g, [0.125, -0.125, 0, 0.125])


@pytest.mark.parametrize("alpha", [4.0, 2.0, 1.999999, 1.0, 0.0, -1e-30, -2.0, -np.inf])
def test_general_robust_is_flat_at_0_and_nowhere_nan(alpha: float) -> None:
    loss = S.GeneralRobust(alpha)
    for g in both_roads(loss, [0.0, -0.0], np.zeros(2)):
        np.testing.assert_array_equal(g, [0, 0])
    far = 1e2 if alpha > 2 else 1e15
    x = np.array([1e-30, 1e-5, 1.0, 1e2, far, -far], np.float32)
    for g in both_roads(loss, x, np.zeros(6)):
        assert np.isfinite(g).all()
    by_hand, by_jax = both_roads(loss, x, np.zeros(6))
    np.testing.assert_allclose(by_hand, by_jax, rtol=1e-4, atol=1e-30)


@pytest.mark.parametrize("alpha", [2.0, 0.0, -np.inf])
@pytest.mark.usefixtures("x64")
def test_general_robust_runs_into_its_limits(alpha: float) -> None:
    x, zero = jnp.array([0.3, -2.0, 40.0]), jnp.zeros(3)
    near = -1e12 if np.isinf(alpha) else alpha + 1e-9
    for part in ("value", "gradient"):
        limit = getattr(S.GeneralRobust(alpha), part)(x, zero)
        close = getattr(S.GeneralRobust(near), part)(x, zero)
        np.testing.assert_allclose(limit, close, rtol=2e-7, atol=1e-12)


@pytest.mark.usefixtures("x64")
def test_one_program_for_every_alpha() -> None:
    """alpha is a leaf: limits are chosen inside, and its derivative is the limit's."""
    x, zero = jnp.array([0.3, -2.0]), jnp.zeros(2)
    alphas = jnp.array([2.0, 1.0, 0.0, -2.0, -jnp.inf])
    swept = jax.vmap(lambda alpha: S.GeneralRobust(alpha).value(x, zero))(alphas)
    alone = [S.GeneralRobust(float(a)).value(x, zero) for a in alphas]
    np.testing.assert_allclose(swept, alone, rtol=1e-14)
    slope = jax.grad(lambda alpha: S.GeneralRobust(alpha).value(x, zero))
    around = [S.GeneralRobust(h).value(x, zero) for h in (1e-4, -1e-4)]
    difference = (around[0] - around[1]) / 2e-4
    np.testing.assert_allclose(slope(0.0), difference, rtol=1e-6)


def test_0_log_0_is_0() -> None:
    """Errata F5; and a log of 0 that counts is finite, by its tangent at the floor."""
    loss = S.CategoricalCrossEntropy()
    p, y = jnp.array([0.0, 1.0]), jnp.array([0.0, 1.0])
    assert float(loss.value(p, y)) == 0
    for g in both_roads(loss, p, y):
        np.testing.assert_array_equal(g, [0, -1])
    for g in both_roads(loss, p, np.array(0)):
        np.testing.assert_allclose(g, [-1e12, 0], rtol=1e-6)
    assert float(loss.value(p, jnp.array(0))) == pytest.approx(1 - np.log(1e-12))
    binary = S.BinaryCrossEntropy()
    assert float(binary.value(p, y)) == 0
    for g in both_roads(binary, p, y):
        np.testing.assert_array_equal(g, [1, -1])
    for g in both_roads(binary, p, 1 - y):
        np.testing.assert_allclose(g, [-1e12, 1e12], rtol=1e-6)


def test_a_floor_below_float16_is_its_least_number() -> None:
    p, y = jnp.array([0.0, 1.0], jnp.float16), jnp.array([1.0, 0.0])
    for loss in (S.CategoricalCrossEntropy(), S.BinaryCrossEntropy()):
        assert np.isfinite(loss.value(p, y))
        for g in (loss.gradient(p, y), jax.grad(loss.value)(p, y)):
            assert np.isfinite(g).all()
            assert g[0] < -1e4


@pytest.mark.parametrize("label", [0, 2, 0.5, np.nan])
@pytest.mark.parametrize("loss", [S.Hinge(), S.SquaredHinge()], ids=str)
def test_a_label_that_is_no_sign_gives_nan(loss: Any, label: float) -> None:
    """Where it cannot raise, in a compiled step, it must not pass for another."""
    z, y = jnp.zeros(2), jnp.array([1.0, label])
    assert np.isnan(jax.jit(loss.value)(z, y))
    assert np.isnan(jax.jit(loss.gradient)(z, y)[1])


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_losses_of_certain_answers(gamma: float) -> None:
    softmax, sigmoid = S.SoftmaxFocal(gamma), S.SigmoidFocal(gamma)
    z = np.array([1e30, 0.0], np.float32)
    for g in both_roads(softmax, z, np.array(0)):
        np.testing.assert_array_equal(g, [0, 0])
    for g in both_roads(softmax, z, np.array(1)):
        np.testing.assert_allclose(g, [1, -1])
    assert float(softmax.value(jnp.asarray(z), jnp.array(0))) == 0
    for g in both_roads(sigmoid, [1e30, -1e30], [1, 0]):
        np.testing.assert_array_equal(g, [0, 0])
    for g in both_roads(sigmoid, [1e30, -1e30], [0, 1]):
        np.testing.assert_allclose(g, [1, -1])


@pytest.mark.parametrize("loss", [S.SoftmaxCrossEntropy(), S.SoftmaxFocal()], ids=str)
def test_a_class_can_be_ruled_out(loss: Any) -> None:
    """A logit of -inf has no probability, no loss and no gradient."""
    z, fewer = jnp.array([1.0, -jnp.inf, 2.0]), jnp.array([1.0, 2.0])
    value = float(loss.value(z, jnp.array(2)))
    assert value == pytest.approx(float(loss.value(fewer, jnp.array(1))))
    for g, expected in zip(
        both_roads(loss, z, 2), both_roads(loss, fewer, 1), strict=True
    ):
        np.testing.assert_allclose(g, np.insert(expected, 1, 0), rtol=1e-6)


@pytest.mark.parametrize("loss", [S.SoftmaxCrossEntropy(), S.SoftmaxFocal()], ids=str)
def test_ties_for_the_largest_logit(loss: Any) -> None:
    for z in ([0.0, 0.0, 0.0], [2.0, 2.0, -1.0]):
        for label in range(3):
            by_hand, by_jax = both_roads(loss, z, label)
            np.testing.assert_allclose(by_hand, by_jax, rtol=1e-5, atol=1e-7)
