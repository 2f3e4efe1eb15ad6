"""Short runs of an optimizer on given gradients, and how results are compared."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def path(optimizer: Any, params: Any, gradients: Any) -> tuple[Any, Any]:
    """The parameters after each update, and the state after the last."""

    def update(carry: Any, g: Any) -> Any:
        params, state = carry
        updates, state = optimizer.update(g, state, params)
        params = jax.tree.map(jnp.add, params, updates)
        return (params, state), params

    start = (params, optimizer.init(params))
    (_, state), after = jax.lax.scan(update, start, gradients)
    return after, state


follow = jax.jit(path)


def problem(rng: np.random.Generator, steps: int, dtype: Any = float) -> Any:
    params = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    gradients = {k: rng.normal(size=(steps, *p.shape)) for k, p in params.items()}
    return jax.tree.map(lambda x: jnp.asarray(x, dtype), (params, gradients))


def same(got: Any, expected: Any) -> None:
    """Equal to the bit."""
    jax.tree.map(np.testing.assert_array_equal, got, expected)


def close(got: Any, expected: Any) -> None:
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12),
        got,
        expected,
    )
