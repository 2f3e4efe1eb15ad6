"""Time and memory of a training step against width, depth, batch and networks.

Beside each figure stands its bound. For time: the products at the measured matmul peak
or the arrays that Adam must move at the measured copy bandwidth, whichever is longer.
For memory: parameters, their two moments and gradients, and one array a layer for the
way back.

    python -m benchmarks.scaling
"""

import json
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

import fnn
from fnn.cli.timing import Ceilings, ceilings, interleave, machine

WIDTHS = (16, 32, 64, 128, 256, 512, 1024, 2048)
DEPTHS = (3, 10, 30, 100, 300, 1000, 3000)
BATCHES = (1, 4, 16, 64, 256, 1024, 4096)
NETWORKS = (1, 4, 16, 64, 256, 1024)
WIDTH, DEPTH, ROWS = 256, 4, 128
L = fnn.layers


class Shape(NamedTuple):
    """A network of `depth` square layers on a batch."""

    width: int
    depth: int
    rows: int

    @property
    def parameters(self) -> int:
        return self.depth * self.width * (self.width + 1)

    def bound_seconds(self, peak: Ceilings) -> float:
        # Three products a layer, but for the first one's inputs no delta is needed.
        products = 3 * self.depth - 1
        operations = 2.0 * products * self.rows * self.width**2
        # Reads of parameters, gradients and both moments; writes of all but gradients.
        moved = 7 * 4 * self.parameters
        return max(operations / peak.matmul, moved / peak.copy)

    def bound_bytes(self) -> int:
        return 4 * (4 * self.parameters + self.depth * self.rows * self.width)


def step_of(shape: Shape) -> tuple[Any, int]:
    """(a training step as a function without arguments, bytes it needs)."""
    dense = L.Dense(
        shape.width, shape.width, weight_initializer=fnn.initializers.Orthogonal()
    )
    recipe = fnn.Recipe(
        L.Sequential(dense, L.Repeat(L.Sequential(L.Tanh(), dense), shape.depth - 1)),
        fnn.losses.MeanSquaredError(),
        fnn.optimizers.Adam(1e-5),
        gradient=fnn.backprop,
    )
    x = np.random.default_rng(0).normal(size=(shape.rows, shape.width))
    x = x.astype(np.float32)
    recipe, batch = jax.device_put((recipe, fnn.Batch(x, x)))
    state = jax.jit(fnn.init)(recipe, jax.random.key(0))
    step = jax.jit(fnn.train_step, donate_argnums=1)
    program = step.lower(recipe, state, batch).compile()
    memory: Any = program.memory_analysis()

    def turn() -> Any:
        nonlocal state
        state, info = program(recipe, state, batch)
        return info

    return turn, memory.temp_size_in_bytes + memory.argument_size_in_bytes


def curve(shapes: dict[int, Shape], peak: Ceilings) -> Iterator[dict[str, float]]:
    """One point after the other."""
    for x, shape in shapes.items():
        turn, needed = step_of(shape)
        timing = interleave({"step": turn}, rounds=7)["step"]
        yield {
            "x": x,
            "seconds": timing.median,
            "bytes": needed,
            "bound_seconds": shape.bound_seconds(peak),
            "bound_bytes": shape.bound_bytes(),
        }


def networks(peak: Ceilings) -> Iterator[dict[str, float]]:
    """Seconds of a sweep's step, over all its networks 64-32-10 (case C5)."""
    recipe = fnn.Recipe(
        L.mlp((64, 32, 10)),
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.optimizers.Adam(),
        gradient=fnn.backprop,
    )
    data, rows, epochs = fnn.data.digits(), 64, 2
    steps = epochs * (len(data.x) // rows)
    operations = 2.0 * rows * (2 * 64 * 32 + 3 * 32 * 10)
    for count in NETWORKS:
        keys = jax.random.split(jax.random.key(0), count)
        seconds = []
        for _ in range(4):
            start = time.perf_counter()
            fnn.sweep(recipe, keys, data, epochs=epochs, batch_size=rows)
            seconds.append(time.perf_counter() - start)
        # The first one compiles.
        needed = 4 * 4 * count * fnn.parameter_count(fnn.init(recipe, keys[0]).params)
        yield {
            "x": count,
            "seconds": float(np.median(seconds[1:])) / steps,
            "bound_seconds": count * operations / peak.matmul,
            "bound_bytes": needed,
        }


def measure() -> dict[str, Any]:
    """All curves, as plain data."""
    peak = ceilings()
    shapes = {
        "width": {width: Shape(width, DEPTH, ROWS) for width in WIDTHS},
        "depth": {depth: Shape(64, depth, 64) for depth in DEPTHS},
        "batch": {rows: Shape(WIDTH, DEPTH, rows) for rows in BATCHES},
    }
    curves = {name: list(curve(of, peak)) for name, of in shapes.items()}
    curves["networks"] = list(networks(peak))
    return {"ceilings": peak._asdict(), "curves": curves}


if __name__ == "__main__":
    print(json.dumps({"machine": machine()} | measure(), indent=1))
