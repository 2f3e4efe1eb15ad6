"""Time and memory of a training step against width, depth, batch and networks.

Beside each figure stands its bound. For time: `roofline`. For memory: parameters, their
two moments and gradients, each layer's inputs, and the targets; of a sweep the
parameters and moments of all networks, as gradients need only be those under way.

    python -m benchmarks.scaling
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import jax
import numpy as np

import fnn
from benchmarks.peers import ROOT, ensure_environment, environment
from benchmarks.runners.loops import again
from fnn.cli.timing import (
    Ceilings,
    ceilings,
    interleave,
    machine,
    parameters,
    roofline,
)

WIDTHS = (16, 32, 64, 128, 256, 512, 1024, 2048)
DEPTHS = (3, 10, 30, 100, 300, 1000, 3000)
BATCHES = (1, 4, 16, 64, 256, 1024, 4096)
NETWORKS = (1, 4, 16, 64, 256, 1024)
SEVERAL = 64  # whose memory is seen beside what the program itself frees
SMALL, EPOCHS = (64, 32, 10), (2, 7)  # of a sweep
WIDTH, DEPTH, ROWS = 256, 4, 128
L = fnn.layers


class Shape(NamedTuple):
    """A network of `depth` square layers on a batch."""

    width: int
    depth: int
    rows: int

    @property
    def sizes(self) -> tuple[int, ...]:
        return (self.width,) * (self.depth + 1)

    def bound_bytes(self) -> int:
        arrays = (self.depth + 1) * self.rows * self.width
        return 4 * (4 * parameters(self.sizes) + arrays)


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
    x, y = np.random.default_rng(0).normal(size=(2, shape.rows, shape.width))
    batch = fnn.Batch(x.astype(np.float32), y.astype(np.float32))
    recipe, batch = jax.device_put((recipe, batch))
    state = jax.jit(fnn.init)(recipe, jax.random.key(0))
    step = jax.jit(fnn.train_step, donate_argnums=1)
    program = step.lower(recipe, state, batch).compile()
    memory: Any = program.memory_analysis()
    needed = memory.temp_size_in_bytes + memory.argument_size_in_bytes
    return again(partial(program, recipe), state, batch), needed


def curve(shapes: dict[int, Shape], peak: Ceilings) -> Iterator[dict[str, float]]:
    """One point after the other."""
    for x, shape in shapes.items():
        turn, needed = step_of(shape)
        timing = interleave({"step": turn}, rounds=5)["step"]
        yield {
            "x": x,
            "seconds": timing.median,
            "bytes": needed,
            "bound_seconds": roofline(shape.sizes, shape.rows, peak),
            "bound_bytes": shape.bound_bytes(),
        }


def sweep(networks: int, epochs: int) -> float:
    """Seconds of a sweep of case C5's networks."""
    recipe = fnn.Recipe(
        L.mlp(SMALL),
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.optimizers.Adam(),
        gradient=fnn.backprop,
    )
    keys = jax.random.split(jax.random.key(0), networks)
    start = time.perf_counter()
    fnn.sweep(recipe, keys, fnn.data.digits(), epochs=epochs, batch_size=64)
    return time.perf_counter() - start


def networks(peak: Ceilings) -> Iterator[dict[str, float]]:
    """Seconds of one step of all networks: what more epochs cost, over their steps."""
    few, many = EPOCHS
    steps = (many - few) * (len(fnn.data.digits().x) // 64)
    for count in NETWORKS:
        added = [sweep(count, many) - sweep(count, few) for _ in range(3)]
        point = {
            "x": count,
            # The first ones compile.
            "seconds": median(added[1:]) / steps,
            "bound_seconds": count * roofline(SMALL, 64, peak),
            "bound_bytes": 3 * 4 * count * parameters(SMALL),
        }
        if sys.platform == "linux" and count >= SEVERAL:
            point["bytes"] = network_bytes(count)
        yield point


def network_bytes(count: int) -> int:
    """What a sweep adds to the memory of a new process."""
    words = [sys.executable, "-m", "benchmarks.scaling", "--bytes", str(count)]
    return int(subprocess.check_output(words, cwd=ROOT, env=environment()))


def grown(count: int) -> int:
    """Bytes by which a sweep raises the memory in use at most, its program compiled."""
    sweep(16, 1)
    # Lets the kernel count the peak from here.
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak()
    sweep(count, 1)
    return _peak() - before


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(x.split()[1]) for x in lines if x.startswith("VmHWM"))


def measure() -> dict[str, Any]:
    """All curves, as plain data; the memory of a sweep where Linux tells it."""
    peak = ceilings()
    shapes = {
        "width": {width: Shape(width, DEPTH, ROWS) for width in WIDTHS},
        "depth": {depth: Shape(64, depth, 64) for depth in DEPTHS},
        "batch": {rows: Shape(WIDTH, DEPTH, rows) for rows in BATCHES},
    }
    curves = {name: list(curve(of, peak)) for name, of in shapes.items()}
    return {"curves": curves | {"networks": list(networks(peak))}}


def main() -> None:
    ensure_environment()
    if "--bytes" in sys.argv:
        print(grown(int(sys.argv[-1])))
        return
    print(json.dumps({"machine": machine()} | measure(), indent=1))


if __name__ == "__main__":
    main()
