"""A runner's side of the benchmark: one candidate, one turn whenever it is told.

Beside Python 3.11 only NumPy is needed here: any peer's interpreter can run it.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks import cases

SECONDS = 0.1  # of a turn, about
WARM_SECONDS = 0.3  # a longer turn is its own warm-up


class Run(NamedTuple):
    """A candidate that is ready.

    Attributes:
        turn: does `case.steps` units of work and returns when they are done.
        result: what `cases.figure` judges, as NumPy arrays.
        share: of the case's work that a turn does, for slow ones.
    """

    turn: Callable[[], Any]
    result: Callable[[], Any]
    share: float = 1.0


Candidates = dict[str, dict[str, Callable[[cases.Case], Run]]]


def serve(candidates: Candidates) -> None:
    """The main function of a runner's process.

    `--list` prints the candidates' names for each case. CASE LABEL makes one ready,
    says so, and takes a turn for each line it reads. CASE LABEL --once says when its
    first turn is done.
    """
    # What libraries print goes elsewhere.
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(told: Any) -> None:
        out.write(json.dumps(told) + "\n")

    if sys.argv[1] == "--list":
        say({case: list(makers) for case, makers in candidates.items()})
        return
    name, label = sys.argv[1:3]
    case, once = cases.CASES[name], "--once" in sys.argv
    cases.prepare(name)
    start = time.perf_counter()
    run = candidates[name][label](case)
    run.turn()
    first = {"first_seconds": time.perf_counter() - start}
    if once:
        say(first)
    for _ in range(case.settle - 1):
        run.turn()
    judged = {"figure": cases.figure(name, run.result())}
    if once:
        say(judged | {"peak_mib": _peak_mib()})
        return
    seconds = _seconds(run, 1)
    calls = max(1, round(SECONDS / seconds))
    say(first | judged)
    for _ in sys.stdin:
        if seconds < WARM_SECONDS:
            # Somebody else's arrays are in the caches.
            run.turn()
        say(_seconds(run, calls) / (case.steps * run.share))
    say({"peak_mib": _peak_mib()})


def _seconds(run: Run, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        run.turn()
    return (time.perf_counter() - start) / calls


def _peak_mib() -> float:
    """The most that this process has held; `ru_maxrss` on Linux is its parent's too."""
    if sys.platform == "linux":
        with open("/proc/self/status") as file:
            return (
                next(int(x.split()[1]) for x in file if x.startswith("VmHWM")) / 2**10
            )
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
