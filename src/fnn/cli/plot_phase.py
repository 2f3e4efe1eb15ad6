"""The picture of `fnn phase`: where random networks are ordered and chaotic."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

import fnn
from fnn.layers import Layer
from fnn.theory.expectations import moments

# The lengths of signals looked at, 20 a decade; one of them is 1.
_Q = np.logspace(-8, 8, 321)
_START = len(_Q) // 2
_COLUMNS, _ROWS = 240, 160
_BANDS = 14
_CHI_TICKS = (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2)
_LAYERS = (3, 5, 10, 20, 50)
# Without the darkest ends, on which no line can be read.
_COLOURS = ListedColormap(colormaps["RdBu_r"](np.linspace(0.1, 0.9, 256)))
_FAINT = 0.02
_BOX = {"boxstyle": "round", "facecolor": "white", "edgecolor": "none", "alpha": 0.7}


class Network(NamedTuple):
    """What is marked in the diagram, and how it is called there."""

    name: str
    activation: Layer
    weight_variance: float
    bias_variance: float
    keep: float


def save(path: Path, network: Network, found: fnn.theory.Phase) -> None:
    """Draw the phase diagram with this network marked into one PNG.

    Args:
        path: where it goes.
        network: the one that is marked.
        found: what theory predicts of it.

    Raises:
        ValueError: the file cannot be written.
    """
    figure = Figure(figsize=(7.5, 5.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    right, top = _reach(network)
    wide = np.linspace(right / 1000, right, _COLUMNS)
    high = np.linspace(0, top, _ROWS)
    log_chi = np.log(chi_1(network.activation, wide / network.keep, high))
    _draw_regions(figure, axes, wide, high, log_chi)
    _draw_scales(axes, wide, high, log_chi)
    _draw_line(axes, network.activation, network.keep)
    _draw_network(axes, network, found)
    figure.legend(loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    axes.set_xlim(0, right)
    axes.set_ylim(0, top)
    axes.set_xlabel(r"weight variance  $\sigma_w^2 = n_{\mathrm{in}}\,\mathrm{Var}(w)$")
    axes.set_ylabel(r"bias variance  $\sigma_b^2$")
    axes.set_title(_title(network, found), fontsize=11)
    try:
        figure.savefig(path, format="png")
    except OSError as error:
        raise ValueError(f"--plot: {error}") from None


def chi_1(activation: Layer, wide: np.ndarray, high: np.ndarray) -> np.ndarray:
    """`fnn.theory.phase(...).chi_1` on a grid, to about a thousandth.

    The length map is followed from q = 1 the way it goes, as there, but between the
    lengths of a table, where all networks share their expectations.

    Args:
        activation: an elementwise layer.
        wide: (columns,) weight variances.
        high: (rows,) bias variances.

    Returns:
        (rows, columns).
    """
    at = [moments(activation, q) for q in _Q]
    square = np.array([one.value_square for one in at])
    slopes = np.array([one.slope_square for one in at])
    growth = wide * (square / _Q)[:, None, None] - 1 + high[:, None] / _Q[:, None, None]
    up = growth[_START] > 0
    place = np.where(
        up,
        _START + _crossing(-growth[_START:]),
        _START - _crossing(growth[_START::-1]),
    )
    return wide * np.interp(place, np.arange(len(_Q)), slopes)


def _crossing(values: np.ndarray) -> np.ndarray:
    """Where along the first axis values first turn positive, between the entries."""
    positive = values > 0
    after = np.where(positive.any(axis=0), positive.argmax(axis=0), len(values) - 1)
    before = np.maximum(after - 1, 0)
    low, high = (
        np.take_along_axis(values, index[None], 0)[0] for index in (before, after)
    )
    turns = (low <= 0) & (high > 0)
    return np.where(turns, before + low / np.where(turns, low - high, 1.0), after)


def _reach(network: Network) -> tuple[float, float]:
    """How far the axes go: past the network, and past a critical point."""
    try:
        critical = fnn.theory.critical(network.activation)
    except ValueError:
        right, top = 2.0, 0.1
    else:
        right, top = network.keep * critical.weight_variance, critical.bias_variance
    return (
        1.6 * max(right, network.weight_variance),
        max(2 * top, 2.5 * network.bias_variance, 0.1 * right),
    )


def _draw_regions(
    figure: Figure, axes: Axes, wide: np.ndarray, high: np.ndarray, log_chi: np.ndarray
) -> None:
    limit = np.log(_CHI_TICKS[-1])
    bands = np.linspace(-limit, limit, 2 * _BANDS + 1)
    image = axes.contourf(
        wide, high, log_chi, levels=bands, cmap=_COLOURS, extend="both"
    )
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.set_label(r"$\chi_1$, the factor on squared deltas a layer")
    bar.set_ticks([float(np.log(chi)) for chi in _CHI_TICKS])
    bar.set_ticklabels([f"{chi:g}" for chi in _CHI_TICKS])
    for name, shown in (
        ("ordered\ndeltas vanish", log_chi < -_FAINT),
        ("chaotic\ndeltas explode", log_chi > _FAINT),
    ):
        if shown.mean() > 0.1:
            row, column = np.argwhere(shown).mean(axis=0).astype(int)
            text = axes.text(
                float(wide[column]), float(high[row]), name, ha="center", va="center"
            )
            text.set(fontsize=12, fontweight="bold", bbox=_BOX)


def _draw_scales(
    axes: Axes, wide: np.ndarray, high: np.ndarray, log_chi: np.ndarray
) -> None:
    """Lines of equal depth scale, but for where chi_1 jumps."""
    rise, run = np.gradient(log_chi)
    smooth = np.ma.masked_where(np.maximum(np.abs(rise), np.abs(run)) > 0.05, log_chi)
    axes.contour(wide, high, smooth, levels=[0.0], colors="black", linewidths=2)
    levels = sorted(sign / layers for layers in _LAYERS for sign in (-1, 1))
    lines = axes.contour(
        wide,
        high,
        smooth,
        levels=levels,
        colors="0.25",
        linewidths=0.7,
        linestyles="solid",
    )
    names = {level: f"{abs(1 / level):.0f}" for level in levels}
    axes.clabel(lines, fmt=names, fontsize=8)
    label = "layers in which squared deltas change by e"
    axes.plot([], [], color="0.25", linewidth=0.7, label=label)


def _draw_line(axes: Axes, activation: Layer, keep: float) -> None:
    """Where `fnn.theory.critical` finds chi_1 = 1, a point for every length kept."""
    points = [point for q in _Q if (point := _critical(activation, float(q)))]
    wide = np.array([keep * point.weight_variance for point in points])
    high = np.array([point.bias_variance for point in points])
    # Of these lengths a network departs at the slightest push.
    attracts = np.array([point.length_slope < 1 + 1e-6 for point in points], bool)
    for shown, style, label in (
        (attracts, "-", r"critical, $\chi_1 = 1$"),
        (~attracts, ":", r"$\chi_1 = 1$ at a length that is not held"),
    ):
        if shown.any():
            line = np.where(shown, wide, np.nan), np.where(shown, high, np.nan)
            axes.plot(*line, style, color="black", linewidth=2, label=label)


def _critical(activation: Layer, q: float) -> fnn.theory.Critical | None:
    try:
        return fnn.theory.critical(activation, q=q)
    except ValueError:
        return None


def _draw_network(axes: Axes, network: Network, found: fnn.theory.Phase) -> None:
    axes.plot(
        network.weight_variance,
        network.bias_variance,
        "*",
        color="gold",
        markeredgecolor="black",
        markersize=17,
        clip_on=False,
        zorder=5,
        label=f"this network, {found.phase}",
    )


def _title(network: Network, found: fnn.theory.Phase) -> str:
    depth = found.trainable_depth
    layers = f"{depth:.0f}" if depth >= 10 else f"{depth:.1f}"
    told = "any depth" if np.isinf(depth) else f"about {layers} layers"
    return (
        f"{network.name}\n{found.phase}: "
        rf"$\chi_1$ = {found.chi_1:.4g}, trainable depth $6\,\xi_c$: {told}"
    )
