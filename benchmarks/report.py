"""The page and its pictures, from the record alone.

python -m benchmarks.report
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES
from benchmarks.goals import GOALS, Record, operations, peak
from benchmarks.plots import draw_cases, draw_scaling

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def write(record: Record) -> None:
    """RESULTS.md and the pictures it shows."""
    RESULTS.mkdir(exist_ok=True)
    draw_cases(record).savefig(RESULTS / "cases.png", format="png")
    parts = [_head(record), _goals(record), _cases(record)]
    if "scaling" in record.get("studies", {}):
        curves = record["studies"]["scaling"]["curves"]
        draw_scaling(curves).savefig(RESULTS / "scaling.png", format="png")
        parts.append(_SCALING)
    parts.append(_accelerator())
    (HERE / "RESULTS.md").write_text("\n\n".join(parts) + "\n")


def _head(record: Record) -> str:
    told = record["machine"]
    installed = {
        name: version
        for peer in record["versions"].values()
        for name, version in peer.items()
    }
    versions = ", ".join(f"{name} {v}" for name, v in sorted(installed.items()))
    absent = "".join(
        f"\n- absent: {name} ({why})" for name, why in record["absent"].items()
    )
    settings = ", ".join(f"`{k}={v}`" for k, v in told.items() if k.isupper())
    peaks = record["ceilings"]
    spread = " and ".join(
        f"{one['matmul'] / 1e9:,.0f} GFLOP/s in float32, "
        f"{one['matmul_bfloat16'] / 1e9:,.0f} in bfloat16, {one['copy'] / 1e9:.0f} GB/s"
        for one in peaks
    )
    return f"""# Results

Written by `make bench` from `results/cpu.json`. Ratios are the finding: on a shared
machine absolute times drift by a tenth or two within the hour, and differences under
15 % are noise.

- {told["date"]}, {told["cores"]} cores of {told["processor"]}, Python {told["python"]}
- {versions}
- {settings}
- ceilings measured at the start and at the end: {spread}{absent}

Each candidate runs in a process of its own, in turns with the others; a time is the
median of the turns, beside it are the quartiles, and a ratio is the median of the
ratios within a round. All candidates of a case begin from the same weights and see the
same batches (in whole epochs each shuffles for itself). The *figure* is the loss that
NumPy computes from a candidate's weights after the same number of steps, or the size of
its outputs. A fast wrong run is no run: a figure that deviates is marked.

PyTorch's float32 products are slow on AMD processors (its MKL reaches a third of what
XLA does), so what C2, C3 and C7 say of torch holds here and not on Intel."""


def _goals(record: Record) -> str:
    rows = ["| case | ratio | goal | reached | |", "|---|---|--:|--:|---|"]
    for goal in GOALS:
        try:
            value = goal.value(record)
        except (KeyError, ValueError):
            rows.append(
                f"| {goal.case} | {goal.words} | {goal.limit:.3g} | not measured | |"
            )
            continue
        times = value / goal.limit
        verdict = "yes" if times <= 1 else f"**{times:.2f} x**"
        rows.append(
            f"| {goal.case} | {goal.words} | {goal.limit:.3g} | {value:.3g} "
            f"| {verdict} |"
        )
    return "\n".join((_GOALS, *rows))


def _cases(record: Record) -> str:
    parts = ["## Cases\n\n![Each case, fastest first](results/cases.png)"]
    for name, rows in record["cases"].items():
        case = CASES[name]
        lines = [f"### {name}: {case.title}", ""]
        if case.sizes and name not in ("C5", "C8") and not name.startswith("C7"):
            seconds = operations(name) / peak(record, "matmul")
            lines += [f"At the matmul peak: {_time(seconds)}.", ""]
        lines += [
            f"| candidate | a {case.unit} | quartiles | to the first | first turn, s "
            "| peak, MiB | figure |",
            "|---|--:|--:|--:|--:|--:|--:|",
            *_rows(case.tolerance, rows),
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _rows(tolerance: float, rows: dict[str, Any]) -> Iterator[str]:
    first = next(iter(rows.values()))
    ordered = sorted(rows.items(), key=lambda item: item[1].get("seconds", 1e9))
    for name, row in ordered:
        if "failed" in row:
            yield f"| {name} | failed: {row['failed']} | | | | | |"
            continue
        figure = ""
        if "figure" in row:
            off = abs(row["figure"] / first["figure"] - 1) > tolerance
            figure = f"{row['figure']:.4g}{' **deviates**' if off else ''}"
        compiled = f"{row['first_seconds']:.2f}" if "first_seconds" in row else ""
        memory = f"{row['peak_mib']:,.0f}" if "peak_mib" in row else ""
        yield (
            f"| {name} | {_time(row['seconds'])} | {_time(row['low'])} - "
            f"{_time(row['high'])} | {row['ratio']:.2f} | {compiled} | {memory} "
            f"| {figure} |"
        )


def _time(seconds: float) -> str:
    for factor, unit in ((1e6, "us"), (1e3, "ms")):
        if seconds * factor < 1000:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


_GOALS = """## Goals

A goal is reached if the number is at most that of the goal; else the last column says
how many times too large it is. What was tried for those is in [LOG.md](LOG.md).
"""
_SCALING = """## Scaling

A training step of fnn (Adam, backprop) against what bounds it on this machine: its
products at the matmul peak, or its arrays at copy bandwidth; and in memory parameters,
moments, gradients and one array a layer. For a sweep memory is not measured.

![Time and memory against width, depth, batch and networks](results/scaling.png)"""


def _accelerator() -> str:
    path = RESULTS / "gpu.json"
    if not path.exists():
        return (
            "## On an accelerator\n\nNot measured: no GPU could be had. "
            "`fnn bench --json` on one prints the cases at GPU sizes."
        )
    record = json.loads(path.read_text())
    rows = ["| case | time | of the ceiling |", "|---|--:|--:|"]
    rows += [
        f"| {row['case']} | {_time(row['seconds'])} | {row['share']:.0%} |"
        for row in record["cases"]
    ]
    machine = ", ".join(f"{k} {v}" for k, v in record["machine"].items())
    return f"## On an accelerator\n\n{machine}\n\n" + "\n".join(rows)


if __name__ == "__main__":
    write(json.loads((RESULTS / "cpu.json").read_text()))
