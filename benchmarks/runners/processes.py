"""The first two networks of the sweep, where a library trains one at a time."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from benchmarks.cases import NETWORKS, Weights
from benchmarks.turns import Run


def in_turn(trained: Callable[[int], Weights], over: Any = map) -> Run:
    """One after the other: `trained(seed)` gives a network's last weights."""
    found: list[Weights] = []

    def turn() -> None:
        found[:] = over(trained, (0, 1))

    return Run(turn, lambda: found, 2 / NETWORKS)


def in_processes(trained: Callable[[int], Weights]) -> Run:
    """One in each of two processes, which stay alive between the turns."""
    # None of them inherits a library's threads.
    context = multiprocessing.get_context("spawn")
    return in_turn(trained, ProcessPoolExecutor(2, context).map)
