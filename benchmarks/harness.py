"""The race: every candidate in a process of its own, one turn each, round after round.

A machine that others use changes its speed from minute to minute. So all candidates of
a case stay alive, wait while another one works, and ratios are taken within a round.
"""

import tempfile
import time
from collections.abc import Iterator
from statistics import median, quantiles
from typing import Any

from benchmarks.peers import Entrant
from benchmarks.process import Process

CACHE = {
    "JAX_ENABLE_COMPILATION_CACHE": "true",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


def race(case: str, entrants: list[Entrant], rounds: int) -> dict[str, Any]:
    """Run one case.

    Returns:
        For each entrant its figure, its first turn's and its median seconds a unit,
        the quartiles, the peak memory of its process, and `ratio`: the median over the
        rounds of its seconds over those of the first entrant. Or why it failed.
    """
    told: dict[str, Any] = {}
    running: dict[str, Process] = {}
    try:
        for entrant in entrants:
            process = Process(entrant, case)
            first = process.read()
            if first is None:
                told[entrant.name] = {"failed": process.last_words()}
            else:
                told[entrant.name], running[entrant.name] = first, process
        samples: dict[str, list[float]] = {name: [] for name in running}
        for _ in range(rounds):
            for name, process in running.items():
                samples[name].append(process.turn())
        for name, process in running.items():
            told[name] |= process.end()
    finally:
        for process in running.values():
            process.kill()
    return _with_times(told, samples)


def race_cold(
    case: str, entrants: list[Entrant], rounds: int, cached: bool
) -> dict[str, Any]:
    """Run a case whose unit is a whole process, with a filled cache or without any."""
    samples: dict[str, list[float]] = {entrant.name: [] for entrant in entrants}
    with tempfile.TemporaryDirectory() as folder:
        variables = CACHE | {"JAX_COMPILATION_CACHE_DIR": folder} if cached else {}
        for number in range(rounds + 1):
            for entrant in entrants:
                start = time.perf_counter()
                process = Process(entrant, case, "--once", variables=variables)
                process.end()
                # The first round reads files from the disk and fills the cache.
                if number:
                    samples[entrant.name].append(time.perf_counter() - start)
    return _with_times({entrant.name: {} for entrant in entrants}, samples)


def _with_times(told: dict[str, Any], samples: dict[str, list[float]]) -> Any:
    if not samples:
        return told
    baseline = next(iter(samples.values()))
    for name, values in samples.items():
        low, _, high = quantiles(values, n=4)
        ratios = [a / b for a, b in zip(values, baseline, strict=True)]
        told[name] |= {
            "seconds": median(values),
            "low": low,
            "high": high,
            "ratio": median(ratios),
        }
    return told


def lines_of(told: dict[str, Any]) -> Iterator[str]:
    """One case for the terminal."""
    for name, row in told.items():
        if "failed" in row:
            yield f"  {name:40} failed: {row['failed']}"
            continue
        figure = f"{row['figure']:.4g}" if "figure" in row else ""
        yield (
            f"  {name:40} {row['seconds'] * 1e6:12,.1f} us"
            f" ({row['low'] * 1e6:,.1f} - {row['high'] * 1e6:,.1f})"
            f" {row['ratio']:7.2f}  {figure}"
        )
