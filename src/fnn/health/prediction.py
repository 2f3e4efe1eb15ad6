"""What theory says of a network that is already drawn."""

import itertools
import math

from fnn.gradients.statistics import Statistics
from fnn.gradients.walk import places
from fnn.layers.base import Layer, Tree
from fnn.theory.expectations import moments

_SAMPLES = 16


def predicted_gain(model: Layer, params: Tree, told: Statistics) -> float:
    """The gain a layer of delta toward the input that mean-field theory predicts.

    For a layer with weights before an activation, chi = n_out mean(w^2) E[phi'(z)^2]
    of the *next* layer's weights, with z normal and of the variance that was measured;
    the prediction is the geometric mean of sqrt(chi) over (at most 16 of) the layers.
    NaN where layers with weights and activations do not take turns.
    """
    layers = places(model, params)
    rows = [index for index, place in enumerate(layers) if place.has_weights]
    # Not into the last layer, which is not judged.
    pairs = list(enumerate(itertools.pairwise(rows)))[:-1]
    logs = []
    for row, (place, after) in pairs[:: max(1, len(pairs) // _SAMPLES)]:
        activation, n_out = layers[place + 1], getattr(layers[after].layer, "n_out", 0)
        q = float(told.z[row]) ** 2
        gain = n_out * float(told.weight[row + 1]) ** 2
        plain = after == place + 2 and activation.is_activation
        if not (plain and 0 < q < math.inf and 0 < gain < math.inf):
            return math.nan
        chi = gain * moments(activation.layer, q).slope_square
        logs.append(math.log(chi) / 2)
    return math.exp(sum(logs) / len(logs)) if logs else math.nan
