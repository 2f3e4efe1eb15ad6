"""The pictures of the results."""

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.cases import CASES
from benchmarks.goals import Record

_OURS, _PEER = "tab:blue", "0.75"
_COLOURS = {"fnn": _OURS, "plain_jax": "0.45"}
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


def draw_cases(record: Record) -> Figure:
    """Every case as bars, the fastest on top."""
    shown = list(record["cases"].items())
    figure = _figure(14, 3.6 * -(-len(shown) // 3))
    grid = figure.subplots(-(-len(shown) // 3), 3, squeeze=False).ravel()
    for axes, (name, rows) in zip(grid, shown, strict=False):
        done = [(k, v) for k, v in rows.items() if "seconds" in v]
        done.sort(key=lambda item: -item[1]["seconds"])
        places = range(len(done))
        axes.barh(
            places,
            [row["seconds"] for _, row in done],
            color=[_COLOURS.get(k.split(":")[0], _PEER) for k, _ in done],
        )
        axes.set_yticks(places, [k for k, _ in done], fontsize=7)
        axes.set_xscale("log")
        axes.set_title(f"{name}: {CASES[name].title}", fontsize=9)
        axes.set_xlabel(f"seconds a {CASES[name].unit}", fontsize=8)
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    figure.suptitle("fnn blue, hand-written JAX dark, peers light")
    return figure


def draw_scaling(curves: dict[str, list[dict[str, float]]]) -> Figure:
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
    x = [point["x"] for point in points]
    if name in points[0]:
        axes.loglog(
            x, [point[name] for point in points], "o-", color=_OURS, label="fnn"
        )
    bound = [point[f"bound_{name}"] for point in points]
    axes.loglog(x, bound, "--", color="black", label="bound")
    axes.set_ylabel(label, fontsize=9)
    axes.grid(alpha=0.3)
