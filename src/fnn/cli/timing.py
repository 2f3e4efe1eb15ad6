"""Timing side by side, and what the machine can do at most."""

import os
import platform
import time
from collections.abc import Callable
from datetime import date
from statistics import median, quantiles
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Timing(NamedTuple):
    """Seconds a call over the rounds, and how they compare with a baseline's.

    Attributes:
        median: of the seconds.
        low: first quartile.
        high: third quartile.
        ratio: median over the rounds of the seconds over the baseline's in that round.
    """

    median: float
    low: float
    high: float
    ratio: float


def interleave(
    candidates: dict[str, Callable[[], Any]], rounds: int = 61, seconds: float = 0.05
) -> dict[str, Timing]:
    """Time the candidates in turn, A B A B ..., so that drift touches all alike.

    Each candidate is called until it is warm, then in every round as often as fits
    into `seconds`. A candidate returns arrays; a turn ends when the last is ready.
    Turns are short and ratios are taken within a round: a shared machine changes its
    speed between rounds more than within one.

    Args:
        candidates: a function without arguments for each name; the first is the
            baseline.
        rounds: how often each one has its turn.
        seconds: length of a turn.

    Returns:
        A `Timing` for each name.
    """
    calls = {}
    for name, run in candidates.items():
        jax.block_until_ready(run())
        calls[name] = max(1, round(seconds / _seconds_a_call(run, 20)))
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            samples[name].append(_seconds_a_call(run, calls[name]))
    baseline = next(iter(samples.values()))
    timings = {}
    for name, values in samples.items():
        low, _, high = quantiles(values, n=4)
        ratio = median(a / b for a, b in zip(values, baseline, strict=True))
        timings[name] = Timing(median(values), low, high, ratio)
    return timings


def _seconds_a_call(run: Callable[[], Any], calls: int) -> float:
    result = None
    start = time.perf_counter()
    for _ in range(calls):
        result = run()
    jax.block_until_ready(result)
    return (time.perf_counter() - start) / calls


class Ceilings(NamedTuple):
    """What no program can exceed here, as XLA reaches it.

    Attributes:
        matmul: float32 products, in operations a second; a fused multiply-add is two.
        matmul_bfloat16: the same with bfloat16 inputs and sums in float32.
        copy: bytes a second, read and written both counted.
    """

    matmul: float
    matmul_bfloat16: float
    copy: float


def ceilings(size: int = 2048, megabytes: int = 256) -> Ceilings:
    """Measure them: the best of several products, and of several copies.

    Args:
        size: rows and columns of the matrices.
        megabytes: length of the array that is copied.
    """
    a = jax.random.normal(jax.random.key(0), (size, size), jnp.float32)
    long = jnp.ones(megabytes * 2**18, jnp.float32)

    @jax.jit
    def product(a: jax.Array) -> jax.Array:
        return jnp.matmul(a, a, preferred_element_type=jnp.float32)

    @jax.jit
    def copy(long: jax.Array) -> jax.Array:
        return -long

    half = a.astype(jnp.bfloat16)
    operations = 2.0 * size**3
    return Ceilings(
        operations / _best(lambda: product(a)),
        operations / _best(lambda: product(half)),
        2 * long.nbytes / _best(lambda: copy(long)),
    )


def _best(run: Callable[[], Any], seconds: float = 0.5) -> float:
    jax.block_until_ready(run())
    calls = max(5, round(seconds / _seconds_a_call(run, 1)))
    return min(_seconds_a_call(run, 1) for _ in range(calls))


def machine() -> dict[str, str]:
    """What a figure must be read with: date, processor, versions, flags."""
    return {
        "date": date.today().isoformat(),
        "cores": str(os.cpu_count()),
        "processor": _processor(),
        "python": platform.python_version(),
        "jax": jax.__version__,
        "device": jax.devices()[0].device_kind,
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "unset"),
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", "unset"),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = (line for line in file if line.startswith("model name"))
            return next(names).split(":")[1].strip()
    except (OSError, StopIteration):
        return platform.processor()
