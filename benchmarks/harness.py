"""Timing side by side: candidates in turn, medians and spread, compilation apart."""

import os
import platform
import time
from collections.abc import Callable
from datetime import date
from statistics import median, quantiles
from typing import Any, NamedTuple

import jax


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
