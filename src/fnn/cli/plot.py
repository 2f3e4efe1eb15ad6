"""The picture of a run: learning curves and confusion matrix."""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

import fnn

_TRAINING, _VALIDATION = "tab:orange", "tab:blue"
_TITLE_WIDTH = 130


def save(path: Path, history: fnn.History, confusion: np.ndarray, recipe: str) -> None:
    """Draw the curves and the matrix into one PNG.

    Args:
        path: where it goes.
        history: of `fnn.fit`, with validation loss and accuracy.
        confusion: (K, K) counts of (true class, predicted class) of the test data.
        recipe: in words, for the title.
    """
    # The object API: no figure is registered anywhere, and no display is needed.
    figure = Figure(figsize=(11, 6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplot_mosaic(
        [["loss", "confusion"], ["accuracy", "confusion"]], width_ratios=(1, 1.2)
    )
    title = textwrap.fill(f"Digits: {recipe}", _TITLE_WIDTH)
    figure.suptitle(title, fontsize=10)
    _draw_loss(axes["loss"], history)
    _draw_accuracy(axes["accuracy"], history)
    _draw_confusion(axes["confusion"], confusion)
    figure.align_ylabels([axes["loss"], axes["accuracy"]])
    figure.savefig(path, format="png")


def _draw_loss(axes: Axes, history: fnn.History) -> None:
    _draw_curve(axes, history.loss, _TRAINING, "training, in training mode")
    _draw_curve(axes, history.validation["loss"], _VALIDATION, "validation")
    axes.set_yscale("log")
    # Plain numbers at 1, 2 and 5, as the curves seldom span more than two decades.
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.minorticks_off()
    axes.set_ylabel("loss")
    axes.legend()


def _draw_accuracy(axes: Axes, history: fnn.History) -> None:
    _draw_curve(axes, history.validation["accuracy"], _VALIDATION, "validation")
    axes.set_ylabel("validation accuracy")
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")


def _draw_curve(axes: Axes, values: np.ndarray, color: str, label: str) -> None:
    epochs = np.arange(1, len(values) + 1)
    axes.plot(epochs, values, ".-", color=color, label=label, linewidth=1.2)
    axes.set_xlabel("epoch")
    axes.set_xlim(0, len(values) + 1)
    axes.xaxis.set_major_locator(MaxNLocator(steps=(1, 2, 5, 10), integer=True))
    axes.grid(alpha=0.3)


def _draw_confusion(axes: Axes, confusion: np.ndarray) -> None:
    classes = np.arange(len(confusion))
    right = np.eye(len(confusion), dtype=bool)
    read_right = np.ma.masked_where(~right, confusion)
    # One error is already a visible red beside the many of the diagonal.
    errors = np.ma.masked_where(right | (confusion == 0), confusion)
    axes.imshow(read_right, cmap="Blues", vmin=0, vmax=2.5 * confusion.max())
    axes.imshow(errors, cmap="Reds", vmin=-2, vmax=max(8, 2 * confusion[~right].max()))
    for row, column in np.argwhere(confusion):
        axes.text(column, row, str(confusion[row, column]), ha="center", va="center")
    for edge in classes[1:] - 0.5:
        axes.axhline(edge, color="lightgray", linewidth=0.6)
        axes.axvline(edge, color="lightgray", linewidth=0.6)
    axes.set_xticks(classes)
    axes.set_yticks(classes)
    axes.tick_params(length=0)
    axes.set_xlabel("read as")
    axes.set_ylabel("written digit")
    hits, total = int(np.trace(confusion)), int(confusion.sum())
    axes.set_title(f"{hits} of {total} test images read right ({hits / total:.2%})")
