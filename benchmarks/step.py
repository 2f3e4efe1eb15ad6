"""`fnn.train_step` in a Python loop beside the same step written by hand.

Case C1: 64-100-10, ReLU, softmax cross-entropy, Adam, batch 32. All candidates are
jitted with a donated state and draw the same numbers.

    python -m benchmarks.step [--json]
"""

import json
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fnn
from benchmarks.harness import interleave, machine

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


class Loop:
    """A step and the state it carries, called once a turn."""

    def __init__(self, step: Any, state: Any, *arguments: Any) -> None:
        self.step, self.state, self.arguments = step, state, arguments

    def __call__(self) -> Any:
        self.state, told = self.step(self.state, *self.arguments)
        return told


def candidates() -> dict[str, Loop]:
    """Hand-written, and fnn by either road with the recipe as an argument."""
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(ROWS, SIZES[0])), jnp.float32)
    y = jnp.asarray(rng.integers(0, SIZES[-1], ROWS), jnp.int32)
    loops = {}
    for road in (fnn.autodiff, fnn.backprop):
        recipe = fnn.Recipe(
            fnn.layers.mlp(SIZES),
            fnn.losses.SoftmaxCrossEntropy(),
            fnn.optimizers.Adam(RATE),
            gradient=road,
        )
        recipe = jax.device_put(recipe)
        state = fnn.init(recipe, jax.random.key(0))
        step = jax.jit(fnn.train_step, donate_argnums=1)

        def call(state: Any, step: Any = step, recipe: Any = recipe) -> Any:
            return step(recipe, state, fnn.Batch(x, y))

        loops[f"fnn, {road.__name__}"] = Loop(call, state)
        layers = [layer for layer in state.params if layer]
    params = [(jnp.copy(layer["w"]), jnp.copy(layer["b"])) for layer in layers]
    zeros = jax.tree.map(jnp.zeros_like, params)
    start = (params, zeros, jax.tree.map(jnp.copy, zeros), jnp.zeros((), jnp.int32))
    return {
        "by hand": Loop(jax.jit(by_hand, donate_argnums=0), start, (x, y)),
        **loops,
    }


def main() -> None:
    runs = candidates()
    losses = {name: run() for name, run in runs.items()}
    first = float(losses.pop("by hand"))
    for name, info in losses.items():
        # A fast wrong run is no run.
        assert abs(float(info.loss) - first) < 1e-5, (name, float(info.loss), first)
    timings = interleave(runs)
    if "--json" in sys.argv:
        ratios = {name: timing.ratio for name, timing in timings.items()}
        print(json.dumps({"machine": machine(), "ratios": ratios}))
        return
    for key, value in machine().items():
        print(f"{key:16} {value}")
    print(f"\n{'step':16} {'us':>7} {'quartiles':>15} {'to by hand':>11}")
    for name, timing in timings.items():
        spread = f"{timing.low * 1e6:.1f} - {timing.high * 1e6:.1f}"
        print(f"{name:16} {timing.median * 1e6:7.1f} {spread:>15} {timing.ratio:11.3f}")


if __name__ == "__main__":
    main()
