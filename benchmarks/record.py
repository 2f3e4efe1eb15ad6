"""The record of the benchmarks: what was measured, when, on what and of which fnn.

`cases` holds the rows of each case, `studies` the numbers of each study, and `about`
for both what they must be read with.
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peers import ENVIRONMENT, ROOT, Field
from fnn.cli.timing import Spread, machine, ratios_of, spread

RECORD = Path(__file__).parent / "results" / "cpu.json"
Record = dict[str, Any]
Rows = dict[str, dict[str, Any]]


def load() -> Record:
    """The last one, or an empty one."""
    empty: Record = {"cases": {}, "studies": {}, "about": {}}
    return json.loads(RECORD.read_text()) if RECORD.exists() else empty


def save(record: Record) -> None:
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(record, indent=1) + "\n")


def about(present: Field, rounds: int) -> dict[str, Any]:
    """What a case measured now must be read with, but for the ceilings."""
    return {
        "machine": machine(),
        "environment": ENVIRONMENT,
        "commit": _commit(),
        "rounds": rounds,
        "versions": present.versions,
        "absent": present.absent,
        "failed": present.failed,
    }


def peak(record: Record, name: str, ceiling: str) -> float:
    """The better of the ceilings before and after a case."""
    return max(one[ceiling] for one in record["about"][name]["ceilings"])


def is_good(row: dict[str, Any]) -> bool:
    """Whether a row may count: it ended, and with the right figure."""
    return "failed" not in row and not row["deviates"]


def interval(figures: Sequence[float]) -> Spread:
    """The median, and the quartiles or, of fewer than ten, the least and the most.

    The quartiles of five rounds say too little of what the next five will give.
    """
    if len(figures) < 10:
        return Spread(median(figures), min(figures), max(figures))
    return spread(figures)


def ratios(rows: Rows) -> dict[str, Spread]:
    """Of all that ended, the least first, to the first of the rows that is good."""
    ended = {name: row["samples"] for name, row in rows.items() if "samples" in row}
    good = (row["samples"] for row in rows.values() if is_good(row))
    first = next(good, next(iter(ended.values()), []))
    told = {name: interval(ratios_of(of, first)) for name, of in ended.items()}
    return dict(sorted(told.items(), key=lambda item: item[1].median))


def _commit() -> str:
    """Of fnn, with a + if the working tree differs; its results are not its source."""
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        changes = _git(
            "status",
            "--porcelain",
            "--",
            ".",
            ":!benchmarks/results",
            ":!benchmarks/RESULTS.md",
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + "+" * bool(changes)


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
