"""Run the cases, keep the record, write the page.

    python -m benchmarks [CASE ...] [--rounds N] [--only PEER ...]

Cases are those of `benchmarks.cases`; without any, all of them, and depth, statistics
and scaling too. Those not run keep their last record.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from benchmarks import depth, imports, report, scaling, step
from benchmarks.cases import CASES
from benchmarks.harness import lines_of, race, race_cold
from benchmarks.peers import ENVIRONMENT, Field, field
from fnn.cli.timing import ceilings, machine

RECORD = Path(__file__).parent / "results" / "cpu.json"
STUDIES = {
    "imports": imports.measure,
    "step": step.measure,
    "depth": depth.measure,
    "scaling": scaling.measure,
}


def arguments() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    choices = [*CASES, *STUDIES]
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(choices))
    parser.add_argument("--rounds", type=int, default=5, help="turns of each candidate")
    parser.add_argument("--only", nargs="*", help="peers that take part")
    given = parser.parse_args()
    if unknown := set(given.cases) - set(choices):
        parser.error(f"cases must be of {', '.join(choices)}, got {sorted(unknown)}")
    given.cases = given.cases or choices
    return given


def run_case(name: str, present: Field, given: argparse.Namespace) -> dict[str, Any]:
    """One case, told as it goes."""
    entrants = [
        entrant
        for entrant in present.entrants[name]
        if given.only is None or entrant.peer.name in given.only
    ]
    print(f"{name}: {CASES[name].title}, a {CASES[name].unit}", flush=True)
    if name == "C8":
        told = race_cold(name, entrants, given.rounds // 2, cached=False)
        compiling = [one for one in entrants if one.peer.compiles]
        again = race_cold(name, compiling, given.rounds // 2, cached=True)
        told |= {f"{key}, filled cache": row for key, row in again.items()}
    else:
        told = race(name, entrants, given.rounds)
    print("\n".join(lines_of(told)), flush=True)
    return told


def main() -> None:
    given = arguments()
    if ENVIRONMENT.items() - os.environ.items():
        # malloc reads its settings when a process begins.
        words = [sys.executable, "-m", "benchmarks", *sys.argv[1:]]
        os.execve(sys.executable, words, os.environ | ENVIRONMENT)
    present = field()
    record: dict[str, Any] = {}
    if RECORD.exists():
        record = json.loads(RECORD.read_text())
    record["machine"] = machine() | ENVIRONMENT
    record |= {"versions": present.versions, "absent": present.absent}
    for name, why in present.absent.items():
        print(f"{name} is absent: {why}")
    peaks = [ceilings()]
    RECORD.parent.mkdir(exist_ok=True)
    for name in given.cases:
        if name in CASES:
            told = run_case(name, present, given)
            record.setdefault("cases", {})[name] = told
        else:
            print(name, flush=True)
            record.setdefault("studies", {})[name] = STUDIES[name]()
        RECORD.write_text(json.dumps(record, indent=1) + "\n")
    peaks.append(ceilings())
    record["ceilings"] = [peak._asdict() for peak in peaks]
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    report.write(record)


if __name__ == "__main__":
    main()
