"""Timing side by side, and what the machine can do at most."""

import math
import os
import platform
import time
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Spread(NamedTuple):
    """The median of some figures and their quartiles."""

    median: float
    low: float
    high: float


def spread(figures: Sequence[float]) -> Spread:
    """Of one figure or more, the quartiles between them by linear interpolation."""
    return Spread(*np.quantile(figures, (0.5, 0.25, 0.75)).tolist())


def time_of(seconds: float) -> str:
    """Three digits and a unit."""
    for factor, unit in ((1e6, "us"), (1e3, "ms")):
        if seconds * factor < 999.5:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


class Timing(NamedTuple):
    """Seconds a call over the rounds, and how they compare with a baseline's.

    Attributes:
        median: of the seconds.
        low: first quartile.
        high: third quartile.
        ratios: the seconds over the baseline's of the same round, for each round.
    """

    median: float
    low: float
    high: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return spread(self.ratios).median


def interleave(
    candidates: dict[str, Callable[[], Any]], rounds: int = 61, seconds: float = 0.05
) -> dict[str, Timing]:
    """Time the candidates in turn, so that drift touches all alike.

    Each candidate is called once to compile, once more, and where that was not far too
    long five times, to see how often it fits into `seconds`: that often it is called in
    every round. A candidate returns arrays; a turn ends when the last is ready. Turns
    are short and ratios are taken within a round: a shared machine changes its speed
    between rounds more than within one. The order is drawn anew for each round, or the
    same one would always run after the same.

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
        long = _seconds_a_call(run, 1) > 4 * seconds
        calls[name] = 1 if long else max(1, round(seconds / _seconds_a_call(run, 5)))
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    names = list(candidates)
    for number in range(rounds):
        Random(number).shuffle(names)
        for name in names:
            samples[name].append(_seconds_a_call(candidates[name], calls[name]))
    baseline = next(iter(samples.values()))
    return {
        name: Timing(*spread(values), ratios_of(values, baseline))
        for name, values in samples.items()
    }


def ratios_of(seconds: Sequence[float], others: Sequence[float]) -> tuple[float, ...]:
    """Of figures taken in the same rounds."""
    return tuple(a / b for a, b in zip(seconds, others, strict=True))


def _seconds_a_call(run: Callable[[], Any], calls: int) -> float:
    result = None
    start = time.perf_counter()
    for _ in range(calls):
        result = run()
    jax.block_until_ready(result)
    return (time.perf_counter() - start) / calls


class Ceilings(NamedTuple):
    """What this machine does at most, as XLA reaches it.

    Attributes:
        matmul: float32 products, in operations a second; a fused multiply-add is two.
        matmul_bfloat16: the same with bfloat16 inputs and sums in float32.
        copy: bytes a second from main memory and back in place, both ways counted.
    """

    matmul: float
    matmul_bfloat16: float
    copy: float


def ceilings(size: int = 2048, megabytes: int = 256) -> Ceilings:
    """Measure them: the best of several products, and of several copies.

    Args:
        size: rows and columns of the matrices.
        megabytes: length of the array that is copied, far beyond any cache.
    """
    a = jax.random.normal(jax.random.key(0), (size, size), jnp.float32)
    long = jnp.ones(megabytes * 2**18, jnp.float32)

    @jax.jit
    def product(a: jax.Array) -> jax.Array:
        return jnp.matmul(a, a, preferred_element_type=jnp.float32)

    # Donated: a new array would be as many new pages, which are dearer than the copy.
    negated = jax.jit(jnp.negative, donate_argnums=0)

    def copy() -> jax.Array:
        nonlocal long
        long = negated(long)
        return long

    half = a.astype(jnp.bfloat16)
    work = 2.0 * size**3
    return Ceilings(
        work / _best(lambda: product(a)),
        work / _best(lambda: product(half)),
        2 * long.nbytes / _best(copy),
    )


def _best(run: Callable[[], Any], seconds: float = 0.5) -> float:
    jax.block_until_ready(run())
    calls = max(5, round(seconds / _seconds_a_call(run, 1)))
    return min(_seconds_a_call(run, 1) for _ in range(calls))


def operations(sizes: Sequence[int], rows: int) -> float:
    """Of a training step's products, a multiply-add being two.

    Three products a layer (outputs, gradient, delta), but the inputs need no delta.
    """
    products = [a * b for a, b in pairwise(sizes)]
    return 2.0 * rows * (3 * sum(products) - products[0])


def parameters(sizes: Sequence[int]) -> int:
    """Weights and biases of dense layers."""
    return sum((a + 1) * b for a, b in pairwise(sizes))


def roofline(
    sizes: Sequence[int], rows: int, peak: Ceilings, half: bool = False
) -> float:
    """Seconds that a step with Adam takes at least.

    Its products at the matmul peak, or the seven arrays that Adam reads and writes at
    copy bandwidth, whichever is longer. What a cache can hold need not be moved.
    """
    seconds = operations(sizes, rows) / (peak.matmul_bfloat16 if half else peak.matmul)
    size = 4 * parameters(sizes)
    # Held are parameters, gradients and both moments; all but gradients are written.
    return max(seconds, 7 * size / peak.copy) if 4 * size > _cache() else seconds


def _cache() -> float:
    """Bytes of the processor's last cache; infinite where nothing tells."""
    if jax.default_backend() != "cpu":
        return 0.0
    try:
        text = Path("/sys/devices/system/cpu/cpu0/cache/index3/size").read_text()
    except OSError:
        return math.inf
    return 1024.0 * int(text.strip().removesuffix("K"))


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
