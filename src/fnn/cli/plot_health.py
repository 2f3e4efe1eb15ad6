"""The picture of `fnn diagnose`: every layer at every trial step."""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fnn.health import HealthReport

_TITLE_WIDTH = 120
# By a rule of thumb a step changes weights by a thousandth of their size.
_USUAL_UPDATE = -3.0
_ZERO, _INFINITE, _UNKNOWN = "black", "yellow", "0.7"
_FEW_LAYERS = 60
_TICK_STEPS = [1, 2, 5] + [
    step * 10**power for power in range(9) for step in (10, 25, 50)
]


def save(path: Path, report: HealthReport, network: str) -> None:
    """Draw what was measured into one PNG, the input at the bottom.

    Args:
        path: where it goes.
        report: of `fnn.diagnose`.
        network: in words, for the title.

    Raises:
        ValueError: the file cannot be written.
    """
    figure = Figure(figsize=(11.5, 5.6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    lines, deltas, updates = figure.subplots(
        1, 3, sharey=True, width_ratios=(1, 1.25, 1.25)
    )
    figure.suptitle(_title(report, network), fontsize=11)
    _draw_start(lines, report)
    course = report.course
    with np.errstate(all="ignore"):
        delta = np.log10(np.asarray(course.delta, float))
        update = np.log10(np.asarray(course.update, float) / course.weight)
    _draw_map(figure, deltas, delta, _last_judged(delta[0]), "RdBu_r")
    deltas.set_title(r"$\log_{10}$ rms $\delta$, white as at the last hidden layer")
    _draw_map(figure, updates, update, _USUAL_UPDATE, "PuOr_r")
    updates.set_title(r"$\log_{10}$ (update / weight), white $10^{-3}$")
    count = len(report.names)
    lines.set_ylim(0.5, count + 0.5)
    lines.set_yticks(ticks(count))
    lines.set_ylabel("layer, counted from the input")
    for axes in (lines, deltas, updates):
        axes.title.set_fontsize(10)
    try:
        figure.savefig(path, format="png")
    except OSError as error:
        raise ValueError(f"--plot: {error}") from None


def ticks(count: int) -> list[int]:
    """The first layer, and at most ten others at a regular distance."""
    step = next(step for step in _TICK_STEPS if count <= 10 * step)
    return sorted({1, *range(step, count + 1, step)})


def _draw_start(axes: Axes, report: HealthReport) -> None:
    """rms z and rms delta before the first step, and the slope of theory."""
    layers = np.arange(1, len(report.names) + 1)
    marker = "." if len(layers) <= _FEW_LAYERS else ""
    for values, color, label in (
        (report.statistics.z, "tab:green", "rms z"),
        (report.statistics.delta, "tab:red", r"rms $\delta$"),
    ):
        shown = np.asarray(values, float)
        shown = np.where(np.isfinite(shown) & (shown > 0), shown, np.nan)
        axes.plot(shown, layers, marker=marker, color=color, label=label)
    hidden = layers[:-1]
    delta = np.asarray(report.statistics.delta, float)[:-1]
    if np.isfinite(report.gain) and np.isfinite(report.predicted_gain):
        # Through the middle: it is the slope that theory predicts, not the place.
        steps = hidden - hidden.mean()
        middle = np.log(delta).mean()
        theory = np.exp(middle - steps * np.log(report.predicted_gain))
        label = f"theory, x {report.predicted_gain:.3g} a layer"
        axes.plot(theory, hidden, "--", color="black", linewidth=1, label=label)
    axes.set_xscale("log")
    axes.set_xlabel("before the first step")
    axes.grid(alpha=0.3)
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=3,
        frameon=False,
        fontsize=8.5,
        columnspacing=1,
        handlelength=1.2,
    )


def _draw_map(
    figure: Figure, axes: Axes, values: np.ndarray, center: float, colours: str
) -> None:
    """A heat map of (steps, layers) logarithms whose white is at `center`."""
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (center, center)
    low, high = min(low, center - 1), max(high, center + 1)
    half = max(center - low, high - center)
    cmap = colormaps[colours].with_extremes(under=_ZERO, over=_INFINITE, bad=_UNKNOWN)
    # Infinities would be masked: beyond either end they have a colour.
    shown = np.nan_to_num(values, nan=np.nan, neginf=-1e6, posinf=1e6)
    edges = (
        np.arange(size + 1) + offset
        for size, offset in zip(values.shape, (-0.5, 0.5), strict=True)
    )
    image = axes.pcolormesh(
        *edges, shown.T, cmap=cmap, norm=Normalize(center - half, center + half)
    )
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    # Symmetric about white, but no more of it than there is.
    bar.ax.set_ylim(low, high)
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    special = {
        _ZERO: ("0", np.isneginf(values)),
        _INFINITE: ("infinite", np.isposinf(values)),
        "gray": ("nan", np.isnan(values)),
    }
    words = [f"{colour}: {name}" for colour, (name, at) in special.items() if at.any()]
    if words:
        axes.set_xlabel(f"step ({', '.join(words)})")


def _last_judged(log_delta: np.ndarray) -> float:
    """At the last hidden layer, as the deltas of the last one are the loss's own."""
    last = log_delta[-2] if len(log_delta) > 1 else log_delta[-1]
    return float(last) if np.isfinite(last) else 0.0


def _title(report: HealthReport, network: str) -> str:
    title = textwrap.fill(network, _TITLE_WIDTH)
    told = ""
    if np.isfinite(report.gain):
        told = (
            rf": $\delta$ toward the input x {report.gain:.3g} a layer, "
            f"x {report.ratio:.2g} in all"
        )
    return f"{title}\n{report.verdict}{told}"
