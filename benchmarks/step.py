"""`fnn.train_step` in a Python loop beside the same step written by hand.

Case C1: 64-100-10, ReLU, softmax cross-entropy, Adam, batch 32. All candidates are
jitted with a donated state and draw the same numbers.

    python -m benchmarks.step [--json]
"""

import dataclasses
import json
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fnn
from fnn.cli.timing import interleave, machine

SIZES, ROWS, RATE = (64, 100, 10), 32, 1e-3


def by_hand(state: Any, batch: Any) -> Any:
    """The step as one would write it for this one network, its numbers constants."""
    (params, m, v, count), (x, y) = state, batch

    def loss(params: Any) -> jax.Array:
        (w1, b1), (w2, b2) = params
        logits = jax.nn.relu(x @ w1 + b1) @ w2 + b2
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1)
        return -jnp.mean(picked)

    value, gradients = jax.value_and_grad(loss)(params)
    count = count + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradients)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradients)
    m_scale, v_scale = 1 / (1 - 0.9**count), 1 / (1 - 0.999**count)

    def update(p: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
        return p - RATE * m * m_scale / (jnp.sqrt(v * v_scale) + 1e-8)

    return (jax.tree.map(update, params, m, v), m, v, count), value


def loop_by_hand(state: Any, batch: Any) -> Callable[[], Any]:
    """The loop's body: call the step, keep its state."""
    step = jax.jit(by_hand, donate_argnums=0)

    def turn() -> Any:
        nonlocal state
        state, value = step(state, batch)
        return value

    return turn


def loop_of_fnn(recipe: fnn.Recipe, state: Any, batch: fnn.Batch) -> Callable[[], Any]:
    """The same with `fnn.train_step` and the recipe as an argument."""
    step = jax.jit(fnn.train_step, donate_argnums=1)
    recipe = jax.device_put(recipe)

    def turn() -> Any:
        nonlocal state
        state, info = step(recipe, state, batch)
        return info.loss

    return turn


def candidates() -> dict[str, Callable[[], Any]]:
    """Hand-written, and fnn by either road, from the same initial parameters."""
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(ROWS, SIZES[0])), jnp.float32)
    y = jnp.asarray(rng.integers(0, SIZES[-1], ROWS), jnp.int32)
    recipe = fnn.Recipe(
        fnn.layers.mlp(SIZES),
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.optimizers.Adam(RATE),
    )
    start = fnn.init(recipe, jax.random.key(0)).params
    params = [(jnp.copy(layer["w"]), jnp.copy(layer["b"])) for layer in start if layer]
    m, v = (jax.tree.map(jnp.zeros_like, params) for _ in "mv")
    state = (params, m, v, jnp.zeros((), jnp.int32))
    loops = {"by hand": loop_by_hand(state, (x, y))}
    for road in (fnn.autodiff, fnn.backprop):
        made = dataclasses.replace(recipe, gradient=road)
        fresh = fnn.init(made, jax.random.key(0))
        loops[f"fnn, {road.__name__}"] = loop_of_fnn(made, fresh, fnn.Batch(x, y))
    return loops


def measure() -> dict[str, Any]:
    """Seconds a step, and to those by hand, as plain data."""
    runs = candidates()
    losses = {name: float(run()) for name, run in runs.items()}
    first = losses["by hand"]
    for name, loss in losses.items():
        # A fast wrong run is no run.
        assert abs(loss - first) < 1e-5, (name, loss, first)
    return {name: timing._asdict() for name, timing in interleave(runs).items()}


def main() -> None:
    timings = measure()
    if "--json" in sys.argv:
        print(json.dumps({"machine": machine(), "timings": timings}))
        return
    for key, value in machine().items():
        print(f"{key:16} {value}")
    print(f"\n{'step':16} {'us':>7} {'quartiles':>15} {'to by hand':>11}")
    for name, row in timings.items():
        spread = f"{row['low'] * 1e6:.1f} - {row['high'] * 1e6:.1f}"
        print(f"{name:16} {row['median'] * 1e6:7.1f} {spread:>15} {row['ratio']:11.3f}")


if __name__ == "__main__":
    main()
