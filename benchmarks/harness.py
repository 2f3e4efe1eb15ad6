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
    """Seconds a call over the rounds."""

    median: float
    low: float
    high: float


def interleave(
    candidates: dict[str, Callable[[], Any]], rounds: int = 9, seconds: float = 0.2
) -> dict[str, Timing]:
    """Time the candidates in turn, A B A B ..., so that drift touches all alike.

    Each candidate is called until it is warm, then in every round as often as fits
    into `seconds`. A candidate returns arrays; a round ends when the last is ready.

    Args:
        candidates: a function without arguments for each name.
        rounds: how often each one has its turn.
        seconds: length of a turn.

    Returns:
        For each name the median and the quartiles of the seconds a call.
    """
    calls = {}
    for name, run in candidates.items():
        jax.block_until_ready(run())
        calls[name] = max(1, round(seconds / _seconds_a_call(run, 20)))
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            samples[name].append(_seconds_a_call(run, calls[name]))
    timings = {}
    for name, values in samples.items():
        low, _, high = quantiles(values, n=4)
        timings[name] = Timing(median(values), low, high)
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
