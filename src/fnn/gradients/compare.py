"""The referee: two roads on the same recipe, term by term, and who else was asked."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core import keys
from fnn._core.trees import cast
from fnn.data import Batch
from fnn.data.base import as_batch
from fnn.gradients.autodiff import autodiff
from fnn.gradients.backprop import backprop
from fnn.gradients.base import batch_loss
from fnn.gradients.directional import witnesses
from fnn.gradients.report import GradientReport, TermReport, Witness, compare_term
from fnn.gradients.terms import (
    Terms,
    layer_terms,
    loss_terms,
    parameter_name,
    penalty_terms,
)
from fnn.layers import ReZero
from fnn.layers.base import Layer

# In float64 the roads differ by some units of rounding a layer.
_FLOAT64 = 1e-12

# In less than float64 the tolerance is measured: the roads may differ by this many
# times the distance of autodiff from the float64 gradient, within these bounds.
_TIMES_AUTODIFF = 4
_FEWEST_UNITS = 16
_LARGEST = 0.25

# Units of rounding, of the largest gradient around, that pass as well: a gradient that
# is exactly zero, as of a bias before a batch norm, is what rounding left of larger
# numbers. Around are, for a layer alone, its own gradients, and through a network those
# of all layers: of a batch norm before another one every gradient is zero but for
# epsilon. In narrow floats so many units would be everything: no more than the share
# below, or the few.
_NOISE = 4096
_NOISE_SHARE = 1e-3
_FEW_UNITS = 32


def compare_gradients(
    recipe: Any, state: Any, batch: Any, dtype: Any = None
) -> GradientReport:
    """Compare hand-derived with automatic gradients on a batch; name what is wrong.

    Both roads run on the state as it is, with the randomness of its next step. Then
    each layer is asked alone, under a random gradient from above and with exact zeros
    among its inputs (at a kink both must give the left derivative, errata E1), so that
    the report names the layer, the term and the factor by which it is wrong.

    Differences are relative to the largest entry of a term's automatic value. In
    float64 1e-12 of it passes, and the loss itself is asked: differences with
    Richardson extrapolation, the complex step, and the slope of the Taylor remainder,
    which needs no step size. In a narrower dtype the tolerance is derived: 4 times the
    distance of autodiff itself from the float64 gradient of the same rounded numbers,
    at least 16 units of rounding and at most 1/4.

    Args:
        recipe: gives the model, the loss and the penalty.
        state: a `TrainState` of that recipe.
        batch: an `fnn.Batch` or a tuple (x, y) or (x, y, weight).
        dtype: compute in this dtype, such as `jnp.float64`; that of the state if not
            given.

    Returns:
        A `GradientReport`, true if all terms pass.

    Raises:
        TypeError: the batch is none, or its dtypes are wrong.
        ValueError: its shapes or values are wrong.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.SGD())
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> batch = fnn.data.take(fnn.data.digits(), np.arange(32))
        >>> report = fnn.compare_gradients(recipe, state, batch, jnp.float64)
        >>> bool(report), len(report.parameters), len(report.terms)
        (True, 4, 8)
    """
    batch = as_batch(batch)
    first = jax.tree.leaves(state.params)
    dtype = np.dtype(dtype or (first[0].dtype if first else jnp.float32))
    labels = parameter_labels(recipe.model, state.params)
    key = keys.for_step(state.key, state.step)
    exact = dtype == np.float64
    with jax.enable_x64(True):
        # The truth belongs to the numbers as they are after rounding to the dtype.
        wide = cast(_parts(recipe, state, batch, dtype), np.float64)
        truth = jax.jit(autodiff)(*wide[:5], key, wide[5])[2]
    with jax.enable_x64(exact or bool(jax.config.jax_enable_x64)):  # pyright: ignore
        parts = wide if exact else _parts(recipe, state, batch, dtype)
        roads = [
            jax.jit(road)(*parts[:5], key, parts[5]) for road in (autodiff, backprop)
        ]
        terms = jax.jit(_terms)(*parts, key)
    (value, _, auto), (other, _, hand) = roads
    auto, hand, true = (jax.tree.leaves(tree) for tree in (auto, hand, truth))
    tolerance = _FLOAT64 if exact else _derived_tolerance(auto, true, dtype)
    rows = _rows(labels, list(zip(auto, hand, strict=True)), tolerance, dtype, True)
    names = list(terms)
    local = _rows(names, [tuple(terms[name]) for name in names], tolerance, dtype)
    local = _innermost(local)
    return GradientReport(
        dtype=dtype.name,
        tolerance=tolerance,
        loss=float(value),
        loss_difference=abs(float(value) - float(other)),
        parameters=rows,
        terms=local,
        witnesses=_witnesses(labels, wide, key, truth) if exact else (),
        nearer=() if exact else _nearer(auto, hand, true),
        passed=all(row.passed for row in rows + local),
    )


def _parts(recipe: Any, state: Any, batch: Batch, dtype: Any) -> tuple[Any, ...]:
    """(model, loss, params, stats, batch, penalty) in a dtype."""
    trees = (
        recipe.model,
        recipe.loss,
        state.params,
        state.stats,
        batch,
        recipe.penalty,
    )
    return tuple(cast(tree, dtype) for tree in trees)


def _terms(
    model: Any, loss: Any, params: Any, stats: Any, batch: Batch, penalty: Any, key: Any
) -> Terms:
    prediction, found = layer_terms(model, params, stats, jnp.asarray(batch.x), key)
    found |= loss_terms(loss, prediction, jnp.asarray(batch.y), key)
    return found | penalty_terms(penalty, params)


def _rows(
    labels: list[tuple[str, str]],
    pairs: list[Any],
    tolerance: float,
    dtype: Any,
    through_network: bool = False,
) -> tuple[TermReport, ...]:
    around: dict[str, float] = {}
    for (layer, _), (auto, _) in zip(labels, pairs, strict=True):
        largest = float(np.abs(np.asarray(auto, np.float64)).max(initial=0.0))
        around[layer] = max(around.get(layer, 0.0), largest)
    if through_network:
        around = dict.fromkeys(around, max(around.values(), default=0.0))
    unit = float(jnp.finfo(dtype).eps)
    noise = min(_NOISE * unit, max(_NOISE_SHARE, _FEW_UNITS * unit))
    return tuple(
        compare_term(layer, term, auto, hand, tolerance, noise * around[layer])
        for (layer, term), (auto, hand) in zip(labels, pairs, strict=True)
    )


def _innermost(rows: tuple[TermReport, ...]) -> tuple[TermReport, ...]:
    """Without the rows of containers that are wrong because of what they contain."""
    wrong = [row.layer for row in rows if not row.passed]

    def blamed_inside(row: TermReport) -> bool:
        return any(name.startswith(f"{row.layer} / ") for name in wrong)

    return tuple(row for row in rows if row.passed or not blamed_inside(row))


def _derived_tolerance(auto: list[Any], true: list[Any], dtype: Any) -> float:
    fewest = _FEWEST_UNITS * float(jnp.finfo(dtype).eps)
    errors = [_distance(a, t) for a, t in zip(auto, true, strict=True)]
    return min(max([fewest, *(_TIMES_AUTODIFF * e for e in errors)]), _LARGEST)


def _distance(value: Any, true: Any) -> float:
    value, true = (np.asarray(array, np.float64) for array in (value, true))
    largest = float(np.abs(true).max(initial=0.0))
    return float(np.abs(value - true).max(initial=0.0)) / largest if largest else 0.0


def _nearer(auto: list[Any], hand: list[Any], true: list[Any]) -> tuple[str, ...]:
    words = []
    for a, h, t in zip(auto, hand, true, strict=True):
        by_autodiff, by_backprop = _distance(a, t), _distance(h, t)
        if max(by_autodiff, by_backprop) <= 2 * min(by_autodiff, by_backprop):
            words.append("both")
        else:
            words.append("autodiff" if by_autodiff < by_backprop else "backprop")
    return tuple(words)


def _witnesses(
    labels: list[tuple[str, str]], parts: tuple[Any, ...], key: Any, gradient: Any
) -> tuple[Witness, ...]:
    model, loss, params, stats, batch, penalty = parts

    def value(params: Any) -> jax.Array:
        return batch_loss(model, loss, params, stats, batch, key, penalty)[0]

    with jax.enable_x64(True):
        found = witnesses(value, params, gradient, jax.random.fold_in(key, 1))
    # Slopes that are zero but for rounding have no relative difference.
    floor = 1e-10 * max((abs(slope) for slope, _ in found), default=0.0) or 1.0

    def relative(measured: float, slope: float) -> float:
        return abs(measured - slope) / max(abs(slope), floor)

    rows = []
    for (layer, term), (slope, seen) in zip(labels, found, strict=True):
        differences, exact = relative(seen.differences, slope), seen.complex_step
        exact = None if exact is None else relative(exact, slope)
        rows.append(Witness(layer, term, differences, exact, seen.slope))
    return tuple(rows)


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
        elif isinstance(model, ReZero) and rest[0].key != "layer":
            break
        elif hasattr(model, "layer"):
            if isinstance(model, ReZero):
                rest.pop(0)
            words.append(f"{place}{type(model).__name__}")
            place, model = "", model.layer
        else:
            break
    words.append(f"{place}{type(model).__name__}")
    return " / ".join(words), parameter_name(tuple(rest))
