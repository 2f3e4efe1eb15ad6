"""The referee: two roads on the same recipe, parameter by parameter."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core import keys
from fnn._core.trees import cast
from fnn.data import Batch
from fnn.gradients.autodiff import autodiff
from fnn.gradients.backprop import backprop
from fnn.layers.base import Layer

TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "bfloat16": 0.1, "float16": 0.02}

# Units of rounding, of the largest gradient in the layer, that pass as well: a gradient
# that is exactly zero, as of a bias before a batch norm, is computed as rounding noise.
_NOISE = 32


class ParameterReport(NamedTuple):
    """How two gradients of one parameter differ.

    Attributes:
        layer: place and kind, such as "0 Dense".
        parameter: its name, such as "w".
        size: number of entries.
        largest: largest magnitude in the automatic gradient.
        absolute: largest |backprop - autodiff| over the entries.
        relative: `absolute` over `largest`.
        cosine: of the angle between the two; 1 if both are zero.
        passed: whether `relative` is within the tolerance, or `absolute` within 32
            units of rounding of the largest gradient in the layer.
    """

    layer: str
    parameter: str
    size: int
    largest: float
    absolute: float
    relative: float
    cosine: float
    passed: bool


class GradientReport(NamedTuple):
    """The verdict of `fnn.compare_gradients`; printing it gives a table.

    Attributes:
        dtype: of the parameters.
        tolerance: largest relative difference that passes.
        loss: the automatic road's loss, and `loss_difference` from backprop's.
        parameters: one `ParameterReport` for each parameter.
        passed: whether all parameters pass.
    """

    dtype: str
    tolerance: float
    loss: float
    loss_difference: float
    parameters: tuple[ParameterReport, ...]
    passed: bool

    def __str__(self) -> str:
        head = ("layer", "parameter", "size", "absolute", "relative", "cosine", "")
        rows = [
            (
                row.layer,
                row.parameter,
                f"{row.size:,}",
                f"{row.absolute:.1e}",
                f"{row.relative:.1e}",
                f"{row.cosine:.6f}",
                "ok" if row.passed else "WRONG",
            )
            for row in self.parameters
        ]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) if place < 2 else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in (head, *rows)
        ]
        verdict = "agree" if self.passed else "DISAGREE"
        lines.append(
            f"backprop and autodiff {verdict} in {self.dtype}: "
            f"relative differences at most {self.tolerance:g} pass"
        )
        return "\n".join(lines)


def compare_gradients(
    recipe: Any, state: Any, batch: Batch, dtype: Any = None
) -> GradientReport:
    """Compare hand-derived with automatic gradients on one batch.

    Both roads run on the state as it is, with the randomness of its next step.
    Differences are relative to the largest entry of a parameter's automatic gradient.

    Args:
        recipe: gives the model, the loss and the penalty.
        state: a `TrainState` of that recipe.
        batch: the examples.
        dtype: compute in this dtype, such as `jnp.float64`; that of the state if not
            given.

    Returns:
        A `GradientReport`, which is true or false by its `passed`.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.SGD())
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> batch = fnn.data.take(fnn.data.digits(), np.arange(32))
        >>> fnn.compare_gradients(recipe, state, batch, jnp.float64).passed
        True
    """
    first = jax.tree.leaves(state.params)
    dtype = np.dtype(dtype or (first[0].dtype if first else jnp.float32))
    wide = dtype == np.float64 or jax.config.jax_enable_x64  # pyright: ignore
    with jax.enable_x64(bool(wide)):
        (value, _, auto), (other, _, hand) = run_roads(recipe, state, batch, dtype)
    labels = parameter_labels(recipe.model, state.params)
    tolerance = TOLERANCE[dtype.name]
    pairs = [
        (np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel())
        for a, b in zip(jax.tree.leaves(auto), jax.tree.leaves(hand), strict=True)
    ]
    scale: dict[str, float] = {}
    for (layer, _), (a, _) in zip(labels, pairs, strict=True):
        scale[layer] = max(scale.get(layer, 0.0), float(np.abs(a).max(initial=0.0)))
    noise = _NOISE * float(jnp.finfo(dtype).eps)
    rows = tuple(
        _compare(layer, name, a, b, tolerance, noise * scale[layer])
        for (layer, name), (a, b) in zip(labels, pairs, strict=True)
    )
    return GradientReport(
        dtype.name,
        tolerance,
        float(value),
        abs(float(value) - float(other)),
        rows,
        all(row.passed for row in rows),
    )


def run_roads(recipe: Any, state: Any, batch: Batch, dtype: Any) -> list[Any]:
    """What autodiff and backprop return on the same batch, in `dtype`."""
    model, loss, penalty, params, stats, batch = (
        cast(tree, dtype)
        for tree in (
            recipe.model,
            recipe.loss,
            recipe.penalty,
            state.params,
            state.stats,
            Batch(*batch),
        )
    )
    key = keys.for_step(state.key, state.step)
    return [
        jax.jit(road)(model, loss, params, stats, batch, key, penalty)
        for road in (autodiff, backprop)
    ]


def parameter_labels(model: Layer, params: Any) -> list[tuple[str, str]]:
    """For each parameter array, the layer it belongs to and its name.

    Example:
        >>> import fnn
        >>> model = fnn.layers.mlp((4, 3, 2))
        >>> params, _ = model.init(jax.random.key(0))
        >>> parameter_labels(model, params)
        [('0 Dense', 'b'), ('0 Dense', 'w'), ('2 Dense', 'b'), ('2 Dense', 'w')]
    """
    return [
        _label(model, path) for path, _ in jax.tree_util.tree_leaves_with_path(params)
    ]


def _label(model: Any, path: tuple[Any, ...]) -> tuple[str, str]:
    words: list[str] = []
    place = ""
    rest = list(path)
    while True:
        if hasattr(model, "layers") and rest:
            place = f"{rest[0].idx} "
            model = model.layers[rest.pop(0).idx]
        elif hasattr(model, "layer"):
            words.append(f"{place}{type(model).__name__}")
            place, model = "", model.layer
        else:
            break
    words.append(f"{place}{type(model).__name__}")
    name = ".".join(str(getattr(key, "key", getattr(key, "idx", key))) for key in rest)
    return " / ".join(words), name


def _compare(
    layer: str, name: str, a: np.ndarray, b: np.ndarray, tolerance: float, noise: float
) -> ParameterReport:
    largest = float(np.abs(a).max(initial=0.0))
    absolute = float(np.abs(a - b).max(initial=0.0))
    relative = absolute / largest if largest else absolute and float("inf")
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    cosine = float(a @ b) / norms if norms else float(not (a.any() or b.any()))
    passed = bool(relative <= tolerance or absolute <= noise)
    return ParameterReport(
        layer, name, a.size, largest, absolute, relative, cosine, passed
    )
