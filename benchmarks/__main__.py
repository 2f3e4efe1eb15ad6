"""Run the cases, keep the record, write the page.

    python -m benchmarks [CASE ...] [--rounds N] [--only PEER] [--only PEER]

Cases are those of `benchmarks.cases`; without any, all of them, and the studies too.
Those not run keep their last record. With `--only` nothing is kept. The exit status is
1 if a candidate or a study failed, or a figure deviates.
"""

import argparse
import sys
import time
from typing import Any

from benchmarks import depth, imports, record, report, roads, scaling, step
from benchmarks.cases import CASES
from benchmarks.harness import lines_of, race
from benchmarks.peers import PEERS, Field, ensure_environment, field
from fnn.cli.timing import ceilings

STUDIES = {
    "imports": imports.measure,
    "step": step.measure,
    "roads": roads.measure,
    "depth": depth.measure,
    "scaling": scaling.measure,
}


def arguments() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    choices, peers = [*CASES, *STUDIES], [peer.name for peer in PEERS]
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(choices))
    parser.add_argument("--rounds", type=int, default=5, help="turns of each candidate")
    parser.add_argument(
        "--only",
        action="append",
        choices=peers,
        metavar="PEER",
        help="run this one, and others named so, and keep nothing: " + ", ".join(peers),
    )
    given = parser.parse_intermixed_args()
    if given.only:
        choices = list(CASES)
    if unknown := set(given.cases) - set(choices):
        parser.error(f"cases must be of {', '.join(choices)}, got {sorted(unknown)}")
    if given.rounds < 3:
        parser.error(f"--rounds must be at least 3, got {given.rounds}")
    given.cases = given.cases or choices
    return given


def run_case(name: str, present: Field, given: argparse.Namespace) -> dict[str, Any]:
    """One case, told as it ends."""
    entrants = [
        entrant
        for entrant in present.entrants.get(name, [])
        if given.only is None or entrant.peer.name in given.only
    ]
    print(f"{name}: {CASES[name].title}, a {CASES[name].unit}", flush=True)
    rows = race(name, entrants, given.rounds)
    print("\n".join(lines_of(rows)), flush=True)
    return rows


def run_study(name: str) -> dict[str, Any]:
    """One study, or why it failed."""
    print(name, flush=True)
    try:
        return STUDIES[name]()
    except Exception as error:
        print(f"  failed: {error!r}", flush=True)
        return {"failed": repr(error)}


def run(name: str, present: Field, given: argparse.Namespace) -> tuple[Any, bool]:
    """(what a case or a study found, whether all of it is good)."""
    if name in CASES:
        rows = run_case(name, present, given)
        return rows, all(map(record.is_good, rows.values()))
    found = run_study(name)
    return found, "failed" not in found


def main() -> int:
    given = arguments()
    ensure_environment()
    begun = time.perf_counter()
    present = field()
    for word in ("absent", "failed"):
        for name, why in getattr(present, word).items():
            print(f"{name} {word}: {why}")
    good = [not present.failed]
    if given.only:
        good += [run(name, present, given)[1] for name in given.cases]
        return int(not all(good))
    kept, about = record.load(), record.about(present, given.rounds)
    peaks = [ceilings()._asdict()]
    for name in given.cases:
        part = kept["cases" if name in CASES else "studies"]
        part.pop(name, None)
        record.save(kept)
        part[name], fine = run(name, present, given)
        good.append(fine)
        if name in CASES:
            peaks.append(ceilings()._asdict())
        ended = time.perf_counter()
        more = {"ceilings": peaks[-2:], "seconds": ended - begun}
        kept["about"][name], begun = about | more, ended
        record.save(kept)
    report.write(kept)
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main())
