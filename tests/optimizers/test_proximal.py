"""The soft threshold, which makes weights exactly 0."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn.optimizers import SGD, Momentum, ProximalL1
from fnn.schedules import Linear
from tests.optimizers.runs import close, follow, problem


def lasso(optimizer: Any, steps: int = 200) -> np.ndarray:
    """The minimum of |x - c|^2 / 2 + 0.3 |x|_1, which is a soft threshold of c."""
    params = {"w": jnp.array([2.0, 0.35, -0.1, -1.0]), "b": jnp.array([0.1])}
    target = {"w": jnp.array([1.0, 0.2, -0.25, -0.5]), "b": jnp.array([0.05])}

    def update(carry: Any, _: Any) -> Any:
        params, state = carry
        slopes = jax.tree.map(jnp.subtract, params, target)
        updates, state = optimizer.update(slopes, state, params)
        return (jax.tree.map(jnp.add, params, updates), state), None

    start = (params, optimizer.init(params))
    x = jax.lax.scan(update, start, length=steps)[0][0]
    assert float(x["b"][0]) == pytest.approx(0.05, abs=1e-6)  # no threshold here
    return np.asarray(x["w"])


def test_proximal_weights_become_exactly_zero() -> None:
    """And the others end at the minimum; in gradient steps they hop (errata H1)."""
    got = lasso(ProximalL1(SGD(0.1), strength=0.3, learning_rate=0.1))
    np.testing.assert_array_equal(got[1:3], [0, 0])
    np.testing.assert_allclose(got[[0, 3]], [0.7, -0.2], rtol=1e-5)
    # With momentum a lasting gradient moves 1 / (1 - momentum) times as far.
    rolling = lasso(ProximalL1(Momentum(0.1, 0.5), 0.3, 0.1 / (1 - 0.5)))
    np.testing.assert_array_equal(rolling[1:3], [0, 0])
    np.testing.assert_allclose(rolling[[0, 3]], [0.7, -0.2], rtol=1e-5)


@pytest.mark.usefixtures("x64")
def test_the_proximal_step_is_a_soft_threshold(rng: np.random.Generator) -> None:
    params, gradients = problem(rng, 5)
    rate = Linear(0.5, 10)
    got, state = follow(ProximalL1(SGD(rate), 0.4, rate), params, gradients)
    w, b = np.asarray(params["w"]), np.asarray(params["b"])
    for t in range(5):
        eta = 0.5 * (1 - t / 10)
        y = w - eta * np.asarray(gradients["w"][t])
        w = np.maximum(y - 0.4 * eta, 0) + np.minimum(y + 0.4 * eta, 0)
        b = b - eta * np.asarray(gradients["b"][t])
    close(jax.tree.map(lambda p: p[-1], got), {"w": w, "b": b})
    assert int(state["step"]) == 5
