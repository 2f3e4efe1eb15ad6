"""The pictures of the results."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from benchmarks.cases import CASES
from benchmarks.record import Rows, ratios

_OURS, _PEER = "tab:blue", "0.75"
_COLOURS = {"fnn": _OURS, "plain_jax": "0.45"}
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_LABELS = {
    "width": "width (4 layers, batch 128)",
    "depth": "layers of 64 (batch 64)",
    "batch": "batch (4 layers of 256)",
    "networks": "networks 64-32-10 in a sweep (batch 64)",
}


def _figure(width: float, height: float) -> Figure:
    # The object API: no figure is registered anywhere, and no display is needed.
    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def draw_cases(cases: dict[str, Rows]) -> Figure:
    """Every case as bars of ratios to fnn's first candidate, the fastest on top."""
    shown = [name for name in CASES if name in cases]
    columns = _columns({name: len(cases[name]) + 4 for name in shown})
    tallest = max(sum(heights.values()) for heights in columns)
    figure = _figure(15, 0.6 + 0.16 * tallest)
    figure.suptitle(
        "Time over that of fnn's first candidate: fnn blue, hand-written JAX dark, "
        "peers light, hatched if its figure deviates"
    )
    for side, heights in zip(
        figure.subfigures(1, 2, squeeze=False)[0], columns, strict=True
    ):
        spare = tallest - sum(heights.values())
        parts = [*heights.values(), spare + 0.01]
        grid = side.subplots(len(parts), height_ratios=parts, squeeze=False).ravel()
        grid[-1].set_visible(False)
        for axes, name in zip(grid, heights, strict=False):
            _draw_case(axes, cases[name])
            axes.set_title(f"{name}: {CASES[name].title}", fontsize=9)
    return figure


def _columns(heights: dict[str, int]) -> list[dict[str, int]]:
    """Cut in two where the taller one is least tall."""
    items = list(heights.items())
    cuts = [(items[:cut], items[cut:]) for cut in range(len(items) + 1)]
    best = min(cuts, key=lambda cut: max(sum(h for _, h in part) for part in cut))
    return [dict(part) for part in best]


def _draw_case(axes: Axes, rows: Rows) -> None:
    told = list(reversed(ratios(rows).items()))
    names, values = [name for name, _ in told], [ratio.median for _, ratio in told]
    bars = axes.barh(
        range(len(told)),
        values,
        color=[_COLOURS.get(name.split(":")[0], _PEER) for name in names],
    )
    for bar, name in zip(bars, names, strict=True):
        if rows[name]["deviates"]:
            bar.set(hatch="///", edgecolor="tab:red")
    axes.set_yticks(range(len(told)), names, fontsize=7)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    _plain_ticks(axes, [1, *values])


def _plain_ticks(axes: Axes, values: Sequence[float]) -> None:
    low, high = 0.8 * min(values), 1.25 * max(values)
    axes.set_xlim(low, high)
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=7)
    axes.xaxis.set_minor_locator(NullLocator())


def draw_scaling(curves: dict[str, list[dict[str, Any]]]) -> Figure:
    """Every curve beside its bound: time above, memory below."""
    figure = _figure(14, 6.5)
    grid = figure.subplots(2, 4)
    for column, (name, points) in enumerate(curves.items()):
        _draw_curve(grid[0, column], points, "seconds", "seconds a step")
        _draw_curve(grid[1, column], points, "bytes", "bytes")
        for axes in grid[:, column]:
            axes.set_xlabel(_LABELS[name], fontsize=9)
    grid[0, 0].legend(fontsize=8)
    return figure


def _draw_curve(
    axes: Axes, points: list[dict[str, float]], name: str, label: str
) -> None:
    """fnn where it was measured, and the bound."""
    for key, style, colour, words in (
        (name, "o-", _OURS, "fnn"),
        (f"bound_{name}", "--", "black", "bound"),
    ):
        drawn = [(point["x"], point[key]) for point in points if key in point]
        axes.loglog(*zip(*drawn, strict=True), style, color=colour, label=words)
    axes.set_ylabel(label, fontsize=9)
    axes.grid(alpha=0.3)
