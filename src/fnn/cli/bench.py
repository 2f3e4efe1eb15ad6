"""`fnn bench`: how fast fnn trains here, and how fast it could at most."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import jax
from jax import lax

import fnn
from fnn.cli.options import Json
from fnn.cli.output import console, grid, print_json
from fnn.cli.timing import (
    Ceilings,
    Spread,
    ceilings,
    interleave,
    machine,
    roofline,
    spread,
    time_of,
)

_SECONDS, _ROUNDS = 0.2, 7
L = fnn.layers


class Job(NamedTuple):
    """A network and its batch."""

    name: str
    sizes: tuple[int, ...]
    batch_size: int
    steps: int
    half: bool = False


class Result(NamedTuple):
    """Of one case.

    Attributes:
        case: what it was.
        seconds: median, a step.
        low: first quartile.
        high: third quartile.
        compile_seconds: of the program of all steps; of a sweep, what its first call
            took longer.
        samples_per_second: examples, of all networks together.
        share: of the roofline: the least time that it allows, over `seconds`.
    """

    case: str
    seconds: float
    low: float
    high: float
    compile_seconds: float
    samples_per_second: float
    share: float


_SMALL = (
    Job("64-100-10, batch 32", (64, 100, 10), 32, 100),
    Job("784-512-256-10, batch 128", (784, 512, 256, 10), 128, 20),
    Job("1024-4096-4096-1024, batch 512", (1024, 4096, 4096, 1024), 512, 1),
    Job(
        "1024-4096-4096-1024, batch 512, bfloat16",
        (1024, 4096, 4096, 1024),
        512,
        1,
        True,
    ),
    Job("150 layers of 64, batch 64", (64,) * 151, 64, 4),
)
_LARGE = (
    Job("64-100-10, batch 32", (64, 100, 10), 32, 1000),
    Job("4 layers of 64, batch 2^14", (64,) * 5, 2**14, 100),
    Job("4 layers of 64, batch 2^20", (64,) * 5, 2**20, 4),
    Job("2 layers of 128, batch 2^20", (128,) * 3, 2**20, 4),
    Job("4 layers of 4096, batch 2^14", (4096,) * 5, 2**14, 2),
    Job("4 layers of 4096, batch 2^14, bfloat16", (4096,) * 5, 2**14, 2, True),
    Job("150 layers of 64, batch 2^14", (64,) * 151, 2**14, 4),
)
_SWEEP = Job("", (64, 32, 10), 64, 28)
_NETWORKS = {"small": 64, "large": 1024}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Time training on this machine, beside what the machine can do at most.

    Steps with Adam and backprop as one program, and a sweep of many networks.
    """

    size: Literal["auto", "small", "large"] = "auto"
    """Of the cases: small for a CPU, large for an accelerator."""
    json: Json = False

    def run(self, started: float) -> int:
        """Measure and tell."""
        del started
        size = self.size
        if size == "auto":
            size = "small" if jax.default_backend() == "cpu" else "large"
        peak = ceilings(*((2048, 256) if size == "small" else (8192, 4096)))
        jobs = _SMALL if size == "small" else _LARGE
        results = [measure(job, peak) for job in jobs]
        results += [measure_sweep(_NETWORKS[size], peak)]
        told = machine()
        if self.json:
            print_json(
                {
                    "machine": told,
                    "ceilings": peak._asdict(),
                    "cases": [result._asdict() for result in results],
                }
            )
            return 0
        out = console(False)
        out.print(", ".join(f"{key} {value}" for key, value in told.items()))
        out.print(
            f"matmul {peak.matmul / 1e12:.3g} TFLOP/s in float32, "
            f"{peak.matmul_bfloat16 / 1e12:.3g} in bfloat16; "
            f"copy {peak.copy / 1e9:.3g} GB/s"
        )
        table = grid(
            "training", "a step", "quartiles", "samples/s", "bound", "compiled"
        )
        for row in _rows(results):
            table.add_row(*row)
        out.print(table)
        return 0


def measure(job: Job, peak: Ceilings) -> Result:
    """Steps as one program, the state donated."""
    recipe = fnn.Recipe(
        _model(job),
        fnn.losses.MeanSquaredError(),
        fnn.optimizers.Adam(1e-5),
        gradient=fnn.backprop,
    )
    keys = jax.random.split(jax.random.key(0))
    shapes = ((job.batch_size, job.sizes[0]), (job.batch_size, job.sizes[-1]))
    batch = fnn.Batch(
        *(jax.random.normal(k, s) for k, s in zip(keys, shapes, strict=True))
    )
    recipe = jax.device_put(recipe)
    state = jax.jit(fnn.init)(recipe, jax.random.key(0))

    def steps(recipe: fnn.Recipe, state: fnn.TrainState, batch: fnn.Batch) -> Any:
        def step(state: fnn.TrainState, _: None) -> tuple[fnn.TrainState, jax.Array]:
            state, info = fnn.train_step(recipe, state, batch)
            return state, info.loss

        return lax.scan(step, state, length=job.steps)

    start = time.perf_counter()
    program = jax.jit(steps, donate_argnums=1).lower(recipe, state, batch).compile()
    compiled = time.perf_counter() - start

    def turn() -> jax.Array:
        nonlocal state
        state, losses = program(recipe, state, batch)
        return losses

    timing = interleave({job.name: turn}, _ROUNDS, _SECONDS)[job.name]
    seconds = Spread(*(value / job.steps for value in timing[:3]))
    return _result(job, 1, seconds, compiled, peak)


def measure_sweep(networks: int, peak: Ceilings) -> Result:
    """Networks 64-32-10 on the digits, two epochs of `fnn.sweep`."""
    recipe = fnn.Recipe(
        L.mlp(_SWEEP.sizes),
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.optimizers.Adam(),
        gradient=fnn.backprop,
    )
    keys = jax.random.split(jax.random.key(0), networks)
    data = fnn.data.digits()
    seconds = []
    for _ in range(_ROUNDS + 1):
        start = time.perf_counter()
        fnn.sweep(recipe, keys, data, epochs=2, batch_size=_SWEEP.batch_size)
        seconds.append((time.perf_counter() - start) / (2 * _SWEEP.steps))
    told = spread(seconds[1:])
    compiled = (seconds[0] - told.median) * 2 * _SWEEP.steps
    job = _SWEEP._replace(name=f"{networks} networks 64-32-10, batch 64")
    return _result(job, networks, told, compiled, peak)


def _model(job: Job) -> L.Layer:
    deep = len(job.sizes) > 100
    model = L.mlp(job.sizes)
    if deep:
        dense = L.Dense(64, 64, weight_initializer=fnn.initializers.Orthogonal())
        hidden = L.Sequential(L.Tanh(), dense)
        model = L.Sequential(dense, L.Repeat(hidden, len(job.sizes) - 2))
    return L.MixedPrecision(model) if job.half else model


def _result(
    job: Job, networks: int, seconds: Spread, compiled: float, peak: Ceilings
) -> Result:
    bound = networks * roofline(job.sizes, job.batch_size, peak, job.half)
    return Result(
        job.name,
        *seconds,
        compile_seconds=compiled,
        samples_per_second=networks * job.batch_size / seconds.median,
        share=bound / seconds.median,
    )


def _rows(results: list[Result]) -> Iterator[tuple[str, ...]]:
    for row in results:
        yield (
            row.case,
            time_of(row.seconds),
            f"{row.low / row.seconds - 1:+.0%} {row.high / row.seconds - 1:+.0%}",
            f"{row.samples_per_second:.2e}",
            f"{row.share:.0%}",
            time_of(row.compile_seconds),
        )
