"""What depth costs: compilation, memory and time of a stack, and of its statistics.

The gradients alone of a plain stack of (Tanh, Dense) layers of width 64, batch 64, by
`fnn.backprop` beside `jax.grad`, plain and with each layer's activations recomputed;
whole steps are case C4. Then a step with statistics of every layer beside one without.

    python -m benchmarks.depth [--json]
"""

import dataclasses
import json
import sys
import time
from functools import cache, partial
from typing import Any

import jax
import numpy as np

import fnn
from benchmarks.peers import ensure_environment
from benchmarks.runners.loops import again
from fnn.cli.timing import interleave, machine, spread

WIDTH, ROWS, DEEP, SHALLOW = 64, 64, 1000, 10
L = fnn.layers
BLOCK = L.Sequential(
    L.Tanh(), L.Dense(WIDTH, WIDTH, weight_initializer=fnn.initializers.Orthogonal())
)
LOSS = fnn.losses.SoftmaxCrossEntropy()
STATISTICS = {
    "150 layers of 64, batch 64": (L.Repeat(BLOCK, 150), 64, 64),
    "8 layers of 512, batch 512": (L.mlp((512, *[512] * 8, 10)), 512, 512),
    "784-512-256-10, batch 128": (L.mlp((784, 512, 256, 10)), 784, 128),
}


def batch(rows: int, n_in: int) -> fnn.Batch:
    """Random numbers: what they are does not matter for time."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, n_in)).astype(np.float32)
    return jax.device_put(fnn.Batch(x, rng.integers(0, 10, rows).astype(np.int32)))


@cache
def initial(model: L.Layer) -> tuple[Any, Any]:
    """(params, stats), drawn once: how long that takes is not asked here."""
    return model.init(jax.random.key(0))


def compiled(model: L.Layer, road: Any) -> tuple[Any, float, tuple[Any, ...]]:
    """(program, seconds to trace and compile it, its arguments)."""
    arguments = (*initial(model), batch(ROWS, WIDTH), jax.random.key(1))

    def gradients(params: Any, stats: Any, batch: fnn.Batch, key: jax.Array) -> Any:
        return road(model, LOSS, params, stats, batch, key)

    jax.clear_caches()
    start = time.perf_counter()
    program = jax.jit(gradients).lower(*arguments).compile()
    return program, time.perf_counter() - start, arguments


def stacks() -> dict[str, tuple[L.Layer, Any]]:
    """What is compared at depth 1,000; the first is the baseline."""
    plain, kept = L.Repeat(BLOCK, DEEP), L.Repeat(L.Checkpoint(BLOCK), DEEP)
    nested = L.Repeat(L.Checkpoint(L.Repeat(BLOCK, 25)), DEEP // 25)
    return {
        "jax.grad": (plain, fnn.autodiff),
        "jax.grad, checkpoint": (kept, fnn.autodiff),
        "backprop": (plain, fnn.backprop),
        "jax.grad, every 25th kept": (nested, fnn.autodiff),
        "backprop, every 25th kept": (nested, fnn.backprop),
    }


def measure_statistics() -> dict[str, tuple[float, ...]]:
    """For each network and road, the step with statistics over the step without."""
    step = jax.jit(fnn.train_step, donate_argnums=1)
    ratios = {}
    for network, (model, n_in, rows) in STATISTICS.items():
        for road in (fnn.autodiff, fnn.backprop):
            recipe = fnn.Recipe(model, LOSS, fnn.optimizers.Adam(1e-4), gradient=road)
            told = dataclasses.replace(recipe, report=("statistics",))  # pyright: ignore
            state, data = fnn.init(recipe, jax.random.key(0)), batch(rows, n_in)
            runs = {
                name: again(
                    partial(step, jax.device_put(given)),
                    jax.tree.map(jax.numpy.copy, state),
                    data,
                )
                for name, given in (("without", recipe), ("with", told))
            }
            timing = interleave(runs, rounds=21, seconds=0.05)["with"]
            ratios[f"{network}, {road.__name__}"] = timing.ratios
    return ratios


def measure() -> dict[str, Any]:
    """Everything, as plain data."""
    compile_ratio = {
        name: tuple(
            compiled(L.Repeat(BLOCK, DEEP), road)[1]
            / compiled(L.Repeat(BLOCK, SHALLOW), road)[1]
            for _ in range(5)
        )
        for name, road in (("jax.grad", fnn.autodiff), ("backprop", fnn.backprop))
    }
    programs = {name: compiled(*pair) for name, pair in stacks().items()}
    memory = {
        name: program.memory_analysis().temp_size_in_bytes / 1e6
        for name, (program, _, _) in programs.items()
    }
    runs = {
        name: partial(program, *arguments)
        for name, (program, _, arguments) in programs.items()
    }
    timings = interleave(runs, rounds=7, seconds=0.2)
    return {
        "compile_1000_over_10": compile_ratio,
        "temporaries_mb": memory,
        "time": {name: timing._asdict() for name, timing in timings.items()},
        "statistics_over_plain": measure_statistics(),
    }


def main() -> None:
    ensure_environment()
    result = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps({"machine": machine()} | result))
        return
    print(", ".join(f"{key} {value}" for key, value in machine().items()))
    for name, ratios in result["compile_1000_over_10"].items():
        ratio = spread(ratios).median
        print(f"compile, {DEEP} over {SHALLOW} layers, {name:10} {ratio:5.2f}")
    print(f"gradients of {DEEP} layers             ms      MB   of jax.grad")
    for name, timing in result["time"].items():
        megabytes = result["temporaries_mb"][name]
        print(
            f"  {name:28} {timing['median'] * 1e3:8.1f} {megabytes:7.1f}"
            f" {spread(timing['ratios']).median:8.2f}"
        )
    print("a step with statistics over the step without")
    for name, ratios in result["statistics_over_plain"].items():
        print(f"  {name:40} {spread(ratios).median:5.2f}")


if __name__ == "__main__":
    main()
