"""The page and its pictures, from the record alone.

python -m benchmarks.report [RECORD FOLDER]
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cases import CASES
from benchmarks.goals import GOALS, Goal, products_seconds
from benchmarks.peers import Failed
from benchmarks.plots import draw_cases, draw_scaling
from benchmarks.record import RECORD, Record, Rows, interval, ratios
from fnn.cli.timing import time_of

HERE = Path(__file__).parent
EXACT = 1.0005  # a ratio that is printed as 1 and no more


def write(record: Record, folder: Path = HERE) -> None:
    """RESULTS.md and the pictures it shows."""
    pictures = folder / "results"
    pictures.mkdir(exist_ok=True)
    draw_cases(record["cases"]).savefig(pictures / "cases.png", format="png")
    parts = [_HEAD, *_about(record), _RULES, _goals(record), *_cases(record)]
    if record["studies"]:
        parts.append(_studies(record["studies"]))
    curves = record["studies"].get("scaling", {}).get("curves")
    if curves:
        draw_scaling(curves).savefig(pictures / "scaling.png", format="png")
        parts.append(_SCALING)
    parts.append(_accelerator(pictures / "gpu.json"))
    (folder / "RESULTS.md").write_text("\n\n".join(parts) + "\n")


def _about(record: Record) -> Iterator[str]:
    """What the figures must be read with, once if it is the same for all."""
    groups: dict[str, list[str]] = {}
    for name in (*record["cases"], *record["studies"]):
        rest = dict(record["about"][name])
        del rest["ceilings"], rest["seconds"]
        groups.setdefault(json.dumps(rest), []).append(name)
    for words, names in groups.items():
        lines = [f"**{', '.join(names)}**", ""] if len(groups) > 1 else []
        lines += _about_lines(**json.loads(words))
        told = [record["about"][name] for name in names]
        peaks = [peak for one in told for peak in one["ceilings"]]
        lines.append(f"- ceilings, from the least to the most seen: {_ceilings(peaks)}")
        minutes = sum(one["seconds"] for one in told) / 60
        lines.append(f"- it took {minutes:.1f} minutes")
        yield "\n".join(lines)


def _about_lines(
    machine: dict[str, str],
    environment: dict[str, str],
    commit: str,
    rounds: int,
    versions: dict[str, dict[str, str]],
    absent: dict[str, str],
    failed: dict[str, str],
) -> Iterator[str]:
    yield (
        f"- {machine['date']}, fnn of commit {commit}, {rounds} rounds, "
        f"{machine['cores']} cores of {machine['processor']}"
    )
    yield "- " + ", ".join(_versions(versions))
    settings = {"XLA_FLAGS": machine["XLA_FLAGS"]} | environment
    yield "- " + ", ".join(f"`{key}={value}`" for key, value in settings.items())
    for word, peers in (("absent", absent), ("**failed**", failed)):
        for name, why in peers.items():
            yield f"- {word}: {name} ({why})"


def _versions(versions: dict[str, dict[str, str]]) -> Iterator[str]:
    """Of each distribution, and whose differs from the first, which is fnn's."""
    for name in sorted({name for peer in versions.values() for name in peer}):
        found = {peer: told[name] for peer, told in versions.items() if name in told}
        first = next(iter(found.values()))
        others = [f"{peer} has {v}" for peer, v in found.items() if v != first]
        yield f"{name} {first}" + (f" ({', '.join(others)})" if others else "")


def _ceilings(peaks: list[dict[str, float]]) -> str:
    words = {
        "matmul": "GFLOP/s in float32",
        "matmul_bfloat16": "GFLOP/s in bfloat16",
        "copy": "GB/s",
    }
    seen = {key: [peak[key] / 1e9 for peak in peaks] for key in words}
    return ", ".join(
        f"{min(of):,.0f} - {max(of):,.0f} {words[key]}" for key, of in seen.items()
    )


def _goals(record: Record) -> str:
    rows = [
        "| case | ratio | goal | reached | spread | |",
        "|---|---|--:|--:|--:|---|",
    ]
    for goal in GOALS:
        told = " | ".join(_verdict(goal, record))
        rows.append(f"| {goal.case} | {goal.words} | {goal.limit:.3g} | {told} |")
    return "\n".join((_GOALS, "", *rows, "", _TESTS))


def _verdict(goal: Goal, record: Record) -> tuple[str, str, str]:
    """What was reached, its spread if there are rounds, and what to say of it."""
    try:
        found = goal.ratios(record)
    except (KeyError, ValueError):
        return "not measured", "", ""
    except Failed:
        return "failed", "", ""
    value, low, high = interval(found)
    times = value / goal.limit
    said = "yes" if times <= EXACT else f"**{times:.2f} x**"
    if len(found) == 1:
        return f"{value:.3g}", "", said
    if low <= goal.limit <= high:
        said += ", within the spread"
    return f"{value:.3g}", f"{low:.3g} - {high:.3g}", said


def _cases(record: Record) -> Iterator[str]:
    yield "## Cases\n\n![Each case, fastest first](results/cases.png)"
    for name, case in CASES.items():
        if name not in record["cases"]:
            continue
        lines = [f"### {name}: {case.title}", ""]
        if case.unit == "step":
            bound = time_of(products_seconds(record, name))
            lines += [f"Its products at the matmul peak: {bound}.", ""]
        lines += [
            f"| candidate | a {case.unit} | spread | ratio | spread "
            "| set-up and first turn, s | peak, MiB | figure |",
            "|---|--:|--:|--:|--:|--:|--:|--:|",
            *_rows(record["cases"][name]),
        ]
        yield "\n".join(lines)


def _rows(rows: Rows) -> Iterator[str]:
    for name, ratio in ratios(rows).items():
        row = rows[name]
        seconds = interval(row["samples"])
        yield (
            f"| {name} | {time_of(seconds.median)} "
            f"| {time_of(seconds.low)} - {time_of(seconds.high)} "
            f"| {ratio.median:.2f} | {ratio.low:.2f} - {ratio.high:.2f} "
            f"| {row['first_seconds']:.2f} | {row['peak_mib']:,.0f} "
            f"| {row['figure']:.4g}{' **deviates**' if row['deviates'] else ''} |"
        )
    for name, row in rows.items():
        if "failed" in row:
            yield f"| {name} | failed: {row['failed']} | | | | | | |"


def _studies(studies: Record) -> str:
    """What was timed in turns within one process: those ended well."""
    good = {name: found for name, found in studies.items() if "failed" not in found}
    depth = good.get("depth", {})
    groups = {
        "`train_step` to the step by hand": {
            name: row["ratios"] for name, row in good.get("step", {}).items()
        },
        "backprop to autodiff": good.get("roads", {}),
        "gradients of 1,000 layers to `jax.grad`": {
            name: row["ratios"] for name, row in depth.get("time", {}).items()
        },
        "compilation, 1,000 layers to 10": depth.get("compile_1000_over_10", {}),
        "step with statistics to without": depth.get("statistics_over_plain", {}),
    }
    lines = ["| ratio | of | median | spread |", "|---|---|--:|--:|"]
    for words, rows in groups.items():
        for name, found in rows.items():
            ratio = interval(found)
            low_to_high = f"{ratio.low:.2f} - {ratio.high:.2f}"
            lines.append(f"| {words} | {name} | {ratio.median:.2f} | {low_to_high} |")
    return "\n".join((_STUDIES, "", *lines))


_HEAD = """# Results

Written by `python -m benchmarks.report` from `results/cpu.json`, the record that
`make bench` keeps. Ratios are the finding: on a shared machine absolute times drift by
a tenth or two within the hour, and differences under 15 % are noise."""
_RULES = """Each candidate runs in a process of its own, in turns with the others. A
time is the median of the rounds, a ratio that of the ratios within a round to the first
of fnn's candidates. The spread is from the least to the most of the rounds; where
there are ten or more, the quartiles. `python -m benchmarks.agreement` holds two records
against each other by it. All candidates of a case begin from the same weights and see
the same batches (in whole epochs each shuffles for itself). The *figure* is the loss
that NumPy computes from a candidate's weights after the same number of steps, how far
an optimizer went against the gradient, or the outputs projected on a fixed direction.
A fast wrong run is no run: a figure that deviates from the median of all is marked, and
neither such a candidate nor one that failed counts for a goal. Two are set up at a
time, so how long that takes is rough; case C8 measures it.

PyTorch's float32 products come from MKL, which picks slower kernels on AMD processors:
what C2, C3 and C7 say of it may read otherwise on Intel."""
_GOALS = """## Goals

A goal is reached if the median is at most that of the goal, to half a thousandth; else
the last column says how many times too large it is. The spread is of the ratios round
by round. A name that begins with *beyond* is
no goal but more than one. A loop in C5 uses one core where it does not say two
processes. What was tried for those not reached is in [LOG.md](LOG.md)."""
_TESTS = """Of what the goals ask of all cases, tests hold what needs no clock: that
backprop takes no more temporaries than autodiff is in `tests/test_programs.py`."""
_STUDIES = """## Within one process

Programs that take short turns in the same process, so that what threads and memory it
happens to have touches all alike; those beside the step by hand in three processes, one
after another. Compilations are timed in pairs."""
_SCALING = """## Scaling

A training step of fnn (Adam, backprop) against what bounds it on this machine: its
products at the matmul peak, or, where they do not fit the last cache, the arrays that
Adam moves at copy bandwidth. In memory: parameters, moments, gradients, each layer's
inputs and the targets; of a sweep, parameters and moments of all its networks. A sweep
fills its last chunk up to 16 networks, so fewer cost as much; the time of its step is
what five epochs more take, its memory what it adds to a new process whose program is
compiled, measured from 64 networks on.

![Time and memory against width, depth, batch and networks](results/scaling.png)"""


def _accelerator(path: Path) -> str:
    if not path.exists():
        return (
            "## On an accelerator\n\nThere is no record. On one, "
            "`fnn bench --json > benchmarks/results/gpu.json` makes it."
        )
    told = json.loads(path.read_text())
    rows = ["| case | time | of the ceiling |", "|---|--:|--:|"]
    rows += [
        f"| {row['case']} | {time_of(row['seconds'])} | {row['share']:.0%} |"
        for row in told["cases"]
    ]
    machine = ", ".join(f"{key} {value}" for key, value in told["machine"].items())
    return f"## On an accelerator\n\n{machine}\n\n" + "\n".join(rows)


if __name__ == "__main__":
    source, folder = map(Path, sys.argv[1:] or (RECORD, HERE))
    write(json.loads(source.read_text()), folder)
