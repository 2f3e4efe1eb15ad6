"""Whether two runs agree: the spreads that they print must overlap.

python -m benchmarks.agreement RECORD RECORD
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.goals import GOALS
from benchmarks.peers import Failed
from benchmarks.record import Record, interval, ratios
from fnn.cli.timing import Spread

Figures = dict[str, Spread]


def candidates(record: Record) -> Figures:
    """The ratio of each candidate to the first of fnn's."""
    return {
        f"{case}, {name}": ratio
        for case, rows in record["cases"].items()
        for name, ratio in ratios(rows).items()
    }


def goals(record: Record) -> Figures:
    """What was reached of each goal, where it was measured in rounds."""
    return dict(_goals(record))


def _goals(record: Record) -> Iterator[tuple[str, Spread]]:
    for goal in GOALS:
        try:
            found = goal.ratios(record)
        except (KeyError, ValueError, Failed):
            continue
        if len(found) > 1:
            yield f"{goal.case}, {goal.words}", interval(found)


def apart(first: Figures, second: Figures) -> tuple[int, list[str]]:
    """(how many figures both have, those whose spreads do not overlap)."""
    both = first.keys() & second.keys()
    return len(both), [
        name
        for name in first
        if name in both and not _overlap(first[name], second[name])
    ]


def _overlap(one: Spread, other: Spread) -> bool:
    return one.low <= other.high and other.low <= one.high


def main() -> None:
    first, second = (json.loads(Path(name).read_text()) for name in sys.argv[1:3])
    for words, figures in (("candidates", candidates), ("goals", goals)):
        one, other = figures(first), figures(second)
        count, names = apart(one, other)
        print(f"{words}: {count - len(names)} of {count} agree")
        for name in names:
            print(f"  {name:64} {told(one[name])}   {told(other[name])}")


def told(ratio: Spread) -> str:
    """The median and the spread."""
    return f"{ratio.median:.3g} ({ratio.low:.3g} - {ratio.high:.3g})"


if __name__ == "__main__":
    main()
