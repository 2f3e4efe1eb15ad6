"""What theory says of a network that is already drawn."""

import itertools
import math

import numpy as np

from fnn.gradients.statistics import Statistics
from fnn.gradients.walk import places
from fnn.layers.base import Layer, Tree
from fnn.theory.expectations import moments

_SAMPLES = 500


def predicted_gain(model: Layer, params: Tree, told: Statistics) -> float:
    """The gain a layer of delta toward the input that mean-field theory predicts.

    For a layer with weights before an activation, chi = n_out mean(w^2) E[phi'(z)^2]
    of the *next* layer's weights, with z normal and of the variance that was measured.
    The predicted log p_l is the sum of log(chi) / 2 from the last layer down to l, and
    the gain is read off it as off the measured one, by the slope of a straight line.
    Of more than 500 layers it is computed at 500, and interpolated between. NaN where
    layers with weights and activations do not take turns, or a skip goes round them.
    """
    layers = places(model, params)
    rows = [index for index, place in enumerate(layers) if place.has_weights]
    # Not into the last layer, which is not judged.
    pairs = list(itertools.pairwise(rows))[:-1]
    skips = any("Residual" in p.name or "ReZero" in p.name for p in layers)
    if skips or not pairs:
        return math.nan
    every = np.arange(len(pairs))
    sampled = np.unique(np.linspace(0, len(pairs) - 1, _SAMPLES).astype(int))
    logs = []
    for row in sampled:
        place, after = pairs[row]
        activation, n_out = layers[place + 1], getattr(layers[after].layer, "n_out", 0)
        q = float(told.z[row]) ** 2
        gain = n_out * float(told.weight[row + 1]) ** 2
        plain = after == place + 2 and activation.is_activation
        if not (plain and 0 < q < math.inf and 0 < gain < math.inf):
            return math.nan
        logs.append(math.log(gain * moments(activation.layer, q).slope_square) / 2)
    steps = np.interp(every, sampled, logs)
    return gain_of(np.append(np.cumsum(steps[::-1])[::-1], 0))


def gain_of(logs: np.ndarray) -> float:
    """exp of minus the slope of log p_l over l: the factor a layer toward the input."""
    return float(np.exp(-np.polyfit(np.arange(len(logs)), logs, 1)[0]))
