"""The race: every candidate in a process of its own, one turn each, round after round.

A machine that others use changes its speed from minute to minute. So all candidates of
a case stay alive, wait while another one works, and ratios are taken within a round.
The order changes from round to round. One that dies or hangs is out; the others go on.
"""

import tempfile
from collections.abc import Callable, Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from math import isfinite, nan
from random import Random
from statistics import median

from benchmarks.cases import CASES
from benchmarks.peers import Entrant, Failed
from benchmarks.process import ColdProcess, Process
from benchmarks.record import Rows, interval, ratios
from fnn.cli.timing import time_of

CACHE = {
    "JAX_ENABLE_COMPILATION_CACHE": "true",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
Starts = dict[str, Callable[[], Process | ColdProcess]]


def race(case: str, entrants: list[Entrant], rounds: int) -> Rows:
    """Run one case.

    Returns:
        For each candidate the seconds of its set-up and first turn, its figure and
        whether that deviates, the peak memory of its process, and `samples`: its
        seconds a unit, round by round. Or why it failed.
    """
    if CASES[case].unit == "process":
        with tempfile.TemporaryDirectory() as folder:
            return judged(case, _run(_cold_starts(case, entrants, folder), rounds))
    starts: Starts = {one.name: partial(Process, one, case) for one in entrants}
    # The threads of some wait by spinning: side by side they would stop each other.
    alone = {one.name for one in entrants if not one.peer.compiles}
    return judged(case, _run(starts, rounds, alone))


def _cold_starts(case: str, entrants: list[Entrant], folder: str) -> Starts:
    """Without a cache for compiled programs; fnn, and JAX alone, with a filled one too.

    Every start is a process of a second or two, and the other peers' programs come out
    of the same cache.
    """
    cache = CACHE | {"JAX_COMPILATION_CACHE_DIR": folder}
    starts: Starts = {}
    for one in entrants:
        make = partial(ColdProcess, one, case)
        # Who fills a cache has also read the files from the disk.
        starts[one.name] = partial(make, not one.peer.compiles, {})
        if one.peer.name in ("fnn", "plain_jax"):
            starts[f"{one.name}, filled cache"] = partial(make, True, cache)
    return starts


def _run(starts: Starts, rounds: int, alone: Container[str] = ()) -> Rows:
    rows: Rows = {}
    running: dict[str, Process | ColdProcess] = {}

    @contextmanager
    def attempt(name: str) -> Iterator[None]:
        try:
            yield
        except (Failed, OSError, ValueError) as error:
            rows[name] = {"failed": str(error)}
            if name in running:
                running.pop(name).kill()

    def begin(name: str) -> None:
        with attempt(name):
            running[name] = starts[name]()
            rows[name] = running[name].read() | {"samples": []}

    try:
        # Setting up is not what is compared, and takes long.
        with ThreadPoolExecutor(2) as two:
            list(two.map(begin, [name for name in starts if name not in alone]))
        for name in starts:
            if name in alone:
                begin(name)
        for number in range(rounds):
            names = [name for name in starts if name in running]
            # Who ran just before leaves caches and threads behind.
            Random(number).shuffle(names)
            for name in names:
                with attempt(name):
                    rows[name]["samples"].append(running[name].turn())
        for name in list(running):
            with attempt(name):
                rows[name] |= running[name].end()
    finally:
        for process in running.values():
            process.kill()
    return {name: rows[name] for name in starts}


def judged(case: str, rows: Rows) -> Rows:
    """The rows, each told whether its figure deviates from the median of the finite."""
    figures = [row["figure"] for row in rows.values() if "figure" in row]
    finite = [figure for figure in figures if isfinite(figure)]
    judge = median(finite) if finite else nan
    allowed = CASES[case].tolerance * abs(judge)
    for row in rows.values():
        if "figure" in row:
            row["deviates"] = not abs(row["figure"] - judge) <= allowed
    return rows


def lines_of(rows: Rows) -> Iterator[str]:
    """One case for the terminal."""
    for name, ratio in ratios(rows).items():
        row = rows[name]
        seconds = interval(row["samples"])
        yield (
            f"  {name:50} {time_of(seconds.median):>9}"
            f"  ({time_of(seconds.low)} - {time_of(seconds.high)}) {ratio.median:7.2f}"
            f"  {row['figure']:.4g}{' deviates' if row['deviates'] else ''}"
        )
    for name, row in rows.items():
        if "failed" in row:
            yield f"  {name:50} failed: {row['failed']}"
