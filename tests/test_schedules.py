"""Learning rates as functions of the step, against formulas in plain NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn.optimizers import SGD
from fnn.schedules import Constant, Cosine, Schedule

# peak, total_steps, warmup_steps, start, end
CASES = {
    "plain": (0.3, 40, 0, 0.0, 0.0),
    "end": (0.3, 40, 0, 0.0, 0.1),
    "warm-up": (0.3, 40, 10, 0.0, 0.02),
    "warm-up from a start": (0.3, 40, 10, 0.05, 0.0),
    "start without a warm-up": (0.3, 40, 0, 0.05, 0.0),
    "one step of each": (0.3, 2, 1, 0.1, 0.2),
    "upward": (0.1, 40, 5, 0.0, 0.4),
}


def cosine(
    t: float, peak: float, total: int, warmup: int, start: float, end: float
) -> float:
    """The schedule with the half-angle form of the cosine."""
    if t < warmup:
        return start * (1 - t / warmup) + peak * t / warmup
    if t >= total:
        return end
    half_angle = np.pi / 2 * (t - warmup) / (total - warmup)
    return float(peak * np.cos(half_angle) ** 2 + end * np.sin(half_angle) ** 2)


@jax.jit
def rates(schedule: Schedule, steps: jax.Array) -> jax.Array:
    return jax.vmap(lambda step: jnp.asarray(schedule(step)))(steps)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("x64")
def test_cosine_is_its_formula(name: str) -> None:
    steps = np.array([*range(90), 10**6, 2**31 - 1], np.int32)
    expected = [cosine(t, *CASES[name]) for t in steps]
    got = rates(Cosine(*CASES[name]), steps)  # pyright: ignore
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-15)


def test_cosine_is_the_same_for_a_python_step() -> None:
    """Outside a compiled program, and in float32."""
    for t in (0, 5, 10, 25, 40, 41):
        got = Cosine(*CASES["warm-up"])(t)
        assert got.dtype == jnp.float32
        assert float(got) == pytest.approx(cosine(t, *CASES["warm-up"]), abs=1e-7)


def test_cosine_keeps_its_end_exactly() -> None:
    schedule = Cosine(0.3, total_steps=7, warmup_steps=3, end=0.1)
    assert all(schedule(t) == jnp.float32(0.1) for t in (7, 8, 1000))


@pytest.mark.usefixtures("x64")
def test_slopes_in_each_number() -> None:
    """Schedules are differentiable: all their numbers are leaves."""
    point = np.array([0.3, 40.0, 10.0, 0.05, 0.02])
    for t in (4, 25):
        slopes = jax.grad(lambda x, t=t: Cosine(*x)(t))(jnp.asarray(point))
        for index, slope in enumerate(slopes):
            h = 1e-5 * np.eye(5)[index]
            above, below = (cosine(t, *(point + s * h)) for s in (1, -1))
            assert float(slope) == pytest.approx((above - below) / 2e-5, abs=1e-9)


def test_a_sweep_over_peaks_is_one_program() -> None:
    peaks = jnp.array([0.1, 0.2, 0.4])
    got = jax.vmap(lambda peak: Cosine(peak, 40, 10)(25))(peaks)
    np.testing.assert_allclose(got, peaks / 2, rtol=1e-6)


def test_constant() -> None:
    steps = np.array([0, 1, 10**6], np.int32)
    np.testing.assert_array_equal(rates(Constant(0.25), steps), [0.25] * 3)  # pyright: ignore


def test_the_first_update_is_step_0() -> None:
    """With a warm-up from 0 it moves nothing, and the second is the first of it."""
    optimizer = SGD(Cosine(0.5, total_steps=100, warmup_steps=10))
    g = jnp.ones(2)
    first, state = optimizer.update(g, optimizer.init(g), g)
    second, _ = optimizer.update(g, state, g)
    np.testing.assert_array_equal(first, np.zeros(2))
    np.testing.assert_allclose(second, [-0.05, -0.05], rtol=1e-6)
