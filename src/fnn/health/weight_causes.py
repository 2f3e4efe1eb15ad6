"""Causes that lie in the weights and biases: each a function of a case, or None."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core.trees import weights
from fnn.gradients.walk import gather
from fnn.health.case import Case, Cause, anew, of_recipe
from fnn.health.remedies import (
    NORMALIZATIONS,
    found,
    initializers_for,
    redraw_for_activation,
)
from fnn.layers import Dense
from fnn.layers.base import Layer, Tree
from fnn.theory import phase, weight_variance_of

_WAYS_OFF = ("vanishing", "exploding", "zero", "nonfinite")
# Factors on the variance of weights: where delta is seen to suffer, and in any case.
_OFF, _FAR_OFF = 1.3, 25.0
_EXPLODES = 100.0


def nonfinite_weights(case: Case) -> Cause | None:
    """Weights of the state that are infinite or NaN."""
    weight = np.asarray(case.report.statistics.weight, float)
    if np.isfinite(weight).all():
        return None
    name = case.report.names[int((~np.isfinite(weight)).argmax())]
    words = "draw the weights again"
    return Cause("nonfinite_weights", f"weights of {name} are not finite", words, anew)


def equal_weights(case: Case) -> Cause | None:
    """Units of a hidden layer that all have the same weights, and keep them."""
    matrices = [np.asarray(w, float) for w in weights(case.state.params)]
    for index, w in enumerate(matrices):
        head = index == len(matrices) - 1 and w.ndim == 2
        if head or w.shape[-1] == 1 or np.ptp(w, axis=-1).any():
            continue
        value = "0" if not w.any() else "equal to each other's"
        return Cause(
            "equal_weights",
            f"all weights of hidden units are {value}: their gradients are equal too",
            "draw the weights by the activation's own initializer",
            of_recipe(model=redraw_for_activation(case.recipe.model)),
        )
    return None


def biases(case: Case) -> Cause | None:
    """Biases that decide alone what hidden units do."""
    parts = _biases(case)
    if parts is None:
        return None
    z = np.asarray(case.report.statistics.z, float)[:-1]
    ruled = (parts > 1) & (parts > 0.9 * z)
    if not ruled.any():
        return None
    row = int(ruled.argmax())
    return Cause(
        "biases",
        f"biases of {case.report.names[row]} have the root mean square "
        f"{parts[row]:.3g}, z itself {z[row]:.3g}",
        "start biases at 0",
        of_recipe(model=redraw_for_activation(case.recipe.model)),
    )


def _biases(case: Case) -> np.ndarray | None:
    """(L - 1,) rms biases of the hidden layers with weights; None without any."""

    def size(params: Tree, lead: tuple[int, ...]) -> jax.Array:
        if not isinstance(params, dict) or "b" not in params:
            return jnp.zeros((*lead, 1))
        return jnp.sqrt(jnp.mean(jnp.square(params["b"]), axis=-1, keepdims=True))

    if len(case.rows) < 2:
        return None
    every = gather(case.recipe.model, case.state.params, size, 1)[:, 0]
    return np.asarray(every, float)[np.asarray(case.rows[:-1])]


def weights_off(case: Case) -> Cause | None:
    """Weights much larger or smaller than the activation after them asks for."""
    told = np.asarray(case.report.statistics.weight, float)
    normalized = bool(found(case.recipe.model, NORMALIZATIONS))
    if normalized or not np.isfinite(told).all():
        return None
    factors = np.array([_factor(case, row) for row in range(len(told))])
    hidden = factors[:-1] if len(factors) > 1 else factors
    typical = float(np.exp(np.mean(np.log(np.maximum(hidden, 1e-30)))))
    suffers = case.report.verdict in _WAYS_OFF or _is_chaotic(case, typical)
    # The last layer may begin small, even at 0; no layer may be far too large.
    worst = max(float(factors.max()), 1 / max(float(hidden.min()), 1e-30))
    if suffers and max(typical, 1 / typical) > _OFF:
        where, factor = "hidden layers", typical
    elif worst > _FAR_OFF:
        row = int(factors.argmax() if factors.max() == worst else hidden.argmin())
        where, factor = case.report.names[row], float(factors[row])
    else:
        return None
    size = "large" if factor > 1 else "small"
    seen = case.report.gain
    gain = f"; delta goes x {seen:.3g} a layer" if math.isfinite(seen) else ""
    return Cause(
        "weights",
        f"weights of {where} are too {size}: {factor:.3g} times the variance that "
        f"keeps signals and deltas{gain}",
        "draw the weights by the activation's own initializer",
        of_recipe(model=redraw_for_activation(case.recipe.model)),
    )


def _is_chaotic(case: Case, factor: float) -> bool:
    """Whether weights are so large that deltas explode deep in the network by theory.

    The measured gain is less where narrow layers of a bounded activation saturate,
    but such a network forgets which input it saw.
    """
    hidden = len(case.rows) - 1
    activation = case.after(0)
    if factor < _OFF or hidden < 3 or activation is None:
        return False
    wanted = float(weight_variance_of(initializers_for(activation)[0], 1))
    parts = _biases(case)
    bias_variance = 0.0 if parts is None else float(np.mean(np.square(parts)))
    at = phase(activation, factor * wanted, bias_variance)
    return at.chi_1 ** (hidden / 2) > _EXPLODES


def _factor(case: Case, row: int) -> float:
    """The mean square of a layer's weights over the variance they should have."""
    layer: Layer = case.layers[case.rows[row]].layer
    if not isinstance(layer, Dense):
        return 1.0
    after = case.after(row)
    wanted = 1.0
    if after is not None:
        initializer = initializers_for(after)[0]
        wanted = float(weight_variance_of(initializer, layer.n_in, layer.n_out))
    weight = float(case.report.statistics.weight[row])
    return layer.n_in * weight**2 / wanted
