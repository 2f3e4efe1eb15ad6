"""One pass and some trial steps: is this network fit to be trained?"""

import functools
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from fnn._core.checks import check_size
from fnn._core.data_checks import check_examples
from fnn._core.layer_checks import check_has_weights
from fnn.data import Batch
from fnn.gradients.statistics import Statistics
from fnn.gradients.walk import Place, places
from fnn.health.criteria import Criteria, criteria
from fnn.health.nonfinite import first_nonfinite
from fnn.health.prediction import gain_of, predicted_gain
from fnn.health.report import HealthReport
from fnn.training.base import Recipe, TrainState, check_recipe, check_run
from fnn.training.step import train_step


def diagnose(
    recipe: Recipe, state: TrainState, batch: Any, *, steps: int = 20
) -> HealthReport:
    """Measure every layer in one pass, and how it fares in some trial steps.

    With p_l = rms(delta^l), delta = dC/dz, over the layers with weights, the last one
    apart, for it has no activation and the loss's own scale:

        gain  g = exp(-slope of log p_l over l), a layer, toward the input
        ratio R = p_1 / p_L

    The verdict is "nonfinite" if anything in this pass is, "zero" if some p_l is 0,
    "vanishing" for R < 1e-3 or g < 0.7, "exploding" for R > 1e3 or g > 1.4,
    "diverging" if this pass is sound and the trial steps are not, else "healthy". A
    gain is judged where there are at least three layers. It is of delta, not of dC/dW:
    in a chain of equal weights every layer's dC/dW has the same norm (errata I5).
    What theory predicts for g stands beside it. Blocks under a ReZero are told, not
    judged: their gradients are 0 at first by design.

    The notes' ten signs are taken from `steps` trial steps on this batch with the
    recipe's optimizer. The state is not changed.

    Args:
        recipe: what is trained and how.
        state: from `fnn.init`, or from anywhere in training.
        batch: an `fnn.Batch` or a tuple (x, y) or (x, y, weight). Values that are not
            finite are allowed: they are what may be looked for.
        steps: trial steps, all in one compiled program.

    Returns:
        An `fnn.HealthReport`: print it.

    Raises:
        TypeError: dtypes do not fit, or the batch is no pair or triple.
        ValueError: shapes do not fit; no layer has weights.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(
        ...     fnn.layers.mlp((64, *[32] * 20, 10), fnn.layers.Sigmoid()),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> data = fnn.data.digits()
        >>> report = fnn.diagnose(recipe, state, (data.x[:64], data.y[:64]))
        >>> report.verdict, bool(0.2 < report.gain < 0.3)
        ('vanishing', True)
    """
    check_recipe(recipe)
    check_run(recipe, state)
    check_size("steps", steps)
    check_examples(batch)
    layers = [p for p in places(recipe.model, state.params) if p.has_weights]
    check_has_weights(recipe.model, len(layers))
    # Not checked: NaN in the data may be what is looked for.
    batch = jax.tree.map(jnp.asarray, Batch(*batch))
    recipe = replace(recipe, report=("statistics",))  # pyright: ignore
    losses, told = jax.device_get(_trial(recipe, state, batch, steps))
    first = Statistics(*(part[0] for part in told))
    delta = np.asarray(first.delta)
    gain, ratio = _gain(layers, delta)
    signs = criteria(losses, told)
    nonfinite = first_nonfinite(recipe, state, batch, losses, told)
    if nonfinite is not None and nonfinite.step == 0:
        verdict = "nonfinite"
    else:
        verdict = _verdict(layers, delta, gain, ratio, signs)
        if verdict == "healthy" and nonfinite is not None:
            verdict = "diverging"
    return HealthReport(
        names=tuple(place.name for place in layers),
        statistics=first,
        gain=gain,
        predicted_gain=predicted_gain(recipe.model, state.params, first),
        ratio=ratio,
        verdict=verdict,
        criteria=signs,
        losses=losses,
        course=told,
        nonfinite=nonfinite,
    )


@functools.partial(jax.jit, static_argnums=3)
def _trial(
    recipe: Recipe, state: TrainState, batch: Batch, steps: int
) -> tuple[jax.Array, Statistics | None]:
    def body(state: TrainState, _: None) -> tuple[TrainState, Any]:
        state, info = train_step(recipe, state, batch)
        return state, (info.loss, info.statistics)

    return lax.scan(body, state, length=steps)[1]


def _judged(layers: list[Place], delta: np.ndarray) -> np.ndarray:
    """The deltas that make a chain: without the last layer and blocks of a ReZero."""
    chain = [index for index, place in enumerate(layers) if "ReZero" not in place.name]
    return delta[chain[:-1] if len(chain) > 2 else chain]


def _gain(layers: list[Place], delta: np.ndarray) -> tuple[float, float]:
    """(g, R); NaN where a delta is 0 or not finite, or where there is one layer."""
    p = _judged(layers, delta).astype(float)
    if len(p) < 2 or not (np.isfinite(p) & (p > 0)).all():
        return float("nan"), float("nan")
    return gain_of(np.log(p)), float(p[0] / p[-1])


def _verdict(
    layers: list[Place], delta: np.ndarray, gain: float, ratio: float, signs: Criteria
) -> str:
    p = _judged(layers, delta)
    if (p == 0).any():
        return "zero"
    several = len(p) >= 3
    if ratio < 1e-3 or (several and gain < 0.7):
        return "vanishing"
    if ratio > 1e3 or (several and gain > 1.4):
        return "exploding"
    if (
        signs.loss_jumps
        or signs.loss_not_finite
        or signs.weights_grow
        or signs.weights_not_finite
    ):
        return "diverging"
    return "healthy"
